//! TAXII 2.1 by meaning: limits, status, order, filters, paging, rights, deletion.
//!
//! In scope: rules 21 to 33 of `rules.table`, on both stores. Out of scope: the places where the standard leaves a
//! choice (`ambiguities`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::node::{
    ROOT, Store, TestNode, collection, manifest, object, objects, on_each_store, query, versions,
};
use crate::sample::{
    address, envelope, indicator, indicator_at, indicator_id, indicators, malware, uuid,
};

/// Four versions of indicator 1, oldest first.
const TIMES: [&str; 4] = [
    "2020-01-01T00:00:00.000Z",
    "2021-01-01T00:00:00.000Z",
    "2022-01-01T00:00:00.000Z",
    "2023-01-01T00:00:00.000Z",
];

/// GETs the objects of `rw` with a query, and returns their identifiers.
fn ids(node: &TestNode, pairs: &[(&str, &str)]) -> Vec<String> {
    node.get(&query(&objects(&node.rw), pairs))
        .expect(200)
        .ids()
}

/// GETs the objects of `rw` with a query, and returns their versions.
fn modified(answer: &Answer) -> Vec<String> {
    let objects = answer.objects();
    let times = objects.iter().map(|one| one["modified"].as_str().unwrap());
    times.map(str::to_owned).collect()
}

/// Follows `next` to the end, each page with the same query.
fn all_pages(node: &TestNode, path: &str, limit: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next: Option<String> = None;
    for _ in 0..1000 {
        let mut pairs = vec![("limit", limit)];
        if let Some(place) = &next {
            pairs.push(("next", place));
        }
        let page = node.get(&query(path, &pairs)).expect(200);
        assert!(page.objects().len() <= limit.parse().unwrap());
        found.extend(page.objects());
        if !page.more() {
            return found;
        }
        next = Some(page.next().expect("more without next"));
    }
    panic!("the pages of {path} do not end");
}

#[test]
fn api_roots_are_relative_urls() {
    let node = TestNode::embedded();
    let found = node.get("/taxii2/").expect(200).json();
    for root in found["api_roots"].as_array().unwrap() {
        let root = root.as_str().unwrap();
        assert!(root.starts_with('/') && !root.starts_with("//"), "{root}");
        assert!(root.ends_with('/') && !root.contains('?'), "{root}");
        node.get(root).expect(200);
    }
}

#[test]
fn an_api_root_states_version_and_limit_and_keeps_them() {
    let limit = 65_536_usize;
    let settings = [("taxii", "max_content_length", "65536")];
    let mut node = TestNode::start_with(Store::Embedded, &settings);
    let root = node.get(ROOT).expect(200).json();
    assert_eq!(root["max_content_length"], limit);
    let versions = root["versions"].as_array().unwrap();
    assert!(versions.contains(&json!("application/taxii+json;version=2.1")));
    for version in versions {
        assert!(version.as_str().unwrap().contains(";version="), "{version}");
    }
    let padded = |bytes: usize| {
        let mut body = envelope(&[indicator(1)]).into_bytes();
        body.resize(bytes, b' ');
        Request::post(&objects(&node.rw), body)
    };
    for (bytes, status) in [
        (limit - 1, 202),
        (limit, 202),
        (limit + 1, 413),
        (limit * 4, 413),
    ] {
        assert_eq!(node.ask(padded(bytes)).status, status, "{bytes} bytes");
        assert_eq!(
            node.ask(padded(bytes).chunked()).status,
            status,
            "{bytes} bytes in chunks"
        );
    }
    node.assert_alive();
}

