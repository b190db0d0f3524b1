//! A party's profile, after RFC 2350: who it is, whom to reach, when, in which languages, under which keys, and until when this
//! holds.
//!
//! A profile is a TOML file whose bytes are signed as they stand; nothing is written back from what was read. It has a version
//! that rises and a day on which it ends. The page in the order of RFC 2350 is written from it (`page`).
//!
//! In scope: reading one, the statement that its party signs. Out of scope: sending and keeping it (`comity-node`), whether a
//! contact answers (`comity-case`, `check`).
//! Limits: [`PROFILE_BYTES_MAX`], [`PROSE_BYTES_MAX`], [`CONTACTS_MAX`], [`KEYS_MAX`].

mod page;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use serde::Deserialize;
use toml::value::Datetime;

use crate::digest::Digest;
use crate::hidden;
use crate::party::PartyName;
use crate::text::contact::{HOLIDAYS_MAX, Hours, Role, email, language, phone, time_zone};
use crate::text::words::{choices, from_word};

pub use page::page;

/// The longest profile.
pub const PROFILE_BYTES_MAX: usize = 64 * 1024;
/// The longest text of one key.
pub const PROSE_BYTES_MAX: usize = 4 * 1024;
/// The most points of contact.
pub const CONTACTS_MAX: usize = 64;
/// The most keys.
pub const KEYS_MAX: usize = 16;
const LIST_MAX: usize = 32;
const HEAD: &str = "comity-profile/v1";

/// A profile to fill in; `{party}` and `{domain}` stand for the party's own.
pub const TEMPLATE: &str = include_str!("../templates/profile.toml");

/// Why a text is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// It is too long.
    #[error("the profile has {0} bytes; the limit is {PROFILE_BYTES_MAX}")]
    TooLong(usize),
    /// No TOML of this form.
    #[error("the profile cannot be read: {0}")]
    Form(String),
    /// A key says something else than it may.
    #[error("the profile's {key} must be {expected}")]
    Key {
        /// The key, with its table.
        key: String,
        /// What it must be.
        expected: String,
    },
}

/// A profile: its bytes, and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    source: String,
    content: Content,
}

/// What a profile says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Whose it is.
    pub party: PartyName,
    /// Counts the versions, from 1.
    pub version: u32,
    /// When it was changed last.
    pub updated: Timestamp,
    /// Until when it holds.
    pub expires: Timestamp,
    /// Its label.
    pub label: Tlp,
    /// The team.
    pub team: Team,
    /// Its keys.
    pub keys: Vec<Key>,
    /// The texts of the other sections, by `table.key`.
    pub prose: BTreeMap<String, String>,
    /// Points of contact.
    pub contacts: Vec<Contact>,
    /// What `/.well-known/security.txt` says, where the party publishes one.
    pub security: Option<Security>,
}

/// The team of a party.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub struct Team {
    pub name: String,
    pub address: Option<String>,
    pub time_zone: String,
    pub hours: Hours,
    pub holidays: Vec<String>,
    pub languages: Vec<String>,
    pub phone: Option<String>,
    pub fax: Option<String>,
    pub email: Option<String>,
}

/// A key of the team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// What kind of key: `openpgp`, `smime`.
    pub kind: String,
    /// Its fingerprint, hexadecimal digits, spaces allowed.
    pub fingerprint: String,
    /// Where it is found.
    #[serde(default)]
    pub location: Option<String>,
}

/// A point of contact.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields say what they are")]
pub struct Contact {
    pub role: Role,
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub hours: Hours,
    pub time_zone: String,
    pub holidays: Vec<String>,
    pub languages: Vec<String>,
    pub key: Option<String>,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
}

