//! The audit log: who did what, from where, and how it ended.
//!
//! In scope: rows. Out of scope: what is written down (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// A row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number; later ones are larger.
    pub id: i64,
    /// When, microseconds since 1970.
    pub at: i64,
    /// The account, or the name that somebody gave; '' for the operator.
    pub account: String,
    /// By which way: a word, and for sessions and tokens their id.
    pub way: String,
    /// From where; '' for the operator.
    pub place: String,
    /// What was asked for.
    pub operation: String,
    /// Of what.
    pub target: String,
    /// How it ended.
    pub outcome: String,
}

/// Which rows are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Only those older than the row with this number.
    pub before: Option<i64>,
    /// Only those of this account.
    pub account: Option<String>,
    /// Only those of this operation.
    pub operation: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// Records a row under the next number, which is answered; its own is not looked at.
pub fn add(tx: &mut dyn Tx, row: &AuditRow) -> Result<i64, StoreError> {
    let newest = tx.query("SELECT coalesce(max(id), 0) FROM audit", &[])?;
    let id = newest.first().map_or(Ok(0), |row| row.integer(0))? + 1;
    tx.execute(
        "INSERT INTO audit (id, at, account, way, place, operation, target, outcome) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        &[
            id.into(),
            row.at.into(),
            row.account.as_str().into(),
            row.way.as_str().into(),
            row.place.as_str().into(),
            row.operation.as_str().into(),
            row.target.as_str().into(),
            row.outcome.as_str().into(),
        ],
    )?;
    Ok(id)
}

/// Rows, the newest first.
pub fn list(tx: &mut dyn Tx, asked: &Asked) -> Result<Vec<AuditRow>, StoreError> {
    let before = asked.before.unwrap_or(i64::MAX).into();
    let limit = asked.limit.into();
    let rows = match (asked.account.as_deref(), asked.operation.as_deref()) {
        (None, None) => tx.query(
            "SELECT id, at, account, way, place, operation, target, outcome FROM audit
             WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
            &[before, limit],
        ),
        (Some(account), None) => tx.query(
            "SELECT id, at, account, way, place, operation, target, outcome FROM audit
             WHERE account = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2",
            &[before, limit, account.into()],
        ),
        (None, Some(operation)) => tx.query(
            "SELECT id, at, account, way, place, operation, target, outcome FROM audit
             WHERE operation = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2",
            &[before, limit, operation.into()],
        ),
        (Some(account), Some(operation)) => tx.query(
            "SELECT id, at, account, way, place, operation, target, outcome FROM audit
             WHERE account = ?3 AND operation = ?4 AND id < ?1 ORDER BY id DESC LIMIT ?2",
            &[before, limit, account.into(), operation.into()],
        ),
    }?;
    rows.iter().map(audit).collect()
}

/// Removes rows older than `cutoff` but never the newest; answers how many.
pub fn prune(tx: &mut dyn Tx, cutoff: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM audit WHERE at < ?1 AND id < (SELECT max(id) FROM audit)",
        &[cutoff.into()],
    )
}

fn audit(row: &Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        id: row.integer(0)?,
        at: row.integer(1)?,
        account: row.text(2)?,
        way: row.text(3)?,
        place: row.text(4)?,
        operation: row.text(5)?,
        target: row.text(6)?,
        outcome: row.text(7)?,
    })
}
