//! What is done with an item: said in its thread where this party holds it there, else in the list of this house.
//!
//! The list of a house is chained by hash and only ever grows; an offer to another party names its newest hash.
//!
//! In scope: which of the two, and what the house alone allows. Out of scope: what custody allows between two (`comity-case`).

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use comity_case::evidence::custody::Link;
use comity_case::evidence::event::{Event, Kind};
use comity_case::table::Word as _;
use comity_store::state::evidence::{self as rows, CustodyRow};
use serde_json::Value;

use super::{EvidenceError, Known};
use crate::case::CaseError;
use crate::case::threads::{Acting, Speech};
use crate::node::Node;

/// How often an entry is made anew because another one came first.
const TRIES_MAX: usize = 8;

impl Node {
    /// Records what was done with an item: in the thread, where this party holds it there; else in the list of the house.
    pub(crate) fn note_custody(
        &self,
        name: &str,
        event: &Event,
        acting: &Acting,
    ) -> Result<Known, CaseError> {
        let known = self.item_known(name)?;
        let own = self.own_party()?;
        let holds = known.holder().as_ref() == Some(&own);
        let whole = serde_json::to_value(event).unwrap_or_default();
        let word = whole.get("event").and_then(Value::as_str);
        let kind = word.and_then(Kind::of);
        let either = matches!(
            kind,
            Some(Kind::Hold | Kind::Release | Kind::AnalysisReport | Kind::Dispute | Kind::Settle)
        );
        match (&known.row.thread, &known.shared) {
            (Some(thread), Some(_)) if holds || either => {
                self.say(
                    thread,
                    &Speech {
                        event: word.unwrap_or_default().to_owned(),
                        content: whole.get("content").cloned().unwrap_or_default(),
                        acting: acting.clone(),
                    },
                )?;
            }
            (Some(_), Some(shared)) => {
                // A copy is here. What is done with the original is not this party's to say.
                if !matches!(kind, Some(Kind::Copied | Kind::Verified | Kind::Derived)) {
                    let holder = shared.holder().map_or("nobody", PartyName::as_str);
                    return Err(EvidenceError::NotHeld {
                        id: known.row.id,
                        holder: holder.to_owned(),
                    }
                    .into());
                }
                self.record_in_house(&known.row.id, event, acting)?;
            }
            (_, None) | (None, _) => {
                allowed_in_house(&known, event, acting)?;
                self.record_in_house(&known.row.id, event, acting)?;
            }
        }
        self.item_known(&known.row.id)
    }

    pub(crate) fn record_in_house(
        &self,
        id: &str,
        event: &Event,
        acting: &Acting,
    ) -> Result<(), CaseError> {
        let own = self.own_party()?;
        for _ in 0..TRIES_MAX {
            let now = self.clock().now();
            let added = self.inner.state.write(|tx| {
                let known = rows::custody(tx, id)?;
                let last = match known.last() {
                    Some(last) => Some(*link_of(last, &own)?.hash().as_bytes()),
                    None => None,
                };
                let place = known.last().map_or(1, |last| last.place + 1);
                let entry = house_entry(id, (place, last), event, (&acting.officer, now));
                Ok::<_, CaseError>(rows::add_custody(tx, &entry)?)
            })?;
            if added {
                return Ok(());
            }
        }
        Err(CaseError::Busy)
    }
}

/// An entry of the house's list.
pub(super) fn house_entry(
    id: &str,
    (place, prev): (u64, Option<[u8; 32]>),
    event: &Event,
    (officer, now): (&str, i64),
) -> CustodyRow {
    CustodyRow {
        item: id.to_owned(),
        place,
        at: now.div_euclid(1_000_000),
        officer: officer.to_owned(),
        event: serde_json::to_string(event).unwrap_or_default(),
        prev,
    }
}

/// What this house alone allows: the same as custody between two, for one.
fn allowed_in_house(known: &Known, event: &Event, acting: &Acting) -> Result<(), CaseError> {
    let custody = known.custody();
    let id = || known.row.id.clone();
    if custody.destroyed.is_some() {
        return Err(EvidenceError::Destroyed(id()).into());
    }
    let said = |text: &str| Err(EvidenceError::Said(text.to_owned()).into());
    if let Event::Destroyed { witness } = event {
        if !custody.holds.is_empty() {
            return said("the item is on hold: whoever holds it so must release it first");
        }
        if *witness == acting.officer {
            return said("the witness must be another person");
        }
    }
    if matches!(event, Event::Release { .. }) && custody.holds.is_empty() {
        return said("this side has no hold on the item");
    }
    if matches!(
        event,
        Event::AnalysisReport { .. } | Event::Dispute { .. } | Event::Settle { .. }
    ) {
        return said("there is nobody to say it to: the item was not handed over");
    }
    Ok(())
}

pub(super) fn link_of(row: &CustodyRow, own: &PartyName) -> Result<Link, CaseError> {
    let event = serde_json::from_str(&row.event)
        .map_err(|error| EvidenceError::Said(format!("entry {}: {error}", row.place)))?;
    Ok(Link {
        at: row.at,
        actor: own.clone(),
        officer: row.officer.clone(),
        event,
        prev: row.prev.map(Digest::from_bytes),
    })
}
