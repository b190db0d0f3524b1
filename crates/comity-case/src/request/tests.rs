//! Each row of the tables by its name, and what time does.

use serde_json::{Value, json};

use super::Request;
use super::event::{HOLD_TABLE, Hold, Kind, State, TABLE};
use super::terms::Terms;
use crate::history::Due;
use crate::message::{Role, Subject};
use crate::proof::Proof;
use crate::script::{DAY, HOUR, START, Script, party};
use crate::table::{Side, Word};

const A: Side = Side::Opener;
const B: Side = Side::Responder;

fn asked(urgency: &str) -> Value {
    json!({
        "request_type": "log-search", "urgency": urgency, "title": "logs", "unit": "u", "contact": "c", "facts": "f",
        "asked": "a", "use_limits": "intelligence only", "window_from": "2026-09-01T00:00:00Z",
        "window_until": "2026-09-02T00:00:00Z", "observables": ["198.51.100.7"], "emergency_reason": "r",
    })
}

fn begun(urgency: &str) -> Script {
    let mut script = Script::new(Subject::Request);
    script.second = Some("head of desk");
    script.say(A, 0, "send", asked(urgency));
    script
}

fn replay(script: &Script) -> Request {
    Request::replay(&script.thread(), &Terms::default()).unwrap()
}

/// What an event says at the least.
fn content(kind: Kind, digest: &str) -> Value {
    let later = "2027-01-01T00:00:00Z";
    match kind {
        Kind::Send => asked("routine"),
        Kind::Acknowledge => json!({"number": "B-1"}),
        Kind::Return => json!({"fields": ["facts"]}),
        Kind::Supplement => json!({"fields": {"facts": "more"}}),
        Kind::Accept => json!({"scope": "full", "expected": later}),
        Kind::Decline => json!({"reason": "resources"}),
        Kind::AskReferral => json!({"to": "charlie", "why": "it is theirs"}),
        Kind::Consent => json!({"to": "charlie", "agreed": true}),
        Kind::Refer => json!({"to": "charlie"}),
        Kind::Interim => json!({"text": "half"}),
        Kind::Extend => json!({"expected": later, "reason": "volume"}),
        Kind::Answer => json!({"scope": "full", "text": "here"}),
        Kind::Feedback => json!({"useful": "yes", "quality": 4, "acted": true}),
        Kind::Reopen => json!({"gap": "one day"}),
        Kind::Withdraw | Kind::Lost => json!({"reason": "solved"}),
        Kind::Purged => json!({"retained": false}),
        Kind::Confirm | Kind::Convert => json!({"reference": "MLA-7"}),
        Kind::Dispute | Kind::Settle => json!({"message": digest, "text": "not so"}),
        Kind::Hold | Kind::Renew => json!({"until": later}),
        Kind::Release => json!({}),
    }
}

/// A script that stands in a state.
fn standing(state: State) -> Script {
    let mut script = begun("routine");
    let mut say = |side, after, kind: Kind| {
        script.say(side, after, kind.word(), content(kind, ""));
    };
    let path: &[(Side, Kind)] = match state {
        State::Sent | State::Delivered | State::Unreachable => &[],
        State::Acknowledged => &[(B, Kind::Acknowledge)],
        State::Returned | State::Lapsed => &[(B, Kind::Return)],
        State::Accepted => &[(B, Kind::Acknowledge), (B, Kind::Accept)],
        State::Referred => &[
            (B, Kind::Acknowledge),
            (B, Kind::AskReferral),
            (A, Kind::Consent),
            (B, Kind::Refer),
        ],
        State::Declined => &[(B, Kind::Acknowledge), (B, Kind::Decline)],
        State::Answered | State::Closed => {
            &[(B, Kind::Acknowledge), (B, Kind::Accept), (B, Kind::Answer)]
        }
        State::Withdrawn => &[(A, Kind::Withdraw)],
    };
    for ((side, kind), minute) in path.iter().zip(1..) {
        say(*side, minute * 60, *kind);
    }
    if state == State::Closed {
        say(A, HOUR, Kind::Feedback);
    }
    if matches!(state, State::Sent | State::Unreachable) {
        for entry in &mut script.entries {
            entry.received = None;
        }
    }
    script
}

