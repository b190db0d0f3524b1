//! Cases that two parties work on: the shared record, which both hold alike.
//!
//! A merge or a split moves nothing: items stay in the messages that set them up, and what a case shows is put together from
//! several ([`whole`]); so each can be undone without loss. A side's own record is a [`board::Board`] of entries that never
//! leave the house.
//!
//! In scope: applying each message, what is due. Out of scope: the rows (`event`), items (`board`), several cases (`whole`).

pub mod board;
pub mod event;
pub mod report;
pub mod stix;
#[cfg(test)]
mod tests;
pub mod whole;

use std::collections::BTreeMap;

use comity_accord::party::PartyName;

use crate::history::{self, Due, Opening, Record};
use crate::message::{Subject, ThreadId};
use crate::table::{Refusal, Side, Word as _, find, markdown};
use crate::thread::{Entry, Thread};
use board::{Board, Mark, TaskState, named, said};
use event::{Determination, Event, Kind, Priority, State, TABLE};

const SUBJECT: &str = "case";
/// Time to join a case that is offered: two days.
pub const JOIN_SECONDS: i64 = 2 * 86_400;
/// Time for the second side to close what the first one closed: two weeks.
pub const CLOSE_SECONDS: i64 = 14 * 86_400;

/// What a side says of itself in a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfSide {
    /// Its number for the case.
    pub number: String,
    /// How it ranks it.
    pub priority: Option<Priority>,
    /// Where its work stands: when it said so, and what.
    pub status: Option<(i64, String)>,
    /// When it closed the case, and with which outcome.
    pub closed: Option<(i64, String)>,
}

/// What the case is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Whether it was an incident.
    pub determination: Determination,
    /// How critical, 0 to 100.
    pub criticality: Option<u8>,
    /// Of which kinds, words of the extension's open vocabulary.
    pub types: Vec<String>,
}

/// Items that are shown in another case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The other case.
    pub into: ThreadId,
    /// Their places.
    pub items: Vec<String>,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Who opened it with whom.
    pub opening: Opening,
    /// A line for lists.
    pub title: String,
    /// What it is about.
    pub summary: String,
    /// On which ground.
    pub legal_basis: String,
    /// The case of which it was a part.
    pub split_from: Option<ThreadId>,
    /// Where it stands.
    pub state: State,
    /// When the responder's node had the opening; before its receipt is known, when it was sent.
    pub offered: i64,
    /// When both had closed it.
    pub closed: Option<i64>,
    /// What the two sides say of themselves.
    pub sides: BTreeMap<PartyName, OfSide>,
    /// What it is, by the newest word.
    pub assessment: Option<Assessment>,
    /// The items.
    pub board: Board,
    /// The case that shows its items while it is merged.
    pub merged_into: Option<ThreadId>,
    /// Splits that stand.
    pub splits: Vec<Split>,
    /// What was said, step by step.
    pub record: Record<State>,
}

/// The table as a page shows it.
pub fn page() -> String {
    markdown(TABLE, ["who opened it", "other party"])
}

impl Case {
    /// What a thread stands at; none: nothing in it opens a case.
    pub fn replay(thread: &Thread) -> Option<Self> {
        history::replay(thread, Self::open, Self::apply, |one| &mut one.record)
    }

    /// The case that a first message opens.
    pub fn open(entry: &Entry) -> Result<Self, Refusal> {
        let message = &entry.message;
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        history::opens(TABLE, message, (kind, Kind::Open))?;
        let Event::Open {
            title,
            summary,
            number,
            legal_basis,
            priority,
            split_from,
        } = event
        else {
            return Err(Refusal::content(kind, "a case begins with open"));
        };
        let opening = Opening::of(message.head());
        let priority = priority.map(|word| ranked(kind, &word)).transpose()?;
        let own = OfSide {
            number,
            priority,
            ..OfSide::default()
        };
        let split_from = split_from.map(|id| case_named(kind, &id, opening.id));
        let mut case = Self {
            title: said(kind, "title", &title)?,
            summary: said(kind, "summary", &summary)?,
            legal_basis,
            split_from: split_from.transpose()?,
            state: State::Offered,
            offered: entry.at(),
            closed: None,
            sides: BTreeMap::from([
                (opening.opener.clone(), own),
                (opening.responder.clone(), OfSide::default()),
            ]),
            assessment: None,
            board: Board::default(),
            merged_into: None,
            splits: Vec::new(),
            record: Record::default(),
            opening,
        };
        case.record.step(entry, kind, case.state);
        Ok(case)
    }

