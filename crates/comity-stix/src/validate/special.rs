//! The object as a whole: which table applies, and the rules that no table can hold.

use super::Problem;
use super::checker::Checker;
use crate::deterministic_id;
use crate::id::{ObjectId, TypeName};
use crate::json::{Kind as Json, Member, Value};
use crate::marking::{self, SelectorError};
use crate::object_types::schema::ObjectType;
use crate::object_types::{self, Class, common_properties};
use crate::pattern;

pub(super) fn object(object: &Value<'_>) -> Vec<Problem> {
    let mut checker = Checker::new();
    let members = object.as_object().unwrap_or_default();
    let Some(type_name) = object.text("type") else {
        checker.must("3.2", "has no type, or one that is no string: add it");
        return checker.problems;
    };
    if type_name == "bundle" {
        checker.must(
            "8",
            "is a bundle, which is no object: validate the objects in it",
        );
        return checker.problems;
    }
    if let Err(error) = TypeName::parse(type_name) {
        checker.at("type", |checker| {
            checker.must("3.1", format!("{type_name:?} {error}"));
        });
        return checker.problems;
    }
    let table = object_types::find(type_name);
    let class = table.map_or_else(|| custom_class(object), |table| table.class);
    if !is_current(&mut checker, object, class) {
        return checker.problems;
    }
    common_properties(&mut checker, members, class, type_name);
    identifier(&mut checker, object, class, type_name);
    own_properties(&mut checker, object, table);
    extensions(&mut checker, object, table);
    granular_markings(&mut checker, object);
    match type_name {
        "indicator" => indicator(&mut checker, object),
        "marking-definition" => marking_definition(&mut checker, object),
        "extension-definition" => extension_definition(&mut checker, object),
        "observed-data" => observed_data(&mut checker, object),
        "attack-pattern" | "vulnerability" => taxonomy_references(&mut checker, object, type_name),
        _ => {}
    }
    checker.no_empty(object);
    checker.problems
}

/// The class of a custom type: what its extension says, else a domain object (section 11.2).
fn custom_class(object: &Value<'_>) -> Class {
    let declared = |kind: &str| {
        let extensions = object
            .member("extensions")
            .and_then(Value::as_object)
            .unwrap_or_default();
        extensions
            .iter()
            .any(|member| member.value.text("extension_type") == Some(kind))
    };
    if declared("new-sco") {
        Class::Observable
    } else if declared("new-sro") {
        Class::Relationship
    } else {
        Class::Domain
    }
}

/// Whether the object is written in STIX 2.1; nothing else can be held against its tables.
fn is_current(checker: &mut Checker<'_>, object: &Value<'_>, class: Class) -> bool {
    let message = match object
        .member("spec_version")
        .map(|value| (value, value.as_str()))
    {
        Some((_, Some("2.1"))) => return true,
        None if class == Class::Observable => return true,
        None => "has no spec_version, so it is STIX 2.0: upgrade it to check it further".to_owned(),
        Some((_, Some("2.0"))) => "is STIX 2.0: upgrade it to check it further".to_owned(),
        Some((value, _)) => format!("spec_version is {}; it must be \"2.1\"", value.raw()),
    };
    checker.must("3.2", message);
    false
}

fn common_properties<'o>(
    checker: &mut Checker<'o>,
    members: &'o [Member<'o>],
    class: Class,
    type_name: &str,
) {
    for member in members {
        if let Some(property) = common_properties::property(class, type_name, &member.key) {
            checker.at(&*member.key, |checker| {
                checker.value(&property.kind, &member.value, "3.2");
            });
        }
    }
    for name in common_properties::required(class, type_name) {
        if !members.iter().any(|member| member.key == *name) {
            checker.must("3.2", format!("has no {name}: add it"));
        }
    }
    let text = |name: &str| {
        members
            .iter()
            .find(|member| member.key == name)
            .and_then(|member| member.value.as_str())
    };
    let moment =
        |name: &str| text(name).and_then(|text| crate::timestamp::Timestamp::parse(text).ok());
    if moment("modified")
        .zip(moment("created"))
        .is_some_and(|(modified, created)| modified < created)
    {
        checker.at("modified", |checker| {
            checker.must("3.2", "must not be before created");
        });
    }
}

fn identifier(checker: &mut Checker<'_>, object: &Value<'_>, class: Class, type_name: &str) {
    let Some(Ok(id)) = object.text("id").map(ObjectId::parse) else {
        return;
    };
    checker.at("id", |checker| {
        if id.type_name() != type_name {
            checker.must(
                "2.9",
                format!(
                    "begins with {:?}, but type is {type_name:?}",
                    id.type_name()
                ),
            );
        }
        if id.uuid().get_variant() != uuid::Variant::RFC4122 {
            checker.must("2.9", "is no UUID of RFC 4122: its variant is another");
        }
        let version = id.uuid().get_version_num();
        if class != Class::Observable && version != 4 {
            checker.should(
                "2.9",
                format!("has a UUID of version {version}; it should be 4"),
            );
        }
        if let Some(expected) = deterministic_id::of(object)
            .filter(|expected| class == Class::Observable && *expected != id)
        {
            checker.should(
                "2.9",
                format!("should be {expected}, which follows from its contributing properties"),
            );
        }
    });
}

