//! Deliveries: envelopes of a party, either way, whose receipt is known.
//!
//! In scope: reading them for the judging of commitments. Out of scope: everything else about envelopes (`outbox`, `inbox`).

use std::collections::HashSet;

use crate::error::StoreError;
use crate::state::channel::Direction;
use crate::state::{Row, Tx};

/// An envelope that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its identity.
    pub envelope: [u8; 32],
    /// Its kind, by its word.
    pub kind: String,
    /// Its payload; none once it was erased.
    pub payload: Option<Vec<u8>>,
    /// Its signed header.
    pub header: Vec<u8>,
    /// Which way it went.
    pub direction: Direction,
    /// When it was stored there: for those that came, microseconds since 1970.
    pub received: i64,
    /// The header and the payload of the other side's receipt, for those that were sent.
    pub receipt: Option<(Vec<u8>, Vec<u8>)>,
}

/// Which envelopes between this party and another count: those that came, and those that were sent and receipted, unless they were erased.
#[derive(Clone, Debug)]
pub struct Counted {
    party: String,
    receipted: HashSet<[u8; 32]>,
    erased: HashSet<[u8; 32]>,
}

impl Counted {
    /// What counts with a party.
    pub fn of(tx: &mut dyn Tx, party: &str) -> Result<Self, StoreError> {
        let receipted = tx.query(
            "SELECT envelope FROM receipt WHERE party = ?1 AND direction = 'out'",
            &[party.into()],
        )?;
        let erased = tx.query("SELECT envelope FROM tombstone", &[])?;
        Ok(Self {
            party: party.to_owned(),
            receipted: envelopes(&receipted)?,
            erased: envelopes(&erased)?,
        })
    }

    /// The envelopes of a kind, by its word.
    pub fn envelopes(&self, tx: &mut dyn Tx, kind: &str) -> Result<HashSet<[u8; 32]>, StoreError> {
        let asked = [self.party.as_str().into(), kind.into()];
        let went = tx.query(
            "SELECT envelope FROM outbox WHERE party = ?1 AND kind = ?2 AND state <> 'void'",
            &asked,
        )?;
        let came = tx.query(
            "SELECT envelope FROM inbox WHERE party = ?1 AND kind = ?2 AND state IN ('stored', 'applied', 'refused')",
            &asked,
        )?;
        let mut all = envelopes(&went)?;
        all.retain(|envelope| self.receipted.contains(envelope));
        all.extend(envelopes(&came)?);
        all.retain(|envelope| !self.erased.contains(envelope));
        Ok(all)
    }
}

fn envelopes(rows: &[Row]) -> Result<HashSet<[u8; 32]>, StoreError> {
    rows.iter().map(|row| row.hash(0)).collect()
}

/// Envelopes that came, with what they said, as [`read`] takes them.
macro_rules! came_where {
    ($which:literal) => {
        concat!(
            "SELECT envelope, kind, bytes, header, received FROM inbox LEFT JOIN inbox_payload ON of_envelope = envelope
             WHERE state IN ('stored', 'applied', 'refused') AND ",
            $which
        )
    };
}

/// The same of those that were sent and receipted.
macro_rules! went_where {
    ($which:literal) => {
        concat!(
            "SELECT o.envelope, o.kind, p.bytes, o.header, o.created, r.header, r.payload FROM outbox o
             LEFT JOIN outbox_payload p ON p.of_envelope = o.envelope
             JOIN receipt r ON r.envelope = o.envelope AND r.direction = 'out'
             WHERE o.state <> 'void' AND ",
            $which
        )
    };
}

/// One of these envelopes, whichever way it went.
pub fn one(tx: &mut dyn Tx, envelope: &[u8; 32]) -> Result<Option<Delivered>, StoreError> {
    let came = tx.query(came_where!("envelope = ?1"), &[envelope.into()])?;
    if let Some(row) = came.first() {
        return read(row, Direction::In).map(Some);
    }
    let went = tx.query(went_where!("o.envelope = ?1"), &[envelope.into()])?;
    went.first()
        .map(|row| read(row, Direction::Out))
        .transpose()
}

/// Envelopes of these kinds, by their words, between this party and another, in no order.
pub fn with_party(tx: &mut dyn Tx, party: &str, kind: &str) -> Result<Vec<Delivered>, StoreError> {
    let came = tx.query(
        came_where!("party = ?1 AND kind = ?2"),
        &[party.into(), kind.into()],
    )?;
    let went = tx.query(
        went_where!("o.party = ?1 AND o.kind = ?2"),
        &[party.into(), kind.into()],
    )?;
    let came = came.iter().map(|row| read(row, Direction::In));
    came.chain(went.iter().map(|row| read(row, Direction::Out)))
        .collect()
}

fn read(row: &Row, direction: Direction) -> Result<Delivered, StoreError> {
    let receipt = match direction {
        Direction::In => None,
        Direction::Out => Some((row.bytes(5)?, row.bytes(6)?)),
    };
    Ok(Delivered {
        envelope: row.hash(0)?,
        kind: row.text(1)?,
        payload: row.optional_bytes(2)?,
        header: row.bytes(3)?,
        direction,
        received: row.integer(4)?,
        receipt,
    })
}
