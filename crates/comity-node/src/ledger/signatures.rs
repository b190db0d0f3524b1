//! Which signatures the accords in force demand on checkpoints and cosignatures.
//!
//! In scope: finding out, again after each change and every [`LOOK_MICROS`], for accords begin and end by the clock.
//! Out of scope: making and checking them (`link`).

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};

use comity_accord::text::SignatureAlgorithm;
use comity_store::state::party;

use crate::exchange::ExchangeError;
use crate::node::Node;

/// A minute.
const LOOK_MICROS: i64 = 60_000_000;

/// When the accords are looked at again.
#[derive(Debug, Default)]
pub(crate) struct Demands(AtomicI64);

impl Demands {
    /// An accord changed.
    pub(crate) fn forget(&self) {
        self.0.store(0, Ordering::Release);
    }
}

impl Node {
    /// Has the link follow the accords, if they may demand something else by now.
    pub(crate) fn follow_accords(&self) -> Result<(), ExchangeError> {
        let now = self.clock().now();
        if now < self.inner.demands.0.load(Ordering::Acquire) {
            return Ok(());
        }
        self.inner
            .demands
            .0
            .store(now + LOOK_MICROS, Ordering::Release);
        let demanding = self.inner.state.read(|tx| {
            let mut demanding = BTreeSet::new();
            for row in party::list(tx)? {
                let text = self.in_force(tx, &row.name, now)?;
                let demanded = text.is_some_and(|text| {
                    let signatures = &text.content().ledger.signatures;
                    signatures.contains(&SignatureAlgorithm::MlDsa44)
                });
                if demanded {
                    demanding.insert(row.name);
                }
            }
            Ok::<_, ExchangeError>(demanding)
        })?;
        self.link().demand_post_quantum(demanding);
        Ok(())
    }
}
