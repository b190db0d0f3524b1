//! The outbox as its operator sees it: what was sent to whom, what became of it, and what is still missing of the proof.
//!
//! In scope: looking. Out of scope: sending (`link`).

use std::collections::{BTreeMap, BTreeSet};

use comity_store::error::StoreError;
use comity_store::state::Tx;
use comity_store::state::clock::{self, PartyClock};
use comity_store::state::inbox::{self, InboxRow};
use comity_store::state::ledger;
use comity_store::state::outbox::{self, OutboxRow};

use crate::exchange::ExchangeError;
use crate::ledger::unhex;
use crate::link::terms::{LinkTerms, sizes};
use crate::node::Node;

/// Rows in one answer.
const LIST_MAX: u64 = 1_000;
/// The state of an envelope whose receipt is here.
const RECEIPTED: &str = "receipted";

/// An envelope that this node made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentView {
    /// What is kept.
    pub row: OutboxRow,
    /// The parties that count and have cosigned a head of the own log that holds it.
    pub cosigned_by: BTreeSet<String>,
    /// How many more must, before such a head counts by every accord with the party.
    pub cosignatures_missing: usize,
}

impl SentView {
    /// Whether its receipt is here, and enough others have cosigned that it was sent.
    pub fn is_settled(&self) -> bool {
        self.row.state == RECEIPTED && self.cosignatures_missing == 0
    }
}

/// How the link to a party stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// What the accords in force say of it.
    pub terms: LinkTerms,
    /// Its clock, as it was heard last.
    pub clock: Option<PartyClock>,
    /// Envelopes with a receipt that too few others have cosigned yet.
    pub unsettled: u64,
}

impl LinkView {
    /// Whether times that the party says count here.
    pub fn clock_counts(&self) -> bool {
        let ahead = self.clock.map_or(0, |clock| clock.ahead);
        u64::try_from(ahead).unwrap_or(0) <= self.terms.clock_tolerance_seconds
    }
}

impl Node {
    /// Envelopes that this node made, the newest first, or those alone that were refused; `before` is the envelope with
    /// which the stretch before ended.
    pub fn outbox(
        &self,
        (party, undelivered): (Option<&str>, bool),
        (before, limit): (Option<&str>, Option<u64>),
    ) -> Result<Vec<SentView>, ExchangeError> {
        self.inner.state.read(|tx| {
            let before = before.map(|text| place(text, |id| outbox::find(tx, id)));
            let before = before.transpose()?;
            let mut terms: BTreeMap<String, LinkTerms> = BTreeMap::new();
            let mut cosigned = BTreeMap::new();
            let mut views = Vec::new();
            let limit = limit.unwrap_or(LIST_MAX).min(LIST_MAX);
            let rows = if undelivered {
                outbox::undelivered(tx, party, before.as_ref(), limit)?
            } else {
                outbox::list(tx, party, before.as_ref(), limit)?
            };
            for row in rows {
                let sizes = match cosigned.remove(&row.epoch) {
                    Some(known) => known,
                    None => sizes(&ledger::newest_cosignatures(tx, row.epoch)?),
                };
                let terms = terms
                    .entry(row.party.clone())
                    .or_insert_with(|| self.link().terms_with(&row.party));
                let (cosigned_by, cosignatures_missing) = terms.cosigners(&sizes, row.position);
                cosigned.insert(row.epoch, sizes);
                views.push(SentView {
                    row,
                    cosigned_by,
                    cosignatures_missing,
                });
            }
            Ok(views)
        })
    }

    /// How the link to a party stands.
    pub(crate) fn link_view(
        &self,
        tx: &mut dyn Tx,
        party: &str,
    ) -> Result<LinkView, ExchangeError> {
        let terms = self.link().terms_with(party);
        let mut unsettled = 0;
        for log in ledger::epochs(tx)? {
            let newest = ledger::newest_cosignatures(tx, log.epoch)?;
            let settled = terms.settled_size(&sizes(&newest));
            unsettled += outbox::receipted_from(tx, party, log.epoch, settled)?;
        }
        Ok(LinkView {
            clock: clock::find(tx, party)?,
            terms,
            unsettled,
        })
    }

    /// Envelopes that this node got, the newest first; `before` is the envelope with which the stretch before ended.
    pub fn inbox(
        &self,
        party: Option<&str>,
        (before, limit): (Option<&str>, Option<u64>),
    ) -> Result<Vec<InboxRow>, ExchangeError> {
        self.inner.state.read(|tx| {
            let before = before.map(|text| place(text, |id| inbox::find(tx, id)));
            let before = before.transpose()?;
            let limit = limit.unwrap_or(LIST_MAX).min(LIST_MAX);
            Ok(inbox::list(tx, party, before.as_ref(), limit)?)
        })
    }
}

/// The envelope with which a stretch of a list ended.
fn place<T>(
    text: &str,
    find: impl FnOnce(&[u8; 32]) -> Result<Option<T>, StoreError>,
) -> Result<[u8; 32], ExchangeError> {
    let nowhere = || ExchangeError::Place(text.to_owned());
    let id = unhex(text).ok_or_else(nowhere)?;
    find(&id)?.ok_or_else(nowhere)?;
    Ok(id)
}
