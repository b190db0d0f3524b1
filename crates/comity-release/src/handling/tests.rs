use comity_stix::admission::Limits;
use comity_stix::id::ObjectId;
use comity_stix::json;
use comity_stix::marking::Tlp;

use super::{Action, Attribution, Handling, date};

fn check(definition: &str, expected: &Handling) {
    let id = ObjectId::parse("marking-definition--00000000-0000-4000-8000-000000000001").unwrap();
    let value = json::parse(definition, &Limits::EXCHANGE.json()).unwrap();
    assert_eq!(
        &Handling::of_definition(&id, &value),
        expected,
        "{definition}"
    );
}

fn refused(definition: &str) {
    let id = ObjectId::parse("marking-definition--00000000-0000-4000-8000-000000000001").unwrap();
    let value = json::parse(definition, &Limits::EXCHANGE.json()).unwrap();
    let found = Handling::of_definition(&id, &value);
    assert!(found.unreadable.is_some(), "{definition}");
}

#[test]
fn labels_are_read_from_definitions_of_any_making() {
    let red = Handling::labelled(Tlp::Red);
    check(
        r#"{"definition_type":"tlp","definition":{"tlp":"red"}}"#,
        &red,
    );
    check(
        r#"{"definition_type":"TLP","definition":{"TLP":"TLP:RED"}}"#,
        &red,
    );
    check(r#"{"name":"TLP: RED"}"#, &red);
    check(
        r#"{"definition_type":"statement","definition":{"statement":"x"},"name":"TLP:RED"}"#,
        &red,
    );
    check(
        r#"{"definition_type":"tlp","definition":{"tlp":"green"},"name":"TLP:AMBER STRICT"}"#,
        &Handling::labelled(Tlp::AmberStrict),
    );
    check(
        r#"{"definition_type":"statement","definition":{"statement":"Copyright"}}"#,
        &Handling::FREE,
    );
}

#[test]
fn what_is_not_understood_is_unreadable() {
    refused("{}");
    refused(r#"{"definition_type":"tlp","definition":{"tlp":"purple"}}"#);
    refused(r#"{"name":"TLP:PURPLE"}"#);
    refused(r#"{"definition_type":"acme","definition":{"x":1}}"#);
    refused(
        r#"{"definition_type":"statement","definition":{"statement":"x"},"extensions":{"extension-definition--1":{}}}"#,
    );
    refused(r#"{"definition_type":"iep","definition":{"iep_version":"3.0"}}"#);
    refused(
        r#"{"definition_type":"iep","definition":{"iep_version":"2.0","permitted_actions":"any"}}"#,
    );
    refused(
        r#"{"definition_type":"iep","definition":{"iep_version":"2.0","id_ref":"x","url":"y"}}"#,
    );
    refused(r#"{"definition_type":"iep","definition":{"iep_version":"2.0","end_date":"soon"}}"#);
}

#[test]
fn a_policy_of_iep_is_read_whole() {
    let expected = Handling {
        label: Some(Tlp::Amber),
        permitted: Action::Internal,
        encrypt: true,
        may_notify: false,
        may_resell: false,
        attribution: Attribution::MustNot,
        not_before: date("2026-01-01"),
        not_after: None,
        unreadable: None,
    };
    check(
        r#"{"definition_type":"iep","definition":{"id":"1","name":"x","iep_version":"2.0","start_date":"2026-01-01T00:00:00Z",
        "end_date":null,"encrypt_in_transit":"MUST","permitted_actions":"INTERNALLY VISIBLE ACTIONS","tlp":"amber",
        "affected_party_notifications":"must-not","attribution":"must_not","unmodified_resale":"MUST NOT"}}"#,
        &expected,
    );
}

#[test]
fn words_of_other_systems_count() {
    let word = |text: &str| Handling::of_word(text);
    assert_eq!(word("tlp:white"), Some(Handling::labelled(Tlp::Clear)));
    assert_eq!(
        word("TLP:AMBER STRICT").unwrap().label,
        Some(Tlp::AmberStrict)
    );
    assert_eq!(word("PAP:RED").unwrap().permitted, Action::None);
    assert_eq!(
        word("pap:green").unwrap().permitted,
        Action::ExternalIndirect
    );
    assert!(word("tlp:ex:chr").unwrap().unreadable.is_some());
    assert_eq!(word("botnet"), None);
    assert_eq!(word("misp:tool"), None);
}

#[test]
fn the_stricter_demand_wins_in_any_order() {
    let left = Handling {
        attribution: Attribution::Must,
        not_after: date("2026-02-01"),
        ..Handling::labelled(Tlp::Green)
    };
    let right = Handling {
        permitted: Action::Contact,
        attribution: Attribution::MustNot,
        not_after: date("2026-03-01"),
        ..Handling::FREE
    };
    let both = left.clone().and(right.clone());
    assert_eq!(both, right.and(left.clone()));
    assert_eq!(both.clone().and(both.clone()), both);
    assert_eq!(both.clone().and(Handling::FREE), both);
    assert_eq!(both.not_after, left.not_after);
    assert_eq!(both.attribution, Attribution::MustNot);
    assert_eq!(
        (both.label, both.permitted),
        (Some(Tlp::Green), Action::Contact)
    );
}
