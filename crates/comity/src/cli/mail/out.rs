//! The words of `comity mail` for mail that leaves.
//!
//! In scope: the words. Out of scope: doing it (`commands::mail_out`).

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use comity_store::state::mail_out::MailOutState;

use crate::cli::request::Officer;
use crate::cli::{Data, Json};

/// What is done about mail that leaves.
#[derive(Debug, Subcommand)]
pub(crate) enum OutVerb {
    /// Send a letter to a party: words, files and objects, each judged by the accord; or the envelopes that wait for it
    Send(Box<SendArgs>),
    /// Show mails that leave, the newest first; with ID one of them and all that happened to it
    Outgoing {
        #[command(flatten)]
        data: Data,
        /// Its number, or the beginning of it
        #[arg(conflicts_with_all = ["state", "party", "before"])]
        id: Option<String>,
        /// Only in this state
        #[arg(long, value_parser = PossibleValuesParser::new(MailOutState::ALL.map(MailOutState::word)))]
        state: Option<String>,
        /// Only for this party
        #[arg(long)]
        party: Option<String>,
        /// Only older ones than this mail: where the page before ended
        #[arg(long, value_name = "ID")]
        before: Option<String>,
        /// How many at most
        #[arg(long, value_name = "NUMBER", default_value_t = 100,
            value_parser = clap::value_parser!(u64).range(1..=1000))]
        limit: u64,
        #[command(flatten)]
        json: Json,
    },
    /// Have a mail sent now that waits, failed or came back: the same mail with the same identifier
    Retry(OutAct),
    /// Take back a mail that no server took yet
    Cancel(OutAct),
}

/// What is done about one mail.
#[derive(Debug, Args)]
pub(crate) struct OutAct {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Its number, or the beginning of it
    pub(crate) id: String,
    /// Who acts, by function
    #[arg(long, value_name = "NAME", default_value = "duty officer")]
    pub(crate) officer: String,
    #[command(flatten)]
    pub(crate) json: Json,
}

/// A letter, or envelopes.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The party
    pub(crate) party: String,
    /// To this address, in the place of the one that the party gave
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Option<String>,
    /// To the party's point of contact in this role
    #[arg(long, value_name = "ROLE", conflicts_with = "to")]
    pub(crate) contact: Option<String>,
    /// The subject, without a label
    #[arg(long, required_unless_present = "envelopes")]
    pub(crate) subject: Option<String>,
    /// The words
    #[arg(long, conflicts_with = "text_file", required_unless_present_any = ["text_file", "envelopes"])]
    pub(crate) text: Option<String>,
    /// A file with the words; - is standard input
    #[arg(long, value_name = "PATH")]
    pub(crate) text_file: Option<PathBuf>,
    /// A file to be enclosed; more than once for several
    #[arg(long, value_name = "PATH")]
    pub(crate) attach: Vec<PathBuf>,
    /// Objects to be enclosed as one bundle, by their ids
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub(crate) objects: Vec<String>,
    /// The thread that it is about; answers to the mail belong to it
    #[arg(long, value_name = "ID")]
    pub(crate) thread: Option<String>,
    /// The label; else what the accord has for things without one. It rises to that of the strictest object
    #[arg(long, value_name = "LABEL")]
    pub(crate) tlp: Option<String>,
    /// Send what waits for the party in the outbox of the node link, in the place of a letter
    #[arg(long, conflicts_with_all = ["subject", "text", "text_file", "attach", "objects", "thread", "tlp", "contact"])]
    pub(crate) envelopes: bool,
    #[command(flatten)]
    pub(crate) officer: Officer,
    #[command(flatten)]
    pub(crate) json: Json,
}
