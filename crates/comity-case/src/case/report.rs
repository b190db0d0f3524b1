//! The status report on cases: what happened in a period and where each case stood at its end.
//!
//! It is made from messages alone that both sides hold receipts for, so both make the same one; what a side keeps to itself is
//! added beside it and belongs to no hash. Named after the "Status Report on U.S./China Cybercrime Cases" of December 2016.
//!
//! In scope: what it says, as text and as a page. Out of scope: gathering threads, who may read it.

mod page;
mod text;

use std::collections::BTreeMap;

use comity_accord::digest::Digest;
use comity_accord::evaluation::scorecard::canonical;
use comity_accord::party::PartyName;
use comity_stix::marking::Tlp;
use serde::Serialize;

use crate::case::Case;
use crate::case::board::{Board, Happening, Mark, Task, TaskState};
use crate::case::event::State;
use crate::case::whole::{Cases, whole};
use crate::history::stamp;
use crate::message::ThreadId;
use crate::standing::Standing;
use crate::table::Word as _;

/// What a report is about.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The two parties.
    pub parties: [PartyName; 2],
    /// The accord under which they work.
    pub accord: String,
    /// The period, by its word.
    pub period: String,
    /// From when until when, seconds since 1970; the end is not part of it.
    pub window: (i64, i64),
    /// Messages count that were received by then.
    pub as_of: i64,
    /// How many messages were counted, and their root.
    pub set: (u64, String),
}

/// A status report. Times are text, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the report's own words")]
pub struct Report {
    pub accord: String,
    pub parties: Vec<String>,
    pub period: String,
    pub from: String,
    pub until: String,
    pub as_of: String,
    pub messages: u64,
    pub root: String,
    /// The strictest label of the cases in it.
    pub label: String,
    pub open_at_start: u64,
    pub opened: u64,
    pub ended: u64,
    pub open_at_end: u64,
    pub cases: Vec<OfCase>,
}

/// What it says of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the report's own words")]
pub struct OfCase {
    pub id: String,
    pub title: String,
    pub summary: String,
    pub label: String,
    pub opened: String,
    pub opener: String,
    pub state: String,
    pub ended: Option<String>,
    pub disputed: bool,
    pub legal_basis: String,
    pub priority: Option<String>,
    pub sides: Vec<Side>,
    pub determination: Option<String>,
    pub criticality: Option<u8>,
    pub merged_into: Option<String>,
    pub tasks: Vec<TaskLine>,
    pub timeline: Vec<TimeLine>,
    pub values: u64,
    pub threads: Vec<ThreadLine>,
    pub steps: Vec<StepLine>,
}

/// What a side says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the report's own words")]
pub struct Side {
    pub party: String,
    pub number: String,
    pub priority: Option<String>,
    pub status: Option<String>,
    pub status_at: Option<String>,
    pub outcome: Option<String>,
}

/// A task that was open in the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the report's own words")]
pub struct TaskLine {
    pub place: String,
    pub text: String,
    pub owner: String,
    pub due: Option<String>,
    pub state: String,
    pub ended: Option<String>,
    pub result: String,
}

/// A line of the timeline that was told in the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the report's own words")]
pub struct TimeLine {
    pub happened: String,
    pub until: Option<String>,
    pub learned: String,
    pub by: String,
    pub place: String,
    pub text: String,
}

/// A thread that belongs to the case, and where it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the report's own words")]
pub struct ThreadLine {
    pub id: String,
    pub title: String,
    pub state: String,
    pub why: String,
}

/// Something that was said in the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the report's own words")]
pub struct StepLine {
    pub place: String,
    pub event: String,
    pub sent: String,
    pub officer: String,
}

/// What a side keeps to itself of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the report's own words")]
pub struct OwnPart {
    pub case: String,
    pub notes: Vec<String>,
    pub tasks: Vec<TaskLine>,
    pub timeline: Vec<TimeLine>,
}

