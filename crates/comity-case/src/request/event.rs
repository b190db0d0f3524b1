//! What happens to a request: the events with what each says, and the two tables.
//!
//! In scope: the words, who may say them when, the states. Out of scope: what follows for clocks (`request`).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::content::Content;
use crate::history;
use crate::table::{DUTY, EITHER, OPENER, PERSON, RELEASER, RESPONDER, Refusal, Row, Word};

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Sent; no receipt yet.
    Sent,
    /// The other node has it.
    Delivered,
    /// A person there has seen it.
    Acknowledged,
    /// Something is missing; the requester's turn.
    Returned,
    /// It is being worked on.
    Accepted,
    /// It went to a third party.
    Referred,
    /// It is refused, with a reason.
    Declined,
    /// The answer is there.
    Answered,
    /// Over.
    Closed,
    /// Taken back.
    Withdrawn,
    /// The requester did not supplement it in time.
    Lapsed,
    /// No receipt came in time, by any channel.
    Unreachable,
}

impl Word for State {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Sent, "sent"),
        (Self::Delivered, "delivered"),
        (Self::Acknowledged, "acknowledged"),
        (Self::Returned, "returned"),
        (Self::Accepted, "accepted"),
        (Self::Referred, "referred"),
        (Self::Declined, "declined"),
        (Self::Answered, "answered"),
        (Self::Closed, "closed"),
        (Self::Withdrawn, "withdrawn"),
        (Self::Lapsed, "lapsed"),
        (Self::Unreachable, "unreachable"),
    ];
}

/// Where the preservation of data stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// Asked.
    Requested,
    /// Held until a date.
    Held,
    /// A later date is asked.
    Renewing,
    /// The requester needs it no more.
    Released,
    /// A formal request took its place.
    Converted,
    /// The date passed.
    Expired,
    /// It is gone before its date.
    Lost,
}

impl Word for Hold {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Requested, "requested"),
        (Self::Held, "held"),
        (Self::Renewing, "renewing"),
        (Self::Released, "released"),
        (Self::Converted, "converted"),
        (Self::Expired, "expired"),
        (Self::Lost, "lost"),
    ];
}

/// The words of what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// See [`Event::Send`] and so on.
    Send,
    #[expect(
        missing_docs,
        reason = "each is named like the event that it stands for"
    )]
    Acknowledge,
    #[expect(missing_docs, reason = "as above")]
    Return,
    #[expect(missing_docs, reason = "as above")]
    Supplement,
    #[expect(missing_docs, reason = "as above")]
    Accept,
    #[expect(missing_docs, reason = "as above")]
    Decline,
    #[expect(missing_docs, reason = "as above")]
    AskReferral,
    #[expect(missing_docs, reason = "as above")]
    Consent,
    #[expect(missing_docs, reason = "as above")]
    Refer,
    #[expect(missing_docs, reason = "as above")]
    Interim,
    #[expect(missing_docs, reason = "as above")]
    Extend,
    #[expect(missing_docs, reason = "as above")]
    Answer,
    #[expect(missing_docs, reason = "as above")]
    Feedback,
    #[expect(missing_docs, reason = "as above")]
    Reopen,
    #[expect(missing_docs, reason = "as above")]
    Withdraw,
    #[expect(missing_docs, reason = "as above")]
    Purged,
    #[expect(missing_docs, reason = "as above")]
    Confirm,
    #[expect(missing_docs, reason = "as above")]
    Dispute,
    #[expect(missing_docs, reason = "as above")]
    Settle,
    #[expect(missing_docs, reason = "as above")]
    Hold,
    #[expect(missing_docs, reason = "as above")]
    Renew,
    #[expect(missing_docs, reason = "as above")]
    Release,
    #[expect(missing_docs, reason = "as above")]
    Convert,
    #[expect(missing_docs, reason = "as above")]
    Lost,
}

impl Word for Kind {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Send, "send"),
        (Self::Acknowledge, "acknowledge"),
        (Self::Return, "return"),
        (Self::Supplement, "supplement"),
        (Self::Accept, "accept"),
        (Self::Decline, "decline"),
        (Self::AskReferral, "ask-referral"),
        (Self::Consent, "consent"),
        (Self::Refer, "refer"),
        (Self::Interim, "interim"),
        (Self::Extend, "extend"),
        (Self::Answer, "answer"),
        (Self::Feedback, "feedback"),
        (Self::Reopen, "reopen"),
        (Self::Withdraw, "withdraw"),
        (Self::Purged, "purged"),
        (Self::Confirm, "confirm"),
        (Self::Dispute, "dispute"),
        (Self::Settle, "settle"),
        (Self::Hold, "hold"),
        (Self::Renew, "renew"),
        (Self::Release, "release"),
        (Self::Convert, "convert"),
        (Self::Lost, "lost"),
    ];
}

