//! Requests for assistance: what one stands at, from its messages.
//!
//! Times of the responder's duties are the responder's own: from when its node received to when it says that it sent. The same
//! holds the other way round. Where what it says and what the other side's receipt says lie further apart than the agreed
//! tolerance, the judgement flags it; state never depends on it.
//!
//! In scope: applying each message, what time alone changes, what is due. Out of scope: the rows (`event`), fields
//! (`content`), judging (`comity_accord::evaluation`).

pub mod content;
pub mod event;
mod hold;
mod record;
pub mod terms;
#[cfg(test)]
mod tests;

use comity_accord::party::PartyName;
use comity_stix::marking::Tlp;
use uuid::Uuid;

use crate::history::{self, Due, Opening, Record};
use crate::message::{Message, ThreadId};
use crate::table::{Refusal, Side, find};
use crate::thread::{Entry, Thread};
use content::{Content, Urgency};
use event::{DeclineReason, Event, Kind, Scope, State, TABLE, Useful};
pub use hold::Preservation;
use terms::{EXTENSIONS_MAX, RECEIPT_TIMES_MAX, REMAINDER_SECONDS_MIN, Terms};

const SUBJECT: &str = "request";

/// A stretch in which the request lay with its requester.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When the responder returned it, by its own clock.
    pub from: i64,
    /// When the requester's node had that.
    pub noticed: i64,
    /// When the responder's node had the supplement.
    pub until: Option<i64>,
    /// What was missing.
    pub fields: Vec<String>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// When it was sent, by the responder's clock.
    pub at: i64,
    /// When the requester's node had it.
    pub received: i64,
    /// How far it goes.
    pub scope: Scope,
    /// What it says.
    pub text: String,
    /// Objects, by STIX id.
    pub objects: Vec<String>,
    /// Evidence, by thread.
    pub evidence: Vec<String>,
}

/// Feedback on an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// When it was sent, by the requester's clock.
    pub at: i64,
    /// Whether the answer was useful.
    pub useful: Useful,
    /// Its quality, 1 to 5.
    pub quality: u8,
    /// Whether something was done with it.
    pub acted: bool,
    /// In words.
    pub note: String,
}

/// A request for assistance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its thread.
    pub id: ThreadId,
    /// Who asks.
    pub opener: PartyName,
    /// Who is asked.
    pub responder: PartyName,
    /// The exercise to which it belongs.
    pub exercise: Option<Uuid>,
    /// Its label.
    pub label: Tlp,
    /// What it says, supplements included.
    pub content: Content,
    /// Where it stands by its messages alone; [`Request::state_at`] has what time adds.
    pub state: State,
    /// When it was sent.
    pub sent: i64,
    /// When the responder's node had it.
    pub delivered: Option<i64>,
    /// When a person there acknowledged it, and their number for it.
    pub acknowledged: Option<(i64, String)>,
    /// When it lay with the requester.
    pub pauses: Vec<Pause>,
    /// When it was accepted or declined.
    pub decided: Option<i64>,
    /// When it was accepted, and each time it was reopened; with when that ended.
    pub working: Vec<(i64, Option<i64>)>,
    /// How far it was accepted.
    pub scope: Option<Scope>,
    /// The dates that the responder named, in order, with the reasons.
    pub expected: Vec<(i64, String)>,
    /// When the responder reported, by its own clock.
    pub reports: Vec<i64>,
    /// Why it was declined.
    pub declined: Option<(i64, DeclineReason, String)>,
    /// Consent asked and given for a referral: to whom, and the answer.
    pub referral: Option<(String, Option<bool>)>,
    /// When it was referred.
    pub referred: Option<i64>,
    /// The answers, one more for each time it was reopened.
    pub answers: Vec<Answer>,
    /// Feedback on the last answer.
    pub feedback: Option<Feedback>,
    /// When it was taken back, and when the responder's node knew.
    pub withdrawn: Option<(i64, i64)>,
    /// When the responder said what became of the data, and whether it keeps any.
    pub purged: Option<(i64, bool)>,
    /// When an emergency was confirmed formally, and the number.
    pub confirmed: Option<(i64, String)>,
    /// The data that is preserved, for requests of that type.
    pub preservation: Option<Preservation>,
    /// What was said, step by step.
    pub record: Record<State>,
}

