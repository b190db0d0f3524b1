//! Collections that are shared as they grow: what enters one is judged for each party it is shared with, and what may go
//! enters the party's released view, or an envelope.
//!
//! What was judged under other terms than those in force is judged again, a stretch at a time, before anything new: what
//! may go no more leaves the view, what may go now enters it. How far that has come is on record, and to do a
//! stretch twice changes nothing.
//!
//! In scope: judging from where it was left. Out of scope: the view itself (`released`), who shares what (`share`).

use std::sync::Arc;

use comity_accord::terms::Outlet;
use comity_release::recipient::{Recipient, Standing, Way};
use comity_release::redaction::Terms;
use comity_stix::marking::Tlp;
use comity_store::objects::Found;
use comity_store::state::collection::{self, Collection};
use comity_store::state::release::{self, DecisionRow, StandingShare};
use comity_store::state::{Tx, party};
use sha2::{Digest, Sha256};

use crate::exchange::ExchangeError;
use crate::exchange::enrolment::standing_of;
use crate::exchange::judging::Going;
use crate::exchange::recall::RECALLED;
use crate::exchange::share::{Portion, batches};
use crate::exchange::subject::{Holdings, LookUp};
use crate::node::Node;

/// The word for the outlet of released views.
pub(crate) const TAXII: &str = "taxii";
/// The word for the outlet of envelopes.
const LINK: &str = "link";
/// Under what a view is judged while no accord is in force.
const NO_TERMS: &str = "none";
/// The rule by which things leave a view while no accord is in force.
const NO_ACCORD: &str = "no-accord";

/// What one turn at a shared collection works with.
pub(crate) struct Turn<'a> {
    pub(crate) share: &'a StandingShare,
    pub(crate) held: &'a Collection,
    pub(crate) holdings: &'a Holdings,
    /// Whom it is judged for, and the terms; none while no accord is in force.
    pub(crate) agreed: Option<(Recipient, Arc<Terms>)>,
}

impl Node {
    /// Shares a collection with a party as it grows, its past included: by its released view, or by envelopes.
    pub fn share_collection(
        &self,
        name: &str,
        party: &str,
        outlet: Outlet,
    ) -> Result<(), ExchangeError> {
        let word = match outlet {
            Outlet::Link => LINK,
            Outlet::Taxii => TAXII,
            Outlet::File | Outlet::Mail | Outlet::Misp | Outlet::Export => {
                let reason = "a collection is shared by link or by taxii";
                return Err(ExchangeError::Refused(reason.to_owned()));
            }
        };
        let held = self.collection(name);
        let held = held.map_err(|error| ExchangeError::Refused(error.to_string()))?;
        self.inner.state.write(|tx| {
            let known = comity_store::state::party::find(tx, party)?;
            known.ok_or_else(|| ExchangeError::UnknownParty(party.to_owned()))?;
            if word == TAXII {
                release::make_party_views(tx, &held.id, party)?;
            }
            let id = held.id.to_string();
            Ok::<_, ExchangeError>(release::share_collection(tx, &id, party, word)?)
        })?;
        self.inner.rights.forget();
        self.due().tell();
        Ok(())
    }

    /// Takes a turn at what leaves now and at everything that is shared as it grows; answers how much was done.
    pub fn release_due(&self) -> Result<usize, ExchangeError> {
        self.finish_recalls()?;
        let mut judged = self.leave_due()?;
        let shares = self.inner.state.read(release::standing_shares)?;
        for share in &shares {
            judged += self.take_posted(share)?;
            judged += self.release_share(share)?;
        }
        if judged > 0 {
            self.due().tell();
        }
        Ok(judged)
    }

