//! What happens to an evidence item: the item, the events with what each says, and the table.
//!
//! In scope: the words, who may say them when. Out of scope: what follows (`evidence`), the chain (`custody`).

use comity_accord::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::history::seconds;
use crate::table::{DUTY, EITHER, OPENER, PERSON, RELEASER, RESPONDER, Row, words};

words! {
    /// Where an item is.
    State {
        /// With whoever opened the thread.
        AtOpener = "at opener",
        /// There, and offered to the other party.
        OfferedToResponder = "offered to responder",
        /// With the other party.
        AtResponder = "at responder",
        /// There, and offered to whoever opened the thread.
        OfferedToOpener = "offered to opener",
        /// It is no more.
        Destroyed = "destroyed",
    }
}

words! {
    /// The words of what happens.
    Kind {
        Acquired = "acquired",
        Verified = "verified",
        Opened = "opened",
        Copied = "copied",
        Derived = "derived",
        Sealed = "sealed",
        TransferOffer = "transfer-offer",
        TransferAccept = "transfer-accept",
        TransferDecline = "transfer-decline",
        Returned = "returned",
        Hold = "hold",
        Release = "release",
        Destroyed = "destroyed",
        AnalysisReport = "analysis-report",
        Dispute = "dispute",
        Settle = "settle",
    }
}

/// Where the opener holds it.
const WITH_OPENER: &[State] = &[State::AtOpener, State::OfferedToResponder];
/// Where the other party does.
const WITH_RESPONDER: &[State] = &[State::AtResponder, State::OfferedToOpener];
const ANY: &[State] = &[
    State::AtOpener,
    State::OfferedToResponder,
    State::AtResponder,
    State::OfferedToOpener,
    State::Destroyed,
];

const fn opener(event: Kind, effect: &'static str) -> Row<State, Kind> {
    Row::new(WITH_OPENER, (event, OPENER, PERSON), None, effect)
}

const fn responder(event: Kind, effect: &'static str) -> Row<State, Kind> {
    Row::new(WITH_RESPONDER, (event, RESPONDER, PERSON), None, effect)
}

const VERIFIED: &str = "a bad hash is shown as a gap";
const OPENED: &str = "with the purpose";
const COPIED: &str = "the original stays where it is";
const DERIVED: &str = "the new item names this one as its parent";
const SEALED: &str = "the seal is named";

/// The custody of an item. Its first message is `acquired`, which only opens it; only whoever holds it acts on it.
pub const TABLE: &[Row<State, Kind>] = &[
    Row::new(
        &[],
        (Kind::Acquired, OPENER, RELEASER),
        Some(State::AtOpener),
        "custody begins",
    ),
    opener(Kind::Verified, VERIFIED),
    responder(Kind::Verified, VERIFIED),
    opener(Kind::Opened, OPENED),
    responder(Kind::Opened, OPENED),
    opener(Kind::Copied, COPIED),
    responder(Kind::Copied, COPIED),
    opener(Kind::Derived, DERIVED),
    responder(Kind::Derived, DERIVED),
    opener(Kind::Sealed, SEALED),
    responder(Kind::Sealed, SEALED),
    Row::new(
        &[State::AtOpener],
        (Kind::TransferOffer, OPENER, RELEASER),
        Some(State::OfferedToResponder),
        "custody stays until it is accepted; unaccepted after 72 hours is a gap",
    ),
    Row::new(
        &[State::AtResponder],
        (Kind::TransferOffer, RESPONDER, RELEASER),
        Some(State::OfferedToOpener),
        "as above",
    ),
    Row::new(
        &[State::AtResponder],
        (Kind::Returned, RESPONDER, RELEASER),
        Some(State::OfferedToOpener),
        "an offer back to whoever opened the thread",
    ),
    Row::new(
        &[State::OfferedToResponder],
        (Kind::TransferAccept, RESPONDER, DUTY),
        Some(State::AtResponder),
        "custody moves; the hash that arrived must be that of the item",
    ),
    Row::new(
        &[State::OfferedToOpener],
        (Kind::TransferAccept, OPENER, DUTY),
        Some(State::AtOpener),
        "as above",
    ),
    Row::new(
        &[State::OfferedToResponder],
        (Kind::TransferDecline, EITHER, DUTY),
        Some(State::AtOpener),
        "not taken, or the offer taken back",
    ),
    Row::new(
        &[State::OfferedToOpener],
        (Kind::TransferDecline, EITHER, DUTY),
        Some(State::AtResponder),
        "as above",
    ),
    Row::new(
        &[
            State::AtOpener,
            State::OfferedToResponder,
            State::AtResponder,
            State::OfferedToOpener,
        ],
        (Kind::Hold, EITHER, RELEASER),
        None,
        "it must not be destroyed while the hold of either side stands",
    ),
    Row::new(
        &[
            State::AtOpener,
            State::OfferedToResponder,
            State::AtResponder,
            State::OfferedToOpener,
        ],
        (Kind::Release, EITHER, RELEASER),
        None,
        "takes the own hold back",
    ),
    Row::new(
        &[State::AtOpener],
        (Kind::Destroyed, OPENER, RELEASER),
        Some(State::Destroyed),
        "with a witness, and not while it is on hold",
    ),
    Row::new(
        &[State::AtResponder],
        (Kind::Destroyed, RESPONDER, RELEASER),
        Some(State::Destroyed),
        "as above",
    ),
    Row::new(
        &[
            State::AtResponder,
            State::OfferedToOpener,
            State::AtOpener,
            State::Destroyed,
        ],
        (Kind::AnalysisReport, RESPONDER, RELEASER),
        None,
        "for samples, once one was accepted; ends the time for the analysis",
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

/// An item from which another one was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Its SHA-256.
    pub sha256: String,
    /// The tool that made the one from the other.
    pub tool: String,
    /// Its version.
    pub version: String,
}

/// An evidence item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its SHA-256.
    pub sha256: String,
    /// Its SHA-1, by which catalogues of malware find a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
    /// Its MD5, for the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Its size in bytes.
    pub size: u64,
    /// Its media type.
    pub media_type: String,
    /// When it was acquired.
    pub acquired_at: String,
    /// By whom.
    pub acquired_by: String,
    /// How.
    pub acquired_how: String,
    /// With which tool.
    pub tool: String,
    /// From where.
    pub source: String,
    /// On which legal basis.
    pub legal_basis: String,
    /// Its label, in words of the Traffic Light Protocol.
    pub label: String,
    /// The number of its seal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
    /// Whether it is a sample of malware that is handed over for analysis.
    #[serde(default)]
    pub sample: bool,
    /// The items from which it was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<Parent>,
}

