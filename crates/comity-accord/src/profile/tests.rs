//! Tests of profiles: the template, each rule, the order of RFC 2350.

use super::*;

fn template() -> String {
    TEMPLATE
        .replace("{party}", "alpha")
        .replace("{domain}", "alpha.example")
        .replace("{updated}", "2026-11-01T00:00:00Z")
        .replace("{expires}", "2027-11-01T00:00:00Z")
}

#[test]
fn the_template_is_a_profile_once_it_is_filled_in() {
    let profile = Profile::parse(&template()).unwrap();
    let content = profile.content();
    assert_eq!(content.party.as_str(), "alpha");
    assert_eq!(content.label, Tlp::Green);
    assert_eq!(content.contacts.len(), 1);
    assert_eq!(content.prose["charter.mission"], "...");
    let expires = content.expires.micros().div_euclid(1_000_000);
    assert!(!profile.is_expired(expires) && profile.is_expired(expires + 1));
    let statement = profile.statement();
    assert!(
        statement.contains(&profile.hash().to_string()),
        "{statement}"
    );
    // What the template holds in comments is right as well.
    let mut all = template();
    for key in [
        "[[key]]",
        "kind",
        "fingerprint",
        "location = \"https://alpha.example/cert",
        "phone",
        "fax",
        "holidays",
    ] {
        all = all.replace(&format!("# {key}"), key);
    }
    let keys = Profile::parse(&all).unwrap().content().keys.clone();
    assert_eq!(keys.len(), 1);
}

#[test]
fn each_mistake_names_its_key() {
    let check = |from: &str, to: &str, expected: &str| {
        let text = template();
        assert!(text.contains(from), "{from}");
        let error = Profile::parse(&text.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains('\n'), "{error}");
    };
    check("format = 1", "format = 2", "format must be 1");
    check("version = 1 ", "version = 0 ", "version must be");
    check("party = \"alpha\"", "party = \"\"", "party must be");
    check("expires = 2027", "expires = 2025", "later than updated");
    check(
        "expires = 2027-11-01T00:00:00Z",
        "expires = 2027-11-01",
        "expires must be a time in UTC",
    );
    check(
        "label = \"TLP:GREEN\"",
        "label = \"TLP:RED\"",
        "label must be",
    );
    check(
        "hours = \"mon-fri 09:00-17:00\"",
        "hours = \"office\"",
        "team.hours must be 24x7",
    );
    check(
        "time_zone = \"UTC\"",
        "time_zone = \"Mars/Phobos\"",
        "team.time_zone must be",
    );
    check(
        "languages = [\"en\"]",
        "languages = [\"English\"]",
        "team.languages",
    );
    check(
        "mission = ",
        "missing = ",
        "charter.missing must be one of charter.mission",
    );
    check(
        "mission = \"...\"",
        "mission = \"\"",
        "charter.mission must be a text",
    );
    check(
        "role = \"technical\"",
        "role = \"boss\"",
        "contact.role must be one of",
    );
    check("email = \"duty@alpha.example\"", "", "reachable");
    check(
        "email = \"cert@",
        "email = \"cert at ",
        "team.email must be",
    );
    check("[team]", "[tame]", "line ");
    check("\"duty officer\"", "\"duty\u{202e} officer\"", "U+202E");
    let long = "#".repeat(PROFILE_BYTES_MAX + 1);
    assert!(matches!(
        Profile::parse(&long),
        Err(ProfileError::TooLong(_))
    ));
}

#[test]
fn a_security_txt_needs_a_contact_with_its_scheme() {
    let with = |contact: &str| {
        Profile::parse(&format!(
            "{}\n[security_txt]\ncontact = {contact}\n",
            template()
        ))
    };
    assert!(
        with("[\"mailto:security@alpha.example\"]")
            .unwrap()
            .content()
            .security
            .is_some()
    );
    for bad in ["[]", "[\"security@alpha.example\"]"] {
        assert!(
            with(bad).unwrap_err().to_string().contains("security_txt"),
            "{bad}"
        );
    }
}

#[test]
fn the_page_has_every_section_in_the_order_of_rfc_2350() {
    let profile = Profile::parse(&template()).unwrap();
    let page = page(&profile, None);
    let numbers = [
        "1.", "1.1.", "1.2.", "1.3.", "1.4.", "2.", "2.1.", "2.2.", "2.3.", "2.4.", "2.5.", "2.6.",
        "2.7.", "2.8.", "2.9.", "2.10.", "2.11.", "3.", "3.1.", "3.2.", "3.3.", "3.4.", "4.",
        "4.1.", "4.2.", "4.3.", "5.", "5.1.1.", "5.1.2.", "5.1.3.", "5.2.", "6.", "7.",
    ];
    let found: Vec<&str> = page
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(number, _)| number)
        .filter(|word| word.ends_with('.') && word.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    assert_eq!(found, numbers);
    assert!(
        page.contains("technical: duty officer, duty@alpha.example"),
        "{page}"
    );
    assert!(super::page(&profile, Some("signed")).ends_with("signed\n"));
}
