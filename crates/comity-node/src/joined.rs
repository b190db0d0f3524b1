//! Reading stretches of views, and a collection's view joined with the closed one of whoever reads it.
//!
//! Most readers have no closed view, and read a plain range. For the others the two are read side by side and put together
//! in the order in which the objects were added; a page then ends at a place in both.
//!
//! In scope: objects with what the manifest says of each, and places in two views as one number. Out of scope: who may
//! read what (`collection`, `closed`).
//! Limits: [`OPEN_BITS`] bits for a place in the open view, the rest for one in the closed view.

use bytes::Bytes;
use comity_stix::id::ObjectId;
use comity_store::error::StoreError;
use comity_store::objects::query::{
    Filter, Page, PageItem, PageQuery, Piece, SpecVersions, Versions,
};
use comity_store::objects::{Found, ViewId};
use comity_store::state::collection::Collection;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::node::Node;
use crate::reading::Asked;

/// Objects in one stretch.
const STRETCH_OBJECTS: usize = 500;
/// How often a view may change while it is read.
const TRIES_MAX: usize = 8;
/// Bits for a place in the open view: a million million objects.
const OPEN_BITS: u32 = 40;
const OPEN_MASK: u64 = (1 << OPEN_BITS) - 1;

/// A place in both views.
#[derive(Clone, Copy)]
struct Place {
    /// The last object of the open view that was read.
    open: Option<u64>,
    /// How much of the closed view was read.
    closed: u64,
}

impl Place {
    fn read(after: Option<u64>) -> Self {
        let Some(after) = after else {
            return Self {
                open: None,
                closed: 0,
            };
        };
        let open = after & OPEN_MASK;
        Self {
            open: (open != OPEN_MASK).then_some(open),
            closed: after >> OPEN_BITS,
        }
    }

    fn written(self) -> u64 {
        (self.closed << OPEN_BITS) | self.open.unwrap_or(OPEN_MASK)
    }
}

/// Where the open view goes on after a page that may have been joined.
pub(crate) fn open_after(after: Option<u64>) -> Option<u64> {
    Place::read(after).open
}

/// What a page of two views holds.
pub(crate) struct Joined {
    pub(crate) found: Vec<Found>,
    pub(crate) next: Option<u64>,
}

impl Node {
    /// The objects of a query with what the manifest says of each, and whether there are more.
    pub(crate) fn found(&self, query: &PageQuery) -> Result<(Vec<Found>, bool), StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (items, more) = self.inner.objects.items(query)?;
            let texts = texts(&self.inner.objects.page(query, false)?)?;
            // The view may have changed between the two.
            let same = |(item, text): &(PageItem, String)| {
                own_id(text).is_some_and(|id| id == item.id.to_string())
            };
            let whole = items.len() == texts.len();
            let count = items.len();
            let pairs: Vec<(PageItem, String)> =
                items.into_iter().zip(texts).take_while(same).collect();
            if (whole && pairs.len() == count) || tries == TRIES_MAX {
                let more = more || pairs.len() < count;
                let view = query.view;
                let found = pairs
                    .into_iter()
                    .map(|(item, json)| Found { view, item, json });
                return Ok((found.collect(), more));
            }
        }
    }

    /// Objects of a view from a position on, every version, and the position behind them.
    pub(crate) fn stretch(&self, view: ViewId, from: u64) -> Result<(Vec<Found>, u64), StoreError> {
        self.stretch_of(view, from, &[])
    }

    /// The same of some objects only; of all where none is named.
    pub(crate) fn stretch_of(
        &self,
        view: ViewId,
        from: u64,
        ids: &[ObjectId],
    ) -> Result<(Vec<Found>, u64), StoreError> {
        let (found, _) = self.found(&PageQuery {
            view,
            added_after: None,
            after: from.checked_sub(1),
            limit: STRETCH_OBJECTS,
            filter: every_version_of(ids.to_vec()),
        })?;
        let next = found.last().map_or(from, |last| last.item.position + 1);
        Ok((found, next))
    }

    /// What an account that may read something of the closed view asks for.
    pub(crate) fn joined(
        &self,
        collection: &Collection,
        closed: ViewId,
        asked: Asked,
    ) -> Result<Joined, StoreError> {
        let mut place = Place::read(asked.after);
        let newest_only = asked.filter.versions == Versions::default();
        let open = self.query(collection, asked);
        let beside = PageQuery {
            view: closed,
            after: place.closed.checked_sub(1),
            ..open.clone()
        };
        let (ours, more_ours) = self.found(&open)?;
        let (theirs, more_theirs) = self.found(&beside)?;
        let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
        let mut found: Vec<Found> = Vec::new();
        while found.len() < open.limit {
            let closed_first = match (ours.peek(), theirs.peek()) {
                (Some(one), Some(other)) => other.item.added < one.item.added,
                (one, _) => one.is_none(),
            };
            if !closed_first {
                let Some(one) = ours.next() else { break };
                place.open = Some(one.item.position);
                found.push(one);
                continue;
            }
            let Some(one) = theirs.next() else { break };
            place.closed = one.item.position + 1;
            if newest_only && self.is_outdated(open.view, &one)? {
                continue;
            }
            found.push(one);
        }
        let more = more_ours || more_theirs || ours.peek().is_some() || theirs.peek().is_some();
        let next = more.then(|| place.written());
        if let (Some(last), Some(next)) = (found.last_mut(), next) {
            last.item.position = next;
        }
        Ok(Joined { found, next })
    }

    /// Whether the open view has a newer version of what was bound to persons once.
    fn is_outdated(&self, open: ViewId, one: &Found) -> Result<bool, StoreError> {
        let newest = self.inner.objects.newest(&[open], &one.item.id)?;
        Ok(newest
            .iter()
            .any(|held| held.item.version > one.item.version))
    }
}

