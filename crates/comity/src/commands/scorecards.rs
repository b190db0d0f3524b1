//! `comity scorecard`.
//!
//! In scope: one call of the node each, and tables for people. Out of scope: the formulas.
//! Limits: [`CARD_BYTES_MAX`].

use std::path::Path;

use comity_accord::evaluation::period::Stretch;
use comity_accord::evaluation::scorecard::first_difference;
use comity_accord::text::AccordText;
use comity_case::history::stamp;
use comity_node::case::command::CaseCommand;
use comity_node::case::offline::scorecard;
use comity_node::ledger::verify::verify;
use comity_stix::timestamp::Timestamp;
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
            let rows = (rows && !which.json.json).then_some(Detail::Rows);
            tell(&card, rows.unwrap_or_else(|| Detail::of(which.json)))
        }
        ScorecardCommand::Sign { which, officer } => {
            let command = CaseCommand::SignScorecard {
                party: which.party.clone(),
                period: which.period.clone(),
                acting: acting(officer),
            };
            tell(&asked(&which, command)?, Detail::of(which.json))
        }
        ScorecardCommand::Rows { which, officer } => {
            let command = CaseCommand::ShowRows {
                party: which.party.clone(),
                period: which.period.clone(),
                acting: acting(officer),
            };
            tell(&asked(&which, command)?, Detail::of(which.json))
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
        ScorecardCommand::Offline {
            evidence,
            accord,
            between,
            period,
            as_of,
            json,
            ..
        } => {
            let text = read_text(
                &accord,
                "name the accord's text, as `comity accord show NAME` prints it",
            )?;
            offline(&evidence, &text, &between, (&period, &as_of), json.json)
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

fn offline(
    evidence: &Path,
    accord: &str,
    between: &[String],
    (period, as_of): (&str, &str),
    json: bool,
) -> Result<(), Failure> {
    let wrong = |reason: String| {
        Failure::usage(
            reason,
            "`comity scorecard offline --help` shows what it takes",
        )
    };
    let accord =
        AccordText::parse(accord).map_err(|error| wrong(format!("the accord's text: {error}")))?;
    let period = Stretch::parse(period)
        .ok_or_else(|| wrong(format!("{period:?} is no period such as 2026-Q4")))?;
    let as_of = Timestamp::parse(as_of).map_err(|error| wrong(error.to_string()))?;
    let [one, two] = between else {
        return Err(wrong("name two parties".to_owned()));
    };
    let mut files = super::ledger::existing(evidence)?;
    let report = verify(&mut files).map_err(|error| {
        Failure::because(&error, "is it a folder that `comity ledger export` wrote?")
    })?;
    if !report.is_sound() {
        return Err(Failure::verification(
            "the evidence does not hold",
            format!(
                "`comity ledger verify {}` says what is wrong",
                evidence.display()
            ),
        ));
    }
    let question = (period, as_of.micros().div_euclid(1_000_000));
    let made = scorecard(&mut files, &accord, [one.as_str(), two.as_str()], question).map_err(
        |error| Failure::because(&error, "name parties of the accord and of the evidence"),
    )?;
    if json {
        let (hash, root) = (
            made.scorecard.hash().to_string(),
            made.set.root().to_string(),
        );
        return output::json(&serde_json::json!({
            "hash": hash, "root": root, "messages": made.set.len(), "text": made.scorecard.text(),
            "review": made.paper.map(|paper| paper.hash.to_string()),
        }));
    }
    output::data(made.scorecard.text())?;
    output::say(&format!(
        "hash {}\nfrom {} messages, root {}",
        made.scorecard.hash(),
        made.set.len(),
        made.set.root(),
    ));
    Ok(())
}

fn compare(first: &Path, second: &Path) -> Result<(), Failure> {
    let hint = "`comity scorecard show --canonical` writes one";
    let (one, two) = (read_text(first, hint)?, read_text(second, hint)?);
    match first_difference(&one, &two) {
        None => output::data("equal"),
        Some((place, one, two)) => Err(Failure::no(
            format!("the scorecards differ at {place}: {one} here, {two} there"),
            "`comity request show ID` shows the messages of that row on each side",
        )),
    }
}

fn read_text(path: &Path, hint: &str) -> Result<String, Failure> {
    let wrong =
        |reason: String| Failure::usage(format!("cannot read {}: {reason}", path.display()), hint);
    let size = std::fs::metadata(path)
        .map_err(|error| wrong(error.to_string()))?
        .len();
    if size > CARD_BYTES_MAX {
        return Err(wrong(format!(
            "it has {size} bytes; the limit is {CARD_BYTES_MAX}"
        )));
    }
    std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))
}

/// How much of a scorecard is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    Json,
    Sums,
    Rows,
}

impl Detail {
    const fn of(json: crate::cli::Json) -> Self {
        if json.json { Self::Json } else { Self::Sums }
    }
}

fn tell(card: &Value, detail: Detail) -> Result<(), Failure> {
    if detail == Detail::Json {
        return output::json(card);
    }
    results(card, detail == Detail::Rows)?;
    say_where_it_stands(card);
    Ok(())
}

/// What each commitment came to, a line each, and its rows if they are wanted.
pub(crate) fn results(card: &Value, with_rows: bool) -> Result<(), Failure> {
    let results = card.pointer("/card/results").and_then(Value::as_array);
    for result in results.into_iter().flatten() {
        output::data(&sums(result))?;
        let rows = result.get("rows").and_then(Value::as_array);
        for row in rows.into_iter().flatten().filter(|_| with_rows) {
            let at = |name: &str| row.get(name).and_then(Value::as_i64).map(stamp);
            let (due, done) = (at("due").unwrap_or_default(), at("done"));
            output::data(&format!(
                "\t{}\t{}\tdue {due}\tdone {}",
                text(row, "verdict"),
                text(row, "subject"),
                done.unwrap_or_else(|| "-".to_owned()),
            ))?;
        }
    }
    Ok(())
}

/// What one commitment came to.
fn sums(result: &Value) -> String {
    let number = |name: &str| result.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (kept, missed, disputed) = (number("kept"), number("missed"), number("disputed"));
    let is_exercise = result.get("exercise").and_then(Value::as_bool) == Some(true);
    let exercise = if is_exercise { "EXERCISE " } else { "" };
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
    columns.join("\t")
}

fn say_where_it_stands(card: &Value) {
    let longer = card.get("longer").and_then(Value::as_array);
    let longer: Vec<&str> = longer
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !longer.is_empty() {
        let longer = longer.join(", ");
        output::say(&format!("judged over a longer period, not here: {longer}"));
    }
    output::say(&format!(
        "hash {}\nfrom {} messages, root {}, as of {}",
        text(card, "hash"),
        card.get("messages").and_then(Value::as_u64).unwrap_or(0),
        text(card, "root"),
        text(card, "as_of"),
    ));
    output::say(&match (text(card, "review"), text(card, "difference")) {
        ("agreed", _) => "both sides say the same".to_owned(),
        ("differing", "") => {
            "the two sides differ; `comity scorecard rows` on both sides shows where".to_owned()
        }
        ("differing", difference) => format!("the two sides differ: {difference}"),
        _ => "not yet said by both sides: `comity scorecard sign`".to_owned(),
    });
}
