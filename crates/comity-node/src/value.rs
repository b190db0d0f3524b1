//! One observable value: what is known of it, from whom, where it was seen, and to whom it might go.
//!
//! Everything is told of the objects in the collections that are given, and of nothing else: for a person these are the ones that
//! the person reads. What might go where is judged on the same objects, by the rules of a release; the release itself judges again.
//!
//! In scope: gathering. Out of scope: who may see which thread (`operation::sight`), releasing (`exchange::share`).
//! Limits: [`OBJECTS_MAX`], [`AROUND_MAX`], [`SIGHTINGS_MAX`], [`THREADS_MAX`], [`JUDGED_MAX`] objects for [`PARTIES_MAX`] parties.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use comity_accord::terms::Outlet;
use comity_release::recipient::Way;
use comity_stix::admission::ObservableValue;
use comity_stix::id::ObjectId;
use comity_stix::marking::Tlp;
use comity_store::objects::{Found, ViewId};
use comity_store::state::collection::Collection;
use comity_store::state::source::{self, SourceRow};
use comity_store::state::thread::words;
use serde_json::{Value, json};

use crate::case::{document, found};
use crate::exchange::ExchangeError;
use crate::exchange::command::at;
use crate::exchange::subject::{Holdings, LookUp};
use crate::node::Node;

/// Objects that carry the value and are told.
const OBJECTS_MAX: usize = 200;
/// Objects whose surroundings are looked at.
const AROUND_MAX: usize = 50;
/// Sightings that are told.
const SIGHTINGS_MAX: usize = 1_000;
/// Threads that are told.
const THREADS_MAX: u64 = 100;
/// Objects that are judged for each party.
const JUDGED_MAX: usize = 5;
/// Parties for which they are judged.
const PARTIES_MAX: usize = 50;
/// Identities whose names are looked up.
const NAMES_MAX: usize = 100;
/// Types that hold others, in which a value is looked for too.
const HOLDERS: &[&str] = &["observed-data", "report", "grouping", "incident", "note"];

/// The type of a sighting (STIX 2.1 section 5.2).
const SIGHTING: &str = "sighting";

/// An object that carries the value, or holds one that does.
struct Carrier {
    collection: String,
    added: i64,
    version: String,
    closed: bool,
    /// No party gave it.
    own: bool,
    object: Value,
    sources: Vec<SourceRow>,
}

impl Node {
    /// All that these collections and the threads of this node say of a value.
    pub(crate) fn value_shown(
        &self,
        collections: &[Collection],
        asked: &str,
    ) -> Result<Value, Box<dyn Error + Send + Sync>> {
        let views: Vec<ViewId> = collections.iter().flat_map(Collection::all_views).collect();
        let readings = ObservableValue::detect(asked);
        let mut hits = Vec::new();
        if !readings.is_empty() {
            hits = self
                .inner
                .objects
                .by_value(&views, &readings, OBJECTS_MAX + 1)?;
        }
        let more = hits.len() > OBJECTS_MAX;
        let mut carriers = BTreeMap::new();
        for hit in hits.into_iter().take(OBJECTS_MAX) {
            self.put(collections, &mut carriers, hit)?;
        }
        let (direct, ids) = order(&carriers);
        let mut sightings = BTreeMap::new();
        let mut left = SIGHTINGS_MAX;
        for id in ids.iter().take(AROUND_MAX) {
            if left == 0 {
                break;
            }
            let near = self.inner.objects.neighbours(&views, id, left)?;
            left -= near.len().min(left);
            for one in near {
                let kind = one.item.id.type_name().to_owned();
                if kind == SIGHTING && sightings.len() < SIGHTINGS_MAX {
                    self.put(collections, &mut sightings, one)?;
                } else if HOLDERS.contains(&kind.as_str()) && carriers.len() < OBJECTS_MAX {
                    self.put(collections, &mut carriers, one)?;
                }
            }
        }
        let threads = self.threads_naming(&readings, &ids)?;
        let judged = self.judged_for_all(collections, &direct)?;
        let read = readings
            .iter()
            .map(|one| json!({ "kind": one.kind.field(), "value": one.value }));
        let marking = carriers.values().chain(sightings.values()).map(label_of);
        let times: BTreeSet<i64> = carriers.values().flat_map(Carrier::known).collect();
        let sightings: Vec<Value> = self.sightings(&views, &sightings)?;
        let mut objects: Vec<&Carrier> = carriers.values().collect();
        objects.sort_by_key(|one| std::cmp::Reverse(one.added));
        Ok(json!({
            "asked": asked, "readings": read.collect::<Vec<_>>(),
            "marking": marking.max().flatten().map(|label| label.to_string()),
            "first_known": times.first().copied().map(at), "last_known": times.last().copied().map(at), "more": more,
            "objects": objects.into_iter().map(Carrier::row).collect::<Vec<_>>(),
            "sightings": sightings, "threads": threads, "releases": judged,
        }))
    }

