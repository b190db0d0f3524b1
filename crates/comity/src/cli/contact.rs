//! The words of `comity contact`.
//!
//! In scope: the words. Out of scope: doing it (`commands::contacts`).

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use comity_stix::marking::Tlp;

use super::request::Officer;
use super::{Data, Json, tlp};

/// The person who acts, by function; there is no default, so that no program answers for one.
#[derive(Debug, Args)]
pub(crate) struct Present {
    /// Who answers, by function
    #[arg(long = "officer", value_name = "NAME")]
    pub(crate) name: String,
    /// In which role
    #[arg(long, value_name = "ROLE", default_value = "duty", value_parser = PossibleValuesParser::new(["analyst", "duty", "releaser"]))]
    pub(crate) role: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContactCommand {
    /// This party's profile (RFC 2350), and those of partners
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Show points of contact, ours and theirs: how each is reached, when it was verified, who answered last, green, amber or red
    List {
        #[command(flatten)]
        data: Data,
        /// With this party only
        #[arg(long)]
        party: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Check a point of contact of another party: a person there answers with the code of the check
    Ping {
        #[command(flatten)]
        data: Data,
        /// Whose
        #[arg(long)]
        party: String,
        /// Which: its role in the accord
        #[arg(long, value_name = "ROLE")]
        contact: String,
        /// Minutes to answer [default: as the accord's contact-check promises, else 240, and 5 for the hotline]
        #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=43_200))]
        minutes: Option<u32>,
        /// It tests the hotline
        #[arg(long)]
        hotline: bool,
        /// Nobody was told before
        #[arg(long)]
        unannounced: bool,
        /// Its label: clear, green, amber or amber+strict
        #[arg(long, value_name = "LABEL", value_parser = tlp, default_value = "green")]
        tlp: Tlp,
        #[command(flatten)]
        officer: Officer,
        #[command(flatten)]
        json: Json,
    },
    /// Show checks, ours and theirs, the newest first
    Pings {
        #[command(flatten)]
        data: Data,
        /// With this party only
        #[arg(long)]
        party: Option<String>,
        /// Only those that nobody has answered
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Show a check: its code, until when an answer is expected, every step with its times
    Show {
        #[command(flatten)]
        data: Data,
        /// The check: its name, or the first letters of its number
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Answer a check, as a person: with the code that `comity contact show` shows, or that was read out by telephone
    Answer {
        #[command(flatten)]
        data: Data,
        /// The check
        id: String,
        /// The code: the first eight digits of the check's number
        #[arg(long)]
        code: String,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        present: Present,
        #[command(flatten)]
        json: Json,
    },
    /// Set down that another way is tried because nobody answered, with a new time: mail, then phone, then hotline
    Escalate {
        #[command(flatten)]
        data: Data,
        /// The check
        id: String,
        /// The way [default: the next one]
        #[arg(long, value_parser = PossibleValuesParser::new(["mail", "phone", "hotline"]))]
        channel: Option<String>,
        /// Minutes to answer [default: 240, and 5 for the hotline]
        #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=43_200))]
        minutes: Option<u32>,
        #[command(flatten)]
        officer: Officer,
        #[command(flatten)]
        json: Json,
    },
    /// Show when this node will check whom: known here alone until a check goes out
    Plan {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Take addresses from a file as candidates, which are nobody's until one is confirmed
    Import {
        #[command(flatten)]
        data: Data,
        /// What the file is
        #[arg(value_name = "KIND", value_parser = PossibleValuesParser::new(["security.txt"]))]
        kind: String,
        /// The file
        file: PathBuf,
        /// Whose it is said to be
        #[arg(long)]
        party: Option<String>,
        /// Who acts, by function
        #[arg(long, value_name = "NAME", default_value = "duty officer")]
        officer: String,
        #[command(flatten)]
        json: Json,
    },
    /// Show candidates, the newest first
    Candidates {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Draw a code to send to a candidate's address; it is shown once
    Challenge {
        #[command(flatten)]
        data: Data,
        /// The candidate: the first letters of its number
        id: String,
        /// Mail the code to the address
        #[arg(long)]
        mail: bool,
        /// Who acts, by function
        #[arg(long, value_name = "NAME", default_value = "duty officer")]
        officer: String,
        #[command(flatten)]
        json: Json,
    },
    /// Take the code that came back from a candidate's address
    Confirm {
        #[command(flatten)]
        data: Data,
        /// The candidate: the first letters of its number
        id: String,
        /// The code
        #[arg(long)]
        code: String,
        /// Who acts, by function
        #[arg(long, value_name = "NAME", default_value = "duty officer")]
        officer: String,
        #[command(flatten)]
        json: Json,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Print a profile to fill in
    Template {
        #[command(flatten)]
        data: Data,
    },
    /// Read a profile and say what is wrong with it; nothing is signed or sent
    Check {
        #[command(flatten)]
        data: Data,
        /// The file
        file: PathBuf,
        #[command(flatten)]
        json: Json,
    },
    /// Sign a profile and send it to every partner with an accord in force
    Import {
        #[command(flatten)]
        data: Data,
        /// The file
        file: PathBuf,
        #[command(flatten)]
        officer: Officer,
        #[command(flatten)]
        json: Json,
    },
    /// Send the profile to a partner that does not have it yet
    Send {
        #[command(flatten)]
        data: Data,
        /// To whom
        #[arg(long, value_name = "PARTY")]
        to: String,
        #[command(flatten)]
        officer: Officer,
        #[command(flatten)]
        json: Json,
    },
    /// Show the profile, or that of a partner as it sent it
    Show {
        #[command(flatten)]
        data: Data,
        /// Of this partner [default: our own]
        #[arg(long)]
        party: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Write the profile as RFC 2350 orders it, with its signature
    Export {
        #[command(flatten)]
        data: Data,
        /// Of this partner [default: our own]
        #[arg(long)]
        party: Option<String>,
        /// The file to write [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}
