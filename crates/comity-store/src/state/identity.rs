//! Identities: who an account is at a provider of identities (`OpenID` Connect).
//!
//! In scope: rows; nothing in them is secret. Out of scope: what a provider says (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// An identity as it is kept. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityRow {
    /// The provider.
    pub issuer: String,
    /// What the provider calls the person, for good (`OpenID` Connect Core section 8).
    pub subject: String,
    /// By what it is listed and removed.
    pub id: String,
    /// The account that it signs in.
    pub account: String,
    /// When it was linked.
    pub created: i64,
    /// When it signed its person in last.
    pub seen: Option<i64>,
}

/// Records an identity; `false` when it is an account's already.
pub fn add(tx: &mut dyn Tx, row: &IdentityRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO identity (issuer, subject, id, account, created, seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (issuer, subject) DO NOTHING",
        &[
            row.issuer.as_str().into(),
            row.subject.as_str().into(),
            row.id.as_str().into(),
            row.account.as_str().into(),
            row.created.into(),
            row.seen.into(),
        ],
    )?;
    Ok(added == 1)
}

/// The identity of this subject at this issuer.
pub fn find(
    tx: &mut dyn Tx,
    issuer: &str,
    subject: &str,
) -> Result<Option<IdentityRow>, StoreError> {
    let rows = tx.query(
        "SELECT issuer, subject, id, account, created, seen FROM identity WHERE issuer = ?1 AND subject = ?2",
        &[issuer.into(), subject.into()],
    )?;
    rows.first().map(identity).transpose()
}

/// The identities of an account, in the order in which they were linked.
pub fn of_account(tx: &mut dyn Tx, account: &str) -> Result<Vec<IdentityRow>, StoreError> {
    let rows = tx.query(
        "SELECT issuer, subject, id, account, created, seen FROM identity WHERE account = ?1 ORDER BY created, id",
        &[account.into()],
    )?;
    rows.iter().map(identity).collect()
}

/// Records that an identity signed its person in; `false` when there is none of that id any more.
pub fn saw(tx: &mut dyn Tx, id: &str, now: i64) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE identity SET seen = ?2 WHERE id = ?1",
        &[id.into(), now.into()],
    )?;
    Ok(changed == 1)
}

/// Removes one identity of an account; `false` when there is none of that id.
pub fn remove(tx: &mut dyn Tx, account: &str, id: &str) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM identity WHERE account = ?1 AND id = ?2",
        &[account.into(), id.into()],
    )?;
    Ok(removed == 1)
}

/// Removes every identity of an account.
pub fn remove_all(tx: &mut dyn Tx, account: &str) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM identity WHERE account = ?1", &[account.into()])
}

fn identity(row: &Row) -> Result<IdentityRow, StoreError> {
    Ok(IdentityRow {
        issuer: row.text(0)?,
        subject: row.text(1)?,
        id: row.text(2)?,
        account: row.text(3)?,
        created: row.integer(4)?,
        seen: row.optional_integer(5)?,
    })
}
