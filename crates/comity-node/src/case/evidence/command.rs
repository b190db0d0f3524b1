//! Commands about evidence, as plain data, and doing them.
//!
//! In scope: each command's call of the use case that it names; answers as JSON documents. Out of scope: deciding anything.

use std::io::Read;
use std::path::PathBuf;

use comity_case::evidence::event::Event;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::shown::gaps;
use super::{EvidenceError, Facts};
use crate::case::CaseError;
use crate::case::threads::Acting;
use crate::clock::new_uuid;
use crate::node::Node;

/// Items in one list.
pub const LIST_MAX: u64 = 10_000;

/// Something about evidence, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceCommand {
    /// Take a file in.
    Add {
        /// The file, by its absolute path.
        path: PathBuf,
        /// What is said of it.
        facts: Box<Facts>,
        /// Who acts.
        acting: Acting,
    },
    /// Take in what is sent along.
    Receive(Box<Received>),
    /// Give it out as a copy to whoever asks.
    HandOut {
        /// The item.
        item: String,
        /// Who acts.
        acting: Acting,
    },
    /// Items, the newest first.
    List {
        /// Handed over to, or come from, this party.
        party: Option<String>,
        /// Only those with something that does not fit.
        gaps: bool,
    },
    /// An item with its custody.
    Show {
        /// Its name, or the beginning of it.
        item: String,
    },
    /// Compute the hash again.
    Verify {
        /// The item.
        item: String,
        /// Who acts.
        acting: Acting,
    },
    /// Record what was done.
    Act {
        /// The item.
        item: String,
        /// The event's word.
        event: String,
        /// What it says.
        content: Value,
        /// Who acts.
        acting: Acting,
    },
    /// Write it into a new file.
    TakeOut {
        /// The item.
        item: String,
        /// The file, by its absolute path.
        path: PathBuf,
        /// Who acts.
        acting: Acting,
    },
    /// Offer it to a party.
    Offer {
        /// The item.
        item: String,
        /// To whom; none: back to the party from which it came.
        party: Option<String>,
        /// In words.
        note: String,
        /// Who acts.
        acting: Acting,
    },
    /// Accept it.
    Accept {
        /// The item.
        item: String,
        /// Who acts.
        acting: Acting,
    },
    /// Refuse it, or take the own offer back.
    Refuse {
        /// The item.
        item: String,
        /// Why.
        reason: String,
        /// Who acts.
        acting: Acting,
    },
    /// Custody as CASE/UCO, in JSON-LD.
    Export {
        /// The item.
        item: String,
    },
}

/// What is said of a file whose bytes are sent along.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Received {
    /// Its media type; none: nothing is said of it.
    pub media_type: Option<String>,
    /// When it was acquired, a STIX timestamp.
    pub acquired_at: String,
    /// By whom; none: by whoever sends it.
    pub acquired_by: Option<String>,
    /// How.
    pub acquired_how: String,
    /// With which tool.
    pub tool: String,
    /// From where.
    pub source: String,
    /// On which legal basis.
    pub legal_basis: String,
    /// Its label.
    pub label: String,
    /// The number of its seal.
    pub seal: Option<String>,
    /// Whether it is a sample of malware.
    pub sample: bool,
    /// The item from which it was made, by the tool.
    pub derived_from: Option<String>,
    /// That tool's version.
    pub derived_version: Option<String>,
    /// Who acts.
    pub acting: Acting,
}

impl Received {
    fn facts(&self) -> Facts {
        let text = |of: &Option<String>, otherwise: &str| {
            let given = of.as_deref().filter(|text| !text.is_empty());
            given.unwrap_or(otherwise).to_owned()
        };
        let derived = self.derived_from.as_ref().filter(|from| !from.is_empty());
        Facts {
            media_type: text(&self.media_type, "application/octet-stream"),
            acquired_at: self.acquired_at.clone(),
            acquired_by: text(&self.acquired_by, &self.acting.officer),
            acquired_how: self.acquired_how.clone(),
            tool: self.tool.clone(),
            source: self.source.clone(),
            legal_basis: self.legal_basis.clone(),
            label: self.label.clone(),
            seal: self.seal.clone().filter(|seal| !seal.is_empty()),
            sample: self.sample,
            derived: derived.map(|from| {
                let version = text(&self.derived_version, "");
                (from.clone(), self.tool.clone(), version)
            }),
        }
    }
}

