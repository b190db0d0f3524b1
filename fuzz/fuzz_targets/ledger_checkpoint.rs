//! Checkpoints, paths of tiles and bundles of any bytes: what is read writes back.
#![no_main]

use comity_ledger::checkpoint::{Checkpoint, SignedCheckpoint};
use comity_ledger::tile::{Resource, decode_bundle, encode_bundle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(signed) = SignedCheckpoint::parse(bytes) {
        assert_eq!(signed.to_string().as_bytes(), bytes);
    }
    if let Ok(entries) = decode_bundle(bytes) {
        assert_eq!(encode_bundle(&entries).as_deref(), Ok(bytes));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(resource) = Resource::parse(text) {
        assert_eq!(resource.to_string(), text);
    }
});
