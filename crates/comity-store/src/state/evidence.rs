//! Evidence: the items that this node knows, what was done with them in its own house, and those that cross to and from others.
//!
//! What both parties say of an item is its thread's; here stands what only this node knows, and where the bytes are. The list of
//! the house is chained by hash and only ever grows.
//!
//! In scope: rows. Out of scope: what they mean (`comity-case`), the bytes (`attachment`).

use crate::error::StoreError;
use crate::state::channel::Direction;
use crate::state::{Row, Tx};

/// An evidence item.
#[derive(Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// Its name, `evidence--UUID`.
    pub id: String,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Its size in bytes.
    pub size: u64,
    /// What it is, as JSON.
    pub item: String,
    /// The key under which it lies on the disk; none: it lies there as itself.
    pub key: Option<[u8; 32]>,
    /// The attachment that holds it; none: its bytes are not here.
    pub stored: Option<[u8; 32]>,
    /// The thread in which it was handed over last.
    pub thread: Option<String>,
    /// Who brought it to this node: another party; none: this one.
    pub origin: Option<String>,
    /// When it became known here, microseconds since 1970.
    pub added: i64,
}

impl std::fmt::Debug for ItemRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the key.
        f.debug_struct("ItemRow")
            .field("id", &self.id)
            .field("size", &self.size)
            .field("thread", &self.thread)
            .finish_non_exhaustive()
    }
}

/// Something that was done with an item in the own house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustodyRow {
    /// The item.
    pub item: String,
    /// Its place in the item's list, from 1.
    pub place: u64,
    /// When, seconds since 1970.
    pub at: i64,
    /// Who, by function.
    pub officer: String,
    /// What, as JSON.
    pub event: String,
    /// The hash of what was done before it.
    pub prev: Option<[u8; 32]>,
}

/// An item that crosses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferRow {
    /// The thread in which it is handed over.
    pub thread: String,
    /// Which way it goes.
    pub direction: Direction,
    /// The item.
    pub item: String,
    /// The other party.
    pub party: String,
    /// Out: `open` or `closed`. In: `wanted`, `whole`, `closed`, or `stopped` with the reason.
    pub state: String,
    /// Why it stopped.
    pub reason: Option<String>,
    /// When it began, microseconds since 1970.
    pub began: i64,
}

/// Records an item, or what changed of one.
pub fn put(tx: &mut dyn Tx, row: &ItemRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO evidence_item (id, sha256, size, item, key, stored, thread, origin, added)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET key = excluded.key, stored = excluded.stored, thread = excluded.thread",
        &[
            row.id.as_str().into(),
            (&row.sha256).into(),
            row.size.into(),
            row.item.as_str().into(),
            row.key.as_ref().map(<[u8; 32]>::as_slice).into(),
            row.stored.as_ref().map(<[u8; 32]>::as_slice).into(),
            row.thread.as_deref().into(),
            row.origin.as_deref().into(),
            row.added.into(),
        ],
    )?;
    Ok(())
}

/// One item.
pub fn find(tx: &mut dyn Tx, id: &str) -> Result<Option<ItemRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, sha256, size, item, key, stored, thread, origin, added FROM evidence_item WHERE id = ?1",
        &[id.into()],
    )?;
    rows.first().map(item_of).transpose()
}

/// The item that was handed over in a thread.
pub fn of_thread(tx: &mut dyn Tx, thread: &str) -> Result<Option<ItemRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, sha256, size, item, key, stored, thread, origin, added FROM evidence_item WHERE thread = ?1",
        &[thread.into()],
    )?;
    rows.first().map(item_of).transpose()
}

/// The items whose names begin with a text, two at most: one is found, two are too many.
pub fn beginning(tx: &mut dyn Tx, prefix: &str) -> Result<Vec<ItemRow>, StoreError> {
    let end = format!("{prefix}~");
    let rows = tx.query(
        "SELECT id, sha256, size, item, key, stored, thread, origin, added FROM evidence_item
         WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 2",
        &[prefix.into(), end.as_str().into()],
    )?;
    rows.iter().map(item_of).collect()
}

/// Items, the newest first.
pub fn list(tx: &mut dyn Tx, limit: u64) -> Result<Vec<ItemRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, sha256, size, item, key, stored, thread, origin, added FROM evidence_item
         ORDER BY added DESC, id LIMIT ?1",
        &[limit.into()],
    )?;
    rows.iter().map(item_of).collect()
}

/// How many items an attachment holds.
pub fn held_by(tx: &mut dyn Tx, stored: &[u8; 32]) -> Result<u64, StoreError> {
    let rows = tx.query(
        "SELECT count(*) FROM evidence_item WHERE stored = ?1",
        &[stored.into()],
    )?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

/// Records what was done; `false`: something else stands in that place.
pub fn add_custody(tx: &mut dyn Tx, row: &CustodyRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO evidence_custody (item, place, at, officer, event, prev) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (item, place) DO NOTHING",
        &[
            row.item.as_str().into(),
            row.place.into(),
            row.at.into(),
            row.officer.as_str().into(),
            row.event.as_str().into(),
            row.prev.as_ref().map(<[u8; 32]>::as_slice).into(),
        ],
    )?;
    Ok(added == 1)
}

