//! What every thread has besides its state: who opened it, what counted, what did not and why, what is disputed and what is
//! owed.
//!
//! In scope: replaying a thread, reading an event, disputes. Out of scope: states and rules (`request` and its siblings).

use std::collections::BTreeSet;

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::message::{Head, Message, ThreadId};
use crate::table::{Refusal, Row, Side, Word};
use crate::thread::{Entry, Fork, Missing, Thread};

/// What a thread's first message says of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The thread.
    pub id: ThreadId,
    /// Who opened it.
    pub opener: PartyName,
    /// The other party.
    pub responder: PartyName,
    /// The exercise to which it belongs.
    pub exercise: Option<Uuid>,
    /// Its label.
    pub label: Tlp,
}

impl Opening {
    /// That of a first message.
    pub(crate) fn of(head: &Head) -> Self {
        Self {
            id: head.thread,
            opener: head.author.clone(),
            responder: head.to.clone(),
            exercise: head.exercise,
            label: head.label,
        }
    }

    /// Which side a party is.
    pub fn side(&self, party: &PartyName) -> Side {
        if *party == self.opener {
            Side::Opener
        } else {
            Side::Responder
        }
    }

    /// The party of a side.
    pub const fn party(&self, side: Side) -> &PartyName {
        match side {
            Side::Opener => &self.opener,
            Side::Responder => &self.responder,
        }
    }

    /// Exercises and the real thing never mix within a thread.
    pub(crate) fn same_exercise<E: Word>(&self, kind: E, message: &Message) -> Result<(), Refusal> {
        if message.head().exercise == self.exercise {
            return Ok(());
        }
        let reason = "the message and its thread must belong to the same exercise, or both to none";
        Err(Refusal::content(kind, reason))
    }
}

/// A message that counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<S> {
    /// Author and place.
    pub place: String,
    /// The message.
    pub digest: Digest,
    /// What happened.
    pub event: &'static str,
    /// The officer.
    pub officer: String,
    /// When its author says that it was sent.
    pub sent: i64,
    /// When the other node had it.
    pub received: Option<i64>,
    /// The state after it.
    pub state: S,
}

/// A message that stands in the thread and changes nothing, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Void {
    /// Author and place.
    pub place: String,
    /// Its event's word.
    pub event: String,
    /// Why.
    pub reason: String,
}

/// What a thread has besides its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record<S> {
    /// The messages that counted, in order.
    pub steps: Vec<Step<S>>,
    /// Those that did not.
    pub voided: Vec<Void>,
    /// Messages that others name and that are not there.
    pub missing: Vec<Missing>,
    /// Places with two messages: neither counts.
    pub forks: Vec<Fork>,
    /// Messages that a side disputes, by digest.
    pub disputes: BTreeSet<(PartyName, String)>,
}

impl<S> Default for Record<S> {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            voided: Vec::new(),
            missing: Vec::new(),
            forks: Vec::new(),
            disputes: BTreeSet::new(),
        }
    }
}

impl<S> Record<S> {
    /// Whether a side disputes something, or messages contradict each other.
    pub fn is_disputed(&self) -> bool {
        !self.disputes.is_empty() || !self.forks.is_empty()
    }

    pub(crate) fn step<E: Word>(&mut self, entry: &Entry, kind: E, state: S) {
        let message = &entry.message;
        self.steps.push(Step {
            place: message.place(),
            digest: message.digest(),
            event: kind.word(),
            officer: message.head().officer.name.clone(),
            sent: message.sent_seconds(),
            received: entry.received,
            state,
        });
    }

    /// Whether a message counted, by its digest as text.
    pub(crate) fn has(&self, digest: &str) -> bool {
        self.steps
            .iter()
            .any(|step| step.digest.to_string() == digest)
    }

    /// A side disputes a message of the thread.
    pub(crate) fn dispute<E: Word>(
        &mut self,
        kind: E,
        author: &PartyName,
        named: &str,
    ) -> Result<(), Refusal> {
        if !self.has(named) {
            let reason = "name a message of this thread by its digest, as the thread's list of messages shows it";
            return Err(Refusal::content(kind, reason));
        }
        self.disputes.insert((author.clone(), named.to_owned()));
        Ok(())
    }

    /// A side takes its own dispute back.
    pub(crate) fn settle<E: Word>(
        &mut self,
        kind: E,
        author: &PartyName,
        named: &str,
    ) -> Result<(), Refusal> {
        if self.disputes.remove(&(author.clone(), named.to_owned())) {
            return Ok(());
        }
        let reason = "this side does not dispute that message";
        Err(Refusal::content(kind, reason))
    }
}

