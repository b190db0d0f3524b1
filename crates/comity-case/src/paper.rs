//! The paper for a review: what a period was like for both sides, from the messages that both hold receipts for.
//!
//! It is a function of the same set of messages as the scorecard, in whole numbers and text, written as canonical JSON: both sides'
//! papers are the same to the bit, and so is that of whoever has exported evidence alone. What is about an exercise is left out of
//! every figure; the exercises themselves are listed.
//!
//! In scope: the content. Out of scope: how it looks (`comity`), the commitments' formulas (`comity_accord::evaluation`).

mod sides;
#[cfg(test)]
mod tests;

use comity_accord::digest::Digest;
use comity_accord::evaluation::calendar::zone_data;
use comity_accord::evaluation::facts::Facts;
use comity_accord::evaluation::period::{Stretch, Window};
use comity_accord::evaluation::scorecard::{Scorecard, canonical};
use comity_accord::evaluation::set::EvaluationSet;
use comity_accord::party::PartyName;
use comity_accord::text::AccordText;
use comity_stix::marking::Tlp;
use serde_json::{Value, json};

use crate::call::Call;
use crate::case::Case;
use crate::check::Check;
use crate::evidence::Evidence;
use crate::exercise::Exercise;
use crate::history::Record;
use crate::incident::Incident;
use crate::message::Subject;
use crate::request::Request;
use crate::request::event::State;
use crate::request::terms::Terms;
use crate::table::Word as _;
use crate::thread::Thread;

const TITLE: &str = "comity-review/v1";

/// What a paper is about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The accord.
    pub accord: &'a AccordText,
    /// The two parties, in any order.
    pub pair: [&'a PartyName; 2],
    /// The period.
    pub period: Stretch,
    /// Until when messages count, seconds since 1970.
    pub as_of: i64,
}

/// A paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// What it says.
    pub content: Value,
    /// The SHA-256 of its canonical text.
    pub hash: Digest,
}

/// What threads stand at, by subject, in the order of their names.
#[derive(Debug, Default)]
struct Stood {
    requests: Vec<Request>,
    calls: Vec<Call>,
    checks: Vec<Check>,
    exercises: Vec<Exercise>,
    disputed: Vec<Value>,
    marking: Option<Tlp>,
}

/// The paper of a period. `threads` hold what was received in time and nothing else, as facts and set do.
pub fn paper<'a>(
    threads: impl IntoIterator<Item = &'a Thread>,
    (facts, set, scorecard): (&Facts, &EvaluationSet, &Scorecard),
    question: &Question<'_>,
) -> Option<Paper> {
    let window = question.period.window()?;
    let mut pair = question.pair;
    pair.sort_unstable();
    let stood = Stood::of(threads, question.accord);
    let sides = pair.map(|party| sides::side(party, &stood, facts, &window));
    let card: Value = serde_json::from_str(scorecard.text()).unwrap_or_default();
    let content = json!({
        "title": TITLE,
        "accord": card.get("accord"),
        "parties": pair.map(PartyName::as_str),
        "period": question.period.to_string(),
        "from": window.from,
        "until": window.until,
        "zone": "UTC",
        "time_zones": zone_data(),
        "as_of": question.as_of,
        "marking": stood.marking.unwrap_or(Tlp::Amber).max(Tlp::Amber).to_string(),
        "set": { "messages": set.len(), "root": set.root().to_string() },
        "scorecard": scorecard.hash().to_string(),
        "sides": sides,
        "open": open(&stood, question),
        "commitments": card.get("results"),
        "judged_elsewhere": scorecard.longer(),
        "preservation": preservation(&stood, &window, question.as_of),
        "exercises": exercises(&stood, &window),
        "disputed": stood.disputed,
    });
    let hash = Digest::of(canonical(&content).as_bytes());
    Some(Paper { content, hash })
}