impl Request {
    /// What a thread stands at; none: it does not begin with a request.
    pub fn replay(thread: &Thread, terms: &Terms) -> Option<Self> {
        let apply = |request: &mut Self, entry: &Entry| request.apply(entry, terms);
        history::replay(thread, Self::open, apply, |request| &mut request.record)
    }

    /// The request that a first message opens.
    pub fn open(entry: &Entry) -> Result<Self, Refusal> {
        let message = &entry.message;
        let (kind, event) = Event::read(message.event(), message.content())?;
        history::opens(TABLE, message, (kind, Kind::Send))?;
        let Event::Send(content) = event else {
            return Err(content_refusal(kind, "a request begins with send"));
        };
        let head = message.head();
        second_person(message, &content)?;
        let preservation = Preservation::asked(&content);
        let mut request = Self {
            id: head.thread,
            opener: head.author.clone(),
            responder: head.to.clone(),
            exercise: head.exercise,
            label: head.label,
            content: *content,
            state: entry.received.map_or(State::Sent, |_| State::Delivered),
            sent: message.sent_seconds(),
            delivered: entry.received,
            acknowledged: None,
            pauses: Vec::new(),
            decided: None,
            working: Vec::new(),
            scope: None,
            expected: Vec::new(),
            reports: Vec::new(),
            declined: None,
            referral: None,
            referred: None,
            answers: Vec::new(),
            feedback: None,
            withdrawn: None,
            purged: None,
            confirmed: None,
            preservation,
            record: Record::default(),
        };
        request.step(entry, Kind::Send);
        Ok(request)
    }

    /// Takes the next message; what is refused changes nothing.
    pub fn apply(&mut self, entry: &Entry, terms: &Terms) -> Result<(), Refusal> {
        let message = &entry.message;
        let (kind, event) = Event::read(message.event(), message.content())?;
        let side = self.side(&message.head().author);
        let role = message.head().officer.role;
        if message.head().exercise != self.exercise {
            let reason =
                "the message and its request must belong to the same exercise, or both to none";
            return Err(content_refusal(kind, reason));
        }
        if Preservation::takes(kind) {
            let Some(preservation) = &mut self.preservation else {
                return Err(content_refusal(
                    kind,
                    "this request is not about preservation",
                ));
            };
            preservation.apply(entry, (kind, &event), side)?;
            self.step(entry, kind);
            return Ok(());
        }
        let state = self.state_at(message.sent_seconds(), terms);
        let row = find(TABLE, SUBJECT, state, (kind, side, role))?;
        self.allow(&event, kind, message, terms)?;
        self.state = row.to.unwrap_or(state);
        self.record(entry, event);
        self.step(entry, kind);
        Ok(())
    }

