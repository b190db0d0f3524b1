//! Scenarios on this node: agreed on by hash, kept at home, and played by the simulated clock.
//!
//! In scope: proposing, keeping, what is due when, giving injects. Out of scope: reading a scenario
//! (`comity_case::scenario`).

use comity_accord::digest::Digest;
use comity_case::exercise::{Exercise, State};
use comity_case::history::stamp;
use comity_case::message::Subject;
use comity_case::scenario::{Inject, Scenario};
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use comity_store::state::thread as rows;
use serde_json::{Value, json};

use super::command::Proposal;
use super::replayed;
use crate::case::CaseError;
use crate::case::document;
use crate::case::threads::{Acting, Opening, Speech};
use crate::node::Node;

impl Node {
    pub(super) fn propose_exercise(&self, proposal: &Proposal) -> Result<String, CaseError> {
        let scenario = read(&proposal.scenario)?;
        let label = Tlp::parse(&proposal.label);
        let opening = Opening {
            subject: Subject::Exercise,
            party: proposal.party.clone(),
            label: label.ok_or_else(|| CaseError::Label(proposal.label.clone()))?,
            exercise: None,
        };
        let speech = Speech {
            event: "propose".to_owned(),
            content: json!({
                "title": scenario.title(), "scenario_sha256": Digest::of(proposal.scenario.as_bytes()).to_string(),
                "starts": proposal.starts, "ends": proposal.ends,
            }),
            acting: proposal.acting.clone(),
        };
        let row = self.open_thread(&opening, &speech)?;
        self.keep_scenario(&row.id, &proposal.scenario)?;
        Ok(row.id)
    }

    /// Keeps the scenario of an exercise, if it is the one that was agreed on.
    pub(super) fn keep_scenario(&self, id: &str, text: &str) -> Result<(), CaseError> {
        let agreed = replayed(&self.thread_held(id)?)?.scenario;
        let found = Digest::of(text.as_bytes());
        if found != agreed {
            return Err(CaseError::Exercise(format!(
                "the file's SHA-256 is {found}, and the exercise was proposed with {agreed}: ask the other side for its file, \
                 byte for byte"
            )));
        }
        read(text)?;
        let now = self.clock().now();
        let kept =
            |tx: &mut dyn comity_store::state::Tx| rows::keep(tx, (id, &name(agreed)), text, now);
        Ok(self.inner.state.write(kept)?)
    }

    /// The scenario of an exercise; none: it is not here.
    pub(super) fn scenario(
        &self,
        id: &str,
        exercise: &Exercise,
    ) -> Result<Option<Scenario>, CaseError> {
        let name = name(exercise.scenario);
        let text = self.inner.state.read(|tx| rows::kept(tx, id, &name))?;
        text.map(|text| read(&text)).transpose()
    }

    fn needed(&self, id: &str, exercise: &Exercise) -> Result<Scenario, CaseError> {
        self.scenario(id, exercise)?.ok_or_else(|| {
            CaseError::Exercise(format!(
                "the scenario of {id} is not here: `comity exercise scenario {id} FILE` keeps the file that both agreed on"
            ))
        })
    }

    /// An exercise for whoever looks at it.
    pub(crate) fn exercise_shown(&self, id: &str, exercise: &Exercise) -> Result<Value, CaseError> {
        let now = self.clock().now().div_euclid(1_000_000);
        let scenario = self.scenario(id, exercise)?;
        let own = self.identity().party.as_str();
        Ok(document::of_exercise(exercise, scenario.as_ref(), own, now))
    }

    /// Every inject with its times.
    pub(super) fn injects(&self, id: &str) -> Result<Value, CaseError> {
        let held = self.thread_held(id)?;
        let exercise = replayed(&held)?;
        let scenario = self.needed(id, &exercise)?;
        let now = self.clock().now().div_euclid(1_000_000);
        let started = exercise.started;
        let runs = exercise.state == State::Running;
        let due = started
            .filter(|_| runs)
            .map_or(0, |at| scenario.due(at, now));
        let rows = scenario.injects().iter().zip(1_usize..).map(|(inject, number)| {
            let given = exercise.injects.iter().find(|one| usize::try_from(one.number) == Ok(number));
            let state = match given {
                Some(_) => "given",
                None if number <= due => "due",
                None => "ahead",
            };
            let from = started.unwrap_or(exercise.planned.0);
            json!({
                "number": number, "state": state, "text": inject.text, "after_minutes": inject.after_minutes,
                "simulated": stamp(scenario.simulated_due(inject)),
                "real": stamp(from.saturating_add(scenario.real_seconds(inject.after_minutes))),
                "given": given.map(|one| stamp(one.at)), "expected": expected(inject),
            })
        });
        Ok(json!({
            "id": id, "state": held.row.state, "started": started.map(stamp),
            "clock": document::clock(&exercise, &scenario, now), "injects": rows.collect::<Vec<_>>(),
        }))
    }

    /// Gives an inject: the one that is named, or the next.
    pub(super) fn give_inject(
        &self,
        id: &str,
        (number, early): (Option<u32>, bool),
        acting: &Acting,
    ) -> Result<(), CaseError> {
        self.say_with(id, |held| {
            let exercise = replayed(held)?;
            let scenario = self.needed(id, &exercise)?;
            let last = exercise.injects.last().map_or(0, |one| one.number);
            let number = number.unwrap_or(last + 1);
            let place = usize::try_from(number).ok().and_then(|one| one.checked_sub(1));
            let inject = place.and_then(|place| scenario.injects().get(place));
            let inject = inject.ok_or_else(|| {
                let count = scenario.injects().len();
                CaseError::Exercise(format!("the scenario has {count} injects and no number {number}"))
            })?;
            let now = self.clock().now().div_euclid(1_000_000);
            if let Some(started) = exercise.started.filter(|_| !early) {
                let due = started.saturating_add(scenario.real_seconds(inject.after_minutes));
                if due > now {
                    return Err(CaseError::Exercise(format!(
                        "inject {number} is due at {}, and it is {}: wait, or give it now with --early",
                        stamp(due),
                        stamp(now)
                    )));
                }
            }
            let at = Timestamp::from_micros(scenario.simulated_due(inject).saturating_mul(1_000_000));
            Ok(Speech {
                event: "inject".to_owned(),
                content: json!({
                    "number": number, "text": inject.text, "at": at.map(Timestamp::to_stix),
                }),
                acting: acting.clone(),
            })
        })?;
        Ok(())
    }
}

fn expected(inject: &Inject) -> Vec<Value> {
    let each = inject
        .expected
        .iter()
        .map(|one| json!({ "by": one.by, "text": one.text, "within_minutes": one.within_minutes }));
    each.collect()
}

fn read(text: &str) -> Result<Scenario, CaseError> {
    Scenario::parse(text).map_err(CaseError::Exercise)
}

fn name(scenario: Digest) -> String {
    format!("scenario:{scenario}")
}
