//! What holds between the properties of one object, and between a reference and the type it points to.

use super::Checker;
use crate::json::Value;
use crate::object_types::schema::{Property, Rule, Targets};
use crate::object_types::{self, Class};
use crate::timestamp::Timestamp;

impl Checker<'_> {
    /// Checks what holds between the properties of one object.
    pub(in crate::validate) fn rules(
        &mut self,
        object: &Value<'_>,
        rules: &[Rule],
        own: &[Property],
        section: &str,
    ) {
        let has = |name: &str| object.member(name).is_some();
        let moment = |name: &str| {
            object
                .text(name)
                .and_then(|text| Timestamp::parse(text).ok())
        };
        for rule in rules {
            let message = match *rule {
                Rule::OneOf(names) if !names.iter().any(|name| has(name)) => {
                    format!("must have one of {}", names.join(", "))
                }
                Rule::Exclusive(names) if names.iter().filter(|name| has(name)).count() > 1 => {
                    format!("must not have more than one of {}", names.join(", "))
                }
                Rule::OwnProperty
                    if !own.iter().any(|property| has(property.name)) && !has("extensions") =>
                {
                    "must have at least one property of its own".to_owned()
                }
                Rule::Needs(with, needs) if has(with) && !has(needs) => {
                    format!("has {with} and must then have {needs}")
                }
                Rule::NotBefore(earlier, later)
                    if moment(later)
                        .zip(moment(earlier))
                        .is_some_and(|(b, a)| b < a) =>
                {
                    format!("{later} must not be before {earlier}")
                }
                Rule::After(earlier, later)
                    if moment(later)
                        .zip(moment(earlier))
                        .is_some_and(|(b, a)| b <= a) =>
                {
                    format!("{later} must be after {earlier}")
                }
                Rule::Absent(name, flag, value) if has(name) && flagged(object, flag, value) => {
                    format!("must not have {name} while {flag} is {value}")
                }
                Rule::Present(name, flag, value) if !has(name) && flagged(object, flag, value) => {
                    format!("must have {name} while {flag} is {value}")
                }
                Rule::OneOf(_)
                | Rule::Exclusive(_)
                | Rule::OwnProperty
                | Rule::Needs(..)
                | Rule::NotBefore(..)
                | Rule::After(..)
                | Rule::Absent(..)
                | Rule::Present(..) => continue,
            };
            self.must(section, message);
        }
    }
}

fn flagged(object: &Value<'_>, flag: &str, value: bool) -> bool {
    object.member(flag).and_then(Value::as_bool) == Some(value)
}

/// What the target should be, if a type cannot be it. A custom type may be of any class but meta.
pub(super) fn refused_target(type_name: &str, targets: Targets) -> Option<String> {
    let class = object_types::class(type_name);
    let custom = class.is_none() && type_name != "bundle";
    let is = |wanted: Class| custom || class == Some(wanted);
    let (good, expected) = match targets {
        Targets::Any => (
            type_name != "bundle",
            "an object, not of a bundle".to_owned(),
        ),
        Targets::Types(names) => (
            names.contains(&type_name),
            format!("one of type {}", names.join(" or ")),
        ),
        Targets::Domain => (is(Class::Domain), "a domain object".to_owned()),
        Targets::Observable => (is(Class::Observable), "an observable".to_owned()),
        Targets::DomainOrObservable => (
            is(Class::Domain) || is(Class::Observable),
            "a domain object or an observable".to_owned(),
        ),
        Targets::ObservableOrRelationship => (
            is(Class::Observable) || is(Class::Relationship),
            "an observable or a relationship".to_owned(),
        ),
    };
    (!good).then_some(expected)
}
