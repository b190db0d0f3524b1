//! Objects that a mail carries, on their way into the one intake.
//!
//! STIX is taken as it stands. Of MISP events the attributes that are meant for detection, and of lists, reports of abuse and words the
//! values in them, become indicators by the reader of lists (`comity_formats`); their `created` is when the mail came, so the same mail
//! makes the same indicators.
//!
//! In scope: from bytes to objects, and handing them over with their source. Out of scope: whether they may enter (`table`), admission.
//! Limits: those of `comity_formats`; [`PROBLEMS_TOLD`].

use std::fmt::Write as _;
use std::ops::ControlFlow;

use comity_formats::import::{Item, ListOptions, ReadLimits, ReadOptions, read};
use comity_mail::carried::What;
use comity_stix::admission::Limits;
use comity_stix::marking::{Tlp, definition_id};
use comity_stix::timestamp::Timestamp;
use comity_stix::upgrade::upgrade;
use comity_store::error::chain;
use comity_store::state::source::SourceRow;
use serde::Deserialize;

use crate::exchange::apply::inbox_collection;
use crate::exchange::subject::record_sources;
use crate::intake::Taken;
use crate::mail::MailError;
use crate::node::Node;

/// Problems that are told one by one.
const PROBLEMS_TOLD: usize = 5;

/// Objects out of something that a mail carries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// As they stood there.
    pub(super) given: Vec<String>,
    /// Made of values: an id that is there already means that there is nothing to do.
    pub(super) derived: Vec<String>,
    /// What could not be read.
    pub(super) problems: Vec<String>,
}

/// What objects came to, in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entered {
    /// For this party.
    pub(super) here: String,
    /// For the party that sent them: what originated here is not told.
    pub(super) there: String,
}

/// From where objects come.
#[derive(Clone, Copy, Debug)]
pub(super) struct From<'a> {
    /// The party.
    pub(super) party: &'a str,
    /// The label of the mail; none: it says none.
    pub(super) label: Option<Tlp>,
    /// When the mail came, microseconds since 1970.
    pub(super) received: i64,
}

/// The objects of something carried; nothing for what holds none.
pub(super) fn found(what: &What, bytes: &[u8], from: &From<'_>) -> Found {
    match what {
        What::StixBundle { .. } | What::StixObject | What::IndicatorList => read_all(bytes, from),
        What::MispEvent { .. } => match misp_list(bytes) {
            Ok(list) => read_all(list.as_bytes(), from),
            Err(problem) => Found {
                problems: vec![problem],
                ..Found::default()
            },
        },
        What::AbuseReport(report) => {
            let note = format!("reported as {} (ARF)", report.feedback_type);
            let values = report.source.iter().chain(&report.reported);
            read_all(list_of(values.map(String::as_str), &note).as_bytes(), from)
        }
        What::XArf(report) => {
            let note = format!("reported as {} (XARF {})", report.kind, report.version);
            let values = std::iter::once(report.source.as_str());
            read_all(list_of(values, &note).as_bytes(), from)
        }
        What::Prose { values } => {
            let values = values.iter().map(|value| value.value.as_str());
            read_all(list_of(values, "named in a mail").as_bytes(), from)
        }
        What::ComityFile
        | What::DeliveryReport(_)
        | What::DispositionNotice(_)
        | What::Receipt(_)
        | What::OpenPgpKeys
        | What::Archive(_)
        | What::Encrypted
        | What::NotUnderstood(_)
        | _ => Found::default(),
    }
}