impl Report {
    /// The report on cases, with the standings of threads that they link.
    pub fn make(scope: &Scope, cases: &Cases, threads: &BTreeMap<ThreadId, Standing>) -> Self {
        let (from, until) = scope.window;
        let live = |case: &&Case| opened(case) < until && ended(case).is_none_or(|at| at >= from);
        let mut told: Vec<&Case> = cases.values().filter(live).collect();
        told.sort_by_key(|case| {
            (
                std::cmp::Reverse(case.highest_priority()),
                opened(case),
                case.opening.id,
            )
        });
        let count = |pass: &dyn Fn(&&&Case) -> bool| {
            u64::try_from(told.iter().filter(pass).count()).unwrap_or(u64::MAX)
        };
        let label = told.iter().map(|case| case.opening.label).max();
        let [one, two] = &scope.parties;
        let mut parties = vec![one.to_string(), two.to_string()];
        parties.sort_unstable();
        Self {
            accord: scope.accord.clone(),
            parties,
            period: scope.period.clone(),
            from: stamp(from),
            until: stamp(until),
            as_of: stamp(scope.as_of),
            messages: scope.set.0,
            root: scope.set.1.clone(),
            label: label.unwrap_or(Tlp::Clear).to_string(),
            open_at_start: count(&|case| opened(case) < from),
            opened: count(&|case| opened(case) >= from),
            ended: count(&|case| ended(case).is_some_and(|at| at < until)),
            open_at_end: count(&|case| ended(case).is_none_or(|at| at >= until)),
            cases: told
                .iter()
                .map(|case| of_case(case, scope, cases, threads))
                .collect(),
        }
    }

    /// The report in the one form that is hashed (RFC 8785).
    pub fn canonical(&self) -> String {
        canonical(&serde_json::to_value(self).unwrap_or_default())
    }

    /// The hash of that form: equal on both sides.
    pub fn hash(&self) -> Digest {
        Digest::of(self.canonical().as_bytes())
    }

    /// As text for people.
    pub fn text(&self, own: &[OwnPart]) -> String {
        text::write(self, own)
    }

    /// As a page that stands alone: no script, no reference to elsewhere.
    pub fn page(&self, own: &[OwnPart]) -> String {
        page::write(self, own)
    }
}

impl OwnPart {
    /// The own record of a case in a period, as of a time; none: it holds nothing of that period.
    pub fn of(case: ThreadId, board: &Board, (window, as_of): ((i64, i64), i64)) -> Option<Self> {
        let told = |mark: &Mark| mark.at >= window.0 && mark.at < window.1;
        let notes = board.notes.iter().filter(|note| told(&note.mark));
        let part = Self {
            case: case.to_string(),
            notes: notes.map(|note| note.text.clone()).collect(),
            tasks: tasks(board.tasks.iter(), window, as_of),
            timeline: timeline(board.happenings.iter(), window),
        };
        let empty = part.notes.is_empty() && part.tasks.is_empty() && part.timeline.is_empty();
        (!empty).then_some(part)
    }
}

fn opened(case: &Case) -> i64 {
    case.offered
}

/// When a case came to an end.
fn ended(case: &Case) -> Option<i64> {
    let last = || case.record.steps.last().map(|step| step.sent);
    match case.state {
        State::Closed => case.closed,
        State::Withdrawn | State::Declined => last(),
        State::Offered | State::Joint | State::Merged => None,
    }
}

