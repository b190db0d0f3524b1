//! What a thread stands at, whatever it is about: what lists show, and whether a message may be said now.
//!
//! In scope: one door to all subjects. Out of scope: their rules, each in its module.

#[cfg(test)]
mod tests;

use comity_accord::party::PartyName;
use comity_stix::marking::Tlp;
use uuid::Uuid;

use crate::address::Address;
use crate::call::Call;
use crate::case::Case;
use crate::check::Check;
use crate::evidence::Evidence;
use crate::exercise::Exercise;
use crate::history::{Due, Opening, Record};
use crate::incident::Incident;
use crate::message::{Message, Subject};
use crate::profile::Profile;
use crate::request::Request;
use crate::request::terms::Terms;
use crate::review::{self, Review};
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
    /// What is due, the most pressing first.
    pub dues: Vec<Due>,
}

impl Standing {
    /// What is due next, and the party that owes it.
    pub fn due(&self) -> Option<(&Due, &PartyName)> {
        self.dues.first().map(|due| (due, self.party(due.by)))
    }

    /// What a party owes next.
    pub fn owed_by(&self, party: &PartyName) -> Option<&Due> {
        self.dues.iter().find(|due| self.party(due.by) == party)
    }

    const fn party(&self, side: Side) -> &PartyName {
        match side {
            Side::Opener => &self.opener,
            Side::Responder => &self.responder,
        }
    }
}

/// What a thread stands at, at a time in seconds since 1970; none: its messages open nothing.
pub fn standing(thread: &Thread, terms: &Terms, now: i64) -> Option<Standing> {
    let first = thread.entries().next()?.message.head();
    match first.thread.subject() {
        Subject::Request => Some(of_request(&Request::replay(thread, terms)?, terms, now)),
        Subject::Call => Some(of_call(&Call::replay(thread)?)),
        Subject::Check => Some(of_check(&Check::replay(thread)?, now)),
        Subject::Evidence => Some(of_evidence(&Evidence::replay(thread)?)),
        Subject::Exercise => Some(of_exercise(&Exercise::replay(thread)?)),
        Subject::Incident => Some(of_incident(&Incident::replay(thread)?)),
        Subject::Review => Some(of_review(&Review::replay(thread)?, first.label)),
        Subject::Profile => Some(of_profile(&Profile::replay(thread)?, now)),
        Subject::Case => Some(of_case(&Case::replay(thread)?)),
        Subject::Address => Some(of_address(&Address::replay(thread)?, now)),
    }
}

/// What a machine shows of itself.
struct Shown<'a> {
    title: &'a str,
    state: &'static str,
    urgency: Option<&'static str>,
    dues: Vec<Due>,
}

fn shown<S>(opening: Opening, record: &Record<S>, shown: Shown<'_>) -> Standing {
    Standing {
        opener: opening.opener,
        responder: opening.responder,
        title: shown.title.to_owned(),
        state: shown.state,
        urgency: shown.urgency,
        label: opening.label,
        exercise: opening.exercise,
        disputed: record.is_disputed(),
        dues: shown.dues,
    }
}

fn of_request(request: &Request, terms: &Terms, now: i64) -> Standing {
    let said = Shown {
        title: &request.content.title,
        state: request.state_at(now, terms).word(),
        urgency: Some(request.content.urgency.word()),
        dues: request.dues(now, terms),
    };
    shown(request.opening(), &request.record, said)
}

fn of_case(case: &Case) -> Standing {
    let said = Shown {
        title: &case.title,
        state: case.state.word(),
        urgency: Some(case.highest_priority().word()),
        dues: case.dues(),
    };
    shown(case.opening.clone(), &case.record, said)
}

fn of_call(call: &Call) -> Standing {
    let title = call.title();
    let said = Shown {
        title: &title,
        state: call.state.word(),
        urgency: Some(call.urgency.word()),
        dues: call.dues(),
    };
    shown(call.opening.clone(), &call.record, said)
}

