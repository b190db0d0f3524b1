//! Items as JSON documents: what commands print and pages will show.
//!
//! In scope: the form; which gaps are whose. Out of scope: custody itself (`comity-case`).

use comity_case::evidence::Evidence;
use comity_case::evidence::custody::{Gap, Link};
use comity_case::evidence::event::{Event, TABLE};
use comity_case::history::stamp;
use comity_case::table::{Side, possible};
use comity_store::state::channel::Direction;
use comity_store::state::evidence as rows;
use serde_json::{Value, json};

use super::handing::stands;
use super::{Known, hex};
use crate::case::CaseError;
use crate::case::document::micros;
use crate::node::Node;

impl Node {
    /// An item in a list.
    pub(crate) fn item_line(&self, known: &Known) -> Result<Value, CaseError> {
        let now = self.clock().now().div_euclid(1_000_000);
        let (row, item) = (&known.row, &known.item);
        let crossing = self.crossing(known)?;
        Ok(json!({
            "id": row.id, "sha256": hex(&row.sha256), "size": row.size, "media_type": item.media_type, "sample": item.sample,
            "label": item.label, "source": item.source, "acquired": item.acquired_at, "custody": stands(known),
            "holder": known.holder().map(|holder| holder.to_string()), "here": row.stored.is_some(),
            "party": known.thread.as_ref().map(|thread| thread.party.clone()), "thread": row.thread, "origin": row.origin,
            "gaps": gaps(known, now).iter().map(ToString::to_string).collect::<Vec<_>>(),
            "crossing": crossing, "added": micros(row.added),
            "due": known.thread.as_ref().and_then(|thread| thread.due.clone()).map(|(at, by, what)| json!({ "at": stamp(at), "by": by, "what": what })),
        }))
    }

    /// An item with its whole custody.
    pub(crate) fn item_whole(&self, known: &Known) -> Result<Value, CaseError> {
        let mut document = self.item_line(known)?;
        let own = self.identity().party.as_str();
        let shared = known.shared.as_ref();
        let held: Vec<String> = if let Some(shared) = shared {
            shared.holds.iter().map(ToString::to_string).collect()
        } else {
            let holds = known.custody().holds;
            holds.iter().map(ToString::to_string).collect()
        };
        let members = [
            (
                "item",
                serde_json::to_value(&known.item).unwrap_or_default(),
            ),
            ("events", events(known, own)),
            ("possible", shared.map(|shared| may(shared, own)).into()),
            ("holds", held.into()),
            ("reports", shared.map(reports).into()),
            ("void", shared.map(voided).into()),
        ];
        if let Some(all) = document.as_object_mut() {
            all.extend(members.map(|(name, value)| (name.to_owned(), value)));
        }
        Ok(document)
    }

    /// How far an item has come that crosses now.
    fn crossing(&self, known: &Known) -> Result<Value, CaseError> {
        let Some(thread) = &known.row.thread else {
            return Ok(Value::Null);
        };
        let read = |direction| {
            let state = &self.inner.state;
            state.read(|tx| Ok::<_, CaseError>(rows::transfer(tx, thread, direction)?))
        };
        for direction in [Direction::In, Direction::Out] {
            if let Some(row) = read(direction)?
                && row.state != "closed"
            {
                let (have, of) = self.come(known, thread)?;
                return Ok(json!({
                    "direction": direction.word(), "party": row.party, "state": row.state, "reason": row.reason,
                    "mebibytes": have, "of": of,
                }));
            }
        }
        Ok(Value::Null)
    }
}

/// Everything that happened, house and both, by time.
fn events(known: &Known, own: &str) -> Value {
    let house = known.house.iter().zip(1_u64..).map(|(link, place)| {
        let place = format!("{own}/house/{place}");
        (link.at, event(link, &place, json!({ "where": "house" })))
    });
    let mut all: Vec<(i64, Value)> = house.collect();
    all.extend(known.shared.iter().flat_map(said));
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, event)| event).collect()
}

fn reports(shared: &Evidence) -> Value {
    let each = shared.reports.iter().map(
        |report| json!({ "at": stamp(report.at), "text": report.text, "objects": report.objects }),
    );
    each.collect()
}

fn voided(shared: &Evidence) -> Value {
    let each = shared
        .record
        .voided
        .iter()
        .map(|void| json!({ "place": void.place, "event": void.event, "reason": void.reason }));
    each.collect()
}

fn event(link: &Link, place: &str, more: Value) -> Value {
    let whole = serde_json::to_value(&link.event).unwrap_or_default();
    let mut said = json!({
        "place": place, "at": stamp(link.at), "party": link.actor.as_str(), "officer": link.officer,
        "event": whole.get("event"), "content": whole.get("content"),
        "hash": link.hash().to_string(), "before": link.prev.map(|prev| prev.to_string()),
    });
    if let (Some(said), Value::Object(more)) = (said.as_object_mut(), more) {
        said.extend(more);
    }
    said
}

/// What both parties say: each event is a message, with its digest and the other side's receipt.
fn said(shared: &Evidence) -> Vec<(i64, Value)> {
    let links = shared.links();
    let steps = links.iter().zip(&shared.record.steps);
    let each = steps.map(|(link, step)| {
        let more = json!({
            "where": "both", "digest": step.digest.to_string(), "received": step.received.map(stamp),
        });
        (link.at, event(link, &step.place, more))
    });
    each.collect()
}

fn may(shared: &Evidence, own: &str) -> String {
    let side = if shared.opening.opener.as_str() == own {
        Side::Opener
    } else {
        Side::Responder
    };
    possible(TABLE, shared.state, side)
}

/// What does not fit. The list of the house tells of the holder as long as it alone does; later, of its own chain and of hashes.
pub(crate) fn gaps(known: &Known, now: i64) -> Vec<Gap> {
    let house = known.custody();
    let Some(shared) = &known.shared else {
        return house.gaps_at(now);
    };
    let own = |gap: &Gap| matches!(gap, Gap::Chain { .. } | Gap::Hash { .. });
    let mut gaps: Vec<Gap> = house.gaps.into_iter().filter(own).collect();
    gaps.extend(shared.custody().gaps_at(now));
    if let Some(rewritten) = rewritten(known, shared) {
        gaps.push(rewritten);
    }
    gaps
}

/// The newest event of the house's list that an offer of a party names.
pub(crate) fn bound_by(shared: &Evidence, party: &str) -> Option<String> {
    let mut offers = shared.links().into_iter().filter_map(|link| {
        let ours = link.actor.as_str() == party;
        if let (Event::TransferOffer { before, .. }, true) = (link.event, ours) {
            before
        } else {
            None
        }
    });
    offers.next_back()
}

/// An offer of this side binds the list of its house; a list that does not hold what was bound was written anew.
fn rewritten(known: &Known, shared: &Evidence) -> Option<Gap> {
    let own = known.house.first()?.actor.as_str();
    let bound = bound_by(shared, own)?;
    let held = known
        .house
        .iter()
        .any(|link| link.hash().to_string() == bound);
    (!held).then_some(Gap::Chain {
        place: known.house.len(),
    })
}
