//! Opening the embedded store: what the index knows, and what only the log tells.
//!
//! In scope: making sure that the derived files are whole, replaying the log's end into memory.
//! Out of scope: cutting a torn tail (`segment`), setting flags back (`rewind`), staging an act (`staging`).
//! Limits: those of `pending`; beyond them the index is written while the log is replayed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use comity_stix::admission::{Limits, admit};
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::blocks::Blocks;
use crate::objects::buffers::BufferPool;
use crate::objects::embedded::{Committing, size, start_commit, to_usize};
use crate::objects::index::{Index, Opened};
use crate::objects::lookup::Shared;
use crate::objects::pending::{Keys, PendingPair, WAIT_OBJECTS, id_key};
use crate::objects::record::{self, Act, AppendAct};
use crate::objects::rewind::Rewind;
use crate::objects::segment::{LogPosition, Segments, payload_offset};
use crate::objects::staging::{NewEntry, Place, Staging};
use crate::objects::type_names::TypeNames;
use crate::objects::view::View;

/// What is shared, the end of the log, and the thread that writes to the index what was replayed.
pub(crate) type Replayed = (Arc<Shared>, LogPosition, Option<Committing>);

/// Opens the derived files in `folder` and replays what they do not know yet.
pub(crate) fn open(folder: &Path, segments: &Arc<Segments>) -> Result<Replayed, StoreError> {
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
        segments: Arc::clone(segments),
        views: RwLock::new(views),
        names: TypeNames::new(opened.type_names),
        pending: PendingPair::default(),
        index,
        blocks: Blocks::open(folder, opened.blocks)?,
        pool: Arc::new(BufferPool::default()),
    });
    let mut replayer = Replayer {
        shared: Arc::clone(&shared),
        committing: None,
        rewind,
    };
    let end = segments.replay(opened.log_end, &mut |at, payload| {
        replayer.take(at, payload)
    })?;
    let mut committing = replayer.committing;
    if committing.is_none() && shared.pending.is_dirty() {
        // At once: else a node that crashes again and again would replay more and more.
        committing = start_commit(&shared, None, 0)?;
    }
    Ok((shared, end, committing))
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

/// Takes the log's acts back into memory when the store is opened.
struct Replayer {
    shared: Arc<Shared>,
    committing: Option<Committing>,
    rewind: Rewind,
}

impl Replayer {
    fn take(&mut self, at: LogPosition, payload: &[u8]) -> Result<(), StoreError> {
        let payload_at = payload_offset(at.offset);
        record::acts(payload, &mut |offset, act, bytes| {
            let mut staging = Staging::replaying(&self.shared, &mut self.rewind);
            let act_at = payload_at + offset;
            match act {
                Act::Append { act, objects_at } => {
                    let place = Place {
                        act: LogPosition {
                            segment: at.segment,
                            offset: act_at,
                        },
                        objects_at: act_at + objects_at,
                    };
                    replay_append(
                        &mut staging,
                        &act,
                        place,
                        bytes.get(to_usize(objects_at)..).unwrap_or_default(),
                    )?;
                }
                Act::Remove { view, positions } => staging.stage_removal(view, &positions)?,
            }
            let end = LogPosition {
                segment: at.segment,
                offset: payload_at + size(payload.len()),
            };
            staging.publish(end)
        })?;
        if self.shared.pending.waiting() >= WAIT_OBJECTS {
            self.committing = start_commit(&self.shared, self.committing.take(), 0)?;
        }
        Ok(())
    }
}

fn replay_append(
    staging: &mut Staging<'_>,
    act: &AppendAct,
    place: Place,
    bodies: &[u8],
) -> Result<(), StoreError> {
    let mut rest = bodies;
    let places = act.first_position..;
    for ((meta, position), added) in act.objects.iter().zip(places).zip(act.first_added..) {
        let (body, behind) = rest
            .split_at_checked(to_usize(u64::from(meta.length)))
            .unwrap_or((rest, &[]));
        rest = behind.get(1..).unwrap_or_default();
        let keys = replayed_keys(body, &meta.uuid);
        let new = NewEntry {
            added,
            meta,
            keys,
            body: String::new(),
        };
        staging.stage_replayed(act.view, position, new)?;
    }
    staging.locate_replayed(act, place)
}

/// The keys of an object in the log. An object that today's admission would refuse is still found by its id.
fn replayed_keys(body: &[u8], uuid: &Uuid) -> Keys {
    let admitted = std::str::from_utf8(body)
        .ok()
        .and_then(|json| admit(json, &Limits::EXCHANGE).ok());
    admitted.map_or_else(
        || Keys {
            id: id_key(uuid),
            ..Keys::default()
        },
        |admitted| Keys::of(&admitted),
    )
}
