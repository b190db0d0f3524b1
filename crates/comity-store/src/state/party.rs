//! Parties: who they are by their newest node card, and how things stand with them.
//!
//! In scope: rows. Out of scope: what a card says and whether it counts (`comity-accord`).

use crate::error::StoreError;
use crate::state::{Row, Tx};

/// A party as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyRow {
    /// Its name.
    pub name: String,
    /// Where enrolment stands, by its word.
    pub state: String,
    /// Its log, without the epoch.
    pub origin: String,
    /// Its newest card.
    pub card: Vec<u8>,
    /// The card's serial number.
    pub serial: u64,
    /// When its state changed last, microseconds since 1970.
    pub changed: i64,
    /// Where its node link is reached; none when it has no inbound port.
    pub link_url: Option<String>,
    /// The time of the newest batch sent to it, microseconds since 1970.
    pub last_sent: u64,
    /// The time of the newest batch taken from it, by its own clock.
    pub last_heard: u64,
}

/// The party of this name.
pub fn find(tx: &mut dyn Tx, name: &str) -> Result<Option<PartyRow>, StoreError> {
    let rows = tx.query(
        "SELECT name, state, origin, card, serial, changed, link_url, last_sent, last_heard FROM party WHERE name = ?1",
        &[name.into()],
    )?;
    rows.first().map(party).transpose()
}

/// The party whose log has this origin, without the epoch.
pub fn find_by_origin(tx: &mut dyn Tx, origin: &str) -> Result<Option<PartyRow>, StoreError> {
    let rows = tx.query(
        "SELECT name, state, origin, card, serial, changed, link_url, last_sent, last_heard FROM party WHERE origin = ?1",
        &[origin.into()],
    )?;
    rows.first().map(party).transpose()
}

/// All parties, by name.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<PartyRow>, StoreError> {
    let rows = tx.query(
        "SELECT name, state, origin, card, serial, changed, link_url, last_sent, last_heard FROM party ORDER BY name",
        &[],
    )?;
    rows.iter().map(party).collect()
}

/// Records a party, in the place of what was known of it, and keeps its card.
pub fn put(tx: &mut dyn Tx, row: &PartyRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO party (name, state, origin, card, serial, changed, link_url, last_sent, last_heard)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (name) DO UPDATE SET state = excluded.state, origin = excluded.origin, card = excluded.card,
             serial = excluded.serial, changed = excluded.changed, link_url = excluded.link_url",
        &[
            row.name.as_str().into(),
            row.state.as_str().into(),
            row.origin.as_str().into(),
            row.card.as_slice().into(),
            row.serial.into(),
            row.changed.into(),
            row.link_url.as_deref().into(),
            row.last_sent.into(),
            row.last_heard.into(),
        ],
    )?;
    add_card(tx, &row.name, row.serial, &row.card, row.changed)
}

/// Keeps a card, of another party or the own one; one of that serial that is there already stays.
pub fn add_card(
    tx: &mut dyn Tx,
    name: &str,
    serial: u64,
    card: &[u8],
    taken: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO party_card (party, serial, card, taken) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (party, serial) DO NOTHING",
        &[name.into(), serial.into(), card.into(), taken.into()],
    )?;
    Ok(())
}

/// Every card of a party, oldest first.
pub fn cards(tx: &mut dyn Tx, name: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let rows = tx.query(
        "SELECT card FROM party_card WHERE party = ?1 ORDER BY serial",
        &[name.into()],
    )?;
    rows.iter().map(|row| row.bytes(0)).collect()
}

/// Records when a card came.
pub fn card_taken(tx: &mut dyn Tx, name: &str, serial: u64, taken: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE party_card SET taken = ?3 WHERE party = ?1 AND serial = ?2",
        &[name.into(), serial.into(), taken.into()],
    )?;
    Ok(())
}

/// Every card of a party with the time at which it was taken, oldest first.
pub fn cards_taken(tx: &mut dyn Tx, name: &str) -> Result<Vec<(Vec<u8>, i64)>, StoreError> {
    let rows = tx.query(
        "SELECT card, taken FROM party_card WHERE party = ?1 ORDER BY serial",
        &[name.into()],
    )?;
    rows.iter()
        .map(|row| Ok((row.bytes(0)?, row.integer(1)?)))
        .collect()
}

/// Records the time of a batch to a party; `false` when a later one was recorded meanwhile.
pub fn sent(tx: &mut dyn Tx, name: &str, time: u64) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE party SET last_sent = ?2 WHERE name = ?1 AND last_sent < ?2",
        &[name.into(), time.into()],
    )?;
    Ok(changed == 1)
}

/// Records the time of a batch from a party; `false` when it is not newer than the last.
pub fn heard(tx: &mut dyn Tx, name: &str, time: u64) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE party SET last_heard = ?2 WHERE name = ?1 AND last_heard < ?2",
        &[name.into(), time.into()],
    )?;
    Ok(changed == 1)
}

fn party(row: &Row) -> Result<PartyRow, StoreError> {
    Ok(PartyRow {
        name: row.text(0)?,
        state: row.text(1)?,
        origin: row.text(2)?,
        card: row.bytes(3)?,
        serial: row.count(4)?,
        changed: row.integer(5)?,
        link_url: row.optional_text(6)?,
        last_sent: row.count(7)?,
        last_heard: row.count(8)?,
    })
}
