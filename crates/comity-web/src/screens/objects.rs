//! Objects: what collections hold, and all that is known of one.
//!
//! In scope: collections page by page, one object's summary, relations, timeline, versions, releases and raw text. Out of scope: finding
//! (`search`), releasing.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use comity_node::operation::rights::Permission;
use comity_stix::id::ObjectId;
use comity_stix::marking::Tlp;
use serde_json::{Value, json};

use crate::draw::graph::{self, Edge, Graph, Shape};
use crate::draw::text::shown;
use crate::frame::{Fault, Frame, Shown, page};
use crate::html::Html;
use crate::screens::{number, rows, some, text};
use crate::sheet::asking;
use crate::visit::{Visit, Web};

/// Nodes that a graph shows.
const NODES_MAX: usize = 200;
/// Objects of a collection on one page.
const ROWS: usize = 100;
/// Members of an object that its head says already.
const TOLD: &[&str] = &["type", "id", "spec_version", "name", "object_marking_refs"];
/// An object in a list.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) added: Option<String>,
}

impl Line {
    /// Whether it is known when it was added: pages of a collection do not say.
    pub(crate) const fn is_dated(&self) -> bool {
        self.added.is_some()
    }
}

/// The line of something that was found.
pub(crate) fn line(found: &Value) -> Line {
    let object = found.get("object").unwrap_or(found);
    let kind = text(object, "type").to_owned();
    Line {
        id: text(object, "id").to_owned(),
        name: name_of(object),
        label: label_of(object),
        added: some(found, "date_added"),
        kind,
    }
}

/// What people call an object: its name, its value, or what it says.
fn name_of(object: &Value) -> String {
    let named = [
        "name",
        "value",
        "pattern",
        "path",
        "subject",
        "abstract",
        "relationship_type",
        "content",
        "definition_type",
    ];
    let found = named.iter().find_map(|member| some(object, member));
    let hash = || {
        let hashes = object.get("hashes")?.as_object()?;
        hashes.values().next()?.as_str().map(str::to_owned)
    };
    let name = found
        .or_else(hash)
        .unwrap_or_else(|| text(object, "id").to_owned());
    // Hidden characters would have a name read as another.
    shown(&name).chars().take(200).collect()
}

/// The strictest TLP label that stands on an object itself; what release control makes of it is told where it is released.
fn label_of(object: &Value) -> String {
    let marks = object.get("object_marking_refs").map_or(&[][..], rows);
    let ids = marks.iter().filter_map(Value::as_str);
    let labels = ids.filter_map(|id| Tlp::of(&ObjectId::parse(id).ok()?));
    labels
        .max()
        .map_or_else(String::new, |label| label.to_string())
}

struct CollectionLine {
    id: String,
    title: String,
    description: String,
    objects: u64,
    here: bool,
}

#[derive(Template)]
#[template(path = "objects.html")]
struct Objects {
    frame: Frame,
    collections: Vec<CollectionLine>,
    lines: Vec<Line>,
    next: Option<String>,
    /// Where this person adds objects.
    adds: Option<String>,
}

/// `GET /objects`.
pub(crate) async fn list(web: Web, visit: Visit) -> Shown {
    visit.person()?;
    let mut frame = Frame::new(&web, &visit, visit.words.say("place-objects"));
    let mut chosen = visit.query.text("collection");
    let collections = visit
        .ask(&web, "list_collections", json!({ "limit": 1000 }))
        .await?;
    // Where there is one, there is nothing to choose.
    if let ([only], true) = (rows(&collections), chosen.is_empty()) {
        text(only, "id").clone_into(&mut chosen);
    }
    let collections: Vec<CollectionLine> = rows(&collections)
        .iter()
        .map(|row| CollectionLine {
            id: text(row, "id").to_owned(),
            title: text(row, "title").to_owned(),
            description: text(row, "description").to_owned(),
            objects: number(row, "objects"),
            here: text(row, "id") == chosen,
        })
        .collect();
    let (mut lines, mut next) = (Vec::new(), None);
    if !chosen.is_empty() {
        let after = visit
            .query
            .get("after")
            .and_then(|after| after.parse::<u64>().ok());
        let asked = json!({ "collection": chosen, "after": after, "limit": ROWS });
        let found = visit.ask(&web, "read_collection", asked).await?;
        lines = found
            .get("objects")
            .map_or(&[][..], rows)
            .iter()
            .map(line)
            .collect();
        let more = found.get("next").and_then(Value::as_u64);
        next = more.map(|after| format!("/objects?collection={chosen}&after={after}"));
        for line in &lines {
            frame.mark(&line.label);
        }
    }
    let adds = visit.may(Permission::Add) && !collections.is_empty();
    let adds = adds.then(|| asking("/objects/import", [("collection", chosen.as_str())]));
    page(
        &visit,
        &Objects {
            frame,
            collections,
            lines,
            next,
            adds,
        },
    )
}

