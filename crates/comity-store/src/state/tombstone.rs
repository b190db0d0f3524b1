//! Tombstones: what the ledger holds in the place of contents that were erased.
//!
//! In scope: rows. Out of scope: what a tombstone says (`comity-node`).

use crate::error::StoreError;
use crate::state::ledger::small;
use crate::state::{Row, Tx};

/// The tombstone of one envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TombstoneRow {
    /// The envelope.
    pub envelope: [u8; 32],
    /// The signed note.
    pub note: Vec<u8>,
    /// What opens its leaf.
    pub blind: [u8; 32],
    /// The epoch of the own log.
    pub epoch: u32,
    /// Where its leaf stands there.
    pub position: u64,
    /// When it was erased, microseconds since 1970.
    pub erased: i64,
}

/// Records a tombstone.
pub fn add(tx: &mut dyn Tx, row: &TombstoneRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO tombstone (envelope, note, blind, epoch, position, erased) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            (&row.envelope).into(),
            row.note.as_slice().into(),
            (&row.blind).into(),
            row.epoch.into(),
            row.position.into(),
            row.erased.into(),
        ],
    )?;
    Ok(())
}

/// The tombstone of an envelope.
pub fn find(tx: &mut dyn Tx, envelope: &[u8; 32]) -> Result<Option<TombstoneRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, note, blind, epoch, position, erased FROM tombstone WHERE envelope = ?1",
        &[envelope.into()],
    )?;
    rows.first().map(row_of).transpose()
}

fn row_of(row: &Row) -> Result<TombstoneRow, StoreError> {
    Ok(TombstoneRow {
        envelope: row.hash(0)?,
        note: row.bytes(1)?,
        blind: row.hash(2)?,
        epoch: small(row, 3)?,
        position: row.count(4)?,
        erased: row.integer(5)?,
    })
}
