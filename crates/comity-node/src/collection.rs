//! Collections: making them, and what a caller may do with which.
//!
//! In scope: rights, and the one rule that what a caller may neither read nor write does not exist for it.
//! Out of scope: objects (`intake`, `reading`).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use comity_store::error::StoreError;
use comity_store::state::collection::{self, Collection, NewCollection, Rights};
use comity_store::state::release;
use uuid::Uuid;

use crate::clock::new_uuid;
use crate::ledger::grant::{Grant, Right};
use crate::link::LinkError;
use crate::node::Node;

/// The longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 200;
/// The longest alias, in characters.
pub const ALIAS_CHARS_MAX: usize = 64;

/// How long rights are taken as known: two seconds, for nodes that share a database.
const FRESH_MICROS: i64 = 2_000_000;

/// Why something cannot be done with a collection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectionError {
    /// There is no such collection, or not for this caller.
    #[error("there is no collection {0:?}")]
    Unknown(String),
    /// The caller may not read it.
    #[error("you may not read this collection")]
    NotReadable,
    /// The caller may not write to it.
    #[error("you may not write to this collection")]
    NotWritable,
    /// The alias is taken.
    #[error("there is a collection {0:?} already")]
    Taken(String),
    /// The title cannot be used.
    #[error("the title must have 1 to {TITLE_CHARS_MAX} characters")]
    BadTitle,
    /// The alias cannot be used.
    #[error(
        "the alias {0:?} cannot be used: 1 to {ALIAS_CHARS_MAX} of a-z, 0-9, '-' and '_', and no UUID"
    )]
    BadAlias(String),
    /// There is no such account.
    #[error("there is no account {0:?}")]
    UnknownAccount(String),
    /// The ledger has no entry of it.
    #[error("cannot add it to the ledger")]
    Ledger(#[source] LinkError),
    /// The store failed.
    #[error("cannot use the collection")]
    Store(#[from] StoreError),
}

impl From<LinkError> for CollectionError {
    fn from(error: LinkError) -> Self {
        if let LinkError::Store(error) = error {
            Self::Store(error)
        } else {
            Self::Ledger(error)
        }
    }
}

/// A collection as one caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visible {
    /// The collection.
    pub collection: Collection,
    /// What the caller may do with it.
    pub rights: Rights,
}

/// What is known of an account's rights, and since when.
type Known = (i64, Arc<Vec<Visible>>);

/// The rights of accounts seen lately.
#[derive(Debug, Default)]
pub(crate) struct RightsCache {
    known: RwLock<HashMap<String, Known>>,
}

