//! STIX 2.1 as far as the wire shows it: identifiers, versions, markings, and that objects come back as they came.
//!
//! In scope: rules 36 to 44 of `rules.table`. Out of scope: patterns and full validation (`comity-stix`).

use serde_json::{Value, json};

use crate::node::{TestNode, manifest, object, objects, on_each_store, query, versions};
use crate::sample::{address, indicator, indicator_at, indicator_id, uuid};

/// Posts one object and tells whether it was taken; a refusal names the object.
fn is_taken(node: &TestNode, object: &Value) -> bool {
    let status = node.post(&node.rw, std::slice::from_ref(object));
    let taken = status["success_count"] == 1;
    assert_eq!(status["failure_count"], u32::from(!taken), "{status}");
    if !taken {
        let message = status["failures"][0]["message"].as_str().unwrap();
        assert!(!message.is_empty(), "{status}");
    }
    taken
}

/// An object with one property changed.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

/// Posts the exact text of one object and asserts that the same bytes come back.
fn assert_kept(node: &TestNode, text: &str) {
    let status = node.post_text(&node.rw, &format!("{{\"objects\":[{text}]}}"));
    assert_eq!(status["success_count"], 1, "{text}: {status}");
    let parsed: Value = serde_json::from_str(text).unwrap();
    let id = parsed["id"].as_str().unwrap();
    for path in [objects(&node.rw), object(&node.rw, id)] {
        let body = node.get(&path).expect(200).text();
        assert!(body.contains(text), "{path}: not as sent\n{text}\n{body}");
    }
}

#[test]
fn identifiers_are_type_and_uuid() {
    on_each_store(|node| {
        for id in [
            json!("indicator"),
            json!("indicator--1"),
            json!(format!("indicator-{}", uuid(0, 1))),
            json!(format!("malware--{}", uuid(0, 1))),
            json!(format!("indicator--{}x", uuid(0, 1))),
            json!(7),
            Value::Null,
        ] {
            assert!(
                !is_taken(node, &with(indicator(1), "id", id.clone())),
                "{id}"
            );
        }
        // The identifier of an observable is never a reason to refuse it.
        assert!(is_taken(node, &address()));
        let random = json!(format!("ipv4-addr--{}", uuid(0, 1)));
        assert!(is_taken(node, &with(address(), "id", random)));
        let other = json!("ipv4-addr--bedb4899-d24b-5401-bc86-8f6b4cc18ec7");
        assert!(is_taken(node, &with(address(), "id", other)));
    });
}

#[test]
fn timestamps_are_checked_and_kept_as_spelled() {
    on_each_store(|node| {
        for time in [
            "2020-01-01",
            "2020-02-30T00:00:00Z",
            "2020-01-01T00:00:00+01:00",
            "now",
            "",
        ] {
            let bad = with(indicator(1), "modified", json!(time));
            assert!(!is_taken(node, &bad), "{time:?}");
        }
        for (number, time) in [
            (2, "2020-01-01T00:00:00.000Z"),
            (3, "2020-01-01T00:00:00.123456Z"),
            (4, "2020-01-01T00:00:00.123456789Z"),
            (5, "2020-01-01T00:00:00.1Z"),
            (6, "2020-01-01T00:00:00Z"),
        ] {
            assert!(is_taken(node, &indicator_at(number, time)), "{time}");
            let found = node
                .get(&versions(&node.rw, &indicator_id(number)))
                .expect(200);
            assert_eq!(found.json()["versions"], json!([time]));
            let one = query(&manifest(&node.rw), &[("match[id]", &indicator_id(number))]);
            assert_eq!(node.get(&one).objects()[0]["version"], time);
        }
    });
}

#[test]
fn a_version_does_not_precede_its_creation() {
    let node = TestNode::embedded();
    assert!(!is_taken(
        &node,
        &indicator_at(1, "2019-12-31T23:59:59.999Z")
    ));
    assert!(is_taken(
        &node,
        &indicator_at(1, "2020-01-01T00:00:00.000Z")
    ));
}

#[test]
fn a_version_once_stored_does_not_change() {
    on_each_store(|node| {
        assert!(is_taken(node, &indicator(1)));
        let other = with(indicator(1), "name", json!("Something else"));
        assert!(
            !is_taken(node, &other),
            "another object under the same id and version"
        );
        assert_eq!(node.get(&objects(&node.rw)).objects(), [indicator(1)]);
        let path = query(&objects(&node.rw), &[("match[version]", "all")]);
        assert_eq!(node.get(&path).objects(), [indicator(1)]);
    });
}

#[test]
fn a_revoked_version_is_the_latest() {
    on_each_store(|node| {
        let later = "2021-01-01T00:00:00.000Z";
        let revoked = with(indicator_at(1, later), "revoked", json!(true));
        node.post(&node.rw, &[indicator(1), revoked.clone()]);
        assert_eq!(node.get(&objects(&node.rw)).objects(), [revoked]);
    });
}

