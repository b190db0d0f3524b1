//! Reading: pages, manifests, versions, single objects, and removing them, for one caller.
//!
//! In scope: rights, then the store. Out of scope: HTTP, filters' spelling (`comity-api`).

use comity_stix::id::ObjectId;
use comity_store::error::StoreError;
use comity_store::objects::query::{Filter, Page, PageItem, PageQuery};
use comity_store::objects::status::Status;
use comity_store::objects::{RemoveRequest, ViewSummary, WriteRequest, Written};
use comity_store::state::closed;
use comity_store::state::collection::Collection;
use uuid::Uuid;

use crate::collection::CollectionError;
use crate::joined::open_after;
use crate::node::Node;

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The collection is not this caller's to read, or to remove from.
    #[error(transparent)]
    Collection(#[from] CollectionError),
    /// The collection holds no such object.
    #[error("the collection holds no object {0}")]
    UnknownObject(String),
    /// There is no such status, or not for this caller, or no longer.
    #[error("there is no status {0}; statuses are kept for 48 hours")]
    UnknownStatus(String),
    /// The store failed.
    #[error("cannot read the objects")]
    Store(#[from] StoreError),
}

/// What to read of a collection; the caller has read it from a URL or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Only objects added after this moment, microseconds since 1970.
    pub added_after: Option<i64>,
    /// Only objects behind this position.
    pub after: Option<u64>,
    /// At most so many objects; the node's own limit holds too.
    pub limit: Option<usize>,
    /// Which objects.
    pub filter: Filter,
}

impl Node {
    /// A page of objects.
    pub fn page(
        &self,
        account: &str,
        collection: &str,
        asked: Asked,
        ready: bool,
    ) -> Result<Page, ReadError> {
        let collection = self.readable_collection(account, collection)?;
        self.page_of(&collection, asked, ready)
    }

    /// A page of what whoever looks at the collection may read.
    pub(crate) fn page_of(
        &self,
        collection: &Collection,
        asked: Asked,
        ready: bool,
    ) -> Result<Page, ReadError> {
        if let Some(closed) = collection.closed {
            return Ok(self.joined(collection, closed, asked)?.page());
        }
        Ok(self
            .inner
            .objects
            .page(&self.query(collection, asked), ready)?)
    }

    fn items_of(
        &self,
        collection: &Collection,
        asked: Asked,
    ) -> Result<(Vec<PageItem>, bool), ReadError> {
        if let Some(closed) = collection.closed {
            let joined = self.joined(collection, closed, asked)?;
            let items = joined.found.into_iter().map(|one| one.item);
            return Ok((items.collect(), joined.next.is_some()));
        }
        Ok(self.inner.objects.items(&self.query(collection, asked))?)
    }

    /// The same page if all of it is at hand: answers at once, or not at all.
    pub fn page_at_hand(
        &self,
        account: &str,
        collection: &str,
        asked: &Asked,
        ready: bool,
    ) -> Option<Page> {
        let visible = self.known_collection(account, collection)?;
        let plain = visible.rights.read && visible.collection.closed.is_none();
        let query = plain.then(|| self.query(&visible.collection, asked.clone()))?;
        self.inner.objects.page_at_hand(&query, ready)
    }

    /// A page of the manifest, and whether there is more.
    pub fn manifest(
        &self,
        account: &str,
        collection: &str,
        asked: Asked,
    ) -> Result<(Vec<PageItem>, bool), ReadError> {
        let collection = self.readable_collection(account, collection)?;
        self.items_of(&collection, asked)
    }

    /// A page of one object's versions; an error when the collection has never held it, or holds it no more.
    pub fn object_page(
        &self,
        account: &str,
        collection: &str,
        mut asked: Asked,
        ready: bool,
    ) -> Result<Page, ReadError> {
        let (collection, id) = self.held(account, collection, &asked)?;
        asked.filter.ids = vec![id];
        self.page_of(&collection, asked, ready)
    }

    /// The versions of one object, and whether there are more.
    pub fn versions(
        &self,
        account: &str,
        collection: &str,
        mut asked: Asked,
    ) -> Result<(Vec<PageItem>, bool), ReadError> {
        let (collection, id) = self.held(account, collection, &asked)?;
        asked.filter.ids = vec![id];
        self.items_of(&collection, asked)
    }

