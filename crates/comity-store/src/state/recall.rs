//! Recalls: what was asked back from whom, or by whom from this node, and what became of it.
//!
//! In scope: rows. Out of scope: what a recall does (`comity-release`, `comity-node`).

use crate::error::StoreError;
use crate::state::channel::Direction;
use crate::state::{Row, Tx};

/// A recall with one party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecallRow {
    /// Its number with whoever asks.
    pub id: String,
    /// The other party.
    pub party: String,
    /// The ids of the objects, a JSON list.
    pub objects: String,
    /// Why.
    pub reason: String,
    /// Where it stands, by its word.
    pub state: String,
    /// The answer, JSON.
    pub answer: Option<String>,
    /// When it was asked, microseconds since 1970.
    pub asked: i64,
    /// By when it must be answered, microseconds since 1970.
    pub due: Option<i64>,
    /// When its state changed last, microseconds since 1970.
    pub changed: i64,
}

/// Records a recall, in the place of what was known of it.
pub fn put(tx: &mut dyn Tx, direction: Direction, row: &RecallRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO recall (id, party, direction, objects, reason, state, answer, asked, due, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (id, party, direction) DO UPDATE SET state = excluded.state, answer = excluded.answer,
             changed = excluded.changed",
        &[
            row.id.as_str().into(),
            row.party.as_str().into(),
            direction.word().into(),
            row.objects.as_str().into(),
            row.reason.as_str().into(),
            row.state.as_str().into(),
            row.answer.as_deref().into(),
            row.asked.into(),
            row.due.into(),
            row.changed.into(),
        ],
    )?;
    Ok(())
}

/// One recall with one party.
pub fn find(
    tx: &mut dyn Tx,
    direction: Direction,
    id: &str,
    party: &str,
) -> Result<Option<RecallRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, party, objects, reason, state, answer, asked, due, changed FROM recall
         WHERE direction = ?1 AND id = ?2 AND party = ?3",
        &[direction.word().into(), id.into(), party.into()],
    )?;
    rows.first().map(row_of).transpose()
}

/// Every recall in one direction, newest first.
pub fn list(tx: &mut dyn Tx, direction: Direction) -> Result<Vec<RecallRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, party, objects, reason, state, answer, asked, due, changed FROM recall
         WHERE direction = ?1 ORDER BY asked DESC, id LIMIT 1000",
        &[direction.word().into()],
    )?;
    rows.iter().map(row_of).collect()
}

fn row_of(row: &Row) -> Result<RecallRow, StoreError> {
    Ok(RecallRow {
        id: row.text(0)?,
        party: row.text(1)?,
        objects: row.text(2)?,
        reason: row.text(3)?,
        state: row.text(4)?,
        answer: row.optional_text(5)?,
        asked: row.integer(6)?,
        due: row.optional_integer(7)?,
        changed: row.integer(8)?,
    })
}
