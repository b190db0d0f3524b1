//! The words of `comity mail`.
//!
//! In scope: the words. Out of scope: doing it (`commands::mail`).

pub(crate) mod out;

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use comity_store::state::mail::MailState;

use self::out::OutVerb;
use super::address::Officer;
use super::{Data, Json};

#[derive(Debug, Subcommand)]
pub(crate) enum MailVerb {
    /// Show mails that came, the newest first
    List {
        #[command(flatten)]
        data: Data,
        /// Only in this state
        #[arg(long, value_parser = PossibleValuesParser::new(MailState::ALL.map(MailState::word)))]
        state: Option<String>,
        /// Only for addresses of this party
        #[arg(long)]
        party: Option<String>,
        /// Only older ones than this mail: where the page before ended
        #[arg(long, value_name = "ID")]
        before: Option<String>,
        /// How many at most
        #[arg(long, value_name = "NUMBER", default_value_t = 100,
            value_parser = clap::value_parser!(u64).range(1..=1000))]
        limit: u64,
        #[command(flatten)]
        json: Json,
    },
    /// Show a mail: how it came, from where, for whom, and what became of it
    Show {
        #[command(flatten)]
        data: Data,
        /// Its number, or the beginning of it
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Read a mail: its words, what it carries, what is odd about it. Its sender chose every word of that, the address too
    Read {
        #[command(flatten)]
        data: Data,
        /// Its number, or the beginning of it
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Write the raw bytes of a mail into a new file, as they came
    Raw {
        #[command(flatten)]
        data: Data,
        /// Its number, or the beginning of it
        id: String,
        /// The file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        json: Json,
    },
    /// Confirm what a mail proposes: its objects enter, its words become a note, its sample an evidence item
    Confirm {
        #[command(flatten)]
        data: Data,
        /// The proposal's number, or the beginning of it: `comity mail show` has it
        id: String,
        #[command(flatten)]
        officer: Officer,
        #[command(flatten)]
        json: Json,
    },
    /// Dismiss what a mail proposes
    Dismiss {
        #[command(flatten)]
        data: Data,
        /// The proposal's number, or the beginning of it: `comity mail show` has it
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        officer: Officer,
        #[command(flatten)]
        json: Json,
    },
    /// Have a mail judged anew, after a certificate was registered; what persons said of it stays
    Again {
        #[command(flatten)]
        data: Data,
        /// Its number, or the beginning of it
        id: String,
        #[command(flatten)]
        json: Json,
    },
    #[command(flatten)]
    Out(OutVerb),
}
