//! What the log already holds and the index does not yet: kept in memory until the next lazy commit.
//!
//! In scope: the keys by which objects are found, and the sets that wait. Out of scope: writing them (`index`).
//! Limits: the writer starts a commit at [`COMMIT_OBJECTS`] and waits for one at [`WAIT_OBJECTS`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use comity_stix::admission::{Admitted, ObservableValue};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::objects::segment::LogPosition;
use crate::objects::view::ViewState;
use crate::objects::words;

/// The index is written once this many objects wait.
pub(crate) const COMMIT_OBJECTS: usize = 50_000;
/// New writes wait for the index once this many objects wait.
pub(crate) const WAIT_OBJECTS: usize = 200_000;

const POSITION_BITS: u32 = 40;

/// An object's place in one number: view and position, ordered by both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct At(pub(crate) i64);

impl At {
    /// The place of `position` in `view`.
    pub(crate) fn new(view: u32, position: u64) -> Self {
        let position = i64::try_from(position).unwrap_or(i64::MAX) & ((1 << POSITION_BITS) - 1);
        Self((i64::from(view) << POSITION_BITS) | position)
    }

    /// The view.
    pub(crate) fn view(self) -> u32 {
        u32::try_from(self.0 >> POSITION_BITS).unwrap_or(0)
    }

    /// The position in the view.
    pub(crate) fn position(self) -> u64 {
        u64::try_from(self.0 & ((1 << POSITION_BITS) - 1)).unwrap_or(0)
    }
}

/// What an object is found by, besides its place.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) id: i64,
    pub(crate) values: Vec<i64>,
    pub(crate) links: Vec<i64>,
    /// The words of its text, separated by spaces; empty for none.
    pub(crate) words: String,
}

impl Keys {
    /// The keys of an object.
    pub(crate) fn of(admitted: &Admitted) -> Self {
        let words: Vec<String> = words::of(&admitted.text).into_iter().collect();
        Self {
            id: id_key(&admitted.id.uuid()),
            values: admitted.values.iter().map(value_key).collect(),
            links: admitted
                .links
                .iter()
                .map(|link| id_key(&link.target.uuid()))
                .collect(),
            words: words.join(" "),
        }
    }
}

/// The key of an id. A digest, so that nobody can craft ids that crowd together.
pub(crate) fn id_key(uuid: &Uuid) -> i64 {
    first_eight(&Sha256::digest(uuid.as_bytes()))
}

/// The key of an observable value.
pub(crate) fn value_key(value: &ObservableValue) -> i64 {
    let mut hasher = Sha256::new();
    hasher.update([value.kind.number()]);
    hasher.update(value.value.as_bytes());
    first_eight(&hasher.finalize())
}

fn first_eight(digest: &[u8]) -> i64 {
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(digest) {
        *to = *from;
    }
    i64::from_le_bytes(eight)
}

/// Where a status lies in the log: the act that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StatusPlace {
    pub(crate) act: LogPosition,
    /// When the request came, for forgetting old ones.
    pub(crate) requested: i64,
}

/// Objects that wait for the index.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) ids: BTreeSet<(i64, At)>,
    pub(crate) values: BTreeSet<(i64, At)>,
    pub(crate) links: BTreeSet<(i64, At)>,
    pub(crate) texts: BTreeMap<At, String>,
    pub(crate) statuses: HashMap<Uuid, StatusPlace>,
    /// Up to here the log is taken into account once this set is in the index.
    pub(crate) log_end: Option<LogPosition>,
    /// The views as they were when the set was closed.
    pub(crate) views: Vec<(u32, ViewState)>,
    pub(crate) objects: usize,
}

impl Pending {
    /// Takes in one object.
    pub(crate) fn add(&mut self, at: At, keys: Keys) {
        self.ids.insert((keys.id, at));
        self.values
            .extend(keys.values.into_iter().map(|key| (key, at)));
        self.links
            .extend(keys.links.into_iter().map(|key| (key, at)));
        if !keys.words.is_empty() {
            self.texts.insert(at, keys.words);
        }
        self.objects += 1;
    }

