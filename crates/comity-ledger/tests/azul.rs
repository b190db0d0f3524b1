//! Our log under the crates of another implementation: `signed_note` reads our notes, `tlog_tiles` our tiles and proofs.
//!
//! Its paths are those of Go's checksum database, `tile/8/LEVEL/...`; everything below is the same bytes.
//!
//! In scope: notes, inclusion and consistency, both ways; damaged tiles. Out of scope: cosignatures, which they lack.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a panic is a failed test"
)]

use std::cell::RefCell;
use std::collections::HashMap;
use std::convert::Infallible;

use comity_ledger::checkpoint::{Checkpoint, Origin};
use comity_ledger::key::{SignatureType, SigningKey};
use comity_ledger::leaf::Leaf;
use comity_ledger::tile::{Growth, Tile, Tiles, grow};
use comity_ledger::tree::{
    Hash, TreeHead, leaf_hash, root_of, verify_consistency, verify_inclusion,
};
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{
    Error, TileHashReader, TileReader, check_record, check_tree, prove_record, prove_tree,
};

const ORIGIN: &str = "log.example/e1";
const SIZE: u64 = 70_000;
const SMALLER: u64 = 1_000;

struct Log {
    leaves: Vec<Hash>,
    growth: Growth,
    tiles: RefCell<HashMap<String, Vec<u8>>>,
}

impl Log {
    fn make() -> Self {
        let entry = |index: u64| Leaf::padding(*leaf_hash(&index.to_be_bytes()).as_bytes()).hash();
        let leaves: Vec<Hash> = (0..SIZE).map(entry).collect();
        let growth = grow(0, &leaves, |_| Ok::<_, Infallible>(Vec::new())).unwrap();
        let written = growth.tiles.iter();
        let tiles = written
            .map(|one| (one.tile.to_string(), one.bytes.clone()))
            .collect();
        Self {
            leaves,
            growth,
            tiles: RefCell::new(tiles),
        }
    }

    fn root_at(&self, size: u64) -> Hash {
        root_of(&self.leaves[..usize::try_from(size).unwrap()])
    }

    /// A tile as our own reader takes it: partial where the tree needs no more.
    fn tile(&self, tile: &Tile) -> Vec<u8> {
        let held = self.tiles.borrow();
        held.get(&tile.to_string()).cloned().unwrap_or_default()
    }
}

impl TileReader for Log {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, Error> {
        let held = self.tiles.borrow();
        let read = |tile: &tlog_tiles::Tile| {
            let path = tile.path().replacen("tile/8/", "tile/", 1);
            let full = path.split(".p/").next().unwrap_or_default();
            let width = usize::try_from(tile.width()).unwrap() * 32;
            let bytes = held.get(&path).or_else(|| held.get(full));
            bytes
                .and_then(|bytes| bytes.get(..width))
                .map(<[u8]>::to_vec)
                .ok_or(Error::InvalidTile)
        };
        tiles.iter().map(read).collect()
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

fn theirs(hash: &Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash::new(hash.0)).collect()
}

#[test]
fn signed_note_verifies_our_checkpoint_and_refuses_a_changed_one() {
    let log = Log::make();
    let key = SigningKey::from_seed(ORIGIN, SignatureType::Ed25519, &[1; 32]).unwrap();
    let head = log.growth.head;
    let statement = Checkpoint::new(Origin::parse(ORIGIN).unwrap(), head.size, head.root);
    let signed = statement.sign(&[&key], 0).unwrap().to_string();
    let known = || {
        let verifier = StandardVerifier::new(&key.verifier().to_string()).unwrap();
        VerifierList::new(vec![Box::new(verifier)])
    };
    let note = Note::from_bytes(signed.as_bytes()).unwrap();
    assert_eq!(note.verify(&known()).unwrap().0.len(), 1);
    let read = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
    assert_eq!((read.origin(), read.size()), (ORIGIN, SIZE));
    assert_eq!(read.hash().0, *head.root.as_bytes());
    let changed = signed.replacen("70000", "70001", 1);
    assert!(
        Note::from_bytes(changed.as_bytes())
            .unwrap()
            .verify(&known())
            .is_err()
    );
}

#[test]
fn tlog_tiles_proves_from_our_tiles_and_takes_our_proofs() {
    let log = Log::make();
    let root = log.growth.head.root;
    let reader = TileHashReader::new(SIZE, theirs(&root), &log);
    for index in [0_u64, 255, 256, 12_345, 65_536, 69_999] {
        let leaf = &log.leaves[usize::try_from(index).unwrap()];
        let proof = prove_record(SIZE, index, &reader).unwrap();
        check_record(&proof, SIZE, theirs(&root), index, theirs(leaf)).unwrap();
        let made = Tiles::new(SIZE, |tile: &Tile| Ok::<_, Infallible>(log.tile(tile)))
            .inclusion_proof(index)
            .unwrap();
        assert_eq!(ours(&proof), made, "inclusion of {index}");
        verify_inclusion(leaf, index, &log.growth.head, &made).unwrap();
        let mut wrong = proof;
        wrong[0].0[0] ^= 1;
        assert!(check_record(&wrong, SIZE, theirs(&root), index, theirs(leaf)).is_err());
    }
    let old = log.root_at(SMALLER);
    let proof = prove_tree(SIZE, SMALLER, &reader).unwrap();
    check_tree(&proof, SIZE, theirs(&root), SMALLER, theirs(&old)).unwrap();
    let made = Tiles::new(SIZE, |tile: &Tile| Ok::<_, Infallible>(log.tile(tile)))
        .consistency_proof(SMALLER)
        .unwrap();
    assert_eq!(ours(&proof), made);
    let smaller = TreeHead {
        size: SMALLER,
        root: old,
    };
    verify_consistency(&smaller, &log.growth.head, &made).unwrap();
}

#[test]
fn tlog_tiles_refuses_a_damaged_tile() {
    let log = Log::make();
    log.tiles.borrow_mut().get_mut("tile/0/005").unwrap()[40] ^= 1;
    let root = theirs(&log.growth.head.root);
    let reader = TileHashReader::new(SIZE, root, &log);
    let proven = |index: u64| {
        let leaf = theirs(&log.leaves[usize::try_from(index).unwrap()]);
        let proof = prove_record(SIZE, index, &reader)?;
        check_record(&proof, SIZE, root, index, leaf)
    };
    assert!(proven(5 * 256).is_err());
    assert!(proven(6 * 256).is_ok());
}