/// The most parents of an item.
pub const PARENTS_MAX: usize = 64;

impl Item {
    /// Whether it can be one; else what is wrong.
    pub fn check(&self) -> Result<Digest, String> {
        let digits = |text: &Option<String>, count: usize| {
            let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            let fits = |text: &String| text.len() == count && text.bytes().all(digit);
            text.as_ref().is_none_or(fits)
        };
        if !digits(&self.sha1, 40) || !digits(&self.md5, 32) {
            return Err("sha1 and md5 must be 40 and 32 lower-case hexadecimal digits".to_owned());
        }
        let wrong = |name: &str| format!("{name} must be 64 lower-case hexadecimal digits");
        if self.parents.len() > PARENTS_MAX {
            return Err(format!("at most {PARENTS_MAX} parents"));
        }
        for parent in &self.parents {
            Digest::parse(&parent.sha256).ok_or_else(|| wrong("a parent's sha256"))?;
        }
        seconds(&self.acquired_at)
            .ok_or("acquired_at must be a time such as 2026-12-01T00:00:00Z")?;
        Digest::parse(&self.sha256).ok_or_else(|| wrong("sha256"))
    }
}

/// What happens, with what is said.
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
    /// The item, in the hands of whoever says so.
    Acquired(Box<Item>),
    /// Its hash was computed again.
    Verified { ok: bool },
    /// It was opened.
    Opened { purpose: String },
    /// It was copied.
    Copied {
        #[serde(default)]
        note: String,
    },
    /// Another item was made from it.
    Derived {
        sha256: String,
        tool: String,
        version: String,
    },
    /// It was sealed.
    Sealed { seal: String },
    /// It is offered to the other party; `before` is the hash of the newest event in the list of the house that offers it, so that
    /// nothing can be put into that list later.
    TransferOffer {
        #[serde(default)]
        note: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
    },
    /// It arrived, with this hash.
    TransferAccept { sha256: String },
    /// It is not taken, or not given.
    TransferDecline { reason: String },
    /// It goes back.
    Returned {
        #[serde(default)]
        note: String,
    },
    /// It must stay.
    Hold { reason: String },
    /// It need not.
    Release {
        #[serde(default)]
        note: String,
    },
    /// It is no more.
    Destroyed { witness: String },
    /// What a sample does.
    AnalysisReport {
        text: String,
        #[serde(default)]
        objects: Vec<String>,
    },
    /// A message that is disputed.
    Dispute { message: String, text: String },
    /// A dispute taken back.
    Settle { message: String, text: String },
}
