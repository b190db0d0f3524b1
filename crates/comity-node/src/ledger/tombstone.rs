//! The tombstone: a signed note that says which envelope's content was erased, when and why.
//!
//! In scope: its lines, both ways. Out of scope: erasing (`erase`), its leaf, which is made like that of a header.

use comity_ledger::key::{SigningKey, VerifierKey};

use crate::ledger::lines::{self, Lines};
use crate::ledger::{hex, unhex};

const TITLE: &str = "comity-tombstone/v1";

/// Longest reason.
const REASON_BYTES_MAX: usize = 64;

/// What a tombstone says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tombstone {
    /// The log of whoever erased, without its epoch.
    pub(crate) origin: String,
    /// The envelope.
    pub(crate) envelope: [u8; 32],
    /// Why, a word.
    pub(crate) reason: String,
    /// When, in seconds since 1970.
    pub(crate) erased: u64,
}

impl Tombstone {
    /// The signed note.
    pub(crate) fn sign(&self, key: &SigningKey) -> Option<Vec<u8>> {
        lines::sign(self.text(), key)
    }

    /// Reads a note that one of these keys signed; only one spelling is read.
    pub(crate) fn open(bytes: &[u8], keys: &[VerifierKey]) -> Option<Self> {
        let read = |lines: &mut Lines<'_>| {
            Some(Self {
                origin: lines.next("log")?.to_owned(),
                envelope: unhex(lines.next("envelope")?)?,
                reason: lines.next("reason")?.to_owned(),
                erased: lines.next("erased")?.parse().ok()?,
            })
        };
        let said = lines::open(bytes, keys, read, Self::text)?;
        is_reason(&said.reason).then_some(said)
    }

    fn text(&self) -> String {
        format!(
            "{TITLE}\nlog {}\nenvelope {}\nreason {}\nerased {}\n",
            self.origin,
            hex(&self.envelope),
            self.reason,
            self.erased
        )
    }
}

/// Whether this is a reason: a word of small letters, digits and hyphens.
pub(crate) fn is_reason(word: &str) -> bool {
    let letters = word
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    !word.is_empty() && word.len() <= REASON_BYTES_MAX && letters
}

#[cfg(test)]
mod tests {
    use comity_ledger::key::{SignatureType, SigningKey};

    use super::{Tombstone, is_reason};

    #[test]
    fn a_tombstone_is_read_as_it_was_written_and_in_no_other_spelling() {
        let key = SigningKey::from_seed("alpha.example/envelope", SignatureType::Ed25519, &[1; 32]);
        let key = key.unwrap();
        let tombstone = Tombstone {
            origin: "alpha.example/log".to_owned(),
            envelope: [7; 32],
            reason: "court-order".to_owned(),
            erased: 1_790_000_000,
        };
        let note = tombstone.sign(&key).unwrap();
        assert_eq!(
            Tombstone::open(&note, &[key.verifier()]),
            Some(tombstone.clone())
        );
        let other = SigningKey::from_seed("x", SignatureType::Ed25519, &[2; 32]).unwrap();
        assert_eq!(Tombstone::open(&note, &[other.verifier()]), None);
        let text = String::from_utf8(note).unwrap();
        let changed = text.replace("court-order", "whim");
        assert_eq!(Tombstone::open(changed.as_bytes(), &[key.verifier()]), None);
    }

    #[test]
    fn a_reason_is_one_word() {
        let check = |word: &str, expected: bool| assert_eq!(is_reason(word), expected, "{word}");
        check("gdpr-17", true);
        check("", false);
        check("two words", false);
        check("Upper", false);
        check(&"x".repeat(65), false);
    }
}
