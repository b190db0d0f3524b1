//! Calls as an officer at a telephone reads them.
//!
//! In scope: the one call, as lines, and what comes next. Out of scope: asking the node.

use serde_json::Value;

use crate::cli::Json;
use crate::commands::parties::text;
use crate::commands::threads::{each, head, steps};
use crate::failure::Failure;
use crate::output;

/// After an act: the call's name, where it stands, and what comes next.
pub(super) fn told(shown: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(shown);
    }
    output::data(text(shown, "id"))?;
    let call = shown.get("call").cloned().unwrap_or_default();
    output::say(&format!(
        "{}: {}",
        text(shown, "state"),
        text(shown, "title")
    ));
    for due in each(&call, "due") {
        let (by, what, at) = (text(due, "by"), text(due, "what"), text(due, "at"));
        output::say(&format!("{by} owes {what} by {at}"));
    }
    for line in next(&call) {
        output::say(&line);
    }
    Ok(())
}

/// One call, whole.
pub(super) fn whole(shown: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(shown);
    }
    let call = shown.get("call").cloned().unwrap_or_default();
    head(shown, &call)?;
    output::data("")?;
    tries(&call)?;
    for (side, whose) in [("ours", "our"), ("theirs", "their")] {
        said(&call, side, whose)?;
    }
    for action in each(&call, "actions") {
        let number = action.get("number").and_then(Value::as_u64).unwrap_or(0);
        let becomes = match text(action, "thread") {
            "" => String::new(),
            thread => format!(", became {thread}"),
        };
        output::data(&format!(
            "action {number}: {}, {} by {}{becomes}",
            text(action, "text"),
            text(action, "owner"),
            text(action, "due"),
        ))?;
    }
    output::data("")?;
    steps(&call)?;
    for note in each(shown, "notes") {
        let (at, officer, body) = (
            text(note, "recorded"),
            text(note, "officer"),
            text(note, "text"),
        );
        output::data(&format!("note, {at}, {officer}: {body}"))?;
    }
    for line in next(&call) {
        output::say(&line);
    }
    output::say(&format!("possible now: {}", text(&call, "possible")));
    Ok(())
}

/// Whom it rang, and who answered.
fn tries(call: &Value) -> Result<(), Failure> {
    for thread in each(call, "related").filter_map(Value::as_str) {
        output::data(&format!("about: {thread}"))?;
    }
    for one in each(call, "tries") {
        let missed = match text(one, "missed") {
            "" => String::new(),
            at => format!(", MISSED {at}"),
        };
        output::data(&format!(
            "rang {} by {}, rung {}, {}{missed}",
            text(one, "to"),
            text(call, "channel"),
            text(one, "rung"),
            text(one, "at"),
        ))?;
    }
    if let Some(answered) = call.get("answered").filter(|one| one.is_object()) {
        output::data(&format!(
            "answered by {}, {}, {}",
            text(answered, "name"),
            text(answered, "role"),
            text(answered, "at")
        ))?;
    }
    Ok(())
}

/// What one side said of the call.
fn said(call: &Value, side: &str, whose: &str) -> Result<(), Failure> {
    let account = call.get(side).cloned().unwrap_or_default();
    match account.get("matched").and_then(Value::as_bool) {
        Some(true) => output::data(&format!("{whose} officer heard the right code words"))?,
        Some(false) => output::data(&format!(
            "{whose} officer heard OTHER WORDS than were stated"
        ))?,
        None => {}
    }
    let note = match (text(&account, "note"), text(&account, "kept")) {
        ("", "") if text(&account, "seal").is_empty() => None,
        ("", "") => Some("sealed, not yet shown".to_owned()),
        ("", kept) => Some(format!("(sealed, still here) {kept}")),
        (note, _) => Some(note.to_owned()),
    };
    if let Some(note) = note {
        output::data(&format!("{whose} note: {note}"))?;
    }
    if let Some(read_back) = account.get("read_back").filter(|one| one.is_object()) {
        let agrees = read_back.get("agrees").and_then(Value::as_bool) == Some(true);
        let verdict = if agrees {
            "the two notes agree".to_owned()
        } else {
            format!("the two notes DIFFER: {}", text(read_back, "differences"))
        };
        output::data(&format!("{whose} read-back: {verdict}"))?;
    }
    if let Some(confirmed) = account.get("confirmed").filter(|one| one.is_object()) {
        let (at, words) = (text(confirmed, "at"), text(confirmed, "text"));
        output::data(&format!("{whose} confirmation, {at}: {words}"))?;
    }
    Ok(())
}

/// What an officer does next, in words.
fn next(call: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let ours = call.get("ours").cloned().unwrap_or_default();
    let theirs = call.get("theirs").cloned().unwrap_or_default();
    let heard = ours.get("matched").and_then(Value::as_bool) == Some(true);
    if !text(&ours, "say").is_empty() {
        lines.push(format!("say: {}", text(&ours, "say")));
        if text(call, "state") == "answered" && !heard {
            lines.push(
                "type what the other side says: `comity hotline identify ID WORD WORD WORD WORD`"
                    .to_owned(),
            );
        }
    }
    if text(call, "state") == "missed"
        && let Some(next) = call.get("next").filter(|one| one.is_object())
    {
        let whom = match (text(next, "to"), text(next, "phone")) {
            ("", _) => "somebody whom the accord does not name (--to)".to_owned(),
            (name, "") => name.to_owned(),
            (name, phone) => format!("{name}, {phone}"),
        };
        let rung = text(next, "rung");
        lines.push(format!(
            "ring next: {whom}, rung {rung}: `comity hotline redial ID`"
        ));
    }
    match text(call, "state") {
        "identified" if text(&ours, "seal").is_empty() => {
            lines.push("seal what was said: `comity hotline note ID --file PATH`".to_owned());
        }
        "identified" if text(&theirs, "seal").is_empty() => {
            lines.push(
                "the other side has not sealed its note yet; neither is shown before".to_owned(),
            );
        }
        "shown" if !ours.get("read_back").is_some_and(Value::is_object) => {
            lines.push("compare the two notes: `comity hotline read-back ID`, with --differs where they do not agree".to_owned());
        }
        _ => {}
    }
    lines
}
