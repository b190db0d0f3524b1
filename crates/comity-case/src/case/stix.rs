//! Cases as STIX incidents, out and in: the incident core extension 2.0 with its events and tasks (OASIS common objects,
//! extension definitions `ef765651`, `4ca6de00` and `2074a052`).
//!
//! Identifiers follow from the case's number and the items' places, so that writing it again names the same objects. The
//! second clock of the timeline, when a side learned of something, has no place in the extension: it stands in a property
//! extension of our own beside it ([`LEARNED_ID`]).
//!
//! In scope: both directions, as JSON values. Out of scope: who may have them, files.
//! Limits: [`ITEMS_MAX`].

use std::collections::BTreeMap;

use comity_accord::party::PartyName;
use comity_stix::admission::{Limits, ObservableValue, ValueKind};
use comity_stix::deterministic_id;
use comity_stix::json;
use comity_stix::marking::definition_id;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::case::Case;
use crate::case::board::{Mark, Observation, Task, TaskState};
use crate::case::event::State;
use crate::case::whole::Part;
use crate::history::{seconds, stamp};
use crate::message::ThreadId;
use crate::table::Word as _;

/// Incident core extension 2.0.
pub const INCIDENT_ID: &str = "extension-definition--ef765651-680c-498d-9894-99799f2fa126";
/// The extension that defines `event`.
pub const EVENT_ID: &str = "extension-definition--4ca6de00-5b0d-45ef-a1dc-ea7279ea910e";
/// The extension that defines `task`.
pub const TASK_ID: &str = "extension-definition--2074a052-8be4-4932-849e-f5e7798e0030";
/// Our own: when something was learned.
pub const LEARNED_ID: &str = "extension-definition--0d6a0c55-2f0e-4b0a-9d55-3f5d3c1c8e41";
/// Items that are read from one incident.
pub const ITEMS_MAX: usize = 2_000;

/// A case with what it shows, as a bundle.
pub fn bundle(case: &Case, parts: &[Part]) -> Value {
    let mut writer = Writer::new(case);
    for part in parts {
        writer.part(part);
    }
    writer.finish()
}

struct Writer<'a> {
    case: &'a Case,
    incident: String,
    marking: String,
    objects: Vec<Value>,
    events: Vec<Value>,
    tasks: Vec<Value>,
}

impl<'a> Writer<'a> {
    fn new(case: &'a Case) -> Self {
        Self {
            incident: id("incident", case.opening.id.number()),
            marking: definition_id(case.opening.label).to_string(),
            case,
            objects: Vec::new(),
            events: Vec::new(),
            tasks: Vec::new(),
        }
    }

    /// An object of the case's label.
    fn put(&mut self, kind: &str, number: Uuid, at: i64, said: Value) -> String {
        let id = id(kind, number);
        let mut object = json!({
            "type": kind, "spec_version": "2.1", "id": id, "created": stamp(at), "modified": stamp(at),
            "object_marking_refs": [self.marking],
        });
        merge(&mut object, said);
        self.objects.push(object);
        id
    }

    fn part(&mut self, part: &Part) {
        let board = &part.board;
        for line in &board.happenings {
            let mut said = json!({
                "name": first_line(&line.text), "description": line.text, "status": "occurred",
                "start_time": stamp(line.happened), "start_time_fidelity": "second",
                "extensions": {
                    EVENT_ID: { "extension_type": "new-sdo" },
                    LEARNED_ID: { "extension_type": "property-extension", "learned": stamp(line.learned) },
                },
            });
            if let Some(until) = line.until {
                let end = json!({ "end_time": stamp(until), "end_time_fidelity": "second" });
                merge(&mut said, end);
            }
            let id = self.put("event", number(part.case, &line.mark), line.mark.at, said);
            self.events.push(json!({ "event_ref": id }));
        }
        for task in &board.tasks {
            self.task(part.case, task);
        }
        for seen in &board.observations {
            self.observed(part.case, seen);
        }
        for note in &board.notes {
            let said = json!({
                "content": note.text, "authors": [format!("{} of {}", note.mark.officer, note.mark.by)],
                "object_refs": [self.incident],
            });
            self.put("note", number(part.case, &note.mark), note.mark.at, said);
        }
    }