    /// Keeps an object once, in its newest version.
    fn put(
        &self,
        collections: &[Collection],
        all: &mut BTreeMap<String, Carrier>,
        found: Found,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let id = found.item.id.to_string();
        if all
            .get(&id)
            .is_some_and(|known| known.version >= found.item.version)
        {
            return Ok(());
        }
        let holder = collections.iter().find(|held| held.shows(found.view));
        let mut sources = self.inner.state.read(|tx| source::of(tx, &id))?;
        if let Some(party) = holder.and_then(|held| held.source.clone())
            && sources.iter().all(|known| known.party != party)
        {
            sources.push(SourceRow {
                id: id.clone(),
                party,
                label: None,
                onward: false,
                persons: None,
                received: found.item.added,
            });
        }
        let own = sources.is_empty();
        let closed = holder.is_some_and(|held| held.closed == Some(found.view));
        // Who gave it to other persons alone is theirs to know.
        sources.retain(|one| one.persons.is_none() || closed);
        let carrier = Carrier {
            collection: holder.map_or_else(String::new, |held| held.id.to_string()),
            added: found.item.added,
            version: found.item.version,
            closed,
            own,
            object: serde_json::from_str(&found.json)?,
            sources,
        };
        all.insert(id, carrier);
        Ok(())
    }

    fn threads_naming(
        &self,
        readings: &[ObservableValue],
        ids: &[ObjectId],
    ) -> Result<Vec<Value>, Box<dyn Error + Send + Sync>> {
        let names = readings.iter().map(found::name_of);
        let names: Vec<String> = names.chain(ids.iter().map(ToString::to_string)).collect();
        let rows = self
            .inner
            .state
            .read(|tx| words::with_name(tx, &names, THREADS_MAX))?;
        let own = &self.identity().party;
        let now = self.clock().now();
        Ok(rows
            .iter()
            .map(|row| document::line_at(row, own, now))
            .collect())
    }

