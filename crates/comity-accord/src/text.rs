//! The accord's text: a TOML file that all parties sign, byte for byte.
//!
//! The signed bytes are the file's bytes; nothing is written back from what was read. Every error names its line, its key
//! and what to write instead. The keys are in [`schema`], from which the reference page is written.
//!
//! In scope: reading one text, and its parts as data. Out of scope: who signed it (`agreement`), what changed
//! (`difference`), applying terms, judging commitments.
//! Limits: [`TEXT_BYTES_MAX`], [`PARTIES_MAX`], those of `contact`, `release` and `commitment`.

pub mod commitment;
pub mod contact;
mod reader;
pub mod release;
pub mod schema;
pub mod template;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use std::collections::BTreeMap;

use comity_stix::timestamp::Timestamp;
use toml::de::DeTable;

use crate::digest::Digest;
use crate::hidden;
use crate::party::PartyName;
use crate::terms::ReleaseTerms;
use commitment::{COMMITMENTS_MAX, Commitment, EACH};
use contact::{CALENDARS_MAX, CHANNELS_MAX, CONTACTS_MAX, Calendar, Channel, Contact};
pub use reader::TEXT_BYTES_MAX;
use reader::{Found, Lines, Section};
use words::{Word, word};

/// The most parties of an accord; the fewest are two.
pub const PARTIES_MAX: usize = 16;
/// Every ordered pair of sixteen parties.
const RELEASES_MAX: usize = PARTIES_MAX * (PARTIES_MAX - 1);

/// An accord's text that was read: its bytes, and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccordText {
    source: String,
    hash: Digest,
    content: Content,
}

/// What an accord says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The accord's name; all its versions bear it.
    pub name: String,
    /// Its name for people.
    pub title: Option<String>,
    /// Counts the versions, from 1.
    pub version: u32,
    /// The hash of the version before.
    pub replaces: Option<Digest>,
    /// From when it holds.
    pub effective: Timestamp,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// The parties, in the order of the text.
    pub parties: Vec<AccordParty>,
    /// What ledgers must show.
    pub ledger: LedgerTerms,
    /// Ways agreed for purposes.
    pub channels: Vec<Channel>,
    /// Points of contact.
    pub contacts: Vec<Contact>,
    /// What the sender may let the recipient have; nothing where a pair is missing.
    pub releases: BTreeMap<(PartyName, PartyName), ReleaseTerms>,
    /// Hours within which a recall is answered.
    pub recall_answer_hours: u32,
    /// Calendars.
    pub calendars: Vec<Calendar>,
    /// Promises that a machine can judge.
    pub commitments: Vec<Commitment>,
}

/// A party as the accord names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccordParty {
    /// Its name, as on its card.
    pub name: PartyName,
    /// Its name for people.
    pub title: Option<String>,
    /// The SHA-256 of its public root key (`card::root_hash`).
    pub root: Digest,
}

/// What each party's ledger must show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerTerms {
    /// Algorithms that every checkpoint and cosignature must bear; Ed25519 is always among them.
    pub signatures: Vec<SignatureAlgorithm>,
    /// How often heads are exchanged when nothing else is.
    pub heartbeat_minutes: u32,
    /// How far clocks may differ.
    pub clock_tolerance_seconds: u32,
    /// Cosignatures of other parties before a checkpoint counts.
    pub witnesses_min: u32,
    /// With whom an envelope is deposited when its recipient stays silent.
    pub deposit: Option<PartyName>,
    /// After how long a silence.
    pub deposit_after_minutes: u32,
}

/// A signature algorithm that an accord can demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureAlgorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ML-DSA-44 (FIPS 204).
    MlDsa44,
}

impl Word for SignatureAlgorithm {
    const WORDS: &'static [(&'static str, Self)] =
        &[("ed25519", Self::Ed25519), ("ml-dsa-44", Self::MlDsa44)];
}

impl SignatureAlgorithm {
    /// The word of cards and accords.
    pub fn as_str(self) -> &'static str {
        word(self)
    }
}

impl AccordText {
    /// Reads a text.
    pub fn parse(source: &str) -> Result<Self, TextError> {
        if source.len() > TEXT_BYTES_MAX {
            return Err(TextError::TooLong {
                bytes: source.len(),
            });
        }
        let lines = Lines::of(source);
        // In comments too: one that turns the writing direction can hide what binds.
        if let Some((offset, letter)) = hidden::find(source) {
            let line = lines.at(offset);
            let code = u32::from(letter);
            return Err(TextError::Hidden { line, code });
        }
        let table = DeTable::parse(source).map_err(|error| TextError::Syntax {
            line: lines.at(error.span().map_or(0, |span| span.start)),
            problem: error.message().replace('\n', ", "),
        })?;
        let content = read(&Section::top(&lines, table.get_ref())?)?;
        Ok(Self {
            source: source.to_owned(),
            hash: Digest::of(source.as_bytes()),
            content,
        })
    }

