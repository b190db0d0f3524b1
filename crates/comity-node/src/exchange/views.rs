//! Collections that are shared as they grow: what enters one is judged for each party it is shared with, and what may go
//! enters the party's released view, or an envelope.
//!
//! In scope: judging from where it was left, and what a party posted. Out of scope: who shares what (`share`).

use comity_accord::terms::Outlet;
use comity_release::recipient::Way;
use comity_stix::marking::Tlp;
use comity_store::objects::query::{Filter, PageQuery, Piece, SpecVersions, Versions};
use comity_store::objects::{Found, ViewId};
use comity_store::state::collection::{self, Collection};
use comity_store::state::release::{self, DecisionRow, StandingShare};
use comity_store::state::source::SourceRow;

use crate::exchange::ExchangeError;
use crate::exchange::share::{Going, Portion, batches};
use crate::exchange::subject::{LookUp, record_sources};
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
            going.push(self.judge_one(&mut look_up, &gathered, (&recipient, &terms), &way)?);
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

    /// Puts what may go into the party's released view; doing it twice changes nothing.
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
        let Some(views) = views.filter(|_| !texts.is_empty()) else {
            return Ok(());
        };
        let taken = self.take(views.released, texts, false);
        taken.map_err(|error| ExchangeError::Refused(comity_store::error::chain(&error)))?;
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
        let ids: Vec<String> = found.iter().map(|one| one.item.id.to_string()).collect();
        let now = self.clock().now();
        self.inner.state.write(|tx| {
            let terms = self.terms_from(tx, &share.party, now)?;
            let of = SourceRow {
                id: String::new(),
                party: share.party.clone(),
                label: None,
                onward: terms.is_some_and(|terms| terms.relay_onward),
                persons: None,
                received: now,
            };
            record_sources(tx, &ids, &of)
        })?;
        let texts = found.iter().map(|one| one.json.clone()).collect();
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
