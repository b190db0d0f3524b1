use comity_ledger::key::{SignatureType, SigningKey};

use super::{Header, HeaderError, Seen, SignedHeader, bucket, peek};
use crate::channel::{ChannelId, Lane};
use crate::header::EnvelopeId;
use crate::payload::Kind;

fn header() -> Header {
    let (from, to) = ("alpha.example/log", "bravo.example/log");
    Header {
        from: from.to_owned(),
        epoch: 1,
        to: to.to_owned(),
        channel: ChannelId::of(from, to, Lane::Urgent),
        seq: 7,
        prev: Some(EnvelopeId([2; 32])),
        kind: Kind::Recall,
        commit: [3; 32],
        size: 512,
        created: 1_800_000_000,
        due: Some(1_800_003_600),
        seen: Some(Seen {
            origin: "bravo.example/log".to_owned(),
            size: 12,
            root: [4; 32],
        }),
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(
        "alpha.example/envelope",
        SignatureType::Ed25519,
        &[seed; 32],
    )
    .unwrap()
}

#[test]
fn a_signed_header_reads_back_with_its_sender_alone() {
    for header in [
        header(),
        Header {
            prev: None,
            due: None,
            seen: None,
            ..header()
        },
    ] {
        let signed = header.clone().sign(&[&key(1)]);
        assert_eq!(peek(signed.note()), Ok(header));
        let opened = SignedHeader::open(signed.note(), &[key(1).verifier()]).unwrap();
        assert_eq!(opened, signed);
        let other = SignedHeader::open(signed.note(), &[key(2).verifier()]);
        assert!(matches!(other, Err(HeaderError::Signature(_))), "{other:?}");
    }
}

#[test]
fn one_meaning_has_one_spelling() {
    let text = header().text();
    let read = |text: &str| Header::parse(text);
    assert_eq!(read(&text), Ok(header()));
    for (from, to) in [
        ("seq 7", "seq 07"),
        ("seq 7", "seq +7"),
        ("kind recall", "kind Recall"),
        ("size 512", "size 512 "),
        ("due 1800003600", "due  1800003600"),
        ("\nto ", "\nTo "),
        ("epoch", "epoch"),
    ] {
        if text.contains(from) && from != to {
            let changed = text.replace(from, to);
            assert!(read(&changed).is_err(), "{changed}");
        }
    }
    assert!(read(&format!("{text}more yes\n")).is_err());
}

#[test]
fn sizes_are_told_in_steps() {
    for (bytes, expected) in [(0, 256), (256, 256), (257, 512), (5_000, 8_192)] {
        assert_eq!(bucket(bytes), expected);
    }
}
