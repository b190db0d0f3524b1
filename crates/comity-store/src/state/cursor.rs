//! How far an exchange with another server has come, so that it can go on after a stop.
//!
//! In scope: one text a source, written in the same breath as what it stands for. Out of scope: what the text says
//! (`comity-transport`).

use crate::error::StoreError;
use crate::state::Tx;

/// How far the exchange called `source` has come.
pub fn find(tx: &mut dyn Tx, source: &str) -> Result<Option<String>, StoreError> {
    let rows = tx.query(
        "SELECT cursor_text FROM exchange_cursor WHERE source = ?1",
        &[source.into()],
    )?;
    rows.first().map(|row| row.text(0)).transpose()
}

/// Records how far it has come.
pub fn put(tx: &mut dyn Tx, source: &str, cursor: &str, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO exchange_cursor (source, cursor_text, updated) VALUES (?1, ?2, ?3)
         ON CONFLICT (source) DO UPDATE SET cursor_text = excluded.cursor_text, updated = excluded.updated",
        &[source.into(), cursor.into(), now.into()],
    )?;
    Ok(())
}
