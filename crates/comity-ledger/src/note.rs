//! Signed notes (C2SP `signed-note`): a text, an empty line, and lines that sign it.
//!
//! In scope: reading a note so that it writes back to the same bytes, adding signatures, verifying it with known keys.
//! Out of scope: what the text says (`checkpoint` and others), which keys are known.
//!
//! Limits: [`NOTE_BYTES_MAX`] and [`SIGNATURES_MAX`]. A signature of an unknown key is ignored; a bad signature of a known
//! key rejects the whole note; so does the lack of any signature of a known key.

use std::fmt;

use crate::cosignature;
use crate::encoding::{base64, from_base64};
use crate::key::{SignatureType, VerifierKey, check_name};

/// Longest note, in bytes. The specification wants a limit and names none; this is the one of Go's `sumdb/note`.
pub const NOTE_BYTES_MAX: usize = 1_000_000;

/// Most signatures of a note. The specification asks for at least 16; this is the limit of Go's `sumdb/note`.
pub const SIGNATURES_MAX: usize = 100;

/// A text with its signatures, none of them believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A note of this text, which ends in a newline, and these signatures.
    pub fn new(text: String, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        check_characters(&text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::NoLastNewline);
        }
        let note = Self { text, signatures };
        note.check_limits()?;
        Ok(note)
    }

    /// Reads a note. Whatever is accepted is written back as the same bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong { bytes: bytes.len() });
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
        check_characters(whole)?;
        // The last empty line: a text may hold empty lines of its own, signature lines may not.
        let (text, lines) = whole.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let mut signatures = Vec::new();
        for line in lines.split_inclusive('\n') {
            if signatures.len() == SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(NoteSignature::parse(line)?);
        }
        if signatures.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        Ok(Self {
            text: format!("{text}\n"),
            signatures,
        })
    }

    /// The signed text, its last newline included.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures in the order of their lines.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature line behind the others, unless the same line stands there already.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        self.signatures.push(signature);
        self.check_limits().inspect_err(|_| {
            self.signatures.pop();
        })
    }

    /// The signatures of known keys, all verified, in the order of their lines, one for each key: its first.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Vec<Verified>, NoteError> {
        let mut verified: Vec<Verified> = Vec::new();
        for signature in &self.signatures {
            let mut known = keys
                .iter()
                .enumerate()
                .filter(|(_, key)| signature.is_by(key));
            let Some((key_index, key)) = known.next() else {
                continue;
            };
            if known.any(|(_, other)| other != key) {
                return Err(NoteError::AmbiguousKey {
                    name: signature.name.clone(),
                });
            }
            let time =
                signature
                    .verify(key, &self.text)
                    .ok_or_else(|| NoteError::BadSignature {
                        name: signature.name.clone(),
                    })?;
            if verified.iter().all(|known| known.key_index != key_index) {
                verified.push(Verified { key_index, time });
            }
        }
        if verified.is_empty() {
            return Err(NoteError::NoKnownSignature);
        }
        Ok(verified)
    }

    fn check_limits(&self) -> Result<(), NoteError> {
        if self.signatures.len() > SIGNATURES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        let bytes = self.to_string().len();
        if bytes > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong { bytes });
        }
        Ok(())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        for signature in &self.signatures {
            write!(formatter, "{signature}")?;
        }
        Ok(())
    }
}

/// A signature of a known key that verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Which of the keys given signed.
    pub key_index: usize,
    /// When, in seconds since the epoch, if the signature says so: cosignatures do.
    pub time: Option<u64>,
}

/// One signature line: a name, a key identifier and the bytes of a signature.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: u32,
    bytes: Vec<u8>,
}

