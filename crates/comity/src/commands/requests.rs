//! `comity request`.
//!
//! In scope: forms, one call of the node for each act, and tables for people. Out of scope: what may be done when.
//! Limits: [`FORM_BYTES_MAX`].

mod from_call;
mod shown;

use std::path::{Path, PathBuf};

use comity_case::request::content::{self, Content, RequestType};
use comity_case::table::Word as _;
use comity_node::case::command::CaseCommand;
use comity_node::case::threads::Acting;
use serde_json::{Map, Value, json};

use crate::backend::{Backend, data_folder};
use crate::cli::request::{Act, ActCommand, Officer, OpenArgs, RequestCommand};
use crate::commands::parties::text;
use crate::commands::threads;
use crate::failure::Failure;
use crate::output;

/// What mends an empty list.
const NOTHING: &str = "no requests; `comity request form TYPE` prints a form, `comity request open FILE --to PARTY --tlp LABEL` sends it";
/// The longest form.
const FORM_BYTES_MAX: u64 = 512 * 1024;

/// `comity request …`
pub(crate) fn run(command: RequestCommand) -> Result<(), Failure> {
    match command {
        RequestCommand::Form { of, .. } => {
            let of = RequestType::of(&of).unwrap_or(RequestType::Investigate);
            output::data(content::form(of).trim_end())
        }
        RequestCommand::Open(args) => send(*args),
        RequestCommand::List {
            data,
            party,
            exercise,
            ours,
            json,
        } => {
            let subject = Some("request".to_owned());
            let command = CaseCommand::List {
                subject,
                party,
                exercise,
                owed: ours,
                before: None,
                limit: None,
            };
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let rows = backend.case(command)?;
            threads::listed(&rows, ours, json, NOTHING)?;
            backend.close()
        }
        RequestCommand::Show { data, id, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let request = backend.case(CaseCommand::Show { thread: id })?;
            shown::whole(&request, json)?;
            backend.close()
        }
        RequestCommand::Note {
            data,
            id,
            text,
            officer,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            backend.case(CaseCommand::Note {
                thread: id,
                officer,
                text,
            })?;
            output::say("noted; it stays in the house");
            backend.close()
        }
        RequestCommand::Act(act) => perform(act),
    }
}

/// Sends a request that was filled in.
fn send(args: OpenArgs) -> Result<(), Failure> {
    let mut content = opened(&args.form, args.incomplete)?;
    let mut backend = threads::backend(args.data.data)?;
    let call = args.from_call.as_deref();
    let origin = call.map(|call| from_call::origin(&mut backend, call, args.action));
    let origin = origin.transpose()?;
    if let Some(origin) = &origin {
        let linked = content.get("linked").and_then(Value::as_array);
        let mut linked = linked.cloned().unwrap_or_default();
        linked.push(Value::from(origin.call.as_str()));
        put(&mut content, "linked", Value::from(linked));
    }
    let inherited = origin.as_ref().and_then(|origin| origin.exercise.clone());
    let acting = acting(args.officer);
    let line = backend.case(CaseCommand::Open {
        subject: "request".to_owned(),
        party: args.to,
        label: args.tlp.to_string(),
        exercise: inherited.or(args.exercise),
        event: "send".to_owned(),
        content,
        acting: acting.clone(),
    })?;
    if let Some(origin) = &origin {
        origin.became(&mut backend, text(&line, "id"), acting)?;
    }
    tell(&line, args.json.json)?;
    backend.close()
}

/// Does an act on a request.
fn perform(command: ActCommand) -> Result<(), Failure> {
    let (act, event, content) = event(command)?;
    let mut backend = Backend::open(&data_folder(act.data.data.clone())?)?;
    let content = completed(&mut backend, &act.id, event, content)?;
    let command = CaseCommand::Say {
        thread: act.id,
        event: event.to_owned(),
        content,
        acting: acting(act.officer),
    };
    let line = backend.case(command)?;
    tell(&line, act.json.json)?;
    backend.close()
}

/// The event of an act and what it says.
#[expect(clippy::too_many_lines, reason = "a table of acts, a line or two each")]
fn event(command: ActCommand) -> Result<(Act, &'static str, Value), Failure> {
    use ActCommand as C;
    let scope = |part: bool| if part { "part" } else { "full" };
    Ok(match command {
        C::Acknowledge { act, number, note } => (
            act,
            "acknowledge",
            json!({ "number": number, "note": note }),
        ),
        C::Return { act, fields, note } => {
            (act, "return", json!({ "fields": fields, "note": note }))
        }
        C::Supplement { act, form, note } => {
            let fields = read_form(&form)?;
            (act, "supplement", json!({ "fields": fields, "note": note }))
        }
        C::Accept {
            act,
            expected,
            part,
            note,
        } => (
            act,
            "accept",
            json!({ "scope": scope(part), "expected": expected, "note": note }),
        ),
        C::Decline {
            act,
            reason,
            note,
            forward_to,
        } => (
            act,
            "decline",
            json!({ "reason": reason, "note": note, "forward_to": forward_to }),
        ),
        C::AskReferral { act, to, why } => (act, "ask-referral", json!({ "to": to, "why": why })),
        C::Consent { act, to, no } => (act, "consent", json!({ "to": to, "agreed": !no })),
        C::Refer { act, to, reference } => {
            (act, "refer", json!({ "to": to, "reference": reference }))
        }
        C::Interim { act, text, objects } => {
            (act, "interim", json!({ "text": text, "objects": objects }))
        }
        C::Extend {
            act,
            expected,
            reason,
        } => (
            act,
            "extend",
            json!({ "expected": expected, "reason": reason }),
        ),
        C::Answer {
            act,
            text,
            part,
            objects,
            evidence,
        } => (
            act,
            "answer",
            json!({ "scope": scope(part), "text": text, "objects": objects, "evidence": evidence }),
        ),
        C::Feedback {
            act,
            useful,
            quality,
            acted,
            note,
        } => (
            act,
            "feedback",
            json!({ "useful": useful, "quality": quality, "acted": acted, "note": note }),
        ),
        C::Reopen { act, gap } => (act, "reopen", json!({ "gap": gap })),
        C::Withdraw { act, reason } => (act, "withdraw", json!({ "reason": reason })),
        C::Purged {
            act,
            retained,
            until,
            note,
        } => (
            act,
            "purged",
            json!({ "retained": retained, "until": until, "note": note }),
        ),
        C::Confirm { act, reference } => (act, "confirm", json!({ "reference": reference })),
        C::Dispute { act, message, text } => {
            (act, "dispute", json!({ "message": message, "text": text }))
        }
        C::Settle { act, message, text } => {
            (act, "settle", json!({ "message": message, "text": text }))
        }
        C::Hold { act, until } => (act, "hold", json!({ "until": until })),
        C::Renew { act, until } => (act, "renew", json!({ "until": until })),
        C::Release { act, note } => (act, "release", json!({ "note": note })),
        C::Convert { act, reference } => (act, "convert", json!({ "reference": reference })),
        C::Lost { act, reason } => (act, "lost", json!({ "reason": reason })),
    })
}