    /// The text, whose bytes are what is signed.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The SHA-256 of the text's bytes.
    pub const fn hash(&self) -> Digest {
        self.hash
    }

    /// What the text says.
    pub const fn content(&self) -> &Content {
        &self.content
    }

    /// What `from` may let `to` have; `None`: the accord says nothing, so nothing may go.
    pub fn terms(&self, from: &PartyName, to: &PartyName) -> Option<&ReleaseTerms> {
        self.content.releases.get(&(from.clone(), to.clone()))
    }

    /// A party by its name.
    pub fn party(&self, name: &PartyName) -> Option<&AccordParty> {
        self.content
            .parties
            .iter()
            .find(|party| party.name == *name)
    }
}

fn read(top: &Section<'_, '_>) -> Result<Content, TextError> {
    top.required("format")?.integer((1, 1))?;
    let version = top.required("version")?.integer((1, u32::MAX))?;
    let parties = read_parties(top)?;
    let names = Parties(parties.iter().map(|party| party.name.clone()).collect());
    let calendars = read_distinct(
        top,
        ("calendar", CALENDARS_MAX),
        contact::read_calendar,
        |each| each.id.clone(),
    )?;
    let commitments = read_distinct(
        top,
        ("commitment", COMMITMENTS_MAX),
        |section| read_commitment(section, &names, &calendars),
        |each| each.id.clone(),
    )?;
    let contacts = top.tables("contact", "contact", CONTACTS_MAX)?;
    let contacts = contacts
        .iter()
        .map(|section| contact::read_contact(section, &names));
    let releases = read_distinct(
        top,
        ("release", RELEASES_MAX),
        |section| release::read(section, &names),
        |(pair, _)| pair.clone(),
    )?;
    let recall = top.table("recall", "recall")?;
    let (effective, expires) = read_validity(top)?;
    Ok(Content {
        name: top.text("name", label)?,
        title: top.optional_text("title", plain)?,
        version,
        replaces: read_replaces(top, version)?,
        effective,
        expires,
        ledger: read_ledger(top, &names)?,
        channels: read_distinct(
            top,
            ("channel", CHANNELS_MAX),
            contact::read_channel,
            |each| each.name.clone(),
        )?,
        contacts: contacts.collect::<Result<_, _>>()?,
        releases: releases.into_iter().collect(),
        recall_answer_hours: recall.map_or(Ok(24), |section| {
            section.integer("answer_hours", 24, (1, 720))
        })?,
        calendars,
        commitments,
        parties,
    })
}

fn read_replaces(top: &Section<'_, '_>, version: u32) -> Result<Option<Digest>, TextError> {
    let replaces = top.optional_text("replaces", Digest::parse)?;
    match (version, replaces) {
        (1, Some(_)) => Err(top.conflict(
            "replaces",
            "must not stand in version 1; leave it out, or count the version up",
        )),
        (2.., None) => {
            let problem = "is missing; from version 2 on write the SHA-256 of the version before";
            Err(top.conflict("replaces", problem))
        }
        _ => Ok(replaces),
    }
}

fn read_validity(top: &Section<'_, '_>) -> Result<(Timestamp, Option<Timestamp>), TextError> {
    let effective = top.required("effective")?.time()?;
    let Some(found) = top.optional("expires") else {
        return Ok((effective, None));
    };
    let expires = found.time()?;
    if expires <= effective {
        return Err(found.conflict("must be later than effective"));
    }
    Ok((effective, Some(expires)))
}

fn read_parties(top: &Section<'_, '_>) -> Result<Vec<AccordParty>, TextError> {
    let parties = read_distinct(top, ("party", PARTIES_MAX), read_party, |party| {
        party.name.clone()
    })?;
    if parties.len() < 2 {
        return Err(top.conflict(
            "[[party]]",
            "must stand twice at least, once for each party",
        ));
    }
    for (index, party) in parties.iter().enumerate() {
        if parties
            .iter()
            .skip(index + 1)
            .any(|other| other.root == party.root)
        {
            let problem = format!(
                "of {} is another party's too; each party has a root key of its own",
                party.name
            );
            return Err(top.conflict("party root", problem));
        }
    }
    Ok(parties)
}

fn read_party(section: &Section<'_, '_>) -> Result<AccordParty, TextError> {
    Ok(AccordParty {
        name: section.text("name", |text| {
            PartyName::parse(text)
                .ok()
                .filter(|name| name.as_str() != EACH)
        })?,
        title: section.optional_text("title", plain)?,
        root: section.text("root", Digest::parse)?,
    })
}

