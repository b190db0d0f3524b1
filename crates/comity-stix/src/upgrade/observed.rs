//! Observed data of STIX 2.0 holds its observables in a dictionary, where they refer to each other by key. In 2.1 each
//! is an object with an identifier of its own (sections 2.13 and 4.14).

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::strings;
use crate::admission::Admitted;
use crate::canonical;
use crate::deterministic_id;
use crate::edit::Edit;
use crate::id::{ObjectId, TypeName};
use crate::json::{self, Kind, Member, Value};
use crate::marking;
use crate::object_types;

/// Takes the observables out of the object and returns their texts; the object refers to them instead.
pub(super) fn release(object: &Value<'_>, admitted: &Admitted, edit: &mut Edit<'_>) -> Vec<String> {
    let Some(members) = object
        .member("objects")
        .and_then(Value::as_object)
        .filter(|members| !members.is_empty())
    else {
        return Vec::new();
    };
    let observables: Vec<Observable<'_>> = members.iter().filter_map(Observable::of).collect();
    if observables.len() != members.len() || object.member("object_refs").is_some() {
        // Something in there is no observable: it stays where it is, `validate` will name it.
        return Vec::new();
    }
    let markings = strings_of(&markings(object, admitted));
    if markings
        .as_ref()
        .is_some_and(|list| list.len().saturating_mul(observables.len()) > MARKINGS_BYTES_MAX)
    {
        return Vec::new();
    }
    let ids = identifiers(&observables, admitted.id.uuid());
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    let mut refs: Vec<&str> = Vec::new();
    for observable in &observables {
        let Some(id) = ids.get(observable.key) else {
            continue;
        };
        if !texts.contains_key(id.as_str()) {
            refs.push(id);
            texts.insert(id, observable.text(Some(id), markings.as_deref(), &ids));
        }
    }
    edit.remove("objects");
    edit.set("object_refs", &strings(&refs));
    redirect_granular_markings(object, edit);
    refs.iter().filter_map(|id| texts.remove(id)).collect()
}

/// An observable in the dictionary.
struct Observable<'a> {
    key: &'a str,
    type_name: TypeName,
    members: &'a [Member<'a>],
}

impl<'a> Observable<'a> {
    fn of(member: &'a Member<'a>) -> Option<Self> {
        let type_name = TypeName::parse(member.value.text("type")?).ok()?;
        Some(Self {
            key: &member.key,
            type_name,
            members: member.value.as_object()?,
        })
    }

    /// The observable in STIX 2.1. Without an identifier it serves to make one.
    fn text(
        &self,
        id: Option<&str>,
        markings: Option<&str>,
        ids: &BTreeMap<&str, String>,
    ) -> String {
        let mut out = String::from("{\"type\":");
        canonical::write_string(self.type_name.as_str(), &mut out);
        out.push_str(",\"spec_version\":\"2.1\"");
        if let Some(id) = id {
            out.push_str(",\"id\":");
            canonical::write_string(id, &mut out);
        }
        if let Some(markings) = markings {
            out.push_str(",\"object_marking_refs\":");
            out.push_str(markings);
        }
        for member in self.members {
            let taken = matches!(
                &*member.key,
                "type" | "id" | "spec_version" | "object_marking_refs"
            );
            let key = self.renamed(&member.key);
            if !taken {
                out.push(',');
                canonical::write_string(key, &mut out);
                out.push(':');
                write_value(&member.value, key, ids, &mut out);
            }
        }
        out.push('}');
        out
    }

    /// What 2.1 calls a property, unless the observable has one of that name already.
    fn renamed<'k>(&self, key: &'k str) -> &'k str {
        let new = renamed(self.type_name.as_str(), key);
        let taken = new != key && self.members.iter().any(|member| member.key == new);
        if taken { key } else { new }
    }

    /// Whether every reference its identifier is made of points to an observable that has one.
    fn is_ready(&self, ids: &BTreeMap<&str, String>, keys: &BTreeSet<&str>) -> bool {
        let contributing = object_types::contributing(self.type_name.as_str());
        let mut members = self
            .members
            .iter()
            .filter(|member| contributing.contains(&&*member.key));
        members.all(|member| resolved(&member.key, &member.value, ids, keys))
    }
}

/// Properties that 2.1 renamed in observables.
fn renamed<'a>(type_name: &str, key: &'a str) -> &'a str {
    match (type_name, key) {
        ("directory" | "file", "created") => "ctime",
        ("directory" | "file", "modified") => "mtime",
        ("directory" | "file", "accessed") => "atime",
        ("process", "created") => "created_time",
        ("process", "binary_ref") => "image_ref",
        ("user-account", "password_last_changed") => "credential_last_changed",
        ("windows-registry-key", "modified") => "modified_time",
        (_, other) => other,
    }
}

