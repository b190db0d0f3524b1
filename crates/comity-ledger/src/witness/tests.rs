//! The seven answers, the order in which they are decided, and the wire format both ways.

use super::*;
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::key::SignatureType;
use crate::tree::{Frontier, Hash, Node, OutOfRange, consistency_proof, leaf_hash, root_of};
use proptest::prelude::*;

fn log_key() -> SigningKey {
    SigningKey::from_seed("log.example", SignatureType::Ed25519, &[1; 32]).unwrap()
}

fn witness_keys() -> [SigningKey; 2] {
    [
        SignatureType::CosignatureEd25519,
        SignatureType::CosignatureMlDsa44,
    ]
    .map(|kind| SigningKey::from_seed("witness.example/w1", kind, &[2; 32]).unwrap())
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count)
        .map(|index| leaf_hash(&index.to_be_bytes()))
        .collect()
}

fn head(size: u64) -> TreeHead {
    leaves(size).into_iter().collect::<Frontier>().head()
}

fn signed(head: TreeHead) -> SignedCheckpoint {
    let origin = Origin::parse("log.example").unwrap();
    Checkpoint::new(origin, head.size, head.root)
        .sign(&[&log_key()], 0)
        .unwrap()
}

fn proof(old: u64, new: u64) -> Vec<Hash> {
    let leaves = leaves(new);
    let mut read = |node: Node| {
        let start = usize::try_from(node.index << node.height).unwrap();
        Ok::<_, OutOfRange>(root_of(&leaves[start..start + (1 << node.height)]))
    };
    consistency_proof(old, new, &mut read).unwrap()
}

fn request(old: u64, head: TreeHead, proof: Vec<Hash>) -> AddCheckpoint {
    let request = AddCheckpoint::new(old, proof, signed(head)).unwrap();
    AddCheckpoint::parse(request.to_string().as_bytes()).unwrap()
}

fn log(held: Option<u64>) -> KnownLog {
    KnownLog {
        origin: Origin::parse("log.example").unwrap(),
        keys: vec![log_key().verifier()],
        held: held.map(head),
    }
}

fn forged(size: u64) -> TreeHead {
    let root = leaf_hash(b"forged");
    TreeHead { size, root }
}

fn decided(held: Option<u64>, request: AddCheckpoint) -> Result<u64, Refusal> {
    let pending = decide(Some(&log(held)), request)?;
    Ok(pending.checkpoint().checkpoint().size)
}

#[test]
fn a_consistent_checkpoint_is_cosigned() {
    let check = |held: Option<u64>, request: AddCheckpoint, expected: u64| {
        assert_eq!(decided(held, request), Ok(expected));
    };
    check(None, request(0, head(7), vec![]), 7);
    check(None, request(0, head(0), vec![]), 0);
    check(Some(0), request(0, head(7), vec![]), 7);
    check(Some(3), request(3, head(7), proof(3, 7)), 7);
    check(Some(7), request(7, head(7), vec![]), 7);
}

#[test]
fn each_refusal_has_its_status() {
    let check = |held: Option<u64>, request: AddCheckpoint, expected: (Refusal, u16)| {
        let refusal = decided(held, request).unwrap_err();
        assert_eq!((refusal, refusal.status()), expected);
    };
    let too_large = (Refusal::OldSizeTooLarge, 400);
    check(Some(7), request(7, head(3), vec![]), too_large);
    check(None, request(0, forged(SIZE_MAX + 1), vec![]), too_large);
    let conflict = |held| (Refusal::Conflict { held }, 409);
    check(Some(7), request(0, head(9), vec![]), conflict(7));
    check(Some(7), request(3, head(9), proof(3, 9)), conflict(7));
    check(None, request(3, head(9), proof(3, 9)), conflict(0));
    check(
        None,
        request(0, forged(0), vec![]),
        (Refusal::BadEmptyRoot, 422),
    );
    check(
        Some(7),
        request(7, forged(7), vec![]),
        (Refusal::OtherRoot, 422),
    );
    let inconsistent = (Refusal::Inconsistent, 422);
    check(Some(3), request(3, head(7), proof(2, 7)), inconsistent);
    check(Some(3), request(3, forged(7), proof(3, 7)), inconsistent);
    check(None, request(0, head(7), proof(3, 7)), inconsistent);
    check(Some(7), request(7, head(7), proof(3, 7)), inconsistent);
}

