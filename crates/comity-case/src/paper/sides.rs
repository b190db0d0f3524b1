//! The figures of one side of a review.
//!
//! A request, a call or a check belongs to the period in which the other node had it. Shares are counted as numbers of a whole,
//! never as fractions: both sides come to the same figures.
//!
//! In scope: one side. Out of scope: what is listed of both (the module above).

use std::collections::{BTreeMap, BTreeSet};

use comity_accord::evaluation::facts::{Class, Facts};
use comity_accord::evaluation::period::Window;
use comity_accord::party::PartyName;
use serde_json::{Value, json};

use super::Stood;
use crate::call::Call;
use crate::check::{Check, answer_seconds};
use crate::request::Request;
use crate::request::content::Urgency;
use crate::request::event::Useful;
use crate::table::Word as _;

/// What a side did in a period, and what was asked of it.
pub(super) fn side(party: &PartyName, stood: &Stood, facts: &Facts, window: &Window) -> Value {
    let requests = stood.requests.iter().filter(|one| one.exercise.is_none());
    let requests = requests.filter(|one| one.delivered.is_some_and(|at| window.holds(at)));
    let (got, sent): (Vec<&Request>, Vec<&Request>) =
        requests.partition(|one| one.responder == *party);
    let sent: Vec<&Request> = sent
        .into_iter()
        .filter(|one| one.opener == *party)
        .collect();
    json!({
        "party": party.as_str(),
        "answering": answering(&got),
        "marks": marks(&got),
        "asking": asking(&sent),
        "feedback": feedback(&sent),
        "hotline": hotline(party, stood, window),
        "checks": checks(party, stood, window),
        "shared": shared(party, facts, window),
        "recalls": recalls(party, facts, window),
    })
}

fn count<T>(all: &[T], which: impl Fn(&T) -> bool) -> usize {
    all.iter().filter(|one| which(one)).count()
}

/// How long things took: how many, the middle one (the earlier of two), the longest.
fn times(mut all: Vec<i64>) -> Value {
    all.sort_unstable();
    let middle = all.get(all.len().saturating_sub(1) / 2);
    json!({ "count": all.len(), "median_seconds": middle, "longest_seconds": all.last() })
}

/// What became of requests that it was asked.
fn answering(got: &[&Request]) -> Value {
    let urgency = |which| count(got, |one| one.content.urgency == which);
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, reason, _) in got.iter().filter_map(|one| one.declined.as_ref()) {
        *reasons.entry(reason.word()).or_default() += 1;
    }
    let acknowledged = got.iter().filter_map(|one| {
        let (at, _) = one.acknowledged.as_ref()?;
        Some(at - one.delivered?)
    });
    let answered = got
        .iter()
        .filter_map(|one| Some(one.answers.first()?.at - one.delivered?));
    let answered: Vec<i64> = answered.collect();
    let declined = count(got, |one| one.declined.is_some());
    let referred = count(got, |one| one.referred.is_some());
    let extended: Vec<&&Request> = got.iter().filter(|one| one.expected.len() > 1).collect();
    let kept = count(&extended, |one| {
        let last = one.expected.last().map(|(at, _)| *at);
        one.answers
            .first()
            .zip(last)
            .is_some_and(|(answer, last)| answer.at <= last)
    });
    json!({
        "requests": got.len(),
        "emergency": urgency(Urgency::Emergency), "urgent": urgency(Urgency::Urgent), "routine": urgency(Urgency::Routine),
        "acknowledged": times(acknowledged.collect()),
        "declined": { "count": declined, "of": declined + referred + answered.len(), "reasons": reasons },
        "referred": referred,
        "answered": times(answered),
        "returned": count(got, |one| !one.pauses.is_empty()),
        "extended": { "requests": extended.len(), "kept": kept, "extensions": got.iter().map(|one| one.expected.len().saturating_sub(1)).sum::<usize>() },
    })
}

/// What the other side said of its answers.
fn marks(got: &[&Request]) -> Value {
    let given: Vec<_> = got.iter().filter_map(|one| one.feedback.as_ref()).collect();
    let useful = |which| count(&given, |one| one.useful == which);
    let quality: BTreeMap<String, usize> = (1..=5_u8)
        .map(|mark| (mark.to_string(), count(&given, |one| one.quality == mark)))
        .collect();
    json!({
        "given": given.len(), "of": count(got, |one| !one.answers.is_empty()),
        "useful": { "yes": useful(Useful::Yes), "partly": useful(Useful::Partly), "no": useful(Useful::No) },
        "quality": quality, "acted": count(&given, |one| one.acted),
    })
}

