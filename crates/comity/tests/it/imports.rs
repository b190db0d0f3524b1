//! Files by the command line: every format that it knows, in any order of repeats and interruptions.
//!
//! In scope: what is counted, kept and found afterwards. Out of scope: how a format is read (`comity-formats`).

use std::process::Stdio;

use serde_json::{Value, json};

use crate::node::{TestNode, comity, objects, on_each_store};
use crate::sample::{address, indicator, indicator_id, indicators, malware, uuid};

/// Imports a file of this text into `rw` and returns the counts: added, unchanged, failed.
fn import(node: &TestNode, name: &str, text: &str) -> [u64; 3] {
    let file = node.file(name);
    std::fs::write(&file, text).unwrap();
    let path = file.to_str().unwrap();
    let said = node.cli(&["import", path, "--collection", &node.rw, "--json"]);
    let report = said.json();
    ["added", "unchanged", "failed"].map(|name| report[name].as_u64().unwrap())
}

/// One object a line.
fn as_lines(objects: &[Value]) -> String {
    let lines: Vec<String> = objects.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

#[test]
fn every_form_of_stix_2_1_is_read() {
    on_each_store(|node| {
        let sent = [indicator(1), malware(1), address()];
        let bundle =
            json!({ "type": "bundle", "id": format!("bundle--{}", uuid(7, 1)), "objects": sent });
        assert_eq!(import(node, "bundle.json", &bundle.to_string()), [3, 0, 0]);
        let envelope = json!({ "objects": sent }).to_string();
        assert_eq!(import(node, "envelope.json", &envelope), [0, 3, 0]);
        let lines = as_lines(&sent);
        assert_eq!(import(node, "lines.jsonl", &lines), [0, 3, 0]);
        let pretty = serde_json::to_string_pretty(&indicator(2)).unwrap();
        assert_eq!(import(node, "one.json", &pretty), [1, 0, 0]);
        assert_eq!(node.get(&objects(&node.rw)).objects().len(), 4);
        assert!(
            node.get(&objects(&node.rw)).text().contains(&pretty),
            "byte for byte"
        );
    });
}

#[test]
fn stix_2_0_is_upgraded() {
    let node = TestNode::embedded();
    let old = json!({
        "type": "bundle",
        "id": format!("bundle--{}", uuid(7, 2)),
        "spec_version": "2.0",
        "objects": [{
            "type": "indicator",
            "id": indicator_id(1),
            "created": "2018-01-01T00:00:00.000Z",
            "modified": "2018-01-01T00:00:00.000Z",
            "labels": ["malicious-activity"],
            "pattern": "[ipv4-addr:value = '198.51.100.9']",
            "valid_from": "2018-01-01T00:00:00Z"
        }]
    });
    let report = import(&node, "old.json", &old.to_string());
    assert_eq!((report[0], report[2]), (1, 0), "{report:?}");
    let found = node.get(&objects(&node.rw)).objects();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["spec_version"], "2.1");
    assert_eq!(found[0]["pattern_type"], "stix");
}

#[test]
fn lists_become_indicators_that_are_found() {
    on_each_store(|node| {
        let comma =
            "value,type\n198.51.100.7,ipv4\nexample.com,domain\n\"http://example.org/a,b\",url\n";
        let report = import(node, "list.csv", comma);
        assert_eq!(report[2], 0, "{report:?}");
        let tab = "value\ttype\n2001:db8::7\tipv6\nd41d8cd98f00b204e9800998ecf8427e\tmd5\n";
        assert_eq!(import(node, "list.tsv", tab)[2], 0);
        for value in [
            "198.51.100.7",
            "example.com",
            "http://example.org/a,b",
            "2001:db8::7",
        ] {
            let found = node.cli(&["object", "find", value]).expect(0);
            assert!(found.out.contains("indicator--"), "{value}: {}", found.out);
        }
        let before = node.get(&objects(&node.rw)).ids();
        assert_eq!(
            import(node, "list.csv", comma)[0],
            0,
            "a list imported twice adds nothing"
        );
        assert_eq!(node.get(&objects(&node.rw)).ids(), before);
    });
}

#[test]
fn a_bad_object_of_a_file_fails_alone_and_is_named() {
    let node = TestNode::embedded();
    let mut bad = indicator(2);
    bad["modified"] = json!("yesterday");
    let file = node.file("mixed.json");
    let text = json!({ "objects": [indicator(1), bad, indicator(3)] }).to_string();
    std::fs::write(&file, text).unwrap();
    let said = node.cli(&[
        "import",
        file.to_str().unwrap(),
        "--collection",
        &node.rw,
        "--json",
    ]);
    let report: Value = said.json();
    assert_eq!(
        (&report["added"], &report["failed"]),
        (&json!(2), &json!(1)),
        "{said:?}"
    );
    let told = format!("{}{}", said.out, said.err);
    assert!(
        told.contains(&indicator_id(2)) && told.contains("modified"),
        "{told}"
    );
    assert_eq!(
        node.get(&objects(&node.rw)).ids(),
        [indicator_id(1), indicator_id(3)]
    );
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let node = TestNode::embedded();
    for (name, text) in [
        ("cut.json", "{\"type\":\"bundle\",\"objects\":[{"),
        ("noise.bin", "\u{0}\u{1}\u{2}"),
    ] {
        let file = node.file(name);
        std::fs::write(&file, text).unwrap();
        let said = node
            .cli(&["import", file.to_str().unwrap(), "--collection", &node.rw])
            .expect(1);
        assert!(said.err.contains(name), "{}", said.err);
    }
    assert_eq!(node.get(&objects(&node.rw)).objects().len(), 0);
}

#[test]
fn an_interrupted_import_is_completed_by_repeating_it() {
    on_each_store(|node| {
        let all = indicators(0..20_000);
        let lines = as_lines(&all);
        let file = node.file("many.jsonl");
        std::fs::write(&file, &lines).unwrap();
        let path = file.to_str().unwrap();
        let mut command = comity(&["import", path, "--collection", &node.rw, "--data"]);
        let streams = command
            .arg(node.data())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let mut running = streams.stderr(Stdio::null()).spawn().unwrap();
        // As soon as something has arrived, or all of it.
        while node.get(&objects(&node.rw)).objects().is_empty() {
            if running.try_wait().unwrap().is_some() {
                break;
            }
        }
        running.kill().unwrap();
        running.wait().unwrap();
        let [added, unchanged, failed] = import(node, "many.jsonl", &lines);
        assert_eq!((added + unchanged, failed), (20_000, 0));
        let listed = node
            .cli(&["export", "--format", "jsonl", "--collection", &node.rw])
            .expect(0);
        assert_eq!(listed.out, lines, "all of it, once, in order");
    });
}
