use std::collections::BTreeMap;

use comity_stix::id::ObjectId;
use comity_stix::marking::{Tlp, definition, definition_id};

use super::{Because, End, Source, Subject};
use crate::handling::{Action, Handling};

const STATEMENT: &str = "marking-definition--00000000-0000-4000-8000-00000000000a";
const PAP: &str = "marking-definition--00000000-0000-4000-8000-00000000000b";
const UNKNOWN: &str = "marking-definition--00000000-0000-4000-8000-00000000000c";

fn definitions() -> BTreeMap<ObjectId, Handling> {
    let pap = Handling::of_word("PAP:AMBER").unwrap();
    BTreeMap::from([
        (ObjectId::parse(STATEMENT).unwrap(), Handling::FREE),
        (ObjectId::parse(PAP).unwrap(), pap),
    ])
}

fn object(rest: &str) -> String {
    format!(r#"{{"type":"note","id":"note--00000000-0000-4000-8000-000000000001"{rest}}}"#)
}

fn refs(markings: &[&str]) -> String {
    let quoted: Vec<String> = markings.iter().map(|one| format!("\"{one}\"")).collect();
    format!(r#","object_marking_refs":[{}]"#, quoted.join(","))
}

fn label(tlp: Tlp) -> String {
    refs(&[&definition_id(tlp).to_string()])
}

#[track_caller]
fn check(subject: &Subject<'_>, label: Tlp, because: Because) {
    let found = subject.effective(Tlp::AmberStrict);
    assert_eq!((found.label, found.because), (label, because));
}

#[test]
fn the_strictest_of_all_that_bears_on_it_wins() {
    let (definitions, text) = (definitions(), object(&label(Tlp::Green)));
    let read = || Subject::read(&text, &definitions).unwrap();
    check(&read(), Tlp::Green, Because::Marked);
    check(
        &read().within(Some(Tlp::Amber)),
        Tlp::Amber,
        Because::Container,
    );
    check(
        &read().within(Some(Tlp::Clear)),
        Tlp::Green,
        Because::Marked,
    );
    let source = |floor| Source::Party {
        party: "bravo".to_owned(),
        unlabelled: Some(Tlp::Red),
        floor,
        relay: true,
    };
    check(
        &read().from(source(Some(Tlp::Amber))),
        Tlp::Amber,
        Because::Source,
    );
    check(&read().from(source(None)), Tlp::Green, Because::Marked);
}

#[test]
fn an_object_without_a_label_gets_the_default_and_says_so() {
    let (definitions, text) = (definitions(), object(""));
    let read = || Subject::read(&text, &definitions).unwrap();
    check(&read(), Tlp::AmberStrict, Because::Unlabelled);
    assert!(read().effective(Tlp::Green).inferred);
    check(
        &read().within(Some(Tlp::Clear)),
        Tlp::AmberStrict,
        Because::Unlabelled,
    );
    let stricter = Source::Party {
        party: "bravo".to_owned(),
        unlabelled: Some(Tlp::Red),
        floor: None,
        relay: true,
    };
    check(&read().from(stricter), Tlp::Red, Because::Unlabelled);
}

#[test]
fn the_marking_of_a_part_marks_the_whole() {
    let granular = format!(
        r#"{},"granular_markings":[{{"marking_ref":"{}","selectors":["content"]}},{{"lang":"de","selectors":["content"]}}]"#,
        label(Tlp::Clear),
        definition_id(Tlp::Red)
    );
    let text = object(&granular);
    let subject = Subject::read(&text, &definitions()).unwrap();
    check(&subject, Tlp::Red, Because::Marked);
    assert_eq!(subject.handling().unreadable, None);
}

#[test]
fn two_labels_are_a_conflict_and_the_stricter_counts() {
    let conflict = |rest: &str| {
        let text = object(rest);
        let subject = Subject::read(&text, &definitions()).unwrap();
        subject.effective(Tlp::AmberStrict).conflict
    };
    let ids = |labels: &[Tlp]| {
        let ids: Vec<String> = labels
            .iter()
            .map(|one| definition_id(*one).to_string())
            .collect();
        refs(&ids.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let first_edition = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";
    let second_edition = definition_id(Tlp::Amber).to_string();
    assert!(conflict(&ids(&[Tlp::Green, Tlp::Amber])));
    assert!(!conflict(&refs(&[first_edition, &second_edition])));
    assert!(conflict(&format!(
        r#"{},"labels":["tlp:red"]"#,
        ids(&[Tlp::Green])
    )));
    assert!(!conflict(&format!(
        r#"{},"labels":["TLP:GREEN"]"#,
        ids(&[Tlp::Green])
    )));
    let text = object(&ids(&[Tlp::Amber, Tlp::Green]));
    let subject = Subject::read(&text, &definitions()).unwrap();
    check(&subject, Tlp::Amber, Because::Conflict);
}

#[test]
fn what_refers_to_others_is_as_strict_as_they_are() {
    let ends = r#","source_ref":"malware--00000000-0000-4000-8000-000000000002","target_ref":"tool--00000000-0000-4000-8000-000000000003""#;
    let text = object(&format!("{}{ends}", label(Tlp::Clear)));
    let read = || Subject::read(&text, &definitions()).unwrap();
    assert_eq!(read().references().len(), 2);
    check(&read(), Tlp::AmberStrict, Because::Ends);
    check(
        &read().with_ends(|_| End::Unknown),
        Tlp::AmberStrict,
        Because::Ends,
    );
    let clear = |_: &ObjectId| End::Labelled(Tlp::Clear);
    check(&read().with_ends(clear), Tlp::Clear, Because::Marked);
    let one_red = |id: &ObjectId| match id.type_name() {
        "tool" => End::Labelled(Tlp::Red),
        _ => End::Labelled(Tlp::Clear),
    };
    check(&read().with_ends(one_red), Tlp::Red, Because::Ends);
}

#[test]
fn references_are_found_at_any_depth_and_markings_are_none() {
    let nested = r#","created_by_ref":"identity--00000000-0000-4000-8000-000000000004","extensions":{"x":{"a_refs":["tool--00000000-0000-4000-8000-000000000005"]}},"x_ref":{"y_ref":"tool--00000000-0000-4000-8000-000000000006"},"z_ref":"no id""#;
    let text = object(&format!("{}{nested}", label(Tlp::Clear)));
    let subject = Subject::read(&text, &definitions()).unwrap();
    assert_eq!(subject.references().len(), 2);
}

#[test]
fn a_creator_counts_only_where_it_is_labelled() {
    let creator = r#","created_by_ref":"identity--00000000-0000-4000-8000-000000000004""#;
    let text = object(&format!("{}{creator}", label(Tlp::Clear)));
    let read = || Subject::read(&text, &definitions()).unwrap();
    check(&read(), Tlp::Clear, Because::Marked);
    check(
        &read().with_ends(|_| End::Unlabelled),
        Tlp::Clear,
        Because::Marked,
    );
    check(
        &read().with_ends(|_| End::Labelled(Tlp::Red)),
        Tlp::Red,
        Because::Ends,
    );
}

#[test]
fn other_markings_are_read_or_stop_everything() {
    let handling = |rest: &str| {
        let text = object(rest);
        Subject::read(&text, &definitions())
            .unwrap()
            .handling()
            .clone()
    };
    assert_eq!(handling(&refs(&[STATEMENT])), Handling::FREE);
    assert_eq!(handling(&refs(&[PAP])).permitted, Action::Internal);
    for unreadable in [
        refs(&[UNKNOWN]),
        r#","object_marking_refs":["x"]"#.to_owned(),
        r#","object_marking_refs":[1]"#.to_owned(),
        r#","object_marking_refs":"x""#.to_owned(),
        r#","granular_markings":{}"#.to_owned(),
        r#","granular_markings":[{"selectors":["x"]}]"#.to_owned(),
        format!(r#","granular_markings":[{{"marking_ref":"{UNKNOWN}","selectors":["x"]}}]"#),
        r#","labels":["tlp:purple"]"#.to_owned(),
    ] {
        assert!(handling(&unreadable).unreadable.is_some(), "{unreadable}");
    }
}

#[test]
fn the_fixed_definitions_are_public_and_nothing_travels_in_them() {
    for tlp in Tlp::ALL {
        let text = definition(tlp);
        let read = |text: &str| {
            let subject = Subject::read(text, &BTreeMap::new()).unwrap();
            subject.effective(Tlp::AmberStrict).label
        };
        assert_eq!(read(text), Tlp::Clear);
        for smuggled in [
            text.replacen('{', r#"{"x_secret":"x","#, 1),
            text.replacen(r#""name":"TLP:"#, r#""name":"secret TLP:"#, 1),
            text.replacen("property-extension", "secret", 1),
            text.replacen(r#""tlp_2_0""#, r#""x":"y","tlp_2_0""#, 1),
        ] {
            assert_ne!(smuggled, text);
            assert_eq!(read(&smuggled), Tlp::AmberStrict, "{smuggled}");
        }
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["", "[]", "{}", r#"{"id":"x"}"#, r#"{"id":7}"#] {
        assert!(Subject::read(text, &BTreeMap::new()).is_err(), "{text}");
    }
}
