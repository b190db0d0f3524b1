//! Which items cross: what a thread says becomes what the link gives and fetches; what has arrived becomes an attachment.
//!
//! The rows follow from the thread in the transaction that records a message, so nothing is given that was not offered, and what
//! is offered is fetched without anybody's doing, as far as the other side's unanswered offers leave room.
//!
//! In scope: rows, and finishing what arrived. Out of scope: the pieces (`link::items`).

use comity_accord::party::PartyName;
use comity_case::evidence::Evidence;
use comity_case::thread::Thread;
use comity_store::attachment::AttachmentName;
use comity_store::attachment::item::{ITEM_BYTES_MAX, chunks};
use comity_store::state::Tx;
use comity_store::state::channel::Direction;
use comity_store::state::evidence::{self as rows, ItemRow, TransferRow};

use super::OFFERED_BYTES_MAX;
use crate::case::CaseError;
use crate::link::items::arriving;
use crate::node::Node;

/// Items that are finished in one turn.
const TURN_MAX: u64 = 16;
/// Why nothing is fetched.
const TOO_MUCH: &str = "other offers of this party wait for an answer, and together they are more than 4 GiB: accept or refuse those first, then accept this one";

impl Node {
    /// What a thread about an item says of its crossing.
    pub(crate) fn follow_item(
        &self,
        tx: &mut dyn Tx,
        (id, thread): (&str, &Thread),
        party: &PartyName,
        now: i64,
    ) -> Result<(), CaseError> {
        let Some(evidence) = Evidence::replay(thread) else {
            return Ok(());
        };
        let own = self.own_party()?;
        let item = match rows::of_thread(tx, id)? {
            Some(item) => item,
            None if evidence.opening.opener == own => return Ok(()),
            None => {
                let item = came(id, &evidence, now);
                rows::put(tx, &item)?;
                item
            }
        };
        let row = |direction, state: &str| TransferRow {
            thread: id.to_owned(),
            direction,
            item: item.id.clone(),
            party: party.to_string(),
            state: state.to_owned(),
            reason: None,
            began: now,
        };
        let to_us = evidence.offered_to() == Some(&own);
        let to_them = evidence.offered_to() == Some(party);
        if to_them {
            rows::put_transfer(tx, &row(Direction::Out, "open"))?;
        } else if let Some(out) = rows::transfer(tx, id, Direction::Out)?
            && out.state != "closed"
        {
            rows::put_transfer(tx, &row(Direction::Out, "closed"))?;
        }
        let known = rows::transfer(tx, id, Direction::In)?;
        let open = known.filter(|row| row.state != "closed" && row.state != "dropped");
        if to_us && open.is_none() {
            return self.want_item(tx, item.clone(), row(Direction::In, "wanted"));
        }
        if !to_us && open.is_some() {
            // What was offered and never taken does not stay. What this side held before, it keeps.
            let took = evidence.opening.opener == own || evidence.accepted.is_some();
            let state = if took { "closed" } else { "dropped" };
            rows::put_transfer(tx, &row(Direction::In, state))?;
        }
        Ok(())
    }

    fn want_item(
        &self,
        tx: &mut dyn Tx,
        mut item: ItemRow,
        mut row: TransferRow,
    ) -> Result<(), CaseError> {
        if item.stored.is_some() {
            // A copy stayed here; whether it is still the item is looked at when it is accepted.
            "whole".clone_into(&mut row.state);
            return Ok(rows::put_transfer(tx, &row)?);
        }
        let waiting = rows::offered_bytes(tx, &row.party)?;
        let why = if item.size > ITEM_BYTES_MAX {
            Some("it is larger than this program takes: 1 GiB")
        } else if waiting.saturating_add(item.size) > OFFERED_BYTES_MAX {
            Some(TOO_MUCH)
        } else {
            None
        };
        if let Some(why) = why {
            "stopped".clone_into(&mut row.state);
            row.reason = Some(why.to_owned());
        }
        if is_sample(&item) && item.key.is_none() {
            item.key = Some(self.link().random_hash());
            rows::put(tx, &item)?;
        }
        Ok(rows::put_transfer(tx, &row)?)
    }

