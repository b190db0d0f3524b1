//! A card that follows another: the same party, the next serial, vouched for by the root before.
//!
//! Two cards of one serial prove that a party, or a thief of its root key, says two things; the second is never accepted.
//!
//! In scope: whether a card may follow, and what it changes. Out of scope: revoked keys (`keys`).

use comity_stix::timestamp::Timestamp;

use super::lines::fields;
use super::{Card, SignedCard, root_hash};
use crate::digest::Digest;

/// How far ahead of our clock a card may be issued.
pub const CLOCK_TOLERANCE_SECONDS: i64 = 300;

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
    /// Serials are missing between.
    #[error("the card has serial {found}, but {expected} comes next; ask for the cards between")]
    Gap {
        /// The serial that comes next.
        expected: u32,
        /// The serial found.
        found: u32,
    },
    /// Issued before the one in force, or in the future.
    #[error("the card was issued at {issued}, {problem}; check the clocks and ask for a new card")]
    Time {
        /// Its time of issue.
        issued: Timestamp,
        /// What is wrong with it.
        problem: &'static str,
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
    check_serial(current, next)?;
    check_time(before.issued, after.issued, now)?;
    if before.origin.base() == after.origin.base() && after.origin.epoch() < before.origin.epoch() {
        return Err(SuccessionError::EarlierEpoch {
            current: before.origin.epoch(),
            found: after.origin.epoch(),
        });
    }
    let vouched = vouch(before, next)?;
    let changed = changes(before, after);
    Ok(Change { vouched, changed })
}

/// The same for a card that arrives by the link, from a node that may have been restored: of one root a card may leave
/// serials out and be issued before the other by the party's own clock. A node that was restored does not know the cards
/// that it lost, and its serials and epochs still count up.
pub fn accept_restored(
    current: &SignedCard,
    next: &SignedCard,
    now: Timestamp,
) -> Result<(), SuccessionError> {
    let verdict = accept_successor(current, next, now);
    let (before, after) = (current.card(), next.card());
    let same = before.party == after.party
        && before.root.public_key() == after.root.public_key()
        && before.origin.base() == after.origin.base();
    let later = after.serial > before.serial && after.origin.epoch() >= before.origin.epoch();
    if same && later && !is_ahead(after.issued, now) {
        Ok(())
    } else {
        verdict.map(|_| ())
    }
}

/// Whether a card is of a time that has not come, give or take what clocks differ.
fn is_ahead(issued: Timestamp, now: Timestamp) -> bool {
    issued.micros()
        > now
            .micros()
            .saturating_add(CLOCK_TOLERANCE_SECONDS * 1_000_000)
}

fn check_serial(current: &SignedCard, next: &SignedCard) -> Result<(), SuccessionError> {
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
    let expected = serial.saturating_add(1);
    if found == expected {
        Ok(())
    } else {
        Err(SuccessionError::Gap { expected, found })
    }
}

fn check_time(before: Timestamp, issued: Timestamp, now: Timestamp) -> Result<(), SuccessionError> {
    if issued < before {
        let problem = "before the one in force";
        return Err(SuccessionError::Time { issued, problem });
    }
    if issued.micros()
        > now
            .micros()
            .saturating_add(CLOCK_TOLERANCE_SECONDS * 1_000_000)
    {
        let problem = "in the future";
        return Err(SuccessionError::Time { issued, problem });
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
