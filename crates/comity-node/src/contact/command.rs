//! Commands about points of contact, as plain data, and doing them.
//!
//! In scope: each command's call of the use case that it names; answers as JSON documents. Out of scope: deciding anything.

use comity_accord::profile::page;
use comity_case::history::stamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::case::document::put;
use crate::case::threads::Acting;
use crate::contact::ContactError;
use crate::contact::check::{Ping, label};
use crate::contact::profile::document;
use crate::node::Node;

/// Something about points of contact, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactCommand {
    /// A profile to fill in.
    Template,
    /// Read a profile and say what is wrong.
    CheckProfile {
        /// Its text.
        text: String,
    },
    /// Sign the own profile and send it to every partner.
    ImportProfile {
        /// Its text.
        text: String,
        /// Who acts.
        acting: Acting,
    },
    /// Send the own profile to a partner.
    SendProfile {
        /// Which.
        party: String,
        /// Who acts.
        acting: Acting,
    },
    /// The profile of a party; none: the own one.
    Profile {
        /// Which.
        party: Option<String>,
    },
    /// Points of contact and how they stand.
    List {
        /// With one party only.
        party: Option<String>,
    },
    /// Open a check.
    Ping {
        /// Of which party.
        party: String,
        /// Of which contact.
        contact: String,
        /// Minutes to answer.
        minutes: Option<u32>,
        /// It tests the hotline.
        hotline: bool,
        /// Nobody was told before.
        unannounced: bool,
        /// Its label.
        label: String,
        /// Who acts.
        acting: Acting,
    },
    /// Checks, the newest first.
    Pings {
        /// With one party only.
        party: Option<String>,
        /// Only those that nobody answered.
        open: bool,
    },
    /// One check.
    Show {
        /// Its name, or the beginning of it.
        id: String,
    },
    /// Answer a check.
    Answer {
        /// Its name, or the beginning of it.
        id: String,
        /// The code.
        code: String,
        /// In words.
        note: String,
        /// Who acts.
        acting: Acting,
    },
    /// Try another way.
    Escalate {
        /// Its name, or the beginning of it.
        id: String,
        /// Which way; none: the next.
        channel: Option<String>,
        /// Minutes to answer.
        minutes: Option<u32>,
        /// Who acts.
        acting: Acting,
    },
    /// Checks that are planned.
    Plan,
    /// Take the addresses of a `security.txt` as candidates.
    ImportSecurityTxt {
        /// Its text.
        text: String,
        /// Where it was read.
        source: String,
        /// Whose it is said to be.
        party: Option<String>,
        /// Who acts.
        officer: String,
    },
    /// Candidates, the newest first.
    Candidates,
    /// Draw a code for a candidate.
    Challenge {
        /// Its number, or the beginning of it.
        id: String,
        /// Mail it to the address.
        #[serde(default)]
        mail: bool,
        /// Who acts.
        officer: String,
    },
    /// Take the code that came back.
    Confirm {
        /// Its number, or the beginning of it.
        id: String,
        /// The code.
        code: String,
        /// Who acts.
        officer: String,
    },
}

impl Node {
    /// Does a command about points of contact.
    #[expect(
        clippy::too_many_lines,
        reason = "a table of commands, a line or two each"
    )]
    pub fn contact(&self, command: ContactCommand) -> Result<Value, ContactError> {
        use ContactCommand as C;
        Ok(match command {
            C::Template => json!({ "text": self.profile_template() }),
            C::CheckProfile { text } => {
                let profile = self.read_profile(&text)?;
                let content = profile.content();
                json!({
                    "party": content.party.as_str(), "version": content.version, "expires": content.expires.to_stix(),
                    "contacts": content.contacts.len(), "page": page(&profile, None),
                })
            }
            C::ImportProfile { text, acting } => {
                let (profile, sent) = self.import_profile(&text, &acting)?;
                let content = profile.content();
                json!({
                    "version": content.version, "sha256": profile.hash().to_string(), "expires": content.expires.to_stix(),
                    "sent": sent,
                })
            }
            C::SendProfile { party, acting } => {
                let outcome = self.send_profile(&party, &acting)?;
                json!({ "party": party, "outcome": outcome })
            }
            C::Profile { party } => document(&self.profile(party.as_deref())?),
            C::List { party } => Value::from(self.contacts(party.as_deref())?),
            C::Ping {
                party,
                contact,
                minutes,
                hotline,
                unannounced,
                label: word,
                acting,
            } => {
                let ping = Ping {
                    contact,
                    minutes,
                    hotline,
                    unannounced,
                    label: label(&word)?,
                };
                let id = self.ping(&party, &ping, &acting)?;
                self.check_shown(&id)?
            }
            C::Pings { party, open } => Value::from(self.check_lines(party.as_deref(), open)?),
            C::Show { id } => self.check_shown(&id)?,
            C::Answer {
                id,
                code,
                note,
                acting,
            } => {
                self.answer_check(&id, (&code, &note), &acting)?;
                self.check_shown(&id)?
            }
            C::Escalate {
                id,
                channel,
                minutes,
                acting,
            } => {
                let mailed = self.escalate(&id, (channel.as_deref(), minutes), &acting)?;
                let mut shown = self.check_shown(&id)?;
                put(&mut shown, "mailed", Value::from(mailed));
                shown
            }
            C::Plan => {
                let plans = self.plans()?;
                let line = |row: &comity_store::state::contact::PlannedRow| {
                    json!({
                        "party": row.party, "contact": row.contact, "kind": row.kind, "at": stamp(row.at),
                        "state": row.state, "check": row.thread,
                    })
                };
                plans.iter().map(line).collect()
            }
            C::ImportSecurityTxt {
                text,
                source,
                party,
                officer,
            } => Value::from(self.import_security_txt(
                &text,
                (&source, party.as_deref()),
                &officer,
            )?),
            C::Candidates => Value::from(self.candidates()?),
            C::Challenge { id, mail, officer } => self.challenge(&id, &officer, mail)?,
            C::Confirm { id, code, officer } => self.confirm(&id, &code, &officer)?,
        })
    }
}