/// What somebody owes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    /// By when, seconds since 1970.
    pub at: i64,
    /// Who.
    pub by: Side,
    /// What, as a word of the command line.
    pub what: &'static str,
}

/// What a thread stands at: the first message that opens it does, each further one is applied, and what is refused counts for
/// nothing. A message in front of the one that opens is refused like any other: nobody can close a thread to the other side by
/// dating a message back.
pub(crate) fn replay<M, S>(
    thread: &Thread,
    open: fn(&Entry) -> Result<M, Refusal>,
    apply: impl Fn(&mut M, &Entry) -> Result<(), Refusal>,
    record: fn(&mut M) -> &mut Record<S>,
) -> Option<M> {
    let ordered = thread.ordered();
    let mut machine = None;
    let mut voided = Vec::new();
    for entry in &ordered.standing {
        let taken = match &mut machine {
            Some(machine) => apply(machine, entry),
            None => open(entry).map(|opened| machine = Some(opened)),
        };
        if let Err(refusal) = taken {
            voided.push(Void {
                place: entry.message.place(),
                event: entry.message.event().to_owned(),
                reason: refusal.to_string(),
            });
        }
    }
    let mut machine = machine?;
    let kept = record(&mut machine);
    kept.voided = voided;
    kept.missing = ordered.missing;
    kept.forks = ordered.forks;
    Some(machine)
}

/// Reads an event of a subject: its word, and what is said.
pub(crate) fn read<K: Word, E: DeserializeOwned>(
    subject: &'static str,
    word: &str,
    content: &Value,
) -> Result<(K, E), Refusal> {
    let kind = K::of(word).ok_or_else(|| Refusal::Event {
        subject,
        event: word.to_owned(),
    })?;
    let whole = serde_json::json!({ "event": word, "content": content });
    let event =
        serde_json::from_value(whole).map_err(|error| Refusal::content(kind, error.to_string()))?;
    Ok((kind, event))
}

/// An event's word and what it says, as a message carries them.
pub(crate) fn written(event: &impl Serialize) -> (String, Value) {
    let mut whole = serde_json::to_value(event).unwrap_or_default();
    let mut take = |name| whole.get_mut(name).map(Value::take).unwrap_or_default();
    let (word, content) = (take("event"), take("content"));
    (word.as_str().unwrap_or_default().to_owned(), content)
}

/// A first message must be the event that opens, in a role of its row.
pub(crate) fn opens<S: Word, E: Word>(
    table: &'static [Row<S, E>],
    message: &Message,
    (kind, opening): (E, E),
) -> Result<(), Refusal> {
    if kind != opening {
        let reason = format!("the thread begins with {}", opening.word());
        return Err(Refusal::content(kind, reason));
    }
    let row = table.iter().find(|row| row.event == opening);
    let roles = row.map_or(&[][..], |row| row.roles);
    let role = message.head().officer.role;
    if roles.contains(&role) {
        return Ok(());
    }
    let needed: Vec<&str> = roles.iter().map(|role| role.word()).collect();
    Err(Refusal::Role {
        event: kind.word(),
        role: role.word(),
        needed: needed.join(" or "),
    })
}

/// A STIX timestamp in seconds since 1970.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let at = Timestamp::parse(text).ok()?;
    Some(at.micros().div_euclid(1_000_000))
}

/// Seconds since 1970 as a STIX timestamp; nothing where no timestamp can say it.
pub fn stamp(seconds: i64) -> String {
    let at = seconds
        .checked_mul(1_000_000)
        .and_then(Timestamp::from_micros);
    at.map_or_else(String::new, Timestamp::to_stix)
}

/// A date that somebody names, in seconds since 1970.
pub(crate) fn date<E: Word>(kind: E, text: &str) -> Result<i64, Refusal> {
    let reason = "the date must be a time such as 2026-12-01T00:00:00Z";
    seconds(text).ok_or_else(|| Refusal::content(kind, reason))
}

/// A date that lies ahead.
pub(crate) fn ahead<E: Word>(kind: E, text: &str, now: i64) -> Result<i64, Refusal> {
    match date(kind, text)? {
        at if at > now => Ok(at),
        _ => Err(Refusal::content(kind, "the date must lie ahead")),
    }
}
