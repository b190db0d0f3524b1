//! What every noun of threads does alike: lists, steps, what is owed, a text that is said, a message named by its place.
//!
//! In scope: asking the node and showing the same things the same way. Out of scope: what one noun has besides.
//! Limits: [`TEXT_BYTES_MAX`].

use std::io::Read as _;
use std::path::{Path, PathBuf};

use comity_node::case::command::CaseCommand;
use serde_json::{Value, json};

use crate::backend::{Backend, data_folder};
use crate::cli::Json;
use crate::cli::act::{Act, Dispute, Listing, Said};
use crate::commands::parties::text;
use crate::commands::requests::{acting, message_named};
use crate::failure::Failure;
use crate::output;

/// The longest text that is said, whatever it is.
pub(crate) const TEXT_BYTES_MAX: u64 = 256 * 1024;
/// Characters of a thread's number that a list shows.
const DIGITS: usize = 8;

/// A noun whose threads are listed and shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noun {
    /// Its subject's word.
    pub(crate) subject: &'static str,
    /// What mends an empty list.
    pub(crate) nothing: &'static str,
}

/// Lists a noun's threads, of an exercise or of what is meant.
pub(crate) fn list(noun: Noun, list: Listing, exercise: Option<String>) -> Result<(), Failure> {
    let command = CaseCommand::List {
        subject: Some(noun.subject.to_owned()),
        party: list.party,
        exercise,
        owed: list.ours,
        before: None,
        limit: None,
    };
    let mut backend = Backend::open(&data_folder(list.data.data)?)?;
    let rows = backend.case(command)?;
    listed(&rows, list.ours, list.json, noun.nothing)?;
    backend.close()
}

/// A list, a line each; of what this party owes the most pressing first.
pub(crate) fn listed(all: &Value, ours: bool, json: Json, nothing: &str) -> Result<(), Failure> {
    let mut rows: Vec<Value> = all.as_array().cloned().unwrap_or_default();
    if ours {
        rows.retain(|row| row.get("ours").and_then(Value::as_bool) == Some(true));
        rows.sort_by(|one, two| text(one, "our_due").cmp(text(two, "our_due")));
    }
    lines(&rows, ours, json, nothing)
}

/// Threads in this order, a line each; with what this party owes, or with what is owed next by either.
pub(crate) fn lines(rows: &[Value], ours: bool, json: Json, nothing: &str) -> Result<(), Failure> {
    if json.json {
        return output::json(&rows);
    }
    if rows.is_empty() {
        output::say(nothing);
    }
    for row in rows {
        // The subject with its dashes, and the first digits of the number.
        let chars = text(row, "subject").chars().count() + 2 + DIGITS;
        let id: String = text(row, "id").chars().take(chars).collect();
        let columns = [
            id.as_str(),
            text(row, "state"),
            text(row, "urgency"),
            text(row, "label"),
            text(row, "party"),
            text(row, "title"),
            &if ours { we_owe(row) } else { owed(row) },
        ];
        output::data(&columns.join("\t"))?;
    }
    Ok(())
}

/// What is owed next on a thread of a list.
pub(crate) fn owed(line: &Value) -> String {
    if text(line, "due_what").is_empty() {
        return "nothing is owed".to_owned();
    }
    let overdue = line.get("overdue").and_then(Value::as_bool) == Some(true);
    format!(
        "{} owes {} by {}{}",
        text(line, "due_by"),
        text(line, "due_what"),
        text(line, "due"),
        if overdue { "  OVERDUE" } else { "" }
    )
}

/// What this party owes next on a thread of a list.
fn we_owe(line: &Value) -> String {
    let overdue = line.get("our_overdue").and_then(Value::as_bool) == Some(true);
    format!(
        "we owe {} by {}{}",
        text(line, "our_what"),
        text(line, "our_due"),
        if overdue { "  OVERDUE" } else { "" }
    )
}

/// The first lines of a thread: its name and title, where it stands, between whom, and what is owed.
pub(crate) fn head(shown: &Value, subject: &Value) -> Result<(), Failure> {
    let opener = text(shown, "opener");
    let to = if opener == text(shown, "party") {
        "us"
    } else {
        text(shown, "party")
    };
    let exercise = if text(shown, "exercise").is_empty() {
        ""
    } else {
        ", EXERCISE"
    };
    let urgency = text(shown, "urgency");
    let urgency = if urgency.is_empty() {
        String::new()
    } else {
        format!(", {urgency}")
    };
    output::data(&format!("{}  {}", text(shown, "id"), text(shown, "title")))?;
    output::data(&format!(
        "{}{urgency}, {}{exercise}, from {opener} to {to}",
        text(shown, "state"),
        text(shown, "label"),
    ))?;
    dues(subject)
}

