//! Identifiers of observables made from their content (STIX 2.1 section 2.9 and 3.4): equal observables get
//! equal identifiers, whoever makes them.
//!
//! In scope: the 18 observable types. The name hashed is the canonical JSON (RFC 8785) of the contributing
//! properties as they are spelled in the object.
//! Out of scope: refusing identifiers made otherwise; the standard only recommends these.

use uuid::Uuid;

use crate::canonical;
use crate::id::{ObjectId, TypeName};
use crate::json::Value;
use crate::object_types;

/// The namespace of these identifiers: STIX 2.1 section 2.9.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);

/// The identifier of this observable; `None` if it is no observable of the standard or none of its
/// contributing properties is present (such objects get a random UUID).
pub fn of(object: &Value<'_>) -> Option<ObjectId> {
    let type_name = object.text("type")?;
    let contributing = object_types::contributing(type_name);
    let name = name(object, contributing)?;
    let type_name = TypeName::parse(type_name).ok()?;
    Some(ObjectId::new(
        type_name,
        Uuid::new_v5(&NAMESPACE, name.as_bytes()),
    ))
}

/// The identifier of an observable whose one contributing property is its `value`, `name` or `path`:
/// `domain-name`, `email-addr`, `ipv4-addr`, `ipv6-addr`, `mac-addr`, `url`, `mutex`, `directory`.
pub fn of_value(type_name: &str, value: &str) -> Option<ObjectId> {
    let property = match (object_types::contributing(type_name), type_name) {
        ([property], _) if type_name != "autonomous-system" => property,
        _ => return None,
    };
    let mut name = String::from("{");
    canonical::write_string(property, &mut name);
    name.push(':');
    canonical::write_string(value, &mut name);
    name.push('}');
    let type_name = TypeName::parse(type_name).ok()?;
    Some(ObjectId::new(
        type_name,
        Uuid::new_v5(&NAMESPACE, name.as_bytes()),
    ))
}

/// The text that is hashed.
fn name(object: &Value<'_>, contributing: &[&str]) -> Option<String> {
    let mut out = String::new();
    let mut members: Vec<(&str, &Value<'_>)> = Vec::new();
    let mut hash = None;
    for property in contributing {
        match object.member(property) {
            Some(value) if *property == "hashes" => {
                hash = one_hash(value).map(|entry| (value, entry));
            }
            Some(value) => members.push((property, value)),
            None => {}
        }
    }
    if members.is_empty() && hash.is_none() {
        return None;
    }
    let Some((hashes, (algorithm, digest))) = hash else {
        canonical::write_members(members, &mut out);
        return Some(out);
    };
    // Of the hashes one entry is written, so its object is spelled out here, in its place among the keys.
    members.push(("hashes", hashes));
    members.sort_by_key(|(key, _)| *key);
    out.push('{');
    for (at, (key, value)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        canonical::write_string(key, &mut out);
        out.push(':');
        if key == "hashes" {
            canonical::write_members(vec![(algorithm, digest)], &mut out);
        } else {
            canonical::write_value(value, &mut out);
        }
    }
    out.push('}');
    Some(out)
}

/// Section 2.9: the first present of these four, else any one; we take the first in the text.
fn one_hash<'a, 'v>(hashes: &'a Value<'v>) -> Option<(&'a str, &'a Value<'v>)> {
    let members = hashes.as_object()?;
    let preferred = ["MD5", "SHA-1", "SHA-256", "SHA-512"];
    let found = preferred
        .iter()
        .find_map(|name| members.iter().find(|member| member.key == *name));
    found
        .or_else(|| members.first())
        .map(|member| (member.key.as_ref(), &member.value))
}

#[cfg(test)]
mod tests {
    use super::{of, of_value};
    use crate::json::{self, Limits};

    const LIMITS: Limits = Limits {
        depth_max: 64,
        values_max: 10_000,
        properties_max: 1_000,
    };

    fn check(json: &str, expected: Option<&str>) {
        let object = json::parse(json, &LIMITS).unwrap();
        assert_eq!(
            of(&object).map(|id| id.to_string()).as_deref(),
            expected,
            "{json}"
        );
    }

    #[test]
    fn makes_equal_identifiers_from_equal_content() {
        check(
            r#"{"type":"ipv4-addr","value":"198.51.100.3","defanged":true}"#,
            Some("ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4"),
        );
        check(
            r#"{"value":"example.com","type":"domain-name"}"#,
            Some("domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7"),
        );
        check(
            r#"{"type":"file","hashes":{"SHA-256":"00","MD5":"d41d8cd98f00b204e9800998ecf8427e"}}"#,
            Some("file--02fff920-f614-527c-81d1-6353633a6d21"),
        );
        check(
            r#"{"type":"email-addr","value":"john@example.com"}"#,
            Some("email-addr--7165e2a9-671f-585d-b1e1-ca59c671d934"),
        );
    }

    #[test]
    fn leaves_the_rest_to_chance() {
        check(r#"{"type":"process","pid":7}"#, None);
        check(r#"{"type":"user-account","display_name":"x"}"#, None);
        check(r#"{"type":"indicator","value":"x"}"#, None);
        check(r#"{"type":"file","hashes":{}}"#, None);
        check("{}", None);
    }

    #[test]
    fn makes_one_from_a_bare_value() {
        let id = |type_name, value| of_value(type_name, value).map(|id| id.to_string());
        assert_eq!(
            id("ipv4-addr", "198.51.100.3").as_deref(),
            Some("ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4")
        );
        assert_eq!(id("autonomous-system", "7"), None);
        assert_eq!(id("file", "a.exe"), None);
        assert_eq!(id("process", "7"), None);
    }

    /// Vectors: see the head of the file for their source.
    #[test]
    fn reproduces_the_vectors_of_the_standard() {
        let lines: Vec<&str> = include_str!("../tests/vectors/observable_ids.jsonl")
            .lines()
            .collect();
        let (_, vectors) = lines.split_first().unwrap();
        assert_eq!(vectors.len(), 69);
        for line in vectors {
            let object = json::parse(line, &LIMITS).unwrap();
            assert_eq!(
                of(&object).map(|id| id.to_string()).as_deref(),
                object.text("id"),
                "{line}"
            );
        }
    }
}
