//! The words of `comity evidence`.
//!
//! In scope: the words. Out of scope: doing it (`commands::evidence`), what custody allows (`comity-case`).

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use comity_stix::marking::Tlp;

use super::request::{Act, Officer, moment};
use super::{Data, Json, tlp};

/// What is said of a file that is taken in.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The file; more than one may be given
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// From where it is: a machine, a mailbox, a person
    #[arg(long)]
    pub(crate) source: String,
    /// When it was acquired: a day, or a time in UTC
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) acquired: String,
    /// By whom [default: the officer]
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// How: "imaged with a write blocker"
    #[arg(long)]
    pub(crate) how: String,
    /// With which tool, and its version
    #[arg(long)]
    pub(crate) tool: String,
    /// On which legal basis
    #[arg(long, value_name = "TEXT")]
    pub(crate) legal_basis: String,
    /// Its label: clear, green, amber, amber+strict or red
    #[arg(long, value_name = "LABEL", value_parser = tlp)]
    pub(crate) tlp: Tlp,
    /// Its media type
    #[arg(long, value_name = "TYPE", default_value = "application/octet-stream")]
    pub(crate) media_type: String,
    /// The number of the seal on it
    #[arg(long)]
    pub(crate) seal: Option<String>,
    /// It is a sample of malware: encrypted on the disk, and given out only wrapped
    #[arg(long)]
    pub(crate) sample: bool,
    /// It was made from this item
    #[arg(long, value_name = "ID", requires = "tool_version")]
    pub(crate) derived_from: Option<String>,
    /// The version of the tool that made it
    #[arg(long, value_name = "VERSION")]
    pub(crate) tool_version: Option<String>,
    #[command(flatten)]
    pub(crate) officer: Officer,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceVerb {
    /// Take files in as evidence: hashed as they are read; custody begins
    Add(AddArgs),
    /// Show items, the newest first: where each is, what does not fit
    List {
        #[command(flatten)]
        data: Data,
        /// Handed over to this party, or come from it
        #[arg(long)]
        party: Option<String>,
        #[command(flatten)]
        json: Json,
    },
    /// Show an item: what it is, every event of its custody, what does not fit, and what may be done
    Show {
        #[command(flatten)]
        data: Data,
        /// The item: its name, or the first letters of its number
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Show every item whose custody has a gap; answers 1 if there is one
    Gaps {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
    /// Compute the hash of what lies on the disk, and record what came of it; answers 7 if it is another
    Verify {
        #[command(flatten)]
        act: Act,
    },
    /// Write an item into a new file: a copy, and recorded as one; a sample goes into a ZIP with the password `infected`
    Get {
        #[command(flatten)]
        act: Act,
        /// The file to be made
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Offer an item to another party; custody moves when that has it whole and signs for it
    Transfer {
        #[command(flatten)]
        act: Act,
        /// To whom
        #[arg(long, value_name = "PARTY")]
        to: String,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Sign for an item that has arrived: its hash is computed from the disk first
    Accept {
        #[command(flatten)]
        act: Act,
    },
    /// Do not take an item that is offered, or take the own offer back
    Refuse {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Offer an item back to the party from which it came
    Return {
        #[command(flatten)]
        act: Act,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Write the custody of an item for others: every event with its digest and the proof that it stands in a ledger
    Export {
        #[command(flatten)]
        data: Data,
        /// The item
        id: String,
        /// The form: CASE 1.4 over UCO 1.4 in JSON-LD
        #[arg(long, value_parser = PossibleValuesParser::new(["case-uco"]), default_value = "case-uco")]
        format: String,
        /// The file to be made [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    #[command(flatten)]
    Event(EventCommand),
}

/// What is recorded of an item.
#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// Record that it was opened
    Open {
        #[command(flatten)]
        act: Act,
        /// For what
        #[arg(long)]
        purpose: String,
    },
    /// Record that it was copied by other means than `get`
    Copy {
        #[command(flatten)]
        act: Act,
        /// Where the copy is
        #[arg(long)]
        note: String,
    },
    /// Record that another item was made from it which is not on this node; `add --derived-from` does both
    Derive {
        #[command(flatten)]
        act: Act,
        /// The SHA-256 of the other
        #[arg(long)]
        sha256: String,
        /// The tool that made it
        #[arg(long)]
        tool: String,
        /// Its version
        #[arg(long, value_name = "VERSION")]
        tool_version: String,
    },
    /// Record that it was sealed
    Seal {
        #[command(flatten)]
        act: Act,
        /// The number of the seal
        #[arg(long)]
        seal: String,
    },
    /// It must not be destroyed before this hold is released
    Hold {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take the own hold back
    Release {
        #[command(flatten)]
        act: Act,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Destroy it: recorded, then its bytes and its key are removed
    Destroy {
        #[command(flatten)]
        act: Act,
        /// Who saw it, by function
        #[arg(long, value_name = "NAME")]
        witness: String,
    },
    /// Report what a sample does, to the party that handed it over
    Report {
        #[command(flatten)]
        act: Act,
        /// What was found
        #[arg(long)]
        text: String,
        /// A STIX object that belongs to it
        #[arg(long = "object", value_name = "ID")]
        objects: Vec<String>,
    },
}
