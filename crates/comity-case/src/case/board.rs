//! What lies on the table in a case: notes, tasks, observables, the timeline, links.
//!
//! The same items make the shared record, from messages, and a side's own one, from entries that never leave the house
//! ([`Board::of_own`]). An item is named by its place: that of the message that set it up, or `own/N`.
//!
//! In scope: what sets up, ends or takes away an item. Out of scope: when that may be said (`event`).
//! Limits: [`VALUES_MAX`], [`OBJECTS_MAX`].

use comity_accord::party::PartyName;
use comity_stix::admission::{ObservableValue, ValueKind};
use comity_stix::id::ObjectId;
use serde_json::Value;

use crate::case::event::{Event, Kind, Seen};
use crate::history::{self, date};
use crate::message::ThreadId;
use crate::table::{Refusal, Word as _, words};

/// Values that one message may bring.
pub const VALUES_MAX: usize = 1_000;
/// Objects that one message may name.
pub const OBJECTS_MAX: usize = 1_000;
/// The longest value, in bytes: that of a URL which browsers take.
pub const VALUE_BYTES_MAX: usize = 8_192;

/// Who set up an item, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its place, which names it.
    pub place: String,
    /// The party.
    pub by: PartyName,
    /// The officer.
    pub officer: String,
    /// When, seconds since 1970.
    pub at: i64,
}

/// Something written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Who and when.
    pub mark: Mark,
    /// What.
    pub text: String,
}

words! {
    /// Where a task stands.
    TaskState {
        Open = "open",
        Done = "done",
        Dropped = "dropped",
    }
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Who set it, and when.
    pub mark: Mark,
    /// What.
    pub text: String,
    /// Whose it is.
    pub owner: PartyName,
    /// By when, seconds since 1970.
    pub due: Option<i64>,
    /// Where it stands.
    pub state: TaskState,
    /// When it ended, and with which words.
    pub ended: Option<(i64, String)>,
}

/// Values and objects that belong to the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Who and when.
    pub mark: Mark,
    /// The values.
    pub values: Vec<ObservableValue>,
    /// Ids of STIX objects.
    pub objects: Vec<String>,
    /// Where they were seen, in words.
    pub context: String,
}

/// A line of the timeline, with its two clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// Who and when.
    pub mark: Mark,
    /// When it happened or began, seconds since 1970.
    pub happened: i64,
    /// When it ended.
    pub until: Option<i64>,
    /// When that side learned of it.
    pub learned: i64,
    /// What.
    pub text: String,
}

/// Another thread that belongs to the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who and when.
    pub mark: Mark,
    /// The thread.
    pub thread: ThreadId,
    /// Why.
    pub why: String,
}

/// The items of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// Notes, in order.
    pub notes: Vec<Note>,
    /// Tasks, in order.
    pub tasks: Vec<Task>,
    /// Observables, in order.
    pub observations: Vec<Observation>,
    /// The timeline, in the order in which it was told.
    pub happenings: Vec<Happening>,
    /// Links that stand.
    pub links: Vec<Link>,
}

/// An entry of a side's own record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnEntry {
    /// The officer.
    pub officer: String,
    /// When, seconds since 1970.
    pub at: i64,
    /// Its event's word.
    pub event: String,
    /// What it says.
    pub content: Value,
}

/// The events that a side's own record may hold.
const OWN: &[Kind] = &[
    Kind::Note,
    Kind::Task,
    Kind::Done,
    Kind::Drop,
    Kind::Observe,
    Kind::Happened,
    Kind::Link,
    Kind::Unlink,
];

impl Board {
    /// A side's own record. Entries were checked when they were made; what does not apply is left out.
    pub fn of_own(party: &PartyName, entries: &[OwnEntry]) -> Self {
        let mut board = Self::default();
        for (number, entry) in (1..).zip(entries) {
            // An entry of a newer version that this one does not know is not shown.
            let _ = board.add_own(party, number, entry);
        }
        board
    }