struct Fact {
    name: String,
    values: Vec<Said>,
    wide: bool,
}

/// A value of a fact.
struct Said {
    text: String,
    /// It is the identity of another object.
    leads: bool,
}

/// A collection that holds the object.
struct Holder {
    id: String,
    title: String,
    added: String,
}

/// A version in a list.
struct Version {
    number: usize,
    modified: String,
    collection: String,
    added: String,
}

/// Two versions held against each other.
struct Compared {
    /// Numbers to choose from.
    numbers: Vec<usize>,
    before: usize,
    after: usize,
    /// The texts of both, each with what only it says marked.
    older: Html,
    newer: Html,
}

struct Release {
    party: String,
    verdict: String,
    rule: String,
    label: String,
    reason: String,
    decided: String,
}

#[derive(Template)]
#[template(path = "object.html")]
struct One {
    frame: Frame,
    line: Line,
    /// The person may release it.
    releases_it: bool,
    tab: &'static str,
    held: Vec<Holder>,
    facts: Vec<Fact>,
    near: Vec<Line>,
    graph: Option<Graph>,
    releases: Vec<Release>,
    versions: Vec<Version>,
    compared: Option<Compared>,
    raw: String,
}

const TABS: [&str; 5] = ["summary", "relations", "versions", "releases", "raw"];

/// `GET /objects/{id}`.
pub(crate) async fn one(web: Web, visit: Visit) -> Shown {
    let id = visit.argument("id").to_owned();
    let asked = visit.query.text("tab");
    let tab = TABS
        .into_iter()
        .find(|tab| *tab == asked)
        .unwrap_or("summary");
    let found = visit.ask(&web, "show_object", json!({ "id": id })).await?;
    let newest = rows(&found).iter().max_by_key(|row| {
        row.get("object")
            .map(|object| text(object, "modified").to_owned())
    });
    let Some(newest) = newest else {
        return Err(Fault::Missing);
    };
    let object = newest.get("object").cloned().unwrap_or(Value::Null);
    let line = line(newest);
    let mut frame = Frame::new(&web, &visit, line.name.clone());
    frame.mark(&line.label);
    let titles = visit
        .ask(&web, "list_collections", json!({ "limit": 1000 }))
        .await?;
    let title = |id: &str| {
        let found = rows(&titles).iter().find(|row| text(row, "id") == id);
        found.map_or_else(|| id.to_owned(), |row| text(row, "title").to_owned())
    };
    let held = rows(&found).iter().map(|row| Holder {
        title: title(text(row, "collection")),
        id: text(row, "collection").to_owned(),
        added: text(row, "date_added").to_owned(),
    });
    let held: Vec<Holder> = held.collect();
    let mut shown = One {
        frame,
        releases_it: visit.may(Permission::Release),
        tab,
        held,
        facts: facts(&object),
        near: Vec::new(),
        graph: None,
        releases: Vec::new(),
        versions: Vec::new(),
        compared: None,
        raw: serde_json::to_string_pretty(&object).unwrap_or_default(),
        line,
    };
    match tab {
        "relations" => relations(&web, &visit, &mut shown, &object).await?,
        "releases" => shown.releases = releases(&web, &visit, &id).await?,
        "versions" => {
            let asked = json!({ "id": id });
            let found = visit.ask(&web, "list_versions", asked).await?;
            let (versions, compared) = versions(&visit, rows(&found), title);
            (shown.versions, shown.compared) = (versions, compared);
        }
        _ => {}
    }
    page(&visit, &shown)
}

