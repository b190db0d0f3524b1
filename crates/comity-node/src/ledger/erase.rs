//! Erasing what an envelope said: content and opening go, the leaf stays, and a tombstone says so in the log.
//!
//! In scope: this node's copy of the envelope. Out of scope: objects that were taken from it into collections, the other
//! side's copy (a recall asks for that), backups.

use comity_ledger::leaf::{Blinding, Leaf};
use comity_link::header::EnvelopeId;
use comity_store::state::tombstone::{self, TombstoneRow};
use comity_store::state::{Tx, inbox, outbox};
use serde_json::{Value, json};

use crate::ledger::tombstone::{Tombstone, is_reason};
use crate::ledger::{LedgerError, moment, unhex};
use crate::link::log::Growing;
use crate::link::seconds;
use crate::node::Node;

/// The kind of a tombstone's entry; it never leaves the node.
const KIND: &str = "tombstone";

impl Node {
    /// Erases what an envelope said.
    pub fn erase_envelope(&self, envelope: &str, reason: &str) -> Result<Value, LedgerError> {
        let id = unhex(envelope).ok_or_else(|| LedgerError::BadName(envelope.to_owned()))?;
        if !is_reason(reason) {
            let what = "a reason is one word of small letters, digits and hyphens, up to 64 long";
            return Err(LedgerError::NotErased(what.to_owned()));
        }
        let now = self.clock().now();
        let tombstone = Tombstone {
            origin: self.link().origin().to_owned(),
            envelope: id,
            reason: reason.to_owned(),
            erased: seconds(now),
        };
        let note = tombstone.sign(self.link().keys().envelope());
        let note = note.ok_or_else(|| LedgerError::NotErased("it cannot be signed".to_owned()))?;
        let blind = self.link().random_hash();
        let (epoch, position) = self.inner.state.write(|tx| {
            forget(tx, &id)?;
            let leaf = Leaf::of(&note, &Blinding::new(blind)).as_bytes().to_vec();
            let mut growing = Growing::begin(tx, now)?;
            let position = growing.add(KIND, leaf, None);
            let epoch = growing.finish(tx)?.epoch;
            let row = TombstoneRow {
                envelope: id,
                note: note.clone(),
                blind,
                epoch,
                position,
                erased: now,
            };
            tombstone::add(tx, &row)?;
            Ok::<_, LedgerError>((epoch, position))
        })?;
        self.inner.arrived.forget(&id);
        // Only now is nothing of it left in the files of the database.
        self.inner.state.forget_deleted()?;
        self.due().tell();
        Ok(json!({
            "envelope": EnvelopeId(id).to_string(), "reason": reason, "epoch": epoch, "entry": position,
            "erased": moment(seconds(now)),
        }))
    }
}

/// Takes content and opening out of the row, if nobody needs them any more.
fn forget(tx: &mut dyn Tx, id: &[u8; 32]) -> Result<(), LedgerError> {
    let no = |what: &str| Err(LedgerError::NotErased(what.to_owned()));
    if tombstone::find(tx, id)?.is_some() {
        return no("it was erased already");
    }
    if let Some(row) = outbox::find(tx, id)? {
        if matches!(row.state.as_str(), "queued" | "sent") {
            return no("it is still on its way: it can be erased once its receipt is here");
        }
        outbox::erase(tx, id)?;
        return Ok(());
    }
    if let Some(row) = inbox::find(tx, id)? {
        if matches!(row.state.as_str(), "parked" | "stored") {
            return no("its content was not applied yet: it can be erased in a moment");
        }
        inbox::erase(tx, id)?;
        return Ok(());
    }
    Err(LedgerError::UnknownEnvelope(EnvelopeId(*id).to_string()))
}
