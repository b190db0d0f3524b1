//! What happens to a hotline call: the events with what each says, and the table.
//!
//! In scope: the words, who may say them when. Out of scope: what follows (`call`).

use serde::{Deserialize, Serialize};

use crate::request::content::Urgency;
use crate::table::{DUTY, EITHER, OPENER, RELEASER, RESPONDER, Row, words};

words! {
    /// Where a call stands.
    State {
        /// It rings.
        Rung = "rung",
        /// Nobody answered this try.
        Missed = "missed",
        /// A person answered.
        Answered = "answered",
        /// Each side knows the other.
        Identified = "identified",
        /// Each side has sealed its note.
        Noted = "noted",
        /// Each side has shown its note.
        Shown = "shown",
        /// Each side has said whether the other's note agrees with its own.
        ReadBack = "read back",
        /// Actions are agreed.
        Agreed = "agreed",
        /// It is over; the written confirmations are owed.
        Closed = "closed",
        /// Both have confirmed it in writing.
        Confirmed = "confirmed",
        /// Nobody ever answered.
        Abandoned = "abandoned",
    }
}

words! {
    /// The words of what happens.
    Kind {
        Ring = "ring",
        Missed = "missed",
        Redial = "redial",
        Answered = "answered",
        CallBack = "call-back",
        Identify = "identify",
        NoteSealed = "note-sealed",
        NoteShown = "note-shown",
        ReadBack = "read-back",
        Actions = "actions",
        FollowUp = "follow-up",
        Close = "close",
        Abandon = "abandon",
        Confirm = "confirm",
        Dispute = "dispute",
        Settle = "settle",
    }
}

words! {
    /// The ladder of those who are rung.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    Rung {
        /// The contact that the caller chose.
        Contact = "contact",
        /// The next one.
        NextContact = "next-contact",
        /// Whoever heads the duty officers; above is nobody.
        DutyHead = "duty-head",
    }
}

/// Every state of a call that was answered and is not over.
const SPEAKING: &[State] = &[
    State::Answered,
    State::Identified,
    State::Noted,
    State::Shown,
    State::ReadBack,
    State::Agreed,
];
const ANY: &[State] = &[
    State::Rung,
    State::Missed,
    State::Answered,
    State::Identified,
    State::Noted,
    State::Shown,
    State::ReadBack,
    State::Agreed,
    State::Closed,
    State::Confirmed,
    State::Abandoned,
];

/// What each side does by itself: the state moves once both did.
pub(super) const BOTH: &[Kind] = &[
    Kind::Identify,
    Kind::NoteSealed,
    Kind::NoteShown,
    Kind::ReadBack,
    Kind::Confirm,
];