#[test]
fn origin_comes_first_and_then_the_signature() {
    let check = |log: Option<&KnownLog>, checkpoint: SignedCheckpoint, expected: (Refusal, u16)| {
        // Everything else is wrong with it too.
        let refusal = decide(log, AddCheckpoint::new(99, vec![], checkpoint).unwrap()).unwrap_err();
        assert_eq!((refusal, refusal.status()), expected);
    };
    let known = log(Some(3));
    check(None, signed(head(7)), (Refusal::UnknownOrigin, 404));
    let mut other = known.clone();
    other.origin = Origin::parse("other.example").unwrap();
    check(Some(&other), signed(head(7)), (Refusal::UnknownOrigin, 404));
    let origin = Origin::parse("log.example").unwrap();
    let checkpoint = Checkpoint::new(origin, 7, head(7).root);
    let stranger = SigningKey::from_seed("log.example", SignatureType::Ed25519, &[8; 32]).unwrap();
    check(
        Some(&known),
        checkpoint.sign(&[&stranger], 0).unwrap(),
        (Refusal::NotSigned, 403),
    );
    let mut forged = checkpoint.sign(&[], 0).unwrap();
    forged
        .add(signed(head(6)).note().signatures()[0].clone())
        .unwrap();
    check(Some(&known), forged, (Refusal::BadSignature, 403));
    check(
        Some(&known),
        signed(head(7)),
        (Refusal::OldSizeTooLarge, 400),
    );
}

#[test]
fn nothing_is_cosigned_before_it_is_persisted() {
    let keys = witness_keys();
    let keys = [&keys[0], &keys[1]];
    let pending = || decide(Some(&log(Some(3))), request(3, head(7), proof(3, 7))).unwrap();
    assert_eq!(pending().replaces(), Some(head(3)));
    let check = |persisted: Option<TreeHead>, time: u64, expected: Option<usize>| {
        let lines = pending().cosign(persisted, &keys, time).ok();
        assert_eq!(lines.map(|lines| lines.len()), expected);
    };
    check(None, 1000, None);
    check(Some(head(3)), 1000, None);
    check(Some(head(8)), 1000, None); // overtaken
    check(Some(head(7)), 0, None);
    check(Some(head(7)), 1000, Some(2));
}

#[test]
fn a_log_takes_over_what_trusted_witnesses_cosigned() {
    let keys = witness_keys();
    let pending = decide(Some(&log(None)), request(0, head(7), vec![])).unwrap();
    let mut lines = pending
        .cosign(Some(head(7)), &[&keys[0], &keys[1]], 1000)
        .unwrap();
    let stranger = SigningKey::from_seed("x", SignatureType::CosignatureEd25519, &[3; 32]).unwrap();
    lines.push(cosign(&stranger, signed(head(7)).checkpoint(), 1000));
    let answer = Answer::parse(200, None, cosignature_lines(&lines).as_bytes()).unwrap();
    assert_eq!(answer, Answer::Cosigned(lines.clone()));
    let trusted = keys.each_ref().map(SigningKey::verifier);
    let mut checkpoint = signed(head(7));
    assert_eq!(
        accept_cosignatures(&mut checkpoint, &lines, &trusted),
        Ok(2)
    );
    assert_eq!(checkpoint.note().signatures().len(), 3);
    // For another tree they are bad, and nothing is taken over.
    let mut other = signed(head(8));
    accept_cosignatures(&mut other, &lines, &trusted).unwrap_err();
    assert_eq!(other, signed(head(8)));
    let timeless = [cosign(&keys[0], checkpoint.checkpoint(), 0)];
    assert_eq!(
        accept_cosignatures(&mut signed(head(7)), &timeless, &trusted),
        Ok(0)
    );
}

