//! Channels, points of contact, working hours and calendars, as an accord names them.
//!
//! In scope: reading and keeping them. Out of scope: whether it is a working day now (whoever judges commitments has the
//! time zone rules), whether an address answers.
//! Limits: [`CHANNELS_MAX`], [`CONTACTS_MAX`], [`CALENDARS_MAX`], [`HOLIDAYS_MAX`].

use std::fmt;

use comity_stix::timestamp::Timestamp;

use super::reader::{Found, Section};
use super::words::{Word, word};
use super::{Parties, TextError, label, plain};
use crate::party::PartyName;
use crate::terms::Outlet;

/// The most channels.
pub const CHANNELS_MAX: usize = 32;
/// The most points of contact.
pub const CONTACTS_MAX: usize = 128;
/// The most calendars.
pub const CALENDARS_MAX: usize = 32;
/// The most holidays of a calendar.
pub const HOLIDAYS_MAX: usize = 400;

/// What a channel is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Indicators and other objects.
    Indicators,
    /// Analysis reports.
    Reports,
    /// Malware samples.
    Samples,
    /// Requests for assistance and their answers.
    Requests,
    /// Cases, evidence and their status.
    Cases,
    /// Urgent contacts.
    Hotline,
    /// Exercises.
    Exercises,
}

impl Word for Purpose {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("indicators", Self::Indicators),
        ("reports", Self::Reports),
        ("samples", Self::Samples),
        ("requests", Self::Requests),
        ("cases", Self::Cases),
        ("hotline", Self::Hotline),
        ("exercises", Self::Exercises),
    ];
}

impl Purpose {
    /// The word of the accord's text.
    pub fn as_str(self) -> &'static str {
        word(self)
    }
}

/// A channel that the parties agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name, once in an accord.
    pub name: String,
    /// What it is for.
    pub purposes: Vec<Purpose>,
    /// How it may travel, the preferred way first; never an export.
    pub ways: Vec<Outlet>,
}

pub(super) fn read_channel(section: &Section<'_, '_>) -> Result<Channel, TextError> {
    let ways: Vec<Outlet> = section
        .words("ways")?
        .unwrap_or_else(|| vec![Outlet::Link, Outlet::File]);
    if ways.is_empty() || ways.contains(&Outlet::Export) {
        return Err(section.conflict(
            "ways",
            "must name at least one of link, file, mail, taxii and misp, and no export",
        ));
    }
    let purposes: Vec<Purpose> = section.words("purposes")?.unwrap_or_default();
    if purposes.is_empty() {
        return Err(section.conflict(
            "purposes",
            "must name at least one purpose, such as [\"indicators\"]",
        ));
    }
    let name = section.text("name", label)?;
    Ok(Channel {
        name,
        purposes,
        ways,
    })
}

/// What a point of contact is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Between governments.
    Diplomatic,
    /// Between analysts.
    Technical,
    /// At any hour.
    AllHours,
    /// A case or cases.
    Case,
    /// Intake of samples.
    Samples,
}

impl Word for Role {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("diplomatic", Self::Diplomatic),
        ("technical", Self::Technical),
        ("24x7", Self::AllHours),
        ("case", Self::Case),
        ("samples", Self::Samples),
    ];
}

impl Role {
    /// The word of the accord's text.
    pub fn as_str(self) -> &'static str {
        word(self)
    }
}

/// How long an address is meant to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Until a permanent one is set up.
    Temporary,
    /// For good.
    Permanent,
}

impl Word for Standing {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("temporary", Self::Temporary),
        ("permanent", Self::Permanent),
    ];
}

impl Standing {
    /// The word of cards and accords.
    pub fn as_str(self) -> &'static str {
        word(self)
    }
}

/// A point of contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Whose it is.
    pub party: PartyName,
    /// What it is for.
    pub role: Role,
    /// Who answers: "duty officer".
    pub name: Option<String>,
    /// The designated address.
    pub email: Option<String>,
    /// Whether the address is temporary.
    pub standing: Standing,
    /// Telephone, `+` and digits.
    pub phone: Option<String>,
    /// When it is answered.
    pub hours: Hours,
    /// The zone of the hours, by its IANA name.
    pub time_zone: String,
    /// Languages spoken, as tags (BCP 47).
    pub languages: Vec<String>,
    /// Valid from.
    pub valid_from: Option<Timestamp>,
    /// Valid until.
    pub valid_until: Option<Timestamp>,
}