    /// Fetches an item again that did not arrive.
    pub(crate) fn want_again(&self, row: &TransferRow) -> Result<(), CaseError> {
        self.inner.state.write(|tx| {
            let Some(item) = rows::find(tx, &row.item)? else {
                return Ok(());
            };
            let fresh = TransferRow {
                state: "wanted".to_owned(),
                reason: None,
                ..row.clone()
            };
            self.want_item(tx, item, fresh)
        })?;
        self.link().ask_again(&row.party);
        self.due().tell();
        Ok(())
    }

    /// Finishes items that have arrived, and lets go of those that were not taken. Answers how many.
    pub(crate) fn finish_items(&self) -> Result<usize, CaseError> {
        let Some(files) = self.link().files().cloned() else {
            return Ok(0);
        };
        let find = |state: &'static str| {
            self.inner.state.read(|tx| {
                let mut all = Vec::new();
                for row in rows::transfers(tx, state, TURN_MAX)? {
                    if let Some(item) = rows::find(tx, &row.item)? {
                        all.push((row, item));
                    }
                }
                Ok::<_, CaseError>(all)
            })
        };
        let mut done = 0;
        for (row, item) in find("wanted")? {
            let arriving = arriving(&row.thread, &item);
            if files.arrived(&arriving)? < chunks(item.size) {
                continue;
            }
            done += 1;
            let named = files.judge(&arriving)?;
            let (state, reason) = match named {
                Some(_) => ("arrived", None),
                None => (
                    "stopped",
                    Some("what arrived has another SHA-256".to_owned()),
                ),
            };
            self.inner.state.write(|tx| {
                let mut item = item.clone();
                item.stored = named.map(|name| name.sha256());
                rows::put(tx, &item)?;
                move_to(tx, &row, state, reason.clone())
            })?;
        }
        for (row, item) in find("arrived")? {
            if let Some(name) = item.stored.map(AttachmentName::of) {
                files.settle(&arriving(&row.thread, &item), &name)?;
            }
            self.inner
                .state
                .write(|tx| move_to(tx, &row, "whole", None))?;
            tracing::info!(item = item.id, party = row.party, "evidence arrived");
            done += 1;
        }
        for (row, item) in find("dropped")? {
            files.give_up(&arriving(&row.thread, &item))?;
            self.forget_bytes(&item)?;
            self.inner
                .state
                .write(|tx| move_to(tx, &row, "closed", None))?;
            done += 1;
        }
        Ok(done)
    }
}

/// Moves a row on, unless the thread moved it meanwhile.
fn move_to(
    tx: &mut dyn Tx,
    row: &TransferRow,
    state: &str,
    reason: Option<String>,
) -> Result<(), CaseError> {
    let known = rows::transfer(tx, &row.thread, row.direction)?;
    if known.is_some_and(|known| known.state == row.state) {
        let moved = TransferRow {
            state: state.to_owned(),
            reason,
            ..row.clone()
        };
        rows::put_transfer(tx, &moved)?;
    }
    Ok(())
}

fn is_sample(item: &ItemRow) -> bool {
    let said: Option<serde_json::Value> = serde_json::from_str(&item.item).ok();
    said.is_some_and(|said| said.get("sample") == Some(&serde_json::Value::Bool(true)))
}

/// The row of an item that another party brought.
fn came(id: &str, evidence: &Evidence, now: i64) -> ItemRow {
    ItemRow {
        id: id.to_owned(),
        sha256: *evidence.sha256.as_bytes(),
        size: evidence.item.size,
        item: serde_json::to_string(&evidence.item).unwrap_or_default(),
        key: None,
        stored: None,
        thread: Some(id.to_owned()),
        origin: Some(evidence.opening.opener.to_string()),
        added: now,
    }
}
