//! The property tables of the meta objects (section 7).

use super::common_properties::TEXTS;
use super::schema::{Class, Kind, ObjectType, Rule, Targets, may, must};
use super::vocabularies as vocabulary;

/// Sections 7.1 to 7.3.
pub(super) static ALL: [ObjectType; 3] = [
    ObjectType {
        name: "language-content",
        class: Class::Meta,
        section: "7.1",
        properties: &[
            must("object_ref", Kind::Reference(Targets::Any)),
            may("object_modified", Kind::Timestamp),
            must("contents", Kind::Translations),
        ],
        rules: &[],
        extensions: &[],
        contributing: &[],
    },
    ObjectType {
        name: "marking-definition",
        class: Class::Meta,
        section: "7.2.1",
        properties: &[
            may("name", Kind::Text),
            may("definition_type", Kind::Text),
            may("definition", Kind::Any),
        ],
        rules: &[
            Rule::OneOf(&["definition_type", "extensions"]),
            Rule::OneOf(&["definition", "extensions"]),
            Rule::Needs("definition_type", "definition"),
            Rule::Needs("definition", "definition_type"),
        ],
        extensions: &[],
        contributing: &[],
    },
    ObjectType {
        name: "extension-definition",
        class: Class::Meta,
        section: "7.3",
        properties: &[
            must("name", Kind::Text),
            may("description", Kind::Text),
            must("schema", Kind::Text),
            must("version", Kind::Text),
            must(
                "extension_types",
                Kind::List(&Kind::Closed(vocabulary::EXTENSION_TYPE)),
            ),
            may("extension_properties", TEXTS),
        ],
        rules: &[],
        extensions: &[],
        contributing: &[],
    },
];