    /// What the release rules would say of each object for each verified party.
    fn judged_for_all(
        &self,
        collections: &[Collection],
        ids: &[ObjectId],
    ) -> Result<Vec<Value>, ExchangeError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let holdings = Holdings {
            collections: collections.to_vec(),
            views: collections.iter().flat_map(Collection::all_views).collect(),
        };
        let gathered = ids
            .iter()
            .take(JUDGED_MAX)
            .map(|id| self.gather(&holdings, id))
            .collect::<Result<Vec<_>, _>>()?;
        let mut rows = Vec::new();
        let parties = self.parties()?;
        let verified = parties.iter().filter(|one| one.row.state == "verified");
        for party in verified.take(PARTIES_MAX) {
            let name = &party.row.name;
            let (recipient, terms) = match self.recipient(name, None) {
                Ok(found) => found,
                Err(ExchangeError::NoAccord(_)) => {
                    rows.push(json!({ "party": name, "verdict": "refused", "rule": "no-accord" }));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut look_up = LookUp::new(self, &holdings);
            let way = Way::by(Outlet::Link).encrypted();
            for gathered in &gathered {
                let going = self.judge_one(&mut look_up, gathered, (&recipient, &terms), &way)?;
                let line = going.line;
                rows.push(json!({
                    "party": name, "object": line.object, "verdict": line.verdict, "rule": line.rule,
                    "bound": line.label, "reason": line.reason,
                }));
            }
        }
        Ok(rows)
    }

    fn sightings(
        &self,
        views: &[ViewId],
        all: &BTreeMap<String, Carrier>,
    ) -> Result<Vec<Value>, Box<dyn Error + Send + Sync>> {
        let refs = all.values().flat_map(|one| refs_of(&one.object));
        let refs: BTreeSet<String> = refs.collect();
        let mut names = BTreeMap::new();
        for id in refs.into_iter().take(NAMES_MAX) {
            let Ok(parsed) = ObjectId::parse(&id) else {
                continue;
            };
            let found = self.inner.objects.newest(views, &parsed)?;
            let name = found.first().and_then(|found| {
                let object: Value = serde_json::from_str(&found.json).ok()?;
                Some(object.get("name")?.as_str()?.to_owned())
            });
            names.insert(id.clone(), name.unwrap_or(id));
        }
        let mut sightings: Vec<&Carrier> = all.values().collect();
        sightings.sort_by_key(|one| std::cmp::Reverse(one.added));
        let row = |one: &&Carrier| {
            let object = &one.object;
            let seen = refs_of(object).into_iter();
            let seen: Vec<String> = seen.filter_map(|id| names.get(&id).cloned()).collect();
            let count = object.get("count").and_then(Value::as_u64);
            json!({
                "object": object.get("id"), "of": object.get("sighting_of_ref"), "count": count.unwrap_or(1),
                "first_seen": object.get("first_seen"), "last_seen": object.get("last_seen"),
                "created": object.get("created"), "seen_at": seen, "given_by": given_by(&one.sources),
                "marking": label_of(one).map(|label| label.to_string()),
                "revoked": object.get("revoked").and_then(Value::as_bool) == Some(true),
            })
        };
        Ok(sightings.iter().map(row).collect())
    }
}

impl Carrier {
    /// When it was known here.
    fn known(&self) -> impl Iterator<Item = i64> {
        let received = self.sources.iter().map(|one| one.received);
        received.filter(|at| *at > 0).chain([self.added])
    }

    fn row(&self) -> Value {
        json!({
            "collection": self.collection, "date_added": at(self.added), "object": self.object,
            "own": self.own, "given_by": given_by(&self.sources),
            "marking": label_of(self).map(|label| label.to_string()),
        })
    }
}

/// Objects for judging, those that say something of the value first; and all of them.
fn order(carriers: &BTreeMap<String, Carrier>) -> (Vec<ObjectId>, Vec<ObjectId>) {
    let mut all: Vec<(&String, &Carrier)> = carriers.iter().collect();
    all.sort_by_key(|(id, one)| (!id.starts_with("indicator--"), std::cmp::Reverse(one.added)));
    let ids: Vec<ObjectId> = all
        .iter()
        .filter_map(|(id, _)| ObjectId::parse(id).ok())
        .collect();
    (ids.iter().take(JUDGED_MAX).cloned().collect(), ids)
}

/// The strictest label that stands on an object or with which it was given; what is in a closed view is TLP:RED.
fn label_of(one: &Carrier) -> Option<Tlp> {
    let marks = one.object.get("object_marking_refs");
    let marks = marks.and_then(Value::as_array).into_iter().flatten();
    let labels = marks
        .filter_map(Value::as_str)
        .filter_map(|id| Tlp::of(&ObjectId::parse(id).ok()?));
    let given = one.sources.iter().filter_map(|one| one.label.as_deref());
    let given = given.filter_map(Tlp::parse).max();
    labels.max().max(given).max(one.closed.then_some(Tlp::Red))
}

fn given_by(sources: &[SourceRow]) -> Vec<Value> {
    let row = |one: &SourceRow| {
        let received = (one.received > 0).then(|| at(one.received));
        json!({ "party": one.party, "marking": one.label, "received": received })
    };
    sources.iter().map(row).collect()
}

/// Where something was sighted: identities and places (STIX 2.1 section 5.2).
fn refs_of(sighting: &Value) -> Vec<String> {
    let refs = sighting.get("where_sighted_refs").and_then(Value::as_array);
    let refs = refs.into_iter().flatten().filter_map(Value::as_str);
    refs.map(str::to_owned).collect()
}
