//! The words of `comity openpgp`.
//!
//! In scope: the words. Out of scope: doing it (`commands::openpgp`).

use std::path::PathBuf;

use clap::Subcommand;

use super::address::Officer;
use super::{Data, Json};

/// The usual life of a key in days: two years.
const DAYS: u32 = 730;
/// The longest: ten years.
const DAYS_MAX: i64 = 3_653;

#[derive(Debug, Subcommand)]
pub(crate) enum OpenPgpVerb {
    /// Make a key in this party's name: it signs mail from now on, and others encrypt to it
    Make {
        #[command(flatten)]
        data: Data,
        /// Its name and address, as others see it [default: the party, comity@ its mail domain]
        #[arg(long, value_name = "NAME <ADDRESS>")]
        user_id: Option<String>,
        /// How many days it is valid
        #[arg(long, value_name = "DAYS", default_value_t = DAYS, value_parser = clap::value_parser!(u32).range(1..=DAYS_MAX))]
        days: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Show this node's keys, the newest first
    Show {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Write this node's certificate, for other parties to register
    Export {
        #[command(flatten)]
        data: Data,
        /// Which [default: the newest]
        #[arg(value_name = "FINGERPRINT")]
        fingerprint: Option<String>,
        /// Into this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Prolong the newest key; give it to the parties anew then
    Extend {
        #[command(flatten)]
        data: Data,
        /// For how many days from now on
        #[arg(long, value_name = "DAYS", default_value_t = DAYS, value_parser = clap::value_parser!(u32).range(1..=DAYS_MAX))]
        days: u32,
        #[command(flatten)]
        json: Json,
    },
    /// Take a key back: it signs no more, and still decrypts. What is written is for the parties, who register it again
    Revoke {
        #[command(flatten)]
        data: Data,
        /// Which
        fingerprint: String,
        /// Somebody else may have it; without this it is merely retired
        #[arg(long)]
        compromised: bool,
        /// The certificate that says so, into this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
    /// Register a certificate for a party: mail that it signed is the party's, and mail to the party is encrypted to it
    Register {
        #[command(flatten)]
        data: Data,
        /// The party
        party: String,
        /// The certificate, armored; - reads standard input
        file: PathBuf,
        /// Its fingerprint as the party said it by voice [default: the one in the profile that the party's node sent]
        #[arg(long, value_name = "DIGITS")]
        fingerprint: Option<String>,
        #[command(flatten)]
        officer: Officer,
        #[command(flatten)]
        json: Json,
    },
    /// Show the certificates that are registered, and how long they are good
    List {
        #[command(flatten)]
        data: Data,
        /// Only this party's
        party: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Remove a certificate: its signatures count no more, and nothing is encrypted to it
    Unregister {
        #[command(flatten)]
        data: Data,
        /// The party
        party: String,
        /// Which
        fingerprint: String,
        #[command(flatten)]
        json: Json,
    },
}