#[test]
fn a_status_counts_and_names_each_object() {
    on_each_store(|node| {
        let mut bad = indicator(2);
        bad["modified"] = json!("yesterday");
        let status = node.post(&node.rw, &[indicator(1), bad, address()]);
        let counts = [
            "total_count",
            "success_count",
            "failure_count",
            "pending_count",
        ];
        assert_eq!(
            counts.map(|name| status[name].as_u64().unwrap()),
            [3, 2, 1, 0]
        );
        let failures = status["failures"].as_array().unwrap();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0]["id"], json!(indicator_id(2)));
        assert!(
            failures[0]["message"]
                .as_str()
                .unwrap()
                .contains("modified"),
            "{status}"
        );
        for success in status["successes"].as_array().into_iter().flatten() {
            assert!(success["version"].is_string(), "{success}");
        }
        let path = format!("{ROOT}status/{}/", status["id"].as_str().unwrap());
        node.restart();
        assert_eq!(
            node.get(&path).expect(200).json(),
            status,
            "a status survives a restart"
        );
        node.get(&format!("{ROOT}status/{}/", uuid(1, 1)))
            .expect(404);
    });
}

#[test]
fn records_ascend_by_date_added_and_collections_keep_their_order() {
    on_each_store(|node| {
        for start in [40, 20, 0] {
            node.post(&node.rw, &indicators(start..start + 20));
        }
        let added = |node: &TestNode| -> Vec<String> {
            let records = node.get(&manifest(&node.rw)).expect(200).objects();
            records
                .iter()
                .map(|one| one["date_added"].as_str().unwrap().to_owned())
                .collect()
        };
        let before = added(node);
        assert_eq!(before.len(), 60);
        assert!(before.is_sorted_by(|a, b| a < b), "strictly: {before:?}");
        let listed = |node: &TestNode| node.get(&format!("{ROOT}collections/")).expect(200).json();
        let collections = listed(node);
        let expected: Vec<String> = (40..60)
            .chain(20..40)
            .chain(0..20)
            .map(indicator_id)
            .collect();
        assert_eq!(ids(node, &[]), expected);
        node.restart();
        assert_eq!(added(node), before);
        assert_eq!(listed(node), collections);
        assert_eq!(ids(node, &[]), expected);
    });
}

#[test]
fn a_malformed_parameter_is_refused() {
    let node = TestNode::embedded();
    node.post(&node.rw, &[indicator(1)]);
    for (name, value) in [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "1.5"),
        ("limit", ""),
        ("added_after", "yesterday"),
        ("added_after", "2020-13-01T00:00:00.000000Z"),
        ("added_after", "2020-01-01"),
        ("added_after", ""),
        ("next", "not-made-here"),
        ("match[version]", "newest"),
        ("match[version]", ""),
    ] {
        let one = indicator_id(1);
        for path in [
            objects(&node.rw),
            manifest(&node.rw),
            object(&node.rw, &one),
        ] {
            let answer = node.get(&query(&path, &[(name, value)]));
            assert_eq!(
                answer.status,
                400,
                "{path}?{name}={value}: {}",
                answer.text()
            );
            assert!(answer.json()["title"].is_string());
        }
    }
}

#[test]
fn a_page_never_exceeds_its_limit_and_says_whether_more_follows() {
    on_each_store(|node| {
        node.post(&node.rw, &indicators(0..5));
        for path in [objects(&node.rw), manifest(&node.rw)] {
            for (limit, length, more) in [
                ("1", 1, true),
                ("4", 4, true),
                ("5", 5, false),
                ("6", 5, false),
            ] {
                let page = node.get(&query(&path, &[("limit", limit)])).expect(200);
                assert_eq!(page.objects().len(), length, "limit {limit}");
                assert_eq!(page.more(), more, "limit {limit}");
                assert_eq!(page.next().is_some(), more, "limit {limit}");
            }
            assert_eq!(node.get(&path).expect(200).objects().len(), 5);
        }
    });
}

#[test]
fn added_after_is_strict() {
    on_each_store(|node| {
        node.post(&node.rw, &indicators(0..5));
        let records = node.get(&manifest(&node.rw)).expect(200).objects();
        for (index, record) in records.iter().enumerate() {
            let after = record["date_added"].as_str().unwrap();
            let expected: Vec<String> = (index as u32 + 1..5).map(indicator_id).collect();
            assert_eq!(
                ids(node, &[("added_after", after)]),
                expected,
                "after {index}"
            );
        }
        assert_eq!(
            ids(node, &[("added_after", "2000-01-01T00:00:00.000000Z")]).len(),
            5
        );
    });
}