    /// The places under `key` in `set`.
    fn places(set: &BTreeSet<(i64, At)>, key: i64, out: &mut Vec<At>) {
        out.extend(
            set.range((key, At(i64::MIN))..=(key, At(i64::MAX)))
                .map(|(_, at)| *at),
        );
    }
}

/// Which kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// An object's own id.
    Id,
    /// An observable value.
    Value,
    /// The id of an object that it refers to.
    Link,
}

/// The set that grows and the one that is being written to the index.
#[derive(Debug, Default)]
pub(crate) struct PendingPair {
    open: RwLock<Pending>,
    closed: RwLock<Option<Arc<Pending>>>,
}

impl PendingPair {
    /// Changes the set that grows.
    pub(crate) fn change<T>(&self, with: impl FnOnce(&mut Pending) -> T) -> T {
        with(&mut self.open.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many objects wait in the set that grows.
    pub(crate) fn waiting(&self) -> usize {
        self.open
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .objects
    }

    /// Whether there is anything to write to the index.
    pub(crate) fn is_dirty(&self) -> bool {
        self.open
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .log_end
            .is_some()
    }

    /// Closes the set that grows, so that it can be written. `None` while an earlier one is still being written.
    pub(crate) fn close(&self, views: Vec<(u32, ViewState)>) -> Option<Arc<Pending>> {
        // Open before closed, as every reader does: else the two would wait for each other.
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        let mut closed = self.closed.write().unwrap_or_else(PoisonError::into_inner);
        if closed.is_some() {
            return None;
        }
        let mut set = std::mem::take(&mut *open);
        set.views = views;
        let set = Arc::new(set);
        *closed = Some(Arc::clone(&set));
        Some(set)
    }

    /// The closed set, when one still waits to be written.
    pub(crate) fn closed(&self) -> Option<Arc<Pending>> {
        self.closed
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Lets go of the closed set, once the index has it.
    pub(crate) fn release(&self) {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Places under a key in either set.
    pub(crate) fn places(&self, kind: KeyKind, key: i64) -> Vec<At> {
        let mut out = Vec::new();
        // The open set stays locked meanwhile, so that nothing moves from one to the other unseen.
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        let closed = self.closed();
        for set in std::iter::once(&*open).chain(closed.as_deref()) {
            let keys = match kind {
                KeyKind::Id => &set.ids,
                KeyKind::Value => &set.values,
                KeyKind::Link => &set.links,
            };
            Pending::places(keys, key, &mut out);
        }
        out
    }

    /// The place of a status in either set.
    pub(crate) fn status(&self, id: &Uuid) -> Option<StatusPlace> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.statuses
            .get(id)
            .copied()
            .or_else(|| self.closed()?.statuses.get(id).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_ordered_by_view_then_position_and_comes_back() {
        let places = [
            At::new(0, 0),
            At::new(0, 7),
            At::new(1, 0),
            At::new(1, 1 << 39),
            At::new(4_000_000, 3),
        ];
        assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!((places[4].view(), places[4].position()), (4_000_000, 3));
    }

    #[test]
    fn an_object_is_found_while_open_and_while_closed_and_not_after() {
        let pair = PendingPair::default();
        let keys = Keys {
            id: 5,
            values: vec![6],
            ..Keys::default()
        };
        pair.change(|set| set.add(At::new(1, 2), keys));
        assert_eq!(pair.places(KeyKind::Id, 5), [At::new(1, 2)]);
        let set = pair.close(Vec::new()).unwrap();
        assert_eq!(set.objects, 1);
        assert_eq!(pair.places(KeyKind::Value, 6), [At::new(1, 2)]);
        assert!(pair.close(Vec::new()).is_none(), "one at a time");
        pair.release();
        assert_eq!(pair.places(KeyKind::Id, 5), []);
    }
}
