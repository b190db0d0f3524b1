//! Objects for the tests, as text. Names, addresses and domains are those set aside for documentation.
//!
//! In scope: texts that pass admission. Out of scope: what becomes of them.

/// An indicator's id.
pub(crate) fn indicator_id(number: u32) -> String {
    format!("indicator--00000000-0000-4000-8000-{number:012x}")
}

/// The version that [`indicator`] gives `minute`, as the object spells it.
pub(crate) fn version(minute: u32) -> String {
    format!(
        "2026-01-{:02}T{:02}:{:02}:00.000Z",
        1 + minute / 1440,
        minute / 60 % 24,
        minute % 60
    )
}

/// An indicator of STIX 2.1, in the version of `minute`.
pub(crate) fn indicator(number: u32, minute: u32) -> String {
    indicator_named(number, minute, "drops a loader")
}

/// The same with a name.
pub(crate) fn indicator_named(number: u32, minute: u32, name: &str) -> String {
    format!(
        r#"{{"type":"indicator","spec_version":"2.1","id":"{}","created":"2026-01-01T00:00:00.000Z","modified":"{}","name":"{name}","pattern":"[domain-name:value = 'host-{number}.example.com']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"}}"#,
        indicator_id(number),
        version(minute),
    )
}

/// The same indicator in STIX 2.0.
pub(crate) fn indicator_20(number: u32, minute: u32) -> String {
    format!(
        r#"{{"type":"indicator","id":"{}","created":"2026-01-01T00:00:00.000Z","modified":"{}","labels":["malicious-activity"],"pattern":"[domain-name:value = 'host-{number}.example.com']","valid_from":"2026-01-01T00:00:00Z"}}"#,
        indicator_id(number),
        version(minute),
    )
}

/// An address's id.
pub(crate) fn address_id(number: u32) -> String {
    format!("ipv4-addr--00000000-0000-5000-8000-{number:012x}")
}

/// An address: an object without a version of its own. `note` changes what it says.
pub(crate) fn address(number: u32, note: u32) -> String {
    format!(
        r#"{{"type":"ipv4-addr","spec_version":"2.1","id":"{}","value":"198.51.100.{}","x_note":{note}}}"#,
        address_id(number),
        number % 256,
    )
}

/// A relationship between two objects.
pub(crate) fn relationship(number: u32, source: &str, target: &str) -> String {
    format!(
        r#"{{"type":"relationship","spec_version":"2.1","id":"relationship--00000000-0000-4000-8000-{number:012x}","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","relationship_type":"indicates","source_ref":"{source}","target_ref":"{target}"}}"#,
    )
}

/// An object of a custom type, with spaces and an order of its own.
pub(crate) fn custom(number: u32) -> String {
    format!(
        "{{ \"name\" : \"q\\u00e9\\/\", \"x_list\" : [ 1.50 , 2e3 ],\n \"id\":\"x-report--00000000-0000-4000-8000-{number:012x}\", \"type\":\"x-report\",\t\"spec_version\":\"2.1\", \"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00.000Z\" }}"
    )
}
