//! The specification's example, each rule of the syntax, and judging checkpoints.

use super::*;
use crate::checkpoint::{Checkpoint, Origin};
use crate::cosignature::cosign;
use crate::key::{SignatureType, SigningKey};
use crate::tree::leaf_hash;
use proptest::prelude::*;

fn log() -> SigningKey {
    SigningKey::from_seed("log.example", SignatureType::Ed25519, &[100; 32]).unwrap()
}

fn witness(seed: u8) -> SigningKey {
    let kind = if seed.is_multiple_of(2) {
        SignatureType::CosignatureEd25519
    } else {
        SignatureType::CosignatureMlDsa44
    };
    SigningKey::from_seed(&format!("w{seed}.example"), kind, &[seed; 32]).unwrap()
}

fn line(name: &str, seed: u8) -> String {
    format!("witness {name} {}\n", witness(seed).verifier())
}

/// The example of the specification: two of X and one of Y.
fn example() -> String {
    let mut text = format!("# two organizations\n\nlog {}\n", log().verifier());
    for (name, seed) in [("X1", 1), ("X2", 2), ("X3", 3)] {
        text += &line(name, seed);
    }
    text += "group X-witnesses 2 X1 X2 X3\n";
    for (name, seed) in [("Y1", 4), ("Y2", 5), ("Y3", 6)] {
        text += &line(name, seed);
    }
    text + " \tgroup Y-witnesses any Y1 \t Y2 Y3 \ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

#[test]
fn the_example_asks_for_two_of_three_and_one_of_three() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    let check = |witnesses: &[usize], expected: bool| {
        assert_eq!(
            policy.is_quorum(&witnesses.iter().copied().collect()),
            expected
        );
    };
    check(&[], false);
    check(&[0, 1], false);
    check(&[0, 1, 2], false);
    check(&[0, 3], false);
    check(&[3, 4, 5], false);
    check(&[0, 2, 5], true);
    check(&[0, 1, 2, 3, 4, 5], true);
}

#[test]
fn a_policy_judges_a_checkpoint_by_its_signatures() {
    let policy = Policy::parse(example().as_bytes()).unwrap();
    let origin = Origin::parse("log.example").unwrap();
    let checkpoint = Checkpoint::new(origin, 7, leaf_hash(b"root"));
    let check = |logs: &[&SigningKey], witnesses: &[u8], expected: Result<Vec<usize>, Refused>| {
        let mut signed = checkpoint.sign(logs, 0).unwrap();
        for seed in witnesses {
            signed
                .add(cosign(
                    &witness(*seed),
                    &checkpoint,
                    1000 + u64::from(*seed),
                ))
                .unwrap();
        }
        let found = policy.verify(&signed).map(|accepted| {
            let right_time = |one: &Cosigned| one.time == 1001 + one.witness as u64;
            assert!(accepted.cosigned.iter().all(right_time));
            accepted.cosigned.iter().map(|one| one.witness).collect()
        });
        assert_eq!(found, expected);
    };
    let log = log();
    check(&[&log], &[2, 1, 6], Ok(vec![0, 1, 5]));
    check(
        &[&log],
        &[1, 6, 77],
        Err(Refused::NoQuorum { witnesses: 2 }),
    );
    check(&[&log], &[], Err(Refused::NoQuorum { witnesses: 0 }));
    let origin = "log.example".to_owned();
    check(&[], &[1, 2, 6], Err(Refused::NotSignedByLog { origin }));
    check(
        &[],
        &[77],
        Err(Refused::Signatures(NoteError::NoKnownSignature)),
    );

    let mut forged = checkpoint.sign(&[&log], 0).unwrap();
    let mut other = checkpoint.clone();
    other.size = 8;
    for seed in [1, 2, 6] {
        forged.add(cosign(&witness(seed), &checkpoint, 1)).unwrap();
    }
    forged.add(cosign(&witness(5), &other, 1)).unwrap();
    let name = "w5.example".to_owned();
    let refused = Refused::Signatures(NoteError::BadSignature { name });
    assert_eq!(policy.verify(&forged), Err(refused));

    let origin = "other.example".to_owned();
    let other = Checkpoint::new(Origin::parse(&origin).unwrap(), 7, leaf_hash(b"root"));
    assert_eq!(
        policy.verify(&other.sign(&[&log], 0).unwrap()),
        Err(Refused::UnknownLog { origin })
    );
}

