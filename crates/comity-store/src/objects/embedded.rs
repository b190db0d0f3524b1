//! The embedded object store: segment files for truth, a lazy index, one writer.
//!
//! A group is planned against what is there, laid out, appended and synced, and only then made visible; the index is
//! written later, from memory, and after a crash from the log.
//!
//! In scope: planning, writing, the index's commits, building blocks when idle.
//! Out of scope: opening with replay (`replay`), reading (`lookup`, `paging`), the queue (`group`).
//! Limits: those of `segment` and `pending`.

use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use comity_stix::admission::{Limits, ObservableValue, admit};
use comity_stix::id::ObjectId;
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::blocks::{BLOCK_ENTRIES, deflate};
use crate::objects::entry::Flags;
use crate::objects::group::{GroupEngine, GroupWriter};
use crate::objects::lookup::{Shared, moment, page_item};
use crate::objects::pending::{
    COMMIT_OBJECTS, KeyKind, StatusPlace, WAIT_OBJECTS, id_key, value_key,
};
use crate::objects::query::{Page, PageItem, PageQuery};
use crate::objects::record::{self, Act};
use crate::objects::replay;
use crate::objects::segment::{
    LogPosition, SEGMENT_BYTES, SegmentWriter, Segments, frame, payload_offset,
};
use crate::objects::staging::{Place, Staging};
use crate::objects::status::{Detail, Notes, Status};
use crate::objects::view::View;
use crate::objects::{
    CheckReport, Found, ObjectStore, RemoveRequest, Reply, ViewId, ViewSummary, WriteRequest,
    Written,
};

/// A thread that writes the index.
pub(crate) type Committing = JoinHandle<Result<(), StoreError>>;

/// How many blocks are compressed before the writer looks for new requests again.
const BLOCKS_AT_ONCE: usize = 4;

/// The embedded store.
#[derive(Debug)]
pub struct EmbeddedObjects {
    shared: Arc<Shared>,
    writer: GroupWriter,
}

/// The one writer.
struct Engine {
    shared: Arc<Shared>,
    segment: SegmentWriter,
    committing: Option<Committing>,
    /// The newest time that a request named; the store itself reads no clock.
    now: i64,
}

