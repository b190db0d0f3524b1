//! What a person may say in a thread, with the fields that each event takes: one table, by which forms are shown and read.
//!
//! In scope: which fields an event has, whose role may say it, which operation of the node takes it. Out of scope: when it may be said
//! (the node tells what is possible), what follows from it.

pub(crate) mod input;
pub(crate) mod read;

use comity_case::call::event as call;
use comity_case::case::event as case;
use comity_case::evidence::event as evidence;
use comity_case::message::Role;
use comity_case::request::event as request;
use comity_case::table::{Row, Word};
use comity_case::{exercise, incident};
use comity_node::person::Person;
use serde_json::{Map, Value, json};

use crate::screens::text;

/// How a field is filled in, and what it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A line.
    Line,
    /// Several lines of text.
    Text,
    /// A moment in the person's zone; a STIX timestamp (STIX 2.1 section 3.2).
    Time,
    /// A whole number that is not negative.
    Number,
    /// Yes or no.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Words or identifiers, one a line.
    Lines,
    /// Values as people write them, one a line; each with the field of a STIX pattern that holds it.
    Values,
    /// A message of the thread; its digest.
    Message,
    /// One of the two parties.
    Party,
    /// An open task of the case; its place.
    Task,
    /// Items of the case; their places.
    Items,
    /// Names of fields of a request.
    Names,
}

/// A field of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) needed: bool,
}

/// A field that must be filled in.
pub(crate) const fn need(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        needed: true,
    }
}

/// A field that may stay empty.
pub(crate) const fn may(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        needed: false,
    }
}

/// Something that may be said.
type Act = (&'static str, &'static [Field]);

use Kind::{
    Choice, Flag, Items, Line, Lines, Message, Names, Number, Party, Task, Text, Time, Values,
};

const NOTE: Field = may("note", Text);
const TEXT: Field = need("text", Text);
const REASON: Field = need("reason", Text);
const SCOPE: Field = need("scope", Choice(&["full", "part"]));
const MESSAGE: Field = need("message", Message);
const OBJECTS: Field = may("objects", Lines);
const DECLINED: &[&str] = &[
    "no-legal-basis",
    "not-competent",
    "resources",
    "sovereignty-or-security",
    "duplicate",
    "format",
    "no-consent",
];

#[rustfmt::skip]
const REQUEST: &[Act] = &[
    ("acknowledge", &[need("number", Line), NOTE]),
    ("return", &[need("fields", Names), NOTE]),
    ("supplement", &[NOTE]),
    ("accept", &[SCOPE, need("expected", Time), NOTE]),
    ("decline", &[need("reason", Choice(DECLINED)), NOTE, may("forward_to", Line)]),
    ("ask-referral", &[need("to", Line), need("why", Text)]),
    ("consent", &[need("to", Line), may("agreed", Flag)]),
    ("refer", &[need("to", Line), may("reference", Line)]),
    ("interim", &[TEXT, OBJECTS]),
    ("extend", &[need("expected", Time), REASON]),
    ("answer", &[SCOPE, TEXT, OBJECTS, may("evidence", Lines)]),
    ("feedback", &[need("useful", Choice(&["yes", "partly", "no"])), need("quality", Choice(&["1", "2", "3", "4", "5"])), may("acted", Flag), NOTE]),
    ("reopen", &[need("gap", Text)]),
    ("withdraw", &[REASON]),
    ("purged", &[may("retained", Flag), may("until", Time), NOTE]),
    ("confirm", &[need("reference", Line)]),
    ("hold", &[need("until", Time)]),
    ("renew", &[need("until", Time)]),
    ("release", &[NOTE]),
    ("convert", &[need("reference", Line)]),
    ("lost", &[REASON]),
    ("dispute", &[MESSAGE, TEXT]),
    ("settle", &[MESSAGE, TEXT]),
];

#[rustfmt::skip]
const CASE: &[Act] = &[
    ("withdraw", &[REASON]),
    ("join", &[need("number", Line), NOTE]),
    ("decline", &[REASON]),
    ("status", &[TEXT]),
    ("note", &[TEXT]),
    ("task", &[TEXT, need("owner", Party), may("due", Time)]),
    ("done", &[need("task", Task), may("result", Text)]),
    ("drop", &[need("task", Task), REASON]),
    ("observe", &[may("values", Values), OBJECTS, may("context", Text)]),
    ("happened", &[need("at", Time), may("until", Time), may("learned", Time), TEXT]),
    ("link", &[need("thread", Line), may("why", Text)]),
    ("unlink", &[need("thread", Line)]),
    ("prioritise", &[need("priority", Choice(&["low", "normal", "high", "top"])), may("why", Text)]),
    ("assess", &[need("determination", Choice(&["suspected", "confirmed", "false-positive"])), may("criticality", Number), may("types", Lines), NOTE]),
    ("merge", &[need("into", Line), REASON]),
    ("unmerge", &[REASON]),
    ("split", &[need("items", Items), need("title", Line), need("summary", Text)]),
    ("unsplit", &[need("into", Line), REASON]),
    ("close", &[need("outcome", Text)]),
    ("keep-open", &[REASON]),
    ("reopen", &[REASON]),
    ("dispute", &[MESSAGE, TEXT]),
    ("settle", &[MESSAGE, TEXT]),
];