impl RightsCache {
    /// Forgets everything; called when rights have changed.
    pub(crate) fn forget(&self) {
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

impl Node {
    /// Makes a collection.
    pub fn create_collection(
        &self,
        title: &str,
        description: Option<&str>,
        alias: Option<&str>,
    ) -> Result<Collection, CollectionError> {
        if title.trim().is_empty() || title.chars().count() > TITLE_CHARS_MAX {
            return Err(CollectionError::BadTitle);
        }
        if let Some(alias) = alias.filter(|alias| !is_alias(alias)) {
            return Err(CollectionError::BadAlias(alias.to_owned()));
        }
        let new = NewCollection {
            id: new_uuid(),
            title: title.to_owned(),
            description: description.map(str::to_owned),
            alias: alias.map(str::to_owned),
            created: self.inner.clock.now(),
            source: None,
            label: None,
        };
        let made = self.inner.state.write(|tx| collection::add(tx, &new))?;
        self.inner.rights.forget();
        made.ok_or_else(|| CollectionError::Taken(alias.unwrap_or_default().to_owned()))
    }

    /// The collection with this id or alias, whoever asks. For the operator's own commands.
    pub fn collection(&self, name: &str) -> Result<Collection, CollectionError> {
        let found = self.inner.state.read(|tx| collection::find(tx, name))?;
        found.ok_or_else(|| CollectionError::Unknown(name.to_owned()))
    }

    /// All collections, oldest first.
    pub fn collections(&self) -> Result<Vec<Collection>, CollectionError> {
        Ok(self.inner.state.read(collection::list)?)
    }

    /// Who may do what with a collection.
    pub fn collection_rights(&self, id: &Uuid) -> Result<Vec<(String, Rights)>, CollectionError> {
        Ok(self.inner.state.read(|tx| collection::rights_of(tx, id))?)
    }

    /// Sets what an account may do with a collection. `by` is the account that does it; empty for the operator.
    pub fn grant(
        &self,
        by: &str,
        name: &str,
        account: &str,
        rights: Rights,
    ) -> Result<(), CollectionError> {
        let collection = self.collection(name)?;
        let now = self.inner.clock.now();
        let grant = Grant {
            by: by.to_owned(),
            account: account.to_owned(),
            right: Right::Collection {
                collection: collection.id.to_string(),
                read: rights.read,
                write: rights.write,
            },
        };
        let known = self.inner.state.write(|tx| {
            let Some(known) = comity_store::state::account::find(tx, account)? else {
                return Ok(false);
            };
            if let Some(party) = known.party.filter(|_| rights.any()) {
                // Another party reads what was released to it: the release begins with the right.
                release::make_party_views(tx, &collection.id, &party)?;
                release::share_collection(tx, &collection.id.to_string(), &party, "taxii")?;
            }
            collection::grant(tx, &collection.id, account, rights)?;
            self.note_grant(tx, &grant, now)?;
            Ok::<_, CollectionError>(true)
        })?;
        self.inner.rights.forget();
        self.due().tell();
        if known {
            Ok(())
        } else {
            Err(CollectionError::UnknownAccount(account.to_owned()))
        }
    }

    /// The collection as an account sees it, if that was looked up a moment ago. Never waits.
    pub fn known_collection(&self, account: &str, name: &str) -> Option<Visible> {
        let known = self
            .inner
            .rights
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let (since, visible) = known.get(account)?;
        let fresh = self.inner.clock.now() - since < FRESH_MICROS;
        fresh.then(|| pick(visible, name)).flatten()
    }

    /// The collections that an account may read or write, oldest first.
    pub fn visible_collections(&self, account: &str) -> Result<Arc<Vec<Visible>>, CollectionError> {
        let now = self.inner.clock.now();
        let cache = &self.inner.rights.known;
        let known = cache
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(account)
            .cloned();
        if let Some((_, visible)) = known.filter(|(since, _)| now - since < FRESH_MICROS) {
            return Ok(visible);
        }
        let rows = self
            .inner
            .state
            .read(|tx| collection::list_for(tx, account))?;
        let visible: Vec<Visible> = rows
            .into_iter()
            .map(|(collection, rights)| Visible { collection, rights })
            .collect();
        let visible = Arc::new(visible);
        let mut cache = cache.write().unwrap_or_else(PoisonError::into_inner);
        cache.insert(account.to_owned(), (now, Arc::clone(&visible)));
        Ok(visible)
    }

    /// The collection with this id or alias as an account sees it.
    pub fn visible_collection(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Visible, CollectionError> {
        let all = self.visible_collections(account)?;
        pick(&all, name).ok_or_else(|| CollectionError::Unknown(name.to_owned()))
    }

    /// The same, where the account must be able to read.
    pub fn readable_collection(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Collection, CollectionError> {
        let visible = self.visible_collection(account, name)?;
        if visible.rights.read {
            Ok(visible.collection)
        } else {
            Err(CollectionError::NotReadable)
        }
    }

    /// The same, where the account must be able to write.
    pub fn writable_collection(
        &self,
        account: &str,
        name: &str,
    ) -> Result<Collection, CollectionError> {
        let visible = self.visible_collection(account, name)?;
        if visible.rights.write {
            Ok(visible.collection)
        } else {
            Err(CollectionError::NotWritable)
        }
    }
}

/// The collection with this id or alias.
fn pick(all: &[Visible], name: &str) -> Option<Visible> {
    let id = Uuid::parse_str(name).ok();
    let found = all.iter().find(|visible| {
        Some(visible.collection.id) == id || visible.collection.alias.as_deref() == Some(name)
    });
    found.cloned()
}

fn is_alias(alias: &str) -> bool {
    let usable = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    (1..=ALIAS_CHARS_MAX).contains(&alias.len())
        && alias.chars().all(usable)
        && Uuid::parse_str(alias).is_err()
}