    /// Takes the next message; what is refused changes nothing.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Refusal> {
        let (message, head) = (&entry.message, entry.message.head());
        let (kind, event) = history::read(SUBJECT, message.event(), message.content())?;
        self.opening.same_exercise(kind, message)?;
        let side = self.opening.side(&head.author);
        let row = find(TABLE, SUBJECT, self.state, (kind, side, head.officer.role))?;
        let mark = Mark {
            place: message.place(),
            by: head.author.clone(),
            officer: head.officer.name.clone(),
            at: message.sent_seconds(),
        };
        if let Event::Task { owner, .. } = &event
            && ![
                self.opening.opener.as_str(),
                self.opening.responder.as_str(),
            ]
            .contains(&owner.as_str())
        {
            return Err(Refusal::content(
                kind,
                "a task is for one of the two parties",
            ));
        }
        self.said_of_case(kind, &event, &mark)?;
        self.board.take(kind, &event, mark)?;
        let both = kind != Kind::Close || self.sides.values().all(|one| one.closed.is_some());
        if let Some(to) = row.to.filter(|_| both) {
            self.closed = (to == State::Closed).then(|| message.sent_seconds());
            self.state = to;
        }
        self.record.step(entry, kind, self.state);
        Ok(())
    }

    /// What an event says of the case itself; those about items say nothing of it.
    fn said_of_case(&mut self, kind: Kind, event: &Event, mark: &Mark) -> Result<(), Refusal> {
        match event {
            Event::Open { .. } => {
                return Err(Refusal::content(
                    kind,
                    "a case is opened once; open another one",
                ));
            }
            Event::Join { number, .. } => {
                said(kind, "number", number)?;
                self.of(mark).number.clone_from(number);
            }
            Event::Withdraw { reason } | Event::Decline { reason } | Event::Drop { reason, .. } => {
                drop(said(kind, "reason", reason)?);
            }
            Event::Status { text } => {
                self.of(mark).status = Some((mark.at, said(kind, "text", text)?));
            }
            Event::Prioritise { priority, .. } => {
                self.of(mark).priority = Some(ranked(kind, priority)?);
            }
            Event::Assess {
                determination,
                criticality,
                types,
                ..
            } => self.assessment = Some(assessed(kind, determination, *criticality, types)?),
            Event::Merge { into, .. } => {
                self.merged_into = Some(case_named(kind, into, self.opening.id)?);
            }
            Event::Unmerge { .. } => self.merged_into = None,
            Event::Split { into, items } => self.split(kind, into, items)?,
            Event::Unsplit { into, .. } => {
                let into = case_named(kind, into, self.opening.id)?;
                let before = self.splits.len();
                self.splits.retain(|split| split.into != into);
                if self.splits.len() == before {
                    return Err(Refusal::content(kind, "nothing was split into that case"));
                }
            }
            Event::Close { outcome } => {
                if self.of(mark).closed.is_some() {
                    return Err(Refusal::content(kind, "this side has closed it already"));
                }
                self.of(mark).closed = Some((mark.at, said(kind, "outcome", outcome)?));
            }
            Event::KeepOpen { .. } => {
                if self.sides.values().all(|one| one.closed.is_none()) {
                    return Err(Refusal::content(kind, "no side has closed it"));
                }
                self.uncloses();
            }
            Event::Reopen { reason } => {
                said(kind, "reason", reason)?;
                self.uncloses();
            }
            Event::Dispute { message, .. } => self.record.dispute(kind, &mark.by, message)?,
            Event::Settle { message, .. } => self.record.settle(kind, &mark.by, message)?,
            Event::Note { .. }
            | Event::Task { .. }
            | Event::Done { .. }
            | Event::Observe { .. }
            | Event::Happened { .. }
            | Event::Link { .. }
            | Event::Unlink { .. } => {}
        }
        Ok(())
    }

    fn of(&mut self, mark: &Mark) -> &mut OfSide {
        self.sides.entry(mark.by.clone()).or_default()
    }

    fn uncloses(&mut self) {
        for side in self.sides.values_mut() {
            side.closed = None;
        }
    }

    fn split(&mut self, kind: Kind, into: &str, items: &[String]) -> Result<(), Refusal> {
        let into = case_named(kind, into, self.opening.id)?;
        if items.is_empty() {
            return Err(Refusal::content(kind, "name the items by their places"));
        }
        for place in items {
            let split = self.splits.iter().any(|split| split.items.contains(place));
            if !self.board.has(place) || split {
                let reason = format!("{place:?} is no item that this case shows");
                return Err(Refusal::content(kind, reason));
            }
        }
        self.splits.push(Split {
            into,
            items: items.to_vec(),
        });
        Ok(())
    }

    /// The priority that both sides give it, where they agree.
    pub fn agreed_priority(&self) -> Option<Priority> {
        let mut words = self.sides.values().map(|side| side.priority);
        let first = words.next().flatten();
        first.filter(|_| words.all(|other| other == first))
    }

    /// The highest priority that a side gives it.
    pub fn highest_priority(&self) -> Priority {
        let words = self.sides.values().filter_map(|side| side.priority);
        words.max().unwrap_or(Priority::Normal)
    }

    /// What is owed, the most pressing first.
    pub fn dues(&self) -> Vec<Due> {
        let mut dues = Vec::new();
        let mut owe = |by, what, at| dues.push(Due { at, by, what });
        match self.state {
            State::Offered => owe(Side::Responder, "join", self.offered + JOIN_SECONDS),
            State::Joint => {
                let closed = self.sides.values().filter_map(|one| one.closed.as_ref());
                if let Some((first, _)) = closed.min() {
                    for side in [Side::Opener, Side::Responder] {
                        let said = self.sides.get(self.opening.party(side));
                        if said.is_none_or(|said| said.closed.is_none()) {
                            owe(side, "close", first + CLOSE_SECONDS);
                        }
                    }
                }
            }
            State::Withdrawn | State::Declined | State::Merged | State::Closed => return dues,
        }
        let open = self.board.tasks.iter();
        for task in open.filter(|task| task.state == TaskState::Open) {
            if let Some(due) = task.due {
                owe(self.opening.side(&task.owner), "done", due);
            }
        }
        dues.sort_unstable();
        dues
    }
}

fn ranked(kind: Kind, word: &str) -> Result<Priority, Refusal> {
    let reason = "the priority is low, normal, high or top";
    Priority::of(word).ok_or_else(|| Refusal::content(kind, reason))
}

fn assessed(
    kind: Kind,
    determination: &str,
    criticality: Option<u8>,
    types: &[String],
) -> Result<Assessment, Refusal> {
    let reason = "the determination is suspected, confirmed or false-positive";
    let determination =
        Determination::of(determination).ok_or_else(|| Refusal::content(kind, reason))?;
    if criticality.is_some_and(|percent| percent > 100) {
        return Err(Refusal::content(kind, "criticality goes from 0 to 100"));
    }
    Ok(Assessment {
        determination,
        criticality,
        types: types.to_vec(),
    })
}

/// Another case that is named.
fn case_named(kind: Kind, text: &str, own: ThreadId) -> Result<ThreadId, Refusal> {
    let id = named(kind, text)?;
    if id.subject() != Subject::Case || id == own {
        return Err(Refusal::content(kind, "name another case"));
    }
    Ok(id)
}
