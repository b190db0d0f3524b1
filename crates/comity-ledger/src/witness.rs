//! The witness protocol (C2SP `tlog-witness`, `add-checkpoint`): the wire format of both sides, and the witness's decision.
//!
//! In scope: requests ([`AddCheckpoint`]) and answers ([`Answer`]) as bytes, [`decide`], and [`Pending`], which yields a
//! cosignature only against the state that was persisted. Out of scope: HTTP, the database, `sign-subtree`, which needs no
//! state and which nobody asks a party for.
//!
//! Limits: [`REQUEST_BYTES_MAX`], 63 proof lines, and those of `note`.

mod answer;
mod request;

use sha2::{Digest as _, Sha256};

use crate::checkpoint::{Origin, SignedCheckpoint};
use crate::cosignature::cosign;
use crate::key::{SigningKey, VerifierKey};
use crate::note::{NoteError, NoteSignature};
use crate::tree::{SIZE_MAX, TreeHead, empty_root, verify_consistency};

pub use answer::{Answer, AnswerError, accept_cosignatures, cosignature_lines};
pub use request::{AddCheckpoint, REQUEST_BYTES_MAX, RequestError};

/// The media type of a 409 answer.
pub const SIZE_MEDIA_TYPE: &str = "text/x.tlog.size";

/// A log that the witness watches, and the newest state that it cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLog {
    /// Its origin.
    pub origin: Origin,
    /// The keys that it signs with.
    pub keys: Vec<VerifierKey>,
    /// The tree that this witness cosigned last.
    pub held: Option<TreeHead>,
}

/// Decides a request in the order of the specification. `log` is what the witness knows of the request's origin.
///
/// The decision is about `log.held`: whoever keeps it compares and replaces it in one transaction ([`Pending::replaces`]).
pub fn decide(log: Option<&KnownLog>, request: AddCheckpoint) -> Result<Pending, Refusal> {
    let checkpoint = request.checkpoint().checkpoint();
    let log = log
        .filter(|log| log.origin == checkpoint.origin)
        .ok_or(Refusal::UnknownOrigin)?;
    match request.checkpoint().verify(&log.keys) {
        Ok(_) => {}
        Err(NoteError::NoKnownSignature) => return Err(Refusal::NotSigned),
        Err(_) => return Err(Refusal::BadSignature),
    }
    let new = checkpoint.head();
    if request.old_size() > new.size || new.size > SIZE_MAX {
        return Err(Refusal::OldSizeTooLarge);
    }
    let held = log.held.unwrap_or_else(TreeHead::empty);
    if request.old_size() != held.size {
        return Err(Refusal::Conflict { held: held.size });
    }
    if new.size == 0 && new.root != empty_root() {
        return Err(Refusal::BadEmptyRoot);
    }
    if new.size == held.size && new.root != held.root {
        return Err(Refusal::OtherRoot);
    }
    verify_consistency(&held, &new, request.proof()).map_err(|_| Refusal::Inconsistent)?;
    Ok(Pending {
        replaces: log.held,
        checkpoint: request.into_checkpoint(),
    })
}

/// A checkpoint that may be cosigned once it is persisted. A witness that cosigns first and then forgets can be led to
/// cosign a fork.
#[derive(Debug)]
#[must_use = "persist the checkpoint, then cosign it"]
pub struct Pending {
    replaces: Option<TreeHead>,
    checkpoint: SignedCheckpoint,
}

impl Pending {
    /// What is persisted: the log, its new tree, and the note as evidence.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// What the store must still hold when it replaces it, within the same transaction.
    pub fn replaces(&self) -> Option<TreeHead> {
        self.replaces
    }

    /// The cosignatures, against what the store holds now that the transaction is durable.
    ///
    /// If it holds something else, nothing is cosigned: a later request overtook this one, or nothing was persisted.
    pub fn cosign(
        self,
        persisted: Option<TreeHead>,
        keys: &[&SigningKey],
        time: u64,
    ) -> Result<Vec<NoteSignature>, NotPersisted> {
        let checkpoint = self.checkpoint.checkpoint();
        // A time of 0 would make no statement on the time; the specification forbids it here.
        if persisted != Some(checkpoint.head()) || time == 0 {
            return Err(NotPersisted);
        }
        Ok(keys
            .iter()
            .map(|key| cosign(key, checkpoint, time))
            .collect())
    }
}

/// The store does not hold the checkpoint that was to be cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the checkpoint is not what the store holds, or the clock is unset: decide the request again"
)]
pub struct NotPersisted;

/// Why a witness does not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// 404.
    #[error("this witness does not watch a log of that origin; ask its operator to add it")]
    UnknownOrigin,
    /// 403.
    #[error(
        "no signature is by a key of the log; sign the checkpoint with the key that the witness knows"
    )]
    NotSigned,
    /// 403.
    #[error("the signature of the log's key does not verify; sign the checkpoint anew")]
    BadSignature,
    /// 400.
    #[error("the old size is larger than the checkpoint; send the size that the witness holds")]
    OldSizeTooLarge,
    /// 409.
    #[error("this witness holds size {held}; send a proof from there")]
    Conflict {
        /// What it holds.
        held: u64,
    },
    /// 422.
    #[error("the root of a tree of size 0 is SHA-256 of nothing; this one is another")]
    BadEmptyRoot,
    /// 422. Evidence of a fork: keep it.
    #[error("this witness holds another root for the same size; the log showed two histories")]
    OtherRoot,
    /// 422. It may be evidence of a fork: keep it.
    #[error("the proof does not lead from the tree that this witness holds to the checkpoint")]
    Inconsistent,
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::OldSizeTooLarge => 400,
            Self::NotSigned | Self::BadSignature => 403,
            Self::UnknownOrigin => 404,
            Self::Conflict { .. } => 409,
            Self::BadEmptyRoot | Self::OtherRoot | Self::Inconsistent => 422,
        }
    }

    /// Media type and body, where the specification sets them: those of a 409.
    pub fn body(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Conflict { held } => Some((SIZE_MEDIA_TYPE, format!("{held}\n"))),
            Self::UnknownOrigin
            | Self::NotSigned
            | Self::BadSignature
            | Self::OldSizeTooLarge
            | Self::BadEmptyRoot
            | Self::OtherRoot
            | Self::Inconsistent => None,
        }
    }
}

/// The path below the monitoring prefix where a witness serves a log's newest cosigned checkpoint.
pub fn monitor_path(origin: &Origin) -> String {
    let digest = Sha256::digest(origin.as_str());
    let hex: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}/checkpoint", hex.concat())
}

#[cfg(test)]
mod tests;
