//! Requests as people read them.
//!
//! In scope: the one request, as lines. Out of scope: asking the node.

use serde_json::Value;

use crate::cli::Json;
use crate::commands::parties::text;
use crate::commands::threads::{each, head, steps};
use crate::failure::Failure;
use crate::output;

/// One request, whole.
pub(super) fn whole(shown: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(shown);
    }
    let request = shown.get("request").cloned().unwrap_or_default();
    head(shown, &request)?;
    missing(&request)?;
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

/// Fields that its type needs and that say nothing.
fn missing(request: &Value) -> Result<(), Failure> {
    let missing: Vec<&str> = each(request, "missing").filter_map(Value::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    output::data(&format!("missing: {}", missing.join(", ")))
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
