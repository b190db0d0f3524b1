//! An opening of some fields of a payload, and its text form.
//!
//! In scope: checking it against a commitment, writing and reading it. Out of scope: choosing the fields.

use std::fmt;

use super::{Commitment, FIELDS_MAX, field_hash, over_fields};
use crate::encoding::{base64, from_base64};
use crate::tree::Hash;

/// Longest text of an opening, in bytes: an object of 10 MB, in base64, and room for the rest.
pub const OPENING_BYTES_MAX: usize = 16_000_000;

const HEADER: &str = "comity-opening/v1";

/// Fields of a payload in the order of their names, some shown and some withheld.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    slots: Vec<Slot>,
}

/// A field in an opening.
#[derive(Clone, PartialEq, Eq)]
pub enum Slot {
    /// A field that is shown.
    Open {
        /// Its salt.
        salt: [u8; 32],
        /// Its name.
        name: String,
        /// The bytes of its value.
        value: Vec<u8>,
    },
    /// A field of which there is only the hash.
    Withheld(Hash),
}

impl fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { name, .. } => write!(formatter, "Open({name})"),
            Self::Withheld(_) => formatter.write_str("Withheld"),
        }
    }
}

impl Opening {
    pub(super) fn of(slots: Vec<Slot>) -> Self {
        Self { slots }
    }

    /// Reads an opening. Whatever is accepted is written back as the same bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, OpeningError> {
        if bytes.len() > OPENING_BYTES_MAX {
            let bytes = bytes.len();
            return Err(OpeningError::TooLong { bytes });
        }
        let body = std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.strip_suffix('\n'));
        let mut lines = body.ok_or(OpeningError::BadHeader)?.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(OpeningError::BadHeader);
        }
        let mut slots = Vec::new();
        for line in lines {
            if slots.len() == FIELDS_MAX {
                return Err(OpeningError::TooManyFields);
            }
            slots.push(parse_slot(line).ok_or(OpeningError::BadLine)?);
        }
        Ok(Self { slots })
    }

    /// The fields, in the order of their names.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The fields that are shown, if this is an opening of that commitment.
    pub fn verify(&self, commitment: &Commitment) -> Result<Vec<(&str, &[u8])>, OpeningError> {
        if !self.commitment().equals(commitment) {
            return Err(OpeningError::OtherCommitment);
        }
        let shown: Vec<(&str, &[u8])> = self.shown().collect();
        // One name twice would leave open which value was committed to.
        if shown.is_sorted_by(|(before, _), (after, _)| before < after) {
            Ok(shown)
        } else {
            Err(OpeningError::NotSorted)
        }
    }

    /// Whether the commitment is to these shown fields and no others.
    pub fn is_whole(&self) -> bool {
        self.shown().count() == self.slots.len()
    }

    pub(super) fn commitment(&self) -> Commitment {
        let hash = |slot: &Slot| match slot {
            Slot::Open { salt, name, value } => field_hash(salt, name, value),
            Slot::Withheld(hash) => *hash,
        };
        over_fields(&self.slots.iter().map(hash).collect::<Vec<_>>())
    }

    fn shown(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Open { name, value, .. } => Some((name.as_str(), value.as_slice())),
            Slot::Withheld(_) => None,
        })
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}")?;
        for slot in &self.slots {
            match slot {
                Slot::Open { salt, name, value } => {
                    let (salt, name, value) =
                        (base64(salt), base64(name.as_bytes()), base64(value));
                    writeln!(formatter, "open {salt} {name} {value}")?;
                }
                Slot::Withheld(hash) => writeln!(formatter, "withheld {hash}")?,
            }
        }
        Ok(())
    }
}

/// Why an opening cannot be read or shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningError {
    /// Over [`OPENING_BYTES_MAX`].
    #[error("the opening has {bytes} bytes; the limit is {OPENING_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Another first line, or the last one without its end.
    #[error("the text does not begin with the line {HEADER}, or is cut short")]
    BadHeader,
    /// Over [`FIELDS_MAX`].
    #[error("the opening has more than {FIELDS_MAX} fields")]
    TooManyFields,
    /// Neither a shown nor a withheld field.
    #[error("a line is neither `open SALT NAME VALUE` nor `withheld HASH`, in base64")]
    BadLine,
    /// The fields are not those that were committed to.
    #[error(
        "these are not the fields that were committed to: something was changed, added or left out"
    )]
    OtherCommitment,
    /// Names that are not in order, or one of them twice.
    #[error(
        "the names of the shown fields are not in order, each once; whoever committed broke the form"
    )]
    NotSorted,
}

fn parse_slot(line: &str) -> Option<Slot> {
    if let Some(hash) = line.strip_prefix("withheld ") {
        return Hash::parse(hash).map(Slot::Withheld);
    }
    let mut parts = line.strip_prefix("open ")?.split(' ').map(from_base64);
    let (salt, name, value) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    let name = String::from_utf8(name).ok()?;
    let salt = salt.try_into().ok()?;
    Some(Slot::Open { salt, name, value })
}