/// Every state in which the request is open and not yet answered.
const OPEN: &[State] = &[
    State::Sent,
    State::Delivered,
    State::Acknowledged,
    State::Returned,
    State::Accepted,
    State::Unreachable,
];
const AT_RESPONDER: &[State] = &[
    State::Sent,
    State::Delivered,
    State::Acknowledged,
    State::Unreachable,
];
const ANY: &[State] = &[
    State::Sent,
    State::Delivered,
    State::Acknowledged,
    State::Returned,
    State::Accepted,
    State::Referred,
    State::Declined,
    State::Answered,
    State::Closed,
    State::Withdrawn,
    State::Lapsed,
    State::Unreachable,
];

/// The life of a request for assistance. Its first message is `send`, which only opens it.
pub const TABLE: &[Row<State, Kind>] = &[
    Row::new(
        &[],
        (Kind::Send, OPENER, RELEASER),
        Some(State::Sent),
        "a receipt is expected; a second person where TLP:RED or an emergency",
    ),
    Row::new(
        AT_RESPONDER,
        (Kind::Acknowledge, RESPONDER, DUTY),
        Some(State::Acknowledged),
        "ends the time to acknowledge",
    ),
    Row::new(
        AT_RESPONDER,
        (Kind::Return, RESPONDER, DUTY),
        Some(State::Returned),
        "stops the time to answer; ends the time to acknowledge",
    ),
    Row::new(
        &[State::Returned],
        (Kind::Supplement, OPENER, PERSON),
        Some(State::Acknowledged),
        "the time to answer goes on with the rest, at least a day",
    ),
    Row::new(
        &[State::Acknowledged],
        (Kind::Accept, RESPONDER, RELEASER),
        Some(State::Accepted),
        "ends the time to decide",
    ),
    Row::new(
        &[State::Acknowledged],
        (Kind::Decline, RESPONDER, RELEASER),
        Some(State::Declined),
        "counts as an answer, shown by itself",
    ),
    Row::new(
        &[State::Acknowledged, State::Accepted],
        (Kind::AskReferral, RESPONDER, DUTY),
        None,
        "the requester must consent",
    ),
    Row::new(
        &[State::Acknowledged, State::Accepted],
        (Kind::Consent, OPENER, RELEASER),
        None,
        "lets the request go to the named party, or not",
    ),
    Row::new(
        &[State::Acknowledged, State::Accepted],
        (Kind::Refer, RESPONDER, RELEASER),
        Some(State::Referred),
        "only with consent; ends all times",
    ),
    Row::new(
        &[State::Accepted],
        (Kind::Interim, RESPONDER, RELEASER),
        None,
        "the time between reports begins anew",
    ),
    Row::new(
        &[State::Accepted],
        (Kind::Extend, RESPONDER, RELEASER),
        None,
        "a new date; two count, both dates stay visible",
    ),
    Row::new(
        &[State::Accepted],
        (Kind::Answer, RESPONDER, RELEASER),
        Some(State::Answered),
        "ends the time to answer",
    ),
    Row::new(
        &[State::Answered],
        (Kind::Feedback, OPENER, PERSON),
        Some(State::Closed),
        "ends the time for feedback",
    ),
    Row::new(
        &[State::Closed],
        (Kind::Feedback, OPENER, PERSON),
        None,
        "where the request was closed without: late",
    ),
    Row::new(
        &[State::Answered, State::Closed],
        (Kind::Reopen, OPENER, PERSON),
        Some(State::Accepted),
        "once, within thirty days of the answer",
    ),
    Row::new(
        OPEN,
        (Kind::Withdraw, OPENER, RELEASER),
        Some(State::Withdrawn),
        "the responder confirms what became of the data",
    ),
    Row::new(
        &[State::Withdrawn],
        (Kind::Purged, RESPONDER, DUTY),
        None,
        "ends the time to confirm",
    ),
    Row::new(
        ANY,
        (Kind::Confirm, OPENER, RELEASER),
        None,
        "the formal request that an emergency promised",
    ),
    Row::new(
        ANY,
        (Kind::Dispute, EITHER, DUTY),
        None,
        "the named message is disputed: to the hotline or the principals",
    ),
    Row::new(
        ANY,
        (Kind::Settle, EITHER, DUTY),
        None,
        "takes the own dispute back",
    ),
];

