//! Evidence on this node: items and their bytes, what is done with them, and handing them over.
//!
//! Before an item is handed over, what is done with it stands in a list of this house alone, chained by hash; from then on
//! whoever holds it says what it does in the thread that both share, and the offer binds the list of the house by its newest hash.
//! Whoever does not hold it, and keeps a copy, goes on in its own list.
//!
//! In scope: the use cases. Out of scope: what custody allows (`comity-case`), the crossing (`link::items`), files (`comity-store`).
//! Limits: [`ITEM_BYTES_MAX`]; [`OFFERED_BYTES_MAX`] of a party's offers that nobody answered.

pub mod command;
mod crossing;
mod export;
pub(crate) mod handing;
mod house;
mod shown;
pub(crate) mod taken_out;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use comity_accord::party::PartyName;
use comity_case::evidence::Evidence;
use comity_case::evidence::custody::{Custody, Link, custody};
use comity_case::evidence::event::{Event, Item, Parent};
use comity_store::attachment::item::{ITEM_BYTES_MAX, ItemFile, ItemKey, StoredItem};
use comity_store::attachment::{AttachmentName, Attachments};
use comity_store::state::evidence::{self as rows, ItemRow};
use comity_store::state::{Tx, thread};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::case::CaseError;
use crate::case::evidence::house::{house_entry, link_of};
use crate::case::threads::{Acting, thread_of};
use crate::clock::new_uuid;
use crate::exchange::ExchangeError;
use crate::node::Node;

/// Bytes of a party's offers that are fetched before anybody here answers: no party fills the disk.
pub const OFFERED_BYTES_MAX: u64 = 4 * ITEM_BYTES_MAX;

/// Why something cannot be done with an item.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// A file outside the node's folder.
    #[error("cannot {action} {path}")]
    File {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// It is a folder, a device or the like.
    #[error("{0} is no regular file")]
    NotAFile(PathBuf),
    /// No item is called so.
    #[error("no evidence item is called {0:?}")]
    Unknown(String),
    /// What is said of it does not fit.
    #[error("{0}")]
    Said(String),
    /// Its bytes are not here.
    #[error("the bytes of {0} are not on this node")]
    NotHere(String),
    /// They are not all here yet.
    #[error("{id} has not arrived: {have} of {of} MiB are here and durable")]
    Arriving {
        /// The item.
        id: String,
        /// Pieces that are here.
        have: u64,
        /// Of how many.
        of: u64,
    },
    /// They are fetched anew.
    #[error("{id} did not arrive ({reason}); it is asked for again now")]
    Again {
        /// The item.
        id: String,
        /// Why it did not.
        reason: String,
    },
    /// They are not the item.
    #[error("{0} is no longer what it was: the bytes on this node have another SHA-256")]
    Changed(String),
    /// Somebody else holds it.
    #[error("{id} is with {holder}: what is done with it is theirs to say")]
    NotHeld {
        /// The item.
        id: String,
        /// Who holds it.
        holder: String,
    },
    /// It came from another party.
    #[error("{id} came from {from}: it goes back there, and nowhere else")]
    Foreign {
        /// The item.
        id: String,
        /// From whom.
        from: String,
    },
    /// It is nowhere.
    #[error("{0} was destroyed")]
    Destroyed(String),
    /// An answer names an item that the other side does not have.
    #[error("{id} was not handed over to {party}")]
    NotHandedOver {
        /// The item.
        id: String,
        /// To whom.
        party: String,
    },
}

/// What is said of an item when it is taken in.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Facts {
    /// Its media type.
    pub media_type: String,
    /// When it was acquired, a STIX timestamp.
    pub acquired_at: String,
    /// By whom.
    pub acquired_by: String,
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
    /// The item from which it was made, the tool that made it, and that tool's version.
    pub derived: Option<(String, String, String)>,
}

/// An item with all that is known of it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) row: ItemRow,
    pub(crate) item: Item,
    /// What was done in this house.
    pub(crate) house: Vec<Link>,
    /// What both say, once it was handed over.
    pub(crate) shared: Option<Evidence>,
    /// The thread as it is kept.
    pub(crate) thread: Option<thread::ThreadRow>,
}

impl Known {
    /// Who holds it.
    pub(crate) fn holder(&self) -> Option<PartyName> {
        match &self.shared {
            Some(shared) => shared.holder().cloned(),
            None => self.custody().holder().cloned(),
        }
    }

    /// The custody that this house's own list tells.
    pub(crate) fn custody(&self) -> Custody {
        custody(&self.house)
    }
}

impl Node {
    pub(crate) fn own_party(&self) -> Result<PartyName, CaseError> {
        let own = &self.identity().party;
        let name = PartyName::parse(own);
        Ok(name.map_err(|_| ExchangeError::UnknownParty(own.clone()))?)
    }

