//! The table of forms is held against the tables of events; what forms are read into is what the node takes.

use comity_case::call::event::Kind as OfCall;
use comity_case::case::event::Kind as OfCase;
use comity_case::request::content::Content;
use comity_case::request::event::Kind as OfRequest;
use comity_case::table::Word as _;
use jiff::tz::TimeZone;
use serde_json::json;

use super::read::{moment, read};
use super::*;
use crate::fields::Fields;
use crate::words::Language;

fn typed(form: &str) -> Fields {
    Fields::read(form.as_bytes())
}

#[test]
fn every_event_of_a_subject_has_a_form_except_that_which_opens_it() {
    let check = |subject: &str, words: Vec<&str>, opening: &str| {
        for word in words.iter().filter(|word| **word != opening) {
            assert!(
                fields(subject, word, &Value::Null).is_some(),
                "{subject}: {word}"
            );
        }
        for (event, _) in of(subject) {
            assert!(words.contains(event), "{subject}: {event} does not happen");
        }
    };
    let words = |all: Vec<&'static str>| all;
    check(
        "request",
        words(OfRequest::WORDS.iter().map(|(_, word)| *word).collect()),
        "send",
    );
    check(
        "case",
        words(OfCase::WORDS.iter().map(|(_, word)| *word).collect()),
        "open",
    );
    check(
        "call",
        words(OfCall::WORDS.iter().map(|(_, word)| *word).collect()),
        "ring",
    );
    check(
        "exercise",
        exercise::Kind::WORDS
            .iter()
            .map(|(_, word)| *word)
            .collect(),
        "propose",
    );
    check(
        "incident",
        incident::Kind::WORDS
            .iter()
            .map(|(_, word)| *word)
            .collect(),
        "aware",
    );
}

#[test]
fn the_form_of_a_request_has_each_of_its_fields() {
    let bare = json!({"request_type": "takedown", "urgency": "routine", "title": "x"});
    let bare = Content::read(&bare).unwrap();
    for name in bare.missing() {
        assert!(CONTENT.iter().any(|field| field.name == name), "{name}");
    }
}

#[test]
fn a_time_is_read_in_the_zone_of_whoever_types_it() {
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    let at = moment("2026-12-01T08:30", &zone).unwrap();
    assert!(at.starts_with("2026-12-01T00:30:00"), "{at}");
    let at = moment("2026-12-01T00:30:00Z", &zone).unwrap();
    assert!(at.starts_with("2026-12-01T00:30:00"), "{at}");
    assert_eq!(moment("tomorrow", &zone), None);
}

#[test]
fn what_is_wrong_is_named_by_field_and_nothing_is_made_of_it() {
    let words = Language::English.words();
    let fields = fields("request", "accept", &Value::Null).unwrap();
    let wrong = read(
        &fields,
        &typed("scope=whole&expected=soon"),
        (words, &TimeZone::UTC),
    );
    let wrong: Vec<&str> = wrong.unwrap_err().iter().map(|(name, _)| *name).collect();
    assert_eq!(wrong, ["scope", "expected"]);
    let wrong = read(&fields, &typed("scope=full"), (words, &TimeZone::UTC));
    assert_eq!(wrong.unwrap_err()[0].0, "expected");
}

#[test]
fn a_form_becomes_what_the_event_says() {
    let words = Language::English.words();
    let form = "useful=partly&quality=4&acted=yes&note=thanks";
    let fields = fields("request", "feedback", &Value::Null).unwrap();
    let said = read(&fields, &typed(form), (words, &TimeZone::UTC)).unwrap();
    let read = request::Event::read("feedback", &Value::Object(said));
    assert!(read.is_ok(), "{read:?}");
    let observe = super::fields("case", "observe", &Value::Null).unwrap();
    let said = super::read::read(
        &observe,
        &typed("values=198.51.100.7%0D%0Afile:name%3Dloader.bin"),
        (words, &TimeZone::UTC),
    );
    assert_eq!(
        said.unwrap()["values"],
        json!([
            { "field": "ipv4-addr:value", "value": "198.51.100.7" },
            { "field": "file:name", "value": "loader.bin" },
        ])
    );
}

#[test]
fn a_supplement_brings_what_was_missing_or_returned() {
    let document =
        json!({"request": {"missing": ["offence"], "returned": [{"fields": ["facts"]}]}});
    let asked = fields("request", "supplement", &document).unwrap();
    let names: Vec<&str> = asked.iter().map(|field| field.name).collect();
    assert_eq!(names, ["facts", "offence", "note"]);
    let said = json!({"offence": "computer fraud", "note": "as asked"});
    let (operation, arguments) = asked_of(&said);
    assert_eq!(operation, "say_in_thread");
    assert_eq!(
        arguments["content"],
        json!({"fields": {"offence": "computer fraud"}, "note": "as asked"})
    );
}

fn asked_of(said: &Value) -> (&'static str, Value) {
    let said = said.as_object().unwrap().clone();
    asked(("request", "supplement", "request--1"), said)
}

#[test]
fn every_form_has_words_in_both_languages() {
    let subjects = [
        "request", "case", "call", "exercise", "incident", "evidence",
    ];
    for language in Language::OFFERED {
        let words = language.words();
        let knows = |family: &str, word: &str| {
            let key = format!("{family}-{}", word.replace('_', "-"));
            assert!(words.knows(&key), "{} lacks {key}", language.tag());
        };
        for (event, fields) in subjects.iter().flat_map(|subject| of(subject)) {
            knows("act", event);
            knows("event", event);
            for field in *fields {
                let own = format!("{event}-{}", field.name.replace('_', "-"));
                if !words.knows(&format!("field-{own}")) {
                    knows("field", field.name);
                }
                if let Choice(choices) = field.kind {
                    choices.iter().for_each(|choice| knows("choice", choice));
                }
            }
        }
        for field in CONTENT {
            knows("field", field.name);
        }
    }
}