/// When a test acts, so that the state is the one that it wants.
fn moment(state: State) -> i64 {
    match state {
        State::Lapsed => 20 * DAY,
        State::Unreachable => DAY,
        State::Sent
        | State::Delivered
        | State::Acknowledged
        | State::Returned
        | State::Accepted
        | State::Referred
        | State::Declined
        | State::Answered
        | State::Closed
        | State::Withdrawn => 2 * HOUR,
    }
}

/// What an event needs to have happened first, besides the state.
fn prepare(script: &mut Script, kind: Kind, side: Side) {
    let digest = script.entries[0].message.digest().to_string();
    let at = 90 * 60;
    if matches!(kind, Kind::Consent | Kind::Refer) {
        script.say(B, at, "ask-referral", content(Kind::AskReferral, ""));
    }
    if kind == Kind::Refer {
        script.say(A, at + 1, "consent", content(Kind::Consent, ""));
    }
    if kind == Kind::Settle {
        script.say(side, at, "dispute", content(Kind::Dispute, &digest));
    }
}

#[test]
fn every_state_of_the_table_is_reached_and_named() {
    for (state, word) in State::WORDS {
        let script = standing(*state);
        let at = START + moment(*state);
        assert_eq!(
            replay(&script).state_at(at, &Terms::default()),
            *state,
            "{word}"
        );
    }
}

#[test]
fn every_row_does_what_it_says_and_everything_else_is_refused_with_what_is_possible() {
    let rows = |state: &State, kind: &Kind, side: Side| {
        TABLE
            .iter()
            .find(|row| row.from.contains(state) && row.event == *kind && row.by.contains(&side))
    };
    let mut allowed = 0;
    for (state, _) in State::WORDS {
        for (kind, word) in Kind::WORDS {
            let about_held = HOLD_TABLE.iter().any(|row| row.event == *kind);
            for side in [A, B] {
                let row = rows(state, kind, side);
                let mut script = standing(*state);
                if row.is_some() {
                    prepare(&mut script, *kind, side);
                }
                let digest = script.entries[0].message.digest().to_string();
                script.say(side, moment(*state), word, content(*kind, &digest));
                let request = replay(&script);
                match row {
                    // A request that was closed with feedback has it.
                    Some(_) if *state == State::Closed && *kind == Kind::Feedback => {
                        assert_eq!(request.record.voided.len(), 1);
                    }
                    Some(row) => {
                        allowed += 1;
                        assert_eq!(request.record.voided, [], "{state:?} {word} {side:?}");
                        assert_eq!(request.state, row.to.unwrap_or(*state), "{state:?} {word}");
                    }
                    None => {
                        let [void] = request.record.voided.as_slice() else {
                            panic!("{state:?} {word} {side:?} was taken")
                        };
                        let reason = &void.reason;
                        let said = about_held
                            || reason.contains("possible: ")
                            || reason.contains("for the other side");
                        assert!(said, "{reason}");
                    }
                }
            }
        }
    }
    assert!(allowed > 60, "{allowed}");
}

#[test]
fn each_row_needs_its_roles() {
    for row in TABLE.iter().filter(|row| row.event != Kind::Send) {
        // A closed request of the script has its feedback already.
        let usable = row.from.iter().find(|state| **state != State::Closed);
        let Some(state) = usable.copied() else {
            continue;
        };
        for role in Role::ALL {
            let side = row.by[0];
            let mut script = standing(state);
            prepare(&mut script, row.event, side);
            let digest = script.entries[0].message.digest().to_string();
            script.say_as(
                (side, role),
                moment(state),
                row.event.word(),
                content(row.event, &digest),
            );
            let refused = replay(&script)
                .record
                .voided
                .iter()
                .any(|void| void.reason.contains("needs the role"));
            assert_eq!(
                refused,
                !row.roles.contains(&role),
                "{:?} {role:?}",
                row.event
            );
        }
    }
}

