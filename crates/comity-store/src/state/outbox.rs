//! The outbox: envelopes of this node, until their receipts are here, and after.
//!
//! In scope: rows. Out of scope: when to send (`comity-node`).

use crate::error::StoreError;
use crate::state::ledger::small;
use crate::state::{Row, Tx, Value};

/// An envelope that this node sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its identity.
    pub envelope: [u8; 32],
    /// To whom.
    pub party: String,
    /// Its lane, by its word.
    pub lane: String,
    /// Its channel.
    pub channel: String,
    /// The epoch of the own log.
    pub epoch: u32,
    /// Its place in the channel.
    pub seq: u64,
    /// Its kind, by its word.
    pub kind: String,
    /// Where its leaf stands in the own log.
    pub position: u64,
    /// The signed header.
    pub header: Vec<u8>,
    /// What opens its leaf.
    pub blind: [u8; 32],
    /// What opens its commitment; none once it was erased.
    pub opening: Option<Vec<u8>>,
    /// The payload; none once it was erased.
    pub payload: Option<Vec<u8>>,
    /// `queued`, `sent`, `receipted`, `refused`, `deposited` or `void`.
    pub state: String,
    /// Why, in words for the operator.
    pub reason: Option<String>,
    /// When it was made, microseconds since 1970.
    pub created: i64,
    /// By when an answer is due, microseconds since 1970.
    pub due: Option<i64>,
    /// How often it was sent.
    pub attempts: u64,
    /// When it may be sent again, microseconds since 1970.
    pub next_attempt: i64,
    /// When its state changed last, microseconds since 1970.
    pub changed: i64,
}

/// Where an envelope stands in its channel, and how large its payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxPlace {
    /// Its place.
    pub seq: u64,
    /// The bytes of its payload.
    pub bytes: u64,
}

impl OutboxRow {
    /// Where it stands, and how large it is.
    pub fn place(&self) -> OutboxPlace {
        OutboxPlace {
            seq: self.seq,
            bytes: size_of(self.payload.as_deref()),
        }
    }
}

/// Records a new envelope.
pub fn add(tx: &mut dyn Tx, row: &OutboxRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO outbox (envelope, party, lane, channel, epoch, seq, kind, position, header, blind, opening, size,
             state, reason, created, due, attempts, next_attempt, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
        &[
            (&row.envelope).into(),
            row.party.as_str().into(),
            row.lane.as_str().into(),
            row.channel.as_str().into(),
            row.epoch.into(),
            row.seq.into(),
            row.kind.as_str().into(),
            row.position.into(),
            row.header.as_slice().into(),
            (&row.blind).into(),
            row.opening.as_deref().into(),
            row.place().bytes.into(),
            row.state.as_str().into(),
            row.reason.as_deref().into(),
            row.created.into(),
            row.due.into(),
            row.attempts.into(),
            row.next_attempt.into(),
            row.changed.into(),
        ],
    )?;
    if let Some(payload) = &row.payload {
        tx.execute(KEEP, &[(&row.envelope).into(), payload.as_slice().into()])?;
    }
    Ok(())
}

/// The bytes of a payload that is there.
pub(crate) fn size_of(payload: Option<&[u8]>) -> u64 {
    payload.map_or(0, |payload| {
        u64::try_from(payload.len()).unwrap_or(u64::MAX)
    })
}

/// Payloads stand apart from what is said of them: a row is written anew whenever its state changes, and read when its
/// neighbours are looked for.
const KEEP: &str =
    "INSERT INTO outbox_payload (of_envelope, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

/// The envelope with this identity.
pub fn find(tx: &mut dyn Tx, envelope: &[u8; 32]) -> Result<Option<OutboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, lane, channel, epoch, seq, kind, position, header, blind, opening, bytes,
             state, reason, created, due, attempts, next_attempt, changed
         FROM outbox LEFT JOIN outbox_payload ON of_envelope = envelope WHERE envelope = ?1",
        &[envelope.into()],
    )?;
    rows.first().map(row_of).transpose()
}

