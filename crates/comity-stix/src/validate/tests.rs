#![allow(clippy::too_many_lines, reason = "each test is a table")]

use super::{Severity, validate};
use proptest::prelude::*;

const TIMES: &str = r#""spec_version":"2.1","created":"2016-04-06T20:03:48.000Z","modified":"2016-04-06T20:03:48.000Z""#;
const UUID: &str = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
const IDENTITY: &str = "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff";

/// A versioned object of this type with these properties added.
fn object(type_name: &str, more: &str) -> String {
    format!(r#"{{"type":"{type_name}","id":"{type_name}--{UUID}",{TIMES}{more}}}"#)
}

/// An observable of this type; its identifier is by chance, so a warning about it is left out by the checks below.
fn observable(type_name: &str, more: &str) -> String {
    format!(r#"{{"type":"{type_name}","id":"{type_name}--{UUID}"{more}}}"#)
}

/// Every problem as `path: severity`.
fn found(json: &str) -> Vec<(String, Severity)> {
    let problems = validate(json)
        .into_iter()
        .map(|problem| (problem.path, problem.severity));
    problems
        .filter(|(path, severity)| !(path == "id" && *severity == Severity::Should))
        .collect()
}

fn good(json: &str) {
    let problems: Vec<String> = validate(json)
        .iter()
        .filter(|problem| problem.path != "id")
        .map(ToString::to_string)
        .collect();
    assert_eq!(problems, Vec::<String>::new(), "{json}");
}

/// Exactly one MUST is broken, there, and the message has these words.
fn bad(json: &str, path: &str, words: &str) {
    let problems = validate(json);
    let must: Vec<_> = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Must)
        .collect();
    let [problem] = must.as_slice() else {
        panic!("{must:#?}: {json}")
    };
    assert_eq!(problem.path, path, "{problem}: {json}");
    assert!(problem.to_string().contains(words), "{problem}: {json}");
}

#[test]
fn accepts_an_object_of_every_domain_type() {
    let refs = format!(r#""object_refs":["{IDENTITY}"]"#);
    for (type_name, more) in [
        (
            "attack-pattern",
            r#","name":"x","kill_chain_phases":[{"kill_chain_name":"a-b","phase_name":"c"}]"#,
        ),
        (
            "campaign",
            r#","name":"x","first_seen":"2016-04-06T20:03:48Z","last_seen":"2016-04-06T20:03:48Z""#,
        ),
        ("course-of-action", r#","name":"x""#),
        (
            "grouping",
            &format!(r#","context":"malware-analysis",{refs}"#),
        ),
        (
            "identity",
            r#","name":"x","identity_class":"organization","sectors":["energy"]"#,
        ),
        ("incident", r#","name":"x""#),
        (
            "indicator",
            r#","pattern":"[ipv4-addr:value = '198.51.100.1']","pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z""#,
        ),
        (
            "indicator",
            r#","pattern":"anything","pattern_type":"yara","valid_from":"2016-01-01T00:00:00Z","valid_until":"2016-01-02T00:00:00Z""#,
        ),
        (
            "infrastructure",
            r#","name":"x","infrastructure_types":["botnet"]"#,
        ),
        ("intrusion-set", r#","name":"x","resource_level":"team""#),
        (
            "location",
            r#","latitude":48.8566,"longitude":2.3522,"precision":0"#,
        ),
        ("location", r#","region":"northern-america""#),
        (
            "malware",
            r#","name":"x","is_family":true,"malware_types":["worm"]"#,
        ),
        ("malware-analysis", r#","product":"x","result":"malicious""#),
        ("note", &format!(r#","content":"x",{refs}"#)),
        (
            "observed-data",
            r#","first_observed":"2016-01-01T00:00:00Z","last_observed":"2016-01-01T00:00:00Z","number_observed":1,"object_refs":["ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]"#,
        ),
        ("opinion", &format!(r#","opinion":"agree",{refs}"#)),
        (
            "report",
            &format!(r#","name":"x","published":"2016-01-01T00:00:00Z",{refs}"#),
        ),
        (
            "threat-actor",
            r#","name":"x","threat_actor_types":["spy"],"roles":["agent"]"#,
        ),
        ("tool", r#","name":"x","tool_types":["unknown"]"#),
        (
            "vulnerability",
            r#","name":"x","external_references":[{"source_name":"cve","external_id":"CVE-2016-1234"}]"#,
        ),
        (
            "relationship",
            &format!(
                r#","relationship_type":"based-on","source_ref":"indicator--{UUID}","target_ref":"malware--{UUID}""#
            ),
        ),
        (
            "sighting",
            &format!(
                r#","sighting_of_ref":"indicator--{UUID}","count":0,"where_sighted_refs":["{IDENTITY}"],"summary":false"#
            ),
        ),
        (
            "language-content",
            &format!(r#","object_ref":"{IDENTITY}","contents":{{"de":{{"name":"y"}}}}"#),
        ),
        (
            "extension-definition",
            &format!(
                r#","created_by_ref":"{IDENTITY}","name":"x","schema":"x","version":"1.0.0","extension_types":["property-extension"]"#
            ),
        ),
    ] {
        good(&object(type_name, more));
    }
    good(&format!(
        r#"{{"type":"marking-definition","id":"marking-definition--{UUID}","spec_version":"2.1","created":"2016-04-06T20:03:48.000Z","definition_type":"statement","definition":{{"statement":"x"}}}}"#
    ));
}

#[test]
fn accepts_an_object_of_every_observable_type() {
    for (type_name, more) in [
        (
            "artifact",
            r#","mime_type":"image/jpeg","payload_bin":"VGVzdA==""#,
        ),
        (
            "artifact",
            r#","url":"https://example.com/a","hashes":{"MD5":"d41d8cd98f00b204e9800998ecf8427e"}"#,
        ),
        ("autonomous-system", r#","number":64496"#),
        ("directory", r#","path":"C:\\x""#),
        (
            "domain-name",
            r#","value":"example.com","resolves_to_refs":["ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"]"#,
        ),
        ("email-addr", r#","value":"a@example.com""#),
        (
            "email-message",
            r#","is_multipart":false,"body":"x","additional_header_fields":{"X-A":["b"]}"#,
        ),
        (
            "email-message",
            r#","is_multipart":true,"body_multipart":[{"body":"x"}]"#,
        ),
        (
            "file",
            r#","name":"x","extensions":{"pdf-ext":{"version":"1.7"}}"#,
        ),
        ("ipv4-addr", r#","value":"198.51.100.0/24""#),
        ("ipv6-addr", r#","value":"2001:db8::1""#),
        ("mac-addr", r#","value":"00:00:5e:00:53:01""#),
        ("mutex", r#","name":"x""#),
        (
            "network-traffic",
            r#","protocols":["ipv4","tcp"],"src_ref":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","extensions":{"http-request-ext":{"request_method":"get","request_value":"/"}}"#,
        ),
        ("process", r#","pid":1"#),
        (
            "process",
            r#","extensions":{"windows-process-ext":{"aslr_enabled":true}}"#,
        ),
        (
            "software",
            r#","name":"x","cpe":"cpe:2.3:a:x:y:1:*:*:*:*:*:*:*","languages":["en-US"]"#,
        ),
        ("url", r#","value":"https://example.com/a?b=c""#),
        (
            "user-account",
            r#","user_id":"1001","account_type":"unix","extensions":{"unix-account-ext":{"gid":1001}}"#,
        ),
        (
            "windows-registry-key",
            r#","key":"HKEY_LOCAL_MACHINE\\x","values":[{"name":"","data_type":"REG_SZ"}]"#,
        ),
        (
            "x509-certificate",
            r#","serial_number":"36:f7","x509_v3_extensions":{"key_usage":"x"}"#,
        ),
    ] {
        good(&observable(type_name, more));
    }
}

#[test]
fn holds_common_properties_against_section_3_2() {
    let tool = |more: &str| object("tool", &format!(r#","name":"x"{more}"#));
    bad("[]", "", "a JSON object");
    bad("{", "", "a string");
    bad(r#"{"a":1,"a":2}"#, "a", "twice");
    bad("{}", "", "no type");
    bad(r#"{"type":"bundle"}"#, "", "bundle");
    bad(r#"{"type":"Tool"}"#, "type", "a-z");
    bad(
        &format!(r#"{{"type":"tool","id":"tool--{UUID}"}}"#),
        "",
        "STIX 2.0",
    );
    bad(
        &tool("").replace("\"2.1\"", "\"2.2\""),
        "",
        "must be \"2.1\"",
    );
    bad(
        &tool("").replace("tool--", "malware--"),
        "id",
        "but type is",
    );
    bad(&tool("").replace("938f", "038f"), "id", "RFC 4122");
    bad(
        &tool("").replace("\"created\":\"2016-04-06T20:03:48.000Z\",", ""),
        "",
        "no created",
    );
    bad(
        &tool("").replacen("48.000Z", "48.00Z", 1),
        "created",
        "three digits",
    );
    bad(
        &tool("").replacen("2016", "2017", 1),
        "modified",
        "before created",
    );
    bad(&tool(r#","confidence":101"#), "confidence", "above 100");
    bad(&tool(r#","confidence":1.5"#), "confidence", "whole number");
    bad(&tool(r#","revoked":"no""#), "revoked", "true or false");
    bad(&tool(r#","lang":"e""#), "lang", "RFC 5646");
    bad(&tool(r#","labels":[]"#), "labels", "empty list");
    bad(&tool(r#","labels":[1]"#), "labels[0]", "a string");
    bad(&tool(r#","labels":"x""#), "labels", "a list");
    bad(&tool(r#","defanged":true"#), "defanged", "observables");
    bad(
        &tool(&format!(r#","created_by_ref":"tool--{UUID}""#)),
        "created_by_ref",
        "type identity",
    );
    bad(
        &tool(&format!(r#","object_marking_refs":["{IDENTITY}"]"#)),
        "object_marking_refs[0]",
        "marking-definition",
    );
    bad(
        &tool(r#","external_references":[{"source_name":"x"}]"#),
        "external_references[0]",
        "one of description, url, external_id",
    );
    bad(
        &tool(r#","external_references":[{"url":"https://example.com"}]"#),
        "external_references[0]",
        "no source_name",
    );
    bad(
        &tool(r#","external_references":[{"source_name":"x","url":"x y"}]"#),
        "external_references[0].url",
        "no URL",
    );
    bad(&tool(r#","x_note":{"a":[null]}"#), "x_note.a[0]", "null");
    bad(&tool(r#","note_ref":"page 3""#), "note_ref", "type--UUID");
    bad(
        &tool(r#","x_note":{"a":[[]]}"#),
        "x_note.a[0]",
        "empty list",
    );
    bad(&tool(r#","x_note":{}"#), "x_note", "is empty");
    bad(&tool(r#","Note":1"#), "Note", "custom property");
    assert_eq!(
        found(&tool(r#","note":1"#)),
        [("note".to_owned(), Severity::Should)]
    );
    assert_eq!(
        found(&tool(r#","tool_types":["hammer"]"#)),
        [("tool_types[0]".to_owned(), Severity::Should)]
    );
}

#[test]
fn holds_each_type_against_its_table() {
    bad(&object("tool", ""), "", "no name");
    bad(
        &object(
            "indicator",
            r#","pattern":"[x","pattern_type":"stix","valid_from":"2016-01-01T00:00:00Z""#,
        ),
        "pattern",
        "at character 3",
    );
    bad(
        &object(
            "indicator",
            r#","pattern":"x","pattern_type":"pcre","valid_from":"2016-01-01T00:00:00Z","valid_until":"2016-01-01T00:00:00Z""#,
        ),
        "",
        "after valid_from",
    );
    bad(
        &object(
            "campaign",
            r#","name":"x","first_seen":"2016-01-02T00:00:00Z","last_seen":"2016-01-01T00:00:00Z""#,
        ),
        "",
        "before first_seen",
    );
    bad(&object("location", r#","name":"x""#), "", "one of region");
    bad(&object("location", r#","latitude":1"#), "", "longitude");
    bad(
        &object("location", r#","latitude":91,"longitude":0"#),
        "latitude",
        "between",
    );
    bad(
        &object("malware", r#","is_family":true"#),
        "",
        "must have name while is_family is true",
    );
    bad(
        &object("malware-analysis", r#","product":"x""#),
        "",
        "one of result",
    );
    bad(
        &object(
            "opinion",
            &format!(r#","opinion":"maybe","object_refs":["{IDENTITY}"]"#),
        ),
        "opinion",
        "opinion-enum",
    );
    bad(
        &object(
            "attack-pattern",
            r#","name":"x","external_references":[{"source_name":"capec","external_id":"550"}]"#,
        ),
        "external_references[0].external_id",
        "CAPEC-",
    );
    bad(
        &object(
            "relationship",
            &format!(
                r#","relationship_type":"Uses","source_ref":"tool--{UUID}","target_ref":"tool--{UUID}""#
            ),
        ),
        "relationship_type",
        "a-z",
    );
    bad(
        &object(
            "relationship",
            &format!(
                r#","relationship_type":"uses","source_ref":"tool--{UUID}","target_ref":"sighting--{UUID}""#
            ),
        ),
        "target_ref",
        "domain object or an observable",
    );
    bad(
        &object("sighting", &format!(r#","sighting_of_ref":"url--{UUID}""#)),
        "sighting_of_ref",
        "a domain object",
    );
    let observed = |more: &str| {
        object(
            "observed-data",
            &format!(
                r#","first_observed":"2016-01-01T00:00:00Z","last_observed":"2016-01-01T00:00:00Z","number_observed":1{more}"#
            ),
        )
    };
    bad(&observed(""), "", "one of object_refs");
    bad(
        &observed(&format!(r#","object_refs":["relationship--{UUID}"]"#)),
        "object_refs",
        "at least one observable",
    );
    bad(
        &observed(
            r#","objects":{"0":{"type":"domain-name","value":"example.com","resolves_to_refs":["1"]}}"#,
        ),
        "objects.0.resolves_to_refs[0]",
        "no key",
    );
    bad(
        &observed(r#","objects":{"0":{"type":"domain-name"}}"#),
        "objects.0",
        "no value",
    );
    bad(
        &object(
            "extension-definition",
            &format!(
                r#","created_by_ref":"{IDENTITY}","name":"x","schema":"x","version":"1.0.0","extension_types":["new-sdo"],"extension_properties":["abc"]"#
            ),
        ),
        "extension_properties",
        "toplevel",
    );
    bad(
        &object(
            "language-content",
            &format!(r#","object_ref":"{IDENTITY}","contents":{{"d_e":{{"a":"b"}}}}"#),
        ),
        "contents.d_e",
        "RFC 5646",
    );
}

#[test]
fn holds_observables_against_their_tables() {
    bad(&observable("artifact", ""), "", "one of payload_bin");
    bad(
        &observable(
            "artifact",
            r#","payload_bin":"VGVzdA==","url":"https://example.com","hashes":{"MD5":"d41d8cd98f00b204e9800998ecf8427e"}"#,
        ),
        "",
        "more than one",
    );
    bad(
        &observable("artifact", r#","url":"https://example.com""#),
        "",
        "hashes",
    );
    bad(
        &observable("artifact", r#","payload_bin":"VGVzdA=""#),
        "payload_bin",
        "base64",
    );
    bad(&observable("file", r#","size":1"#), "", "one of hashes");
    bad(
        &observable("file", r#","name":"x","size":-1"#),
        "size",
        "below 0",
    );
    bad(
        &observable("file", r#","hashes":{"MD5":"00"}"#),
        "hashes.MD5",
        "32 hexadecimal",
    );
    bad(&observable("file", r#","hashes":{}"#), "hashes", "empty");
    bad(
        &observable("file", r#","name":"x","magic_number_hex":"FF""#),
        "magic_number_hex",
        "a-f",
    );
    bad(
        &observable(
            "file",
            r#","name":"x","extensions":{"windows-pebinary-ext":{"pe_type":"exe"}}"#,
        ),
        "extensions.windows-pebinary-ext",
        "one of imphash",
    );
    bad(
        &observable("ipv4-addr", r#","value":"198.51.100.300""#),
        "value",
        "IPv4",
    );
    bad(
        &observable("ipv6-addr", r#","value":"198.51.100.3""#),
        "value",
        "IPv6",
    );
    bad(
        &observable("mac-addr", r#","value":"00-00-5e-00-53-01""#),
        "value",
        "colons",
    );
    bad(
        &observable("url", r#","value":"example.com""#),
        "value",
        "no URL",
    );
    bad(
        &observable("email-addr", r#","value":"A <a@example.com>""#),
        "value",
        "display name",
    );
    bad(
        &observable("domain-name", r#","value":"a b.example""#),
        "value",
        "domain name",
    );
    bad(&observable("process", ""), "", "property of its own");
    bad(
        &observable("email-message", r#","is_multipart":true,"body":"x""#),
        "",
        "must not have body",
    );
    bad(
        &observable("network-traffic", r#","protocols":["tcp"]"#),
        "",
        "one of src_ref",
    );
    bad(
        &observable(
            "network-traffic",
            &format!(r#","protocols":["tcp"],"src_ref":"url--{UUID}""#),
        ),
        "src_ref",
        "ipv4-addr",
    );
    bad(
        &observable(
            "network-traffic",
            &format!(r#","protocols":["tcp"],"src_ref":"ipv4-addr--{UUID}","dst_port":65536"#),
        ),
        "dst_port",
        "above 65535",
    );
    bad(
        &observable("windows-registry-key", r#","key":"HKLM\\x""#),
        "key",
        "HKEY_LOCAL_MACHINE",
    );
    bad(
        &observable("autonomous-system", r#","number":"7""#),
        "number",
        "whole number",
    );
}

#[test]
fn advises_on_identifiers_without_insisting() {
    let problems = validate(&observable("ipv4-addr", r#","value":"198.51.100.3""#));
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}")
    };
    assert_eq!(
        (problem.path.as_str(), problem.severity),
        ("id", Severity::Should)
    );
    assert!(
        problem
            .message
            .contains("ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4")
    );
    assert_eq!(
        validate(
            r#"{"type":"ipv4-addr","id":"ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4","value":"198.51.100.3"}"#
        ),
        []
    );
}

#[test]
fn holds_markings_and_extensions_against_section_7() {
    let mark = |marking: &str| {
        object(
            "tool",
            &format!(r#","name":"x","granular_markings":[{marking}]"#),
        )
    };
    let tlp = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
    good(&mark(&format!(
        r#"{{"marking_ref":"{tlp}","selectors":["name"]}}"#
    )));
    bad(
        &mark(&format!(
            r#"{{"marking_ref":"{tlp}","selectors":["title"]}}"#
        )),
        "granular_markings[0].selectors[0]",
        "not that is present".trim_start_matches("not that "),
    );
    bad(
        &mark(&format!(
            r#"{{"marking_ref":"{tlp}","selectors":["name.[0"]}}"#
        )),
        "granular_markings[0].selectors[0]",
        "no selector",
    );
    bad(
        &mark(&format!(
            r#"{{"marking_ref":"{tlp}","lang":"de","selectors":["name"]}}"#
        )),
        "granular_markings[0]",
        "more than one of lang",
    );
    bad(
        &mark(r#"{"selectors":["name"]}"#),
        "granular_markings[0]",
        "one of lang",
    );
    bad(
        &object("tool", r#","name":"x","granular_markings":[]"#),
        "granular_markings",
        "at least one",
    );
    let fixed = |id: &str, tlp: &str| {
        format!(
            r#"{{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--{id}","created":"2017-01-20T00:00:00.000Z","definition_type":"tlp","definition":{{"tlp":"{tlp}"}}}}"#
        )
    };
    good(&fixed("34098fce-860f-48ae-8e50-ebd3cc5e41da", "green"));
    bad(
        &fixed("34098fce-860f-48ae-8e50-ebd3cc5e41da", "white"),
        "",
        "fixed definition green",
    );
    bad(&fixed(UUID, "green"), "", "of its own making");
    bad(
        &fixed("34098fce-860f-48ae-8e50-ebd3cc5e41da", "green").replace("2017", "2018"),
        "",
        "must be created",
    );
    let key = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";
    let extend = |value: &str| {
        object(
            "tool",
            &format!(r#","name":"x","extensions":{{"{key}":{value}}}"#),
        )
    };
    good(&extend(
        r#"{"extension_type":"property-extension","rank":5}"#,
    ));
    bad(
        &extend(r#"{"rank":5}"#),
        &format!("extensions.{key}"),
        "no extension_type",
    );
    bad(
        &extend(r#"{"extension_type":"other","rank":5}"#),
        &format!("extensions.{key}.extension_type"),
        "extension-type-enum",
    );
    bad(
        &extend(r#"{"extension_type":"property-extension","Rank":5}"#),
        &format!("extensions.{key}.Rank"),
        "a-z",
    );
    good(&object(
        "tool",
        &format!(
            r#","name":"x","rank":5,"extensions":{{"{key}":{{"extension_type":"toplevel-property-extension"}}}}"#
        ),
    ));
    good(&object(
        "my-thing",
        &format!(r#","rank":5,"extensions":{{"{key}":{{"extension_type":"new-sdo"}}}}"#),
    ));
    assert_eq!(
        found(&object("my-thing", r#","x_rank":5"#)),
        [(String::new(), Severity::Should)]
    );
}

#[test]
fn finds_little_in_attack_for_ics() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/attack/ics-attack-18.1.json"
    );
    let Ok(body) = std::fs::read(path) else {
        eprintln!("skipped: {path} is not there");
        return;
    };
    let objects = crate::envelope::read(&body, &crate::envelope::EnvelopeLimits::EXCHANGE).unwrap();
    let problems = objects.iter().flat_map(|object| validate(object));
    let must: Vec<_> = problems
        .filter(|problem| problem.severity == Severity::Must)
        .collect();
    // Six assets carry an empty list in a custom property, which section 2.12 forbids of any list.
    assert_eq!(must.len(), 6);
    for problem in must {
        assert!(problem.path.ends_with("related_asset_sectors"), "{problem}");
        assert_eq!(problem.rule, "STIX 2.1 section 2.12");
    }
}

proptest! {
    #[test]
    fn never_panics(type_name in "(indicator|tool|file|marking-definition|observed-data|x-a|language-content)",
                    key in "(objects|extensions|granular_markings|hashes|definition|contents|object_refs|pattern|x_a|name)",
                    value in "(null|1|-1e5|\"\"|\"é\"|\\[\\]|\\{\\}|\\[null\\]|\\[\\{\\}\\]|\\{\"a\":\\{\"type\":\"file\"\\}\\}|\\{\"pdf-ext\":1\\}|\\[\\{\"selectors\":[1]\\}\\])") {
        let _ = validate(&object(&type_name, &format!(r#","{key}":{value}"#)));
    }
}
