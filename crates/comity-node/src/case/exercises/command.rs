//! Commands about exercises, as plain data.
//!
//! In scope: the data. Out of scope: doing them (the module above).

use serde::{Deserialize, Serialize};

use crate::case::threads::Acting;

/// Something about exercises, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExerciseCommand {
    /// Propose one.
    Propose(Proposal),
    /// Agree to one.
    Agree {
        /// The exercise.
        thread: String,
        /// The text of its scenario, where this party has it.
        scenario: Option<String>,
        /// In words.
        note: String,
        /// Who acts.
        acting: Acting,
    },
    /// Keep the scenario of one.
    Scenario {
        /// The exercise.
        thread: String,
        /// The scenario's text.
        text: String,
    },
    /// What is pretended to happen, and when.
    Injects {
        /// The exercise.
        thread: String,
    },
    /// Give an inject of the scenario.
    Inject {
        /// The exercise.
        thread: String,
        /// Its number [default: the next one].
        number: Option<u32>,
        /// Although its time has not come.
        early: bool,
        /// Who acts.
        acting: Acting,
    },
    /// The whole exercise: what was given, what was done, what each side reports.
    Report {
        /// The exercise.
        thread: String,
    },
    /// What the promises of the accord came to within it.
    Scorecard {
        /// The exercise.
        thread: String,
        /// Until when messages count, a STIX timestamp [default: when it was completed, else now].
        as_of: Option<String>,
    },
}

/// An exercise to be proposed.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Proposal {
    /// To which party.
    pub party: String,
    /// Its label.
    pub label: String,
    /// The text of its scenario.
    pub scenario: String,
    /// When it is to start, a STIX timestamp.
    pub starts: String,
    /// When it is to end, a STIX timestamp.
    pub ends: String,
    /// Who proposes it.
    pub acting: Acting,
}
