//! Scorecards: every commitment between two parties in a period, as one canonical JSON text that both sign.
//!
//! The text is canonical JSON (RFC 8785) of whole numbers and text only, and names all that it depends on: the accord, the
//! calendars by hash, the rules of time zones, the evaluator, the set of messages. Equal inputs give equal bytes.
//!
//! In scope: making it, its hash, the first difference of two. Out of scope: sending and keeping it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::calendar::{CalendarError, WorkCalendar, zone_data};
use super::facts::Facts;
use super::judge::{Judgement, Question, judge, judge_within};
use super::period::{Stretch, Window, months};
use super::set::EvaluationSet;
use super::tally::Verdict;
use crate::digest::Digest;
use crate::party::PartyName;
use crate::text::AccordText;
use crate::text::commitment::{Commitment, CommitmentKind, Side};
use crate::text::contact::Calendar;

/// What can be practised: kinds whose facts are threads.
const PRACTISED: [CommitmentKind; 10] = [
    CommitmentKind::AcknowledgementTimeliness,
    CommitmentKind::AnswerTimeliness,
    CommitmentKind::InterimCadence,
    CommitmentKind::RequestCompleteness,
    CommitmentKind::AnswerFeedback,
    CommitmentKind::SampleTurnaround,
    CommitmentKind::ContactCheck,
    CommitmentKind::PurgeConfirmation,
    CommitmentKind::PreservationKept,
    CommitmentKind::StagedReports,
];
/// What a scorecard is called in its text.
const TITLE: &str = "comity-scorecard/v1";

/// A scorecard: its text, and what was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scorecard {
    text: String,
    judgements: Vec<Judgement>,
    longer: Vec<String>,
}

impl Scorecard {
    /// Judges every commitment between two parties of an accord over a period. Commitments of shorter periods are judged for each
    /// part of it; those of longer ones are not judged, and named.
    pub fn make(
        accord: &AccordText,
        pair: [&PartyName; 2],
        period: Stretch,
        (facts, set): (&Facts, &EvaluationSet),
    ) -> Result<Self, CalendarError> {
        // Both sides ask in the same order, whoever they are.
        let mut pair = pair;
        pair.sort_unstable();
        let always = WorkCalendar::always();
        let content = accord.content();
        let (mut judgements, mut longer) = (Vec::new(), Vec::new());
        for commitment in &content.commitments {
            if months(commitment.period) > months(period.period()) {
                longer.push(commitment.id.clone());
                continue;
            }
            let calendar = calendar_of(accord, commitment)?;
            let calendar = calendar.as_ref().unwrap_or(&always);
            for (by, to) in promised(commitment, pair) {
                for period in period.parts(commitment.period) {
                    let question = Question {
                        commitment,
                        by,
                        to,
                        period,
                        calendar,
                    };
                    judgements.extend(judge(&question, facts));
                }
            }
        }
        let mut said = document(accord, pair, period, (&judgements, set));
        if let Some(members) = said.as_object_mut() {
            members.insert("as_of".to_owned(), Value::from(facts.as_of));
        }
        let text = canonical(&said);
        Ok(Self {
            text,
            judgements,
            longer,
        })
    }

    /// Judges one exercise by what was promised for the real thing: every commitment whose facts are threads, over the facts of that
    /// exercise alone, whenever they fell due. `started` tells in which period it stands.
    pub fn of_exercise(
        accord: &AccordText,
        pair: [&PartyName; 2],
        (exercise, started): (&str, i64),
        (facts, set): (&Facts, &EvaluationSet),
    ) -> Result<Option<Self>, CalendarError> {
        let mut pair = pair;
        pair.sort_unstable();
        let always = WorkCalendar::always();
        let mut judgements = Vec::new();
        let mut last = None;
        let practised = accord.content().commitments.iter();
        for commitment in practised.filter(|one| PRACTISED.contains(&one.kind)) {
            let calendar = calendar_of(accord, commitment)?;
            let calendar = calendar.as_ref().unwrap_or(&always);
            let Some(period) = Stretch::around(commitment.period, started) else {
                return Ok(None);
            };
            last = last.max(Some(period));
            let mut practised = commitment.clone();
            practised.exercise = true;
            for (by, to) in promised(commitment, pair) {
                let question = Question {
                    commitment: &practised,
                    by,
                    to,
                    period,
                    calendar,
                };
                judgements.push(judge_within(&question, EVER, facts));
            }
        }
        let Some(period) = last else {
            return Ok(None);
        };
        let mut said = document(accord, pair, period, (&judgements, set));
        if let Some(members) = said.as_object_mut() {
            members.insert("as_of".to_owned(), Value::from(facts.as_of));
            members.insert("exercise".to_owned(), Value::from(exercise));
        }
        Ok(Some(Self {
            text: canonical(&said),
            judgements,
            longer: Vec::new(),
        }))
    }

    /// The canonical text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its SHA-256: what both sides sign.
    pub fn hash(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }

    /// What was judged, in the order of the accord.
    pub fn judgements(&self) -> &[Judgement] {
        &self.judgements
    }

    /// Commitments of longer periods, which this scorecard does not judge.
    pub fn longer(&self) -> &[String] {
        &self.longer
    }
}

/// All time: an exercise is judged whole.
const EVER: Window = Window {
    from: i64::MIN,
    until: i64::MAX,
};

/// The calendar that a commitment names.
fn calendar_of(
    accord: &AccordText,
    commitment: &Commitment,
) -> Result<Option<WorkCalendar>, CalendarError> {
    let named = commitment.calendar.as_ref();
    let calendars = &accord.content().calendars;
    let named = named.and_then(|id| calendars.iter().find(|one| one.id == *id));
    named.map(WorkCalendar::of).transpose()
}

