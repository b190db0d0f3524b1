//! Carrying by hand: what waits for a party as `.comity` files, and taking such files in.
//!
//! The files hold the batches that the node link would have carried, so receipts, cosignatures and gaps work the same;
//! the answer may come back by any way.
//!
//! In scope: making and taking batches. Out of scope: cutting them into parts (`comity-link`), reading and writing files.

use comity_link::channel::Lane;
use comity_store::state::{outbox, receipt};

use crate::exchange::ExchangeError;
use crate::jobs;
use crate::link::{LinkError, Way};
use crate::node::Node;

/// Batches in one export; what is left goes with the next.
const BATCHES_MAX: usize = 64;

/// What taking a carried batch led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// From whom it was.
    pub party: String,
    /// How many envelopes are stored because of it.
    pub stored: usize,
    /// What was wrong with it.
    pub wrong: Vec<String>,
}

impl Node {
    /// Everything that waits for a party, whenever it was sent last, as batches.
    pub fn carry(&self, party: &str) -> Result<Vec<Vec<u8>>, ExchangeError> {
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            outbox::hurry(tx, party, now, now)?;
            Ok::<_, ExchangeError>(receipt::hurry_all(tx, party, now)?)
        })?;
        let mut batches = Vec::new();
        while batches.len() < BATCHES_MAX {
            batches.push(self.link().collect(party, &Lane::ALL, None, now)?);
            if !self.link().has_more(party, &Lane::ALL, now)? {
                break;
            }
        }
        Ok(batches)
    }

    /// Takes a batch that was carried, and applies what it holds.
    pub fn take_carried(&self, batch: &[u8]) -> Result<Carried, ExchangeError> {
        Ok(self.take_answered(batch)?.0)
    }

    /// The same, with what there is to say in answer: what was refused, and the receipts that are owed, as a batch; empty where there
    /// is nothing. What waits besides goes its own way.
    pub(crate) fn take_answered(&self, batch: &[u8]) -> Result<(Carried, Vec<u8>), ExchangeError> {
        let now = self.clock().now();
        let mut taken = self
            .link()
            .take(batch, Way::Carried, now)
            .map_err(refused)?;
        self.heard(Some(&taken));
        while jobs::work(self)? > 0 {}
        let silent = taken.is_silent();
        let now = self.clock().now();
        let answer = if silent {
            Vec::new()
        } else {
            let said = self.link().say_receipts(&mut taken, now);
            said.map_err(refused)?
        };
        let carried = Carried {
            party: taken.party,
            stored: taken.stored.len(),
            wrong: taken.wrong,
        };
        Ok((carried, answer))
    }
}

fn refused(error: LinkError) -> ExchangeError {
    if let LinkError::Store(source) = error {
        return ExchangeError::Store(source);
    }
    ExchangeError::Refused(comity_store::error::chain(&error))
}
