//! What an exercise adds to its thread: its plan, its injects, what is practised in it; and the report after it.
//!
//! In scope: the parts and the report. Out of scope: what may be said (`thread`).

use askama::Template;
use serde_json::{Value, json};

use crate::facts::{self, Fact};
use crate::frame::{Fault, Frame, Shown, page};
use crate::html::Html;
use crate::screens::scorecards::results_table;
use crate::screens::threads::{Line, lines};
use crate::screens::{number, rows, some, text};
use crate::sheet::Table;
use crate::visit::{Visit, Web};

/// Something that is pretended to happen.
pub(crate) struct Inject {
    pub(crate) number: u64,
    pub(crate) state: Html,
    pub(crate) text: String,
    pub(crate) simulated: Html,
    pub(crate) real: Html,
    pub(crate) expected: Vec<String>,
}

/// The part of an exercise.
pub(crate) struct ExercisePart {
    pub(crate) facts: Vec<Fact>,
    pub(crate) injects: Vec<Inject>,
    pub(crate) threads: Vec<Line>,
    pub(crate) running: bool,
}

/// What an exercise says of itself.
pub(super) async fn of(
    frame: &mut Frame,
    (web, visit): (&Web, &Visit),
    document: &Value,
) -> Result<Option<ExercisePart>, Fault> {
    let Some(exercise) = document.get("exercise_thread") else {
        return Ok(None);
    };
    let id = text(document, "id");
    let mut injects = Vec::new();
    if exercise.get("scenario_here") == Some(&json!(true)) {
        let found = visit
            .ask(web, "list_injects", json!({ "thread": id }))
            .await?;
        let planned = found.get("injects").map_or(&[][..], rows).iter();
        injects = planned.map(|one| planned_inject(frame, one)).collect();
    }
    let practised = visit
        .ask(web, "list_threads", json!({ "exercise": id }))
        .await?;
    let threads = lines(frame, &practised);
    let told = [
        "starts",
        "ends",
        "started",
        "stopped",
        "completed",
        "clock",
        "scenario",
    ];
    Ok(Some(ExercisePart {
        facts: facts::of(frame, &super::picked(exercise, &told), &[]),
        injects,
        threads,
        running: text(exercise, "state") == "running",
    }))
}

fn planned_inject(frame: &Frame, one: &Value) -> Inject {
    let real = some(one, "given").unwrap_or_else(|| text(one, "real").to_owned());
    Inject {
        number: number(one, "number"),
        state: frame.state(text(one, "state")),
        text: text(one, "text").to_owned(),
        simulated: frame.time(text(one, "simulated")),
        real: frame.time(&real),
        expected: expectations(one),
    }
}

fn expectations(inject: &Value) -> Vec<String> {
    let expected = inject.get("expected").map_or(&[][..], rows).iter();
    let one = expected.map(|one| format!("{}: {}", text(one, "by"), text(one, "text")));
    one.collect()
}

/// What was expected of a party, and what it did meanwhile.
struct Reaction {
    by: String,
    text: String,
    until: Option<Html>,
    done: Vec<(String, String, Html)>,
}

/// An inject that was given, with what followed.
struct Given {
    number: u64,
    text: String,
    at: Html,
    expected: Vec<Reaction>,
}

#[derive(Template)]
#[template(path = "exercise_report.html")]
struct Report {
    frame: Frame,
    id: String,
    label: String,
    given: Vec<Given>,
    reports: Vec<(String, Html, String)>,
    threads: Vec<Line>,
    scorecard: Option<Table>,
}

/// `GET /exercises/{id}/report`.
pub(crate) async fn report(web: Web, visit: Visit) -> Shown {
    let asked = json!({ "thread": visit.argument("id") });
    let found = visit.ask(&web, "report_exercise", asked).await?;
    let mut frame = Frame::new(&web, &visit, text(&found, "title").to_owned());
    frame.exercise = true;
    frame.mark(text(&found, "label"));
    let threads = found.get("threads").cloned().unwrap_or_default();
    let threads = lines(&mut frame, &threads);
    let given = found.get("given").map_or(&[][..], rows).iter();
    let given = given.map(|one| Given {
        number: number(one, "number"),
        text: text(one, "text").to_owned(),
        at: frame.time(text(one, "at")),
        expected: one
            .get("expected")
            .map_or(&[][..], rows)
            .iter()
            .map(|each| reaction(&frame, each))
            .collect(),
    });
    let exercise = found.get("exercise_thread").unwrap_or(&Value::Null);
    let reports = exercise.get("reports").map_or(&[][..], rows).iter();
    let reports = reports.map(|one| {
        (
            text(one, "by").to_owned(),
            frame.time(text(one, "at")),
            text(one, "text").to_owned(),
        )
    });
    let (given, reports) = (given.collect(), reports.collect());
    let results = found.pointer("/scorecard/card/results");
    let card = results.map(|results| results_table(&frame, rows(results)));
    let shown = Report {
        id: text(&found, "id").to_owned(),
        label: text(&found, "label").to_owned(),
        given,
        reports,
        threads,
        scorecard: card,
        frame,
    };
    page(&visit, &shown)
}

fn reaction(frame: &Frame, one: &Value) -> Reaction {
    let done = one.get("done").map_or(&[][..], rows).iter();
    Reaction {
        by: text(one, "by").to_owned(),
        text: text(one, "text").to_owned(),
        until: some(one, "until").map(|at| frame.time(&at)),
        done: done
            .map(|act| {
                (
                    text(act, "thread").to_owned(),
                    frame.word("event", text(act, "event")),
                    frame.time(text(act, "at")),
                )
            })
            .collect(),
    }
}
