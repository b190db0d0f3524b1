//! The embedded object store: segment files for truth, a lazy index, one writer.
//!
//! The index is derived: it is written from memory when there is time, and after a crash from the log.
//!
//! In scope: opening with replay, and the store's verbs. Out of scope: each verb's work (`lookup`, `paging`,
//! `embedded_write`), the queue (`group`).
//! Limits: those of `segment` and `pending`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use comity_stix::admission::ObservableValue;
use comity_stix::id::ObjectId;
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::blocks::Blocks;
use crate::objects::buffers::BufferPool;
use crate::objects::embedded_write::Engine;
use crate::objects::group::GroupWriter;
use crate::objects::index::{Index, Opened};
use crate::objects::lookup::{Shared, carries, page_item, refers};
use crate::objects::page_cache::PageCache;
use crate::objects::pending::{KeyKind, PendingPair, StatusPlace, id_key, value_key};
use crate::objects::query::{Page, PageItem, PageQuery};
use crate::objects::record::{self, Act};
use crate::objects::replay::Replayer;
use crate::objects::rewind::Rewind;
use crate::objects::segment::{SEGMENT_BYTES, SegmentWriter, Segments};
use crate::objects::status::{Detail, Notes, Status};
use crate::objects::type_names::TypeNames;
use crate::objects::upkeep::start_commit;
use crate::objects::view::View;
use crate::objects::{CheckReport, Found, ObjectStore, Reply, ViewId, ViewSummary, WriteRequest};

/// The embedded store.
#[derive(Debug)]
pub struct EmbeddedObjects {
    shared: Arc<Shared>,
    writer: GroupWriter,
}

impl EmbeddedObjects {
    /// Opens the store in `folder`, replaying what the index does not know yet.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, SEGMENT_BYTES)
    }

    /// The same with segments sealed at `segment_bytes`; tests take small ones.
    pub fn open_with(folder: &Path, segment_bytes: u64) -> Result<Self, StoreError> {
        let segments = Segments::open(folder)?;
        let (index, opened) = open_index(folder)?;
        let mut rewind = Rewind::new(&opened.views);
        if !rewind.is_empty() {
            segments.replay(opened.log_end, &mut |_, payload| rewind.note(payload))?;
        }
        let mut views = BTreeMap::new();
        for (number, state) in opened.views {
            views.insert(number, Arc::new(View::open(folder, number, state)?));
        }
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            segments: Arc::clone(&segments),
            views: RwLock::new(views),
            names: TypeNames::new(opened.type_names),
            pending: PendingPair::default(),
            index,
            blocks: Blocks::open(folder, opened.blocks)?,
            pool: Arc::new(BufferPool::default()),
            pages: PageCache::default(),
        });
        let mut replayer = Replayer {
            shared: Arc::clone(&shared),
            committing: None,
            rewind,
        };
        let end = segments.replay(opened.log_end, &mut |at, payload| {
            replayer.take(at, payload)
        })?;
        let segment = SegmentWriter::new(segments, end, segment_bytes)?;
        let mut committing = replayer.committing;
        if committing.is_none() && shared.pending.is_dirty() {
            // At once: else a node that crashes again and again would replay more and more.
            committing = start_commit(&shared, 0)?;
        }
        let engine = Engine {
            shared: Arc::clone(&shared),
            segment,
            committing,
            now: 0,
        };
        Ok(Self {
            shared,
            writer: GroupWriter::start("comity-objects", engine)?,
        })
    }

    /// Bytes of the log.
    pub fn log_bytes(&self) -> u64 {
        self.shared.segments.bytes()
    }
}

/// The index, if the files that go with it are as long as it says; else an empty one, to be filled from the log.
fn open_index(folder: &Path) -> Result<(Index, Opened), StoreError> {
    let (index, opened) = Index::open(folder)?;
    let views_whole = opened
        .views
        .iter()
        .all(|(number, state)| View::is_whole(folder, *number, state));
    if views_whole && Blocks::are_whole(folder, &opened.blocks) {
        return Ok((index, opened));
    }
    tracing::warn!(folder = %folder.display(), "files beside the index are cut or lost; index built again");
    drop(index);
    Index::forget(folder)?;
    Index::open(folder)
}

impl ObjectStore for EmbeddedObjects {
    fn submit(&self, request: WriteRequest, reply: Reply) {
        self.writer.submit(request, reply);
    }

    fn page(&self, query: &PageQuery, ready: bool) -> Result<Page, StoreError> {
        self.shared.page(query, ready)
    }

    fn page_at_hand(&self, query: &PageQuery, ready: bool) -> Option<Page> {
        self.shared.page_at_hand(query, ready)
    }

