//! The lines of a card: one text for one card, read strictly.
//!
//! In scope: writing a card, reading exactly what writing gives. Out of scope: signatures (`signed`).

use std::fmt::{Display, Write};

use comity_ledger::key::VerifierKey;
use comity_stix::timestamp::Timestamp;

use super::{Card, MailAddress, PublicKey};
use crate::digest::Digest;
use crate::party::{Domain, Origin, PartyName};
use crate::text::contact::{email, phone};
use crate::text::words::from_word;

/// The first line of a card.
const HEAD: &str = "comity-card/v1";
/// The longest URL.
const URL_BYTES_MAX: usize = 2048;

/// Why a note's lines are not those of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// Another kind of note.
    #[error("the text does not begin with the line {0:?}; give a note of that kind")]
    Head(&'static str),
    /// A line that must come here does not.
    #[error("line {line} must begin with {key:?} and have, after one space, {write}")]
    Expected {
        /// The number of the line, from 1.
        line: usize,
        /// The key.
        key: &'static str,
        /// What its value is.
        write: &'static str,
    },
    /// A value is none of its key, or stands there twice.
    #[error("line {line}: {key} must be {write}, in its one spelling and not twice")]
    Value {
        /// The number of the line, from 1.
        line: usize,
        /// The key.
        key: &'static str,
        /// What its value is.
        write: &'static str,
    },
    /// More lines of one key than allowed.
    #[error("line {line}: at most {most} lines may begin with {key:?}")]
    TooMany {
        /// The number of the line, from 1.
        line: usize,
        /// The key.
        key: &'static str,
        /// The limit.
        most: usize,
    },
    /// A line that belongs nowhere.
    #[error("line {line} is unknown or out of order; the order of lines is fixed")]
    Unexpected {
        /// The number of the line, from 1.
        line: usize,
    },
}

/// Reads lines of the form `key value` in a fixed order.
pub(crate) struct LineReader<'a> {
    lines: Vec<&'a str>,
    next: usize,
}

impl<'a> LineReader<'a> {
    pub(crate) fn of(text: &'a str, head: &'static str) -> Result<Self, LineError> {
        let lines: Vec<_> = text
            .strip_suffix('\n')
            .unwrap_or(text)
            .split('\n')
            .collect();
        if lines.first() == Some(&head) {
            Ok(Self { lines, next: 1 })
        } else {
            Err(LineError::Head(head))
        }
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        let rest = self.lines.get(self.next)?.strip_prefix(key)?;
        rest.strip_prefix(' ')
    }

    /// The one line of a key.
    pub(crate) fn one<T>(
        &mut self,
        key: &'static str,
        write: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, LineError> {
        let line = self.next + 1;
        let value = self
            .value(key)
            .ok_or(LineError::Expected { line, key, write })?;
        self.next += 1;
        read(value).ok_or(LineError::Value { line, key, write })
    }

    /// The lines of a key, none twice.
    pub(crate) fn many<T: PartialEq>(
        &mut self,
        key: &'static str,
        (least, most): (usize, usize),
        write: &'static str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, LineError> {
        let mut all = Vec::new();
        while all.len() < least || self.value(key).is_some() {
            let line = self.next + 1;
            if all.len() == most {
                return Err(LineError::TooMany { line, key, most });
            }
            let one = self.one(key, write, &read)?;
            if all.contains(&one) {
                return Err(LineError::Value { line, key, write });
            }
            all.push(one);
        }
        Ok(all)
    }

    /// Nothing follows.
    pub(crate) fn end(&self) -> Result<(), LineError> {
        let line = self.next + 1;
        if self.next == self.lines.len() {
            Ok(())
        } else {
            Err(LineError::Unexpected { line })
        }
    }
}

const VKEY: &str = "a verifier key NAME+ID+KEY";
const KEY: &str = "an algorithm and a key in base64";
const URL: &str = "a URL that begins with https://";
pub(crate) const HEX: &str = "64 lower-case hexadecimal digits";
pub(crate) const TIME: &str = "a time such as 2026-12-01T00:00:00Z";
pub(crate) const PARTY: &str = "the party's name";

pub(super) fn read(text: &str) -> Result<Card, LineError> {
    let mut lines = LineReader::of(text, HEAD)?;
    let card = Card {
        party: lines.one("party", PARTY, |text| PartyName::parse(text).ok())?,
        domain: lines.one("domain", "a host name", |text| Domain::parse(text).ok())?,
        serial: lines.one("serial", "a number from 1", number)?,
        issued: lines.one("issued", TIME, time)?,
        root: lines.one("root", VKEY, vkey)?,
        root_key: lines.many("root-key", (0, 1), KEY, PublicKey::parse)?.pop(),
        next_root: lines.one("next-root", HEX, Digest::parse)?,
        origin: lines.one(
            "origin",
            "a log's origin such as alpha.example/log",
            |text| Origin::parse(text).ok(),
        )?,
        log: lines.many("log", (1, 4), VKEY, vkey)?,
        witness: lines.many("witness", (1, 4), VKEY, vkey)?,
        envelope: lines.one("envelope", VKEY, vkey)?,
        sealing: lines.many("sealing", (1, 4), KEY, PublicKey::parse)?,
        tls: lines.many("tls", (0, 8), HEX, Digest::parse)?,
        links: lines.many("link", (0, 8), URL, url)?,
        mail: lines.many(
            "mail",
            (0, 16),
            "temporary or permanent, and an address",
            mail,
        )?,
        hotlines: lines.many(
            "hotline",
            (0, 8),
            "a telephone number such as +1 202 555 0100",
            phone,
        )?,
        contacts: lines.many("contact", (0, 8), URL, url)?,
        policies: lines.many("policy", (0, 32), "a word of a-z, 0-9, '-' and '.'", policy)?,
    };
    lines.end()?;
    Ok(card)
}

/// A number from 1 in its one spelling.
pub(crate) fn number(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number > 0 && text == number.to_string()).then_some(number)
}