/// What goes into the own record of a case, which stays in the house.
#[rustfmt::skip]
pub(crate) const OWN: &[&str] = &["note", "task", "done", "drop", "observe", "happened", "link", "unlink"];

#[rustfmt::skip]
const CALL: &[Act] = &[
    ("missed", &[NOTE]),
    ("redial", &[may("to", Line)]),
    ("answered", &[]),
    ("call-back", &[]),
    ("identify", &[need("outcome", Choice(&["words", "matched", "differs"])), may("heard", Line)]),
    ("note-sealed", &[TEXT]),
    ("note-shown", &[]),
    ("read-back", &[may("agrees", Flag), may("differences", Text)]),
    ("actions", &[TEXT, need("owner", Party), need("due", Time), may("becomes", Line)]),
    ("follow-up", &[need("action", Number), need("becomes", Line)]),
    ("close", &[NOTE]),
    ("abandon", &[REASON]),
    ("confirm", &[TEXT]),
    ("dispute", &[MESSAGE, TEXT]),
    ("settle", &[MESSAGE, TEXT]),
];

#[rustfmt::skip]
const EXERCISE: &[Act] = &[
    ("agree", &[may("scenario", Text), NOTE]),
    ("decline", &[REASON]),
    ("start", &[NOTE]),
    ("inject", &[may("number", Number), may("early", Flag)]),
    ("stop", &[REASON]),
    ("report", &[TEXT]),
    ("dispute", &[MESSAGE, TEXT]),
    ("settle", &[MESSAGE, TEXT]),
];

#[rustfmt::skip]
const INCIDENT: &[Act] = &[
    ("early-warning", &[TEXT]),
    ("notification", &[TEXT, OBJECTS]),
    ("intermediate", &[TEXT, OBJECTS]),
    ("progress", &[TEXT, may("classified_at", Time), may("measure_at", Time)]),
    ("final", &[TEXT, OBJECTS]),
    ("acknowledge", &[need("number", Line), NOTE]),
    ("dispute", &[MESSAGE, TEXT]),
    ("settle", &[MESSAGE, TEXT]),
];

/// What is recorded of an item; what follows from its bytes (a hash, a handing over) has forms of its own.
#[rustfmt::skip]
const EVIDENCE: &[Act] = &[
    ("opened", &[need("purpose", Text)]),
    ("copied", &[NOTE]),
    ("derived", &[need("sha256", Line), need("tool", Line), need("version", Line)]),
    ("sealed", &[need("seal", Line)]),
    ("hold", &[REASON]),
    ("release", &[NOTE]),
    ("destroyed", &[need("witness", Line)]),
    ("analysis-report", &[TEXT, OBJECTS]),
    ("dispute", &[MESSAGE, TEXT]),
    ("settle", &[MESSAGE, TEXT]),
];

/// What a house records of an item that no other party knows.
pub(crate) const HOUSE: &str = "opened, copied, derived, sealed, hold, release, destroyed";

/// What a request says, in the order of its form; type, urgency and title are asked for everywhere.
#[rustfmt::skip]
pub(crate) const CONTENT: &[Field] = &[
    need("unit", Line), need("contact", Line), may("reference", Line), need("facts", Text), need("asked", Text),
    may("emergency_reason", Text), may("window_from", Time), may("window_until", Time), may("observables", Lines),
    may("link_to_responder", Text), may("custodian", Line), may("offence", Line), may("legal_basis", Line), may("form", Line),
    may("deadline", Time), may("hold_until", Time), need("use_limits", Line), may("languages", Lines), may("done_already", Text),
    may("linked", Lines), may("confidential", Flag),
];

/// Every event of a subject that has a form.
fn of(subject: &str) -> &'static [Act] {
    match subject {
        "request" => REQUEST,
        "case" => CASE,
        "call" => CALL,
        "exercise" => EXERCISE,
        "incident" => INCIDENT,
        "evidence" => EVIDENCE,
        _ => &[],
    }
}