/// What is owed in a thread, by whom and when.
pub(crate) fn dues(subject: &Value) -> Result<(), Failure> {
    for due in each(subject, "due") {
        let overdue = due.get("overdue").and_then(Value::as_bool) == Some(true);
        let late = if overdue { "  OVERDUE" } else { "" };
        output::data(&format!(
            "owed: {} by {}, {}{late}",
            text(due, "what"),
            text(due, "by"),
            text(due, "at")
        ))?;
    }
    Ok(())
}

/// Every message, those that count for nothing, and those that are not here.
pub(crate) fn steps(subject: &Value) -> Result<(), Failure> {
    for step in each(subject, "steps") {
        let received = match text(step, "received") {
            "" => "no receipt yet".to_owned(),
            at => format!("received {at}"),
        };
        output::data(&format!(
            "{}\t{}\t{}\tsent {}\t{received}\t{}",
            text(step, "place"),
            text(step, "event"),
            text(step, "officer"),
            text(step, "sent"),
            text(step, "state"),
        ))?;
    }
    faults(subject)
}

/// What counts for nothing, is not here, or contradicts itself.
pub(crate) fn faults(subject: &Value) -> Result<(), Failure> {
    for void in each(subject, "void") {
        let (place, event, reason) = (
            text(void, "place"),
            text(void, "event"),
            text(void, "reason"),
        );
        output::data(&format!("{place}\t{event}\tcounts for nothing: {reason}"))?;
    }
    for one in each(subject, "lacking") {
        let (author, digest) = (text(one, "author"), text(one, "digest"));
        output::data(&format!("a message of {author} is not here yet: {digest}"))?;
    }
    for one in each(subject, "contradicting") {
        let author = text(one, "author");
        output::data(&format!(
            "{author} wrote two messages in one place; neither counts"
        ))?;
    }
    Ok(())
}

/// The members of a list in a document.
pub(crate) fn each<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let all = value.get(name).and_then(Value::as_array);
    all.into_iter().flatten()
}

/// Whether a document says yes there.
pub(crate) fn is(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool) == Some(true)
}

/// Says something in a thread and answers the thread as it then stands.
pub(crate) fn say(
    backend: &mut Backend,
    act: Act,
    event: &str,
    content: Value,
) -> Result<Value, Failure> {
    let thread = act.id.clone();
    backend.case(CaseCommand::Say {
        thread: act.id,
        event: event.to_owned(),
        content,
        acting: acting(act.officer),
    })?;
    backend.case(CaseCommand::Show { thread })
}

/// A dispute, or the end of one; a message may be named by its place.
pub(crate) fn dispute(backend: &mut Backend, command: Dispute) -> Result<(Json, Value), Failure> {
    let (act, event, message, words) = match command {
        Dispute::Dispute { act, message, text } => (act, "dispute", message, text),
        Dispute::Settle { act, message, text } => (act, "settle", message, text),
    };
    let message = message_named(backend, &act.id, &message)?;
    let json = act.json;
    let said = json!({ "message": message, "text": words });
    Ok((json, say(backend, act, event, said)?))
}

/// The text that is said.
pub(crate) fn said(said: Said) -> Result<String, Failure> {
    match (said.text, said.file) {
        (Some(text), _) => Ok(text),
        (None, Some(path)) => read_text(&path, "name a file with the text, or give it with --text"),
        (None, None) => Err(Failure::usage(
            "there is no text",
            "give it with --text, or name a file with --file",
        )),
    }
}

/// A text from a file, or from standard input for `-`.
pub(crate) fn read_text(path: &Path, hint: &str) -> Result<String, Failure> {
    read_limited(path, TEXT_BYTES_MAX, hint)
}

/// The same with another limit, in bytes.
pub(crate) fn read_limited(path: &Path, bytes_max: u64, hint: &str) -> Result<String, Failure> {
    let wrong =
        |reason: String| Failure::usage(format!("cannot read {}: {reason}", path.display()), hint);
    let source: Box<dyn std::io::Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?)
    };
    let mut text = String::new();
    // One byte more than is allowed tells that there is more.
    let mut limited = source.take(bytes_max + 1);
    limited
        .read_to_string(&mut text)
        .map_err(|error| wrong(error.to_string()))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(wrong(format!(
            "it has more than {bytes_max} bytes, which is the limit"
        )));
    }
    Ok(text)
}

/// The node of a folder.
pub(crate) fn backend(data: Option<PathBuf>) -> Result<Backend, Failure> {
    Backend::open(&data_folder(data)?)
}