/// The life of data that is preserved, beside that of its request.
pub const HOLD_TABLE: &[Row<Hold, Kind>] = &[
    Row::new(
        &[Hold::Requested, Hold::Renewing],
        (Kind::Hold, RESPONDER, DUTY),
        Some(Hold::Held),
        "held until the date; both are warned fourteen and three days before it",
    ),
    Row::new(
        &[Hold::Held],
        (Kind::Renew, OPENER, DUTY),
        Some(Hold::Renewing),
        "a later date is asked; the old one holds until then",
    ),
    Row::new(
        &[Hold::Held, Hold::Renewing],
        (Kind::Release, OPENER, RELEASER),
        Some(Hold::Released),
        "it may be deleted",
    ),
    Row::new(
        &[Hold::Held, Hold::Renewing],
        (Kind::Convert, OPENER, RELEASER),
        Some(Hold::Converted),
        "a formal request follows; it stays",
    ),
    Row::new(
        &[Hold::Held, Hold::Renewing],
        (Kind::Lost, RESPONDER, DUTY),
        Some(Hold::Lost),
        "it is gone before its date: the commitment is missed",
    ),
];

/// How far an answer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// All that was asked.
    Full,
    /// A part of it.
    Part,
}

/// Why a request is declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeclineReason {
    /// The law does not allow it.
    NoLegalBasis,
    /// Somebody else is competent.
    NotCompetent,
    /// There is no capacity.
    Resources,
    /// Sovereignty or security speak against it.
    SovereigntyOrSecurity,
    /// It was asked before.
    Duplicate,
    /// Not in the agreed form.
    Format,
    /// Somebody whose consent is needed did not give it.
    NoConsent,
}

impl Word for DeclineReason {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::NoLegalBasis, "no-legal-basis"),
        (Self::NotCompetent, "not-competent"),
        (Self::Resources, "resources"),
        (Self::SovereigntyOrSecurity, "sovereignty-or-security"),
        (Self::Duplicate, "duplicate"),
        (Self::Format, "format"),
        (Self::NoConsent, "no-consent"),
    ];
}

/// How useful an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Useful {
    /// It was.
    Yes,
    /// In part.
    Partly,
    /// It was not.
    No,
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
    reason = "the fields say what they are; the tables say what follows"
)]
pub enum Event {
    /// The request.
    Send(Box<Content>),
    /// A person has seen it, under this number.
    Acknowledge {
        number: String,
        #[serde(default)]
        note: String,
    },
    /// These fields are missing or do not do.
    Return {
        fields: Vec<String>,
        #[serde(default)]
        note: String,
    },
    /// What was missing.
    Supplement {
        fields: Map<String, Value>,
        #[serde(default)]
        note: String,
    },
    /// It will be done, by the expected date.
    Accept {
        scope: Scope,
        expected: String,
        #[serde(default)]
        note: String,
    },
    /// It will not be done.
    Decline {
        reason: DeclineReason,
        #[serde(default)]
        note: String,
        #[serde(default)]
        forward_to: Option<String>,
    },
    /// Somebody else should do it: may the request go there?
    AskReferral { to: String, why: String },
    /// It may, or may not.
    Consent { to: String, agreed: bool },
    /// It went there.
    Refer {
        to: String,
        #[serde(default)]
        reference: Option<String>,
    },
    /// Where the work stands.
    Interim {
        text: String,
        #[serde(default)]
        objects: Vec<String>,
    },
    /// A later date.
    Extend { expected: String, reason: String },
    /// The answer; objects by STIX id, evidence by thread.
    Answer {
        scope: Scope,
        text: String,
        #[serde(default)]
        objects: Vec<String>,
        #[serde(default)]
        evidence: Vec<String>,
    },
    /// What the answer was worth.
    Feedback {
        useful: Useful,
        quality: u8,
        acted: bool,
        #[serde(default)]
        note: String,
    },
    /// Something is missing in the answer.
    Reopen { gap: String },
    /// It is taken back.
    Withdraw { reason: String },
    /// What became of the data of a request that was taken back.
    Purged {
        retained: bool,
        #[serde(default)]
        until: Option<String>,
        #[serde(default)]
        note: String,
    },
    /// The formal request, after an emergency.
    Confirm { reference: String },
    /// A message that is disputed.
    Dispute { message: String, text: String },
    /// A dispute taken back.
    Settle { message: String, text: String },
    /// Data is held until a date.
    Hold { until: String },
    /// A later date is asked.
    Renew { until: String },
    /// It is needed no more.
    Release {
        #[serde(default)]
        note: String,
    },
    /// A formal request takes its place.
    Convert { reference: String },
    /// It is gone.
    Lost { reason: String },
}

impl Event {
    /// Reads what happened.
    pub fn read(word: &str, content: &Value) -> Result<(Kind, Self), Refusal> {
        let (kind, read) = history::read("request", word, content)?;
        if let Self::Send(_) = &read {
            Content::read(content).map_err(|reason| Refusal::content(kind, reason))?;
        }
        Ok((kind, read))
    }

    /// Its word and what it says, as a message carries them.
    pub fn written(&self) -> (String, Value) {
        history::written(self)
    }
}