impl Node {
    /// Takes in what is sent along; custody begins when all of it is durable.
    pub(crate) fn receive_evidence(
        &self,
        from: &mut dyn Read,
        said: &Received,
    ) -> Result<Value, CaseError> {
        let known = self.add_item(&new_uuid(), || Ok(from), &said.facts(), &said.acting)?;
        self.item_whole(&known)
    }

    /// Does a command about evidence.
    pub fn evidence(&self, command: EvidenceCommand) -> Result<Value, CaseError> {
        let known = match command {
            EvidenceCommand::Add {
                path,
                facts,
                acting,
            } => self.add_evidence(&path, &facts, &acting)?,
            EvidenceCommand::Receive(_) | EvidenceCommand::HandOut { .. } => {
                let what = "the bytes of this go along with a call; `comity evidence add` and `comity evidence get` name a file";
                return Err(EvidenceError::Said(what.to_owned()).into());
            }
            EvidenceCommand::List { party, gaps } => return self.list(party.as_deref(), gaps),
            EvidenceCommand::Show { item } => {
                return self.item_whole(&self.item_known(&item)?);
            }
            EvidenceCommand::Verify { item, acting } => {
                let (ok, known) = self.verify_evidence(&item, &acting)?;
                let mut line = self.item_line(&known)?;
                if let Some(line) = line.as_object_mut() {
                    line.insert("ok".to_owned(), json!(ok));
                }
                return Ok(line);
            }
            EvidenceCommand::Act {
                item,
                event,
                content,
                acting,
            } => self.act(&item, &event, &content, &acting)?,
            EvidenceCommand::TakeOut { item, path, acting } => {
                self.take_out_evidence(&item, &path, &acting)?
            }
            EvidenceCommand::Offer {
                item,
                party,
                note,
                acting,
            } => match party {
                Some(party) => self.offer_evidence(&item, &party, &note, &acting)?,
                None => self.return_evidence(&item, &note, &acting)?,
            },
            EvidenceCommand::Accept { item, acting } => self.accept_evidence(&item, &acting)?,
            EvidenceCommand::Refuse {
                item,
                reason,
                acting,
            } => self.refuse_evidence(&item, &reason, &acting)?,
            EvidenceCommand::Export { item } => return self.export_evidence(&item),
        };
        self.item_line(&known)
    }

    fn list(&self, party: Option<&str>, only_gaps: bool) -> Result<Value, CaseError> {
        let now = self.clock().now().div_euclid(1_000_000);
        let mut lines = Vec::new();
        for known in self.items_known(LIST_MAX)? {
            let with = known.thread.as_ref().map(|thread| thread.party.as_str());
            if party.is_some_and(|party| with != Some(party))
                || (only_gaps && gaps(&known, now).is_empty())
            {
                continue;
            }
            lines.push(self.item_line(&known)?);
        }
        Ok(Value::Array(lines))
    }

    fn act(
        &self,
        item: &str,
        word: &str,
        content: &Value,
        acting: &Acting,
    ) -> Result<super::Known, CaseError> {
        let whole = json!({ "event": word, "content": content });
        let event: Event = serde_json::from_value(whole)
            .map_err(|error| EvidenceError::Said(error.to_string()))?;
        match &event {
            Event::Destroyed { witness } => self.destroy_evidence(item, witness, acting),
            Event::Acquired(_)
            | Event::Verified { .. }
            | Event::TransferOffer { .. }
            | Event::TransferAccept { .. }
            | Event::TransferDecline { .. }
            | Event::Returned { .. } => Err(EvidenceError::Said(format!(
                "{word} follows from what is done with the bytes, and is not said by itself"
            ))
            .into()),
            Event::Opened { .. }
            | Event::Copied { .. }
            | Event::Derived { .. }
            | Event::Sealed { .. }
            | Event::Hold { .. }
            | Event::Release { .. }
            | Event::AnalysisReport { .. }
            | Event::Dispute { .. }
            | Event::Settle { .. } => self.note_custody(item, &event, acting),
        }
    }
}
