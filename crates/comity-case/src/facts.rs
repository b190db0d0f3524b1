//! Facts: what commitments are judged by, gathered from threads.
//!
//! Only messages count whose receipt says that they were received by the cutoff; the others are as if they were not there, so
//! that two nodes which hold the same receipts gather the same facts. A duty is measured by the clock of whoever owes it, from
//! its receipt to its own word; where the other side's clock differs by more than was agreed the fact says so.
//!
//! In scope: gathering. Out of scope: formulas (`comity_accord::evaluation::judge`), what comes from elsewhere: shares,
//! sightings, contacts, attestations, recalls.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use comity_accord::evaluation::facts::{
    Base, CheckFact, ExerciseFact, Facts, HoldFact, IncidentFact, RequestFact, SampleFact,
    Urgency as Pressing,
};
use comity_accord::evaluation::set::{EvaluationSet, Leaf};
use comity_accord::party::PartyName;
use comity_accord::text::Content as Accord;

use crate::call::Call;
use crate::check::Check;
use crate::evidence::Evidence;
use crate::exercise::Exercise;
use crate::history::{Opening, Record, Step};
use crate::incident::{self, Incident};
use crate::message::Subject;
use crate::request::Request;
use crate::request::content::Urgency;
use crate::request::event::Hold;
use crate::request::terms::Terms;
use crate::table::Word as _;
use crate::thread::{Entry, Thread};

/// What happened in these threads, as far as both sides hold receipts by the cutoff, seconds since 1970.
pub fn facts<'a>(
    threads: impl IntoIterator<Item = &'a Thread>,
    accord: &Accord,
    cutoff: i64,
) -> Facts {
    let mut gathered = Gathered {
        facts: Facts::default(),
        accord,
        terms: BTreeMap::new(),
    };
    for thread in threads {
        gathered.thread(thread, cutoff);
    }
    gathered.facts
}

/// Whether threads of a subject tell facts at all, however many there are.
pub fn tells_facts(subject: Subject) -> bool {
    Gathered::gathers(subject).is_some()
}

/// The messages from which [`facts`] gathers, with their receipts.
pub fn evaluation_set<'a>(
    threads: impl IntoIterator<Item = &'a Thread>,
    cutoff: i64,
) -> EvaluationSet {
    let entries = threads.into_iter().flat_map(Thread::entries);
    EvaluationSet::of(entries.filter_map(|entry| {
        Some(Leaf {
            message: entry.message.digest(),
            received: entry.received.filter(|at| *at <= cutoff)?,
        })
    }))
}

/// A thread without what was not received by the cutoff.
pub fn counted(thread: &Thread, cutoff: i64) -> Thread {
    let in_time = |entry: &&Entry| entry.received.is_some_and(|at| at <= cutoff);
    // A part of a thread is one: it has no more messages, of no other subject.
    Thread::of(thread.entries().filter(in_time).cloned()).unwrap_or_default()
}

struct Gathered<'a> {
    facts: Facts,
    accord: &'a Accord,
    /// What each responder promised: reading a calendar's time zone costs more than a thread.
    terms: BTreeMap<PartyName, Terms>,
}

impl Gathered<'_> {
    /// What gathers from threads of a subject; none: they tell no facts.
    fn gathers(subject: Subject) -> Option<fn(&mut Self, &Thread)> {
        match subject {
            Subject::Request => Some(Self::request),
            Subject::Call => Some(Self::call),
            Subject::Check => Some(Self::check),
            Subject::Evidence => Some(Self::sample),
            Subject::Exercise => Some(Self::exercise),
            Subject::Incident => Some(Self::incident),
            Subject::Case | Subject::Review | Subject::Profile | Subject::Address => None,
        }
    }

    fn thread(&mut self, thread: &Thread, cutoff: i64) {
        if let Some(gather) = thread.subject().and_then(Self::gathers) {
            gather(self, &counted(thread, cutoff));
        }
    }

    fn base<S>(&self, opening: &Opening, record: &Record<S>, used: &[&str]) -> Base {
        let tolerance = i64::from(self.accord.ledger.clock_tolerance_seconds);
        Base {
            id: opening.id.to_string(),
            from: opening.opener.clone(),
            to: opening.responder.clone(),
            exercise: opening.exercise.is_some(),
            disputed: record.is_disputed(),
            skewed: record
                .steps
                .iter()
                .any(|step| used.contains(&step.event) && is_skewed(step, tolerance)),
        }
    }

    fn request(&mut self, thread: &Thread) {
        // The times are those that the responder promised, whom the opening message names.
        let ordered = thread.ordered();
        let mut openings = ordered.standing.iter();
        let Some(opened) = openings.find_map(|entry| Request::open(entry).ok()) else {
            return;
        };
        let (accord, responder) = (self.accord, opened.responder);
        let terms = self.terms.entry(responder);
        let terms = terms.or_insert_with_key(|responder| Terms::agreed(accord, responder));
        let Some(request) = Request::replay(thread, terms) else {
            return;
        };
        let Some(delivered) = request.delivered else {
            return;
        };
        let base = self.base(&request.opening(), &request.record, USED);
        self.hold(&request, &base);
        self.facts.requests.push(RequestFact {
            urgency: match request.content.urgency {
                Urgency::Emergency => Pressing::Emergency,
                Urgency::Urgent => Pressing::Urgent,
                Urgency::Routine => Pressing::Routine,
            },
            delivered,
            acknowledged: request.acknowledged.as_ref().map(|(at, _)| *at),
            pauses: request
                .pauses
                .iter()
                .map(|pause| (pause.from, pause.until))
                .collect(),
            extensions: request.expected.iter().skip(1).map(|(at, _)| *at).collect(),
            concluded: concluded(&request),
            answers: echoes(&request.record.steps),
            withdrawn: request.withdrawn.map(|(_, known)| known),
            purged: request.purged.map(|(at, _)| at),
            working: request.working,
            reports: request.reports,
            base,
        });
    }

    fn hold(&mut self, request: &Request, base: &Base) {
        let Some(data) = &request.preservation else {
            return;
        };
        let (Some(held_from), Some(until)) = (data.held_from, data.held_until) else {
            return;
        };
        let lost = data.ended.filter(|_| data.state == Hold::Lost);
        self.facts.holds.push(HoldFact {
            base: base.clone(),
            held_from,
            until,
            ended: data.ended.filter(|_| lost.is_none()),
            lost,
        });
    }
}