fn own_properties<'o>(
    checker: &mut Checker<'o>,
    object: &'o Value<'o>,
    table: Option<&'static ObjectType>,
) {
    let members = object.as_object().unwrap_or_default();
    let type_name = object.text("type").unwrap_or_default();
    let class = table.map_or_else(|| custom_class(object), |table| table.class);
    if let Some(table) = table {
        checker.properties(members, table.properties, table.section);
        checker.rules(object, table.rules, table.properties, table.section);
    }
    let extended = object
        .member("extensions")
        .and_then(Value::as_object)
        .unwrap_or_default();
    let declares = |kinds: &[&str]| {
        extended.iter().any(|member| {
            member
                .value
                .text("extension_type")
                .is_some_and(|kind| kinds.contains(&kind))
        })
    };
    if table.is_none() && !declares(&["new-sdo", "new-sco", "new-sro"]) {
        checker.should("11.2", "is of a custom type; define it by an extension");
    }
    let extended_here = declares(&["toplevel-property-extension"]) || table.is_none();
    for member in members {
        let own = table.is_some_and(|table| {
            table
                .properties
                .iter()
                .any(|property| property.name == member.key)
        });
        if own || common_properties::property(class, type_name, &member.key).is_some() {
            continue;
        }
        checker.at(&*member.key, |checker| {
            if member.key == "defanged" {
                checker.must("3.2", "must not be used on anything but observables");
            } else if !extended_here || !well_named(&member.key) {
                checker.custom_property(&member.key);
            }
        });
    }
}

fn well_named(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (3..=250).contains(&name.len()) && name.bytes().all(good)
}

/// Section 3.2, `extensions`, with 7.3.2 and 11.3.
fn extensions<'o>(
    checker: &mut Checker<'o>,
    object: &'o Value<'o>,
    table: Option<&'static ObjectType>,
) {
    let Some(value) = object.member("extensions") else {
        return;
    };
    checker.at("extensions", |checker| {
        for member in checker.filled_object(value, "3.2").unwrap_or_default() {
            checker.at(&*member.key, |checker| extension(checker, member, table));
        }
    });
}

fn extension<'o>(
    checker: &mut Checker<'o>,
    member: &'o Member<'o>,
    table: Option<&'static ObjectType>,
) {
    let key = &*member.key;
    if let Some(predefined) =
        table.and_then(|table| table.extensions.iter().find(|found| found.name == key))
    {
        checker.structure(&member.value, predefined);
        return;
    }
    let Some(members) = checker.filled_object(&member.value, "3.2") else {
        return;
    };
    match ObjectId::parse(key) {
        Ok(id) if id.type_name() == "extension-definition" => {
            match member.value.member(common_properties::EXTENSION_TYPE.name) {
                Some(kind) => checker.at("extension_type", |checker| {
                    checker.value(&common_properties::EXTENSION_TYPE.kind, kind, "3.2");
                }),
                None => checker.must("3.2", "has no extension_type: add it"),
            }
            for inner in members.iter().filter(|inner| !well_named(&inner.key)) {
                let message =
                    "the name of an extension property has 3 to 250 of a-z, 0-9 and underscore";
                checker.at(&*inner.key, |checker| checker.must("7.3.2", message));
            }
        }
        _ if key.ends_with("-ext") => {
            checker.should(
                "11.3",
                "is a custom extension; define it by an extension-definition",
            );
        }
        _ => checker.should(
            "3.2",
            "should be the id of an extension-definition or a predefined extension of this type",
        ),
    }
}

fn granular_markings<'o>(checker: &mut Checker<'o>, object: &'o Value<'o>) {
    let Some(value) = object.member("granular_markings") else {
        return;
    };
    checker.at("granular_markings", |checker| {
        let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
            checker.must("7.2.3", "must be a list of at least one granular marking");
            return;
        };
        let mut left = SELECTORS_MAX;
        for (at, item) in items.iter().enumerate() {
            checker.at(format!("[{at}]"), |checker| {
                checker.structure(item, &common_properties::GRANULAR_MARKING);
                let own = object
                    .text("id")
                    .is_some_and(|id| item.text("marking_ref") == Some(id));
                if own {
                    checker.must("7.2.1", "a marking definition must not mark itself");
                }
                selectors(checker, object, item, &mut left);
            });
        }
    });
}

