//! Each row of the table, what custody refuses, and the gaps that a list shows.

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Evidence;
use super::custody::{Custody, Gap, chained, custody};
use super::event::{Event, Item, Kind, State, TABLE};
use crate::message::Subject;
use crate::proof::Proof;
use crate::script::{DAY, HOUR, START, Script, party};
use crate::table::{Side, Word};

const A: Side = Side::Opener;
const B: Side = Side::Responder;

fn sha() -> String {
    Digest::of(b"disk").to_string()
}

fn item() -> Value {
    json!({
        "sha256": sha(), "size": 512, "media_type": "application/octet-stream", "acquired_at": "2026-10-01T08:00:00Z",
        "acquired_by": "lab", "acquired_how": "imaged with a write blocker", "tool": "imager 4", "source": "mail server",
        "legal_basis": "order 7", "label": "amber", "sample": true,
    })
}

fn content(script: &mut Script, kind: Kind, side: Side) -> Value {
    let digest = script.entries[0].message.digest().to_string();
    let dispute = json!({"message": digest, "text": "not so"});
    if kind == Kind::Settle {
        script.say(side, 3_000, "dispute", dispute.clone());
    }
    if kind == Kind::Release && state_of(script) != State::Destroyed {
        script.say(side, 3_000, "hold", json!({"reason": "trial"}));
    }
    match kind {
        Kind::Acquired => item(),
        Kind::Verified => json!({"ok": true}),
        Kind::Opened => json!({"purpose": "search"}),
        Kind::Copied | Kind::TransferOffer | Kind::Returned | Kind::Release => json!({}),
        Kind::Derived => json!({"sha256": sha(), "tool": "carver", "version": "2"}),
        Kind::Sealed => json!({"seal": "B-17"}),
        Kind::TransferAccept => json!({"sha256": sha()}),
        Kind::TransferDecline | Kind::Hold => json!({"reason": "not ours"}),
        Kind::Destroyed => json!({"witness": "head of desk"}),
        Kind::AnalysisReport => json!({"text": "it encrypts files"}),
        Kind::Dispute | Kind::Settle => dispute,
    }
}

fn replay(script: &Script) -> Evidence {
    Evidence::replay(&script.thread()).unwrap()
}

fn state_of(script: &Script) -> State {
    replay(script).state
}

/// Every path leads over the other party and back, so that a sample was accepted.
fn standing(state: State) -> Script {
    let mut path = vec![(A, Kind::TransferOffer), (B, Kind::TransferAccept)];
    match state {
        State::AtResponder => {}
        State::OfferedToOpener => path.push((B, Kind::Returned)),
        State::Destroyed => path.push((B, Kind::Destroyed)),
        State::AtOpener | State::OfferedToResponder => {
            path.extend([(B, Kind::Returned), (A, Kind::TransferAccept)]);
            if state == State::OfferedToResponder {
                path.push((A, Kind::TransferOffer));
            }
        }
    }
    let mut script = Script::new(Subject::Evidence);
    script.say(A, 0, "acquired", item());
    for ((side, kind), after) in path.into_iter().zip(1..) {
        let said = content(&mut script, kind, side);
        script.say(side, after, kind.word(), said);
    }
    script
}