/// The versions, the newest first, and two of them held against each other: those that are asked for, else the newest and the one
/// before it. The oldest has the number 1.
fn versions(
    visit: &Visit,
    of: &[Value],
    title: impl Fn(&str) -> String,
) -> (Vec<Version>, Option<Compared>) {
    let object = |row: &Value| row.get("object").cloned().unwrap_or(Value::Null);
    let modified = |row: &Value| {
        let object = object(row);
        let told = some(&object, "modified").or_else(|| some(&object, "created"));
        told.unwrap_or_default()
    };
    let among: Vec<(String, &Value)> = of.iter().map(|row| (modified(row), row)).collect();
    // A version that several collections hold is one version.
    let of: Vec<&[(String, &Value)]> = among.chunk_by(|one, next| one.0 == next.0).collect();
    let version = |(at, held): (usize, &&[(String, &Value)])| {
        let titles = held
            .iter()
            .map(|(_, row)| title(text(row, "collection")))
            .collect::<Vec<_>>();
        let added = held.iter().map(|(_, row)| text(row, "date_added")).min();
        Version {
            number: of.len() - at,
            modified: held.first().map(|(at, _)| at.clone()).unwrap_or_default(),
            collection: titles.join(", "),
            added: added.unwrap_or_default().to_owned(),
        }
    };
    let listed: Vec<Version> = of.iter().enumerate().map(version).collect();
    let chosen = |name: &str, fallback: usize| {
        let asked = visit.query.get(name);
        let asked = asked.and_then(|text| text.parse::<usize>().ok());
        asked
            .filter(|number| (1..=of.len()).contains(number))
            .unwrap_or(fallback)
    };
    if of.len() < 2 {
        return (listed, None);
    }
    let (before, after) = (chosen("before", of.len() - 1), chosen("after", of.len()));
    let pretty = |number: usize| {
        let row = of.get(of.len() - number).and_then(|held| held.first());
        row.and_then(|(_, row)| serde_json::to_string_pretty(&object(row)).ok())
            .unwrap_or_default()
    };
    let [older, newer] = super::accords::marked(&pretty(before), &pretty(after));
    let compared = Compared {
        numbers: (1..=of.len()).rev().collect(),
        before,
        after,
        older,
        newer,
    };
    (listed, Some(compared))
}