pub(super) fn read_contact(
    section: &Section<'_, '_>,
    parties: &Parties,
) -> Result<Contact, TextError> {
    let time = |key| {
        section
            .optional(key)
            .map(|found: Found<'_, '_>| found.time())
            .transpose()
    };
    let contact = Contact {
        party: parties.named(&section.required("party")?)?,
        role: section.required("role")?.word()?,
        name: section.optional_text("name", plain)?,
        email: section.optional_text("email", email)?,
        standing: section
            .optional_word("standing")?
            .unwrap_or(Standing::Permanent),
        phone: section.optional_text("phone", phone)?,
        hours: section
            .optional_text("hours", Hours::parse)?
            .unwrap_or(Hours::ALWAYS),
        time_zone: section
            .optional_text("time_zone", time_zone)?
            .unwrap_or_else(|| "UTC".to_owned()),
        languages: section.texts("languages", language)?,
        valid_from: time("valid_from")?,
        valid_until: time("valid_until")?,
    };
    if contact.email.is_none() && contact.phone.is_none() {
        return Err(section.conflict(
            "email",
            "is missing and so is phone; a point of contact needs one of them",
        ));
    }
    if contact.role == Role::AllHours && contact.hours != Hours::ALWAYS {
        return Err(section.conflict(
            "hours",
            "must be \"24x7\" for a contact in the role 24x7, or be left out",
        ));
    }
    if let (Some(from), Some(until)) = (contact.valid_from, contact.valid_until)
        && from >= until
    {
        return Err(section.conflict("valid_until", "must be later than valid_from"));
    }
    Ok(contact)
}

/// Days of the week and hours of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Monday to Sunday.
    pub days: [bool; 7],
    /// The first minute of a day, from midnight.
    pub from_minute: u16,
    /// The minute after the last one, 1440 at most; always later than the first.
    pub until_minute: u16,
}

impl Hours {
    /// At any time.
    pub const ALWAYS: Self = Self {
        days: [true; 7],
        from_minute: 0,
        until_minute: 1440,
    };

    /// Reads `24x7`, or days and hours such as `mon-fri 09:00-17:00` or `mon,wed 10:00-24:00`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "24x7" {
            return Some(Self::ALWAYS);
        }
        let (days, hours) = text.split_once(' ')?;
        let (from, until) = hours.split_once('-')?;
        let (from_minute, until_minute) = (minute(from)?, minute(until)?);
        let mut week = [false; 7];
        for part in days.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (weekday(first)?, weekday(last)?);
            if first > last {
                return None;
            }
            for day in week.iter_mut().take(last + 1).skip(first) {
                *day = true;
            }
        }
        (from_minute < until_minute).then_some(Self {
            days: week,
            from_minute,
            until_minute,
        })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALWAYS {
            return out.write_str("24x7");
        }
        let days = DAYS
            .iter()
            .zip(self.days)
            .filter(|(_, on)| *on)
            .map(|(name, _)| *name);
        let days: Vec<_> = days.collect();
        let (from, until) = (self.from_minute, self.until_minute);
        let hour = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(out, "{} {}-{}", days.join(","), hour(from), hour(until))
    }
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn weekday(text: &str) -> Option<usize> {
    DAYS.iter().position(|day| *day == text)
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str, most: u16| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u16>()
            .ok()
            .filter(|number| digits && *number <= most)
    };
    let all = two(hour, 24)? * 60 + two(minute, 59)?;
    (all <= 1440).then_some(all)
}

/// When a party works; commitments in working days count by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Its name, once in an accord.
    pub id: String,
    /// Its version: a changed calendar has a higher one.
    pub version: u32,
    /// The zone of its days, by its IANA name.
    pub time_zone: String,
    /// Working days and hours.
    pub hours: Hours,
    /// Days off, `YYYY-MM-DD`, sorted.
    pub holidays: Vec<String>,
}

