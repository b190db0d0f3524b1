//! Threads as JSON documents: what commands print and pages will show.
//!
//! In scope: the form. Out of scope: what it says, which `comity-case` works out.

mod call;
mod exercise;
mod incident;
pub(crate) mod record;
#[cfg(test)]
mod tests;

use comity_case::call::Call;
use comity_case::history::{Opening, stamp};
use comity_case::incident::Incident;
use comity_case::message::{Subject, ThreadId};
use comity_case::request::Request;
use comity_case::request::event::{HOLD_TABLE, TABLE};
use comity_case::table::{Side, Word as _, possible};
use comity_stix::timestamp::Timestamp;
use comity_store::state::thread::ThreadRow;
use serde_json::{Value, json};

use crate::case::review::Reviewed;
use crate::case::threads::Held;
pub(crate) use call::{Home, of_call};
pub(crate) use exercise::{clock, of_exercise};

/// A thread in a list.
pub(crate) fn line(row: &ThreadRow, own: &str) -> Value {
    let (due, ours) = (row.due.as_ref(), row.own_due.as_ref());
    json!({
        "id": row.id, "subject": row.subject, "own": own, "party": row.party, "opener": row.opener, "title": row.title,
        "state": row.state, "urgency": row.urgency, "label": row.label, "exercise": row.exercise,
        "disputed": row.disputed, "messages": row.messages,
        "due": due.map(|(at, _, _)| stamp(*at)), "due_by": due.map(|(_, by, _)| by),
        "due_what": due.map(|(_, _, what)| what), "ours": ours.is_some(),
        "our_due": ours.map(|(at, _)| stamp(*at)), "our_what": ours.map(|(_, what)| what),
        "opened": micros(row.opened), "changed": micros(row.changed),
    })
}

/// The same at a time in microseconds since 1970: what is owed may be overdue.
pub(crate) fn line_at(row: &ThreadRow, own: &str, now: i64) -> Value {
    let mut document = line(row, own);
    let now = now.div_euclid(1_000_000);
    let overdue = row.due.as_ref().is_some_and(|(at, _, _)| *at < now);
    let ours = row.own_due.as_ref().is_some_and(|(at, _)| *at < now);
    put(&mut document, "overdue", Value::from(overdue));
    put(&mut document, "our_overdue", Value::from(ours));
    document
}

/// A thread with all that is known of it.
pub(crate) fn whole(held: &Held, own: &str, now: i64) -> Value {
    let mut document = line(&held.row, own);
    let notes = held.notes.iter().map(|note| {
        json!({ "id": note.id, "officer": note.officer, "text": note.body, "recorded": micros(note.recorded) })
    });
    // Other entries of the own record are shown as what they are.
    let notes = notes
        .zip(&held.notes)
        .filter(|(_, note)| note.event == "note")
        .map(|(note, _)| note);
    put(&mut document, "notes", notes.collect());
    let subject = ThreadId::parse(&held.row.id).map(ThreadId::subject);
    if subject == Some(Subject::Request)
        && let Some(request) = Request::replay(&held.thread, &held.terms)
    {
        let request = of_request(&request, held, own, now.div_euclid(1_000_000));
        put(&mut document, "request", request);
    }
    if subject == Some(Subject::Incident)
        && let Some(incident) = Incident::replay(&held.thread)
    {
        let incident = incident::of_incident(&incident, own, now.div_euclid(1_000_000));
        put(&mut document, "incident", incident);
    }
    put(&mut document, "messages", messages(held, own));
    document
}

