//! Points of contact: the own profile's versions, checks that are planned, and candidates that nobody has verified.
//!
//! When a check is to go out stands here alone and leaves the house with the check itself.
//!
//! In scope: rows. Out of scope: what a profile says (`comity-accord`), checks that went out, which are threads.

use crate::error::StoreError;
use crate::state::ledger::small;
use crate::state::{Row, Tx};

/// A version of the own profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnProfileRow {
    /// Its version.
    pub version: u32,
    /// Its text, byte for byte.
    pub body: String,
    /// The signed note over its statement.
    pub note: String,
    /// Who imported it.
    pub officer: String,
    /// When, microseconds since 1970.
    pub recorded: i64,
}

/// A check that is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedRow {
    /// The party.
    pub party: String,
    /// Its contact.
    pub contact: String,
    /// `scheduled` or `unannounced`.
    pub kind: String,
    /// Which one of its kind, counted up.
    pub slot: i64,
    /// When it goes out, seconds since 1970.
    pub at: i64,
    /// The thread that it will be: drawn with the plan, so that it goes out once whatever happens in between.
    pub thread: String,
    /// `waiting`, `opened`, `missed` or `failed`.
    pub state: String,
}

/// An address that somebody read somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateRow {
    /// Its number.
    pub id: String,
    /// Whose it is said to be.
    pub party: Option<String>,
    /// The address with its scheme.
    pub address: String,
    /// Where it was read.
    pub source: String,
    /// Until when that is to be used, seconds since 1970.
    pub expires: i64,
    /// What a person should know of the source.
    pub remarks: String,
    /// `candidate`, `challenged` or `verified`.
    pub state: String,
    /// The SHA-256 of the code that was sent there.
    pub code: Option<Vec<u8>>,
    /// Who did the last step.
    pub officer: String,
    /// When it was read, microseconds since 1970.
    pub recorded: i64,
    /// When the last step was done, microseconds since 1970.
    pub changed: i64,
}

/// Records a version of the own profile; a version that is there stays as it is. Answers whether it is new.
pub fn add_profile(tx: &mut dyn Tx, row: &OwnProfileRow) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO own_profile (version, body, note, officer, recorded) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (version) DO NOTHING",
        &[
            row.version.into(),
            row.body.as_str().into(),
            row.note.as_str().into(),
            row.officer.as_str().into(),
            row.recorded.into(),
        ],
    )?;
    Ok(added == 1)
}

/// The newest version of the own profile.
pub fn newest_profile(tx: &mut dyn Tx) -> Result<Option<OwnProfileRow>, StoreError> {
    let rows = tx.query(
        "SELECT version, body, note, officer, recorded FROM own_profile ORDER BY version DESC LIMIT 1",
        &[],
    )?;
    let profile = |row: &Row| {
        Ok(OwnProfileRow {
            version: small(row, 0)?,
            body: row.text(1)?,
            note: row.text(2)?,
            officer: row.text(3)?,
            recorded: row.integer(4)?,
        })
    };
    rows.first().map(profile).transpose()
}

/// The newest plan of a kind for a contact.
pub fn planned(
    tx: &mut dyn Tx,
    party: &str,
    contact: &str,
    kind: &str,
) -> Result<Option<PlannedRow>, StoreError> {
    let rows = tx.query(
        "SELECT party, contact, kind, slot, due, thread, state FROM planned_check WHERE party = ?1 AND contact = ?2 AND kind = ?3",
        &[party.into(), contact.into(), kind.into()],
    )?;
    rows.first().map(planned_of).transpose()
}

/// Every plan, the next one first.
pub fn all_planned(tx: &mut dyn Tx) -> Result<Vec<PlannedRow>, StoreError> {
    let rows = tx.query(
        "SELECT party, contact, kind, slot, due, thread, state FROM planned_check ORDER BY due, party, contact, kind",
        &[],
    )?;
    rows.iter().map(planned_of).collect()
}

/// Records a plan in the place of the one before.
pub fn plan(tx: &mut dyn Tx, row: &PlannedRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO planned_check (party, contact, kind, slot, due, thread, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (party, contact, kind) DO UPDATE SET slot = excluded.slot, due = excluded.due,
             thread = excluded.thread, state = excluded.state",
        &[
            row.party.as_str().into(),
            row.contact.as_str().into(),
            row.kind.as_str().into(),
            row.slot.into(),
            row.at.into(),
            row.thread.as_str().into(),
            row.state.as_str().into(),
        ],
    )?;
    Ok(())
}

/// Records a candidate, or its next state.
pub fn put_candidate(tx: &mut dyn Tx, row: &CandidateRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO contact_candidate (id, party, address, source, expires, remarks, state, code, officer, recorded, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, code = excluded.code, officer = excluded.officer,
             changed = excluded.changed",
        &[
            row.id.as_str().into(),
            row.party.as_deref().into(),
            row.address.as_str().into(),
            row.source.as_str().into(),
            row.expires.into(),
            row.remarks.as_str().into(),
            row.state.as_str().into(),
            row.code.as_deref().into(),
            row.officer.as_str().into(),
            row.recorded.into(),
            row.changed.into(),
        ],
    )?;
    Ok(())
}

/// The newest candidates.
pub fn candidates(tx: &mut dyn Tx, limit: u64) -> Result<Vec<CandidateRow>, StoreError> {
    let rows = tx.query(
        "SELECT id, party, address, source, expires, remarks, state, code, officer, recorded, changed
             FROM contact_candidate ORDER BY recorded DESC, id LIMIT ?1",
        &[limit.into()],
    )?;
    rows.iter().map(candidate_of).collect()
}

/// Candidates whose number begins with a text, two at most.
pub fn candidates_beginning(
    tx: &mut dyn Tx,
    prefix: &str,
) -> Result<Vec<CandidateRow>, StoreError> {
    let end = format!("{prefix}~");
    let rows = tx.query(
        "SELECT id, party, address, source, expires, remarks, state, code, officer, recorded, changed
             FROM contact_candidate WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 2",
        &[prefix.into(), end.as_str().into()],
    )?;
    rows.iter().map(candidate_of).collect()
}

fn planned_of(row: &Row) -> Result<PlannedRow, StoreError> {
    Ok(PlannedRow {
        party: row.text(0)?,
        contact: row.text(1)?,
        kind: row.text(2)?,
        slot: row.integer(3)?,
        at: row.integer(4)?,
        thread: row.text(5)?,
        state: row.text(6)?,
    })
}

fn candidate_of(row: &Row) -> Result<CandidateRow, StoreError> {
    Ok(CandidateRow {
        id: row.text(0)?,
        party: row.optional_text(1)?,
        address: row.text(2)?,
        source: row.text(3)?,
        expires: row.integer(4)?,
        remarks: row.text(5)?,
        state: row.text(6)?,
        code: row.optional_bytes(7)?,
        officer: row.text(8)?,
        recorded: row.integer(9)?,
        changed: row.integer(10)?,
    })
}
