//! Each row of the table, the ladder, seals and times.

use serde_json::{Value, json};

use super::event::{BOTH, Kind, Rung, State, TABLE};
use super::{Call, seal};
use crate::message::Subject;
use crate::proof::Proof;
use crate::script::{HOUR, START, Script};
use crate::table::{Side, Word};

const A: Side = Side::Opener;
const B: Side = Side::Responder;
const SALT: &str = "00112233445566778899aabbccddeeff";

fn ring() -> Script {
    let mut script = Script::new(Subject::Call);
    script.say(A, 0, "ring", rung("urgent", false));
    script
}

fn rung(urgency: &str, test: bool) -> Value {
    json!({"to": "duty desk", "channel": "telephone", "urgency": urgency, "line": "a grid is failing", "test": test})
}

fn note(side: Side) -> &'static str {
    match side {
        Side::Opener => "we said this",
        Side::Responder => "they said that",
    }
}

fn content(script: &mut Script, kind: Kind, side: Side) -> Value {
    let digest = script.entries[0].message.digest().to_string();
    if kind == Kind::Settle {
        script.say(
            side,
            3_000,
            "dispute",
            json!({"message": digest, "text": "not so"}),
        );
    }
    match kind {
        Kind::Ring => rung("urgent", false),
        Kind::Missed | Kind::Close => json!({}),
        Kind::Redial => json!({"to": "second desk", "rung": "next-contact"}),
        Kind::Answered | Kind::CallBack => json!({"name": "duty officer", "role": "duty"}),
        Kind::Identify => json!({"heard": "matched"}),
        Kind::NoteSealed => json!({"sha256": seal(note(side), SALT).to_string()}),
        Kind::NoteShown => json!({"text": note(side), "salt": SALT}),
        Kind::ReadBack => json!({"agrees": true}),
        Kind::Actions => {
            json!({"actions": [{"text": "send logs", "owner": "bravo", "due": "2027-01-01T00:00:00Z"}]})
        }
        Kind::FollowUp => {
            json!({"action": 1, "thread": "request--00000000-0000-0000-0000-000000000007"})
        }
        Kind::Abandon => json!({"reason": "solved"}),
        Kind::Confirm => json!({"text": "as agreed"}),
        Kind::Dispute | Kind::Settle => json!({"message": digest, "text": "not so"}),
    }
}

/// The path that leads to a state.
fn standing(state: State) -> Script {
    let both = |kind: Kind| [(A, kind), (B, kind)];
    let mut path: Vec<(Side, Kind)> = Vec::new();
    let stages: [(State, Vec<(Side, Kind)>); 6] = [
        (State::Answered, vec![(B, Kind::Answered)]),
        (State::Identified, both(Kind::Identify).to_vec()),
        (State::Noted, both(Kind::NoteSealed).to_vec()),
        (State::Shown, both(Kind::NoteShown).to_vec()),
        (State::ReadBack, both(Kind::ReadBack).to_vec()),
        (State::Agreed, vec![(A, Kind::Actions)]),
    ];
    match state {
        State::Rung => {}
        State::Missed => path.push((A, Kind::Missed)),
        State::Abandoned => path.push((A, Kind::Abandon)),
        State::Answered
        | State::Identified
        | State::Noted
        | State::Shown
        | State::ReadBack
        | State::Agreed
        | State::Closed
        | State::Confirmed => {
            for (reached, steps) in stages {
                path.extend(steps);
                if reached == state {
                    break;
                }
            }
        }
    }
    if matches!(state, State::Closed | State::Confirmed) {
        path.push((B, Kind::Close));
    }
    if state == State::Confirmed {
        path.extend(both(Kind::Confirm));
    }
    let mut script = ring();
    for ((side, kind), after) in path.into_iter().zip(1..) {
        let said = content(&mut script, kind, side);
        script.say(side, after, kind.word(), said);
    }
    script
}

const PROOF: Proof<Call, State, Kind> = Proof {
    table: TABLE,
    standing,
    moment: |_| HOUR,
    content,
    replay: Call::replay,
    state: |call, _| call.state,
    record: |call| &call.record,
    both: BOTH,
};

#[test]
fn every_row_does_what_it_says_and_everything_else_is_refused() {
    PROOF.rows();
}

#[test]
fn each_row_needs_its_roles() {
    PROOF.roles();
}

#[test]
fn any_order_of_messages_gives_the_same_call() {
    PROOF.orders();
}

fn replay(script: &Script) -> Call {
    Call::replay(&script.thread()).unwrap()
}

fn refused(script: &Script) -> String {
    replay(script).record.voided.last().unwrap().reason.clone()
}

#[test]
fn the_ladder_goes_up_after_three_tries_or_a_quarter_of_an_hour_and_not_before() {
    let mut script = ring();
    let redial = |rung: &str| json!({"to": "desk", "rung": rung});
    for minute in [1, 2] {
        script.say(A, minute * 60, "missed", json!({}));
        script.say(A, minute * 60 + 1, "redial", redial("next-contact"));
        assert!(refused(&script).contains("the ladder is at contact"));
        script.unsay();
        script.say(A, minute * 60 + 1, "redial", redial("contact"));
    }
    script.say(A, 180, "missed", json!({}));
    script.say(A, 181, "redial", redial("contact"));
    assert!(refused(&script).contains("the ladder is at next-contact"));
    script.unsay();
    script.say(A, 181, "redial", redial("next-contact"));
    script.say(A, 240, "missed", json!({}));
    assert_eq!(replay(&script).next_rung(START + 300), Rung::NextContact);
    assert_eq!(replay(&script).next_rung(START + 181 + 900), Rung::DutyHead);
    script.say(A, 181 + 900, "redial", redial("duty-head"));
    script.say(A, 1_200, "missed", json!({}));
    assert_eq!(
        replay(&script).next_rung(START + 9 * HOUR),
        Rung::DutyHead,
        "above is nobody"
    );
}

