//! The released view of a party: putting into it what may go, and taking out what may go no more.
//!
//! A decision is on record before the view is filled, and is asked for once more after: a recall that comes in between
//! finds the decision, or is found. So nothing stays in a view that was recalled while it was being filled, whichever of
//! the two was first, and whatever the node does not get done is done when it comes back.
//!
//! In scope: one view. Out of scope: what may go (`views`).

use comity_accord::terms::Outlet;
use comity_release::recipient::Way;
use comity_stix::id::ObjectId;
use comity_store::objects::ViewId;
use comity_store::state::collection::Collection;
use comity_store::state::release::{self, StandingShare};

use crate::exchange::ExchangeError;
use crate::exchange::judging::Going;
use crate::exchange::subject::LookUp;
use crate::exchange::views::{Turn, decision};
use crate::node::Node;

/// Objects that refer to one that are looked at together.
const NEIGHBOURS_MAX: usize = 500;

impl Node {
    /// Puts what may go into the party's released view, and takes out of it what may go no more, with what refers to that;
    /// doing it twice changes nothing.
    pub(crate) fn fill_view(
        &self,
        turn: &Turn<'_>,
        going: &[Going],
        after: &StandingShare,
    ) -> Result<(), ExchangeError> {
        let Some(view) = self.released_view(turn)? else {
            return Ok(());
        };
        let going = self.decide_all(turn, going)?;
        for one in going.iter().filter(|one| one.text.is_none()) {
            self.withdraw(turn, view, &one.line.object, Edges::Too)?;
        }
        self.enter(turn, view, &going)?;
        self.inner
            .state
            .write(|tx| release::judged(tx, turn.share, after))?;
        Ok(())
    }

    /// The same where everything was judged before under other terms: only what changes is recorded. What refers to what
    /// leaves is judged for itself.
    pub(crate) fn refill_view(
        &self,
        turn: &Turn<'_>,
        going: Vec<Going>,
        after: &StandingShare,
    ) -> Result<(), ExchangeError> {
        let Some(view) = self.released_view(turn)? else {
            return Ok(());
        };
        let mut changed = Vec::new();
        for one in going {
            if self.changes(turn, view, &one)? {
                changed.push(one);
            }
        }
        let changed = self.decide_all(turn, &changed)?;
        for one in &changed {
            let stays = one.line.released.as_deref();
            self.withdraw(turn, view, &one.line.object, Edges::Not(stays))?;
        }
        self.enter(turn, view, &changed)?;
        self.inner
            .state
            .write(|tx| release::judged(tx, turn.share, after))?;
        Ok(())
    }

    fn released_view(&self, turn: &Turn<'_>) -> Result<Option<ViewId>, ExchangeError> {
        let party = &turn.share.party;
        let views = self
            .inner
            .state
            .read(|tx| release::party_views(tx, &turn.held.id, party))?;
        Ok(views.map(|views| views.released))
    }

    /// Whether a decision changes what stands in the view.
    fn changes(&self, turn: &Turn<'_>, view: ViewId, one: &Going) -> Result<bool, ExchangeError> {
        let mut stands = false;
        for id in self.released_as(&turn.share.party, &one.line.object)? {
            let held = self.every_version(view, &id)?;
            if one.line.released.as_deref() == Some(id.to_string().as_str()) {
                stands |= held.iter().any(|held| held.item.version == one.version);
            } else if !held.is_empty() {
                return Ok(true);
            }
        }
        Ok(one.text.is_some() != stands)
    }