#[test]
fn an_emergency_or_a_red_request_needs_a_second_person() {
    let mut script = Script::new(Subject::Request);
    script.say(A, 0, "send", asked("emergency"));
    assert_eq!(Request::replay(&script.thread(), &Terms::default()), None);
    script.unsay();
    script.second = Some("duty officer");
    script.say(A, 0, "send", asked("emergency"));
    assert_eq!(Request::replay(&script.thread(), &Terms::default()), None);
    script.unsay();
    script.second = Some("head of desk");
    script.say(A, 0, "send", asked("emergency"));
    let request = replay(&script);
    let confirm = request
        .dues(START, &Terms::default())
        .into_iter()
        .find(|due| due.what == "confirm");
    assert!(confirm.is_some(), "an emergency is confirmed later");
}

#[test]
fn time_in_which_the_request_lay_with_the_requester_does_not_count() {
    let terms = Terms::default();
    let mut script = begun("urgent");
    let plain = replay(&script).answer_due(&terms).unwrap();
    assert_eq!(plain, START + 1 + 5 * DAY);
    script.say(B, HOUR, "return", json!({"fields": ["facts"]}));
    assert_eq!(replay(&script).answer_due(&terms), None, "the clock stands");
    script.say(A, 2 * DAY, "supplement", json!({"fields": {"facts": "x"}}));
    let after = replay(&script);
    assert_eq!(
        after.answer_due(&terms),
        Some(plain + 2 * DAY + 1 - HOUR),
        "longer by the pause"
    );
    assert_eq!(after.content.facts.as_deref(), Some("x"));
    // Late supplements leave a day.
    let mut late = begun("emergency");
    late.say(B, 23 * HOUR, "return", json!({"fields": ["facts"]}));
    late.say(
        A,
        30 * HOUR,
        "supplement",
        json!({"fields": {"facts": "x"}}),
    );
    let due = replay(&late).answer_due(&terms);
    assert_eq!(due, Some(START + 30 * HOUR + 1 + DAY));
}

#[test]
fn two_extensions_move_the_date_and_a_third_does_not() {
    let mut script = begun("urgent");
    script.say(B, 60, "acknowledge", json!({"number": "1"}));
    script.say(
        B,
        120,
        "accept",
        json!({"scope": "full", "expected": "2026-10-08T00:00:00Z"}),
    );
    for (day, after) in [(12, 180), (14, 240), (20, 300)] {
        let expected = format!("2026-10-{day}T00:00:00Z");
        script.say(
            B,
            after,
            "extend",
            json!({"expected": expected, "reason": "volume"}),
        );
    }
    let request = replay(&script);
    assert_eq!(request.expected.len(), 4, "every date stays visible");
    let fourteenth = START - 8 * HOUR + 9 * DAY;
    assert_eq!(request.answer_due(&Terms::default()), Some(fourteenth));
}

#[test]
fn a_lapsed_request_takes_no_supplement_and_an_unheard_one_closes_itself() {
    let mut script = standing(State::Returned);
    script.say(A, 11 * DAY, "supplement", json!({"fields": {"facts": "x"}}));
    assert_eq!(replay(&script).record.voided.len(), 1);
    let answered = replay(&standing(State::Answered));
    let terms = Terms::default();
    assert_eq!(answered.state_at(START + 20 * DAY, &terms), State::Closed);
    let owed = |request: &Request, now| {
        request
            .dues(now, &terms)
            .into_iter()
            .map(|due: Due| due.what)
            .collect::<Vec<_>>()
    };
    assert_eq!(owed(&answered, START + DAY), ["feedback"]);
    assert!(owed(&answered, START + 20 * DAY).is_empty());
}

#[test]
fn an_answer_is_reopened_once_within_thirty_days() {
    let mut script = standing(State::Answered);
    script.say(A, 2 * HOUR, "reopen", json!({"gap": "one day is missing"}));
    script.say(
        B,
        3 * HOUR,
        "answer",
        json!({"scope": "full", "text": "all"}),
    );
    script.say(A, 4 * HOUR, "reopen", json!({"gap": "again"}));
    let request = replay(&script);
    assert_eq!((request.state, request.answers.len()), (State::Answered, 2));
    assert!(request.record.voided[0].reason.contains("once"));
    let mut late = standing(State::Answered);
    late.say(A, 31 * DAY, "reopen", json!({"gap": "late"}));
    assert!(
        replay(&late).record.voided[0]
            .reason
            .contains("thirty days")
    );
}

