//! The report of a whole exercise: what was pretended, what was expected, what both sides did in its threads, what each says it
//! learned, and what the promises of the accord came to within it.
//!
//! In scope: putting it together from what this node holds; the scorecard. Out of scope: how it looks (`comity`).
//! Limits: [`THREADS_MAX`], [`ACTS_MAX`].

use comity_accord::evaluation::scorecard::Scorecard;
use comity_case::exercise::Exercise;
use comity_case::history::stamp;
use comity_case::scenario::{Expected, Scenario};
use comity_case::thread::Entry;
use comity_store::state::thread::{ThreadRow, Wanted};
use serde_json::{Value, json};

use super::replayed;
use crate::case::CaseError;
use crate::case::document;
use crate::case::gather::gather_practised;
use crate::case::review::party_name;
use crate::case::seen::SeenBy;
use crate::case::threads::Held;
use crate::exchange::ExchangeError;
use crate::node::Node;

/// Threads of an exercise that a report shows.
const THREADS_MAX: u64 = 1_000;
/// Acts that stand beside one expectation.
const ACTS_MAX: usize = 20;

/// Something that a side did in an exercise.
struct Act {
    thread: String,
    by: String,
    event: String,
    at: i64,
}

impl Node {
    /// The whole of an exercise, as one person sees it.
    pub(super) fn exercise_report(&self, id: &str, by: SeenBy<'_>) -> Result<Value, CaseError> {
        let held = self.thread_held(id)?;
        let exercise = replayed(&held)?;
        let scenario = self.scenario(id, &exercise)?;
        let (threads, acts) = self.practised(&exercise, by)?;
        let (now, own) = (self.clock().now(), self.identity().party.as_str());
        let listed = threads.iter().map(|row| document::line_at(row, own, now));
        let mut report = document::line(&held.row, own);
        let given = exercise.injects.iter().map(|one| {
            let place = usize::try_from(one.number).ok().and_then(|number| number.checked_sub(1));
            let planned = scenario.as_ref().zip(place);
            let planned = planned.and_then(|(scenario, place)| scenario.injects().get(place));
            let expected = planned.into_iter().flat_map(|inject| &inject.expected);
            let expected = expected.map(|one_of| reaction(one_of, (one.at, scenario.as_ref()), &acts));
            json!({
                "number": one.number, "text": one.text, "simulated": stamp(one.simulated), "at": stamp(one.at),
                "expected": expected.collect::<Vec<_>>(),
            })
        });
        document::put(&mut report, "given", given.collect());
        document::put(&mut report, "threads", listed.collect());
        document::put(
            &mut report,
            "exercise_thread",
            self.exercise_shown(id, &exercise)?,
        );
        let scorecard = if exercise.started.is_some() {
            self.exercise_scorecard(id, None, by)?
        } else {
            Value::Null
        };
        document::put(&mut report, "scorecard", scorecard);
        Ok(report)
    }

    /// What the promises of the accord came to in an exercise. Both sides come to the same once it is completed: that moment is the same for
    /// both.
    pub(super) fn exercise_scorecard(
        &self,
        id: &str,
        as_of: Option<i64>,
        by: SeenBy<'_>,
    ) -> Result<Value, CaseError> {
        let held = self.thread_held(id)?;
        let exercise = replayed(&held)?;
        let started = exercise.started.ok_or_else(|| {
            CaseError::Exercise(format!("{id} has not started: there is nothing to judge"))
        })?;
        let now = self.clock().now();
        let as_of = as_of.or(exercise.completed());
        let as_of = as_of.unwrap_or_else(|| now.div_euclid(1_000_000));
        let own = party_name(&self.identity().party)?;
        let other = party_name(&held.row.party)?;
        let number = exercise.opening.id.number();
        let (made, set) = self.inner.state.read(|tx| {
            let accord = self.in_force(tx, other.as_str(), now)?;
            let accord = accord.ok_or_else(|| ExchangeError::NoAccord(other.to_string()))?;
            let (deliveries, _) = by.only(self.deliveries(tx, [&own, &other])?);
            let (facts, set) = gather_practised(&deliveries, &accord, number, as_of);
            let named = (id, started);
            let made = Scorecard::of_exercise(&accord, [&own, &other], named, (&facts, &set))
                .map_err(|error| CaseError::Exercise(error.to_string()))?;
            Ok::<_, CaseError>((made, set))
        })?;
        let made = made.ok_or_else(|| {
            let reason = "the accord promises nothing that can be practised".to_owned();
            CaseError::Exercise(reason)
        })?;
        Ok(json!({
            "id": id, "as_of": stamp(as_of), "hash": made.hash().to_string(), "root": set.root().to_string(),
            "messages": set.len(), "text": made.text(),
            "card": serde_json::from_str::<Value>(made.text()).unwrap_or_default(),
        }))
    }

    /// The threads of an exercise that somebody sees, and what both sides did in them, in the order of the times that their authors
    /// state.
    fn practised(
        &self,
        exercise: &Exercise,
        by: SeenBy<'_>,
    ) -> Result<(Vec<ThreadRow>, Vec<Act>), CaseError> {
        let all = self.threads(&Wanted {
            exercise: Some(exercise.opening.id.number().to_string()),
            limit: THREADS_MAX,
            ..Wanted::default()
        })?;
        let (mut threads, mut acts) = (Vec::new(), Vec::new());
        for row in all {
            let held: Held = self.thread_held(&row.id)?;
            if !by.sees(held.thread.entries().map(|entry| &entry.message)) {
                continue;
            }
            let act = |entry: &Entry| Act {
                thread: row.id.clone(),
                by: entry.message.head().author.to_string(),
                event: entry.message.event().to_owned(),
                at: entry.message.sent_seconds(),
            };
            acts.extend(held.thread.ordered().standing.into_iter().map(act));
            threads.push(row);
        }
        acts.sort_by_key(|act| act.at);
        Ok((threads, acts))
    }
}

/// What was expected of a party, and what it did meanwhile. Whether that was it is for people to say.
fn reaction(
    expected: &Expected,
    (given, scenario): (i64, Option<&Scenario>),
    acts: &[Act],
) -> Value {
    let until = scenario.map(|one| given.saturating_add(one.real_seconds(expected.within_minutes)));
    let meanwhile = |act: &&Act| {
        act.by == expected.by && act.at >= given && until.is_none_or(|until| act.at <= until)
    };
    let done = acts
        .iter()
        .filter(meanwhile)
        .take(ACTS_MAX)
        .map(|act| json!({ "thread": act.thread, "event": act.event, "at": stamp(act.at) }));
    json!({
        "by": expected.by, "text": expected.text, "within_minutes": expected.within_minutes,
        "until": until.map(stamp), "done": done.collect::<Vec<_>>(),
    })
}
