//! A card that follows another: the same party, a later serial, vouched for by the root before.
//!
//! Two cards of one serial prove that a party, or a thief of its root key, says two things; the second is never accepted.
//! Serials may be left out: whoever missed a card, or was restored and does not know how many it had made, must not be held
//! up by that. Times are the party's own clock and order nothing; only a card from a far future is refused.
//!
//! In scope: whether a card may follow, and what it changes. Out of scope: revoked keys (`keys`).

use comity_stix::timestamp::Timestamp;

use super::lines::fields;
use super::{Card, SignedCard, root_hash};
use crate::digest::Digest;

/// How far two clocks may differ without any doubt.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 300;
/// How far ahead of our clock a card may be issued: a day, as for cosignatures. Its keys count from when it came.
pub const CARD_AHEAD_SECONDS_MAX: i64 = 86_400;

/// By what a new card is vouched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// The root is the same.
    BySameRoot,
    /// A new root, signed for by the old one.
    ByOldRoot,
    /// A new root, whose hash the card before had named.
    ByCommitment,
}

/// A line of a card that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The line's key.
    pub key: &'static str,
    /// What only the old card says.
    pub before: Vec<String>,
    /// What only the new card says; both are empty where only the order changed.
    pub after: Vec<String>,
}

/// What a new card brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// By what it is vouched for.
    pub vouched: Vouched,
    /// How many serials lie between the two.
    pub missed: u32,
    /// The lines that changed, without serial and time of issue.
    pub changed: Vec<Changed>,
}

/// Why a card may not follow another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SuccessionError {
    /// Another party's card.
    #[error("the card is of party {found}, not of {expected}; import it as a new party's")]
    OtherParty {
        /// Whose card was expected.
        expected: String,
        /// Whose it is.
        found: String,
    },
    /// The card is the current one.
    #[error("the card is the one in force already; nothing needs to be done")]
    Same,
    /// Two cards of one serial.
    #[error(
        "two different cards have the serial {serial}, with hashes {first} and {second}: keep both as evidence, suspend \
         the party and call it"
    )]
    TwoOfOneSerial {
        /// Their serial.
        serial: u32,
        /// The hash of the card in force.
        first: Digest,
        /// The hash of the other.
        second: Digest,
    },
    /// Older than the current one.
    #[error("the card has serial {found}, older than {current} in force; ask for the newest card")]
    Older {
        /// The serial in force.
        current: u32,
        /// The serial found.
        found: u32,
    },
    /// Issued in the future.
    #[error(
        "the card was issued at {issued}, more than a day from now; check the clocks and take it again"
    )]
    Ahead {
        /// Its time of issue.
        issued: Timestamp,
    },
    /// The same log in an earlier epoch.
    #[error(
        "the card names epoch {found} of the log, earlier than {current}; epochs only count up, ask the party why"
    )]
    EarlierEpoch {
        /// The epoch in force.
        current: u32,
        /// The epoch found.
        found: u32,
    },
    /// A root that nobody vouched for.
    #[error(
        "the card's root key is vouched for neither by the root before nor by its commitment: compare fingerprints by \
         telephone as for a new party"
    )]
    UnknownRoot,
    /// The root that vouches was revoked.
    #[error(
        "the root key behind this card was revoked; only the root to which the last card had committed may follow"
    )]
    RevokedRoot,
    /// The whole party was revoked.
    #[error("the party {0} was revoked as a whole; enrol it anew")]
    RevokedParty(String),
    /// Over the limit of cards kept.
    #[error("the party has had more cards than can be kept; enrol it anew")]
    TooMany,
}

/// Whether `next` may follow `current`, and what it changes.
pub fn accept_successor(
    current: &SignedCard,
    next: &SignedCard,
    now: Timestamp,
) -> Result<Change, SuccessionError> {
    let (before, after) = (current.card(), next.card());
    if before.party != after.party {
        return Err(SuccessionError::OtherParty {
            expected: before.party.to_string(),
            found: after.party.to_string(),
        });
    }
    let missed = check_serial(current, next)?;
    check_time(after.issued, now)?;
    if before.origin.base() == after.origin.base() && after.origin.epoch() < before.origin.epoch() {
        return Err(SuccessionError::EarlierEpoch {
            current: before.origin.epoch(),
            found: after.origin.epoch(),
        });
    }
    let vouched = vouch(before, next)?;
    let changed = changes(before, after);
    Ok(Change {
        vouched,
        missed,
        changed,
    })
}

/// How many serials are left out.
fn check_serial(current: &SignedCard, next: &SignedCard) -> Result<u32, SuccessionError> {
    let (serial, found) = (current.card().serial, next.card().serial);
    let (first, second) = (current.hash(), next.hash());
    if found < serial {
        return Err(SuccessionError::Older {
            current: serial,
            found,
        });
    }
    if found == serial && first == second {
        return Err(SuccessionError::Same);
    }
    if found == serial {
        return Err(SuccessionError::TwoOfOneSerial {
            serial,
            first,
            second,
        });
    }
    Ok(found - serial - 1)
}

fn check_time(issued: Timestamp, now: Timestamp) -> Result<(), SuccessionError> {
    let latest = now
        .micros()
        .saturating_add(CARD_AHEAD_SECONDS_MAX * 1_000_000);
    if issued.micros() > latest {
        return Err(SuccessionError::Ahead { issued });
    }
    Ok(())
}

fn vouch(before: &Card, next: &SignedCard) -> Result<Vouched, SuccessionError> {
    let root = &next.card().root;
    if root.public_key() == before.root.public_key() {
        return Ok(Vouched::BySameRoot);
    }
    if before.next_root == root_hash(root) {
        return Ok(Vouched::ByCommitment);
    }
    let signed = next.note().verify(std::slice::from_ref(&before.root));
    signed.map_or(Err(SuccessionError::UnknownRoot), |_| {
        Ok(Vouched::ByOldRoot)
    })
}

fn changes(before: &Card, after: &Card) -> Vec<Changed> {
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        these
            .iter()
            .filter(|each| !those.contains(each))
            .cloned()
            .collect()
    };
    let pairs = fields(before).into_iter().zip(fields(after));
    let pairs =
        pairs.filter(|((key, old), (_, new))| old != new && !matches!(*key, "serial" | "issued"));
    let change =
        |((key, old), (_, new)): ((&'static str, Vec<String>), (_, Vec<String>))| Changed {
            key,
            before: only(&old, &new),
            after: only(&new, &old),
        };
    pairs.map(change).collect()
}