    /// Takes an entry of the own record, which has a number from 1.
    pub fn add_own(
        &mut self,
        party: &PartyName,
        number: usize,
        entry: &OwnEntry,
    ) -> Result<(), Refusal> {
        let (kind, event): (Kind, Event) = history::read("case", &entry.event, &entry.content)?;
        if !OWN.contains(&kind) {
            let reason =
                "the own record holds note, task, done, drop, observe, happened, link and unlink";
            return Err(Refusal::content(kind, reason));
        }
        let mark = Mark {
            place: format!("own/{number}"),
            by: party.clone(),
            officer: entry.officer.clone(),
            at: entry.at,
        };
        self.take(kind, &event, mark)
    }

    /// Takes what an event says of items; events about the case itself say nothing of them.
    #[expect(clippy::too_many_lines, reason = "a table of events, a few lines each")]
    pub(crate) fn take(&mut self, kind: Kind, event: &Event, mark: Mark) -> Result<(), Refusal> {
        match event {
            Event::Note { text } => {
                let text = said(kind, "text", text)?;
                self.notes.push(Note { mark, text });
            }
            Event::Task { text, owner, due } => {
                let owner = PartyName::parse(owner)
                    .map_err(|_| Refusal::content(kind, "owner must be the name of a party"))?;
                let due = due.as_deref().map(|due| date(kind, due)).transpose()?;
                self.tasks.push(Task {
                    text: said(kind, "text", text)?,
                    mark,
                    owner,
                    due,
                    state: TaskState::Open,
                    ended: None,
                });
            }
            Event::Done { task, result } => {
                self.end(kind, task, &mark, (TaskState::Done, result))?;
            }
            Event::Drop { task, reason } => {
                self.end(kind, task, &mark, (TaskState::Dropped, reason))?;
            }
            Event::Observe {
                values,
                objects,
                context,
            } => {
                let seen = observed(kind, values, objects)?;
                self.observations.push(Observation {
                    mark,
                    values: seen,
                    objects: objects.clone(),
                    context: context.clone(),
                });
            }
            Event::Happened {
                at,
                until,
                learned,
                text,
            } => {
                let happening = happened(kind, (at, until.as_deref(), learned.as_deref()), mark)?;
                let text = said(kind, "text", text)?;
                self.happenings.push(Happening { text, ..happening });
            }
            Event::Link { thread, why } => {
                let thread = named(kind, thread)?;
                if self.links.iter().any(|link| link.thread == thread) {
                    return Err(Refusal::content(kind, "the thread is linked already"));
                }
                let why = why.clone();
                self.links.push(Link { mark, thread, why });
            }
            Event::Unlink { thread } => {
                let thread = named(kind, thread)?;
                let before = self.links.len();
                self.links.retain(|link| link.thread != thread);
                if self.links.len() == before {
                    return Err(Refusal::content(kind, "the thread is not linked"));
                }
            }
            Event::Open { .. }
            | Event::Withdraw { .. }
            | Event::Join { .. }
            | Event::Decline { .. }
            | Event::Status { .. }
            | Event::Prioritise { .. }
            | Event::Assess { .. }
            | Event::Merge { .. }
            | Event::Unmerge { .. }
            | Event::Split { .. }
            | Event::Unsplit { .. }
            | Event::Close { .. }
            | Event::KeepOpen { .. }
            | Event::Reopen { .. }
            | Event::Dispute { .. }
            | Event::Settle { .. } => {}
        }
        Ok(())
    }

    fn end(
        &mut self,
        kind: Kind,
        place: &str,
        mark: &Mark,
        (state, words): (TaskState, &str),
    ) -> Result<(), Refusal> {
        let task = self.tasks.iter_mut().find(|task| task.mark.place == place);
        let task = task.ok_or_else(|| {
            Refusal::content(
                kind,
                format!(
                    "{place:?} is no task of this record; name it by its place, such as bravo/3"
                ),
            )
        })?;
        if task.state != TaskState::Open {
            let reason = format!("the task is {}", task.state.word());
            return Err(Refusal::content(kind, reason));
        }
        let may = mark.by == task.owner || (state == TaskState::Dropped && mark.by == task.mark.by);
        if !may {
            let reason = format!("the task is {}'s to end", task.owner);
            return Err(Refusal::content(kind, reason));
        }
        task.state = state;
        task.ended = Some((mark.at, words.to_owned()));
        Ok(())
    }

    /// Whether there is an item of that place.
    pub fn has(&self, place: &str) -> bool {
        self.marks().any(|mark| mark.place == place)
    }

