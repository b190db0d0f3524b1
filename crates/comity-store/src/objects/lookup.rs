//! Finding objects: by id, by observable value, by what refers to them, by their words.
//!
//! What waits for the index and what is in it are asked alike, so an object is found as soon as its write is answered.
//!
//! In scope: the shared state of the embedded store, and its look-ups. Out of scope: pages (`paging`), writes
//! (`embedded`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use comity_stix::admission::{Limits, ObservableValue, admit};
use comity_stix::id::ObjectId;
use comity_stix::timestamp::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::blocks::Blocks;
use crate::objects::buffers::BufferPool;
use crate::objects::entry::{Entry, Flags};
use crate::objects::index::Index;
use crate::objects::page_cache::PageCache;
use crate::objects::pending::{At, KeyKind, PendingPair, StatusPlace, id_key};
use crate::objects::query::PageItem;
use crate::objects::segment::Segments;
use crate::objects::type_names::TypeNames;
use crate::objects::view::{View, ViewState};
use crate::objects::{Found, ViewId, words};

/// What the embedded store's readers and its writer share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) folder: PathBuf,
    pub(crate) segments: Arc<Segments>,
    pub(crate) views: RwLock<BTreeMap<u32, Arc<View>>>,
    pub(crate) names: TypeNames,
    pub(crate) pending: PendingPair,
    pub(crate) index: Index,
    pub(crate) blocks: Blocks,
    pub(crate) pool: Arc<BufferPool>,
    pub(crate) pages: PageCache,
}

/// The few properties of an object that a manifest needs.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    modified: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    created: Option<std::borrow::Cow<'a, str>>,
}

impl Shared {
    /// The view, if anything was ever added to it.
    pub(crate) fn view(&self, view: u32) -> Option<Arc<View>> {
        self.views
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&view)
            .cloned()
    }

    /// All views, by number.
    pub(crate) fn all_views(&self) -> Vec<(u32, Arc<View>)> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        views
            .iter()
            .map(|(number, view)| (*number, Arc::clone(view)))
            .collect()
    }

    /// The view, made now if it is new.
    pub(crate) fn view_or_new(&self, number: u32) -> Result<Arc<View>, StoreError> {
        if let Some(view) = self.view(number) {
            return Ok(view);
        }
        let view = Arc::new(View::open(&self.folder, number, ViewState::default())?);
        self.views
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(number, Arc::clone(&view));
        Ok(view)
    }

    /// Places under a key, ascending.
    pub(crate) fn places(&self, kind: KeyKind, key: i64) -> Result<Vec<At>, StoreError> {
        let mut places = self.pending.places(kind, key);
        places.extend(self.index.places(kind, key)?);
        places.sort_unstable();
        places.dedup();
        Ok(places)
    }

    /// Every version of an object in a view that was not removed, in the order in which they were added.
    pub(crate) fn versions(
        &self,
        view: u32,
        id: &ObjectId,
    ) -> Result<Vec<(u64, Entry)>, StoreError> {
        let Some(file) = self.view(view) else {
            return Ok(Vec::new());
        };
        let state = file.read();
        self.versions_below(view, &file, state.length, id)
    }

    /// The same for a caller that holds the view's lock: a lock taken twice by one reader can stop both for ever.
    pub(crate) fn versions_below(
        &self,
        view: u32,
        file: &View,
        length: u64,
        id: &ObjectId,
    ) -> Result<Vec<(u64, Entry)>, StoreError> {
        let Some(number) = self.names.number(id.type_name()) else {
            return Ok(Vec::new());
        };
        let mut out = Vec::new();
        for at in self.places(KeyKind::Id, id_key(&id.uuid()))? {
            if at.view() != view || at.position() >= length {
                continue;
            }
            let entry = file.entry(at.position())?;
            let same = entry.uuid == id.uuid() && entry.type_number == number;
            if same && !entry.flags.any(Flags::REMOVED) {
                out.push((at.position(), entry));
            }
        }
        Ok(out)
    }

    /// The bytes of an object.
    pub(crate) fn body(&self, entry: &Entry) -> Result<String, StoreError> {
        let mut bytes = vec![0; usize::try_from(entry.length).unwrap_or(0)];
        self.segments
            .read_at(entry.segment, u64::from(entry.offset), &mut bytes)?;
        String::from_utf8(bytes).map_err(|_| StoreError::Damaged {
            path: self.segments.path(entry.segment),
            what: format!(
                "the object at byte {} is not UTF-8; restore this file from a backup",
                entry.offset
            ),
        })
    }

    /// What the manifest says of an object.
    pub(crate) fn item(
        &self,
        position: u64,
        entry: &Entry,
    ) -> Result<(PageItem, String), StoreError> {
        let json = self.body(entry)?;
        let item = page_item(position, entry, &json).ok_or_else(|| StoreError::Damaged {
            path: self.segments.path(entry.segment),
            what: format!(
                "the object at byte {} cannot be read; restore this file from a backup",
                entry.offset
            ),
        })?;
        Ok((item, json))
    }

    /// The object at a place, if it is to be shown there.
    pub(crate) fn found(&self, at: At) -> Result<Option<Found>, StoreError> {
        let Some(view) = self.view(at.view()) else {
            return Ok(None);
        };
        let state = view.read();
        if at.position() >= state.length {
            return Ok(None);
        }
        let entry = view.entry(at.position())?;
        if entry.flags.any(Flags::HIDDEN) {
            return Ok(None);
        }
        let (item, json) = self.item(at.position(), &entry)?;
        Ok(Some(Found {
            view: ViewId(at.view()),
            item,
            json,
        }))
    }

    /// The objects at those of `places` that lie in `views`, newest first, that `keep` confirms.
    pub(crate) fn confirmed(
        &self,
        views: &[ViewId],
        mut places: Vec<At>,
        limit: usize,
        keep: &dyn Fn(&Found) -> bool,
    ) -> Result<Vec<Found>, StoreError> {
        places.sort_unstable_by(|a, b| b.cmp(a));
        places.dedup();
        places.retain(|at| views.contains(&ViewId(at.view())));
        let mut out = Vec::new();
        // Places are in order of time within a view only, so each view gives as many as may be wanted of it.
        for of_view in places.chunk_by(|a, b| a.view() == b.view()) {
            let enough = out.len().saturating_add(limit);
            for at in of_view {
                if out.len() >= enough {
                    break;
                }
                out.extend(self.found(*at)?.filter(|found| keep(found)));
            }
        }
        Ok(newest_of(out, limit))
    }

    /// Objects whose text holds every word of `text`. The caller has written the index.
    pub(crate) fn search(
        &self,
        views: &[ViewId],
        text: &str,
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let wanted: Vec<String> = words::of(text).into_iter().collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut out = Vec::new();
        for view in views {
            let mut below = At::new(view.0 + 1, 0);
            let enough = out.len().saturating_add(limit);
            // Hidden versions use up hits, so ask again below the last one until there are enough.
            while out.len() < enough {
                let places = self.index.matching(&wanted, view.0, below, limit)?;
                let Some(last) = places.last().copied() else {
                    break;
                };
                for at in &places {
                    out.extend(self.found(*at)?);
                }
                below = last;
            }
        }
        Ok(newest_of(out, limit))
    }

    /// Where a status lies in the log.
    pub(crate) fn status_place(&self, id: &Uuid) -> Result<Option<StatusPlace>, StoreError> {
        match self.pending.status(id) {
            Some(place) => Ok(Some(place)),
            None => self.index.status(id),
        }
    }
}

