use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;
use crate::locales::FILES;

/// Families of keys that are put together from words of the node: `Words::word`.
const FAMILIES: &[&str] = &[
    "state-",
    "role-",
    "kind-",
    "rule-",
    "event-",
    "act-",
    "field-",
    "choice-",
    "due-",
    "why-",
    "envelope-",
    "template-",
    "lane-",
    "effect-",
    "purpose-",
    "step-",
    "scope-",
    "means-",
    "level-",
    "token-kind-",
    "known-by-",
];

/// Each message of a file with the variables that it asks for.
fn messages(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let parsed = FluentResource::try_new(text.to_owned());
    assert!(
        parsed.is_ok(),
        "{:?}",
        parsed.err().map(|(_, errors)| errors)
    );
    let mut all = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        if !line.starts_with([' ', '}']) {
            let (key, _) = line.split_once('=').unwrap();
            current = key.trim().to_owned();
            assert!(
                all.insert(current.clone(), BTreeSet::new()).is_none(),
                "{current} twice"
            );
        }
        for variable in line.split('$').skip(1) {
            let name = variable.chars().take_while(char::is_ascii_alphanumeric);
            all.get_mut(&current).unwrap().insert(name.collect());
        }
    }
    all
}

/// Keys that sources and templates name, in quotes behind one of the ways to say something.
fn named(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            named(&path, found);
            continue;
        }
        if path.file_name().is_some_and(|name| name == "tests.rs") {
            continue;
        }
        // A line may end behind the parenthesis.
        let text = std::fs::read_to_string(&path).unwrap().replace("(\n", "(");
        let text = text
            .split('(')
            .map(str::trim_start)
            .collect::<Vec<_>>()
            .join("(");
        for way in ["say(\"", "say_of(\"", "say_with(\"", "key(\"", "count(\""] {
            for rest in text.split(way).skip(1) {
                let (key, _) = rest.split_once('"').unwrap();
                found.insert(key.to_owned());
            }
        }
    }
}

#[test]
fn both_languages_say_the_same_things_and_put_the_same_things_in() {
    for (english, chinese) in FILES {
        assert_eq!(messages(english), messages(chinese));
    }
}

#[test]
fn every_key_that_a_page_asks_for_is_there_and_none_besides() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asked = BTreeSet::new();
    named(&crate_folder.join("src"), &mut asked);
    named(&crate_folder.join("templates"), &mut asked);
    let mut there = BTreeSet::new();
    for (english, _) in FILES {
        for key in messages(english).into_keys() {
            assert!(there.insert(key.clone()), "{key} in two files");
        }
    }
    let missing: Vec<_> = asked.difference(&there).collect();
    assert!(missing.is_empty(), "asked for and not there: {missing:?}");
    let family = |key: &&String| FAMILIES.iter().any(|family| key.starts_with(family));
    let idle: Vec<_> = there
        .difference(&asked)
        .filter(|key| !family(key))
        .collect();
    assert!(idle.is_empty(), "there and not asked for: {idle:?}");
}

#[test]
fn a_language_is_chosen_by_what_a_browser_asks_for() {
    assert_eq!(
        Language::accepted("zh-CN,zh;q=0.9,en;q=0.8"),
        Some(Language::Chinese)
    );
    assert_eq!(
        Language::accepted("de-DE, en;q=0.5"),
        Some(Language::English)
    );
    assert_eq!(Language::accepted("fr"), None);
}

#[test]
fn the_pseudo_language_changes_every_message() {
    for (english, _) in FILES {
        for (key, variables) in messages(english) {
            if variables.is_empty() {
                let said = Language::Pseudo.words().say(&key);
                assert!(!said.is_ascii(), "{key}: {said}");
            }
        }
    }
}
