//! Logs of other parties: the newest head that this node cosigned, and how far it mirrors them.
//!
//! In scope: rows. Out of scope: checking a head (`comity-ledger`).

use crate::error::StoreError;
use crate::state::ledger::small;
use crate::state::{Row, Tx};

/// One epoch of another party's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerLogRow {
    /// Its origin, with the epoch.
    pub origin: String,
    /// Whose it is.
    pub party: String,
    /// The epoch.
    pub epoch: u32,
    /// The newest size that was cosigned.
    pub size: u64,
    /// The root at that size.
    pub root: [u8; 32],
    /// The signed checkpoint.
    pub checkpoint: Vec<u8>,
    /// The time of the cosignature: seconds since 1970.
    pub cosigned: u64,
    /// How many leaf hashes are mirrored.
    pub mirrored: u64,
    /// `live`, `ended` or `forked`.
    pub state: String,
    /// The note that contradicts the checkpoint, where the log forked.
    pub evidence: Option<Vec<u8>>,
}

/// The log of this origin.
pub fn find(tx: &mut dyn Tx, origin: &str) -> Result<Option<PeerLogRow>, StoreError> {
    let rows = tx.query(
        "SELECT origin, party, epoch, size, root, checkpoint, cosigned, mirrored, state, evidence
         FROM peer_log WHERE origin = ?1",
        &[origin.into()],
    )?;
    rows.first().map(log).transpose()
}

/// Every log of a party, oldest epoch first.
pub fn of_party(tx: &mut dyn Tx, party: &str) -> Result<Vec<PeerLogRow>, StoreError> {
    let rows = tx.query(
        "SELECT origin, party, epoch, size, root, checkpoint, cosigned, mirrored, state, evidence
         FROM peer_log WHERE party = ?1 ORDER BY epoch",
        &[party.into()],
    )?;
    rows.iter().map(log).collect()
}

/// Every log that is known.
pub fn list(tx: &mut dyn Tx) -> Result<Vec<PeerLogRow>, StoreError> {
    let rows = tx.query(
        "SELECT origin, party, epoch, size, root, checkpoint, cosigned, mirrored, state, evidence
         FROM peer_log ORDER BY origin",
        &[],
    )?;
    rows.iter().map(log).collect()
}

/// Records a log, in the place of what was known of it.
pub fn put(tx: &mut dyn Tx, row: &PeerLogRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO peer_log (origin, party, epoch, size, root, checkpoint, cosigned, mirrored, state, evidence)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root,
             checkpoint = excluded.checkpoint, cosigned = excluded.cosigned, mirrored = excluded.mirrored,
             state = excluded.state, evidence = excluded.evidence",
        &[
            row.origin.as_str().into(),
            row.party.as_str().into(),
            row.epoch.into(),
            row.size.into(),
            (&row.root).into(),
            row.checkpoint.as_slice().into(),
            row.cosigned.into(),
            row.mirrored.into(),
            row.state.as_str().into(),
            row.evidence.as_deref().into(),
        ],
    )?;
    Ok(())
}

fn log(row: &Row) -> Result<PeerLogRow, StoreError> {
    Ok(PeerLogRow {
        origin: row.text(0)?,
        party: row.text(1)?,
        epoch: small(row, 2)?,
        size: row.count(3)?,
        root: row.hash(4)?,
        checkpoint: row.bytes(5)?,
        cosigned: row.count(6)?,
        mirrored: row.count(7)?,
        state: row.text(8)?,
        evidence: row.optional_bytes(9)?,
    })
}
