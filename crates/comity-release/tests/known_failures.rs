//! What is known to go wrong on other platforms, each as a question to release control. Every test here has a twin that
//! asks a running node from outside.

use std::collections::{BTreeMap, BTreeSet};

use comity_accord::terms::{NamedPerson, Outlet, ReleaseTerms};
use comity_release::handling::{Action, Definitions, Handling};
use comity_release::judge::{Decision, Verdict, judge};
use comity_release::recipient::{Form, Recipient, Standing, Way};
use comity_release::redaction::{Copies, IndicatorData, Terms};
use comity_release::rules::{PartnerCode, Rule};
use comity_release::subject::{Because, End, Source, Subject};
use comity_stix::id::ObjectId;
use comity_stix::json;
use comity_stix::marking::{Tlp, definition_id};
use comity_stix::timestamp::Timestamp;
use uuid::Uuid;

const OUTLETS: [Outlet; 6] = [
    Outlet::Link,
    Outlet::File,
    Outlet::Taxii,
    Outlet::Mail,
    Outlet::Misp,
    Outlet::Export,
];

fn terms(change: impl FnOnce(&mut ReleaseTerms)) -> Terms {
    let mut agreed = ReleaseTerms {
        ceiling: Tlp::Red,
        outlet_ceilings: BTreeMap::new(),
        outlets: OUTLETS.to_vec(),
        unlabelled: Tlp::AmberStrict,
        community: true,
        red_persons: vec![NamedPerson {
            name: "the duty officer".to_owned(),
            address: "duty@bravo.example".to_owned(),
        }],
        clients: Vec::new(),
        may_relay: true,
        relay_onward: false,
        second_person_from: None,
        encrypt_from: None,
        types_allowed: Vec::new(),
        types_refused: Vec::new(),
        redactions: Vec::new(),
    };
    change(&mut agreed);
    let copies = Copies {
        seed: Uuid::nil(),
        made_by: None,
        name_original: false,
        indicators: IndicatorData::Covered,
    };
    Terms::prepare(agreed, copies).expect("the terms can be applied")
}

fn object(type_name: &str, rest: &str) -> String {
    format!(
        r#"{{"type":"{type_name}","id":"{type_name}--00000000-0000-4000-8000-000000000001"{rest}}}"#
    )
}

fn labelled(type_name: &str, label: Tlp, rest: &str) -> String {
    let marking = definition_id(label);
    object(
        type_name,
        &format!(r#","object_marking_refs":["{marking}"]{rest}"#),
    )
}

fn read(text: &str) -> Subject<'_> {
    Subject::read(text, &Definitions::new()).expect("the object can be read")
}

fn marked_by(text: &str, handling: Handling) -> Subject<'_> {
    let id = ObjectId::parse(OWN_MARKING).expect("the id is one");
    Subject::read(text, &Definitions::from([(id, handling)])).expect("the object can be read")
}

const OWN_MARKING: &str = "marking-definition--00000000-0000-4000-8000-00000000000a";

fn partner() -> Recipient {
    Recipient::Party {
        party: "bravo".to_owned(),
        standing: Standing::Verified,
    }
}

fn duty_officer() -> Recipient {
    Recipient::Person {
        party: "bravo".to_owned(),
        standing: Standing::Verified,
        address: "Duty@bravo.example".to_owned(),
    }
}

fn day(day: u8) -> Timestamp {
    Timestamp::parse(&format!("2026-11-{day:02}T00:00:00Z")).expect("the day exists")
}

fn ask(subject: &Subject<'_>, recipient: &Recipient, outlet: Outlet) -> Decision {
    let way = Way::by(outlet).encrypted();
    judge(subject, recipient, &terms(|_| {}), &way, day(24))
}

fn refused_by(decision: &Decision) -> Option<Rule> {
    match &decision.verdict {
        Verdict::Refuse { rule, .. } => Some(*rule),
        Verdict::Release | Verdict::Redact(_) | Verdict::NeedsApproval { .. } => None,
    }
}

/// MISP: the label is a tag among others, and distribution decides.
#[test]
fn a_label_decides_on_every_outlet() {
    let red = labelled("malware", Tlp::Red, "");
    for outlet in OUTLETS {
        let found = refused_by(&ask(&read(&red), &partner(), outlet));
        assert_eq!(found, Some(Rule::NamedPersons), "{outlet:?}");
    }
}

