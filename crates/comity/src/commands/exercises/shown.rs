//! Exercises as people read them.
//!
//! In scope: one exercise, its injects and its report, as lines. Out of scope: asking the node, HTML (`page`).

use serde_json::Value;

use crate::cli::Json;
use crate::commands::parties::text;
use crate::commands::scorecards;
use crate::commands::threads::{each, head, owed, steps};
use crate::failure::Failure;
use crate::output;

/// After an act: the exercise's name, where it stands, and what is owed.
pub(super) fn told(shown: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(shown);
    }
    output::data(text(shown, "id"))?;
    output::say(&format!("{}; {}", text(shown, "state"), owed(shown)));
    Ok(())
}

/// One exercise, whole.
pub(super) fn whole(shown: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(shown);
    }
    let exercise = shown.get("exercise_thread").cloned().unwrap_or_default();
    head(shown, &exercise)?;
    times(&exercise)?;
    output::data("")?;
    for inject in each(&exercise, "injects") {
        output::data(&given(inject))?;
    }
    reports(&exercise)?;
    output::data("")?;
    steps(&exercise)?;
    output::say(&format!("possible now: {}", text(&exercise, "possible")));
    Ok(())
}

fn times(exercise: &Value) -> Result<(), Failure> {
    output::data(&format!(
        "planned: {} to {}",
        text(exercise, "starts"),
        text(exercise, "ends")
    ))?;
    let here = exercise.get("scenario_here").and_then(Value::as_bool) == Some(true);
    output::data(&format!(
        "scenario: {}{}",
        text(exercise, "scenario"),
        if here { ", kept here" } else { ", not here" }
    ))?;
    for (name, key) in [
        ("started", "started"),
        ("stopped", "stopped"),
        ("completed", "completed"),
    ] {
        if !text(exercise, key).is_empty() {
            output::data(&format!("{name}: {}", text(exercise, key)))?;
        }
    }
    let clock = exercise.get("clock").cloned().unwrap_or_default();
    if !text(&clock, "shows").is_empty() {
        let speed = clock.get("speed").and_then(Value::as_u64).unwrap_or(1);
        output::data(&format!(
            "simulated clock: {}, {speed} times as fast as the real one",
            text(&clock, "shows")
        ))?;
    }
    Ok(())
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn given(inject: &Value) -> String {
    format!(
        "inject {}, simulated {}, given {}: {}",
        number(inject, "number"),
        text(inject, "simulated"),
        text(inject, "at"),
        text(inject, "text")
    )
}

fn reports(exercise: &Value) -> Result<(), Failure> {
    for report in each(exercise, "reports") {
        output::data(&format!(
            "after-action report of {}, {}: {}",
            text(report, "by"),
            text(report, "at"),
            text(report, "text")
        ))?;
    }
    Ok(())
}

/// Every inject with its times, a line each.
pub(super) fn injects(shown: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(shown);
    }
    for inject in each(shown, "injects") {
        let columns = [
            number(inject, "number").to_string(),
            text(inject, "state").to_owned(),
            format!("simulated {}", text(inject, "simulated")),
            format!("real {}", text(inject, "real")),
            match text(inject, "given") {
                "" => "-".to_owned(),
                at => format!("given {at}"),
            },
            text(inject, "text").to_owned(),
        ];
        output::data(&columns.join("\t"))?;
        for one in each(inject, "expected") {
            output::data(&format!(
                "\texpected of {} within {} simulated minutes: {}",
                text(one, "by"),
                number(one, "within_minutes"),
                text(one, "text")
            ))?;
        }
    }
    let clock = shown.get("clock").cloned().unwrap_or_default();
    output::say(&match text(&clock, "shows") {
        "" => "the simulated clock does not run; real times are as planned".to_owned(),
        at => format!("the simulated clock shows {at}"),
    });
    Ok(())
}

/// The report of the whole.
pub(super) fn report(report: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(report);
    }
    let exercise = report.get("exercise_thread").cloned().unwrap_or_default();
    head(report, &exercise)?;
    times(&exercise)?;
    output::data("\nWhat was given")?;
    for inject in each(report, "given") {
        output::data(&given(inject))?;
        for one in each(inject, "expected") {
            output::data(&format!(
                "  expected of {} until {}: {}",
                text(one, "by"),
                text(one, "until"),
                text(one, "text")
            ))?;
            output::data(&format!("    meanwhile: {}", meanwhile(one)))?;
        }
    }
    output::data("\nWhat was done")?;
    for row in each(report, "threads") {
        output::data(&format!(
            "{}\t{}\t{}\tfrom {}",
            text(row, "id"),
            text(row, "state"),
            text(row, "title"),
            text(row, "opener")
        ))?;
    }
    output::data("\nWhat each side learned")?;
    reports(&exercise)?;
    let card = report.get("scorecard").cloned().unwrap_or_default();
    if card.is_object() {
        output::data("\nWhat the promises of the accord came to")?;
        scorecards::results(&card, false)?;
        output::data(&format!(
            "hash {}, as of {}",
            text(&card, "hash"),
            text(&card, "as_of")
        ))?;
    }
    Ok(())
}

/// What a party did until something was expected of it.
pub(super) fn meanwhile(expected: &Value) -> String {
    let done = each(expected, "done").map(|one| {
        let thread: String = text(one, "thread")
            .chars()
            .take_while(|c| *c != '-')
            .collect();
        format!("{} ({thread}) {}", text(one, "event"), text(one, "at"))
    });
    let done: Vec<String> = done.collect();
    if done.is_empty() {
        format!("nothing by {}", text(expected, "by"))
    } else {
        done.join(", ")
    }
}