    fn item_files(&self) -> Result<Arc<Attachments>, CaseError> {
        let files = self.link().files().cloned();
        let none = || EvidenceError::Said("this node keeps no files".to_owned());
        Ok(files.ok_or_else(none)?)
    }

    /// Takes a file in as evidence: custody begins, in this house.
    pub(crate) fn add_evidence(
        &self,
        path: &Path,
        facts: &Facts,
        acting: &Acting,
    ) -> Result<Known, CaseError> {
        self.add_item(&new_uuid(), || regular(path), facts, acting)
    }

    /// The same from wherever bytes come, under a number that was drawn.
    pub(crate) fn add_item<R: Read>(
        &self,
        number: &Uuid,
        from: impl FnOnce() -> Result<R, CaseError>,
        facts: &Facts,
        acting: &Acting,
    ) -> Result<Known, CaseError> {
        let parent = match &facts.derived {
            Some((from, tool, version)) => {
                let known = self.item_known(from)?;
                let row = known.row.clone();
                if known.custody().destroyed.is_some() {
                    return Err(EvidenceError::Destroyed(row.id).into());
                }
                let sha256 = hex(&row.sha256);
                let parent = Parent {
                    sha256,
                    tool: tool.clone(),
                    version: version.clone(),
                };
                Some((row.id, parent))
            }
            None => None,
        };
        let mut item = described(facts, parent.as_ref().map(|(_, parent)| parent));
        // Before a gigabyte is read it is known whether it can be said.
        item.sha256 = "0".repeat(64);
        item.check().map_err(EvidenceError::Said)?;
        let file = from()?;
        let key = facts
            .sample
            .then(|| ItemKey::new(self.link().random_hash()));
        let id = format!("evidence--{}", number.hyphenated());
        let hold = |stored: &StoredItem| {
            self.hold_item((&id, item, parent), key.as_ref(), (stored, acting))
        };
        self.item_files()?.put_item(file, key.as_ref(), hold)?;
        self.item_known(&id)
    }

    /// Records an item whose bytes are here. What the parent says of it comes first: where that is refused, nothing is held.
    fn hold_item(
        &self,
        (id, mut item, parent): (&str, Item, Option<(String, Parent)>),
        key: Option<&ItemKey>,
        (stored, acting): (&StoredItem, &Acting),
    ) -> Result<(), CaseError> {
        item.sha256 = hex(&stored.digests.sha256);
        item.size = stored.bytes;
        if key.is_some() {
            item.sha1 = Some(hex(&stored.digests.sha1));
            item.md5 = Some(hex(&stored.digests.md5));
        }
        if let Some((from, parent)) = parent {
            let made = Event::Derived {
                sha256: item.sha256.clone(),
                tool: parent.tool,
                version: parent.version,
            };
            self.note_custody(&from, &made, acting)?;
        }
        let now = self.clock().now();
        let row = ItemRow {
            id: id.to_owned(),
            sha256: stored.digests.sha256,
            size: stored.bytes,
            item: serde_json::to_string(&item).unwrap_or_default(),
            key: key.map(|key| *key.as_bytes()),
            stored: Some(stored.name.sha256()),
            thread: None,
            origin: None,
            added: now,
        };
        let first = Event::Acquired(Box::new(item));
        let entry = house_entry(&row.id, (1, None), &first, (&acting.officer, now));
        self.inner.state.write(|tx| {
            rows::put(tx, &row)?;
            rows::add_custody(tx, &entry)?;
            Ok(())
        })
    }

