//! Heads of a party's log as other parties were shown them, and proofs that a log showed two histories.
//!
//! In scope: rows. Out of scope: comparing them (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// The newest head of a party's log that another party holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossHeadRow {
    /// The log's origin, with its epoch.
    pub origin: String,
    /// The party that told of it.
    pub teller: String,
    /// Its size.
    pub size: u64,
    /// The signed checkpoint.
    pub checkpoint: Vec<u8>,
    /// When it came, microseconds since 1970.
    pub received: i64,
}

/// Records a head, in the place of a smaller one by the same teller.
pub fn put(tx: &mut dyn Tx, row: &CrossHeadRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO cross_head (origin, teller, size, checkpoint, received) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (origin, teller) DO UPDATE SET size = excluded.size, checkpoint = excluded.checkpoint,
             received = excluded.received WHERE excluded.size >= cross_head.size",
        &[
            row.origin.as_str().into(),
            row.teller.as_str().into(),
            row.size.into(),
            row.checkpoint.as_slice().into(),
            row.received.into(),
        ],
    )?;
    Ok(())
}

/// What is known of a log by others, by teller.
pub fn of_log(tx: &mut dyn Tx, origin: &str) -> Result<Vec<CrossHeadRow>, StoreError> {
    let rows = tx.query(
        "SELECT origin, teller, size, checkpoint, received FROM cross_head WHERE origin = ?1 ORDER BY teller",
        &[origin.into()],
    )?;
    rows.iter().map(cross_head).collect()
}

/// Records the proof that a log showed two histories; the first stays.
pub fn convict(tx: &mut dyn Tx, origin: &str, proof: &[u8], found: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO equivocation (origin, proof, found) VALUES (?1, ?2, ?3) ON CONFLICT (origin) DO NOTHING",
        &[origin.into(), proof.into(), found.into()],
    )?;
    Ok(())
}

/// The proof that a log showed two histories.
pub fn conviction(tx: &mut dyn Tx, origin: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = tx.query(
        "SELECT proof FROM equivocation WHERE origin = ?1",
        &[origin.into()],
    )?;
    rows.first().map(|row| row.bytes(0)).transpose()
}

fn cross_head(row: &Row) -> Result<CrossHeadRow, StoreError> {
    Ok(CrossHeadRow {
        origin: row.text(0)?,
        teller: row.text(1)?,
        size: row.count(2)?,
        checkpoint: row.bytes(3)?,
        received: row.integer(4)?,
    })
}
