//! The words of `comity address`.
//!
//! In scope: the words. Out of scope: doing it (`commands::addresses`), what may be done when (`comity-case`).

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use comity_stix::marking::Tlp;

use super::{Data, Json, tlp};

/// What an address may be for.
const PURPOSES: [&str; 8] = [
    "contact", "ping", "request", "case", "samples", "exercise", "reports", "hotline",
];

/// Who acts.
#[derive(Debug, Args)]
pub(crate) struct Officer {
    /// Who acts, by function
    #[arg(long = "officer", value_name = "NAME", default_value = "duty officer")]
    pub(crate) name: String,
    /// In which role
    #[arg(long, value_name = "ROLE", default_value = "releaser", value_parser = PossibleValuesParser::new(["analyst", "duty", "releaser"]))]
    pub(crate) role: String,
}

/// What every act on an address takes.
#[derive(Debug, Args)]
pub(crate) struct Act {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The address: its name, the first letters of its number, or the address itself
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) officer: Officer,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// The person who approves or confirms; there is no default, so that nobody is named by mistake.
#[derive(Debug, Args)]
pub(crate) struct Named {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The address: its name, the first letters of its number, or the address itself
    pub(crate) id: String,
    /// Who acts, by function
    #[arg(long = "officer", value_name = "NAME")]
    pub(crate) name: String,
    /// In which role
    #[arg(long, value_name = "ROLE", default_value = "releaser", value_parser = PossibleValuesParser::new(["duty", "releaser"]))]
    pub(crate) role: String,
    #[command(flatten)]
    pub(crate) json: Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AddressCommand {
    /// Make a temporary address for a party, and give it to the party by the node link
    Create {
        #[command(flatten)]
        data: Data,
        /// For whom: what others send there is set aside or shown, and never acts
        party: String,
        /// What it is for: a mail with something of another kind in it is set aside
        #[arg(long, value_name = "WORD", default_value = "contact", value_parser = PossibleValuesParser::new(PURPOSES))]
        purpose: String,
        /// Its life in days
        #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
        /// How many mails it takes [default: any number]
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
        uses: Option<u32>,
        /// The request, case or exercise that it is about: its name, or the first letters of its number
        #[arg(long, value_name = "ID")]
        about: Option<String>,
        /// A remark that the party reads
        #[arg(long, default_value = "")]
        remark: String,
        /// The label of the messages about it: clear, green, amber or amber+strict
        #[arg(long, value_name = "LABEL", value_parser = tlp, default_value = "green")]
        tlp: Tlp,
        /// Only make it: the party is told another way, such as before there is an accord
        #[arg(long)]
        untold: bool,
        #[command(flatten)]
        officer: Officer,
        #[command(flatten)]
        json: Json,
    },
    /// Give an address by the node link that was made with --untold
    Tell {
        #[command(flatten)]
        act: Act,
        /// The label of the messages about it: clear, green, amber or amber+strict
        #[arg(long, value_name = "LABEL", value_parser = tlp, default_value = "green")]
        tlp: Tlp,
    },
    /// Show addresses, ours and those that others gave us: purpose, state, until when, and what is next
    List {
        #[command(flatten)]
        data: Data,
        /// With this party only
        #[arg(long)]
        party: Option<String>,
        /// Only ours
        #[arg(long, conflicts_with = "theirs")]
        ours: bool,
        /// Only those that others gave us
        #[arg(long)]
        theirs: bool,
        #[command(flatten)]
        json: Json,
    },
    /// Show an address: aliases, every step with its times, the statement that both signed
    Show {
        #[command(flatten)]
        data: Data,
        /// The address: its name, the first letters of its number, or the address itself
        id: String,
        #[command(flatten)]
        json: Json,
    },
    /// Begin to make an address permanent: the other party is sent a number, which it answers with its registered key
    Promote {
        #[command(flatten)]
        act: Act,
    },
    /// Approve a promotion as the second person, once the number is answered; the other party is asked to confirm
    Approve {
        #[command(flatten)]
        named: Named,
    },
    /// Answer the number that another party sent about its address, with the key of our card
    Answer {
        #[command(flatten)]
        named: Named,
        /// Write the signed answer into this file, to be carried by hand, and send nothing
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Take an answer that came in a file
    TakeAnswer {
        #[command(flatten)]
        act: Act,
        /// The file
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Confirm that another party's address is permanent from now on; both ledgers hold it with both signatures
    Confirm {
        #[command(flatten)]
        named: Named,
    },
    /// Do not go along with a promotion: one of ours that waits for the second person, or another party's
    Decline {
        #[command(flatten)]
        act: Act,
        /// Why
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Give another temporary address in the place of one; the one before is an alias for 30 days
    Renew {
        #[command(flatten)]
        act: Act,
        /// Its life in days
        #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
        /// How many mails it takes [default: any number]
        #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
        uses: Option<u32>,
    },
    /// End an address and its aliases at once; the other party is told by the node link
    Revoke {
        #[command(flatten)]
        act: Act,
        /// Why, for the other party
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Make a key for the addresses that are made from now on; those that are out stay as they are
    NewKey {
        #[command(flatten)]
        data: Data,
        #[command(flatten)]
        json: Json,
    },
}
