//! What is kept until it is whole or fetched: parts of large payloads, and envelopes deposited for a third party.
//!
//! In scope: rows. Out of scope: what they are worth (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// A part of a large payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRow {
    /// Whose.
    pub party: String,
    /// SHA-256 of the whole, hexadecimal.
    pub whole: String,
    /// Which part, from 0.
    pub part: u32,
    /// How many there are.
    pub parts: u32,
    /// What the whole is, by its word.
    pub kind: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// When it came, microseconds since 1970.
    pub received: i64,
}

/// Records a part; one that is there already stays.
pub fn add_part(tx: &mut dyn Tx, row: &PartRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO part (party, whole, part, parts, kind, bytes, received) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (party, whole, part) DO NOTHING",
        &[
            row.party.as_str().into(),
            row.whole.as_str().into(),
            row.part.into(),
            row.parts.into(),
            row.kind.as_str().into(),
            row.bytes.as_slice().into(),
            row.received.into(),
        ],
    )?;
    Ok(())
}

/// The parts of a whole that are there, in order.
pub fn parts(tx: &mut dyn Tx, party: &str, whole: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let rows = tx.query(
        "SELECT bytes FROM part WHERE party = ?1 AND whole = ?2 ORDER BY part",
        &[party.into(), whole.into()],
    )?;
    rows.iter().map(|row| row.bytes(0)).collect()
}

/// How many parts of a whole are there.
pub fn parts_count(tx: &mut dyn Tx, party: &str, whole: &str) -> Result<u64, StoreError> {
    let rows = tx.query(
        "SELECT count(*) FROM part WHERE party = ?1 AND whole = ?2",
        &[party.into(), whole.into()],
    )?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

/// Forgets the parts of a whole that was applied.
pub fn forget_parts(tx: &mut dyn Tx, party: &str, whole: &str) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM part WHERE party = ?1 AND whole = ?2",
        &[party.into(), whole.into()],
    )
}

/// An envelope kept for a third party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositRow {
    /// Its identity.
    pub envelope: [u8; 32],
    /// Who deposited it.
    pub depositor: String,
    /// For whom: the origin of that party's log.
    pub recipient: String,
    /// The message that carries it, sealed to the recipient.
    pub message: Vec<u8>,
    /// `kept` or `fetched`.
    pub state: String,
    /// When it came, microseconds since 1970.
    pub received: i64,
}

/// Records a deposit; one that is there already stays.
pub fn add(tx: &mut dyn Tx, row: &DepositRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO deposit (envelope, depositor, recipient, message, state, received) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (envelope) DO NOTHING",
        &[
            (&row.envelope).into(),
            row.depositor.as_str().into(),
            row.recipient.as_str().into(),
            row.message.as_slice().into(),
            row.state.as_str().into(),
            row.received.into(),
        ],
    )?;
    Ok(())
}

/// Deposits that wait for a recipient, oldest first, at most `limit`.
pub fn kept_for(
    tx: &mut dyn Tx,
    recipient: &str,
    limit: u64,
) -> Result<Vec<DepositRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, depositor, recipient, message, state, received FROM deposit
         WHERE recipient = ?1 AND state = 'kept' ORDER BY received LIMIT ?2",
        &[recipient.into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// Records that the recipient holds an envelope.
pub fn fetched(tx: &mut dyn Tx, envelope: &[u8; 32], recipient: &str) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE deposit SET state = 'fetched' WHERE envelope = ?1 AND recipient = ?2",
        &[envelope.into(), recipient.into()],
    )?;
    Ok(changed == 1)
}

fn row_of(row: &Row) -> Result<DepositRow, StoreError> {
    Ok(DepositRow {
        envelope: row.hash(0)?,
        depositor: row.text(1)?,
        recipient: row.text(2)?,
        message: row.bytes(3)?,
        state: row.text(4)?,
        received: row.integer(5)?,
    })
}
