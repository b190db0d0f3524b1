//! The inbox: envelopes of other parties, from when they are stored until their content is applied, and after.
//!
//! In scope: rows. Out of scope: checking and applying them (`comity-node`).

use crate::error::StoreError;
use crate::state::ledger::small;
use crate::state::outbox::{size_of, stretch_of};
use crate::state::{Row, Tx};

// As in the outbox, payloads stand apart from what is said of them.
const KEEP: &str =
    "INSERT INTO inbox_payload (of_envelope, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
const FORGET: &str = "DELETE FROM inbox_payload WHERE of_envelope = ?1";

/// An envelope that this node received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// Its identity.
    pub envelope: [u8; 32],
    /// From whom.
    pub party: String,
    /// The sender's log, without the epoch.
    pub origin: String,
    /// The epoch of that log.
    pub epoch: u32,
    /// Its lane, by its word.
    pub lane: String,
    /// Its channel.
    pub channel: String,
    /// Its place in the channel.
    pub seq: u64,
    /// Its kind, by its word.
    pub kind: String,
    /// The signed header.
    pub header: Vec<u8>,
    /// What opens its leaf.
    pub blind: [u8; 32],
    /// What opens its commitment; none once it was erased.
    pub opening: Option<Vec<u8>>,
    /// The payload; none once it was erased.
    pub payload: Option<Vec<u8>>,
    /// The tlog-proof with which it came.
    pub proof: Vec<u8>,
    /// `parked` (something before it is missing), `stored`, `applied` or `refused`.
    pub state: String,
    /// What became of its content.
    pub outcome: Option<String>,
    /// When it came, or when it got its place in the channel; microseconds since 1970.
    pub received: i64,
}

/// Records an envelope; `false` when its place in the channel is taken.
pub fn add(tx: &mut dyn Tx, row: &InboxRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO inbox (envelope, party, origin, epoch, lane, channel, seq, kind, header, blind, opening, size,
             proof, state, outcome, received)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) ON CONFLICT DO NOTHING",
        &[
            (&row.envelope).into(),
            row.party.as_str().into(),
            row.origin.as_str().into(),
            row.epoch.into(),
            row.lane.as_str().into(),
            row.channel.as_str().into(),
            row.seq.into(),
            row.kind.as_str().into(),
            row.header.as_slice().into(),
            (&row.blind).into(),
            row.opening.as_deref().into(),
            size_of(row.payload.as_deref()).into(),
            row.proof.as_slice().into(),
            row.state.as_str().into(),
            row.outcome.as_deref().into(),
            row.received.into(),
        ],
    )?;
    if let Some(payload) = row.payload.as_ref().filter(|_| added == 1) {
        tx.execute(KEEP, &[(&row.envelope).into(), payload.as_slice().into()])?;
    }
    Ok(added == 1)
}

/// The envelope with this identity.
pub fn find(tx: &mut dyn Tx, envelope: &[u8; 32]) -> Result<Option<InboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, origin, epoch, lane, channel, seq, kind, header, blind, opening, bytes, proof, state,
             outcome, received FROM inbox LEFT JOIN inbox_payload ON of_envelope = envelope WHERE envelope = ?1",
        &[envelope.into()],
    )?;
    rows.first().map(row_of).transpose()
}

/// Envelopes whose identity lies between two, both included.
pub fn within(
    tx: &mut dyn Tx,
    (first, last): (&[u8; 32], &[u8; 32]),
    limit: u64,
) -> Result<Vec<InboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, origin, epoch, lane, channel, seq, kind, header, blind, NULL, NULL, proof, state,
             outcome, received FROM inbox WHERE envelope >= ?1 AND envelope <= ?2 ORDER BY envelope LIMIT ?3",
        &[first.into(), last.into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// The envelope in a place of a channel.
pub fn at(
    tx: &mut dyn Tx,
    channel: &str,
    epoch: u32,
    seq: u64,
) -> Result<Option<InboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, origin, epoch, lane, channel, seq, kind, header, blind, opening, bytes, proof, state,
             outcome, received FROM inbox LEFT JOIN inbox_payload ON of_envelope = envelope WHERE channel = ?1 AND epoch = ?2 AND seq = ?3",
        &[channel.into(), epoch.into(), seq.into()],
    )?;
    rows.first().map(row_of).transpose()
}

