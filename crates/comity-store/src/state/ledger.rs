//! The node's own log: its epochs, its entries, and the hash tiles of this and of mirrored logs.
//!
//! In scope: rows. Out of scope: hashing, signing (`comity-ledger`), what an entry means.

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// One epoch of the own log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// The epoch.
    pub epoch: u32,
    /// The log's origin, with its epoch.
    pub origin: String,
    /// Entries in it.
    pub size: u64,
    /// The root at this size.
    pub root: [u8; 32],
    /// When it was opened, microseconds since 1970.
    pub opened: i64,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Its place.
    pub position: u64,
    /// What it is, by its word; never leaves the node.
    pub kind: String,
    /// The leaf.
    pub leaf: Vec<u8>,
    /// The envelope that it stands for, if it stands for one.
    pub envelope: Option<Vec<u8>>,
    /// When it was made, microseconds since 1970.
    pub created: i64,
}

/// The newest epoch.
pub fn newest(tx: &mut dyn Tx) -> Result<Option<LogRow>, StoreError> {
    let rows = tx.query(
        "SELECT epoch, origin, size, root, opened FROM ledger_log ORDER BY epoch DESC LIMIT 1",
        &[],
    )?;
    rows.first().map(log).transpose()
}

/// Every epoch, oldest first.
pub fn epochs(tx: &mut dyn Tx) -> Result<Vec<LogRow>, StoreError> {
    let rows = tx.query(
        "SELECT epoch, origin, size, root, opened FROM ledger_log ORDER BY epoch",
        &[],
    )?;
    rows.iter().map(log).collect()
}

/// Opens an epoch.
pub fn open(tx: &mut dyn Tx, row: &LogRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO ledger_log (epoch, origin, size, root, opened) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            row.epoch.into(),
            row.origin.as_str().into(),
            row.size.into(),
            (&row.root).into(),
            row.opened.into(),
        ],
    )?;
    Ok(())
}

/// Takes an epoch from one size to the next; `false` when it has another size meanwhile.
pub fn grow(
    tx: &mut dyn Tx,
    epoch: u32,
    old: u64,
    size: u64,
    root: &[u8; 32],
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE ledger_log SET size = ?3, root = ?4 WHERE epoch = ?1 AND size = ?2",
        &[epoch.into(), old.into(), size.into(), root.into()],
    )?;
    Ok(changed == 1)
}

/// Records an entry.
pub fn add_entry(tx: &mut dyn Tx, epoch: u32, row: &EntryRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO ledger_entry (epoch, position, kind, leaf, envelope, created) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            epoch.into(),
            row.position.into(),
            row.kind.as_str().into(),
            row.leaf.as_slice().into(),
            row.envelope.as_deref().into(),
            row.created.into(),
        ],
    )?;
    Ok(())
}

/// Entries of an epoch from a position on, at most `limit`.
pub fn entries(
    tx: &mut dyn Tx,
    epoch: u32,
    from: u64,
    limit: u64,
) -> Result<Vec<EntryRow>, StoreError> {
    let rows = tx.query(
        "SELECT position, kind, leaf, envelope, created FROM ledger_entry
         WHERE epoch = ?1 AND position >= ?2 ORDER BY position LIMIT ?3",
        &[epoch.into(), from.into(), limit.into()],
    )?;
    rows.iter().map(entry).collect()
}

/// Where the entry of an envelope stands.
pub fn position_of(tx: &mut dyn Tx, envelope: &[u8]) -> Result<Option<(u32, u64)>, StoreError> {
    let rows = tx.query(
        "SELECT epoch, position FROM ledger_entry WHERE envelope = ?1",
        &[envelope.into()],
    )?;
    let place = |row: &Row| Ok((small(row, 0)?, row.count(1)?));
    rows.first().map(place).transpose()
}

/// A hash tile, as full as it is.
pub fn tile(
    tx: &mut dyn Tx,
    origin: &str,
    level: u32,
    number: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = tx.query(
        "SELECT hashes FROM ledger_tile WHERE origin = ?1 AND level = ?2 AND number = ?3",
        &[origin.into(), level.into(), number.into()],
    )?;
    rows.first().map(|row| row.bytes(0)).transpose()
}