    fn task(&mut self, case: ThreadId, task: &Task) {
        let mut said = json!({
            "name": first_line(&task.text), "description": task.text, "start_time": stamp(task.mark.at),
            "outcome": match task.state {
                TaskState::Open => "pending",
                TaskState::Done => "successful",
                TaskState::Dropped => "cancelled",
            },
            "extensions": { TASK_ID: { "extension_type": "new-sdo" } },
        });
        let mut changed = task.mark.at;
        if let Some((at, _)) = &task.ended {
            merge(
                &mut said,
                json!({ "end_time": stamp(*at), "modified": stamp(*at) }),
            );
            changed = *at;
        }
        let number = number(case, &task.mark);
        let id = self.put("task", number, task.mark.at, said);
        let owner = self.party(&task.owner);
        let related = Uuid::new_v5(&number, b"assigned");
        let said =
            json!({ "relationship_type": "assigned", "source_ref": owner, "target_ref": id });
        self.put("relationship", related, changed, said);
        self.tasks.push(json!({ "task_ref": id }));
    }

    /// A party that is named: its identity is there once, by a number that follows from its name.
    fn party(&mut self, party: &PartyName) -> String {
        let number = Uuid::new_v5(&self.case.opening.id.number(), party.as_str().as_bytes());
        let known = id("identity", number);
        if self.knows(&known) {
            return known;
        }
        let said = json!({ "name": party.as_str(), "identity_class": "organization" });
        self.put("identity", number, self.opened(), said)
    }

    fn knows(&self, id: &str) -> bool {
        self.objects.iter().any(|object| text(object, "id") == id)
    }

    fn opened(&self) -> i64 {
        self.case.record.steps.first().map_or(0, |step| step.sent)
    }

    /// Observables and what names them; what no observable can hold stands in a note.
    fn observed(&mut self, case: ThreadId, seen: &Observation) {
        let number = number(case, &seen.mark);
        let mut refs = Vec::new();
        let mut rest = Vec::new();
        for value in &seen.values {
            if let Some(object) = observable(value) {
                let named = text(&object, "id").to_owned();
                if !self.knows(&named) {
                    self.objects.push(object);
                }
                refs.push(named);
            } else {
                rest.push(format!("{}: {}", value.kind.field(), value.value));
            }
        }
        let at = seen.mark.at;
        if !refs.is_empty() {
            let said = json!({
                "first_observed": stamp(at), "last_observed": stamp(at), "number_observed": 1, "object_refs": refs,
            });
            let data = self.put("observed-data", number, at, said);
            let related = Uuid::new_v5(&number, b"related-to");
            let said = json!({
                "relationship_type": "related-to", "source_ref": data, "target_ref": self.incident,
            });
            self.put("relationship", related, at, said);
        }
        rest.extend(seen.objects.iter().map(|id| format!("object: {id}")));
        if !seen.context.is_empty() {
            rest.insert(0, seen.context.clone());
        }
        if !rest.is_empty() {
            let said = json!({
                "content": rest.join("\n"), "authors": [format!("{} of {}", seen.mark.officer, seen.mark.by)],
                "object_refs": [self.incident],
            });
            let note = Uuid::new_v5(&number, b"note");
            self.put("note", note, at, said);
        }
    }

    fn finish(mut self) -> Value {
        let case = self.case;
        let assessed = case.assessment.as_ref();
        let mut core = json!({
            "extension_type": "property-extension",
            "determination": assessed.map_or("suspected", |one| one.determination.word()),
            "investigation_status": match case.state {
                State::Offered => "new",
                State::Joint | State::Merged => "open",
                State::Withdrawn | State::Declined | State::Closed => "closed",
            },
        });
        // The standard has no empty lists.
        let lists = [("events", &self.events), ("tasks", &self.tasks)];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            merge(&mut core, json!({ name: list }));
        }
        if let Some(percent) = assessed.and_then(|one| one.criticality) {
            merge(&mut core, json!({ "criticality": percent }));
        }
        if let Some(one) = assessed.filter(|one| !one.types.is_empty()) {
            merge(&mut core, json!({ "incident_types": one.types }));
        }
        let numbers = case
            .sides
            .iter()
            .filter(|(_, side)| !side.number.is_empty());
        let mut known: Vec<Value> = numbers
            .map(|(party, side)| json!({ "source_name": party.as_str(), "external_id": side.number }))
            .collect();
        known.push(json!({ "source_name": "comity", "external_id": case.opening.id.to_string() }));
        let changed = case.record.steps.iter().map(|step| step.sent).max();
        let changed = changed.map_or_else(String::new, stamp);
        let said = json!({
            "name": case.title, "description": case.summary, "external_references": known, "modified": changed,
            "extensions": { INCIDENT_ID: core },
        });
        let opened = self.opened();
        self.put("incident", case.opening.id.number(), opened, said);
        self.objects.reverse();
        let bundle = Uuid::new_v5(&case.opening.id.number(), changed.as_bytes());
        json!({ "type": "bundle", "id": id("bundle", bundle), "objects": self.objects })
    }
}

