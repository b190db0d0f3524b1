//! Tests of papers: what each figure counts, and that the order of messages means nothing.

use comity_accord::evaluation::facts::Facts;
use comity_accord::party::PartyName;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::facts::{evaluation_set, facts};
use crate::message::{Subject, ThreadId};
use crate::script::{DAY, HOUR, START, Script, party};
use crate::table::Side;

const A: Side = Side::Opener;
const B: Side = Side::Responder;

fn accord() -> AccordText {
    let text = format!(
        "format = 1\nname = \"alpha-bravo\"\nversion = 1\neffective = 2026-01-01T00:00:00Z\n[[party]]\nname = \"alpha\"\nroot = \
         \"{}\"\n[[party]]\nname = \"bravo\"\nroot = \"{}\"\n[[commitment]]\nid = \"answer\"\nkind = \"answer-timeliness\"\nby = \
         \"each\"\n",
        "ab".repeat(32),
        "cd".repeat(32)
    );
    AccordText::parse(&text).unwrap()
}

/// A script of a thread of its own.
fn script(subject: Subject, number: u128) -> Script {
    let mut script = Script::new(subject);
    script.id = ThreadId::new(subject, Uuid::from_u128(number));
    script
}

fn request(number: u128, urgency: &str, then: impl FnOnce(&mut Script)) -> Script {
    let mut script = script(Subject::Request, number);
    script.second = (urgency == "emergency").then_some("head of desk");
    let content = json!({"request_type": "takedown", "urgency": urgency, "title": "t"});
    script.say(A, 0, "send", content);
    then(&mut script);
    script
}

fn made(scripts: &[Script]) -> Paper {
    let accord = accord();
    let threads: Vec<Thread> = scripts.iter().map(Script::thread).collect();
    let (one, two) = (party(A), party(B));
    let as_of = START + 80 * DAY;
    let mut gathered: Facts = facts(&threads, accord.content(), as_of);
    gathered.as_of = Some(as_of);
    let set = evaluation_set(&threads, as_of);
    let period = Stretch::parse("2026-Q4").unwrap();
    let scorecard = Scorecard::make(&accord, [&one, &two], period, (&gathered, &set)).unwrap();
    let pair: [&PartyName; 2] = [&two, &one];
    let question = Question {
        accord: &accord,
        pair,
        period,
        as_of,
    };
    let paper = super::paper(&threads, (&gathered, &set, &scorecard), &question).unwrap();
    let backward: Vec<Thread> = threads.iter().rev().cloned().collect();
    let turned = Question {
        pair: [&one, &two],
        ..question
    };
    let again = super::paper(&backward, (&gathered, &set, &scorecard), &turned).unwrap();
    assert_eq!(paper, again, "order means nothing");
    paper
}

/// An urgent request that was extended, answered and marked.
fn answered() -> Script {
    request(1, "urgent", |script| {
        script.say(B, HOUR, "acknowledge", json!({"number": "B-1"}));
        script.say(
            B,
            2 * HOUR,
            "accept",
            json!({"scope": "full", "expected": "2026-10-08T00:00:00Z"}),
        );
        script.say(
            B,
            3 * HOUR,
            "extend",
            json!({"expected": "2026-10-20T00:00:00Z", "reason": "translation"}),
        );
        script.say(
            B,
            4 * HOUR,
            "answer",
            json!({"scope": "full", "text": "none"}),
        );
        script.say(
            A,
            5 * HOUR,
            "feedback",
            json!({"useful": "partly", "quality": 4, "acted": true}),
        );
    })
}

/// A routine request that was declined.
fn declined() -> Script {
    request(2, "routine", |script| {
        script.say(B, HOUR, "acknowledge", json!({"number": "B-2"}));
        script.say(B, 2 * HOUR, "decline", json!({"reason": "resources"}));
    })
}

/// An unannounced check that a person answered.
fn checked() -> Script {
    let mut check = script(Subject::Check, 4);
    check.say(A, 0, "ping", json!({"contact": "24x7", "nonce": "00112233445566778899aabbccddeeff", "due": "2026-10-05T12:00:00Z", "unannounced": true, "verify": true}));
    check.say(
        B,
        601,
        "answer",
        json!({"nonce": "00112233445566778899aabbccddeeff"}),
    );
    check
}

#[test]
fn each_side_has_its_figures() {
    let open = request(3, "emergency", |_| {});
    let paper = made(&[answered(), declined(), open, checked()]);
    let side = |name: &str| {
        let sides = paper.content["sides"].as_array().unwrap();
        sides
            .iter()
            .find(|side| side["party"] == name)
            .unwrap()
            .clone()
    };
    let (alpha, bravo) = (side("alpha"), side("bravo"));
    assert_eq!(bravo["answering"]["requests"], 3);
    assert_eq!(
        bravo["answering"]["answered"],
        json!({"count": 1, "median_seconds": 4 * HOUR - 1, "longest_seconds": 4 * HOUR - 1})
    );
    assert_eq!(
        bravo["answering"]["declined"],
        json!({"count": 1, "of": 2, "reasons": {"resources": 1}})
    );
    assert_eq!(
        bravo["answering"]["extended"],
        json!({"requests": 1, "kept": 1, "extensions": 1})
    );
    assert_eq!(bravo["marks"]["quality"]["4"], 1);
    assert_eq!(bravo["marks"]["useful"]["partly"], 1);
    assert_eq!(bravo["checks"]["answered"]["median_seconds"], 600);
    assert_eq!(
        (&bravo["checks"]["unannounced"], &bravo["checks"]["in_time"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(alpha["answering"]["requests"], 0);
    assert_eq!(alpha["asking"]["urgent"], json!({"count": 2, "of": 3}));
    assert_eq!(alpha["feedback"]["given"]["count"], 1);
    let still = paper.content["open"].as_array().unwrap();
    assert_eq!(
        (still.len(), &still[0]["urgency"]),
        (1, &json!("emergency"))
    );
    assert_eq!(paper.content["marking"], "TLP:AMBER");
    assert_eq!(paper.content["commitments"][0]["commitment"], "answer");
    assert_eq!(paper.content["zone"], "UTC");
}

#[test]
fn what_is_disputed_is_named_and_another_message_is_another_hash() {
    let said = |number: &'static str| {
        request(1, "routine", move |script| {
            script.say(B, HOUR, "acknowledge", json!({ "number": number }));
            let digest = script.entries[1].message.digest().to_string();
            script.say(
                A,
                2 * HOUR,
                "dispute",
                json!({"message": digest, "text": "it was never said"}),
            );
        })
    };
    let paper = made(&[said("B-1")]);
    let disputed = paper.content["disputed"].as_array().unwrap();
    assert_eq!((disputed.len(), &disputed[0]["by"]), (1, &json!("alpha")));
    assert_ne!(paper.hash, made(&[said("B-2")]).hash);
}