/// Envelopes whose identity lies between two, both included.
pub fn within(
    tx: &mut dyn Tx,
    (first, last): (&[u8; 32], &[u8; 32]),
    limit: u64,
) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, lane, channel, epoch, seq, kind, position, header, blind, NULL, NULL,
             state, reason, created, due, attempts, next_attempt, changed FROM outbox
         WHERE envelope >= ?1 AND envelope <= ?2 ORDER BY envelope LIMIT ?3",
        &[first.into(), last.into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// Envelopes of a channel that may be sent now, in their order, at most `limit`.
pub fn due(
    tx: &mut dyn Tx,
    channel: &str,
    epoch: u32,
    now: i64,
    limit: u64,
) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, lane, channel, epoch, seq, kind, position, header, blind, opening, bytes,
             state, reason, created, due, attempts, next_attempt, changed
         FROM outbox LEFT JOIN outbox_payload ON of_envelope = envelope
         WHERE channel = ?1 AND epoch = ?2 AND state IN ('queued', 'sent') AND next_attempt <= ?3
         ORDER BY seq LIMIT ?4",
        &[channel.into(), epoch.into(), now.into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// The first envelope of a channel that may be sent now.
pub fn first_due(
    tx: &mut dyn Tx,
    channel: &str,
    epoch: u32,
    now: i64,
) -> Result<Option<OutboxPlace>, StoreError> {
    let rows = tx.query(
        "SELECT seq, size FROM outbox
         WHERE channel = ?1 AND epoch = ?2 AND state IN ('queued', 'sent') AND next_attempt <= ?3
         ORDER BY seq LIMIT 1",
        &[channel.into(), epoch.into(), now.into()],
    )?;
    rows.first().map(place).transpose()
}

/// The bytes of the payloads of a channel from one place up to, but not including, another.
pub fn bytes_between(
    tx: &mut dyn Tx,
    channel: &str,
    epoch: u32,
    (from, to): (u64, u64),
) -> Result<u64, StoreError> {
    if from >= to {
        return Ok(0);
    }
    let rows = tx.query(
        "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM outbox
         WHERE channel = ?1 AND epoch = ?2 AND seq >= ?3 AND seq < ?4",
        &[channel.into(), epoch.into(), from.into(), to.into()],
    )?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

/// Envelopes of a stretch of a channel, whatever their state.
pub fn stretch(
    tx: &mut dyn Tx,
    channel: &str,
    epoch: u32,
    places: (u64, u64),
    limit: u64,
) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, lane, channel, epoch, seq, kind, position, header, blind, opening, bytes,
             state, reason, created, due, attempts, next_attempt, changed
         FROM outbox LEFT JOIN outbox_payload ON of_envelope = envelope
         WHERE channel = ?1 AND epoch = ?2 AND seq BETWEEN ?3 AND ?4 ORDER BY seq LIMIT ?5",
        &[
            channel.into(),
            epoch.into(),
            places.0.into(),
            places.1.into(),
            limit.into(),
        ],
    )?;
    rows.iter().map(row_of).collect()
}

/// What a list of envelopes is asked for: those of one party or of all, behind one of them or from the newest on.
pub(crate) fn stretch_of(party: Option<&str>, before: Option<&[u8; 32]>, limit: u64) -> [Value; 4] {
    [
        party.unwrap_or_default().into(),
        i64::from(before.is_some()).into(),
        before.unwrap_or(&[0; 32]).into(),
        limit.into(),
    ]
}

/// Envelopes to one party or to all, newest first, at most `limit`; `before` is where the stretch before ended.
pub fn list(
    tx: &mut dyn Tx,
    party: Option<&str>,
    before: Option<&[u8; 32]>,
    limit: u64,
) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, lane, channel, epoch, seq, kind, position, header, blind, NULL, NULL,
             state, reason, created, due, attempts, next_attempt, changed FROM outbox
         WHERE (?1 = '' OR party = ?1) AND (CAST(?2 AS bigint) = 0 OR (created, seq, envelope)
             < (SELECT b.created, b.seq, b.envelope FROM outbox b WHERE b.envelope = ?3))
         ORDER BY created DESC, seq DESC, envelope DESC LIMIT ?4",
        &stretch_of(party, before, limit),
    )?;
    rows.iter().map(row_of).collect()
}