/// MISP: the warning compares lower-case tags exactly.
#[test]
fn a_label_counts_in_any_spelling() {
    for word in ["tlp:red", "TLP:RED", "tlp: Red", "Tlp:RED "] {
        let text = object("malware", &format!(r#","labels":["{word}"]"#));
        let decision = ask(&read(&text), &partner(), Outlet::Taxii);
        assert_eq!(decision.label.label, Tlp::Red, "{word}");
        assert_eq!(refused_by(&decision), Some(Rule::NamedPersons), "{word}");
    }
}

/// MISP: tags of attributes are not looked at.
#[test]
fn a_label_on_a_part_binds_the_whole() {
    let red = definition_id(Tlp::Red);
    let rest = format!(r#","granular_markings":[{{"marking_ref":"{red}","selectors":["id"]}}]"#);
    let text = labelled("malware", Tlp::Clear, &rest);
    let decision = ask(&read(&text), &partner(), Outlet::Link);
    assert_eq!(refused_by(&decision), Some(Rule::NamedPersons));
}

/// MISP: an event could end up with two colours after synchronisation.
#[test]
fn two_labels_are_flagged_and_the_stricter_counts() {
    let (green, red) = (definition_id(Tlp::Green), definition_id(Tlp::Red));
    let text = object(
        "malware",
        &format!(r#","object_marking_refs":["{green}","{red}"]"#),
    );
    let decision = ask(&read(&text), &partner(), Outlet::Link);
    assert_eq!(
        (decision.label.label, decision.label.conflict),
        (Tlp::Red, true)
    );
}

/// OpenCTI's import of MISP gives TLP:CLEAR to what has no label; in MISP its meaning is disputed.
#[test]
fn what_has_no_label_is_not_clear_and_says_that_it_was_inferred() {
    let text = object("malware", "");
    let decision = ask(&read(&text), &Recipient::Public, Outlet::Taxii);
    assert_eq!(refused_by(&decision), Some(Rule::Public));
    assert_eq!(decision.label.label, Tlp::AmberStrict);
    assert!(decision.label.inferred);
}

/// OpenCTI: the default marking is skipped on one way in. Here it is applied on the way out, whichever way came in.
#[test]
fn the_default_holds_whatever_the_source() {
    let text = object("malware", "");
    let source = Source::Party {
        party: "charlie".to_owned(),
        unlabelled: Some(Tlp::Clear),
        floor: None,
        relay: true,
    };
    let decision = ask(&read(&text).from(source), &partner(), Outlet::Link);
    assert_eq!(decision.label.label, Tlp::AmberStrict);
    assert_eq!(refused_by(&decision), Some(Rule::Relay));
}

/// OpenCTI: STRICT as default on public vulnerabilities blocks their enrichment. A label of its own is kept.
#[test]
fn a_default_never_overrides_a_label() {
    let text = labelled("vulnerability", Tlp::Clear, "");
    let decision = ask(&read(&text), &Recipient::Public, Outlet::Taxii);
    assert_eq!(decision.verdict, Verdict::Release);
}

/// OpenCTI: a RED relationship between clear nodes shows by inference.
#[test]
fn a_red_edge_between_clear_ends_is_not_shown() {
    let text = labelled("relationship", Tlp::Red, EDGE);
    let edge = read(&text).with_ends(|_| End::Labelled(Tlp::Clear));
    let decision = ask(&edge, &partner(), Outlet::Taxii);
    assert_eq!(refused_by(&decision), Some(Rule::NamedPersons));
    assert!(!decision.is_visible());
}

/// The other way round: a clear edge tells of its RED end.
#[test]
fn a_clear_edge_to_a_red_end_is_not_shown() {
    let text = labelled("relationship", Tlp::Clear, EDGE);
    let edge = read(&text).with_ends(|end| match end.type_name() {
        "tool" => End::Labelled(Tlp::Red),
        _ => End::Labelled(Tlp::Clear),
    });
    let decision = ask(&edge, &partner(), Outlet::Taxii);
    assert_eq!(refused_by(&decision), Some(Rule::NamedPersons));
    assert_eq!(decision.label.because, Because::Ends);
}

/// An end that nobody looked up is not taken for clear.
#[test]
fn an_edge_to_an_unknown_end_counts_as_unlabelled() {
    let text = labelled("relationship", Tlp::Clear, EDGE);
    let decision = ask(&read(&text), &Recipient::Public, Outlet::Taxii);
    assert_eq!(refused_by(&decision), Some(Rule::Public));
}

/// A report tells of all it refers to.
#[test]
fn a_report_that_refers_to_a_red_object_is_not_shown() {
    let refs = r#","object_refs":["malware--00000000-0000-4000-8000-000000000002"]"#;
    let text = labelled("report", Tlp::Green, refs);
    let report = read(&text).with_ends(|_| End::Labelled(Tlp::Red));
    let decision = ask(&report, &partner(), Outlet::Taxii);
    assert_eq!(refused_by(&decision), Some(Rule::NamedPersons));
}

/// MISP: sightings travel regardless of level.
#[test]
fn a_sighting_is_as_strict_as_what_was_sighted() {
    let refs = r#","sighting_of_ref":"indicator--00000000-0000-4000-8000-000000000002","where_sighted_refs":["identity--00000000-0000-4000-8000-000000000003"]"#;
    let text = labelled("sighting", Tlp::Clear, refs);
    let sighting = read(&text).with_ends(|end| match end.type_name() {
        "indicator" => End::Labelled(Tlp::Red),
        _ => End::Labelled(Tlp::Clear),
    });
    let decision = ask(&sighting, &partner(), Outlet::Taxii);
    assert_eq!(refused_by(&decision), Some(Rule::NamedPersons));
}

/// OpenCTI: an export gave GREEN to a group with no right to share anything.
#[test]
fn an_export_obeys_the_same_ceiling() {
    let text = labelled("malware", Tlp::Green, "");
    let clear = terms(|terms| terms.ceiling = Tlp::Clear);
    for outlet in OUTLETS {
        let way = Way::by(outlet).encrypted();
        let decision = judge(&read(&text), &partner(), &clear, &way, day(24));
        assert_eq!(refused_by(&decision), Some(Rule::Ceiling), "{outlet:?}");
    }
}

/// MISP: objects are exported as AMBER whatever their tags. Here the label goes along as it is.
#[test]
fn the_label_goes_along_as_it_is() {
    for label in [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::AmberStrict] {
        let text = labelled("malware", label, "");
        let decision = ask(&read(&text), &partner(), Outlet::File);
        assert_eq!(decision.verdict, Verdict::Release);
        assert_eq!(decision.obligations.label, label);
    }
}

/// OpenCTI: several markings were taken as alternatives.
#[test]
fn several_markings_all_hold() {
    let green = definition_id(Tlp::Green);
    let text = object(
        "malware",
        &format!(r#","object_marking_refs":["{OWN_MARKING}","{green}"]"#),
    );
    let amber = Handling::of_word("TLP:AMBER").expect("it is a label");
    let subject = marked_by(&text, amber);
    let green_only = terms(|terms| terms.ceiling = Tlp::Green);
    let way = Way::by(Outlet::Link).encrypted();
    let decision = judge(&subject, &partner(), &green_only, &way, day(24));
    assert_eq!(refused_by(&decision), Some(Rule::Ceiling));
}

/// OpenCTI: users see the names of markings they may not have. The other party learns that there is nothing.
#[test]
fn a_refusal_names_neither_marking_nor_policy_to_the_other_party() {
    let text = object(
        "malware",
        &format!(r#","object_marking_refs":["{OWN_MARKING}"]"#),
    );
    let decision = ask(&read(&text), &partner(), Outlet::Taxii);
    let Verdict::Refuse { reason, code, .. } = decision.verdict else {
        panic!("a marking that cannot be read must refuse");
    };
    assert_eq!(code, PartnerCode::NotFound);
    assert!(reason.contains(OWN_MARKING));
    let source = Source::Party {
        party: "charlie".to_owned(),
        unlabelled: None,
        floor: None,
        relay: false,
    };
    let text = labelled("malware", Tlp::Green, "");
    let decision = ask(&read(&text).from(source), &partner(), Outlet::Taxii);
    let Verdict::Refuse { reason, code, .. } = decision.verdict else {
        panic!("a source that does not relay must refuse");
    };
    assert_eq!(code.as_str(), "not-found");
    assert!(reason.contains("charlie"));
}

/// OpenCTI's vendor data came in as RED; nobody noticed that no organisation can have RED.
#[test]
fn red_goes_to_a_named_person_and_not_by_sync() {
    let text = labelled("malware", Tlp::Red, "");
    let decide = |outlet| ask(&read(&text), &duty_officer(), outlet);
    for outlet in [Outlet::Link, Outlet::File, Outlet::Mail] {
        assert_eq!(decide(outlet).verdict, Verdict::Release, "{outlet:?}");
    }
    for outlet in [Outlet::Taxii, Outlet::Misp, Outlet::Export] {
        assert_eq!(refused_by(&decide(outlet)), Some(Rule::Sync), "{outlet:?}");
    }
}

/// MISP pulls and lowers the distribution at the receiver, who is trusted to obey.
#[test]
fn strict_is_not_synchronised_by_misp() {
    let text = labelled("malware", Tlp::AmberStrict, "");
    let decision = ask(&read(&text), &partner(), Outlet::Misp);
    assert_eq!(refused_by(&decision), Some(Rule::Sync));
}

/// MISP's CSV has no label.
#[test]
fn a_form_without_a_label_needs_an_override_above_green() {
    let text = labelled("malware", Tlp::Amber, "");
    let way = Way::by(Outlet::Export).encrypted();
    assert_eq!(way.form, Form::Bare);
    let decide = |way: &Way| judge(&read(&text), &partner(), &terms(|_| {}), way, day(24));
    let asked = decide(&way).verdict;
    let rules = vec![Rule::Lossy];
    assert_eq!(asked, Verdict::NeedsApproval { rules, copy: None });
    let approved = Way {
        approved: BTreeSet::from([Rule::Lossy]),
        ..way
    };
    assert_eq!(decide(&approved).verdict, Verdict::Release);
}

/// IEP: what no platform enforces.
#[test]
fn a_policy_of_dates_encryption_and_actions_is_kept() {
    let text = object(
        "malware",
        &format!(r#","object_marking_refs":["{OWN_MARKING}"]"#),
    );
    let definition = r#"{"definition_type":"iep","definition":{"iep_version":"2.0","start_date":"2026-11-10T00:00:00Z","end_date":"2026-11-20T00:00:00Z","encrypt_in_transit":"must","permitted_actions":"internally-visible-actions","tlp":"green"}}"#;
    let limits = comity_stix::admission::Limits::EXCHANGE.json();
    let value = json::parse(definition, &limits).expect("the definition is JSON");
    let id = ObjectId::parse(OWN_MARKING).expect("the id is one");
    let subject = marked_by(&text, Handling::of_definition(&id, &value));
    let decide = |way: Way, now| judge(&subject, &partner(), &terms(|_| {}), &way, now);
    let link = || Way::by(Outlet::Link);
    for inside in [day(10), day(15), day(20)] {
        let verdict = decide(link().encrypted(), inside).verdict;
        assert_eq!(verdict, Verdict::Release);
    }
    for outside in [day(9), day(21)] {
        assert_eq!(
            refused_by(&decide(link().encrypted(), outside)),
            Some(Rule::InForce)
        );
    }
    assert_eq!(refused_by(&decide(link(), day(15))), Some(Rule::Encryption));
    let sinkhole = Way {
        asks: Action::ExternalIndirect,
        ..link().encrypted()
    };
    assert_eq!(refused_by(&decide(sinkhole, day(15))), Some(Rule::Actions));
}

/// A source that must not be named is not.
#[test]
fn a_source_that_must_not_be_named_goes_unnamed() {
    let rest = format!(
        r#","spec_version":"2.1","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","is_family":false,"created_by_ref":"identity--00000000-0000-4000-8000-00000000000c","object_marking_refs":["{OWN_MARKING}"]"#
    );
    let text = object("malware", &rest);
    let unnamed = Handling {
        label: Some(Tlp::Green),
        attribution: comity_release::handling::Attribution::MustNot,
        ..Handling::FREE
    };
    let decision = ask(&marked_by(&text, unnamed), &partner(), Outlet::Link);
    let Verdict::Redact(copy) = decision.verdict else {
        panic!("{:?}", decision.verdict);
    };
    assert!(!copy.text().contains("identity--"));
}

/// MISP is silent about what was not delivered. Every decision says which rules were asked and which decided.
#[test]
fn a_decision_lists_the_rules_that_were_asked() {
    let red = labelled("malware", Tlp::Red, "");
    let decision = ask(&read(&red), &partner(), Outlet::Link);
    let asked: Vec<Rule> = decision.consulted().map(|step| step.rule).collect();
    assert_eq!(asked.last(), Some(&decision.rule()));
    assert_eq!(asked.first(), Some(&Rule::Standing));
    let own = Recipient::OwnPerson { named: false };
    let decision = ask(&read(&red), &own, Outlet::Link);
    let asked: Vec<Rule> = decision.consulted().map(|step| step.rule).collect();
    assert_eq!(asked, [Rule::NamedPersons]);
}

const EDGE: &str = r#","relationship_type":"uses","source_ref":"malware--00000000-0000-4000-8000-000000000002","target_ref":"tool--00000000-0000-4000-8000-000000000003""#;
