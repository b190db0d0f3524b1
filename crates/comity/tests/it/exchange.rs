//! Two nodes of the real program: one pulls from the other, or pushes to it.
//!
//! In scope: that everything arrives, once, byte for byte, and that repeating and interrupting change nothing.
//! Out of scope: other people's servers (`comity-transport`).

mod failures;
mod gate;
mod keys;
mod known_failures;
mod lanes;
mod network;
pub(crate) mod party;
mod persons;
mod release;
pub(crate) mod release_table;
mod standing;
mod three;

use serde_json::Value;

use crate::node::{Said, TestNode, manifest, objects, on_each_store};
use crate::sample::{address, indicator, indicator_at, indicator_id, indicators, malware};

/// Runs `pull` or `push` between a collection of one node and one of the other, signed in with a token.
fn run(verb: &str, here: &TestNode, there: &TestNode, remote: &str) -> Said {
    let url = format!("http://{}/taxii2/", there.address());
    let arguments = [
        verb,
        &url,
        "--remote",
        remote,
        "--collection",
        &here.rw,
        "--token-stdin",
        "--json",
    ];
    here.cli_with_input(&arguments, &there.token)
}

fn counts(said: &Said) -> [u64; 3] {
    let report = said.json();
    ["added", "unchanged", "failed"].map(|name| report[name].as_u64().unwrap())
}

/// The raw objects of a collection, in order.
fn bytes(node: &TestNode, collection: &str) -> String {
    let body = node.get(&objects(collection)).expect(200).text();
    body.split_once("\"objects\":")
        .map_or_else(String::new, |(_, rest)| rest.to_owned())
}

#[test]
fn pulling_brings_everything_once_and_in_order() {
    on_each_store(|there| {
        let here = TestNode::embedded();
        let mut all: Vec<Value> = indicators(0..250);
        all.extend([malware(1), address()]);
        there.import(&there.ro, &all);
        assert_eq!(
            counts(&run("pull", &here, there, &there.ro).expect(0)),
            [252, 0, 0]
        );
        assert_eq!(
            bytes(&here, &here.rw),
            bytes(there, &there.ro),
            "byte for byte"
        );
        let before = here.get(&manifest(&here.rw)).body;
        let again = counts(&run("pull", &here, there, &there.ro).expect(0));
        assert_eq!((again[0], again[2]), (0, 0), "nothing new");
        assert_eq!(here.get(&manifest(&here.rw)).body, before);
        there.import(
            &there.ro,
            &[indicator(300), indicator_at(7, "2021-01-01T00:00:00.000Z")],
        );
        assert_eq!(
            counts(&run("pull", &here, there, &there.ro).expect(0))[0],
            2,
            "only what is new"
        );
        assert_eq!(here.get(&objects(&here.rw)).ids().len(), 253);
    });
}

#[test]
fn pushing_sends_everything_once() {
    on_each_store(|there| {
        let here = TestNode::embedded();
        here.post(&here.rw, &indicators(0..120));
        run("push", &here, there, &there.rw).expect(0);
        assert_eq!(
            bytes(there, &there.rw),
            bytes(&here, &here.rw),
            "byte for byte"
        );
        let before = there.get(&manifest(&there.rw)).body;
        run("push", &here, there, &there.rw).expect(0);
        assert_eq!(there.get(&manifest(&there.rw)).body, before);
        here.post(&here.rw, &[indicator(500)]);
        run("push", &here, there, &there.rw).expect(0);
        assert_eq!(there.get(&objects(&there.rw)).ids().len(), 121);
    });
}

#[test]
fn a_push_leaves_out_what_is_bound_to_persons() {
    on_each_store(|there| {
        let here = TestNode::embedded();
        let red = party::labelled(indicator(2), "RED");
        here.import(&here.rw, &[indicator(1), red, indicator(3)]);
        run("push", &here, there, &there.rw).expect(0);
        let ids = there.get(&objects(&there.rw)).ids();
        assert_eq!(ids, [indicator_id(1), indicator_id(3)]);
    });
}

#[test]
fn a_refusal_of_the_other_side_is_told_with_what_to_do() {
    let (here, there) = (TestNode::embedded(), TestNode::embedded());
    let url = format!("http://{}/taxii2/", there.address());
    let arguments = [
        "pull",
        &url,
        "--remote",
        &there.ro,
        "--collection",
        &here.rw,
        "--token-stdin",
    ];
    let said = here.cli_with_input(&arguments, "comity_wrong").expect(1);
    assert!(
        said.err.contains("401") || said.err.contains("credentials"),
        "{}",
        said.err
    );
    assert!(
        !said.err.contains("comity_wrong"),
        "a secret in an error: {}",
        said.err
    );
    here.post(&here.rw, &[indicator(1)]);
    // No right to write there.
    run("push", &here, &there, &there.ro).expect(1);
    let said = run(
        "pull",
        &here,
        &there,
        "6a2f2c1e-0000-4000-8000-000000000000",
    )
    .expect(2);
    assert!(
        said.err.contains(&there.ro),
        "names those that are there: {}",
        said.err
    );
}

#[test]
fn a_pull_that_is_interrupted_goes_on_where_it_stopped() {
    on_each_store(|there| {
        let mut here = TestNode::embedded();
        there.import(&there.ro, &indicators(0..3_000));
        // The pulling node dies; what it had acknowledged stays, and the next pull completes it.
        run("pull", &here, there, &there.ro).expect(0);
        here.kill();
        here.serve();
        there.import(&there.ro, &indicators(3_000..3_100));
        let report = counts(&run("pull", &here, there, &there.ro).expect(0));
        assert_eq!((report[0], report[2]), (100, 0), "{report:?}");
        let listed = here
            .cli(&["export", "--format", "jsonl", "--collection", &here.rw])
            .expect(0);
        assert_eq!(listed.out.lines().count(), 3_100);
    });
}