/// Each selector walks the object, so their number is bounded, over all markings of the object together.
const SELECTORS_MAX: usize = 10_000;

fn selectors<'o>(
    checker: &mut Checker<'o>,
    object: &Value<'o>,
    item: &'o Value<'o>,
    left: &mut usize,
) {
    let found = item
        .member("selectors")
        .and_then(Value::as_array)
        .unwrap_or_default();
    for (at, found) in found.iter().enumerate() {
        let Some(text) = found.as_str() else { continue };
        let Some(rest) = left.checked_sub(1) else {
            checker.must(
                "7.2.3",
                format!("selectors beyond the first {SELECTORS_MAX} of the object are not checked"),
            );
            return;
        };
        *left = rest;
        let message = match marking::select(object, text) {
            Ok(_) => continue,
            Err(SelectorError::Syntax) => "is no selector: property names and [n] joined by dots",
            Err(SelectorError::Absent) => "selects nothing that is present in the object",
        };
        checker.at(format!("selectors[{at}]"), |checker| {
            checker.must("7.2.3", format!("{text:?} {message}"));
        });
    }
}

fn indicator(checker: &mut Checker<'_>, object: &Value<'_>) {
    if object.text("pattern_type") != Some("stix") {
        return;
    }
    if let Some(Err(error)) = object.text("pattern").map(pattern::parse) {
        checker.at("pattern", |checker| checker.must("9", error.to_string()));
    }
}

/// Section 7.2.1: TLP definitions are fixed; statements hold a statement; no marking marks itself.
fn marking_definition(checker: &mut Checker<'_>, object: &Value<'_>) {
    let own = object.text("id");
    let refs = object
        .member("object_marking_refs")
        .and_then(Value::as_array)
        .unwrap_or_default();
    if own.is_some() && refs.iter().any(|item| item.as_str() == own) {
        checker.must("7.2.1", "a marking definition must not mark itself");
    }
    let definition = object.member("definition");
    match object.text("definition_type") {
        Some("statement")
            if definition
                .and_then(|found| found.text("statement"))
                .is_none() =>
        {
            checker.at("definition", |checker| {
                checker.must("7.2.1.3", "must be an object with the string statement");
            });
        }
        _ => {}
    }
    let Some(Ok(id)) = own.map(ObjectId::parse) else {
        return;
    };
    if let Some(difference) = marking::tlp_definition_problem(&id, object) {
        checker.must("7.2.1.4", difference);
    }
}

fn extension_definition(checker: &mut Checker<'_>, object: &Value<'_>) {
    let kinds = object
        .member("extension_types")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let toplevel = kinds
        .iter()
        .any(|kind| kind.as_str() == Some("toplevel-property-extension"));
    match object.member("extension_properties") {
        Some(_) if !toplevel => {
            let message = "must only be used with the extension type toplevel-property-extension";
            checker.at("extension_properties", |checker| {
                checker.must("7.3.1", message);
            });
        }
        None if toplevel => checker.should(
            "7.3.1",
            "should name its properties in extension_properties",
        ),
        _ => {}
    }
}

/// Section 4.14: among the references is at least one observable. A custom type may be one.
fn observed_data(checker: &mut Checker<'_>, object: &Value<'_>) {
    let Some(refs) = object.member("object_refs").and_then(Value::as_array) else {
        return;
    };
    let observable = |item: &Value<'_>| {
        let id = item.as_str().and_then(|text| ObjectId::parse(text).ok());
        id.is_none_or(|id| {
            object_types::class(id.type_name()).is_none_or(|class| class == Class::Observable)
        })
    };
    if !refs.is_empty() && !refs.iter().any(observable) {
        checker.at("object_refs", |checker| {
            checker.must("4.14", "must refer to at least one observable");
        });
    }
}

/// Sections 4.1 and 4.19: how CAPEC and CVE are referred to.
fn taxonomy_references(checker: &mut Checker<'_>, object: &Value<'_>, type_name: &str) {
    let references = object.member("external_references").map(Value::kind);
    let Some(Json::Array(references)) = references else {
        return;
    };
    let (source, prefix) = if type_name == "attack-pattern" {
        ("capec", "CAPEC-")
    } else {
        ("cve", "CVE-")
    };
    for (at, reference) in references.iter().enumerate() {
        let id = reference.text("external_id");
        if reference.text("source_name") == Some(source)
            && id.is_some_and(|id| !id.starts_with(prefix))
        {
            let section = if type_name == "attack-pattern" {
                "4.1.1"
            } else {
                "4.19.1"
            };
            let message = format!("an identifier of {source} begins with {prefix}");
            checker.at(
                format!("external_references[{at}].external_id"),
                |checker| checker.must(section, message),
            );
        }
    }
}
