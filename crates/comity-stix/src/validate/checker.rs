//! Walks values by their kind in the property tables and collects problems.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{PROBLEMS_MAX, Problem, Severity, forms};
use crate::id::ObjectId;
use crate::json::{Kind as Json, Member, Value};
use crate::object_types::schema::{Kind, Property, Structure, Targets, Vocabulary};
use crate::object_types::{self, Class, HASH_ALGORITHM, common_properties};
use crate::timestamp::Timestamp;

mod relations;

/// Collects problems at the place it stands.
pub(super) struct Checker<'o> {
    path: Vec<Cow<'o, str>>,
    pub(super) problems: Vec<Problem>,
    /// The keys of the observable container the walk is in; references there are such keys.
    container: Option<BTreeSet<&'o str>>,
}

impl<'o> Checker<'o> {
    pub(super) fn new() -> Self {
        Self {
            path: Vec::new(),
            problems: Vec::new(),
            container: None,
        }
    }

    pub(super) fn must(&mut self, section: &str, message: impl Into<String>) {
        self.report(Severity::Must, section, message.into());
    }

    pub(super) fn should(&mut self, section: &str, message: impl Into<String>) {
        self.report(Severity::Should, section, message.into());
    }

    fn report(&mut self, severity: Severity, section: &str, message: String) {
        if self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        let path = self.place();
        self.problems.push(Problem {
            path,
            rule: format!("STIX 2.1 section {section}"),
            message,
            severity,
        });
    }

    /// Checks at a property or list item of the present place.
    pub(super) fn at(&mut self, step: impl Into<Cow<'o, str>>, check: impl FnOnce(&mut Self)) {
        if self.problems.len() >= PROBLEMS_MAX {
            return;
        }
        self.path.push(step.into());
        check(self);
        self.path.pop();
    }

    /// Checks a value against its kind.
    pub(super) fn value(&mut self, kind: &Kind, value: &'o Value<'o>, section: &str) {
        match kind {
            Kind::Text => {
                self.text(value);
            }
            Kind::Form(form) => {
                if let Some(text) = self.text(value)
                    && let Some(message) = forms::problem(*form, text)
                {
                    self.must(section, format!("{text:?} {message}"));
                }
            }
            Kind::Boolean => {
                if value.as_bool().is_none() {
                    self.wrong(value, "true or false", "2.2");
                }
            }
            Kind::Integer(least, most) => self.integer(value, *least, *most, section),
            Kind::Float(least, most) => match value.as_number() {
                None => self.wrong(value, "a number", "2.6"),
                Some(number) if !(*least..=*most).contains(&number) => {
                    self.must(
                        section,
                        format!("{} is not between {least} and {most}", value.raw()),
                    );
                }
                Some(_) => {}
            },
            Kind::Timestamp => self.timestamp(value, 0),
            Kind::Milliseconds => self.timestamp(value, 3),
            Kind::Binary => self.encoded(value, forms::is_base64, "base64 (RFC 4648)", "2.1"),
            Kind::Hex => self.encoded(
                value,
                forms::is_hex,
                "an even number of the digits 0-9 and a-f",
                "2.8",
            ),
            Kind::Hashes => self.hashes(value),
            Kind::Open(vocabulary) => self.term(value, vocabulary, Severity::Should),
            Kind::Closed(vocabulary) => self.term(value, vocabulary, Severity::Must),
            Kind::Reference(targets) => self.reference(value, *targets, section),
            Kind::List(item) => self.list(value, item, section),
            Kind::Structure(structure) => self.structure(value, structure),
            Kind::Dictionary(item) => self.dictionary(value, item, section),
            Kind::Translations => self.translations(value, section),
            Kind::Container => self.observable_container(value),
            // The latter two need the whole object and are checked with it.
            Kind::Any | Kind::Extensions | Kind::GranularMarkings => {}
        }
    }

    fn wrong(&mut self, value: &Value<'_>, expected: &str, section: &str) {
        self.must(
            section,
            format!("is {}; it must be {expected}", value.described()),
        );
    }

