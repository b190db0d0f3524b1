use std::collections::BTreeSet;

use super::*;
use crate::operation::table::{NOT_OFFERED, OPERATIONS};

/// The words of every command, outermost first.
fn commands(schema: &Value, words: &[String], found: &mut BTreeSet<Vec<String>>) {
    let all = schema.get("oneOf").and_then(Value::as_array);
    for one in all.into_iter().flatten() {
        let named = one.get("const").and_then(Value::as_str);
        let listed = one.get("enum").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().filter_map(Value::as_str);
        for word in named.into_iter().chain(listed) {
            found.insert([words, &[word.to_owned()]].concat());
        }
        let members = one.get("properties").and_then(Value::as_object);
        for (word, inner) in members.into_iter().flatten() {
            let deeper = [words, std::slice::from_ref(word)].concat();
            if inner.get("oneOf").is_some() {
                commands(inner, &deeper, found);
            } else {
                found.insert(deeper);
            }
        }
    }
}

#[test]
fn every_command_has_an_operation_or_a_reason_for_having_none() {
    let mut all = BTreeSet::new();
    commands(&schema::COMMANDS, &[], &mut all);
    assert!(all.len() > 100, "{}", all.len());
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let offered: BTreeSet<Vec<String>> = OPERATIONS.iter().map(|one| owned(one.command)).collect();
    let not: BTreeSet<Vec<String>> = NOT_OFFERED.iter().map(|(words, _)| owned(words)).collect();
    let both: Vec<_> = offered.intersection(&not).collect();
    assert!(both.is_empty(), "offered and not: {both:?}");
    let known: BTreeSet<Vec<String>> = offered.union(&not).cloned().collect();
    assert_eq!(
        all.difference(&known).collect::<Vec<_>>(),
        Vec::<&Vec<String>>::new(),
        "no row"
    );
    assert_eq!(
        known.difference(&all).collect::<Vec<_>>(),
        Vec::<&Vec<String>>::new(),
        "no command"
    );
}

#[test]
fn the_example_of_each_operation_is_one_that_it_takes() {
    let person = Person::operator(0);
    for one in OPERATIONS {
        let mut example = one.example();
        Form::of(one)
            .check(&mut example)
            .unwrap_or_else(|why| panic!("{}: {why}", one.name));
        let command = one.command(&person, None, example);
        assert!(command.is_ok(), "{}: {:?}", one.name, command.err());
        let curl = one.example_curl();
        assert!(
            !curl.contains(['{', '}']) || curl.contains(" -d '{"),
            "{curl}"
        );
    }
    let open = table::find("open_thread").unwrap();
    assert!(
        open.example_curl()
            .starts_with("curl -H \"Authorization: Bearer $TOKEN\" -X POST -H")
    );
    assert!(
        open.example_python()
            .starts_with("requests.post(f\"{node}/api/v1/threads\"")
    );
    assert!(open.example_python().contains("\"party\": \"bravo\""));
}

#[test]
fn names_and_places_are_told_apart_and_each_argument_of_a_place_is_one_of_the_command() {
    let mut names = BTreeSet::new();
    let mut places = BTreeSet::new();
    for one in OPERATIONS {
        assert!(names.insert(one.name), "{} twice", one.name);
        assert!(
            places.insert((format!("{:?}", one.method), one.path)),
            "{} twice",
            one.path
        );
        let form = Form::of(one);
        for argument in one.arguments() {
            assert!(
                form.members().contains_key(argument),
                "{}: {argument} of its path",
                one.name
            );
        }
        assert!(one.summary.ends_with('.'), "{}", one.name);
        if one.method == Method::Get && !one.is_own() {
            assert_eq!(
                one.signed,
                Signed::No,
                "{} only looks and is signed by nobody",
                one.name
            );
        }
    }
}

#[test]
fn whoever_may_release_is_not_whoever_manages_and_an_auditor_changes_nothing() {
    use comity_store::state::account::Role;
    let changing = OPERATIONS.iter().filter(|one| one.method != Method::Get);
    // Everybody changes by what they themselves sign in.
    for one in changing.filter(|one| !one.is_own()) {
        let only_looks = one.only_looks();
        assert_eq!(one.needs.is_of(Role::Auditor), only_looks, "{}", one.name);
        assert!(only_looks || !one.needs.is_of(Role::Viewer), "{}", one.name);
    }
    assert!(!Permission::Release.is_of(Role::Admin));
    assert!(!Permission::Look.is_of(Role::Admin));
    assert!(!Permission::Administer.is_of(Role::Releaser));
}

#[test]
fn what_is_about_the_own_account_names_it_and_nobody_says_who_did_something() {
    for one in OPERATIONS {
        assert_eq!(one.is_own(), one.path.starts_with("/me/"), "{}", one.name);
        assert!(
            !one.is_own() || one.needs == Permission::Enter,
            "{}",
            one.name
        );
        let members = Form::of(one).members();
        assert!(!members.contains_key("by"), "{}", one.name);
    }
}
