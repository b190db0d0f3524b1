//! A batch: what one node has for another at one moment, with a signed word in front that says from whom.
//!
//! A batch is answered with a batch, so a node without an inbound port says and hears everything in calls of its own. The word
//! in front lets the other side hand over what waits; each message still proves itself.
//!
//! In scope: the bytes, and the checks of the word in front. Out of scope: whether its time is new.
//! Limits: [`BATCH_BYTES_MAX`], [`MESSAGES_MAX`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_ledger::key::{SigningKey, VerifierKey};
use comity_ledger::note::Note;
use sha2::{Digest as _, Sha256};

use crate::frame::{Broken, Reader, Writer};
use crate::message::{Message, MessageError};

/// The largest batch.
pub const BATCH_BYTES_MAX: usize = 32 * 1024 * 1024;
/// What a sender puts into one batch before it closes it.
pub const BATCH_BYTES_FULL: usize = 4 * 1024 * 1024;
/// Messages in one batch.
pub const MESSAGES_MAX: usize = 4_096;
/// Cards and revocations in front of a batch.
pub const LEADING_MAX: usize = 64;

const MAGIC: &[u8] = b"comity-batch/v1\n";
const TITLE: &str = "comity-hello/v1";

/// The word in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The sender's log, without its epoch.
    pub from: String,
    /// The recipient's log, without its epoch.
    pub to: String,
    /// When: microseconds since 1970, rising with each batch of this sender to this recipient.
    pub time: u64,
    /// The batch that this one answers: its digest.
    pub answers: Option<[u8; 32]>,
}

/// A batch that was read and whose word in front names its sender; not yet checked.
#[derive(Debug)]
pub struct Batch<'a> {
    hello: Hello,
    note: Note,
    digest: [u8; 32],
    messages: &'a [u8],
}

/// Why bytes are no batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// Not the format, or cut off.
    #[error("the bytes are no whole comity-batch/v1")]
    Format,
    /// Too much.
    #[error("a batch holds at most {BATCH_BYTES_MAX} bytes and {MESSAGES_MAX} messages")]
    TooLarge,
    /// The word in front does not belong to these messages, or is not by the party that it names.
    #[error("the batch is not by the party that it names: {0}")]
    Signature(String),
}

impl From<Broken> for BatchError {
    fn from(_: Broken) -> Self {
        Self::Format
    }
}

impl From<MessageError> for BatchError {
    fn from(_: MessageError) -> Self {
        Self::Format
    }
}

/// The digest of a batch's bytes, by which an answer names it.
pub fn digest(batch: &[u8]) -> [u8; 32] {
    Sha256::digest(batch).into()
}

/// Writes a batch.
pub fn write(hello: &Hello, messages: &[Message], key: &SigningKey) -> Vec<u8> {
    let body = messages
        .iter()
        .fold(Writer::default(), |body, message| {
            body.bytes(&message.encode())
        })
        .done();
    let text = text(hello, &body);
    let signatures = vec![key.sign_note(&text)];
    let note = Note::new(text, signatures).expect("invariant: a hello's lines are a note's");
    let note = note.to_string();
    let mut bytes = Writer::new(MAGIC).bytes(note.as_bytes()).done();
    bytes.extend_from_slice(&body);
    bytes
}

/// Reads a batch's word in front.
pub fn read(bytes: &[u8]) -> Result<Batch<'_>, BatchError> {
    if bytes.len() > BATCH_BYTES_MAX {
        return Err(BatchError::TooLarge);
    }
    let rest = bytes.strip_prefix(MAGIC).ok_or(BatchError::Format)?;
    let mut reader = Reader::new(rest);
    let note = Note::parse(reader.bytes()?).map_err(|_| BatchError::Format)?;
    let messages = reader.rest();
    let hello = parse(note.text()).ok_or(BatchError::Format)?;
    if text(&hello, messages) != note.text() {
        let why = "the messages are not those that were signed";
        return Err(BatchError::Signature(why.to_owned()));
    }
    Ok(Batch {
        hello,
        note,
        digest: digest(bytes),
        messages,
    })
}

