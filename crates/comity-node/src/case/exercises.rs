//! Exercises: what belongs to one, and that nothing else does.
//!
//! A thread belongs to an exercise from its first message on, or to none. Lists, facts and scorecards of what is meant hold nothing of
//! an exercise; it is shown only where it is named.
//!
//! In scope: which exercise is meant, whether something may be practised in it now, proposing and playing it. Out of scope: the
//! life of an exercise (`comity_case::exercise`), its report (`report`).

pub mod command;
mod report;
mod scenario;

use comity_accord::party::PartyName;
use comity_case::call::Call;
use comity_case::exercise::{Exercise, State};
use comity_case::message::{Subject, ThreadId};
use comity_case::table::Word as _;
use comity_store::state::thread as rows;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::case::CaseError;
use crate::case::document;
use crate::case::hotline::exercise_of;
use crate::case::seen::SeenBy;
use crate::case::threads::{Held, Speech};
use crate::node::Node;
use command::ExerciseCommand;

impl Node {
    /// The number of an exercise that is named by its name, its number, or the beginning of either.
    pub(crate) fn exercise_named(&self, name: &str) -> Result<Uuid, CaseError> {
        let id = self.thread_named_of(Subject::Exercise, name)?;
        let id = ThreadId::parse(&id).ok_or(CaseError::Unknown(id))?;
        Ok(id.number())
    }

    /// Whether an exercise runs with a party: only then something is practised in it.
    pub(crate) fn runs_with(&self, exercise: Uuid, party: &PartyName) -> Result<(), CaseError> {
        let id = ThreadId::new(Subject::Exercise, exercise).to_string();
        let row = self.inner.state.read(|tx| rows::find(tx, &id))?;
        let row = row.ok_or_else(|| CaseError::Unknown(id.clone()))?;
        if row.party != party.as_str() {
            let reason = format!("{id} is an exercise with {}, not with {party}", row.party);
            return Err(CaseError::Exercise(reason));
        }
        if row.state != State::Running.word() {
            let reason = format!(
                "{id} is {}, and only in an exercise that runs is something practised",
                row.state
            );
            return Err(CaseError::Exercise(reason));
        }
        Ok(())
    }

    /// Whether a thread may be named by what belongs to an exercise, or to none.
    pub(crate) fn same_exercise(
        &self,
        thread: &str,
        exercise: Option<Uuid>,
    ) -> Result<(), CaseError> {
        let held = self.thread_held(thread)?;
        if exercise_of(&held) == exercise {
            return Ok(());
        }
        let reason = format!(
            "{thread} belongs to another exercise, or one of the two to none: what is practised never mixes with what is meant"
        );
        Err(CaseError::Exercise(reason))
    }

    /// A thread with all that is known of it, and what this party keeps of it.
    pub(crate) fn thread_shown(&self, id: &str) -> Result<Value, CaseError> {
        let held = self.thread_held(id)?;
        let own = self.identity().party.as_str();
        let mut whole = document::whole(&held, own, self.clock().now());
        let subject = ThreadId::parse(id).map(ThreadId::subject);
        if subject == Some(Subject::Call)
            && let Some(call) = Call::replay(&held.thread)
        {
            document::put(&mut whole, "call", self.call_shown(&held, &call)?);
        }
        if subject == Some(Subject::Exercise)
            && let Some(exercise) = Exercise::replay(&held.thread)
        {
            let shown = self.exercise_shown(id, &exercise)?;
            document::put(&mut whole, "exercise_thread", shown);
        }
        Ok(whole)
    }

    /// Does a command about exercises.
    pub(crate) fn exercise(
        &self,
        command: ExerciseCommand,
        by: SeenBy<'_>,
    ) -> Result<Value, CaseError> {
        match command {
            ExerciseCommand::Propose(proposal) => {
                let id = self.propose_exercise(&proposal)?;
                self.thread_shown(&id)
            }
            ExerciseCommand::Agree {
                thread,
                scenario,
                note,
                acting,
            } => {
                let id = self.thread_named_of(Subject::Exercise, &thread)?;
                if let Some(text) = scenario {
                    self.keep_scenario(&id, &text)?;
                }
                let speech = Speech {
                    event: "agree".to_owned(),
                    content: json!({ "note": note }),
                    acting,
                };
                self.say(&id, &speech)?;
                self.thread_shown(&id)
            }
            ExerciseCommand::Scenario { thread, text } => {
                let id = self.thread_named_of(Subject::Exercise, &thread)?;
                self.keep_scenario(&id, &text)?;
                self.thread_shown(&id)
            }
            ExerciseCommand::Injects { thread } => {
                let id = self.thread_named_of(Subject::Exercise, &thread)?;
                self.injects(&id)
            }
            ExerciseCommand::Inject {
                thread,
                number,
                early,
                acting,
            } => {
                let id = self.thread_named_of(Subject::Exercise, &thread)?;
                self.give_inject(&id, (number, early), &acting)?;
                self.thread_shown(&id)
            }
            ExerciseCommand::Report { thread } => {
                let id = self.thread_named_of(Subject::Exercise, &thread)?;
                self.exercise_report(&id, by)
            }
            ExerciseCommand::Scorecard { thread, as_of } => {
                let id = self.thread_named_of(Subject::Exercise, &thread)?;
                let as_of = as_of
                    .map(|text| super::command::seconds(&text))
                    .transpose()?;
                self.exercise_scorecard(&id, as_of, by)
            }
        }
    }
}

/// An exercise as its thread says it.
fn replayed(held: &Held) -> Result<Exercise, CaseError> {
    Exercise::replay(&held.thread).ok_or_else(|| CaseError::Unknown(held.row.id.clone()))
}