#[test]
fn filters_join_values_by_or_and_fields_by_and() {
    on_each_store(|node| {
        let first = indicator_id(1);
        let malware_1 = malware(1)["id"].as_str().unwrap().to_owned();
        node.post(
            &node.rw,
            &[indicator(1), indicator(2), malware(1), address()],
        );
        let count = |pairs: &[(&str, &str)]| ids(node, pairs).len();
        assert_eq!(count(&[("match[id]", &first)]), 1);
        assert_eq!(count(&[("match[id]", &format!("{first},{malware_1}"))]), 2);
        assert_eq!(count(&[("match[type]", "indicator")]), 2);
        assert_eq!(count(&[("match[type]", "indicator,ipv4-addr")]), 3);
        assert_eq!(
            count(&[("match[type]", "malware"), ("match[id]", &first)]),
            0
        );
        assert_eq!(
            count(&[("match[type]", "indicator"), ("match[id]", &first)]),
            1
        );
        assert_eq!(count(&[("match[spec_version]", "2.1")]), 4);
        assert_eq!(
            count(&[
                ("match[spec_version]", "2.0,2.1"),
                ("match[type]", "malware")
            ]),
            1
        );
        assert_eq!(count(&[("match[spec_version]", "2.0")]), 0);
        assert_eq!(
            count(&[("match[colour]", "blue"), ("colour", "blue")]),
            4,
            "unknown: ignored"
        );
        let plain = format!("{}?match[type]=malware", objects(&node.rw));
        assert_eq!(
            node.get(&plain).ids(),
            [malware_1],
            "brackets need no encoding"
        );
        let coded = format!("{}?match%5Btype%5D=malware", objects(&node.rw));
        assert_eq!(node.get(&coded).ids().len(), 1);
    });
}

#[test]
fn every_type_of_the_standard_may_be_matched() {
    let node = TestNode::embedded();
    let types = "attack-pattern campaign course-of-action grouping identity incident indicator \
        infrastructure intrusion-set location malware malware-analysis note observed-data opinion \
        report threat-actor tool vulnerability relationship sighting language-content \
        marking-definition extension-definition artifact autonomous-system directory domain-name \
        email-addr email-message file ipv4-addr ipv6-addr mac-addr mutex network-traffic process \
        software url user-account windows-registry-key x509-certificate";
    let types: Vec<&str> = types.split_whitespace().collect();
    assert_eq!(types.len(), 42);
    for kind in types {
        assert_eq!(ids(&node, &[("match[type]", kind)]).len(), 0, "{kind}");
    }
}

#[test]
fn versions_are_chosen_by_word_and_by_time() {
    on_each_store(|node| {
        // The newest arrives first: the latest version is the greatest `modified`, not the last to come.
        for time in [TIMES[3], TIMES[0], TIMES[2], TIMES[1]] {
            node.post(&node.rw, &[indicator_at(1, time)]);
        }
        let one = object(&node.rw, &indicator_id(1));
        let check = |version: &str, expected: &[usize]| {
            for path in [&objects(&node.rw), &one] {
                let mut found = modified(
                    &node
                        .get(&query(path, &[("match[version]", version)]))
                        .expect(200),
                );
                found.sort();
                let expected: Vec<&str> = expected.iter().map(|index| TIMES[*index]).collect();
                assert_eq!(found, expected, "{path} {version}");
            }
        };
        check("last", &[3]);
        check("first", &[0]);
        check("all", &[0, 1, 2, 3]);
        check(TIMES[1], &[1]);
        check("2021-01-01T00:00:00Z", &[1]);
        check("first,last", &[0, 3]);
        check(&format!("first,{},last", TIMES[2]), &[0, 2, 3]);
        check(&format!("{},{}", TIMES[1], TIMES[2]), &[1, 2]);
        check("1999-01-01T00:00:00.000Z", &[]);
        assert_eq!(
            modified(&node.get(&one)),
            [TIMES[3]],
            "the default is the last"
        );
        let manifest = node.get(&query(&manifest(&node.rw), &[("match[version]", "first")]));
        assert_eq!(manifest.objects()[0]["version"], TIMES[0]);
    });
}

