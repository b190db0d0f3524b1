//! Accords: their texts by version, the signatures below them, and which is in force.
//!
//! In scope: rows. Out of scope: what a text says, who must sign (`comity-accord`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// One version of an accord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccordRow {
    /// Its name.
    pub name: String,
    /// Its version, from 1.
    pub version: u64,
    /// The text, byte for byte.
    pub text: String,
    /// The signed note over its hash.
    pub agreement: Vec<u8>,
    /// Where it stands, by its word.
    pub state: String,
    /// When that changed last, microseconds since 1970.
    pub changed: i64,
}

/// One version.
pub fn find(tx: &mut dyn Tx, name: &str, version: u64) -> Result<Option<AccordRow>, StoreError> {
    let rows = tx.query(
        "SELECT name, version, text, agreement, state, changed FROM accord WHERE name = ?1 AND version = ?2",
        &[name.into(), version.into()],
    )?;
    rows.first().map(accord).transpose()
}

/// Every version of every accord, by name and version.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<AccordRow>, StoreError> {
    let rows = tx.query(
        "SELECT name, version, text, agreement, state, changed FROM accord ORDER BY name, version",
        &[],
    )?;
    rows.iter().map(accord).collect()
}

/// Records a version, in the place of what was known of it.
pub fn put(tx: &mut dyn Tx, row: &AccordRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO accord (name, version, text, agreement, state, changed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (name, version) DO UPDATE SET text = excluded.text, agreement = excluded.agreement,
             state = excluded.state, changed = excluded.changed",
        &[
            row.name.as_str().into(),
            row.version.into(),
            row.text.as_str().into(),
            row.agreement.as_slice().into(),
            row.state.as_str().into(),
            row.changed.into(),
        ],
    )?;
    Ok(())
}

fn accord(row: &Row) -> Result<AccordRow, StoreError> {
    Ok(AccordRow {
        name: row.text(0)?,
        version: row.count(1)?,
        text: row.text(2)?,
        agreement: row.bytes(3)?,
        state: row.text(4)?,
        changed: row.integer(5)?,
    })
}
