//! The values an object can be found by.

use crate::json::{Kind, Member, Value};
use crate::observable::{ObservableValue, ValueKind, paths};
use crate::pattern::literals;

/// Of an observable its own values, of an indicator those of its pattern, of STIX 2.0 observed data those
/// within, of anything the identifiers given to it elsewhere (CVE, ATT&CK).
pub(super) fn of(object_type: &str, members: &[Member<'_>]) -> Vec<ObservableValue> {
    let mut values = Vec::new();
    match object_type {
        "indicator" => of_pattern(members, &mut values),
        "observed-data" => {
            for object in member(members, "objects")
                .and_then(Value::as_object)
                .unwrap_or_default()
            {
                if let (Some(inner), Some(inner_type)) =
                    (object.value.as_object(), object.value.text("type"))
                {
                    of_observable(inner_type, inner, &mut values);
                }
            }
        }
        _ => of_observable(object_type, members, &mut values),
    }
    for reference in member(members, "external_references")
        .and_then(Value::as_array)
        .unwrap_or_default()
    {
        if let Some(id) = reference.text("external_id") {
            values.push(ObservableValue::new(ValueKind::ExternalId, id));
        }
    }
    values
}

fn member<'a, 'v>(members: &'a [Member<'v>], key: &str) -> Option<&'a Value<'v>> {
    members
        .iter()
        .find(|member| member.key == key)
        .map(|member| &member.value)
}

/// STIX 2.0 has no `pattern_type`: its patterns are STIX patterns.
fn of_pattern(members: &[Member<'_>], values: &mut Vec<ObservableValue>) {
    let stix = member(members, "pattern_type").is_none_or(|kind| kind.as_str() == Some("stix"));
    if let Some(pattern) = member(members, "pattern")
        .and_then(Value::as_str)
        .filter(|_| stix)
    {
        literals::collect(pattern, values);
    }
}

fn of_observable(object_type: &str, members: &[Member<'_>], values: &mut Vec<ObservableValue>) {
    for property in paths::properties(object_type) {
        if let Some(value) = member(members, property) {
            values.extend(scalar(value).and_then(|text| paths::at(object_type, &[property], text)));
        }
    }
    if matches!(object_type, "file" | "artifact" | "x509-certificate") {
        hashes(member(members, "hashes"), values);
    }
    let extensions = member(members, "extensions")
        .and_then(Value::as_object)
        .unwrap_or_default();
    for extension in extensions {
        of_extension(&extension.key, &extension.value, values);
    }
}

/// The predefined extensions that hold values people look up (STIX 2.1 sections 6.7 and 6.12).
fn of_extension(name: &str, extension: &Value<'_>, values: &mut Vec<ObservableValue>) {
    match name {
        "http-request-ext" => {
            for header in extension
                .member("request_header")
                .and_then(Value::as_object)
                .unwrap_or_default()
            {
                let path = ["extensions", name, "request_header", &header.key];
                // A string in STIX 2.0, a list of strings in 2.1.
                let texts = header
                    .value
                    .as_array()
                    .unwrap_or(std::slice::from_ref(&header.value));
                values.extend(
                    texts
                        .iter()
                        .filter_map(Value::as_str)
                        .filter_map(|text| paths::at("network-traffic", &path, text)),
                );
            }
        }
        "windows-pebinary-ext" => {
            hashes(extension.member("file_header_hashes"), values);
            for section in extension
                .member("sections")
                .and_then(Value::as_array)
                .unwrap_or_default()
            {
                hashes(section.member("hashes"), values);
            }
        }
        "ntfs-ext" => {
            for stream in extension
                .member("alternate_data_streams")
                .and_then(Value::as_array)
                .unwrap_or_default()
            {
                hashes(stream.member("hashes"), values);
            }
        }
        _ => {}
    }
}

fn hashes(value: Option<&Value<'_>>, values: &mut Vec<ObservableValue>) {
    for hash in value.and_then(Value::as_object).unwrap_or_default() {
        if let Some(text) = hash.value.as_str() {
            values.push(ObservableValue::new(ValueKind::of_hash(&hash.key), text));
        }
    }
}

fn scalar<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    match value.kind() {
        Kind::String(text) => Some(text),
        Kind::Number => Some(value.raw()),
        Kind::Null | Kind::Bool(_) | Kind::Array(_) | Kind::Object(_) => None,
    }
}
