//! Strings of a form: addresses, URLs, language codes, hashes.

use crate::json::scan::base64_form;
use crate::object_types::schema::Form;
use crate::observable::{ipv4, ipv6};

/// What is wrong with a text that should have this form.
pub(super) fn problem(form: Form, text: &str) -> Option<&'static str> {
    let (good, message) = match form {
        Form::Ipv4 => (
            ipv4(text).is_some(),
            "is no IPv4 address or network in CIDR notation",
        ),
        Form::Ipv6 => (
            ipv6(text).is_some(),
            "is no IPv6 address or network in CIDR notation",
        ),
        Form::Mac => (
            is_mac(text),
            "is no MAC address of six lower-case pairs with colons, 00:00:5e:00:53:01",
        ),
        Form::Url => (is_uri(text), "is no URL (RFC 3986)"),
        Form::Domain => (is_domain(text), "is no domain name (RFC 1034 and RFC 5890)"),
        Form::Email => (
            is_email(text),
            "is no e-mail address without display name (RFC 5322 section 3.4.1)",
        ),
        Form::Language => (is_language(text), "is no language code of RFC 5646"),
        Form::RelationshipType => (
            is_relationship_type(text),
            "has other characters than a-z, 0-9 and hyphen",
        ),
        Form::Cpe => (text.starts_with("cpe:2.3:"), "is no CPE 2.3 name"),
        Form::RegistryKey => (
            hive_is_long(text),
            "must spell its hive out, HKEY_LOCAL_MACHINE",
        ),
    };
    (!good).then_some(message)
}

pub(super) fn is_base64(text: &str) -> bool {
    base64_form(text)
}

pub(super) fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2)
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// What is wrong with a hash of this algorithm. `None` for algorithms the standard does not name.
pub(super) fn hash_problem(algorithm: &str, text: &str) -> Option<String> {
    let digits = match algorithm {
        "MD5" => 32,
        "SHA-1" => 40,
        "SHA-256" | "SHA3-256" => 64,
        "SHA-512" | "SHA3-512" => 128,
        "TLSH" => {
            let body = text.strip_prefix("T1").unwrap_or(text);
            let good = body.len() == 70 && body.bytes().all(|byte| byte.is_ascii_hexdigit());
            return (!good).then(|| {
                "a TLSH hash has 70 hexadecimal digits, T1 before them or not".to_owned()
            });
        }
        "SSDEEP" => {
            let good = text.splitn(3, ':').count() == 3
                && text.starts_with(|first: char| first.is_ascii_digit());
            return (!good).then(|| "an SSDEEP hash has the form size:block:block".to_owned());
        }
        _ => return None,
    };
    let good = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (!good).then(|| format!("a hash of {algorithm} has {digits} hexadecimal digits"))
}

/// The shape of a tag of RFC 5646: subtags of 1 to 8 letters and digits, the first of letters.
pub(super) fn is_language(text: &str) -> bool {
    let mut subtags = text.split('-');
    let primary = subtags.next().unwrap_or_default();
    let private = matches!(primary, "x" | "X" | "i" | "I") && text.contains('-');
    let letters =
        (2..=8).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    (letters || private)
        && subtags.all(|tag| {
            (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

fn is_mac(text: &str) -> bool {
    text.len() == 17
        && text.split(':').count() == 6
        && text.split(':').all(|pair| pair.len() == 2 && is_hex(pair))
}

/// A scheme, a colon, and no white space or control characters after it. Real URLs hold much that RFC 3986 would
/// have escaped; what is refused here cannot be a URL at all.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(letters)
        && !rest.is_empty()
        && !rest.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

fn is_domain(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.contains(|letter: char| {
                letter.is_whitespace() || letter.is_control() || "/:@\\\"'<>[]()".contains(letter)
            })
    };
    (1..=253).contains(&text.len()) && text.split('.').all(label)
}

fn is_email(text: &str) -> bool {
    let blank = |letter: char| letter.is_whitespace() || matches!(letter, '<' | '>');
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        let quoted = local.starts_with('"') && local.ends_with('"') && local.len() > 2;
        (quoted || !local.is_empty() && !local.contains(blank))
            && (is_domain(domain) || domain.starts_with('['))
    })
}

fn is_relationship_type(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn hive_is_long(text: &str) -> bool {
    let hive = text
        .split('\\')
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    !matches!(hive.as_str(), "HKLM" | "HKCU" | "HKCR" | "HKU" | "HKCC")
}