    /// Of every item, who set it up and when.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        let notes = self.notes.iter().map(|item| &item.mark);
        let tasks = self.tasks.iter().map(|item| &item.mark);
        let seen = self.observations.iter().map(|item| &item.mark);
        let happened = self.happenings.iter().map(|item| &item.mark);
        let links = self.links.iter().map(|item| &item.mark);
        notes.chain(tasks).chain(seen).chain(happened).chain(links)
    }

    /// The items whose place a test lets pass.
    #[must_use]
    pub fn only(&self, pass: impl Fn(&str) -> bool) -> Self {
        let pass = |mark: &Mark| pass(&mark.place);
        Self {
            notes: kept(&self.notes, |item| pass(&item.mark)),
            tasks: kept(&self.tasks, |item| pass(&item.mark)),
            observations: kept(&self.observations, |item| pass(&item.mark)),
            happenings: kept(&self.happenings, |item| pass(&item.mark)),
            links: kept(&self.links, |item| pass(&item.mark)),
        }
    }
}

fn kept<T: Clone>(items: &[T], pass: impl Fn(&T) -> bool) -> Vec<T> {
    items.iter().filter(|item| pass(item)).cloned().collect()
}

/// What must say something.
pub(crate) fn said(kind: Kind, name: &str, text: &str) -> Result<String, Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::content(kind, format!("{name} must say something")));
    }
    Ok(text.to_owned())
}

/// A thread that is named.
pub(crate) fn named(kind: Kind, thread: &str) -> Result<ThreadId, Refusal> {
    let reason = "a thread is named by its subject, `--` and a UUID, such as request--2b9c…";
    ThreadId::parse(thread).ok_or_else(|| Refusal::content(kind, reason))
}

fn observed(
    kind: Kind,
    values: &[Seen],
    objects: &[String],
) -> Result<Vec<ObservableValue>, Refusal> {
    if values.is_empty() && objects.is_empty() {
        return Err(Refusal::content(kind, "name a value or an object"));
    }
    if values.len() > VALUES_MAX || objects.len() > OBJECTS_MAX {
        let reason = format!(
            "{VALUES_MAX} values and {OBJECTS_MAX} objects at most in one message: send several"
        );
        return Err(Refusal::content(kind, reason));
    }
    if let Some(wrong) = objects.iter().find(|id| ObjectId::parse(id).is_err()) {
        let reason = format!("{wrong:?} is no id of a STIX object");
        return Err(Refusal::content(kind, reason));
    }
    values.iter().map(|seen| value(kind, seen)).collect()
}

fn value(kind: Kind, seen: &Seen) -> Result<ObservableValue, Refusal> {
    let field = ValueKind::of_field(&seen.field).ok_or_else(|| {
        let reason = format!(
            "{:?} is no field of values; say it as a pattern does, such as {}",
            seen.field,
            ValueKind::Ipv4.field()
        );
        Refusal::content(kind, reason)
    })?;
    let found = ObservableValue::new(field, &seen.value);
    let plain = !found.value.is_empty() && !found.value.chars().any(char::is_control);
    if !plain || found.value.len() > VALUE_BYTES_MAX {
        let reason = format!("a value is one line of at most {VALUE_BYTES_MAX} bytes");
        return Err(Refusal::content(kind, reason));
    }
    Ok(found)
}

fn happened(
    kind: Kind,
    (at, until, learned): (&str, Option<&str>, Option<&str>),
    mark: Mark,
) -> Result<Happening, Refusal> {
    let happened = date(kind, at)?;
    let until = until.map(|until| date(kind, until)).transpose()?;
    let learned = learned.map_or(Ok(mark.at), |learned| date(kind, learned))?;
    if until.is_some_and(|until| until < happened) {
        return Err(Refusal::content(kind, "it ended before it began"));
    }
    if learned < happened {
        let reason = "nobody learns of something before it happens; what is to come is a task";
        return Err(Refusal::content(kind, reason));
    }
    if learned > mark.at {
        return Err(Refusal::content(kind, "it was learned after it was told"));
    }
    Ok(Happening {
        mark,
        happened,
        until,
        learned,
        text: String::new(),
    })
}
