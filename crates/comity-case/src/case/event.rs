//! What happens in a case, and when it may: the table.
//!
//! In scope: the rows, the words, what each event says. Out of scope: applying them (`case`), items (`board`).

use serde::{Deserialize, Serialize};

use crate::table::{DUTY, EITHER, OPENER, PERSON, RELEASER, RESPONDER, Row, words};

words! {
    /// Where a case stands.
    State {
        /// One side asks the other to work on it too.
        Offered = "offered",
        /// The side that asked took it back.
        Withdrawn = "withdrawn",
        /// The other side does not take part.
        Declined = "declined",
        /// Both work on it.
        Joint = "joint",
        /// It is part of another case until that is undone.
        Merged = "merged",
        /// Both closed it.
        Closed = "closed",
    }
}

words! {
    /// The words of what happens.
    Kind {
        Open = "open",
        Withdraw = "withdraw",
        Join = "join",
        Decline = "decline",
        Status = "status",
        Note = "note",
        Task = "task",
        Done = "done",
        Drop = "drop",
        Observe = "observe",
        Happened = "happened",
        Link = "link",
        Unlink = "unlink",
        Prioritise = "prioritise",
        Assess = "assess",
        Merge = "merge",
        Unmerge = "unmerge",
        Split = "split",
        Unsplit = "unsplit",
        Close = "close",
        KeepOpen = "keep-open",
        Reopen = "reopen",
        Dispute = "dispute",
        Settle = "settle",
    }
}

words! {
    /// How a side ranks a case among all.
    Priority {
        Low = "low",
        Normal = "normal",
        High = "high",
        /// A priority case, as the third dialogue of 2016 named them.
        Top = "top",
    }
}

words! {
    /// Whether there was an incident: `determination` of the incident core extension.
    Determination {
        Suspected = "suspected",
        Confirmed = "confirmed",
        FalsePositive = "false-positive",
    }
}

const LIVE: &[State] = &[State::Offered, State::Joint];
const ANY: &[State] = &[
    State::Offered,
    State::Withdrawn,
    State::Declined,
    State::Joint,
    State::Merged,
    State::Closed,
];

/// The life of a case. Its first message is `open`, which only opens it.
pub const TABLE: &[Row<State, Kind>] = &[
    Row::new(
        &[],
        (Kind::Open, OPENER, DUTY),
        Some(State::Offered),
        "the other side has two days to join or to decline",
    ),
    Row::new(
        &[State::Offered],
        (Kind::Withdraw, OPENER, RELEASER),
        Some(State::Withdrawn),
        "ends it",
    ),
    Row::new(
        &[State::Offered],
        (Kind::Join, RESPONDER, DUTY),
        Some(State::Joint),
        "both have their own number for it",
    ),
    Row::new(
        &[State::Offered],
        (Kind::Decline, RESPONDER, RELEASER),
        Some(State::Declined),
        "with a reason",
    ),
    Row::new(
        LIVE,
        (Kind::Status, EITHER, DUTY),
        None,
        "where that side's work stands; the newest one is in the status report",
    ),
    Row::new(LIVE, (Kind::Note, EITHER, PERSON), None, "for both to read"),
    Row::new(
        LIVE,
        (Kind::Task, EITHER, PERSON),
        None,
        "something to be done by one side, perhaps by a date",
    ),
    Row::new(
        LIVE,
        (Kind::Done, EITHER, PERSON),
        None,
        "by the side whose task it is, with the result",
    ),
    Row::new(
        LIVE,
        (Kind::Drop, EITHER, PERSON),
        None,
        "by whoever set the task or whose it is, with the reason",
    ),
    Row::new(
        LIVE,
        (Kind::Observe, EITHER, PERSON),
        None,
        "values and objects that belong to the case",
    ),
    Row::new(
        LIVE,
        (Kind::Happened, EITHER, PERSON),
        None,
        "a line of the timeline, with when it happened and when that side learned of it",
    ),
    Row::new(
        LIVE,
        (Kind::Link, EITHER, PERSON),
        None,
        "names another thread of the two parties",
    ),
    Row::new(
        LIVE,
        (Kind::Unlink, EITHER, PERSON),
        None,
        "takes a link away",
    ),
    Row::new(
        LIVE,
        (Kind::Prioritise, EITHER, DUTY),
        None,
        "for its own side; both sides' words are shown",
    ),
    Row::new(
        LIVE,
        (Kind::Assess, EITHER, DUTY),
        None,
        "whether it was an incident, of which kinds, how critical; the newest one counts",
    ),
    Row::new(
        &[State::Joint],
        (Kind::Merge, EITHER, RELEASER),
        Some(State::Merged),
        "its items are shown in the other case too; none is moved",
    ),
    Row::new(
        &[State::Merged],
        (Kind::Unmerge, EITHER, RELEASER),
        Some(State::Joint),
        "everything is as before the merge",
    ),
    Row::new(
        &[State::Joint],
        (Kind::Split, EITHER, RELEASER),
        None,
        "the named items are shown in the other case instead; none is moved",
    ),
    Row::new(
        &[State::Joint],
        (Kind::Unsplit, EITHER, RELEASER),
        None,
        "they are shown here again",
    ),
    Row::new(
        &[State::Joint],
        (Kind::Close, EITHER, RELEASER),
        Some(State::Closed),
        "once both have said so; the second has two weeks",
    ),
    Row::new(
        &[State::Joint],
        (Kind::KeepOpen, EITHER, DUTY),
        None,
        "takes back that one side closed it",
    ),
    Row::new(
        &[State::Closed],
        (Kind::Reopen, EITHER, RELEASER),
        Some(State::Joint),
        "with a reason",
    ),
    Row::new(
        ANY,
        (Kind::Dispute, EITHER, DUTY),
        None,
        "the named message is disputed",
    ),
    Row::new(
        ANY,
        (Kind::Settle, EITHER, DUTY),
        None,
        "takes the own dispute back",
    ),
];

