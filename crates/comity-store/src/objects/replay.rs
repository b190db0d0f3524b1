//! Replay: takes the log's acts back into memory when the store is opened.
//!
//! In scope: what the index does not know yet. Out of scope: reading the log (`segment`), which acts the index knows only
//! in part (`rewind`).

use std::sync::Arc;
use std::thread::JoinHandle;

use comity_stix::admission::{Limits, admit};
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::lookup::Shared;
use crate::objects::pending::{Keys, WAIT_OBJECTS, id_key};
use crate::objects::record::{self, Act, AppendAct};
use crate::objects::rewind::Rewind;
use crate::objects::segment::{LogPosition, payload_offset};
use crate::objects::staging::{NewEntry, Place, Staging};
use crate::objects::upkeep::{join, start_commit};

/// Takes the log's acts back into memory when the store is opened.
pub(crate) struct Replayer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) committing: Option<JoinHandle<Result<(), StoreError>>>,
    pub(crate) rewind: Rewind,
}

impl Replayer {
    /// Takes the acts of one record.
    pub(crate) fn take(&mut self, at: LogPosition, payload: &[u8]) -> Result<(), StoreError> {
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
            join(self.committing.take())?;
            self.committing = start_commit(&self.shared, 0)?;
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
    staging.locate(act, place)
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

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