fn facts(object: &Value) -> Vec<Fact> {
    let members = object.as_object().into_iter().flatten();
    let told = members.filter(|(name, _)| !TOLD.contains(&name.as_str()));
    let fact = told.map(|(name, value)| {
        let refers = name.ends_with("_ref") || name.ends_with("_refs");
        let said = |value: &Value| Said {
            text: value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
            leads: refers && value.as_str().is_some_and(|id| ObjectId::parse(id).is_ok()),
        };
        let values: Vec<Said> = match value {
            Value::Array(all) => all.iter().map(said).collect(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => {
                vec![said(value)]
            }
        };
        Fact {
            wide: values
                .iter()
                .map(|said| said.text.chars().count())
                .sum::<usize>()
                > 60,
            name: name.clone(),
            values,
        }
    });
    fact.collect()
}

async fn releases(web: &Web, visit: &Visit, id: &str) -> Result<Vec<Release>, Fault> {
    let found = visit
        .ask(
            web,
            "list_decisions",
            json!({ "object": id, "limit": 1000 }),
        )
        .await?;
    let release = |row: &Value| Release {
        party: text(row, "party").to_owned(),
        verdict: text(row, "verdict").to_owned(),
        rule: text(row, "rule").to_owned(),
        label: text(row, "label").to_owned(),
        reason: text(row, "reason").to_owned(),
        decided: text(row, "decided").to_owned(),
    };
    Ok(rows(&found).iter().map(release).collect())
}

/// What refers to the object and what it refers to: a list, and the same drawn.
async fn relations(web: &Web, visit: &Visit, shown: &mut One, object: &Value) -> Result<(), Fault> {
    let focus = shown.line.id.clone();
    let asked = json!({ "id": focus });
    let found = visit.ask(web, "find_neighbours", asked).await?;
    let near = rows(&found).iter().filter_map(|row| row.get("object"));
    let mut objects: BTreeMap<String, Value> = BTreeMap::new();
    let mut edges = BTreeSet::new();
    for one in std::iter::once(object).chain(near) {
        edges.extend(edges_of(one, &focus));
        objects.insert(text(one, "id").to_owned(), one.clone());
    }
    // The other ends are asked for, as far as a drawing has room for them.
    let ends = edges.iter().flat_map(|(from, to, _)| [from, to]);
    let ends: BTreeSet<&String> = ends.collect();
    let unknown = ends.iter().filter(|id| !objects.contains_key(**id));
    let unknown: Vec<&&String> = unknown.take(NODES_MAX).collect();
    if !unknown.is_empty() {
        let asked = json!({ "ids": unknown });
        let found = visit.ask(web, "show_objects", asked).await?;
        for object in rows(&found).iter().filter_map(|row| row.get("object")) {
            let id = text(object, "id").to_owned();
            objects.entry(id).or_insert_with(|| object.clone());
        }
    }
    // The focus of a drawing comes first.
    let ends = std::iter::once(&focus).chain(ends.into_iter().filter(|id| **id != focus));
    let known: Vec<Line> = ends.filter_map(|id| objects.get(id)).map(line).collect();
    for line in &known {
        shown.frame.mark(&line.label);
    }
    shown.graph = drawn(&shown.frame.say("relations-of"), &known, &edges);
    shown.near = known.into_iter().filter(|line| line.id != focus).collect();
    Ok(())
}

/// Where a relation starts, where it leads, and what it says.
type Relation = (String, String, String);

/// The relations that an object is or has, as far as they touch the focus.
fn edges_of(one: &Value, focus: &str) -> Vec<Relation> {
    let id = text(one, "id");
    if text(one, "type") == "relationship" {
        let (from, to) = (text(one, "source_ref"), text(one, "target_ref"));
        let what = text(one, "relationship_type");
        return vec![(from.to_owned(), to.to_owned(), what.to_owned())];
    }
    let touching = references(one).into_iter();
    let touching = touching.filter(|(_, target)| id == focus || target == focus);
    touching
        .map(|(name, target)| (id.to_owned(), target, name))
        .collect()
}

fn drawn(name: &str, known: &[Line], edges: &BTreeSet<Relation>) -> Option<Graph> {
    // What is followed shows what is around it.
    let address = |line: &Line| format!("/objects/{}?tab=relations", line.id);
    let addresses = known.iter().map(address);
    let addresses: Vec<String> = addresses.collect();
    let shown = known.iter().zip(&addresses).take(NODES_MAX);
    let nodes = shown.map(|(line, href)| graph::Node {
        id: &line.id,
        label: &line.name,
        note: &line.kind,
        href,
        shape: shape_of(&line.kind),
    });
    let nodes: Vec<graph::Node<'_>> = nodes.collect();
    let edges = edges
        .iter()
        .map(|(from, to, label)| Edge { from, to, label });
    let edges: Vec<Edge<'_>> = edges.collect();
    (!nodes.is_empty()).then(|| graph::draw(name, &nodes, &edges))
}

/// How a type is drawn: cyber-observable objects (STIX 2.1 section 6) apart from the rest.
fn shape_of(kind: &str) -> Shape {
    const OBSERVABLES: &[&str] = &[
        "artifact",
        "autonomous-system",
        "directory",
        "domain-name",
        "email-addr",
        "email-message",
        "file",
        "ipv4-addr",
        "ipv6-addr",
        "mac-addr",
        "mutex",
        "network-traffic",
        "process",
        "software",
        "url",
        "user-account",
        "windows-registry-key",
        "x509-certificate",
    ];
    if OBSERVABLES.contains(&kind) {
        Shape::Observable
    } else {
        Shape::Object
    }
}

/// The references that stand in an object: members that end in `_ref` or `_refs` (STIX 2.1 section 2.12), markings apart.
fn references(object: &Value) -> Vec<(String, String)> {
    let members = object.as_object().into_iter().flatten();
    let of = members
        .filter(|(name, _)| *name != "object_marking_refs")
        .flat_map(|(name, value)| {
            let single = name
                .strip_suffix("_ref")
                .and_then(|short| Some((short.to_owned(), value.as_str()?.to_owned())));
            let several = name.strip_suffix("_refs").map(|short| {
                let ids = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str);
                ids.map(|id| (short.to_owned(), id.to_owned()))
                    .collect::<Vec<_>>()
            });
            single.into_iter().chain(several.into_iter().flatten())
        });
    of.collect()
}
