//! Links by which an account is made: that of the first one, and invitations.
//!
//! In scope: rows; of a link's secret only the digest. Out of scope: how long one is good (`comity-node`).

use crate::error::StoreError;
use crate::state::account::Role;
use crate::state::{Row, Tx};

/// A link as it is kept. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WelcomeRow {
    /// The SHA-256 of its secret.
    pub digest: [u8; 32],
    /// The name of the account that it makes; '' where whoever opens it chooses one: the first account.
    pub account: String,
    /// The role of that account.
    pub role: Role,
    /// Where its person is reached.
    pub address: Option<String>,
    /// Who made the link.
    pub invited_by: String,
    /// When it was made.
    pub created: i64,
    /// When it ends.
    pub expires: i64,
}

/// Records a link in the place of an earlier one for the same name.
pub fn put(tx: &mut dyn Tx, row: &WelcomeRow) -> Result<(), StoreError> {
    remove(tx, &row.account)?;
    tx.execute(
        "INSERT INTO welcome_link (digest, account, role, address, invited_by, created, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            (&row.digest).into(),
            row.account.as_str().into(),
            row.role.word().into(),
            row.address.as_deref().into(),
            row.invited_by.as_str().into(),
            row.created.into(),
            row.expires.into(),
        ],
    )?;
    Ok(())
}

/// The link with this digest.
pub fn find(tx: &mut dyn Tx, digest: &[u8; 32]) -> Result<Option<WelcomeRow>, StoreError> {
    let rows = tx.query(
        "SELECT digest, account, role, address, invited_by, created, expires FROM welcome_link WHERE digest = ?1",
        &[digest.into()],
    )?;
    rows.first().map(welcome).transpose()
}

/// All links, by name.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<WelcomeRow>, StoreError> {
    let rows = tx.query(
        "SELECT digest, account, role, address, invited_by, created, expires FROM welcome_link ORDER BY account",
        &[],
    )?;
    rows.iter().map(welcome).collect()
}

/// Removes the link for a name; `false` when there was none.
pub fn remove(tx: &mut dyn Tx, account: &str) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM welcome_link WHERE account = ?1",
        &[account.into()],
    )?;
    Ok(removed == 1)
}

/// Removes links that ended.
pub fn prune(tx: &mut dyn Tx, now: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM welcome_link WHERE expires <= ?1",
        &[now.into()],
    )
}

fn welcome(row: &Row) -> Result<WelcomeRow, StoreError> {
    let word = row.text(2)?;
    let role = Role::parse(&word).ok_or_else(|| StoreError::Row {
        table: "welcome_link",
        what: format!("the role is {word:?}"),
    })?;
    Ok(WelcomeRow {
        digest: row.hash(0)?,
        account: row.text(1)?,
        role,
        address: row.optional_text(3)?,
        invited_by: row.text(4)?,
        created: row.integer(5)?,
        expires: row.integer(6)?,
    })
}