/// What a `security.txt` says besides its expiry, which is the profile's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of RFC 9116")]
pub struct Security {
    pub contact: Vec<String>,
    #[serde(default)]
    pub encryption: Vec<String>,
    #[serde(default)]
    pub canonical: Vec<String>,
    #[serde(default)]
    pub policy: Vec<String>,
    #[serde(default)]
    pub acknowledgments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    format: u32,
    party: String,
    version: u32,
    updated: Datetime,
    expires: Datetime,
    label: Option<String>,
    team: TeamWire,
    #[serde(default)]
    key: Vec<Key>,
    #[serde(default)]
    document: BTreeMap<String, String>,
    #[serde(default)]
    charter: BTreeMap<String, String>,
    #[serde(default)]
    policy: BTreeMap<String, String>,
    #[serde(default)]
    services: BTreeMap<String, String>,
    #[serde(default)]
    contact: Vec<ContactWire>,
    security_txt: Option<Security>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TeamWire {
    name: String,
    address: Option<String>,
    time_zone: Option<String>,
    hours: Option<String>,
    #[serde(default)]
    holidays: Vec<String>,
    #[serde(default)]
    languages: Vec<String>,
    phone: Option<String>,
    fax: Option<String>,
    email: Option<String>,
    other: Option<String>,
    members: Option<String>,
    information: Option<String>,
    reaching: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactWire {
    role: String,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    hours: Option<String>,
    time_zone: Option<String>,
    #[serde(default)]
    holidays: Vec<String>,
    #[serde(default)]
    languages: Vec<String>,
    key: Option<String>,
    valid_from: Option<Datetime>,
    valid_until: Option<Datetime>,
}

impl Profile {
    /// Reads a profile.
    pub fn parse(source: &str) -> Result<Self, ProfileError> {
        if source.len() > PROFILE_BYTES_MAX {
            return Err(ProfileError::TooLong(source.len()));
        }
        if let Some((_, letter)) = hidden::find(source) {
            let code = u32::from(letter);
            let reason =
                format!("it has a character that cannot be seen, U+{code:04X}; take it out");
            return Err(ProfileError::Form(reason));
        }
        let wire: Wire = toml::from_str(source).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = source
                .bytes()
                .take(at)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1;
            let said: String = error.message().chars().take(200).collect();
            ProfileError::Form(format!("line {line}: {}", said.replace('\n', " ")))
        })?;
        Ok(Self {
            content: content(wire)?,
            source: source.to_owned(),
        })
    }

    /// The bytes.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What they say.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// The SHA-256 of the bytes.
    pub fn hash(&self) -> Digest {
        Digest::of(self.source.as_bytes())
    }

    /// The text that its party signs.
    pub fn statement(&self) -> String {
        let content = &self.content;
        format!(
            "{HEAD}\nparty {}\nversion {}\nhash {}\nexpires {}\n",
            content.party,
            content.version,
            self.hash(),
            content.expires.to_stix()
        )
    }

    /// Whether it holds no more at a time in seconds since 1970.
    pub fn is_expired(&self, now: i64) -> bool {
        self.content.expires.micros().div_euclid(1_000_000) < now
    }
}

/// The sections of prose: number and title of RFC 2350, and the key whose text stands there.
pub(crate) const SECTIONS: &[(&str, &str, &str)] = &[
    (
        "1.2",
        "Distribution List for Notifications",
        "document.distribution",
    ),
    (
        "1.3",
        "Locations where this Document May Be Found",
        "document.location",
    ),
    ("2.6", "Other Telecommunication", "team.other"),
    ("2.9", "Team Members", "team.members"),
    ("2.10", "Other Information", "team.information"),
    ("2.11", "Points of Customer Contact", "team.reaching"),
    ("3.1", "Mission Statement", "charter.mission"),
    ("3.2", "Constituency", "charter.constituency"),
    (
        "3.3",
        "Sponsorship and/or Affiliation",
        "charter.sponsorship",
    ),
    ("3.4", "Authority", "charter.authority"),
    (
        "4.1",
        "Types of Incidents and Level of Support",
        "policy.incidents",
    ),
    (
        "4.2",
        "Co-operation, Interaction and Disclosure of Information",
        "policy.cooperation",
    ),
    (
        "4.3",
        "Communication and Authentication",
        "policy.communication",
    ),
    ("5.1.1", "Incident Triage", "services.triage"),
    ("5.1.2", "Incident Coordination", "services.coordination"),
    ("5.1.3", "Incident Resolution", "services.resolution"),
    ("5.2", "Proactive Activities", "services.proactive"),
    ("6", "Incident Reporting Forms", "services.forms"),
    ("7", "Disclaimers", "policy.disclaimers"),
];

fn wrong(key: impl Into<String>, expected: impl Into<String>) -> ProfileError {
    ProfileError::Key {
        key: key.into(),
        expected: expected.into(),
    }
}

