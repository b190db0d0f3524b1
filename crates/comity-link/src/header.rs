//! The envelope's header: a canonical text note, signed with the sender's envelope key.
//!
//! It says who obliged themselves to whom, in which place of which channel, and commits to the payload without showing
//! it. Its digest, taken with the signature lines, is the envelope's identity: the same envelope sent twice, by any
//! channel, is one envelope.
//!
//! In scope: the lines, both ways; only one spelling is read. Out of scope: whose key counts, what may be said.
//! Limits: [`HEADER_BYTES_MAX`].

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_ledger::key::{SigningKey, VerifierKey};
use comity_ledger::note::Note;
use sha2::{Digest as _, Sha256};

use crate::channel::ChannelId;
use crate::payload::Kind;

/// The longest header with its signatures: two signatures of ML-DSA-44 and more.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// The smallest size that a header tells; larger ones are powers of two.
pub const SIZE_BYTES_MIN: u64 = 256;

const TITLE: &str = "comity-env/v1";

/// An envelope's identity: SHA-256 of its signed header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvelopeId(pub [u8; 32]);

impl fmt::Display for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The newest head of the recipient's log that the sender knew: the header was made after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The log's origin, with its epoch.
    pub origin: String,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: [u8; 32],
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The sender's log, without its epoch.
    pub from: String,
    /// The epoch of the sender's log.
    pub epoch: u32,
    /// The recipient's log, without its epoch.
    pub to: String,
    /// The channel.
    pub channel: ChannelId,
    /// The place in the channel, from 1 in each epoch.
    pub seq: u64,
    /// The envelope before it in the channel; none for the first of an epoch.
    pub prev: Option<EnvelopeId>,
    /// What the payload is.
    pub kind: Kind,
    /// The commitment to the payload.
    pub commit: [u8; 32],
    /// The payload's size, rounded up by [`bucket`].
    pub size: u64,
    /// When it was made: seconds since 1970.
    pub created: u64,
    /// By when an answer is due: seconds since 1970.
    pub due: Option<u64>,
    /// What the sender had seen of the recipient's log.
    pub seen: Option<Seen>,
}

/// A header with its signatures, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHeader {
    header: Header,
    note: Vec<u8>,
    id: EnvelopeId,
}

/// Why bytes are no header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Too long.
    #[error("the header is longer than {HEADER_BYTES_MAX} bytes")]
    TooLong,
    /// Not a signed note.
    #[error("the header is no signed note: {0}")]
    Note(String),
    /// Not signed by a key that counts.
    #[error("the header is not signed by the sender's envelope key: {0}")]
    Signature(String),
    /// A line is missing, double, or written another way.
    #[error("the header's line {0:?} is not as comity-env/v1 has it")]
    Line(&'static str),
}

/// A size as headers tell it: the next power of two, so that it says little about the content.
pub fn bucket(bytes: u64) -> u64 {
    bytes.max(SIZE_BYTES_MIN).next_power_of_two()
}

impl Header {
    /// The text that is signed.
    pub fn text(&self) -> String {
        let prev = self.prev.map_or("-".to_owned(), |id| STANDARD.encode(id.0));
        let due = self.due.map_or("-".to_owned(), |due| due.to_string());
        let seen = self.seen.as_ref().map_or("-".to_owned(), |seen| {
            format!(
                "{} {} {}",
                seen.origin,
                seen.size,
                STANDARD.encode(seen.root)
            )
        });
        format!(
            "{TITLE}\nfrom {} {}\nto {}\nchannel {}\nseq {}\nprev {prev}\nkind {}\ncommit {}\nsize {}\ncreated {}\ndue {due}\nseen {seen}\n",
            self.from,
            self.epoch,
            self.to,
            self.channel,
            self.seq,
            self.kind.word(),
            STANDARD.encode(self.commit),
            self.size,
            self.created,
        )
    }

    /// Signs it.
    pub fn sign(self, keys: &[&SigningKey]) -> SignedHeader {
        let text = self.text();
        let signatures = keys.iter().map(|key| key.sign_note(&text)).collect();
        let note = Note::new(text, signatures).expect("invariant: a header's lines are a note's");
        let note = note.to_string().into_bytes();
        let id = EnvelopeId(Sha256::digest(&note).into());
        SignedHeader {
            header: self,
            note,
            id,
        }
    }

