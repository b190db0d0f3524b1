//! Objects: the verbs by which everything else adds, pages and finds them.
//!
//! A *view* is a range of objects in commit order: a collection as its owner sees it, later a collection as one party
//! may see it. Bytes that came in are the bytes that go out. Two implementations stand behind [`ObjectStore`]:
//! [`embedded`] (segment files with a derived index) and [`server`] (PostgreSQL).
//!
//! In scope: the requests, the answers, and what they promise. Out of scope: who may ask (the node decides).
//! Limits: one request stays below [`segment::RECORD_BYTES_MAX`]; a page holds what its query allows.

pub mod deflate;
pub mod embedded;
pub mod entry;
pub mod group;
pub mod query;
pub mod segment;
pub mod server;

pub mod status;

mod blocks;
mod buffers;
mod embedded_write;
mod index;
mod lookup;
mod page_cache;
mod paging;
mod pending;
mod plan;
mod record;
mod replay;
mod rewind;
mod server_write;
mod staging;
mod type_names;
mod upkeep;
mod view;
pub(crate) mod words;

use comity_stix::admission::{Admitted, ObservableValue};
use comity_stix::id::ObjectId;
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::query::{Page, PageItem, PageQuery};
use crate::objects::status::{Detail, Status};

/// The number of a view, given by the state tables when a collection is made. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ViewId(pub u32);

/// An object that has passed admission, with its bytes as received.
#[derive(Debug)]
pub struct NewObject {
    /// The object's JSON text, exactly as received.
    pub json: String,
    /// What admission read out of it.
    pub admitted: Admitted,
}

/// Objects to add to one view: all of them become durable together, or none.
#[derive(Debug)]
pub struct AppendRequest {
    /// The view.
    pub view: ViewId,
    /// The id of the TAXII status that shall tell of this request, if one shall.
    pub status: Option<Uuid>,
    /// When the request came: microseconds since 1970. `date_added` is this or just after the newest in the view.
    pub requested: i64,
    /// The objects, in the order in which they shall appear.
    pub objects: Vec<NewObject>,
    /// What admission refused, for the status to tell.
    pub refused: Vec<Detail>,
    /// What of the same request was recorded in another view before, for the status to tell.
    pub recorded: Vec<Detail>,
    /// An object whose id the view already holds, in any version, counts as unchanged. For objects that a reader
    /// made itself from a list, whose timestamps say only when the list was read.
    pub only_new_ids: bool,
}

/// Objects to remove from one view.
#[derive(Debug)]
pub struct RemoveRequest {
    /// Which view, object and versions; paging fields are ignored.
    pub query: PageQuery,
}

/// A request to the one writer.
#[derive(Debug)]
pub enum WriteRequest {
    /// Add objects.
    Append(AppendRequest),
    /// Remove objects.
    Remove(RemoveRequest),
}

/// What became of one object of an [`AppendRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new in the view, and durable.
    Added,
    /// The view already held exactly this object.
    Unchanged,
    /// The view holds another object under the same id and version; nothing was added.
    Differs,
}

/// The answer to a [`WriteRequest`], given once everything in it is durable.
#[derive(Debug)]
pub enum Written {
    /// To [`WriteRequest::Append`].
    Appended {
        /// One for each object, in order.
        outcomes: Vec<Outcome>,
        /// The status, where one was asked for.
        status: Option<Status>,
    },
    /// To [`WriteRequest::Remove`].
    Removed {
        /// How many versions were removed.
        versions: usize,
    },
}

/// Where a request's answer goes: called once, on the writer's thread.
pub type Reply = Box<dyn FnOnce(Result<Written, StoreError>) + Send>;

/// One object found by a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The view that holds it.
    pub view: ViewId,
    /// What the manifest says of it.
    pub item: PageItem,
    /// Its JSON text as received.
    pub json: String,
}

/// What a view holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewSummary {
    /// Objects that a page shows when nothing in particular is asked for: the newest version of each.
    pub objects: u64,
    /// All versions that were not removed.
    pub versions: u64,
    /// The newest `date_added`, microseconds since 1970; 0 when the view has never held anything.
    pub last_added: i64,
    /// Rises with every change of the view: an answer computed at one generation stays true while it lasts.
    pub generation: u64,
}

/// What [`ObjectStore::check`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Objects whose bytes were read and compared with the log's checksums.
    pub objects: u64,
    /// Bytes of the log or of the table.
    pub bytes: u64,
    /// What is wrong, a sentence each; empty when all is well.
    pub problems: Vec<String>,
}

/// The objects of a node.
///
/// Reads may be called from many threads; each sees whole writes only. Writes are collected into groups by one
/// writer; an answer never precedes the sync that makes it durable.
pub trait ObjectStore: Send + Sync {
    /// Hands a request to the writer; `reply` is called once it is durable or has failed.
    fn submit(&self, request: WriteRequest, reply: Reply);

    /// A page of objects, as bytes ready to be sent; with `ready`, stretches that are stored compressed come so.
    fn page(&self, query: &PageQuery, ready: bool) -> Result<Page, StoreError>;

    /// The same page if it is at hand: answers at once, or not at all.
    fn page_at_hand(&self, query: &PageQuery, ready: bool) -> Option<Page>;

    /// The same page as the manifest shows it.
    fn items(&self, query: &PageQuery) -> Result<(Vec<PageItem>, bool), StoreError>;

    /// Whether the view holds any version of the object.
    fn holds(&self, view: ViewId, id: &ObjectId) -> Result<bool, StoreError>;

    /// The newest version of the object in each of the views that hold it.
    fn newest(&self, views: &[ViewId], id: &ObjectId) -> Result<Vec<Found>, StoreError>;

    /// For each of the observable values the newest objects in `views` that carry it, at most `each`.
    fn by_each_value(
        &self,
        views: &[ViewId],
        values: &[ObservableValue],
        each: usize,
    ) -> Result<Vec<Vec<Found>>, StoreError>;

    /// Objects in `views` that carry one of the observable values, newest first, at most `limit`.
    fn by_value(
        &self,
        views: &[ViewId],
        values: &[ObservableValue],
        limit: usize,
    ) -> Result<Vec<Found>, StoreError>;

    /// Objects in `views` that refer to `id`, newest first, at most `limit`.
    fn neighbours(
        &self,
        views: &[ViewId],
        id: &ObjectId,
        limit: usize,
    ) -> Result<Vec<Found>, StoreError>;

    /// Objects in `views` whose text holds every word of `text`, newest first, at most `limit`.
    fn search(&self, views: &[ViewId], text: &str, limit: usize) -> Result<Vec<Found>, StoreError>;

    /// The status of an earlier append and the view it wrote to, as long as it is kept.
    fn status(&self, id: Uuid) -> Result<Option<(ViewId, Status)>, StoreError>;

    /// What a view holds.
    fn summary(&self, view: ViewId) -> Result<ViewSummary, StoreError>;

    /// Reads everything and says what is wrong.
    fn check(&self) -> Result<CheckReport, StoreError>;

    /// Finishes what waits and writes the index, so that the next start has nothing to replay.
    fn close(&self) -> Result<(), StoreError>;
}