fn read_all(bytes: &[u8], from: &From<'_>) -> Found {
    let created = Timestamp::from_micros(from.received);
    let created = created.map_or_else(String::new, Timestamp::to_stix);
    let marking = from.label.map(|label| definition_id(label).to_string());
    let options = ReadOptions {
        limits: ReadLimits::default(),
        list: ListOptions {
            created: &created,
            created_by: None,
            marking: marking.as_deref(),
        },
    };
    let mut found = Found::default();
    let outcome = read(bytes, &options, &mut |item| {
        match item {
            Item::Object {
                json,
                derived: true,
                ..
            } => found.derived.push(json),
            Item::Object {
                json, spec20: true, ..
            } => match upgrade(&json, &Limits::EXCHANGE) {
                Ok(upgraded) => {
                    found.given.push(upgraded.object.into_owned());
                    found.given.extend(upgraded.observables);
                }
                // Admission says what is wrong with it.
                Err(_) => found.given.push(json),
            },
            Item::Object { json, .. } => found.given.push(json),
            Item::Problem(problem) => found.problems.push(problem.to_string()),
        }
        ControlFlow::Continue(())
    });
    if let Err(error) = outcome {
        found.problems.push(chain(&error));
    }
    found
}

/// A list as the reader of lists takes it, of values with one description.
fn list_of<'v>(values: impl Iterator<Item = &'v str>, note: &str) -> String {
    let mut list = String::from("value,description\n");
    for value in values {
        let _ = writeln!(list, "{},{}", cell(value), cell(note));
    }
    list
}

/// A field of CSV (RFC 4180), on one line.
fn cell(text: &str) -> String {
    let line = text.replace(['\r', '\n'], " ");
    format!("\"{}\"", line.replace('"', "\"\""))
}

#[derive(Deserialize)]
struct MispTag {
    name: String,
}

#[derive(Deserialize)]
struct MispAttribute {
    value: String,
    #[serde(default)]
    to_ids: bool,
    #[serde(default)]
    comment: String,
    #[serde(default, rename = "Tag")]
    tags: Vec<MispTag>,
}

#[derive(Deserialize)]
struct MispObject {
    #[serde(default, rename = "Attribute")]
    attributes: Vec<MispAttribute>,
}

#[derive(Deserialize)]
struct MispEvent {
    #[serde(default)]
    info: String,
    #[serde(default, rename = "Attribute")]
    attributes: Vec<MispAttribute>,
    #[serde(default, rename = "Object")]
    objects: Vec<MispObject>,
    #[serde(default, rename = "Tag")]
    tags: Vec<MispTag>,
}

#[derive(Deserialize)]
struct Wrapped {
    #[serde(rename = "Event")]
    event: MispEvent,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum MispDocument {
    One(Wrapped),
    List(Vec<Wrapped>),
    Response { response: Vec<Wrapped> },
}

/// The attributes of MISP events that are meant for detection (`to_ids`), as a list. A pair like `filename|sha256` is two values.
fn misp_list(bytes: &[u8]) -> Result<String, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let document: MispDocument =
        serde_json::from_slice(bytes).map_err(|error| format!("the MISP event: {error}"))?;
    let events = match document {
        MispDocument::One(one) => vec![one],
        MispDocument::List(all) | MispDocument::Response { response: all } => all,
    };
    let mut list = String::from("value,description,tlp\n");
    for Wrapped { event } in &events {
        let objects = event.objects.iter().flat_map(|object| &object.attributes);
        for attribute in event.attributes.iter().chain(objects) {
            if !attribute.to_ids {
                continue;
            }
            let note = if attribute.comment.is_empty() {
                event.info.as_str()
            } else {
                attribute.comment.as_str()
            };
            let label = strictest(attribute.tags.iter().chain(&event.tags));
            let label = label.map_or_else(String::new, |label| label.to_string());
            for value in attribute.value.split('|') {
                let _ = writeln!(list, "{},{},{label}", cell(value.trim()), cell(note));
            }
        }
    }
    Ok(list)
}

/// The most restrictive label among the tags.
fn strictest<'t>(tags: impl Iterator<Item = &'t MispTag>) -> Option<Tlp> {
    let labels = tags.filter_map(|tag| Tlp::parse(&tag.name.to_ascii_uppercase()));
    labels.max()
}