#[test]
fn a_note_is_shown_only_after_both_are_sealed_and_only_as_it_was_sealed() {
    let mut script = standing(State::Identified);
    let sealed = content(&mut script, Kind::NoteSealed, A);
    script.say(A, HOUR, "note-sealed", sealed.clone());
    script.say(
        A,
        HOUR,
        "note-shown",
        json!({"text": note(A), "salt": SALT}),
    );
    assert!(
        refused(&script).contains("possible: "),
        "the other note is not sealed yet"
    );
    script.say(A, HOUR, "note-sealed", sealed);
    assert!(
        refused(&script).contains("already"),
        "a seal is not changed"
    );
    let theirs = content(&mut script, Kind::NoteSealed, B);
    script.say(B, HOUR, "note-sealed", theirs);
    script.say(
        B,
        HOUR,
        "note-shown",
        json!({"text": "another note", "salt": SALT}),
    );
    assert!(refused(&script).contains("do not match the seal"));
    script.say(
        B,
        HOUR,
        "note-shown",
        json!({"text": note(B), "salt": "00"}),
    );
    assert!(refused(&script).contains("salt"));
    script.say(
        B,
        HOUR,
        "note-shown",
        json!({"text": note(B), "salt": SALT}),
    );
    assert_eq!(replay(&script).called.note.as_deref(), Some(note(B)));
}

#[test]
fn each_side_is_known_by_the_word_that_it_speaks() {
    use comity_accord::digest::Digest;
    let word = Digest::of(b"heron").to_string();
    let mut script = Script::new(Subject::Call);
    let mut said = rung("urgent", false);
    said["code"] = json!(word);
    script.say(A, 0, "ring", said);
    script.say(B, 60, "answered", json!({"name": "n", "role": "duty"}));
    script.say(
        B,
        70,
        "identify",
        json!({"heard": Digest::of(b"egret").to_string()}),
    );
    assert_eq!(
        replay(&script).called.matched,
        Some(false),
        "shown, not hidden"
    );
    script.say(B, 80, "identify", json!({"heard": word}));
    script.say(A, 90, "identify", json!({"heard": word}));
    assert!(refused(&script).contains("stated no digest"));
    script.say(A, 90, "identify", json!({"heard": "matched"}));
    assert_eq!(replay(&script).state, State::Identified);
}

#[test]
fn each_step_has_its_time() {
    let dues = |script: &Script| {
        let owed = replay(script).dues().into_iter();
        owed.map(|due| (due.what, due.by, due.at - START))
            .collect::<Vec<_>>()
    };
    let mut script = ring();
    assert_eq!(dues(&script), [("answered", B, 1 + 300)]);
    script.say(A, 60, "missed", json!({}));
    assert_eq!(
        dues(&script),
        [("redial", A, 900), ("call-back", B, 61 + 1_800)]
    );
    script.say(B, 600, "call-back", json!({"name": "n", "role": "duty"}));
    assert_eq!(dues(&script), []);
    script.say(A, 700, "close", json!({}));
    // Whoever ended it knows it at once, the other one when its node has it.
    assert_eq!(
        dues(&script),
        [
            ("confirm", A, 700 + 24 * HOUR),
            ("confirm", B, 701 + 24 * HOUR)
        ]
    );
    let mut emergency = Script::new(Subject::Call);
    emergency.say(A, 0, "ring", rung("emergency", true));
    emergency.say(B, 60, "answered", json!({"name": "n", "role": "duty"}));
    emergency.say(B, 120, "close", json!({}));
    assert_eq!(dues(&emergency)[0], ("confirm", B, 120 + 2 * HOUR));
    assert!(replay(&emergency).test);
}

#[test]
fn actions_name_parties_dates_and_threads() {
    for wrong in [
        json!({"text": "x", "owner": "charlie", "due": "2027-01-01T00:00:00Z"}),
        json!({"text": "x", "owner": "bravo", "due": "soon"}),
        json!({"text": "x", "owner": "bravo", "due": "2027-01-01T00:00:00Z", "thread": "x"}),
    ] {
        let mut script = standing(State::ReadBack);
        script.say(A, HOUR, "actions", json!({"actions": [wrong]}));
        assert!(!refused(&script).is_empty());
    }
}

#[test]
fn an_action_becomes_one_thread_and_says_so_also_after_the_call() {
    let mut script = standing(State::Closed);
    let said = |action: u32, thread: &str| json!({"action": action, "thread": thread});
    let request = "request--00000000-0000-0000-0000-000000000007";
    for (wrong, reason) in [
        (said(0, request), "the call has 1 actions"),
        (said(2, request), "the call has 1 actions"),
        (said(1, "request"), "thread must name one"),
    ] {
        script.say(A, HOUR, "follow-up", wrong);
        assert!(refused(&script).contains(reason), "{}", refused(&script));
    }
    script.say(B, HOUR, "follow-up", said(1, request));
    assert_eq!(replay(&script).actions[0].thread.as_deref(), Some(request));
    script.say(A, HOUR, "follow-up", said(1, request));
    assert!(refused(&script).contains("already"));
}

#[test]
fn a_test_says_so_in_lists() {
    let mut script = Script::new(Subject::Call);
    script.say(A, 0, "ring", rung("routine", true));
    assert_eq!(replay(&script).title(), "TEST: a grid is failing");
    assert_eq!(replay(&ring()).title(), "a grid is failing");
}
