//! Receipts: giving one for each envelope that is stored, taking those that come back.
//!
//! A receipt is an envelope itself, in a channel of its own and in the ledger of whoever gives it. It says *stored
//! intact*, never *read* or *agreed*.
//!
//! In scope: both ways. Out of scope: sending them (`outgoing`).

use comity_accord::digest::Digest;
use comity_link::channel::Lane;
use comity_link::header::{EnvelopeId, SignedHeader, peek};
use comity_link::message::ReceiptOf;
use comity_link::payload::{Case, Kind, Receipt};
use comity_store::state::Tx;
use comity_store::state::channel::Direction;
use comity_store::state::inbox::InboxRow;
use comity_store::state::outbox::{self, OutboxRow};
use comity_store::state::receipt::{self, ReceiptRow};
use comity_store::state::thread;

use crate::link::evidence::{check_proof, commit, index_of};
use crate::link::incoming::Taking;
use crate::link::log::Growing;
use crate::link::peer::Peer;
use crate::link::{Draft, Link, LinkError};

/// Receipts that are given anew at a time: as many as one batch carries.
const RENEWED_MAX: u64 = 512;

/// What a receipt says of an envelope whose content was taken.
pub(crate) const STORED: &str = "stored";

/// When the other side stored what a receipt is for, seconds since 1970.
pub fn seconds_of_receipt(header: &[u8], payload: &[u8]) -> Option<i64> {
    let said: Receipt = serde_json::from_slice(payload).ok()?;
    let signed = || i64::try_from(peek(header).ok()?.created).ok();
    said.received.or_else(signed)
}

/// What was made anew in a new epoch is the same delivery: a message has the time of its first receipt, whichever envelope
/// that is for.
fn delivered_before(tx: &mut dyn Tx, sent: &OutboxRow, at: Option<i64>) -> Result<(), LinkError> {
    let payload = sent.payload.as_deref().unwrap_or_default();
    if sent.kind == Kind::Case.word()
        && let Some(at) = at
        && let Ok(said) = serde_json::from_slice::<Case>(payload)
    {
        let [message] = &said.objects;
        let digest = Digest::of(message.get().as_bytes());
        thread::received(tx, digest.as_bytes(), at)?;
    }
    Ok(())
}

impl Link {
    /// Makes the receipt of an envelope that was just stored.
    pub(crate) fn give_receipt(
        &self,
        tx: &mut dyn Tx,
        taking: &mut Taking,
        row: &InboxRow,
        outcome: &str,
    ) -> Result<(), LinkError> {
        let size = row.payload.as_ref().map_or(0, Vec::len);
        let said = Receipt {
            from: row.origin.clone(),
            epoch: row.epoch,
            channel: row.channel.clone(),
            seq: row.seq,
            envelope: EnvelopeId(row.envelope).to_string(),
            index: index_of(&row.proof).unwrap_or(0),
            size: u64::try_from(size).unwrap_or(u64::MAX),
            outcome: outcome.to_owned(),
            received: Some(taking.now.div_euclid(1_000_000)),
        };
        let payload = serde_json::to_vec(&said).map_err(|_| LinkError::Payload("it is no JSON"))?;
        let draft = Draft {
            party: row.party.clone(),
            lane: Lane::Receipt,
            kind: Kind::Receipt,
            payload,
            due: None,
        };
        let mut growing = Growing::begin(tx, taking.now)?;
        let made = self.make(tx, &mut growing, &taking.peer, &draft)?;
        let log = growing.finish(tx)?;
        receipt::add(
            tx,
            Direction::In,
            &ReceiptRow {
                envelope: row.envelope,
                party: row.party.clone(),
                header: made.signed.note().to_vec(),
                blind: made.blind,
                opening: made.opening,
                payload: draft.payload,
                proof: None,
                epoch: log.epoch,
                position: made.position,
                size: 0,
                owed: true,
                next_attempt: taking.now,
                attempts: 0,
                changed: taking.now,
            },
        )?;
        Ok(())
    }

    /// Receipts that are owed from an epoch that ended are given anew: that epoch's log proves nothing new.
    pub(crate) fn renew_receipts(
        &self,
        tx: &mut dyn Tx,
        peer: &Peer,
        now: i64,
    ) -> Result<(), LinkError> {
        let mut growing = Growing::begin(tx, now)?;
        let epoch = growing.log.epoch;
        let owed = receipt::owed(tx, &peer.row.name, now, RENEWED_MAX)?;
        for row in owed.into_iter().filter(|row| row.epoch != epoch) {
            let draft = Draft {
                party: row.party.clone(),
                lane: Lane::Receipt,
                kind: Kind::Receipt,
                payload: row.payload.clone(),
                due: None,
            };
            let made = self.make(tx, &mut growing, peer, &draft)?;
            let renewed = ReceiptRow {
                header: made.signed.note().to_vec(),
                blind: made.blind,
                opening: made.opening,
                epoch,
                position: made.position,
                ..row
            };
            receipt::renew(tx, &renewed)?;
        }
        growing.finish(tx)?;
        Ok(())
    }

    /// Takes a receipt for an envelope of this node; the word says what is wrong with it.
    pub(crate) fn take_receipt(
        &self,
        tx: &mut dyn Tx,
        peer: &Peer,
        given: &ReceiptOf,
        now: i64,
    ) -> Result<Option<&'static str>, LinkError> {
        let Some(sent) = outbox::find(tx, &given.envelope.0)? else {
            return Ok(Some("unknown-envelope"));
        };
        if sent.party != peer.row.name {
            return Ok(Some("unknown-envelope"));
        }
        let Some((said, epoch, index)) = self.check_receipt(peer, given) else {
            return Ok(Some("bad-receipt"));
        };
        let about = said.envelope == given.envelope.to_string()
            && said.channel == sent.channel
            && said.epoch == sent.epoch
            && said.seq == sent.seq
            && said.index == sent.position;
        if !about {
            return Ok(Some("receipt-of-another"));
        }
        receipt::add(
            tx,
            Direction::Out,
            &ReceiptRow {
                envelope: given.envelope.0,
                party: peer.row.name.clone(),
                header: given.header.clone(),
                blind: given.blind,
                opening: given.opening,
                payload: given.payload.clone(),
                proof: Some(given.proof.clone()),
                epoch,
                position: index,
                size: 0,
                owed: false,
                next_attempt: now,
                attempts: 0,
                changed: now,
            },
        )?;
        if sent.state == "void" && said.outcome == STORED {
            let at = seconds_of_receipt(&given.header, &given.payload);
            delivered_before(tx, &sent, at)?;
        }
        let (state, reason) = if said.outcome == STORED {
            ("receipted", None)
        } else {
            ("refused", Some(said.outcome.as_str()))
        };
        outbox::settle(tx, &given.envelope.0, state, reason, now)?;
        Ok(None)
    }

    fn check_receipt(&self, peer: &Peer, given: &ReceiptOf) -> Option<(Receipt, u32, u64)> {
        let header = peek(&given.header).ok()?;
        SignedHeader::open(&given.header, &peer.keys.envelope).ok()?;
        let between = header.from == peer.row.origin
            && header.to == self.origin
            && header.kind == Kind::Receipt
            && commit(&given.opening, &given.payload) == header.commit;
        if !between {
            return None;
        }
        let index = check_proof(&given.proof, &given.blind, &given.header, &peer.keys.log)?;
        let said = serde_json::from_slice(&given.payload).ok()?;
        Some((said, header.epoch, index))
    }
}
