//! Which property of which type holds a value to look up.

use super::{ObservableValue, ValueKind, detect};

/// The value at a path of a pattern or an object, if anyone looks such values up. `path` is without list
/// indexes: `["hashes", "MD5"]`, `["src_ref", "value"]`.
pub(crate) fn at(object_type: &str, path: &[&str], text: &str) -> Option<ObservableValue> {
    if text.trim().is_empty() {
        return None;
    }
    if let [.., reference, last] = path
        && (reference.ends_with("_ref") || reference.ends_with("_refs"))
    {
        return behind_reference(reference, last, text);
    }
    let kind = match (object_type, path) {
        ("file" | "artifact" | "x509-certificate", ["hashes", algorithm]) => {
            ValueKind::of_hash(algorithm)
        }
        ("file", [.., "hashes", algorithm]) => ValueKind::of_hash(algorithm),
        ("ipv4-addr", ["value"]) => ValueKind::Ipv4,
        ("ipv6-addr", ["value"]) => ValueKind::Ipv6,
        ("domain-name", ["value"]) => ValueKind::Domain,
        ("url", ["value"]) | ("artifact", ["url"]) => ValueKind::Url,
        ("email-addr", ["value"]) => ValueKind::Email,
        ("mac-addr", ["value"]) => ValueKind::Mac,
        ("file", ["name"]) => ValueKind::FileName,
        ("directory", ["path"]) => ValueKind::DirectoryPath,
        ("mutex", ["name"]) => ValueKind::Mutex,
        ("windows-registry-key", ["key"]) => ValueKind::RegistryKey,
        ("autonomous-system", ["number"]) => ValueKind::Asn,
        ("user-account", ["account_login" | "user_id"]) => ValueKind::UserAccount,
        ("software", ["name"]) => ValueKind::Software,
        ("software", ["cpe"]) => ValueKind::Cpe,
        ("x509-certificate", ["serial_number"]) => ValueKind::CertificateSerial,
        ("process", ["command_line"]) => ValueKind::CommandLine,
        ("email-message", ["subject"]) => ValueKind::EmailSubject,
        ("network-traffic", ["extensions", "http-request-ext", "request_header", header])
            if header.eq_ignore_ascii_case("user-agent") =>
        {
            ValueKind::UserAgent
        }
        _ => return None,
    };
    Some(ObservableValue::new(kind, text))
}

/// A pattern may read through a reference, `network-traffic:dst_ref.value`; the type there is not said.
fn behind_reference(reference: &str, last: &str, text: &str) -> Option<ObservableValue> {
    let kind = match (reference, last) {
        ("from_ref" | "sender_ref" | "to_refs" | "cc_refs" | "bcc_refs", "value") => {
            ValueKind::Email
        }
        ("parent_directory_ref", "path") => ValueKind::DirectoryPath,
        ("image_ref" | "binary_ref", "name") => ValueKind::FileName,
        (_, "value") => return detect::address(text),
        _ => return None,
    };
    Some(ObservableValue::new(kind, text))
}

/// The types whose objects hold such values, and the properties they are in.
pub(crate) fn properties(object_type: &str) -> &'static [&'static str] {
    match object_type {
        "ipv4-addr" | "ipv6-addr" | "domain-name" | "url" | "email-addr" | "mac-addr" => &["value"],
        "file" | "mutex" => &["name"],
        "artifact" => &["url"],
        "directory" => &["path"],
        "windows-registry-key" => &["key"],
        "autonomous-system" => &["number"],
        "user-account" => &["account_login", "user_id"],
        "software" => &["name", "cpe"],
        "x509-certificate" => &["serial_number"],
        "process" => &["command_line"],
        "email-message" => &["subject"],
        _ => &[],
    }
}
