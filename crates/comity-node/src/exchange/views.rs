//! Collections that are shared as they grow: what enters one is judged for each party it is shared with, and what may go
//! enters the party's released view, or an envelope.
//!
//! In scope: judging from where it was left, and what a party posted. Out of scope: who shares what (`share`).

use comity_accord::terms::Outlet;
use comity_release::recipient::{Recipient, Standing, Way};
use comity_stix::id::ObjectId;
use comity_stix::marking::Tlp;
use comity_store::objects::query::{Filter, PageQuery, Piece, SpecVersions, Versions};
use comity_store::objects::{Found, ViewId};
use comity_store::state::collection::{self, Collection};
use comity_store::state::release::{self, DecisionRow, StandingShare};
use comity_store::state::source::{self, SourceRow};

use crate::exchange::ExchangeError;
use crate::exchange::recall::RECALLED;
use crate::exchange::share::{Going, Portion, batches};
use crate::exchange::subject::LookUp;
use crate::node::Node;

/// Objects that are judged in one turn.
const TURN_OBJECTS: usize = 500;
/// The word for the outlet of released views.
const TAXII: &str = "taxii";
/// The word for the outlet of envelopes.
const LINK: &str = "link";

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

    /// Takes a turn at everything that is shared as it grows; answers how many objects were judged.
    pub fn release_due(&self) -> Result<usize, ExchangeError> {
        let shares = self.inner.state.read(release::standing_shares)?;
        let mut judged = 0;
        for share in &shares {
            judged += self.take_posted(share)?;
            judged += match self.release_share(share) {
                // Without an accord nothing goes; it waits until there is one.
                Err(ExchangeError::NoAccord(_)) => 0,
                other => other?,
            };
        }
        if judged > 0 {
            self.due().tell();
        }
        Ok(judged)
    }

    fn release_share(&self, share: &StandingShare) -> Result<usize, ExchangeError> {
        let held = self
            .inner
            .state
            .read(|tx| collection::find(tx, &share.collection))?;
        let Some(held) = held else { return Ok(0) };
        let (found, next) = self.stretch(held.view, share.position)?;
        if found.is_empty() {
            return Ok(0);
        }
        let (recipient, terms) = self.recipient(&share.party, None)?;
        // What comes meanwhile is judged when the party may have something again: else it would never get it.
        let due = match &recipient {
            Recipient::Party { standing, .. } => *standing == Standing::Verified,
            Recipient::Public
            | Recipient::OwnPerson { .. }
            | Recipient::Person { .. }
            | Recipient::Client { .. } => false,
        };
        if !due {
            return Ok(0);
        }
        let holdings = self.holdings()?;
        let mut look_up = LookUp::new(self, &holdings);
        let outlet = if share.outlet == TAXII {
            Outlet::Taxii
        } else {
            Outlet::Link
        };
        let way = Way::by(outlet).encrypted();
        let mut going = Vec::with_capacity(found.len());
        for one in &found {
            let all = self.inner.objects.newest(&holdings.views, &one.item.id)?;
            let gathered = self.gathered(&holdings, one, &all)?;
            let judged = self.judge_one(&mut look_up, &gathered, (&recipient, &terms), &way)?;
            going.push(self.unless_recalled(&share.party, judged)?);
        }
        if outlet == Outlet::Taxii {
            self.fill_view(share, &held, &going)?;
        }
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            if !release::judged_up_to(tx, share, next)? {
                return Ok(());
            }
            if outlet == Outlet::Link {
                for batch in batches(&going) {
                    let texts: Vec<&str> =
                        batch.iter().filter_map(|one| one.text.as_deref()).collect();
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
            }
            for one in &going {
                release::decide(tx, &decision(share, one, now))?;
            }
            Ok::<_, ExchangeError>(())
        })?;
        Ok(found.len())
    }

    /// Nothing that a party was asked to give up goes to it again because it is shared as it grows: somebody must share it
    /// anew.
    fn unless_recalled(&self, party: &str, mut one: Going) -> Result<Going, ExchangeError> {
        let object = &one.line.object;
        let last = self
            .inner
            .state
            .read(|tx| release::last_word(tx, object, party))?;
        if one.text.is_some() && last.is_some_and(|last| last.verdict == RECALLED) {
            one.text = None;
            one.line.released = None;
            "refused".clone_into(&mut one.line.verdict);
            RECALLED.clone_into(&mut one.line.rule);
            one.line.reason =
                format!("it was recalled from {party}; share it by its id to give it again");
        }
        Ok(one)
    }

    /// Puts what may go into the party's released view, and takes out of it what may go no more, with what refers to that;
    /// doing it twice changes nothing.
    fn fill_view(
        &self,
        share: &StandingShare,
        held: &Collection,
        going: &[Going],
    ) -> Result<(), ExchangeError> {
        let views = self
            .inner
            .state
            .read(|tx| release::party_views(tx, &held.id, &share.party))?;
        let texts: Vec<String> = going.iter().filter_map(|one| one.text.clone()).collect();
        let Some(views) = views else {
            return Ok(());
        };
        for one in going.iter().filter(|one| one.text.is_none()) {
            self.withdraw(share, views.released, &one.line.object)?;
        }
        if texts.is_empty() {
            return Ok(());
        }
        let taken = self.take(views.released, texts, false);
        taken.map_err(|error| ExchangeError::Refused(comity_store::error::chain(&error)))?;
        Ok(())
    }

    /// Takes what was released of an object before, and what refers to it, out of a party's view: its label was raised.
    fn withdraw(
        &self,
        share: &StandingShare,
        view: ViewId,
        object: &str,
    ) -> Result<(), ExchangeError> {
        let last = self
            .inner
            .state
            .read(|tx| release::last_word(tx, object, &share.party))?;
        let released = last.and_then(|last| last.released);
        let Some(id) = released.and_then(|id| ObjectId::parse(&id).ok()) else {
            return Ok(());
        };
        if !self.inner.objects.holds(view, &id)? {
            return Ok(());
        }
        let named = format!("\"{id}\"");
        let mut ids = vec![id];
        let mut from = 0;
        loop {
            let (found, next) = self.stretch(view, from)?;
            if found.is_empty() {
                break;
            }
            let naming = found.iter().filter(|one| one.json.contains(&named));
            ids.extend(naming.map(|one| one.item.id.clone()));
            from = next;
        }
        ids.sort();
        ids.dedup();
        self.remove_everywhere(&[view], &ids)?;
        Ok(())
    }

    /// What a party posted to a collection enters it with its source on record.
    fn take_posted(&self, share: &StandingShare) -> Result<usize, ExchangeError> {
        if share.outlet != TAXII {
            return Ok(0);
        }
        let known = self.inner.state.read(|tx| {
            let held = collection::find(tx, &share.collection)?;
            let views = match &held {
                Some(held) => release::party_views(tx, &held.id, &share.party)?,
                None => None,
            };
            let cursor = comity_store::state::cursor::find(tx, &posted_cursor(share))?;
            Ok::<_, ExchangeError>(held.zip(views).zip(Some(cursor)))
        })?;
        let Some(((held, views), cursor)) = known else {
            return Ok(0);
        };
        let from = cursor.and_then(|text| text.parse().ok()).unwrap_or(0);
        let (found, next) = self.stretch(views.posted, from)?;
        if found.is_empty() {
            return Ok(0);
        }
        let texts = found.iter().map(|one| one.json.clone()).collect();
        let sorted = self.sort_offered(&share.party, texts, None)?;
        for id in &sorted.own {
            tracing::warn!(party = %share.party, %id, "posted object not taken: it originated here");
        }
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let terms = self.terms_from(tx, &share.party, now)?;
            for one in &sorted.taken {
                let of = SourceRow {
                    id: one.id.clone(),
                    party: share.party.clone(),
                    // The floor below which nobody else's version lowers it.
                    label: one.label.map(|label| label.to_string()),
                    onward: terms.as_ref().is_some_and(|terms| terms.relay_onward),
                    persons: None,
                    received: now,
                };
                source::put(tx, &of)?;
            }
            Ok::<_, ExchangeError>(())
        })?;
        let texts = sorted.taken.into_iter().map(|one| one.text);
        let texts = texts.chain(sorted.unread).collect();
        let taken = self.take(held.view, texts, false);
        taken.map_err(|error| ExchangeError::Refused(comity_store::error::chain(&error)))?;
        self.inner.state.write(|tx| {
            let name = posted_cursor(share);
            comity_store::state::cursor::put(tx, &name, &next.to_string(), now)
        })?;
        Ok(found.len())
    }

    /// Objects of a view from a position on, every version, and the position behind them.
    fn stretch(&self, view: ViewId, from: u64) -> Result<(Vec<Found>, u64), ExchangeError> {
        let query = PageQuery {
            view,
            added_after: None,
            after: from.checked_sub(1),
            limit: TURN_OBJECTS,
            filter: Filter {
                versions: Versions::All,
                spec_versions: SpecVersions::Only {
                    v20: true,
                    v21: true,
                },
                ..Filter::default()
            },
        };
        let page = self.inner.objects.page(&query, false)?;
        let (items, _) = self.inner.objects.items(&query)?;
        let mut bytes = vec![b'['];
        for piece in &page.body {
            if let Piece::Plain(plain) = piece {
                bytes.extend_from_slice(plain);
            }
        }
        bytes.push(b']');
        let raw: Vec<&serde_json::value::RawValue> = serde_json::from_slice(&bytes)
            .map_err(|error| ExchangeError::Refused(error.to_string()))?;
        let found: Vec<Found> = items
            .into_iter()
            .zip(raw)
            .map(|(item, json)| Found {
                view,
                item,
                json: json.get().to_owned(),
            })
            .collect();
        let next = found.last().map_or(from, |last| last.item.position + 1);
        Ok((found, next))
    }
}

fn posted_cursor(share: &StandingShare) -> String {
    format!("posted {} {}", share.collection, share.party)
}

fn decision(share: &StandingShare, one: &Going, now: i64) -> DecisionRow {
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
