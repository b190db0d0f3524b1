//! Cards with their signatures, and cards that wait for one.
//!
//! The root key may stay on a machine without a network: [`UnsignedCard::text`] goes there, the signature line comes back.
//!
//! In scope: making and reading signed cards. Out of scope: whether to believe one (`succession`, `enrolment`).

use comity_ledger::key::SigningKey;
use comity_ledger::note::{Note, NoteError, NoteSignature};

use super::lines::{self, LineError};
use super::{CARD_BYTES_MAX, Card};
use crate::digest::Digest;
use crate::hidden;

/// A card that its own root key signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCard {
    card: Card,
    note: Note,
    hash: Digest,
}

impl SignedCard {
    /// Reads a card. It is accepted only in the one spelling of its lines, and signed by the root key that it names.
    pub fn parse(bytes: &[u8]) -> Result<Self, CardError> {
        if bytes.len() > CARD_BYTES_MAX {
            return Err(CardError::TooLong { bytes: bytes.len() });
        }
        Self::of(Note::parse(bytes).map_err(CardError::Note)?)
    }

    fn of(note: Note) -> Result<Self, CardError> {
        let card = UnsignedCard::read(note.text())?;
        let root = std::slice::from_ref(&card.root);
        note.verify(root).map_err(CardError::Signature)?;
        let hash = Digest::of(note.text().as_bytes());
        Ok(Self { card, note, hash })
    }

    /// What the card says.
    pub const fn card(&self) -> &Card {
        &self.card
    }

    /// The card's hash: the SHA-256 of the signed text, which no added signature line changes.
    pub const fn hash(&self) -> Digest {
        self.hash
    }

    /// The note, with all its signature lines.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// The bytes to hand on.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_string().into_bytes()
    }
}

/// A card before its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsignedCard {
    text: String,
}

impl UnsignedCard {
    /// The card to be signed, refused where it could not be read back.
    pub fn new(card: &Card) -> Result<Self, CardError> {
        Self::parse(&lines::write(card))
    }

    /// Reads the text that [`Self::text`] gave.
    pub fn parse(text: &str) -> Result<Self, CardError> {
        Self::read(text)?;
        Ok(Self {
            text: text.to_owned(),
        })
    }

    fn read(text: &str) -> Result<Card, CardError> {
        if text.len() > CARD_BYTES_MAX {
            return Err(CardError::TooLong { bytes: text.len() });
        }
        if let Some((_, letter)) = hidden::find(text) {
            let code = u32::from(letter);
            return Err(CardError::Hidden { code });
        }
        let card = lines::read(text).map_err(CardError::Lines)?;
        card.check()?;
        // Every value has one spelling, so this holds; a card that were written back differently would have two hashes.
        if lines::write(&card) == text {
            Ok(card)
        } else {
            Err(CardError::NotCanonical)
        }
    }

    /// The text that the root key signs, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Signs it with keys at hand: the card's own root, and the root before it where there is one.
    pub fn sign(&self, keys: &[&SigningKey]) -> Result<SignedCard, CardError> {
        let signatures = keys.iter().map(|key| key.sign_note(&self.text));
        self.finish(signatures.collect())
    }

    /// Takes in signature lines that were made elsewhere; blank lines and CR before LF are overlooked.
    pub fn attach(&self, signature_lines: &str) -> Result<SignedCard, CardError> {
        let lines = signature_lines
            .lines()
            .filter(|line| !line.trim().is_empty());
        let signatures =
            lines.map(|line| NoteSignature::parse(&format!("{line}\n")).map_err(CardError::Note));
        self.finish(signatures.collect::<Result<_, _>>()?)
    }

    fn finish(&self, signatures: Vec<NoteSignature>) -> Result<SignedCard, CardError> {
        let note = Note::new(self.text.clone(), signatures).map_err(CardError::Note)?;
        SignedCard::parse(note.to_string().as_bytes())
    }
}

/// Why bytes are no card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// Over the limit.
    #[error(
        "the card is {bytes} bytes long; {CARD_BYTES_MAX} are allowed: leave out lines that are not needed"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// No signed note.
    #[error("the card cannot be read as a signed note; ask for the file itself")]
    Note(#[source] NoteError),
    /// A character that shows a reader other words than those signed.
    #[error("the card holds the hidden character U+{code:04X}; ask for a card without it")]
    Hidden {
        /// The character.
        code: u32,
    },
    /// Its lines are not those of a card.
    #[error("the card's lines are wrong; ask for the file as the other node wrote it")]
    Lines(#[source] LineError),
    /// A key is of another type than its line needs.
    #[error("the card has a wrong key in {line}; it must have {write}")]
    WrongKey {
        /// The line.
        line: &'static str,
        /// What belongs there.
        write: &'static str,
    },
    /// One key for two uses.
    #[error("the card lists the key {name} twice; every use needs a key and a name of its own")]
    KeyTwice {
        /// Its name.
        name: String,
    },
    /// The root committed to itself.
    #[error("the card commits to its own root as the next one; make a new key and commit to that")]
    NextRootIsRoot,
    /// Another spelling of the same card.
    #[error("the card is not in its one spelling; ask for the file as the other node wrote it")]
    NotCanonical,
    /// The root key did not sign it.
    #[error(
        "the card is not signed by the root key that it names; ask for it again, by another way"
    )]
    Signature(#[source] NoteError),
}