    /// Removes versions of one object from a collection that the caller may both read and write (TAXII 2.1 section 5.7).
    pub async fn remove(
        &self,
        account: &str,
        collection: &str,
        asked: Asked,
    ) -> Result<usize, ReadError> {
        let queries = {
            let node = self.clone();
            let (account, collection) = (account.to_owned(), collection.to_owned());
            let look = move || node.removable(&account, &collection, asked);
            tokio::task::spawn_blocking(look)
                .await
                .unwrap_or(Err(StoreError::Stopped.into()))?
        };
        let mut removed = 0;
        for query in queries {
            match self
                .write_async(WriteRequest::Remove(RemoveRequest { query }))
                .await?
            {
                Written::Removed { versions } => removed += versions,
                Written::Appended { .. } => return Err(StoreError::Stopped.into()),
            }
        }
        Ok(removed)
    }

    /// Section 5.7: neither right, 404; one of them, 403.
    fn removable(
        &self,
        account: &str,
        name: &str,
        asked: Asked,
    ) -> Result<Vec<PageQuery>, ReadError> {
        let visible = self.visible_collection(account, name)?;
        match (visible.rights.read, visible.rights.write) {
            // What was released to a party is not that party's to remove from this node's record.
            (true, true) if visible.collection.party.is_some() => {
                return Err(CollectionError::NotWritable.into());
            }
            (true, true) => {}
            (true, false) => return Err(CollectionError::NotWritable.into()),
            (false, _) => return Err(CollectionError::NotReadable.into()),
        }
        let (held, id) = self.held(account, name, &asked)?;
        let mut views = Vec::new();
        if self.inner.objects.holds(held.view, &id)? {
            views.push(held.view);
        }
        // What is bound to persons goes from everybody who could read it, if this account could.
        if let Some(closed) = held.closed
            && self.inner.objects.holds(closed, &id)?
        {
            let all = self
                .inner
                .state
                .read(|tx| closed::of_collection(tx, &held.id))?;
            views.extend(all.into_iter().map(|one| one.view));
            self.remember_bound([&id])?;
        }
        let query = self.query(&held, asked);
        let of = |view| PageQuery {
            view,
            ..query.clone()
        };
        Ok(views.into_iter().map(of).collect())
    }

    /// The status of an earlier request, for whoever may write where it wrote.
    pub fn status(&self, account: &str, id: &str) -> Result<Status, ReadError> {
        let unknown = || ReadError::UnknownStatus(id.to_owned());
        let parsed = Uuid::parse_str(id).map_err(|_| unknown())?;
        let (view, status) = self.inner.objects.status(parsed)?.ok_or_else(unknown)?;
        let visible = self.visible_collections(account)?;
        let may = visible
            .iter()
            .any(|v| v.collection.writes() == view && v.rights.write);
        if may { Ok(status) } else { Err(unknown()) }
    }

    /// What a collection holds, with what is bound to persons.
    pub fn summary(&self, collection: &Collection) -> Result<ViewSummary, ReadError> {
        let mut all = self.inner.objects.summary(collection.view)?;
        if let Some(closed) = collection.closed {
            let more = self.inner.objects.summary(closed)?;
            all.objects += more.objects;
            all.versions += more.versions;
            all.last_added = all.last_added.max(more.last_added);
            all.generation += more.generation;
        }
        Ok(all)
    }

    /// The query of a collection, with the node's own limit.
    pub(crate) fn query(&self, collection: &Collection, asked: Asked) -> PageQuery {
        let most = self.inner.limits.page_objects_max;
        PageQuery {
            view: collection.reads(),
            added_after: asked.added_after,
            after: open_after(asked.after),
            limit: asked.limit.unwrap_or(most).clamp(1, most),
            filter: asked.filter,
        }
    }

    /// The one object that is asked for, if the caller may read it and the collection holds it.
    fn held(
        &self,
        account: &str,
        collection: &str,
        asked: &Asked,
    ) -> Result<(Collection, ObjectId), ReadError> {
        let collection = self.readable_collection(account, collection)?;
        let id = asked
            .filter
            .ids
            .first()
            .ok_or_else(|| ReadError::UnknownObject(String::new()))?;
        let mut holds = false;
        for view in collection.all_views() {
            holds = holds || self.inner.objects.holds(view, id)?;
        }
        if holds {
            Ok((collection, id.clone()))
        } else {
            Err(ReadError::UnknownObject(id.to_string()))
        }
    }
}
