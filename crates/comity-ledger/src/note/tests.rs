//! Vectors of C2SP `signed-note`, the rules one by one, and round trips.

use super::*;
use crate::key::SigningKey;
use proptest::prelude::*;

/// From the specification's section "Verifier keys".
const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE: &str = "This is an example message.\n\n\
    \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn key(name: &str, seed: u8) -> SigningKey {
    SigningKey::from_seed(name, SignatureType::Ed25519, &[seed; 32]).unwrap()
}

#[test]
fn verifies_the_specifications_example() {
    let note = Note::parse(EXAMPLE.as_bytes()).unwrap();
    let verified = note.verify(&[VKEY.parse().unwrap()]).unwrap();
    assert_eq!(
        verified,
        [Verified {
            key_index: 0,
            time: None
        }]
    );
    assert_eq!(note.to_string(), EXAMPLE);
}

#[test]
fn the_last_empty_line_ends_the_text() {
    // From the specification's introduction: a text with an empty line of its own.
    let poem = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\n\u{e8} subito sera.\n\n\
        \u{2014} quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    let note = Note::parse(poem.as_bytes()).unwrap();
    assert!(note.text().ends_with("\n\n\u{e8} subito sera.\n"));
    assert_eq!(note.signatures().len(), 1);
    assert_eq!(note.to_string(), poem);
}

#[test]
fn refuses_what_is_not_a_note() {
    let line = "\u{2014} a AAAAAAE=\n";
    let check = |bytes: &[u8], expected: NoteError| {
        assert_eq!(Note::parse(bytes).unwrap_err(), expected);
    };
    check(b"", NoteError::NoSignatures);
    check(b"text\n", NoteError::NoSignatures);
    check(b"text\n\n", NoteError::NoSignatures);
    check(b"text\n\xff\n", NoteError::NotUtf8);
    check(
        format!("text\r\n\n{line}").as_bytes(),
        NoteError::ControlCharacter(13),
    );
    check(
        format!("te\txt\n\n{line}").as_bytes(),
        NoteError::ControlCharacter(9),
    );
    let many = format!("text\n\n{}", line.repeat(SIGNATURES_MAX + 1));
    check(many.as_bytes(), NoteError::TooManySignatures);
    let bytes = NOTE_BYTES_MAX + 1;
    check(&vec![b'x'; bytes], NoteError::TooLong { bytes });
    for line in [
        "- a AAAAAAE=\n",
        "\u{2014} a AAAAAAE=",
        "\u{2014}  AAAAAAE=\n",
        "\u{2014} a+b AAAAAAE=\n",
        "\u{2014} a\u{a0}b AAAAAAE=\n",
        "\u{2014} a AAAAAA==\n",
        "\u{2014} a AAAAAAF=\n",
        "\u{2014} a AAAAAAE\n",
        "\u{2014} a AAAAAAE= \n",
        "\u{2014} a\n",
    ] {
        check(
            format!("text\n\n{line}").as_bytes(),
            NoteError::BadSignatureLine,
        );
    }
    Note::parse(format!("text\n\n{}", line.repeat(SIGNATURES_MAX)).as_bytes()).unwrap();
    Note::parse(format!("\n\n{line}").as_bytes()).unwrap();
}

#[test]
fn ignores_unknown_keys_and_rejects_a_bad_signature_of_a_known_one() {
    let (ours, theirs, stranger) = (key("a", 1), key("b", 2), key("c", 3));
    let text = "text\n";
    let forged = NoteSignature::of(&theirs.verifier(), &[0; 64]);
    let check = |signatures: Vec<NoteSignature>,
                 keys: &[&SigningKey],
                 expected: Result<Vec<usize>, &str>| {
        let note = Note::new(text.to_owned(), signatures).unwrap();
        let keys: Vec<_> = keys.iter().map(|key| key.verifier()).collect();
        let found = note
            .verify(&keys)
            .map(|verified| verified.iter().map(|one| one.key_index).collect());
        assert_eq!(
            found,
            expected.map_err(|name| match name {
                "" => NoteError::NoKnownSignature,
                name => NoteError::BadSignature {
                    name: name.to_owned()
                },
            })
        );
    };
    check(vec![ours.sign_note(text)], &[&ours], Ok(vec![0]));
    check(vec![ours.sign_note(text)], &[&theirs, &ours], Ok(vec![1]));
    check(
        vec![ours.sign_note(text), ours.sign_note(text)],
        &[&ours],
        Ok(vec![0]),
    );
    check(
        vec![theirs.sign_note(text), ours.sign_note(text)],
        &[&ours, &theirs],
        Ok(vec![1, 0]),
    );
    check(
        vec![forged.clone(), ours.sign_note(text)],
        &[&ours],
        Ok(vec![0]),
    );
    check(
        vec![ours.sign_note(text), forged.clone()],
        &[&ours, &theirs],
        Err("b"),
    );
    check(vec![theirs.sign_note(text), forged], &[&theirs], Err("b"));
    check(vec![stranger.sign_note(text)], &[&ours, &theirs], Err(""));
    check(vec![ours.sign_note("text\n\n")], &[&ours], Err("a"));
    check(vec![], &[&ours], Err(""));
    // A name alone is not a key: another key of that name is a stranger.
    check(vec![key("a", 9).sign_note(text)], &[&ours], Err(""));
}

#[test]
fn a_signature_is_added_once() {
    let signer = key("a", 1);
    let mut note = Note::new("text\n".to_owned(), vec![]).unwrap();
    note.add(signer.sign_note(note.text())).unwrap();
    note.add(signer.sign_note(note.text())).unwrap();
    assert_eq!(note.signatures().len(), 1);
    assert_eq!(Note::parse(note.to_string().as_bytes()).unwrap(), note);
}

#[test]
fn a_text_that_cannot_be_a_note_is_refused() {
    let check = |text: &str, expected: NoteError| {
        assert_eq!(Note::new(text.to_owned(), vec![]).unwrap_err(), expected);
    };
    check("", NoteError::NoLastNewline);
    check("text", NoteError::NoLastNewline);
    check("te\u{7}xt\n", NoteError::ControlCharacter(7));
}

proptest! {
    #[test]
    fn what_is_accepted_writes_back_the_same(bytes in "([a-c\u{e8}]{0,4}\n){0,4}\n(\u{2014} [a-c]{1,3} [A-D]{8,12}=?=?\n){0,3}") {
        if let Ok(note) = Note::parse(bytes.as_bytes()) {
            prop_assert_eq!(note.to_string(), bytes);
        }
    }

    #[test]
    fn any_changed_byte_of_the_text_is_found(text in "[a-z\n]{1,40}\n", at in 0..40_usize) {
        let signer = key("a", 1);
        let note = Note::new(text.clone(), vec![signer.sign_note(&text)]).unwrap();
        let mut changed = text.clone().into_bytes();
        let at = at % (changed.len() - 1);
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        let changed = Note::new(String::from_utf8(changed).unwrap(), note.signatures().to_vec()).unwrap();
        prop_assert!(note.verify(&[signer.verifier()]).is_ok());
        let refused = NoteError::BadSignature { name: "a".to_owned() };
        prop_assert_eq!(changed.verify(&[signer.verifier()]), Err(refused));
    }
}
