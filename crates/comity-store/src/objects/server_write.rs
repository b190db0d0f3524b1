//! Writing objects to a PostgreSQL server: a group is one transaction.
//!
//! In scope: planning against the rows that are there, inserting, settling versions, removing.
//! Out of scope: reading (`server`), the queue (`group`).
//! Limits: a group is tried [`TRIES_MAX`] times after conflicts; then its requests fail and may be sent again.

use std::collections::HashMap;
use std::sync::Arc;

use postgres::Transaction;
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::entry::Flags;
use crate::objects::group::GroupEngine;
use crate::objects::pending::{KeyKind, Keys};
use crate::objects::plan::{Sibling, decide, same_content, settle};
use crate::objects::record::ObjectMeta;
use crate::objects::server::{ObjectRow, select, versions_of};
use crate::objects::staging::{DIFFERS, detail_of, entry_of, meta_of};
use crate::objects::status::{Detail, STATUS_KEPT_MICROS, Status};
use crate::objects::{AppendRequest, Outcome, RemoveRequest, ViewId, WriteRequest, Written};
use crate::state::{Pool, is_conflict};

const TRIES_MAX: u32 = 8;

/// The one writer of this node; other nodes may have theirs.
#[derive(Debug)]
pub(crate) struct Engine {
    pool: Arc<Pool>,
}

/// What one request changes, worked out before it is written.
#[derive(Default)]
struct Batch {
    new: Vec<NewRow>,
    reflags: HashMap<i64, Flags>,
    objects: i64,
}

struct NewRow {
    position: i64,
    added: i64,
    meta: ObjectMeta,
    body: String,
    keys: Keys,
}

/// A view's row, locked.
struct LockedView {
    next_position: i64,
    last_added: i64,
}

impl Engine {
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        Self { pool }
    }

    fn attempt(&self, group: &[WriteRequest]) -> Result<Vec<Written>, StoreError> {
        self.pool.with(|client| {
            let mut tx = client
                .transaction()
                .map_err(StoreError::postgres("begin a transaction"))?;
            let mut answers = Vec::with_capacity(group.len());
            for request in group {
                answers.push(match request {
                    WriteRequest::Append(append) => append_all(&mut tx, append)?,
                    WriteRequest::Remove(remove) => remove_all(&mut tx, remove)?,
                });
            }
            tx.commit()
                .map_err(StoreError::postgres("commit a transaction"))?;
            Ok(answers)
        })
    }
}

