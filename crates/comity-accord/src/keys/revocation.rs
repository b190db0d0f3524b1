//! Revocations: root-signed notes that take a key, or the whole party, out of use.
//!
//! ```text
//! comity-revocation/v1
//! party alpha
//! revoked <party, or the vkey>
//! from 2026-12-08T00:00:00Z
//! issued 2026-12-15T00:00:00Z
//! reason <compromised|lost|superseded|ceased>
//! by <vkey of the root that signs: the one in force, or the one to which the last card committed>
//! ```
//!
//! In scope: reading and writing one. Out of scope: whether that root may revoke, and what follows (`keys`).
//! Limits: [`REVOCATION_BYTES_MAX`].

use comity_ledger::key::{SigningKey, VerifierKey};
use comity_ledger::note::{Note, NoteError};
use comity_stix::timestamp::Timestamp;

use crate::card::lines::{LineReader, PARTY, TIME, line, seconds, time, vkey};
use crate::card::{CLOCK_TOLERANCE_SECONDS, LineError};
use crate::party::PartyName;
use crate::text::words::{Word, from_word, word};

/// The longest revocation, its signature included.
pub const REVOCATION_BYTES_MAX: usize = 16 * 1024;
const HEAD: &str = "comity-revocation/v1";

/// What is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// One key.
    Key(Box<VerifierKey>),
    /// The party with all its keys.
    Party,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Somebody else has, or may have, the key.
    Compromised,
    /// The key cannot be used any more.
    Lost,
    /// Another took its place.
    Superseded,
    /// The party takes part no longer.
    Ceased,
}

impl Word for Reason {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("compromised", Self::Compromised),
        ("lost", Self::Lost),
        ("superseded", Self::Superseded),
        ("ceased", Self::Ceased),
    ];
}

impl Reason {
    /// The word of the note.
    pub fn as_str(self) -> &'static str {
        word(self)
    }

    /// The reason that a word stands for.
    pub fn parse(text: &str) -> Option<Self> {
        from_word(text)
    }
}

/// A revocation whose signature was checked with the root key that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The party.
    pub party: PartyName,
    /// What is revoked.
    pub revoked: Revoked,
    /// From when it is not to be believed; may lie before the time of issue.
    pub from: Timestamp,
    /// When it was issued.
    pub issued: Timestamp,
    /// Why.
    pub reason: Reason,
    /// The root key that signs.
    pub by: VerifierKey,
}

impl Revocation {
    /// Reads a revocation and checks its signature.
    pub fn parse(bytes: &[u8]) -> Result<Self, RevocationError> {
        if bytes.len() > REVOCATION_BYTES_MAX {
            return Err(RevocationError::TooLong { bytes: bytes.len() });
        }
        let note = Note::parse(bytes).map_err(RevocationError::Note)?;
        let revocation = Self::read(note.text()).map_err(RevocationError::Lines)?;
        let by = std::slice::from_ref(&revocation.by);
        note.verify(by).map_err(RevocationError::Signature)?;
        Ok(revocation)
    }

    fn read(text: &str) -> Result<Self, LineError> {
        let mut lines = LineReader::of(text, HEAD)?;
        let revocation = Self {
            party: lines.one("party", PARTY, |text| PartyName::parse(text).ok())?,
            revoked: lines.one("revoked", "the word party, or a verifier key", revoked)?,
            from: lines.one("from", TIME, time)?,
            issued: lines.one("issued", TIME, time)?,
            reason: lines.one(
                "reason",
                "compromised, lost, superseded or ceased",
                from_word,
            )?,
            by: lines.one("by", "a verifier key", vkey)?,
        };
        lines.end()?;
        Ok(revocation)
    }

