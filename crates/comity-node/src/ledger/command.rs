//! Commands about the ledger, as plain data, and doing them.
//!
//! In scope: each command's call of the use case that it names; answers as JSON documents. Out of scope: deciding anything.
//! Limits: [`FOLDERS_MAX`] folders in one answer, which ends after [`ANSWER_BYTES_FULL`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_accord::card::SignedCard;
use comity_store::state::{inbox, ledger, outbox, party, peer_log};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ledger::files::Files as _;
use crate::ledger::proof_file::{ProofFile, Rest};
use crate::ledger::{LedgerError, Pin, View, hex, unhex, verify};
use crate::link::LinkError;
use crate::link::card::CardFacts;
use crate::link::log::Opened;
use crate::node::Node;

/// Folders in one answer.
pub const FOLDERS_MAX: usize = 256;
/// An answer that has this many bytes takes no further folder.
pub const ANSWER_BYTES_FULL: usize = 16 * 1024 * 1024;

/// Something about the ledger, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LedgerCommand {
    /// The keys by which others verify.
    Keys,
    /// A view of the ledger, to be read folder by folder.
    View {
        /// With payloads and what opens them.
        contents: bool,
    },
    /// What is in these folders; the answer may hold fewer than were asked for.
    Folders {
        /// Their paths.
        paths: Vec<String>,
        /// As the ledger was then.
        view: View,
    },
    /// Verify everything.
    Verify,
    /// Verify the log's own files.
    Fsck,
    /// Prove an envelope, or an entry by its place.
    Prove {
        /// The envelope's identity, or the place in the newest epoch.
        what: String,
        /// Show these fields of the payload only.
        fields: Vec<String>,
    },
    /// Erase what an envelope said.
    Erase {
        /// The envelope.
        envelope: String,
        /// Why, a word.
        reason: String,
    },
    /// Logs that showed two histories.
    Forks,
    /// What to ask of a witness that is no party.
    AskWitness(WitnessQuestion),
    /// What such a witness answered.
    WitnessSaid(WitnessAnswer),
}

/// A question to a witness.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WitnessQuestion {
    /// Its verifier key.
    pub vkey: String,
    /// The size that it holds, if it said so.
    pub held: Option<u64>,
}

/// An answer of a witness.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WitnessAnswer {
    /// Its verifier key.
    pub vkey: String,
    /// Where it was asked.
    pub url: String,
    /// The checkpoint that it was asked to cosign.
    pub checkpoint: String,
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub media_type: Option<String>,
    /// The body.
    pub body: String,
}

impl Node {
    /// Does a command about the ledger.
    pub fn ledger(&self, command: LedgerCommand) -> Result<Value, LedgerError> {
        Ok(match command {
            LedgerCommand::Keys => self.ledger_keys()?,
            LedgerCommand::View { contents } => {
                self.have_card()?;
                let view = self.ledger_view(contents)?;
                json!({ "party": self.identity().party, "view": view })
            }
            LedgerCommand::Folders { paths, view } => self.ledger_folders(&paths, view)?,
            LedgerCommand::Verify => {
                self.have_card()?;
                let mut files = self.ledger_files(self.ledger_view(true)?);
                document(&verify::verify(&mut files)?)
            }
            LedgerCommand::Fsck => {
                let mut files = self.ledger_files(self.ledger_view(false)?);
                let mut found = document(&verify::fsck(&mut files)?);
                if let Some(found) = found.as_object_mut() {
                    found.insert("log_opened".to_owned(), self.opened().into());
                }
                found
            }
            LedgerCommand::Prove { what, fields } => document(&self.prove(&what, &fields)?),
            LedgerCommand::Erase { envelope, reason } => self.erase_envelope(&envelope, &reason)?,
            LedgerCommand::Forks => self.forks()?,
            LedgerCommand::AskWitness(asked) => self.witness_request(&asked)?,
            LedgerCommand::WitnessSaid(given) => self.witness_answer(&given)?,
        })
    }

