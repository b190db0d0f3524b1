//! Proof files of any bytes: no panic, and nothing is shown that was not signed.
#![no_main]

use comity_node::ledger::proof_file::ProofFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = ProofFile::parse(bytes) {
        let written = serde_json::to_vec(&file).expect("a file is written");
        assert_eq!(ProofFile::parse(&written).as_ref(), Ok(&file));
        // Sentences are made anew: whatever the file says, they come from what verifies.
        let mut bare = file.clone();
        bare.shows.clear();
        assert_eq!(bare.verify(), file.verify());
    }
});
