//! Both forms, their documented bytes, and redacted copies.

use super::*;
use proptest::prelude::*;

fn secret() -> Secret {
    Secret::new([7; 32])
}

fn fields(list: &[(&str, &str)]) -> Fields {
    let owned = list
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()));
    Fields::new(owned.collect()).unwrap()
}

fn hex(commitment: &Commitment) -> String {
    commitment
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn a_payload_opens_with_its_secret_only() {
    let commitment = of_payload(&secret(), b"payload");
    assert!(opens_payload(&commitment, &secret(), b"payload"));
    assert!(!opens_payload(&commitment, &secret(), b"payloae"));
    assert!(!opens_payload(
        &commitment,
        &Secret::new([8; 32]),
        b"payload"
    ));
    assert_eq!(Commitment::parse(&commitment.to_string()), Some(commitment));
    assert_eq!(format!("{:?}", secret()), "Secret(hidden)");
}

#[test]
fn both_forms_have_the_documented_bytes() {
    // Computed with Python's hmac and hashlib from docs/reference/ledger-format.md.
    assert_eq!(
        hex(&of_payload(&secret(), b"payload")),
        "6d62dec9e8509deb608d8384c31374c4796379f9b02623a39f5b1b24fc1287a1"
    );
    assert_eq!(
        hex(&fields(&[("b", "2"), ("a", "1"), ("c", "")]).commit(&secret())),
        "aaf9b00c9cbe8f3a5f6818982a2d32da6312f676b16a4bb7b30afbcd9c993e8e"
    );
}

#[test]
fn a_redacted_copy_verifies_against_the_same_commitment() {
    let payload = fields(&[("id", "x"), ("name", "y"), ("pattern", "z")]);
    let commitment = payload.commit(&secret());
    let check = |shown: &[&str]| {
        let opening = payload.open(&secret(), |name| shown.contains(&name));
        let opening = Opening::parse(opening.to_string().as_bytes()).unwrap();
        let found = opening.verify(&commitment).unwrap();
        assert_eq!(
            found.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            shown
        );
        assert_eq!(opening.is_whole(), shown.len() == 3);
        let other = payload.commit(&Secret::new([8; 32]));
        assert_eq!(opening.verify(&other), Err(OpeningError::OtherCommitment));
    };
    check(&[]);
    check(&["name"]);
    check(&["id", "pattern"]);
    check(&["id", "name", "pattern"]);
}

#[test]
fn nothing_can_be_changed_added_or_left_out() {
    let payload = fields(&[("id", "x"), ("name", "y"), ("pattern", "z")]);
    let commitment = payload.commit(&secret());
    let text = payload.open(&secret(), |name| name != "name").to_string();
    let lines: Vec<&str> = text.lines().collect();
    let check = |lines: &[&str]| {
        let opening = Opening::parse(format!("{}\n", lines.join("\n")).as_bytes()).unwrap();
        assert_eq!(
            opening.verify(&commitment),
            Err(OpeningError::OtherCommitment)
        );
    };
    check(&[lines[0], lines[1], lines[2]]);
    check(&[lines[0], lines[1], lines[3]]);
    check(&[lines[0], lines[1], lines[3], lines[2]]);
    check(&[lines[0], lines[1], lines[2], lines[3], lines[3]]);
    let changed = lines[1].replace("eA==", "eQ==");
    check(&[lines[0], &changed, lines[2], lines[3]]);
    check(&[lines[0]]);
}

#[test]
fn a_name_stands_once() {
    let pair = |name: &str| (name.to_owned(), vec![]);
    let name = "a".to_owned();
    let refused = Fields::new(vec![pair("a"), pair("b"), pair("a")]).unwrap_err();
    assert_eq!(refused, FieldsError::NameTwice { name });
    let slot = |name: &str, value: &[u8]| Slot::Open {
        salt: salt(&secret(), name),
        name: name.to_owned(),
        value: value.to_vec(),
    };
    for names in [["a", "a"], ["b", "a"]] {
        let opening = Opening::of(vec![slot(names[0], b"1"), slot(names[1], b"2")]);
        assert_eq!(
            opening.verify(&opening.commitment()),
            Err(OpeningError::NotSorted)
        );
    }
    let count = FIELDS_MAX + 1;
    let many = (0..count)
        .map(|index| (index.to_string(), vec![]))
        .collect();
    assert_eq!(
        Fields::new(many).unwrap_err(),
        FieldsError::TooMany { count }
    );
}

#[test]
fn refuses_what_is_not_an_opening() {
    let check = |text: &str, expected: OpeningError| {
        assert_eq!(
            Opening::parse(text.as_bytes()).unwrap_err(),
            expected,
            "{text}"
        );
    };
    Opening::parse(b"comity-opening/v1\n").unwrap();
    check("", OpeningError::BadHeader);
    check("comity-opening/v1", OpeningError::BadHeader);
    check("comity-opening/v2\n", OpeningError::BadHeader);
    check("comity-opening/v1\n\n", OpeningError::BadLine);
    check("comity-opening/v1\nwithheld AAAA\n", OpeningError::BadLine);
    check(
        "comity-opening/v1\nopen AAAA AAAA AAAA\n",
        OpeningError::BadLine,
    );
    let salt = leaf_hash(b"");
    Opening::parse(format!("comity-opening/v1\nopen {salt}  \n").as_bytes()).unwrap();
    check(
        &format!("comity-opening/v1\nopen {salt} \n"),
        OpeningError::BadLine,
    );
    check(
        &format!("comity-opening/v1\nopen {salt}   \n"),
        OpeningError::BadLine,
    );
    check(
        &format!("comity-opening/v1\nopen {salt} /w== \n"),
        OpeningError::BadLine,
    );
}

proptest! {
    #[test]
    fn any_selection_of_any_fields_verifies(list in prop::collection::btree_map("[a-e]{0,3}", prop::collection::vec(any::<u8>(), 0..5), 0..12), shown in "[a-e]") {
        let payload = Fields::new(list.into_iter().collect()).unwrap();
        let opening = payload.open(&secret(), |name| name.contains(&shown));
        let read = Opening::parse(opening.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&read, &opening);
        prop_assert!(read.verify(&payload.commit(&secret())).is_ok());
    }
}
