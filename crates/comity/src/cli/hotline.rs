//! The words of `comity hotline`.
//!
//! In scope: the words. Out of scope: doing it (`commands::hotline`), what may be done when (`comity-case`).

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use comity_case::request::content::Urgency;
use comity_case::table::Word as _;
use comity_stix::marking::Tlp;

use super::act::{Act, Dispute, Listing, One, Said};
use super::request::{Officer, moment};
use super::{Data, Json, tlp};

fn urgencies() -> PossibleValuesParser {
    PossibleValuesParser::new(Urgency::WORDS.iter().map(|(_, word)| *word))
}

#[derive(Debug, Subcommand)]
pub(crate) enum HotlineCommand {
    /// Record that a call goes out, and print the code words to say; the voice itself goes over your telephone
    Ring(Box<RingArgs>),
    /// Show calls, ours and theirs, the newest change first
    List {
        #[command(flatten)]
        list: Listing,
        /// Of this exercise; without it exercises are not shown
        #[arg(long, value_name = "ID")]
        exercise: Option<String>,
    },
    /// Show a call: where it stands, what to say, both notes once both are sealed, what is owed, and what may be done
    Show {
        #[command(flatten)]
        one: One,
    },
    #[command(flatten)]
    Act(HotlineAct),
    #[command(flatten)]
    Dispute(Dispute),
}

#[derive(Debug, Args)]
pub(crate) struct RingArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// To which party
    #[arg(long, value_name = "PARTY")]
    pub(crate) to: String,
    /// What it is about, in one line
    #[arg(long)]
    pub(crate) line: String,
    /// Its label: clear, green, amber, amber+strict or red
    #[arg(long, value_name = "LABEL", value_parser = tlp)]
    pub(crate) tlp: Tlp,
    /// Whom: the role or the name of a point of contact in the accord [default: the first of the ladder]
    #[arg(long, value_name = "CONTACT")]
    pub(crate) contact: Option<String>,
    /// Over what
    #[arg(long, default_value = "telephone")]
    pub(crate) channel: String,
    /// How much it presses
    #[arg(long, default_value = "urgent", value_parser = urgencies())]
    pub(crate) urgency: String,
    /// A request, a case or another thread that it is about; may be given more than once
    #[arg(long, value_name = "ID")]
    pub(crate) about: Vec<String>,
    /// It is a test of the hotline: it goes the same way and counts for what was promised of tests
    #[arg(long)]
    pub(crate) test: bool,
    /// It belongs to this exercise, which must be running
    #[arg(long, value_name = "ID")]
    pub(crate) exercise: Option<String>,
    #[command(flatten)]
    pub(crate) officer: Officer,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// What is done on a call.
#[derive(Debug, Subcommand)]
pub(crate) enum HotlineAct {
    /// Say that a person here answered, and print the code words to say
    Answered {
        #[command(flatten)]
        act: Act,
    },
    /// Say that a person here calls back after a try that nobody answered, and print the code words to say
    CallBack {
        #[command(flatten)]
        act: Act,
    },
    /// Say that nobody answered, and print whom to ring next
    Missed {
        #[command(flatten)]
        act: Act,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Record the next try, on the rung of the ladder that is due: three tries or a quarter of an hour on each
    Redial {
        #[command(flatten)]
        act: Act,
        /// Whom [default: whom the accord names for that rung]
        #[arg(long, value_name = "CONTACT")]
        to: Option<String>,
    },
    /// Say that no further try is made
    Abandon {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Type the code words that the other side said; the node compares them with what the other node stated
    Identify {
        #[command(flatten)]
        act: Act,
        /// The words as heard; - reads them from standard input
        #[arg(required_unless_present_any = ["matched", "differs"])]
        words: Vec<String>,
        /// They were right: only where the other side states no digest
        #[arg(long, conflicts_with_all = ["words", "differs"])]
        matched: bool,
        /// They were wrong, or the voice knew none
        #[arg(long, conflicts_with = "words")]
        differs: bool,
    },
    /// Seal this side's note: its digest goes to the other side, the note stays here until both are sealed
    Note {
        #[command(flatten)]
        act: Act,
        #[command(flatten)]
        said: Said,
    },
    /// Show the sealed note now that both are sealed; a running node does it by itself
    Reveal {
        #[command(flatten)]
        act: Act,
    },
    /// Say whether the other side's note agrees with this side's
    ReadBack {
        #[command(flatten)]
        act: Act,
        /// Where they differ; without it they agree
        #[arg(long, value_name = "TEXT")]
        differs: Option<String>,
    },
    /// Add an action that both agreed on; `comity request open --from-call` makes a request of it
    Action {
        #[command(flatten)]
        act: Act,
        /// What is to be done
        #[arg(long)]
        what: String,
        /// Which party does it
        #[arg(long, value_name = "PARTY")]
        owner: String,
        /// By when: a day, or a time in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        due: String,
        /// The thread that it is already
        #[arg(long, value_name = "ID")]
        becomes: Option<String>,
    },
    /// Name the thread that an action became, also after the call
    FollowUp {
        #[command(flatten)]
        act: Act,
        /// The action's number
        #[arg(long, value_name = "NUMBER")]
        action: u32,
        /// The thread
        #[arg(long, value_name = "ID")]
        thread: String,
    },
    /// Say that the call is over; each side then owes a written confirmation
    Close {
        #[command(flatten)]
        act: Act,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Confirm the call in writing: within two hours in an emergency, else within a day
    Confirm {
        #[command(flatten)]
        act: Act,
        #[command(flatten)]
        said: Said,
    },
}
