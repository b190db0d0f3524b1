//! Accounts: who may speak to the node, their roles and passwords.
//!
//! In scope: rows. Out of scope: hashing and checking (`comity-node`); only digests reach this module.

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::state::{Row, Tx, identity, passkey, second_factor, session, token};

/// What an account may do besides what collections grant it. The words are the command line's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Reads and adds.
    Analyst,
    /// Decides what leaves.
    Releaser,
    /// Answers requests and the hotline.
    Duty,
    /// Reads the ledger and the settings.
    Auditor,
    /// Manages accounts, collections and the node.
    Admin,
}

impl Role {
    /// All roles, in the order of the command line's help.
    pub const ALL: [Self; 6] = [
        Self::Viewer,
        Self::Analyst,
        Self::Releaser,
        Self::Duty,
        Self::Auditor,
        Self::Admin,
    ];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Releaser => "releaser",
            Self::Duty => "duty",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// The role that a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// An account as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name, as used to sign in.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// The password's hash in PHC form.
    pub password: String,
    /// When it was made, microseconds since 1970.
    pub created: i64,
    /// The other party that it belongs to: it sees what was released to that party and nothing else.
    pub party: Option<String>,
    /// Where its person is reached: what another party addresses there is for this account.
    pub address: Option<String>,
}

/// The account called `name`.
pub fn find(tx: &mut dyn Tx, name: &str) -> Result<Option<Account>, StoreError> {
    let rows = tx.query(
        "SELECT name, role, password, created, party, address FROM account WHERE name = ?1",
        &[name.into()],
    )?;
    rows.first().map(account).transpose()
}

/// All accounts, by name.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<Account>, StoreError> {
    let rows = tx.query(
        "SELECT name, role, password, created, party, address FROM account ORDER BY name",
        &[],
    )?;
    rows.iter().map(account).collect()
}

/// Records an account; `false` when the name is taken.
pub fn add(tx: &mut dyn Tx, account: &Account) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO account (name, role, password, created, party, address) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (name) DO NOTHING",
        &[
            account.name.as_str().into(),
            account.role.word().into(),
            account.password.as_str().into(),
            account.created.into(),
            account.party.as_deref().into(),
            account.address.as_deref().into(),
        ],
    )?;
    Ok(added == 1)
}

/// Records where the person of an account is reached; `false` when there is none of that name.
pub fn put_address(tx: &mut dyn Tx, name: &str, address: Option<&str>) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE account SET address = ?2 WHERE name = ?1",
        &[name.into(), address.into()],
    )?;
    Ok(changed == 1)
}

/// The own accounts whose person is reached at this address.
pub fn at_address(tx: &mut dyn Tx, address: &str) -> Result<Vec<Account>, StoreError> {
    let rows = tx.query(
        "SELECT name, role, password, created, party, address FROM account
         WHERE lower(address) = ?1 AND party IS NULL ORDER BY name",
        &[address.to_ascii_lowercase().as_str().into()],
    )?;
    rows.iter().map(account).collect()
}

/// The account that a token belongs to.
pub fn find_by_token(tx: &mut dyn Tx, digest: &[u8]) -> Result<Option<Account>, StoreError> {
    let rows = tx.query(
        "SELECT a.name, a.role, a.password, a.created, a.party, a.address FROM token t JOIN account a ON a.name = t.account
         WHERE t.digest = ?1",
        &[digest.into()],
    )?;
    rows.first().map(account).transpose()
}

/// Replaces the hash of a password; `false` when there is no account of that name.
pub fn put_password(tx: &mut dyn Tx, name: &str, password: &str) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE account SET password = ?2 WHERE name = ?1",
        &[name.into(), password.into()],
    )?;
    Ok(changed == 1)
}

/// Records another role; `false` when there is no account of that name.
pub fn put_role(tx: &mut dyn Tx, name: &str, role: Role) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE account SET role = ?2 WHERE name = ?1",
        &[name.into(), role.word().into()],
    )?;
    Ok(changed == 1)
}

/// How many accounts are those of this party's own persons.
pub fn count_own(tx: &mut dyn Tx) -> Result<u64, StoreError> {
    let rows = tx.query("SELECT count(*) FROM account WHERE party IS NULL", &[])?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

/// Removes an account with all by which it signs in, and its rights; `false` when there is none of that name.
pub fn remove(tx: &mut dyn Tx, name: &str) -> Result<bool, StoreError> {
    token::revoke_all(tx, name)?;
    session::end_all(tx, name, "")?;
    second_factor::remove(tx, name)?;
    passkey::remove_all(tx, name)?;
    identity::remove_all(tx, name)?;
    tx.execute(
        "DELETE FROM collection_right WHERE account = ?1",
        &[name.into()],
    )?;
    Ok(tx.execute("DELETE FROM account WHERE name = ?1", &[name.into()])? == 1)
}

fn account(row: &Row) -> Result<Account, StoreError> {
    let word = row.text(1)?;
    let role = Role::parse(&word).ok_or_else(|| StoreError::Row {
        table: "account",
        what: format!("the role is {word:?}"),
    })?;
    Ok(Account {
        name: row.text(0)?,
        role,
        password: row.text(2)?,
        created: row.integer(3)?,
        party: row.optional_text(4)?,
        address: row.optional_text(5)?,
    })
}