    fn items(&self, query: &PageQuery) -> Result<(Vec<PageItem>, bool), StoreError> {
        self.shared.items(query)
    }

    fn holds(&self, view: ViewId, id: &ObjectId) -> Result<bool, StoreError> {
        Ok(!self.shared.versions(view.0, id)?.is_empty())
    }

    fn newest(&self, views: &[ViewId], id: &ObjectId) -> Result<Vec<Found>, StoreError> {
        let places = self.shared.places(KeyKind::Id, id_key(&id.uuid()))?;
        self.shared
            .confirmed(views, places, views.len(), &|found| found.item.id == *id)
    }

    fn by_value(
        &self,
        views: &[ViewId],
        values: &[ObservableValue],
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let mut places = Vec::new();
        for value in values {
            places.extend(self.shared.places(KeyKind::Value, value_key(value))?);
        }
        self.shared
            .confirmed(views, places, limit, &|found| carries(found, values))
    }

    fn by_each_value(
        &self,
        views: &[ViewId],
        values: &[ObservableValue],
        each: usize,
    ) -> Result<Vec<Vec<Found>>, StoreError> {
        let of = |value| self.by_value(views, std::slice::from_ref(value), each);
        values.iter().map(of).collect()
    }

    fn neighbours(
        &self,
        views: &[ViewId],
        id: &ObjectId,
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let places = self.shared.places(KeyKind::Link, id_key(&id.uuid()))?;
        self.shared
            .confirmed(views, places, limit, &|found| refers(found, id))
    }

    fn search(&self, views: &[ViewId], text: &str, limit: usize) -> Result<Vec<Found>, StoreError> {
        // Words are kept in the index only, so what waits for it is written first.
        if self.shared.pending.is_dirty() || self.shared.pending.closed().is_some() {
            self.writer.flush()?;
        }
        self.shared.search(views, text, limit)
    }

    fn status(&self, id: Uuid) -> Result<Option<(ViewId, Status)>, StoreError> {
        let Some(place) = self.shared.status_place(&id)? else {
            return Ok(None);
        };
        read_status(&self.shared, id, &place)
    }

    fn summary(&self, view: ViewId) -> Result<ViewSummary, StoreError> {
        Ok(self
            .shared
            .view(view.0)
            .map(|view| view.read().summary)
            .unwrap_or_default())
    }

    fn check(&self) -> Result<CheckReport, StoreError> {
        let mut report = CheckReport {
            problems: self.shared.index.check()?,
            ..CheckReport::default()
        };
        let whole = self.shared.segments.verify(&mut |payload| {
            report.bytes += size(payload.len());
            record::acts(payload, &mut |_, act, _| {
                if let Act::Append { act, .. } = act {
                    report.objects += size(act.objects.len());
                }
                Ok(())
            })
        });
        if let Err(error) = whole {
            report.problems.push(error.to_string());
        }
        for path in self.shared.segments.kept_aside()? {
            report.problems.push(format!(
                "{} was cut off the log as torn, but may hold what was acknowledged: restore a backup if there is one newer, \
                 or have the objects sent again; then remove the file",
                path.display()
            ));
        }
        Ok(report)
    }

    fn close(&self) -> Result<(), StoreError> {
        self.writer.close()
    }
}

/// A status, from the act that made it.
fn read_status(
    shared: &Shared,
    id: Uuid,
    place: &StatusPlace,
) -> Result<Option<(ViewId, Status)>, StoreError> {
    let mut head = [0; 4];
    shared
        .segments
        .read_at(place.act.segment, place.act.offset, &mut head)?;
    let mut bytes = vec![0; record::act_length(&head)];
    shared
        .segments
        .read_at(place.act.segment, place.act.offset, &mut bytes)?;
    let Act::Append { act, objects_at } = record::decode(&bytes)? else {
        return Ok(None);
    };
    let notes = Notes::from_bytes(&act.notes)?;
    let mut successes = Vec::with_capacity(act.objects.len() + notes.unchanged.len());
    let mut at = to_usize(objects_at);
    for (meta, added) in act.objects.iter().zip(act.first_added..) {
        let end = at + to_usize(u64::from(meta.length));
        let json = bytes
            .get(at..end)
            .and_then(|body| std::str::from_utf8(body).ok())
            .unwrap_or_default();
        at = end + 1;
        let entry = crate::objects::staging::entry_of(meta, added, 0);
        successes.extend(page_item(0, &entry, json).map(|item| Detail {
            id: item.id.to_string(),
            version: item.version,
            message: None,
        }));
    }
    successes.extend(notes.unchanged);
    let requested = act.requested;
    Ok((act.status == id).then_some((
        ViewId(act.view),
        Status {
            id,
            requested,
            successes,
            failures: notes.failures,
        },
    )))
}

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