pub(super) fn read_calendar(section: &Section<'_, '_>) -> Result<Calendar, TextError> {
    let mut holidays = Vec::new();
    if let Some(found) = section.optional("holidays") {
        for item in found.list(HOLIDAYS_MAX)? {
            holidays.push(item.day()?);
        }
    }
    holidays.sort_unstable();
    holidays.dedup();
    Ok(Calendar {
        id: section.text("id", label)?,
        version: section.integer("version", 1, (1, 1_000_000))?,
        time_zone: section.text("time_zone", time_zone)?,
        hours: section.text("hours", Hours::parse)?,
        holidays,
    })
}

/// An IANA time zone by its form; whether the zone exists is for those who compute with it.
pub(crate) fn time_zone(text: &str) -> Option<String> {
    let part = |part: &str| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+');
        !part.is_empty() && part.bytes().all(letters)
    };
    let named = text.len() <= 64 && text.contains('/') && text.split('/').all(part);
    (named || text == "UTC").then(|| text.to_owned())
}

/// An e-mail address as people write one: one `@`, no spaces, a domain with a dot or `localhost`.
pub(crate) fn email(text: &str) -> Option<String> {
    let (local, domain) = text.split_once('@')?;
    let letters = text
        .chars()
        .all(|c| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"".contains(c));
    // RFC 5321 section 4.5.3.1.
    let long = local.len() > 64 || domain.len() > 255;
    let dots = |text: &str| text.split('.').all(|part| !part.is_empty());
    let good = letters && !long && dots(local) && dots(domain) && !domain.contains('@');
    good.then(|| text.to_owned())
}

/// A telephone number as ITU-T E.164 has it: `+` and 4 to 15 digits; spaces and hyphens between them are allowed.
pub(crate) fn phone(text: &str) -> Option<String> {
    let rest = text.strip_prefix('+')?;
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let letters = rest
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-'));
    let edges = rest.ends_with(|c: char| c.is_ascii_digit())
        && rest.starts_with(|c: char| c.is_ascii_digit());
    (letters && edges && rest.len() <= 40 && (4..=15).contains(&digits)).then(|| text.to_owned())
}

/// A language tag by its form (RFC 5646): `en`, `zh-Hans`.
pub(crate) fn language(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let first = parts.next().is_some_and(|part| {
        (2..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    let rest = parts.all(|part| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    (first && rest && text.len() <= 35).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_and_written() {
        for (text, written) in [
            ("24x7", "24x7"),
            ("mon-fri 09:00-17:30", "mon,tue,wed,thu,fri 09:00-17:30"),
            ("mon,wed 00:00-24:00", "mon,wed 00:00-24:00"),
            ("mon-sun 00:00-24:00", "24x7"),
        ] {
            let hours = Hours::parse(text).unwrap();
            assert_eq!(hours.to_string(), written);
            assert_eq!(Hours::parse(written), Some(hours));
        }
        for bad in [
            "",
            "mon",
            "fri-mon 09:00-17:00",
            "mon 9:00-17:00",
            "mon 17:00-09:00",
            "mon 09:00-24:01",
            "Mon 09:00-10:00",
            "mon 09:60-10:00",
            "mon +9:00-10:00",
        ] {
            assert_eq!(Hours::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn forms_of_contact_are_checked() {
        let check = |good: &[&str], bad: &[&str], read: fn(&str) -> Option<String>| {
            for text in good {
                assert!(read(text).is_some(), "{text}");
            }
            for text in bad {
                assert!(read(text).is_none(), "{text}");
            }
        };
        check(
            &["a@b.example", "duty+x@in.alpha.example"],
            &[
                "", "a", "@b", "a@", "a b@c.d", "a@b@c", "a..b@c.d", "<a@b.c>",
            ],
            email,
        );
        check(
            &["+1 202 555 0100", "+8610-55550100"],
            &["", "12345", "+", "+1", "+1 202 ", "+12345678901234567"],
            phone,
        );
        check(
            &["en", "zh-Hans", "zh-CN"],
            &["", "EN", "english", "zh-"],
            language,
        );
        check(
            &["UTC", "America/New_York", "Etc/GMT+8"],
            &["", "EST", "America/", "a b/c"],
            time_zone,
        );
    }
}