#[test]
fn without_spec_version_the_latest_of_each_object_is_sent() {
    on_each_store(|node| {
        let mut old = indicator_at(1, TIMES[0]);
        for name in ["spec_version", "pattern_type", "indicator_types"] {
            old.as_object_mut().unwrap().remove(name);
        }
        old["labels"] = json!(["anomalous-activity"]);
        let status = node.post(
            &node.rw,
            &[old.clone(), indicator_at(1, TIMES[1]), indicator(2)],
        );
        assert_eq!(status["success_count"], 3, "{status}");
        let found = |pairs: &[(&str, &str)]| {
            node.get(&query(&objects(&node.rw), pairs))
                .expect(200)
                .objects()
        };
        assert_eq!(
            found(&[("match[version]", "all")]),
            [indicator_at(1, TIMES[1]), indicator(2)]
        );
        assert_eq!(found(&[("match[spec_version]", "2.0")]), [old]);
    });
}

#[test]
fn paging_by_next_loses_and_doubles_nothing() {
    on_each_store(|node| {
        node.post(&node.rw, &indicators(0..25));
        let expected: Vec<String> = (0..25).map(indicator_id).collect();
        for path in [objects(&node.rw), manifest(&node.rw)] {
            for limit in ["1", "3", "7", "25", "1000"] {
                let found = all_pages(node, &path, limit);
                let found: Vec<&str> = found
                    .iter()
                    .map(|one| one["id"].as_str().unwrap())
                    .collect();
                assert_eq!(found, expected, "{path} by {limit}");
            }
        }
        let page = node.get(&query(&objects(&node.rw), &[("limit", "10")]));
        let next = page.next().unwrap();
        node.restart();
        let rest = ids(node, &[("limit", "10"), ("next", &next)]);
        assert_eq!(rest, expected[10..20], "next is not bound to a process");
    });
}

