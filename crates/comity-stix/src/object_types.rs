//! The 42 object types of STIX 2.1: their class, their property tables, and what holds between properties.
//!
//! The tables follow the OASIS Standard incorporating Draft 01 of Errata 01 (2 April 2025), sections 2 to 10.
//!
//! In scope: what the standard says of each type, as data. `validate` reads it.
//! Out of scope: custom types, which have no table; which relationships the standard suggests (Appendix B).

pub mod common_properties;
mod domain;
mod extensions;
mod meta;
mod observable;
pub mod schema;
mod vocabularies;

pub use schema::{Class, ObjectType};
pub(crate) use vocabularies::HASH_ALGORITHM;

/// The standard's own copy of this name, if it is one of the 42.
pub fn standard_name(text: &str) -> Option<&'static str> {
    find(text).map(|found| found.name)
}

/// The class of a standard type; `None` for a custom one.
pub fn class(type_name: &str) -> Option<Class> {
    find(type_name).map(|found| found.class)
}

/// The properties that make the identifier of an observable (section 6, "ID Contributing Properties").
pub fn contributing(type_name: &str) -> &'static [&'static str] {
    find(type_name).map_or(&[], |found| found.contributing)
}

/// The table of a standard type.
pub fn find(type_name: &str) -> Option<&'static ObjectType> {
    let at = BY_NAME
        .binary_search_by(|(name, _, _)| (*name).cmp(type_name))
        .ok()?;
    let (_, group, place) = BY_NAME.get(at)?;
    GROUPS.get(*group)?.get(*place)
}

/// Every type, in the order of the standard.
pub fn all() -> impl Iterator<Item = &'static ObjectType> {
    GROUPS.iter().flat_map(|group| group.iter())
}

static GROUPS: [&[ObjectType]; 6] = [
    &domain::FIRST,
    &domain::SECOND,
    &domain::RELATIONSHIPS,
    &observable::FIRST,
    &observable::SECOND,
    &meta::ALL,
];

/// Where each type is in [`GROUPS`], sorted by name: admission looks a type up for every identifier it reads.
static BY_NAME: [(&str, usize, usize); 42] = [
    ("artifact", 3, 0),
    ("attack-pattern", 0, 0),
    ("autonomous-system", 3, 1),
    ("campaign", 0, 1),
    ("course-of-action", 0, 2),
    ("directory", 3, 2),
    ("domain-name", 3, 3),
    ("email-addr", 3, 4),
    ("email-message", 3, 5),
    ("extension-definition", 5, 2),
    ("file", 3, 6),
    ("grouping", 0, 3),
    ("identity", 0, 4),
    ("incident", 0, 5),
    ("indicator", 0, 6),
    ("infrastructure", 0, 7),
    ("intrusion-set", 0, 8),
    ("ipv4-addr", 3, 7),
    ("ipv6-addr", 3, 8),
    ("language-content", 5, 0),
    ("location", 1, 0),
    ("mac-addr", 4, 0),
    ("malware", 1, 1),
    ("malware-analysis", 1, 2),
    ("marking-definition", 5, 1),
    ("mutex", 4, 1),
    ("network-traffic", 4, 2),
    ("note", 1, 3),
    ("observed-data", 1, 4),
    ("opinion", 1, 5),
    ("process", 4, 3),
    ("relationship", 2, 0),
    ("report", 1, 6),
    ("sighting", 2, 1),
    ("software", 4, 4),
    ("threat-actor", 1, 7),
    ("tool", 1, 8),
    ("url", 4, 5),
    ("user-account", 4, 6),
    ("vulnerability", 1, 9),
    ("windows-registry-key", 4, 7),
    ("x509-certificate", 4, 8),
];

#[cfg(test)]
mod tests {
    use super::schema::{Kind, Property};
    use super::{BY_NAME, Class, all, class, common_properties, find};

    #[test]
    fn holds_every_type_once_in_order() {
        assert!(BY_NAME.is_sorted_by(|(left, _, _), (right, _, _)| left < right));
        for (name, _, _) in BY_NAME {
            assert_eq!(find(name).map(|found| found.name), Some(name));
        }
        let count = |wanted| all().filter(|found| found.class == wanted).count();
        let found = [
            count(Class::Domain),
            count(Class::Relationship),
            count(Class::Observable),
            count(Class::Meta),
        ];
        assert_eq!(found, [19, 2, 18, 3]);
        assert_eq!(class("indicator"), Some(Class::Domain));
        assert_eq!(class("bundle"), None);
    }

    #[test]
    fn names_no_property_twice_and_only_known_ones_in_rules() {
        for found in all() {
            let mut names: Vec<&str> = found
                .properties
                .iter()
                .map(|property| property.name)
                .collect();
            let known = |name: &&str| {
                names.contains(name)
                    || common_properties::property(found.class, found.name, name).is_some()
            };
            assert!(found.contributing.iter().all(known), "{}", found.name);
            assert!(found.properties.iter().all(suffix_agrees), "{}", found.name);
            names.sort_unstable();
            assert!(
                names.is_sorted_by(|left, right| left < right),
                "{}",
                found.name
            );
        }
    }

    /// Section 3.1: the name of a property tells of references, binary and hexadecimal values.
    fn suffix_agrees(property: &Property) -> bool {
        let (name, kind) = (property.name, &property.kind);
        name.ends_with("_ref") == matches!(kind, Kind::Reference(_))
            && name.ends_with("_refs") == matches!(kind, Kind::List(Kind::Reference(_)))
            && name.ends_with("_bin") == matches!(kind, Kind::Binary)
            && name.ends_with("_hex") == matches!(kind, Kind::Hex)
    }
}
