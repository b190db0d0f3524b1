//! Grants: an entry of the own log for every right that an account was given.
//!
//! The note commits to what was granted and does not say it: who has which right in a house is for that house, and for
//! whomever it shows its ledger with contents. That something was granted, and when, nobody can take out of the log.
//!
//! In scope: the note's lines, both ways, and adding one in the transaction of what it tells of. Out of scope: the rights
//! themselves (`account`, `collection`).

use comity_ledger::key::{SigningKey, VerifierKey};
use comity_store::state::Tx;
use comity_store::state::grant::{self as rows, GrantRow};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::ledger::lines::{self, Lines};
use crate::ledger::{hex, unhex};
use crate::link::evidence::{commit, leaf};
use crate::link::log::Growing;
use crate::link::{LinkError, seconds};
use crate::node::Node;

const TITLE: &str = "comity-grant/v1";
/// The kind of a grant's entry; it never leaves the node.
const KIND: &str = "grant";

/// What was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// Who granted it: an account; empty for the operator.
    pub(crate) by: String,
    /// The account that got it.
    pub(crate) account: String,
    /// What it got.
    pub(crate) right: Right,
}

/// A right that an account gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Right {
    /// To be there, with a role, and for an account of another party whose it is.
    Account {
        /// The role.
        role: String,
        /// The party.
        party: Option<String>,
    },
    /// Another role.
    Role {
        /// The role.
        role: String,
    },
    /// What it may do with a collection from now on.
    Collection {
        /// The collection's id.
        collection: String,
        /// Whether it may read.
        read: bool,
        /// Whether it may write.
        write: bool,
    },
    /// That a program with the key of a certificate speaks for it.
    Certificate {
        /// By what it is listed.
        id: String,
        /// The SHA-256 of the certificate, in hexadecimal.
        fingerprint: String,
        /// How much of its rights that has.
        scope: String,
        /// When it ends, seconds since 1970.
        expires: Option<u64>,
    },
    /// That its person signs in by a passkey.
    Passkey {
        /// The passkey's id.
        id: String,
        /// The host name of the pages that it is for.
        host: String,
    },
    /// That its person signs in by a provider of identities.
    Identity {
        /// The provider.
        issuer: String,
        /// Who the person is there.
        subject: String,
    },
    /// That a program speaks for it.
    Token {
        /// The token's id.
        id: String,
        /// How much of its rights that has.
        scope: String,
        /// When it ends, seconds since 1970.
        expires: Option<u64>,
    },
}

/// The note of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrantNote {
    /// The origin of the log, with its epoch.
    pub(crate) origin: String,
    /// What commits to the content.
    pub(crate) commit: [u8; 32],
    /// When, seconds since 1970.
    pub(crate) made: u64,
}

impl GrantNote {
    fn sign(&self, key: &SigningKey) -> Option<Vec<u8>> {
        lines::sign(self.text(), key)
    }

    /// Reads a note that one of these keys signed; only one spelling is read.
    pub(crate) fn open(bytes: &[u8], keys: &[VerifierKey]) -> Option<Self> {
        let read = |lines: &mut Lines<'_>| {
            Some(Self {
                origin: lines.next("log")?.to_owned(),
                commit: unhex(lines.next("commit")?)?,
                made: lines.next("made")?.parse().ok()?,
            })
        };
        lines::open(bytes, keys, read, Self::text)
    }

    fn text(&self) -> String {
        format!(
            "{TITLE}\nlog {}\ncommit {}\nmade {}\n",
            self.origin,
            hex(&self.commit),
            self.made
        )
    }
}

impl Node {
    /// Adds a grant to the log in the transaction that gives the right.
    pub(crate) fn note_grant(
        &self,
        tx: &mut dyn Tx,
        grant: &Grant,
        now: i64,
    ) -> Result<(), LinkError> {
        let unsigned = || LinkError::Payload("the note of a grant cannot be signed");
        let content = serde_json::to_vec(grant).map_err(|_| unsigned())?;
        let link = self.link();
        let (opening, blind) = (link.random_hash(), link.random_hash());
        let mut growing = Growing::begin(tx, now)?;
        let note = GrantNote {
            origin: growing.log.origin.clone(),
            commit: commit(&opening, &content),
            made: seconds(now),
        };
        let note = note.sign(link.keys().envelope()).ok_or_else(unsigned)?;
        let position = growing.add(KIND, leaf(&blind, &note), None);
        let epoch = growing.finish(tx)?.epoch;
        let row = GrantRow {
            id: Sha256::digest(&note).into(),
            epoch,
            position,
            note,
            blind,
            opening,
            content,
            made: now,
        };
        Ok(rows::add(tx, &row)?)
    }
}

#[cfg(test)]
mod tests {
    use comity_ledger::key::{SignatureType, SigningKey};

    use super::GrantNote;

    #[test]
    fn a_note_is_read_as_it_was_written_and_in_no_other_spelling() {
        let key = SigningKey::from_seed("alpha.example/envelope", SignatureType::Ed25519, &[1; 32]);
        let key = key.unwrap();
        let note = GrantNote {
            origin: "alpha.example/log/e2".to_owned(),
            commit: [7; 32],
            made: 1_790_000_000,
        };
        let signed = note.sign(&key).unwrap();
        let keys = [key.verifier()];
        assert_eq!(GrantNote::open(&signed, &keys), Some(note));
        let other = SigningKey::from_seed("x", SignatureType::Ed25519, &[2; 32]).unwrap();
        assert_eq!(GrantNote::open(&signed, &[other.verifier()]), None);
        let text = String::from_utf8(signed).unwrap();
        let changed = text.replace("1790000000", "1790000001");
        assert_eq!(GrantNote::open(changed.as_bytes(), &keys), None);
    }
}