    fn text(&mut self, value: &'o Value<'o>) -> Option<&'o str> {
        let text = value.as_str();
        if text.is_none() {
            self.wrong(value, "a string", "2.15");
        }
        text
    }

    fn integer(&mut self, value: &Value<'_>, least: i64, most: i64, section: &str) {
        const SAFE: i64 = (1 << 53) - 1;
        match value.as_integer() {
            None => self.wrong(value, "a whole number of at most 54 bits", "2.10"),
            Some(number) if !(-SAFE..=SAFE).contains(&number) => {
                self.must(
                    "2.10",
                    format!("{number} is not between -(2^53)+1 and (2^53)-1"),
                );
            }
            Some(number) if number < least => {
                self.must(section, format!("{number} is below {least}"));
            }
            Some(number) if number > most => {
                self.must(section, format!("{number} is above {most}"));
            }
            Some(_) => {}
        }
    }

    fn timestamp(&mut self, value: &'o Value<'o>, digits_min: usize) {
        let Some(text) = self.text(value) else { return };
        if let Err(error) = Timestamp::parse(text) {
            self.must("2.16", format!("{text:?} {error}"));
            return;
        }
        let digits = text
            .rsplit_once('.')
            .map_or(0, |(_, fraction)| fraction.len().saturating_sub(1));
        if digits < digits_min {
            self.must(
                "3.2",
                format!(
                    "{text:?} must be precise to the millisecond: write three digits of a second"
                ),
            );
        }
    }

    fn encoded(
        &mut self,
        value: &'o Value<'o>,
        good: fn(&str) -> bool,
        expected: &str,
        section: &str,
    ) {
        if let Some(text) = self.text(value)
            && !good(text)
        {
            self.must(section, format!("must be {expected}"));
        }
    }

    fn term(&mut self, value: &'o Value<'o>, vocabulary: &Vocabulary, severity: Severity) {
        let Some(text) = self.text(value) else { return };
        if !vocabulary.terms.contains(&text) {
            let name = vocabulary.name;
            let message = format!(
                "{text:?} is no term of {name}; its terms are {}",
                vocabulary.terms.join(", ")
            );
            self.report(severity, vocabulary.section, message);
        }
    }

    fn hashes(&mut self, value: &'o Value<'o>) {
        let Some(members) = self.filled_object(value, "2.7") else {
            return;
        };
        for member in members {
            self.at(&*member.key, |checker| {
                checker.dictionary_key(&member.key, 3, "2.7");
                if !HASH_ALGORITHM.terms.contains(&&*member.key) {
                    checker.should(
                        "2.7",
                        format!("{:?} is no term of {}", member.key, HASH_ALGORITHM.name),
                    );
                }
                if let Some(text) = checker.text(&member.value)
                    && let Some(message) = forms::hash_problem(&member.key, text)
                {
                    checker.must("2.7", message);
                }
            });
        }
    }

    fn reference(&mut self, value: &'o Value<'o>, targets: Targets, section: &str) {
        let Some(text) = self.text(value) else { return };
        if let Some(keys) = &self.container {
            if !keys.contains(text) {
                self.must(
                    "2.13",
                    format!("{text:?} is no key of this container of observables"),
                );
            }
            return;
        }
        match ObjectId::parse(text) {
            Err(error) => self.must("2.9", format!("{text:?} {error}")),
            Ok(id) => {
                if let Some(expected) = relations::refused_target(id.type_name(), targets) {
                    self.must(section, format!("{text} must be the id of {expected}"));
                }
            }
        }
    }

    fn list(&mut self, value: &'o Value<'o>, item: &Kind, section: &str) {
        let Some(items) = value.as_array() else {
            self.wrong(value, "a list", "2.12");
            return;
        };
        if items.is_empty() {
            self.must("2.12", "is an empty list; leave the property out");
        }
        for (at, found) in items.iter().enumerate() {
            self.at(format!("[{at}]"), |checker| {
                checker.value(item, found, section);
            });
        }
    }

    /// The members of a dictionary or sub-object, which has at least one.
    pub(super) fn filled_object(
        &mut self,
        value: &'o Value<'o>,
        section: &str,
    ) -> Option<&'o [Member<'o>]> {
        let Some(members) = value.as_object() else {
            self.wrong(value, "a JSON object", section);
            return None;
        };
        if members.is_empty() {
            self.must("2.3", "is empty; leave the property out");
        }
        Some(members)
    }

    fn dictionary(&mut self, value: &'o Value<'o>, item: &Kind, section: &str) {
        for member in self.filled_object(value, "2.3").unwrap_or_default() {
            self.at(&*member.key, |checker| {
                checker.dictionary_key(&member.key, 1, "2.3");
                checker.value(item, &member.value, section);
            });
        }
    }

    fn dictionary_key(&mut self, key: &str, least: usize, section: &str) {
        let good = key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !good || !(least..=250).contains(&key.len()) {
            self.must(
                section,
                format!("a key has {least} to 250 of a-z, A-Z, 0-9, hyphen and underscore"),
            );
        }
    }

    fn translations(&mut self, value: &'o Value<'o>, section: &str) {
        for member in self.filled_object(value, section).unwrap_or_default() {
            self.at(&*member.key, |checker| {
                if !forms::is_language(&member.key) {
                    checker.must(
                        section,
                        format!("{:?} is no language code of RFC 5646", member.key),
                    );
                }
                checker.filled_object(&member.value, section);
            });
        }
    }

    /// Section 2.13: observables under keys of their own, referring to each other by key.
    fn observable_container(&mut self, value: &'o Value<'o>) {
        self.should(
            "2.13",
            "the container of observables is deprecated; use object_refs",
        );
        let Some(members) = self.filled_object(value, "2.13") else {
            return;
        };
        self.container = Some(members.iter().map(|member| &*member.key).collect());
        for member in members {
            self.at(&*member.key, |checker| {
                let object = &member.value;
                match object.text("type").and_then(object_types::find) {
                    Some(table) if table.class == Class::Observable => {
                        let members = object.as_object().unwrap_or_default();
                        checker.properties(members, table.properties, table.section);
                        checker.rules(object, table.rules, table.properties, table.section);
                    }
                    Some(table) => checker.must(
                        "2.13",
                        format!("holds a {}, which is no observable", table.name),
                    ),
                    None if object.text("type").is_none() => {
                        checker.must("2.13", "must be an object with a type");
                    }
                    None => {}
                }
            });
        }
        self.container = None;
    }

    /// Checks the members that a table names.
    pub(super) fn properties(
        &mut self,
        members: &'o [Member<'o>],
        table: &'static [Property],
        section: &str,
    ) {
        for member in members {
            if let Some(property) = table.iter().find(|property| property.name == member.key) {
                self.at(&*member.key, |checker| {
                    checker.value(&property.kind, &member.value, section);
                });
            }
        }
        for property in table.iter().filter(|property| property.required) {
            if !members.iter().any(|member| member.key == property.name) {
                self.must(section, format!("has no {}: add it", property.name));
            }
        }
    }

    /// Checks a sub-object or predefined extension, which has the properties of its table and no others.
    pub(super) fn structure(&mut self, value: &'o Value<'o>, structure: &'static Structure) {
        let Some(members) = self.filled_object(value, structure.section) else {
            return;
        };
        self.properties(members, structure.properties, structure.section);
        self.rules(
            value,
            structure.rules,
            structure.properties,
            structure.section,
        );
        for member in members {
            let known = structure
                .properties
                .iter()
                .any(|property| property.name == member.key);
            if !known && member.key != common_properties::EXTENSION_TYPE.name {
                self.at(&*member.key, |checker| checker.custom_property(&member.key));
            }
        }
    }

    /// A property the standard does not name (section 11.1 and 7.3.2).
    pub(super) fn custom_property(&mut self, name: &str) {
        let good = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !good || !(3..=250).contains(&name.len()) {
            self.must(
                "11.1.1",
                "the name of a custom property has 3 to 250 of a-z, 0-9 and underscore",
            );
        } else if !name.starts_with("x_") {
            self.should("11.1.1", "is no property of the standard; define it by an extension or begin its name with x_");
        }
    }

    /// Refuses at any depth, in properties of the standard and others, what no data type of section 2 has: `null`,
    /// empty lists, empty objects.
    pub(super) fn no_empty(&mut self, value: &'o Value<'o>) {
        match value.kind() {
            Json::Null => self.must("2", "is null; leave the property out"),
            Json::Object(members) if members.is_empty() => {
                self.unless_reported("2.3", "is empty; leave the property out");
            }
            Json::Array(items) if items.is_empty() => {
                self.unless_reported("2.12", "is an empty list; leave the property out");
            }
            Json::Object(members) => {
                for member in members {
                    self.at(&*member.key, |checker| checker.no_empty(&member.value));
                }
            }
            Json::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.at(format!("[{at}]"), |checker| checker.no_empty(item));
                }
            }
            Json::Bool(_) | Json::Number | Json::String(_) => {}
        }
    }

    fn unless_reported(&mut self, section: &str, message: &str) {
        let place = self.place();
        let known = |problem: &Problem| problem.severity == Severity::Must && problem.path == place;
        if !self.problems.iter().any(known) {
            self.must(section, message);
        }
    }

    /// The present place as a path.
    fn place(&self) -> String {
        let mut path = String::new();
        for step in &self.path {
            if !path.is_empty() && !step.starts_with('[') {
                path.push('.');
            }
            path.push_str(step);
        }
        path
    }
}
