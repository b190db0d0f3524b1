//! The words of `comity exercise`.
//!
//! In scope: the words. Out of scope: doing it (`commands::exercises`), what may be done when (`comity-case`).

use std::path::PathBuf;

use clap::{Args, Subcommand};
use comity_stix::marking::Tlp;

use super::act::{Act, Dispute, Listing, One, Said};
use super::request::{Officer, moment};
use super::{Data, Json, tlp};

#[derive(Debug, Subcommand)]
pub(crate) enum ExerciseCommand {
    /// Print a scenario to begin with
    Template {
        #[command(flatten)]
        data: Data,
    },
    /// Check a scenario: that it can be read and played, how long it takes, and its SHA-256
    Check {
        #[command(flatten)]
        data: Data,
        /// The scenario, TOML or JSON
        scenario: PathBuf,
        #[command(flatten)]
        json: Json,
    },
    /// Propose an exercise with a scenario; the other side learns its title and its SHA-256, not what is in it
    Propose(Box<ProposeArgs>),
    /// Show exercises, the newest change first; what is done in one is shown by `comity request list --exercise ID` and the like
    List {
        #[command(flatten)]
        list: Listing,
    },
    /// Show an exercise: where it stands, what was given, what is owed, and what may be done
    Show {
        #[command(flatten)]
        one: One,
    },
    /// Show the scenario's injects: which were given, which are due, when by the simulated and by the real clock
    Injects {
        #[command(flatten)]
        one: One,
    },
    /// Show the whole exercise: injects, what both sides did, what each reports, the scorecard
    Report {
        #[command(flatten)]
        one: One,
        /// As a page of HTML
        #[arg(long, conflicts_with = "json")]
        html: bool,
    },
    /// Judge the exercise by what the accord promises for the real thing; the scorecards of periods hold nothing of it
    Scorecard {
        #[command(flatten)]
        one: One,
        /// Messages count until then: a day, or a time in UTC [default: when it was completed, else now]
        #[arg(long, value_name = "TIME", value_parser = moment)]
        as_of: Option<String>,
        /// Every row, not only sums
        #[arg(long)]
        rows: bool,
        /// Write the canonical text
        #[arg(long, conflicts_with_all = ["rows", "json"])]
        canonical: bool,
    },
    #[command(flatten)]
    Act(ExerciseAct),
    #[command(flatten)]
    Dispute(Dispute),
}

#[derive(Debug, Args)]
pub(crate) struct ProposeArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The scenario, TOML or JSON
    pub(crate) scenario: PathBuf,
    /// To which party
    #[arg(long, value_name = "PARTY")]
    pub(crate) to: String,
    /// Its label, which its injects and reports have too: clear, green, amber, amber+strict or red
    #[arg(long, value_name = "LABEL", value_parser = tlp)]
    pub(crate) tlp: Tlp,
    /// When it is to start: a time in UTC
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) starts: String,
    /// When it is to end: a day, or a time in UTC
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) ends: String,
    #[command(flatten)]
    pub(crate) officer: Officer,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// What is done with an exercise.
#[derive(Debug, Subcommand)]
pub(crate) enum ExerciseAct {
    /// Agree to an exercise that the other side proposes
    Agree {
        #[command(flatten)]
        act: Act,
        /// The scenario's file, if this side has it: its SHA-256 must be the one that was proposed
        #[arg(long, value_name = "PATH")]
        scenario: Option<PathBuf>,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Keep the scenario's file of an exercise: its SHA-256 must be the one that was proposed
    Scenario {
        #[command(flatten)]
        act: Act,
        /// The scenario
        scenario: PathBuf,
    },
    /// Say that it does not suit, also after agreement until it starts
    Decline {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Start it: the simulated clock runs, and requests and calls may be opened with --exercise
    Start {
        #[command(flatten)]
        act: Act,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Give an inject of the scenario: the next one, or one by its number
    Inject {
        #[command(flatten)]
        act: Act,
        /// Its number
        number: Option<u32>,
        /// Although its time has not come
        #[arg(long)]
        early: bool,
    },
    /// Stop it, at any time and by either side; each side then owes a report
    Stop {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Say what this side learned: its after-action report, within two weeks
    AfterAction {
        #[command(flatten)]
        act: Act,
        #[command(flatten)]
        said: Said,
    },
}
