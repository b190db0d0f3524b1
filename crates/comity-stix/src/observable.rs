//! Values that people look up: addresses, names, hashes. Each has a kind and one spelling for comparison.
//!
//! In scope: the kinds, the spelling, and which property of which type holds which kind.
//! Out of scope: reading them out of objects (`admission`), guessing what a person typed (`detect`).
//! Domain names are compared in lower case as they are written: `xn--` and Unicode spellings of one name differ.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

mod detect;
pub(crate) mod paths;

/// A value to look objects up by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObservableValue {
    /// What it is.
    pub kind: ValueKind,
    /// The value in its one spelling.
    pub value: String,
}

impl ObservableValue {
    /// A value of this kind, brought to its one spelling.
    pub fn new(kind: ValueKind, text: &str) -> Self {
        let value = normalise(kind, text.trim());
        Self {
            kind,
            value: value.trim().to_owned(),
        }
    }

    /// What a value typed by a person may be, likeliest first; `hxxp`, `[.]` and the like are undone.
    pub fn detect(text: &str) -> Vec<Self> {
        detect::detect(text)
    }

    /// Whether somebody wrote a dot or an at sign in a text so that nobody follows it by mistake: `[.]`, `(at)` and the like.
    pub fn is_defanged(text: &str) -> bool {
        detect::is_defanged(text)
    }
}

/// Declares the closed set once: variant, stable number, name of the field.
macro_rules! value_kinds {
    ($($name:ident = $number:literal, $field:literal;)*) => {
        /// The kinds of values, each with a number that never changes and the STIX field it stands for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ValueKind {
            $(#[doc = concat!("`", $field, "`")] $name,)*
        }

        impl ValueKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The number under which it is stored.
            pub const fn number(self) -> u8 {
                match self { $(Self::$name => $number,)* }
            }

            /// The kind stored under this number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }

            /// The name of the field, as in a pattern.
            pub const fn field(self) -> &'static str {
                match self { $(Self::$name => $field,)* }
            }

            /// The kind of a field, by that name.
            pub fn of_field(field: &str) -> Option<Self> {
                match field { $($field => Some(Self::$name),)* _ => None }
            }
        }
    };
}

value_kinds! {
    Ipv4 = 1, "ipv4-addr:value";
    Ipv6 = 2, "ipv6-addr:value";
    Domain = 3, "domain-name:value";
    Url = 4, "url:value";
    Email = 5, "email-addr:value";
    Mac = 6, "mac-addr:value";
    Md5 = 7, "file:hashes.MD5";
    Sha1 = 8, "file:hashes.'SHA-1'";
    Sha256 = 9, "file:hashes.'SHA-256'";
    Sha512 = 10, "file:hashes.'SHA-512'";
    Sha3_256 = 11, "file:hashes.'SHA3-256'";
    Sha3_512 = 12, "file:hashes.'SHA3-512'";
    Ssdeep = 13, "file:hashes.SSDEEP";
    Tlsh = 14, "file:hashes.TLSH";
    OtherHash = 15, "file:hashes";
    FileName = 16, "file:name";
    DirectoryPath = 17, "directory:path";
    Mutex = 18, "mutex:name";
    RegistryKey = 19, "windows-registry-key:key";
    Asn = 20, "autonomous-system:number";
    UserAgent = 21, "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'";
    UserAccount = 22, "user-account:account_login";
    Software = 23, "software:name";
    Cpe = 24, "software:cpe";
    CertificateSerial = 25, "x509-certificate:serial_number";
    CommandLine = 26, "process:command_line";
    EmailSubject = 27, "email-message:subject";
    ExternalId = 28, "external_references.external_id";
}

impl fmt::Display for ValueKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.field())
    }
}

impl ValueKind {
    /// The kind of a hash by the name of its algorithm (STIX 2.1 section 10.7), in any spelling met in data.
    pub fn of_hash(algorithm: &str) -> Self {
        let mut name = String::with_capacity(algorithm.len());
        name.extend(
            algorithm
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|letter| letter.to_ascii_uppercase()),
        );
        match name.as_str() {
            "MD5" => Self::Md5,
            "SHA1" => Self::Sha1,
            "SHA256" => Self::Sha256,
            "SHA512" => Self::Sha512,
            "SHA3256" => Self::Sha3_256,
            "SHA3512" => Self::Sha3_512,
            "SSDEEP" => Self::Ssdeep,
            "TLSH" => Self::Tlsh,
            _ => Self::OtherHash,
        }
    }
}

fn normalise(kind: ValueKind, text: &str) -> String {
    match kind {
        ValueKind::Ipv4 => ipv4(text).unwrap_or_else(|| text.to_owned()),
        ValueKind::Ipv6 => ipv6(text).unwrap_or_else(|| text.to_ascii_lowercase()),
        ValueKind::Domain => text.trim_end_matches('.').to_lowercase(),
        ValueKind::Url => url(text),
        ValueKind::Mac => text.replace('-', ":").to_ascii_lowercase(),
        ValueKind::Email
        | ValueKind::FileName
        | ValueKind::DirectoryPath
        | ValueKind::UserAccount
        | ValueKind::Software
        | ValueKind::EmailSubject => text.to_lowercase(),
        ValueKind::Md5
        | ValueKind::Sha1
        | ValueKind::Sha256
        | ValueKind::Sha512
        | ValueKind::Sha3_256
        | ValueKind::Sha3_512
        | ValueKind::OtherHash
        | ValueKind::Cpe => text.to_ascii_lowercase(),
        ValueKind::Tlsh | ValueKind::ExternalId => text.to_ascii_uppercase(),
        ValueKind::CertificateSerial => serial(text),
        ValueKind::RegistryKey => registry_key(text),
        ValueKind::Asn => asn(text),
        ValueKind::Ssdeep | ValueKind::Mutex | ValueKind::UserAgent | ValueKind::CommandLine => {
            text.to_owned()
        }
    }
}

