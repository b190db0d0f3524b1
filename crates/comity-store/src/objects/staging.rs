//! Staging: what a group will change in its views, worked out before anything is written.
//!
//! In scope: deciding what becomes of each object, giving positions and times, settling versions, and making it all
//! visible at once when it is durable. The same steps take in what a replay reads.
//! Out of scope: the log's bytes (`record`), the order of groups (`group`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use comity_stix::admission::SpecVersion;
use uuid::Uuid;

use crate::error::StoreError;
use crate::objects::entry::{Entry, Flags};
use crate::objects::lookup::{Shared, told_version};
use crate::objects::pending::{At, KeyKind, Keys, StatusPlace, id_key};
use crate::objects::plan::{Sibling, decide, same_content, settle};
use crate::objects::record::{AppendAct, ObjectMeta};
use crate::objects::rewind::Rewind;
use crate::objects::segment::LogPosition;
use crate::objects::status::{Detail, Notes, Status};
use crate::objects::{AppendRequest, NewObject, Outcome, Written};

/// Where an act lies, and its objects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) act: LogPosition,
    /// Offset of the first object in the segment.
    pub(crate) objects_at: u64,
}

/// What one group changes.
pub(crate) struct Staging<'a> {
    shared: &'a Shared,
    rewind: Option<&'a mut Rewind>,
    views: BTreeMap<u32, StagedView>,
    statuses: Vec<(Uuid, StatusPlace)>,
}

/// An object that is to be the next of its view.
pub(crate) struct NewEntry<'a> {
    pub(crate) added: i64,
    pub(crate) meta: &'a ObjectMeta,
    pub(crate) keys: Keys,
    /// Its text; empty when it comes out of the log.
    pub(crate) body: String,
}

/// What one group changes in one view.
struct StagedView {
    /// The position of the first new entry.
    base: u64,
    last_added: i64,
    entries: Vec<Entry>,
    keys: Vec<Keys>,
    bodies: Vec<String>,
    /// New entries by id.
    by_id: HashMap<Uuid, Vec<u64>>,
    /// Entries that were there before and get other flags.
    reflags: BTreeMap<u64, (Flags, Flags)>,
}

/// What became of one request.
#[derive(Debug)]
pub(crate) struct PlannedAppend {
    pub(crate) act: AppendAct,
    outcomes: Vec<Outcome>,
    status: Option<Status>,
}

impl PlannedAppend {
    /// Whether anything must be written: objects, or a status that shall survive.
    pub(crate) fn is_to_be_logged(&self) -> bool {
        !self.act.objects.is_empty() || self.status.is_some()
    }

    /// The answer to the caller.
    pub(crate) fn into_answer(self) -> Written {
        Written::Appended {
            outcomes: self.outcomes,
            status: self.status,
        }
    }
}

