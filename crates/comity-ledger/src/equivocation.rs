//! Proof that a log showed two histories: two of its signed checkpoints that cannot belong to one tree.
//!
//! In scope: checkpoints of one size, and of two sizes (with the root that the smaller one should have had, proven by
//! consistency with the larger one). Anybody with the log's key can verify it. Out of scope: finding it (`witness`, `mirror`),
//! what follows.
//!
//! Limits: those of `note` for each checkpoint, 63 hashes.

use std::fmt;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::encoding::from_decimal;
use crate::key::VerifierKey;
use crate::note::{NOTE_BYTES_MAX, NoteError};
use crate::proof::parse_hashes;
use crate::tree::{Hash, ProofError, TreeHead, verify_consistency};

const HEADER: &str = "comity-equivocation/v1";

/// Longest text, in bytes: two notes and a proof.
pub const EQUIVOCATION_BYTES_MAX: usize = 2 * NOTE_BYTES_MAX + 4096;

/// Two checkpoints of one log, and what shows that they contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivocation {
    smaller: SignedCheckpoint,
    larger: SignedCheckpoint,
    /// The root that the larger tree had at the smaller size.
    true_root: Hash,
    /// That it had it.
    proof: Vec<Hash>,
}

impl Equivocation {
    /// Two checkpoints of one size.
    pub fn same_size(first: SignedCheckpoint, second: SignedCheckpoint) -> Self {
        let true_root = second.checkpoint().root;
        Self::prefix(first, second, true_root, Vec::new())
    }

    /// Two checkpoints of two sizes: the larger tree had `true_root` at the smaller size, as `proof` shows.
    pub fn prefix(
        smaller: SignedCheckpoint,
        larger: SignedCheckpoint,
        true_root: Hash,
        proof: Vec<Hash>,
    ) -> Self {
        Self {
            smaller,
            larger,
            true_root,
            proof,
        }
    }

    /// The two checkpoints.
    pub fn checkpoints(&self) -> [&SignedCheckpoint; 2] {
        [&self.smaller, &self.larger]
    }

    /// Whether the owner of these keys, all of one log, has signed two histories.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<(), NoEquivocation> {
        self.smaller.verify(keys)?;
        self.larger.verify(keys)?;
        let (smaller, larger) = (self.smaller.checkpoint(), self.larger.checkpoint());
        if smaller.origin != larger.origin {
            return Err(NoEquivocation::TwoLogs);
        }
        let had = TreeHead {
            size: smaller.size,
            root: self.true_root,
        };
        verify_consistency(&had, &larger.head(), &self.proof)?;
        if self.true_root == smaller.root {
            return Err(NoEquivocation::Consistent);
        }
        Ok(())
    }

    /// Reads the text form. Whatever is accepted is written back as the same bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, EquivocationError> {
        if bytes.len() > EQUIVOCATION_BYTES_MAX {
            let bytes = bytes.len();
            return Err(EquivocationError::TooLong { bytes });
        }
        let malformed = || EquivocationError::Malformed;
        let text = std::str::from_utf8(bytes).map_err(|_| malformed())?;
        let (head, notes) = text.split_once("\n\n").ok_or_else(malformed)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(malformed());
        }
        let smaller_bytes = lines
            .next()
            .and_then(|line| from_decimal(line.strip_prefix("smaller ")?))
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or_else(malformed)?;
        let true_root = lines
            .next()
            .and_then(|line| Hash::parse(line.strip_prefix("root ")?))
            .ok_or_else(malformed)?;
        let proof = parse_hashes(lines).ok_or_else(malformed)?;
        let (smaller, larger) = notes
            .split_at_checked(smaller_bytes)
            .ok_or_else(malformed)?;
        Ok(Self {
            smaller: SignedCheckpoint::parse(smaller.as_bytes())?,
            larger: SignedCheckpoint::parse(larger.as_bytes())?,
            true_root,
            proof,
        })
    }
}

impl fmt::Display for Equivocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let smaller = self.smaller.to_string();
        writeln!(formatter, "{HEADER}\nsmaller {}", smaller.len())?;
        writeln!(formatter, "root {}", self.true_root)?;
        for hash in &self.proof {
            writeln!(formatter, "{hash}")?;
        }
        write!(formatter, "\n{smaller}{}", self.larger)
    }
}

/// Why two checkpoints prove nothing against their log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoEquivocation {
    /// One of them is not signed by the log.
    #[error("one of the checkpoints is not signed by the log's key")]
    Signature(#[from] NoteError),
    /// They are of two logs or two epochs.
    #[error("the checkpoints have different origins; a new epoch is a new log")]
    TwoLogs,
    /// The root at the smaller size is not proven.
    #[error("the proof does not lead to the larger checkpoint")]
    Proof(#[from] ProofError),
    /// They belong to one tree.
    #[error("the checkpoints belong to one history")]
    Consistent,
}

/// Why a text is no proof of equivocation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EquivocationError {
    /// Over [`EQUIVOCATION_BYTES_MAX`].
    #[error("the text has {bytes} bytes; the limit is {EQUIVOCATION_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The lines before the checkpoints.
    #[error(
        "the text is not {HEADER}: length of the first checkpoint, root, proof, two checkpoints"
    )]
    Malformed,
    /// One of the checkpoints.
    #[error("a checkpoint in the text cannot be read")]
    Checkpoint(#[from] CheckpointError),
}

#[cfg(test)]
mod tests;
