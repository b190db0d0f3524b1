//! What another party may change here: what it gave, and never what this node's own party made.
//!
//! Only the originator lowers a label. A version that another party sends of an object that originated here could lower it,
//! and a recall by that party would then remove it; so such a version is kept out, and the sender is told.
//!
//! In scope: sorting what came into what is taken and what is not. Out of scope: taking it (`apply`, `views`).

use std::fmt;

use comity_stix::id::ObjectId;
use comity_stix::json;
use comity_stix::marking::{self, Tlp};
use comity_store::objects::ViewId;
use comity_store::state::collection::Collection;
use comity_store::state::inbox::InboxRow;
use comity_store::state::{Tx, collection, cursor, source};

use crate::exchange::ExchangeError;
use crate::link::evidence::index_of;
use crate::node::Node;

/// An object of another party, read as far as taking it needs.
pub(crate) struct Offered {
    pub(crate) id: String,
    pub(crate) text: String,
    /// The label that it carries itself.
    pub(crate) label: Option<Tlp>,
}

/// What another party sent, sorted.
#[derive(Default)]
pub(crate) struct Sorted {
    /// What is taken.
    pub(crate) taken: Vec<Offered>,
    /// What no object could be read of: intake says why.
    pub(crate) unread: Vec<String>,
    /// The ids of what originated here and stays as it is.
    pub(crate) own: Vec<String>,
    /// The ids of what the party asked back after it had sent this.
    pub(crate) recalled: Vec<String>,
}

impl Node {
    /// Sorts what a party sent; in an envelope, that has a place in the party's log.
    pub(crate) fn sort_offered(
        &self,
        party: &str,
        texts: Vec<String>,
        place: Option<Place>,
    ) -> Result<Sorted, ExchangeError> {
        let collections = self.inner.state.read(collection::list)?;
        let house: Vec<ViewId> = collections
            .iter()
            .filter(|held| held.source.is_none())
            .flat_map(Collection::all_views)
            .collect();
        let limits = self.limits().object.json();
        let mut sorted = Sorted::default();
        for text in texts {
            let Some(admitted) = crate::intake::read_object(self, &text) else {
                sorted.unread.push(text);
                continue;
            };
            let id = admitted.id.to_string();
            if self.originated_here(&house, &admitted.id)? {
                sorted.own.push(id);
            } else if self.asked_back(party, &id, place)? {
                sorted.recalled.push(id);
            } else {
                let label = json::parse(&text, &limits)
                    .ok()
                    .and_then(|object| marking::effective(&object));
                sorted.taken.push(Offered { id, text, label });
            }
        }
        Ok(sorted)
    }

    /// Whether an object is held in a collection of the house and nobody gave it.
    fn originated_here(&self, house: &[ViewId], id: &ObjectId) -> Result<bool, ExchangeError> {
        let text = id.to_string();
        let given = self.inner.state.read(|tx| source::of(tx, &text))?;
        if !given.is_empty() {
            return Ok(false);
        }
        for view in house {
            if self.inner.objects.holds(*view, id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a party asked for an object back after it had sent this: a recall goes before everything else, and may be
    /// here first.
    fn asked_back(
        &self,
        party: &str,
        id: &str,
        place: Option<Place>,
    ) -> Result<bool, ExchangeError> {
        let Some(place) = place else { return Ok(false) };
        let name = recalled_cursor(party, id);
        let known = self.inner.state.read(|tx| cursor::find(tx, &name))?;
        let recalled = known.and_then(|text| Place::parse(&text));
        Ok(recalled.is_some_and(|recalled| place < recalled))
    }
}

/// Records that what a party sent of these objects before this place of its log was asked back.
pub(crate) fn keep_recalled(
    tx: &mut dyn Tx,
    party: &str,
    ids: &[String],
    place: Place,
    now: i64,
) -> Result<(), ExchangeError> {
    for id in ids {
        let name = recalled_cursor(party, id);
        let known = cursor::find(tx, &name)?;
        if known.and_then(|text| Place::parse(&text)) < Some(place) {
            cursor::put(tx, &name, &place.to_string(), now)?;
        }
    }
    Ok(())
}

fn recalled_cursor(party: &str, id: &str) -> String {
    format!("recalled {party} {id}")
}

/// Where an envelope stands in its sender's log: what is sent earlier stands before what is sent later, in whichever lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    epoch: u32,
    index: u64,
}

impl Place {
    pub(crate) fn of(row: &InboxRow) -> Self {
        Self {
            epoch: row.epoch,
            index: index_of(&row.proof).unwrap_or(0),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (epoch, index) = text.split_once(' ')?;
        Some(Self {
            epoch: epoch.parse().ok()?,
            index: index.parse().ok()?,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.epoch, self.index)
    }
}