/// What it asked.
fn asking(sent: &[&Request]) -> Value {
    let pressing = |one: &&Request| one.content.urgency != Urgency::Routine;
    json!({
        "requests": sent.len(),
        "urgent": { "count": count(sent, pressing), "of": sent.len() },
        "incomplete": { "count": count(sent, |one| !one.pauses.is_empty()), "of": sent.len() },
        "withdrawn": count(sent, |one| one.withdrawn.is_some()),
    })
}

/// Its word on answers that it got.
fn feedback(sent: &[&Request]) -> Value {
    let answered = count(sent, |one| !one.answers.is_empty());
    let given = sent.iter().filter_map(|one| {
        let answer = one.answers.last()?;
        Some(one.feedback.as_ref()?.at - answer.received)
    });
    json!({ "answers": answered, "given": times(given.collect()) })
}

fn hotline(party: &PartyName, stood: &Stood, window: &Window) -> Value {
    let rang = |one: &&Call| {
        one.tries
            .first()
            .is_some_and(|first| window.holds(first.noticed))
    };
    let calls = stood
        .calls
        .iter()
        .filter(|one| one.opening.exercise.is_none())
        .filter(rang);
    let (got, made): (Vec<&Call>, Vec<&Call>) =
        calls.partition(|one| one.opening.responder == *party);
    let answered = got.iter().filter_map(|one| {
        let (at, _, _) = one.answered.as_ref()?;
        Some(at - one.tries.first()?.noticed)
    });
    let answered: Vec<i64> = answered.collect();
    json!({
        "made": made.len(), "tests_made": count(&made, |one| one.test),
        "got": got.len(), "tests_got": count(&got, |one| one.test),
        "unanswered": got.len() - answered.len(), "answered": times(answered),
        "actions_agreed": got.iter().chain(&made).map(|one| one.actions.len()).sum::<usize>(),
    })
}

fn checks(party: &PartyName, stood: &Stood, window: &Window) -> Value {
    let checks = stood
        .checks
        .iter()
        .filter(|one| one.opening.exercise.is_none());
    let checks = checks.filter(|one| one.opening.responder == *party && window.holds(one.sent.1));
    let got: Vec<&Check> = checks.collect();
    let in_time = |one: &&Check| {
        one.answered
            .as_ref()
            .is_some_and(|(at, _, _)| *at <= one.due)
    };
    let mut contacts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &got {
        *contacts.entry(&one.contact).or_default() += 1;
    }
    json!({
        "got": got.len(), "unannounced": count(&got, |one| one.purpose.unannounced),
        "answered": times(got.iter().filter_map(|one| answer_seconds(one)).collect()),
        "in_time": count(&got, in_time), "unanswered": count(&got, |one| one.answered.is_none()),
        "escalated": count(&got, |one| !one.escalated.is_empty()), "contacts": contacts,
    })
}

/// What it shared, each object once.
fn shared(party: &PartyName, facts: &Facts, window: &Window) -> Value {
    let of = facts
        .shares
        .iter()
        .filter(|one| one.base.from == *party && window.holds(one.received) && !one.base.exercise);
    let mut classes: BTreeMap<Class, BTreeSet<&str>> = BTreeMap::new();
    let mut deliveries = BTreeSet::new();
    for one in of {
        classes.entry(one.class).or_default().insert(&one.base.id);
        deliveries.insert(one.delivery.as_str());
    }
    let class = |which| classes.get(&which).map_or(0, BTreeSet::len);
    let sightings = facts.sightings.iter();
    json!({
        "deliveries": deliveries.len(), "indicators": class(Class::Indicators), "reports": class(Class::Reports),
        "samples": class(Class::Samples), "other": class(Class::Other),
        "sightings": sightings.filter(|one| one.by == *party && window.holds(one.at)).count(),
    })
}

fn recalls(party: &PartyName, facts: &Facts, window: &Window) -> Value {
    let got = facts.recalls.iter();
    let got: Vec<_> = got
        .filter(|one| one.base.to == *party && window.holds(one.received))
        .collect();
    json!({ "got": got.len(), "answered": count(&got, |one| one.answered.is_some()) })
}
