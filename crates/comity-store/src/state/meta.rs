//! Facts about the node itself, by name: its party, its domain, the next number of a view.
//!
//! In scope: reading and writing them. Out of scope: settings, which are a file (`comity`).

use crate::error::StoreError;
use crate::state::Tx;

/// The fact called `name`.
pub fn find(tx: &mut dyn Tx, name: &str) -> Result<Option<String>, StoreError> {
    let rows = tx.query("SELECT value FROM meta WHERE name = ?1", &[name.into()])?;
    rows.first().map(|row| row.text(0)).transpose()
}

/// Records a fact, in the place of an earlier one of that name.
pub fn put(tx: &mut dyn Tx, name: &str, value: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[name.into(), value.into()],
    )?;
    Ok(())
}
