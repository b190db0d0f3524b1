//! Messages: one act of one party about one subject, as a STIX object of a type of our own.
//!
//! A message is a domain object (STIX 2.1 section 7.3.2, `new-sdo`), so that any TAXII client can carry and show it.
//! Its author numbers the messages about a subject and chains them; `seen` names the newest message of the other party that
//! the author knew, which is all the order that there is between the two. Its identity is the SHA-256 of its bytes as sent.
//!
//! In scope: reading, writing and what every message has. Out of scope: what its event means (`request` and its
//! siblings), order (`thread`), signatures (the envelope has them).
//! Limits: [`MESSAGE_BYTES_MAX`], [`WORDS_BYTES_MAX`].

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use comity_stix::id::ObjectId;
use comity_stix::marking::{Tlp, definition_id};
use comity_stix::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The largest message. Files travel as evidence, not in messages.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// The longest name of a person, a role or an event.
pub const WORDS_BYTES_MAX: usize = 256;
/// The STIX type of messages.
pub const MESSAGE_TYPE: &str = "comity-message";
/// The extension that defines the type.
pub const EXTENSION_ID: &str = "extension-definition--6f2d1c3e-3a0b-4f0f-9a57-1f6f5f6c7a10";

/// What a thread is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A request for assistance.
    Request,
    /// A case that both work on.
    Case,
    /// A hotline call.
    Call,
    /// A check of a point of contact.
    Check,
    /// An evidence item and its custody.
    Evidence,
    /// An exercise.
    Exercise,
    /// An incident that is reported on in stages.
    Incident,
    /// The review of a period.
    Review,
    /// A party's profile as another one has it.
    Profile,
    /// An address that a party gave another one.
    Address,
}

impl Subject {
    /// Every subject.
    pub const ALL: [Self; 10] = [
        Self::Request,
        Self::Case,
        Self::Call,
        Self::Check,
        Self::Evidence,
        Self::Exercise,
        Self::Incident,
        Self::Review,
        Self::Profile,
        Self::Address,
    ];

    /// Its word, in front of a thread's number.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Case => "case",
            Self::Call => "call",
            Self::Check => "check",
            Self::Evidence => "evidence",
            Self::Exercise => "exercise",
            Self::Incident => "incident",
            Self::Review => "review",
            Self::Profile => "profile",
            Self::Address => "address",
        }
    }

    /// The subject of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.word() == word)
    }
}

/// Names a thread: its subject and a number that whoever opens it draws at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId {
    subject: Subject,
    number: Uuid,
}

impl ThreadId {
    /// A thread's name.
    pub const fn new(subject: Subject, number: Uuid) -> Self {
        Self { subject, number }
    }

    /// What it is about.
    pub const fn subject(self) -> Subject {
        self.subject
    }

    /// Its number.
    pub const fn number(self) -> Uuid {
        self.number
    }

    /// Reads `request--UUID`.
    pub fn parse(text: &str) -> Option<Self> {
        let (word, number) = text.split_once("--")?;
        let subject = Subject::parse(word)?;
        let number = Uuid::parse_str(number).ok()?;
        let id = Self { subject, number };
        // One spelling only: a thread is found by its text.
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for ThreadId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}--{}", self.subject.word(), self.number.hyphenated())
    }
}

impl FromStr for ThreadId {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or(MessageError::Property {
            name: "thread",
            expected: "a subject, `--` and a UUID, such as request--2b9c…",
        })
    }
}

/// The role in which a person acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Prepares.
    Analyst,
    /// Answers requests and the hotline.
    Duty,
    /// Decides what leaves the house.
    Releaser,
    /// The program itself, for what no person decides.
    Node,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Analyst, Self::Duty, Self::Releaser, Self::Node];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Analyst => "analyst",
            Self::Duty => "duty",
            Self::Releaser => "releaser",
            Self::Node => "node",
        }
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|each| each.word() == word)
    }
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Officer {
    /// The person, by function: "duty officer".
    pub name: String,
    /// In which role.
    pub role: Role,
    /// The second person who looked at it, where two are needed.
    pub second: Option<String>,
}

impl Officer {
    /// The second person, where it is not the first one again.
    pub fn other_person(&self) -> Option<&str> {
        self.second.as_deref().filter(|second| *second != self.name)
    }
}

/// What a message says besides its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The subject that it is about.
    pub thread: ThreadId,
    /// Who says it.
    pub author: PartyName,
    /// To whom.
    pub to: PartyName,
    /// Its place among the author's messages of this thread, from 1.
    pub seq: u32,
    /// The author's message before it; none for the first.
    pub prev: Option<Digest>,
    /// The newest message of the other party that the author knew.
    pub seen: Option<Digest>,
    /// When the author says that it was made.
    pub sent: Timestamp,
    /// Who acted.
    pub officer: Officer,
    /// Its label.
    pub label: Tlp,
    /// The exercise to which it belongs; none: it is meant.
    pub exercise: Option<Uuid>,
    /// The recipient's person for whom alone it is, by address: TLP:RED is bound to persons.
    pub person: Option<String>,
}