/// The newest of what several views gave.
fn newest_of(mut found: Vec<Found>, limit: usize) -> Vec<Found> {
    found.sort_by_key(|found| std::cmp::Reverse((found.item.added, found.view)));
    found.truncate(limit);
    found
}

/// What the manifest says of an object, from its entry and its bytes.
pub(crate) fn page_item(position: u64, entry: &Entry, json: &str) -> Option<PageItem> {
    let named: Named<'_> = serde_json::from_str(json).ok()?;
    let version = if entry.flags.any(Flags::UNVERSIONED) {
        moment(entry.version)
    } else {
        named.modified.or(named.created)?.into_owned()
    };
    Some(PageItem {
        id: ObjectId::parse(&named.id).ok()?,
        added: entry.added,
        version,
        spec_20: entry.flags.any(Flags::SPEC_20),
        revoked: entry.flags.any(Flags::REVOKED),
        position,
    })
}

/// A moment as TAXII spells it.
pub(crate) fn moment(micros: i64) -> String {
    Timestamp::from_micros(micros).map_or_else(|| micros.to_string(), |at| at.to_string())
}

/// The version that is told of an object: as it spells it, else its `date_added`.
pub(crate) fn told_version(spelled: Option<&str>, added: i64) -> String {
    spelled.map_or_else(|| moment(added), str::to_owned)
}

/// Whether an object carries one of these observable values; a key alone may stand for another.
pub(crate) fn carries(found: &Found, values: &[ObservableValue]) -> bool {
    admit(&found.json, &Limits::EXCHANGE)
        .is_ok_and(|a| values.iter().any(|value| a.values.contains(value)))
}

/// Whether an object refers to `id`; a key alone may stand for another.
pub(crate) fn refers(found: &Found, id: &ObjectId) -> bool {
    admit(&found.json, &Limits::EXCHANGE)
        .is_ok_and(|a| a.links.iter().any(|link| link.target == *id))
}
