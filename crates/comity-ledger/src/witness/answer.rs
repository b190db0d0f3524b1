//! What a witness answers, and what a log does with it.
//!
//! In scope: reading answers of other witnesses, taking over the cosignatures of those that are trusted. Out of scope:
//! when to ask again.

use super::SIZE_MEDIA_TYPE;
use crate::checkpoint::SignedCheckpoint;
use crate::encoding::from_decimal;
use crate::key::VerifierKey;
use crate::note::{NOTE_BYTES_MAX, NoteError, NoteSignature, SIGNATURES_MAX};

/// An answer to `add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: signature lines, not verified yet.
    Cosigned(Vec<NoteSignature>),
    /// 409: the witness holds this size; send a proof from there.
    Conflict {
        /// What it holds.
        held: u64,
    },
    /// A final no: 400, 403, 404, 422, or a 409 in the old form for the same size with another root.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// Not a decision: ask later.
    Unavailable {
        /// The HTTP status.
        status: u16,
    },
}

impl Answer {
    /// Reads an answer by its status, media type and body.
    pub fn parse(status: u16, media_type: Option<&str>, body: &[u8]) -> Result<Self, AnswerError> {
        match status {
            200 => parse_lines(body).map(Self::Cosigned),
            409 if media_type.is_some_and(is_size) => {
                let text = std::str::from_utf8(body).ok();
                let held = text.and_then(|text| from_decimal(text.strip_suffix('\n')?));
                let held = held.ok_or(AnswerError::BadSize)?;
                Ok(Self::Conflict { held })
            }
            400 | 403 | 404 | 409 | 422 => Ok(Self::Refused { status }),
            _ => Ok(Self::Unavailable { status }),
        }
    }
}

/// The body of a 200.
pub fn cosignature_lines(signatures: &[NoteSignature]) -> String {
    signatures.iter().map(ToString::to_string).collect()
}

/// Adds those of the answered cosignatures to the checkpoint that are by a trusted witness, and returns how many.
///
/// Those of unknown keys are ignored; a bad one of a known key refuses all of them, and the checkpoint stays as it was.
pub fn accept_cosignatures(
    checkpoint: &mut SignedCheckpoint,
    answered: &[NoteSignature],
    witnesses: &[VerifierKey],
) -> Result<usize, NoteError> {
    let mut accepted = checkpoint.clone();
    let mut count = 0;
    for signature in answered {
        let mut alone = checkpoint.checkpoint().sign(&[], 0)?;
        alone.add(signature.clone())?;
        let known = match alone.verify(witnesses) {
            Ok(verified) => verified,
            Err(NoteError::NoKnownSignature) => continue,
            Err(refused) => return Err(refused),
        };
        // Time 0 says nothing of the time; a witness must not leave it out.
        if known
            .iter()
            .all(|one| one.time.is_some_and(|time| time > 0))
        {
            accepted.add(signature.clone())?;
            count += 1;
        }
    }
    *checkpoint = accepted;
    Ok(count)
}

/// Why an answer is no answer of a witness.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// A 200 that is not one or more signature lines.
    #[error(
        "the witness answered 200 without signature lines; check that its URL is that of a witness"
    )]
    NoLines,
    /// A signature line is malformed.
    #[error("the witness answered a line that is no signature")]
    BadLine(#[from] NoteError),
    /// A 409 whose body is no size.
    #[error("the witness answered 409 without a size; check that its URL is that of a witness")]
    BadSize,
}

fn parse_lines(body: &[u8]) -> Result<Vec<NoteSignature>, AnswerError> {
    if body.is_empty() || body.len() > NOTE_BYTES_MAX {
        return Err(AnswerError::NoLines);
    }
    let text = std::str::from_utf8(body).map_err(|_| AnswerError::NoLines)?;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        if lines.len() == SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures.into());
        }
        lines.push(NoteSignature::parse(line)?);
    }
    Ok(lines)
}

fn is_size(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(SIZE_MEDIA_TYPE)
}