#[test]
fn exercises_and_the_real_thing_never_mix() {
    let mut script = begun("routine");
    script.exercise = Some(uuid::Uuid::from_u128(5));
    script.say(B, 60, "acknowledge", json!({"number": "1"}));
    let request = replay(&script);
    assert!(request.acknowledged.is_none());
    assert!(request.record.voided[0].reason.contains("exercise"));
}

fn preservation() -> Script {
    let mut script = Script::new(Subject::Request);
    let mut said = asked("urgent");
    said["request_type"] = json!("preservation");
    said["hold_until"] = json!("2026-12-05T08:00:00Z");
    script.say(A, 0, "send", said);
    script.say(B, 60, "acknowledge", json!({"number": "1"}));
    script
}

#[test]
fn preserved_data_is_held_renewed_released_and_warned_of() {
    let held = |script: &Script| replay(script).preservation.unwrap();
    let mut script = preservation();
    assert_eq!(held(&script).state, Hold::Requested);
    script.say(B, 120, "hold", json!({"until": "2026-12-05T08:00:00Z"}));
    let now = held(&script);
    let until = now.held_until.unwrap();
    assert_eq!(
        [15, 13, 2, -1].map(|days| now.warnings(until - days * DAY)),
        [0, 1, 2, 0]
    );
    assert_eq!(now.state_at(until + 1), Hold::Expired);
    script.say(A, DAY, "renew", json!({"until": "2027-02-05T08:00:00Z"}));
    assert_eq!(held(&script).state, Hold::Renewing);
    script.say(
        B,
        DAY + 60,
        "hold",
        json!({"until": "2026-11-05T08:00:00Z"}),
    );
    assert_eq!(
        held(&script).state,
        Hold::Renewing,
        "what is held is not held shorter"
    );
    script.say(
        B,
        DAY + 90,
        "hold",
        json!({"until": "2027-02-05T08:00:00Z"}),
    );
    assert_eq!(held(&script).state, Hold::Held);
    for (side, event, said, end) in [
        (A, "release", json!({}), Hold::Released),
        (A, "convert", json!({"reference": "MLA-1"}), Hold::Converted),
        (B, "lost", json!({"reason": "disk"}), Hold::Lost),
    ] {
        script.say(side, 2 * DAY, event, said);
        assert_eq!(held(&script).state, end);
        script.unsay();
    }
}

#[test]
fn every_row_of_held_data_is_refused_outside_its_states() {
    for (state, _) in Hold::WORDS {
        for row in HOLD_TABLE {
            for side in [A, B] {
                let possible = row.from.contains(state) && row.by.contains(&side);
                let found = crate::table::find(
                    HOLD_TABLE,
                    "preservation",
                    *state,
                    (row.event, side, Role::Releaser),
                );
                assert_eq!(found.is_ok(), possible, "{state:?} {:?}", row.event);
            }
        }
    }
}

#[test]
fn two_messages_in_one_place_count_for_nothing_and_are_shown() {
    let mut script = standing(State::Acknowledged);
    let mut other = standing(State::Acknowledged);
    other.unsay();
    other.say(B, 61, "acknowledge", json!({"number": "B-2"}));
    script.entries.push(other.entries.pop().unwrap());
    let request = replay(&script);
    assert_eq!(request.state, State::Delivered);
    assert_eq!(request.record.forks.len(), 1);
    assert_eq!(request.record.forks[0].author, party(B));
}

#[test]
fn a_message_that_is_not_there_is_named_and_those_behind_it_wait() {
    let mut script = standing(State::Accepted);
    let gone = script.entries.remove(1);
    let request = replay(&script);
    assert_eq!(request.state, State::Delivered);
    assert_eq!(request.record.missing[0].digest, gone.message.digest());
    assert_eq!(request.record.missing[0].seq, Some(1));
}

const PROOF: Proof<Request, State, Kind> = Proof {
    table: TABLE,
    standing,
    moment,
    content: |script, kind, _| content(kind, &script.entries[0].message.digest().to_string()),
    replay: |thread| Request::replay(thread, &Terms::default()),
    state: |request, now| request.state_at(now, &Terms::default()),
    record: |request| &request.record,
    both: &[],
};

#[test]
fn any_order_of_messages_gives_the_same_request() {
    PROOF.orders();
}
