//! What a verification found.
//!
//! In scope: counts and problems, as data and as lines for people. Out of scope: finding them (`verify`).
//! Limits: [`PROBLEMS_MAX`] problems are named, the rest counted.

use comity_accord::keys::Standing;
use serde::{Deserialize, Serialize};

/// Most problems that are named.
pub const PROBLEMS_MAX: usize = 100;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whose ledger it is.
    pub party: String,
    /// Whom the cards name, each with the hash of its root key: what people compare with what each party gave them.
    pub roots: Vec<(String, String)>,
    /// The epochs of the log.
    pub logs: Vec<LogReport>,
    /// Envelopes that the party sent.
    pub sent: u64,
    /// Envelopes that it received.
    pub received: u64,
    /// Receipts of others for what it sent.
    pub receipts: u64,
    /// Of these, envelopes that as many others as the accord asks for have cosigned in the log.
    #[serde(default)]
    pub settled: u64,
    /// And those that fewer have.
    #[serde(default)]
    pub unsettled: u64,
    /// Envelopes whose content is here and is what was committed to.
    pub opened: u64,
    /// Envelopes whose content is not here.
    pub withheld: u64,
    /// Envelopes whose content was erased, with the tombstone that says so.
    pub erased: u64,
    /// Rights that accounts of the party were given.
    #[serde(default)]
    pub grants: u64,
    /// Envelopes of ended epochs in no head that others hold.
    pub unproven: u64,
    /// Keys that their party's root took out of use.
    #[serde(default)]
    pub revoked: Vec<String>,
    /// Envelopes and receipts that anybody who had a revoked key may have made.
    #[serde(default)]
    pub suspect: Vec<String>,
    /// Those that others had cosigned before the revocation was known, but after the time from which it holds.
    #[serde(default)]
    pub disputed: Vec<String>,
    /// Partners' logs that showed two histories.
    pub forks: Vec<String>,
    /// What is wrong, a sentence each.
    pub problems: Vec<String>,
    /// How many more there are.
    pub more_problems: u64,
}

/// One epoch of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogReport {
    /// Its origin.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Who cosigned its newest head, and when: seconds since 1970.
    pub cosigned: Vec<(String, u64)>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// Notes what a revocation leaves in doubt.
    pub(crate) fn doubt(&mut self, what: &str, standing: Standing) {
        let (list, from, word) = match standing {
            Standing::Suspect { from } => (
                &mut self.suspect,
                from,
                "not cosigned by others before it was known",
            ),
            Standing::Disputed { from } => (
                &mut self.disputed,
                from,
                "cosigned by others before it was known",
            ),
            Standing::Good
            | Standing::Unknown
            | Standing::TooEarly { .. }
            | Standing::Retired { .. } => return,
        };
        if list.len() < PROBLEMS_MAX {
            list.push(format!(
                "{what}: a key behind it is revoked from {from}, and it was {word}"
            ));
        }
    }

    pub(crate) fn problem(&mut self, what: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(what.into());
        } else {
            self.more_problems += 1;
        }
    }
}
