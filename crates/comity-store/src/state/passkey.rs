//! Passkeys: by what persons sign in without a password.
//!
//! In scope: rows; nothing in them is secret. Out of scope: what an authenticator says (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// A passkey as it is kept. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// The credential's id (WebAuthn Level 2 section 4), as the authenticator chose it.
    pub credential: Vec<u8>,
    /// By what it is listed and removed.
    pub id: String,
    /// The account that it signs in.
    pub account: String,
    /// What its person calls it.
    pub name: String,
    /// The relying party's id: the host name of the pages where it was made.
    pub relying_party: String,
    /// By what authenticators tell the account; random, no name.
    pub user_handle: Vec<u8>,
    /// The public key, a `COSE_Key` (RFC 9052 section 7).
    pub public_key: Vec<u8>,
    /// The signature counter of its newest answer.
    pub counter: u32,
    /// The flags of its newest answer (WebAuthn Level 2 section 6.1).
    pub flags: u8,
    /// When it was made.
    pub created: i64,
    /// When it signed its person in last.
    pub seen: Option<i64>,
}

/// Records a passkey; `false` when there is one of this credential.
pub fn add(tx: &mut dyn Tx, row: &PasskeyRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO passkey (credential, id, account, name, relying_party, user_handle, public_key, counter, flags, created, seen)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (credential) DO NOTHING",
        &[
            row.credential.as_slice().into(),
            row.id.as_str().into(),
            row.account.as_str().into(),
            row.name.as_str().into(),
            row.relying_party.as_str().into(),
            row.user_handle.as_slice().into(),
            row.public_key.as_slice().into(),
            i64::from(row.counter).into(),
            i64::from(row.flags).into(),
            row.created.into(),
            row.seen.into(),
        ],
    )?;
    Ok(added == 1)
}

/// The passkey of this credential.
pub fn find(tx: &mut dyn Tx, credential: &[u8]) -> Result<Option<PasskeyRow>, StoreError> {
    let rows = tx.query(
        "SELECT credential, id, account, name, relying_party, user_handle, public_key, counter, flags, created, seen
         FROM passkey WHERE credential = ?1",
        &[credential.into()],
    )?;
    rows.first().map(passkey).transpose()
}

/// The passkeys of an account, in the order in which they were made.
pub fn of_account(tx: &mut dyn Tx, account: &str) -> Result<Vec<PasskeyRow>, StoreError> {
    let rows = tx.query(
        "SELECT credential, id, account, name, relying_party, user_handle, public_key, counter, flags, created, seen
         FROM passkey WHERE account = ?1 ORDER BY created, id",
        &[account.into()],
    )?;
    rows.iter().map(passkey).collect()
}

/// Records an answer of a passkey whose counter was this until now; `false` when there is none such: another answer came before.
pub fn saw(
    tx: &mut dyn Tx,
    row: &PasskeyRow,
    (counter, flags): (u32, u8),
    now: i64,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE passkey SET counter = ?3, flags = ?4, seen = ?5 WHERE credential = ?1 AND counter = ?2",
        &[
            row.credential.as_slice().into(),
            i64::from(row.counter).into(),
            i64::from(counter).into(),
            i64::from(flags).into(),
            now.into(),
        ],
    )?;
    Ok(changed == 1)
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
    let wide = |what: &str| StoreError::Row {
        table: "passkey",
        what: format!("the {what} is out of its range"),
    };
    Ok(PasskeyRow {
        credential: row.bytes(0)?,
        id: row.text(1)?,
        account: row.text(2)?,
        name: row.text(3)?,
        relying_party: row.text(4)?,
        user_handle: row.bytes(5)?,
        public_key: row.bytes(6)?,
        counter: u32::try_from(row.integer(7)?).map_err(|_| wide("counter"))?,
        flags: u8::try_from(row.integer(8)?).map_err(|_| wide("flags"))?,
        created: row.integer(9)?,
        seen: row.optional_integer(10)?,
    })
}