#[test]
fn paging_by_added_after_loses_and_doubles_nothing() {
    on_each_store(|node| {
        node.post(&node.rw, &indicators(0..25));
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut pairs = vec![("limit", "4")];
            if let Some(after) = &after {
                pairs.push(("added_after", after));
            }
            let page = node.get(&query(&objects(&node.rw), &pairs)).expect(200);
            found.extend(page.ids());
            if !page.more() {
                break;
            }
            after = page.header("x-taxii-date-added-last").map(str::to_owned);
        }
        let expected: Vec<String> = (0..25).map(indicator_id).collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn rights_decide_who_reads_and_writes() {
    on_each_store(|node| {
        node.import(&node.ro, &[indicator(1)]);
        node.import(&node.wo, &[indicator(1)]);
        node.import(&node.none, &[indicator(1)]);
        let one = indicator_id(1);
        for (id, read, write) in [
            (&node.ro, 200, 403),
            (&node.wo, 403, 202),
            (&node.none, 404, 404),
        ] {
            for path in [
                manifest(id),
                objects(id),
                object(id, &one),
                versions(id, &one),
            ] {
                assert_eq!(node.get(&path).status, read, "{path}");
            }
            let post = Request::post(&objects(id), envelope(&[indicator(2)]));
            assert_eq!(node.ask(post).status, write, "POST to {id}");
        }
        assert_eq!(
            node.get(&objects(&node.ro)).ids(),
            [one],
            "refused and yet stored"
        );
    });
}

#[test]
fn deleting_needs_both_rights_and_leaves_nothing() {
    on_each_store(|node| {
        let one = indicator_id(1);
        for (id, status) in [
            (&node.none, 404),
            (&node.ro, 403),
            (&node.wo, 403),
            (&node.rw, 200),
        ] {
            node.import(id, &[indicator(1), indicator(2)]);
            assert_eq!(node.delete(&object(id, &one)).status, status);
        }
        assert_eq!(node.get(&objects(&node.ro)).ids().len(), 2);
        let gone = |node: &TestNode| {
            for path in [object(&node.rw, &one), versions(&node.rw, &one)] {
                node.get(&path).expect(404);
            }
            for path in [objects(&node.rw), manifest(&node.rw)] {
                assert_eq!(node.get(&path).ids(), [indicator_id(2)]);
            }
        };
        gone(node);
        node.restart();
        gone(node);
        assert_eq!(node.post(&node.rw, &[indicator(1)])["success_count"], 1);
        assert_eq!(
            node.get(&objects(&node.rw)).ids(),
            [indicator_id(2), one.clone()]
        );
    });
}

#[test]
fn an_exact_duplicate_is_no_failure() {
    on_each_store(|node| {
        node.post(&node.rw, &[indicator(1), address()]);
        let before = node.get(&manifest(&node.rw)).expect(200).body;
        let status = node.post(&node.rw, &[indicator(1), address()]);
        assert_eq!(
            (&status["success_count"], &status["failure_count"]),
            (&json!(2), &json!(0))
        );
        let status = node.post(&node.rw, &[indicator(1), indicator(1)]);
        assert_eq!(status["failure_count"], 0, "{status}");
        assert_eq!(
            node.get(&manifest(&node.rw)).body,
            before,
            "held once, as first added"
        );
    });
}

#[test]
fn what_is_not_understood_is_told_from_what_is_not_supported() {
    let node = TestNode::embedded();
    let post = |body: &str| node.ask(Request::post(&objects(&node.rw), body)).status;
    for body in ["", "{", "nothing", "{\"objects\":[}"] {
        assert_eq!(post(body), 400, "{body:?}");
    }
    for body in ["[]", "7", "{\"objects\":7}", "{\"objects\":{}}"] {
        assert!(matches!(post(body), 400 | 422), "{body:?}");
    }
    assert_eq!(node.get(&objects(&node.rw)).objects().len(), 0);
}

#[test]
fn no_match_is_an_empty_answer_and_an_unknown_object_is_not_found() {
    on_each_store(|node| {
        node.post(&node.rw, &[indicator(1)]);
        for path in [objects(&node.rw), manifest(&node.rw)] {
            let answer = node
                .get(&query(&path, &[("match[type]", "malware")]))
                .expect(200);
            assert_eq!(answer.objects().len(), 0);
            assert!(!answer.more());
        }
        node.get(&object(&node.rw, &indicator_id(2))).expect(404);
        node.get(&versions(&node.rw, &indicator_id(2))).expect(404);
        node.delete(&object(&node.rw, &indicator_id(2))).expect(404);
        node.get(&object(&node.rw, "no-identifier")).expect(404);
    });
}

#[test]
fn filters_act_on_the_object_and_media_types_are_those_of_the_collection() {
    on_each_store(|node| {
        node.post(&node.rw, &[indicator_at(1, TIMES[1])]);
        let middle = node.get(&manifest(&node.rw)).objects()[0]["date_added"].clone();
        node.post(&node.rw, &[indicator_at(1, TIMES[0]), indicator(2)]);
        // Only records added later count for the page, yet the latest version stays the latest.
        let after = middle.as_str().unwrap();
        assert_eq!(ids(node, &[("added_after", after)]), [indicator_id(2)]);
        let pairs = [("added_after", after), ("match[version]", "first")];
        assert_eq!(ids(node, &pairs).len(), 2);
        let listed = node.get(&collection(&node.rw)).json()["media_types"].clone();
        let listed: BTreeSet<String> = serde_json::from_value(listed).unwrap();
        for record in node.get(&manifest(&node.rw)).objects() {
            if let Some(media_type) = record.get("media_type") {
                assert!(listed.contains(media_type.as_str().unwrap()), "{record}");
            }
        }
    });
}
