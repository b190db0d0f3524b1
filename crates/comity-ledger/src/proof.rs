//! Proofs that travel alone (C2SP `tlog-proof`): an entry's place in a log, and the cosigned checkpoint that vouches for it.
//!
//! In scope: `c2sp.org/tlog-proof@v1` files, verified off line against a policy. Out of scope: what the entry says, how
//! old its cosignatures may be.
//!
//! Limits: [`EXTRA_BYTES_MAX`], 63 hashes, and those of `note`.

use std::fmt;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::encoding::{base64, from_base64, from_decimal};
use crate::note::NOTE_BYTES_MAX;
use crate::policy::{Accepted, Policy, Refused};
use crate::tree::{Hash, PROOF_HASHES_MAX, ProofError, verify_inclusion};

/// Longest extra data, in bytes. The specification has no limit; what an application adds is small.
pub const EXTRA_BYTES_MAX: usize = 65_536;

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A proof that an entry is in a log, its parts not believed before [`verify`](Self::verify).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    extra: Option<Vec<u8>>,
    index: u64,
    hashes: Vec<Hash>,
    checkpoint: SignedCheckpoint,
}

impl LogProof {
    /// The proof that entry `index` is in the tree of `checkpoint`.
    pub fn new(index: u64, hashes: Vec<Hash>, checkpoint: SignedCheckpoint) -> Self {
        Self {
            extra: None,
            index,
            hashes,
            checkpoint,
        }
    }

    /// Reads a proof file. Whatever is accepted is written back as the same bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogProofError> {
        if bytes.len() > FILE_BYTES_MAX {
            let bytes = bytes.len();
            return Err(LogProofError::TooLong { bytes });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| LogProofError::BadHeader)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(LogProofError::NoCheckpoint)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(LogProofError::BadHeader);
        }
        let extra = lines
            .next_if(|line| line.starts_with("extra"))
            .map(parse_extra)
            .transpose()?;
        let index = lines
            .next()
            .and_then(|line| from_decimal(line.strip_prefix("index ")?))
            .ok_or(LogProofError::BadIndex)?;
        let hashes = parse_hashes(lines).ok_or(LogProofError::BadHashes)?;
        let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
        Ok(Self {
            extra,
            index,
            hashes,
            checkpoint,
        })
    }

    /// The entry's index.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The hashes that lead from the leaf to the root.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Data beside the proof. Nothing authenticates it.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Puts data beside the proof. Nothing authenticates it.
    pub fn with_extra(mut self, extra: Vec<u8>) -> Result<Self, LogProofError> {
        if extra.len() > EXTRA_BYTES_MAX {
            return Err(LogProofError::BadExtra);
        }
        self.extra = Some(extra);
        Ok(self)
    }

    /// Whether the entry whose leaf hash is `leaf` is in a log of the policy, under a checkpoint that it accepts.
    pub fn verify(&self, leaf: &Hash, policy: &Policy) -> Result<Accepted, NotProven> {
        let accepted = policy.verify(&self.checkpoint)?;
        let head = self.checkpoint.checkpoint().head();
        verify_inclusion(leaf, self.index, &head, &self.hashes)?;
        Ok(accepted)
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(formatter, "extra {}", base64(extra))?;
        }
        writeln!(formatter, "index {}", self.index)?;
        for hash in &self.hashes {
            writeln!(formatter, "{hash}")?;
        }
        write!(formatter, "\n{}", self.checkpoint)
    }
}

/// Why an entry is not shown to be in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotProven {
    /// The policy does not accept the checkpoint.
    #[error("the policy does not accept the proof's checkpoint")]
    Checkpoint(#[from] Refused),
    /// The hashes do not lead from the entry to the root.
    #[error("the entry is not shown to be in the tree of the checkpoint")]
    Inclusion(#[from] ProofError),
}

/// Why a file is not a proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogProofError {
    /// Longer than its parts may be together.
    #[error("the proof has {bytes} bytes; the limit is {FILE_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Another first line.
    #[error(
        "the file does not begin with the line {HEADER}; it is no proof, or of a later version"
    )]
    BadHeader,
    /// Extra data that is no base64, or too long.
    #[error("the extra line is not base64 of at most {EXTRA_BYTES_MAX} bytes")]
    BadExtra,
    /// No index line.
    #[error("the line `index NUMBER` is missing or malformed")]
    BadIndex,
    /// Hashes that are none, or too many.
    #[error(
        "the lines behind the index are not up to {PROOF_HASHES_MAX} hashes of 32 bytes in base64"
    )]
    BadHashes,
    /// No empty line.
    #[error("no checkpoint behind an empty line; the file may be cut short")]
    NoCheckpoint,
    /// The checkpoint cannot be read.
    #[error("the proof's checkpoint cannot be read")]
    Checkpoint(#[from] CheckpointError),
}

/// The longest of everything, with room for the lines.
const FILE_BYTES_MAX: usize = NOTE_BYTES_MAX + 2 * EXTRA_BYTES_MAX;

/// Up to 63 hashes, one on a line.
pub(crate) fn parse_hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Vec<Hash>> {
    let mut hashes = Vec::new();
    for line in lines {
        if hashes.len() == PROOF_HASHES_MAX {
            return None;
        }
        hashes.push(Hash::parse(line)?);
    }
    Some(hashes)
}

fn parse_extra(line: &str) -> Result<Vec<u8>, LogProofError> {
    line.strip_prefix("extra ")
        .and_then(from_base64)
        .filter(|extra| extra.len() <= EXTRA_BYTES_MAX)
        .ok_or(LogProofError::BadExtra)
}

#[cfg(test)]
#[allow(clippy::as_conversions, reason = "test code: short beats fast")]
mod tests;
