//! Evidence items and their custody, as far as both parties share it.
//!
//! Custody moves only with two messages: the offer of whoever holds the item and the acceptance of the other party. What one
//! party does in its own house it writes into a list of its own, to which the same function [`custody::custody`] applies.
//!
//! In scope: applying each message, what is due. Out of scope: the rows (`event`), gaps (`custody`), the bytes of the item.

pub mod custody;
pub mod event;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;

use crate::history::{self, Due, Opening, Record};
use crate::table::{Refusal, Side, find, markdown};
use crate::thread::{Entry, Thread};
use custody::{ACCEPT_SECONDS, Custody, Link, chained, custody};
use event::{Event, Item, Kind, State, TABLE};

const SUBJECT: &str = "evidence item";

/// What an analysis found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When it was sent.
    pub at: i64,
    /// What it says.
    pub text: String,
    /// Objects, by STIX id.
    pub objects: Vec<String>,
}

/// An evidence item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Who opened its thread.
    pub opening: Opening,
    /// What it is.
    pub item: Item,
    /// Its SHA-256.
    pub sha256: Digest,
    /// Where it is.
    pub state: State,
    /// Who wants it held.
    pub holds: BTreeSet<PartyName>,
    /// When it was offered, and when the other node knew.
    pub offered: Option<(i64, i64)>,
    /// When the other party first accepted it.
    pub accepted: Option<i64>,
    /// What analyses found.
    pub reports: Vec<Report>,
    /// What was said, step by step.
    pub record: Record<State>,
    events: Vec<(i64, (PartyName, String), Event)>,
}

/// The table as a page shows it.
pub fn page() -> String {
    markdown(TABLE, ["opener", "other party"])
}

impl Evidence {
    /// What a thread stands at; none: nothing in it is acquired.
    pub fn replay(thread: &Thread) -> Option<Self> {
        history::replay(thread, Self::open, Self::apply, |one| &mut one.record)
    }

    /// The item that a first message names.
    pub fn open(entry: &Entry) -> Result<Self, Refusal> {
        let message = &entry.message;
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        history::opens(TABLE, message, (kind, Kind::Acquired))?;
        let Event::Acquired(item) = &event else {
            return Err(Refusal::content(kind, "custody begins with acquired"));
        };
        let mut evidence = Self {
            opening: Opening::of(message.head()),
            sha256: item
                .check()
                .map_err(|reason| Refusal::content(kind, reason))?,
            item: item.as_ref().clone(),
            state: State::AtOpener,
            holds: BTreeSet::new(),
            offered: None,
            accepted: None,
            reports: Vec::new(),
            record: Record::default(),
            events: Vec::new(),
        };
        evidence.step(entry, (kind, event));
        Ok(evidence)
    }

    /// Takes the next message; what is refused changes nothing.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let (message, head) = (&entry.message, entry.message.head());
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        self.opening.same_exercise(kind, message)?;
        let side = self.opening.side(&head.author);
        let row = find(TABLE, SUBJECT, self.state, (kind, side, head.officer.role))?;
        self.take(entry, (kind, &event), side)?;
        self.state = row.to.unwrap_or(self.state);
        self.step(entry, (kind, event));
        Ok(())
    }

    /// The events of the thread, each with the hash of the one before it.
    pub fn links(&self) -> Vec<Link> {
        chained(self.events.iter().cloned())
    }

    /// Who held the item, and what does not fit.
    pub fn custody(&self) -> Custody {
        custody(&self.links())
    }

    /// Who holds it.
    pub const fn holder(&self) -> Option<&PartyName> {
        match self.state {
            State::AtOpener | State::OfferedToResponder => Some(&self.opening.opener),
            State::AtResponder | State::OfferedToOpener => Some(&self.opening.responder),
            State::Destroyed => None,
        }
    }

    /// To whom it is offered.
    pub const fn offered_to(&self) -> Option<&PartyName> {
        match self.state {
            State::OfferedToResponder => Some(&self.opening.responder),
            State::OfferedToOpener => Some(&self.opening.opener),
            State::AtOpener | State::AtResponder | State::Destroyed => None,
        }
    }

    /// What is owed. The time for an analysis stands in the accord.
    pub fn dues(&self) -> Vec<Due> {
        let by = match self.state {
            State::OfferedToResponder => Side::Responder,
            State::OfferedToOpener => Side::Opener,
            State::AtOpener | State::AtResponder | State::Destroyed => return Vec::new(),
        };
        let owed = self.offered.map(|(_, noticed)| Due {
            at: noticed + ACCEPT_SECONDS,
            by,
            what: "transfer-accept",
        });
        owed.into_iter().collect()
    }

    fn step(&mut self, entry: &Entry, (kind, event): (Kind, Event)) {
        self.record.step(entry, kind, self.state);
        let message = &entry.message;
        let head = message.head();
        let who = (head.author.clone(), head.officer.name.clone());
        self.events.push((message.sent_seconds(), who, event));
    }

    fn take(
        &mut self,
        entry: &Entry,
        (kind, event): (Kind, &Event),
        side: Side,
    ) -> Result<(), Refusal> {
        let no = |reason: &str| Err(Refusal::content(kind, reason));
        let (at, author) = (entry.message.sent_seconds(), &entry.message.head().author);
        match event {
            Event::Acquired(_) => return no("an item is acquired once; open another thread"),
            Event::Derived { sha256, .. } if Digest::parse(sha256).is_none() => {
                return no("sha256 must be 64 lower-case hexadecimal digits");
            }
            Event::TransferOffer { .. } | Event::Returned { .. } => {
                self.offered = Some((at, entry.at()));
            }
            Event::TransferAccept { sha256 } => {
                if *sha256 != self.item.sha256 {
                    return no(
                        "what arrived has another hash than the item: decline it, and say so",
                    );
                }
                self.offered = None;
                if side == Side::Responder {
                    self.accepted.get_or_insert(at);
                }
            }
            Event::TransferDecline { .. } => self.offered = None,
            Event::Hold { .. } => {
                self.holds.insert(author.clone());
            }
            Event::Release { .. } => {
                if !self.holds.remove(author) {
                    return no("this side has no hold on the item");
                }
            }
            Event::Destroyed { witness } => {
                if !self.holds.is_empty() {
                    return no("the item is on hold; whoever holds it so must release it first");
                }
                if *witness == entry.message.head().officer.name {
                    return no("the witness must be another person");
                }
            }
            Event::AnalysisReport { text, objects } => {
                if !self.item.sample || self.accepted.is_none() {
                    return no("a report is for a sample that was accepted");
                }
                self.reports.push(Report {
                    at,
                    text: text.clone(),
                    objects: objects.clone(),
                });
            }
            Event::Dispute { message, .. } => self.record.dispute(kind, author, message)?,
            Event::Settle { message, .. } => self.record.settle(kind, author, message)?,
            Event::Verified { .. }
            | Event::Opened { .. }
            | Event::Copied { .. }
            | Event::Derived { .. }
            | Event::Sealed { .. } => {}
        }
        Ok(())
    }
}