/// The life of a hotline call. Its first message is `ring`, which only opens it; a test goes the same way.
pub const TABLE: &[Row<State, Kind>] = &[
    Row::new(
        &[],
        (Kind::Ring, OPENER, DUTY),
        Some(State::Rung),
        "five minutes to answer begin when the other node has it",
    ),
    Row::new(
        &[State::Rung],
        (Kind::Missed, OPENER, DUTY),
        Some(State::Missed),
        "a call-back is owed within half an hour",
    ),
    Row::new(
        &[State::Missed],
        (Kind::Redial, OPENER, DUTY),
        Some(State::Rung),
        "after three tries or a quarter of an hour the next rung of the ladder, and not before",
    ),
    Row::new(
        &[State::Rung, State::Missed],
        (Kind::Answered, RESPONDER, DUTY),
        Some(State::Answered),
        "ends the time to answer",
    ),
    Row::new(
        &[State::Missed],
        (Kind::CallBack, RESPONDER, DUTY),
        Some(State::Answered),
        "ends the time to call back",
    ),
    Row::new(
        &[State::Answered],
        (Kind::Identify, EITHER, DUTY),
        Some(State::Identified),
        "once each side has heard the right code word; until then as before",
    ),
    Row::new(
        &[State::Identified],
        (Kind::NoteSealed, EITHER, DUTY),
        Some(State::Noted),
        "once both notes are sealed; none can be changed after it",
    ),
    Row::new(
        &[State::Noted],
        (Kind::NoteShown, EITHER, DUTY),
        Some(State::Shown),
        "once both are shown; each must match its seal",
    ),
    Row::new(
        &[State::Shown],
        (Kind::ReadBack, EITHER, DUTY),
        Some(State::ReadBack),
        "once each has said whether the other's note agrees with its own",
    ),
    Row::new(
        &[State::ReadBack, State::Agreed],
        (Kind::Actions, EITHER, DUTY),
        Some(State::Agreed),
        "takes the place of earlier ones; each becomes a thread",
    ),
    Row::new(
        &[State::Agreed, State::Closed, State::Confirmed],
        (Kind::FollowUp, EITHER, DUTY),
        None,
        "names the thread that an action became, once; also after the call",
    ),
    Row::new(
        SPEAKING,
        (Kind::Close, EITHER, DUTY),
        Some(State::Closed),
        "each side confirms in writing: within two hours in an emergency, else a day",
    ),
    Row::new(
        &[State::Rung, State::Missed],
        (Kind::Abandon, OPENER, DUTY),
        Some(State::Abandoned),
        "nobody answered; ends all times",
    ),
    Row::new(
        &[State::Closed],
        (Kind::Confirm, EITHER, RELEASER),
        Some(State::Confirmed),
        "once both have confirmed",
    ),
    Row::new(
        ANY,
        (Kind::Dispute, EITHER, DUTY),
        None,
        "the named message is disputed: to the principals",
    ),
    Row::new(
        ANY,
        (Kind::Settle, EITHER, DUTY),
        None,
        "takes the own dispute back",
    ),
];

/// Something that is to be done after a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What.
    pub text: String,
    /// Which party does it, by name.
    pub owner: String,
    /// By when.
    pub due: String,
    /// The thread that it becomes: a request, a case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

/// What happens, with what is said. Times are STIX timestamps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "event",
    content = "content",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
#[expect(
    missing_docs,
    reason = "the fields say what they are; the table says what follows"
)]
pub enum Event {
    /// The call: to which contact, over what, how urgent, in one line. A test is marked.
    Ring {
        to: String,
        channel: String,
        urgency: Urgency,
        line: String,
        #[serde(default)]
        related: Vec<String>,
        #[serde(default)]
        test: bool,
        /// The SHA-256 of the code word that the caller will speak.
        #[serde(default)]
        code: Option<String>,
    },
    /// Nobody answered.
    Missed {
        #[serde(default)]
        note: String,
    },
    /// Another try, on this rung.
    Redial { to: String, rung: Rung },
    /// A person answered.
    Answered {
        name: String,
        role: String,
        #[serde(default)]
        code: Option<String>,
    },
    /// A person called back.
    CallBack {
        name: String,
        role: String,
        #[serde(default)]
        code: Option<String>,
    },
    /// The code word that this side heard: its SHA-256, where the other side stated that of the word it would speak; else
    /// `matched` or `differs`.
    Identify { heard: String },
    /// The seal of this side's note: see [`super::seal`].
    NoteSealed { sha256: String },
    /// The note, with the salt of its seal.
    NoteShown { text: String, salt: String },
    /// Whether the other side's note agrees with the own one.
    ReadBack {
        agrees: bool,
        #[serde(default)]
        differences: String,
    },
    /// What is to be done.
    Actions { actions: Vec<Action> },
    /// The thread that an action became; actions are numbered from 1.
    FollowUp { action: u32, thread: String },
    /// It is over.
    Close {
        #[serde(default)]
        note: String,
    },
    /// Nobody answered, and no further try is made.
    Abandon { reason: String },
    /// The written confirmation.
    Confirm { text: String },
    /// A message that is disputed.
    Dispute { message: String, text: String },
    /// A dispute taken back.
    Settle { message: String, text: String },
}
