//! Proofs, openings and proofs of equivocation of any bytes: what is read writes back.
#![no_main]

use comity_ledger::commitment::Opening;
use comity_ledger::equivocation::Equivocation;
use comity_ledger::policy::Policy;
use comity_ledger::proof::LogProof;
use comity_ledger::tree::leaf_hash;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(proof) = LogProof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
        let nobody = Policy::parse(b"quorum none\n").expect("a policy");
        assert!(proof.verify(&leaf_hash(bytes), &nobody).is_err());
    }
    if let Ok(opening) = Opening::parse(bytes) {
        assert_eq!(opening.to_string().as_bytes(), bytes);
    }
    if let Ok(equivocation) = Equivocation::parse(bytes) {
        assert_eq!(equivocation.to_string().as_bytes(), bytes);
        assert!(equivocation.verify(&[]).is_err());
    }
});
