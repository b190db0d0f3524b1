//! Facts: what threads say of the things that commitments are about.
//!
//! Only messages count whose receipt is known and not later than the time asked for: both sides hold those, so both come to
//! the same.
//!
//! In scope: one function a subject. Out of scope: judging (`comity_accord::evaluation`), what is no thread.

use comity_accord::evaluation::facts::{Base, Facts, HoldFact, RequestFact, Urgency};
use comity_accord::evaluation::set::{EvaluationSet, Leaf};
use comity_accord::party::PartyName;

use crate::message::Subject;
use crate::request::content::Urgency as Asked;
use crate::request::terms::Terms;
use crate::request::{Request, Step};
use crate::thread::Thread;

/// What is gathered: the times that a responder promised, how far clocks may differ, until when receipts count.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The times that a responder promised.
    pub terms: &'a dyn Fn(&PartyName) -> Terms,
    /// How far two clocks may differ, seconds.
    pub tolerance: i64,
    /// Until when receipts count, seconds since 1970.
    pub as_of: i64,
}

/// Everything that threads say.
pub fn facts<'t>(threads: impl IntoIterator<Item = &'t Thread>, asking: Asking<'_>) -> Facts {
    let mut facts = Facts::default();
    for thread in threads {
        let counted = counted(thread, asking.as_of);
        let ordered = counted.ordered();
        let Some(first) = ordered.standing.first().map(|entry| entry.message.head()) else {
            continue;
        };
        match first.thread.subject() {
            Subject::Request => {
                if let Some(request) = Request::replay(&counted, &(asking.terms)(&first.to)) {
                    of_request(&request, asking.tolerance, &mut facts);
                }
            }
            Subject::Case
            | Subject::Call
            | Subject::Check
            | Subject::Evidence
            | Subject::Exercise
            | Subject::Incident
            | Subject::Review => {}
        }
    }
    facts
}

/// The messages that facts are made from.
pub fn evaluation_set<'t>(
    threads: impl IntoIterator<Item = &'t Thread>,
    as_of: i64,
) -> EvaluationSet {
    let entries = threads.into_iter().flat_map(Thread::entries);
    EvaluationSet::of(entries.filter_map(|entry| {
        let received = entry.received.filter(|at| *at <= as_of)?;
        Some(Leaf {
            message: entry.message.digest(),
            received,
        })
    }))
}

/// A thread with what counts of it.
fn counted(thread: &Thread, as_of: i64) -> Thread {
    let counts = thread
        .entries()
        .filter(|entry| entry.received.is_some_and(|at| at <= as_of));
    Thread::of(counts.cloned()).unwrap_or_default()
}