/// What an act leaves to the request itself: the fields that are missing, the digest of a message named by its place.
fn completed(
    backend: &mut Backend,
    id: &str,
    event: &str,
    mut content: Value,
) -> Result<Value, Failure> {
    let returns_nothing = event == "return" && content.pointer("/fields/0").is_none();
    let place = content
        .get("message")
        .and_then(Value::as_str)
        .filter(|text| text.contains('/'));
    let place = place.map(ToOwned::to_owned);
    if !returns_nothing && place.is_none() {
        return Ok(content);
    }
    if returns_nothing {
        let shown = backend.case(CaseCommand::Show {
            thread: id.to_owned(),
        })?;
        let missing = shown
            .pointer("/request/missing")
            .cloned()
            .unwrap_or_default();
        if missing.as_array().is_none_or(Vec::is_empty) {
            return Err(Failure::usage(
                "the request has every field that its type needs",
                "name what does not do with --field, and say why with --note",
            ));
        }
        put(&mut content, "fields", missing);
    }
    if let Some(place) = place {
        let digest = message_named(backend, id, &place)?;
        put(&mut content, "message", Value::from(digest));
    }
    Ok(content)
}

/// The digest of a message that is named by its place in a thread, such as bravo/3; a digest stays as it is.
pub(crate) fn message_named(
    backend: &mut Backend,
    id: &str,
    place: &str,
) -> Result<String, Failure> {
    if !place.contains('/') {
        return Ok(place.to_owned());
    }
    let shown = backend.case(CaseCommand::Show {
        thread: id.to_owned(),
    })?;
    let messages = shown.get("messages").and_then(Value::as_array);
    let mut named = messages
        .into_iter()
        .flatten()
        .filter(|one| text(one, "place") == place);
    let digest = named.next().map(|one| text(one, "digest").to_owned());
    digest.ok_or_else(|| {
        // The noun of calls is where they ring.
        let noun = match text(&shown, "subject") {
            "call" => "hotline",
            subject => subject,
        };
        Failure::no(
            format!("no message stands at {place}"),
            format!("`comity {noun} show {id}` lists them"),
        )
    })
}

fn put(content: &mut Value, name: &str, value: Value) {
    if let Some(fields) = content.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

pub(crate) fn acting(officer: Officer) -> Acting {
    Acting {
        officer: officer.name,
        role: officer.role,
        second: officer.second,
        person: officer.person,
    }
}

/// A form that was filled in, which must be complete unless the officer says otherwise.
fn opened(form: &Path, incomplete: bool) -> Result<Value, Failure> {
    let said = Value::Object(read_form(form)?);
    let wrong = |reason: String| {
        Failure::usage(
            format!("{} is no request: {reason}", form.display()),
            "`comity request form TYPE` prints a form to fill in",
        )
    };
    let content = Content::read(&said).map_err(wrong)?;
    let missing = content.missing();
    if !missing.is_empty() && !incomplete {
        return Err(Failure::usage(
            format!("the request lacks {}", missing.join(", ")),
            "fill them in, or send it as it is with --incomplete: the other side may return it",
        ));
    }
    Ok(said)
}

fn read_form(path: &Path) -> Result<Map<String, Value>, Failure> {
    let wrong = |reason: String| {
        Failure::usage(
            format!("cannot read {}: {reason}", path.display()),
            "a form is TOML; `comity request form TYPE` prints one",
        )
    };
    let size = std::fs::metadata(path)
        .map_err(|error| wrong(error.to_string()))?
        .len();
    if size > FORM_BYTES_MAX {
        return Err(wrong(format!(
            "it has {size} bytes; the limit is {FORM_BYTES_MAX}"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let mut fields: Map<String, Value> =
        toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
    // A line of the form that was not filled in says nothing.
    fields.retain(|_, value| !matches!(value, Value::String(text) if text.trim().is_empty()));
    Ok(fields)
}

pub(crate) fn told(data: Option<PathBuf>, json: bool, command: CaseCommand) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let line = backend.case(command)?;
    tell(&line, json)?;
    backend.close()
}

pub(crate) fn tell(line: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(line);
    }
    output::data(text(line, "id"))?;
    output::say(&format!("{}; {}", text(line, "state"), threads::owed(line)));
    Ok(())
}