fn content(wire: Wire) -> Result<Content, ProfileError> {
    if wire.format != 1 {
        return Err(wrong("format", "1"));
    }
    let party = PartyName::parse(&wire.party).map_err(|error| wrong("party", error.to_string()))?;
    let (updated, expires) = (
        time("updated", &wire.updated)?,
        time("expires", &wire.expires)?,
    );
    if updated >= expires {
        return Err(wrong("expires", "later than updated"));
    }
    let label = label(wire.label.as_deref())?;
    if wire.version == 0 {
        return Err(wrong("version", "1 or more"));
    }
    limited("key", wire.key.len(), KEYS_MAX)?;
    limited("contact", wire.contact.len(), CONTACTS_MAX)?;
    let mut prose = BTreeMap::new();
    let mut section = |name: &str, texts: BTreeMap<String, String>| {
        for (key, text) in texts {
            let place = format!("{name}.{key}");
            if !SECTIONS.iter().any(|(_, _, known)| *known == place) {
                let known = SECTIONS.iter().map(|(_, _, key)| *key);
                let known: Vec<&str> = known.filter(|key| key.starts_with(name)).collect();
                return Err(wrong(place, format!("one of {}", known.join(", "))));
            }
            prose.insert(place.clone(), said(&place, &text)?);
        }
        Ok(())
    };
    section("document", wire.document)?;
    section("charter", wire.charter)?;
    section("policy", wire.policy)?;
    section("services", wire.services)?;
    let (team, more) = team(wire.team)?;
    section("team", more)?;
    wire.key.iter().try_for_each(key)?;
    let contacts = wire.contact.into_iter().map(contact);
    Ok(Content {
        party,
        version: wire.version,
        updated,
        expires,
        label,
        team,
        keys: wire.key,
        prose,
        contacts: contacts.collect::<Result<_, _>>()?,
        security: wire.security_txt.map(security).transpose()?,
    })
}

/// The label of a profile: nobody is named in one, so it is never TLP:RED.
fn label(text: Option<&str>) -> Result<Tlp, ProfileError> {
    let Some(text) = text else {
        return Ok(Tlp::Green);
    };
    let label = from_word(text).filter(|label| *label != Tlp::Red);
    let expected = "TLP:CLEAR, TLP:GREEN, TLP:AMBER or TLP:AMBER+STRICT";
    label.ok_or_else(|| wrong("label", expected))
}

fn key(key: &Key) -> Result<(), ProfileError> {
    let bytes = || key.fingerprint.bytes();
    let digits = bytes().filter(u8::is_ascii_hexdigit).count();
    let form = bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b' ');
    if !form || !(16..=128).contains(&digits) {
        return Err(wrong("key.fingerprint", "16 to 128 hexadecimal digits"));
    }
    said("key.kind", &key.kind)?;
    if let Some(place) = &key.location {
        said("key.location", place)?;
    }
    Ok(())
}

fn team(wire: TeamWire) -> Result<(Team, BTreeMap<String, String>), ProfileError> {
    let prose = [
        ("other", wire.other),
        ("members", wire.members),
        ("information", wire.information),
        ("reaching", wire.reaching),
    ];
    let prose = prose.into_iter();
    let prose = prose
        .filter_map(|(key, text)| Some((key.to_owned(), text?)))
        .collect();
    let team = Team {
        name: said("team.name", &wire.name)?,
        address: optional("team.address", wire.address)?,
        time_zone: zone("team.time_zone", wire.time_zone)?,
        hours: hours("team.hours", wire.hours)?,
        holidays: days("team.holidays", wire.holidays)?,
        languages: languages("team.languages", &wire.languages)?,
        phone: number("team.phone", wire.phone)?,
        fax: number("team.fax", wire.fax)?,
        email: address("team.email", wire.email)?,
    };
    Ok((team, prose))
}

fn contact(wire: ContactWire) -> Result<Contact, ProfileError> {
    let role: Role = from_word(&wire.role)
        .ok_or_else(|| wrong("contact.role", format!("one of {}", choices::<Role>())))?;
    let moment = |key: &str, at: Option<&Datetime>| at.map(|at| time(key, at)).transpose();
    let contact = Contact {
        role,
        name: optional("contact.name", wire.name)?,
        email: address("contact.email", wire.email)?,
        phone: number("contact.phone", wire.phone)?,
        hours: hours("contact.hours", wire.hours)?,
        time_zone: zone("contact.time_zone", wire.time_zone)?,
        holidays: days("contact.holidays", wire.holidays)?,
        languages: languages("contact.languages", &wire.languages)?,
        key: optional("contact.key", wire.key)?,
        valid_from: moment("contact.valid_from", wire.valid_from.as_ref())?,
        valid_until: moment("contact.valid_until", wire.valid_until.as_ref())?,
    };
    if contact.email.is_none() && contact.phone.is_none() {
        return Err(wrong(
            "contact",
            "reachable: give it an email, a phone, or both",
        ));
    }
    if role == Role::AllHours && contact.hours != Hours::ALWAYS {
        return Err(wrong(
            "contact.hours",
            "24x7 for the role 24x7, or left out",
        ));
    }
    if let (Some(from), Some(until)) = (contact.valid_from, contact.valid_until)
        && from >= until
    {
        return Err(wrong("contact.valid_until", "later than valid_from"));
    }
    Ok(contact)
}

