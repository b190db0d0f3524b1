//! What a value typed or pasted by a person may be.

use super::{ObservableValue, ValueKind, ipv4, ipv6};

/// All kinds this text may be, likeliest first.
pub(super) fn detect(text: &str) -> Vec<ObservableValue> {
    let text = refang(text);
    if text.is_empty() {
        return Vec::new();
    }
    let kinds = certain(&text).unwrap_or_else(|| possible(&text));
    let mut found: Vec<ObservableValue> = kinds
        .iter()
        .map(|kind| ObservableValue::new(*kind, &text))
        .collect();
    if kinds.contains(&ValueKind::DirectoryPath)
        && let Some((_, name)) = text.rsplit_once(['\\', '/'])
        && !name.is_empty()
    {
        found.push(ObservableValue::new(ValueKind::FileName, name));
    }
    found
}

/// An address whose type is not said: IPv4, IPv6, MAC, e-mail address, URL or else a domain name.
pub(super) fn address(text: &str) -> Option<ObservableValue> {
    let text = text.trim();
    let kind = match certain(text).as_deref() {
        Some(
            [
                kind @ (ValueKind::Ipv4
                | ValueKind::Ipv6
                | ValueKind::Mac
                | ValueKind::Email
                | ValueKind::Url),
                ..,
            ],
        ) => *kind,
        _ if is_domain(text) => ValueKind::Domain,
        _ => return None,
    };
    Some(ObservableValue::new(kind, text))
}

fn refang(text: &str) -> String {
    let mut text = text
        .trim()
        .trim_matches(['"', '\'', '<', '>', '`'])
        .to_owned();
    for (defanged, plain) in DEFANGED {
        if text.contains(defanged) {
            text = text.replace(defanged, plain);
        }
    }
    for (defanged, plain) in [
        ("hxxp", "http"),
        ("fxp", "ftp"),
        ("h**p", "http"),
        ("meow", "http"),
    ] {
        let head = text.get(..defanged.len()).unwrap_or_default();
        if head.eq_ignore_ascii_case(defanged) && text.contains("://") {
            let tail = text.get(defanged.len()..).unwrap_or_default();
            text = format!("{plain}{tail}");
        }
    }
    text
}

/// How dangerous addresses are written so that nobody follows them by mistake.
const DEFANGED: [(&str, &str); 12] = [
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("[:]", ":"),
    ("[://]", "://"),
    ("[@]", "@"),
    ("(@)", "@"),
    ("[at]", "@"),
    ("(at)", "@"),
    ("[/]", "/"),
];

/// Whether a text has a mark for a dot or an at sign, the two without which no domain and no mailbox is.
pub(super) fn is_defanged(text: &str) -> bool {
    let mut marks = DEFANGED.iter();
    marks.any(|(mark, plain)| matches!(*plain, "." | "@") && text.contains(mark))
}

/// The kinds of a text whose form leaves no doubt.
fn certain(text: &str) -> Option<Vec<ValueKind>> {
    let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let upper = text.to_ascii_uppercase();
    let kinds = if ipv4(text).is_some() {
        vec![ValueKind::Ipv4]
    } else if is_mac(text) {
        vec![ValueKind::Mac]
    } else if ipv6(text).is_some() {
        vec![ValueKind::Ipv6]
    } else if hex && text.len() == 32 {
        vec![
            ValueKind::Md5,
            ValueKind::OtherHash,
            ValueKind::CertificateSerial,
        ]
    } else if hex && text.len() == 40 {
        vec![
            ValueKind::Sha1,
            ValueKind::OtherHash,
            ValueKind::CertificateSerial,
        ]
    } else if hex && text.len() == 64 {
        vec![ValueKind::Sha256, ValueKind::Sha3_256, ValueKind::OtherHash]
    } else if hex && text.len() == 128 {
        vec![ValueKind::Sha512, ValueKind::Sha3_512, ValueKind::OtherHash]
    } else if hex && matches!(text.len(), 56 | 96) {
        vec![ValueKind::OtherHash]
    } else if is_tlsh(&upper) {
        vec![ValueKind::Tlsh]
    } else if is_ssdeep(text) {
        vec![ValueKind::Ssdeep]
    } else if text.contains("://") {
        vec![ValueKind::Url]
    } else if is_email(text) {
        vec![ValueKind::Email, ValueKind::UserAccount]
    } else if is_registry_key(&upper) {
        vec![ValueKind::RegistryKey]
    } else if is_external_id(&upper) {
        vec![ValueKind::ExternalId]
    } else if upper.starts_with("CPE:") {
        vec![ValueKind::Cpe]
    } else if upper
        .strip_prefix("AS")
        .is_some_and(|rest| rest.trim_start_matches('N').parse::<u32>().is_ok())
    {
        vec![ValueKind::Asn]
    } else {
        return None;
    };
    Some(kinds)
}

/// The kinds a free text may be.
fn possible(text: &str) -> Vec<ValueKind> {
    let mut kinds = Vec::new();
    if is_domain(text) {
        kinds.push(ValueKind::Domain);
    }
    if text.contains(['\\', '/']) && !text.contains(' ') || text.get(1..3) == Some(":\\") {
        kinds.push(ValueKind::DirectoryPath);
    }
    if text.parse::<u32>().is_ok() {
        kinds.push(ValueKind::Asn);
    }
    kinds.extend([
        ValueKind::FileName,
        ValueKind::Mutex,
        ValueKind::UserAgent,
        ValueKind::UserAccount,
        ValueKind::Software,
        ValueKind::CertificateSerial,
        ValueKind::CommandLine,
        ValueKind::EmailSubject,
        ValueKind::ExternalId,
    ]);
    kinds
}

