//! Witnesses that are no parties: their keys, and how much of the own log each has cosigned.
//!
//! In scope: rows. Out of scope: asking them (`comity`), their cosignatures (`ledger`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// A witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessRow {
    /// The name of its key.
    pub name: String,
    /// Its verifier key.
    pub vkey: String,
    /// Where it is asked.
    pub url: String,
    /// The size of the newest epoch that it cosigned last, as far as is known.
    pub size: u64,
}

/// Records a witness, in the place of what was known of it.
pub fn put(tx: &mut dyn Tx, row: &WitnessRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO witness (name, vkey, url, size) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO UPDATE SET vkey = excluded.vkey, url = excluded.url, size = excluded.size",
        &[
            row.name.as_str().into(),
            row.vkey.as_str().into(),
            row.url.as_str().into(),
            row.size.into(),
        ],
    )?;
    Ok(())
}

/// Every witness, by name.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<WitnessRow>, StoreError> {
    let rows = tx.query(
        "SELECT name, vkey, url, size FROM witness ORDER BY name",
        &[],
    )?;
    rows.iter().map(row_of).collect()
}

fn row_of(row: &Row) -> Result<WitnessRow, StoreError> {
    Ok(WitnessRow {
        name: row.text(0)?,
        vkey: row.text(1)?,
        url: row.text(2)?,
        size: row.count(3)?,
    })
}
