//! The body of `add-checkpoint`: the size that the witness holds, a consistency proof from there, and a checkpoint.
//!
//! In scope: writing and reading it, each in one form. Out of scope: judging it (`witness`).

use std::fmt;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::encoding::from_decimal;
use crate::note::NOTE_BYTES_MAX;
use crate::proof::parse_hashes;
use crate::tree::{Hash, PROOF_HASHES_MAX};

/// Longest request, in bytes: the longest note and 63 proof lines.
pub const REQUEST_BYTES_MAX: usize = NOTE_BYTES_MAX + 4096;

/// A request for a cosignature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    old_size: u64,
    proof: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

impl AddCheckpoint {
    /// A request to cosign `checkpoint`, with the proof that the witness's tree of `old_size` is its beginning.
    pub fn new(
        old_size: u64,
        proof: Vec<Hash>,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, RequestError> {
        if proof.len() > PROOF_HASHES_MAX {
            return Err(RequestError::BadProof);
        }
        Ok(Self {
            old_size,
            proof,
            checkpoint,
        })
    }

    /// Reads a request. Whatever is accepted is written back as the same bytes; anything else is a 400.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > REQUEST_BYTES_MAX {
            let bytes = bytes.len();
            return Err(RequestError::TooLong { bytes });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| RequestError::BadOldSize)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(RequestError::NoCheckpoint)?;
        let mut lines = head.split('\n');
        let old_size = lines
            .next()
            .and_then(|line| from_decimal(line.strip_prefix("old ")?))
            .ok_or(RequestError::BadOldSize)?;
        Ok(Self {
            old_size,
            proof: parse_hashes(lines).ok_or(RequestError::BadProof)?,
            checkpoint: SignedCheckpoint::parse(checkpoint.as_bytes())?,
        })
    }

    /// The size that the sender believes the witness to hold.
    pub fn old_size(&self) -> u64 {
        self.old_size
    }

    /// The consistency proof.
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The checkpoint to be cosigned.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    pub(super) fn into_checkpoint(self) -> SignedCheckpoint {
        self.checkpoint
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "old {}", self.old_size)?;
        for hash in &self.proof {
            writeln!(formatter, "{hash}")?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}

/// Why a body is no request. The answer is 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Over [`REQUEST_BYTES_MAX`].
    #[error("the request has {bytes} bytes; the limit is {REQUEST_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The first line is not `old SIZE`.
    #[error("the first line is not `old SIZE`")]
    BadOldSize,
    /// Lines that are no hashes, or too many.
    #[error("the lines behind the first are not up to {PROOF_HASHES_MAX} hashes in base64")]
    BadProof,
    /// No empty line.
    #[error("no checkpoint behind an empty line")]
    NoCheckpoint,
    /// The checkpoint cannot be read.
    #[error("the request's checkpoint cannot be read")]
    Checkpoint(#[from] CheckpointError),
}