/// Records a hash tile, in the place of a less full one.
pub fn put_tile(
    tx: &mut dyn Tx,
    origin: &str,
    level: u32,
    number: u64,
    hashes: &[u8],
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO ledger_tile (origin, level, number, hashes) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (origin, level, number) DO UPDATE SET hashes = excluded.hashes",
        &[origin.into(), level.into(), number.into(), hashes.into()],
    )?;
    Ok(())
}

/// Cosignatures of a party on the own log, newest size first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignatureRow {
    /// The epoch.
    pub epoch: u32,
    /// The checkpoint's size.
    pub size: u64,
    /// Who cosigned.
    pub party: String,
    /// Signature lines of a note.
    pub lines: Vec<u8>,
    /// When they came, microseconds since 1970.
    pub received: i64,
    /// `counted`, or `ahead` where their time does not count: the cosigner's clock was ahead.
    pub standing: String,
}

/// Records cosignatures; the first that came for a size stays.
pub fn add_cosignature(tx: &mut dyn Tx, row: &CosignatureRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO cosignature (epoch, size, party, lines, received, standing) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (epoch, size, party) DO NOTHING",
        &[
            row.epoch.into(),
            row.size.into(),
            row.party.as_str().into(),
            row.lines.as_slice().into(),
            row.received.into(),
            row.standing.as_str().into(),
        ],
    )?;
    Ok(())
}

/// Cosignatures of checkpoints that hold `position`, the smallest checkpoint first, at most `limit`.
pub fn cosignatures_after(
    tx: &mut dyn Tx,
    epoch: u32,
    position: u64,
    limit: u64,
) -> Result<Vec<CosignatureRow>, StoreError> {
    let rows = tx.query(
        "SELECT epoch, size, party, lines, received, standing FROM cosignature WHERE epoch = ?1 AND size > ?2
         ORDER BY size, party LIMIT ?3",
        &[epoch.into(), position.into(), limit.into()],
    )?;
    rows.iter().map(cosignature).collect()
}

/// The cosignatures of the smallest checkpoint that holds `position` and has any.
pub fn cosignatures_over(
    tx: &mut dyn Tx,
    epoch: u32,
    position: u64,
) -> Result<Vec<CosignatureRow>, StoreError> {
    let rows = tx.query(
        "SELECT epoch, size, party, lines, received, standing FROM cosignature WHERE epoch = ?1 AND size =
             (SELECT min(size) FROM cosignature WHERE epoch = ?1 AND size > ?2) ORDER BY party",
        &[epoch.into(), position.into()],
    )?;
    rows.iter().map(cosignature).collect()
}

/// The newest cosignatures of each party on an epoch.
pub fn newest_cosignatures(tx: &mut dyn Tx, epoch: u32) -> Result<Vec<CosignatureRow>, StoreError> {
    let rows = tx.query(
        "SELECT c.epoch, c.size, c.party, c.lines, c.received, c.standing FROM cosignature c WHERE c.epoch = ?1 AND c.size =
             (SELECT max(size) FROM cosignature m WHERE m.epoch = ?1 AND m.party = c.party) ORDER BY c.party",
        &[epoch.into()],
    )?;
    rows.iter().map(cosignature).collect()
}

fn cosignature(row: &Row) -> Result<CosignatureRow, StoreError> {
    Ok(CosignatureRow {
        epoch: small(row, 0)?,
        size: row.count(1)?,
        party: row.text(2)?,
        lines: row.bytes(3)?,
        received: row.integer(4)?,
        standing: row.text(5)?,
    })
}

fn log(row: &Row) -> Result<LogRow, StoreError> {
    Ok(LogRow {
        epoch: small(row, 0)?,
        origin: row.text(1)?,
        size: row.count(2)?,
        root: row.hash(3)?,
        opened: row.integer(4)?,
    })
}

fn entry(row: &Row) -> Result<EntryRow, StoreError> {
    Ok(EntryRow {
        position: row.count(0)?,
        kind: row.text(1)?,
        leaf: row.bytes(2)?,
        envelope: row.optional_bytes(3)?,
        created: row.integer(4)?,
    })
}

/// An epoch or a level in a column.
pub(crate) fn small(row: &Row, column: usize) -> Result<u32, StoreError> {
    let number = row.integer(column)?;
    u32::try_from(number).map_err(|_| StoreError::Row {
        table: "the ledger",
        what: format!("{number} in column {column} where an epoch is due"),
    })
}
