//! Passkeys: public keys by which persons sign in.
//!
//! In scope: rows. Out of scope: registering and verifying (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// A passkey as it is kept. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// The credential's id, as the authenticator gave it.
    pub credential: Vec<u8>,
    /// By what it is listed and removed.
    pub id: String,
    /// The account.
    pub account: String,
    /// What its owner calls it.
    pub name: String,
    /// The algorithm, by its number in the COSE registry (RFC 9053).
    pub algorithm: i64,
    /// The public key, as that algorithm has it.
    pub public_key: Vec<u8>,
    /// How often it signed, as far as the authenticator counts.
    pub counter: u32,
    /// When it was registered.
    pub created: i64,
    /// When it was used last.
    pub seen: Option<i64>,
}

/// Records a passkey; `false` when there is one of that credential.
pub fn add(tx: &mut dyn Tx, row: &PasskeyRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO passkey (credential, id, account, name, algorithm, public_key, counter, created, seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (credential) DO NOTHING",
        &[
            row.credential.as_slice().into(),
            row.id.as_str().into(),
            row.account.as_str().into(),
            row.name.as_str().into(),
            row.algorithm.into(),
            row.public_key.as_slice().into(),
            row.counter.into(),
            row.created.into(),
            row.seen.into(),
        ],
    )?;
    Ok(added == 1)
}

/// The passkey of a credential.
pub fn find(tx: &mut dyn Tx, credential: &[u8]) -> Result<Option<PasskeyRow>, StoreError> {
    let rows = tx.query(
        "SELECT credential, id, account, name, algorithm, public_key, counter, created, seen FROM passkey
         WHERE credential = ?1",
        &[credential.into()],
    )?;
    rows.first().map(passkey).transpose()
}

/// The passkeys of an account, in the order in which they were registered.
pub fn of_account(tx: &mut dyn Tx, account: &str) -> Result<Vec<PasskeyRow>, StoreError> {
    let rows = tx.query(
        "SELECT credential, id, account, name, algorithm, public_key, counter, created, seen FROM passkey
         WHERE account = ?1 ORDER BY created, id",
        &[account.into()],
    )?;
    rows.iter().map(passkey).collect()
}

/// Records that a passkey was used.
pub fn used(tx: &mut dyn Tx, credential: &[u8], counter: u32, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE passkey SET counter = ?2, seen = ?3 WHERE credential = ?1",
        &[credential.into(), counter.into(), now.into()],
    )?;
    Ok(())
}

/// Removes one passkey of an account; `false` when there is none of that id.
pub fn remove(tx: &mut dyn Tx, account: &str, id: &str) -> Result<bool, StoreError> {
    let removed = tx.execute(
        "DELETE FROM passkey WHERE account = ?1 AND id = ?2",
        &[account.into(), id.into()],
    )?;
    Ok(removed == 1)
}

/// Removes every passkey of an account.
pub fn remove_all(tx: &mut dyn Tx, account: &str) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM passkey WHERE account = ?1", &[account.into()])
}

fn passkey(row: &Row) -> Result<PasskeyRow, StoreError> {
    let counter = row.integer(6)?;
    Ok(PasskeyRow {
        credential: row.bytes(0)?,
        id: row.text(1)?,
        account: row.text(2)?,
        name: row.text(3)?,
        algorithm: row.integer(4)?,
        public_key: row.bytes(5)?,
        counter: u32::try_from(counter).map_err(|_| StoreError::Row {
            table: "passkey",
            what: format!("the counter is {counter}"),
        })?,
        created: row.integer(7)?,
        seen: row.optional_integer(8)?,
    })
}
