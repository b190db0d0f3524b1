//! Scripts for tests: two parties that talk, with times that the test names.
//!
//! In scope: making threads. Out of scope: production.

use comity_accord::party::PartyName;
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::message::{Head, Message, Officer, Role, Subject, ThreadId};
use crate::table::Side;
use crate::thread::{Entry, Thread};

/// Seconds since 1970 at which scripts begin: a Monday, 2026-10-05 at eight.
pub(crate) const START: i64 = 1_791_187_200;
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 86_400;

/// Two parties that talk.
pub(crate) struct Script {
    pub(crate) id: ThreadId,
    pub(crate) entries: Vec<Entry>,
    pub(crate) label: Tlp,
    pub(crate) exercise: Option<Uuid>,
    pub(crate) second: Option<&'static str>,
}

pub(crate) fn party(side: Side) -> PartyName {
    let name = match side {
        Side::Opener => "alpha",
        Side::Responder => "bravo",
    };
    PartyName::parse(name).unwrap()
}

impl Script {
    pub(crate) fn new(subject: Subject) -> Self {
        Self {
            id: ThreadId::new(subject, Uuid::from_u128(0x4000_8000_0000_0000_0001)),
            entries: Vec::new(),
            label: Tlp::Amber,
            exercise: None,
            second: None,
        }
    }

    /// Says something `after` seconds from the start; the other side's node has it a second later.
    pub(crate) fn say(&mut self, side: Side, after: i64, event: &str, content: Value) -> &mut Self {
        self.say_as((side, Role::Releaser), after, event, content)
    }

    pub(crate) fn say_as(
        &mut self,
        (side, role): (Side, Role),
        after: i64,
        event: &str,
        content: Value,
    ) -> &mut Self {
        let author = party(side);
        let last = |author: &PartyName| {
            self.entries
                .iter()
                .rfind(|entry| entry.message.head().author == *author)
                .map(|entry| (entry.message.digest(), entry.message.head().seq))
        };
        let own = last(&author);
        let head = Head {
            thread: self.id,
            to: party(side.other()),
            seq: own.map_or(1, |(_, seq)| seq + 1),
            prev: own.map(|(digest, _)| digest),
            seen: last(&party(side.other())).map(|(digest, _)| digest),
            sent: Timestamp::from_micros((START + after) * 1_000_000).unwrap(),
            officer: Officer {
                name: "duty officer".to_owned(),
                role,
                second: self.second.map(ToOwned::to_owned),
            },
            label: self.label,
            exercise: self.exercise,
            person: None,
            author,
        };
        let number = u128::try_from(self.entries.len()).unwrap();
        let message = Message::write(head, Uuid::from_u128(number), event, content).unwrap();
        self.entries.push(Entry {
            message,
            received: Some(START + after + 1),
        });
        self
    }

    /// What stands, whatever the order in which the messages come.
    pub(crate) fn thread(&self) -> Thread {
        let forward = Thread::of(self.entries.clone()).unwrap();
        let backward = Thread::of(self.entries.iter().rev().cloned()).unwrap();
        assert_eq!(forward, backward);
        forward
    }

    /// Takes back the last thing that was said.
    pub(crate) fn unsay(&mut self) -> &mut Self {
        self.entries.pop();
        self
    }
}
