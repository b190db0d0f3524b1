//! What this node needs to know of a party to talk to it: its keys, old and new, and where it is reached.
//!
//! In scope: reading them out of its cards, once a card. Out of scope: whether a card counts (`comity-accord`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use comity_accord::card::{SignedCard, SuccessionError};
use comity_accord::keys::KeyRing;
use comity_accord::keys::revocation::{Revocation, RevocationError};
use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::cosignature::cosign;
use comity_ledger::key::VerifierKey;
use comity_link::message::{Knows, Message};
use comity_link::seal::{SealingAlgorithm, SealingKey};
use comity_stix::timestamp::Timestamp;
use comity_store::state::party::{self, PartyRow};
use comity_store::state::revocation::{self, RevocationRow};
use comity_store::state::{Tx, outbox, peer_log};

use crate::link::{Link, LinkError};

/// The state of enrolment in which a party gets everything that is due.
pub const VERIFIED: &str = "verified";
/// How the states begin in which a party is known by its card alone.
pub const PENDING: &str = "pending";
/// The state in which the other side takes nothing: it is asked now and then whether it does again.
pub const SUSPENDED_BY_THEM: &str = "suspended by them";
/// The state from which there is no way back.
pub const REVOKED: &str = "revoked";

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
    /// What is known of its keys, as it is told.
    pub knows: Knows,
}

impl PeerKeys {
    /// Without the keys that its root took out of use.
    fn without_revoked(mut self, ring: &KeyRing) -> Self {
        for keys in [&mut self.envelope, &mut self.log, &mut self.witness] {
            keys.retain(|key| !ring.is_revoked(key));
        }
        let count = ring.revocations().len();
        self.knows.revocations = u64::try_from(count).unwrap_or(u64::MAX);
        self
    }
}

/// A party with its keys.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) row: PartyRow,
    pub(crate) keys: Arc<PeerKeys>,
}

/// Keys by party, card and number of revocations.
#[derive(Debug, Default)]
pub(crate) struct Peers(Mutex<HashMap<(String, u64, u64), Arc<PeerKeys>>>);