/// Envelopes that were refused, by the other side or because the exchange with it ended, as [`list`] gives all.
pub fn undelivered(
    tx: &mut dyn Tx,
    party: Option<&str>,
    before: Option<&[u8; 32]>,
    limit: u64,
) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, lane, channel, epoch, seq, kind, position, header, blind, NULL, NULL,
             state, reason, created, due, attempts, next_attempt, changed FROM outbox
         WHERE state = 'refused' AND (?1 = '' OR party = ?1)
             AND (CAST(?2 AS bigint) = 0 OR (created, seq, envelope)
             < (SELECT b.created, b.seq, b.envelope FROM outbox b WHERE b.envelope = ?3))
         ORDER BY created DESC, seq DESC, envelope DESC LIMIT ?4",
        &stretch_of(party, before, limit),
    )?;
    rows.iter().map(row_of).collect()
}

/// How many envelopes to a party wait, and since when the oldest does.
pub fn waiting(tx: &mut dyn Tx, party: &str) -> Result<(u64, Option<i64>), StoreError> {
    let rows = tx.query(
        "SELECT count(*), min(created) FROM outbox WHERE party = ?1 AND state IN ('queued', 'sent')",
        &[party.into()],
    )?;
    match rows.first() {
        None => Ok((0, None)),
        Some(row) => Ok((row.count(0)?, row.optional_integer(1)?)),
    }
}

/// The first envelope of a channel that has no receipt yet.
pub fn first_waiting(
    tx: &mut dyn Tx,
    channel: &str,
    epoch: u32,
) -> Result<Option<OutboxPlace>, StoreError> {
    let rows = tx.query(
        "SELECT seq, size FROM outbox
         WHERE channel = ?1 AND epoch = ?2 AND state IN ('queued', 'sent') ORDER BY seq LIMIT 1",
        &[channel.into(), epoch.into()],
    )?;
    rows.first().map(place).transpose()
}

/// How many envelopes to a party have their receipt and stand in the own log from `position` on.
pub fn receipted_from(
    tx: &mut dyn Tx,
    party: &str,
    epoch: u32,
    position: u64,
) -> Result<u64, StoreError> {
    let rows = tx.query(
        "SELECT count(*) FROM outbox WHERE party = ?1 AND epoch = ?2 AND state = 'receipted' AND position >= ?3",
        &[party.into(), epoch.into(), position.into()],
    )?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

/// When the next envelope of a channel may be sent, among the first thousand that wait: what stands behind them goes later.
pub fn next_attempt(tx: &mut dyn Tx, channel: &str, epoch: u32) -> Result<Option<i64>, StoreError> {
    // In their order, so that SQLite reads the index of what waits; for min() it reads the whole channel.
    let rows = tx.query(
        "SELECT next_attempt FROM outbox WHERE channel = ?1 AND epoch = ?2 AND state IN ('queued', 'sent')
         ORDER BY seq LIMIT 1000",
        &[channel.into(), epoch.into()],
    )?;
    let times = rows.iter().map(|row| row.integer(0));
    Ok(times.collect::<Result<Vec<_>, _>>()?.into_iter().min())
}

/// Records that an envelope was handed to a way out.
pub fn sent(
    tx: &mut dyn Tx,
    envelope: &[u8; 32],
    next_attempt: i64,
    now: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE outbox SET state = CASE WHEN state = 'queued' THEN 'sent' ELSE state END, attempts = attempts + 1,
             next_attempt = ?2, changed = ?3 WHERE envelope = ?1",
        &[envelope.into(), next_attempt.into(), now.into()],
    )?;
    Ok(())
}