#[test]
fn granular_markings_are_kept() {
    let node = TestNode::embedded();
    let marking = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";
    let granular = json!([
        { "marking_ref": marking, "selectors": ["name", "indicator_types.[0]"] },
        { "lang": "fr", "selectors": ["description"] }
    ]);
    assert_kept(
        &node,
        &with(indicator(1), "granular_markings", granular).to_string(),
    );
}

#[test]
fn a_marking_definition_has_no_modified() {
    on_each_store(|node| {
        let statement = json!({
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": format!("marking-definition--{}", uuid(3, 1)),
            "created": "2020-01-01T00:00:00.000Z",
            "definition_type": "statement",
            "definition": { "statement": "Copyright of the example" }
        });
        assert!(is_taken(node, &statement));
        let id = statement["id"].as_str().unwrap();
        let found = node.get(&versions(&node.rw, id)).expect(200).json();
        assert_eq!(found["versions"], json!(["2020-01-01T00:00:00.000Z"]));
    });
}

#[test]
fn the_four_markings_of_tlp_1_are_found_by_their_ids() {
    let node = TestNode::embedded();
    for (colour, uuid) in [
        ("white", "613f2e26-407d-48c7-9eca-b8e91df99dc9"),
        ("green", "34098fce-860f-48ae-8e50-ebd3cc5e41da"),
        ("amber", "f88d31f6-486f-44da-b317-01333bde0b82"),
        ("red", "5e57c739-391a-4eb3-b6be-7d15ca92d5ed"),
    ] {
        let marking = json!({
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": format!("marking-definition--{uuid}"),
            "created": "2017-01-20T00:00:00.000Z",
            "definition_type": "tlp",
            "name": format!("TLP:{}", colour.to_uppercase()),
            "definition": { "tlp": colour }
        });
        assert_kept(&node, &marking.to_string());
    }
}

#[test]
fn the_five_markings_of_tlp_2_are_found_by_their_ids() {
    let node = TestNode::embedded();
    let extension = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";
    for (label, uuid) in [
        ("clear", "94868c89-83c2-464b-929b-a1a8aa3c8487"),
        ("green", "bab4a63c-aed9-4cf5-a766-dfca5abac2bb"),
        ("amber", "55d920b0-5e8b-4f79-9ee9-91f868d9b421"),
        ("amber+strict", "939a9414-2ddd-4d32-a0cd-375ea402b003"),
        ("red", "e828b379-4e03-4974-9ac4-e53a884c97c1"),
    ] {
        let marking = json!({
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": format!("marking-definition--{uuid}"),
            "created": "2022-10-01T00:00:00.000Z",
            "name": format!("TLP:{}", label.to_uppercase()),
            "extensions": { extension: { "extension_type": "property-extension", "tlp_2_0": label } }
        });
        assert_kept(&node, &marking.to_string());
    }
}

#[test]
fn extensions_and_unknown_properties_come_back_byte_for_byte() {
    on_each_store(|node| {
        let definition = json!({
            "type": "extension-definition",
            "spec_version": "2.1",
            "id": format!("extension-definition--{}", uuid(4, 1)),
            "created": "2020-01-01T00:00:00.000Z",
            "modified": "2020-01-01T00:00:00.000Z",
            "created_by_ref": format!("identity--{}", uuid(4, 2)),
            "name": "Example extension",
            "schema": "https://example.com/schema.json",
            "version": "1.0",
            "extension_types": ["property-extension"]
        });
        assert_kept(node, &definition.to_string());
        // Spelling, order, spaces, numbers and escapes that a parser would normalise.
        let text = concat!(
            "{ \"name\" : \"caf\\u00e9 \\ud83d\\ude00 \u{e9}\",\n\t\"type\":\"indicator\", \"spec_version\":\"2.1\",",
            "\"id\":\"indicator--0000c0de-0000-4000-8000-0000000000ff\",",
            "\"modified\":\"2020-01-01T00:00:00.0Z\",\"created\":\"2020-01-01T00:00:00Z\",",
            "\"x_example_a\": [1.50, 1e2, -0.0, 12345678901234567, {\"b\" : null, \"a\":[ ]}],",
            "\"pattern\":\"[ipv4-addr:value = '198.51.100.3']\",\"pattern_type\":\"stix\",",
            "\"external_references\":[],\"valid_from\":\"2020-01-01T00:00:00Z\"\t}"
        );
        assert_kept(node, text);
    });
}

#[test]
fn custom_objects_are_taken_and_answers_are_no_bundles() {
    let node = TestNode::embedded();
    let custom = json!({
        "type": "x-example-thing",
        "spec_version": "2.1",
        "id": format!("x-example-thing--{}", uuid(5, 1)),
        "created": "2020-01-01T00:00:00.000Z",
        "modified": "2020-01-01T00:00:00.000Z",
        "x_example_colour": "blue"
    });
    assert_kept(&node, &custom.to_string());
    let answer = node.get(&objects(&node.rw)).expect(200).json();
    assert_eq!((answer.get("type"), answer.get("id")), (None, None));
    let bundle = json!({
        "type": "bundle",
        "id": format!("bundle--{}", uuid(5, 2)),
        "objects": [indicator(1)]
    });
    assert!(
        !is_taken(&node, &bundle),
        "a bundle is a container, not an object of a collection"
    );
}
