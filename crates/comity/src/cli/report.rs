//! The words of `comity report`.
//!
//! In scope: the words. Out of scope: making reports (`commands::reports`).

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Data, Json};

/// Which period of work with which party, and in which form it is written.
#[derive(Debug, Args)]
pub(crate) struct Paper {
    #[command(flatten)]
    pub(crate) data: Data,
    /// With which party
    #[arg(long)]
    pub(crate) party: String,
    /// The period: 2026-10, 2026-Q4 or 2026-H2, in UTC
    #[arg(long)]
    pub(crate) period: String,
    /// Until when messages count: a day, or a time in UTC [default: the end of the period, or now; of a review what the other side
    /// said, else a day after the period]
    #[arg(long, value_name = "TIME", value_parser = super::request::moment)]
    pub(crate) as_of: Option<String>,
    /// As a page that stands alone
    #[arg(long, conflicts_with = "json")]
    pub(crate) html: bool,
    /// Where to write it [default: to standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// The status report on cases: what happened in a period and where each case stood, equal on both sides
    Status {
        #[command(flatten)]
        paper: Paper,
        /// Of this exercise; without it exercises are not shown
        #[arg(long, value_name = "ID")]
        exercise: Option<String>,
        /// With our own record beside it: for the house only
        #[arg(long)]
        own: bool,
    },
    /// The paper for a review: both sides' figures, commitments with their rows, what is open and disputed; equal on both sides
    Review {
        #[command(flatten)]
        paper: Paper,
    },
}
