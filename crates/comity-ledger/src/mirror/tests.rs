//! Honest growth, rewritten history, and conviction.

use super::*;
use crate::checkpoint::{Checkpoint, Origin};
use crate::equivocation::NoEquivocation;
use crate::key::{SignatureType, SigningKey};
use crate::tree::leaf_hash;
use std::collections::BTreeMap;

#[derive(Debug, thiserror::Error)]
#[error("missing")]
struct Missing;

/// A log's tiles, as rows.
#[derive(Default, Clone)]
struct Rows(BTreeMap<(u8, u64), Vec<u8>>);

impl Rows {
    fn of(leaves: &[Hash]) -> Self {
        let mut rows = Self::default();
        let growth = grow(0, leaves, |_| Err::<Vec<u8>, _>(Missing)).unwrap();
        rows.keep(growth);
        rows
    }

    fn keep(&mut self, growth: Growth) {
        let rows = growth.tiles.into_iter();
        self.0
            .extend(rows.map(|one| ((one.tile.level(), one.tile.index()), one.bytes)));
    }

    fn read(&self, tile: &Tile) -> Result<Vec<u8>, Missing> {
        self.0
            .get(&(tile.level(), tile.index()))
            .cloned()
            .ok_or(Missing)
    }
}

fn key() -> SigningKey {
    SigningKey::from_seed("log.example", SignatureType::Ed25519, &[1; 32]).unwrap()
}

fn leaves(count: u64, seed: u64) -> Vec<Hash> {
    (0..count)
        .map(|index| leaf_hash(&(index ^ (seed << 40)).to_be_bytes()))
        .collect()
}

fn signed(leaves: &[Hash]) -> SignedCheckpoint {
    let origin = Origin::parse("log.example").unwrap();
    let checkpoint = Checkpoint::new(origin, leaves.len() as u64, crate::tree::root_of(leaves));
    checkpoint.sign(&[&key()], 0).unwrap()
}

fn take(
    held: &[Hash],
    mirror: &Rows,
    theirs: &[Hash],
    claimed: &SignedCheckpoint,
) -> Result<Growth, MirrorError<Missing>> {
    let claim = Claim {
        held: signed(held).checkpoint().head(),
        checkpoint: claimed,
    };
    let partner = Rows::of(theirs);
    extend(claim, |tile| partner.read(tile), |tile| mirror.read(tile))
}

#[test]
fn a_mirror_follows_honest_growth() {
    let all = leaves(70_000, 0);
    let mut mirror = Rows::default();
    let mut held = 0;
    for size in [0, 1, 100, 256, 1000, 1000, 66_000, 70_000] {
        let growth = take(&all[..held], &mirror, &all[..size], &signed(&all[..size])).unwrap();
        mirror.keep(growth);
        held = size;
    }
    assert_eq!(mirror.0, Rows::of(&all).0);
}

#[test]
fn rewritten_history_is_not_taken_in() {
    let (all, other) = (leaves(1000, 0), leaves(1000, 1));
    let mirror = Rows::of(&all[..300]);
    let taken =
        |theirs: &[Hash], claimed: &[Hash]| take(&all[..300], &mirror, theirs, &signed(claimed));
    assert!(taken(&all, &all).is_ok());
    assert!(matches!(
        taken(&other, &other),
        Err(MirrorError::Rewritten { index: 256 })
    ));
    let mut early = all.clone();
    early[3] = leaf_hash(b"rewritten");
    // The tile of leaf 3 is not fetched again: the root tells.
    assert!(matches!(
        taken(&early, &early),
        Err(MirrorError::OtherRoot { .. })
    ));
    assert!(matches!(
        taken(&all, &other),
        Err(MirrorError::OtherRoot { .. })
    ));
    assert!(matches!(
        taken(&all[..500], &all),
        Err(MirrorError::Tile(_))
    ));
    assert!(matches!(
        taken(&all[..200], &all[..200]),
        Err(MirrorError::Smaller)
    ));
}

#[test]
fn a_fork_of_another_size_is_convicted_and_anybody_can_tell() {
    let (all, other) = (leaves(1000, 0), leaves(1000, 1));
    let (rows, larger) = (Rows::of(&all), signed(&all));
    for size in [0, 1, 255, 256, 257, 512, 999, 1000] {
        let forked = convict(&signed(&other[..size]), &larger, |tile| rows.read(tile)).unwrap();
        assert_eq!(forked.is_some(), size > 0);
        if let Some(proof) = forked {
            assert_eq!(proof.verify(&[key().verifier()]), Ok(()));
        }
        let honest = convict(&signed(&all[..size]), &larger, |tile| rows.read(tile)).unwrap();
        assert_eq!(honest, None);
    }
}

#[test]
fn an_honest_log_is_not_convicted_by_other_tiles() {
    let (all, other) = (leaves(1000, 0), leaves(1000, 1));
    let rows = Rows::of(&other);
    let convicted = convict(&signed(&all[..300]), &signed(&all), |tile| rows.read(tile));
    assert!(matches!(convicted, Err(MirrorError::OtherRoot { .. })));
    let invented = Equivocation::prefix(signed(&all[..300]), signed(&all), leaf_hash(b"x"), vec![]);
    let refused = invented.verify(&[key().verifier()]);
    assert!(matches!(refused, Err(NoEquivocation::Proof(_))));
}
