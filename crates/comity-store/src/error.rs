//! What can go wrong in the store, named by what the caller can do about it.

use std::path::{Path, PathBuf};

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file could not be read or written.
    #[error("cannot {action} {path}")]
    File {
        /// What was attempted.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The disk did not take a write; nothing of it is kept, and later writes may succeed.
    #[error("cannot write to {path}; is the disk full? nothing of this request was recorded")]
    NotWritten {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of the store does not hold what it must.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        what: String,
    },
    /// More in one record than the log takes.
    #[error("{bytes} bytes in one request; the store takes {limit}: split it and send the parts")]
    RecordTooLarge {
        /// What the request came to.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// An attachment is larger than allowed.
    #[error("the attachment has more than {limit} bytes; split it, or compress it")]
    AttachmentTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The SQLite library refused.
    #[error("SQLite failed while it tried to {action}")]
    Sqlite {
        /// What was attempted.
        action: &'static str,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The PostgreSQL server refused or went away.
    #[error("PostgreSQL failed while it tried to {action}")]
    Postgres {
        /// What was attempted.
        action: &'static str,
        /// What the server or the connection said.
        #[source]
        source: postgres::Error,
    },
    /// The store's layout is newer than this program.
    #[error("the store has layout {found}, this program knows up to {known}: use a newer comity")]
    TooNew {
        /// What was found.
        found: i64,
        /// What this program knows.
        known: i64,
    },
    /// Another process has the folder.
    #[error("{path} is in use by another comity")]
    InUse {
        /// The node's folder.
        path: PathBuf,
    },
    /// The disk or the database did not take it, or went away before it said so.
    #[error("the request was not acknowledged: {reason}; send it again, twice is harmless")]
    Away {
        /// What it said.
        reason: String,
    },
    /// Too many writes wait.
    #[error("{waiting} writes wait already; try again in a moment")]
    Busy {
        /// How many wait.
        waiting: usize,
    },
    /// The thread that writes has stopped after an earlier failure.
    #[error("the store no longer accepts writes after an earlier failure; restart the node")]
    Stopped,
    /// A column did not hold what the schema says.
    #[error("a row of {table} does not fit the schema: {what}")]
    Row {
        /// The table.
        table: &'static str,
        /// What was found.
        what: String,
    },
}

impl StoreError {
    pub(crate) fn file(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn sqlite(action: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sqlite { action, source }
    }

    pub(crate) fn postgres(action: &'static str) -> impl FnOnce(postgres::Error) -> Self {
        move |source| Self::Postgres { action, source }
    }
}

/// An error and all its reasons, one after the other.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(reason) = source {
        text.push_str(": ");
        text.push_str(&reason.to_string());
        source = reason.source();
    }
    text
}
