//! Points of contact: the own profile and those of others, who answers when, checks, and addresses that nobody has verified.
//!
//! In scope: the use cases. Out of scope: what a profile says (`comity-accord`), what counts as an answer (`comity-case`,
//! `check`), how messages cross (`case`), where checks and answers pass the release rules like everything else.

mod candidate;
pub(crate) mod check;
pub mod command;
mod list;
mod plan;
mod profile;

use comity_accord::profile::ProfileError;
use comity_accord::security_txt::SecurityTxtError;
use comity_ledger::note::NoteError;
use comity_stix::timestamp::Timestamp;
use comity_store::error::StoreError;

use crate::case::CaseError;
use crate::exchange::ExchangeError;
use crate::link::LinkError;
use crate::mail::MailError;

pub(crate) use candidate::hexadecimal;
pub use plan::Schedule;
pub(crate) use profile::name as profile_name;

/// Why something about points of contact cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContactError {
    /// A mail could not be written.
    #[error(transparent)]
    Mail(Box<MailError>),
    /// It is no profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// It is another party's.
    #[error("the profile is that of {found}; this node is that of {own}")]
    OtherParty {
        /// Whose it is.
        found: String,
        /// Who this is.
        own: String,
    },
    /// A version that is out stays as it is.
    #[error("version {had} of the profile is out; the file has version {given}")]
    Version {
        /// The newest version.
        had: u32,
        /// That of the file.
        given: u32,
    },
    /// It holds no more.
    #[error("the profile ended on {0}")]
    Expired(String),
    /// There is none.
    #[error("no profile of {0} is here")]
    NoProfile(String),
    /// The party has no such contact.
    #[error("{party} has no point of contact called {contact:?}; the accord names {known}")]
    UnknownContact {
        /// The party.
        party: String,
        /// What was asked for.
        contact: String,
        /// Those there are.
        known: String,
    },
    /// No check, no candidate.
    #[error("no {what} begins with {name:?}")]
    Unknown {
        /// `check` or `candidate`.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// Several do.
    #[error("more than one {what} begins with {name:?}")]
    Ambiguous {
        /// `check` or `candidate`.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// The code is another one.
    #[error("that is not the code")]
    Code,
    /// Nobody was asked.
    #[error("nothing was sent to {0} yet")]
    Unchallenged(String),
    /// There is no such way.
    #[error("{0:?} is no way to try a contact; it is link, mail, phone or hotline")]
    Channel(String),
    /// It is no candidate.
    #[error(transparent)]
    SecurityTxt(#[from] SecurityTxtError),
    /// The signature cannot be made.
    #[error("cannot sign the profile")]
    Note(#[from] NoteError),
    /// The thread.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The exchange.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The store failed.
    #[error("cannot use the store")]
    Store(#[from] StoreError),
}

/// A timestamp in seconds since 1970.
fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}
