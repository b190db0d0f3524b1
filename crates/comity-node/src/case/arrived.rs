//! What went between two parties and is receipted, as judging needs it: an envelope is read once and kept for the next question.
//!
//! Envelopes never change; what changes is which of them count. That is asked of the store each time, by indexes alone.
//!
//! In scope: reading, keeping, forgetting what was erased. Out of scope: what deliveries mean (`gather`), parts as wholes (`joined`).
//! Limits: [`KEPT_BYTES_MAX`] in memory; what goes beyond is read each time.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use comity_accord::party::PartyName;
use comity_link::header::peek;
use comity_link::payload::Kind;
use comity_store::state::Tx;
use comity_store::state::channel::Direction;
use comity_store::state::delivered::{self, Counted, Delivered};

use crate::case::CaseError;
use crate::case::gather::{Delivery, KINDS};
use crate::case::joined::joined;
use crate::link::seconds_of_receipt;
use crate::node::Node;

/// The most that is kept in memory, in bytes of what envelopes say.
const KEPT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Envelopes that are read one by one; more at once are read together.
const SINGLY_MAX: usize = 200;
/// What a kept envelope takes besides what it says, about.
const AROUND_BYTES: usize = 1024;

type Envelope = [u8; 32];

/// Envelopes of one party and kind; none in the place of one that says nothing that counts.
type Shelf = HashMap<Envelope, Option<Arc<Delivery>>>;

