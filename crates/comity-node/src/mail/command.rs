//! Commands about mail, as plain data, and doing them.
//!
//! In scope: each command's call of the use case that it names. Out of scope: deciding anything.
//! Limits: [`PAGE_MAX`] mails in one answer.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::case::threads::Acting;
use crate::mail::MailError;
use crate::mail::letter::{LetterNote, LetterOrder};
use crate::node::Node;

/// Mails in one answer.
pub const PAGE_MAX: u64 = 1_000;

/// Something about mail, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailCommand {
    /// Mails, the newest first.
    List {
        /// Only in this state.
        state: Option<String>,
        /// Only for addresses of this party.
        party: Option<String>,
        /// Older than this mail: where the page before ended.
        before: Option<String>,
        /// How many, [`PAGE_MAX`] at most.
        limit: u64,
    },
    /// One mail: its envelope and what became of it.
    Show {
        /// Its number, or the beginning of it.
        id: String,
    },
    /// What a mail says and carries, and what is odd about it.
    Read {
        /// Its number, or the beginning of it.
        id: String,
    },
    /// Write the raw bytes of a mail into a new file.
    Raw {
        /// Its number, or the beginning of it.
        id: String,
        /// The file.
        path: PathBuf,
    },
    /// Do what a mail proposes.
    Confirm {
        /// The proposal's number, or the beginning of it.
        id: String,
        /// Who confirms it.
        acting: Acting,
    },
    /// Do not do what a mail proposes.
    Dismiss {
        /// The proposal's number, or the beginning of it.
        id: String,
        /// Why.
        reason: String,
        /// Who says so.
        acting: Acting,
    },
    /// Judge a mail anew, as if it came now.
    Again {
        /// Its number, or the beginning of it.
        id: String,
    },
    /// Send a letter.
    Send(Box<LetterOrder>),
    /// Send a letter without files of the node, or say what would become of it.
    Write(Box<LetterNote>),
    /// Send what waits for a party in the outbox of the node link.
    SendEnvelopes {
        /// The party.
        party: String,
        /// To this address; none: the one that the party gave.
        to: Option<String>,
        /// Who sends it.
        officer: String,
    },
    /// Mails that leave, the newest first.
    Outgoing {
        /// Only in this state.
        state: Option<String>,
        /// Only for this party.
        party: Option<String>,
        /// Older than this mail: where the page before ended.
        before: Option<String>,
        /// How many, [`PAGE_MAX`] at most.
        limit: u64,
    },
    /// One mail that leaves.
    OutgoingShow {
        /// Its number, or the beginning of it.
        id: String,
    },
    /// Have a mail sent again now.
    Retry {
        /// Its number, or the beginning of it.
        id: String,
        /// Who has it sent.
        officer: String,
    },
    /// Take back a mail that nobody took yet.
    Cancel {
        /// Its number, or the beginning of it.
        id: String,
        /// Who takes it back.
        officer: String,
    },
}

impl Node {
    /// Does a command about mail.
    pub fn mail(&self, command: MailCommand) -> Result<Value, MailError> {
        match command {
            MailCommand::List {
                state,
                party,
                before,
                limit,
            } => self.mails((state.as_deref(), party), before.as_deref(), limit),
            MailCommand::Show { id } => self.mail_shown(&id),
            MailCommand::Read { id } => self.mail_said(&id),
            MailCommand::Raw { id, path } => self.mail_raw(&id, &path),
            MailCommand::Confirm { id, acting } => self.confirm_proposal(&id, &acting),
            MailCommand::Dismiss { id, reason, acting } => {
                self.dismiss_proposal(&id, &reason, &acting)
            }
            MailCommand::Again { id } => self.judge_again(&id),
            MailCommand::Send(order) => self.send_letter(&order),
            MailCommand::Write(note) => self.write_letter(*note),
            MailCommand::SendEnvelopes { party, to, officer } => {
                self.send_envelopes(&party, to, &officer)
            }
            MailCommand::Outgoing {
                state,
                party,
                before,
                limit,
            } => self.outgoing((state.as_deref(), party), (before.as_deref(), limit), None),
            MailCommand::OutgoingShow { id } => self.outgoing_shown(&id),
            MailCommand::Retry { id, officer } => self.retry_mail(&id, &officer),
            MailCommand::Cancel { id, officer } => self.cancel_mail(&id, &officer),
        }
    }
}
