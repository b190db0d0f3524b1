//! The words of `comity incident`.
//!
//! In scope: the words. Out of scope: doing it (`commands::incidents`), what may be done when (`comity-case`).

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use comity_case::incident::clock::Regime;
use comity_case::table::Word as _;
use comity_stix::marking::Tlp;

use super::act::{Act, Dispute, Listing, One, Said};
use super::request::{Officer, moment};
use super::{Data, Json, tlp};

fn regimes() -> PossibleValuesParser {
    PossibleValuesParser::new(Regime::WORDS.iter().map(|(_, word)| *word))
}

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// Print the clocks of every regime: what starts each, how long it runs, which report stops it
    Clocks {
        #[command(flatten)]
        data: Data,
    },
    /// Say that there is an incident, by which rules it is reported, and since when it is known: the clocks start
    Open(Box<OpenIncident>),
    /// Show incidents, ours and theirs, the newest change first
    List {
        #[command(flatten)]
        list: Listing,
        /// Of this exercise; without it exercises are not shown
        #[arg(long, value_name = "ID")]
        exercise: Option<String>,
    },
    /// Show an incident: its reports, and how much time is left on each clock
    Show {
        #[command(flatten)]
        one: One,
    },
    #[command(flatten)]
    Act(IncidentAct),
    #[command(flatten)]
    Dispute(Dispute),
}

#[derive(Debug, Args)]
pub(crate) struct OpenIncident {
    #[command(flatten)]
    pub(crate) data: Data,
    /// To which party it is reported
    #[arg(long, value_name = "PARTY")]
    pub(crate) to: String,
    /// Its label, which its reports have too: clear, green, amber, amber+strict or red
    #[arg(long, value_name = "LABEL", value_parser = tlp)]
    pub(crate) tlp: Tlp,
    /// What it is, in one line
    #[arg(long)]
    pub(crate) title: String,
    /// By which rules it is reported
    #[arg(long, value_parser = regimes())]
    pub(crate) regime: String,
    /// Since when it is known: a time in UTC
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) aware: String,
    /// When it was classified as major: a time in UTC
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) classified: Option<String>,
    /// It belongs to this exercise, which must be running
    #[arg(long, value_name = "ID")]
    pub(crate) exercise: Option<String>,
    #[command(flatten)]
    pub(crate) officer: Officer,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// What is done about an incident.
#[derive(Debug, Subcommand)]
pub(crate) enum IncidentAct {
    /// Send the early warning, which is DORA's initial notification
    EarlyWarning {
        #[command(flatten)]
        act: Act,
        #[command(flatten)]
        said: Said,
    },
    /// Send the notification: severity, impact, indicators
    Notification {
        #[command(flatten)]
        act: Act,
        #[command(flatten)]
        said: Said,
        /// A STIX object that belongs to it
        #[arg(long = "object", value_name = "ID")]
        objects: Vec<String>,
    },
    /// Send an intermediate report; may be repeated
    Intermediate {
        #[command(flatten)]
        act: Act,
        #[command(flatten)]
        said: Said,
        /// A STIX object that belongs to it
        #[arg(long = "object", value_name = "ID")]
        objects: Vec<String>,
    },
    /// Say where it stands in between, and when it was classified or a measure was available
    Progress {
        #[command(flatten)]
        act: Act,
        #[command(flatten)]
        said: Said,
        /// When it was classified as major: a time in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        classified: Option<String>,
        /// When a measure against the vulnerability was available: a time in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        measure: Option<String>,
    },
    /// Send the final report, which ends the clocks
    Final {
        #[command(flatten)]
        act: Act,
        #[command(flatten)]
        said: Said,
        /// A STIX object that belongs to it
        #[arg(long = "object", value_name = "ID")]
        objects: Vec<String>,
    },
    /// As the recipient: say that a person has read what came, and under which number it is kept
    Acknowledge {
        #[command(flatten)]
        act: Act,
        /// Our number for it
        #[arg(long)]
        number: String,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
}