    /// How the log was found when the node was opened, in words.
    pub fn opened(&self) -> String {
        match self.ledger_opened() {
            Opened::Continued => "continued where it was".to_owned(),
            Opened::First => "opened for the first time".to_owned(),
            Opened::NewEpoch { epoch, reason } => format!("epoch {epoch} was opened: {reason}"),
        }
    }

    fn ledger_keys(&self) -> Result<Value, LedgerError> {
        let log = self.inner.state.read(ledger::newest)?;
        let log = log.ok_or(LinkError::NoLog)?;
        let keys = self.link().keys();
        let link = |error| LedgerError::Link(LinkError::Keys(error));
        let first = keys.log(&log.origin).map_err(link)?.verifier();
        let second = keys.log_post_quantum(&log.origin).map_err(link)?.verifier();
        Ok(json!({
            "origin": log.origin,
            "size": log.size,
            "log": [first.to_string(), second.to_string()],
            "witness": [keys.witness().verifier().to_string(), keys.witness_post_quantum().verifier().to_string()],
        }))
    }

    /// What is exported is verified with cards: there must be one.
    fn have_card(&self) -> Result<(), LedgerError> {
        let known = self.inner.state.read(|tx| self.link().own_card(tx));
        if known.is_ok_and(|card| card.is_some()) {
            return Ok(());
        }
        let made = self.own_card(&CardFacts::default());
        made.map(|_| ()).map_err(|error| {
            LedgerError::Content(format!(
                "the node has no card that others could verify with: {error}"
            ))
        })
    }

    fn ledger_folders(&self, paths: &[String], view: View) -> Result<Value, LedgerError> {
        let mut files = self.ledger_files(view);
        let mut bytes = 0;
        let mut answer = Vec::new();
        for path in paths.iter().take(FOLDERS_MAX) {
            if bytes > ANSWER_BYTES_FULL {
                break;
            }
            let listing = files.folder(path)?;
            bytes += listing
                .files
                .iter()
                .map(|(_, bytes)| bytes.len())
                .sum::<usize>();
            let contents: Vec<Value> = listing
                .files
                .iter()
                .map(|(name, bytes)| json!([name, STANDARD.encode(bytes)]))
                .collect();
            answer.push(json!({ "folders": listing.folders, "files": contents }));
        }
        Ok(Value::Array(answer))
    }

    /// The proof of an envelope, or of the entry at a place.
    pub fn prove(&self, what: &str, fields: &[String]) -> Result<ProofFile, LedgerError> {
        self.have_card()?;
        let files = self.ledger_files(self.ledger_view(true)?);
        self.inner.state.read(|tx| {
            let newest = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
            let id = match (unhex(what), what.parse::<u64>()) {
                (Some(id), _) => Some(id),
                (None, Ok(position)) if position < newest.size => {
                    let entries = ledger::entries(tx, newest.epoch, position, 1)?;
                    let id = entries.into_iter().next().and_then(|entry| entry.envelope);
                    let id = id.and_then(|id| <[u8; 32]>::try_from(id).ok());
                    let sent = match id {
                        Some(id) => outbox::find(tx, &id)?.map(|_| id),
                        None => None,
                    };
                    let Some(id) = sent else {
                        return self.prove_entry(tx, &files, newest.epoch, position);
                    };
                    Some(id)
                }
                (None, Ok(position)) => {
                    let size = newest.size;
                    return Err(LedgerError::UnknownEntry { position, size });
                }
                (None, Err(_)) => None,
            };
            let id = id.ok_or_else(|| LedgerError::BadName(what.to_owned()))?;
            let unknown = || LedgerError::UnknownEnvelope(what.to_owned());
            let (name, epoch) = match (outbox::find(tx, &id)?, inbox::find(tx, &id)?) {
                (Some(row), _) => (row.party, row.epoch),
                (None, Some(row)) => (row.party, newest.epoch),
                (None, None) => return Err(unknown()),
            };
            let listing = files.evidence(tx, &id)?;
            let policy = files.policy(tx, &[epoch], Some(&name))?;
            let further = match outbox::find(tx, &id)? {
                Some(row) => match files.proof(tx, (epoch, row.position), Some(&name))? {
                    Some(first) => files.further_proofs(tx, &first, (epoch, &name))?,
                    None => Vec::new(),
                },
                None => Vec::new(),
            };
            let cards = vec![self.own_card_texts(tx)?, texts(party::cards(tx, &name)?)];
            let rest = Rest {
                policy,
                cards,
                further,
            };
            ProofFile::of_envelope(&listing, fields, rest).map_err(LedgerError::Content)
        })
    }

