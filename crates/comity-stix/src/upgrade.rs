//! From STIX 2.0 to STIX 2.1.
//!
//! In scope: what 2.1 requires and 2.0 did not have, what was renamed, and the observables within observed data, which
//! become objects of their own. Identifiers, times and unknown properties are kept, and so is every byte that need not
//! change. Observables carry the markings of the observed data they were in, because they leave its protection.
//! Upgrading the same object again gives the same texts.
//! Out of scope: bundles, whose objects are upgraded one by one; STIX 1.x; drafts before 2.0.

use std::borrow::Cow;

use crate::admission::{AdmissionError, Limits, SpecVersion, admit};
use crate::canonical;
use crate::edit::Edit;
use crate::json::{self, Value};
use crate::object_types::{self, schema::Kind};

mod observed;
#[cfg(test)]
mod tests;

/// An object in STIX 2.1, and the observables that were inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upgraded<'a> {
    /// The object; as it was if it was STIX 2.1 already.
    pub object: Cow<'a, str>,
    /// Observables to store beside it, each once.
    pub observables: Vec<String>,
}

/// Upgrades the text of one object.
pub fn upgrade<'a>(json: &'a str, limits: &Limits) -> Result<Upgraded<'a>, AdmissionError> {
    let admitted = admit(json, limits)?;
    if admitted.spec_version == SpecVersion::V21 {
        return Ok(Upgraded {
            object: Cow::Borrowed(json),
            observables: Vec::new(),
        });
    }
    let object = json::parse(json, &limits.json())
        .expect("an admitted object is JSON within the same limits");
    let mut edit = Edit::new(&object);
    edit.set("spec_version", "\"2.1\"");
    let type_name = admitted.id.type_name();
    if type_name == "indicator" && object.member("pattern_type").is_none() {
        edit.set("pattern_type", "\"stix\"");
    }
    if type_name == "malware" && object.member("is_family").is_none() {
        // STIX 2.0 did not tell families from samples. `false` claims less.
        edit.set("is_family", "false");
    }
    if let Some(types) = types_property(type_name) {
        split_labels(&object, type_name, types, &mut edit);
    }
    let observables = if type_name == "observed-data" {
        observed::release(&object, &admitted, &mut edit)
    } else {
        Vec::new()
    };
    Ok(Upgraded {
        object: Cow::Owned(edit.finish()),
        observables,
    })
}

/// The property that took over from `labels` in 2.1.
fn types_property(type_name: &str) -> Option<&'static str> {
    match type_name {
        "indicator" => Some("indicator_types"),
        "malware" => Some("malware_types"),
        "report" => Some("report_types"),
        "threat-actor" => Some("threat_actor_types"),
        "tool" => Some("tool_types"),
        _ => None,
    }
}

/// Moves the labels that are terms of the vocabulary; the others stay labels.
fn split_labels(object: &Value<'_>, type_name: &str, types: &str, edit: &mut Edit<'_>) {
    let Some(labels) = object.member("labels").and_then(Value::as_array) else {
        return;
    };
    if object.member(types).is_some() {
        return;
    }
    let property = object_types::find(type_name)
        .and_then(|table| {
            table
                .properties
                .iter()
                .find(|property| property.name == types)
        })
        .map(|property| &property.kind);
    let Some(Kind::List(Kind::Open(vocabulary))) = property else {
        return;
    };
    let texts = labels.iter().filter_map(Value::as_str);
    let (terms, others): (Vec<&str>, Vec<&str>) =
        texts.partition(|label| vocabulary.terms.contains(label));
    if terms.is_empty() {
        return;
    }
    edit.set(types, &strings(&terms));
    if others.is_empty() {
        edit.remove("labels");
    } else {
        edit.set("labels", &strings(&others));
    }
}

/// A JSON list of strings.
fn strings(texts: &[&str]) -> String {
    let mut out = String::from("[");
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        canonical::write_string(text, &mut out);
    }
    out.push(']');
    out
}
