//! Checkpoints (C2SP `tlog-checkpoint`): a log's statement "I have this many entries, and this is their root".
//!
//! In scope: the text of a checkpoint, signing it, reading one with its signatures. Out of scope: whether two checkpoints
//! belong to one history (`tree`, `witness`), where they are published.
//!
//! Limits: [`ORIGIN_BYTES_MAX`]; those of `note`. We write no extension lines, because ML-DSA-44 cosignatures do not cover
//! them; we read those of others and keep them.

use std::fmt;

use crate::encoding::from_decimal;
use crate::key::{SignatureType, SigningKey, VerifierKey};
use crate::note::{Note, NoteError, NoteSignature, Verified};
use crate::tree::{Hash, TreeHead};

/// Longest origin: the ML-DSA-44 message of C2SP `tlog-cosignature` has one byte for its length.
pub const ORIGIN_BYTES_MAX: usize = 255;

/// The name of a log, the first line of its checkpoints: by custom its URL without scheme.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin: 1 to [`ORIGIN_BYTES_MAX`] bytes on one line.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let printable = text.bytes().all(|byte| byte >= 0x20);
        if text.is_empty() || text.len() > ORIGIN_BYTES_MAX || !printable {
            return Err(CheckpointError::BadOrigin);
        }
        Ok(Self(text.to_owned()))
    }

    /// The origin as it stands in a checkpoint.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many entries.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
    /// Further lines, of other people's logs only.
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: Origin, size: u64, root: Hash) -> Self {
        Self {
            origin,
            size,
            root,
            extensions: Vec::new(),
        }
    }

    /// Reads the text of a checkpoint, its last newline included.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text
            .strip_suffix('\n')
            .ok_or(CheckpointError::TooFewLines)?;
        let mut lines = body.split('\n');
        let mut line = || lines.next().ok_or(CheckpointError::TooFewLines);
        let origin = Origin::parse(line()?)?;
        let size = from_decimal(line()?).ok_or(CheckpointError::BadSize)?;
        let root = Hash::parse(line()?).ok_or(CheckpointError::BadRoot)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::EmptyExtension);
        }
        Ok(Self {
            origin,
            size,
            root,
            extensions,
        })
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.size,
            root: self.root,
        }
    }

    /// The lines behind the root: opaque, and not covered by ML-DSA-44 cosignatures.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// Signs the checkpoint as its log. `time` counts only for keys that sign a time.
    ///
    /// The entries must be on disk before: a log that signs and then forgets has shown two histories.
    pub fn sign(&self, keys: &[&SigningKey], time: u64) -> Result<SignedCheckpoint, NoteError> {
        let text = self.to_string();
        let sign = |key: &&SigningKey| match key.signature_type() {
            SignatureType::CosignatureEd25519 | SignatureType::CosignatureMlDsa44 => {
                crate::cosignature::cosign(key, self, time)
            }
            SignatureType::Ed25519 | SignatureType::Other(_) => key.sign_note(&text),
        };
        let signatures = keys.iter().map(sign).collect();
        Ok(SignedCheckpoint {
            note: Note::new(text.clone(), signatures)?,
            checkpoint: self.clone(),
        })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}\n{}\n{}", self.origin, self.size, self.root)?;
        for line in &self.extensions {
            writeln!(formatter, "{line}")?;
        }
        Ok(())
    }
}

/// A checkpoint with its signatures, none of them believed before [`verify`](Self::verify).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// Reads a signed note whose text is a checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        Self::from_note(Note::parse(bytes)?)
    }

    /// The checkpoint that this note's text is.
    pub fn from_note(note: Note) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { note, checkpoint })
    }

    /// What it says; believe it after [`verify`](Self::verify).
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Adds a signature or cosignature line.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        self.note.add(signature)
    }

    /// The signatures of known keys, all verified; an error if there is none or a bad one.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Vec<Verified>, NoteError> {
        self.note.verify(keys)
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(formatter)
    }
}

/// Why a text is not a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Not a signed note.
    #[error("the checkpoint is not a signed note")]
    Note(#[from] NoteError),
    /// Fewer than three lines, or the last one without its end.
    #[error("a checkpoint has at least three whole lines; this one may be cut short")]
    TooFewLines,
    /// The origin is empty, too long, or holds control characters.
    #[error(
        "an origin has 1 to {ORIGIN_BYTES_MAX} bytes on one line; use the log's URL without scheme"
    )]
    BadOrigin,
    /// The second line is not a size.
    #[error("the second line of a checkpoint is a decimal number without leading zeroes")]
    BadSize,
    /// The third line is not a hash.
    #[error("the third line of a checkpoint is a hash of 32 bytes in base64")]
    BadRoot,
    /// An empty line among the extension lines.
    #[error("a checkpoint has no empty lines before its signatures")]
    EmptyExtension,
}

#[cfg(test)]
mod tests;
