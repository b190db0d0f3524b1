//! Revocations: notes by which a party's root took keys out of use, and what was cosigned before they became known.
//!
//! In scope: rows. Out of scope: whether a note counts (`comity-accord`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// A revocation as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationRow {
    /// The party whose key it is; the own one too.
    pub party: String,
    /// Which of that party's, from 1.
    pub number: u64,
    /// The signed note.
    pub note: Vec<u8>,
    /// When it became known here, microseconds since 1970.
    pub known: i64,
    /// The newest heads of the party's logs that this node cosigned before, with its cosignature; one note after another.
    pub held: Vec<u8>,
}

/// Keeps a revocation, the next of its party.
pub fn add(tx: &mut dyn Tx, row: &RevocationRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO revocation (party, number, note, known, held) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            row.party.as_str().into(),
            row.number.into(),
            row.note.as_slice().into(),
            row.known.into(),
            row.held.as_slice().into(),
        ],
    )?;
    Ok(())
}

/// Every revocation of a party, in the order in which they became known.
pub fn of_party(tx: &mut dyn Tx, party: &str) -> Result<Vec<RevocationRow>, StoreError> {
    let rows = tx.query(
        "SELECT party, number, note, known, held FROM revocation WHERE party = ?1 ORDER BY number",
        &[party.into()],
    )?;
    rows.iter().map(revocation).collect()
}

/// How many revocations of a party there are.
pub fn count(tx: &mut dyn Tx, party: &str) -> Result<u64, StoreError> {
    let rows = tx.query(
        "SELECT count(*) FROM revocation WHERE party = ?1",
        &[party.into()],
    )?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

fn revocation(row: &Row) -> Result<RevocationRow, StoreError> {
    Ok(RevocationRow {
        party: row.text(0)?,
        number: row.count(1)?,
        note: row.bytes(2)?,
        known: row.integer(3)?,
        held: row.bytes(4)?,
    })
}
