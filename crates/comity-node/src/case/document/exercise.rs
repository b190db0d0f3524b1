//! Exercises as JSON documents.
//!
//! In scope: the form. Out of scope: what may be done when (`comity_case::exercise`).

use comity_case::exercise::{Exercise, State, TABLE};
use comity_case::scenario::Scenario;
use comity_case::table::{Word as _, possible};
use serde_json::{Value, json};

use super::{record, seconds, side_of};

/// An exercise at a time in seconds since 1970.
pub(crate) fn of_exercise(
    exercise: &Exercise,
    scenario: Option<&Scenario>,
    own: &str,
    now: i64,
) -> Value {
    let injects = exercise.injects.iter().map(|one| {
        json!({
            "number": one.number, "text": one.text, "simulated": seconds(one.simulated), "at": seconds(one.at),
        })
    });
    let reports = exercise
        .reports
        .iter()
        .map(|(at, by, text)| json!({ "at": seconds(*at), "by": by.as_str(), "text": text }));
    let mut document = json!({
        "state": exercise.state.word(), "title": exercise.title, "scenario": exercise.scenario.to_string(),
        "scenario_here": scenario.is_some(), "starts": seconds(exercise.planned.0), "ends": seconds(exercise.planned.1),
        "started": exercise.started.map(seconds), "stopped": exercise.stopped.map(seconds),
        "completed": exercise.completed().map(seconds), "injects": injects.collect::<Vec<_>>(),
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
    let shows = shows.map(|(started, until)| seconds(scenario.simulated(started, until)));
    let clock = scenario.clock();
    json!({ "starts_at": seconds(clock.start), "speed": clock.speed, "shows": shows })
}
