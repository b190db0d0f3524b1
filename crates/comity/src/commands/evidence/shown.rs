//! Evidence as people read it.
//!
//! In scope: tables and lists. Out of scope: what they say, which the node works out.

use serde_json::Value;

use crate::cli::Json;
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output;

/// Items in a list.
pub(super) fn list(rows: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(rows);
    }
    for row in each(rows) {
        output::data(&format!(
            "{}\t{}\t{}\t{}\t{}{}{}",
            text(row, "id"),
            row.get("size").map(ToString::to_string).unwrap_or_default(),
            text(row, "label"),
            text(row, "custody"),
            text(row, "source"),
            marks(row),
            come(row),
        ))?;
    }
    if each(rows).next().is_none() {
        output::say("no evidence; `comity evidence add FILE` takes one in");
    }
    Ok(())
}

/// Items whose custody does not fit, with what does not.
pub(super) fn gaps(rows: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(rows);
    }
    for row in each(rows) {
        for gap in members(row, "gaps").filter_map(Value::as_str) {
            output::data(&format!("{}\t{gap}", text(row, "id")))?;
        }
    }
    Ok(())
}

/// An item with its custody.
pub(super) fn whole(item: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(item);
    }
    output::data(&format!("{}\t{}", text(item, "id"), text(item, "custody")))?;
    let said = item.get("item").and_then(Value::as_object);
    for (name, value) in said.into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned);
        output::data(&format!("{name}: {value}"))?;
    }
    let here = if item.get("here").and_then(Value::as_bool) == Some(true) {
        "on this node"
    } else {
        "not on this node"
    };
    output::data(&format!("bytes: {here}{}", come(item)))?;
    events(item)?;
    for void in members(item, "void") {
        let (place, event, reason) = (
            text(void, "place"),
            text(void, "event"),
            text(void, "reason"),
        );
        output::data(&format!("{place}\t{event}\tcounts for nothing: {reason}"))?;
    }
    for report in members(item, "reports") {
        output::data(&format!(
            "report of {}: {}",
            text(report, "at"),
            text(report, "text")
        ))?;
    }
    for party in members(item, "holds").filter_map(Value::as_str) {
        output::data(&format!("held for {party}"))?;
    }
    for gap in members(item, "gaps").filter_map(Value::as_str) {
        output::data(&format!("GAP: {gap}"))?;
    }
    let due = item.get("due").filter(|due| !due.is_null());
    if let Some(due) = due {
        output::data(&format!(
            "owed: {} by {}, {}",
            text(due, "what"),
            text(due, "by"),
            text(due, "at")
        ))?;
    }
    if !text(item, "possible").is_empty() {
        output::say(&format!("possible: {}", text(item, "possible")));
    }
    Ok(())
}

/// What happened, one line each.
fn events(item: &Value) -> Result<(), Failure> {
    for event in members(item, "events") {
        let received = match (text(event, "where"), text(event, "received")) {
            ("house", _) => "in this house".to_owned(),
            (_, "") => "no receipt yet".to_owned(),
            (_, at) => format!("received {at}"),
        };
        output::data(&format!(
            "{}\t{}\t{}\t{}, {}\t{received}\t{}",
            text(event, "place"),
            text(event, "event"),
            text(event, "at"),
            text(event, "officer"),
            text(event, "party"),
            event
                .get("content")
                .filter(|_| text(event, "event") != "acquired")
                .map(ToString::to_string)
                .unwrap_or_default(),
        ))?;
    }
    Ok(())
}

fn marks(row: &Value) -> String {
    let sample = row.get("sample").and_then(Value::as_bool) == Some(true);
    let gaps = members(row, "gaps").count();
    let mut marks = String::new();
    if sample {
        marks.push_str("\tsample");
    }
    if gaps > 0 {
        marks.push_str("\tGAPS");
    }
    marks
}

/// How far an item has come.
fn come(row: &Value) -> String {
    let Some(crossing) = row
        .get("crossing")
        .filter(|one| text(one, "direction") == "in")
    else {
        return String::new();
    };
    match text(crossing, "state") {
        "wanted" | "arrived" => {
            let count = |name| crossing.get(name).and_then(Value::as_u64).unwrap_or(0);
            format!(
                "\t{} of {} MiB have arrived",
                count("mebibytes"),
                count("of")
            )
        }
        "whole" => "\tarrived, waits to be accepted".to_owned(),
        "stopped" => format!("\tnot fetched: {}", text(crossing, "reason")),
        _ => String::new(),
    }
}

fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    each(value.get(name).unwrap_or(&Value::Null))
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