impl Node {
    /// Takes objects of a mail into the collection that holds what the party sent, with their source on record. Done again it changes
    /// nothing.
    pub(super) fn take_mailed(&self, found: Found, from: &From<'_>) -> Result<Entered, MailError> {
        let mut problems = found.problems;
        let mut kept = Vec::new();
        let mut taken = Taken::default();
        for (texts, only_new) in [(found.given, false), (found.derived, true)] {
            let sorted = self.sort_offered(from.party, texts, None)?;
            let ids: Vec<String> = sorted.taken.iter().map(|one| one.id.clone()).collect();
            let held = self.inner.state.write(|tx| {
                let terms = self.terms_from(tx, from.party, from.received)?;
                let of = SourceRow {
                    id: String::new(),
                    party: from.party.to_owned(),
                    label: from.label.map(|label| label.to_string()),
                    onward: terms.is_some_and(|terms| terms.relay_onward),
                    persons: None,
                    received: from.received,
                };
                record_sources(tx, &ids, &of)?;
                inbox_collection(tx, from.party, from.received)
            })?;
            let own = sorted.own.iter();
            kept.extend(own.map(|id| format!("{id} originated here and stays as it is")));
            let texts = sorted.taken.into_iter().map(|one| one.text);
            let texts: Vec<String> = texts.chain(sorted.unread).collect();
            if texts.is_empty() {
                continue;
            }
            // A mail says its label beside the objects: what comes under TLP:RED is bound to persons.
            let entered = if from.label == Some(Tlp::Red) {
                self.take_closed(&held, &texts, only_new, &[])
            } else {
                self.take_into(&held, texts, only_new, &[])
            };
            taken.join(entered?);
        }
        let failures = taken.failures.iter();
        problems.extend(failures.map(|one| one.message.clone().unwrap_or_else(|| one.id.clone())));
        self.due().tell();
        let not_taken = problems.len() + kept.len();
        let there = told(&taken, not_taken, &problems);
        problems.extend(kept);
        Ok(Entered {
            here: told(&taken, not_taken, &problems),
            there,
        })
    }
}

fn told(taken: &Taken, not_taken: usize, problems: &[String]) -> String {
    let mut told = format!(
        "{} new, {} known, {not_taken} not taken",
        taken.added, taken.unchanged
    );
    for problem in problems.iter().take(PROBLEMS_TOLD) {
        told.push_str("; ");
        told.push_str(problem);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: From<'_> = From {
        party: "bravo",
        label: Some(Tlp::Green),
        received: 1_795_780_800_000_000,
    };

    #[test]
    fn values_become_indicators_with_the_label_of_the_mail_and_the_time_it_came() {
        let list = b"198.51.100.7\nevil.example\n";
        let first = found(&What::IndicatorList, list, &FROM);
        assert_eq!(first.derived.len(), 2, "{first:?}");
        assert!(first.derived[0].contains("2026-11-27T12:00:00"));
        assert!(first.derived[0].contains(&definition_id(Tlp::Green).to_string()));
        assert_eq!(
            first,
            found(&What::IndicatorList, list, &FROM),
            "the same mail, the same objects"
        );
    }

    #[test]
    fn misp_attributes_that_are_for_detection_are_taken_with_their_tags() {
        let event = br#"{"Event":{"info":"a case","Tag":[{"name":"tlp:amber"}],"Attribute":[
            {"type":"ip-dst","value":"198.51.100.7","to_ids":true},
            {"type":"text","value":"203.0.113.5","to_ids":false}],
            "Object":[{"Attribute":[{"type":"filename|sha256","to_ids":true,"comment":"a \"b\", c",
              "value":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]}]}}"#;
        let found = found(&What::MispEvent { events: 1 }, event, &FROM);
        assert_eq!(found.derived.len(), 2, "{found:?}");
        assert!(
            found
                .derived
                .iter()
                .all(|one| one.contains(&definition_id(Tlp::Amber).to_string()))
        );
        assert!(found.derived.iter().all(|one| !one.contains("203.0.113.5")));
    }
}
