//! What was released to a party, for a file: exactly what its accounts read over TAXII now.
//!
//! In scope: the objects of its released views, a stretch at a time. Out of scope: writing them (`comity-formats`).

use comity_release::recipient::Standing;
use comity_stix::marking::Tlp;
use comity_store::objects::query::{Filter, PageQuery};
use comity_store::state::{party, release};
use serde::{Deserialize, Serialize};

use crate::exchange::ExchangeError;
use crate::exchange::enrolment::standing_of;
use crate::node::Node;

/// Objects in one stretch.
const STRETCH_OBJECTS: usize = 500;

/// A stretch of what was released to a party.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedObjects {
    /// The objects' JSON texts.
    pub objects: Vec<String>,
    /// The id of each.
    pub ids: Vec<String>,
    /// The strictest label that bound any of them when it was released.
    pub label: Option<String>,
    /// Where the next stretch begins: the view and the place in it.
    pub next: Option<(u64, u64)>,
}

impl Node {
    /// A stretch of what stands in a party's released views.
    pub fn released_to(
        &self,
        name: &str,
        after: Option<(u64, u64)>,
    ) -> Result<ReleasedObjects, ExchangeError> {
        let (row, views) = self.inner.state.read(|tx| {
            let row = party::find(tx, name)?;
            Ok::<_, ExchangeError>((row, release::views_of_party(tx, name)?))
        })?;
        let row = row.ok_or_else(|| ExchangeError::UnknownParty(name.to_owned()))?;
        if standing_of(&row)? != Standing::Verified {
            let reason = format!("{name} is not verified: nothing may be released to it");
            return Err(ExchangeError::Refused(reason));
        }
        if self.release_terms(name)?.is_none() {
            return Err(ExchangeError::NoAccord(name.to_owned()));
        }
        let (from, place) = after.map_or((0, None), |(view, place)| (view, Some(place)));
        let mut views = views.into_iter().map(|(_, views)| views.released);
        let Some(view) = views.find(|view| u64::from(view.0) >= from) else {
            return Ok(ReleasedObjects::default());
        };
        let (found, more) = self.found(&PageQuery {
            view,
            added_after: None,
            // The first stretch of a view begins before its first place.
            after: place.filter(|place| u64::from(view.0) == from && *place != u64::MAX),
            limit: STRETCH_OBJECTS,
            filter: Filter::default(),
        })?;
        let last = found.last().map(|last| last.item.position);
        let next = match last.filter(|_| more) {
            Some(last) => Some((u64::from(view.0), last)),
            None => views.next().map(|view| (u64::from(view.0), u64::MAX)),
        };
        let ids: Vec<String> = found.iter().map(|one| one.item.id.to_string()).collect();
        let mut label = None;
        for id in &ids {
            let rows = self.inner.state.read(|tx| release::copies(tx, id))?;
            let rows = rows.iter().filter(|row| row.party == name);
            label = label.max(rows.filter_map(|row| Tlp::parse(&row.label)).max());
        }
        Ok(ReleasedObjects {
            objects: found.into_iter().map(|one| one.json).collect(),
            ids,
            label: label.map(|label| label.to_string()),
            next,
        })
    }
}
