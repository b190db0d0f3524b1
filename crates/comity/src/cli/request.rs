//! The words of `comity request`.
//!
//! In scope: the words. Out of scope: doing it (`commands::requests`), what may be done when (`comity-case`).

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use comity_case::request::content::RequestType;
use comity_case::request::event::DeclineReason;
use comity_case::table::Word as _;
use comity_stix::marking::Tlp;

use super::{Data, Json, tlp};

fn request_types() -> PossibleValuesParser {
    PossibleValuesParser::new(RequestType::WORDS.iter().map(|(_, word)| *word))
}

fn decline_reasons() -> PossibleValuesParser {
    PossibleValuesParser::new(DeclineReason::WORDS.iter().map(|(_, word)| *word))
}

/// A moment, or a day, which means its end.
pub(crate) fn moment(text: &str) -> Result<String, &'static str> {
    let whole = if text.len() == 10 {
        format!("{text}T23:59:59Z")
    } else {
        text.to_owned()
    };
    comity_stix::timestamp::Timestamp::parse(&whole)
        .map(comity_stix::timestamp::Timestamp::to_stix)
        .map_err(|_| "give a day such as 2026-12-01, or a time in UTC such as 2026-12-01T12:00:00Z")
}

/// Who acts.
#[derive(Debug, Args)]
pub(crate) struct Officer {
    /// Who acts, by function
    #[arg(long = "officer", value_name = "NAME", default_value = "duty officer")]
    pub(crate) name: String,
    /// In which role
    #[arg(long, value_name = "ROLE", default_value = "releaser", value_parser = PossibleValuesParser::new(["analyst", "duty", "releaser"]))]
    pub(crate) role: String,
    /// The second person who has looked at it: for emergencies, TLP:RED, and where the accord asks for one
    #[arg(long, value_name = "NAME")]
    pub(crate) second: Option<String>,
    /// For this person of the other side alone, by address: TLP:RED needs one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) person: Option<String>,
}

