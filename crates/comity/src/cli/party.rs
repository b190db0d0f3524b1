//! The words of `comity party`.
//!
//! In scope: the words. Out of scope: doing it (`commands::parties`).

use std::path::PathBuf;

use clap::Subcommand;

use super::{Data, Json};

#[derive(Debug, Subcommand)]
pub(crate) enum PartyCommand {
    /// Show all parties, how things stand with each, and what waits for it
    List {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Print this node's card, to be given to another party by any way
    Invite {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Take another party's card, or a revocation by its root
    Accept {
        #[command(flatten)]
        data: Data,
        /// The file with the card or the revocation; - is standard input
        card: PathBuf,
        #[command(flatten)]
        json: Json,
    },
    /// Compare fingerprints by telephone: read your six groups aloud, type those that you hear
    Verify {
        #[command(flatten)]
        data: Data,
        /// The party
        party: String,
        /// The thirty digits that you heard; left out, they are read from standard input
        digits: Vec<String>,
    },
    /// Let nothing go to a party, and take nothing from it, until it is resumed
    Suspend {
        #[command(flatten)]
        data: Data,
        /// The party
        party: String,
    },
    /// Let everything go to a party that is due
    Resume {
        #[command(flatten)]
        data: Data,
        /// The party
        party: String,
    },
    /// Go on with a party whose log showed two histories, once it has begun a new epoch; two persons decide it
    Unfreeze {
        #[command(flatten)]
        data: Data,
        /// The party
        party: String,
        /// Who decides; two persons, each named with --by
        #[arg(long, value_name = "PERSON", required = true)]
        by: Vec<String>,
        /// Why, for the record of both sides
        #[arg(long)]
        reason: String,
    },
    /// End the exchange with a party for good
    Revoke {
        #[command(flatten)]
        data: Data,
        /// The party
        party: String,
    },
}
