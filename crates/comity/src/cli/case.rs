//! The words of `comity case`.
//!
//! In scope: the words. Out of scope: doing it (`commands::cases`), what may be done when (`comity-case`).

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use comity_case::case::event::{Determination, Priority};
use comity_case::table::Word as _;
use comity_stix::marking::Tlp;

use super::act::{Act, Dispute, Listing};
use super::request::{Officer, moment};
use super::{Data, Json, tlp};

fn priorities() -> PossibleValuesParser {
    PossibleValuesParser::new(Priority::WORDS.iter().map(|(_, word)| *word))
}

fn determinations() -> PossibleValuesParser {
    PossibleValuesParser::new(Determination::WORDS.iter().map(|(_, word)| *word))
}

/// An act that sets up or ends an item, in the shared record or in the own one.
#[derive(Debug, Args)]
pub(crate) struct Item {
    #[command(flatten)]
    pub(crate) act: Act,
    /// Only in this party's own record: it stays in the house
    #[arg(long)]
    pub(crate) own: bool,
}

/// With whom a case is opened.
#[derive(Debug, Args)]
pub(crate) struct With {
    #[command(flatten)]
    pub(crate) data: Data,
    /// With whom
    #[arg(long, value_name = "PARTY")]
    pub(crate) to: String,
    /// Its label: clear, green, amber, amber+strict or red
    #[arg(long, value_name = "LABEL", value_parser = tlp)]
    pub(crate) tlp: Tlp,
    /// It belongs to this exercise
    #[arg(long, value_name = "ID")]
    pub(crate) exercise: Option<String>,
    #[command(flatten)]
    pub(crate) officer: Officer,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CaseCommand {
    /// Open a case and ask the other side to work on it too
    Open {
        #[command(flatten)]
        with: With,
        /// A line for lists
        #[arg(long)]
        title: String,
        /// What it is about
        #[arg(long)]
        summary: String,
        /// Our number for it
        #[arg(long, default_value = "")]
        number: String,
        /// On which ground
        #[arg(long, default_value = "")]
        legal_basis: String,
        /// How we rank it
        #[arg(long, value_parser = priorities())]
        priority: Option<String>,
    },
    /// Open a case of the incident in a STIX bundle
    Import {
        #[command(flatten)]
        with: With,
        /// The bundle
        file: PathBuf,
        /// Which incident, where there are several
        #[arg(long, value_name = "ID")]
        incident: Option<String>,
    },
    /// Write a case as a STIX bundle: the incident with its events, tasks, observables and notes
    Export {
        #[command(flatten)]
        data: Data,
        /// The case
        id: String,
        /// Where to write it [default: to standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show cases, the newest change first
    List {
        #[command(flatten)]
        list: Listing,
        /// Of this exercise; without it exercises are not shown
        #[arg(long, value_name = "ID")]
        exercise: Option<String>,
        /// The priority list: live cases, the highest priority first
        #[arg(long, conflicts_with = "ours")]
        priority: bool,
    },
    /// Show a case: both sides' words, tasks, timeline, observables, notes, and what may be done
    Show {
        #[command(flatten)]
        data: Data,
        /// The case
        id: String,
        /// The timeline in the order in which things were learned, not in which they happened
        #[arg(long)]
        by_learned: bool,
        #[command(flatten)]
        json: Json,
    },
    #[command(flatten)]
    Act(ActCommand),
}

/// What is done in a case.
#[derive(Debug, Subcommand)]
pub(crate) enum ActCommand {
    /// Take part in a case that the other side opened
    Join {
        #[command(flatten)]
        act: Act,
        /// Our number for it
        #[arg(long)]
        number: String,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Take no part in it
    Decline {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take back a case that the other side has not joined
    Withdraw {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Say where our work stands; the newest word is in the status report
    Status {
        #[command(flatten)]
        act: Act,
        /// Where it stands
        text: String,
    },
    /// Write a note
    Note {
        #[command(flatten)]
        item: Item,
        /// What
        text: String,
    },
    /// Set a task for one side
    Task {
        #[command(flatten)]
        item: Item,
        /// What is to be done
        text: String,
        /// Whose it is [default: ours]
        #[arg(long = "for", value_name = "PARTY")]
        owner: Option<String>,
        /// By when: a day, or a time in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        due: Option<String>,
    },
    /// Say that a task is done
    Done {
        #[command(flatten)]
        act: Act,
        /// The task, by its place, such as bravo/3 or own/1
        task: String,
        /// What came of it
        #[arg(long, default_value = "")]
        result: String,
    },
    /// Say that a task will not be done
    Drop {
        #[command(flatten)]
        act: Act,
        /// The task, by its place, such as bravo/3 or own/1
        task: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Add values that were seen; what each one is, is found out
    Observe {
        #[command(flatten)]
        item: Item,
        /// Values: addresses, names, hashes; hxxp and [.] are understood
        values: Vec<String>,
        /// Values, one on each line
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// What all of them are, as a STIX pattern says it, such as `file:name`
        #[arg(long, value_name = "FIELD")]
        field: Option<String>,
        /// A STIX object that belongs to it
        #[arg(long = "object", value_name = "ID")]
        objects: Vec<String>,
        /// Where they were seen
        #[arg(long, default_value = "")]
        context: String,
    },
    /// Add a line to the timeline
    Happened {
        #[command(flatten)]
        item: Item,
        /// What happened
        text: String,
        /// When it happened or began, in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        at: String,
        /// When it ended
        #[arg(long, value_name = "TIME", value_parser = moment)]
        until: Option<String>,
        /// When we learned of it [default: now]
        #[arg(long, value_name = "TIME", value_parser = moment)]
        learned: Option<String>,
    },
    /// Name another thread that belongs to it: a request, a call, evidence
    Link {
        #[command(flatten)]
        item: Item,
        /// The thread
        thread: String,
        /// Why
        #[arg(long, default_value = "")]
        why: String,
    },
    /// Take a link away
    Unlink {
        #[command(flatten)]
        item: Item,
        /// The thread
        thread: String,
    },
    /// Rank it, for our side
    Prioritise {
        #[command(flatten)]
        act: Act,
        /// How
        #[arg(value_parser = priorities())]
        priority: String,
        /// Why
        #[arg(long, default_value = "")]
        why: String,
    },
    /// Say whether it was an incident, and how critical
    Assess {
        #[command(flatten)]
        act: Act,
        /// What it is
        #[arg(value_parser = determinations())]
        determination: String,
        /// How critical, 0 to 100
        #[arg(long, value_parser = clap::value_parser!(u8).range(0..=100))]
        criticality: Option<u8>,
        /// Of which kind, such as ransomware
        #[arg(long = "type", value_name = "KIND")]
        types: Vec<String>,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Make it a part of another case, which shows its items from then on
    Merge {
        #[command(flatten)]
        act: Act,
        /// The other case
        #[arg(long, value_name = "ID")]
        into: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Undo a merge
    Unmerge {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Show items in another case instead: in one that is there, or in a new one
    Split {
        #[command(flatten)]
        act: Act,
        /// The items, by their places
        #[arg(required = true)]
        items: Vec<String>,
        /// The other case
        #[arg(long, value_name = "ID", required_unless_present_all = ["title", "summary"], conflicts_with_all = ["title", "summary"])]
        into: Option<String>,
        /// The title of a new case
        #[arg(long, requires = "summary")]
        title: Option<String>,
        /// What the new case is about
        #[arg(long, requires = "title")]
        summary: Option<String>,
    },
    /// Undo a split
    Unsplit {
        #[command(flatten)]
        act: Act,
        /// The other case
        #[arg(long, value_name = "ID")]
        into: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Close it, for our side; it is closed once both have
    Close {
        #[command(flatten)]
        act: Act,
        /// What came of it
        #[arg(long)]
        outcome: String,
    },
    /// Take back that one side closed it
    KeepOpen {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Open a closed case again
    Reopen {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    #[command(flatten)]
    Dispute(Dispute),
}