impl EmbeddedObjects {
    /// Opens the store in `folder`, replaying what the index does not know yet.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, SEGMENT_BYTES)
    }

    /// The same with segments sealed at `segment_bytes`; tests take small ones.
    pub fn open_with(folder: &Path, segment_bytes: u64) -> Result<Self, StoreError> {
        let segments = Segments::open(folder)?;
        let (shared, end, committing) = replay::open(folder, &segments)?;
        let segment = SegmentWriter::new(segments, end, segment_bytes)?;
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

impl Engine {
    fn commit_group(
        &mut self,
        group: Vec<WriteRequest>,
    ) -> Result<Vec<Result<Written, StoreError>>, StoreError> {
        self.segment.roll_if_full()?;
        let mut staging = Staging::new(&self.shared);
        let mut planned = Vec::with_capacity(group.len());
        for request in group {
            match request {
                WriteRequest::Append(append) => {
                    self.now = self.now.max(append.requested);
                    planned.push(staging.plan_append(append)?);
                }
                WriteRequest::Remove(remove) => return self.remove(&remove),
            }
        }
        let mut bytes = Vec::new();
        let mut acts = Vec::with_capacity(planned.len());
        let base = payload_offset(self.segment.position().offset);
        let framed = frame(&mut bytes, |out| {
            let payload_at = out.len();
            for plan in planned.iter().filter(|plan| plan.is_to_be_logged()) {
                let act_at = base + size(out.len() - payload_at);
                let objects_at = record::put_append(out, &plan.act, staging.bodies(plan));
                acts.push((act_at, objects_at));
            }
        });
        if let Err(error @ StoreError::RecordTooLarge { .. }) = framed {
            // Nothing was written; each request of the group learns of it.
            let StoreError::RecordTooLarge { bytes, limit } = error else {
                return Err(error);
            };
            return Ok(planned
                .iter()
                .map(|_| Err(StoreError::RecordTooLarge { bytes, limit }))
                .collect());
        }
        if !acts.is_empty() {
            self.segment.append(&bytes)?;
            let segment = self.segment.position().segment;
            for (plan, (act_at, objects_at)) in
                planned.iter().filter(|p| p.is_to_be_logged()).zip(acts)
            {
                let act = LogPosition {
                    segment,
                    offset: act_at,
                };
                staging.locate(
                    plan,
                    Place {
                        act,
                        objects_at: act_at + objects_at,
                    },
                )?;
            }
            staging.publish(self.segment.position())?;
            self.commit_index_if_due(COMMIT_OBJECTS)?;
        }
        Ok(planned
            .into_iter()
            .map(|plan| Ok(plan.into_answer()))
            .collect())
    }

    fn remove(
        &mut self,
        request: &RemoveRequest,
    ) -> Result<Vec<Result<Written, StoreError>>, StoreError> {
        let mut query = request.query.clone();
        query.limit = usize::MAX >> 1;
        (query.after, query.added_after) = (None, None);
        let selection = self.shared.select(&query)?;
        let positions: Vec<u64> = selection
            .entries
            .iter()
            .map(|(position, _)| *position)
            .collect();
        if !positions.is_empty() {
            let mut bytes = Vec::new();
            frame(&mut bytes, |out| {
                record::put_remove(out, query.view.0, &positions);
            })?;
            self.segment.append(&bytes)?;
            let mut staging = Staging::new(&self.shared);
            staging.stage_removal(query.view.0, &positions)?;
            staging.publish(self.segment.position())?;
        }
        Ok(vec![Ok(Written::Removed {
            versions: positions.len(),
        })])
    }

    /// Starts a commit of the index once `objects` wait, unless one still runs; waits for it when too many do.
    fn commit_index_if_due(&mut self, objects: usize) -> Result<(), StoreError> {
        let waiting = self.shared.pending.waiting();
        let running = self
            .committing
            .as_ref()
            .is_some_and(|thread| !thread.is_finished());
        if waiting < objects || (running && waiting < WAIT_OBJECTS) {
            return Ok(());
        }
        self.committing = start_commit(&self.shared, self.committing.take(), self.now)?;
        Ok(())
    }
}

impl GroupEngine for Engine {
    fn commit(
        &mut self,
        group: Vec<WriteRequest>,
    ) -> Result<Vec<Result<Written, StoreError>>, StoreError> {
        self.commit_group(group)
    }

    fn idle(&mut self) -> Result<bool, StoreError> {
        if self
            .committing
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
        {
            return Ok(false);
        }
        if self.shared.pending.is_dirty() {
            self.committing = start_commit(&self.shared, self.committing.take(), self.now)?;
            return Ok(false);
        }
        build_blocks(&self.shared)
    }

    fn close(&mut self) -> Result<(), StoreError> {
        join(self.committing.take())?;
        if self.shared.pending.is_dirty() {
            join(start_commit(&self.shared, None, self.now)?)?;
        }
        Ok(())
    }
}

/// Closes the set that grows and writes it on a thread of its own; an earlier commit is waited for first.
pub(crate) fn start_commit(
    shared: &Arc<Shared>,
    running: Option<Committing>,
    now: i64,
) -> Result<Option<Committing>, StoreError> {
    join(running)?;
    let views: Vec<(u32, Arc<View>)> = {
        let views = shared.views.read().unwrap_or_else(PoisonError::into_inner);
        views
            .iter()
            .map(|(number, view)| (*number, Arc::clone(view)))
            .collect()
    };
    let states = views
        .iter()
        .map(|(number, view)| (*number, view.read().clone()))
        .collect();
    let Some(set) = shared.pending.close(states) else {
        return Ok(None);
    };
    let shared = Arc::clone(shared);
    let commit = move || {
        for (_, view) in &views {
            view.sync()?;
        }
        // Blocks that no longer hold leave the record before the index claims to know the change that ended them.
        let changes = shared.blocks.take_changes()?;
        if !changes.is_empty() {
            shared.index.commit_blocks(&changes)?;
        }
        shared.index.commit(&set, &shared.names.all(), now)?;
        shared.pending.release();
        Ok(())
    };
    let thread = std::thread::Builder::new()
        .name("comity-index".to_owned())
        .spawn(commit);
    thread
        .map(Some)
        .map_err(|e| StoreError::file("start a thread for", Path::new("comity-index"), e))
}

fn join(thread: Option<Committing>) -> Result<(), StoreError> {
    thread.map_or(Ok(()), |thread| {
        thread.join().unwrap_or(Err(StoreError::Stopped))
    })
}

/// Compresses a few blocks that are missing; answers whether there are more.
fn build_blocks(shared: &Shared) -> Result<bool, StoreError> {
    let views: Vec<(u32, Arc<View>)> = {
        let views = shared.views.read().unwrap_or_else(PoisonError::into_inner);
        views
            .iter()
            .map(|(number, view)| (*number, Arc::clone(view)))
            .collect()
    };
    let mut built = 0;
    for (number, view) in views {
        let full = view.read().length / BLOCK_ENTRIES;
        while let Some(block) = shared.blocks.missing(number, full) {
            if built == BLOCKS_AT_ONCE {
                return Ok(true);
            }
            build_block(shared, number, &view, block)?;
            built += 1;
        }
    }
    if built > 0 {
        return Ok(true);
    }
    let changes = shared.blocks.take_changes()?;
    if !changes.is_empty() {
        shared.index.commit_blocks(&changes)?;
    }
    Ok(false)
}

fn build_block(shared: &Shared, number: u32, view: &View, block: u64) -> Result<(), StoreError> {
    let count = usize::try_from(BLOCK_ENTRIES).unwrap_or(0);
    let entries = view.entries(block * BLOCK_ENTRIES, count)?;
    let shown: Vec<_> = entries
        .iter()
        .filter(|entry| !entry.flags.any(Flags::HIDDEN))
        .collect();
    let (bytes, summed) = deflate(&shared.gather(shown.iter().copied())?);
    // Only the writer's thread, which is this one, changes flags: the entries are still what they were.
    let place = shared.blocks.write(
        number,
        &bytes,
        summed,
        u32::try_from(shown.len()).unwrap_or(0),
    )?;
    shared.blocks.put(number, block, place)
}

impl ObjectStore for EmbeddedObjects {
    fn submit(&self, request: WriteRequest, reply: Reply) {
        self.writer.submit(request, reply);
    }

    fn page(&self, query: &PageQuery, ready: bool) -> Result<Page, StoreError> {
        self.shared.page(query, ready)
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
        self.shared.confirmed(views, places, limit, &|found| {
            admit(&found.json, &Limits::EXCHANGE)
                .is_ok_and(|a| values.iter().any(|value| a.values.contains(value)))
        })
    }

    fn neighbours(
        &self,
        views: &[ViewId],
        id: &ObjectId,
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let places = self.shared.places(KeyKind::Link, id_key(&id.uuid()))?;
        self.shared.confirmed(views, places, limit, &|found| {
            admit(&found.json, &Limits::EXCHANGE)
                .is_ok_and(|a| a.links.iter().any(|link| link.target == *id))
        })
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

/// The version that is told of an object: as it spells it, else its `date_added`.
pub(crate) fn told_version(spelled: Option<&str>, added: i64) -> String {
    spelled.map_or_else(|| moment(added), str::to_owned)
}

pub(crate) fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

pub(crate) fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