    fn release_share(&self, share: &StandingShare) -> Result<usize, ExchangeError> {
        let known = self.inner.state.read(|tx| {
            let held = collection::find(tx, &share.collection)?;
            Ok::<_, ExchangeError>(held.zip(party::find(tx, &share.party)?))
        })?;
        let Some((held, row)) = known else {
            return Ok(0);
        };
        // What comes meanwhile is judged when the party may have something again: else it would never get it. While it is
        // suspended its accounts find nothing at all.
        if standing_of(&row)? != Standing::Verified {
            return Ok(0);
        }
        let agreed = match self.recipient(&share.party, None) {
            Ok(agreed) => Some(agreed),
            Err(ExchangeError::NoAccord(_)) => None,
            Err(error) => return Err(error),
        };
        let holdings = self.holdings()?;
        let turn = Turn {
            share,
            held: &held,
            holdings: &holdings,
            agreed,
        };
        if share.outlet == TAXII {
            let reviewed = self.review(&turn)?;
            if reviewed > 0 {
                return Ok(reviewed);
            }
        }
        if turn.agreed.is_none() {
            // Without an accord nothing goes; it waits until there is one.
            return Ok(0);
        }
        // One step a turn: each moves the row that the other would.
        match self.release_open(&turn)? {
            0 => self.refuse_closed(&turn),
            judged => Ok(judged),
        }
    }

    /// What entered the collection since it was judged last.
    fn release_open(&self, turn: &Turn<'_>) -> Result<usize, ExchangeError> {
        let share = turn.share;
        let (found, next) = self.stretch(turn.held.view, share.position)?;
        if found.is_empty() {
            return Ok(0);
        }
        let going = self.judge_found(turn, &found)?;
        let after = StandingShare {
            position: next,
            ..share.clone()
        };
        if share.outlet == TAXII {
            self.fill_view(turn, &going, &after)?;
        } else {
            self.send_going(turn, &going, &after)?;
        }
        Ok(found.len())
    }

    /// What is bound to persons goes to no party as such. It is judged all the same: the decision is on record, and what was
    /// released of it before leaves the view.
    fn refuse_closed(&self, turn: &Turn<'_>) -> Result<usize, ExchangeError> {
        let Some(closed) = turn.held.closed else {
            return Ok(0);
        };
        let share = turn.share;
        let (found, next) = self.stretch(closed, share.closed_position)?;
        if found.is_empty() {
            return Ok(0);
        }
        let mut going = self.judge_found(turn, &found)?;
        for one in &mut going {
            // A newer version may be free of it; this one is not.
            one.text = None;
            one.line.released = None;
        }
        let after = StandingShare {
            closed_position: next,
            ..share.clone()
        };
        if share.outlet == TAXII {
            self.fill_view(turn, &going, &after)?;
        } else {
            self.send_going(turn, &going, &after)?;
        }
        Ok(found.len())
    }

    /// Judges again what was judged under other terms; answers how much was done.
    fn review(&self, turn: &Turn<'_>) -> Result<usize, ExchangeError> {
        let share = turn.share;
        let terms = digest(turn.agreed.as_ref().map(|(_, terms)| terms.as_ref()));
        if share.terms.as_deref() != Some(&terms) {
            let begun = StandingShare {
                terms: Some(terms),
                review_from: 0,
                review_to: share.position,
                ..share.clone()
            };
            self.inner
                .state
                .write(|tx| release::judged(tx, share, &begun))?;
            return Ok(1);
        }
        if share.review_from >= share.review_to {
            return Ok(0);
        }
        let (mut found, next) = self.stretch(turn.held.view, share.review_from)?;
        found.retain(|one| one.item.position < share.review_to);
        let after = StandingShare {
            review_from: if found.is_empty() {
                share.review_to
            } else {
                next.min(share.review_to)
            },
            ..share.clone()
        };
        let going = self.judge_found(turn, &found)?;
        self.refill_view(turn, going, &after)?;
        Ok(found.len().max(1))
    }

