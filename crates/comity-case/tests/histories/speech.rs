//! What a party says next: something that its side may say in the state in which it sees the thread.
//!
//! In scope: requests and calls. Out of scope: whether it is wise.

use comity_accord::party::PartyName;
use comity_case::call::event::{Kind as CallKind, TABLE as CALL_TABLE};
use comity_case::call::{Call, seal};
use comity_case::message::{Subject, ThreadId};
use comity_case::request::Request;
use comity_case::request::event::{Kind, TABLE};
use comity_case::request::terms::Terms;
use comity_case::table::{Side, Word};
use comity_case::thread::Thread;
use serde_json::{Value, json};

use crate::model::{Random, stamp};

const SALT: &str = "00112233445566778899aabbccddeeff";

/// The next event with what it says; none: there is nothing to say.
pub(crate) fn next(
    thread: &Thread,
    own: &PartyName,
    (id, at): (ThreadId, i64),
    random: &mut Random,
) -> Option<(String, Value)> {
    match id.subject() {
        Subject::Call => of_call(thread, own, at, random),
        _ => of_request(thread, own, at, random),
    }
}

fn of_request(
    thread: &Thread,
    own: &PartyName,
    at: i64,
    random: &mut Random,
) -> Option<(String, Value)> {
    let urgency = *random.pick(&["emergency", "urgent", "routine"])?;
    let opening = json!({
        "request_type": "log-search", "urgency": urgency, "title": "logs", "unit": "u", "contact": "c", "facts": "f",
        "asked": "a", "use_limits": "intelligence only", "window_from": "2026-09-01T00:00:00Z",
        "window_until": "2026-09-02T00:00:00Z", "observables": ["198.51.100.7"], "emergency_reason": "r",
    });
    if thread.is_empty() {
        return Some(("send".to_owned(), opening));
    }
    let terms = Terms::default();
    let request = Request::replay(thread, &terms)?;
    let (side, state) = (request.side(own), request.state_at(at, &terms));
    let usual = |kind: Kind| !matches!(kind, Kind::Withdraw | Kind::Decline | Kind::Dispute);
    let rare = random.below(12) == 0;
    let fits = |row: &&comity_case::table::Row<_, Kind>| {
        row.from.contains(&state) && row.by.contains(&side) && (rare || usual(row.event))
    };
    let rows: Vec<_> = TABLE.iter().filter(fits).collect();
    let onward = [
        Kind::Acknowledge,
        Kind::Accept,
        Kind::Answer,
        Kind::Feedback,
    ];
    let wanted = rows
        .iter()
        .find(|row| onward.contains(&row.event) && random.below(2) == 0);
    let kind = wanted
        .copied()
        .or_else(|| random.pick(&rows).copied())?
        .event;
    let steps = &request.record.steps;
    let digest = random.pick(steps).map(|step| step.digest.to_string());
    let days = i64::try_from(random.below(20)).unwrap();
    let later = stamp(at + 60 + days * 86_400).to_stix();
    let said = match kind {
        Kind::Acknowledge => json!({"number": "B-1"}),
        Kind::Return => json!({"fields": ["facts"]}),
        Kind::Supplement => json!({"fields": {"facts": "more"}}),
        Kind::Accept => json!({"scope": "full", "expected": later}),
        Kind::Decline => json!({"reason": "resources"}),
        Kind::AskReferral => json!({"to": "charlie", "why": "it is theirs"}),
        Kind::Consent => json!({"to": "charlie", "agreed": true}),
        Kind::Refer => json!({"to": "charlie"}),
        Kind::Interim => json!({"text": "half"}),
        Kind::Extend => json!({"expected": later, "reason": "volume"}),
        Kind::Answer => json!({"scope": "full", "text": "here"}),
        Kind::Feedback => json!({"useful": "yes", "quality": 4, "acted": true}),
        Kind::Reopen => json!({"gap": "one day"}),
        Kind::Withdraw => json!({"reason": "solved"}),
        Kind::Purged => json!({"retained": false}),
        Kind::Confirm => json!({"reference": "MLA-7"}),
        Kind::Dispute | Kind::Settle => json!({"message": digest, "text": "not so"}),
        _ => return None,
    };
    Some((kind.word().to_owned(), said))
}

fn of_call(
    thread: &Thread,
    own: &PartyName,
    at: i64,
    random: &mut Random,
) -> Option<(String, Value)> {
    let test = random.below(2) == 0;
    let opening = json!({
        "to": "desk", "channel": "telephone", "urgency": "urgent", "line": "a grid is failing", "test": test,
    });
    if thread.is_empty() {
        return Some(("ring".to_owned(), opening));
    }
    let call = Call::replay(thread)?;
    let side = call.opening.side(own);
    let rare = random.below(12) == 0;
    let usual = |kind: CallKind| {
        !matches!(
            kind,
            CallKind::Close | CallKind::Abandon | CallKind::Dispute | CallKind::Settle
        )
    };
    let fits = |row: &&comity_case::table::Row<_, CallKind>| {
        row.from.contains(&call.state) && row.by.contains(&side) && (rare || usual(row.event))
    };
    let rows: Vec<_> = CALL_TABLE.iter().filter(fits).collect();
    let kind = random.pick(&rows)?.event;
    let note = if side == Side::Opener {
        "we said"
    } else {
        "they said"
    };
    let digest = random
        .pick(&call.record.steps)
        .map(|step| step.digest.to_string());
    let said = match kind {
        CallKind::Redial => json!({"to": "desk", "rung": call.next_rung(at).word()}),
        CallKind::Answered | CallKind::CallBack => json!({"name": "duty officer", "role": "duty"}),
        CallKind::Identify => json!({"heard": "matched"}),
        CallKind::NoteSealed => json!({"sha256": seal(note, SALT).to_string()}),
        CallKind::NoteShown => json!({"text": note, "salt": SALT}),
        CallKind::ReadBack => json!({"agrees": true}),
        CallKind::Actions => {
            json!({"actions": [{"text": "send logs", "owner": own.as_str(), "due": "2027-01-01T00:00:00Z"}]})
        }
        CallKind::FollowUp => {
            call.actions.iter().find(|action| action.thread.is_none())?;
            json!({"action": 1, "thread": "request--00000000-0000-0000-0000-000000000007"})
        }
        CallKind::Abandon => json!({"reason": "solved"}),
        CallKind::Confirm => json!({"text": "as agreed"}),
        CallKind::Dispute | CallKind::Settle => json!({"message": digest, "text": "not so"}),
        CallKind::Missed | CallKind::Close => json!({}),
        CallKind::Ring => return None,
    };
    Some((kind.word().to_owned(), said))
}