impl<'a> Staging<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            rewind: None,
            views: BTreeMap::new(),
            statuses: Vec::new(),
        }
    }

    /// Takes in what the log says, over views that may know of it already.
    pub(crate) fn replaying(shared: &'a Shared, rewind: &'a mut Rewind) -> Self {
        Self {
            rewind: Some(rewind),
            ..Self::new(shared)
        }
    }

    /// Decides what becomes of each object of a request.
    pub(crate) fn plan_append(
        &mut self,
        request: AppendRequest,
    ) -> Result<PlannedAppend, StoreError> {
        let view = request.view.0;
        let staged = self.staged(view)?;
        let first_added = request.requested.max(staged.last_added + 1);
        let first_position = staged.base + count(staged.entries.len());
        let mut notes = Notes {
            unchanged: request.recorded,
            failures: request.refused,
        };
        let mut successes = Vec::new();
        let mut outcomes = Vec::with_capacity(request.objects.len());
        let mut metas = Vec::new();
        let with_status = request.status.is_some();
        for object in request.objects {
            let added = first_added + i64::try_from(metas.len()).unwrap_or(i64::MAX);
            let meta = meta_of(&object, added);
            let detail = with_status.then(|| detail_of(&object, added));
            let versions = self.versions_beside(view, &meta)?;
            let outcome = decide(&versions, &meta, request.only_new_ids, |sibling| {
                self.says_the_same(view, sibling.position, &object.json)
            })?;
            outcomes.push(outcome);
            match outcome {
                Outcome::Added => {
                    let keys = Keys::of(&object.admitted);
                    let new = NewEntry {
                        added,
                        meta: &meta,
                        keys,
                        body: object.json,
                    };
                    self.stage(view, new, versions)?;
                    metas.push(meta);
                    successes.extend(detail);
                }
                Outcome::Unchanged => notes.unchanged.extend(detail),
                Outcome::Differs => notes.failures.extend(detail.map(|d| Detail {
                    message: Some(DIFFERS.to_owned()),
                    ..d
                })),
            }
        }
        let act = AppendAct {
            view,
            first_position,
            first_added,
            status: request.status.unwrap_or_default(),
            requested: request.requested,
            notes: if with_status {
                notes.to_bytes()
            } else {
                Vec::new()
            },
            objects: metas,
        };
        let status = request.status.map(|id| {
            successes.extend(notes.unchanged);
            Status {
                id,
                requested: act.requested,
                successes,
                failures: notes.failures,
            }
        });
        Ok(PlannedAppend {
            act,
            outcomes,
            status,
        })
    }

    /// The bodies of a planned request's added objects, in order.
    pub(crate) fn bodies<'b>(&'b self, plan: &PlannedAppend) -> impl Iterator<Item = &'b [u8]> {
        let staged = self.views.get(&plan.act.view);
        let from = staged.map_or(0, |s| index_in(s.base, plan.act.first_position));
        let bodies = staged.map_or(&[][..], |s| s.bodies.as_slice());
        bodies
            .iter()
            .skip(from)
            .take(plan.act.objects.len())
            .map(String::as_bytes)
    }

    /// Tells a staged act where it and its objects lie.
    pub(crate) fn locate(&mut self, act: &AppendAct, place: Place) -> Result<(), StoreError> {
        if !act.status.is_nil() {
            self.statuses.push((
                act.status,
                StatusPlace {
                    act: place.act,
                    requested: act.requested,
                },
            ));
        }
        let staged = self.staged(act.view)?;
        let from = index_in(staged.base, act.first_position);
        let mut offset = place.objects_at;
        for entry in staged.entries.iter_mut().skip(from).take(act.objects.len()) {
            entry.segment = place.act.segment;
            entry.offset = u32::try_from(offset).unwrap_or(u32::MAX);
            offset += u64::from(entry.length) + 1;
        }
        Ok(())
    }

    /// Stages one object out of the log.
    pub(crate) fn stage_replayed(
        &mut self,
        view: u32,
        position: u64,
        new: NewEntry<'_>,
    ) -> Result<(), StoreError> {
        let staged = self.staged(view)?;
        let next = staged.base + count(staged.entries.len());
        if position != next {
            return Err(StoreError::Row {
                table: "object log",
                what: format!(
                    "position {position} of view {view} where {next} is due; run `comity doctor --rebuild-index`"
                ),
            });
        }
        let versions = self.versions_beside(view, new.meta)?;
        self.stage(view, new, versions)
    }

    /// Stages the removal of some positions of a view.
    pub(crate) fn stage_removal(&mut self, view: u32, positions: &[u64]) -> Result<(), StoreError> {
        let shared = self.shared;
        let Some(file) = shared.view(view) else {
            return Ok(());
        };
        let mut touched: BTreeSet<(Uuid, u16)> = BTreeSet::new();
        for position in positions {
            let entry = file.entry(*position)?;
            touched.insert((entry.uuid, entry.type_number));
        }
        if self.rewind.is_some() {
            for (uuid, type_number) in &touched {
                self.siblings(view, *uuid, *type_number)?;
            }
        }
        let staged = self.staged(view)?;
        for position in positions {
            let entry = file.entry(*position)?;
            staged
                .reflags
                .insert(*position, (entry.flags, entry.flags.with(Flags::REMOVED)));
        }
        for (uuid, type_number) in touched {
            let mut left = self.siblings(view, uuid, type_number)?;
            settle(&mut left);
            self.reflag(view, &left)?;
        }
        Ok(())
    }

    /// Makes everything staged visible. Called once the log holds it.
    pub(crate) fn publish(self, log_end: LogPosition) -> Result<(), StoreError> {
        for (number, staged) in self.views {
            let view = self.shared.view_or_new(number)?;
            view.put(staged.base, &staged.entries)?;
            let mut state = view.write();
            for (position, (before, after)) in staged.reflags.iter().filter(|(_, (b, a))| b != a) {
                view.put_flags(*position, *after)?;
                state.reflag(*before, *after);
            }
            self.shared
                .blocks
                .forget(number, staged.reflags.keys().copied());
            self.shared.pending.change(|set| {
                for (keys, position) in staged.keys.into_iter().zip(staged.base..) {
                    set.add(At::new(number, position), keys);
                }
            });
            state.extend(&staged.entries);
        }
        self.shared.pending.change(|set| {
            set.statuses.extend(self.statuses);
            set.log_end = Some(log_end);
        });
        Ok(())
    }

    fn staged(&mut self, view: u32) -> Result<&mut StagedView, StoreError> {
        let file = self.shared.view_or_new(view)?;
        Ok(self.views.entry(view).or_insert_with(|| {
            let state = file.read();
            StagedView {
                base: state.length,
                last_added: state.summary.last_added,
                entries: Vec::new(),
                keys: Vec::new(),
                bodies: Vec::new(),
                by_id: HashMap::new(),
                reflags: BTreeMap::new(),
            }
        }))
    }

    /// Whether the object at a position says what `json` says; spaces and the order of properties do not count.
    fn says_the_same(&self, view: u32, position: u64, json: &str) -> Result<bool, StoreError> {
        let held = if let Some(staged) = self
            .views
            .get(&view)
            .filter(|staged| position >= staged.base)
        {
            staged
                .bodies
                .get(index_in(staged.base, position))
                .cloned()
                .unwrap_or_default()
        } else {
            let file = self.shared.view_or_new(view)?;
            self.shared.body(&file.entry(position)?)?
        };
        Ok(same_content(&held, json))
    }

    /// The versions of an object, those of this group included, none of them removed.
    fn siblings(
        &mut self,
        view: u32,
        uuid: Uuid,
        type_number: u16,
    ) -> Result<Vec<Sibling>, StoreError> {
        let shared = self.shared;
        let file = shared.view_or_new(view)?;
        let mut rewind = self.rewind.take();
        let staged = self.staged(view)?;
        let mut out = Vec::new();
        for at in shared.places(KeyKind::Id, id_key(&uuid))? {
            let position = at.position();
            if at.view() != view || position >= staged.base {
                continue;
            }
            let entry = file.entry(position)?;
            if entry.uuid == uuid && entry.type_number == type_number {
                let flags = staged
                    .reflags
                    .get(&position)
                    .map_or(entry.flags, |(_, after)| *after);
                out.push(Sibling {
                    position,
                    version: entry.version_key(),
                    flags,
                });
            }
        }
        if let Some(rewind) = &mut rewind {
            rewind.apply(&file, (view, uuid, type_number), &mut out)?;
        }
        for position in staged.by_id.get(&uuid).into_iter().flatten() {
            let entry = staged.entries.get(index_in(staged.base, *position));
            if let Some(entry) = entry.filter(|entry| entry.type_number == type_number) {
                out.push(Sibling {
                    position: *position,
                    version: entry.version_key(),
                    flags: entry.flags,
                });
            }
        }
        self.rewind = rewind;
        out.retain(|sibling| !sibling.flags.any(Flags::REMOVED));
        Ok(out)
    }

    /// The versions that a new object will stand beside.
    fn versions_beside(
        &mut self,
        view: u32,
        meta: &ObjectMeta,
    ) -> Result<Vec<Sibling>, StoreError> {
        let type_number = self.shared.names.number_or_new(&meta.type_name);
        self.siblings(view, meta.uuid, type_number)
    }

    /// Stages one object as the next of its view, beside the versions that are there.
    fn stage(
        &mut self,
        view: u32,
        new: NewEntry<'_>,
        mut versions: Vec<Sibling>,
    ) -> Result<(), StoreError> {
        let NewEntry {
            added,
            meta,
            keys,
            body,
        } = new;
        let type_number = self.shared.names.number_or_new(&meta.type_name);
        let staged = self.staged(view)?;
        let position = staged.base + count(staged.entries.len());
        let entry = entry_of(meta, added, type_number);
        staged.entries.push(entry);
        staged.keys.push(keys);
        staged.bodies.push(body);
        staged.last_added = added;
        staged.by_id.entry(meta.uuid).or_default().push(position);
        if !versions.is_empty() {
            versions.push(Sibling {
                position,
                version: entry.version_key(),
                flags: entry.flags,
            });
            settle(&mut versions);
            self.reflag(view, &versions)?;
        }
        Ok(())
    }

    /// Stages the flags of some versions of one object.
    fn reflag(&mut self, view: u32, versions: &[Sibling]) -> Result<(), StoreError> {
        let file = self.shared.view_or_new(view)?;
        let staged = self.staged(view)?;
        for sibling in versions {
            if sibling.position >= staged.base {
                if let Some(entry) = staged
                    .entries
                    .get_mut(index_in(staged.base, sibling.position))
                {
                    entry.flags = sibling.flags;
                }
                continue;
            }
            if let Some((_, after)) = staged.reflags.get_mut(&sibling.position) {
                *after = sibling.flags;
            } else {
                let before = file.entry(sibling.position)?.flags;
                staged
                    .reflags
                    .insert(sibling.position, (before, sibling.flags));
            }
        }
        Ok(())
    }
}