/// A message: its bytes, and what they say. A copy costs nothing: it never changes.
#[derive(Clone, Debug)]
pub struct Message(Arc<Said>);

#[derive(Debug)]
struct Said {
    text: String,
    id: String,
    digest: Digest,
    head: Head,
    event: String,
    content: serde_json::Value,
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.0.digest == other.0.digest
    }
}

impl Eq for Message {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    #[serde(rename = "type")]
    kind: String,
    spec_version: String,
    id: String,
    created: String,
    modified: String,
    object_marking_refs: Vec<String>,
    #[serde(borrow)]
    extensions: &'a RawValue,
    thread: String,
    author: String,
    to: String,
    seq: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prev: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<String>,
    officer: String,
    role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exercise: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    event: String,
    content: serde_json::Value,
}

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// Too long.
    #[error(
        "the message has {bytes} bytes; the limit is {MESSAGE_BYTES_MAX}: send files as evidence"
    )]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// No JSON of this form.
    #[error("the message cannot be read: {0}")]
    Form(String),
    /// A property says something else than it may.
    #[error("the message's {name} must be {expected}")]
    Property {
        /// The property.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl Message {
    /// Makes a message.
    pub fn write(
        head: Head,
        id: Uuid,
        event: &str,
        content: serde_json::Value,
    ) -> Result<Self, MessageError> {
        let extensions = format!(r#"{{"{EXTENSION_ID}":{{"extension_type":"new-sdo"}}}}"#);
        let extensions = RawValue::from_string(extensions)
            .map_err(|error| MessageError::Form(error.to_string()))?;
        let sent = head.sent.to_stix();
        let wire = Wire {
            kind: MESSAGE_TYPE.to_owned(),
            spec_version: "2.1".to_owned(),
            id: format!("{MESSAGE_TYPE}--{}", id.hyphenated()),
            created: sent.clone(),
            modified: sent,
            object_marking_refs: vec![definition_id(head.label).to_string()],
            extensions: &extensions,
            thread: head.thread.to_string(),
            author: head.author.to_string(),
            to: head.to.to_string(),
            seq: head.seq,
            prev: head.prev.map(|digest| digest.to_string()),
            seen: head.seen.map(|digest| digest.to_string()),
            officer: head.officer.name,
            role: head.officer.role.word().to_owned(),
            second: head.officer.second,
            exercise: head.exercise.map(|id| id.hyphenated().to_string()),
            person: head.person,
            event: event.to_owned(),
            content,
        };
        let text =
            serde_json::to_string(&wire).map_err(|error| MessageError::Form(error.to_string()))?;
        // What is written is read back: nothing leaves that the other side would refuse.
        Self::parse(&text)
    }

    /// Reads a message.
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        if text.len() > MESSAGE_BYTES_MAX {
            return Err(MessageError::TooLong { bytes: text.len() });
        }
        let wire: Wire<'_> =
            serde_json::from_str(text).map_err(|error| MessageError::Form(error.to_string()))?;
        let head = head(&wire)?;
        short("event", &wire.event)?;
        Ok(Self(Arc::new(Said {
            digest: Digest::of(text.as_bytes()),
            text: text.to_owned(),
            id: wire.id,
            head,
            event: wire.event,
            content: wire.content,
        })))
    }

    /// The bytes, as they are sent and kept.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Its id as a STIX object.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Its identity: the SHA-256 of its bytes.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// What every message says.
    pub fn head(&self) -> &Head {
        &self.0.head
    }

    /// The word of its event.
    pub fn event(&self) -> &str {
        &self.0.event
    }

    /// What the event says, as JSON.
    pub fn content(&self) -> &serde_json::Value {
        &self.0.content
    }

    /// When its author says that it was made, seconds since 1970: clocks of threads count whole seconds.
    pub fn sent_seconds(&self) -> i64 {
        self.0.head.sent.micros().div_euclid(1_000_000)
    }

    /// How a person finds it: author and place, `bravo/3`.
    pub fn place(&self) -> String {
        format!("{}/{}", self.0.head.author, self.0.head.seq)
    }
}

