//! The examples of C2SP `tlog-tiles`, paths in one form, and growth in any steps.

use super::*;
use crate::tree::{TreeHead, leaf_hash, verify_consistency, verify_inclusion};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("missing")]
struct Missing;

/// Tiles as rows: the widest of each.
#[derive(Default)]
struct Rows(BTreeMap<(u8, u64), Vec<u8>>);

impl Rows {
    fn read(&self, tile: &Tile) -> Result<Vec<u8>, Missing> {
        self.0
            .get(&(tile.level(), tile.index()))
            .cloned()
            .ok_or(Missing)
    }

    fn grow(&mut self, old: u64, leaves: &[Hash]) -> TreeHead {
        let growth = grow(old, leaves, |tile| self.read(tile)).unwrap();
        let new = old + leaves.len() as u64;
        let written: Vec<Tile> = growth.tiles.iter().map(|written| written.tile).collect();
        assert_eq!(written, tiles_written(old, new).collect::<Vec<_>>());
        for written in growth.tiles {
            assert_eq!(written.bytes.len(), 32 * usize::from(written.tile.width()));
            self.0
                .insert((written.tile.level(), written.tile.index()), written.bytes);
        }
        growth.head
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count)
        .map(|index| leaf_hash(&index.to_be_bytes()))
        .collect()
}

#[test]
fn a_tree_of_70_000_has_the_tiles_that_the_specification_counts() {
    let check = |size: u64, level: u8, full: usize, partial: Option<u16>| {
        let tiles: Vec<Tile> = tiles_of(size)
            .filter(|tile| tile.level() == level)
            .collect();
        assert_eq!(tiles.iter().filter(|tile| tile.is_full()).count(), full);
        let widths: Vec<u16> = tiles
            .iter()
            .filter(|tile| !tile.is_full())
            .map(Tile::width)
            .collect();
        assert_eq!(widths, partial.into_iter().collect::<Vec<_>>());
    };
    check(70_000, 0, 273, Some(112));
    check(70_000, 1, 1, Some(17));
    check(70_000, 2, 0, Some(1));
    check(70_000, 3, 0, None);
    assert_eq!(tiles_of(70_000).count(), 277);
    assert_eq!(bundles_of(70_000).count(), 274);
    check(256, 0, 1, None);
    check(256, 1, 0, Some(1));
    check(0, 0, 0, None);
    check(1, 0, 0, Some(1));
}

#[test]
fn a_path_has_one_form() {
    let check = |path: &str| assert_eq!(Resource::parse(path).unwrap().to_string(), path);
    check("checkpoint");
    check("tile/0/x001/x234/067");
    check("tile/0/000");
    check("tile/63/999.p/255");
    check("tile/entries/x001/000.p/1");
    assert_eq!(
        Resource::parse("tile/0/x001/x234/067"),
        Ok(Resource::Tile(Tile::new(0, 1_234_067, 256).unwrap()))
    );
    let refuse = |path: &str| assert_eq!(Resource::parse(path), Err(PathError), "{path}");
    for path in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/64/000",
        "tile/00/000",
        "tile/+1/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1/",
        "tile/0/+01",
        "tile/8/0/000",
        "tile/data/000",
        "tile/0/x1/000",
        "/checkpoint",
        "tile/0/x99999999999999999999/000",
        "tile/0/x018/x446/x744/x073/x709/x551/x616",
    ] {
        refuse(path);
    }
}

#[test]
fn a_bundle_holds_its_entries() {
    let check = |entries: &[&[u8]], expected: &[u8]| {
        assert_eq!(encode_bundle(entries).unwrap(), expected);
        assert_eq!(decode_bundle(expected).unwrap(), entries);
    };
    check(&[], &[]);
    check(&[b"", b"ab"], &[0, 0, 0, 2, b'a', b'b']);
    assert_eq!(decode_bundle(&[0]), Err(BundleError::CutShort));
    assert_eq!(decode_bundle(&[0, 2, 1]), Err(BundleError::CutShort));
    assert_eq!(decode_bundle(&[0; 514]), Err(BundleError::TooManyEntries));
    assert_eq!(encode_bundle(&[b""; 257]), Err(BundleError::TooManyEntries));
    let bytes = ENTRY_BYTES_MAX + 1;
    assert_eq!(
        encode_bundle(&[vec![0; bytes]]),
        Err(BundleError::EntryTooLong { bytes })
    );
    encode_bundle(&[vec![0; ENTRY_BYTES_MAX]]).unwrap();
}

#[test]
fn proofs_come_from_tiles_at_any_size_the_tree_ever_had() {
    let all = leaves(70_000);
    let mut rows = Rows::default();
    let head = rows.grow(0, &all);
    assert_eq!(head.root, crate::tree::root_of(&all));
    for size in [
        1, 2, 255, 256, 257, 1000, 65_535, 65_536, 65_537, 69_999, 70_000,
    ] {
        let mut tiles = Tiles::new(size, |tile: &Tile| rows.read(tile));
        let smaller = tiles.head().unwrap();
        for index in [0, size / 3, size / 2, size - 1] {
            let leaf = tiles.leaf(index).unwrap();
            let proof = tiles.inclusion_proof(index).unwrap();
            assert_eq!(verify_inclusion(&leaf, index, &smaller, &proof), Ok(()));
        }
        let mut now = Tiles::new(70_000, |tile: &Tile| rows.read(tile));
        assert_eq!(now.head_at(size).unwrap(), smaller);
        let proof = now.consistency_proof(size).unwrap();
        assert_eq!(verify_consistency(&smaller, &head, &proof), Ok(()));
    }
}

#[test]
fn tiles_that_are_missing_or_too_short_are_named() {
    let mut none = Tiles::new(300, |_: &Tile| Err::<Vec<u8>, _>(Missing));
    let error = none.inclusion_proof(3).unwrap_err();
    assert_eq!(error.to_string(), "cannot read tile/0/001.p/44");
    let mut short = Tiles::new(300, |_: &Tile| Ok::<_, Missing>(vec![0; 32 * 43]));
    let error = short.head().unwrap_err();
    assert_eq!(
        error.to_string(),
        "tile/0/001.p/44 has 1376 bytes, not those of 44 hashes; fetch or rebuild it"
    );
    assert!(matches!(
        short.inclusion_proof(300),
        Err(ReadError::OutOfRange(_))
    ));
    assert!(matches!(short.leaf(300), Err(ReadError::OutOfRange(_))));
    assert!(matches!(short.head_at(301), Err(ReadError::OutOfRange(_))));
}

proptest! {
    #[test]
    fn growth_in_steps_is_growth_at_once(steps in prop::collection::vec(0..700_u64, 1..6)) {
        let all = leaves(steps.iter().sum());
        let mut rows = Rows::default();
        let mut size = 0;
        for step in steps {
            let from = usize::try_from(size).unwrap();
            let to = usize::try_from(size + step).unwrap();
            let head = rows.grow(size, &all[from..to]);
            prop_assert_eq!(head.root, crate::tree::root_of(&all[..to]));
            size += step;
        }
        let mut at_once = Rows::default();
        at_once.grow(0, &all);
        prop_assert_eq!(rows.0, at_once.0);
    }

    #[test]
    fn any_path_that_is_read_writes_back(path in "(tile/)?(entries|[0-9]{1,2})/(x[0-9]{3}/){0,3}[0-9]{3}(\\.p/[0-9]{1,3})?") {
        if let Ok(resource) = Resource::parse(&path) {
            prop_assert_eq!(resource.to_string(), path);
        }
    }
}
