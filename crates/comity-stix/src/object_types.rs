//! The 42 object types of STIX 2.1.
//!
//! In scope: which names are standard and what class of object they are.
//! Out of scope: custom types, which have no class here.

/// The classes of STIX objects (STIX 2.1 section 1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// STIX Domain Object.
    Domain,
    /// STIX Relationship Object.
    Relationship,
    /// STIX Cyber-observable Object.
    Observable,
    /// STIX Meta Object.
    Meta,
}

/// The standard's own copy of this name, if it is one of the 42.
pub fn standard_name(text: &str) -> Option<&'static str> {
    find(text).map(|(name, _)| name)
}

/// The class of a standard type; `None` for a custom one.
pub fn class(type_name: &str) -> Option<Class> {
    find(type_name).map(|(_, class)| class)
}

/// The properties that make the identifier of an observable (section 6, "ID Contributing Properties").
pub fn contributing(type_name: &str) -> &'static [&'static str] {
    match type_name {
        "artifact" => &["hashes", "payload_bin"],
        "autonomous-system" => &["number"],
        "directory" => &["path"],
        "domain-name" | "email-addr" | "ipv4-addr" | "ipv6-addr" | "mac-addr" | "url" => &["value"],
        "email-message" => &["from_ref", "subject", "body"],
        "file" => &["hashes", "name", "extensions", "parent_directory_ref"],
        "mutex" => &["name"],
        "network-traffic" => &[
            "start",
            "end",
            "src_ref",
            "dst_ref",
            "src_port",
            "dst_port",
            "protocols",
            "extensions",
        ],
        "software" => &["name", "cpe", "swid", "vendor", "version"],
        "user-account" => &["account_type", "user_id", "account_login"],
        "windows-registry-key" => &["key", "values"],
        "x509-certificate" => &["hashes", "serial_number"],
        _ => &[],
    }
}

fn find(text: &str) -> Option<(&'static str, Class)> {
    let at = TYPES.binary_search_by(|(name, _)| (*name).cmp(text)).ok()?;
    TYPES.get(at).copied()
}

/// Sorted by name.
const TYPES: [(&str, Class); 42] = [
    ("artifact", Class::Observable),
    ("attack-pattern", Class::Domain),
    ("autonomous-system", Class::Observable),
    ("campaign", Class::Domain),
    ("course-of-action", Class::Domain),
    ("directory", Class::Observable),
    ("domain-name", Class::Observable),
    ("email-addr", Class::Observable),
    ("email-message", Class::Observable),
    ("extension-definition", Class::Meta),
    ("file", Class::Observable),
    ("grouping", Class::Domain),
    ("identity", Class::Domain),
    ("incident", Class::Domain),
    ("indicator", Class::Domain),
    ("infrastructure", Class::Domain),
    ("intrusion-set", Class::Domain),
    ("ipv4-addr", Class::Observable),
    ("ipv6-addr", Class::Observable),
    ("language-content", Class::Meta),
    ("location", Class::Domain),
    ("mac-addr", Class::Observable),
    ("malware", Class::Domain),
    ("malware-analysis", Class::Domain),
    ("marking-definition", Class::Meta),
    ("mutex", Class::Observable),
    ("network-traffic", Class::Observable),
    ("note", Class::Domain),
    ("observed-data", Class::Domain),
    ("opinion", Class::Domain),
    ("process", Class::Observable),
    ("relationship", Class::Relationship),
    ("report", Class::Domain),
    ("sighting", Class::Relationship),
    ("software", Class::Observable),
    ("threat-actor", Class::Domain),
    ("tool", Class::Domain),
    ("url", Class::Observable),
    ("user-account", Class::Observable),
    ("vulnerability", Class::Domain),
    ("windows-registry-key", Class::Observable),
    ("x509-certificate", Class::Observable),
];

#[cfg(test)]
mod tests {
    use super::{Class, TYPES, class};

    #[test]
    fn holds_every_type_once_in_order() {
        assert!(TYPES.is_sorted_by(|(left, _), (right, _)| left < right));
        let count = |wanted| TYPES.iter().filter(|(_, class)| *class == wanted).count();
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
}
