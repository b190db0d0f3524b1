//! Cosignatures (C2SP `tlog-cosignature`): "I, the witness, saw this log grow consistently up to here, at this time".
//!
//! In scope: the signed messages of types 0x04 (Ed25519) and 0x06 (ML-DSA-44), making and verifying them for whole trees.
//! Out of scope: whether to cosign (`witness`), cosignatures of subtrees that are not whole trees.
//!
//! Limits: times up to [`TIME_MAX`]. A time of 0 says "no statement on the time"; witnesses never sign it.

use crate::checkpoint::Checkpoint;
use crate::key::{SignatureType, SigningKey, VerifierKey};
use crate::note::NoteSignature;

/// Largest time of a cosignature, in seconds since the epoch.
pub const TIME_MAX: u64 = u64::MAX >> 1;

/// Cosigns a checkpoint at `time`, in seconds since the epoch; times over [`TIME_MAX`] are cut to it.
///
/// A log key of type 0x01 has no cosignature: with one, this is its signature of the checkpoint's text.
///
/// Whoever calls this as a witness has persisted the checkpoint before; `witness` sees to it.
pub fn cosign(key: &SigningKey, checkpoint: &Checkpoint, time: u64) -> NoteSignature {
    let time = time.min(TIME_MAX);
    match key.signature_type() {
        SignatureType::CosignatureEd25519 => {
            let message = ed25519_message(&checkpoint.to_string(), time);
            timestamped(key, time, message.as_bytes())
        }
        SignatureType::CosignatureMlDsa44 => {
            timestamped(key, time, &ml_dsa_message(key.name(), time, checkpoint))
        }
        SignatureType::Ed25519 | SignatureType::Other(_) => key.sign_note(&checkpoint.to_string()),
    }
}

/// The time of the cosignature in `bytes`, if it is one by `key` of the checkpoint that `text` is.
pub(crate) fn verify(key: &VerifierKey, text: &str, bytes: &[u8]) -> Option<u64> {
    let (time, signature) = bytes.split_first_chunk()?;
    let time = u64::from_be_bytes(*time);
    if time > TIME_MAX {
        return None;
    }
    let checkpoint = Checkpoint::parse(text).ok()?;
    let message = match key.signature_type() {
        SignatureType::CosignatureEd25519 => ed25519_message(text, time).into_bytes(),
        SignatureType::CosignatureMlDsa44 => ml_dsa_message(key.name(), time, &checkpoint),
        SignatureType::Ed25519 | SignatureType::Other(_) => return None,
    };
    key.verifies(&message, signature).then_some(time)
}

fn timestamped(key: &SigningKey, time: u64, message: &[u8]) -> NoteSignature {
    let mut bytes = time.to_be_bytes().to_vec();
    bytes.extend_from_slice(&key.sign(message));
    key.signature(&bytes)
}

fn ed25519_message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// `cosigned_message`: label, name, time, origin, start, end, hash.
fn ml_dsa_message(name: &str, time: u64, checkpoint: &Checkpoint) -> Vec<u8> {
    let origin = checkpoint.origin.as_str();
    let mut message = b"subtree/v1\n\0".to_vec();
    push_short(&mut message, name);
    message.extend_from_slice(&time.to_be_bytes());
    push_short(&mut message, origin);
    message.extend_from_slice(&0_u64.to_be_bytes());
    message.extend_from_slice(&checkpoint.size.to_be_bytes());
    message.extend_from_slice(checkpoint.root.as_bytes());
    message
}

fn push_short(message: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).expect("names and origins have at most 255 bytes");
    message.push(length);
    message.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
#[allow(clippy::as_conversions, reason = "test code: short beats fast")]
mod tests;