    pub(crate) fn judge_found(
        &self,
        turn: &Turn<'_>,
        found: &[Found],
    ) -> Result<Vec<Going>, ExchangeError> {
        let Some((recipient, terms)) = &turn.agreed else {
            return Ok(found.iter().map(without_accord).collect());
        };
        let mut look_up = LookUp::new(self, turn.holdings);
        let outlet = if turn.share.outlet == TAXII {
            Outlet::Taxii
        } else {
            Outlet::Link
        };
        let way = Way::by(outlet).encrypted();
        let mut going = Vec::with_capacity(found.len());
        for one in found {
            let views = &turn.holdings.views;
            let all = self.inner.objects.newest(views, &one.item.id)?;
            let gathered = self.gathered(turn.holdings, one, &all)?;
            let judged = self.judge_one(&mut look_up, &gathered, (recipient, terms), &way)?;
            going.push(judged);
        }
        Ok(going)
    }

    /// What stands against a release that the rules do not know of: the party was asked to give the object up, or it is
    /// held no more, because somebody else was. Asked in the transaction that records the decision.
    pub(crate) fn hindered(
        &self,
        tx: &mut dyn Tx,
        turn: &Turn<'_>,
        going: &mut [Going],
    ) -> Result<(), ExchangeError> {
        for one in going.iter_mut().filter(|one| one.text.is_some()) {
            let object = &one.line.object;
            let last = release::last_word(tx, object, &turn.share.party)?;
            let party = &turn.share.party;
            let reason = if last.is_some_and(|last| last.verdict == RECALLED) {
                // Nothing that a party was asked to give up goes to it again because it is shared as it grows: somebody
                // must share it anew.
                format!("it was recalled from {party}; share it by its id to give it again")
            } else if self.is_gone(turn.held, object)? {
                "it is held no more".to_owned()
            } else {
                continue;
            };
            one.text = None;
            one.line.released = None;
            "refused".clone_into(&mut one.line.verdict);
            RECALLED.clone_into(&mut one.line.rule);
            one.line.reason = reason;
        }
        Ok(())
    }

    fn send_going(
        &self,
        turn: &Turn<'_>,
        going: &[Going],
        after: &StandingShare,
    ) -> Result<(), ExchangeError> {
        let share = turn.share;
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let mut going = going.to_vec();
            if !release::judged(tx, share, after)? {
                return Ok(());
            }
            self.hindered(tx, turn, &mut going)?;
            for batch in batches(&going) {
                let texts: Vec<&str> = batch.iter().filter_map(|one| one.text.as_deref()).collect();
                let label = batch
                    .iter()
                    .map(|one| one.label)
                    .max()
                    .unwrap_or(Tlp::Clear);
                let portion = Portion {
                    party: &share.party,
                    texts,
                    label,
                    persons: Vec::new(),
                };
                self.send_share(tx, portion, now)?;
            }
            for one in &going {
                release::decide(tx, &decision(share, one, now))?;
            }
            Ok::<_, ExchangeError>(())
        })
    }
}

/// What a view is judged under, in few letters: whoever compares two of them learns whether they are the same.
fn digest(terms: Option<&Terms>) -> String {
    let Some(terms) = terms else {
        return NO_TERMS.to_owned();
    };
    let written = format!("{:?}", terms.agreed());
    let hash = Sha256::digest(written.as_bytes());
    hash.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write;
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The decision while no accord is in force.
fn without_accord(found: &Found) -> Going {
    let mut one = Going::refused(found, NO_ACCORD);
    "no accord is in force; agree on one to release it again".clone_into(&mut one.line.reason);
    one
}

/// A decision as it is recorded.
pub(crate) fn decision(share: &StandingShare, one: &Going, now: i64) -> DecisionRow {
    DecisionRow {
        number: 0,
        object: one.line.object.clone(),
        version: one.version.clone(),
        party: share.party.clone(),
        outlet: share.outlet.clone(),
        verdict: one.line.verdict.clone(),
        rule: one.line.rule.clone(),
        label: one.line.label.clone(),
        released: one.line.released.clone(),
        reason: one.line.reason.clone(),
        collection: Some(share.collection.clone()),
        envelope: None,
        approval: None,
        decided: now,
    }
}
