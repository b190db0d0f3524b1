//! By what threads are found: their titles and numbers word by word, and the objects and values that their messages name.
//!
//! What is said to one person alone is not found by what it names: whoever may see the thread may not see all of it.
//!
//! In scope: what of a message it is found by. Out of scope: rows (`comity-store`), who may see
//! a thread (`operation::sight`).
//! Limits: [`NAMES_MAX`] names and [`TEXTS_MAX`] texts of a message, [`DEPTH_MAX`] deep.

use std::collections::BTreeSet;

use comity_case::message::Message;
use comity_stix::admission::ObservableValue;
use comity_stix::id::ObjectId;
use comity_store::error::StoreError;
use comity_store::state::Tx;
use comity_store::state::thread::words;
use serde_json::Value;

/// Objects and values of one message by which its thread is found.
const NAMES_MAX: usize = 2_000;
/// Texts of one message whose words count.
const TEXTS_MAX: usize = 100;
/// How deep a message is looked into.
const DEPTH_MAX: usize = 12;
/// Members whose words count: how people call a thread.
const CALLED: &[&str] = &["title", "line", "number", "name"];
/// Members that hold values as people write them.
const VALUES: &[&str] = &["observables", "values", "value"];

/// What a message is found by.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said<'m> {
    texts: Vec<&'m str>,
    names: BTreeSet<String>,
}

/// Has a message's thread found by what it says.
pub(crate) fn by_message(tx: &mut dyn Tx, message: &Message) -> Result<(), StoreError> {
    let head = message.head();
    if head.person.is_some() {
        return Ok(());
    }
    let mut said = Said::default();
    collect(message.content(), "", 0, &mut said);
    let names: Vec<String> = said.names.into_iter().collect();
    words::add(tx, &head.thread.to_string(), &said.texts, &names)
}

/// The name of a value, whatever kind it is of.
pub(crate) fn name_of(value: &ObservableValue) -> String {
    format!("{} {}", value.kind.field(), value.value)
}

fn collect<'m>(value: &'m Value, member: &str, depth: usize, said: &mut Said<'m>) {
    if depth > DEPTH_MAX || said.names.len() >= NAMES_MAX || said.texts.len() >= TEXTS_MAX {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                // A value that is given with its kind stands one deeper under the list's name.
                collect(value, name, depth + 1, said);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(item, member, depth + 1, said);
            }
        }
        Value::String(text) => {
            if CALLED.contains(&member) {
                said.texts.push(text);
            }
            if let Ok(id) = ObjectId::parse(text) {
                said.names.insert(id.to_string());
            } else if VALUES.contains(&member) {
                let room = NAMES_MAX - said.names.len();
                let values = text.lines().take(room).flat_map(ObservableValue::detect);
                said.names
                    .extend(values.take(room).map(|value| name_of(&value)));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn titles_numbers_objects_and_values_are_found_and_other_words_are_not() {
        let content = json!({
            "title": "Control server", "number": "B-2026-17", "summary": "secret words",
            "observables": ["198[.]51[.]100[.]7"],
            "objects": ["indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"],
            "seen": [{ "values": [{ "kind": "domain-name:value", "value": "Evil.example" }] }],
        });
        let mut said = Said::default();
        collect(&content, "", 0, &mut said);
        said.texts.sort_unstable();
        assert_eq!(said.texts, ["B-2026-17", "Control server"]);
        let names: Vec<&str> = said.names.iter().map(String::as_str).collect();
        for name in [
            "ipv4-addr:value 198.51.100.7",
            "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            "domain-name:value evil.example",
        ] {
            assert!(names.contains(&name), "{name} in {names:?}");
        }
        assert!(names.iter().all(|name| !name.contains("secret")));
    }
}