const PROOF: Proof<Evidence, State, Kind> = Proof {
    table: TABLE,
    standing,
    moment: |_| HOUR,
    content,
    replay: Evidence::replay,
    state: |evidence, _| evidence.state,
    record: |evidence| &evidence.record,
    both: &[],
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
fn any_order_of_messages_gives_the_same_item() {
    PROOF.orders();
}

#[test]
fn what_two_parties_share_has_one_holder_and_no_gap() {
    for (state, _) in State::WORDS {
        let evidence = replay(&standing(*state));
        let custody = evidence.custody();
        assert_eq!(custody.gaps, [], "{state:?}");
        assert_eq!(custody.holder(), evidence.holder(), "{state:?}");
    }
}

#[test]
fn custody_refuses_what_does_not_fit() {
    let refused = |state, side, event: &str, said: Value, reason: &str| {
        let mut script = standing(state);
        if event == "destroyed" && reason.contains("hold") {
            script.say(A, 100, "hold", json!({"reason": "trial"}));
        }
        script.say(side, HOUR, event, said);
        let voided = replay(&script).record.voided;
        assert!(voided[0].reason.contains(reason), "{voided:?}");
    };
    let other = Digest::of(b"other").to_string();
    refused(
        State::OfferedToResponder,
        B,
        "transfer-accept",
        json!({"sha256": other}),
        "another hash",
    );
    refused(
        State::AtResponder,
        B,
        "destroyed",
        json!({"witness": "x"}),
        "on hold",
    );
    refused(
        State::AtResponder,
        B,
        "destroyed",
        json!({"witness": "duty officer"}),
        "another person",
    );
    refused(State::AtResponder, B, "release", json!({}), "no hold");
    let mut plain = Script::new(Subject::Evidence);
    let mut said = item();
    said["sample"] = json!(false);
    plain.say(A, 0, "acquired", said.clone());
    plain.say(A, 1, "transfer-offer", json!({}));
    plain.say(B, 2, "transfer-accept", json!({"sha256": sha()}));
    plain.say(B, 3, "analysis-report", json!({"text": "x"}));
    assert!(replay(&plain).record.voided[0].reason.contains("sample"));
    for (name, wrong) in [
        ("sha256", json!("00")),
        ("acquired_at", json!("soon")),
        ("md5", json!("00")),
        ("other", json!(1)),
    ] {
        let mut bad = said.clone();
        bad[name] = wrong;
        let mut script = Script::new(Subject::Evidence);
        script.say(A, 0, "acquired", bad);
        assert_eq!(Evidence::replay(&script.thread()), None, "{name}");
    }
}

#[test]
fn an_offer_is_to_be_accepted_within_three_days() {
    let evidence = replay(&standing(State::OfferedToResponder));
    let [due] = evidence.dues().try_into().unwrap();
    assert_eq!((due.what, due.by), ("transfer-accept", B));
    let custody = evidence.custody();
    assert_eq!(custody.gaps_at(START + 3 * DAY), []);
    let late = custody.gaps_at(START + 3 * DAY + HOUR);
    assert!(
        matches!(late.as_slice(), [Gap::NotAccepted { .. }]),
        "{late:?}"
    );
}

fn acquired() -> Event {
    let item: Item = serde_json::from_value(item()).unwrap();
    Event::Acquired(Box::new(item))
}

fn found(events: Vec<(Side, i64, Event)>) -> Custody {
    let events = events
        .into_iter()
        .map(|(side, at, event)| (at, (party(side), "lab".to_owned()), event));
    custody(&chained(events))
}

#[test]
fn a_list_shows_its_gaps() {
    let alpha: PartyName = party(A);
    let offer = || Event::TransferOffer {
        note: String::new(),
        before: None,
    };
    let accept = || Event::TransferAccept { sha256: sha() };
    let opened = || Event::Opened {
        purpose: "search".to_owned(),
    };
    let check =
        |events: Vec<(Side, i64, Event)>, gaps: &[Gap]| assert_eq!(found(events).gaps, gaps);
    check(vec![(A, 0, acquired()), (A, 1, opened())], &[]);
    check(
        vec![(A, 0, opened())],
        &[
            Gap::NotHolder {
                actor: alpha.clone(),
                place: 1,
            },
            Gap::NoHolder { place: 1 },
        ],
    );
    check(
        vec![(A, 0, acquired()), (B, 1, acquired())],
        &[Gap::TwoHolders(alpha.clone(), party(B))],
    );
    check(
        vec![(A, 0, acquired()), (B, 1, accept())],
        &[
            Gap::NotOffered {
                actor: party(B),
                place: 2,
            },
            Gap::TwoHolders(alpha.clone(), party(B)),
        ],
    );
    check(
        vec![(A, 0, acquired()), (A, 1, offer()), (B, 4 * DAY, accept())],
        &[Gap::NotAccepted {
            by: alpha.clone(),
            at: 1,
        }],
    );
    check(
        vec![(A, 0, acquired()), (A, 1, Event::Verified { ok: false })],
        &[Gap::Hash { place: 2 }],
    );
    let hold = Event::Hold {
        reason: "trial".to_owned(),
    };
    let destroyed = Event::Destroyed {
        witness: "w".to_owned(),
    };
    check(
        vec![(A, 0, acquired()), (B, 1, hold), (A, 2, destroyed)],
        &[Gap::OnHold { place: 3 }],
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn whatever_is_changed_in_a_list_shows(place in 0_usize..6, later in 1_i64..1_000) {
        let mut events = vec![(0, (party(A), "lab".to_owned()), acquired())];
        for at in 1..6 {
            events.push((at, (party(A), "lab".to_owned()), Event::Verified { ok: true }));
        }
        let links = chained(events);
        prop_assert_eq!(custody(&links).gaps, []);
        let mut changed = links.clone();
        changed[place].at += later;
        let mut taken = links.clone();
        taken.remove(place);
        // The newest event is held by whoever has its hash; any other one by the event behind it.
        if place < 5 {
            prop_assert_ne!(custody(&changed).gaps, []);
            prop_assert_ne!(custody(&taken).gaps, []);
        } else {
            prop_assert_ne!(custody(&changed).head, custody(&links).head);
        }
    }
}
