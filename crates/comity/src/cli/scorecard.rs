//! The words of `comity scorecard`.
//!
//! In scope: the words. Out of scope: doing it (`commands::scorecards`).

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::request::{Officer, moment};
use super::{Data, Json};

/// Which review.
#[derive(Debug, Args)]
pub(crate) struct Which {
    #[command(flatten)]
    pub(crate) data: Data,
    /// With which party
    #[arg(long)]
    pub(crate) party: String,
    /// Of which period: 2026-10, 2026-Q4 or 2026-H2, in UTC
    #[arg(long)]
    pub(crate) period: String,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScorecardCommand {
    /// Work out what each commitment came to, from what both sides hold receipts for
    Show {
        #[command(flatten)]
        which: Which,
        /// Messages count until then: a day, or a time in UTC [default: what the other side said, else a day after the period]
        #[arg(long, value_name = "TIME", value_parser = moment)]
        as_of: Option<String>,
        /// Every row, not only sums
        #[arg(long)]
        rows: bool,
        /// Write the canonical text, whose hash both sides sign
        #[arg(long, conflicts_with_all = ["rows", "json"])]
        canonical: bool,
    },
    /// Say to the other side what the period came to; equal hashes on both sides are the agreed result
    Sign {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        officer: Officer,
    },
    /// Show the other side the rows, where the results differ; the first difference is named
    Rows {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        officer: Officer,
    },
    /// Attest that nothing went out above its label, or show that the other side did not keep to that
    Attest {
        #[command(flatten)]
        which: Which,
        /// The other side released something above its label: what, and how that is known
        #[arg(long, value_name = "TEXT")]
        breach: Option<String>,
        #[command(flatten)]
        officer: Officer,
    },
    /// Work a period out from exported evidence alone, as a stranger would; needs no node
    Offline {
        #[command(flatten)]
        data: Data,
        /// The folder that `comity ledger export` wrote, of either side
        evidence: PathBuf,
        /// The accord's text
        #[arg(long, value_name = "FILE")]
        accord: PathBuf,
        /// The two parties
        #[arg(long, value_names = ["PARTY", "PARTY"], num_args = 2)]
        between: Vec<String>,
        /// The period: 2026-10, 2026-Q4 or 2026-H2, in UTC
        #[arg(long)]
        period: String,
        /// Messages count until then: a day, or a time in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        as_of: String,
        #[command(flatten)]
        json: Json,
    },
    /// Compare two scorecards that were written with --canonical, and name the first difference
    Compare {
        #[command(flatten)]
        data: Data,
        /// One
        first: PathBuf,
        /// The other
        second: PathBuf,
    },
}
