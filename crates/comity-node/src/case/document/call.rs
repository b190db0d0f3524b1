//! Hotline calls as JSON documents.
//!
//! In scope: the form. Out of scope: what may be said when (`comity_case::call`), what is kept at home (`hotline`).

use comity_accord::text::contact::Contact;
use comity_case::call::event::{Rung, State, TABLE};
use comity_case::call::ladder::named;
use comity_case::call::{Account, Call};
use comity_case::history::stamp;
use comity_case::table::{Word as _, possible};
use serde_json::{Value, json};

use super::{record, side_of};

/// What this party keeps of a call for itself, and whom it would ring next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Home {
    /// The words that its officer says.
    pub(crate) words: Option<String>,
    /// Its note, which is sealed and not yet shown.
    pub(crate) note: Option<String>,
    /// The next rung, and who stands on it.
    pub(crate) next: Option<(Rung, Option<Contact>)>,
}

/// Whether a party has sealed its note.
pub(super) fn has_sealed(call: &Call, own: &str) -> bool {
    call.account(side_of(&call.opening, own)).seal.is_some()
}

/// A call at a time in seconds since 1970.
pub(crate) fn of_call(call: &Call, home: &Home, own: &str, now: i64) -> Value {
    let side = side_of(&call.opening, own);
    let tries = call.tries.iter().map(|each| {
        json!({
            "to": each.to, "rung": each.rung.word(), "at": stamp(each.at), "noticed": stamp(each.noticed),
            "missed": each.missed.map(|(at, _)| stamp(at)),
        })
    });
    let actions = call.actions.iter().zip(1_u32..).map(|(action, number)| {
        json!({
            "number": number, "text": action.text, "owner": action.owner, "due": action.due, "thread": action.thread,
        })
    });
    let mut ours = account(call.account(side));
    // Words that have done their work are not shown again.
    let unknown = matches!(call.state, State::Rung | State::Missed | State::Answered);
    let words = home.words.as_ref().filter(|_| unknown);
    super::put(
        &mut ours,
        "say",
        words.cloned().map_or(Value::Null, Value::from),
    );
    super::put(
        &mut ours,
        "kept",
        home.note.clone().map_or(Value::Null, Value::from),
    );
    let answered = call.answered.as_ref();
    let next = home.next.as_ref().map(|(rung, contact)| {
        let contact = contact.as_ref();
        json!({
            "rung": rung.word(), "to": contact.map(named), "phone": contact.and_then(|one| one.phone.clone()),
            "hours": contact.map(|one| format!("{} {}", one.hours, one.time_zone)),
        })
    });
    let mut document = json!({
        "state": call.state.word(), "channel": call.channel, "urgency": call.urgency.word(), "line": call.line,
        "related": call.related.iter().map(ToString::to_string).collect::<Vec<_>>(), "test": call.test,
        "tries": tries.collect::<Vec<_>>(), "next": next,
        "answered": answered.map(|(at, name, role)| json!({ "at": stamp(*at), "name": name, "role": role })),
        "ours": ours, "theirs": account(call.account(side.other())), "actions": actions.collect::<Vec<_>>(),
        "closed": call.closed.map(|(by, at, noticed)| json!({
            "by": call.opening.party(by).as_str(), "at": stamp(at), "noticed": stamp(noticed),
        })),
        "possible": possible(TABLE, call.state, side),
    });
    record::add(
        &mut document,
        (&call.opening, &call.record),
        &call.dues(),
        now,
    );
    document
}

fn account(said: &Account) -> Value {
    json!({
        "code_stated": said.code.is_some(), "matched": said.matched, "seal": said.seal.map(|seal| seal.to_string()),
        "note": said.note,
        "read_back": said.read_back.as_ref().map(|(agrees, differences)| json!({ "agrees": agrees, "differences": differences })),
        "confirmed": said.confirmed.as_ref().map(|(at, text)| json!({ "at": stamp(*at), "text": text })),
    })
}
