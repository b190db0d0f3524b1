//! Handing an item over: the offer, and the answer of the other side. Custody moves with both signatures, and not before.
//!
//! In scope: offering, accepting, refusing, giving back. Out of scope: the bytes on their way (`crossing`, `link::items`).

use comity_accord::party::PartyName;
use comity_case::evidence::event::{Event, State};
use comity_case::message::{Subject, ThreadId};
use comity_stix::marking::Tlp;
use comity_store::attachment::item::chunks;
use comity_store::state::Tx;
use comity_store::state::channel::Direction;
use comity_store::state::evidence::{self as rows, ItemRow};
use serde_json::{Value, json};

use super::{EvidenceError, Known, hex};
use crate::case::CaseError;
use crate::case::threads::{Acting, Speech};
use crate::clock::new_uuid;
use crate::exchange::ExchangeError;
use crate::link::items::arriving;
use crate::node::Node;

impl Node {
    /// Offers an item to a party. It stays here until that accepts it.
    pub(crate) fn offer_evidence(
        &self,
        name: &str,
        party: &str,
        note: &str,
        acting: &Acting,
    ) -> Result<Known, CaseError> {
        let known = self.item_known(name)?;
        let own = self.own_party()?;
        let to =
            PartyName::parse(party).map_err(|_| ExchangeError::UnknownParty(party.to_owned()))?;
        may_offer(&known, &own, &to)?;
        let id = known.row.id.clone();
        if !self.is_unchanged(&known)? {
            self.note_custody(&id, &Event::Verified { ok: false }, acting)?;
            return Err(EvidenceError::Changed(id).into());
        }
        let (thread, begun) = self.thread_for(&known, &to)?;
        if !begun {
            // In the house's list first, so that the offer binds it.
            self.record_in_house(&id, &Event::Verified { ok: true }, acting)?;
        }
        let offered = self.say_offer(&known.row, (thread, &to), note, acting);
        if offered.is_err() && !begun {
            // Nothing was said, so the item is in no thread.
            self.inner.state.write(|tx| {
                let said = comity_store::state::thread::find(tx, &thread.to_string())?;
                if said.is_none() {
                    rows::put(tx, &known.row)?;
                }
                Ok::<_, CaseError>(())
            })?;
        }
        offered?;
        self.item_known(&id)
    }

    /// The thread in which an item is offered, and whether anything was said in it before.
    fn thread_for(&self, known: &Known, to: &PartyName) -> Result<(ThreadId, bool), CaseError> {
        let same = known.thread.as_ref().filter(|row| row.party == to.as_str());
        if let Some(row) = same {
            let id = ThreadId::parse(&row.id).ok_or_else(|| CaseError::Unknown(row.id.clone()))?;
            return Ok((id, true));
        }
        // An item has the name of its first thread, by which both know it; with another party it gets one of its own.
        let first = known.row.thread.is_none().then_some(&known.row.id);
        let id = first.and_then(|id| ThreadId::parse(id));
        let id = id.unwrap_or_else(|| ThreadId::new(Subject::Evidence, new_uuid()));
        let row = ItemRow {
            thread: Some(id.to_string()),
            ..known.row.clone()
        };
        self.inner.state.write(|tx| rows::put(tx, &row))?;
        Ok((id, false))
    }

    fn say_offer(
        &self,
        row: &ItemRow,
        (thread, to): (ThreadId, &PartyName),
        note: &str,
        acting: &Acting,
    ) -> Result<(), CaseError> {
        let known = self.item_known(&row.id)?;
        let label = Tlp::parse(&known.item.label)
            .ok_or_else(|| CaseError::Label(known.item.label.clone()))?;
        let say = |event: &str, content: Value| {
            let speech = Speech {
                event: event.to_owned(),
                content,
                acting: acting.clone(),
            };
            self.say_in(thread, to, label, &speech).map(|_| ())
        };
        if known.shared.is_none() {
            say(
                "acquired",
                serde_json::to_value(&known.item).unwrap_or_default(),
            )?;
        }
        if row.origin.is_some() {
            return say("returned", json!({ "note": note }));
        }
        let before = known.house.last().map(|last| last.hash().to_string());
        say("transfer-offer", json!({ "note": note, "before": before }))
    }

    /// Accepts an item that has arrived: its hash is computed from what lies on the disk, then signed for.
    pub(crate) fn accept_evidence(&self, name: &str, acting: &Acting) -> Result<Known, CaseError> {
        let known = self.item_known(name)?;
        let id = known.row.id.clone();
        let thread = known
            .row
            .thread
            .clone()
            .ok_or_else(|| EvidenceError::Said("nobody offers the item".to_owned()))?;
        let offered = known
            .shared
            .as_ref()
            .and_then(|one| one.offered_to().cloned());
        if offered == Some(self.own_party()?) {
            self.has_arrived(&known, &thread)?;
            if !self.is_unchanged(&known)? {
                self.forget_bytes(&known.row)?;
                self.again(&thread, "what lay here was no longer the item")?;
                return Err(EvidenceError::Changed(id).into());
            }
        }
        let content = json!({ "sha256": hex(&known.row.sha256) });
        self.say(
            &thread,
            &Speech {
                event: "transfer-accept".to_owned(),
                content,
                acting: acting.clone(),
            },
        )?;
        self.item_known(&id)
    }