    /// The item of a name, or of the beginning of one.
    pub(crate) fn item_named(&self, name: &str) -> Result<ItemRow, CaseError> {
        let prefix = if name.starts_with("evidence--") {
            name.to_owned()
        } else {
            format!("evidence--{name}")
        };
        let found = self.inner.state.read(|tx| rows::beginning(tx, &prefix))?;
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(one), None) if !name.is_empty() => Ok(one),
            (Some(_), _) => Err(CaseError::Ambiguous(name.to_owned())),
            (None, _) => {
                // Handed over a second time, to another party, it has a name there that is not its first.
                let known = self.inner.state.read(|tx| rows::of_thread(tx, &prefix))?;
                Ok(known.ok_or_else(|| EvidenceError::Unknown(name.to_owned()))?)
            }
        }
    }

    /// All that is known of an item.
    pub(crate) fn item_known(&self, name: &str) -> Result<Known, CaseError> {
        let row = self.item_named(name)?;
        self.inner.state.read(|tx| self.known(tx, row.clone()))
    }

    pub(crate) fn known(&self, tx: &mut dyn Tx, row: ItemRow) -> Result<Known, CaseError> {
        let item = serde_json::from_str(&row.item)
            .map_err(|error| EvidenceError::Said(error.to_string()))?;
        let own = self.own_party()?;
        let mut house = Vec::new();
        for entry in rows::custody(tx, &row.id)? {
            house.push(link_of(&entry, &own)?);
        }
        let (mut shared, mut held) = (None, None);
        if let Some(id) = &row.thread {
            shared = Evidence::replay(&thread_of(&thread::messages(tx, id)?)?);
            held = thread::find(tx, id)?;
        }
        Ok(Known {
            row,
            item,
            house,
            shared,
            thread: held,
        })
    }

    /// Every item, the newest first.
    pub(crate) fn items_known(&self, limit: u64) -> Result<Vec<Known>, CaseError> {
        self.inner.state.read(|tx| {
            let mut all = Vec::new();
            for row in rows::list(tx, limit)? {
                all.push(self.known(tx, row)?);
            }
            Ok(all)
        })
    }

    /// The bytes of an item, open for reading.
    pub(crate) fn item_file(&self, known: &Known) -> Result<ItemFile, CaseError> {
        let row = &known.row;
        let missing = || EvidenceError::NotHere(row.id.clone());
        let name = row.stored.map(AttachmentName::of).ok_or_else(missing)?;
        let key = row.key.map(ItemKey::new);
        let file = self.item_files()?.open_item(&name, key, row.size)?;
        Ok(file.ok_or_else(missing)?)
    }

    /// Whether the bytes on this node are the item's.
    pub(crate) fn is_unchanged(&self, known: &Known) -> Result<bool, CaseError> {
        use comity_store::error::StoreError;
        match self.item_file(known)?.sha256() {
            Ok(found) => Ok(found == known.row.sha256),
            Err(StoreError::Damaged { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Computes the hash again and records what came of it.
    pub(crate) fn verify_evidence(
        &self,
        name: &str,
        acting: &Acting,
    ) -> Result<(bool, Known), CaseError> {
        let known = self.item_known(name)?;
        let ok = self.is_unchanged(&known)?;
        let known = self.note_custody(&known.row.id, &Event::Verified { ok }, acting)?;
        Ok((ok, known))
    }

    /// The item is destroyed: recorded first, then its bytes go.
    pub(crate) fn destroy_evidence(
        &self,
        name: &str,
        witness: &str,
        acting: &Acting,
    ) -> Result<Known, CaseError> {
        let event = Event::Destroyed {
            witness: witness.to_owned(),
        };
        let known = self.note_custody(name, &event, acting)?;
        self.forget_bytes(&known.row)?;
        self.item_known(&known.row.id)
    }

    /// Lets go of an item's bytes, and of its key.
    pub(crate) fn forget_bytes(&self, row: &ItemRow) -> Result<(), CaseError> {
        let mut without = row.clone();
        without.stored = None;
        without.key = None;
        let let_go = || {
            self.inner.state.write(|tx| {
                rows::put(tx, &without)?;
                match &row.stored {
                    Some(stored) => Ok::<_, CaseError>(rows::held_by(tx, stored)? == 0),
                    None => Ok(false),
                }
            })
        };
        match row.stored {
            Some(stored) => {
                let name = AttachmentName::of(stored);
                self.item_files()?.remove_last(&name, let_go)?;
            }
            None => {
                let_go()?;
            }
        }
        Ok(())
    }

    /// What an answer names must be with the party that gets the answer, or be offered to it; by the name that both know.
    pub(crate) fn handed_over(&self, name: &str, party: &PartyName) -> Result<String, CaseError> {
        let known = self.item_known(name)?;
        let there = known.shared.as_ref().is_some_and(|shared| {
            shared.holder() == Some(party) || shared.offered_to() == Some(party)
        });
        let thread = known.row.thread.filter(|_| there);
        let not = EvidenceError::NotHandedOver {
            id: known.row.id,
            party: party.to_string(),
        };
        Ok(thread.ok_or(not)?)
    }
}

fn described(facts: &Facts, parent: Option<&Parent>) -> Item {
    Item {
        sha256: String::new(),
        sha1: None,
        md5: None,
        size: 0,
        media_type: facts.media_type.clone(),
        acquired_at: facts.acquired_at.clone(),
        acquired_by: facts.acquired_by.clone(),
        acquired_how: facts.acquired_how.clone(),
        tool: facts.tool.clone(),
        source: facts.source.clone(),
        legal_basis: facts.legal_basis.clone(),
        label: facts.label.clone(),
        seal: facts.seal.clone(),
        sample: facts.sample,
        parents: parent.cloned().into_iter().collect(),
    }
}

fn regular(path: &Path) -> Result<File, CaseError> {
    let failed = |source| EvidenceError::File {
        action: "read",
        path: path.to_owned(),
        source,
    };
    // Looked at before it is opened: a pipe would wait for a writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(EvidenceError::NotAFile(path.to_owned()).into());
    }
    Ok(File::open(path).map_err(failed)?)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for byte in bytes {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
