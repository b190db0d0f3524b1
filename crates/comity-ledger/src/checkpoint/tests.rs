//! The specification's example, its rules, and signing.

use super::*;
use crate::tree::leaf_hash;
use proptest::prelude::*;

/// From C2SP `tlog-checkpoint`, the introduction.
const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
    \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

#[test]
fn reads_the_specifications_example() {
    let signed = SignedCheckpoint::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(
        signed.checkpoint().origin.as_str(),
        "example.com/behind-the-sofa"
    );
    assert_eq!(signed.checkpoint().size, 20_852_163);
    assert_eq!(signed.to_string(), EXAMPLE);
}

#[test]
fn refuses_what_is_not_a_checkpoint() {
    let root = leaf_hash(b"");
    let check = |text: &str, expected: Result<usize, CheckpointError>| {
        let found = Checkpoint::parse(text).map(|found| found.extensions().len());
        assert_eq!(found, expected, "{text}");
    };
    check(&format!("a\n0\n{root}\n"), Ok(0));
    check(
        &format!("a b+c\n18446744073709551615\n{root}\none\ntwo\n"),
        Ok(2),
    );
    check("", Err(CheckpointError::TooFewLines));
    check("a\n0\n", Err(CheckpointError::TooFewLines));
    check(&format!("a\n0\n{root}"), Err(CheckpointError::TooFewLines));
    check(&format!("\n0\n{root}\n"), Err(CheckpointError::BadOrigin));
    check(
        &format!("a\r\n0\n{root}\n"),
        Err(CheckpointError::BadOrigin),
    );
    check(
        &format!("{}\n0\n{root}\n", "x".repeat(256)),
        Err(CheckpointError::BadOrigin),
    );
    check(&format!("a\n00\n{root}\n"), Err(CheckpointError::BadSize));
    check(&format!("a\n-1\n{root}\n"), Err(CheckpointError::BadSize));
    check(
        &format!("a\n18446744073709551616\n{root}\n"),
        Err(CheckpointError::BadSize),
    );
    check("a\n0\nAAAA\n", Err(CheckpointError::BadRoot));
    check(&format!("a\n0\n{root} \n"), Err(CheckpointError::BadRoot));
    check(
        &format!("a\n0\n{root}\n\n"),
        Err(CheckpointError::EmptyExtension),
    );
    check(
        &format!("a\n0\n{root}\n\none\n"),
        Err(CheckpointError::EmptyExtension),
    );
}

#[test]
fn a_log_signs_with_one_key_of_each_type() {
    let key = |kind| SigningKey::from_seed("log.example", kind, &[5; 32]).unwrap();
    let keys = [
        key(SignatureType::Ed25519),
        key(SignatureType::CosignatureMlDsa44),
    ];
    let origin = Origin::parse("log.example").unwrap();
    let checkpoint = Checkpoint::new(origin, 3, leaf_hash(b"root"));
    let signed = checkpoint.sign(&[&keys[0], &keys[1]], 77).unwrap();
    let signed = SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap();
    let verifiers = keys.each_ref().map(SigningKey::verifier);
    let times: Vec<_> = signed
        .verify(&verifiers)
        .unwrap()
        .iter()
        .map(|one| one.time)
        .collect();
    assert_eq!(times, [None, Some(77)]);
}

proptest! {
    #[test]
    fn what_is_read_writes_back(text in "[a-z ]{0,3}\n[0-9]{0,3}\n(47DEQpj8HBSa\\+/TImW\\+5JCeuQeRkm5NMpJWZG3hSuF[UV]=|[a-z]{0,3})\n([a-z]{0,3}\n){0,2}") {
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert_eq!(checkpoint.to_string(), text);
        }
    }
}