    fn has_arrived(&self, known: &Known, thread: &str) -> Result<(), CaseError> {
        let id = known.row.id.clone();
        let row = self
            .inner
            .state
            .read(|tx| rows::transfer(tx, thread, Direction::In))?;
        match row {
            Some(row) if row.state == "whole" => Ok(()),
            Some(row) if row.state == "stopped" => {
                self.want_again(&row)?;
                let reason = row.reason.unwrap_or_default();
                Err(EvidenceError::Again { id, reason }.into())
            }
            Some(_) | None => {
                let (have, of) = self.come(known, thread)?;
                Err(EvidenceError::Arriving { id, have, of }.into())
            }
        }
    }

    /// How many pieces of an item are here, and of how many.
    pub(crate) fn come(&self, known: &Known, thread: &str) -> Result<(u64, u64), CaseError> {
        let of = chunks(known.row.size);
        if known.row.stored.is_some() {
            return Ok((of, of));
        }
        let have = match self.link().files() {
            Some(files) => files.arrived(&arriving(thread, &known.row))?,
            None => 0,
        };
        Ok((have, of))
    }

    fn again(&self, thread: &str, why: &str) -> Result<(), CaseError> {
        let row = self
            .inner
            .state
            .read(|tx| rows::transfer(tx, thread, Direction::In))?;
        if let Some(row) = row {
            tracing::warn!(thread, why, "an item is fetched again");
            self.want_again(&row)?;
        }
        Ok(())
    }

    /// Refuses an item that is offered, or takes the own offer back.
    pub(crate) fn refuse_evidence(
        &self,
        name: &str,
        reason: &str,
        acting: &Acting,
    ) -> Result<Known, CaseError> {
        let known = self.item_known(name)?;
        let none = || EvidenceError::Said("nobody offers the item".to_owned());
        let thread = known.row.thread.clone().ok_or_else(none)?;
        let content = json!({ "reason": reason });
        self.say(
            &thread,
            &Speech {
                event: "transfer-decline".to_owned(),
                content,
                acting: acting.clone(),
            },
        )?;
        self.item_known(&known.row.id)
    }

    /// Gives an item back to the party from which it came.
    pub(crate) fn return_evidence(
        &self,
        name: &str,
        note: &str,
        acting: &Acting,
    ) -> Result<Known, CaseError> {
        let known = self.item_known(name)?;
        let own = || {
            EvidenceError::Said(
                "the item began here; `comity evidence transfer` hands it over".to_owned(),
            )
        };
        let from = known.row.origin.clone().ok_or_else(own)?;
        self.offer_evidence(&known.row.id, &from, note, acting)
    }
}

/// An item is offered by whoever holds it and has its bytes, and one that came from elsewhere only back.
fn may_offer(known: &Known, own: &PartyName, to: &PartyName) -> Result<(), CaseError> {
    let id = known.row.id.clone();
    let holder = known.holder();
    if holder.as_ref() != Some(own) {
        let error = match holder {
            Some(holder) => EvidenceError::NotHeld {
                id,
                holder: holder.to_string(),
            },
            None => EvidenceError::Destroyed(id),
        };
        return Err(error.into());
    }
    if let Some(from) = known
        .row
        .origin
        .as_ref()
        .filter(|from| *from != to.as_str())
    {
        let from = from.clone();
        return Err(EvidenceError::Foreign { id, from }.into());
    }
    if known.row.stored.is_none() {
        return Err(EvidenceError::NotHere(id).into());
    }
    Ok(())
}

/// Whoever says that an item arrived has it, whole and durable; whatever command says it.
pub(crate) fn may_say(tx: &mut dyn Tx, thread: &str, event: &str) -> Result<(), CaseError> {
    let Some(item) = rows::of_thread(tx, thread)? else {
        return Ok(());
    };
    let lacks = match event {
        "transfer-accept" => {
            let row = rows::transfer(tx, thread, Direction::In)?;
            row.is_none_or(|row| row.state != "whole") || item.stored.is_none()
        }
        "transfer-offer" | "returned" => item.stored.is_none(),
        _ => false,
    };
    if lacks {
        return Err(EvidenceError::NotHere(item.id).into());
    }
    Ok(())
}

/// Where custody stands, in a line.
pub(crate) fn stands(known: &Known) -> String {
    let Some(shared) = &known.shared else {
        let destroyed = known.custody().destroyed.is_some();
        let word = if destroyed {
            "destroyed"
        } else {
            "in this house"
        };
        return word.to_owned();
    };
    let opening = &shared.opening;
    match shared.state {
        State::AtOpener => format!("with {}", opening.opener),
        State::AtResponder => format!("with {}", opening.responder),
        State::OfferedToResponder => {
            format!("with {}, offered to {}", opening.opener, opening.responder)
        }
        State::OfferedToOpener => {
            format!("with {}, offered to {}", opening.responder, opening.opener)
        }
        State::Destroyed => "destroyed".to_owned(),
    }
}
