//! The common properties of section 3.2 and the sub-objects of section 2.

use super::schema::{Class, Form, Kind, Property, Rule, Structure, Targets, may, must};
use super::vocabularies as vocabulary;

/// Whole numbers that must not be negative.
pub(super) const COUNT: Kind = Kind::Integer(0, i64::MAX);
/// Any whole number.
pub(super) const WHOLE: Kind = Kind::Integer(i64::MIN, i64::MAX);
/// Phases of kill chains.
pub(super) const PHASES: Kind = Kind::List(&Kind::Structure(&KILL_CHAIN_PHASE));
/// A list of strings.
pub(super) const TEXTS: Kind = Kind::List(&Kind::Text);
/// A list of any references.
pub(super) const REFERENCES: Kind = Kind::List(&Kind::Reference(Targets::Any));

/// Section 2.11.
static KILL_CHAIN_PHASE: Structure = Structure {
    name: "kill-chain-phase",
    section: "2.11",
    properties: &[
        must("kill_chain_name", Kind::Text),
        must("phase_name", Kind::Text),
    ],
    rules: &[],
};

/// Section 2.5.
static EXTERNAL_REFERENCE: Structure = Structure {
    name: "external-reference",
    section: "2.5",
    properties: &[
        must("source_name", Kind::Text),
        may("description", Kind::Text),
        may("url", Kind::Form(Form::Url)),
        may("hashes", Kind::Hashes),
        may("external_id", Kind::Text),
    ],
    rules: &[Rule::OneOf(&["description", "url", "external_id"])],
};

/// Section 7.2.3.
pub static GRANULAR_MARKING: Structure = Structure {
    name: "granular-marking",
    section: "7.2.3",
    properties: &[
        may("lang", Kind::Form(Form::Language)),
        may("marking_ref", Kind::Reference(MARKING)),
        must("selectors", TEXTS),
    ],
    rules: &[
        Rule::OneOf(&["lang", "marking_ref"]),
        Rule::Exclusive(&["lang", "marking_ref"]),
    ],
};

const MARKING: Targets = Targets::Types(&["marking-definition"]);

/// The properties every extension instance may have (section 3.2, `extensions`).
pub static EXTENSION_TYPE: Property =
    may("extension_type", Kind::Closed(vocabulary::EXTENSION_TYPE));

/// A common property of an object of this class, `None` if objects of this class have none of that name.
pub fn property(class: Class, type_name: &str, name: &str) -> Option<&'static Property> {
    let found = COMMON.iter().find(|property| property.name == name)?;
    let applies = match (class, name) {
        (Class::Observable, _) => OF_OBSERVABLES.contains(&name),
        (_, "defanged") => false,
        (Class::Meta, _) => !not_of_meta(type_name).contains(&name),
        (Class::Domain | Class::Relationship, _) => true,
    };
    applies.then_some(found)
}

/// The common properties that objects of this class must have.
pub fn required(class: Class, type_name: &str) -> &'static [&'static str] {
    match (class, type_name) {
        (Class::Observable, _) => &["type", "id"],
        (Class::Meta, "marking-definition") => &["type", "spec_version", "id", "created"],
        (Class::Meta, "extension-definition") => &[
            "type",
            "spec_version",
            "id",
            "created",
            "modified",
            "created_by_ref",
        ],
        (Class::Domain | Class::Relationship | Class::Meta, _) => {
            &["type", "spec_version", "id", "created", "modified"]
        }
    }
}

const OF_OBSERVABLES: [&str; 7] = [
    "type",
    "id",
    "spec_version",
    "object_marking_refs",
    "granular_markings",
    "defanged",
    "extensions",
];

fn not_of_meta(type_name: &str) -> &'static [&'static str] {
    match type_name {
        "marking-definition" => &["modified", "revoked", "labels", "confidence", "lang"],
        "extension-definition" => &["confidence", "lang", "extensions"],
        _ => &["lang"],
    }
}

/// Section 3.2.
static COMMON: [Property; 15] = [
    must("type", Kind::Text),
    must("spec_version", Kind::Text),
    must("id", Kind::Reference(Targets::Any)),
    may(
        "created_by_ref",
        Kind::Reference(Targets::Types(&["identity"])),
    ),
    must("created", Kind::Milliseconds),
    must("modified", Kind::Milliseconds),
    may("revoked", Kind::Boolean),
    may("labels", TEXTS),
    may("confidence", Kind::Integer(0, 100)),
    may("lang", Kind::Form(Form::Language)),
    may(
        "external_references",
        Kind::List(&Kind::Structure(&EXTERNAL_REFERENCE)),
    ),
    may("object_marking_refs", Kind::List(&Kind::Reference(MARKING))),
    may("granular_markings", Kind::GranularMarkings),
    may("defanged", Kind::Boolean),
    may("extensions", Kind::Extensions),
];
