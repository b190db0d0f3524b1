//! The outbox as its operator sees it: what was sent to whom, and what became of it.
//!
//! In scope: looking. Out of scope: sending (`link`).

use comity_store::state::inbox::{self, InboxRow};
use comity_store::state::outbox::{self, OutboxRow};

use crate::exchange::ExchangeError;
use crate::node::Node;

/// Rows in one answer.
const LIST_MAX: u64 = 1_000;

impl Node {
    /// The newest envelopes that this node made.
    pub fn outbox(&self, party: Option<&str>) -> Result<Vec<OutboxRow>, ExchangeError> {
        Ok(self
            .inner
            .state
            .read(|tx| outbox::list(tx, party, LIST_MAX))?)
    }

    /// The newest envelopes that this node got.
    pub fn inbox(&self, party: Option<&str>) -> Result<Vec<InboxRow>, ExchangeError> {
        Ok(self
            .inner
            .state
            .read(|tx| inbox::list(tx, party, LIST_MAX))?)
    }
}