/// Who promises whom, of two parties.
pub(super) fn promised<'a>(
    commitment: &Commitment,
    [one, two]: [&'a PartyName; 2],
) -> Vec<(&'a PartyName, &'a PartyName)> {
    let is = |side: &Side, party: &PartyName| match side {
        Side::Each => true,
        Side::Party(name) => name == party,
    };
    let both = [(one, two), (two, one)];
    let promised = both
        .into_iter()
        .filter(|(by, to)| is(&commitment.by, by) && is(&commitment.to, to));
    promised.collect()
}

fn document(
    accord: &AccordText,
    pair: [&PartyName; 2],
    period: Stretch,
    (judgements, set): (&[Judgement], &EvaluationSet),
) -> Value {
    let content = accord.content();
    let parties = pair.map(PartyName::as_str);
    let calendars: Map<String, Value> = content
        .calendars
        .iter()
        .map(|one| {
            (
                one.id.clone(),
                json!({ "version": one.version, "sha256": calendar_hash(one).to_string() }),
            )
        })
        .collect();
    json!({
        "title": TITLE,
        "evaluator": super::EVALUATOR,
        "time_zones": zone_data(),
        "accord": { "name": content.name, "version": content.version, "sha256": accord.hash().to_string() },
        "calendars": calendars,
        "parties": parties,
        "period": period.to_string(),
        "set": { "messages": set.len(), "root": set.root().to_string() },
        "results": judgements.iter().map(result).collect::<Vec<_>>(),
    })
}

fn result(judgement: &Judgement) -> Value {
    let count = |verdict| {
        judgement
            .rows
            .iter()
            .filter(|row| row.verdict == verdict)
            .count()
    };
    json!({
        "commitment": judgement.commitment,
        "kind": judgement.kind.row().word,
        "by": judgement.by.as_str(),
        "to": judgement.to.as_str(),
        "period": judgement.period.to_string(),
        "exercise": judgement.exercise,
        "required_percent": judgement.percent,
        "kept": count(Verdict::Kept),
        "missed": count(Verdict::Missed),
        "disputed": count(Verdict::Disputed),
        "outcome": judgement.outcome.word(),
        "basis": if judgement.attested { "attested, not proven" } else { "receipts" },
        "rows": judgement.rows.iter().map(|row| json!({
            "subject": row.subject, "due": row.due, "done": row.done, "verdict": row.verdict.word(), "skewed": row.skewed,
        })).collect::<Vec<_>>(),
    })
}

/// The hash of all that a calendar says.
pub fn calendar_hash(calendar: &Calendar) -> Digest {
    let mut said = format!(
        "{}\n{}\n{}\n{}\n",
        calendar.id, calendar.version, calendar.time_zone, calendar.hours
    );
    for day in &calendar.holidays {
        said.push_str(day);
        said.push('\n');
    }
    Digest::of(said.as_bytes())
}

/// JSON as RFC 8785 writes it, for values without fractions: members sorted, nothing between them.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(all) => {
            out.push('[');
            for (each, at) in all.iter().zip(0_usize..) {
                if at > 0 {
                    out.push(',');
                }
                write(each, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            // Every key here is ASCII, so bytes sort as UTF-16 does.
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| name.as_str());
            out.push('{');
            for ((name, each), at) in sorted.into_iter().zip(0_usize..) {
                if at > 0 {
                    out.push(',');
                }
                // Writing into a text does not fail.
                let _ = write!(out, "{}:", Value::from(name.as_str()));
                write(each, out);
            }
            out.push('}');
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            let _ = write!(out, "{plain}");
        }
    }
}

/// Where two scorecards first differ, for people: the place, what the first says and what the second says.
pub fn first_difference(one: &str, two: &str) -> Option<(String, String, String)> {
    let read = |text: &str| {
        serde_json::from_str::<Value>(text).unwrap_or_else(|_| Value::from("no scorecard"))
    };
    differ("", &read(one), &read(two))
}

fn differ(place: &str, one: &Value, two: &Value) -> Option<(String, String, String)> {
    let below = |name: &str| {
        if place.is_empty() {
            name.to_owned()
        } else {
            format!("{place}/{name}")
        }
    };
    match (one, two) {
        (Value::Object(first), Value::Object(second)) => {
            let mut names: Vec<&String> = first.keys().chain(second.keys()).collect();
            names.sort_unstable();
            names.dedup();
            // What the rows come to follows from them: the rows are named before their sums.
            names.sort_by_key(|name| !matches!(name.as_str(), "rows" | "set" | "accord"));
            names.into_iter().find_map(|name| {
                let (one, two) = (first.get(name), second.get(name));
                differ(
                    &below(name),
                    one.unwrap_or(&Value::Null),
                    two.unwrap_or(&Value::Null),
                )
            })
        }
        (Value::Array(first), Value::Array(second)) => {
            let most = first.len().max(second.len());
            (0..most).find_map(|at| {
                let (one, two) = (
                    first.get(at).unwrap_or(&Value::Null),
                    second.get(at).unwrap_or(&Value::Null),
                );
                let named = one
                    .get("subject")
                    .or_else(|| one.get("commitment"))
                    .or_else(|| two.get("subject"));
                let name = named
                    .and_then(Value::as_str)
                    .map_or_else(|| at.to_string(), ToOwned::to_owned);
                let by = one
                    .get("by")
                    .and_then(Value::as_str)
                    .map_or_else(String::new, |by| format!(" by {by}"));
                differ(&below(&format!("{name}{by}")), one, two)
            })
        }
        (one, two) if one == two => None,
        (one, two) => Some((place.to_owned(), one.to_string(), two.to_string())),
    }
}
