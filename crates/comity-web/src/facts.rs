//! What a message or a document says, as facts: a name and a value each, never as HTML that somebody else wrote.
//!
//! In scope: naming members, writing times, identifiers and lists. Out of scope: which members a page shows (`screens`).

use comity_case::html::escaped;
use comity_case::message::ThreadId;
use comity_stix::id::ObjectId;
use comity_stix::timestamp::Timestamp;
use serde_json::Value;

use crate::frame::Frame;
use crate::html::Html;

/// Members whose values are words of the node's own.
const WORDS: &[&str] = &[
    "scope",
    "reason",
    "useful",
    "urgency",
    "request_type",
    "priority",
    "determination",
    "heard",
    "rung",
    "role",
];

/// Members that come first, in this order; the others follow by name.
const ORDER: &[&str] = &[
    "title",
    "line",
    "request_type",
    "urgency",
    "unit",
    "contact",
    "facts",
    "asked",
    "summary",
    "scope",
    "text",
    "expected",
    "regime",
    "sent",
    "delivered",
    "acknowledged",
    "starts",
    "ends",
    "started",
    "stopped",
    "to",
    "name",
    "role",
];

/// Something that is said.
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: Html,
    pub(crate) wide: bool,
}

/// Every member of an object that says something, but for those that are told elsewhere.
pub(crate) fn of(frame: &Frame, value: &Value, told: &[&str]) -> Vec<Fact> {
    let members = value.as_object().into_iter().flatten();
    let says = members.filter(|(name, value)| !told.contains(&name.as_str()) && !is_empty(value));
    let mut says: Vec<(&String, &Value)> = says.collect();
    says.sort_by_key(|(name, _)| {
        let place = ORDER.iter().position(|each| each == name);
        place.unwrap_or(ORDER.len())
    });
    let fact = says.into_iter().map(|(name, value)| Fact {
        name: frame.word("field", name),
        wide: value
            .as_str()
            .map_or(value.is_array() || value.is_object(), |text| {
                text.chars().count() > 60
            }),
        value: Html(shown(frame, name, value)),
    });
    fact.collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value as HTML. What stands in it is escaped; identifiers lead to what they name.
fn shown(frame: &Frame, name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => escaped(&frame.say("yes")),
        Value::Bool(false) => escaped(&frame.say("no")),
        Value::Number(number) => number.to_string(),
        Value::String(text) => written(frame, name, text),
        Value::Array(all) => {
            let each = all.iter().map(|one| shown(frame, name, one));
            each.collect::<Vec<_>>().join("<br>")
        }
        Value::Object(members) => {
            let says = members.iter().filter(|(_, value)| !is_empty(value));
            let each = says.map(|(name, value)| {
                let value = shown(frame, name, value);
                if name == "at" {
                    return value;
                }
                let label = escaped(&frame.word("field", name));
                format!("<span class=\"muted\">{label}</span> {value}")
            });
            each.collect::<Vec<_>>().join(" · ")
        }
    }
}

fn written(frame: &Frame, name: &str, text: &str) -> String {
    if Timestamp::parse(text).is_ok() {
        return frame.time(text).0;
    }
    if WORDS.contains(&name) {
        return escaped(&frame.word("choice", text));
    }
    if name == "fields" {
        return escaped(&frame.word("field", text));
    }
    let safe = escaped(text);
    if text.parse::<ThreadId>().is_ok() {
        return format!("<a href=\"/threads/{safe}\"><code>{safe}</code></a>");
    }
    if ObjectId::parse(text).is_ok() {
        return format!("<a href=\"/objects/{safe}\"><code>{safe}</code></a>");
    }
    safe.replace('\n', "<br>")
}
