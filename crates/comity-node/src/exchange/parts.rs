//! Large payloads: sent in parts, each an envelope with its own receipt, and put together when all are there.
//!
//! After a broken link the parts whose receipts are there are not sent again. They travel in a lane of their own, so that
//! nothing urgent waits for them.
//!
//! In scope: cutting and joining. Out of scope: what the whole is.
//! Limits: [`WHOLE_BYTES_MAX`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_link::channel::Lane;
use comity_link::header::EnvelopeId;
use comity_link::payload::{self, Kind};
use comity_store::state::Tx;
use comity_store::state::deposit::{self, PartRow};
use sha2::{Digest as _, Sha256};

use crate::exchange::ExchangeError;
use crate::link::Draft;
use crate::node::Node;

/// A payload above this travels in parts.
const PART_BYTES: usize = 1024 * 1024;
/// The largest payload that is put together.
pub const WHOLE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A payload that is whole again.
pub(crate) struct Whole {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) payload: Vec<u8>,
}

impl Node {
    /// Makes the envelope of a payload, or those of its parts; answers the last.
    pub(crate) fn send_whole(
        &self,
        tx: &mut dyn Tx,
        draft: &Draft,
        now: i64,
    ) -> Result<EnvelopeId, ExchangeError> {
        if draft.payload.len() <= PART_BYTES * 2 {
            return Ok(self.link().enqueue_in(tx, draft, now)?);
        }
        if draft.payload.len() > WHOLE_BYTES_MAX {
            let reason = "the payload is larger than another node puts together; share fewer objects at once";
            return Err(ExchangeError::Refused(reason.to_owned()));
        }
        let whole = EnvelopeId(Sha256::digest(&draft.payload).into()).to_string();
        let parts = u32::try_from(draft.payload.len().div_ceil(PART_BYTES)).unwrap_or(u32::MAX);
        let pieces = draft.payload.chunks(PART_BYTES).zip(0_u32..);
        let pieces = pieces.map(|(bytes, part)| {
            let said = payload::Part {
                whole: whole.clone(),
                kind: draft.kind.word().to_owned(),
                part,
                parts,
                bytes: STANDARD.encode(bytes),
            };
            Draft {
                party: draft.party.clone(),
                lane: Lane::Bulk,
                kind: Kind::Part,
                payload: serde_json::to_vec(&said).unwrap_or_default(),
                due: draft.due,
            }
        });
        let made = self.link().enqueue_all_in(tx, pieces, now)?;
        let last = made.last().copied();
        last.ok_or_else(|| ExchangeError::Refused("the payload is empty".to_owned()))
    }
}

/// Keeps a part; the whole, once it is.
pub(crate) fn take_part(
    tx: &mut dyn Tx,
    party: &str,
    said: &payload::Part,
    now: i64,
) -> Result<Option<Whole>, ExchangeError> {
    let bad = |reason: &str| ExchangeError::Refused(reason.to_owned());
    let most = WHOLE_BYTES_MAX / PART_BYTES;
    if usize::try_from(said.parts).unwrap_or(usize::MAX) > most || said.part >= said.parts {
        return Err(bad("the part is of too many, or none of them"));
    }
    let kind = Kind::parse(&said.kind).filter(|kind| *kind != Kind::Part);
    let kind = kind.ok_or_else(|| bad("the whole is of no kind"))?;
    let bytes = STANDARD
        .decode(&said.bytes)
        .map_err(|_| bad("the part is no base64"))?;
    if bytes.len() > PART_BYTES {
        return Err(bad("the part is too large"));
    }
    let row = PartRow {
        party: party.to_owned(),
        whole: said.whole.clone(),
        part: said.part,
        parts: said.parts,
        kind: said.kind.clone(),
        bytes,
        received: now,
    };
    deposit::add_part(tx, &row)?;
    if deposit::parts_count(tx, party, &said.whole)? < u64::from(said.parts) {
        return Ok(None);
    }
    let payload = deposit::parts(tx, party, &said.whole)?.concat();
    if EnvelopeId(Sha256::digest(&payload).into()).to_string() != said.whole {
        deposit::forget_parts(tx, party, &said.whole)?;
        return Err(bad("the parts are not those of the whole that they name"));
    }
    Ok(Some(Whole {
        name: said.whole.clone(),
        kind,
        payload,
    }))
}
