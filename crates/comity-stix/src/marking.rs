//! Data markings (STIX 2.1 section 7.2): the Traffic Light Protocol and granular markings.
//!
//! In scope: which definitions stand for which TLP label, versions 1.0 and 2.0 alike; the definitions to send along;
//! the label that binds an object; which parts of an object are marked by what.
//! Out of scope: who may receive what (`comity-release`); statements and other markings that carry no TLP label.

use uuid::Uuid;

use crate::id::{ObjectId, TypeName};
use crate::json::{Kind, Value};

mod tlp;

pub use tlp::{
    TLP_2_EXTENSION, TLP_2_EXTENSION_ID, Tlp, definition, definition_id, tlp_definition_problem,
};

/// A granular marking that refers to a definition (section 7.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granular {
    /// What is marked, as written.
    pub selectors: Vec<String>,
    /// By what.
    pub marking: ObjectId,
}

/// Why a selector selects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// Not of the form of section 7.2.3.
    #[error("is no selector")]
    Syntax,
    /// The object has no such part.
    #[error("selects nothing that is present")]
    Absent,
}

/// The granular markings of an object that refer to a definition; those of language are left out, as is what has no
/// readable reference (`validate` names it).
pub fn granular(object: &Value<'_>) -> Vec<Granular> {
    let items = object
        .member("granular_markings")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let mut found = Vec::new();
    for item in items {
        let Some(Ok(marking)) = item.text("marking_ref").map(ObjectId::parse) else {
            continue;
        };
        let selectors = item
            .member("selectors")
            .and_then(Value::as_array)
            .unwrap_or_default();
        let selectors = selectors
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        found.push(Granular { selectors, marking });
    }
    found
}

/// The most restrictive TLP label among these markings; `None` if none of them is one.
pub fn most_restrictive<'a>(markings: impl IntoIterator<Item = &'a ObjectId>) -> Option<Tlp> {
    markings.into_iter().filter_map(Tlp::of).max()
}

/// The label that binds the object as a whole: the most restrictive of its own markings and of those of its parts.
/// `None` for an object without a TLP label: what that means is the reader's policy.
pub fn effective(object: &Value<'_>) -> Option<Tlp> {
    let refs = object
        .member("object_marking_refs")
        .and_then(Value::as_array)
        .unwrap_or_default();
    let own = refs
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|text| ObjectId::parse(text).ok());
    let parts = granular(object).into_iter().map(|part| part.marking);
    own.chain(parts).filter_map(|id| Tlp::of(&id)).max()
}

/// The part of an object that a selector names, with all below it.
pub fn select<'a, 'v>(
    object: &'a Value<'v>,
    selector: &str,
) -> Result<&'a Value<'v>, SelectorError> {
    let mut at = object;
    for component in selector.split('.') {
        if component.is_empty() {
            return Err(SelectorError::Syntax);
        }
        at = match component.strip_prefix('[') {
            Some(rest) => {
                let digits = rest
                    .strip_suffix(']')
                    .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
                let index = digits
                    .and_then(|digits| digits.parse::<usize>().ok())
                    .ok_or(SelectorError::Syntax)?;
                match at.kind() {
                    Kind::Array(items) => items.get(index).ok_or(SelectorError::Absent)?,
                    Kind::Null
                    | Kind::Bool(_)
                    | Kind::Number
                    | Kind::String(_)
                    | Kind::Object(_) => {
                        return Err(SelectorError::Absent);
                    }
                }
            }
            None => at.member(component).ok_or(SelectorError::Absent)?,
        };
    }
    Ok(at)
}

/// The identifier of a marking definition.
fn marking_id(uuid: Uuid) -> Option<ObjectId> {
    TypeName::parse("marking-definition")
        .ok()
        .map(|name| ObjectId::new(name, uuid))
}

#[cfg(test)]
mod tests {
    use super::{SelectorError, Tlp, effective, granular, most_restrictive, select};
    use crate::id::ObjectId;
    use crate::json::{self, Limits, Value};

    const LIMITS: Limits = Limits {
        depth_max: 16,
        values_max: 1_000,
        properties_max: 100,
    };

    fn read(text: &str) -> Value<'_> {
        json::parse(text, &LIMITS).unwrap()
    }

    /// The example of section 7.2.3.
    #[test]
    fn selects_as_the_standard_does() {
        let object = read(
            r#"{"name":"CVE-2014-0160","description":"The (1) TLS","external_references":[{"source_name":"cve","external_id":"CVE-2014-0160"}],"labels":["heartbleed","has-logo"]}"#,
        );
        let check = |selector: &str, expected: Result<&str, SelectorError>| {
            assert_eq!(
                select(&object, selector).map(Value::raw),
                expected,
                "{selector}"
            );
        };
        check("description", Ok("\"The (1) TLS\""));
        check("external_references.[0].source_name", Ok("\"cve\""));
        check("labels.[0]", Ok("\"heartbleed\""));
        check("labels", Ok("[\"heartbleed\",\"has-logo\"]"));
        check("pattern", Err(SelectorError::Absent));
        check("external_references.[3]", Err(SelectorError::Absent));
        check("description.[0]", Err(SelectorError::Absent));
        check("labels.name", Err(SelectorError::Absent));
        check("labels.[]", Err(SelectorError::Syntax));
        check("labels.[-1]", Err(SelectorError::Syntax));
        check("labels.[0", Err(SelectorError::Syntax));
        check("", Err(SelectorError::Syntax));
        check("labels..x", Err(SelectorError::Syntax));
    }

    #[test]
    fn the_most_restrictive_marking_binds() {
        let object = read(
            r#"{"name":"x","object_marking_refs":["marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"],"granular_markings":[
            {"marking_ref":"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003","selectors":["name"]},{"lang":"de","selectors":["name"]}]}"#,
        );
        assert_eq!(effective(&object), Some(Tlp::AmberStrict));
        let parts = granular(&object);
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].selectors, ["name"]);
        assert_eq!(effective(&read("{}")), None);
        let other =
            ObjectId::parse("marking-definition--00000000-0000-4000-8000-000000000000").unwrap();
        assert_eq!(most_restrictive([&other]), None);
    }
}
