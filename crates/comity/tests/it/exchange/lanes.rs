//! Large things and urgent ones on one link.
//!
//! In scope: that what is urgent does not wait for what is large, and that what is large goes on after a cut where it was.
//! Out of scope: lines that are slow or lose packets (`network`).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::exchange::gate::{Gate, Mode};
use crate::exchange::party::{OPEN, Party, befriend, labelled, text, until, until_within};
use crate::node::Store;
use crate::sample::{indicator, indicator_id, malware};

/// Of an object that travels in parts.
const LARGE_BYTES: usize = 6_900_000;
/// What large things take on a machine that has much to do.
const PATIENCE: Duration = Duration::from_mins(4);

/// Two parties, and a gate through which the first reaches the second.
fn gated() -> ([Party; 2], Gate) {
    let mut pair = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let gate = Gate::before(pair[1].port);
    pair[1].set(
        "link",
        "url",
        &format!("\"http://127.0.0.1:{}\"", gate.port),
    );
    let [alpha, bravo] = &mut pair;
    befriend(alpha, bravo, OPEN);
    (pair, gate)
}

fn large(number: u32) -> Value {
    let mut object = labelled(malware(number), "GREEN");
    object["description"] = "x".repeat(LARGE_BYTES).into();
    object
}

fn share(from: &Party, to: &str, id: &str) {
    assert_eq!(from.share(id, to)["verdict"], "released", "{id}");
}

/// How the parts stand that a party sends: by envelope, the state and how often it was sent.
fn parts(party: &Party) -> BTreeMap<String, (String, u64)> {
    let rows = party.outbox();
    let pieces = rows.iter().filter(|row| row["kind"] == "part");
    let stands = |row: &Value| (text(row, "state"), row["attempts"].as_u64().unwrap());
    pieces
        .map(|row| (text(row, "envelope"), stands(row)))
        .collect()
}

fn receipted(parts: &BTreeMap<String, (String, u64)>) -> usize {
    let there = parts.values().filter(|(state, _)| state == "receipted");
    there.count()
}

/// Waits until nothing waits for the second any more. What is listed is read whole: it is not asked for again and again.
fn until_nothing_waits(alpha: &Party) {
    until_within(PATIENCE, "every receipt", || {
        (alpha.party_row("bravo")["waiting"] == 0).then_some(())
    });
}

#[test]
fn what_is_urgent_arrives_before_what_is_large_and_was_sent_first() {
    let ([alpha, bravo], gate) = gated();
    let house = alpha.create_collection("House", &[]);
    alpha.import(&house, &[labelled(indicator(1), "GREEN")]);
    share(&alpha, "bravo", &indicator_id(1));
    bravo.until_from("alpha", &[&indicator_id(1)]);
    let objects: Vec<Value> = (0..2).map(large).collect();
    for object in &objects {
        alpha.import(&house, std::slice::from_ref(object));
    }
    // A call that carries a part stands still until the gate opens.
    gate.set(Mode::Stall(1024 * 1024));
    for object in &objects {
        share(&alpha, "bravo", &text(object, "id"));
    }
    until_within(PATIENCE, "a call with parts", || {
        gate.has_held().then_some(())
    });
    alpha.cli(&["recall", &indicator_id(1)]).expect(0);
    until("the recall at bravo", || {
        let rows = bravo.inbox();
        let mut kinds = rows.iter().map(|row| text(row, "kind"));
        kinds.any(|kind| kind == "recall").then_some(())
    });
    let before = parts(&alpha);
    assert_eq!((before.len(), receipted(&before)), (14, 0), "{before:?}");
    gate.set(Mode::Open);
    until_nothing_waits(&alpha);
    until_within(PATIENCE, "everything large at bravo", || {
        let held = bravo.from("alpha");
        let mut ids = objects.iter().map(|one| text(one, "id"));
        ids.all(|id| held.contains_key(&id)).then_some(())
    });
}

#[test]
fn a_large_object_goes_on_after_a_cut_with_the_parts_that_are_missing() {
    let ([alpha, bravo], gate) = gated();
    let house = alpha.create_collection("House", &[]);
    let object = large(1);
    alpha.import(&house, std::slice::from_ref(&object));
    // The first call carries the first parts, the second is cut in the middle.
    gate.set(Mode::Cut(5_500_000));
    share(&alpha, "bravo", &text(&object, "id"));
    until_within(PATIENCE, "a cut", || gate.has_held().then_some(()));
    let before = parts(&alpha);
    let there = receipted(&before);
    assert!(there > 0 && there < before.len(), "{before:?}");
    assert!(bravo.from("alpha").is_empty(), "a part is no object");
    gate.set(Mode::Open);
    until_nothing_waits(&alpha);
    let held = until_within(PATIENCE, "the object", || {
        let held = bravo.from("alpha");
        held.get(&text(&object, "id")).cloned()
    });
    assert_eq!(held["description"], object["description"]);
    for (envelope, (state, sent)) in parts(&alpha) {
        assert_eq!(state, "receipted");
        let known = &before[&envelope];
        assert!(
            known.0 != "receipted" || known.1 == sent,
            "{envelope} was there and was sent again"
        );
    }
}
