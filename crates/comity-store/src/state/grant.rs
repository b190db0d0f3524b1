//! Grants: the notes that leaves of the own log stand for where an account got a right.
//!
//! In scope: rows. Out of scope: what a note says (`comity-node`).

use crate::error::StoreError;
use crate::state::ledger::small;
use crate::state::{Row, Tx};

/// The note of one grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRow {
    /// The SHA-256 of the note.
    pub id: [u8; 32],
    /// The epoch of the own log.
    pub epoch: u32,
    /// Where its leaf stands there.
    pub position: u64,
    /// The signed note, which commits to the content.
    pub note: Vec<u8>,
    /// What opens its leaf.
    pub blind: [u8; 32],
    /// What opens its commitment.
    pub opening: [u8; 32],
    /// What was granted to whom, by whom.
    pub content: Vec<u8>,
    /// When it was made, microseconds since 1970.
    pub made: i64,
}

/// Records a grant.
pub fn add(tx: &mut dyn Tx, row: &GrantRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO grant_note (id, epoch, position, note, blind, opening, content, made) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        &[
            (&row.id).into(),
            row.epoch.into(),
            row.position.into(),
            row.note.as_slice().into(),
            (&row.blind).into(),
            (&row.opening).into(),
            row.content.as_slice().into(),
            row.made.into(),
        ],
    )?;
    Ok(())
}

/// The grant with this id.
pub fn find(tx: &mut dyn Tx, id: &[u8; 32]) -> Result<Option<GrantRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, epoch, position, note, blind, opening, content, made FROM grant_note WHERE id = ?1",
        &[id.into()],
    )?;
    rows.first().map(grant).transpose()
}

/// The ids of grants between these two, both included, in order, up to `limit`.
pub fn identities(
    tx: &mut dyn Tx,
    first: &[u8; 32],
    last: &[u8; 32],
    limit: u64,
) -> Result<Vec<[u8; 32]>, StoreError> {
    let rows = tx.query(
        "SELECT id FROM grant_note WHERE id >= ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
        &[first.into(), last.into(), limit.into()],
    )?;
    rows.iter().map(|row| row.hash(0)).collect()
}

fn grant(row: &Row) -> Result<GrantRow, StoreError> {
    Ok(GrantRow {
        id: row.hash(0)?,
        epoch: small(row, 1)?,
        position: row.count(2)?,
        note: row.bytes(3)?,
        blind: row.hash(4)?,
        opening: row.hash(5)?,
        content: row.bytes(6)?,
        made: row.integer(7)?,
    })
}
