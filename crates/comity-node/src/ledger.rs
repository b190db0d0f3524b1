//! The ledger as people use it: looking at the log, exporting and verifying evidence, proving, erasing.
//!
//! Everything is seen as one folder of files ([`files`]): the node makes it out of its rows ([`rows`]), an export writes it
//! to disk, and one verifier ([`verify`]) reads either.
//!
//! In scope: the use cases. Out of scope: growing the log (`link`), the tree and its proofs (`comity-ledger`), HTTP.

pub mod command;
pub mod files;
pub mod proof_file;
pub mod report;
pub mod verify;
pub mod witness;

mod cosigners;
mod erase;
pub(crate) mod grant;
mod lines;
mod rows;
mod terms;
mod tombstone;

use std::path::PathBuf;

use comity_store::error::StoreError;

use crate::link::LinkError;

pub use rows::{Pin, View};
pub(crate) use terms::Demands;

/// Why something of the ledger cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// It is no identity of an envelope and no place in the log.
    #[error("{0:?} is neither an envelope's identity, 64 hexadecimal digits, nor an entry's place")]
    BadName(String),
    /// There is no such envelope.
    #[error("this node has neither sent nor received an envelope {0}")]
    UnknownEnvelope(String),
    /// There is no such entry.
    #[error("the log has {size} entries, from 0 on; there is no entry {position}")]
    UnknownEntry {
        /// What was asked for.
        position: u64,
        /// How many there are.
        size: u64,
    },
    /// The envelope is not in a head that anybody could check.
    #[error("envelope {0} is in no head of the log that was signed and that others hold")]
    NotProvable(String),
    /// Its content is needed and was erased, or is to be opened in a way that it was not committed to.
    #[error("{0}")]
    Content(String),
    /// It cannot be erased now.
    #[error("{0}")]
    NotErased(String),
    /// The witness's answer or key cannot be used.
    #[error("{0}")]
    Witness(String),
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is larger than any of its kind.
    #[error("{path} has more than {limit} bytes, which no file of an export has")]
    TooLong {
        /// Which.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A folder holds more than any of an export.
    #[error("{path} holds more than {limit} names, which no folder of an export does")]
    TooMany {
        /// Which.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The store failed.
    #[error("cannot use the store")]
    Store(#[from] StoreError),
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

/// 32 bytes of 64 lower-case hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let lower = text
        .bytes()
        .all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit));
    if text.len() != 64 || !lower {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Seconds since 1970 as people read them.
pub(crate) fn moment(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| seconds.checked_mul(1_000_000))
        .and_then(comity_stix::timestamp::Timestamp::from_micros)
        .map_or_else(
            || format!("{seconds} seconds after 1970"),
            |at| at.to_string(),
        )
}
