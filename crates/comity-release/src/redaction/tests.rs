use std::collections::BTreeMap;

use comity_accord::terms::{PersonalData, RedactionAction, RedactionRule, RedactionTarget};
use comity_stix::admission::{Limits, admit};
use comity_stix::id::ObjectId;
use comity_stix::json;
use comity_stix::marking::{Tlp, definition_id};
use comity_stix::validate::validate;
use uuid::Uuid;

use super::{
    Copies, CutKind, EXTENSION_ID, EXTENSION_SCHEMA, IndicatorData, RULES_MAX, Redacted, Terms,
    TermsError, Withheld, extension_definition,
};
use crate::subject::Subject;
use crate::table::widest_terms;

const MASK: RedactionAction = RedactionAction::Mask;
const REMOVE: RedactionAction = RedactionAction::Remove;
const WITHHOLD: RedactionAction = RedactionAction::Withhold;

fn property(name: &str, action: RedactionAction) -> RedactionRule {
    RedactionRule {
        target: RedactionTarget::Property {
            object_type: None,
            property: name.to_owned(),
        },
        action,
    }
}

fn pattern(text: &str, action: RedactionAction) -> RedactionRule {
    RedactionRule {
        target: RedactionTarget::Pattern(text.to_owned()),
        action,
    }
}

fn personal(kind: PersonalData, action: RedactionAction) -> RedactionRule {
    RedactionRule {
        target: RedactionTarget::PersonalData(kind),
        action,
    }
}

fn copies() -> Copies {
    Copies {
        seed: Uuid::from_u128(7),
        made_by: ObjectId::parse("identity--00000000-0000-4000-8000-0000000000aa").ok(),
        name_original: false,
        indicators: IndicatorData::Covered,
    }
}

fn prepared(rules: &[RedactionRule], copies: Copies) -> Result<Terms, TermsError> {
    let mut agreed = widest_terms();
    agreed.redactions = rules.to_vec();
    Terms::prepare(agreed, copies)
}

fn redact(text: &str, terms: &Terms) -> Result<Option<Redacted>, Withheld> {
    let subject = Subject::read(text, &BTreeMap::new()).unwrap();
    let copy = terms.redact(&subject, Tlp::Green);
    if let Ok(Some(copy)) = &copy {
        let admitted = admit(copy.text(), &Limits::EXCHANGE).unwrap();
        assert_eq!(&admitted.id, copy.id());
        assert_ne!(copy.id(), subject.id());
    }
    copy
}

fn report(rest: &str) -> String {
    format!(
        r#"{{"type":"report","spec_version":"2.1","id":"report--00000000-0000-4000-8000-000000000001","created_by_ref":"identity--00000000-0000-4000-8000-000000000002","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-02T00:00:00.000Z","published":"2026-01-01T00:00:00Z","name":"x","object_refs":["tool--00000000-0000-4000-8000-000000000003"]{rest}}}"#
    )
}

/// What the copy of a report has instead of `rest`; `None` where nothing is cut.
#[track_caller]
fn check(rest: &str, rules: &[RedactionRule], expected: Option<&str>) {
    let copy = redact(&report(rest), &prepared(rules, copies()).unwrap()).unwrap();
    let expected = expected.map(|expected| {
        let copy = copy.as_ref().unwrap();
        let count = |kind| copy.cuts().iter().filter(|cut| cut.kind == kind).count();
        let (masked, removed) = (count(CutKind::Mask), count(CutKind::Remove));
        let tail = format!(
            r#"{expected},"created_by_ref":"identity--00000000-0000-4000-8000-0000000000aa","object_marking_refs":["{}"],"extensions":{{"{EXTENSION_ID}":{{"extension_type":"property-extension","masked":{masked},"removed":{removed}}}}}"#,
            definition_id(Tlp::Green)
        );
        let creator = r#""created_by_ref":"identity--00000000-0000-4000-8000-000000000002","#;
        let old = "report--00000000-0000-4000-8000-000000000001";
        let whole = report(&tail).replacen(creator, "", 1);
        whole.replacen(old, &copy.id().to_string(), 1)
    });
    assert_eq!(copy.as_ref().map(Redacted::text), expected.as_deref());
}

