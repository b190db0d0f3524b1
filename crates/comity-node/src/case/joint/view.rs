//! A case as a JSON document: what commands print and pages will show.
//!
//! In scope: the form. Out of scope: what it says (`comity_case::case`).

use std::collections::BTreeMap;

use comity_case::case::board::Board;
use comity_case::case::event::{Priority, TABLE};
use comity_case::case::{Case, OfSide};
use comity_case::history::stamp;
use comity_case::message::ThreadId;
use comity_case::table::{Word as _, possible};
use serde_json::{Map, Value, json};

use crate::case::document::{record, side_of};

/// What a case says of itself.
pub(super) fn case(case: &Case, own: &str, now: i64) -> Value {
    let sides: Map<String, Value> = case
        .sides
        .iter()
        .map(|(party, said)| (party.to_string(), of_side(said)))
        .collect();
    let side = side_of(&case.opening, own);
    let mut shown = json!({
        "state": case.state.word(), "summary": case.summary, "legal_basis": case.legal_basis,
        "sides": sides, "agreed_priority": case.agreed_priority().map(Priority::word),
        "assessment": case.assessment.as_ref().map(|one| json!({
            "determination": one.determination.word(), "criticality": one.criticality, "types": one.types,
        })),
        "split_from": case.split_from.map(|id| id.to_string()),
        "merged_into": case.merged_into.map(|id| id.to_string()),
        "splits": case.splits.iter().map(|split| json!({ "into": split.into.to_string(), "items": split.items })).collect::<Vec<_>>(),
        "possible": possible(TABLE, case.state, side),
    });
    let dues = case.dues();
    record::add(&mut shown, (&case.opening, &case.record), &dues, now);
    shown
}

fn of_side(said: &OfSide) -> Value {
    let told = |words: &Option<(i64, String)>| {
        words
            .as_ref()
            .map(|(at, text)| json!({ "at": stamp(*at), "text": text }))
    };
    json!({
        "number": said.number, "priority": said.priority.map(Priority::word), "status": told(&said.status),
        "closed": told(&said.closed),
    })
}

/// The items of a part, with the case that has them.
pub(super) fn items(
    case: ThreadId,
    board: &Board,
    threads: &BTreeMap<ThreadId, (String, String)>,
) -> Value {
    json!({
        "case": case.to_string(),
        "notes": board.notes.iter().map(|item| json!({
            "place": item.mark.place, "by": item.mark.by.as_str(), "officer": item.mark.officer, "at": stamp(item.mark.at),
            "text": item.text,
        })).collect::<Vec<_>>(),
        "tasks": board.tasks.iter().map(|item| json!({
            "place": item.mark.place, "by": item.mark.by.as_str(), "at": stamp(item.mark.at), "text": item.text,
            "owner": item.owner.as_str(), "due": item.due.map(stamp), "state": item.state.word(),
            "ended": item.ended.as_ref().map(|(at, _)| stamp(*at)), "result": item.ended.as_ref().map(|(_, words)| words),
        })).collect::<Vec<_>>(),
        "observations": board.observations.iter().map(|item| json!({
            "place": item.mark.place, "by": item.mark.by.as_str(), "at": stamp(item.mark.at), "context": item.context,
            "values": item.values.iter().map(|one| json!({ "field": one.kind.field(), "value": one.value })).collect::<Vec<_>>(),
            "objects": item.objects,
        })).collect::<Vec<_>>(),
        "timeline": board.happenings.iter().map(|item| json!({
            "place": item.mark.place, "by": item.mark.by.as_str(), "happened": stamp(item.happened),
            "until": item.until.map(stamp), "learned": stamp(item.learned), "text": item.text,
        })).collect::<Vec<_>>(),
        "links": board.links.iter().map(|item| {
            let known = threads.get(&item.thread);
            json!({
                "place": item.mark.place, "thread": item.thread.to_string(), "why": item.why,
                "title": known.map(|(title, _)| title), "state": known.map(|(_, state)| state),
            })
        }).collect::<Vec<_>>(),
    })
}