fn of_case(
    case: &Case,
    scope: &Scope,
    cases: &Cases,
    threads: &BTreeMap<ThreadId, Standing>,
) -> OfCase {
    let parts = whole(cases, case.opening.id);
    let boards = || parts.iter().map(|part| &part.board);
    let values = boards().flat_map(|board| &board.observations);
    let values = values.map(|seen| seen.values.len() + seen.objects.len());
    let (from, until) = scope.window;
    let steps = case.record.steps.iter().filter(|step| {
        let at = step.received.unwrap_or(step.sent);
        at >= from && at < until
    });
    OfCase {
        id: case.opening.id.to_string(),
        title: case.title.clone(),
        summary: case.summary.clone(),
        label: case.opening.label.to_string(),
        opened: stamp(opened(case)),
        opener: case.opening.opener.to_string(),
        state: case.state.word().to_owned(),
        ended: ended(case).map(stamp),
        disputed: case.record.is_disputed(),
        legal_basis: case.legal_basis.clone(),
        priority: case.agreed_priority().map(|word| word.word().to_owned()),
        sides: sides(case),
        determination: case
            .assessment
            .as_ref()
            .map(|one| one.determination.word().to_owned()),
        criticality: case.assessment.as_ref().and_then(|one| one.criticality),
        merged_into: case.merged_into.map(|id| id.to_string()),
        tasks: tasks(
            boards().flat_map(|board| &board.tasks),
            scope.window,
            scope.as_of,
        ),
        timeline: timeline(boards().flat_map(|board| &board.happenings), scope.window),
        values: u64::try_from(values.sum::<usize>()).unwrap_or(u64::MAX),
        threads: boards()
            .flat_map(|board| &board.links)
            .map(|link| {
                let stands = threads.get(&link.thread);
                ThreadLine {
                    id: link.thread.to_string(),
                    title: stands.map_or_else(String::new, |one| one.title.clone()),
                    state: stands.map_or("not known", |one| one.state).to_owned(),
                    why: link.why.clone(),
                }
            })
            .collect(),
        steps: steps
            .map(|step| StepLine {
                place: step.place.clone(),
                event: step.event.to_owned(),
                sent: stamp(step.sent),
                officer: step.officer.clone(),
            })
            .collect(),
    }
}

fn sides(case: &Case) -> Vec<Side> {
    let side = |(party, said): (&PartyName, &super::OfSide)| Side {
        party: party.to_string(),
        number: said.number.clone(),
        priority: said.priority.map(|word| word.word().to_owned()),
        status: said.status.as_ref().map(|(_, text)| text.clone()),
        status_at: said.status.as_ref().map(|(at, _)| stamp(*at)),
        outcome: said.closed.as_ref().map(|(_, text)| text.clone()),
    };
    case.sides.iter().map(side).collect()
}

/// Tasks that were there in a period and had not ended before it. One is overdue if its date had passed at the end of the
/// period, or by the time of the report if that is earlier.
fn tasks<'a>(
    all: impl Iterator<Item = &'a Task>,
    (from, until): (i64, i64),
    as_of: i64,
) -> Vec<TaskLine> {
    let judged = until.min(as_of);
    let there = |task: &&Task| {
        let over = task.ended.as_ref().is_some_and(|(at, _)| *at < from);
        task.mark.at < until && !over
    };
    let line = |task: &Task| TaskLine {
        place: task.mark.place.clone(),
        text: task.text.clone(),
        owner: task.owner.to_string(),
        due: task.due.map(stamp),
        state: match task.state {
            TaskState::Open if task.due.is_some_and(|due| due < judged) => "overdue".to_owned(),
            state @ (TaskState::Open | TaskState::Done | TaskState::Dropped) => {
                state.word().to_owned()
            }
        },
        ended: task.ended.as_ref().map(|(at, _)| stamp(*at)),
        result: task
            .ended
            .as_ref()
            .map_or_else(String::new, |(_, words)| words.clone()),
    };
    all.filter(there).map(line).collect()
}

/// What was told in a period, in the order in which it happened.
fn timeline<'a>(
    all: impl Iterator<Item = &'a Happening>,
    (from, until): (i64, i64),
) -> Vec<TimeLine> {
    let mut told: Vec<&Happening> = all
        .filter(|line| line.mark.at >= from && line.mark.at < until)
        .collect();
    told.sort_by_key(|line| (line.happened, line.learned, line.mark.place.clone()));
    let line = |line: &Happening| TimeLine {
        happened: stamp(line.happened),
        until: line.until.map(stamp),
        learned: stamp(line.learned),
        by: line.mark.by.to_string(),
        place: line.mark.place.clone(),
        text: line.text.clone(),
    };
    told.into_iter().map(line).collect()
}
