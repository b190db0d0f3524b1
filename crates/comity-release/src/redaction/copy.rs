//! Making the redacted copy of an object.
//!
//! In scope: its id, creator, markings, extension and the properties that stay; that it is as valid as the original.
//! Out of scope: what is cut within a property (`cutting`).

use comity_stix::admission::{Limits, admit};
use comity_stix::canonical::write_string;
use comity_stix::id::{ObjectId, TypeName};
use comity_stix::json::{Member, Value};
use comity_stix::marking::{Tlp, definition_id};
use comity_stix::object_types;
use comity_stix::validate::{Severity, validate, validate_value};
use uuid::Uuid;

use super::cutting::{Cutter, Essential, Piece};
use super::{Cut, CutKind, EXTENSION_ID, IndicatorData, PROTECTED, Redacted, Terms, Withheld};
use crate::handling::Attribution;
use crate::subject::Subject;

/// The id of the copy: the hash of the original's id and the rules in the secret namespace, in the form of a random UUID,
/// which is what it is to whoever does not have the seed.
pub(super) fn id(terms: &Terms, original: &ObjectId) -> ObjectId {
    let name = format!("{original}\n{}", terms.name);
    let hash = Uuid::new_v5(&terms.copies.seed, name.as_bytes()).into_bytes();
    let uuid = uuid::Builder::from_random_bytes(hash).into_uuid();
    let type_name = TypeName::parse(original.type_name());
    ObjectId::new(type_name.expect("an id has a type name"), uuid)
}

pub(super) fn redact(
    terms: &Terms,
    subject: &Subject<'_>,
    label: Tlp,
) -> Result<Option<Redacted>, Withheld> {
    let unnamed = subject.handling().attribution == Attribution::MustNot
        && subject.object().member("created_by_ref").is_some();
    let renamed = !subject.copies().is_empty();
    if terms.agreed.redactions.is_empty() && !unnamed && !renamed {
        return Ok(None);
    }
    let members = subject.object().as_object().unwrap_or_default();
    let mut copies = subject.copies().clone();
    copies.insert(subject.id().clone(), id(terms, subject.id()));
    let mut cutter = Cutter::new(terms, subject.object(), &copies);
    let mut pieces = Vec::with_capacity(members.len());
    for member in members {
        pieces.push(if PROTECTED.contains(&member.key.as_ref()) {
            Piece::Whole
        } else {
            let essential = essential(terms, subject.id().type_name(), &member.key);
            cutter.property(member, essential)
        });
    }
    let mut cuts = cutter.cuts;
    if unnamed {
        cuts.push(Cut {
            selector: "created_by_ref".to_owned(),
            rule: None,
            kind: CutKind::Remove,
        });
    }
    if cuts.is_empty() && !renamed {
        return Ok(None);
    }
    if let Some(cut) = cuts.iter().find(|cut| cut.kind == CutKind::Withhold) {
        let rule = cut.rule.unwrap_or_default();
        let selector = cut.selector.clone();
        return Err(Withheld::ByRule { rule, selector });
    }
    let copy = write(terms, subject, label, members.iter().zip(pieces), cuts);
    spoiled(subject.object(), &copy.text).map_or(Ok(Some(copy)), Err)
}

/// The pattern of an indicator, and the one property that makes an observable what it is.
fn essential(terms: &Terms, type_name: &str, key: &str) -> Essential {
    let one = object_types::contributing(type_name) == [key];
    if !one && (type_name, key) != ("indicator", "pattern") {
        return Essential::No;
    }
    match terms.copies.indicators {
        IndicatorData::Covered => Essential::Covered,
        IndicatorData::Exempt => Essential::Exempt,
    }
}