fn of_check(check: &Check, now: i64) -> Standing {
    let said = Shown {
        title: &check.contact,
        state: check.state_at(now).word(),
        urgency: None,
        dues: check.dues(),
    };
    shown(check.opening.clone(), &check.record, said)
}

fn of_evidence(evidence: &Evidence) -> Standing {
    let said = Shown {
        title: &evidence.item.source,
        state: evidence.state.word(),
        urgency: None,
        dues: evidence.dues(),
    };
    shown(evidence.opening.clone(), &evidence.record, said)
}

fn of_exercise(exercise: &Exercise) -> Standing {
    let said = Shown {
        title: &exercise.title,
        state: exercise.state.word(),
        urgency: None,
        dues: exercise.dues(),
    };
    shown(exercise.opening.clone(), &exercise.record, said)
}

fn of_incident(incident: &Incident) -> Standing {
    let said = Shown {
        title: &incident.title,
        state: incident.state.word(),
        urgency: None,
        dues: incident.dues(),
    };
    shown(incident.opening.clone(), &incident.record, said)
}

fn of_review(review: &Review, label: Tlp) -> Standing {
    let state = review.state();
    Standing {
        opener: review.opener.clone(),
        responder: review.responder.clone(),
        title: format!("review of {}", review.period),
        state: state.word(),
        urgency: None,
        label,
        exercise: None,
        disputed: state == review::State::Differing,
        dues: Vec::new(),
    }
}

fn of_profile(profile: &Profile, now: i64) -> Standing {
    let content = profile.text.content();
    let title = format!("profile of {}, version {}", content.party, content.version);
    let said = Shown {
        title: &title,
        state: profile.state_at(now).word(),
        urgency: None,
        dues: Vec::new(),
    };
    shown(profile.opening.clone(), &profile.record, said)
}

fn of_address(address: &Address, now: i64) -> Standing {
    let said = Shown {
        title: &address.purpose,
        state: address.state_at(now).word(),
        urgency: None,
        dues: address.dues(),
    };
    shown(address.opening.clone(), &address.record, said)
}

/// Whether a message may be said now, as the next of a thread.
pub fn admit(thread: &Thread, message: &Message, terms: &Terms) -> Result<(), Refusal> {
    let entry = Entry {
        message: message.clone(),
        received: None,
    };
    let subject = message.head().thread.subject();
    match subject {
        Subject::Request => next(
            Request::replay(thread, terms),
            &entry,
            Request::open,
            |request, entry| request.apply(entry, terms),
        ),
        Subject::Call => next(Call::replay(thread), &entry, Call::open, Call::apply),
        Subject::Check => next(Check::replay(thread), &entry, Check::open, Check::apply),
        Subject::Evidence => next(
            Evidence::replay(thread),
            &entry,
            Evidence::open,
            Evidence::apply,
        ),
        Subject::Exercise => next(
            Exercise::replay(thread),
            &entry,
            Exercise::open,
            Exercise::apply,
        ),
        Subject::Incident => next(
            Incident::replay(thread),
            &entry,
            Incident::open,
            Incident::apply,
        ),
        Subject::Review => Review::admit(thread, &entry),
        Subject::Profile => next(
            Profile::replay(thread),
            &entry,
            Profile::open,
            Profile::apply,
        ),
        Subject::Case => next(Case::replay(thread), &entry, Case::open, Case::apply),
        Subject::Address => next(
            Address::replay(thread),
            &entry,
            Address::open,
            Address::apply,
        ),
    }
}

/// The first message opens, any other one is applied.
fn next<M>(
    machine: Option<M>,
    entry: &Entry,
    open: impl Fn(&Entry) -> Result<M, Refusal>,
    apply: impl Fn(&mut M, &Entry) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    match machine {
        None => open(entry).map(drop),
        Some(mut machine) => apply(&mut machine, entry),
    }
}
