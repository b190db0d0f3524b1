//! `comity scorecard`.
//!
//! In scope: one call of the node each, and tables for people. Out of scope: the formulas.
//! Limits: [`CARD_BYTES_MAX`].

use std::path::Path;

use comity_accord::evaluation::scorecard::first_difference;
use comity_node::case::command::CaseCommand;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::scorecard::{ScorecardCommand, Which};
use crate::commands::parties::text;
use crate::commands::requests::acting;
use crate::failure::Failure;
use crate::output;

/// The longest scorecard that is compared.
const CARD_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// `comity scorecard …`
pub(crate) fn run(command: ScorecardCommand) -> Result<(), Failure> {
    match command {
        ScorecardCommand::Show {
            which,
            as_of,
            rows,
            canonical,
        } => {
            let command = CaseCommand::Scorecard {
                party: which.party.clone(),
                period: which.period.clone(),
                as_of,
            };
            let card = asked(&which, command)?;
            if canonical {
                return output::data(text(&card, "text"));
            }
            tell(&card, which.json.json, rows)
        }
        ScorecardCommand::Sign { which, officer } => {
            let command = CaseCommand::SignScorecard {
                party: which.party.clone(),
                period: which.period.clone(),
                acting: acting(officer),
            };
            let card = asked(&which, command)?;
            tell(&card, which.json.json, false)
        }
        ScorecardCommand::Rows { which, officer } => {
            let command = CaseCommand::ShowRows {
                party: which.party.clone(),
                period: which.period.clone(),
                acting: acting(officer),
            };
            let card = asked(&which, command)?;
            tell(&card, which.json.json, false)
        }
        ScorecardCommand::Attest {
            which,
            breach,
            officer,
        } => {
            let command = CaseCommand::Attest {
                party: which.party.clone(),
                period: which.period.clone(),
                breach,
                acting: acting(officer),
            };
            asked(&which, command)?;
            output::say("said, and on record with both sides");
            Ok(())
        }
        ScorecardCommand::Compare { first, second, .. } => compare(&first, &second),
    }
}

fn asked(which: &Which, command: CaseCommand) -> Result<Value, Failure> {
    let mut backend = Backend::open(&data_folder(which.data.data.clone())?)?;
    let card = backend.case(command)?;
    backend.close()?;
    Ok(card)
}

fn compare(first: &Path, second: &Path) -> Result<(), Failure> {
    let read = |path: &Path| {
        let wrong = |reason: String| {
            Failure::usage(
                format!("cannot read {}: {reason}", path.display()),
                "`comity scorecard show --canonical` writes one",
            )
        };
        let size = std::fs::metadata(path)
            .map_err(|error| wrong(error.to_string()))?
            .len();
        if size > CARD_BYTES_MAX {
            return Err(wrong(format!(
                "it has {size} bytes; the limit is {CARD_BYTES_MAX}"
            )));
        }
        std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))
    };
    let (one, two) = (read(first)?, read(second)?);
    match first_difference(&one, &two) {
        None => output::data("equal"),
        Some((place, one, two)) => Err(Failure::no(
            format!("the scorecards differ at {place}: {one} here, {two} there"),
            "`comity request show ID` shows the messages of that row on each side",
        )),
    }
}

fn tell(card: &Value, json: bool, rows: bool) -> Result<(), Failure> {
    if json {
        return output::json(card);
    }
    let results = card.pointer("/card/results").and_then(Value::as_array);
    for result in results.into_iter().flatten() {
        let number = |name: &str| result.get(name).and_then(Value::as_u64).unwrap_or(0);
        let (kept, missed, disputed) = (number("kept"), number("missed"), number("disputed"));
        let exercise = if result.get("exercise").and_then(Value::as_bool) == Some(true) {
            "EXERCISE "
        } else {
            ""
        };
        let disputed = if disputed == 0 {
            String::new()
        } else {
            format!(", {disputed} disputed")
        };
        let columns = [
            text(result, "outcome").to_owned(),
            format!("{exercise}{}", text(result, "commitment")),
            format!("{} to {}", text(result, "by"), text(result, "to")),
            format!(
                "{kept} of {}{disputed}, {} % promised",
                kept + missed,
                number("required_percent")
            ),
            text(result, "basis").to_owned(),
        ];
        output::data(&columns.join("\t"))?;
        let shown = result
            .get("rows")
            .and_then(Value::as_array)
            .filter(|_| rows);
        for row in shown.into_iter().flatten() {
            let done = row
                .get("done")
                .and_then(Value::as_i64)
                .map_or_else(|| "-".to_owned(), moment);
            let due = row
                .get("due")
                .and_then(Value::as_i64)
                .map_or_else(String::new, moment);
            output::data(&format!(
                "\t{}\t{}\tdue {due}\tdone {done}",
                text(row, "verdict"),
                text(row, "subject")
            ))?;
        }
    }
    let longer: Vec<&str> = card
        .get("longer")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !longer.is_empty() {
        output::say(&format!(
            "judged over a longer period, not here: {}",
            longer.join(", ")
        ));
    }
    output::say(&format!(
        "hash {}\nfrom {} messages, root {}, as of {}",
        text(card, "hash"),
        card.get("messages").and_then(Value::as_u64).unwrap_or(0),
        text(card, "root"),
        text(card, "as_of"),
    ));
    output::say(&match text(card, "review") {
        "agreed" => "both sides say the same".to_owned(),
        "differing" => match card.get("difference").and_then(Value::as_str) {
            Some(difference) => format!("the two sides differ: {difference}"),
            None => {
                "the two sides differ; `comity scorecard rows` on both sides shows where".to_owned()
            }
        },
        _ => "not yet said by both sides: `comity scorecard sign`".to_owned(),
    });
    Ok(())
}

fn moment(seconds: i64) -> String {
    let at = comity_stix::timestamp::Timestamp::from_micros(seconds.saturating_mul(1_000_000));
    at.map_or_else(String::new, comity_stix::timestamp::Timestamp::to_stix)
}
