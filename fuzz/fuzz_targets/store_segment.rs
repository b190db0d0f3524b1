//! A log of any bytes: the store opens or says why not, and no whole record is ever lost.
//!
//! An input that begins with `raw:` is the file behind its header as it stands. Any other is cut into payloads (a
//! byte of length in tens, then as many bytes), each framed with the right length and checksum, so that what a record
//! says is reached.
#![no_main]

use std::path::Path;

use comity_store::objects::embedded::EmbeddedObjects;
use comity_store::objects::query::{Filter, PageQuery};
use comity_store::objects::{ObjectStore, ViewId};
use libfuzzer_sys::fuzz_target;

const HEADER: &[u8] = b"COMITYS1";
const MAGIC: &[u8] = b"CmR1";

fn framed(mut input: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    while let Some((length, rest)) = input.split_first() {
        let (payload, rest) = rest.split_at(rest.len().min(usize::from(*length) * 10));
        file.extend_from_slice(MAGIC);
        file.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        file.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
        file.extend_from_slice(payload);
        input = rest;
    }
    file
}

/// Where the last whole record ends, wherever it stands.
fn last_whole(file: &[u8]) -> usize {
    let whole = |at: usize| {
        let rest = file.get(at..)?.strip_prefix(MAGIC)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (sum, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let payload = rest.get(..length)?;
        (crc32fast::hash(payload) == u32::from_le_bytes(*sum)).then_some(at + 12 + length)
    };
    (HEADER.len()..file.len())
        .filter_map(whole)
        .max()
        .unwrap_or(HEADER.len())
}

fn open_and_use(folder: &Path) -> bool {
    let Ok(store) = EmbeddedObjects::open(folder) else {
        return false;
    };
    for view in [1, 2] {
        let query = PageQuery {
            view: ViewId(view),
            added_after: None,
            after: None,
            limit: 10,
            filter: Filter::default(),
        };
        let _ = (
            store.page(&query, false),
            store.items(&query),
            store.summary(ViewId(view)),
        );
    }
    let _ = store.check();
    store.close().is_ok()
}

fuzz_target!(|input: &[u8]| {
    let mut file = HEADER.to_vec();
    match input.strip_prefix(b"raw:") {
        Some(raw) => file.extend_from_slice(raw),
        None => file.extend(framed(input)),
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("segment-00000001.log");
    std::fs::write(&path, &file).expect("a file");
    let opened = open_and_use(folder.path());
    let left = std::fs::read(&path).expect("the log stays");
    assert!(file.starts_with(&left), "the log is cut at most");
    assert!(
        left.len() >= last_whole(&file),
        "a whole record was cut off"
    );
    if opened {
        assert!(
            open_and_use(folder.path()),
            "what was opened and closed opens again"
        );
    }
});