fn of_request(request: &Request, tolerance: i64, facts: &mut Facts) {
    let Some(delivered) = request.delivered else {
        return;
    };
    let apart = |step: &Step| {
        step.received
            .is_some_and(|received| (received - step.sent).abs() > tolerance)
    };
    let base = Base {
        id: request.id.to_string(),
        from: request.opener.clone(),
        to: request.responder.clone(),
        exercise: request.exercise.is_some(),
        disputed: !request.disputes.is_empty(),
        skewed: request.record.steps.iter().any(apart),
    };
    if let Some(hold) = &request.preservation
        && let (Some(held_from), Some(until)) = (hold.held_from, hold.held_until)
    {
        let lost = (hold.state == crate::request::event::Hold::Lost).then_some(hold.ended);
        facts.holds.push(HoldFact {
            base: base.clone(),
            held_from,
            until,
            ended: hold.ended,
            lost: lost.flatten(),
        });
    }
    let answered = request.answers.first().map(|answer| answer.at);
    let declined = request.declined.as_ref().map(|(at, _, _)| *at);
    let concluded = [answered, declined, request.referred];
    let mut answers: Vec<(i64, Option<i64>)> = request
        .answers
        .iter()
        .map(|answer| (answer.received, None))
        .collect();
    // An answer that was reopened got its feedback that way; the last one gets it in words.
    let reopened = request.working.iter().skip(1).map(|(at, _)| *at);
    for (answer, at) in answers.iter_mut().zip(reopened) {
        answer.1 = Some(at);
    }
    if let Some((_, given @ None)) = answers.last_mut() {
        *given = request.feedback.as_ref().map(|said| said.at);
    }
    facts.requests.push(RequestFact {
        base,
        urgency: match request.content.urgency {
            Asked::Emergency => Urgency::Emergency,
            Asked::Urgent => Urgency::Urgent,
            Asked::Routine => Urgency::Routine,
        },
        delivered,
        acknowledged: request.acknowledged.as_ref().map(|(at, _)| *at),
        pauses: request
            .pauses
            .iter()
            .map(|one| (one.from, one.until))
            .collect(),
        extensions: request.expected.iter().skip(1).map(|(at, _)| *at).collect(),
        concluded: concluded.into_iter().flatten().min(),
        working: request.working.clone(),
        reports: request.reports.clone(),
        answers,
        withdrawn: request.withdrawn.map(|(_, known)| known),
        purged: request.purged.map(|(at, _)| at),
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::script::{DAY, HOUR, START, Script};
    use crate::table::Side;

    const A: Side = Side::Opener;
    const B: Side = Side::Responder;

    fn gathered(script: &Script, as_of: i64) -> Facts {
        let terms = |_: &PartyName| Terms::default();
        let asking = Asking {
            terms: &terms,
            tolerance: 300,
            as_of,
        };
        facts([&script.thread()], asking)
    }

    fn asked() -> Script {
        let mut script = Script::new(Subject::Request);
        let said = json!({ "request_type": "log-search", "urgency": "urgent", "title": "logs" });
        script.say(A, 0, "send", said);
        script.say(B, HOUR, "acknowledge", json!({ "number": "1" }));
        script.say(
            B,
            2 * HOUR,
            "accept",
            json!({ "scope": "full", "expected": "2099-01-01T00:00:00Z" }),
        );
        script.say(B, DAY, "answer", json!({ "scope": "full", "text": "none" }));
        script
    }

    #[test]
    fn a_request_tells_when_each_duty_was_done() {
        let mut script = asked();
        script.say(A, 2 * DAY, "reopen", json!({ "gap": "one day" }));
        script.say(
            B,
            3 * DAY,
            "answer",
            json!({ "scope": "full", "text": "none" }),
        );
        script.say(
            A,
            4 * DAY,
            "feedback",
            json!({ "useful": "yes", "quality": 3, "acted": false }),
        );
        let facts = gathered(&script, i64::MAX);
        let [fact] = facts.requests.as_slice() else {
            panic!("{facts:?}")
        };
        assert_eq!(fact.delivered, START + 1);
        assert_eq!(fact.acknowledged, Some(START + HOUR));
        assert_eq!(fact.concluded, Some(START + DAY));
        let given = [
            (START + DAY + 1, Some(START + 2 * DAY + 1)),
            (START + 3 * DAY + 1, Some(START + 4 * DAY)),
        ];
        assert_eq!(fact.answers, given);
        assert!(!fact.base.skewed && !fact.base.disputed);
    }

    #[test]
    fn what_is_not_receipted_by_then_does_not_count() {
        let script = asked();
        let early = gathered(&script, START + 2 * HOUR);
        assert_eq!(early.requests[0].concluded, None);
        assert_eq!(early.requests[0].acknowledged, Some(START + HOUR));
        assert_eq!(
            evaluation_set([&script.thread()], START + 2 * HOUR).len(),
            2
        );
        let mut lost = asked();
        lost.entries[0].received = None;
        assert!(gathered(&lost, i64::MAX).requests.is_empty());
    }

    #[test]
    fn clocks_that_are_far_apart_are_flagged() {
        let mut script = asked();
        script.entries[1].received = Some(START + 2 * HOUR);
        assert!(gathered(&script, i64::MAX).requests[0].base.skewed);
    }
}