    fn parse(text: &str) -> Result<Self, HeaderError> {
        let mut lines = text.lines();
        if lines.next() != Some(TITLE) {
            return Err(HeaderError::Line(TITLE));
        }
        let mut line = |name: &'static str| {
            let value = lines
                .next()
                .and_then(|line| line.strip_prefix(name))
                .and_then(|rest| rest.strip_prefix(' '));
            value.ok_or(HeaderError::Line(name))
        };
        let (from, epoch) = line("from")?
            .split_once(' ')
            .ok_or(HeaderError::Line("from"))?;
        let header = Self {
            from: from.to_owned(),
            epoch: u32::try_from(number(epoch, "from")?).map_err(|_| HeaderError::Line("from"))?,
            to: line("to")?.to_owned(),
            channel: ChannelId::parse(line("channel")?).ok_or(HeaderError::Line("channel"))?,
            seq: number(line("seq")?, "seq")?,
            prev: optional(line("prev")?, |text| hash(text, "prev").map(EnvelopeId))?,
            kind: Kind::parse(line("kind")?).ok_or(HeaderError::Line("kind"))?,
            commit: hash(line("commit")?, "commit")?,
            size: number(line("size")?, "size")?,
            created: number(line("created")?, "created")?,
            due: optional(line("due")?, |text| number(text, "due"))?,
            seen: optional(line("seen")?, seen)?,
        };
        // Whatever was read loosely shows here: one meaning has one spelling.
        if header.text() == text {
            Ok(header)
        } else {
            Err(HeaderError::Line("spelling"))
        }
    }
}

impl SignedHeader {
    /// Reads a header and checks its signatures against the sender's keys.
    pub fn open(note: &[u8], keys: &[VerifierKey]) -> Result<Self, HeaderError> {
        let (header, parsed) = read(note)?;
        parsed
            .verify(keys)
            .map_err(|error| HeaderError::Signature(error.to_string()))?;
        Ok(Self {
            header,
            note: note.to_vec(),
            id: EnvelopeId(Sha256::digest(note).into()),
        })
    }

    /// What it says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Its bytes, with the signature lines.
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// The envelope's identity.
    pub fn id(&self) -> EnvelopeId {
        self.id
    }
}

/// Reads a header without checking who signed it: to find out whose keys to ask for.
pub fn peek(note: &[u8]) -> Result<Header, HeaderError> {
    read(note).map(|(header, _)| header)
}

fn read(bytes: &[u8]) -> Result<(Header, Note), HeaderError> {
    if bytes.len() > HEADER_BYTES_MAX {
        return Err(HeaderError::TooLong);
    }
    let note = Note::parse(bytes).map_err(|error| HeaderError::Note(error.to_string()))?;
    Ok((Header::parse(note.text())?, note))
}

fn number(text: &str, line: &'static str) -> Result<u64, HeaderError> {
    text.parse().map_err(|_| HeaderError::Line(line))
}

fn hash(text: &str, line: &'static str) -> Result<[u8; 32], HeaderError> {
    let bytes = STANDARD.decode(text).map_err(|_| HeaderError::Line(line))?;
    bytes.try_into().map_err(|_| HeaderError::Line(line))
}

fn optional<T>(
    text: &str,
    read: impl FnOnce(&str) -> Result<T, HeaderError>,
) -> Result<Option<T>, HeaderError> {
    if text == "-" {
        Ok(None)
    } else {
        read(text).map(Some)
    }
}

fn seen(text: &str) -> Result<Seen, HeaderError> {
    let mut words = text.split(' ');
    let mut word = || words.next().ok_or(HeaderError::Line("seen"));
    let (origin, size, root) = (word()?, word()?, word()?);
    Ok(Seen {
        origin: origin.to_owned(),
        size: number(size, "seen")?,
        root: hash(root, "seen")?,
    })
}

#[cfg(test)]
mod tests;
