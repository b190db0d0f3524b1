//! What this party and others do together: requests for assistance and the other subjects of threads.
//!
//! In scope: the use cases. Out of scope: what may be said when (`comity-case`), envelopes (`link`), release rules
//! (`comity-release`), which judge every message like everything else that leaves.

pub(crate) mod arrived;
pub mod command;
mod commitments;
pub(crate) mod document;
pub mod evidence;
pub mod exercises;
pub(crate) mod found;
mod gather;
pub mod hotline;
mod joined;
pub mod joint;
pub mod offline;
mod paper;
pub mod review;
pub(crate) mod seen;
pub mod threads;

use comity_case::message::MessageError;
use comity_case::table::Refusal;
use comity_case::thread::ThreadError;
use comity_stix::marking::Tlp;
use comity_store::error::StoreError;

use crate::exchange::ExchangeError;
use crate::ledger::LedgerError;

/// Why something of a thread cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// No thread begins so.
    #[error("no thread is called {0:?}")]
    Unknown(String),
    /// Several do.
    #[error("more than one thread begins with {0:?}")]
    Ambiguous(String),
    /// There is no such subject.
    #[error("{0:?} is no subject of a thread")]
    Subject(String),
    /// It is no period.
    #[error("{0:?} is no period; periods are 2026-10, 2026-Q4 or 2026-H2")]
    Period(String),
    /// There is no such role.
    #[error("{0:?} is no role; it is analyst, duty or releaser")]
    Role(String),
    /// There is no such label.
    #[error("{0:?} is no label; labels are clear, green, amber, amber+strict and red")]
    Label(String),
    /// It is no message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The thread does not take it.
    #[error(transparent)]
    Thread(#[from] ThreadError),
    /// It may not be said now, or not by this officer.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A call lacks something.
    #[error("{0}")]
    Hotline(String),
    /// An exercise lacks something, or would mix with what is meant.
    #[error("{0}")]
    Exercise(String),
    /// The release rules speak against it.
    #[error("{0}")]
    Release(String),
    /// The release rules want a second person to look at it.
    #[error("the accord wants a second person to look at {0}: name another officer with --second")]
    SecondPerson(Tlp),
    /// It is no case.
    #[error("{0} is no case; `comity case list` shows them")]
    NoCase(String),
    /// A bundle is no incident that could become a case.
    #[error("{0}")]
    Incident(String),
    /// Others spoke in between, again and again.
    #[error("the thread changed while this was written")]
    Busy,
    /// The exchange.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The evidence.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An evidence item.
    #[error(transparent)]
    Evidence(#[from] evidence::EvidenceError),
    /// The store failed.
    #[error("cannot use the store")]
    Store(#[from] StoreError),
}