    fn decide_all(&self, turn: &Turn<'_>, going: &[Going]) -> Result<Vec<Going>, ExchangeError> {
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let mut going = going.to_vec();
            self.hindered(tx, turn, &mut going)?;
            for one in &going {
                release::decide(tx, &decision(turn.share, one, now))?;
            }
            Ok(going)
        })
    }

    /// Puts texts into the view, whose decisions are on record, and takes out again what was recalled meanwhile.
    fn enter(&self, turn: &Turn<'_>, view: ViewId, going: &[Going]) -> Result<(), ExchangeError> {
        let texts: Vec<String> = going.iter().filter_map(|one| one.text.clone()).collect();
        if texts.is_empty() {
            return Ok(());
        }
        self.take_or_refuse(view, texts)?;
        let now = self.inner.state.read(|tx| {
            let mut now = going.to_vec();
            self.hindered(tx, turn, &mut now)?;
            Ok::<_, ExchangeError>(now)
        })?;
        for (before, now) in going.iter().zip(&now) {
            if before.text.is_some() && now.text.is_none() {
                self.withdraw(turn, view, &before.line.object, Edges::Too)?;
            }
        }
        for one in &now {
            let copy = one.line.released.as_ref();
            if copy.is_some_and(|copy| *copy != one.line.object) {
                self.mend_referrers(turn, view, &one.line.object)?;
            }
        }
        Ok(())
    }

    /// The ids under which a party came to have an object.
    fn released_as(&self, party: &str, object: &str) -> Result<Vec<ObjectId>, ExchangeError> {
        let ids = self
            .inner
            .state
            .read(|tx| release::released_as(tx, object, party))?;
        Ok(ids
            .iter()
            .filter_map(|id| ObjectId::parse(id).ok())
            .collect())
    }

    /// Takes what was released of an object before out of a party's view.
    fn withdraw(
        &self,
        turn: &Turn<'_>,
        view: ViewId,
        object: &str,
        edges: Edges<'_>,
    ) -> Result<(), ExchangeError> {
        for id in self.released_as(&turn.share.party, object)? {
            if edges.stays(&id) || !self.inner.objects.holds(view, &id)? {
                continue;
            }
            let mut ids = vec![id.clone()];
            if matches!(edges, Edges::Too) {
                ids.extend(self.referring(view, &id)?);
            }
            ids.sort();
            ids.dedup();
            self.remove_everywhere(&[view], &ids)?;
        }
        Ok(())
    }

    /// What a view holds that names an object.
    fn referring(&self, view: ViewId, id: &ObjectId) -> Result<Vec<ObjectId>, ExchangeError> {
        let near = self.inner.objects.neighbours(&[view], id, NEIGHBOURS_MAX)?;
        Ok(near.into_iter().map(|one| one.item.id).collect())
    }

    /// What was released before its end was, and names the original of what only a copy goes of, becomes a copy that names
    /// the copy.
    fn mend_referrers(
        &self,
        turn: &Turn<'_>,
        view: ViewId,
        original: &str,
    ) -> Result<(), ExchangeError> {
        let Ok(original) = ObjectId::parse(original) else {
            return Ok(());
        };
        let Some((recipient, terms)) = &turn.agreed else {
            return Ok(());
        };
        for id in self.referring(view, &original)? {
            let gathered = match self.gather(turn.holdings, &id) {
                Ok(gathered) => Some(gathered),
                Err(ExchangeError::UnknownObject(_)) => None,
                Err(error) => return Err(error),
            };
            self.remove_everywhere(&[view], std::slice::from_ref(&id))?;
            let Some(gathered) = gathered else { continue };
            let mut look_up = LookUp::new(self, turn.holdings);
            let way = Way::by(Outlet::Taxii).encrypted();
            let judged = self.judge_one(&mut look_up, &gathered, (recipient, terms), &way)?;
            let judged = self.decide_all(turn, &[judged])?;
            let texts: Vec<String> = judged.into_iter().filter_map(|one| one.text).collect();
            if !texts.is_empty() {
                self.take_or_refuse(view, texts)?;
            }
        }
        Ok(())
    }

    /// Whether a collection holds no version of an object any more.
    pub(crate) fn is_gone(&self, held: &Collection, object: &str) -> Result<bool, ExchangeError> {
        let Ok(id) = ObjectId::parse(object) else {
            return Ok(false);
        };
        for view in held.all_views() {
            if self.inner.objects.holds(view, &id)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What else leaves a view with an object.
#[derive(Clone, Copy)]
enum Edges<'a> {
    /// What refers to it: its label was raised.
    Too,
    /// Nothing, and it stays itself under this id.
    Not(Option<&'a str>),
}

impl Edges<'_> {
    fn stays(self, id: &ObjectId) -> bool {
        match self {
            Self::Too => false,
            Self::Not(stays) => stays == Some(id.to_string().as_str()),
        }
    }
}
