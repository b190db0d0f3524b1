//! The places where TAXII 2.1 is silent or contradicts itself: what `docs/taxii-decisions.md` says is what happens.
//!
//! In scope: its letters A to F. Out of scope: its other choices, which stand with the rules that they complete.

use serde_json::json;

use crate::node::{TestNode, manifest, object, objects, on_each_store, query, versions};
use crate::sample::{indicator, indicator_at, indicator_id, indicators, is_taxii_timestamp};

#[test]
fn a_an_empty_answer_repeats_added_after_in_its_headers() {
    on_each_store(|node| {
        let after = "2031-02-03T04:05:06.000007Z";
        for path in [objects(&node.rw), manifest(&node.rw)] {
            let answer = node
                .get(&query(&path, &[("added_after", after)]))
                .expect(200);
            assert_eq!(answer.header("x-taxii-date-added-first"), Some(after));
            assert_eq!(answer.header("x-taxii-date-added-last"), Some(after));
            let answer = node.get(&path).expect(200);
            let last = answer.header("x-taxii-date-added-last").unwrap();
            assert!(is_taxii_timestamp(last), "{last}");
            assert_eq!(answer.header("x-taxii-date-added-first"), Some(last));
        }
    });
}

#[test]
fn b_next_is_sent_in_manifests_and_versions() {
    on_each_store(|node| {
        let times = [
            "2020-01-01T00:00:00Z",
            "2021-01-01T00:00:00Z",
            "2022-01-01T00:00:00Z",
        ];
        let all: Vec<_> = times.iter().map(|time| indicator_at(1, time)).collect();
        node.post(&node.rw, &all);
        let path = versions(&node.rw, &indicator_id(1));
        let mut found = Vec::new();
        let mut page = node.get(&query(&path, &[("limit", "2")])).expect(200);
        loop {
            let listed = page.json()["versions"].as_array().unwrap().clone();
            assert!(listed.len() <= 2);
            found.extend(listed);
            let Some(next) = page.next() else { break };
            assert!(page.more());
            page = node
                .get(&query(&path, &[("limit", "2"), ("next", &next)]))
                .expect(200);
        }
        assert_eq!(found, times);
        let first = node.get(&query(
            &manifest(&node.rw),
            &[("limit", "1"), ("match[version]", "all")],
        ));
        assert!(first.more() && first.next().is_some());
    });
}

#[test]
fn c_delete_without_version_deletes_all() {
    on_each_store(|node| {
        let times = [
            "2020-01-01T00:00:00Z",
            "2021-01-01T00:00:00Z",
            "2022-01-01T00:00:00Z",
        ];
        let all: Vec<_> = times.iter().map(|time| indicator_at(1, time)).collect();
        let one = object(&node.rw, &indicator_id(1));
        let left = || node.get(&versions(&node.rw, &indicator_id(1)));
        for (version, kept) in [("last", [0, 1]), ("first", [1, 2]), (times[1], [0, 2])] {
            node.post(&node.rw, &all);
            node.delete(&query(&one, &[("match[version]", version)]))
                .expect(200);
            let kept = json!(kept.map(|index| times[index]));
            assert_eq!(left().expect(200).json()["versions"], kept, "{version}");
            node.delete(&one).expect(200);
            left().expect(404);
            node.get(&one).expect(404);
        }
    });
}

#[test]
fn d_an_object_without_a_matching_version_is_an_empty_envelope() {
    on_each_store(|node| {
        node.post(&node.rw, &[indicator(1)]);
        let path = object(&node.rw, &indicator_id(1));
        for pair in [
            ("match[version]", "1999-01-01T00:00:00Z"),
            ("match[spec_version]", "2.0"),
        ] {
            let answer = node.get(&query(&path, &[pair])).expect(200);
            assert_eq!(answer.objects().len(), 0, "{pair:?}");
        }
    });
}

#[test]
fn e_repeated_fields_and_contradictions_are_refused() {
    let node = TestNode::embedded();
    node.post(&node.rw, &[indicator(1)]);
    let time = "2020-01-01T00:00:00.000000Z";
    for pairs in [
        [("match[type]", "indicator"), ("match[type]", "malware")],
        [("match[version]", "first"), ("match[version]", "last")],
        [("added_after", time), ("added_after", time)],
        [("limit", "1"), ("limit", "2")],
        [("match[version]", "all,last"), ("limit", "1")],
        [
            ("match[version]", "all,2020-01-01T00:00:00Z"),
            ("limit", "1"),
        ],
        [("match[version]", "latest"), ("limit", "1")],
    ] {
        for path in [objects(&node.rw), manifest(&node.rw)] {
            let answer = node.get(&query(&path, &pairs));
            assert_eq!(answer.status, 400, "{path} {pairs:?}: {}", answer.text());
        }
    }
    let mixed = format!(
        "{}?match[type]=malware&match%5Btype%5D=indicator",
        objects(&node.rw)
    );
    node.get(&mixed).expect(400);
}

#[test]
fn f_a_page_holds_a_thousand_at_most() {
    let node = TestNode::embedded();
    node.post(&node.rw, &indicators(0..1001));
    for path in [objects(&node.rw), manifest(&node.rw)] {
        for path in [path.clone(), query(&path, &[("limit", "5000")])] {
            let page = node.get(&path).expect(200);
            assert_eq!(page.objects().len(), 1000, "{path}");
            assert!(page.more() && page.next().is_some(), "{path}");
        }
    }
}
