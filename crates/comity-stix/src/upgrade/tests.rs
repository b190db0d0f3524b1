use super::upgrade;
use crate::admission::{Limits, SpecVersion, admit};
use crate::validate::{Severity, validate};

const UUID: &str = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
const TIMES: &str = r#""created":"2016-04-06T20:03:48.000Z","modified":"2016-04-06T20:03:48.000Z""#;

fn upgraded(json: &str) -> (String, Vec<String>) {
    let found = upgrade(json, &Limits::EXCHANGE).unwrap();
    for text in std::iter::once(&*found.object).chain(found.observables.iter().map(String::as_str))
    {
        let must: Vec<_> = validate(text)
            .into_iter()
            .filter(|problem| problem.severity == Severity::Must)
            .collect();
        assert_eq!(must, [], "{text}");
        assert_eq!(
            admit(text, &Limits::EXCHANGE).unwrap().spec_version,
            SpecVersion::V21
        );
        assert_eq!(upgrade(text, &Limits::EXCHANGE).unwrap().object, text);
    }
    (found.object.into_owned(), found.observables)
}

fn check(type_name: &str, more: &str, expected: &str) {
    let json = |more: &str| {
        format!(r#"{{"type":"{type_name}","id":"{type_name}--{UUID}",{TIMES}{more}}}"#)
    };
    assert_eq!(upgraded(&json(more)).0, json(expected));
}

#[test]
fn adds_what_2_1_requires_and_moves_labels() {
    check(
        "indicator",
        r#","labels":["malicious-activity"],"pattern":"[url:value = 'http://example.com']","valid_from":"2016-01-01T00:00:00Z""#,
        r#","pattern":"[url:value = 'http://example.com']","valid_from":"2016-01-01T00:00:00Z","spec_version":"2.1","pattern_type":"stix","indicator_types":["malicious-activity"]"#,
    );
    check(
        "malware",
        r#","name" : "x","labels":["worm","ours"]"#,
        r#","name" : "x","labels":["ours"],"spec_version":"2.1","is_family":false,"malware_types":["worm"]"#,
    );
    check(
        "tool",
        r#","name":"x","labels":["hammer"]"#,
        r#","name":"x","labels":["hammer"],"spec_version":"2.1""#,
    );
    check(
        "identity",
        r#","name":"x","identity_class":"group","x_own":1.0"#,
        r#","name":"x","identity_class":"group","x_own":1.0,"spec_version":"2.1""#,
    );
}

#[test]
fn leaves_2_1_as_it_is() {
    let json = format!(
        r#"{{ "type":"tool","id":"tool--{UUID}","spec_version":"2.1",{TIMES},"name":"x" }}"#
    );
    assert_eq!(upgraded(&json), (json.clone(), vec![]));
    assert!(upgrade("{}", &Limits::EXCHANGE).is_err());
}

fn observed(objects: &str, more: &str) -> String {
    format!(
        r#"{{"type":"observed-data","id":"observed-data--{UUID}",{TIMES},"first_observed":"2016-01-01T00:00:00Z","last_observed":"2016-01-01T00:00:00Z","number_observed":1,"objects":{objects}{more}}}"#
    )
}

#[test]
fn gives_observables_their_own_identifiers() {
    let (object, observables) = upgraded(&observed(
        r#"{"0":{"type":"network-traffic","src_ref":"1","protocols":["tcp"],"extensions":{"http-request-ext":{"request_method":"get","request_value":"/","request_header":{"Host":"example.com"}}}},
        "1":{"type":"ipv4-addr","value":"198.51.100.3"},"2":{"type":"ipv4-addr","value":"198.51.100.3"},
        "3":{"type":"file","name":"a","created":"2016-01-01T00:00:00Z","parent_directory_ref":"4"},"4":{"type":"directory","path":"/x","contains_refs":["3"]},
        "5":{"type":"process","pid":7,"binary_ref":"3"}}"#,
        "",
    ));
    let address = "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4";
    assert_eq!(observables.len(), 5);
    assert_eq!(
        observables[1],
        format!(
            r#"{{"type":"ipv4-addr","spec_version":"2.1","id":"{address}","value":"198.51.100.3"}}"#
        )
    );
    assert!(observables[0].contains(&format!(r#""src_ref":"{address}""#)));
    assert!(observables[0].contains(r#""request_header":{"Host":["example.com"]}"#));
    assert!(observables[2].contains(r#""ctime":"2016-01-01T00:00:00Z""#));
    assert!(observables[4].contains(r#""image_ref":"file--"#));
    // None of the identifiers is only advised against: each follows from its content where the standard has it so.
    for text in &observables {
        assert!(
            validate(text).iter().all(|problem| problem.path != "id"),
            "{text}"
        );
    }
    let links = admit(&object, &Limits::EXCHANGE).unwrap().links;
    assert_eq!(links.len(), 5);
    assert!(!object.contains("\"objects\""));
}

#[test]
fn observables_keep_the_markings_they_were_under() {
    let green = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
    let red = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed";
    let (object, observables) = upgraded(&observed(
        r#"{"0":{"type":"url","value":"https://example.com"}}"#,
        &format!(
            r#","object_marking_refs":["{green}"],"granular_markings":[{{"selectors":["objects.0.value","number_observed"],"marking_ref":"{red}"}}]"#
        ),
    ));
    assert!(observables[0].contains(&format!(r#""object_marking_refs":["{green}","{red}"]"#)));
    assert!(object.contains(r#""selectors":["object_refs","number_observed"]"#));
}

#[test]
fn circles_and_strangers_end() {
    let circle = observed(
        r#"{"0":{"type":"file","name":"a","extensions":{"archive-ext":{"contains_refs":["1"]}}},"1":{"type":"file","name":"b","extensions":{"archive-ext":{"contains_refs":["0"]}}}}"#,
        "",
    );
    let first = upgraded(&circle);
    assert_eq!(first.1.len(), 2);
    assert_eq!(upgraded(&circle), first);
    let stranger = observed(
        r#"{"0":{"type":"url","value":"https://example.com"},"1":7}"#,
        "",
    );
    let found = upgrade(&stranger, &Limits::EXCHANGE).unwrap();
    assert!(found.observables.is_empty() && found.object.contains("\"objects\""));
}
