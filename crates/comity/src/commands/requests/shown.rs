//! Requests as people read them.
//!
//! In scope: the list and the one request, as lines. Out of scope: asking the node.

use serde_json::Value;

use super::owed;
use crate::cli::Json;
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output;

/// Which requests of a list are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Only {
    /// Those where this party owes something.
    Ours,
}

/// Characters of a name that a list shows: the subject and eight digits of the number.
const NAME_CHARS: usize = 17;

/// A list, a line each; what this party owes the most pressing first.
pub(super) fn list(all: &Value, only: Option<Only>, json: Json) -> Result<(), Failure> {
    let mut rows: Vec<Value> = all.as_array().cloned().unwrap_or_default();
    if only == Some(Only::Ours) {
        rows.retain(|row| row.get("ours").and_then(Value::as_bool) == Some(true));
        rows.sort_by(|one, two| text(one, "due").cmp(text(two, "due")));
    }
    if json.json {
        return output::json(&rows);
    }
    if rows.is_empty() {
        output::say(
            "no requests; `comity request form TYPE` prints a form, `comity request open FILE --to PARTY --tlp LABEL` sends it",
        );
    }
    for row in &rows {
        let id: String = text(row, "id").chars().take(NAME_CHARS).collect();
        let columns = [
            id.as_str(),
            text(row, "state"),
            text(row, "urgency"),
            text(row, "label"),
            text(row, "party"),
            text(row, "title"),
            &owed(row),
        ];
        output::data(&columns.join("\t"))?;
    }
    Ok(())
}

/// One request, whole.
pub(super) fn whole(shown: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(shown);
    }
    let request = shown.get("request").cloned().unwrap_or_default();
    head(shown, &request)?;
    output::data("")?;
    said(&request)?;
    output::data("")?;
    steps(&request)?;
    for note in each(shown, "notes") {
        let (at, officer, body) = (
            text(note, "recorded"),
            text(note, "officer"),
            text(note, "text"),
        );
        output::data(&format!("note, {at}, {officer}: {body}"))?;
    }
    output::say(&format!("possible now: {}", text(&request, "possible")));
    Ok(())
}

/// What it is, where it stands, what is owed and what is missing.
fn head(shown: &Value, request: &Value) -> Result<(), Failure> {
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
    output::data(&format!("{}  {}", text(shown, "id"), text(shown, "title")))?;
    output::data(&format!(
        "{}, {}, {}{exercise}, from {opener} to {to}",
        text(shown, "state"),
        text(shown, "urgency"),
        text(shown, "label"),
    ))?;
    for due in each(request, "due") {
        let overdue = due.get("overdue").and_then(Value::as_bool) == Some(true);
        let late = if overdue { "  OVERDUE" } else { "" };
        output::data(&format!(
            "owed: {} by {}, {}{late}",
            text(due, "what"),
            text(due, "by"),
            text(due, "at")
        ))?;
    }
    let missing: Vec<&str> = each(request, "missing").filter_map(Value::as_str).collect();
    if !missing.is_empty() {
        output::data(&format!("missing: {}", missing.join(", ")))?;
    }
    Ok(())
}

/// What was asked.
fn said(request: &Value) -> Result<(), Failure> {
    let content = request.get("content").and_then(Value::as_object);
    for (name, value) in content.into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned);
        output::data(&format!("{name}: {value}"))?;
    }
    Ok(())
}

/// Every message, those that count for nothing, and those that are not here.
fn steps(request: &Value) -> Result<(), Failure> {
    for step in each(request, "steps") {
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
    for void in each(request, "void") {
        let (place, event, reason) = (
            text(void, "place"),
            text(void, "event"),
            text(void, "reason"),
        );
        output::data(&format!("{place}\t{event}\tcounts for nothing: {reason}"))?;
    }
    for one in each(request, "lacking") {
        let (author, digest) = (text(one, "author"), text(one, "digest"));
        output::data(&format!("a message of {author} is not here yet: {digest}"))?;
    }
    for one in each(request, "contradicting") {
        let author = text(one, "author");
        output::data(&format!(
            "{author} wrote two messages in one place; neither counts"
        ))?;
    }
    Ok(())
}

fn each<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let all = value.get(name).and_then(Value::as_array);
    all.into_iter().flatten()
}
