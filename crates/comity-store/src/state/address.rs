//! Designated addresses: rows, events of each, promotions that wait for a second person, and mails that came already.
//!
//! One row is no address ([`DECOY`]): a look-up of an address always reads one row that is there and asks for one that is not,
//! so that nobody learns from the time whether an address exists.
//!
//! In scope: rows. Out of scope: what makes an address valid (`comity-mail`), what a state allows (`comity-node`).

use crate::error::StoreError;
use crate::state::{Row, Tx, Value};

/// The identity of the row that is no address.
pub const DECOY: [u8; 5] = [0; 5];

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRow {
    /// Its number.
    pub id: Vec<u8>,
    /// The address itself.
    pub address: String,
    /// What it is for, by its word.
    pub purpose: String,
    /// The party that it is for.
    pub party: String,
    /// Its domain.
    pub domain: String,
    /// The thread that it is about; empty: none.
    pub thread: String,
    /// `temporary`, `proposed`, `permanent`, `alias`, `revoked`, `expired`, `replaced` or `decoy`.
    pub standing: String,
    /// Until when mail is taken, seconds since 1970; none: for good.
    pub expires: Option<i64>,
    /// How many mails it takes; none: any number.
    pub uses_allowed: Option<u64>,
    /// How many it took.
    pub uses: u64,
    /// The thread by which it was given to the party; none: the party was told another way.
    pub given: Option<String>,
    /// The address that took its place.
    pub replaced_by: Option<Vec<u8>>,
    /// What it answers, where it is for one message.
    pub reference: Option<String>,
    /// A remark.
    pub remark: String,
    /// Who made it.
    pub officer: String,
    /// When, seconds since 1970.
    pub created: i64,
    /// When it changed last, seconds since 1970.
    pub changed: i64,
}

/// Something that happened to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its place among the address's events, from 1.
    pub place: u64,
    /// When, seconds since 1970.
    pub at: i64,
    /// Who.
    pub officer: String,
    /// What: a word.
    pub event: String,
    /// In words.
    pub detail: String,
}

/// A promotion that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromotionRow {
    /// The thread of the address.
    pub given: String,
    /// Who asked.
    pub asked_by: String,
    /// When, seconds since 1970.
    pub asked: i64,
}

/// What tells one mail from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark<'a> {
    /// Its Message-ID; empty where it has none.
    pub message_id: &'a str,
    /// The digest of its signatures; empty where it has none.
    pub signature: &'a [u8],
    /// The digest of its body.
    pub body: &'a [u8],
}

/// Records a new address. Answers whether its number was free: one is never used twice.
pub fn add(tx: &mut dyn Tx, row: &AddressRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO mail_address (id, address, purpose, party, domain, thread, standing, expires, uses_allowed, uses, given,
             replaced_by, reference, remark, officer, created, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) ON CONFLICT (id) DO NOTHING",
        &[
            row.id.as_slice().into(),
            row.address.as_str().into(),
            row.purpose.as_str().into(),
            row.party.as_str().into(),
            row.domain.as_str().into(),
            row.thread.as_str().into(),
            row.standing.as_str().into(),
            row.expires.into(),
            allowed(row),
            row.uses.into(),
            row.given.as_deref().into(),
            row.replaced_by.as_deref().into(),
            row.reference.as_deref().into(),
            row.remark.as_str().into(),
            row.officer.as_str().into(),
            row.created.into(),
            row.changed.into(),
        ],
    )?;
    Ok(added == 1)
}

/// Records what may change of an address: its standing, until when, how often, by which thread it was given, what replaced it.
pub fn change(tx: &mut dyn Tx, row: &AddressRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE mail_address SET standing = ?2, expires = ?3, uses_allowed = ?4, given = ?5, replaced_by = ?6, changed = ?7
         WHERE id = ?1",
        &[
            row.id.as_slice().into(),
            row.standing.as_str().into(),
            row.expires.into(),
            allowed(row),
            row.given.as_deref().into(),
            row.replaced_by.as_deref().into(),
            row.changed.into(),
        ],
    )?;
    Ok(())
}

/// The address of a number.
pub fn find(tx: &mut dyn Tx, id: &[u8]) -> Result<Option<AddressRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, address, purpose, party, domain, thread, standing, expires, uses_allowed, uses, given, replaced_by, reference,
             remark, officer, created, changed FROM mail_address WHERE id = ?1",
        &[id.into()],
    )?;
    rows.first().map(row_of).transpose()
}

/// Addresses, the newest first; those for single messages only where `replies` says so.
pub fn list(
    tx: &mut dyn Tx,
    party: Option<&str>,
    replies: bool,
    limit: u64,
) -> Result<Vec<AddressRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, address, purpose, party, domain, thread, standing, expires, uses_allowed, uses, given, replaced_by, reference,
             remark, officer, created, changed FROM mail_address
         WHERE standing <> 'decoy' AND (?1 = '' OR party = ?1) AND purpose <> ?2
         ORDER BY created DESC, id LIMIT ?3",
        &[
            party.unwrap_or_default().into(),
            if replies { "" } else { "reply" }.into(),
            limit.into(),
        ],
    )?;
    rows.iter().map(row_of).collect()
}

/// Addresses that a thread gave, the oldest first.
pub fn given_by(tx: &mut dyn Tx, thread: &str) -> Result<Vec<AddressRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, address, purpose, party, domain, thread, standing, expires, uses_allowed, uses, given, replaced_by, reference,
             remark, officer, created, changed FROM mail_address WHERE given = ?1 ORDER BY created, id",
        &[thread.into()],
    )?;
    rows.iter().map(row_of).collect()
}