/// Moves an envelope to another state.
pub fn settle(
    tx: &mut dyn Tx,
    envelope: &[u8; 32],
    state: &str,
    reason: Option<&str>,
    now: i64,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE outbox SET state = ?2, reason = ?3, changed = ?4 WHERE envelope = ?1",
        &[envelope.into(), state.into(), reason.into(), now.into()],
    )?;
    Ok(changed == 1)
}

/// Says something of an envelope that goes on waiting.
pub fn remark(tx: &mut dyn Tx, envelope: &[u8; 32], reason: &str) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE outbox SET reason = ?2 WHERE envelope = ?1",
        &[envelope.into(), reason.into()],
    )?;
    Ok(changed == 1)
}

/// Makes envelopes to a party due at once that would wait beyond `later`: it was heard from.
pub fn hurry(tx: &mut dyn Tx, party: &str, now: i64, later: i64) -> Result<u64, StoreError> {
    tx.execute(
        "UPDATE outbox SET next_attempt = ?2 WHERE party = ?1 AND state IN ('queued', 'sent') AND next_attempt > ?3",
        &[party.into(), now.into(), later.into()],
    )
}

/// Envelopes to a party that have no receipt yet, in the order in which they were made.
pub fn unsettled(tx: &mut dyn Tx, party: &str) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, lane, channel, epoch, seq, kind, position, header, blind, opening, bytes,
             state, reason, created, due, attempts, next_attempt, changed
         FROM outbox LEFT JOIN outbox_payload ON of_envelope = envelope
         WHERE party = ?1 AND state IN ('queued', 'sent') ORDER BY epoch, position",
        &[party.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// Identities of envelopes that this node sends, from `first` to `last`, in their order, at most `limit`.
pub fn identities(
    tx: &mut dyn Tx,
    first: &[u8; 32],
    last: &[u8; 32],
    limit: u64,
) -> Result<Vec<[u8; 32]>, StoreError> {
    let rows = tx.query(
        "SELECT envelope FROM outbox WHERE envelope >= ?1 AND envelope <= ?2 ORDER BY envelope LIMIT ?3",
        &[first.into(), last.into(), limit.into()],
    )?;
    rows.iter().map(|row| row.hash(0)).collect()
}

/// Forgets what an envelope said; that there was one remains.
pub fn erase(tx: &mut dyn Tx, envelope: &[u8; 32]) -> Result<bool, StoreError> {
    tx.execute(
        "DELETE FROM outbox_payload WHERE of_envelope = ?1",
        &[envelope.into()],
    )?;
    let changed = tx.execute(
        "UPDATE outbox SET opening = NULL, size = 0 WHERE envelope = ?1",
        &[envelope.into()],
    )?;
    Ok(changed == 1)
}

fn place(row: &Row) -> Result<OutboxPlace, StoreError> {
    Ok(OutboxPlace {
        seq: row.count(0)?,
        bytes: row.count(1)?,
    })
}

fn row_of(row: &Row) -> Result<OutboxRow, StoreError> {
    Ok(OutboxRow {
        envelope: row.hash(0)?,
        party: row.text(1)?,
        lane: row.text(2)?,
        channel: row.text(3)?,
        epoch: small(row, 4)?,
        seq: row.count(5)?,
        kind: row.text(6)?,
        position: row.count(7)?,
        header: row.bytes(8)?,
        blind: row.hash(9)?,
        opening: row.optional_bytes(10)?,
        payload: row.optional_bytes(11)?,
        state: row.text(12)?,
        reason: row.optional_text(13)?,
        created: row.integer(14)?,
        due: row.optional_integer(15)?,
        attempts: row.count(16)?,
        next_attempt: row.integer(17)?,
        changed: row.integer(18)?,
    })
}