fn read_ledger(top: &Section<'_, '_>, parties: &Parties) -> Result<LedgerTerms, TextError> {
    let default = LedgerTerms {
        signatures: vec![SignatureAlgorithm::Ed25519],
        heartbeat_minutes: 10,
        clock_tolerance_seconds: 300,
        witnesses_min: 1,
        deposit: None,
        deposit_after_minutes: 240,
    };
    let Some(section) = top.table("ledger", "ledger")? else {
        return Ok(default);
    };
    let signatures = section.words("signatures")?.unwrap_or(default.signatures);
    if !signatures.contains(&SignatureAlgorithm::Ed25519) {
        return Err(section.conflict(
            "signatures",
            "must contain \"ed25519\", which every node has",
        ));
    }
    let others = u32::try_from(parties.0.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let deposit = section.optional_text("deposit", |text| PartyName::parse(text).ok())?;
    let own = deposit
        .as_ref()
        .is_some_and(|name| parties.0.contains(name));
    if parties.0.len() == 2 && own {
        return Err(section.conflict(
            "deposit",
            "must be a third party; of two parties one is always the silent one",
        ));
    }
    Ok(LedgerTerms {
        signatures,
        heartbeat_minutes: section.integer(
            "heartbeat_minutes",
            default.heartbeat_minutes,
            (1, 1_440),
        )?,
        clock_tolerance_seconds: section.integer(
            "clock_tolerance_seconds",
            default.clock_tolerance_seconds,
            (0, 3_600),
        )?,
        witnesses_min: section.integer("witnesses_min", default.witnesses_min, (1, others))?,
        deposit,
        deposit_after_minutes: section.integer(
            "deposit_after_minutes",
            default.deposit_after_minutes,
            (1, 43_200),
        )?,
    })
}

fn read_commitment(
    section: &Section<'_, '_>,
    parties: &Parties,
    calendars: &[Calendar],
) -> Result<Commitment, TextError> {
    let commitment = commitment::read(section, parties)?;
    if let Some(named) = &commitment.calendar
        && !calendars.iter().any(|calendar| calendar.id == *named)
    {
        return Err(section.conflict(
            "calendar",
            format!("names {named:?}, which is no [[calendar]] of this accord; add it"),
        ));
    }
    Ok(commitment)
}

/// The tables of an array, no two under one name.
fn read_distinct<T, K: Ord + std::fmt::Debug>(
    top: &Section<'_, '_>,
    (key, count_max): (&'static str, usize),
    read: impl Fn(&Section<'_, '_>) -> Result<T, TextError>,
    name: impl Fn(&T) -> K,
) -> Result<Vec<T>, TextError> {
    let mut seen = BTreeMap::new();
    let mut all = Vec::new();
    for section in top.tables(key, key, count_max)? {
        let one = read(&section)?;
        if let Some(line) = seen.insert(name(&one), section.line()) {
            return Err(section.conflict(
                key,
                format!("says again what the one in line {line} says; keep one of them"),
            ));
        }
        all.push(one);
    }
    Ok(all)
}

/// The names of an accord's parties.
struct Parties(Vec<PartyName>);

impl Parties {
    fn named(&self, found: &Found<'_, '_>) -> Result<PartyName, TextError> {
        let text = found.string()?;
        let known = self.0.iter().find(|name| name.as_str() == text);
        known.cloned().ok_or_else(|| {
            let names: Vec<_> = self.0.iter().map(PartyName::as_str).collect();
            found.wrong(format!(
                "one of the parties of this accord: {}",
                names.join(", ")
            ))
        })
    }
}

/// A name within an accord: 1 to 64 of `a-z`, `0-9` and `-`.
fn label(text: &str) -> Option<String> {
    let letters = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (letters && (1..=64).contains(&text.len())).then(|| text.to_owned())
}

/// Any line of text; the reader has checked that it is one.
#[expect(
    clippy::unnecessary_wraps,
    reason = "has the shape of the other readers of text"
)]
fn plain(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Why a text is no accord.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Over the limit.
    #[error(
        "the accord is {bytes} bytes long; {TEXT_BYTES_MAX} are allowed: split it into two accords"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A character that shows a reader other words than those signed.
    #[error(
        "line {line}: holds the hidden character U+{code:04X}; remove it, and save the file without byte order mark"
    )]
    Hidden {
        /// The line, from 1.
        line: usize,
        /// The character.
        code: u32,
    },
    /// Not TOML.
    #[error("line {line}: {problem}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What the TOML parser says.
        problem: String,
    },
    /// A key that the format does not have.
    #[error("line {line}: {place} is no key of this table; it has: {known}")]
    UnknownKey {
        /// The line, from 1.
        line: usize,
        /// The key and its table.
        place: String,
        /// The keys that the table has.
        known: String,
    },
    /// A key is missing.
    #[error("line {line}: {place} is missing; write {write}")]
    Missing {
        /// The line of the table, from 1.
        line: usize,
        /// The key and its table.
        place: String,
        /// What to write.
        write: &'static str,
    },
    /// A value is not what must stand there.
    #[error("line {line}: {place} is {found}; write {write}")]
    Value {
        /// The line, from 1.
        line: usize,
        /// The key and its table.
        place: String,
        /// What stands there.
        found: String,
        /// What to write instead.
        write: String,
    },
    /// Two keys do not go together.
    #[error("line {line}: {place} {problem}")]
    Conflict {
        /// The line, from 1.
        line: usize,
        /// The key and its table.
        place: String,
        /// What is wrong and what to do.
        problem: String,
    },
}
