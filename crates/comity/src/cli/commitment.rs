//! The words of `comity commitment`.
//!
//! In scope: the words. Out of scope: doing it (`commands::commitments`).

use clap::Subcommand;

use super::{Data, Json};

#[derive(Debug, Subcommand)]
pub(crate) enum CommitmentCommand {
    /// Show every commitment of the accords in force: who promised whom what, over which period, and how it stands
    List {
        #[command(flatten)]
        data: Data,
        /// With this party only
        #[arg(long)]
        party: Option<String>,
        /// In this period: 2026-10, 2026-Q4 or 2026-H2, in UTC [default: the period of each that runs now]
        #[arg(long)]
        period: Option<String>,
        #[command(flatten)]
        json: Json,
    },
}