impl GroupEngine for Engine {
    fn commit(
        &mut self,
        group: Vec<WriteRequest>,
    ) -> Result<Vec<Result<Written, StoreError>>, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.attempt(&group) {
                Ok(answers) => return Ok(answers.into_iter().map(Ok).collect()),
                Err(error) if tries < TRIES_MAX && is_conflict(&error) => {}
                Err(error) => {
                    // The server rolls back what it did not commit, so the next group finds it whole.
                    let reason = crate::error::chain(&error);
                    tracing::warn!(reason, "group not committed");
                    return Ok(group
                        .iter()
                        .map(|_| {
                            Err(StoreError::Away {
                                reason: reason.clone(),
                            })
                        })
                        .collect());
                }
            }
        }
    }

    fn idle(&mut self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn close(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn append_all(tx: &mut Transaction<'_>, request: &AppendRequest) -> Result<Written, StoreError> {
    let view = lock_view(tx, request.view)?;
    let uuids: Vec<Vec<u8>> = request
        .objects
        .iter()
        .map(|object| object.admitted.id.uuid().as_bytes().to_vec())
        .collect();
    let mut held: HashMap<(Uuid, String), Vec<ObjectRow>> = HashMap::new();
    for row in versions_of(tx, request.view, &uuids)? {
        held.entry((row.entry.uuid, row.type_name.clone()))
            .or_default()
            .push(row);
    }
    let first_added = request.requested.max(view.last_added + 1);
    let mut batch = Batch::default();
    let mut outcomes = Vec::with_capacity(request.objects.len());
    let (mut successes, mut unchanged, mut failures) = (
        Vec::new(),
        request.recorded.clone(),
        request.refused.clone(),
    );
    for object in &request.objects {
        let number = i64::try_from(batch.new.len()).unwrap_or(i64::MAX);
        let added = first_added + number;
        let meta = meta_of(object, added);
        let detail = detail_of(object, added);
        let versions = held.entry((meta.uuid, meta.type_name.clone())).or_default();
        let siblings: Vec<Sibling> = versions.iter().map(sibling_of).collect();
        let outcome = decide(&siblings, &meta, request.only_new_ids, |sibling| {
            let row = versions.iter().find(|row| row.position == sibling.position);
            let text = row.and_then(|row| std::str::from_utf8(&row.body).ok());
            Ok(text.is_some_and(|text| same_content(text, &object.json)))
        })?;
        outcomes.push(outcome);
        match outcome {
            Outcome::Added => {
                let position = view.next_position + number;
                batch.add(
                    versions,
                    NewRow {
                        position,
                        added,
                        meta,
                        body: object.json.clone(),
                        keys: Keys::of(&object.admitted),
                    },
                );
                successes.push(detail);
            }
            Outcome::Unchanged => unchanged.push(detail),
            Outcome::Differs => failures.push(Detail {
                message: Some(DIFFERS.to_owned()),
                ..detail
            }),
        }
    }
    write_batch(tx, request.view, &view, &batch)?;
    successes.extend(unchanged);
    let status = request.status.map(|id| Status {
        id,
        requested: request.requested,
        successes,
        failures,
    });
    if let Some(status) = &status {
        write_status(tx, request.view, status)?;
    }
    Ok(Written::Appended { outcomes, status })
}

impl Batch {
    /// Takes in a new row, and what it changes of the versions that were there.
    fn add(&mut self, versions: &mut Vec<ObjectRow>, new: NewRow) {
        versions.push(ObjectRow {
            position: u64::try_from(new.position).unwrap_or(0),
            entry: entry_of(&new.meta, new.added, 0),
            type_name: new.meta.type_name.clone(),
            body: new.body.clone().into_bytes(),
        });
        self.new.push(new);
        self.objects += 1;
        self.settle(versions);
    }

    fn settle(&mut self, versions: &mut [ObjectRow]) {
        let mut siblings: Vec<Sibling> = versions.iter().map(sibling_of).collect();
        settle(&mut siblings);
        for (row, sibling) in versions.iter_mut().zip(siblings) {
            if row.entry.flags == sibling.flags {
                continue;
            }
            let shown = |flags: Flags| i64::from(!flags.any(Flags::HIDDEN));
            self.objects += shown(sibling.flags) - shown(row.entry.flags);
            row.entry.flags = sibling.flags;
            let position = i64::try_from(row.position).unwrap_or(i64::MAX);
            match self.new.iter_mut().rfind(|new| new.position == position) {
                Some(new) => new.meta.flags = sibling.flags,
                None => {
                    self.reflags.insert(position, sibling.flags);
                }
            }
        }
    }
}

fn remove_all(tx: &mut Transaction<'_>, request: &RemoveRequest) -> Result<Written, StoreError> {
    let mut query = request.query.clone();
    query.limit = usize::MAX >> 1;
    (query.after, query.added_after) = (None, None);
    lock_view(tx, query.view)?;
    let (rows, _) = select(tx, &query)?;
    let mut batch = Batch::default();
    for row in &rows {
        let position = i64::try_from(row.position).unwrap_or(i64::MAX);
        batch
            .reflags
            .insert(position, row.entry.flags.with(Flags::REMOVED));
        batch.objects -= i64::from(!row.entry.flags.any(Flags::HIDDEN));
    }
    let removed: Vec<u64> = rows.iter().map(|row| row.position).collect();
    let uuids: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| row.entry.uuid.as_bytes().to_vec())
        .collect();
    let mut left: HashMap<(Uuid, String), Vec<ObjectRow>> = HashMap::new();
    for row in versions_of(tx, query.view, &uuids)?
        .into_iter()
        .filter(|row| !removed.contains(&row.position))
    {
        left.entry((row.entry.uuid, row.type_name.clone()))
            .or_default()
            .push(row);
    }
    for versions in left.values_mut() {
        batch.settle(versions);
    }
    write_reflags(tx, query.view, &batch.reflags)?;
    let versions = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    tx.execute(
        "UPDATE view_state SET versions = versions - $2, objects = objects + $3, generation = generation + 1
         WHERE view_number = $1",
        &[&i64::from(query.view.0), &versions, &batch.objects],
    )
    .map_err(StoreError::postgres("write a view"))?;
    Ok(Written::Removed {
        versions: rows.len(),
    })
}

/// Locks the view's row, so that positions and times follow the order of commits.
fn lock_view(tx: &mut Transaction<'_>, view: ViewId) -> Result<LockedView, StoreError> {
    let number = i64::from(view.0);
    let failed = StoreError::postgres;
    tx.execute(
        "INSERT INTO view_state (view_number, next_position, last_added, objects, versions, generation)
         VALUES ($1, 0, 0, 0, 0, 0) ON CONFLICT (view_number) DO NOTHING",
        &[&number],
    )
    .map_err(failed("write a view"))?;
    let row = tx
        .query_one(
            "SELECT next_position, last_added FROM view_state WHERE view_number = $1 FOR UPDATE",
            &[&number],
        )
        .map_err(failed("lock a view"))?;
    Ok(LockedView {
        next_position: row.get(0),
        last_added: row.get(1),
    })
}

fn write_batch(
    tx: &mut Transaction<'_>,
    view: ViewId,
    locked: &LockedView,
    batch: &Batch,
) -> Result<(), StoreError> {
    let Some(last) = batch.new.last() else {
        return Ok(());
    };
    let number = i64::from(view.0);
    let rows = &batch.new;
    let column = |of: fn(&NewRow) -> i64| rows.iter().map(of).collect::<Vec<i64>>();
    let positions = column(|row| row.position);
    let added = column(|row| row.added);
    let versions = column(|row| entry_of(&row.meta, row.added, 0).version);
    let nanos = column(|row| i64::from(row.meta.version_nanos));
    let flags = column(|row| i64::from(row.meta.flags.bits()));
    let uuids: Vec<&[u8]> = rows
        .iter()
        .map(|row| row.meta.uuid.as_bytes().as_slice())
        .collect();
    let names: Vec<&str> = rows.iter().map(|row| row.meta.type_name.as_str()).collect();
    let bodies: Vec<&[u8]> = rows.iter().map(|row| row.body.as_bytes()).collect();
    tx.execute(
        "INSERT INTO object (view_number, position, added, version, version_nanos, flags, uuid, type_name, body)
         SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[],
                                  $8::text[], $9::bytea[])",
        &[&number, &positions, &added, &versions, &nanos, &flags, &uuids, &names, &bodies],
    )
    .map_err(StoreError::postgres("add objects"))?;
    write_keys(tx, number, rows)?;
    write_reflags(tx, view, &batch.reflags)?;
    let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    tx.execute(
        "UPDATE view_state SET next_position = $2, last_added = $3, objects = objects + $4, versions = versions + $5,
         generation = generation + 1 WHERE view_number = $1",
        &[&number, &(locked.next_position + count), &last.added, &batch.objects, &count],
    )
    .map_err(StoreError::postgres("write a view"))?;
    Ok(())
}

