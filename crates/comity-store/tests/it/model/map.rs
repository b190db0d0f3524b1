//! The rules of TAXII 2.1 over a plain map, written for reading and not for speed.
//!
//! In scope: what each step must answer. Out of scope: how a store does it.

use std::collections::BTreeMap;

use comity_stix::admission::{Admitted, Limits, SpecVersion, admit};
use comity_stix::timestamp::Timestamp;
use comity_store::objects::Outcome;
use comity_store::objects::query::{Filter, SpecVersions, Versions};

use super::script::{self, Query, Request, Step, VIEWS};

/// Views by their number in the script; a view is every object ever added, in order.
#[derive(Default)]
pub(crate) struct Map {
    views: BTreeMap<u32, Vec<Held>>,
}

struct Held {
    json: String,
    admitted: Admitted,
    added: i64,
    position: u64,
    removed: bool,
}

impl Held {
    /// `modified`, else `created`, else when it was added.
    fn version(&self) -> (i64, u16) {
        let version = self.admitted.version.as_ref();
        version.map_or((self.added, 0), |v| (v.at.micros(), v.at.sub_micro_nanos()))
    }

    fn told_version(&self) -> String {
        let version = self.admitted.version.as_ref();
        version.map_or_else(
            || Timestamp::from_micros(self.added).unwrap().to_string(),
            |v| v.text.clone(),
        )
    }

    fn is_20(&self) -> bool {
        self.admitted.spec_version == SpecVersion::V20
    }
}

impl Map {
    pub(crate) fn carry_out(&mut self, step: &Step, _first_view: u32) -> String {
        match step {
            Step::Add(requests) => {
                let outcomes: Vec<Vec<Outcome>> =
                    requests.iter().map(|request| self.add(request)).collect();
                format!("{outcomes:?}")
            }
            Step::Remove(query) => {
                // A removal is not a page: it takes in everything that matches.
                let whole = Query {
                    added_after: None,
                    after: None,
                    ..query.clone()
                };
                let positions: Vec<u64> = self
                    .taken_in(&whole)
                    .iter()
                    .map(|held| held.position)
                    .collect();
                for position in &positions {
                    self.views.get_mut(&query.view).unwrap()[*position as usize].removed = true;
                }
                positions.len().to_string()
            }
            Step::Page(query) => {
                let told = self.taken_in(query).into_iter().map(|held| {
                    (
                        held.added,
                        held.told_version(),
                        held.is_20(),
                        held.position,
                        held.json.clone(),
                    )
                });
                format!("{:?}", told.collect::<Vec<_>>())
            }
            Step::Remember | Step::Reopen | Step::Crash(_) => String::new(),
        }
    }

    fn add(&mut self, request: &Request) -> Vec<Outcome> {
        let view = self.views.entry(request.view).or_default();
        let mut added = request
            .requested
            .max(view.last().map_or(1, |held| held.added + 1));
        let mut outcomes = Vec::new();
        for json in &request.objects {
            let admitted = admit(json, &Limits::EXCHANGE).unwrap();
            let new = Held {
                json: json.clone(),
                admitted,
                added,
                position: view.len() as u64,
                removed: false,
            };
            let outcome = outcome(view, &new, request.only_new_ids);
            outcomes.push(outcome);
            if outcome == Outcome::Added {
                view.push(new);
                added += 1;
            }
        }
        outcomes
    }

    /// What a query takes in: the filters of section 3.4, one after the other.
    fn taken_in(&self, query: &Query) -> Vec<&Held> {
        let Some(view) = self.views.get(&query.view) else {
            return Vec::new();
        };
        let filter = &query.filter;
        let taken = view.iter().filter(|held| {
            let id = &held.admitted.id;
            !held.removed
                && query.added_after.is_none_or(|moment| held.added > moment)
                && query.after.is_none_or(|position| held.position > position)
                && (filter.ids.is_empty() || filter.ids.contains(id))
                && (filter.types.is_empty()
                    || filter.types.iter().any(|name| name == id.type_name()))
                && takes_version(view, held, &filter.versions, filter.spec_versions)
        });
        taken.collect()
    }

    /// Newest versions, as lookups show them, newest first.
    fn shown(&self, view: u32) -> Vec<&Held> {
        let whole = Query {
            view,
            added_after: None,
            after: None,
            limit: 1,
            filter: Filter::default(),
        };
        let mut shown = self.taken_in(&whole);
        shown.reverse();
        shown
    }

    pub(crate) fn looked_up(&self, _first_view: u32) -> String {
        let mut told = Vec::new();
        for view in 0..VIEWS {
            let shown = self.shown(view);
            let all = self.views.get(&view).map_or(&[][..], Vec::as_slice);
            let held = || all.iter().filter(|held| !held.removed);
            told.push(format!(
                "{} {} {}",
                shown.len(),
                held().count(),
                all.last().map_or(0, |held| held.added)
            ));
            let that = |of: &dyn Fn(&Held) -> bool| {
                let texts: Vec<String> = shown
                    .iter()
                    .filter(|held| of(held))
                    .map(|held| held.json.clone())
                    .collect();
                format!("{texts:?}")
            };
            for id in script::all_ids() {
                let holds = held().any(|held| held.admitted.id == id);
                told.push(format!("{holds} {}", that(&|held| held.admitted.id == id)));
                told.push(that(&|held| {
                    held.admitted.links.iter().any(|link| link.target == id)
                }));
            }
            for value in script::all_values() {
                told.push(that(&|held| held.admitted.values.contains(&value)));
            }
            for word in script::WORDS {
                told.push(that(&|held| held.admitted.text.contains(word)));
            }
        }
        told.join("\n")
    }
}

fn outcome(view: &[Held], new: &Held, only_new_ids: bool) -> Outcome {
    let of_object = || {
        view.iter()
            .filter(|held| !held.removed && held.admitted.id == new.admitted.id)
    };
    if of_object().next().is_none() {
        return Outcome::Added;
    }
    if only_new_ids {
        return Outcome::Unchanged;
    }
    let same_spec = || of_object().filter(|held| held.is_20() == new.is_20());
    let unversioned = new.admitted.version.is_none();
    let beside = if unversioned {
        same_spec().max_by_key(|held| (held.version(), held.position))
    } else {
        same_spec().find(|held| held.version() == new.version())
    };
    match beside {
        None => Outcome::Added,
        Some(held) if held.json == new.json => Outcome::Unchanged,
        Some(_) if unversioned => Outcome::Added,
        Some(_) => Outcome::Differs,
    }
}

/// Section 3.4.1: of the STIX versions asked for, or of the latest one the object has, these versions.
fn takes_version(view: &[Held], held: &Held, versions: &Versions, spec: SpecVersions) -> bool {
    let of_object = || {
        view.iter()
            .filter(|other| !other.removed && other.admitted.id == held.admitted.id)
    };
    let has_21 = of_object().any(|other| !other.is_20());
    let asked = |other: &Held| match spec {
        SpecVersions::Latest => other.is_20() != has_21,
        SpecVersions::Only { v20, v21 } => {
            if other.is_20() {
                v20
            } else {
                v21
            }
        }
    };
    if !asked(held) {
        return false;
    }
    let order = |other: &Held| (other.version(), other.position);
    match versions {
        Versions::All => true,
        Versions::Some { last, first, exact } => {
            (*last && of_object().filter(|o| asked(o)).map(order).max() == Some(order(held)))
                || (*first
                    && of_object().filter(|o| asked(o)).map(order).min() == Some(order(held)))
                || exact.contains(&held.version())
        }
    }
}
