//! Channels: how far each has come, in both directions.
//!
//! In scope: rows. Out of scope: what comes next (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// Which way a channel goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From this node.
    Out,
    /// To this node.
    In,
}

impl Direction {
    /// Its word in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }
}

/// How far a channel has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelRow {
    /// Its name.
    pub channel: String,
    /// The epoch of its sender's log.
    pub epoch: u32,
    /// With whom.
    pub party: String,
    /// Its lane, by its word.
    pub lane: String,
    /// The last envelope of the unbroken row from 1; 0 before the first.
    pub seq: u64,
    /// That envelope's identity.
    pub last: Option<[u8; 32]>,
}

/// A channel in one epoch.
pub fn find(
    tx: &mut dyn Tx,
    direction: Direction,
    channel: &str,
    epoch: u32,
) -> Result<Option<ChannelRow>, StoreError> {
    let rows = tx.query(
        "SELECT channel, epoch, party, lane, seq, last FROM channel WHERE direction = ?1 AND channel = ?2 AND epoch = ?3",
        &[direction.word().into(), channel.into(), epoch.into()],
    )?;
    rows.first().map(row_of).transpose()
}

/// The channels with a party.
pub fn with_party(
    tx: &mut dyn Tx,
    direction: Direction,
    party: &str,
) -> Result<Vec<ChannelRow>, StoreError> {
    let rows = tx.query(
        "SELECT channel, epoch, party, lane, seq, last FROM channel WHERE direction = ?1 AND party = ?2
         ORDER BY channel, epoch",
        &[direction.word().into(), party.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// Records how far a channel has come.
pub fn put(tx: &mut dyn Tx, direction: Direction, row: &ChannelRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO channel (channel, epoch, direction, party, lane, seq, last) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (direction, channel, epoch) DO UPDATE SET seq = excluded.seq, last = excluded.last",
        &[
            row.channel.as_str().into(),
            row.epoch.into(),
            direction.word().into(),
            row.party.as_str().into(),
            row.lane.as_str().into(),
            row.seq.into(),
            row.last.as_ref().map(|hash| &hash[..]).into(),
        ],
    )?;
    Ok(())
}

fn row_of(row: &Row) -> Result<ChannelRow, StoreError> {
    let last = match row.optional_bytes(5)? {
        None => None,
        Some(_) => Some(row.hash(5)?),
    };
    Ok(ChannelRow {
        channel: row.text(0)?,
        epoch: super::ledger::small(row, 1)?,
        party: row.text(2)?,
        lane: row.text(3)?,
        seq: row.count(4)?,
        last,
    })
}
