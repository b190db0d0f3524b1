//! Cases as people read them.
//!
//! In scope: the list, the priority list and the one case, as lines. Out of scope: asking the node.

use comity_case::case::event::Priority;
use comity_case::table::Word as _;
use serde_json::Value;

use crate::cli::Json;
use crate::commands::parties::text;
use crate::commands::threads::{dues, each, faults, lines, listed};
use crate::failure::Failure;
use crate::output;

/// In which order cases are listed, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// All, the newest change first.
    Changed,
    /// Those where this party owes something, the most pressing first.
    Ours,
    /// Those that live, the highest priority first.
    Priority,
}

/// What mends an empty list.
const NOTHING: &str =
    "no cases; `comity case open --to PARTY --tlp LABEL --title T --summary S` opens one";

/// A list, a line each.
pub(super) fn list(all: &Value, order: Order, json: Json) -> Result<(), Failure> {
    if order != Order::Priority {
        return listed(all, order == Order::Ours, json, NOTHING);
    }
    let mut rows: Vec<Value> = all.as_array().cloned().unwrap_or_default();
    rows.retain(|row| matches!(text(row, "state"), "offered" | "joint"));
    let rank = |row: &Value| std::cmp::Reverse(Priority::of(text(row, "urgency")));
    rows.sort_by_key(|row| (rank(row), text(row, "opened").to_owned()));
    lines(&rows, false, json, NOTHING)
}

/// One case, whole; the timeline by one of its two clocks.
pub(super) fn whole(shown: &Value, clock: &str, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(shown);
    }
    let case = shown.get("case").cloned().unwrap_or_default();
    head(shown, &case)?;
    for part in each(&case, "items") {
        let from = text(part, "case");
        let other = (from != text(shown, "id")).then_some(from);
        items(part, clock, other)?;
    }
    let own = case.get("own").cloned().unwrap_or_default();
    if ["notes", "tasks", "observations", "timeline", "links"]
        .iter()
        .any(|name| each(&own, name).next().is_some())
    {
        output::data("\nown record: it stays in the house")?;
        items(&own, clock, None)?;
    }
    faults(&case)?;
    output::say(&format!("possible now: {}", text(&case, "possible")));
    Ok(())
}

fn head(shown: &Value, case: &Value) -> Result<(), Failure> {
    let exercise = if text(shown, "exercise").is_empty() {
        ""
    } else {
        ", EXERCISE"
    };
    output::data(&format!("{}  {}", text(shown, "id"), text(shown, "title")))?;
    let agreed = match text(case, "agreed_priority") {
        "" => "priority not agreed".to_owned(),
        word => format!("priority {word}"),
    };
    output::data(&format!(
        "{}, {}, {agreed}{exercise}, opened by {} {}",
        text(shown, "state"),
        text(shown, "label"),
        text(shown, "opener"),
        text(shown, "opened"),
    ))?;
    output::data(text(case, "summary"))?;
    for (name, words) in [("split_from", "split from"), ("merged_into", "merged into")] {
        if !text(case, name).is_empty() {
            output::data(&format!("{words} {}", text(case, name)))?;
        }
    }
    let assessed = case.get("assessment").filter(|one| one.is_object());
    if let Some(one) = assessed {
        let degree = one.get("criticality").and_then(Value::as_u64);
        let degree = degree.map_or_else(String::new, |degree| format!(", criticality {degree}"));
        output::data(&format!("assessed: {}{degree}", text(one, "determination")))?;
    }
    let sides = case.get("sides").and_then(Value::as_object);
    for (party, side) in sides.into_iter().flatten() {
        let status = side.get("status").filter(|one| one.is_object());
        let status = status.map_or_else(
            || "no status yet".to_owned(),
            |one| format!("{} ({})", text(one, "text"), text(one, "at")),
        );
        output::data(&format!(
            "{party}: number {}, priority {}, {status}",
            dash(text(side, "number")),
            dash(text(side, "priority")),
        ))?;
    }
    dues(case)
}

const fn dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// The items of one record, with the case that has them where it is another one.
fn items(part: &Value, clock: &str, from: Option<&str>) -> Result<(), Failure> {
    if let Some(from) = from {
        output::data(&format!("\nof {from}"))?;
    }
    for task in each(part, "tasks") {
        output::data(&format!(
            "task\t{}\t{}\t{}'s\t{}\t{}",
            text(task, "place"),
            text(task, "state"),
            text(task, "owner"),
            dash(text(task, "due")),
            text(task, "text"),
        ))?;
    }
    let mut timeline: Vec<&Value> = each(part, "timeline").collect();
    timeline.sort_by_key(|line| (text(line, clock).to_owned(), text(line, "place").to_owned()));
    for line in timeline {
        output::data(&format!(
            "event\t{}\thappened {}\tlearned {} by {}\t{}",
            text(line, "place"),
            text(line, "happened"),
            text(line, "learned"),
            text(line, "by"),
            text(line, "text"),
        ))?;
    }
    for seen in each(part, "observations") {
        let (place, context) = (text(seen, "place"), text(seen, "context"));
        for value in each(seen, "values") {
            let (field, value) = (text(value, "field"), text(value, "value"));
            output::data(&format!("value\t{place}\t{field}\t{value}\t{context}"))?;
        }
        for id in each(seen, "objects").filter_map(Value::as_str) {
            output::data(&format!("object\t{place}\t{id}\t{context}"))?;
        }
    }
    for link in each(part, "links") {
        output::data(&format!(
            "link\t{}\t{}\t{}\t{}",
            text(link, "place"),
            text(link, "thread"),
            dash(text(link, "state")),
            text(link, "why"),
        ))?;
    }
    for note in each(part, "notes") {
        output::data(&format!(
            "note\t{}\t{}\t{} of {}\t{}",
            text(note, "place"),
            text(note, "at"),
            text(note, "officer"),
            text(note, "by"),
            text(note, "text"),
        ))?;
    }
    Ok(())
}
