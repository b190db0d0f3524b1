//! The words of `comity report`.
//!
//! In scope: the words. Out of scope: doing it (`commands::reports`).

use std::path::PathBuf;

use clap::Subcommand;

use super::request::moment;
use super::{Data, Json};

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Write the paper for a review: both sides' figures, commitments with their rows, what is open and disputed; equal on both sides
    Review {
        #[command(flatten)]
        data: Data,
        /// With which party
        #[arg(long)]
        party: String,
        /// Of which period: 2026-10, 2026-Q4 or 2026-H2, in UTC
        #[arg(long)]
        period: String,
        /// Messages count until then: a day, or a time in UTC [default: what the other side said, else a day after the period]
        #[arg(long, value_name = "TIME", value_parser = moment)]
        as_of: Option<String>,
        /// Write a page to print, which needs nothing else: no script, no picture, no address
        #[arg(long, conflicts_with = "json")]
        html: bool,
        /// The file to write [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        json: Json,
    },
}
