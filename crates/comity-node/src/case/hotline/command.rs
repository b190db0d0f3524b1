//! Commands about calls, as plain data.
//!
//! In scope: the data. Out of scope: doing them (the module above).

use serde::{Deserialize, Serialize};

use crate::case::threads::Acting;

/// Something about calls, to be done. Each answers the call.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HotlineCommand {
    /// Ring.
    Ring(Ring),
    /// Somebody answered here, or calls back.
    Answered {
        /// The call.
        thread: String,
        /// It is a call back.
        back: bool,
        /// Who answered.
        acting: Acting,
    },
    /// Ring again, on the rung where the ladder stands.
    Redial {
        /// The call.
        thread: String,
        /// Whom [default: whom the accord names].
        to: Option<String>,
        /// Who acts.
        acting: Acting,
    },
    /// Say which words were heard.
    Identify {
        /// The call.
        thread: String,
        /// The words; or that they matched or differed, where there is no digest.
        heard: Heard,
        /// Who acts.
        acting: Acting,
    },
    /// Seal a note: its digest goes, the note stays.
    Seal {
        /// The call.
        thread: String,
        /// The note.
        text: String,
        /// Who acts.
        acting: Acting,
    },
    /// Show the note that was sealed.
    Reveal {
        /// The call.
        thread: String,
        /// Who acts.
        acting: Acting,
    },
    /// Add an action to those that are agreed.
    Action {
        /// The call.
        thread: String,
        /// What, by whom, until when.
        action: Agreed,
        /// Who acts.
        acting: Acting,
    },
    /// Name the thread that an action became.
    FollowUp {
        /// The call.
        thread: String,
        /// The action's number, from 1.
        action: u32,
        /// The thread.
        becomes: String,
        /// Who acts.
        acting: Acting,
    },
}

/// A call to be made.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Ring {
    /// To which party.
    pub party: String,
    /// Its label.
    pub label: String,
    /// The exercise to which it belongs.
    pub exercise: Option<String>,
    /// Whom: the role of a contact in the accord, or a name [default: the first of the ladder].
    pub contact: Option<String>,
    /// Over what.
    pub channel: String,
    /// How urgent it is, by its word.
    pub urgency: String,
    /// What it is about, in one line.
    pub line: String,
    /// The threads that it is about.
    pub related: Vec<String>,
    /// It is a test.
    pub test: bool,
    /// Who rings.
    pub acting: Acting,
}

/// What was heard.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// These words.
    Words(String),
    /// The right ones, where the other side stated no digest.
    Matched,
    /// Others.
    Differs,
}

/// An action that is agreed.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Agreed {
    /// What.
    pub text: String,
    /// Which party does it.
    pub owner: String,
    /// By when, a STIX timestamp.
    pub due: String,
    /// The thread that it is.
    pub becomes: Option<String>,
}
