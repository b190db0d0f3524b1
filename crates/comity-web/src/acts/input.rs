//! The fields of a form as a page shows them.
//!
//! In scope: labels, choices, what was typed. Out of scope: reading them (`read`).

use serde_json::Value;

use crate::acts::read::Wrong;
use crate::acts::{CONTENT, Field, Kind, fields, wanted};
use crate::fields::Fields;
use crate::frame::Frame;
use crate::screens::{rows, text};

/// One of several things to choose from.
pub(crate) struct Option_ {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

/// A field of a form.
pub(crate) struct Input {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) label: String,
    /// How a template writes it.
    pub(crate) way: &'static str,
    pub(crate) value: String,
    pub(crate) options: Vec<Option_>,
    /// It is to be filled in.
    pub(crate) needed: bool,
    /// A browser sends no form without it.
    pub(crate) strict: bool,
    pub(crate) hint: Option<String>,
    pub(crate) wrong: Option<String>,
}

/// A form for something that may be said.
pub(crate) struct Form {
    pub(crate) event: &'static str,
    pub(crate) name: String,
    pub(crate) inputs: Vec<Input>,
    /// It was sent and is shown again.
    pub(crate) open: bool,
}

/// What was sent and could not be done.
#[derive(Default)]
pub(crate) struct Sent {
    pub(crate) event: String,
    /// It was for the own record, and for nobody else.
    pub(crate) own: bool,
    pub(crate) typed: Fields,
    pub(crate) wrong: Vec<Wrong>,
}

/// The form of an event in a thread, or of an entry of the own record.
pub(crate) fn form(
    frame: &Frame,
    (subject, event, own): (&str, &'static str, bool),
    document: &Value,
    sent: Option<&Sent>,
) -> Option<Form> {
    let sent = sent.filter(|sent| sent.event == event && sent.own == own);
    let mut asked = fields(subject, event, document)?;
    // What stays in the house is for nobody on the other side.
    asked.retain(|field| !own || field.name != "person");
    let inputs = asked.iter().map(|field| {
        let mut input = input(frame, (event, field), document, sent);
        if own {
            input.id = format!("own-{}", input.id);
        }
        input
    });
    Some(Form {
        event,
        name: frame.word("act", event),
        inputs: inputs.collect(),
        open: sent.is_some(),
    })
}

/// One field.
pub(crate) fn input(
    frame: &Frame,
    (event, field): (&str, &Field),
    document: &Value,
    sent: Option<&Sent>,
) -> Input {
    let typed = sent.map(|sent| &sent.typed);
    let value = typed.and_then(|typed| typed.raw(field.name));
    let value = value.unwrap_or_default().to_owned();
    let wrong = sent.and_then(|sent| sent.wrong.iter().find(|(name, _)| *name == field.name));
    let chosen = |one: &str| match typed {
        Some(typed) => typed.all(field.name).iter().any(|each| each == one),
        None => false,
    };
    let option = |value: &str, label: String| Option_ {
        value: value.to_owned(),
        label,
        chosen: chosen(value),
    };
    let options: Vec<Option_> = match field.kind {
        Kind::Choice(words) => words
            .iter()
            .map(|word| option(word, frame.word("choice", word)))
            .collect(),
        Kind::Message => messages(frame, document)
            .map(|(digest, label)| option(&digest, label))
            .collect(),
        Kind::Party => ["own", "party"]
            .iter()
            .map(|side| option(text(document, side), text(document, side).to_owned()))
            .collect(),
        Kind::Task => tasks(document)
            .map(|(place, label)| option(&place, label))
            .collect(),
        Kind::Items => items(document)
            .map(|(place, label)| option(&place, label))
            .collect(),
        Kind::Names => {
            let wanted = wanted(document);
            let of = |field: &Field| Option_ {
                chosen: chosen(field.name)
                    || (typed.is_none() && wanted.iter().any(|name| name == field.name)),
                value: field.name.to_owned(),
                label: frame.word("field", field.name),
            };
            CONTENT.iter().map(of).collect()
        }
        Kind::Line
        | Kind::Text
        | Kind::Time
        | Kind::Number
        | Kind::Flag
        | Kind::Lines
        | Kind::Values => Vec::new(),
    };
    Input {
        id: format!("{event}-{}", field.name),
        name: field.name,
        label: label(frame, event, field.name),
        way: way(field.kind),
        value,
        options,
        needed: field.needed,
        strict: field.needed,
        hint: hint(frame, field.kind),
        wrong: wrong.map(|(_, what)| what.clone()),
    }
}

/// What a field is called: for this event, or wherever it stands.
fn label(frame: &Frame, event: &str, name: &str) -> String {
    let own = format!("{event}-{name}");
    let said = frame.word("field", &own);
    if said == own {
        frame.word("field", name)
    } else {
        said
    }
}

const fn way(kind: Kind) -> &'static str {
    match kind {
        Kind::Line => "line",
        Kind::Text | Kind::Lines | Kind::Values => "text",
        Kind::Time => "time",
        Kind::Number => "number",
        Kind::Flag => "flag",
        Kind::Choice(_) | Kind::Message | Kind::Party | Kind::Task => "choice",
        Kind::Items | Kind::Names => "several",
    }
}

fn hint(frame: &Frame, kind: Kind) -> Option<String> {
    match kind {
        Kind::Time => Some(frame.say_of("form-time-hint", "zone", &frame.zone_name())),
        Kind::Lines => Some(frame.say("form-lines-hint")),
        Kind::Values => Some(frame.say("form-values-hint")),
        Kind::Line
        | Kind::Text
        | Kind::Number
        | Kind::Flag
        | Kind::Choice(_)
        | Kind::Message
        | Kind::Party
        | Kind::Task
        | Kind::Items
        | Kind::Names => None,
    }
}

/// The messages of a thread, the newest first, by digest.
fn messages<'d>(
    frame: &'d Frame,
    document: &'d Value,
) -> impl Iterator<Item = (String, String)> + 'd {
    let all = document.get("messages").map_or(&[][..], rows);
    all.iter().rev().map(|one| {
        let event = frame.word("event", text(one, "event"));
        let label = format!("{} · {event}", text(one, "place"));
        (text(one, "digest").to_owned(), label)
    })
}

/// Everything that lies on the table of a case, shared and own.
fn boards(document: &Value) -> impl Iterator<Item = &Value> {
    let case = document.get("case").unwrap_or(&Value::Null);
    let shared = case.get("items").map_or(&[][..], rows);
    shared.iter().chain(case.get("own"))
}

fn tasks(document: &Value) -> impl Iterator<Item = (String, String)> {
    let tasks = boards(document).flat_map(|board| board.get("tasks").map_or(&[][..], rows));
    tasks
        .filter(|task| text(task, "state") == "open")
        .map(named)
}

fn items(document: &Value) -> impl Iterator<Item = (String, String)> {
    let case = document.get("case").unwrap_or(&Value::Null);
    let shared = case.get("items").map_or(&[][..], rows);
    let kinds = ["notes", "tasks", "observations", "timeline", "links"];
    shared.iter().flat_map(move |board| {
        let of = kinds
            .into_iter()
            .flat_map(move |kind| board.get(kind).map_or(&[][..], rows));
        of.map(named)
    })
}

fn named(item: &Value) -> (String, String) {
    let place = text(item, "place").to_owned();
    let said = ["text", "context", "title", "thread"];
    let said = said
        .into_iter()
        .map(|name| text(item, name))
        .find(|said| !said.is_empty());
    let said: String = said.unwrap_or_default().chars().take(80).collect();
    let label = format!("{place} · {said}");
    (place, label)
}