#[test]
fn answers_are_read_by_status_and_media_type() {
    let size = Some("text/x.tlog.size");
    let check = |status: u16,
                 media_type: Option<&str>,
                 body: &str,
                 expected: Result<Answer, AnswerError>| {
        assert_eq!(Answer::parse(status, media_type, body.as_bytes()), expected);
    };
    check(409, size, "70000\n", Ok(Answer::Conflict { held: 70_000 }));
    check(
        409,
        Some("Text/X.Tlog.Size; charset=utf-8"),
        "0\n",
        Ok(Answer::Conflict { held: 0 }),
    );
    check(409, size, "70000", Err(AnswerError::BadSize));
    check(409, size, "070000\n", Err(AnswerError::BadSize));
    check(
        409,
        Some("text/plain"),
        "70000\n",
        Ok(Answer::Refused { status: 409 }),
    );
    for status in [400, 403, 404, 422] {
        check(status, None, "no", Ok(Answer::Refused { status }));
    }
    for status in [429, 500, 503, 302] {
        check(status, None, "", Ok(Answer::Unavailable { status }));
    }
    check(200, None, "", Err(AnswerError::NoLines));
    check(
        200,
        None,
        "hello\n",
        Err(AnswerError::BadLine(NoteError::BadSignatureLine)),
    );
    let conflict = Refusal::Conflict { held: 7 };
    assert_eq!(conflict.body(), Some((SIZE_MEDIA_TYPE, "7\n".to_owned())));
}

#[test]
fn refuses_what_is_not_a_request() {
    let good = request(3, head(7), proof(3, 7)).to_string();
    let check = |from: &str, to: &str, expected: RequestError| {
        let text = good.replacen(from, to, 1);
        assert_eq!(
            AddCheckpoint::parse(text.as_bytes()).unwrap_err(),
            expected,
            "{text}"
        );
    };
    check("old 3", "old 03", RequestError::BadOldSize);
    check("old 3", "old  3", RequestError::BadOldSize);
    check("old 3\n", "", RequestError::BadOldSize);
    check("old 3\n", "old 3\r\n", RequestError::BadOldSize);
    check("old 3\n", "old 3\nAAAA\n", RequestError::BadProof);
    check("\n\n", "\n", RequestError::BadProof);
    let many = format!("old 3\n{}", format!("{}\n", leaf_hash(b"")).repeat(64));
    check("old 3\n", &many, RequestError::BadProof);
    let bytes = REQUEST_BYTES_MAX + 1;
    let long = AddCheckpoint::parse(&vec![b'x'; bytes]).unwrap_err();
    assert_eq!(long, RequestError::TooLong { bytes });
}

#[test]
fn a_monitor_looks_under_the_hash_of_the_origin() {
    // printf abc | sha256sum
    let path = monitor_path(&Origin::parse("abc").unwrap());
    assert_eq!(
        path,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad/checkpoint"
    );
}

proptest! {
    #[test]
    fn a_witness_never_cosigns_a_fork(steps in prop::collection::vec((0..12_u64, 0..12_u64, any::<bool>()), 1..20)) {
        let mut known = log(None);
        for (old, new, honest) in steps {
            let mut tree = head(new);
            if !honest {
                tree.root = leaf_hash(b"forged");
            }
            let made = if old <= new { proof(old, new) } else { vec![] };
            if let Ok(pending) = decide(Some(&known), request(old, tree, made)) {
                prop_assert_eq!(pending.replaces(), known.held);
                let now = pending.checkpoint().checkpoint().head();
                prop_assert!(now.size >= known.held.map_or(0, |held| held.size));
                // The first tree of all may be anything; from an honest one only honest ones follow.
                if known.held.is_some_and(|held| held.size > 0 && held == head(held.size)) {
                    prop_assert_eq!(now, head(now.size));
                }
                known.held = Some(now);
            }
        }
    }
}
