//! Evidence: the commitments, leaves and proofs of envelopes, as the ledger's specification has them.
//!
//! In scope: the few calls of `comity-ledger` that an envelope needs. Out of scope: rows.

use comity_ledger::checkpoint::SignedCheckpoint;
use comity_ledger::commitment::{Fields, Secret, of_payload};
use comity_ledger::key::VerifierKey;
use comity_ledger::leaf::{Blinding, Leaf};
use comity_ledger::proof::LogProof;
use comity_ledger::tree::{Hash, TreeHead, verify_inclusion};
use comity_link::payload::{Kind, fields};
use comity_store::state::inbox::InboxRow;

/// The commitment to a payload: field by field, so that a copy with some of them proves itself; a payload that has too
/// many for that is committed to as a whole.
pub(crate) fn commit(opening: &[u8; 32], payload: &[u8]) -> [u8; 32] {
    let secret = Secret::new(*opening);
    let named = fields(payload).and_then(|fields| Fields::new(fields).ok());
    let commitment = match named {
        Some(fields) => fields.commit(&secret),
        None => of_payload(&secret, payload),
    };
    *commitment.as_bytes()
}

/// The leaf of an envelope, by its signed header.
pub(crate) fn leaf(blind: &[u8; 32], note: &[u8]) -> Vec<u8> {
    Leaf::of(note, &Blinding::new(*blind)).as_bytes().to_vec()
}

/// The proof that a leaf is in the log of a checkpoint.
pub(crate) fn proof(index: u64, hashes: &[Hash], checkpoint: &[u8]) -> Vec<u8> {
    let signed = SignedCheckpoint::parse(checkpoint).expect("invariant: a checkpoint of our own");
    LogProof::new(index, hashes.to_vec(), signed)
        .to_string()
        .into_bytes()
}

/// The place of an envelope's leaf in its sender's log, if the proof shows it under a checkpoint by one of these keys.
pub(crate) fn check_proof(
    proof: &[u8],
    blind: &[u8; 32],
    note: &[u8],
    keys: &[VerifierKey],
) -> Option<u64> {
    let proof = LogProof::parse(proof).ok()?;
    let signed = proof.checkpoint();
    signed.verify(keys).ok()?;
    let head = TreeHead {
        size: signed.checkpoint().size,
        root: signed.checkpoint().root,
    };
    let leaf = Leaf::of(note, &Blinding::new(*blind)).hash();
    verify_inclusion(&leaf, proof.index(), &head, proof.hashes()).ok()?;
    Some(proof.index())
}

/// The place that a proof names.
pub(crate) fn index_of(proof: &[u8]) -> Option<u64> {
    LogProof::parse(proof).ok().map(|proof| proof.index())
}

/// Why the content of an envelope cannot be taken, a stable word; none when it can.
pub(crate) fn unfit(row: &InboxRow) -> Option<&'static str> {
    let payload = row.payload.as_deref().unwrap_or_default();
    let Some(kind) = Kind::parse(&row.kind) else {
        return Some("unknown-kind");
    };
    kind.unfit(payload)
}
