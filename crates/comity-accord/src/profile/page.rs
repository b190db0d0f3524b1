//! A profile as RFC 2350 orders it, for people.
//!
//! In scope: the page. Out of scope: reading profiles (the module above).

use std::fmt::Write as _;

use super::{Contact, Profile, SECTIONS};
use crate::text::words::word;

/// The columns by which a section's text is set in.
const INDENT: &str = "   ";
const NOTHING: &str = "Not stated.";

/// The page. `note` is the party's signature over the profile, where there is one.
pub fn page(profile: &Profile, note: Option<&str>) -> String {
    let content = profile.content();
    let team = &content.team;
    let mut page = Page(String::new());
    page.line(&format!("{} - description after RFC 2350", team.name));
    page.line(&format!(
        "{}, version {}, {}",
        content.party,
        content.version,
        word(content.label)
    ));
    page.chapter("1", "Document Information");
    let updated = format!(
        "{}; it ends on {}.",
        content.updated.to_stix(),
        content.expires.to_stix()
    );
    page.section("1.1", "Date of Last Update", &updated);
    page.prose(profile, "1.2");
    page.prose(profile, "1.3");
    let authentic = format!(
        "The SHA-256 of this version is {}. {}",
        profile.hash(),
        if note.is_some() {
            "The signature at the end is by the key that the party's node card names for envelopes."
        } else {
            "It has not been signed yet."
        }
    );
    page.section("1.4", "Authenticating this Document", &authentic);
    page.contact(profile);
    page.chapter("3", "Charter");
    page.all(profile, "3.");
    page.chapter("4", "Policies");
    page.all(profile, "4.");
    page.chapter("5", "Services");
    page.all(profile, "5.");
    page.prose(profile, "6");
    page.prose(profile, "7");
    if let Some(note) = note {
        page.line("");
        page.line(note.trim_end());
    }
    page.0
}

struct Page(String);

impl Page {
    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn indented(&mut self, text: &str) {
        for line in text.lines() {
            // Writing into a text does not fail.
            let _ = writeln!(self.0, "{INDENT}{line}");
        }
    }

    fn chapter(&mut self, number: &str, title: &str) {
        let _ = write!(self.0, "\n{number}. {title}\n");
    }

    fn section(&mut self, number: &str, title: &str, text: &str) {
        let _ = write!(self.0, "\n{number}. {title}\n");
        self.indented(text);
    }

    /// The section of a number, from the table of sections.
    fn prose(&mut self, profile: &Profile, number: &str) {
        if let Some((number, title, key)) = SECTIONS.iter().find(|(each, _, _)| *each == number) {
            let text = profile.content().prose.get(*key);
            self.section(number, title, or_nothing(text));
        }
    }

    /// The second chapter: how the team is reached.
    fn contact(&mut self, profile: &Profile) {
        let content = profile.content();
        let team = &content.team;
        self.chapter("2", "Contact Information");
        self.section("2.1", "Name of the Team", &team.name);
        self.section("2.2", "Address", or_nothing(team.address.as_ref()));
        let zone = format!(
            "{}; working hours {}{}",
            team.time_zone,
            team.hours,
            listed("; holidays ", &team.holidays)
        );
        self.section("2.3", "Time Zone", &zone);
        self.section("2.4", "Telephone Number", or_nothing(team.phone.as_ref()));
        self.section("2.5", "Facsimile Number", or_nothing(team.fax.as_ref()));
        self.prose(profile, "2.6");
        self.section(
            "2.7",
            "Electronic Mail Address",
            or_nothing(team.email.as_ref()),
        );
        self.section(
            "2.8",
            "Public Keys and Encryption Information",
            &keys(profile),
        );
        self.prose(profile, "2.9");
        self.prose(profile, "2.10");
        self.prose(profile, "2.11");
        for contact in &content.contacts {
            self.indented(&contact_line(contact));
        }
        if !team.languages.is_empty() {
            self.indented(&format!("Languages: {}", team.languages.join(", ")));
        }
    }

    fn all(&mut self, profile: &Profile, begins: &str) {
        for (number, _, _) in SECTIONS
            .iter()
            .filter(|(each, _, _)| each.starts_with(begins))
        {
            self.prose(profile, number);
        }
    }
}

fn or_nothing(text: Option<&String>) -> &str {
    text.map_or(NOTHING, String::as_str)
}

fn listed(before: &str, all: &[String]) -> String {
    if all.is_empty() {
        String::new()
    } else {
        format!("{before}{}", all.join(", "))
    }
}

fn keys(profile: &Profile) -> String {
    let keys = &profile.content().keys;
    if keys.is_empty() {
        return NOTHING.to_owned();
    }
    let lines = keys.iter().map(|key| {
        let place = key.location.as_ref();
        let place = place.map_or_else(String::new, |place| format!(", at {place}"));
        format!("{}: {}{place}", key.kind, key.fingerprint)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn contact_line(contact: &Contact) -> String {
    let mut said = format!("{}: ", contact.role.as_str());
    let ways = [&contact.name, &contact.email, &contact.phone];
    let ways: Vec<&str> = ways.into_iter().flatten().map(String::as_str).collect();
    said.push_str(&ways.join(", "));
    let _ = write!(said, "; {} ({})", contact.hours, contact.time_zone);
    said.push_str(&listed("; holidays ", &contact.holidays));
    said.push_str(&listed("; ", &contact.languages));
    if let Some(key) = &contact.key {
        let _ = write!(said, "; key {key}");
    }
    let bounds = [("from", contact.valid_from), ("until", contact.valid_until)];
    for (which, at) in bounds {
        if let Some(at) = at {
            let _ = write!(said, "; {which} {}", at.to_stix());
        }
    }
    said
}
