//! What a thread stands at, whatever it is about: what lists show, and whether a message may be said now.
//!
//! In scope: one door to all subjects. Out of scope: their rules, each in its module.

use comity_accord::party::PartyName;
use comity_stix::marking::Tlp;
use uuid::Uuid;

use crate::message::{Message, Subject};
use crate::request::terms::Terms;
use crate::request::{Due, Request};
use crate::table::{Refusal, Side, Word as _};
use crate::thread::{Entry, Thread};

/// What a thread stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who opened it.
    pub opener: PartyName,
    /// The other party.
    pub responder: PartyName,
    /// A line for lists.
    pub title: String,
    /// Where it stands, by its word.
    pub state: &'static str,
    /// How urgent it is, by its word.
    pub urgency: Option<&'static str>,
    /// Its label.
    pub label: Tlp,
    /// The exercise to which it belongs.
    pub exercise: Option<Uuid>,
    /// Whether something is disputed, or messages contradict each other.
    pub disputed: bool,
    /// What is due next.
    pub due: Option<Due>,
}

impl Standing {
    /// The party that owes what is due.
    pub fn owes(&self) -> Option<&PartyName> {
        self.due.as_ref().map(|due| match due.by {
            Side::Opener => &self.opener,
            Side::Responder => &self.responder,
        })
    }
}

/// What a thread stands at, at a time in seconds since 1970; none: its messages open nothing.
pub fn standing(thread: &Thread, terms: &Terms, now: i64) -> Option<Standing> {
    let first = thread.entries().next()?.message.head();
    match first.thread.subject() {
        Subject::Request => Some(of_request(&Request::replay(thread, terms)?, terms, now)),
        Subject::Case
        | Subject::Call
        | Subject::Check
        | Subject::Evidence
        | Subject::Exercise
        | Subject::Incident
        | Subject::Review => None,
    }
}

fn of_request(request: &Request, terms: &Terms, now: i64) -> Standing {
    Standing {
        opener: request.opener.clone(),
        responder: request.responder.clone(),
        title: request.content.title.clone(),
        state: request.state_at(now, terms).word(),
        urgency: Some(request.content.urgency.word()),
        label: request.label,
        exercise: request.exercise,
        disputed: !request.disputes.is_empty() || !request.record.forks.is_empty(),
        due: request.dues(now, terms).into_iter().next(),
    }
}

/// Whether a message may be said now, as the next of a thread.
pub fn admit(thread: &Thread, message: &Message, terms: &Terms) -> Result<(), Refusal> {
    let entry = Entry {
        message: message.clone(),
        received: None,
    };
    let subject = message.head().thread.subject();
    match subject {
        Subject::Request => match Request::replay(thread, terms) {
            None => Request::open(&entry).map(drop),
            Some(mut request) => request.apply(&entry, terms),
        },
        Subject::Case
        | Subject::Call
        | Subject::Check
        | Subject::Evidence
        | Subject::Exercise
        | Subject::Incident
        | Subject::Review => Err(Refusal::Event {
            subject: subject.word(),
            event: message.event().to_owned(),
        }),
    }
}