fn security(wire: Security) -> Result<Security, ProfileError> {
    if wire.contact.is_empty() {
        return Err(wrong(
            "security_txt.contact",
            "one address at least, such as mailto:security@example.org (RFC 9116 section 2.5.3)",
        ));
    }
    let all = [
        &wire.contact,
        &wire.encryption,
        &wire.canonical,
        &wire.policy,
        &wire.acknowledgments,
    ];
    for list in all {
        limited("security_txt", list.len(), LIST_MAX)?;
        if !list.iter().all(|uri| crate::security_txt::is_uri(uri)) {
            return Err(wrong(
                "security_txt",
                "addresses with their scheme: mailto:, tel: or https:",
            ));
        }
    }
    Ok(wire)
}

fn limited(key: &str, count: usize, most: usize) -> Result<(), ProfileError> {
    if count > most {
        return Err(wrong(
            key,
            format!("there {most} times at most, not {count}"),
        ));
    }
    Ok(())
}

/// A text of one or more lines that is not empty.
fn said(key: &str, text: &str) -> Result<String, ProfileError> {
    let control = |letter: char| letter.is_control() && letter != '\n';
    if text.trim().is_empty() || text.len() > PROSE_BYTES_MAX || text.chars().any(control) {
        let expected = format!("a text of at most {PROSE_BYTES_MAX} bytes that is not empty");
        return Err(wrong(key, expected));
    }
    Ok(text.trim().to_owned())
}

fn optional(key: &str, text: Option<String>) -> Result<Option<String>, ProfileError> {
    text.map(|text| said(key, &text)).transpose()
}

fn read<T>(
    key: &str,
    text: Option<String>,
    read: fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, ProfileError> {
    text.map(|text| read(&text).ok_or_else(|| wrong(key, expected)))
        .transpose()
}

fn number(key: &str, text: Option<String>) -> Result<Option<String>, ProfileError> {
    read(key, text, phone, "+ and 4 to 15 digits")
}

fn address(key: &str, text: Option<String>) -> Result<Option<String>, ProfileError> {
    read(key, text, email, "an e-mail address")
}

fn zone(key: &str, text: Option<String>) -> Result<String, ProfileError> {
    let expected = "UTC or a zone of the IANA database, such as Asia/Shanghai";
    let exists = |text: &str| {
        let named = time_zone(text)?;
        crate::evaluation::calendar::zone(&named).map(|_| named)
    };
    Ok(read(key, text, exists, expected)?.unwrap_or_else(|| "UTC".to_owned()))
}

fn hours(key: &str, text: Option<String>) -> Result<Hours, ProfileError> {
    let expected = "24x7, or days and hours such as \"mon-fri 09:00-17:00\"";
    Ok(read(key, text, Hours::parse, expected)?.unwrap_or(Hours::ALWAYS))
}

fn days(key: &str, mut days: Vec<String>) -> Result<Vec<String>, ProfileError> {
    limited(key, days.len(), HOLIDAYS_MAX)?;
    if !days
        .iter()
        .all(|day| day.len() == 10 && day.parse::<jiff::civil::Date>().is_ok())
    {
        return Err(wrong(key, "days such as \"2026-12-25\""));
    }
    days.sort_unstable();
    days.dedup();
    Ok(days)
}

fn languages(key: &str, tags: &[String]) -> Result<Vec<String>, ProfileError> {
    limited(key, tags.len(), LIST_MAX)?;
    let read = tags.iter().map(|tag| language(tag)).collect::<Option<_>>();
    read.ok_or_else(|| wrong(key, "language tags such as \"en\" and \"zh-Hans\""))
}

fn time(key: &str, at: &Datetime) -> Result<Timestamp, ProfileError> {
    Timestamp::parse(&at.to_string())
        .map_err(|_| wrong(key, "a time in UTC such as 2026-12-01T00:00:00Z"))
}