    /// The text that the root key signs; fractions of a second are cut off.
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}\n");
        line(&mut text, "party", &self.party);
        match &self.revoked {
            Revoked::Key(key) => line(&mut text, "revoked", key),
            Revoked::Party => line(&mut text, "revoked", &"party"),
        }
        line(&mut text, "from", &seconds(self.from));
        line(&mut text, "issued", &seconds(self.issued));
        line(&mut text, "reason", &self.reason.as_str());
        line(&mut text, "by", &self.by);
        text
    }

    /// Signs it with the root key at hand.
    pub fn sign(&self, root: &SigningKey) -> Result<Note, RevocationError> {
        let text = self.text();
        let signature = root.sign_note(&text);
        let note = Note::new(text, vec![signature]).map_err(RevocationError::Note)?;
        Self::parse(note.to_string().as_bytes())?;
        Ok(note)
    }

    /// Whether it takes this key out of use.
    pub(super) fn covers(&self, key: &VerifierKey) -> bool {
        match &self.revoked {
            Revoked::Party => true,
            Revoked::Key(revoked) => revoked.public_key() == key.public_key(),
        }
    }

    pub(super) fn is_timely(&self, now: Timestamp) -> bool {
        let latest = now
            .micros()
            .saturating_add(CLOCK_TOLERANCE_SECONDS * 1_000_000);
        self.from <= self.issued && self.issued.micros() <= latest
    }
}

fn revoked(text: &str) -> Option<Revoked> {
    if text == "party" {
        Some(Revoked::Party)
    } else {
        vkey(text).map(|key| Revoked::Key(Box::new(key)))
    }
}

/// Why a revocation does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    /// Over the limit.
    #[error(
        "the revocation is {bytes} bytes long; {REVOCATION_BYTES_MAX} are allowed: ask for the file itself"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// No signed note.
    #[error("the revocation cannot be read as a signed note; ask for the file itself")]
    Note(#[source] NoteError),
    /// Its lines are not those of a revocation.
    #[error("the revocation's lines are wrong; ask for the file as the other node wrote it")]
    Lines(#[source] LineError),
    /// The key that it names did not sign it.
    #[error("the revocation is not signed by the root key that it names; call the party")]
    Signature(#[source] NoteError),
    /// Another party's.
    #[error("the revocation is of another party; import it as that party's")]
    OtherParty,
    /// Signed by a root that may not.
    #[error(
        "the revocation is signed neither by the root key in force nor by the one to which the card had committed; call \
         the party"
    )]
    UnknownRoot,
    /// From after issued, or issued in the future.
    #[error(
        "the revocation is issued in the future, or before the time from which it holds; check the clocks"
    )]
    Time,
    /// A key that no card lists.
    #[error(
        "the revocation is of a key that no card of the party lists; ask for the party's cards first"
    )]
    UnknownKey,
    /// Revoked already.
    #[error("the same was revoked already; nothing needs to be done")]
    Known,
    /// Over the limit.
    #[error("the party has revoked more than can be kept; suspend it and call it")]
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::tests::{at, root};

    #[test]
    fn a_revocation_reads_as_it_was_written_and_no_other_way() {
        let revocation = Revocation {
            party: PartyName::parse("alpha").unwrap(),
            revoked: Revoked::Key(Box::new(root(3).verifier())),
            from: at("2026-12-08T00:00:00Z"),
            issued: at("2026-12-15T00:00:00Z"),
            reason: Reason::Lost,
            by: root(1).verifier(),
        };
        let note = revocation.sign(&root(1)).unwrap().to_string();
        assert_eq!(Revocation::parse(note.as_bytes()).as_ref(), Ok(&revocation));
        assert!(matches!(
            revocation.sign(&root(2)),
            Err(RevocationError::Signature(_))
        ));
        let party = Revocation {
            revoked: Revoked::Party,
            ..revocation
        };
        assert!(party.text().contains("\nrevoked party\n"));
        for (from, to) in [
            ("reason lost", "reason tired"),
            ("revoked ", "revoke "),
            ("/v1", "/v2"),
            ("party alpha", "party Alpha"),
        ] {
            let bad = note.replacen(from, to, 1);
            assert!(
                matches!(
                    Revocation::parse(bad.as_bytes()),
                    Err(RevocationError::Lines(_))
                ),
                "{to}"
            );
        }
        let forged = note.replacen("lost", "ceased", 1);
        assert!(matches!(
            Revocation::parse(forged.as_bytes()),
            Err(RevocationError::Signature(_))
        ));
    }
}