#[test]
fn no_quorum_asks_for_the_log_only() {
    let text = format!("log {}\nquorum none\n", log().verifier());
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let checkpoint = Checkpoint::new(Origin::parse("log.example").unwrap(), 7, leaf_hash(b"root"));
    let accepted = policy
        .verify(&checkpoint.sign(&[&log()], 0).unwrap())
        .unwrap();
    assert_eq!(accepted.cosigned, []);
    Policy::parse(b"quorum none\n").unwrap();
}

#[test]
fn refuses_what_is_not_a_policy() {
    let (a, b) = (line("a", 1), line("b", 2));
    let log_line = format!("log {}\n", log().verifier());
    let check = |text: &str, expected: PolicyError| {
        assert_eq!(
            Policy::parse(text.as_bytes()).unwrap_err(),
            expected,
            "{text}"
        );
    };
    check("", PolicyError::CutShort);
    check("quorum none", PolicyError::CutShort);
    check("\n", PolicyError::NotOneQuorum);
    check("quorum none\nquorum none\n", PolicyError::NotOneQuorum);
    check("quorum none\r\n", PolicyError::ControlCharacter { line: 1 });
    check(
        "# \u{7f}\nquorum none\n",
        PolicyError::ControlCharacter { line: 1 },
    );
    check("quorum\n", PolicyError::BadLine { line: 1 });
    check("quorum none none\n", PolicyError::BadLine { line: 1 });
    check("Quorum none\n", PolicyError::BadLine { line: 1 });
    check("group g any\n", PolicyError::BadLine { line: 1 });
    check(
        &format!("{} u r l\n", log_line.trim()),
        PolicyError::BadLine { line: 1 },
    );
    check("quorum a\n", PolicyError::UnknownName { line: 1 });
    check(
        &format!("quorum a\n{a}"),
        PolicyError::UnknownName { line: 1 },
    );
    check(
        "group g any g\nquorum g\n",
        PolicyError::UnknownName { line: 1 },
    );
    check(&format!("{a}{a}"), PolicyError::NameTaken { line: 2 });
    check(
        &a.replacen(" a ", " none ", 1),
        PolicyError::NameTaken { line: 1 },
    );
    check(
        &format!("{a}{}", a.replacen(" a ", " c ", 1)),
        PolicyError::DuplicateKey { line: 2 },
    );
    check(
        &format!("{log_line}{log_line}"),
        PolicyError::DuplicateKey { line: 2 },
    );
    check(
        &format!("{a}{b}group g any a a\n"),
        PolicyError::MemberTwice { line: 3 },
    );
    check(
        &format!("{a}{b}group g any a b\ngroup h any a\n"),
        PolicyError::MemberTwice { line: 4 },
    );
    check(
        &format!("{a}group a any a\n"),
        PolicyError::NameTaken { line: 2 },
    );
    for threshold in ["0", "3", "01", "+1", "some", "18446744073709551617"] {
        let text = format!("{a}{b}group g {threshold} a b\nquorum g\n");
        check(&text, PolicyError::BadThreshold { line: 3 });
    }
    let of_log = format!("witness w {}\n", log().verifier());
    check(&of_log, PolicyError::NotAWitnessKey { line: 1 });
    let source = KeyError::Malformed;
    check("log x\n", PolicyError::BadKey { line: 1, source });
    let bytes = POLICY_BYTES_MAX + 1;
    check(&"#".repeat(bytes), PolicyError::TooLong { bytes });
}

#[test]
fn at_least_32_logs_witnesses_and_groups_are_supported() {
    let mut text = String::new();
    for seed in 0..40_u8 {
        let name = format!("log{seed}.example");
        let key = SigningKey::from_seed(&name, SignatureType::Ed25519, &[seed; 32]).unwrap();
        text += &format!("log {} https://{name}/\n", key.verifier());
        text += &line(&format!("w{seed}"), seed);
        text += &format!("group g{seed} any w{seed}\n");
    }
    let groups: Vec<String> = (0..40).map(|index| format!("g{index}")).collect();
    text += &format!("group all all {}\nquorum all\n", groups.join(" "));
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len()), (40, 40));
    assert!(policy.is_quorum(&(0..40).collect()));
    assert!(!policy.is_quorum(&(0..39).collect()));
}

proptest! {
    #[test]
    fn more_witnesses_never_lose_a_quorum(few in prop::collection::btree_set(0..6_usize, 0..6), more in prop::collection::btree_set(0..6_usize, 0..6)) {
        let policy = Policy::parse(example().as_bytes()).unwrap();
        let both = few.union(&more).copied().collect();
        prop_assert!(!policy.is_quorum(&few) || policy.is_quorum(&both));
    }
}
