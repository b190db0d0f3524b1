//! Sources: from whom an object came that did not originate here, and under what it was given.
//!
//! A row is written before its object is, so that no object of another party is ever taken for an own one.
//!
//! In scope: rows. Out of scope: what they mean for release (`comity-release`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// One source of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// The object's id.
    pub id: String,
    /// Who gave it.
    pub party: String,
    /// The label under which it was given, as TLP writes it.
    pub label: Option<String>,
    /// Whether it may be passed on, as far as its giver's terms say.
    pub onward: bool,
    /// The persons for whom it was, a JSON list.
    pub persons: Option<String>,
    /// When it came, microseconds since 1970.
    pub received: i64,
}

/// Records a source; what it said first of the label stays unless the new one is given.
pub fn put(tx: &mut dyn Tx, row: &SourceRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO object_source (id, party, label, onward, persons, received) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id, party) DO UPDATE SET label = coalesce(excluded.label, object_source.label),
             onward = excluded.onward, persons = excluded.persons",
        &[
            row.id.as_str().into(),
            row.party.as_str().into(),
            row.label.as_deref().into(),
            i64::from(row.onward).into(),
            row.persons.as_deref().into(),
            row.received.into(),
        ],
    )?;
    Ok(())
}

/// The sources of an object; none when it originated here.
pub fn of(tx: &mut dyn Tx, id: &str) -> Result<Vec<SourceRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, party, label, onward, persons, received FROM object_source WHERE id = ?1 ORDER BY party",
        &[id.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// Forgets a source: its object was recalled.
pub fn remove(tx: &mut dyn Tx, id: &str, party: &str) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "DELETE FROM object_source WHERE id = ?1 AND party = ?2",
        &[id.into(), party.into()],
    )?;
    Ok(changed == 1)
}

fn row_of(row: &Row) -> Result<SourceRow, StoreError> {
    Ok(SourceRow {
        id: row.text(0)?,
        party: row.text(1)?,
        label: row.optional_text(2)?,
        onward: row.integer(3)? != 0,
        persons: row.optional_text(4)?,
        received: row.integer(5)?,
    })
}