/// Envelopes in a state, in the order in which they came, at most `limit`.
pub fn in_state(tx: &mut dyn Tx, state: &str, limit: u64) -> Result<Vec<InboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, origin, epoch, lane, channel, seq, kind, header, blind, opening, bytes, proof, state,
             outcome, received FROM inbox LEFT JOIN inbox_payload ON of_envelope = envelope WHERE state = ?1 ORDER BY received, channel, epoch, seq LIMIT ?2",
        &[state.into(), limit.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// Envelopes from one party or from all, newest first, at most `limit`; `before` is where the stretch before ended.
pub fn list(
    tx: &mut dyn Tx,
    party: Option<&str>,
    before: Option<&[u8; 32]>,
    limit: u64,
) -> Result<Vec<InboxRow>, StoreError> {
    let rows = tx.query(
        "SELECT envelope, party, origin, epoch, lane, channel, seq, kind, header, blind, NULL, NULL, proof, state,
             outcome, received FROM inbox
         WHERE (?1 = '' OR party = ?1) AND (CAST(?2 AS bigint) = 0 OR (received, seq, envelope)
             < (SELECT b.received, b.seq, b.envelope FROM inbox b WHERE b.envelope = ?3))
         ORDER BY received DESC, seq DESC, envelope DESC LIMIT ?4",
        &stretch_of(party, before, limit),
    )?;
    rows.iter().map(row_of).collect()
}

/// How many envelopes of a channel wait for something before them, beyond `seq`, and their bytes.
pub fn beyond(
    tx: &mut dyn Tx,
    channel: &str,
    epoch: u32,
    seq: u64,
) -> Result<(u64, u64), StoreError> {
    let rows = tx.query(
        "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM inbox WHERE channel = ?1 AND epoch = ?2 AND seq > ?3",
        &[channel.into(), epoch.into(), seq.into()],
    )?;
    let counts = |row: &Row| Ok((row.count(0)?, row.count(1)?));
    rows.first().map_or(Ok((0, 0)), counts)
}

/// Envelopes of a channel that are stored and not applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unapplied {
    /// The channel.
    pub channel: String,
    /// The epoch.
    pub epoch: u32,
    /// How many.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What is stored and not applied, by channel.
pub fn unapplied(tx: &mut dyn Tx) -> Result<Vec<Unapplied>, StoreError> {
    let rows = tx.query(
        "SELECT channel, epoch, count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM inbox WHERE state = 'stored'
         GROUP BY channel, epoch",
        &[],
    )?;
    let unapplied = |row: &Row| {
        Ok(Unapplied {
            channel: row.text(0)?,
            epoch: small(row, 1)?,
            items: row.count(2)?,
            bytes: row.count(3)?,
        })
    };
    rows.iter().map(unapplied).collect()
}

/// Moves an envelope to another state.
pub fn settle(
    tx: &mut dyn Tx,
    envelope: &[u8; 32],
    state: &str,
    outcome: Option<&str>,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE inbox SET state = ?2, outcome = ?3 WHERE envelope = ?1",
        &[envelope.into(), state.into(), outcome.into()],
    )?;
    Ok(changed == 1)
}

/// Records that an envelope has its place now: what was parked is applied after what it waited for.
pub fn placed(tx: &mut dyn Tx, envelope: &[u8; 32], now: i64) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE inbox SET received = ?2 WHERE envelope = ?1",
        &[envelope.into(), now.into()],
    )?;
    Ok(changed == 1)
}

/// Removes an envelope that was parked and does not fit its place.
pub fn remove(tx: &mut dyn Tx, envelope: &[u8; 32]) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "DELETE FROM inbox WHERE envelope = ?1 AND state = 'parked'",
        &[envelope.into()],
    )?;
    if changed == 1 {
        tx.execute(FORGET, &[envelope.into()])?;
    }
    Ok(changed == 1)
}

/// Identities of envelopes that are stored (not those that wait for one before them), from `first` to `last`, in their order, at most `limit`.
pub fn identities(
    tx: &mut dyn Tx,
    first: &[u8; 32],
    last: &[u8; 32],
    limit: u64,
) -> Result<Vec<[u8; 32]>, StoreError> {
    let rows = tx.query(
        "SELECT envelope FROM inbox WHERE envelope >= ?1 AND envelope <= ?2 AND state <> 'parked' ORDER BY envelope LIMIT ?3",
        &[first.into(), last.into(), limit.into()],
    )?;
    rows.iter().map(|row| row.hash(0)).collect()
}

/// Forgets what an envelope said; that there was one remains.
pub fn erase(tx: &mut dyn Tx, envelope: &[u8; 32]) -> Result<bool, StoreError> {
    tx.execute(FORGET, &[envelope.into()])?;
    let changed = tx.execute(
        "UPDATE inbox SET opening = NULL, size = 0 WHERE envelope = ?1",
        &[envelope.into()],
    )?;
    Ok(changed == 1)
}

fn row_of(row: &Row) -> Result<InboxRow, StoreError> {
    Ok(InboxRow {
        envelope: row.hash(0)?,
        party: row.text(1)?,
        origin: row.text(2)?,
        epoch: small(row, 3)?,
        lane: row.text(4)?,
        channel: row.text(5)?,
        seq: row.count(6)?,
        kind: row.text(7)?,
        header: row.bytes(8)?,
        blind: row.hash(9)?,
        opening: row.optional_bytes(10)?,
        payload: row.optional_bytes(11)?,
        proof: row.bytes(12)?,
        state: row.text(13)?,
        outcome: row.optional_text(14)?,
        received: row.integer(15)?,
    })
}
