//! Grants: the notes that leaves of the own log stand for where an account got a right.
//!
//! In scope: rows. Out of scope: what a note says (`comity-node`).

use crate::error::StoreError;
use crate::state::ledger::small;
use crate::state::{Row, Tx};

/// The note of one grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRow {
    /// The epoch of the own log.
    pub epoch: u32,
    /// Where its leaf stands there.
    pub position: u64,
    /// The signed note.
    pub note: Vec<u8>,
    /// What opens its leaf.
    pub blind: [u8; 32],
    /// When it was made, microseconds since 1970.
    pub made: i64,
}

/// Records a grant.
pub fn add(tx: &mut dyn Tx, row: &GrantRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO grant_note (epoch, position, note, blind, made) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            row.epoch.into(),
            row.position.into(),
            row.note.as_slice().into(),
            (&row.blind).into(),
            row.made.into(),
        ],
    )?;
    Ok(())
}

/// The grant whose leaf stands there.
pub fn find(tx: &mut dyn Tx, epoch: u32, position: u64) -> Result<Option<GrantRow>, StoreError> {
    let rows = tx.query(
        "SELECT epoch, position, note, blind, made FROM grant_note WHERE epoch = ?1 AND position = ?2",
        &[epoch.into(), position.into()],
    )?;
    rows.first().map(grant).transpose()
}

/// Where the leaves of an epoch's grants stand, from `first` on, in order, up to `limit`.
pub fn positions(
    tx: &mut dyn Tx,
    epoch: u32,
    first: u64,
    limit: u64,
) -> Result<Vec<u64>, StoreError> {
    let rows = tx.query(
        "SELECT position FROM grant_note WHERE epoch = ?1 AND position >= ?2 ORDER BY position LIMIT ?3",
        &[epoch.into(), first.into(), limit.into()],
    )?;
    rows.iter().map(|row| row.count(0)).collect()
}

fn grant(row: &Row) -> Result<GrantRow, StoreError> {
    Ok(GrantRow {
        epoch: small(row, 0)?,
        position: row.count(1)?,
        note: row.bytes(2)?,
        blind: row.hash(3)?,
        made: row.integer(4)?,
    })
}