impl Peer {
    /// With a pending party only heads are exchanged, which prove that it holds its keys, and with one that suspended the
    /// exchange, which show when it does so no more; with one that is suspended here or revoked nothing at all.
    pub(crate) fn enrolled(self) -> Result<Self, LinkError> {
        let heads = self.row.state.starts_with(PENDING) || self.row.state == SUSPENDED_BY_THEM;
        if self.is_verified() || heads {
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

    /// Takes what a party says of its own keys: cards and revocations, each vouched for by its root. Answers words for what
    /// cannot be taken; the rest of what it says is judged by the keys that are known.
    pub(crate) fn learn(
        &self,
        peer: Peer,
        said: &[Message],
        now: i64,
    ) -> Result<(Peer, Vec<String>), LinkError> {
        let is_new =
            |one: &Message| !matches!(one, Message::Card(card) if card.card == peer.row.card);
        if !said.iter().any(is_new) {
            return Ok((peer, Vec::new()));
        }
        self.state.write(|tx| {
            let mut wrong = Vec::new();
            let mut known = Known::read(tx, &peer.row.name)?;
            for message in said {
                let outcome = match message {
                    Message::Card(card) => known.follow(tx, &card.card, now),
                    Message::Revocation(said) => self.revoke(tx, &mut known, &said.note, now),
                    Message::Head(_)
                    | Message::Send(_)
                    | Message::Receipt(_)
                    | Message::Cosigned(_)
                    | Message::Cursor(_)
                    | Message::Gap(_)
                    | Message::Knows(_)
                    | Message::Forward(_)
                    | Message::Holds(_)
                    | Message::CrossHead(_)
                    | Message::TwoHistories(_)
                    | Message::Want(_)
                    | Message::Piece(_)
                    | Message::Refused(_) => Ok(Ok(())),
                };
                if let Err(reason) = outcome? {
                    wrong.push(reason);
                }
            }
            Ok::<_, LinkError>((self.with_keys(tx, known.row)?, wrong))
        })
    }

    /// Takes a revocation of a party that is known, by whatever way it came.
    pub(crate) fn take_revocation(
        &self,
        tx: &mut dyn Tx,
        name: &str,
        note: &[u8],
        now: i64,
    ) -> Result<Result<(), String>, LinkError> {
        let mut known = Known::read(tx, name)?;
        self.revoke(tx, &mut known, note, now)
    }

    /// A revocation counts from now on; the heads that were cosigned before are kept with it, for what they hold stays good.
    fn revoke(
        &self,
        tx: &mut dyn Tx,
        known: &mut Known,
        note: &[u8],
        now: i64,
    ) -> Result<Result<(), String>, LinkError> {
        let Known { ring, row } = known;
        let Some(at) = Timestamp::from_micros(now) else {
            return Ok(Err("the clock is out of range".to_owned()));
        };
        let read = Revocation::parse(note).and_then(|read| ring.revoke(read, at));
        match read {
            Ok(()) => {}
            Err(RevocationError::Known) => return Ok(Ok(())),
            Err(error) => return Ok(Err(comity_store::error::chain(&error))),
        }
        let number = u64::try_from(ring.revocations().len()).unwrap_or(u64::MAX);
        let held = self.held_heads(tx, &row.name)?;
        let kept = RevocationRow {
            party: row.name.clone(),
            number,
            note: note.to_vec(),
            known: now,
            held: serde_json::to_vec(&held).unwrap_or_default(),
        };
        revocation::add(tx, &kept)?;
        tracing::warn!(party = %row.name, number, "a party revoked a key");
        if ring.party_revoked() && row.state != REVOKED {
            REVOKED.clone_into(&mut row.state);
            row.changed = now;
            party::put(tx, row)?;
            for waiting in outbox::unsettled(tx, &row.name)? {
                let reason = Some("the party was revoked by its own root");
                outbox::settle(tx, &waiting.envelope, "refused", reason, now)?;
            }
        }
        Ok(Ok(()))
    }

    /// The newest heads of a party's logs, with the cosignature by which this node holds them.
    fn held_heads(&self, tx: &mut dyn Tx, name: &str) -> Result<Vec<String>, LinkError> {
        let mut held = Vec::new();
        for log in peer_log::of_party(tx, name)? {
            let Ok(mut signed) = SignedCheckpoint::parse(&log.checkpoint) else {
                continue;
            };
            let line = cosign(self.keys().witness(), signed.checkpoint(), log.cosigned);
            if log.cosigned > 0 && signed.add(line).is_ok() {
                held.push(signed.to_string());
            }
        }
        Ok(held)
    }

    fn with_keys(&self, tx: &mut dyn Tx, row: PartyRow) -> Result<Peer, LinkError> {
        let revoked = revocation::count(tx, &row.name)?;
        let place = (row.name.clone(), row.serial, revoked);
        let known = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(&place).cloned();
        drop(known);
        if let Some(keys) = found {
            return Ok(Peer { row, keys });
        }
        let cards = party::cards(tx, &row.name)?;
        let mut keys = keys_of(&row.name, &cards)?;
        if revoked > 0 {
            keys = keys.without_revoked(&ring(tx, &row.name)?);
        }
        let keys = Arc::new(keys);
        let mut known = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(place, Arc::clone(&keys));
        Ok(Peer { row, keys })
    }
}

/// The keys of a party as its rows have them.
pub(crate) fn ring(tx: &mut dyn Tx, name: &str) -> Result<KeyRing, LinkError> {
    let bad = |reason: String| LinkError::Card {
        party: name.to_owned(),
        reason,
    };
    let mut cards = Vec::new();
    for (card, taken) in party::cards_taken(tx, name)? {
        let card = SignedCard::parse(&card).map_err(|error| bad(error.to_string()))?;
        cards.push((card, taken));
    }
    let mut notes = Vec::new();
    for row in revocation::of_party(tx, name)? {
        let note = Revocation::parse(&row.note).map_err(|error| bad(error.to_string()))?;
        notes.push((note, row.known));
    }
    ring_of(cards, notes).ok_or_else(|| bad("there is none".to_owned()))
}

/// What is known of a party's keys, while it is told more of them.
struct Known {
    ring: KeyRing,
    row: PartyRow,
}

impl Known {
    fn read(tx: &mut dyn Tx, name: &str) -> Result<Self, LinkError> {
        let row = party::find(tx, name)?;
        let row = row.ok_or_else(|| LinkError::UnknownParty(name.to_owned()))?;
        let ring = ring(tx, name)?;
        Ok(Self { ring, row })
    }

    /// Takes a card that follows the newest one; older ones say nothing new.
    fn follow(
        &mut self,
        tx: &mut dyn Tx,
        card: &[u8],
        now: i64,
    ) -> Result<Result<(), String>, LinkError> {
        let Some(at) = Timestamp::from_micros(now) else {
            return Ok(Err("the clock is out of range".to_owned()));
        };
        let next = match SignedCard::parse(card) {
            Ok(next) => next,
            Err(error) => return Ok(Err(comity_store::error::chain(&error))),
        };
        match self.ring.succeed(next.clone(), at) {
            Ok(_) => {}
            Err(SuccessionError::Same | SuccessionError::Older { .. }) => return Ok(Ok(())),
            Err(error) => return Ok(Err(comity_store::error::chain(&error))),
        }
        let row = &mut self.row;
        row.card = card.to_vec();
        row.serial = next.card().serial.into();
        row.link_url = next.card().links.first().cloned();
        party::put(tx, row)?;
        // When the card came, not when the party's state changed.
        party::card_taken(tx, &row.name, row.serial, now)?;
        Ok(Ok(()))
    }
}

/// Takes a card of a party that is known, by whatever way it came.
pub(crate) fn take_card(
    tx: &mut dyn Tx,
    name: &str,
    card: &[u8],
    now: i64,
) -> Result<Result<(), String>, LinkError> {
    Known::read(tx, name)?.follow(tx, card, now)
}

/// The keys of a party's cards, oldest first, each with when it was taken; and its revocations, judged when they came. Where
/// a party was enrolled anew, a ring begins with the card that was compared then.
pub(crate) fn ring_of(
    cards: Vec<(SignedCard, i64)>,
    revocations: Vec<(Revocation, i64)>,
) -> Option<KeyRing> {
    let mut ring: Option<KeyRing> = None;
    for (card, taken) in cards {
        let at = Timestamp::from_micros(taken).unwrap_or(card.card().issued);
        let followed = ring.as_mut().map(|ring| ring.succeed(card.clone(), at));
        if !matches!(followed, Some(Ok(_))) {
            ring = Some(KeyRing::new(card));
        }
    }
    let mut ring = ring?;
    for (note, known) in revocations {
        let known = Timestamp::from_micros(known).unwrap_or(note.issued);
        // One of an enrolment before this one says nothing of these keys.
        let _ = ring.remember(note, known);
    }
    Some(ring)
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
            knows: Knows {
                card: *signed.hash().as_bytes(),
                revocations: 0,
            },
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
