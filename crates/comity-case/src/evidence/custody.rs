//! Custody: who held an item from when to when, from a list of events in which each names the one before it by hash.
//!
//! The list may be what both parties share, or one party's own, which holds more and never leaves its house. Nothing is refused
//! here: what does not fit is shown as a gap.
//!
//! In scope: the chain, the holder, gaps. Out of scope: who may add to the list.

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;

use super::event::Event;

/// An offer that was not accepted after this time is a gap: 72 hours.
pub const ACCEPT_SECONDS: i64 = 72 * 3_600;

/// Something that happened to an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// When, seconds since 1970.
    pub at: i64,
    /// Who did it.
    pub actor: PartyName,
    /// The person, by function.
    pub officer: String,
    /// What.
    pub event: Event,
    /// The hash of what happened before it.
    pub prev: Option<Digest>,
}

impl Link {
    /// Its hash, which the next one names.
    pub fn hash(&self) -> Digest {
        let prev = self
            .prev
            .map_or_else(|| "-".to_owned(), |prev| prev.to_string());
        // Members stand in the order of the type, so that equal events give equal bytes.
        let event = serde_json::to_string(&self.event).unwrap_or_default();
        let text = format!(
            "comity-custody/v1\n{prev}\n{}\n{}\n{}\n{event}",
            self.at, self.actor, self.officer
        );
        Digest::of(text.as_bytes())
    }
}

/// A list in which each event names the one before it: when, who (the party, and its officer), what.
pub fn chained(events: impl IntoIterator<Item = (i64, (PartyName, String), Event)>) -> Vec<Link> {
    let mut prev = None;
    let link = |(at, (actor, officer), event)| {
        let link = Link {
            at,
            actor,
            officer,
            event,
            prev,
        };
        prev = Some(link.hash());
        link
    };
    events.into_iter().map(link).collect()
}

/// A stretch of custody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Who held it.
    pub by: PartyName,
    /// From when.
    pub from: i64,
    /// Until when.
    pub until: Option<i64>,
}

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Gap {
    /// An event does not name the one before it: something was taken out, put in or changed.
    #[error("event {place} does not name the one before it")]
    Chain {
        /// Which one, from 1.
        place: usize,
    },
    /// Nobody holds it.
    #[error("nobody holds the item at event {place}")]
    NoHolder {
        /// Since which event, from 1.
        place: usize,
    },
    /// Two hold the one original.
    #[error("{0} and {1} both hold the original")]
    TwoHolders(PartyName, PartyName),
    /// Somebody acted on it without holding it.
    #[error("{actor} acted on the item at event {place} without holding it")]
    NotHolder {
        /// Who.
        actor: PartyName,
        /// At which event, from 1.
        place: usize,
    },
    /// It was accepted, and nobody had offered it.
    #[error("{actor} accepted at event {place} what nobody had offered")]
    NotOffered {
        /// Who.
        actor: PartyName,
        /// At which event, from 1.
        place: usize,
    },
    /// It was offered and not accepted in time.
    #[error("the offer of {by} was not accepted within 72 hours")]
    NotAccepted {
        /// Whose offer.
        by: PartyName,
        /// When it was made.
        at: i64,
    },
    /// It was no longer what it had been.
    #[error("its hash was not right at event {place}")]
    Hash {
        /// At which event, from 1.
        place: usize,
    },
    /// It was destroyed while somebody had asked to hold it.
    #[error("it was destroyed at event {place} while it was on hold")]
    OnHold {
        /// At which event, from 1.
        place: usize,
    },
}

/// The custody of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custody {
    /// Who held it, in order; whoever holds it now has no end.
    pub holdings: Vec<Holding>,
    /// Who offered it and when, where nobody has answered.
    pub offered: Option<(PartyName, i64)>,
    /// Who wants it held.
    pub holds: Vec<PartyName>,
    /// When it was destroyed.
    pub destroyed: Option<i64>,
    /// What does not fit; [`Custody::gaps_at`] has what time adds.
    pub gaps: Vec<Gap>,
    /// The hash of the last event.
    pub head: Option<Digest>,
    /// The item's hash.
    sha256: Option<String>,
}