/// What was read before.
#[derive(Debug, Default)]
pub(crate) struct Arrived(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    shelves: HashMap<(String, &'static str), Shelf>,
    bytes: usize,
}

fn size(one: Option<&Arc<Delivery>>) -> usize {
    AROUND_BYTES + one.map_or(0, |one| one.size())
}

impl Arrived {
    fn with<T>(&self, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is kept of these envelopes, and which of them are not. Others of the same kind count no more and are forgotten.
    fn known(
        &self,
        key: &(String, &'static str),
        counted: &HashSet<Envelope>,
    ) -> (Vec<Arc<Delivery>>, HashSet<Envelope>) {
        self.with(|memory| {
            let Some(those) = memory.shelves.get_mut(key) else {
                return (Vec::new(), counted.clone());
            };
            let mut gone = 0;
            those.retain(|envelope, one| {
                let stays = counted.contains(envelope);
                gone += if stays { 0 } else { size(one.as_ref()) };
                stays
            });
            let known = those.values().flatten().cloned().collect();
            let unknown = counted.iter().filter(|one| !those.contains_key(*one));
            let unknown = unknown.copied().collect();
            memory.bytes = memory.bytes.saturating_sub(gone);
            (known, unknown)
        })
    }

    fn keep(&self, key: (String, &'static str), read: &[(Envelope, Option<Arc<Delivery>>)]) {
        self.with(|memory| {
            let those = memory.shelves.entry(key).or_default();
            for (envelope, one) in read {
                let bytes = size(one.as_ref());
                if memory.bytes + bytes > KEPT_BYTES_MAX {
                    return;
                }
                if those.insert(*envelope, one.clone()).is_none() {
                    memory.bytes += bytes;
                }
            }
        });
    }

    /// Forgets what an envelope said.
    pub(crate) fn forget(&self, envelope: &Envelope) {
        self.with(|memory| {
            for those in memory.shelves.values_mut() {
                if let Some(one) = those.remove(envelope) {
                    memory.bytes = memory.bytes.saturating_sub(size(one.as_ref()));
                }
            }
        });
    }
}

impl Node {
    /// Every envelope between two parties that commitments are about and whose receipt is known.
    pub(crate) fn deliveries(
        &self,
        tx: &mut dyn Tx,
        pair: [&PartyName; 2],
    ) -> Result<Vec<Arc<Delivery>>, CaseError> {
        let counted = Counted::of(tx, pair[1].as_str())?;
        let mut all = Vec::new();
        for kind in KINDS {
            all.extend(self.deliveries_of(tx, &counted, pair, kind)?);
        }
        Ok(joined(all))
    }

    fn deliveries_of(
        &self,
        tx: &mut dyn Tx,
        counted: &Counted,
        pair: [&PartyName; 2],
        kind: Kind,
    ) -> Result<Vec<Arc<Delivery>>, CaseError> {
        let party = pair[1].as_str();
        let key = (party.to_owned(), kind.word());
        let counted = counted.envelopes(tx, kind.word())?;
        let (mut all, unknown) = self.inner.arrived.known(&key, &counted);
        if unknown.is_empty() {
            return Ok(all);
        }
        let mut rows = Vec::new();
        if unknown.len() > SINGLY_MAX {
            rows = delivered::with_party(tx, party, kind.word())?;
            rows.retain(|row| unknown.contains(&row.envelope));
        } else {
            for envelope in &unknown {
                rows.extend(delivered::one(tx, envelope)?);
            }
        }
        let read = rows.into_iter();
        let read = read.map(|row| (row.envelope, delivery(row, pair, kind).map(Arc::new)));
        let read: Vec<(Envelope, Option<Arc<Delivery>>)> = read.collect();
        // Parts may be many megabytes; they are needed as wholes, which are made anew.
        if kind != Kind::Part {
            self.inner.arrived.keep(key, &read);
        }
        all.extend(read.into_iter().filter_map(|(_, one)| one));
        Ok(all)
    }
}

/// What an envelope tells; none where its content was erased, or its receipt cannot be read.
fn delivery(row: Delivered, [own, other]: [&PartyName; 2], kind: Kind) -> Option<Delivery> {
    let received = match &row.receipt {
        Some((header, payload)) => seconds_of_receipt(header, payload)?,
        None => row.received.div_euclid(1_000_000),
    };
    let sent = i64::try_from(peek(&row.header).ok()?.created).ok()?;
    let between = match row.direction {
        Direction::Out => (own, other),
        Direction::In => (other, own),
    };
    Some(Delivery::new(between, kind, row.payload?, (sent, received)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(bytes: usize) -> Arc<Delivery> {
        let [one, two] = ["alpha", "bravo"].map(|name| PartyName::parse(name).unwrap());
        Arc::new(Delivery::new(
            (&one, &two),
            Kind::Share,
            vec![b' '; bytes],
            (1, 2),
        ))
    }

    fn key() -> (String, &'static str) {
        ("bravo".to_owned(), Kind::Share.word())
    }

    #[test]
    fn what_counts_no_more_and_what_was_erased_is_forgotten() {
        let arrived = Arrived::default();
        let all: Vec<_> = (0..4)
            .map(|number| ([number; 32], Some(some(10))))
            .collect();
        arrived.keep(key(), &all);
        let counted: HashSet<Envelope> = [[0; 32], [1; 32], [9; 32]].into();
        let (known, unknown) = arrived.known(&key(), &counted);
        assert_eq!((known.len(), unknown), (2, [[9; 32]].into()));
        assert_eq!(arrived.with(|memory| memory.bytes), 2 * (AROUND_BYTES + 10));
        arrived.forget(&[1; 32]);
        let (known, unknown) = arrived.known(&key(), &counted);
        assert_eq!((known.len(), unknown.len()), (1, 2));
        assert_eq!(arrived.with(|memory| memory.bytes), AROUND_BYTES + 10);
    }

    #[test]
    fn no_more_is_kept_than_the_limit() {
        let arrived = Arrived::default();
        let all: Vec<_> = (0..5)
            .map(|number| ([number; 32], Some(some(KEPT_BYTES_MAX / 4))))
            .collect();
        arrived.keep(key(), &all);
        let bytes = arrived.with(|memory| memory.bytes);
        assert!(
            bytes <= KEPT_BYTES_MAX && bytes > KEPT_BYTES_MAX / 2,
            "{bytes}"
        );
        let counted: HashSet<Envelope> = all.iter().map(|(envelope, _)| *envelope).collect();
        let (known, unknown) = arrived.known(&key(), &counted);
        assert_eq!((known.len(), unknown.len()), (3, 2));
    }
}
