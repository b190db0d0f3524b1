//! Receipts: those that this node gave, until the other side has cosigned them, and those that it got.
//!
//! In scope: rows. Out of scope: making and checking them (`comity-node`).

use crate::error::StoreError;
use crate::state::channel::Direction;
use crate::state::ledger::small;
use crate::state::{Row, Tx};

/// A receipt of one envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRow {
    /// The envelope.
    pub envelope: [u8; 32],
    /// With whom.
    pub party: String,
    /// The receipt's signed header.
    pub header: Vec<u8>,
    /// What opens its leaf.
    pub blind: [u8; 32],
    /// What opens its commitment.
    pub opening: [u8; 32],
    /// Its payload.
    pub payload: Vec<u8>,
    /// The tlog-proof with which it came; none for those given, whose proof is made when they are sent.
    pub proof: Option<Vec<u8>>,
    /// The epoch of the log that holds it.
    pub epoch: u32,
    /// Where its leaf stands there.
    pub position: u64,
    /// The size of that log at the checkpoint of its proof.
    pub size: u64,
    /// Whether the other side has not cosigned it yet.
    pub owed: bool,
    /// When it may be sent again, microseconds since 1970.
    pub next_attempt: i64,
    /// How often it was sent.
    pub attempts: u64,
    /// When it was made or came, microseconds since 1970.
    pub changed: i64,
}

/// Records a receipt; the first for an envelope stays.
pub fn add(tx: &mut dyn Tx, direction: Direction, row: &ReceiptRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO receipt (envelope, direction, party, header, blind, opening, payload, proof, epoch, position, size,
             owed, next_attempt, attempts, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) ON CONFLICT (envelope) DO NOTHING",
        &[
            (&row.envelope).into(),
            direction.word().into(),
            row.party.as_str().into(),
            row.header.as_slice().into(),
            (&row.blind).into(),
            (&row.opening).into(),
            row.payload.as_slice().into(),
            row.proof.as_deref().into(),
            row.epoch.into(),
            row.position.into(),
            row.size.into(),
            i64::from(row.owed).into(),
            row.next_attempt.into(),
            row.attempts.into(),
            row.changed.into(),
        ],
    )?;
    Ok(())
}

/// Puts a receipt that was given anew in the place of the one before, to be sent at once.
pub fn renew(tx: &mut dyn Tx, row: &ReceiptRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE receipt SET header = ?2, blind = ?3, opening = ?4, epoch = ?5, position = ?6, size = 0, attempts = 0
         WHERE envelope = ?1 AND direction = 'in'",
        &[
            (&row.envelope).into(),
            row.header.as_slice().into(),
            (&row.blind).into(),
            (&row.opening).into(),
            row.epoch.into(),
            row.position.into(),
        ],
    )?;
    Ok(())
}

/// The receipt of an envelope.
pub fn find(tx: &mut dyn Tx, envelope: &[u8; 32]) -> Result<Option<ReceiptRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, header, blind, opening, payload, proof, epoch, position, size, owed, next_attempt,
             attempts, changed FROM receipt WHERE envelope = ?1",
        &[envelope.into()],
    )?;
    rows.first().map(row_of).transpose()
}

/// Receipts that a party has not cosigned and that may be sent now, oldest first, at most `limit`.
pub fn owed(
    tx: &mut dyn Tx,
    party: &str,
    now: i64,
    limit: u64,
) -> Result<Vec<ReceiptRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, header, blind, opening, payload, proof, epoch, position, size, owed, next_attempt,
             attempts, changed FROM receipt WHERE party = ?1 AND owed = 1 AND direction = 'in' AND next_attempt <= ?2
         ORDER BY epoch, position LIMIT ?3",
        &[party.into(), now.into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// When the next receipt that a party has not cosigned may be sent.
pub fn next_owed(tx: &mut dyn Tx, party: &str) -> Result<Option<i64>, StoreError> {
    let rows = tx.query(
        "SELECT min(next_attempt) FROM receipt WHERE party = ?1 AND owed = 1 AND direction = 'in'",
        &[party.into()],
    )?;
    rows.first().map_or(Ok(None), |row| row.optional_integer(0))
}

/// How many receipts a party has not cosigned.
pub fn owed_count(tx: &mut dyn Tx, party: &str) -> Result<u64, StoreError> {
    let rows = tx.query(
        "SELECT count(*) FROM receipt WHERE party = ?1 AND owed = 1 AND direction = 'in'",
        &[party.into()],
    )?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

/// Records that a receipt was sent, with a proof at this size of the log.
pub fn sent(
    tx: &mut dyn Tx,
    envelope: &[u8; 32],
    size: u64,
    next_attempt: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE receipt SET attempts = attempts + 1, size = ?2, next_attempt = ?3 WHERE envelope = ?1",
        &[envelope.into(), size.into(), next_attempt.into()],
    )?;
    Ok(())
}

/// A receipt that is asked for again is due at once, and no cosignature settles it before it was sent again: the head may
/// have come without it.
pub fn hurry(tx: &mut dyn Tx, envelope: &[u8; 32], now: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE receipt SET next_attempt = ?2, owed = 1, size = 0 WHERE envelope = ?1 AND direction = 'in'",
        &[envelope.into(), now.into()],
    )?;
    Ok(())
}

/// Makes every receipt that a party has not cosigned due at once.
pub fn hurry_all(tx: &mut dyn Tx, party: &str, now: i64) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE receipt SET next_attempt = ?2 WHERE party = ?1 AND owed = 1 AND direction = 'in'",
        &[party.into(), now.into()],
    )
}

/// Records that a party cosigned the own log up to a size: it holds every receipt below.
pub fn acknowledged(
    tx: &mut dyn Tx,
    party: &str,
    epoch: u32,
    size: u64,
) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE receipt SET owed = 0 WHERE party = ?1 AND direction = 'in' AND owed = 1 AND epoch = ?2
             AND size > 0 AND size <= ?3",
        &[party.into(), epoch.into(), size.into()],
    )
}

fn row_of(row: &Row) -> Result<ReceiptRow, StoreError> {
    Ok(ReceiptRow {
        envelope: row.hash(0)?,
        party: row.text(1)?,
        header: row.bytes(2)?,
        blind: row.hash(3)?,
        opening: row.hash(4)?,
        payload: row.bytes(5)?,
        proof: row.optional_bytes(6)?,
        epoch: small(row, 7)?,
        position: row.count(8)?,
        size: row.count(9)?,
        owed: row.integer(10)? != 0,
        next_attempt: row.integer(11)?,
        attempts: row.count(12)?,
        changed: row.integer(13)?,
    })
}
