use super::{Admitted, Limits, ObservableValue, SpecVersion, ValueKind, admit};
use proptest::prelude::*;

const ID: &str = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
const HEAD: &str = r#""type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2016-04-06T20:03:48.000Z","modified":"2016-04-06T20:03:48.000Z""#;

fn admitted(json: &str) -> Admitted {
    admit(json, &Limits::EXCHANGE).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn refused(json: &str, path: &str, words: &str) {
    let error = admit(json, &Limits::EXCHANGE).expect_err(json);
    assert_eq!(error.path(), path, "{error}: {json}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn reads_an_indicator() {
    let found = admitted(
        r#" { "type": "indicator", "spec_version": "2.1", "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
        "created_by_ref": "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff", "created": "2016-04-06T20:03:48.000Z",
        "modified": "2016-04-06T20:03:48.1Z", "revoked": true, "labels": ["quiet"], "name": "Poison \u0049vy",
        "description": "short", "indicator_types": ["malicious-activity"], "pattern_type": "stix",
        "pattern": "[ipv4-addr:value = '198.51.100.3']", "valid_from": "2016-01-01T00:00:00Z",
        "object_marking_refs": ["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"],
        "granular_markings": [{"marking_ref": "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "selectors": ["name"]}],
        "external_references": [{"source_name": "cve", "external_id": "CVE-2016-1234"}] } "#,
    );
    assert_eq!(found.id.to_string(), ID);
    assert_eq!(found.spec_version, SpecVersion::V21);
    let version = found.version.unwrap();
    assert_eq!(
        (version.text.as_str(), version.at.to_string().as_str()),
        ("2016-04-06T20:03:48.1Z", "2016-04-06T20:03:48.100000Z")
    );
    assert!(found.revoked && found.granular);
    assert_eq!(found.creator.unwrap().type_name(), "identity");
    assert_eq!(found.markings.len(), 1);
    let links: Vec<&str> = found
        .links
        .iter()
        .map(|link| link.property.as_str())
        .collect();
    assert_eq!(
        links,
        ["created_by_ref", "object_marking_refs", "marking_ref"]
    );
    let value = |kind, value: &str| ObservableValue {
        kind,
        value: value.to_owned(),
    };
    assert_eq!(
        found.values,
        [
            value(ValueKind::Ipv4, "198.51.100.3"),
            value(ValueKind::ExternalId, "CVE-2016-1234")
        ]
    );
    assert_eq!(found.text, "quiet\nPoison Ivy\nshort");
}

#[test]
fn reads_observables_without_times() {
    let found = admitted(
        r#"{"type":"file","id":"file--02fff920-f614-527c-81d1-6353633a6d21","name":"A.exe","hashes":{"MD5":"D41D8CD98F00B204E9800998ECF8427E"},
        "parent_directory_ref":"directory--93c0a9b0-520d-545d-9094-1a08ddf46b05"}"#,
    );
    assert_eq!(
        (found.spec_version, found.version),
        (SpecVersion::V21, None)
    );
    let values: Vec<_> = found
        .values
        .iter()
        .map(|value| (value.kind, value.value.as_str()))
        .collect();
    assert_eq!(
        values,
        [
            (ValueKind::FileName, "a.exe"),
            (ValueKind::Md5, "d41d8cd98f00b204e9800998ecf8427e")
        ]
    );
}

#[test]
fn reads_stix_2_0() {
    let found = admitted(&format!(
        r#"{{{HEAD},"pattern":"[url:value = 'http://example.com/']"}}"#
    ));
    assert_eq!(found.spec_version, SpecVersion::V20);
    assert_eq!(
        found.values.first().map(|value| value.kind),
        Some(ValueKind::Url)
    );
    let found = admitted(
        r#"{"type":"observed-data","id":"observed-data--b67d30ff-02ac-498a-92f9-32f845f448cf","created":"2016-04-06T19:58:16.000Z",
        "modified":"2016-04-06T19:58:16.000Z","objects":{"0":{"type":"ipv4-addr","value":"198.51.100.3","resolves_to_refs":["1"]},"1":{"type":"mac-addr","value":"00-00-5E-00-53-AF"}}}"#,
    );
    assert!(found.links.is_empty());
    assert_eq!(
        found
            .values
            .iter()
            .map(|value| value.kind)
            .collect::<Vec<_>>(),
        [ValueKind::Ipv4, ValueKind::Mac]
    );
}

#[test]
fn lets_custom_types_and_properties_pass() {
    let found = admitted(
        r#"{"type":"x-mitre-tactic","id":"x-mitre-tactic--b2a67b1e-913c-46f6-b219-048a90560bb9","x_page_ref":"page 3","x_seen_refs":[{"a_ref":"q"}],"tactic_refs":["x-mitre-tactic--b2a67b1e-913c-46f6-b219-048a90560bb9"]}"#,
    );
    assert_eq!(
        (found.version, found.spec_version, found.links.len()),
        (None, SpecVersion::V20, 1)
    );
    let found = admitted(
        r#"{"type":"my-thing","id":"my-thing--b2a67b1e-913c-46f6-b219-048a90560bb9","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"new-sco"}}}"#,
    );
    assert_eq!(found.spec_version, SpecVersion::V21);
}

#[test]
fn refuses_what_cannot_be_kept() {
    refused("[]", "", "a JSON object");
    refused("17", "", "is a number");
    refused("{}", "", "no type");
    refused(r#"{"type":"indicator"}"#, "", "no id");
    refused(r#"{"type":7,"id":"x"}"#, "type", "is a number");
    refused(
        r#"{"type":"indicator","id":"indicator--1"}"#,
        "id",
        "type--UUID",
    );
    refused(
        r#"{"type":"malware","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}"#,
        "id",
        "they must be the same",
    );
    refused(
        r#"{"type":"bundle","id":"bundle--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","objects":[]}"#,
        "type",
        "send the objects in it",
    );
    refused(
        r#"{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"}"#,
        "",
        "has no created",
    );
    refused(
        r#"{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2016-04-06T20:03:48.000Z"}"#,
        "",
        "has no modified",
    );
    refused(
        r#"{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2016-04-06T20:03:48.000Z","modified":"2015-04-06T20:03:48.000Z"}"#,
        "modified",
        "before created",
    );
    refused(
        r#"{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2016-02-30T20:03:48.000Z"}"#,
        "created",
        "does not exist",
    );
}

#[test]
fn refuses_common_properties_of_another_form() {
    refused(
        &format!(
            "{{{HEAD},\"granular_markings\":[{{\"marking_ref\":\"{ID}\",\"selectors\":[\"type\"]}}]}}"
        ),
        "granular_markings[0].marking_ref",
        "no marking-definition",
    );
    refused(
        &format!("{{{HEAD},\"spec_version\":\"3.0\"}}"),
        "spec_version",
        "\"2.1\" and \"2.0\"",
    );
    refused(
        &format!("{{{HEAD},\"spec_version\":2.1}}"),
        "spec_version",
        "is a number",
    );
    refused(
        &format!("{{{HEAD},\"revoked\":\"yes\"}}"),
        "revoked",
        "true or false",
    );
    refused(
        &format!("{{{HEAD},\"created_by_ref\":\"me\"}}"),
        "created_by_ref",
        "type--UUID",
    );
    refused(
        &format!("{{{HEAD},\"object_marking_refs\":[\"{ID}\"]}}"),
        "object_marking_refs[0]",
        "no marking-definition",
    );
    refused(
        &format!("{{{HEAD},\"object_refs\":[\"{ID}\",7]}}"),
        "object_refs[1]",
        "is a number",
    );
    refused(
        &format!("{{{HEAD},\"object_refs\":\"{ID}\"}}"),
        "object_refs",
        "list of ids",
    );
    refused(
        &format!("{{{HEAD},\"a\":[{{\"b_ref\":\"c\"}}]}}"),
        "a[0].b_ref",
        "type--UUID",
    );
}

#[test]
fn names_object_path_and_rule_of_broken_json() {
    let error = admit(
        &format!("{{{HEAD},\"name\":\"a\",\"n\\u0061me\":\"b\"}}"),
        &Limits::EXCHANGE,
    )
    .expect_err("double key");
    assert_eq!(error.object(), Some(ID));
    assert_eq!(
        (error.path(), error.rule()),
        ("name", "RFC 7493 section 2.3")
    );
    assert_eq!(
        error.to_string(),
        format!(
            "object {ID}: name: the same key twice; a JSON object names each key once (RFC 7493 section 2.3)"
        )
    );
    let deep = format!("{{{HEAD},\"x\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let error = admit(&deep, &Limits::EXCHANGE).expect_err("deep");
    assert_eq!(
        (error.object(), error.message()),
        (Some(ID), "nested deeper than 64 levels")
    );
    refused(&format!("{{{HEAD},\"x\":\"\\ud800\"}}"), "x", "surrogate");
    refused(&format!("{{{HEAD},\"x\":1e400}}"), "x", "IEEE 754");
    refused(&format!("{{{HEAD}"), "", "expected ',' or '}'");
    let few = Limits {
        lookup_values_max: 1,
        ..Limits::EXCHANGE
    };
    let two = format!("{{{HEAD},\"pattern\":\"[url:value IN ('a:b','c:d')]\"}}");
    assert!(
        admit(&two, &few)
            .expect_err("two values")
            .to_string()
            .contains("2 values; the limit is 1")
    );
    let small = Limits {
        object_bytes_max: 10,
        ..Limits::EXCHANGE
    };
    assert!(
        admit("{          }", &small)
            .expect_err("large")
            .to_string()
            .contains("has 12 bytes; the limit is 10")
    );
}

#[test]
fn bounds_the_text_for_search_at_a_letter() {
    let limits = Limits {
        text_bytes_max: 8,
        ..Limits::EXCHANGE
    };
    let json = format!("{{{HEAD},\"name\":\"网络\",\"description\":\"安全\"}}");
    assert_eq!(admit(&json, &limits).unwrap().text, "网络");
    let limits = Limits {
        text_bytes_max: 10,
        ..Limits::EXCHANGE
    };
    assert_eq!(admit(&json, &limits).unwrap().text, "网络\n安");
}

#[test]
fn a_value_in_the_tree_is_as_small_as_the_limits_say() {
    assert_eq!(size_of::<crate::json::Member<'_>>(), 72);
}

#[test]
fn admits_every_object_of_attack_for_ics() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/attack/ics-attack-18.1.json"
    );
    let Ok(body) = std::fs::read(path) else {
        eprintln!("skipped: {path} is not there");
        return;
    };
    let objects = crate::envelope::read(&body, &crate::envelope::EnvelopeLimits::EXCHANGE).unwrap();
    assert_eq!(objects.len(), 1_826);
    for object in objects {
        admitted(object);
    }
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC{0,200}") {
        let _ = admit(&text, &Limits::EXCHANGE);
    }

    #[test]
    fn never_panics_on_near_misses(key in "[a-z_]{0,12}(_ref|_refs|s|)", value in "(\"[^\"\\\\]{0,20}\"|[0-9]{1,3}|\\[\\]|\\{\\}|null|\\[\"a\"\\])") {
        let _ = admit(&format!("{{{HEAD},\"{key}\":{value}}}"), &Limits::EXCHANGE);
    }

    #[test]
    fn never_panics_on_patterns(pattern in "[\\[\\]a-z:.'=() ,0-9*/\\\\-]{0,60}(IN|NOT|AND)?[\\[\\]a-z:.'=() ,]{0,20}") {
        let json = format!("{{{HEAD},\"pattern\":{}}}", serde_json::to_string(&pattern).unwrap());
        prop_assert!(admit(&json, &Limits::EXCHANGE).is_ok());
    }
}