fn write_keys(tx: &mut Transaction<'_>, view: i64, rows: &[NewRow]) -> Result<(), StoreError> {
    let (mut kinds, mut keys, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    let (mut words, mut word_positions) = (Vec::new(), Vec::new());
    for row in rows {
        let own = std::iter::once((KeyKind::Id, row.keys.id));
        let values = row.keys.values.iter().map(|key| (KeyKind::Value, *key));
        let links = row.keys.links.iter().map(|key| (KeyKind::Link, *key));
        for (kind, key) in own.chain(values).chain(links) {
            kinds.push(key_number(kind));
            keys.push(key);
            positions.push(row.position);
        }
        for word in row.keys.words.split_ascii_whitespace() {
            words.push(word);
            word_positions.push(row.position);
        }
    }
    tx.execute(
        "INSERT INTO object_key (kind, key, view_number, position)
         SELECT k, v, $1, p FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS new (k, v, p)
         ON CONFLICT DO NOTHING",
        &[&view, &kinds, &keys, &positions],
    )
    .map_err(StoreError::postgres("add keys"))?;
    tx.execute(
        "INSERT INTO object_word (word, view_number, position)
         SELECT w, $1, p FROM unnest($2::text[], $3::bigint[]) AS new (w, p) ON CONFLICT DO NOTHING",
        &[&view, &words, &word_positions],
    )
    .map_err(StoreError::postgres("add words"))?;
    Ok(())
}

fn write_reflags(
    tx: &mut Transaction<'_>,
    view: ViewId,
    reflags: &HashMap<i64, Flags>,
) -> Result<(), StoreError> {
    if reflags.is_empty() {
        return Ok(());
    }
    let positions: Vec<i64> = reflags.keys().copied().collect();
    let flags: Vec<i64> = reflags
        .values()
        .map(|flags| i64::from(flags.bits()))
        .collect();
    tx.execute(
        "UPDATE object SET flags = new.f FROM unnest($2::bigint[], $3::bigint[]) AS new (p, f)
         WHERE view_number = $1 AND position = new.p",
        &[&i64::from(view.0), &positions, &flags],
    )
    .map_err(StoreError::postgres("settle versions"))?;
    Ok(())
}

fn write_status(tx: &mut Transaction<'_>, view: ViewId, status: &Status) -> Result<(), StoreError> {
    let body = serde_json::to_string(&(&status.successes, &status.failures))
        .expect("invariant: strings and lists always serialise");
    let failed = StoreError::postgres;
    tx.execute(
        "DELETE FROM object_status WHERE requested < $1",
        &[&(status.requested - STATUS_KEPT_MICROS)],
    )
    .map_err(failed("forget old statuses"))?;
    tx.execute(
        "INSERT INTO object_status (id, view_number, requested, body) VALUES ($1, $2, $3, $4)",
        &[
            &status.id.as_bytes().as_slice(),
            &i64::from(view.0),
            &status.requested,
            &body,
        ],
    )
    .map_err(failed("add a status"))?;
    Ok(())
}

fn sibling_of(row: &ObjectRow) -> Sibling {
    Sibling {
        position: row.position,
        version: row.entry.version_key(),
        flags: row.entry.flags,
    }
}

/// The number of a kind of key in the table.
pub(crate) fn key_number(kind: KeyKind) -> i64 {
    match kind {
        KeyKind::Id => 0,
        KeyKind::Value => 1,
        KeyKind::Link => 2,
    }
}