impl Stood {
    fn of<'a>(threads: impl IntoIterator<Item = &'a Thread>, accord: &AccordText) -> Self {
        let mut stood = Self::default();
        for thread in threads {
            let Some(first) = thread.entries().next() else {
                continue;
            };
            let head = first.message.head();
            let label = thread
                .entries()
                .map(|entry| entry.message.head().label)
                .max();
            stood.marking = stood.marking.max(label);
            let id = head.thread.to_string();
            stood.take(&id, head.thread.subject(), thread, accord);
        }
        stood.requests.sort_by_key(|one| one.id);
        stood.calls.sort_by_key(|one| one.opening.id);
        stood.checks.sort_by_key(|one| one.opening.id);
        stood.exercises.sort_by_key(|one| one.opening.id);
        stood.disputed.sort_by_key(ToString::to_string);
        stood
    }

    fn take(&mut self, id: &str, subject: Subject, thread: &Thread, accord: &AccordText) {
        match subject {
            Subject::Request => {
                let ordered = thread.ordered();
                let opened = ordered
                    .standing
                    .iter()
                    .find_map(|entry| Request::open(entry).ok());
                let terms = opened.map(|one| Terms::agreed(accord.content(), &one.responder));
                let request = terms.and_then(|terms| Request::replay(thread, &terms));
                if let Some(one) = request {
                    self.dispute(id, &one.record);
                    self.requests.push(one);
                }
            }
            Subject::Call => {
                if let Some(one) = Call::replay(thread) {
                    self.dispute(id, &one.record);
                    self.calls.push(one);
                }
            }
            Subject::Check => {
                if let Some(one) = Check::replay(thread) {
                    self.dispute(id, &one.record);
                    self.checks.push(one);
                }
            }
            Subject::Exercise => {
                if let Some(one) = Exercise::replay(thread) {
                    self.dispute(id, &one.record);
                    self.exercises.push(one);
                }
            }
            Subject::Evidence => {
                if let Some(one) = Evidence::replay(thread) {
                    self.dispute(id, &one.record);
                }
            }
            Subject::Incident => {
                if let Some(one) = Incident::replay(thread) {
                    self.dispute(id, &one.record);
                }
            }
            Subject::Case => {
                if let Some(one) = Case::replay(thread) {
                    self.dispute(id, &one.record);
                }
            }
            Subject::Review | Subject::Profile | Subject::Address => {}
        }
    }

    fn dispute<S>(&mut self, id: &str, record: &Record<S>) {
        for (by, message) in &record.disputes {
            self.disputed
                .push(json!({ "thread": id, "by": by.as_str(), "message": message }));
        }
        for fork in &record.forks {
            let author = fork.author.as_str();
            self.disputed
                .push(json!({ "thread": id, "by": author, "contradicting": fork.seq }));
        }
    }
}

/// Requests that are not over.
fn open(stood: &Stood, question: &Question<'_>) -> Vec<Value> {
    let mut open = Vec::new();
    for one in stood.requests.iter().filter(|one| one.exercise.is_none()) {
        let terms = Terms::agreed(question.accord.content(), &one.responder);
        let state = one.state_at(question.as_of, &terms);
        let over = matches!(
            state,
            State::Referred
                | State::Declined
                | State::Answered
                | State::Closed
                | State::Withdrawn
                | State::Lapsed
        );
        if !over {
            open.push(json!({
                "id": one.id.to_string(), "title": one.content.title, "urgency": one.content.urgency.word(),
                "by": one.opener.as_str(), "of": one.responder.as_str(), "state": state.word(), "delivered": one.delivered,
                "due": one.answer_due(&terms), "label": one.label.to_string(),
            }));
        }
    }
    open
}

/// Data that was held at some time of the period.
fn preservation(stood: &Stood, window: &Window, as_of: i64) -> Vec<Value> {
    let mut held = Vec::new();
    for one in stood.requests.iter().filter(|one| one.exercise.is_none()) {
        let Some(data) = &one.preservation else {
            continue;
        };
        let Some(from) = data.held_from.filter(|from| *from < window.until) else {
            continue;
        };
        let over = data.ended.or(data.held_until).unwrap_or(i64::MAX);
        if over >= window.from {
            held.push(json!({
                "id": one.id.to_string(), "title": one.content.title, "by": one.responder.as_str(),
                "state": data.state_at(as_of).word(), "from": from, "until": data.held_until, "ended": data.ended,
            }));
        }
    }
    held
}

/// Exercises that were planned for the period, ran in it, or were reported on in it.
fn exercises(stood: &Stood, window: &Window) -> Vec<Value> {
    let within = |one: &&Exercise| {
        let moments = [
            Some(one.planned.0),
            one.started,
            one.stopped,
            one.completed(),
        ];
        moments.into_iter().flatten().any(|at| window.holds(at))
    };
    let all = stood.exercises.iter().filter(within);
    let line = |one: &Exercise| {
        let mut reports: Vec<&str> = one.reports.iter().map(|(_, by, _)| by.as_str()).collect();
        reports.sort_unstable();
        reports.dedup();
        json!({
            "id": one.opening.id.to_string(), "title": one.title, "state": one.state.word(), "started": one.started,
            "stopped": one.stopped, "completed": one.completed(), "injects": one.injects.len(), "reports": reports,
        })
    };
    all.map(line).collect()
}
