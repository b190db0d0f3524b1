//! Logs in memory as files, whole and broken.

use super::*;
use crate::checkpoint::{Checkpoint, Origin};
use crate::key::{SignatureType, SigningKey};
use crate::leaf::Leaf;
use crate::tile::{bundles_of, encode_bundle, grow};
use std::collections::BTreeMap;
use std::convert::Infallible;

type Files = BTreeMap<String, Vec<u8>>;

fn key() -> SigningKey {
    SigningKey::from_seed("log.example", SignatureType::Ed25519, &[1; 32]).unwrap()
}

fn log(size: u64) -> Files {
    let entries: Vec<Leaf> = (0..size)
        .map(|index| Leaf::padding(*leaf_hash(&index.to_be_bytes()).as_bytes()))
        .collect();
    let hashes: Vec<Hash> = entries.iter().map(Leaf::hash).collect();
    let growth = grow(0, &hashes, |_| Ok::<_, Infallible>(vec![])).unwrap();
    let written = growth.tiles.into_iter();
    let mut files: Files = written
        .map(|one| (one.tile.to_string(), one.bytes))
        .collect();
    for bundle in bundles_of(size) {
        let within: Vec<&[u8]> = bundle
            .entries()
            .unwrap()
            .map(|index| {
                entries[usize::try_from(index).unwrap()]
                    .as_bytes()
                    .as_slice()
            })
            .collect();
        files.insert(bundle.to_string(), encode_bundle(&within).unwrap());
    }
    let origin = Origin::parse("log.example").unwrap();
    let checkpoint = Checkpoint::new(origin, size, growth.head.root);
    let signed = checkpoint.sign(&[&key()], 0).unwrap();
    files.insert("checkpoint".to_owned(), signed.to_string().into_bytes());
    files
}

fn report(files: &Files, extent: Extent) -> Report {
    let mut layout = Layout::new(|path: &str| Ok::<_, Infallible>(files.get(path).cloned()));
    check(&mut layout, &[key().verifier()], extent)
}

fn flip(files: &mut Files, path: &str, at: usize) {
    files.get_mut(path).unwrap()[at] ^= 1;
}

fn texts(report: &Report) -> Vec<String> {
    report.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_log_is_sound() {
    for (size, count) in [(0, 0), (1, 2), (256, 3), (257, 5), (70_000, 277 + 274)] {
        let files = log(size);
        let found = report(&files, Extent::Entries);
        assert!(found.is_sound(), "{:?}", found.problems);
        assert_eq!((found.head.unwrap().size, found.files), (size, count));
        let hashes_only = files
            .into_iter()
            .filter(|(path, _)| !path.contains("entries"))
            .collect();
        assert!(report(&hashes_only, Extent::HashTiles).is_sound());
    }
}

#[test]
fn every_changed_byte_is_found_and_its_file_named() {
    let files = log(70_000);
    let check = |path: &str, at: usize, extent: Extent, expected: &[&str]| {
        let mut broken = files.clone();
        flip(&mut broken, path, at);
        let found = texts(&report(&broken, extent));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }
    };
    let both = ["tile/0/005 does not hash", "entry 1281 does not hash"];
    check("tile/0/005", 40, Extent::Entries, &both);
    check("tile/0/005", 40, Extent::HashTiles, &both[..1]);
    check(
        "tile/entries/005",
        60,
        Extent::Entries,
        &["entry 1281 does not hash"],
    );
    check(
        "tile/entries/005",
        0,
        Extent::Entries,
        &["tile/entries/005 is not 256 whole"],
    );
    let edge = ["entry 69888 does not hash", "the tiles make the root"];
    check("tile/0/273.p/112", 0, Extent::Entries, &edge);
    check(
        "tile/1/000",
        0,
        Extent::HashTiles,
        &["tile/0/000 does not hash", "tile/1/000 does not hash"],
    );
    check(
        "tile/2/000.p/1",
        0,
        Extent::HashTiles,
        &["tile/1/000 does not hash", "the tiles make the root"],
    );
    let signed = ["the checkpoint is not signed", "the tiles make the root"];
    check("checkpoint", 12, Extent::HashTiles, &signed);
}

#[test]
fn missing_and_cut_files_are_named() {
    let check = |path: &str, bytes: Option<&[u8]>, expected: &str| {
        let mut files = log(300);
        files.remove(path);
        files.extend(bytes.map(|bytes| (path.to_owned(), bytes.to_vec())));
        let found = texts(&report(&files, Extent::Entries));
        assert_eq!(found.first().map(String::as_str), Some(expected));
    };
    check(
        "tile/0/000",
        None,
        "tile/0/000 is missing; export the log again",
    );
    check(
        "tile/0/001.p/44",
        None,
        "tile/0/001.p/44 is missing; export the log again",
    );
    check(
        "tile/0/001.p/44",
        Some(&[0; 31]),
        "tile/0/001.p/44 is not 44 whole hashes or entries long",
    );
    check(
        "tile/entries/000",
        None,
        "tile/entries/000 is missing; export the log again",
    );
    check(
        "checkpoint",
        None,
        "checkpoint is missing; export the log again",
    );
    check(
        "checkpoint",
        Some(b"x"),
        "the checkpoint cannot be read: the checkpoint is not a signed note: the note has no signatures behind an empty line; it may be cut short",
    );
}

#[test]
fn a_full_tile_stands_in_for_the_partial_one_it_replaced() {
    let mut files = log(512);
    let smaller = log(300);
    files.insert("checkpoint".to_owned(), smaller["checkpoint"].clone());
    files.insert(
        "tile/1/000.p/1".to_owned(),
        smaller["tile/1/000.p/1"].clone(),
    );
    assert_eq!(texts(&report(&files, Extent::Entries)), [""; 0]);
}

#[test]
fn problems_are_counted_when_they_are_too_many_to_name() {
    let mut files = log(1000);
    files.retain(|path, _| !path.contains("entries"));
    for bundle in bundles_of(1000) {
        let forged: Vec<Vec<u8>> = (0..bundle.width()).map(|_| b"forged".to_vec()).collect();
        files.insert(bundle.to_string(), encode_bundle(&forged).unwrap());
    }
    let found = report(&files, Extent::Entries);
    assert_eq!((found.problems.len(), found.more_problems), (100, 900));
}

#[test]
fn a_check_ends_whatever_size_a_checkpoint_claims() {
    let origin = Origin::parse("log.example").unwrap();
    let checkpoint = Checkpoint::new(origin, u64::MAX, leaf_hash(b""));
    let signed = checkpoint.sign(&[&key()], 0).unwrap();
    let files = Files::from([("checkpoint".to_owned(), signed.to_string().into_bytes())]);
    let found = report(&files, Extent::Entries);
    assert_eq!(found.problems.len(), PROBLEMS_MAX);
    assert!(found.more_problems >= PROBLEMS_COUNTED_MAX);
}