    fn prove_entry(
        &self,
        tx: &mut dyn comity_store::state::Tx,
        files: &crate::ledger::rows::NodeFiles,
        epoch: u32,
        position: u64,
    ) -> Result<ProofFile, LedgerError> {
        let entries = ledger::entries(tx, epoch, position, 1)?;
        let proof = files.proof(tx, (epoch, position), None)?;
        let (Some(entry), Some(proof)) = (entries.first(), proof) else {
            return Err(LedgerError::NotProvable(position.to_string()));
        };
        let policy = files.policy(tx, &[epoch], None)?;
        let cards = vec![self.own_card_texts(tx)?];
        ProofFile::of_entry(&entry.leaf, &proof, policy, cards).map_err(LedgerError::Content)
    }

    fn own_card_texts(
        &self,
        tx: &mut dyn comity_store::state::Tx,
    ) -> Result<Vec<String>, LedgerError> {
        let cards = self.link().own_cards(tx);
        let cards = cards.map_err(|error| LedgerError::Content(error.to_string()))?;
        Ok(texts(cards.iter().map(SignedCard::to_bytes).collect()))
    }

    fn forks(&self) -> Result<Value, LedgerError> {
        let rows = self.inner.state.read(peer_log::list)?;
        let forked = rows.iter().filter(|row| row.evidence.is_some()).map(|row| {
            json!({
                "party": row.party, "origin": row.origin, "state": row.state, "size": row.size, "root": hex(&row.root),
                "checkpoint": String::from_utf8_lossy(&row.checkpoint),
                "contradiction": row.evidence.as_ref().map(|note| String::from_utf8_lossy(note)),
            })
        });
        Ok(forked.collect())
    }
}

/// The files of an answer to [`LedgerCommand::Folders`].
pub fn read_folders(answer: &Value) -> Option<Vec<crate::ledger::files::Listing>> {
    let mut listings = Vec::new();
    for folder in answer.as_array()? {
        let mut listing = crate::ledger::files::Listing::default();
        for name in folder.get("folders")?.as_array()? {
            listing.folders.push(name.as_str()?.to_owned());
        }
        for file in folder.get("files")?.as_array()? {
            let name = file.get(0)?.as_str()?.to_owned();
            let bytes = STANDARD.decode(file.get(1)?.as_str()?).ok()?;
            listing.files.push((name, bytes));
        }
        listings.push(listing);
    }
    Some(listings)
}

fn texts(cards: Vec<Vec<u8>>) -> Vec<String> {
    cards
        .into_iter()
        .map(|card| String::from_utf8_lossy(&card).into_owned())
        .collect()
}

fn document(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The whole newest epoch: what HTTP serves.
impl Node {
    /// A file of the log by its path below the prefix; ended epochs below `e1/`, `e2/`, ….
    pub fn log_file(&self, path: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let view = self.ledger_view(false)?;
        let known = |pin: &Pin| pin.epoch == crate::ledger::rows::split_epoch(path).0;
        if !view.pins.iter().any(known) {
            return Ok(None);
        }
        self.ledger_files(view).read(&format!("log/{path}"))
    }
}
