//! The embedded store's one writer: plans a group, lays it out, appends and syncs it, and only then makes it visible.
//!
//! In scope: a group from request to answer, a full disk, when the index is written. Out of scope: planning (`staging`),
//! the queue (`group`), the index's commit itself (`upkeep`).

use std::sync::Arc;
use std::thread::JoinHandle;

use crate::error::{StoreError, chain};
use crate::objects::group::GroupEngine;
use crate::objects::lookup::Shared;
use crate::objects::pending::{COMMIT_OBJECTS, WAIT_OBJECTS};
use crate::objects::record;
use crate::objects::segment::{LogPosition, SegmentWriter, frame, payload_offset};
use crate::objects::staging::{Place, Staging};
use crate::objects::upkeep::{build_blocks, join, start_commit};
use crate::objects::{RemoveRequest, WriteRequest, Written};

/// The one writer.
pub(crate) struct Engine {
    pub(crate) shared: Arc<Shared>,
    pub(crate) segment: SegmentWriter,
    pub(crate) committing: Option<JoinHandle<Result<(), StoreError>>>,
    /// The newest time that a request named; the store itself reads no clock.
    pub(crate) now: i64,
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
        if let Err(StoreError::RecordTooLarge { bytes, limit }) = framed {
            // Nothing was written; each request of the group learns of it.
            return Ok(planned
                .iter()
                .map(|_| Err(StoreError::RecordTooLarge { bytes, limit }))
                .collect());
        }
        if !acts.is_empty() {
            if let Err(reason) = append(&mut self.segment, &bytes)? {
                let away = || {
                    Err(StoreError::Away {
                        reason: reason.clone(),
                    })
                };
                return Ok(planned.iter().map(|_| away()).collect());
            }
            let segment = self.segment.position().segment;
            for (plan, (act_at, objects_at)) in
                planned.iter().filter(|p| p.is_to_be_logged()).zip(acts)
            {
                let act = LogPosition {
                    segment,
                    offset: act_at,
                };
                staging.locate(
                    &plan.act,
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
            if let Err(reason) = append(&mut self.segment, &bytes)? {
                return Ok(vec![Err(StoreError::Away { reason })]);
            }
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
        if waiting < objects || (is_running(self.committing.as_ref()) && waiting < WAIT_OBJECTS) {
            return Ok(());
        }
        self.commit_index()
    }

    /// Starts a commit of the index; one that failed is tried again, and given up when too much waits for it.
    fn commit_index(&mut self) -> Result<(), StoreError> {
        if let Err(error) = join(self.committing.take()) {
            tracing::error!(
                error = chain(&error),
                "index not written; it is tried again"
            );
            if self.shared.pending.waiting() >= WAIT_OBJECTS {
                return Err(error);
            }
        }
        self.committing = start_commit(&self.shared, self.now)?;
        Ok(())
    }
}

/// Appends to the log. The inner error is a disk that is full: nothing was written, and the next group may fit.
fn append(segment: &mut SegmentWriter, bytes: &[u8]) -> Result<Result<(), String>, StoreError> {
    match segment.append(bytes) {
        Ok(_) => Ok(Ok(())),
        Err(error @ StoreError::NotWritten { .. }) => {
            let reason = chain(&error);
            tracing::error!(reason, "group not committed");
            Ok(Err(reason))
        }
        Err(error) => Err(error),
    }
}

fn is_running(thread: Option<&JoinHandle<Result<(), StoreError>>>) -> bool {
    thread.is_some_and(|thread| !thread.is_finished())
}

impl GroupEngine for Engine {
    fn commit(
        &mut self,
        group: Vec<WriteRequest>,
    ) -> Result<Vec<Result<Written, StoreError>>, StoreError> {
        self.commit_group(group)
    }

    fn idle(&mut self) -> Result<bool, StoreError> {
        if is_running(self.committing.as_ref()) {
            return Ok(false);
        }
        if self.shared.pending.is_dirty() || self.shared.pending.closed().is_some() {
            self.commit_index()?;
            return Ok(false);
        }
        build_blocks(&self.shared)
    }

    fn close(&mut self) -> Result<(), StoreError> {
        // A closed set whose commit failed comes first, then the one that grew meanwhile.
        let earlier = join(self.committing.take());
        if earlier.is_err() {
            join(start_commit(&self.shared, self.now)?)?;
        }
        if self.shared.pending.is_dirty() {
            join(start_commit(&self.shared, self.now)?)?;
        }
        Ok(())
    }
}

fn size(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
