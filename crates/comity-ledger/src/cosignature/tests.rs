//! The two messages byte by byte, and what a cosignature covers.

use super::*;
use crate::checkpoint::{Origin, SignedCheckpoint};
use crate::key::SigningKey;
use crate::note::NoteError;
use crate::tree::Hash;

fn checkpoint() -> Checkpoint {
    let root = Hash::parse("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=").unwrap();
    Checkpoint::new(
        Origin::parse("example.com/behind-the-sofa").unwrap(),
        20_852_163,
        root,
    )
}

fn key(name: &str, kind: SignatureType) -> SigningKey {
    SigningKey::from_seed(name, kind, &[9; 32]).unwrap()
}

#[test]
fn the_messages_are_those_of_the_specification() {
    // The Ed25519 message is the specification's own example.
    assert_eq!(
        ed25519_message(&checkpoint().to_string(), 1_679_315_147),
        "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n\
         CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    );
    let mut expected =
        b"subtree/v1\n\0\x03w/1\0\0\0\0\x64\x18\x50\xcb\x1bexample.com/behind-the-sofa".to_vec();
    expected.extend_from_slice(&[0; 8]);
    expected.extend_from_slice(&[0, 0, 0, 0, 0x01, 0x3e, 0x2d, 0xc3]);
    expected.extend_from_slice(checkpoint().root.as_bytes());
    assert_eq!(
        ml_dsa_message("w/1", 1_679_315_147, &checkpoint()),
        expected
    );
}

#[test]
fn a_cosignature_covers_tree_time_and_key() {
    let kinds = [
        SignatureType::CosignatureEd25519,
        SignatureType::CosignatureMlDsa44,
    ];
    for (kind, length) in kinds.into_iter().zip([72, 2428]) {
        let key = key("witness.example/w1", kind);
        let text = checkpoint().to_string();
        let line = cosign(&key, &checkpoint(), 1_679_315_147);
        assert_eq!(line.bytes().len(), length);
        let check = |text: &str, bytes: &[u8], expected: Option<u64>| {
            assert_eq!(verify(&key.verifier(), text, bytes), expected);
        };
        check(&text, line.bytes(), Some(1_679_315_147));
        check(
            &text.replacen("20852163", "20852164", 1),
            line.bytes(),
            None,
        );
        check(&text.replacen("behind", "before", 1), line.bytes(), None);
        check(&text.replacen("CsUY", "DsUY", 1), line.bytes(), None);
        check("not a checkpoint\n", line.bytes(), None);
        let mut later = line.bytes().to_vec();
        later[7] += 1;
        check(&text, &later, None);
        check(&text, &line.bytes()[..length - 1], None);
        check(&text, &line.bytes()[..7], None);
        let stranger = SigningKey::from_seed("witness.example/w1", kind, &[8; 32]).unwrap();
        assert_eq!(verify(&stranger.verifier(), &text, line.bytes()), None);
    }
}

#[test]
fn ml_dsa_covers_the_name_and_not_the_extension_lines() {
    let kind = SignatureType::CosignatureMlDsa44;
    let line = cosign(&key("w1", kind), &checkpoint(), 7);
    let text = checkpoint().to_string();
    assert_eq!(
        verify(&key("w2", kind).verifier(), &text, line.bytes()),
        None
    );
    let extended = format!("{text}extension\n");
    assert_eq!(
        verify(&key("w1", kind).verifier(), &extended, line.bytes()),
        Some(7)
    );
    let ed25519 = key("w1", SignatureType::CosignatureEd25519);
    let line = cosign(&ed25519, &checkpoint(), 7);
    assert_eq!(verify(&ed25519.verifier(), &extended, line.bytes()), None);
}

#[test]
fn a_time_beyond_any_clock_is_refused() {
    let key = key("w1", SignatureType::CosignatureEd25519);
    let text = checkpoint().to_string();
    let time = TIME_MAX + 1;
    let late = timestamped(&key, time, ed25519_message(&text, time).as_bytes());
    assert_eq!(verify(&key.verifier(), &text, late.bytes()), None);
    let cut = cosign(&key, &checkpoint(), u64::MAX);
    assert_eq!(verify(&key.verifier(), &text, cut.bytes()), Some(TIME_MAX));
}

#[test]
fn a_checkpoint_may_carry_sixteen_cosignatures() {
    let mut signed: SignedCheckpoint = checkpoint().sign(&[], 0).unwrap();
    let keys: Vec<SigningKey> = (0..16)
        .map(|index| key(&format!("w{index}"), SignatureType::CosignatureMlDsa44))
        .collect();
    for (time, key) in keys.iter().enumerate() {
        signed.add(cosign(key, &checkpoint(), time as u64)).unwrap();
    }
    let signed = SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap();
    let verifiers: Vec<VerifierKey> = keys.iter().map(SigningKey::verifier).collect();
    assert_eq!(signed.verify(&verifiers).unwrap().len(), 16);
    let strangers = [key("w16", SignatureType::CosignatureMlDsa44).verifier()];
    assert_eq!(signed.verify(&strangers), Err(NoteError::NoKnownSignature));
}