/// What every act on a request takes.
#[derive(Debug, Args)]
pub(crate) struct Act {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The request: its name, or the first letters of its number
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) officer: Officer,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RequestCommand {
    /// Print a form to fill in, for one type of request
    Form {
        #[command(flatten)]
        data: Data,
        /// What is asked for
        #[arg(value_name = "TYPE", value_parser = request_types())]
        of: String,
    },
    /// Send a request that was filled in
    Open(Box<OpenArgs>),
    /// Show requests, ours and theirs, the newest change first
    List {
        #[command(flatten)]
        data: Data,
        /// With this party only
        #[arg(long)]
        party: Option<String>,
        /// Of this exercise; without it exercises are not shown
        #[arg(long, value_name = "ID")]
        exercise: Option<String>,
        /// Only those where this party owes something, the most pressing first
        #[arg(long)]
        ours: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Show a request: where it stands, what is owed, every step, notes, and what may be done
    Show {
        #[command(flatten)]
        data: Data,
        /// The request
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Note something that stays in the house
    Note {
        #[command(flatten)]
        data: Data,
        /// The request
        id: String,
        /// What
        text: String,
        /// Who notes it
        #[arg(long, value_name = "NAME", default_value = "duty officer")]
        officer: String,
    },
    #[command(flatten)]
    Act(ActCommand),
}

/// What is done to a request.
#[derive(Debug, Subcommand)]
pub(crate) enum ActCommand {
    /// Say that a person has seen it, and under which number it is kept
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
    /// Send it back because fields are missing; the time to answer stands still meanwhile
    Return {
        #[command(flatten)]
        act: Act,
        /// A field that is missing [default: those that its type needs and that say nothing]
        #[arg(long = "field", value_name = "FIELD")]
        fields: Vec<String>,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Send what was missing
    Supplement {
        #[command(flatten)]
        act: Act,
        /// A form with the fields to fill in or to replace
        form: PathBuf,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Say that it will be done, and by when an answer may be expected
    Accept {
        #[command(flatten)]
        act: Act,
        /// When the answer may be expected: a day, or a time in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        expected: String,
        /// Only a part of it
        #[arg(long)]
        part: bool,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Say that it will not be done, and why
    Decline {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long, value_parser = decline_reasons())]
        reason: String,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
        /// Who is competent
        #[arg(long, value_name = "NAME")]
        forward_to: Option<String>,
    },
    /// Ask whether it may go to a third party
    AskReferral {
        #[command(flatten)]
        act: Act,
        /// To whom
        #[arg(long, value_name = "NAME")]
        to: String,
        /// Why
        #[arg(long)]
        why: String,
    },
    /// Let it go to a third party, or not
    Consent {
        #[command(flatten)]
        act: Act,
        /// To whom
        #[arg(long, value_name = "NAME")]
        to: String,
        /// It may not
        #[arg(long)]
        no: bool,
    },
    /// Say that it went to a third party
    Refer {
        #[command(flatten)]
        act: Act,
        /// To whom
        #[arg(long, value_name = "NAME")]
        to: String,
        /// The number there
        #[arg(long)]
        reference: Option<String>,
    },
    /// Report where the work stands
    Interim {
        #[command(flatten)]
        act: Act,
        /// What there is to say
        #[arg(long)]
        text: String,
        /// A STIX object that belongs to it
        #[arg(long = "object", value_name = "ID")]
        objects: Vec<String>,
    },
    /// Name a later date
    Extend {
        #[command(flatten)]
        act: Act,
        /// When the answer may be expected: a day, or a time in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        expected: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Answer it
    Answer {
        #[command(flatten)]
        act: Act,
        /// The answer
        #[arg(long)]
        text: String,
        /// It answers a part of what was asked
        #[arg(long)]
        part: bool,
        /// A STIX object that belongs to it
        #[arg(long = "object", value_name = "ID")]
        objects: Vec<String>,
        /// An evidence item that belongs to it
        #[arg(long = "evidence", value_name = "ID")]
        evidence: Vec<String>,
    },
    /// Say what the answer was worth; closes the request
    Feedback {
        #[command(flatten)]
        act: Act,
        /// Whether it was useful
        #[arg(long, value_parser = PossibleValuesParser::new(["yes", "partly", "no"]))]
        useful: String,
        /// Its quality, 1 to 5
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=5))]
        quality: u8,
        /// Something was done with it
        #[arg(long)]
        acted: bool,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Say that something is missing in the answer: once, within thirty days
    Reopen {
        #[command(flatten)]
        act: Act,
        /// What is missing
        #[arg(long)]
        gap: String,
    },
    /// Take a request back
    Withdraw {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Say what became of the data of a request that was taken back
    Purged {
        #[command(flatten)]
        act: Act,
        /// Something is kept
        #[arg(long)]
        retained: bool,
        /// Until when: a day, or a time in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        until: Option<String>,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Confirm an emergency by a formal request
    Confirm {
        #[command(flatten)]
        act: Act,
        /// The number of the formal request
        #[arg(long)]
        reference: String,
    },
    /// Dispute a message: it goes to the hotline or the principals, and counts for neither side
    Dispute {
        #[command(flatten)]
        act: Act,
        /// The message: its place, such as bravo/3, or its digest
        #[arg(long)]
        message: String,
        /// Why
        #[arg(long)]
        text: String,
    },
    /// Take a dispute back
    Settle {
        #[command(flatten)]
        act: Act,
        /// The message: its place, such as bravo/3, or its digest
        #[arg(long)]
        message: String,
        /// How it was settled
        #[arg(long)]
        text: String,
    },
    /// Preservation: say until when the data is held
    Hold {
        #[command(flatten)]
        act: Act,
        /// Until when: a day, or a time in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        until: String,
    },
    /// Preservation: ask for a later date
    Renew {
        #[command(flatten)]
        act: Act,
        /// Until when: a day, or a time in UTC
        #[arg(long, value_name = "TIME", value_parser = moment)]
        until: String,
    },
    /// Preservation: say that the data is needed no more
    Release {
        #[command(flatten)]
        act: Act,
        /// In words
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Preservation: say that a formal request takes its place
    Convert {
        #[command(flatten)]
        act: Act,
        /// The number of the formal request
        #[arg(long)]
        reference: String,
    },
    /// Preservation: say that the data is gone before its date
    Lost {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// What sending a request takes.
#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The form
    pub(crate) form: PathBuf,
    /// To whom
    #[arg(long, value_name = "PARTY")]
    pub(crate) to: String,
    /// Its label: clear, green, amber, amber+strict or red
    #[arg(long, value_name = "LABEL", value_parser = tlp)]
    pub(crate) tlp: Tlp,
    /// It belongs to this exercise, which must be running
    #[arg(long, value_name = "ID", conflicts_with = "from_call")]
    pub(crate) exercise: Option<String>,
    /// It is what an action of this hotline call became: the two are linked, and belong to the same exercise or to none
    #[arg(long, value_name = "CALL")]
    pub(crate) from_call: Option<String>,
    /// The number of the action [default: the only one that became nothing yet]
    #[arg(long, value_name = "NUMBER", requires = "from_call")]
    pub(crate) action: Option<u32>,
    /// Send it although fields that its type needs say nothing
    #[arg(long)]
    pub(crate) incomplete: bool,
    #[command(flatten)]
    pub(crate) officer: Officer,
    #[command(flatten)]
    pub(crate) json: Json,
}