/// What a status says of an object that another one stands in the way of.
pub(crate) const DIFFERS: &str = "the collection holds another object under this id and version; give a changed object \
                                  a later `modified` (STIX 2.1 section 3.6)";

/// The entry of an object whose place is not known yet.
pub(crate) fn entry_of(meta: &ObjectMeta, added: i64, type_number: u16) -> Entry {
    let version = if meta.flags.any(Flags::UNVERSIONED) {
        added
    } else {
        meta.version
    };
    Entry {
        added,
        version,
        version_nanos: meta.version_nanos,
        uuid: meta.uuid,
        segment: 0,
        offset: 0,
        length: meta.length,
        type_number,
        flags: meta.flags,
    }
}

/// What the log says of an object.
pub(crate) fn meta_of(object: &NewObject, added: i64) -> ObjectMeta {
    let admitted = &object.admitted;
    let mut flags = Flags::default();
    if admitted.spec_version == SpecVersion::V20 {
        flags = flags.with(Flags::SPEC_20);
    }
    if admitted.revoked {
        flags = flags.with(Flags::REVOKED);
    }
    let (version, version_nanos) = if let Some(version) = &admitted.version {
        (version.at.micros(), version.at.sub_micro_nanos())
    } else {
        flags = flags.with(Flags::UNVERSIONED);
        (added, 0)
    };
    ObjectMeta {
        length: u32::try_from(object.json.len()).unwrap_or(u32::MAX),
        version,
        version_nanos,
        flags,
        uuid: admitted.id.uuid(),
        type_name: admitted.id.type_name().to_owned(),
    }
}

/// What a status says of an object.
pub(crate) fn detail_of(object: &NewObject, added: i64) -> Detail {
    let spelled = object
        .admitted
        .version
        .as_ref()
        .map(|version| version.text.as_str());
    Detail {
        id: object.admitted.id.to_string(),
        version: told_version(spelled, added),
        message: None,
    }
}

fn index_in(base: u64, position: u64) -> usize {
    usize::try_from(position.saturating_sub(base)).unwrap_or(usize::MAX)
}

fn count(entries: usize) -> u64 {
    u64::try_from(entries).unwrap_or(u64::MAX)
}