fn head(wire: &Wire<'_>) -> Result<Head, MessageError> {
    let wrong = |name, expected| MessageError::Property { name, expected };
    let id = ObjectId::parse(&wire.id).ok();
    if wire.kind != MESSAGE_TYPE || wire.spec_version != "2.1" {
        return Err(wrong("type", "comity-message, of STIX 2.1"));
    }
    if id.is_none_or(|id| id.type_name() != MESSAGE_TYPE) {
        return Err(wrong("id", "comity-message-- and a UUID"));
    }
    if !wire.extensions.get().contains(EXTENSION_ID) {
        return Err(wrong("extensions", "the one that defines comity-message"));
    }
    let sent = Timestamp::parse(&wire.created)
        .map_err(|_| wrong("created", "a STIX timestamp, the same as modified"))?;
    if wire.created != wire.modified {
        return Err(wrong(
            "modified",
            "the same as created: messages do not change",
        ));
    }
    let party =
        |name, text: &str| PartyName::parse(text).map_err(|_| wrong(name, "the name of a party"));
    let digest = |name, text: &Option<String>| {
        let read = |text: &String| Digest::parse(text).ok_or(wrong(name, "64 hexadecimal digits"));
        text.as_ref().map(read).transpose()
    };
    let label = label(&wire.object_marking_refs);
    let exercise = wire.exercise.as_deref().map(Uuid::parse_str).transpose();
    short("officer", &wire.officer)?;
    short("second", wire.second.as_deref().unwrap_or("-"))?;
    short("person", wire.person.as_deref().unwrap_or("-"))?;
    let head = Head {
        thread: wire.thread.parse()?,
        author: party("author", &wire.author)?,
        to: party("to", &wire.to)?,
        seq: wire.seq,
        prev: digest("prev", &wire.prev)?,
        seen: digest("seen", &wire.seen)?,
        sent,
        officer: Officer {
            name: wire.officer.clone(),
            role: Role::parse(&wire.role)
                .ok_or(wrong("role", "analyst, duty, releaser or node"))?,
            second: wire.second.clone(),
        },
        label: label.ok_or(wrong("object_marking_refs", "one TLP marking definition"))?,
        exercise: exercise.map_err(|_| wrong("exercise", "a UUID"))?,
        person: wire.person.clone(),
    };
    if head.author == head.to {
        return Err(wrong("to", "another party than the author"));
    }
    if (head.seq == 1) != head.prev.is_none() || head.seq == 0 {
        return Err(wrong(
            "prev",
            "there from the second message on, and not before",
        ));
    }
    Ok(head)
}

fn label(refs: &[String]) -> Option<Tlp> {
    let [one] = refs else { return None };
    Tlp::of(&ObjectId::parse(one).ok()?)
}

/// Names are for people to read: a line of text that shows what it says.
fn short(name: &'static str, text: &str) -> Result<(), MessageError> {
    let plain = !text.trim().is_empty() && !text.chars().any(char::is_control);
    if plain && text.len() <= WORDS_BYTES_MAX {
        Ok(())
    } else {
        Err(MessageError::Property {
            name,
            expected: "one line of text, 256 bytes at most",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head {
            thread: ThreadId::new(Subject::Request, Uuid::from_u128(7)),
            author: PartyName::parse("alpha").unwrap(),
            to: PartyName::parse("bravo").unwrap(),
            seq: 1,
            prev: None,
            seen: None,
            sent: Timestamp::parse("2026-10-01T08:00:00Z").unwrap(),
            officer: Officer {
                name: "duty officer".to_owned(),
                role: Role::Duty,
                second: None,
            },
            label: Tlp::Amber,
            exercise: None,
            person: None,
        }
    }

    #[test]
    fn a_message_says_again_what_was_written() {
        let content = serde_json::json!({"asked": "日志"});
        let made = Message::write(head(), Uuid::from_u128(9), "send", content.clone()).unwrap();
        let read = Message::parse(made.text()).unwrap();
        assert_eq!((read.head(), read.event()), (&head(), "send"));
        assert_eq!(read.content(), &content);
        assert_eq!(read.place(), "alpha/1");
    }

    #[test]
    fn a_message_is_a_stix_object_that_admission_takes() {
        let made =
            Message::write(head(), Uuid::from_u128(9), "send", serde_json::json!({})).unwrap();
        let id = comity_stix::id::ObjectId::parse(
            "comity-message--00000000-0000-0000-0000-000000000009",
        );
        assert!(id.is_ok() && made.text().contains("\"spec_version\":\"2.1\""));
    }

    #[test]
    fn the_published_schema_has_the_properties_that_are_read() {
        let schema = include_str!("../../../docs/schemas/comity-message.json");
        let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
        let mut full = head();
        full.seq = 2;
        full.prev = Some(Digest::of(b"1"));
        full.seen = Some(Digest::of(b"2"));
        full.officer.second = Some("head of desk".to_owned());
        full.exercise = Some(Uuid::from_u128(3));
        full.person = Some("desk@bravo.example".to_owned());
        let made = Message::write(full, Uuid::from_u128(9), "send", serde_json::json!({})).unwrap();
        let made: serde_json::Value = serde_json::from_str(made.text()).unwrap();
        let names = |value: &serde_json::Value| {
            value
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        let (mut written, mut described) = (names(&made), names(&schema["properties"]));
        written.sort();
        described.sort();
        assert_eq!(written, described);
        let definition = include_str!("../../../docs/schemas/extension-definition.json");
        assert!(definition.contains(EXTENSION_ID) && schema.to_string().contains(EXTENSION_ID));
    }

    #[test]
    fn other_spellings_and_impossible_places_are_refused() {
        let check = |change: fn(&mut Head)| {
            let mut head = head();
            change(&mut head);
            Message::write(head, Uuid::from_u128(9), "send", serde_json::json!({})).unwrap_err()
        };
        check(|head| head.seq = 0);
        check(|head| head.seq = 2);
        check(|head| head.to = head.author.clone());
        check(|head| head.officer.name = "two\nlines".to_owned());
        check(|head| head.officer.name = "x".repeat(300));
        assert!(Message::parse("{}").is_err());
        assert!(ThreadId::parse("request--00000000000000000000000000000007").is_none());
    }
}
