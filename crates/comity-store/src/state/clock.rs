//! Clocks of other parties: how far each was ahead when it was heard last.
//!
//! In scope: rows. Out of scope: how far it may be (the accord), what follows (`comity-node`).

use crate::error::StoreError;
use crate::state::Tx;

/// The clock of a party, as it was heard last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartyClock {
    /// When, by this node's clock: microseconds since 1970.
    pub heard: i64,
    /// How many seconds it was ahead; negative where it was behind.
    pub ahead: i64,
}

/// The clock of a party; none when it was never heard.
pub fn find(tx: &mut dyn Tx, party: &str) -> Result<Option<PartyClock>, StoreError> {
    let rows = tx.query(
        "SELECT heard, ahead FROM party_clock WHERE party = ?1",
        &[party.into()],
    )?;
    let clock = |row: &crate::state::Row| {
        Ok(PartyClock {
            heard: row.integer(0)?,
            ahead: row.integer(1)?,
        })
    };
    rows.first().map(clock).transpose()
}

/// Records a party's clock, in the place of what was known of it.
pub fn put(tx: &mut dyn Tx, party: &str, clock: PartyClock) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO party_clock (party, heard, ahead) VALUES (?1, ?2, ?3)
         ON CONFLICT (party) DO UPDATE SET heard = excluded.heard, ahead = excluded.ahead",
        &[party.into(), clock.heard.into(), clock.ahead.into()],
    )?;
    Ok(())
}
