//! What this node needs to know of a party to talk to it: its keys, old and new, and where it is reached.
//!
//! In scope: reading them out of its cards, once a card. Out of scope: whether a card counts (`comity-accord`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use comity_accord::card::{CLOCK_TOLERANCE_SECONDS, SignedCard, SuccessionError, accept_successor};
use comity_ledger::key::VerifierKey;
use comity_link::message::Message;
use comity_link::seal::{SealingAlgorithm, SealingKey};
use comity_stix::timestamp::Timestamp;
use comity_store::state::Tx;
use comity_store::state::party::{self, PartyRow};

use crate::link::{Link, LinkError};

/// The state of enrolment in which a party gets everything that is due.
pub const VERIFIED: &str = "verified";
/// How the states begin in which a party is known by its card alone.
pub const PENDING: &str = "pending";

/// The keys of a party, from all its cards.
#[derive(Clone, Debug)]
pub struct PeerKeys {
    /// Envelope keys, newest first.
    pub envelope: Vec<VerifierKey>,
    /// Log keys of every epoch.
    pub log: Vec<VerifierKey>,
    /// Witness keys.
    pub witness: Vec<VerifierKey>,
    /// Where contents are sealed to, by the newest card.
    pub sealing: SealingKey,
    /// The epoch of its log, by the newest card.
    pub epoch: u32,
}

/// A party with its keys.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) row: PartyRow,
    pub(crate) keys: Arc<PeerKeys>,
}

/// Keys by party and card.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<HashMap<(String, u64), Arc<PeerKeys>>>);

impl Peer {
    /// With a pending party only heads are exchanged, which prove that it holds its keys; with a suspended or revoked one
    /// nothing at all.
    pub(crate) fn enrolled(self) -> Result<Self, LinkError> {
        if self.is_verified() || self.row.state.starts_with(PENDING) {
            Ok(self)
        } else {
            Err(LinkError::NotEnrolled {
                party: self.row.name,
                state: self.row.state,
            })
        }
    }

    /// Only with a verified party are envelopes exchanged.
    pub(crate) fn is_verified(&self) -> bool {
        self.row.state == VERIFIED
    }
}

impl Link {
    /// The party of this name.
    pub(crate) fn peer(&self, tx: &mut dyn Tx, name: &str) -> Result<Peer, LinkError> {
        let row = party::find(tx, name)?;
        let row = row.ok_or_else(|| LinkError::UnknownParty(name.to_owned()))?;
        self.with_keys(tx, row)
    }

    /// The party with this log.
    pub(crate) fn peer_by_origin(&self, tx: &mut dyn Tx, origin: &str) -> Result<Peer, LinkError> {
        let row = party::find_by_origin(tx, origin)?;
        let row = row.ok_or_else(|| LinkError::UnknownParty(origin.to_owned()))?;
        self.with_keys(tx, row)
    }

    /// A batch may carry the card that explains its keys: it is taken before everything else, if it follows the known one.
    pub(crate) fn new_card(
        &self,
        peer: Peer,
        messages: &[Message],
        now: i64,
    ) -> Result<Peer, LinkError> {
        let offered = messages.iter().find_map(|message| match message {
            Message::Card(card) => Some(&card.card),
            Message::Head(_)
            | Message::Send(_)
            | Message::Receipt(_)
            | Message::Cosigned(_)
            | Message::Cursor(_)
            | Message::Gap(_)
            | Message::Forward(_)
            | Message::Holds(_)
            | Message::CrossHead(_)
            | Message::TwoHistories(_)
            | Message::Refused(_) => None,
        });
        let Some(card) = offered.filter(|card| **card != peer.row.card) else {
            return Ok(peer);
        };
        let bad = |reason: String| LinkError::Card {
            party: peer.row.name.clone(),
            reason,
        };
        let known = SignedCard::parse(&peer.row.card).map_err(|error| bad(error.to_string()))?;
        let next = SignedCard::parse(card).map_err(|error| bad(error.to_string()))?;
        if next.card().serial <= known.card().serial {
            return Ok(peer);
        }
        let at = Timestamp::from_micros(now)
            .ok_or_else(|| bad("the clock is out of range".to_owned()))?;
        follows(&known, &next, at).map_err(|error| bad(error.to_string()))?;
        let mut row = peer.row.clone();
        row.card.clone_from(card);
        row.serial = next.card().serial.into();
        row.changed = now;
        row.link_url = next.card().links.first().cloned();
        self.state.write(|tx| {
            party::put(tx, &row)?;
            self.with_keys(tx, row.clone())
        })
    }

    fn with_keys(&self, tx: &mut dyn Tx, row: PartyRow) -> Result<Peer, LinkError> {
        let place = (row.name.clone(), row.serial);
        let known = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(&place).cloned();
        drop(known);
        if let Some(keys) = found {
            return Ok(Peer { row, keys });
        }
        let cards = party::cards(tx, &row.name)?;
        let keys = Arc::new(keys_of(&row.name, &cards)?);
        let mut known = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(place, Arc::clone(&keys));
        Ok(Peer { row, keys })
    }
}

/// Whether a card follows another. Of one root it may leave serials out and be issued before the other by the party's own
/// clock: a node that was restored does not know the cards that it lost, and its serials and epochs still count up.
fn follows(known: &SignedCard, next: &SignedCard, now: Timestamp) -> Result<(), SuccessionError> {
    let verdict = accept_successor(known, next, now);
    let (before, after) = (known.card(), next.card());
    let same = before.party == after.party
        && before.root.public_key() == after.root.public_key()
        && before.origin.base() == after.origin.base();
    let ahead = after.issued.micros()
        > now
            .micros()
            .saturating_add(CLOCK_TOLERANCE_SECONDS * 1_000_000);
    let later = after.serial > before.serial && after.origin.epoch() >= before.origin.epoch();
    if same && later && !ahead {
        Ok(())
    } else {
        verdict.map(|_| ())
    }
}

/// The keys in these cards, oldest card first.
pub fn keys_of(party: &str, cards: &[Vec<u8>]) -> Result<PeerKeys, LinkError> {
    let bad = |reason: String| LinkError::Card {
        party: party.to_owned(),
        reason,
    };
    let mut found: Option<PeerKeys> = None;
    for card in cards {
        let signed = SignedCard::parse(card).map_err(|error| bad(error.to_string()))?;
        let card = signed.card();
        let sealing = card
            .sealing
            .iter()
            .find_map(|key| {
                let algorithm = SealingAlgorithm::parse(&key.algorithm)?;
                let public = key.bytes.clone();
                Some(SealingKey { algorithm, public })
            })
            .ok_or_else(|| bad("it has no sealing key that this version knows".to_owned()))?;
        let older = found.take();
        let (mut envelope, mut log, mut witness) = (
            vec![card.envelope.clone()],
            card.log.clone(),
            card.witness.clone(),
        );
        if let Some(older) = older {
            add(&mut envelope, older.envelope);
            add(&mut log, older.log);
            add(&mut witness, older.witness);
        }
        found = Some(PeerKeys {
            envelope,
            log,
            witness,
            sealing,
            epoch: super::log::epoch_of(card.origin.as_str()),
        });
    }
    found.ok_or_else(|| bad("there is none".to_owned()))
}

fn add(keys: &mut Vec<VerifierKey>, older: Vec<VerifierKey>) {
    for key in older {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
}