/// A time to the second in its one spelling.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let time = Timestamp::parse(text).ok();
    time.filter(|time| seconds(*time) == text)
}

/// A time as notes write it; fractions of a second are cut off.
pub(crate) fn seconds(time: Timestamp) -> String {
    let mut text: String = time.to_string().chars().take(19).collect();
    text.push('Z');
    text
}

/// A verifier key in its one spelling.
pub(crate) fn vkey(text: &str) -> Option<VerifierKey> {
    let key = VerifierKey::parse(text).ok();
    key.filter(|key| key.to_string() == text)
}

/// A URL as a link needs it: `https://`, or `http://` on this machine; printable ASCII without spaces.
fn url(text: &str) -> Option<String> {
    let rest = text.strip_prefix("https://").or_else(|| {
        let rest = text.strip_prefix("http://")?;
        let host = rest.split(['/', ':']).next()?;
        matches!(host, "127.0.0.1" | "localhost").then_some(rest)
    })?;
    let letter = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'`' | b'@')
    };
    let host = rest
        .split(['/', '?', '#'])
        .next()
        .is_some_and(|host| !host.is_empty());
    (rest.bytes().all(letter) && host && text.len() <= URL_BYTES_MAX).then(|| text.to_owned())
}

fn mail(text: &str) -> Option<MailAddress> {
    let (standing, address) = text.split_once(' ')?;
    Some(MailAddress {
        standing: from_word(standing)?,
        address: email(address)?,
    })
}

fn policy(text: &str) -> Option<String> {
    let letter = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
    };
    (text.bytes().all(letter) && (1..=64).contains(&text.len())).then(|| text.to_owned())
}

/// The text of a card.
pub(super) fn write(card: &Card) -> String {
    let mut text = format!("{HEAD}\n");
    for (key, values) in fields(card) {
        for value in values {
            line(&mut text, key, &value);
        }
    }
    text
}

/// The lines of a card in their order, by key.
pub(super) fn fields(card: &Card) -> [(&'static str, Vec<String>); 18] {
    fn texts<T: Display>(all: &[T]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }
    let mail = card
        .mail
        .iter()
        .map(|mail| format!("{} {}", mail.standing.as_str(), mail.address));
    [
        ("party", vec![card.party.to_string()]),
        ("domain", vec![card.domain.to_string()]),
        ("serial", vec![card.serial.to_string()]),
        ("issued", vec![seconds(card.issued)]),
        ("root", vec![card.root.to_string()]),
        ("root-key", texts(card.root_key.as_slice())),
        ("next-root", vec![card.next_root.to_string()]),
        ("origin", vec![card.origin.to_string()]),
        ("log", texts(&card.log)),
        ("witness", texts(&card.witness)),
        ("envelope", vec![card.envelope.to_string()]),
        ("sealing", texts(&card.sealing)),
        ("tls", texts(&card.tls)),
        ("link", card.links.clone()),
        ("mail", mail.collect()),
        ("hotline", card.hotlines.clone()),
        ("contact", card.contacts.clone()),
        ("policy", card.policies.clone()),
    ]
}

pub(crate) fn line(text: &mut String, key: &str, value: &dyn Display) {
    let _ = writeln!(text, "{key} {value}");
}