/// The fields of an event; nothing where there is no form for it. What a supplement brings depends on what is missing.
pub(crate) fn fields(subject: &str, event: &str, document: &Value) -> Option<Vec<Field>> {
    let (_, fields) = of(subject).iter().find(|(each, _)| *each == event)?;
    let mut fields = fields.to_vec();
    if text(document, "label") == "TLP:RED" {
        // Without a person nothing that is TLP:RED goes.
        fields.push(need("person", Line));
    }
    if (subject, event) == ("request", "supplement") {
        let wanted = wanted(document);
        let asked = |field: &&Field| wanted.is_empty() || wanted.contains(&field.name.to_owned());
        let asked = CONTENT.iter().filter(asked).copied();
        let optional = asked.map(|field| may(field.name, field.kind));
        fields = optional.chain(fields).collect();
    }
    Some(fields)
}

/// The fields of a request that are missing or were returned.
pub(crate) fn wanted(document: &Value) -> Vec<String> {
    let request = document.get("request").unwrap_or(&Value::Null);
    let listed = |value: Option<&Value>| {
        let names = value.and_then(Value::as_array).into_iter().flatten();
        let names = names.filter_map(Value::as_str).map(str::to_owned);
        names.collect::<Vec<_>>()
    };
    let mut wanted = listed(request.get("missing"));
    let returned = request.get("returned").and_then(Value::as_array);
    wanted.extend(listed(
        returned
            .and_then(|all| all.last())
            .and_then(|last| last.get("fields")),
    ));
    wanted
}

/// The events that the node names as possible and that have a form here, each once, for a person of this role.
pub(crate) fn possible(subject: &str, told: &str, person: &Person) -> Vec<&'static str> {
    let named: Vec<&str> = told.split(", ").collect();
    let mut events = Vec::new();
    for (event, _) in of(subject) {
        if named.contains(event) && is_for(subject, event, person) {
            events.push(*event);
        }
    }
    events
}

/// Whether the table of a subject gives an event to the role of a person.
fn is_for(subject: &str, event: &str, person: &Person) -> bool {
    let Some(role) = Role::parse(person.role.word()) else {
        return false;
    };
    match subject {
        "request" => has(request::TABLE, event, role) || has(request::HOLD_TABLE, event, role),
        "case" => has(case::TABLE, event, role),
        "call" => has(call::TABLE, event, role),
        "exercise" => has(exercise::TABLE, event, role),
        "incident" => has(incident::TABLE, event, role),
        "evidence" => has(evidence::TABLE, event, role),
        _ => false,
    }
}

fn has<S, E: Word>(table: &[Row<S, E>], event: &str, role: Role) -> bool {
    table
        .iter()
        .any(|row| row.event.word() == event && row.roles.contains(&role))
}

/// The operation that takes an event, and its arguments.
pub(crate) fn asked(
    (subject, event, thread): (&str, &str, &str),
    mut content: Map<String, Value>,
) -> (&'static str, Value) {
    let person = content.remove("person");
    let mut said = Value::Object(content);
    let own = |name: &'static str| text(&said, name).to_owned();
    let (operation, mut arguments) = match (subject, event) {
        ("call", "redial") => ("redial_call", json!({ "to": said.get("to") })),
        ("call", "answered") => ("answer_call", json!({ "back": false })),
        ("call", "call-back") => ("answer_call", json!({ "back": true })),
        ("call", "identify") => {
            let heard = match text(&said, "outcome") {
                "words" => json!({ "words": text(&said, "heard") }),
                other => json!(other),
            };
            ("identify_call", json!({ "heard": heard }))
        }
        ("call", "note-sealed") => ("seal_call_note", json!({ "text": own("text") })),
        ("call", "note-shown") => ("reveal_call_note", json!({})),
        ("call", "actions") => ("agree_call_action", json!({ "action": said })),
        ("call", "follow-up") => ("follow_call_action", said),
        ("exercise", "agree") => {
            let scenario = said.get("scenario").cloned();
            let arguments = json!({ "scenario": scenario, "note": own("note") });
            ("agree_exercise", arguments)
        }
        ("exercise", "inject") => ("give_inject", said),
        ("case", "split") => ("split_case", said),
        _ => {
            if (subject, event) == ("request", "supplement") {
                said = supplement(&said);
            }
            ("say_in_thread", json!({ "event": event, "content": said }))
        }
    };
    if let Some(members) = arguments.as_object_mut() {
        members.insert("thread".to_owned(), json!(thread));
        if let Some(person) = person {
            members.insert("person".to_owned(), person);
        }
    }
    (operation, arguments)
}

/// What a supplement says: the fields by their names, and the note beside them.
fn supplement(said: &Value) -> Value {
    let mut fields = said.as_object().cloned().unwrap_or_default();
    let note = fields.remove("note");
    fields.retain(|_, value| *value != json!(false));
    json!({ "fields": fields, "note": note.unwrap_or_else(|| json!("")) })
}

#[cfg(test)]
mod tests;