/// Counts a mail that was taken. Answers whether one more was allowed.
pub fn count_use(tx: &mut dyn Tx, id: &[u8]) -> Result<bool, StoreError> {
    let counted = tx.execute(
        "UPDATE mail_address SET uses = uses + 1 WHERE id = ?1 AND (uses_allowed IS NULL OR uses < uses_allowed)",
        &[id.into()],
    )?;
    Ok(counted == 1)
}

/// Appends an event; nothing takes one away.
pub fn add_event(
    tx: &mut dyn Tx,
    id: &[u8],
    (at, officer): (i64, &str),
    (event, detail): (&str, &str),
) -> Result<(), StoreError> {
    let newest = tx.query(
        "SELECT place FROM mail_address_event WHERE address = ?1 ORDER BY place DESC LIMIT 1",
        &[id.into()],
    )?;
    let newest = newest.first().map_or(Ok(0), |row| row.integer(0))?;
    tx.execute(
        "INSERT INTO mail_address_event (address, place, at, officer, event, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            id.into(),
            (newest + 1).into(),
            at.into(),
            officer.into(),
            event.into(),
            detail.into(),
        ],
    )?;
    Ok(())
}

/// What happened to an address, in order.
pub fn events(tx: &mut dyn Tx, id: &[u8]) -> Result<Vec<EventRow>, StoreError> {
    let rows = tx.query(
        "SELECT place, at, officer, event, detail FROM mail_address_event WHERE address = ?1 ORDER BY place",
        &[id.into()],
    )?;
    let event = |row: &Row| {
        Ok(EventRow {
            place: row.count(0)?,
            at: row.integer(1)?,
            officer: row.text(2)?,
            event: row.text(3)?,
            detail: row.text(4)?,
        })
    };
    rows.iter().map(event).collect()
}

/// Records who asks for a promotion, in the place of who asked before.
pub fn ask_promotion(tx: &mut dyn Tx, row: &PromotionRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mail_promotion (given, asked_by, asked) VALUES (?1, ?2, ?3)
         ON CONFLICT (given) DO UPDATE SET asked_by = excluded.asked_by, asked = excluded.asked",
        &[
            row.given.as_str().into(),
            row.asked_by.as_str().into(),
            row.asked.into(),
        ],
    )?;
    Ok(())
}

/// The promotion that waits for a thread's address.
pub fn asked_promotion(tx: &mut dyn Tx, given: &str) -> Result<Option<PromotionRow>, StoreError> {
    let rows = tx.query(
        "SELECT given, asked_by, asked FROM mail_promotion WHERE given = ?1",
        &[given.into()],
    )?;
    let row = |row: &Row| {
        Ok(PromotionRow {
            given: row.text(0)?,
            asked_by: row.text(1)?,
            asked: row.integer(2)?,
        })
    };
    rows.first().map(row).transpose()
}

/// The promotion waits no more. Answers whether it did.
pub fn settle_promotion(tx: &mut dyn Tx, given: &str) -> Result<bool, StoreError> {
    let settled = tx.execute(
        "DELETE FROM mail_promotion WHERE given = ?1",
        &[given.into()],
    )?;
    Ok(settled == 1)
}

/// Whether what tells a mail from others is new to an address: a mail with the same signatures is the same, and so is one with
/// the same Message-ID and the same body.
pub fn is_new(tx: &mut dyn Tx, id: &[u8], mark: &Mark<'_>) -> Result<bool, StoreError> {
    let known = tx.query(
        "SELECT first FROM mail_seen WHERE address = ?1 AND signature = ?2 AND length(signature) > 0 LIMIT 1",
        &[id.into(), mark.signature.into()],
    )?;
    let repeated = tx.query(
        "SELECT first FROM mail_seen WHERE address = ?1 AND message_id = ?2 AND message_id <> '' AND body = ?3 LIMIT 1",
        &[id.into(), mark.message_id.into(), mark.body.into()],
    )?;
    Ok(known.is_empty() && repeated.is_empty())
}

/// Keeps what tells a mail from others. Answers whether it is new to the address, as [`is_new`] has it.
pub fn see(tx: &mut dyn Tx, id: &[u8], mark: &Mark<'_>, now: i64) -> Result<bool, StoreError> {
    let new = is_new(tx, id, mark)?;
    tx.execute(
        "INSERT INTO mail_seen (address, message_id, signature, body, first) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (address, message_id, signature, body) DO NOTHING",
        &[
            id.into(),
            mark.message_id.into(),
            mark.signature.into(),
            mark.body.into(),
            now.into(),
        ],
    )?;
    Ok(new)
}

fn allowed(row: &AddressRow) -> Value {
    let allowed = row
        .uses_allowed
        .map(|allowed| i64::try_from(allowed).unwrap_or(i64::MAX));
    allowed.into()
}

fn row_of(row: &Row) -> Result<AddressRow, StoreError> {
    Ok(AddressRow {
        id: row.bytes(0)?,
        address: row.text(1)?,
        purpose: row.text(2)?,
        party: row.text(3)?,
        domain: row.text(4)?,
        thread: row.text(5)?,
        standing: row.text(6)?,
        expires: row.optional_integer(7)?,
        uses_allowed: row
            .optional_integer(8)?
            .map(|allowed| u64::try_from(allowed).unwrap_or(0)),
        uses: row.count(9)?,
        given: row.optional_text(10)?,
        replaced_by: row.optional_bytes(11)?,
        reference: row.optional_text(12)?,
        remark: row.text(13)?,
        officer: row.text(14)?,
        created: row.integer(15)?,
        changed: row.integer(16)?,
    })
}
