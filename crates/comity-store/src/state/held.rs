//! Acts that wait for a second person: what somebody asked for, and what became of it.
//!
//! In scope: rows. Out of scope: who may look at one, doing it (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// The state of an act that nobody has decided.
pub const WAITING: &str = "waiting";
/// The state of an act that a second person said yes to, and of which it is not known yet what it came to.
pub const BEGUN: &str = "begun";

/// An act that waits, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRow {
    /// Its id.
    pub id: String,
    /// The operation's name.
    pub operation: String,
    /// Its arguments, a JSON object.
    pub arguments: String,
    /// The account that asked.
    pub asked_by: String,
    /// Why a second person must look.
    pub reason: String,
    /// [`WAITING`], [`BEGUN`], `done` or `declined`.
    pub state: String,
    /// When it was asked, microseconds since 1970.
    pub asked: i64,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When it was decided.
    pub decided: Option<i64>,
    /// What it came to, JSON; of one that was declined, or could not be done, the reason.
    pub outcome: Option<String>,
}

/// A decision on an act.
#[derive(Clone, Copy, Debug)]
pub struct Settled<'a> {
    /// The act.
    pub id: &'a str,
    /// The state in which it must be.
    pub from: &'a str,
    /// The state that it comes to.
    pub to: &'a str,
    /// Who decided; none while nobody has.
    pub by: Option<&'a str>,
    /// When, microseconds since 1970.
    pub at: Option<i64>,
    /// What it came to.
    pub outcome: Option<&'a str>,
}

/// Records an act.
pub fn add(tx: &mut dyn Tx, row: &HeldRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO held_act (id, operation, arguments, asked_by, reason, state, asked, decided_by, decided, outcome)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        &[
            row.id.as_str().into(),
            row.operation.as_str().into(),
            row.arguments.as_str().into(),
            row.asked_by.as_str().into(),
            row.reason.as_str().into(),
            row.state.as_str().into(),
            row.asked.into(),
            row.decided_by.as_deref().into(),
            row.decided.into(),
            row.outcome.as_deref().into(),
        ],
    )?;
    Ok(())
}

/// The act of an id.
pub fn find(tx: &mut dyn Tx, id: &str) -> Result<Option<HeldRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, operation, arguments, asked_by, reason, state, asked, decided_by, decided, outcome FROM held_act WHERE id = ?1",
        &[id.into()],
    )?;
    rows.first().map(read).transpose()
}

/// What was asked since a time, the newest first, this many at most.
pub fn since(tx: &mut dyn Tx, since: i64, limit: u32) -> Result<Vec<HeldRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, operation, arguments, asked_by, reason, state, asked, decided_by, decided, outcome FROM held_act
         WHERE asked >= ?1 ORDER BY asked DESC, id LIMIT ?2",
        &[since.into(), i64::from(limit).into()],
    )?;
    rows.iter().map(read).collect()
}

/// How many acts of an account have waited since a time.
pub fn waiting(tx: &mut dyn Tx, account: &str, since: i64) -> Result<u64, StoreError> {
    let rows = tx.query(
        "SELECT COUNT(*) FROM held_act WHERE asked_by = ?1 AND state = 'waiting' AND asked >= ?2",
        &[account.into(), since.into()],
    )?;
    let count = rows.first().map_or(Ok(0), |row| row.integer(0))?;
    Ok(count.unsigned_abs())
}

/// Records a decision; `false` where the act is in another state, for somebody decided before.
pub fn settle(tx: &mut dyn Tx, settled: &Settled<'_>) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE held_act SET state = ?3, decided_by = ?4, decided = ?5, outcome = ?6 WHERE id = ?1 AND state = ?2",
        &[
            settled.id.into(),
            settled.from.into(),
            settled.to.into(),
            settled.by.into(),
            settled.at.into(),
            settled.outcome.into(),
        ],
    )?;
    Ok(changed == 1)
}

/// Forgets what was asked before a time.
pub fn prune(tx: &mut dyn Tx, before: i64) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM held_act WHERE asked < ?1", &[before.into()])
}

fn read(row: &Row) -> Result<HeldRow, StoreError> {
    Ok(HeldRow {
        id: row.text(0)?,
        operation: row.text(1)?,
        arguments: row.text(2)?,
        asked_by: row.text(3)?,
        reason: row.text(4)?,
        state: row.text(5)?,
        asked: row.integer(6)?,
        decided_by: row.optional_text(7)?,
        decided: row.optional_integer(8)?,
        outcome: row.optional_text(9)?,
    })
}
