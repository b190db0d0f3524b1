//! Sample objects: valid STIX 2.1 with documentation addresses, each told apart by a number.
//!
//! In scope: objects as values and as exact text. Out of scope: bad ones, which stand where they are used.

use serde_json::{Value, json};

/// A UUIDv4 that follows from two numbers.
pub(crate) fn uuid(series: u32, number: u32) -> String {
    format!("{series:08x}-0000-4000-8000-{number:012x}")
}

/// The identifier of indicator `number`.
pub(crate) fn indicator_id(number: u32) -> String {
    format!("indicator--{}", uuid(0xc0de, number))
}

/// Indicator `number`, first version.
pub(crate) fn indicator(number: u32) -> Value {
    indicator_at(number, "2020-01-01T00:00:00.000Z")
}

/// Indicator `number` as it was modified at a time.
pub(crate) fn indicator_at(number: u32, modified: &str) -> Value {
    json!({
        "type": "indicator",
        "spec_version": "2.1",
        "id": indicator_id(number),
        "created": "2020-01-01T00:00:00.000Z",
        "modified": modified,
        "name": format!("Indicator {number}"),
        "description": "An address that answered a scan.",
        "indicator_types": ["anomalous-activity"],
        "pattern": format!("[ipv4-addr:value = '198.51.100.{}']", number % 256),
        "pattern_type": "stix",
        "valid_from": "2020-01-01T00:00:00Z"
    })
}

/// Indicators `range`, first versions.
pub(crate) fn indicators(range: std::ops::Range<u32>) -> Vec<Value> {
    range.map(indicator).collect()
}

/// A malware object, for filters on the type.
pub(crate) fn malware(number: u32) -> Value {
    json!({
        "type": "malware",
        "spec_version": "2.1",
        "id": format!("malware--{}", uuid(0xbad, number)),
        "created": "2020-01-01T00:00:00.000Z",
        "modified": "2020-01-01T00:00:00.000Z",
        "name": format!("Malware {number}"),
        "description": "A program that waits for orders.",
        "malware_types": ["backdoor"],
        "is_family": false
    })
}

/// An observable of the standard's own vectors: its identifier follows from its value.
pub(crate) fn address() -> Value {
    json!({
        "type": "ipv4-addr",
        "spec_version": "2.1",
        "id": "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4",
        "value": "198.51.100.3"
    })
}

/// The body that carries objects.
pub(crate) fn envelope(objects: &[Value]) -> String {
    json!({ "objects": objects }).to_string()
}

/// Whether a timestamp has exactly the form of TAXII: `YYYY-MM-DDTHH:MM:SS.ssssssZ`.
pub(crate) fn is_taxii_timestamp(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd.ddddddZ";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(c, f)| match f {
            'd' => c.is_ascii_digit(),
            exact => c == exact,
        })
}

/// Whether a text is a UUID of version 4.
pub(crate) fn is_uuid_v4(text: &str) -> bool {
    let form = "hhhhhhhh-hhhh-4hhh-vhhh-hhhhhhhhhhhh";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(c, f)| match f {
            'h' => c.is_ascii_hexdigit(),
            'v' => matches!(c, '8' | '9' | 'a' | 'b'),
            exact => c == exact,
        })
}