pub(crate) fn put(document: &mut Value, name: &str, value: Value) {
    if let Some(members) = document.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// Every message, in order, as it was sent. A note of a call that came before this party had sealed its own is not shown:
/// nobody may fit one note to the other, whichever side broke the order.
fn messages(held: &Held, own: &str) -> Value {
    let ordered = held.thread.ordered();
    let early = |event: &str, author: &str| {
        let call = event == "note-shown" && author != own;
        call && !Call::replay(&held.thread).is_some_and(|call| call::has_sealed(&call, own))
    };
    let standing = ordered.standing.iter().map(|entry| {
        let (message, said) = (&entry.message, entry.message.head());
        let content = if early(message.event(), said.author.as_str()) {
            json!({ "withheld": "this party has not sealed its own note" })
        } else {
            message.content().clone()
        };
        json!({
            "place": message.place(), "digest": message.digest().to_string(), "event": message.event(),
            "content": content, "officer": said.officer.name, "role": said.officer.role.word(),
            "second": said.officer.second, "person": said.person, "sent": said.sent.to_stix(), "received": entry.received.map(stamp),
        })
    });
    standing.collect()
}

fn of_request(request: &Request, held: &Held, own: &str, now: i64) -> Value {
    let state = request.state_at(now, &held.terms);
    let side = side_of(&request.opening(), own);
    let mut may = possible(TABLE, state, side);
    let preservation = request.preservation.as_ref().map(|data| {
        let held = possible(HOLD_TABLE, data.state_at(now), side);
        may = format!("{may}, {held}");
        json!({
            "state": data.state_at(now).word(), "asked_until": data.asked_until.map(stamp),
            "held_until": data.held_until.map(stamp), "warnings": data.warnings(now),
        })
    });
    let mut document = json!({
        "state": state.word(), "content": request.content, "missing": request.content.missing(),
        "sent": stamp(request.sent), "delivered": request.delivered.map(stamp),
        "acknowledged": request.acknowledged.as_ref().map(|(at, number)| json!({ "at": stamp(*at), "number": number })),
        "expected": request.expected.iter().map(|(at, reason)| json!({ "at": stamp(*at), "reason": reason })).collect::<Vec<_>>(),
        "answer_due": request.answer_due(&held.terms).map(stamp),
        "returned": request.pauses.iter().map(|pause| json!({
            "at": stamp(pause.from), "until": pause.until.map(stamp), "fields": pause.fields,
        })).collect::<Vec<_>>(),
        "declined": request.declined.as_ref().map(|(at, reason, note)| json!({ "at": stamp(*at), "reason": reason.word(), "note": note })),
        "answers": request.answers.iter().map(|answer| json!({
            "at": stamp(answer.at), "text": answer.text, "scope": answer.scope, "objects": answer.objects, "evidence": answer.evidence,
        })).collect::<Vec<_>>(),
        "feedback": request.feedback.as_ref().map(|said| json!({
            "at": stamp(said.at), "useful": said.useful, "quality": said.quality, "acted": said.acted, "note": said.note,
        })),
        "purged": request.purged.map(|(at, retained)| json!({ "at": stamp(at), "retained": retained })),
        "confirmed": request.confirmed.as_ref().map(|(at, number)| json!({ "at": stamp(*at), "reference": number })),
        "preservation": preservation,
        "possible": may,
    });
    let (opening, dues) = (request.opening(), request.dues(now, &held.terms));
    record::add(&mut document, (&opening, &request.record), &dues, now);
    document
}

/// Which side of a thread a party is.
pub(crate) fn side_of(opening: &Opening, own: &str) -> Side {
    if opening.opener.as_str() == own {
        Side::Opener
    } else {
        Side::Responder
    }
}

pub(crate) fn micros(at: i64) -> String {
    Timestamp::from_micros(at).map_or_else(String::new, Timestamp::to_stix)
}

/// A period's scorecard with what both sides said of it.
pub(crate) fn scorecard(made: &Reviewed) -> Value {
    let review = made.review.as_ref();
    let difference = review.filter(|_| !made.cut);
    let difference = difference.and_then(comity_case::review::Review::difference);
    json!({
        "accord": made.accord, "as_of": stamp(made.as_of), "hash": made.scorecard.hash().to_string(),
        "root": made.set.root().to_string(), "messages": made.set.len(), "longer": made.scorecard.longer(),
        "text": made.scorecard.text(),
        "card": serde_json::from_str::<Value>(made.scorecard.text()).unwrap_or_default(),
        "review": review.map_or("open", |review| review.state().word()),
        // What both sides said is of the whole.
        "said": review.filter(|_| !made.cut).map(|review| review.cards.iter().map(|(party, card)| (party.to_string(), json!(card))).collect::<serde_json::Map<_, _>>()),
        "difference": difference.map(|(place, one, two)| format!("{place}: {one}, and {two}")),
    })
}
