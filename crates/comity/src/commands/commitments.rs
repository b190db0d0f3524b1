//! `comity commitment`.
//!
//! In scope: one call of the node, and the table for people. Out of scope: judging.

use comity_node::case::command::CaseCommand;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::commitment::CommitmentCommand;
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output;

/// `comity commitment …`
pub(crate) fn run(command: CommitmentCommand) -> Result<(), Failure> {
    let CommitmentCommand::List {
        data,
        party,
        period,
        json,
    } = command;
    let mut backend = Backend::open(&data_folder(data.data)?)?;
    let all = backend.case(CaseCommand::Commitments { party, period })?;
    backend.close()?;
    if json.json {
        return output::json(&all);
    }
    let rows = all.as_array().cloned().unwrap_or_default();
    if rows.is_empty() {
        output::say("no commitments: an accord in force names them");
    }
    for row in &rows {
        output::data(&line(row))?;
    }
    Ok(())
}

fn line(row: &Value) -> String {
    let number = |name: &str| row.get(name).and_then(Value::as_u64).unwrap_or(0);
    let is = |name: &str| row.get(name).and_then(Value::as_bool) == Some(true);
    let stands = match text(row, "stands") {
        "running" => "running".to_owned(),
        word if is("running") => format!("running, {word} so far"),
        word => word.to_owned(),
    };
    let disputed = match number("disputed") {
        0 => String::new(),
        count => format!(", {count} disputed"),
    };
    let exercise = if is("exercise") { "EXERCISE " } else { "" };
    let calendar = row.get("calendar").filter(|calendar| !calendar.is_null());
    let calendar = calendar.map_or_else(
        || "every day, UTC".to_owned(),
        |calendar| {
            let parts = ["id", "hours", "time_zone"].map(|name| text(calendar, name));
            parts.join(" ")
        },
    );
    let (kept, missed) = (number("kept"), number("missed"));
    let columns = [
        stands,
        format!("{exercise}{}", text(row, "commitment")),
        format!("{} to {}", text(row, "by"), text(row, "to")),
        text(row, "metric").to_owned(),
        format!(
            "{kept} of {}{disputed}, {} % promised",
            kept + missed,
            number("target_percent")
        ),
        format!(
            "{} until {}",
            text(row, "period"),
            text(row, "window_until")
        ),
        calendar,
        text(row, "formula").to_owned(),
        text(row, "basis").to_owned(),
    ];
    columns.join("\t")
}