impl NoteSignature {
    /// Reads one line, its newline included.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let parts = line
            .strip_prefix("\u{2014} ")
            .and_then(|rest| rest.strip_suffix('\n'))
            .and_then(|rest| rest.split_once(' '));
        let (name, encoded) = parts.ok_or(NoteError::BadSignatureLine)?;
        check_name(name).map_err(|_| NoteError::BadSignatureLine)?;
        let blob = from_base64(encoded).ok_or(NoteError::BadSignatureLine)?;
        let (key_id, bytes) = blob
            .split_first_chunk()
            .ok_or(NoteError::BadSignatureLine)?;
        if bytes.is_empty() {
            return Err(NoteError::BadSignatureLine);
        }
        Ok(Self {
            name: name.to_owned(),
            key_id: u32::from_be_bytes(*key_id),
            bytes: bytes.to_vec(),
        })
    }

    pub(crate) fn of(key: &VerifierKey, bytes: &[u8]) -> Self {
        Self {
            name: key.name().to_owned(),
            key_id: key.key_id(),
            bytes: bytes.to_vec(),
        }
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The identifier of the key.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// What follows the key identifier: the signature, behind its time if it has one.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether name and identifier are those of `key`. Says nothing about the signature.
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        self.key_id == key.key_id() && self.name == key.name()
    }

    /// If this is the key's signature of `text`: its time, where it has one.
    #[expect(
        clippy::option_option,
        reason = "outer: does it verify; inner: has it a time"
    )]
    fn verify(&self, key: &VerifierKey, text: &str) -> Option<Option<u64>> {
        match key.signature_type() {
            SignatureType::Ed25519 => key.verifies(text.as_bytes(), &self.bytes).then_some(None),
            SignatureType::CosignatureEd25519 | SignatureType::CosignatureMlDsa44 => {
                cosignature::verify(key, text, &self.bytes).map(Some)
            }
            SignatureType::Other(_) => None,
        }
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut blob = self.key_id.to_be_bytes().to_vec();
        blob.extend_from_slice(&self.bytes);
        writeln!(formatter, "\u{2014} {} {}", self.name, base64(&blob))
    }
}

impl fmt::Debug for NoteSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "NoteSignature({}+{:08x})",
            self.name, self.key_id
        )
    }
}

/// Why a note is not read or not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Over [`NOTE_BYTES_MAX`].
    #[error("the note has {bytes} bytes; the limit is {NOTE_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Over [`SIGNATURES_MAX`].
    #[error(
        "the note has more than {SIGNATURES_MAX} signatures; send it with those that are needed"
    )]
    TooManySignatures,
    /// Not UTF-8.
    #[error("the note is not UTF-8; send the file as it is, without conversion")]
    NotUtf8,
    /// A control character other than newline.
    #[error("the note holds control character {0:#04x}; send the file as it is, with LF line ends")]
    ControlCharacter(u8),
    /// The text does not end in a newline.
    #[error("the text of the note does not end in a newline; add one before it is signed")]
    NoLastNewline,
    /// No empty line, or nothing behind it.
    #[error("the note has no signatures behind an empty line; it may be cut short")]
    NoSignatures,
    /// A line behind the last empty line that is not a signature.
    #[error("a signature line is malformed; it reads: em dash, space, name, space, base64")]
    BadSignatureLine,
    /// Two different known keys have one name and one identifier.
    #[error("two known keys named {name} have one identifier; remove one of them")]
    AmbiguousKey {
        /// Their name.
        name: String,
    },
    /// The signature of a known key does not verify.
    #[error(
        "the signature of {name} does not verify: the note was changed or forged; fetch it again"
    )]
    BadSignature {
        /// The name of the key.
        name: String,
    },
    /// No signature is by a known key.
    #[error(
        "no signature is by a known key; compare the signers' names with the keys that are trusted"
    )]
    NoKnownSignature,
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    let control = text.bytes().find(|byte| *byte < 0x20 && *byte != b'\n');
    control.map_or(Ok(()), |byte| Err(NoteError::ControlCharacter(byte)))
}

#[cfg(test)]
mod tests;