/// Who held an item, and what does not fit.
pub fn custody(events: &[Link]) -> Custody {
    let mut custody = Custody::default();
    for (link, place) in events.iter().zip(1..) {
        if link.prev != custody.head {
            custody.gaps.push(Gap::Chain { place });
        }
        custody.head = Some(link.hash());
        custody.take(link, place);
        let holders: Vec<PartyName> = custody.holders().cloned().collect();
        match holders.as_slice() {
            [] if custody.destroyed.is_none() => custody.note(Gap::NoHolder { place }),
            [one, two, ..] => custody.note(Gap::TwoHolders(one.clone(), two.clone())),
            [] | [_] => {}
        }
    }
    custody
}

impl Custody {
    /// Who holds the original: one party, unless there is a gap.
    pub fn holders(&self) -> impl Iterator<Item = &PartyName> {
        let open = self.holdings.iter().filter(|one| one.until.is_none());
        open.map(|one| &one.by)
    }

    /// Who holds it, where that is one party.
    pub fn holder(&self) -> Option<&PartyName> {
        let mut holders = self.holders();
        holders.next().filter(|_| holders.next().is_none())
    }

    /// What does not fit at a time.
    pub fn gaps_at(&self, now: i64) -> Vec<Gap> {
        let late = self
            .offered
            .as_ref()
            .filter(|(_, at)| now - at > ACCEPT_SECONDS);
        let late = late.map(|(by, at)| Gap::NotAccepted {
            by: by.clone(),
            at: *at,
        });
        self.gaps.iter().cloned().chain(late).collect()
    }

    /// A gap that lasts is one gap.
    fn note(&mut self, gap: Gap) {
        let lasts = matches!(
            (self.gaps.last(), &gap),
            (Some(Gap::NoHolder { .. }), Gap::NoHolder { .. })
        );
        if !lasts && !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    fn holds_it(&self, party: &PartyName) -> bool {
        self.holders().any(|holder| holder == party)
    }

    fn begin(&mut self, by: &PartyName, from: i64) {
        if !self.holds_it(by) {
            self.holdings.push(Holding {
                by: by.clone(),
                from,
                until: None,
            });
        }
    }

    fn end(&mut self, by: &PartyName, at: i64) {
        for one in &mut self.holdings {
            if one.by == *by && one.until.is_none() {
                one.until = Some(at);
            }
        }
    }

    fn take(&mut self, link: &Link, place: usize) {
        let (actor, at) = (&link.actor, link.at);
        let by_holder = !matches!(
            link.event,
            Event::Acquired(_)
                | Event::TransferAccept { .. }
                | Event::TransferDecline { .. }
                | Event::Hold { .. }
                | Event::Release { .. }
                | Event::AnalysisReport { .. }
                | Event::Dispute { .. }
                | Event::Settle { .. }
        );
        if by_holder && !self.holds_it(actor) {
            self.note(Gap::NotHolder {
                actor: actor.clone(),
                place,
            });
        }
        match &link.event {
            Event::Acquired(item) => {
                self.sha256.get_or_insert_with(|| item.sha256.clone());
                self.begin(actor, at);
            }
            Event::Verified { ok: false } => self.note(Gap::Hash { place }),
            Event::TransferOffer { .. } | Event::Returned { .. } => {
                self.offered = Some((actor.clone(), at));
            }
            Event::TransferAccept { sha256 } => self.accepted(link, place, sha256),
            Event::TransferDecline { .. } => self.offered = None,
            Event::Hold { .. } => {
                if !self.holds.contains(actor) {
                    self.holds.push(actor.clone());
                }
            }
            Event::Release { .. } => self.holds.retain(|party| party != actor),
            Event::Destroyed { .. } => {
                if !self.holds.is_empty() {
                    self.note(Gap::OnHold { place });
                }
                self.end(actor, at);
                self.destroyed = Some(at);
            }
            Event::Verified { ok: true }
            | Event::Opened { .. }
            | Event::Copied { .. }
            | Event::Derived { .. }
            | Event::Sealed { .. }
            | Event::AnalysisReport { .. }
            | Event::Dispute { .. }
            | Event::Settle { .. } => {}
        }
    }

    fn accepted(&mut self, link: &Link, place: usize, sha256: &str) {
        if self.sha256.as_ref().is_some_and(|item| item != sha256) {
            self.note(Gap::Hash { place });
        }
        match self.offered.take() {
            Some((by, at)) if by != link.actor => {
                if link.at - at > ACCEPT_SECONDS {
                    self.note(Gap::NotAccepted { by: by.clone(), at });
                }
                self.end(&by, link.at);
            }
            _ => self.note(Gap::NotOffered {
                actor: link.actor.clone(),
                place,
            }),
        }
        self.begin(&link.actor, link.at);
    }
}
