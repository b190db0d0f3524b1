//! Exercises as JSON documents.
//!
//! In scope: the form. Out of scope: what may be done when (`comity_case::exercise`).

use comity_case::exercise::{Exercise, State, TABLE};
use comity_case::history::stamp;
use comity_case::scenario::Scenario;
use comity_case::table::{Word as _, possible};
use serde_json::{Value, json};

use super::{record, side_of};

/// An exercise at a time in seconds since 1970.
pub(crate) fn of_exercise(
    exercise: &Exercise,
    scenario: Option<&Scenario>,
    own: &str,
    now: i64,
) -> Value {
    let injects = exercise.injects.iter().map(|one| {
        json!({
            "number": one.number, "text": one.text, "simulated": stamp(one.simulated), "at": stamp(one.at),
        })
    });
    let reports = exercise
        .reports
        .iter()
        .map(|(at, by, text)| json!({ "at": stamp(*at), "by": by.as_str(), "text": text }));
    let mut document = json!({
        "state": exercise.state.word(), "title": exercise.title, "scenario": exercise.scenario.to_string(),
        "scenario_here": scenario.is_some(), "starts": stamp(exercise.planned.0), "ends": stamp(exercise.planned.1),
        "started": exercise.started.map(stamp), "stopped": exercise.stopped.map(stamp),
        "completed": exercise.completed().map(stamp), "injects": injects.collect::<Vec<_>>(),
        "reports": reports.collect::<Vec<_>>(), "clock": scenario.map(|one| clock(exercise, one, now)),
        "possible": possible(TABLE, exercise.state, side_of(&exercise.opening, own)),
    });
    let dues = exercise.dues();
    record::add(
        &mut document,
        (&exercise.opening, &exercise.record),
        &dues,
        now,
    );
    document
}

/// What the simulated clock shows, while the exercise runs and when it was stopped.
pub(crate) fn clock(exercise: &Exercise, scenario: &Scenario, now: i64) -> Value {
    let until = match exercise.state {
        State::Running => Some(now),
        State::Stopped | State::Completed => exercise.stopped,
        State::Proposed | State::Agreed | State::Declined => None,
    };
    let shows = exercise.started.zip(until);
    let shows = shows.map(|(started, until)| stamp(scenario.simulated(started, until)));
    let clock = scenario.clock();
    json!({ "starts_at": stamp(clock.start), "speed": clock.speed, "shows": shows })
}