impl Gathered<'_> {
    /// A test of the hotline; a call that was meant is no check.
    fn call(&mut self, thread: &Thread) {
        let Some(call) = Call::replay(thread).filter(|call| call.test) else {
            return;
        };
        let Some(first) = call.tries.first() else {
            return;
        };
        let used = ["ring", "answered", "call-back"];
        self.facts.checks.push(CheckFact {
            base: self.base(&call.opening, &call.record, &used),
            hotline: true,
            received: first.noticed,
            answered: call.answered.as_ref().map(|(at, _, _)| *at),
        });
    }

    fn check(&mut self, thread: &Thread) {
        let Some(check) = Check::replay(thread) else {
            return;
        };
        self.facts.checks.push(CheckFact {
            base: self.base(&check.opening, &check.record, &["ping", "answer"]),
            hotline: check.purpose.hotline,
            received: check.sent.1,
            answered: check.answered.as_ref().map(|(at, _, _)| *at),
        });
    }

    /// A sample that the other party accepted.
    fn sample(&mut self, thread: &Thread) {
        let Some(evidence) = Evidence::replay(thread).filter(|one| one.item.sample) else {
            return;
        };
        let Some(received) = evidence.accepted else {
            return;
        };
        let used = ["transfer-accept", "analysis-report"];
        self.facts.samples.push(SampleFact {
            base: self.base(&evidence.opening, &evidence.record, &used),
            received,
            reported: evidence.reports.first().map(|report| report.at),
        });
    }

    fn exercise(&mut self, thread: &Thread) {
        let Some(exercise) = Exercise::replay(thread) else {
            return;
        };
        self.facts.exercises.push(ExerciseFact {
            id: exercise.opening.id.to_string(),
            completed: exercise.completed(),
            reports: exercise.reports.into_iter().map(|(_, by, _)| by).collect(),
        });
    }

    fn incident(&mut self, thread: &Thread) {
        let Some(incident) = Incident::replay(thread) else {
            return;
        };
        let used = [
            "aware",
            "early-warning",
            "notification",
            "intermediate",
            "final",
        ];
        self.facts.incidents.push(IncidentFact {
            base: self.base(&incident.opening, &incident.record, &used),
            regime: incident.regime.word(),
            aware: incident.aware,
            classified: incident.classified,
            measure: incident.measure,
            intermediate: incident.sent(incident::Kind::Intermediate),
            early: incident.sent(incident::Kind::EarlyWarning),
            notified: incident.done(incident::Kind::Notification),
            last: incident.sent(incident::Kind::Final),
        });
    }
}

/// Events of a request whose times a commitment uses.
const USED: &[&str] = &[
    "send",
    "acknowledge",
    "return",
    "supplement",
    "accept",
    "decline",
    "refer",
    "interim",
    "extend",
    "answer",
    "feedback",
    "reopen",
    "withdraw",
    "purged",
    "hold",
    "release",
    "convert",
    "lost",
];

/// Whether what the author says and what the other side's receipt says lie further apart than agreed.
fn is_skewed<S>(step: &Step<S>, tolerance: i64) -> bool {
    step.received
        .is_some_and(|received| (received - step.sent).abs() > tolerance)
}

/// When it was first answered, declined or referred.
fn concluded(request: &Request) -> Option<i64> {
    let answered = request.answers.first().map(|answer| answer.at);
    let declined = request.declined.as_ref().map(|(at, _, _)| *at);
    let ends = [answered, declined, request.referred];
    ends.into_iter().flatten().min()
}

/// Each answer, with the requester's first word on it: feedback, or what is missing in it.
fn echoes<S>(steps: &[Step<S>]) -> Vec<(i64, Option<i64>)> {
    let mut answers: Vec<(i64, Option<i64>)> = Vec::new();
    for step in steps {
        match (step.event, answers.last_mut()) {
            ("answer", _) => answers.push((step.received.unwrap_or(step.sent), None)),
            ("feedback" | "reopen", Some((_, echo @ None))) => *echo = Some(step.sent),
            _ => {}
        }
    }
    answers
}