    /// What its first message says of the whole thread.
    pub fn opening(&self) -> Opening {
        Opening {
            id: self.id,
            opener: self.opener.clone(),
            responder: self.responder.clone(),
            exercise: self.exercise,
            label: self.label,
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

    /// Where it stands at a time: time alone lets a request lapse, closes what got no feedback, and shows that no receipt came.
    pub fn state_at(&self, now: i64, terms: &Terms) -> State {
        let after = |start: i64, span| now > terms.calendar.end(start, span);
        match self.state {
            State::Sent => {
                let wait = terms.calendar.end(self.sent, terms.receipt) - self.sent;
                if now > self.sent + wait * RECEIPT_TIMES_MAX {
                    State::Unreachable
                } else {
                    State::Sent
                }
            }
            State::Returned => match self.pauses.last() {
                Some(pause) if after(pause.noticed, terms.supplement) => State::Lapsed,
                Some(_) | None => State::Returned,
            },
            State::Answered => match self.answers.last() {
                Some(answer) if after(answer.received, terms.feedback) => State::Closed,
                Some(_) | None => State::Answered,
            },
            state @ (State::Delivered
            | State::Acknowledged
            | State::Accepted
            | State::Referred
            | State::Declined
            | State::Closed
            | State::Withdrawn
            | State::Lapsed
            | State::Unreachable) => state,
        }
    }

    /// By when the answer is due: the agreed time from delivery on, longer by what lay with the requester, at least a day after the
    /// last supplement, and moved by two extensions at most.
    pub fn answer_due(&self, terms: &Terms) -> Option<i64> {
        let delivered = self.delivered?;
        let span = terms.answer.of(self.content.urgency);
        let mut due = terms.calendar.end(delivered, span);
        for pause in &self.pauses {
            let until = pause.until?;
            due = (due + (until - pause.from).max(0)).max(until + REMAINDER_SECONDS_MIN);
        }
        // The first date came with the acceptance; those after it are extensions.
        let extended = self.expected.iter().skip(1).take(EXTENSIONS_MAX);
        let extended = extended.map(|(date, _)| *date).max();
        Some(extended.map_or(due, |date| date.max(due)))
    }

    /// What is owed at a time, the most pressing first.
    pub fn dues(&self, now: i64, terms: &Terms) -> Vec<Due> {
        let urgency = self.content.urgency;
        let end = |start: i64, span| terms.calendar.end(start, span);
        let mut dues = Vec::new();
        let mut owe = |by, what, at| dues.push(Due { at, by, what });
        match self.state_at(now, terms) {
            State::Sent | State::Unreachable => {
                owe(Side::Responder, "receipt", end(self.sent, terms.receipt));
            }
            State::Delivered => {
                let delivered = self.delivered.unwrap_or(self.sent);
                owe(
                    Side::Responder,
                    "acknowledge",
                    end(delivered, terms.acknowledge.of(urgency)),
                );
            }
            State::Acknowledged => {
                let from = self
                    .pauses
                    .last()
                    .and_then(|pause| pause.until)
                    .or(self.delivered);
                owe(
                    Side::Responder,
                    "accept",
                    end(from.unwrap_or(self.sent), terms.decide.of(urgency)),
                );
            }
            State::Returned => {
                let noticed = self.pauses.last().map_or(self.sent, |pause| pause.noticed);
                owe(Side::Opener, "supplement", end(noticed, terms.supplement));
            }
            State::Accepted => {
                let last = self.reports.last().copied().unwrap_or(self.sent);
                owe(
                    Side::Responder,
                    "interim",
                    end(last, terms.interim.of(urgency)),
                );
                if let Some(at) = self.answer_due(terms) {
                    owe(Side::Responder, "answer", at);
                }
            }
            State::Answered => {
                let last = self.answers.last();
                let received = last.map_or(self.sent, |answer| answer.received);
                owe(Side::Opener, "feedback", end(received, terms.feedback));
            }
            State::Withdrawn if self.purged.is_none() => {
                let known = self.withdrawn.map_or(self.sent, |(_, known)| known);
                owe(Side::Responder, "purged", end(known, terms.purge));
            }
            State::Withdrawn
            | State::Referred
            | State::Declined
            | State::Closed
            | State::Lapsed => {}
        }
        if urgency == Urgency::Emergency
            && self.confirmed.is_none()
            && self.state != State::Withdrawn
        {
            owe(Side::Opener, "confirm", end(self.sent, terms.supplement));
        }
        if let Some(due) = self.preservation.as_ref().and_then(Preservation::due) {
            dues.push(due);
        }
        dues.sort_unstable();
        dues
    }

    fn step(&mut self, entry: &Entry, kind: Kind) {
        self.record.step(entry, kind, self.state);
    }
}

fn content_refusal(kind: Kind, reason: &str) -> Refusal {
    Refusal::content(kind, reason)
}

/// Whoever sends what is for named persons only, or calls an emergency, has another person look at it.
fn second_person(message: &Message, content: &Content) -> Result<(), Refusal> {
    let officer = &message.head().officer;
    let reason = if content.urgency == Urgency::Emergency {
        "it is an emergency"
    } else if message.head().label == Tlp::Red {
        "it is TLP:RED"
    } else {
        return Ok(());
    };
    if officer.other_person().is_some() {
        Ok(())
    } else {
        Err(Refusal::SecondPerson {
            event: "send",
            reason,
        })
    }
}