impl Batch<'_> {
    /// Who says it is from whom; true only after [`Self::open`].
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The digest by which an answer names this batch.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The cards and revocations in front, before anybody's signature on the batch is checked: they are signed by the sender's
    /// root, and may explain the key that signed the batch.
    pub fn leading(&self) -> Vec<Message> {
        let mut reader = Reader::new(self.messages);
        let mut leading = Vec::new();
        while leading.len() < LEADING_MAX && !reader.is_empty() {
            let message = reader
                .bytes()
                .ok()
                .filter(|bytes| matches!(bytes.first(), Some(b'K' | b'V')));
            let Some(Ok(message)) = message.map(Message::decode) else {
                break;
            };
            leading.push(message);
        }
        leading
    }

    /// The messages, once the word in front is found signed with one of these envelope keys.
    pub fn open(&self, keys: &[VerifierKey]) -> Result<Vec<Message>, BatchError> {
        self.note
            .verify(keys)
            .map_err(|error| BatchError::Signature(error.to_string()))?;
        let mut reader = Reader::new(self.messages);
        let mut messages = Vec::new();
        while !reader.is_empty() {
            if messages.len() == MESSAGES_MAX {
                return Err(BatchError::TooLarge);
            }
            messages.push(Message::decode(reader.bytes()?)?);
        }
        Ok(messages)
    }
}

fn text(hello: &Hello, body: &[u8]) -> String {
    let answers = hello
        .answers
        .map_or("-".to_owned(), |digest| STANDARD.encode(digest));
    format!(
        "{TITLE}\nfrom {}\nto {}\ntime {}\nanswers {answers}\ndigest {}\n",
        hello.from,
        hello.to,
        hello.time,
        STANDARD.encode(Sha256::digest(body)),
    )
}

fn parse(text: &str) -> Option<Hello> {
    let mut lines = text.lines();
    if lines.next()? != TITLE {
        return None;
    }
    let mut line = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
    Some(Hello {
        from: line("from")?.to_owned(),
        to: line("to")?.to_owned(),
        time: line("time")?.parse().ok()?,
        answers: match line("answers")? {
            "-" => None,
            digest => Some(STANDARD.decode(digest).ok()?.try_into().ok()?),
        },
    })
}

#[cfg(test)]
mod tests {
    use comity_ledger::key::{SignatureType, SigningKey};

    use super::{BatchError, Hello, read, write};
    use crate::message::{Cosigned, Message};

    #[test]
    fn opens_with_the_senders_key_alone_and_only_unchanged() {
        let key = |seed| {
            SigningKey::from_seed(
                "alpha.example/envelope",
                SignatureType::Ed25519,
                &[seed; 32],
            )
            .unwrap()
        };
        let hello = Hello {
            from: "alpha.example/log".to_owned(),
            to: "bravo.example/log".to_owned(),
            time: 5,
            answers: Some([3; 32]),
        };
        let message = Message::Cosigned(Cosigned {
            origin: "x".to_owned(),
            size: 1,
            lines: b"y".to_vec(),
        });
        let mut bytes = write(&hello, std::slice::from_ref(&message), &key(1));
        let batch = read(&bytes).unwrap();
        assert_eq!(batch.hello(), &hello);
        assert_eq!(batch.open(&[key(1).verifier()]), Ok(vec![message]));
        assert!(matches!(
            batch.open(&[key(2).verifier()]),
            Err(BatchError::Signature(_))
        ));
        let last = bytes.len() - 1;
        assert!(read(bytes.get(..last).unwrap()).is_err());
        *bytes.last_mut().unwrap() ^= 1;
        assert!(matches!(read(&bytes), Err(BatchError::Signature(_))));
    }
}