/// A value that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// What it is, by the field that holds it in a STIX pattern, such as `ipv4-addr:value`.
    pub field: String,
    /// The value.
    pub value: String,
}

/// What happens, with what is said. Times are STIX timestamps, items are named by the place of the message that set them up.
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
    /// A case, with the own number for it.
    Open {
        title: String,
        summary: String,
        #[serde(default)]
        number: String,
        #[serde(default)]
        legal_basis: String,
        #[serde(default)]
        priority: Option<String>,
        /// The case of which it is a part that was split off.
        #[serde(default)]
        split_from: Option<String>,
    },
    /// Not any more.
    Withdraw { reason: String },
    /// We too, under this number.
    Join {
        number: String,
        #[serde(default)]
        note: String,
    },
    /// Not we.
    Decline { reason: String },
    /// Where our work stands.
    Status { text: String },
    /// For both to read.
    Note { text: String },
    /// To be done by a party, perhaps by a date.
    Task {
        text: String,
        owner: String,
        #[serde(default)]
        due: Option<String>,
    },
    /// It is done.
    Done {
        task: String,
        #[serde(default)]
        result: String,
    },
    /// It will not be done.
    Drop { task: String, reason: String },
    /// Values and objects that were seen.
    Observe {
        #[serde(default)]
        values: Vec<Seen>,
        #[serde(default)]
        objects: Vec<String>,
        #[serde(default)]
        context: String,
    },
    /// Something happened.
    Happened {
        at: String,
        #[serde(default)]
        until: Option<String>,
        #[serde(default)]
        learned: Option<String>,
        text: String,
    },
    /// Another thread belongs to it.
    Link {
        thread: String,
        #[serde(default)]
        why: String,
    },
    /// It does not.
    Unlink { thread: String },
    /// How we rank it.
    Prioritise {
        priority: String,
        #[serde(default)]
        why: String,
    },
    /// What it is.
    Assess {
        determination: String,
        #[serde(default)]
        criticality: Option<u8>,
        #[serde(default)]
        types: Vec<String>,
        #[serde(default)]
        note: String,
    },
    /// It belongs into another case.
    Merge { into: String, reason: String },
    /// It does not.
    Unmerge { reason: String },
    /// Items that belong into another case.
    Split { into: String, items: Vec<String> },
    /// They do not.
    Unsplit { into: String, reason: String },
    /// We are done with it.
    Close { outcome: String },
    /// We are not.
    KeepOpen { reason: String },
    /// It goes on.
    Reopen { reason: String },
    /// A message that is disputed.
    Dispute { message: String, text: String },
    /// A dispute taken back.
    Settle { message: String, text: String },
}
