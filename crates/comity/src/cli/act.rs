//! What every act on a thread takes, whatever the thread is about.
//!
//! In scope: the words. Out of scope: those of one noun.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::request::Officer;
use super::{Data, Json};

/// What every act takes.
#[derive(Debug, Args)]
pub(crate) struct Act {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Its name, or the first letters of its number
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) officer: Officer,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// What every list of threads takes.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    #[command(flatten)]
    pub(crate) data: Data,
    /// With this party only
    #[arg(long)]
    pub(crate) party: Option<String>,
    /// Only those where this party owes something, the most pressing first
    #[arg(long)]
    pub(crate) ours: bool,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// What is read of one thread.
#[derive(Debug, Args)]
pub(crate) struct One {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Its name, or the first letters of its number
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// A text that is said: given as it is, or in a file.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Said {
    /// The text
    #[arg(long)]
    pub(crate) text: Option<String>,
    /// A file with the text; - is standard input
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
}

/// Disputes, which every thread knows.
#[derive(Debug, Subcommand)]
pub(crate) enum Dispute {
    /// Dispute a message: it goes to the principals, and counts for neither side
    Dispute {
        #[command(flatten)]
        act: Act,
        /// The message: its place, such as bravo/3, or its digest
        #[arg(long)]
        message: String,
        /// Why
        #[arg(long)]
        text: String,
    },
    /// Take a dispute back
    Settle {
        #[command(flatten)]
        act: Act,
        /// The message: its place, such as bravo/3, or its digest
        #[arg(long)]
        message: String,
        /// How it was settled
        #[arg(long)]
        text: String,
    },
}

impl Dispute {
    /// What every act takes.
    pub(crate) const fn act(&self) -> &Act {
        match self {
            Self::Dispute { act, .. } | Self::Settle { act, .. } => act,
        }
    }
}