#[test]
fn properties_are_left_out_or_masked() {
    let rest = r#","description":"secret","x_list":["a","b"],"x_map":{"a":1,"b":[2]}"#;
    check(rest, &[property("absent", REMOVE)], None);
    check(
        rest,
        &[property("description", REMOVE)],
        Some(r#","x_list":["a","b"],"x_map":{"a":1,"b":[2]}"#),
    );
    check(
        rest,
        &[
            property("description", MASK),
            property("x_list.[0]", REMOVE),
        ],
        Some(r#","description":"[redacted]","x_list":["b"],"x_map":{"a":1,"b":[2]}"#),
    );
    check(
        rest,
        &[property("x_map.b.[0]", MASK), property("x_list", MASK)],
        Some(r#","description":"secret","x_map":{"a":1}"#),
    );
    let other_type = RedactionRule {
        target: RedactionTarget::Property {
            object_type: Some("tool".to_owned()),
            property: "description".to_owned(),
        },
        action: REMOVE,
    };
    check(rest, &[other_type], None);
}

#[test]
fn bytes_of_what_stays_are_as_they_were() {
    let rest =
        ",\"x_kept\":{ \"b\" : 1.0e0 ,\"\\u0061\":\"\\/\"},\"description\":\"s\\u0065cret\\n!\"";
    check(
        rest,
        &[pattern("secret", MASK)],
        Some(
            ",\"x_kept\":{ \"b\" : 1.0e0 ,\"\\u0061\":\"\\/\"},\"description\":\"[redacted]\\n!\"",
        ),
    );
    let terms = prepared(&[pattern("secret", MASK)], copies()).unwrap();
    let copy = redact(&report(rest), &terms).unwrap().unwrap();
    assert_eq!(
        copy.kept_properties(),
        [
            "type",
            "spec_version",
            "created",
            "modified",
            "published",
            "name",
            "object_refs",
            "x_kept"
        ]
    );
}

#[test]
fn personal_data_is_masked_wherever_it_stands() {
    check(
        r#","description":"Ask alice@b.example or +49 30 1234567.","x_a":{"b":["x","carol@d.example"]},"x_card":4111111111111111,"x_k":{"dave@e.example":1,"ok":2}"#,
        &[
            personal(PersonalData::EmailAddress, MASK),
            personal(PersonalData::Telephone, MASK),
            personal(PersonalData::PaymentCard, MASK),
        ],
        Some(
            r#","description":"Ask [redacted: e-mail address] or [redacted: telephone number].","x_a":{"b":["x","[redacted: e-mail address]"]},"x_k":{"ok":2}"#,
        ),
    );
    check(
        r#","description":"Ask alice@b.example","labels":["x","bob@c.example"]"#,
        &[personal(PersonalData::EmailAddress, REMOVE)],
        Some(r#","labels":["x"]"#),
    );
}

#[test]
fn where_rules_meet_the_gravest_cut_is_made() {
    let mail = || personal(PersonalData::EmailAddress, MASK);
    check(
        r#","description":"to alice@b.example!""#,
        &[pattern("[a-z]+@b", MASK), mail()],
        Some(r#","description":"to [redacted]!""#),
    );
    check(
        r#","description":"from here to it""#,
        &[pattern("from.*to", MASK), pattern("here", MASK)],
        Some(r#","description":"[redacted] it""#),
    );
    check(
        r#","description":"to alice@b.example""#,
        &[mail(), pattern("alice", REMOVE)],
        Some(""),
    );
    let terms = prepared(&[mail(), pattern("alice", WITHHOLD)], copies()).unwrap();
    let text = report(r#","x_a":[{"b":"alice@b.example"}]"#);
    let withheld = Withheld::ByRule {
        rule: 1,
        selector: "x_a.[0].b".to_owned(),
    };
    assert_eq!(redact(&text, &terms), Err(withheld));
}

#[test]
fn numbers_that_stand_against_each_other_are_all_found() {
    let rules = [
        personal(PersonalData::PaymentCard, MASK),
        personal(PersonalData::Telephone, MASK),
    ];
    check(
        r#","description":"x 020 7946 0958+49 30 1234567+1 202 555 0143""#,
        &rules,
        Some(
            r#","description":"x [redacted: telephone number][redacted: telephone number][redacted: telephone number]""#,
        ),
    );
    check(
        r#","description":"4111111111111111+49 30 1234567""#,
        &rules,
        Some(r#","description":"[redacted: payment card][redacted: telephone number]""#),
    );
}

#[test]
fn cuts_name_places_and_never_what_stood_there() {
    let terms = prepared(&[personal(PersonalData::EmailAddress, MASK)], copies()).unwrap();
    let text =
        report(r#","description":"alice@b.example","x_a":[{"alice@b.example":{"c":1},"d":1}]"#);
    let copy = redact(&text, &terms).unwrap().unwrap();
    let places: Vec<&str> = copy
        .cuts()
        .iter()
        .map(|cut| cut.selector.as_str())
        .collect();
    assert_eq!(places, ["description", "x_a.[0]"]);
    assert!(!format!("{copy:?}").contains("alice"));
}

#[test]
fn what_cannot_be_without_a_property_is_withheld() {
    let spoiled = |text: &str, rule: RedactionRule| {
        let terms = prepared(&[rule], copies()).unwrap();
        redact(text, &terms).unwrap_err()
    };
    let required = spoiled(&report(""), property("name", REMOVE));
    assert!(matches!(required, Withheld::Spoiled { .. }), "{required:?}");
    let reference = spoiled(&report(""), pattern("tool", MASK));
    assert!(
        matches!(reference, Withheld::Spoiled { .. }),
        "{reference:?}"
    );
    let time = spoiled(&report(""), property("published", MASK));
    assert!(matches!(time, Withheld::Spoiled { .. }), "{time:?}");
}

const ADDRESS: &str = r#"{"type":"email-addr","spec_version":"2.1","id":"email-addr--00000000-0000-4000-8000-000000000001","value":"alice@b.example","display_name":"Alice <alice@b.example>"}"#;
const INDICATOR: &str = r#"{"type":"indicator","spec_version":"2.1","id":"indicator--00000000-0000-4000-8000-000000000001","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","pattern":"[email-addr:value = 'alice@b.example']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"}"#;

#[test]
fn what_an_object_is_about_is_withheld_unless_exempt() {
    let mail = [personal(PersonalData::EmailAddress, MASK)];
    let covered = prepared(&mail, copies()).unwrap();
    for text in [ADDRESS, INDICATOR] {
        let withheld = redact(text, &covered).unwrap_err();
        assert!(matches!(withheld, Withheld::ByRule { .. }), "{withheld:?}");
    }
    let exempt = Copies {
        indicators: IndicatorData::Exempt,
        ..copies()
    };
    let exempt = prepared(&mail, exempt).unwrap();
    assert_eq!(redact(INDICATOR, &exempt), Ok(None));
    let copy = redact(ADDRESS, &exempt).unwrap().unwrap();
    assert!(copy.text().contains(r#""value":"alice@b.example""#));
    assert!(copy.text().contains("Alice <[redacted: e-mail address]>"));
}

#[test]
fn a_copy_is_marked_as_strictly_as_any_part_of_the_original() {
    let red = definition_id(Tlp::Red);
    let statement = "marking-definition--00000000-0000-4000-8000-00000000000a";
    let rest = format!(
        r#","object_marking_refs":["{statement}"],"description":"x","granular_markings":[{{"marking_ref":"{red}","selectors":["description"]}},{{"lang":"de","selectors":["name"]}}]"#
    );
    let terms = prepared(&[property("description", REMOVE)], copies()).unwrap();
    let copy = redact(&report(&rest), &terms).unwrap().unwrap();
    let green = definition_id(Tlp::Green);
    let markings = format!(r#""object_marking_refs":["{statement}","{red}","{green}"]"#);
    assert!(copy.text().contains(&markings), "{}", copy.text());
    assert!(!copy.text().contains("granular_markings"));
}

#[test]
fn a_copy_has_an_id_of_its_own_that_hangs_on_original_rules_and_seed() {
    let rules = [property("description", REMOVE)];
    let terms = prepared(&rules, copies()).unwrap();
    let id = |text: &str, terms: &Terms| redact(text, terms).unwrap().unwrap().id().clone();
    let first = id(&report(r#","description":"x""#), &terms);
    let next = report(r#","description":"y""#).replace("2026-01-02", "2026-01-03");
    assert_eq!(first, id(&next, &terms));
    let text = report(r#","description":"x""#);
    let original = Subject::read(&text, &BTreeMap::new()).unwrap().id().clone();
    assert_eq!(first, terms.copy_id(&original));
    let other_seed = Copies {
        seed: Uuid::from_u128(8),
        ..copies()
    };
    assert_ne!(first, id(&text, &prepared(&rules, other_seed).unwrap()));
    let more = [rules.to_vec(), vec![property("labels", REMOVE)]].concat();
    assert_ne!(first, id(&text, &prepared(&more, copies()).unwrap()));
}

#[test]
fn a_copy_names_its_original_only_where_it_may() {
    let terms = Copies {
        name_original: true,
        made_by: None,
        ..copies()
    };
    let terms = prepared(&[property("description", REMOVE)], terms).unwrap();
    let text = report(
        r#","description":"x","extensions":{"extension-definition--00000000-0000-4000-8000-00000000000b":{"extension_type":"property-extension","some":1}}"#,
    );
    let copy = redact(&text, &terms).unwrap().unwrap();
    let ours = r#""some":1},"extension-definition--7d1c3d2e-5f0a-4b59-9a7e-2c9b1f6e4a83":{"extension_type":"property-extension","masked":0,"removed":1,"original_ref":"report--00000000-0000-4000-8000-000000000001"}}"#;
    assert!(copy.text().contains(ours), "{}", copy.text());
    assert!(!copy.text().contains("created_by_ref"));
    assert_eq!(validate(copy.text()), []);
}

#[test]
fn terms_that_cannot_be_applied_are_refused() {
    let refused = |rules: &[RedactionRule]| prepared(rules, copies()).unwrap_err().to_string();
    let check = |rule: RedactionRule, expected: &str| {
        let message = refused(&[property("x", MASK), rule]);
        assert!(message.contains(expected), "{message}");
    };
    check(
        pattern("(", MASK),
        "expression of redaction rule 1 cannot be used",
    );
    check(pattern("(a{1000}){1000}", MASK), "correct or shorten");
    check(pattern(&"a".repeat(4097), MASK), "over 4096 bytes");
    check(property("id", REMOVE), "names \"id\"");
    check(
        property("object_marking_refs.[0]", REMOVE),
        "names \"object_marking_refs.[0]\"",
    );
    let many = vec![property("x", MASK); RULES_MAX + 1];
    assert!(refused(&many).contains("257 rules"));
}

#[test]
fn the_secret_of_the_ids_is_not_printed() {
    let terms = prepared(&[], copies()).unwrap();
    assert!(!format!("{terms:?}").contains(&Uuid::from_u128(7).to_string()));
}

#[test]
fn the_extension_has_a_definition_that_may_go_to_anyone() {
    let definition = extension_definition();
    assert_eq!(validate(&definition), []);
    let subject = Subject::read(&definition, &BTreeMap::new()).unwrap();
    assert_eq!(subject.effective(Tlp::Red).label, Tlp::Clear);
    assert_eq!(subject.id().to_string(), EXTENSION_ID);
}

#[test]
fn the_schema_of_the_extension_names_it() {
    let schema = json::parse(EXTENSION_SCHEMA, &Limits::EXCHANGE.json()).unwrap();
    assert_eq!(schema.text("$id"), Some(EXTENSION_ID));
}
