//! Admission: the fast check every object passes before it is stored.
//!
//! One strict pass over the object's text (I-JSON, bounded depth and size), then the rules without which an
//! object cannot be kept, found or released: identifier, type, version, markings and references. The text itself
//! is kept elsewhere, byte for byte; [`Admitted`] is the view of it that intake, store and release need.
//!
//! In scope: what intake must know. Custom types and properties pass.
//! Out of scope: everything else the standard demands (`validate`).

use crate::id::ObjectId;
use crate::json::{self, Member, Value};
use crate::object_types::{self, Class};
use crate::timestamp::Timestamp;

mod read;
mod references;
#[cfg(test)]
mod tests;
mod text;
mod values;

pub use crate::observable::{ObservableValue, ValueKind};

/// What one object may measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the object's JSON text.
    pub object_bytes_max: usize,
    /// Levels of nesting, the object itself being level 1; at most [`json::DEPTH_MAX`].
    pub depth_max: usize,
    /// JSON values in the object.
    pub values_max: usize,
    /// Members of any one JSON object in it.
    pub properties_max: usize,
    /// Values it may be found by, so that no single object floods the index of values.
    pub lookup_values_max: usize,
    /// Bytes of the text gathered for full-text search.
    pub text_bytes_max: usize,
}

impl Limits {
    /// For objects from other parties. The standard sets no limits. The largest object of ATT&CK for ICS 18.1
    /// has 351,707 bytes and its deepest 4 levels; 8 MiB leaves room for an artifact of 6 MiB in base64. A value takes
    /// at most 72 bytes in the tree, so 262,144 values bound it to 18 MiB, twice that while a list grows.
    pub const EXCHANGE: Self = Self {
        object_bytes_max: 8 << 20,
        depth_max: 64,
        values_max: 1 << 18,
        properties_max: 1 << 14,
        lookup_values_max: 1 << 16,
        text_bytes_max: 16 << 10,
    };

    /// The part of these limits that the JSON reader keeps.
    pub const fn json(&self) -> json::Limits {
        json::Limits {
            depth_max: self.depth_max,
            values_max: self.values_max,
            properties_max: self.properties_max,
        }
    }
}

/// The version of STIX an object is written in (STIX 2.1 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpecVersion {
    /// STIX 2.0.
    V20,
    /// STIX 2.1.
    V21,
}

impl SpecVersion {
    /// As the property `spec_version` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V20 => "2.0",
            Self::V21 => "2.1",
        }
    }
}

impl std::fmt::Display for SpecVersion {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The version of an object: `modified`, or `created` where there is no `modified`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// The moment, by which versions are ordered.
    pub at: Timestamp,
    /// As spelled in the object; answers repeat this spelling.
    pub text: String,
}

/// A reference from an object to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Link {
    /// The property that holds it, such as `source_ref`; for a nested one its own name.
    pub property: String,
    /// The object referred to.
    pub target: ObjectId,
}

/// What is known of an object that may be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Its identifier.
    pub id: ObjectId,
    /// The version of STIX it is written in.
    pub spec_version: SpecVersion,
    /// Its version; `None` for an observable.
    pub version: Option<Version>,
    /// Whether its creator has withdrawn it.
    pub revoked: bool,
    /// Who made it: `created_by_ref`.
    pub creator: Option<ObjectId>,
    /// Its own markings: `object_marking_refs`.
    pub markings: Vec<ObjectId>,
    /// Whether parts of it are marked: `granular_markings`.
    pub granular: bool,
    /// Every reference it makes, at any depth, in the order of the text.
    pub links: Vec<Link>,
    /// The values it can be found by.
    pub values: Vec<ObservableValue>,
    /// What full-text search reads.
    pub text: String,
}

/// Why an object is refused: which one, where, by which rule, and what would mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionError {
    object: Option<String>,
    path: String,
    rule: &'static str,
    message: String,
}

impl AdmissionError {
    /// The identifier in the object's text, as far as it could be read.
    pub fn object(&self) -> Option<&str> {
        self.object.as_deref()
    }

    /// The place, such as `object_refs[2]`; empty for the whole object.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The rule that was broken, such as `STIX 2.1 section 3.2`.
    pub fn rule(&self) -> &'static str {
        self.rule
    }

    /// What is wrong and what to do.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl std::fmt::Display for AdmissionError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.object {
            Some(object) => write!(out, "object {object}: ")?,
            None => out.write_str("object without readable id: ")?,
        }
        if !self.path.is_empty() {
            write!(out, "{}: ", self.path)?;
        }
        write!(out, "{} ({})", self.message, self.rule)
    }
}

impl std::error::Error for AdmissionError {}

/// Reads and checks the text of one object.
pub fn admit(json: &str, limits: &Limits) -> Result<Admitted, AdmissionError> {
    if json.len() > limits.object_bytes_max {
        let message = format!(
            "has {} bytes; the limit is {}: split it or leave content out",
            json.len(),
            limits.object_bytes_max
        );
        return Err(Fault::new("", RULE_SIZE, message).of(json));
    }
    let object = json::parse(json, &limits.json()).map_err(|error| Fault::from(error).of(json))?;
    check(&object, limits).map_err(|fault| fault.of(json))
}

