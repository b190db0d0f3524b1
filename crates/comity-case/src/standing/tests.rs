//! Each subject through the one door.

use comity_accord::digest::Digest;
use serde_json::{Value, json};

use super::{admit, standing};
use crate::message::Subject;
use crate::request::terms::Terms;
use crate::script::{START, Script};
use crate::table::Side;

const A: Side = Side::Opener;
const B: Side = Side::Responder;

fn first(subject: Subject) -> Option<(&'static str, Value)> {
    let sha256 = Digest::of(b"x").to_string();
    let said = match subject {
        Subject::Request => (
            "send",
            json!({"request_type": "takedown", "urgency": "routine", "title": "t"}),
        ),
        Subject::Call => (
            "ring",
            json!({"to": "desk", "channel": "telephone", "urgency": "routine", "line": "t"}),
        ),
        Subject::Check => (
            "ping",
            json!({"contact": "t", "nonce": "00112233445566778899aabbccddeeff", "due": "2026-10-06T08:00:00Z"}),
        ),
        Subject::Evidence => (
            "acquired",
            json!({
                "sha256": sha256, "size": 1, "media_type": "text/plain", "acquired_at": "2026-10-01T08:00:00Z",
                "acquired_by": "lab", "acquired_how": "copy", "tool": "none", "source": "t", "legal_basis": "order",
                "label": "amber",
            }),
        ),
        Subject::Exercise => (
            "propose",
            json!({
                "title": "t", "scenario_sha256": sha256, "starts": "2026-10-06T08:00:00Z", "ends": "2026-10-07T08:00:00Z",
            }),
        ),
        Subject::Incident => (
            "aware",
            json!({"title": "t", "at": "2026-10-05T07:00:00Z", "regime": "nis2"}),
        ),
        Subject::Case => ("open", json!({"title": "t", "summary": "s"})),
        Subject::Address => (
            "give",
            json!({"address": "t@in.alpha.example", "purpose": "t", "expires": "2026-10-06T08:00:00Z"}),
        ),
        Subject::Review | Subject::Profile => return None,
    };
    Some(said)
}

#[test]
fn every_subject_is_opened_shown_and_refused_through_one_door() {
    let terms = Terms::default();
    for subject in Subject::ALL {
        let mut script = Script::new(subject);
        let Some((event, content)) = first(subject) else {
            script.say(A, 0, "open", json!({}));
            assert!(admit(&script.thread(), &script.entries[0].message, &terms).is_err());
            assert_eq!(standing(&script.thread(), &terms, START), None);
            continue;
        };
        let empty = crate::thread::Thread::default();
        script.say(A, 0, event, content.clone());
        assert_eq!(
            admit(&empty, &script.entries[0].message, &terms),
            Ok(()),
            "{event}"
        );
        let shown = standing(&script.thread(), &terms, START).unwrap();
        assert_eq!((shown.title.as_str(), shown.disputed), ("t", false));
        assert!(!shown.state.is_empty());
        // What opens a thread is said once.
        let thread = script.thread();
        script.say(A, 60, event, content);
        assert!(
            admit(&thread, &script.entries[1].message, &terms).is_err(),
            "{event}"
        );
        let digest = script.entries[0].message.digest().to_string();
        script.unsay().say(
            B,
            60,
            "dispute",
            json!({"message": digest, "text": "not so"}),
        );
        assert!(
            standing(&script.thread(), &terms, START).unwrap().disputed,
            "{event}"
        );
    }
}

#[test]
fn nobody_closes_a_thread_to_the_other_side_by_dating_a_message_back() {
    let terms = Terms::default();
    let (event, content) = first(Subject::Request).unwrap();
    let mut script = Script::new(Subject::Request);
    script.say(B, -60, "acknowledge", json!({"number": "B-1"}));
    let mut honest = Script::new(Subject::Request);
    honest.say(A, 0, event, content);
    script.entries.append(&mut honest.entries);
    let shown = standing(&script.thread(), &terms, START).unwrap();
    assert_eq!((shown.title.as_str(), shown.state), ("t", "delivered"));
}
