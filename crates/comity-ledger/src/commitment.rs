//! Commitments to payloads: they bind the sender, reveal nothing, and open whole or field by field.
//!
//! In scope: the whole form ([`of_payload`]), the field-wise form ([`Fields`]), opening some fields to somebody who then
//! checks a redacted copy against the same commitment ([`Opening`]). Out of scope: which fields may be shown, what they mean.
//! The bytes are in `docs/reference/ledger-format.md`.
//!
//! Limits: [`FIELDS_MAX`], [`OPENING_BYTES_MAX`]. An opening shows how many fields are withheld and between which names they
//! lie, never their names or values. Whoever commits to one name twice can show two parties two values; the whole opening
//! shows it, and two openings of one commitment that differ are the proof.

mod opening;

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::tree::{Hash, leaf_hash, root_of};

pub use opening::{OPENING_BYTES_MAX, Opening, OpeningError, Slot};

/// Most fields of a payload.
pub const FIELDS_MAX: usize = 4096;

const LABEL: &[u8] = b"comity-commit/v1\n";
const FORM_WHOLE: u8 = 0x01;
const FORM_FIELDS: u8 = 0x02;

/// A commitment, as a header carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment(Hash);

impl Commitment {
    /// Reads a commitment in base64.
    pub fn parse(text: &str) -> Option<Self> {
        Hash::parse(text).map(Self)
    }

    /// The commitment with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Hash::new(bytes))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    fn equals(&self, other: &Self) -> bool {
        self.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The secret of a commitment: 32 random bytes. Whoever has it and the payload can open it; destroying it erases.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// The secret of these random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Its bytes, for whom the whole payload is opened to.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

/// The commitment to a payload that is opened as a whole.
pub fn of_payload(secret: &Secret, payload: &[u8]) -> Commitment {
    let mut mac = keyed(secret.reveal());
    mac.update(&[FORM_WHOLE]);
    mac.update(LABEL);
    mac.update(&length(payload));
    mac.update(payload);
    Commitment::new(mac.finalize().into_bytes().into())
}

/// Whether the commitment is to this payload, as a whole.
pub fn opens_payload(commitment: &Commitment, secret: &Secret, payload: &[u8]) -> bool {
    of_payload(secret, payload).equals(commitment)
}

/// A payload as its top-level properties, each of which can be opened alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    /// The fields of a payload: names, each once, with the bytes of their values.
    pub fn new(mut fields: Vec<(String, Vec<u8>)>) -> Result<Self, FieldsError> {
        if fields.len() > FIELDS_MAX {
            let count = fields.len();
            return Err(FieldsError::TooMany { count });
        }
        fields.sort();
        let twice = fields.windows(2).find_map(|pair| match pair {
            [(first, _), (second, _)] if first == second => Some(first.clone()),
            _ => None,
        });
        match twice {
            Some(name) => Err(FieldsError::NameTwice { name }),
            None => Ok(Self(fields)),
        }
    }

    /// The commitment to these fields.
    pub fn commit(&self, secret: &Secret) -> Commitment {
        self.open(secret, |_| true).commitment()
    }

    /// Opens those fields whose names `shown` allows; of the others, nothing is shown.
    pub fn open(&self, secret: &Secret, shown: impl Fn(&str) -> bool) -> Opening {
        let slot = |(name, value): &(String, Vec<u8>)| {
            let salt = salt(secret, name);
            if shown(name) {
                let (name, value) = (name.clone(), value.clone());
                Slot::Open { salt, name, value }
            } else {
                Slot::Withheld(field_hash(&salt, name, value))
            }
        };
        Opening::of(self.0.iter().map(slot).collect())
    }
}

/// Why fields cannot be committed to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldsError {
    /// Over [`FIELDS_MAX`].
    #[error("the payload has {count} fields; the limit is {FIELDS_MAX}: commit to it as a whole")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// Two fields of one name.
    #[error("the payload has the field {name} twice; a name stands once")]
    NameTwice {
        /// Which.
        name: String,
    },
}

/// The salt of a field. It is known to whom the field is shown, and says nothing of the others' salts.
fn salt(secret: &Secret, name: &str) -> [u8; 32] {
    let mut salt = [0; 32];
    Hkdf::<Sha256>::new(Some(LABEL), secret.reveal())
        .expand_multi_info(&[b"field\n", name.as_bytes()], &mut salt)
        .expect("32 bytes are one block of the hash");
    salt
}

fn field_hash(salt: &[u8; 32], name: &str, value: &[u8]) -> Hash {
    let mut mac = keyed(salt);
    mac.update(&length(name.as_bytes()));
    mac.update(name.as_bytes());
    mac.update(&length(value));
    mac.update(value);
    Hash::new(mac.finalize().into_bytes().into())
}

/// The commitment over the hashes of fields in the order of their names.
fn over_fields(fields: &[Hash]) -> Commitment {
    let leaves: Vec<Hash> = fields
        .iter()
        .map(|hash| leaf_hash(hash.as_bytes()))
        .collect();
    let digest = Sha256::new()
        .chain_update([FORM_FIELDS])
        .chain_update(LABEL)
        .chain_update(count(fields.len()))
        .chain_update(root_of(&leaves).as_bytes())
        .finalize();
    Commitment::new(digest.into())
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("any length is a key")
}

fn length(bytes: &[u8]) -> [u8; 8] {
    count(bytes.len())
}

fn count(number: usize) -> [u8; 8] {
    u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes()
}

#[cfg(test)]
#[allow(clippy::format_collect, reason = "test code: short beats fast")]
mod tests;
