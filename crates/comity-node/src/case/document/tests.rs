//! What a list says of times, and that a note which came early is not shown.

use comity_accord::party::PartyName;
use comity_case::call::seal;
use comity_case::message::{Head, Message, Officer, Role, Subject, ThreadId};
use comity_case::request::terms::Terms;
use comity_case::thread::{Entry, Thread};
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use comity_store::state::thread::ThreadRow;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{line_at, whole};
use crate::case::threads::Held;

const SALT: &str = "00112233445566778899aabbccddeeff";

fn row() -> ThreadRow {
    ThreadRow {
        id: ThreadId::new(Subject::Call, Uuid::from_u128(1)).to_string(),
        subject: "call".to_owned(),
        party: "bravo".to_owned(),
        opener: "alpha".to_owned(),
        title: "a grid is failing".to_owned(),
        state: "closed".to_owned(),
        urgency: None,
        label: "TLP:AMBER".to_owned(),
        exercise: None,
        disputed: false,
        due: Some((100, "bravo".to_owned(), "confirm".to_owned())),
        own_due: Some((200, "confirm".to_owned())),
        messages: 1,
        opened: 0,
        changed: 0,
    }
}

#[test]
fn what_is_overdue_is_told_for_each_side() {
    let check = |now: i64, theirs: bool, ours: bool| {
        let line = line_at(&row(), "alpha", now * 1_000_000);
        assert_eq!(line["overdue"], theirs, "{now}");
        assert_eq!(line["our_overdue"], ours, "{now}");
    };
    check(100, false, false);
    check(101, true, false);
    check(201, true, true);
}

/// A call in which each message of a list was said, a second apart, by alpha or by bravo.
fn held(said: &[(&str, &str, Value)]) -> Held {
    let party = |name: &str| PartyName::parse(name).unwrap();
    let mut thread = Thread::default();
    for ((author, event, content), at) in said.iter().zip(1_i64..) {
        let to = if *author == "alpha" { "bravo" } else { "alpha" };
        let (prev, seq) = thread.newest(&party(author));
        let (seen, _) = thread.newest(&party(to));
        let head = Head {
            thread: ThreadId::new(Subject::Call, Uuid::from_u128(1)),
            author: party(author),
            to: party(to),
            seq,
            prev,
            seen,
            sent: Timestamp::from_micros(at * 1_000_000).unwrap(),
            officer: Officer {
                name: "duty officer".to_owned(),
                role: Role::Duty,
                second: None,
            },
            label: Tlp::Amber,
            exercise: None,
            person: None,
        };
        let message = Message::write(head, Uuid::from_u128(7), event, content.clone()).unwrap();
        let received = Some(at);
        thread.add(Entry { message, received }).unwrap();
    }
    Held {
        row: row(),
        thread,
        terms: Terms::default(),
        notes: Vec::new(),
    }
}

#[test]
fn a_note_that_the_other_side_shows_too_early_is_not_shown_before_the_own_one_is_sealed() {
    let matched = json!({"heard": "matched"});
    let sealed = |text: &str| json!({"sha256": seal(text, SALT).to_string()});
    let mut said = vec![
        (
            "alpha",
            "ring",
            json!({"to": "desk", "channel": "telephone", "urgency": "urgent", "line": "x"}),
        ),
        ("bravo", "answered", json!({"name": "n", "role": "duty"})),
        ("alpha", "identify", matched.clone()),
        ("bravo", "identify", matched),
        ("bravo", "note-sealed", sealed("their words")),
        (
            "bravo",
            "note-shown",
            json!({"text": "their words", "salt": SALT}),
        ),
    ];
    let seen = whole(&held(&said), "alpha", 0).to_string();
    assert!(!seen.contains("their words"), "{seen}");
    assert!(seen.contains("withheld"), "{seen}");
    // Whoever wrote it may read it.
    assert!(
        whole(&held(&said), "bravo", 0)
            .to_string()
            .contains("their words")
    );
    said.push(("alpha", "note-sealed", sealed("our words")));
    let seen = whole(&held(&said), "alpha", 0).to_string();
    assert!(seen.contains("their words"), "{seen}");
}
