//! Calls that are to be done once: the key of each with what it came to.
//!
//! In scope: rows. Out of scope: doing anything (`comity-node`).

use crate::error::StoreError;
use crate::state::Tx;

/// A key of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedRow {
    /// Whose it is.
    pub account: String,
    /// The key.
    pub key: String,
    /// SHA-256 of what was asked.
    pub digest: [u8; 32],
    /// What it came to, as JSON; none while that is not known.
    pub answer: Option<String>,
    /// When it was begun, microseconds since 1970.
    pub at: i64,
}

/// Records a key; `false` where the account used it before.
pub fn begin(tx: &mut dyn Tx, row: &RepeatedRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO repeated_call (account, key, digest, answer, at) VALUES (?1, ?2, ?3, NULL, ?4) ON CONFLICT DO NOTHING",
        &[
            row.account.as_str().into(),
            row.key.as_str().into(),
            (&row.digest).into(),
            row.at.into(),
        ],
    )?;
    Ok(added == 1)
}

/// What is known of a key.
pub fn find(tx: &mut dyn Tx, account: &str, key: &str) -> Result<Option<RepeatedRow>, StoreError> {
    let rows = tx.query(
        "SELECT account, key, digest, answer, at FROM repeated_call WHERE account = ?1 AND key = ?2",
        &[account.into(), key.into()],
    )?;
    let row = |row: &crate::state::Row| {
        Ok(RepeatedRow {
            account: row.text(0)?,
            key: row.text(1)?,
            digest: row.hash(2)?,
            answer: row.optional_text(3)?,
            at: row.integer(4)?,
        })
    };
    rows.first().map(row).transpose()
}

/// Records what the call of a key came to.
pub fn end(tx: &mut dyn Tx, account: &str, key: &str, answer: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE repeated_call SET answer = ?3 WHERE account = ?1 AND key = ?2",
        &[account.into(), key.into(), answer.into()],
    )?;
    Ok(())
}

/// Forgets a key whose call changed nothing.
pub fn forget(tx: &mut dyn Tx, account: &str, key: &str) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM repeated_call WHERE account = ?1 AND key = ?2",
        &[account.into(), key.into()],
    )?;
    Ok(())
}

/// Forgets keys that were begun before a time.
pub fn prune(tx: &mut dyn Tx, before: i64) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM repeated_call WHERE at < ?1", &[before.into()])
}
