//! Sessions: who is signed in by a browser, since when and from where.
//!
//! In scope: rows; of a session's secret only the digest. Out of scope: when one ends by itself (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// A session as it is kept. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The SHA-256 of its secret.
    pub digest: [u8; 32],
    /// By what it is listed and ended; no secret.
    pub id: String,
    /// The account.
    pub account: String,
    /// By what the person signed in, a word.
    pub means: String,
    /// When it was opened.
    pub created: i64,
    /// When it was used last, to about a minute.
    pub seen: i64,
    /// When it ends at the latest.
    pub expires: i64,
    /// The address that it was opened from.
    pub place: String,
    /// The program that it was opened by, as it calls itself.
    pub agent: String,
}

/// Records a session.
pub fn add(tx: &mut dyn Tx, row: &SessionRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO session (digest, id, account, means, created, seen, expires, place, agent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        &[
            (&row.digest).into(),
            row.id.as_str().into(),
            row.account.as_str().into(),
            row.means.as_str().into(),
            row.created.into(),
            row.seen.into(),
            row.expires.into(),
            row.place.as_str().into(),
            row.agent.as_str().into(),
        ],
    )?;
    Ok(())
}

/// The session with this digest.
pub fn find(tx: &mut dyn Tx, digest: &[u8; 32]) -> Result<Option<SessionRow>, StoreError> {
    let rows = tx.query(
        "SELECT digest, id, account, means, created, seen, expires, place, agent FROM session WHERE digest = ?1",
        &[digest.into()],
    )?;
    rows.first().map(session).transpose()
}

/// The sessions of an account, the newest first.
pub fn of_account(tx: &mut dyn Tx, account: &str) -> Result<Vec<SessionRow>, StoreError> {
    let rows = tx.query(
        "SELECT digest, id, account, means, created, seen, expires, place, agent FROM session
         WHERE account = ?1 ORDER BY created DESC, id",
        &[account.into()],
    )?;
    rows.iter().map(session).collect()
}

/// Records that a session was used.
pub fn saw(tx: &mut dyn Tx, digest: &[u8; 32], now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE session SET seen = ?2 WHERE digest = ?1 AND seen < ?2",
        &[digest.into(), now.into()],
    )?;
    Ok(())
}

/// Ends one session of an account; `false` when there is none of that id.
pub fn end(tx: &mut dyn Tx, account: &str, id: &str) -> Result<bool, StoreError> {
    let ended = tx.execute(
        "DELETE FROM session WHERE account = ?1 AND id = ?2",
        &[account.into(), id.into()],
    )?;
    Ok(ended == 1)
}

/// Ends every session of an account but the one called `except`; answers how many there were.
pub fn end_all(tx: &mut dyn Tx, account: &str, except: &str) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM session WHERE account = ?1 AND id <> ?2",
        &[account.into(), except.into()],
    )
}

/// Ends every session of an account that was opened by these means but the one called `except`; answers how many there were.
pub fn end_by_means(
    tx: &mut dyn Tx,
    account: &str,
    means: &str,
    except: &str,
) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM session WHERE account = ?1 AND means = ?2 AND id <> ?3",
        &[account.into(), means.into(), except.into()],
    )
}

/// Removes sessions that ended: at their last moment, or because nobody used them since `idle`.
pub fn prune(tx: &mut dyn Tx, now: i64, idle: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM session WHERE expires <= ?1 OR seen <= ?2",
        &[now.into(), idle.into()],
    )
}

fn session(row: &Row) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        digest: row.hash(0)?,
        id: row.text(1)?,
        account: row.text(2)?,
        means: row.text(3)?,
        created: row.integer(4)?,
        seen: row.integer(5)?,
        expires: row.integer(6)?,
        place: row.text(7)?,
        agent: row.text(8)?,
    })
}