fn write<'v>(
    terms: &Terms,
    subject: &Subject<'_>,
    label: Tlp,
    parts: impl Iterator<Item = (&'v Member<'v>, Piece)>,
    cuts: Vec<Cut>,
) -> Redacted {
    let id = id(terms, subject.id());
    let mut out = Properties::default();
    let mut kept = Vec::new();
    let mut extensions = None;
    for (member, piece) in parts {
        let key = member.key.as_ref();
        match (key, piece) {
            ("id", _) => out.add(key, &quoted(&id.to_string())),
            ("extensions", Piece::Whole) => extensions = Some(member.value.raw().to_owned()),
            ("extensions", Piece::Text(text)) => extensions = Some(text),
            // The first three are written below.
            ("created_by_ref" | "object_marking_refs" | "granular_markings", _)
            | (_, Piece::Gone) => {}
            (_, Piece::Text(text)) => out.add(key, &text),
            (_, Piece::Whole) => {
                out.add(key, member.value.raw());
                kept.push(key.to_owned());
            }
        }
    }
    if let Some(made_by) = &terms.copies.made_by {
        out.add("created_by_ref", &quoted(&made_by.to_string()));
    }
    out.add("object_marking_refs", &markings(subject, label));
    out.add(
        "extensions",
        &with_extension(extensions.as_deref(), &extension(terms, subject, &cuts)),
    );
    Redacted {
        text: out.finish(),
        id,
        cuts,
        kept,
    }
}

/// Every marking of the object and of its parts, and the label that bound it. A part's marking stands for the whole:
/// what it selected may be gone, or have moved.
fn markings(subject: &Subject<'_>, label: Tlp) -> String {
    let object = subject.object();
    let copy = |marking: String| {
        let id = ObjectId::parse(&marking).ok();
        let copy = id.and_then(|id| subject.copies().get(&id));
        copy.map_or(marking, ToString::to_string)
    };
    let list = |key| {
        let list = object.member(key).and_then(Value::as_array);
        list.unwrap_or_default().iter()
    };
    let whole = list("object_marking_refs").filter_map(Value::as_str);
    let parts = list("granular_markings").filter_map(|part| part.text("marking_ref"));
    let mut all: Vec<String> = whole.chain(parts).map(str::to_owned).map(copy).collect();
    all.push(definition_id(label).to_string());
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|marking| seen.insert(marking.clone()));
    let all: Vec<String> = all.iter().map(|marking| quoted(marking)).collect();
    format!("[{}]", all.join(","))
}

/// Says of the copy that it is one, and how much is missing; never what.
fn extension(terms: &Terms, subject: &Subject<'_>, cuts: &[Cut]) -> String {
    let count = |kind| cuts.iter().filter(|cut| cut.kind == kind).count();
    let original = if terms.copies.name_original {
        format!(",\"original_ref\":\"{}\"", subject.id())
    } else {
        String::new()
    };
    format!(
        "{{\"extension_type\":\"property-extension\",\"masked\":{},\"removed\":{}{original}}}",
        count(CutKind::Mask),
        count(CutKind::Remove),
    )
}

/// The extensions with ours. A copy of a copy carries the newer one.
fn with_extension(extensions: Option<&str>, ours: &str) -> String {
    let mut out = Properties::default();
    let limits = Limits::EXCHANGE.json();
    let read = extensions.and_then(|text| comity_stix::json::parse(text, &limits).ok());
    let members = read.as_ref().and_then(Value::as_object).unwrap_or_default();
    for member in members.iter().filter(|member| member.key != EXTENSION_ID) {
        out.add(&member.key, member.value.raw());
    }
    out.add(EXTENSION_ID, ours);
    out.finish()
}

/// A JSON object in the making.
#[derive(Default)]
struct Properties(String);

impl Properties {
    fn add(&mut self, key: &str, json: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        write_string(key, &mut self.0);
        self.0.push(':');
        self.0.push_str(json);
    }

    fn finish(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_string(text, &mut out);
    out
}

/// Whether the copy breaks the standard where the original did not.
fn spoiled(original: &Value<'_>, copy: &str) -> Option<Withheld> {
    let grave = |problem: &comity_stix::validate::Problem| problem.severity == Severity::Must;
    let mut found: Vec<_> = validate(copy).into_iter().filter(grave).collect();
    if !found.is_empty() {
        let before = validate_value(original);
        found.retain(|problem| {
            let same = |old: &comity_stix::validate::Problem| {
                (&old.path, &old.rule) == (&problem.path, &problem.rule)
            };
            !before.iter().any(same)
        });
    }
    let path = match found.into_iter().next() {
        Some(problem) => problem.path,
        None => admit(copy, &Limits::EXCHANGE).err()?.path().to_owned(),
    };
    Some(Withheld::Spoiled { path })
}
