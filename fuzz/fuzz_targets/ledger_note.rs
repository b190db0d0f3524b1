//! Signed notes of any bytes: what is read writes back, with and without known keys.
#![no_main]

use comity_ledger::key::VerifierKey;
use comity_ledger::note::Note;
use libfuzzer_sys::fuzz_target;

const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fuzz_target!(|bytes: &[u8]| {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let key = VerifierKey::parse(VKEY).expect("the specification's example");
        let _ = note.verify(&[key]);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(key) = VerifierKey::parse(text)
    {
        assert_eq!(key.to_string(), text);
    }
});
