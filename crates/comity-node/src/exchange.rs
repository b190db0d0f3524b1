//! The exchange with other parties: who they are, what was agreed, what is released to them and what comes from them.
//!
//! In scope: the use cases, each in a module of its own. Out of scope: envelopes and their proofs (`link`), the wire.

pub mod accords;
pub mod apply;
pub mod carried;
pub mod command;
pub mod deposits;
pub mod enrolment;
mod fork;
pub(crate) mod judging;
mod origin;
pub mod outbox;
pub mod own_keys;
pub mod parts;
mod posted;
pub mod recall;
pub mod release_export;
mod released;
pub mod share;
pub mod subject;
pub mod views;

use comity_store::error::StoreError;

use crate::link::LinkError;
use crate::link::card::OwnCardError;

/// Why something of the exchange cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// A list cannot go on there.
    #[error("a list cannot go on behind {0:?}: nothing of that name stands in it")]
    Place(String),
    /// There is no such party.
    #[error("there is no party {0:?}")]
    UnknownParty(String),
    /// The card, its succession, the fingerprint or the state of enrolment speaks against it.
    #[error("{0}")]
    Enrolment(String),
    /// The accord speaks against it.
    #[error("{0}")]
    Accord(String),
    /// There is no such accord.
    #[error("there is no accord {0:?}")]
    UnknownAccord(String),
    /// No accord with the party is in force.
    #[error("no accord with {0} is in force: nothing may be released to it")]
    NoAccord(String),
    /// An object is not held.
    #[error("no collection holds {0}")]
    UnknownObject(String),
    /// It is no id.
    #[error("{0:?} is no STIX id")]
    BadId(String),
    /// The release rules refuse it.
    #[error("{0}")]
    Refused(String),
    /// It cannot be held so long.
    #[error(
        "a release is held for at most {} seconds before it goes",
        crate::exchange::share::UNDO_SECONDS_MAX
    )]
    UndoTooLong,
    /// There is nothing that waits under this id.
    #[error("nothing waits or leaves under {0:?}")]
    UnknownApproval(String),
    /// The same person asks and approves.
    #[error("{0} asked for this release; another person must approve it")]
    SamePerson(String),
    /// The own card.
    #[error(transparent)]
    Card(#[from] OwnCardError),
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The store failed.
    #[error("cannot use the store")]
    Store(#[from] StoreError),
}
