//! Vectors of C2SP `signed-note`, and keys that must be refused.

use super::*;
use proptest::prelude::*;

/// From the specification's section "Verifier keys".
const EXAMPLE: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

#[test]
fn reads_and_writes_the_specifications_example() {
    let key = VerifierKey::parse(EXAMPLE).unwrap();
    assert_eq!(key.name(), "example.com/foo");
    assert_eq!(key.key_id(), 0x530d_903a);
    assert_eq!(key.signature_type(), SignatureType::Ed25519);
    assert_eq!(key.public_key().len(), 32);
    assert_eq!(key.to_string(), EXAMPLE);
}

#[test]
fn refuses_what_is_not_a_verifier_key() {
    let check = |vkey: &str, expected: KeyError| {
        assert_eq!(VerifierKey::parse(vkey).unwrap_err(), expected, "{vkey}");
    };
    check("", KeyError::Malformed);
    check("example.com/foo+530d903a", KeyError::Malformed);
    check("example.com/foo+530d903a+", KeyError::Malformed);
    // Padding that base64 of 33 bytes does not have.
    check(&format!("{EXAMPLE}="), KeyError::Malformed);
    check(&format!("{EXAMPLE}\n"), KeyError::Malformed);
    check(
        &EXAMPLE.replacen("example", "exa mple", 1),
        KeyError::BadName,
    );
    check(
        &EXAMPLE.replacen("example.com/foo", "", 1),
        KeyError::BadName,
    );
    check(&format!("{}{EXAMPLE}", "x".repeat(255)), KeyError::BadName);
    let mismatch = KeyError::KeyIdMismatch {
        expected: 0x530d_903a,
    };
    check(&EXAMPLE.replacen("530d903a", "530d903b", 1), mismatch);
    check(&EXAMPLE.replacen("530d903a", "530D903A", 1), mismatch);
    check(&EXAMPLE.replacen("530d903a", "0530d903a", 1), mismatch);
    check(&EXAMPLE.replacen("AekyeR", "Aukye", 1), KeyError::Malformed);
    check(
        &EXAMPLE.replacen("Aeky", "Auky", 1),
        KeyError::UnsupportedType(2),
    );
}

#[test]
fn refuses_ed25519_keys_that_accept_forged_signatures() {
    let check = |first: u8, middle: u8, last: u8| {
        let mut bytes = [middle; 32];
        bytes[0] = first;
        bytes[31] = last;
        let key = VerifierKey::new("example.com/foo", SignatureType::Ed25519, &bytes);
        assert_eq!(key.unwrap_err(), KeyError::BadPublicKey, "{bytes:?}");
    };
    check(0x00, 0x00, 0x00); // order 4
    check(0x01, 0x00, 0x00); // order 1
    check(0xec, 0xff, 0x7f); // order 2
    check(0xed, 0xff, 0x7f); // order 4, written as p
    check(0xee, 0xff, 0x7f); // order 1, written as p + 1
    check(0x01, 0x00, 0x80); // order 1, with the sign of minus zero
    check(0xf0, 0xff, 0x7f); // not of small order, but not below p
    check(0x02, 0x00, 0x00); // no point
}

#[test]
fn refuses_a_signature_with_a_scalar_that_is_too_large() {
    let key = SigningKey::from_seed("example.com/foo", SignatureType::Ed25519, &[7; 32]).unwrap();
    let mut signature = key.sign(b"text\n");
    assert!(key.verifier().verifies(b"text\n", &signature));
    // The group order, little-endian: RFC 8032 section 5.1. S + order verifies where S is not checked.
    let order: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (byte, add) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert!(!key.verifier().verifies(b"text\n", &signature));
}

#[test]
fn debug_output_hides_the_secret() {
    for signature_type in [SignatureType::Ed25519, SignatureType::CosignatureMlDsa44] {
        let key = SigningKey::from_seed("example.com/foo", signature_type, &[7; 32]).unwrap();
        let id = key.verifier().key_id();
        assert_eq!(
            format!("{key:?}"),
            format!("SigningKey(example.com/foo+{id:08x})")
        );
    }
}

#[test]
fn a_seed_gives_one_key_for_each_type_and_name() {
    let id = |name: &str, signature_type| {
        let key = SigningKey::from_seed(name, signature_type, &[7; 32]).unwrap();
        let vkey = key.verifier().to_string();
        assert_eq!(VerifierKey::parse(&vkey).unwrap(), key.verifier());
        key.verifier().key_id()
    };
    let mut ids = vec![
        id("a", SignatureType::Ed25519),
        id("b", SignatureType::Ed25519),
        id("a", SignatureType::CosignatureEd25519),
        id("a", SignatureType::CosignatureMlDsa44),
    ];
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    let other = SigningKey::from_seed("a", SignatureType::Other(2), &[7; 32]);
    assert_eq!(other.unwrap_err(), KeyError::UnsupportedType(2));
}

proptest! {
    #[test]
    fn what_is_accepted_writes_back_the_same(text in "[a-c+/. ]{0,6}\\+?[0-9a-f]{0,9}\\+?[A-Za-z0-9+/=]{0,50}") {
        if let Ok(key) = VerifierKey::parse(&text) {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}
