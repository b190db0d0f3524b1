//! What every thread shows besides its state: what is owed, each step, what counted for nothing, what is not here.
//!
//! In scope: the form, the same for every subject. Out of scope: what a subject shows of itself.

use comity_case::history::{Due, Opening, Record, stamp};
use comity_case::table::Word;
use serde_json::{Value, json};

use super::put;

/// Adds it to what a subject shows of itself, at a time in seconds since 1970.
pub(crate) fn add<S: Word>(
    document: &mut Value,
    (opening, record): (&Opening, &Record<S>),
    dues: &[Due],
    now: i64,
) {
    let due = |due: &Due| {
        let by = opening.party(due.by);
        json!({
            "what": due.what, "by": by.as_str(), "at": stamp(due.at), "overdue": due.at < now, "left_seconds": due.at - now,
        })
    };
    let lacking = record.missing.iter().map(|one| {
        json!({ "author": one.author.as_str(), "seq": one.seq, "digest": one.digest.to_string() })
    });
    let forks = record.forks.iter();
    let disputes = record.disputes.iter();
    put(document, "due", dues.iter().map(due).collect());
    put(document, "steps", steps(record));
    put(document, "void", voided(record));
    put(document, "lacking", lacking.collect());
    let forks = forks.map(|one| json!({ "author": one.author.as_str(), "seq": one.seq }));
    put(document, "contradicting", forks.collect());
    let disputes = disputes.map(|(by, message)| json!({ "by": by.as_str(), "message": message }));
    put(document, "disputes", disputes.collect());
}

/// The messages that counted.
pub(crate) fn steps<S: Word>(record: &Record<S>) -> Value {
    let steps = record.steps.iter().map(|step| {
        json!({
            "place": step.place, "digest": step.digest.to_string(), "event": step.event, "officer": step.officer,
            "sent": stamp(step.sent), "received": step.received.map(stamp), "state": step.state.word(),
        })
    });
    steps.collect()
}

/// Those that did not, with the reason.
pub(crate) fn voided<S>(record: &Record<S>) -> Value {
    let told = record.voided.iter();
    told.map(|void| json!({ "place": void.place, "event": void.event, "reason": void.reason }))
        .collect()
}
