//! What values are taken for, with and without a type word.

use super::*;

fn detected(value: &str) -> Option<Observable> {
    detect(value).ok()
}

#[test]
fn values_without_a_type_speak_for_themselves() {
    let address = |text: &str| text.parse::<IpAddr>().expect("an address");
    let file = |text: &str| Observable::FileName(text.to_owned());
    let checks = [
        ("192.0.2.1", Observable::Address(address("192.0.2.1"))),
        ("192[.]0[.]2[.]1", Observable::Address(address("192.0.2.1"))),
        ("2001:db8::1", Observable::Address(address("2001:db8::1"))),
        (
            "[2001:db8::1]:80",
            Observable::Socket(address("2001:db8::1"), 80),
        ),
        ("192.0.2.1:80", Observable::Socket(address("192.0.2.1"), 80)),
        (
            "192.0.2.0/24",
            Observable::Network(address("192.0.2.0"), 24),
        ),
        (
            "hxxps://example[.]com/a",
            Observable::Url(Url::Whole("https://example.com/a".to_owned())),
        ),
        (
            "example.com/a",
            Observable::Url(Url::Schemeless("example.com/a".to_owned())),
        ),
        (
            "example.com:8080/a",
            Observable::Url(Url::Schemeless("example.com:8080/a".to_owned())),
        ),
        (
            "/gate.php",
            Observable::Url(Url::Path("/gate.php".to_owned())),
        ),
        ("example.com", Observable::Domain("example.com".to_owned())),
        ("setup.exe", file("setup.exe")),
        (
            "user[@]example.com",
            Observable::Email("user@example.com".to_owned()),
        ),
        (
            "00:00:5e:00:53:01",
            Observable::Mac("00:00:5e:00:53:01".to_owned()),
        ),
        (
            r"HKCU\Software",
            Observable::RegistryKey(r"HKEY_CURRENT_USER\Software".to_owned()),
        ),
    ];
    for (value, expected) in checks {
        assert_eq!(detected(value), Some(expected), "{value}");
    }
    let hash = "0".repeat(64);
    assert_eq!(
        detected(&hash),
        Some(Observable::FileHash("SHA-256", hash.clone()))
    );
}

#[test]
fn words_and_numbers_are_not_indicators() {
    for value in [
        "",
        "hello",
        "a sentence of words.",
        "1.2.3",
        "-",
        "12",
        "CVE-2024-0001",
        "a..b",
        "://x",
    ] {
        assert_eq!(detected(value), None, "{value}");
    }
}

#[test]
fn a_name_must_keep_to_the_lengths_of_the_domain_system() {
    let long_label = format!("{}.example.com", "a".repeat(64));
    let long_name = format!("{}example.com", "abcdefghi.".repeat(25));
    for value in [
        long_label.as_str(),
        long_name.as_str(),
        "ex ample.com",
        "192.0.2.256",
    ] {
        assert_eq!(domain(value), None, "{value}");
    }
    assert_eq!(
        domain("bücher.example"),
        Some(Observable::Domain("bücher.example".to_owned()))
    );
    assert_eq!(
        domain("_dmarc.example.com"),
        Some(Observable::Domain("_dmarc.example.com".to_owned()))
    );
}