/// A dotted address, or a network with its host bits cleared; `/32` is left out.
pub(crate) fn ipv4(text: &str) -> Option<String> {
    let Some((address, length)) = text.split_once('/') else {
        return text
            .parse::<Ipv4Addr>()
            .ok()
            .map(|address| address.to_string());
    };
    let address: Ipv4Addr = address.parse().ok()?;
    let length = prefix_length(length, 32)?;
    let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
    let network = Ipv4Addr::from_bits(address.to_bits() & mask);
    Some(if length == 32 {
        network.to_string()
    } else {
        format!("{network}/{length}")
    })
}

/// An address in the spelling of RFC 5952, or a network with its host bits cleared; `/128` is left out.
pub(crate) fn ipv6(text: &str) -> Option<String> {
    let Some((address, length)) = text.split_once('/') else {
        return text
            .parse::<Ipv6Addr>()
            .ok()
            .map(|address| address.to_string());
    };
    let address: Ipv6Addr = address.parse().ok()?;
    let length = prefix_length(length, 128)?;
    let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
    let network = Ipv6Addr::from_bits(address.to_bits() & mask);
    Some(if length == 128 {
        network.to_string()
    } else {
        format!("{network}/{length}")
    })
}

fn prefix_length(text: &str, most: u32) -> Option<u32> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|length| digits && *length <= most)
}

/// Scheme and host in lower case, no bare `/` at the end; the rest as it is, because servers tell it apart.
fn url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let host = match host.rsplit_once('@') {
        Some((user, host)) => format!("{user}@{}", host.to_lowercase()),
        None => host.to_lowercase(),
    };
    let tail = if tail == "/" { "" } else { tail };
    format!("{}://{host}{tail}", scheme.to_ascii_lowercase())
}

/// Lower case, hives by their long names.
fn registry_key(text: &str) -> String {
    let lower = text.to_lowercase();
    let (hive, rest) = lower
        .split_once('\\')
        .map_or((lower.as_str(), None), |(hive, rest)| (hive, Some(rest)));
    let long = match hive {
        "hklm" => "hkey_local_machine",
        "hkcu" => "hkey_current_user",
        "hkcr" => "hkey_classes_root",
        "hku" => "hkey_users",
        "hkcc" => "hkey_current_config",
        other => other,
    };
    rest.map_or_else(|| long.to_owned(), |rest| format!("{long}\\{rest}"))
}

fn asn(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let digits = lower
        .strip_prefix("asn")
        .or_else(|| lower.strip_prefix("as"))
        .unwrap_or(&lower)
        .trim();
    digits
        .parse::<u32>()
        .map_or_else(|_| text.to_owned(), |number| number.to_string())
}

fn serial(text: &str) -> String {
    text.chars()
        .filter(|letter| !matches!(letter, ':' | ' ' | '-'))
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ObservableValue, ValueKind};

    #[test]
    fn numbers_and_kinds_agree() {
        for kind in ValueKind::ALL {
            assert_eq!(ValueKind::from_number(kind.number()), Some(*kind));
            assert_eq!(ValueKind::of_field(kind.field()), Some(*kind));
        }
        assert_eq!(ValueKind::from_number(0), None);
        assert_eq!(ValueKind::Ipv4.to_string(), "ipv4-addr:value");
    }

    #[test]
    fn brings_values_to_one_spelling() {
        let check = |kind, text: &str, expected: &str| {
            assert_eq!(ObservableValue::new(kind, text).value, expected);
        };
        check(ValueKind::Ipv4, " 198.51.100.3 ", "198.51.100.3");
        check(ValueKind::Ipv4, "198.51.100.3/32", "198.51.100.3");
        check(ValueKind::Ipv4, "198.51.100.3/24", "198.51.100.0/24");
        check(ValueKind::Ipv4, "198.51.100.3/0", "0.0.0.0/0");
        check(ValueKind::Ipv4, "198.51.100.3/33", "198.51.100.3/33");
        check(ValueKind::Ipv6, "2001:0DB8::0001", "2001:db8::1");
        check(ValueKind::Ipv6, "2001:db8:ffff::1/32", "2001:db8::/32");
        check(ValueKind::Domain, "Example.COM.", "example.com");
        check(ValueKind::Url, "HTTP://Example.COM/", "http://example.com");
        check(
            ValueKind::Url,
            "http://User@Example.COM/A?b=C",
            "http://User@example.com/A?b=C",
        );
        check(ValueKind::Mac, "00-00-5E-00-53-AF", "00:00:5e:00:53:af");
        check(
            ValueKind::RegistryKey,
            "HKLM\\Software\\X",
            "hkey_local_machine\\software\\x",
        );
        check(ValueKind::Asn, "AS64496", "64496");
        check(ValueKind::CertificateSerial, "36:F7:D4", "36f7d4");
        check(ValueKind::ExternalId, "cve-2016-1234", "CVE-2016-1234");
    }
}