fn id(kind: &str, number: Uuid) -> String {
    format!("{kind}--{}", number.hyphenated())
}

/// The number of an item's object.
fn number(case: ThreadId, mark: &Mark) -> Uuid {
    Uuid::new_v5(&case.number(), mark.place.as_bytes())
}

/// The members of the second go into the first.
fn merge(into: &mut Value, more: Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more);
    }
}

/// A name that fits a list.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(100).collect()
}

/// Which type and property hold a kind of value.
const HOLDERS: &[(ValueKind, &str, &str)] = &[
    (ValueKind::Ipv4, "ipv4-addr", "value"),
    (ValueKind::Ipv6, "ipv6-addr", "value"),
    (ValueKind::Domain, "domain-name", "value"),
    (ValueKind::Url, "url", "value"),
    (ValueKind::Email, "email-addr", "value"),
    (ValueKind::Mac, "mac-addr", "value"),
    (ValueKind::Mutex, "mutex", "name"),
    (ValueKind::DirectoryPath, "directory", "path"),
    (ValueKind::RegistryKey, "windows-registry-key", "key"),
    (ValueKind::FileName, "file", "name"),
    (ValueKind::UserAccount, "user-account", "account_login"),
    (ValueKind::Software, "software", "name"),
];
/// Which hash holds a kind of value.
const HASHES: &[(ValueKind, &str)] = &[
    (ValueKind::Md5, "MD5"),
    (ValueKind::Sha1, "SHA-1"),
    (ValueKind::Sha256, "SHA-256"),
    (ValueKind::Sha512, "SHA-512"),
    (ValueKind::Ssdeep, "SSDEEP"),
    (ValueKind::Tlsh, "TLSH"),
];

/// A value as an observable, with the identifier that the standard gives it.
fn observable(value: &ObservableValue) -> Option<Value> {
    let holder = HOLDERS.iter().find(|(kind, ..)| *kind == value.kind);
    let hash = HASHES.iter().find(|(kind, _)| *kind == value.kind);
    let mut object = match (holder, hash) {
        (Some((_, of, property)), _) => {
            json!({ "type": of, "spec_version": "2.1", *property: value.value })
        }
        (None, Some((_, name))) => {
            json!({ "type": "file", "spec_version": "2.1", "hashes": { *name: value.value } })
        }
        (None, None) => return None,
    };
    let text = object.to_string();
    let read = json::parse(&text, &Limits::EXCHANGE.json()).ok()?;
    let id = deterministic_id::of(&read)?;
    merge(&mut object, json!({ "id": id.to_string() }));
    Some(object)
}

/// An incident as a case that can be opened: what its opening says, and the events that follow.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What the opening says.
    pub opening: Value,
    /// What follows: each event's word and what it says.
    pub events: Vec<(String, Value)>,
    /// What could not be taken over, for people.
    pub left_out: Vec<String>,
}

/// Reads the incident of a bundle, or one of several by its id. Tasks go to `owner`.
pub fn read(bundle: &Value, wanted: Option<&str>, owner: &PartyName) -> Result<Draft, String> {
    let objects: BTreeMap<&str, &Value> = list(bundle, "objects")
        .filter_map(|object| Some((object.get("id")?.as_str()?, object)))
        .collect();
    let mut incidents = objects.values().filter(|object| {
        text(object, "type") == "incident" && wanted.is_none_or(|id| text(object, "id") == id)
    });
    let incident = match (incidents.next(), incidents.next()) {
        (Some(one), None) => *one,
        (Some(_), Some(_)) => {
            return Err("there are several incidents: name one by its id".to_owned());
        }
        (None, _) => return Err("there is no incident in it".to_owned()),
    };
    let core = at(incident, &["extensions", INCIDENT_ID]);
    let mut draft = Draft {
        opening: json!({
            "title": text(incident, "name"),
            "summary": told(incident),
            "number": list(incident, "external_references").next().map_or("", |known| text(known, "external_id")),
        }),
        events: Vec::new(),
        left_out: Vec::new(),
    };
    if core.is_object() {
        draft.assessed(core);
        draft.listed(core, &objects, owner);
    }
    draft.observed(&objects);
    if draft.events.len() > ITEMS_MAX {
        return Err(format!(
            "the incident has {} items; the limit is {ITEMS_MAX}",
            draft.events.len()
        ));
    }
    Ok(draft)
}

