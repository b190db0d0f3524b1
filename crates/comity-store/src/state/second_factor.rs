//! Second factors: what makes one-time codes, and the codes that stand in for a lost device.
//!
//! In scope: rows. Out of scope: computing codes (`comity-node`).

use crate::error::StoreError;
use crate::state::Tx;

/// What makes the one-time codes of an account. Times are microseconds since 1970.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactorRow {
    /// The account.
    pub account: String,
    /// The secret that both sides compute with.
    pub secret: Vec<u8>,
    /// When it was made.
    pub created: i64,
    /// When the first right code showed that the person has it; in force from then on.
    pub confirmed: Option<i64>,
    /// The number of the newest time step whose code was taken; none before it is taken any more.
    pub last_step: i64,
}

impl std::fmt::Debug for SecondFactorRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecondFactorRow")
            .field("account", &self.account)
            .field("confirmed", &self.confirmed)
            .finish_non_exhaustive()
    }
}

/// Records it in the place of one that was there.
pub fn put(tx: &mut dyn Tx, row: &SecondFactorRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO second_factor (account, secret, created, confirmed, last_step) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (account) DO UPDATE SET secret = excluded.secret, created = excluded.created,
         confirmed = excluded.confirmed, last_step = excluded.last_step",
        &[
            row.account.as_str().into(),
            row.secret.as_slice().into(),
            row.created.into(),
            row.confirmed.into(),
            row.last_step.into(),
        ],
    )?;
    Ok(())
}

/// What makes the codes of an account.
pub fn find(tx: &mut dyn Tx, account: &str) -> Result<Option<SecondFactorRow>, StoreError> {
    let rows = tx.query(
        "SELECT account, secret, created, confirmed, last_step FROM second_factor WHERE account = ?1",
        &[account.into()],
    )?;
    let row = rows.first().map(|row| {
        Ok::<_, StoreError>(SecondFactorRow {
            account: row.text(0)?,
            secret: row.bytes(1)?,
            created: row.integer(2)?,
            confirmed: row.optional_integer(3)?,
            last_step: row.integer(4)?,
        })
    });
    row.transpose()
}

/// Takes the code of a time step, once: `false` when it, or a later one, was taken before.
pub fn take_step(tx: &mut dyn Tx, account: &str, step: i64) -> Result<bool, StoreError> {
    let taken = tx.execute(
        "UPDATE second_factor SET last_step = ?2 WHERE account = ?1 AND last_step < ?2",
        &[account.into(), step.into()],
    )?;
    Ok(taken == 1)
}

/// Removes it with its recovery codes; `false` when there was none.
pub fn remove(tx: &mut dyn Tx, account: &str) -> Result<bool, StoreError> {
    tx.execute(
        "DELETE FROM recovery_code WHERE account = ?1",
        &[account.into()],
    )?;
    let removed = tx.execute(
        "DELETE FROM second_factor WHERE account = ?1",
        &[account.into()],
    )?;
    Ok(removed == 1)
}

/// Records recovery codes by their digests, in the place of those that were there.
pub fn put_recovery(
    tx: &mut dyn Tx,
    account: &str,
    digests: &[[u8; 32]],
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM recovery_code WHERE account = ?1",
        &[account.into()],
    )?;
    for digest in digests {
        tx.execute(
            "INSERT INTO recovery_code (account, digest) VALUES (?1, ?2)",
            &[account.into(), digest.into()],
        )?;
    }
    Ok(())
}

/// Takes a recovery code, once: `false` when there is none of that digest.
pub fn take_recovery(
    tx: &mut dyn Tx,
    account: &str,
    digest: &[u8; 32],
) -> Result<bool, StoreError> {
    let taken = tx.execute(
        "DELETE FROM recovery_code WHERE account = ?1 AND digest = ?2",
        &[account.into(), digest.into()],
    )?;
    Ok(taken == 1)
}

/// How many recovery codes an account has left.
pub fn recovery_left(tx: &mut dyn Tx, account: &str) -> Result<u64, StoreError> {
    let rows = tx.query(
        "SELECT count(*) FROM recovery_code WHERE account = ?1",
        &[account.into()],
    )?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}