fn is_mac(text: &str) -> bool {
    let separator = if text.contains('-') { '-' } else { ':' };
    let pairs = text.split(separator);
    text.len() == 17
        && pairs.clone().count() == 6
        && pairs
            .into_iter()
            .all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_tlsh(upper: &str) -> bool {
    upper
        .strip_prefix("T1")
        .is_some_and(|rest| rest.len() == 70 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_ssdeep(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let size = parts
        .next()
        .is_some_and(|size| !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit()));
    let blocks: Vec<&str> = parts.collect();
    let letters = |block: &&str| {
        block.len() > 2
            && block
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    };
    size && blocks.len() == 2 && blocks.iter().all(letters)
}

fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !local.contains([' ', '/']) && is_domain(domain)
    })
}

fn is_registry_key(upper: &str) -> bool {
    let hive = upper.split('\\').next().unwrap_or_default();
    upper.contains('\\')
        && (hive.starts_with("HKEY_") || matches!(hive, "HKLM" | "HKCU" | "HKCR" | "HKU" | "HKCC"))
}

/// `CVE-2016-1234`, and ATT&CK's `T1059.001`, `S0001`, `G0016`, `M1049`, `C0025`, `TA0001`, `DS0017`, `A0008`.
fn is_external_id(upper: &str) -> bool {
    if let Some(rest) = upper.strip_prefix("CVE-") {
        return rest.split_once('-').is_some_and(|(year, number)| {
            year.len() == 4
                && [year, number]
                    .iter()
                    .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        });
    }
    let digits = upper.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    let prefix = upper.strip_suffix(digits).unwrap_or_default();
    let (number, sub) = digits
        .split_once('.')
        .map_or((digits, None), |(number, sub)| (number, Some(sub)));
    let four = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let sub_good = sub.is_none_or(|sub| {
        prefix == "T" && sub.len() == 3 && sub.bytes().all(|byte| byte.is_ascii_digit())
    });
    matches!(prefix, "T" | "S" | "G" | "M" | "C" | "A" | "TA" | "DS") && four && sub_good
}

/// At least two labels, the last not a number.
fn is_domain(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let labels = text.split('.');
    let last_is_name = text.rsplit('.').next().is_some_and(|last| {
        last.chars().count() >= 2 && !last.bytes().all(|byte| byte.is_ascii_digit())
    });
    let good = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
    };
    text.len() <= 253 && text.contains('.') && last_is_name && labels.into_iter().all(good)
}

#[cfg(test)]
mod tests {
    use super::{ObservableValue, ValueKind, detect};

    fn check(text: &str, kind: ValueKind, value: &str) {
        let first = detect(text).into_iter().next();
        assert_eq!(
            first,
            Some(ObservableValue {
                kind,
                value: value.to_owned()
            }),
            "{text}"
        );
    }

    #[test]
    fn guesses_what_a_person_typed() {
        check("198.51.100[.]7", ValueKind::Ipv4, "198.51.100.7");
        check(" 198.51.100.0/24 ", ValueKind::Ipv4, "198.51.100.0/24");
        check("2001:DB8::1", ValueKind::Ipv6, "2001:db8::1");
        check(
            "hxxps://evil[.]example[.]com/a",
            ValueKind::Url,
            "https://evil.example.com/a",
        );
        check(
            "hXXp[://]example.com/",
            ValueKind::Url,
            "http://example.com",
        );
        check(
            "evil(.)Example(.)com",
            ValueKind::Domain,
            "evil.example.com",
        );
        check(
            "john[at]example[dot]com",
            ValueKind::Email,
            "john@example.com",
        );
        check("00-00-5E-00-53-AF", ValueKind::Mac, "00:00:5e:00:53:af");
        check(
            "D41D8CD98F00B204E9800998ECF8427E",
            ValueKind::Md5,
            "d41d8cd98f00b204e9800998ecf8427e",
        );
        check(&"ab".repeat(20), ValueKind::Sha1, &"ab".repeat(20));
        check(&"ab".repeat(32), ValueKind::Sha256, &"ab".repeat(32));
        check(&"ab".repeat(64), ValueKind::Sha512, &"ab".repeat(64));
        check(
            "HKLM\\Software\\Run",
            ValueKind::RegistryKey,
            "hkey_local_machine\\software\\run",
        );
        check("as64496", ValueKind::Asn, "64496");
        check("cve-2016-1234", ValueKind::ExternalId, "CVE-2016-1234");
        check("t1059.001", ValueKind::ExternalId, "T1059.001");
        check("\"évil.example\"", ValueKind::Domain, "évil.example");
        check(
            "3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C",
            ValueKind::Ssdeep,
            "3:AXGBicFlgVNhBGcL6wCrFQEv:AXGHsNhxLsr2C",
        );
        assert!(detect("  ").is_empty());
    }

    #[test]
    fn offers_every_kind_a_free_text_may_be() {
        let kinds = |text: &str| {
            detect(text)
                .into_iter()
                .map(|found| (found.kind, found.value))
                .collect::<Vec<_>>()
        };
        assert!(kinds("setup.exe").contains(&(ValueKind::FileName, "setup.exe".to_owned())));
        assert!(kinds("setup.exe").contains(&(ValueKind::Domain, "setup.exe".to_owned())));
        assert!(
            kinds("C:\\Windows\\evil.dll").contains(&(ValueKind::FileName, "evil.dll".to_owned()))
        );
        assert!(
            kinds("Global\\Mutex 1").contains(&(ValueKind::Mutex, "Global\\Mutex 1".to_owned()))
        );
    }
}