/// What admission would refuse in an object that was read already: path, rule and message.
pub(crate) fn refusal(object: &Value<'_>) -> Option<(String, &'static str, String)> {
    check(object, &Limits::EXCHANGE)
        .err()
        .map(|fault| (fault.path, fault.rule, fault.message))
}

fn check(object: &Value<'_>, limits: &Limits) -> Result<Admitted, Fault> {
    let Some(members) = object.as_object() else {
        return Err(Fault::new(
            "",
            "STIX 2.1 section 3.2",
            format!("is {}; an object is a JSON object", object.described()),
        ));
    };
    let common = read::common(members)?;
    let class = object_types::class(common.id.type_name());
    let spec_version = spec_version(&common, class, members)?;
    let version = version(&common, class)?;
    let values = values::of(common.id.type_name(), members);
    if values.len() > limits.lookup_values_max {
        let message = format!(
            "compares with or holds {} values; the limit is {}: split it",
            values.len(),
            limits.lookup_values_max
        );
        return Err(Fault::new("", RULE_SIZE, message));
    }
    let mut links = Vec::new();
    references::collect(common.id.type_name(), members, &mut links)?;
    Ok(Admitted {
        spec_version,
        version,
        revoked: common.revoked,
        creator: common.creator,
        markings: common.markings,
        granular: common.granular,
        links,
        values,
        text: text::of(members, limits.text_bytes_max),
        id: common.id,
    })
}

/// Section 3.2: without `spec_version` an observable is STIX 2.1, anything else STIX 2.0.
fn spec_version(
    common: &read::Common<'_>,
    class: Option<Class>,
    members: &[Member<'_>],
) -> Result<SpecVersion, Fault> {
    match common.spec_version {
        Some("2.1") => Ok(SpecVersion::V21),
        Some("2.0") => Ok(SpecVersion::V20),
        Some(other) => {
            let message = format!("is {other:?}; this node reads \"2.1\" and \"2.0\"");
            Err(Fault::new("spec_version", RULE_COMMON, message))
        }
        None if class == Some(Class::Observable) || declares_observable(members) => {
            Ok(SpecVersion::V21)
        }
        None => Ok(SpecVersion::V20),
    }
}

/// A custom type is an observable if an extension says so (section 7.3.4).
fn declares_observable(members: &[Member<'_>]) -> bool {
    let extensions = members
        .iter()
        .find(|member| member.key == "extensions")
        .and_then(|member| member.value.as_object());
    extensions.is_some_and(|found| {
        found
            .iter()
            .any(|member| member.value.text("extension_type") == Some("new-sco"))
    })
}

fn version(common: &read::Common<'_>, class: Option<Class>) -> Result<Option<Version>, Fault> {
    let marking = common.id.type_name() == "marking-definition";
    let needs_created = matches!(
        class,
        Some(Class::Domain | Class::Relationship | Class::Meta)
    );
    if needs_created && common.created.is_none() {
        return Err(missing("created", &common.id));
    }
    if needs_created && !marking && common.modified.is_none() {
        return Err(missing("modified", &common.id));
    }
    if let (Some((created, _)), Some((modified, text))) = (common.created, common.modified)
        && modified < created
    {
        let message = format!("{text} is before created; a version is not older than its object");
        return Err(Fault::new("modified", "STIX 2.1 section 3.6", message));
    }
    let newest = common.modified.or(common.created);
    Ok(newest.map(|(at, text)| Version {
        at,
        text: text.to_owned(),
    }))
}

fn missing(property: &str, id: &ObjectId) -> Fault {
    Fault::new(
        "",
        RULE_COMMON,
        format!(
            "has no {property}, which every {} must have: add it",
            id.type_name()
        ),
    )
}

const RULE_COMMON: &str = "STIX 2.1 section 3.2";
const RULE_SIZE: &str = "limit of this node";

/// An [`AdmissionError`] before the object's name is known.
#[derive(Debug)]
struct Fault {
    path: String,
    rule: &'static str,
    message: String,
}

impl Fault {
    #[cold]
    fn new(path: &str, rule: &'static str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            rule,
            message: message.into(),
        }
    }

    /// Puts a key or an index in front of the path.
    #[cold]
    fn within(mut self, step: &str) -> Self {
        self.path = json::join(step, &self.path);
        self
    }

    /// Names the object, whose text may be broken elsewhere.
    #[cold]
    fn of(self, json: &str) -> AdmissionError {
        AdmissionError {
            object: read::id_in(json),
            path: self.path,
            rule: self.rule,
            message: self.message,
        }
    }
}

impl From<json::JsonError> for Fault {
    fn from(error: json::JsonError) -> Self {
        use json::Problem;
        let rule = match &error.problem {
            Problem::Syntax(_) => "RFC 8259",
            Problem::DuplicateKey => "RFC 7493 section 2.3",
            Problem::LoneSurrogate => "RFC 7493 section 2.1",
            Problem::NumberRange => "RFC 7493 section 2.2",
            Problem::TooDeep { .. }
            | Problem::TooManyValues { .. }
            | Problem::TooManyProperties { .. } => RULE_SIZE,
        };
        Self {
            path: error.path,
            rule,
            message: error.problem.to_string(),
        }
    }
}