/// The identifier of each observable by its key. Identifiers are made of content, which may hold references to others,
/// so they are made in rounds. What remains (a circle of references, nothing to make an identifier of) gets one that
/// has the form of a random UUID but follows from the observed data and the key: importing twice must not double.
fn identifiers<'a>(observables: &[Observable<'a>], observed: Uuid) -> BTreeMap<&'a str, String> {
    let keys: BTreeSet<&str> = observables
        .iter()
        .map(|observable| observable.key)
        .collect();
    let mut ids: BTreeMap<&str, String> = BTreeMap::new();
    for _ in 0..ROUNDS_MAX {
        let before = ids.len();
        for observable in observables {
            if ids.contains_key(observable.key) || !observable.is_ready(&ids, &keys) {
                continue;
            }
            let text = observable.text(None, None, &ids);
            let made = json::parse(&text, &WITHOUT_LIMITS)
                .ok()
                .and_then(|value| deterministic_id::of(&value));
            ids.insert(
                observable.key,
                made.unwrap_or_else(|| by_key(observable, observed))
                    .to_string(),
            );
        }
        if ids.len() == before {
            break;
        }
    }
    for observable in observables {
        ids.entry(observable.key)
            .or_insert_with(|| by_key(observable, observed).to_string());
    }
    ids
}

fn by_key(observable: &Observable<'_>, observed: Uuid) -> ObjectId {
    let hashed = Uuid::new_v5(&observed, observable.key.as_bytes());
    let shaped = uuid::Builder::from_random_bytes(hashed.into_bytes()).into_uuid();
    ObjectId::new(observable.type_name.clone(), shaped)
}

fn resolved(
    key: &str,
    value: &Value<'_>,
    ids: &BTreeMap<&str, String>,
    keys: &BTreeSet<&str>,
) -> bool {
    match value.kind() {
        Kind::String(text) if is_reference(key) => {
            !keys.contains(&**text) || ids.contains_key(&**text)
        }
        Kind::Array(items) => items.iter().all(|item| resolved(key, item, ids, keys)),
        Kind::Object(members) => members
            .iter()
            .all(|member| resolved(&member.key, &member.value, ids, keys)),
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String(_) => true,
    }
}

fn is_reference(key: &str) -> bool {
    key.ends_with("_ref") || key.ends_with("_refs")
}

/// Writes a value as it is, but references by identifier and header fields as lists.
fn write_value(value: &Value<'_>, key: &str, ids: &BTreeMap<&str, String>, out: &mut String) {
    match value.kind() {
        Kind::String(text) if is_reference(key) => {
            canonical::write_string(ids.get(&**text).map_or(text, String::as_str), out);
        }
        Kind::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(item, key, ids, out);
            }
            out.push(']');
        }
        Kind::Object(members) => {
            out.push('{');
            for (at, member) in members.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                canonical::write_string(&member.key, out);
                out.push(':');
                // A header field was a string in 2.0 and is a list of strings in 2.1 (sections 6.6.1 and 6.12.2).
                let header = matches!(key, "additional_header_fields" | "request_header")
                    && member.value.as_str().is_some();
                if header {
                    out.push('[');
                }
                write_value(&member.value, &member.key, ids, out);
                if header {
                    out.push(']');
                }
            }
            out.push('}');
        }
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String(_) => out.push_str(value.raw()),
    }
}

/// What marks the observables: the markings of the observed data, and those of its parts that are in the dictionary.
fn markings(object: &Value<'_>, admitted: &Admitted) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = admitted.markings.iter().map(ToString::to_string).collect();
    for part in marking::granular(object) {
        if part.selectors.iter().any(|selector| is_inside(selector)) {
            found.insert(part.marking.to_string());
        }
    }
    found
}

fn is_inside(selector: &str) -> bool {
    selector == "objects" || selector.starts_with("objects.")
}

fn strings_of(texts: &BTreeSet<String>) -> Option<String> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    (!texts.is_empty()).then(|| strings(&texts))
}

/// Markings of what was in the dictionary now mark the references to it.
fn redirect_granular_markings(object: &Value<'_>, edit: &mut Edit<'_>) {
    let Some(items) = object.member("granular_markings").and_then(Value::as_array) else {
        return;
    };
    let mut out = String::from("[");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let texts = item
            .member("selectors")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let mut selectors: Vec<&str> = Vec::new();
        for text in texts.iter().filter_map(Value::as_str) {
            let selector = if is_inside(text) { "object_refs" } else { text };
            if !selectors.contains(&selector) {
                selectors.push(selector);
            }
        }
        if item.as_object().is_some_and(|members| !members.is_empty()) && !texts.is_empty() {
            let mut inner = Edit::new(item);
            inner.set("selectors", &strings(&selectors));
            out.push_str(&inner.finish());
        } else {
            out.push_str(item.raw());
        }
    }
    out.push(']');
    edit.set("granular_markings", &out);
}

/// Markings are repeated on every observable; where that would take more bytes the observables stay inside.
const MARKINGS_BYTES_MAX: usize = 32 << 20;
/// Longest chain of references that identifiers are made through.
const ROUNDS_MAX: usize = 16;

/// For text written here from an object that was within the limits.
const WITHOUT_LIMITS: json::Limits = json::Limits {
    depth_max: json::DEPTH_MAX,
    values_max: usize::MAX,
    properties_max: usize::MAX,
};
