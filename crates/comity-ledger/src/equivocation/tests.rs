//! What proves two histories, and what does not.

use super::*;
use crate::checkpoint::{Checkpoint, Origin};
use crate::key::{SignatureType, SigningKey};
use crate::tree::{Frontier, leaf_hash, root_of};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed("log.example", SignatureType::Ed25519, &[seed; 32]).unwrap()
}

fn signed(origin: &str, size: u64, root: Hash) -> SignedCheckpoint {
    let checkpoint = Checkpoint::new(Origin::parse(origin).unwrap(), size, root);
    checkpoint.sign(&[&key(1)], 0).unwrap()
}

#[test]
fn two_roots_of_one_size_convict() {
    let [one, other] =
        [leaf_hash(b"1"), leaf_hash(b"2")].map(|root| signed("log.example", 5, root));
    let check = |first: &SignedCheckpoint,
                 second: &SignedCheckpoint,
                 seed: u8,
                 expected: Result<(), NoEquivocation>| {
        let proof = Equivocation::same_size(first.clone(), second.clone());
        let read = Equivocation::parse(proof.to_string().as_bytes()).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(&[key(seed).verifier()]), expected);
    };
    check(&one, &other, 1, Ok(()));
    check(&one, &one, 1, Err(NoEquivocation::Consistent));
    check(
        &one,
        &other,
        2,
        Err(NoEquivocation::Signature(NoteError::NoKnownSignature)),
    );
    let elsewhere = signed("log.example/e2", 5, leaf_hash(b"2"));
    check(&one, &elsewhere, 1, Err(NoEquivocation::TwoLogs));
    let larger = signed("log.example", 6, leaf_hash(b"2"));
    let length = ProofError::WrongLength { hashes: 0 };
    check(&one, &larger, 1, Err(NoEquivocation::Proof(length)));
}

#[test]
fn a_smaller_tree_that_is_no_beginning_convicts() {
    let leaves: Vec<Hash> = (0..2_u8).map(|index| leaf_hash(&[index])).collect();
    let larger = signed(
        "log.example",
        2,
        leaves.iter().copied().collect::<Frontier>().root(),
    );
    let check = |claimed: Hash, expected: Result<(), NoEquivocation>| {
        let smaller = signed("log.example", 1, claimed);
        let proof = Equivocation::prefix(smaller, larger.clone(), leaves[0], vec![leaves[1]]);
        let read = Equivocation::parse(proof.to_string().as_bytes()).unwrap();
        assert_eq!(read.verify(&[key(1).verifier()]), expected);
    };
    check(leaf_hash(b"other"), Ok(()));
    check(root_of(&leaves[..1]), Err(NoEquivocation::Consistent));
}

#[test]
fn refuses_what_is_no_proof() {
    let [one, other] =
        [leaf_hash(b"1"), leaf_hash(b"2")].map(|root| signed("log.example", 5, root));
    let good = Equivocation::same_size(one, other).to_string();
    let check = |from: &str, to: &str, malformed: bool| {
        let error = Equivocation::parse(good.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert_eq!(error == EquivocationError::Malformed, malformed, "{error}");
    };
    check("/v1", "/v2", true);
    check("smaller ", "smaller 0", true);
    check("smaller ", "smaller 9999", true);
    check("smaller 1", "smaller ", false);
    check("root ", "root", true);
    check("\n\n", "\nAAAA\n\n", true);
}