/// What was done with an item, in order.
pub fn custody(tx: &mut dyn Tx, item: &str) -> Result<Vec<CustodyRow>, StoreError> {
    let rows = tx.query(
        "SELECT item, place, at, officer, event, prev FROM evidence_custody WHERE item = ?1 ORDER BY place",
        &[item.into()],
    )?;
    let custody = |row: &Row| {
        Ok(CustodyRow {
            item: row.text(0)?,
            place: row.count(1)?,
            at: row.integer(2)?,
            officer: row.text(3)?,
            event: row.text(4)?,
            prev: hash(row, 5)?,
        })
    };
    rows.iter().map(custody).collect()
}

/// Records that an item crosses, or what changed of that.
pub fn put_transfer(tx: &mut dyn Tx, row: &TransferRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO evidence_transfer (thread, direction, item, party, state, reason, began)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (thread, direction) DO UPDATE SET state = excluded.state, reason = excluded.reason",
        &[
            row.thread.as_str().into(),
            row.direction.word().into(),
            row.item.as_str().into(),
            row.party.as_str().into(),
            row.state.as_str().into(),
            row.reason.as_deref().into(),
            row.began.into(),
        ],
    )?;
    Ok(())
}

/// An item that crosses in a thread.
pub fn transfer(
    tx: &mut dyn Tx,
    thread: &str,
    direction: Direction,
) -> Result<Option<TransferRow>, StoreError> {
    let rows = tx.query(
        "SELECT thread, direction, item, party, state, reason, began FROM evidence_transfer
         WHERE thread = ?1 AND direction = ?2",
        &[thread.into(), direction.word().into()],
    )?;
    rows.first().map(transfer_of).transpose()
}

/// Items in this state that cross, with whomever, oldest first.
pub fn transfers(tx: &mut dyn Tx, state: &str, limit: u64) -> Result<Vec<TransferRow>, StoreError> {
    let rows = tx.query(
        "SELECT thread, direction, item, party, state, reason, began FROM evidence_transfer
         WHERE state = ?1 ORDER BY began, thread LIMIT ?2",
        &[state.into(), limit.into()],
    )?;
    rows.iter().map(transfer_of).collect()
}

/// The oldest item that is wanted of a party, whose bytes come next.
pub fn wanted_of(tx: &mut dyn Tx, party: &str) -> Result<Option<TransferRow>, StoreError> {
    let rows = tx.query(
        "SELECT thread, direction, item, party, state, reason, began FROM evidence_transfer
         WHERE state = 'wanted' AND party = ?1 ORDER BY began, thread LIMIT 1",
        &[party.into()],
    )?;
    rows.first().map(transfer_of).transpose()
}

/// The bytes of a party's items that it offers and nobody accepted yet.
pub fn offered_bytes(tx: &mut dyn Tx, party: &str) -> Result<u64, StoreError> {
    let rows = tx.query(
        "SELECT CAST(coalesce(sum(item.size), 0) AS bigint) FROM evidence_transfer AS transfer
         JOIN evidence_item AS item ON item.id = transfer.item
         WHERE transfer.party = ?1 AND transfer.state IN ('wanted', 'whole')",
        &[party.into()],
    )?;
    rows.first().map_or(Ok(0), |row| row.count(0))
}

fn item_of(row: &Row) -> Result<ItemRow, StoreError> {
    Ok(ItemRow {
        id: row.text(0)?,
        sha256: row.hash(1)?,
        size: row.count(2)?,
        item: row.text(3)?,
        key: hash(row, 4)?,
        stored: hash(row, 5)?,
        thread: row.optional_text(6)?,
        origin: row.optional_text(7)?,
        added: row.integer(8)?,
    })
}

fn transfer_of(row: &Row) -> Result<TransferRow, StoreError> {
    let direction = if row.text(1)? == Direction::Out.word() {
        Direction::Out
    } else {
        Direction::In
    };
    Ok(TransferRow {
        thread: row.text(0)?,
        direction,
        item: row.text(2)?,
        party: row.text(3)?,
        state: row.text(4)?,
        reason: row.optional_text(5)?,
        began: row.integer(6)?,
    })
}

fn hash(row: &Row, column: usize) -> Result<Option<[u8; 32]>, StoreError> {
    let bytes = row.optional_bytes(column)?;
    let whole = |bytes: Vec<u8>| {
        <[u8; 32]>::try_from(bytes).map_err(|_| StoreError::Row {
            table: "evidence_item",
            what: "a hash is not of 32 bytes".to_owned(),
        })
    };
    bytes.map(whole).transpose()
}
