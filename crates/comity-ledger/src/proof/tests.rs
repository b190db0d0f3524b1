//! Round trips, refusals, and verification against a policy.

use super::*;
use crate::checkpoint::{Checkpoint, Origin};
use crate::key::{SignatureType, SigningKey};
use crate::tree::{Frontier, Node, OutOfRange, inclusion_proof, leaf_hash, root_of};
use proptest::prelude::*;

fn key() -> SigningKey {
    SigningKey::from_seed("log.example", SignatureType::Ed25519, &[1; 32]).unwrap()
}

fn proof(size: usize, index: usize) -> LogProof {
    let leaves: Vec<Hash> = (0..size)
        .map(|leaf| leaf_hash(&leaf.to_be_bytes()))
        .collect();
    let frontier: Frontier = leaves.iter().copied().collect();
    let origin = Origin::parse("log.example").unwrap();
    let checkpoint = Checkpoint::new(origin, size as u64, frontier.root());
    let mut read = |node: Node| {
        let start = usize::try_from(node.index << node.height).unwrap();
        Ok::<_, OutOfRange>(root_of(&leaves[start..start + (1 << node.height)]))
    };
    let hashes = inclusion_proof(index as u64, size as u64, &mut read).unwrap();
    LogProof::new(index as u64, hashes, checkpoint.sign(&[&key()], 0).unwrap())
}

fn policy() -> Policy {
    Policy::parse(format!("log {}\nquorum none\n", key().verifier()).as_bytes()).unwrap()
}

#[test]
fn a_proof_verifies_for_its_entry_only() {
    let proof = LogProof::parse(proof(13, 5).to_string().as_bytes()).unwrap();
    proof
        .verify(&leaf_hash(&5_usize.to_be_bytes()), &policy())
        .unwrap();
    let refused = proof.verify(&leaf_hash(&6_usize.to_be_bytes()), &policy());
    assert_eq!(
        refused.unwrap_err(),
        NotProven::Inclusion(ProofError::OtherRoot)
    );
    let nobody = Policy::parse(b"quorum none\n").unwrap();
    let refused = proof.verify(&leaf_hash(&5_usize.to_be_bytes()), &nobody);
    assert!(matches!(
        refused,
        Err(NotProven::Checkpoint(Refused::UnknownLog { .. }))
    ));
}

#[test]
fn refuses_what_is_not_a_proof() {
    let good = proof(2, 1)
        .with_extra(b"extra".to_vec())
        .unwrap()
        .to_string();
    LogProof::parse(good.as_bytes()).unwrap();
    let check = |from: &str, to: &str, expected: LogProofError| {
        let text = good.replacen(from, to, 1);
        assert_eq!(
            LogProof::parse(text.as_bytes()).unwrap_err(),
            expected,
            "{text}"
        );
    };
    check("@v1", "@v2", LogProofError::BadHeader);
    check("extra ", "extra", LogProofError::BadExtra);
    check("extra ", "extra !", LogProofError::BadExtra);
    check("index 1", "index 01", LogProofError::BadIndex);
    check("index 1", "index", LogProofError::BadIndex);
    check("index 1\n", "", LogProofError::BadIndex);
    check("index 1\n", "index 1\nAAAA\n", LogProofError::BadHashes);
    check("index 1\n", "index 1\r\n", LogProofError::BadIndex);
    check(
        "index 1\n",
        "index 1\n\n",
        LogProofError::Checkpoint(CheckpointError::BadSize),
    );
    check("\n\n", "\n", LogProofError::BadHashes);
    let hash = format!("{}\n", leaf_hash(b""));
    check(
        "index 1\n",
        &format!("index 1\n{}", hash.repeat(63)),
        LogProofError::BadHashes,
    );
    let bytes = FILE_BYTES_MAX + 1;
    let long = LogProof::parse(&vec![b'x'; bytes]).unwrap_err();
    assert_eq!(long, LogProofError::TooLong { bytes });
    assert_eq!(
        proof(2, 1)
            .with_extra(vec![0; EXTRA_BYTES_MAX + 1])
            .unwrap_err(),
        LogProofError::BadExtra
    );
}

proptest! {
    #[test]
    fn what_is_read_writes_back(size in 1..40_usize, index: prop::sample::Index, extra: Option<Vec<u8>>, at: prop::sample::Index, byte: u8) {
        let mut made = proof(size, index.index(size));
        if let Some(extra) = extra {
            made = made.with_extra(extra).unwrap();
        }
        let mut bytes = made.to_string().into_bytes();
        prop_assert_eq!(LogProof::parse(&bytes).unwrap(), made);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(changed) = LogProof::parse(&bytes) {
            prop_assert_eq!(changed.to_string().into_bytes(), bytes);
        }
    }
}