impl Draft {
    fn assessed(&mut self, core: &Value) {
        let mut said = Map::new();
        for (from, to) in [
            ("determination", "determination"),
            ("criticality", "criticality"),
            ("incident_types", "types"),
        ] {
            if let Some(value) = core.get(from) {
                said.insert(to.to_owned(), value.clone());
            }
        }
        if said.contains_key("determination") {
            self.events.push(("assess".to_owned(), Value::Object(said)));
        }
        for name in ["impact_refs", "scores"] {
            if core.get(name).is_some() {
                self.left_out.push(name.to_owned());
            }
        }
    }

    /// The events and tasks that the extension lists.
    fn listed(&mut self, core: &Value, objects: &BTreeMap<&str, &Value>, owner: &PartyName) {
        for (of, name) in [("events", "event_ref"), ("tasks", "task_ref")] {
            for entry in list(core, of) {
                let id = text(entry, name);
                let Some(object) = objects.get(id) else {
                    self.left_out
                        .push(format!("{id}, which is not in the bundle"));
                    continue;
                };
                if of == "events" {
                    self.happened(object);
                } else {
                    self.task(object, owner);
                }
            }
        }
    }

    fn happened(&mut self, event: &Value) {
        let from = said_by(event, "start_time").or(said_by(event, "created"));
        let learned = said_by(at(event, &["extensions", LEARNED_ID]), "learned");
        let mut said = json!({ "at": from, "text": told(event) });
        if let Some(until) = said_by(event, "end_time") {
            merge(&mut said, json!({ "until": until }));
        }
        // Where it is not said, it was known once the object was made, if it had begun by then.
        let learned = learned.or_else(|| {
            let created = said_by(event, "created")?;
            (seconds(created)? >= seconds(from?)?).then_some(created)
        });
        if let Some(learned) = learned {
            merge(&mut said, json!({ "learned": learned }));
        }
        self.events.push(("happened".to_owned(), said));
    }

    fn task(&mut self, task: &Value, owner: &PartyName) {
        let outcome = text(task, "outcome");
        if matches!(outcome, "successful" | "failed" | "cancelled") {
            let note = format!("task, {outcome}: {}", told(task));
            self.events
                .push(("note".to_owned(), json!({ "text": note })));
        } else {
            let said = json!({ "text": told(task), "owner": owner.as_str() });
            self.events.push(("task".to_owned(), said));
        }
    }

    /// Observables of the bundle, in one message for each thousand.
    fn observed(&mut self, objects: &BTreeMap<&str, &Value>) {
        let values: Vec<Value> = objects.values().flat_map(|object| values(object)).collect();
        for some in values.chunks(crate::case::board::VALUES_MAX) {
            self.events
                .push(("observe".to_owned(), json!({ "values": some })));
        }
    }
}

/// The values that an observable holds.
fn values(object: &Value) -> Vec<Value> {
    let kind = text(object, "type");
    let seen = |field: &str, value: &str| json!({ "field": field, "value": value });
    let plain = HOLDERS.iter().filter(|(_, of, _)| *of == kind);
    let plain = plain
        .filter_map(|(field, _, property)| Some(seen(field.field(), said_by(object, property)?)));
    let hashes = at(object, &["hashes"]).as_object().into_iter().flatten();
    let hashes = hashes
        .filter(|_| kind == "file")
        .filter_map(|(name, value)| {
            let (field, _) = HASHES.iter().find(|(_, known)| known == name)?;
            Some(seen(field.field(), value.as_str()?))
        });
    plain.chain(hashes).collect()
}

/// What stands at a path; null where nothing does.
fn at<'v>(object: &'v Value, path: &[&str]) -> &'v Value {
    let found = path
        .iter()
        .try_fold(object, |object, name| object.get(name));
    found.unwrap_or(&Value::Null)
}

fn list<'v>(object: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    at(object, &[name]).as_array().into_iter().flatten()
}

fn said_by<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    at(object, &[name]).as_str()
}

fn text<'v>(object: &'v Value, name: &str) -> &'v str {
    said_by(object, name).unwrap_or_default()
}

/// What an object says of itself: its name, and its description where that says more.
fn told(object: &Value) -> String {
    let (name, more) = (text(object, "name"), text(object, "description"));
    if more.is_empty() {
        name.to_owned()
    } else if name.is_empty() || more.starts_with(name) {
        more.to_owned()
    } else {
        format!("{name}\n{more}")
    }
}
