//! What the accords in force say of the link to each party and of its ledger.
//!
//! In scope: finding out, again after each change and every [`LOOK_MICROS`], for accords begin and end by the clock.
//! Out of scope: following it (`link`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use comity_accord::text::{AccordText, SignatureAlgorithm};

use crate::exchange::ExchangeError;
use crate::link::terms::{LinkTerms, Quorum};
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
        let accords = self.inner.state.read(|tx| self.all_in_force(tx, now))?;
        if self
            .link()
            .follow(terms_of(&self.identity().party, &accords))
        {
            // Whoever waits for the next heartbeat waits too long or too short.
            self.due().tell();
        }
        Ok(())
    }
}

/// What all accords in force say, by party.
fn terms_of(own: &str, accords: &[AccordText]) -> BTreeMap<String, LinkTerms> {
    let mut all: BTreeMap<String, LinkTerms> = BTreeMap::new();
    for accord in accords {
        let content = accord.content();
        let names = content.parties.iter().map(|party| party.name.as_str());
        let others: BTreeSet<String> = names
            .filter(|name| *name != own)
            .map(str::to_owned)
            .collect();
        if others.len() == content.parties.len() {
            continue;
        }
        let ledger = &content.ledger;
        for party in &others {
            let mut fellows = others.clone();
            fellows.remove(party);
            let terms = LinkTerms {
                post_quantum: ledger.signatures.contains(&SignatureAlgorithm::MlDsa44),
                heartbeat: Some(Duration::from_secs(
                    u64::from(ledger.heartbeat_minutes) * 60,
                )),
                clock_tolerance_seconds: ledger.clock_tolerance_seconds.into(),
                quorums: vec![Quorum {
                    needed: usize::try_from(ledger.witnesses_min).unwrap_or(usize::MAX),
                    others: others.clone(),
                }],
                fellows,
            };
            let both = match all.remove(party) {
                Some(known) => known.and(terms),
                None => terms,
            };
            all.insert(party.clone(), both);
        }
    }
    all
}
