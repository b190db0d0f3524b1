//! Commands about designated addresses, as plain data, and doing them.
//!
//! In scope: each command's call of the use case that it names; answers as JSON documents. Out of scope: deciding anything.

use comity_mail::token::Purpose;
use comity_stix::marking::Tlp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::AddressError;
use super::own::{Draft, Giving};
use crate::case::CaseError;
use crate::case::document::put;
use crate::case::threads::Acting;
use crate::node::Node;

/// Something about addresses, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressCommand {
    /// Make a temporary address and give it to its party.
    Create {
        /// The party.
        party: String,
        /// What it is for, by its word.
        purpose: String,
        /// Its life in days.
        days: u32,
        /// How many mails it takes.
        uses: Option<u32>,
        /// The thread that it is about: its name, or the beginning of it.
        about: Option<String>,
        /// For the other party.
        remark: String,
        /// The label of the messages about it.
        label: String,
        /// The party is told another way.
        untold: bool,
        /// Who acts.
        acting: Acting,
    },
    /// Give an address by the link that was told another way.
    Tell {
        /// Its name.
        id: String,
        /// The label of the messages about it.
        label: String,
        /// Who acts.
        acting: Acting,
    },
    /// Addresses, the newest change first.
    List {
        /// With one party only.
        party: Option<String>,
        /// Ours only, or theirs.
        ours: Option<bool>,
    },
    /// One address with each step.
    Show {
        /// Its name.
        id: String,
    },
    /// Ask for a promotion.
    Promote {
        /// Its name.
        id: String,
        /// Who acts.
        acting: Acting,
    },
    /// Approve a promotion, as the second person.
    Approve {
        /// Its name.
        id: String,
        /// Who acts.
        acting: Acting,
    },
    /// Answer the number of another party's address.
    Answer {
        /// Its name.
        id: String,
        /// Answer the note alone, for a file.
        to_file: bool,
        /// Who acts.
        acting: Acting,
    },
    /// Take an answer that came in a file.
    TakeAnswer {
        /// Its name.
        id: String,
        /// The note.
        note: String,
        /// Who acts.
        acting: Acting,
    },
    /// Confirm the promotion of another party's address.
    Confirm {
        /// Its name.
        id: String,
        /// Who acts.
        acting: Acting,
    },
    /// Do not go along with a promotion.
    Decline {
        /// Its name.
        id: String,
        /// Why.
        reason: String,
        /// Who acts.
        acting: Acting,
    },
    /// Give another temporary address in the place of one.
    Renew {
        /// Its name.
        id: String,
        /// Its life in days.
        days: u32,
        /// How many mails it takes.
        uses: Option<u32>,
        /// Who acts.
        acting: Acting,
    },
    /// End an address and its aliases at once.
    Revoke {
        /// Its name.
        id: String,
        /// Why, for the other party.
        reason: String,
        /// Who acts.
        acting: Acting,
    },
    /// Make a key for the addresses that are made from now on.
    NewKey,
}

impl Node {
    /// Does a command about addresses.
    pub fn address(&self, command: AddressCommand) -> Result<Value, AddressError> {
        use AddressCommand as C;
        let id = match command {
            C::List { party, ours } => {
                return Ok(Value::from(self.addresses(party.as_deref(), ours)?));
            }
            C::NewKey => return Ok(json!({ "key": self.inner.address_keys.add()? })),
            C::Answer {
                id,
                to_file,
                acting,
            } => {
                let (id, note) = self.answer_address(&id, to_file, &acting)?;
                let mut said = self.address_shown(&id)?;
                put(&mut said, "note", Value::from(note));
                return Ok(said);
            }
            C::Create {
                party,
                purpose,
                days,
                uses,
                about,
                remark,
                label,
                untold,
                acting,
            } => {
                let draft = Draft {
                    purpose: read_purpose(&purpose)?,
                    party,
                    about,
                    expires: Some(self.in_days(days)?),
                };
                let giving = Giving {
                    draft,
                    uses,
                    remark,
                    label: read_label(&label)?,
                    untold,
                };
                self.give_address(&giving, &acting)?
            }
            C::Tell { id, label, acting } => {
                self.tell_address(&id, read_label(&label)?, &acting)?
            }
            C::Show { id } => id,
            C::Promote { id, acting } => self.ask_promotion(&id, &acting)?,
            C::Approve { id, acting } => self.approve_address(&id, &acting)?,
            C::TakeAnswer { id, note, acting } => self.take_answer(&id, &note, &acting)?,
            C::Confirm { id, acting } => self.confirm_address(&id, &acting)?,
            C::Decline { id, reason, acting } => self.decline_address(&id, &reason, &acting)?,
            C::Renew {
                id,
                days,
                uses,
                acting,
            } => self.renew_address(&id, (days, uses), &acting)?,
            C::Revoke { id, reason, acting } => self.revoke_address(&id, &reason, &acting)?,
        };
        self.address_shown(&id)
    }
}

/// A purpose for which somebody may make an address.
fn read_purpose(word: &str) -> Result<Purpose, AddressError> {
    let purpose = Purpose::parse(word).filter(|purpose| *purpose != Purpose::Reply);
    purpose.ok_or_else(|| AddressError::Purpose(word.to_owned()))
}

fn read_label(word: &str) -> Result<Tlp, AddressError> {
    Tlp::parse(word).ok_or_else(|| CaseError::Label(word.to_owned()).into())
}