impl Joined {
    /// As a page.
    pub(crate) fn page(self) -> Page {
        let mut bytes = Vec::new();
        for one in &self.found {
            if !bytes.is_empty() {
                bytes.push(b',');
            }
            bytes.extend_from_slice(one.json.as_bytes());
        }
        let added = |one: Option<&Found>| one.map(|one| one.item.added);
        Page {
            count: self.found.len(),
            more: self.next.is_some(),
            next: self.next,
            first_added: added(self.found.first()),
            last_added: added(self.found.last()),
            body: vec![Piece::Plain(Bytes::from(bytes))],
        }
    }
}

/// Every version, of these objects or of all.
pub(crate) fn every_version_of(ids: Vec<ObjectId>) -> Filter {
    Filter {
        ids,
        types: Vec::new(),
        versions: Versions::All,
        spec_versions: SpecVersions::Only {
            v20: true,
            v21: true,
        },
    }
}

/// The texts of a page that was asked for plain.
pub(crate) fn texts(page: &Page) -> Result<Vec<String>, StoreError> {
    let mut bytes = vec![b'['];
    for piece in &page.body {
        if let Piece::Plain(plain) = piece {
            bytes.extend_from_slice(plain);
        }
    }
    bytes.push(b']');
    let raw: Vec<&RawValue> = serde_json::from_slice(&bytes).map_err(|error| StoreError::Row {
        table: "object log",
        what: error.to_string(),
    })?;
    Ok(raw.into_iter().map(|one| one.get().to_owned()).collect())
}

fn own_id(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct OnlyId<'a> {
        #[serde(borrow)]
        id: std::borrow::Cow<'a, str>,
    }
    let only: OnlyId<'_> = serde_json::from_str(text).ok()?;
    ObjectId::parse(&only.id).ok().map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_place_in_two_views_comes_back_and_a_plain_one_is_one_in_the_open_view() {
        let check = |open, closed| {
            let place = Place::read(Some(Place { open, closed }.written()));
            assert_eq!((place.open, place.closed), (open, closed));
        };
        check(None, 0);
        check(None, 7);
        check(Some(0), 0);
        check(Some(1_000_000), 12);
        let plain = Place::read(Some(41));
        assert_eq!((plain.open, plain.closed), (Some(41), 0));
    }
}
