//! Cases that two parties work on, on this node: the shared record with the own one beside it, merges and splits seen
//! together, incidents in and out, and the status report.
//!
//! In scope: gathering what several threads say. Out of scope: saying something in one (`threads`), what cases are
//! (`comity_case::case`).

use std::collections::{BTreeMap, BTreeSet};

use comity_accord::evaluation::period::Stretch;
use comity_accord::party::PartyName;
use comity_case::case::board::{Board, OwnEntry};
use comity_case::case::report::{OwnPart, Report, Scope};
use comity_case::case::whole::{Cases, Part, merged, whole};
use comity_case::case::{Case, stix};
use comity_case::facts::{counted, evaluation_set};
use comity_case::message::{Subject, ThreadId};
use comity_case::request::terms::Terms;
use comity_case::standing::{Standing, standing};
use comity_case::thread::Thread;
use comity_stix::marking::Tlp;
use comity_store::state::thread::{self as rows, NoteRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::case::CaseError;
use crate::case::command::seconds;
use crate::case::document;
use crate::case::gather;
use crate::case::review::party_name;
use crate::case::seen::SeenBy;
use crate::case::threads::{Acting, Held, Opening, Speech, responder_of, thread_of};
use crate::clock::new_uuid;
use crate::exchange::ExchangeError;
use crate::node::Node;

mod view;

/// Cases that are looked at because they go into one.
const LEADING_MAX: u64 = 1_000;
/// Cases that one shows items of.
const CASES_MAX: usize = 1_000;

/// Something about cases, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JointCommand {
    /// Write something down that stays in the house.
    Own {
        /// The case.
        thread: String,
        /// Who writes it.
        officer: String,
        /// The event's word.
        event: String,
        /// What it says.
        content: Value,
    },
    /// A case with all that it shows.
    Show {
        /// The case.
        thread: String,
    },
    /// Open a case of items of another one.
    Split {
        /// The case that has them.
        thread: String,
        /// Their places.
        items: Vec<String>,
        /// The new case's title and summary.
        title: String,
        /// What it is about.
        summary: String,
        /// Who acts.
        acting: Acting,
    },
    /// A case as a STIX bundle.
    Export {
        /// The case.
        thread: String,
    },
    /// Open a case of the incident in a STIX bundle.
    Import {
        /// With whom.
        party: String,
        /// Its label.
        label: String,
        /// The exercise to which it belongs.
        exercise: Option<String>,
        /// The bundle.
        bundle: Value,
        /// Which incident, where there are several.
        incident: Option<String>,
        /// Who acts.
        acting: Acting,
    },
    /// The status report of a period.
    Report {
        /// With whom.
        party: String,
        /// The period, by its word.
        period: String,
        /// Until when messages count, a STIX timestamp.
        as_of: Option<String>,
        /// Of this exercise; none: only what is meant.
        exercise: Option<String>,
        /// With the own record beside it.
        own: bool,
    },
}

/// A status report with what stays in the house.
#[derive(Clone, Debug)]
pub struct Reported {
    /// The report, equal on both sides.
    pub report: Report,
    /// The own record beside it.
    pub own: Vec<OwnPart>,
}

impl Node {
    /// Does a command about cases.
    pub(crate) fn joint(&self, command: JointCommand, by: SeenBy<'_>) -> Result<Value, CaseError> {
        let own = self.identity().party.clone();
        Ok(match command {
            JointCommand::Own {
                thread,
                officer,
                event,
                content,
            } => {
                let place = self.own_entry(&thread, &officer, (&event, content))?;
                json!({ "place": place })
            }
            JointCommand::Show { thread } => self.joint_document(&thread, by)?,
            JointCommand::Split {
                thread,
                items,
                title,
                summary,
                acting,
            } => {
                let opening = json!({ "title": title, "summary": summary });
                let row = self.split_case(&thread, &items, opening, &acting)?;
                document::line(&row, &own)
            }
            JointCommand::Export { thread } => self.case_as_stix(&thread, by)?,
            JointCommand::Import {
                party,
                label,
                exercise,
                bundle,
                incident,
                acting,
            } => {
                let opening = Opening {
                    subject: Subject::Case,
                    party,
                    label: Tlp::parse(&label).ok_or(CaseError::Label(label))?,
                    exercise: exercise
                        .map(|name| self.exercise_named(&name))
                        .transpose()?,
                };
                self.case_of_stix(&opening, (&bundle, incident.as_deref()), &acting)?
            }
            JointCommand::Report {
                party,
                period,
                as_of,
                exercise,
                own,
            } => {
                let as_of = as_of.map(|text| seconds(&text)).transpose()?;
                let exercise = exercise.map(|name| self.exercise_named(&name));
                let asked = (as_of, exercise.transpose()?);
                let made = self.status_report(&party, &period, asked, by)?;
                let parts = if own { made.own } else { Vec::new() };
                json!({
                    "report": made.report, "hash": made.report.hash().to_string(), "own": parts,
                    "text": made.report.text(&parts), "html": made.report.page(&parts),
                })
            }
        })
    }

    /// Writes something down in the own record of a case; answers its place.
    pub fn own_entry(
        &self,
        name: &str,
        officer: &str,
        (event, content): (&str, Value),
    ) -> Result<String, CaseError> {
        let thread = self.case_named(name)?;
        let party = party_name(&self.identity().party)?;
        let now = self.clock().now();
        let entry = OwnEntry {
            officer: officer.to_owned(),
            at: now.div_euclid(1_000_000),
            event: event.to_owned(),
            content,
        };
        self.inner.state.write(|tx| {
            let known: Vec<OwnEntry> = rows::notes(tx, &thread)?.iter().map(own_of).collect();
            let number = known.len() + 1;
            Board::of_own(&party, &known).add_own(&party, number, &entry)?;
            let row = NoteRow {
                id: new_uuid().to_string(),
                thread: thread.clone(),
                officer: entry.officer.clone(),
                event: entry.event.clone(),
                body: body_of(&entry),
                recorded: now,
            };
            rows::add_note(tx, &row)?;
            Ok(format!("own/{number}"))
        })
    }

    /// A case as a document: the case itself, and what it shows of itself and others.
    fn joint_document(&self, name: &str, by: SeenBy<'_>) -> Result<Value, CaseError> {
        let id = self.case_named(name)?;
        let held = self.thread_held(&id)?;
        let (case, cases) = self.case_among(&held, by)?;
        let own = self.identity().party.clone();
        let now = self.clock().now();
        let mut document = document::whole(&held, &own, now);
        let parts = whole(&cases, case.opening.id);
        let standings = self.standings_of(&parts, held.row.exercise.as_deref())?;
        let mut shown = view::case(&case, &own, now.div_euclid(1_000_000));
        let items = parts
            .iter()
            .map(|part| view::items(part.case, &part.board, &standings));
        document::put(&mut shown, "items", items.collect());
        let merged: Vec<String> = merged(&cases, case.opening.id)
            .map(|id| id.to_string())
            .collect();
        document::put(&mut shown, "merged", json!(merged));
        let entries: Vec<OwnEntry> = held.notes.iter().map(own_of).collect();
        let board = Board::of_own(&party_name(&own)?, &entries);
        let record = view::items(case.opening.id, &board, &standings);
        document::put(&mut shown, "own", record);
        document::put(&mut document, "case", shown);
        Ok(document)
    }

    /// Opens a case of items of another one: first the new case, then the word in the old one.
    fn split_case(
        &self,
        name: &str,
        items: &[String],
        mut opening: Value,
        acting: &Acting,
    ) -> Result<rows::ThreadRow, CaseError> {
        let from = self.case_named(name)?;
        let held = self.thread_held(&from)?;
        document::put(&mut opening, "split_from", json!(from));
        let kept = Opening {
            subject: Subject::Case,
            party: held.row.party.clone(),
            label: Tlp::parse(&held.row.label).unwrap_or(Tlp::Red),
            exercise: number(held.row.exercise.clone())?,
        };
        let speech = |event: &str, content| Speech {
            event: event.to_owned(),
            content,
            acting: acting.clone(),
        };
        let opened = self.open_thread(&kept, &speech("open", opening))?;
        let split = json!({ "into": opened.id, "items": items });
        if let Err(error) = self.say(&from, &speech("split", split)) {
            // The new case stands empty: it is taken back, so that trying again does not leave two.
            let reason = json!({ "reason": "nothing was split into it" });
            self.say(&opened.id, &speech("withdraw", reason))?;
            return Err(error);
        }
        Ok(opened)
    }

    fn case_as_stix(&self, name: &str, by: SeenBy<'_>) -> Result<Value, CaseError> {
        let held = self.thread_held(&self.case_named(name)?)?;
        let (case, cases) = self.case_among(&held, by)?;
        Ok(stix::bundle(&case, &whole(&cases, case.opening.id)))
    }

    fn case_of_stix(
        &self,
        opening: &Opening,
        (bundle, incident): (&Value, Option<&str>),
        acting: &Acting,
    ) -> Result<Value, CaseError> {
        let own = party_name(&self.identity().party)?;
        let draft = stix::read(bundle, incident, &own).map_err(CaseError::Incident)?;
        let speech = |event: &str, content: &Value| Speech {
            event: event.to_owned(),
            content: content.clone(),
            acting: acting.clone(),
        };
        let row = self.open_thread(opening, &speech("open", &draft.opening))?;
        let mut left_out = draft.left_out;
        for (event, content) in &draft.events {
            // One line that the case does not take, such as a date in the future, must not cost all the others.
            match self.say(&row.id, &speech(event, content)) {
                Ok(_) => {}
                Err(CaseError::Refused(refusal)) => left_out.push(refusal.to_string()),
                Err(error) => return Err(error),
            }
        }
        let row = self.thread_held(&row.id)?.row;
        let mut line = document::line(&row, own.as_str());
        document::put(&mut line, "left_out", json!(left_out));
        Ok(line)
    }

    /// The status report of a period, as of its end or of now.
    pub(crate) fn status_report(
        &self,
        party: &str,
        period: &str,
        (as_of, exercise): (Option<i64>, Option<Uuid>),
        by: SeenBy<'_>,
    ) -> Result<Reported, CaseError> {
        let now = self.clock().now();
        let window = Stretch::parse(period).and_then(Stretch::window);
        let window = window.ok_or_else(|| CaseError::Period(period.to_owned()))?;
        let own = party_name(&self.identity().party)?;
        let other = party_name(party)?;
        let as_of = as_of.unwrap_or_else(|| window.until.min(now.div_euclid(1_000_000)));
        self.inner.state.read(|tx| {
            let accord = self.in_force(tx, party, now)?;
            let accord = accord.ok_or_else(|| ExchangeError::NoAccord(party.to_owned()))?;
            let (deliveries, _) = by.only(self.deliveries(tx, [&own, &other])?);
            let all = gather::threads(&deliveries);
            let (of_cases, others): (Vec<_>, Vec<_>) = all
                .into_iter()
                .partition(|thread| thread.subject() == Some(Subject::Case));
            let of_cases: Vec<Thread> = of_cases
                .iter()
                .map(|thread| counted(thread, as_of))
                .collect();
            let set = evaluation_set(&of_cases, as_of);
            let cases: Cases = of_cases
                .iter()
                .filter_map(Case::replay)
                .filter(|case| case.opening.exercise == exercise)
                .map(|case| (case.opening.id, case))
                .collect();
            let linked: BTreeSet<ThreadId> = cases
                .values()
                .flat_map(|case| case.board.links.iter().map(|link| link.thread))
                .collect();
            let mut standings = standings(
                of_cases.iter().chain(&others),
                &linked,
                as_of,
                |responder| Terms::agreed(accord.content(), responder),
            );
            standings.retain(|_, stands| stands.exercise == exercise);
            let scope = Scope {
                parties: [own.clone(), other.clone()],
                accord: accord.content().name.clone(),
                period: period.to_owned(),
                window: (window.from, window.until),
                as_of,
                set: (
                    u64::try_from(set.len()).unwrap_or(u64::MAX),
                    set.root().to_string(),
                ),
            };
            let mut kept = Vec::new();
            for id in cases.keys() {
                let entries = rows::notes(tx, &id.to_string())?;
                let entries: Vec<OwnEntry> = entries.iter().map(own_of).collect();
                let board = Board::of_own(&own, &entries);
                kept.extend(OwnPart::of(*id, &board, (scope.window, as_of)));
            }
            Ok(Reported {
                report: Report::make(&scope, &cases, &standings),
                own: kept,
            })
        })
    }

    /// The name of a case, by the beginning of it.
    fn case_named(&self, name: &str) -> Result<String, CaseError> {
        let id = self.thread_named(name)?;
        let is_case = ThreadId::parse(&id).is_some_and(|id| id.subject() == Subject::Case);
        if is_case {
            Ok(id)
        } else {
            Err(CaseError::NoCase(id))
        }
    }

    /// A case with those that go into it, wholly or in part, with the same party in the same exercise or in none.
    fn case_among(&self, held: &Held, by: SeenBy<'_>) -> Result<(Case, Cases), CaseError> {
        let case = Case::replay(&held.thread);
        let case = case.ok_or_else(|| CaseError::NoCase(held.row.id.clone()))?;
        let cases = self.inner.state.read(|tx| {
            let mut cases = Cases::from([(case.opening.id, case.clone())]);
            let mut next = vec![held.row.id.clone()];
            while let Some(into) = next.pop() {
                for id in rows::leading_into(tx, &into, LEADING_MAX)? {
                    if ThreadId::parse(&id).is_some_and(|id| cases.contains_key(&id)) {
                        continue;
                    }
                    let row = rows::find(tx, &id)?;
                    let beside = |row: &rows::ThreadRow| {
                        row.party == held.row.party && row.exercise == held.row.exercise
                    };
                    if !row.as_ref().is_some_and(beside) || cases.len() > CASES_MAX {
                        continue;
                    }
                    let thread = thread_of(&rows::messages(tx, &id)?)?;
                    // What is bound to others goes into nothing that this person looks at.
                    if !by.sees(thread.entries().map(|entry| &entry.message)) {
                        continue;
                    }
                    if let Some(case) = Case::replay(&thread) {
                        cases.insert(case.opening.id, case);
                        next.push(id);
                    }
                }
            }
            Ok::<_, CaseError>(cases)
        })?;
        Ok((case, cases))
    }

    /// Where the threads stand that parts link; what is practised and what is meant do not see each other.
    fn standings_of(
        &self,
        parts: &[Part],
        exercise: Option<&str>,
    ) -> Result<BTreeMap<ThreadId, (String, String)>, CaseError> {
        self.inner.state.read(|tx| {
            let mut found = BTreeMap::new();
            for link in parts.iter().flat_map(|part| &part.board.links) {
                let row = rows::find(tx, &link.thread.to_string())?;
                if let Some(row) = row.filter(|row| row.exercise.as_deref() == exercise) {
                    found.insert(link.thread, (row.title, row.state));
                }
            }
            Ok(found)
        })
    }
}

fn number(exercise: Option<String>) -> Result<Option<Uuid>, CaseError> {
    exercise
        .map(|id| Uuid::parse_str(&id).map_err(|_| CaseError::Unknown(id)))
        .transpose()
}

/// Where each of these threads stood at a time, by what had been received.
fn standings<'a>(
    threads: impl Iterator<Item = &'a Thread>,
    wanted: &BTreeSet<ThreadId>,
    at: i64,
    terms: impl Fn(&PartyName) -> Terms,
) -> BTreeMap<ThreadId, Standing> {
    let stands = |thread: &Thread| {
        let id = thread.entries().next()?.message.head().thread;
        if !wanted.contains(&id) {
            return None;
        }
        let told = counted(thread, at);
        let responder = responder_of(&told)?;
        Some((id, standing(&told, &terms(&responder), at)?))
    };
    threads.filter_map(stands).collect()
}

fn own_of(row: &NoteRow) -> OwnEntry {
    let content = if row.event == "note" {
        json!({ "text": row.body })
    } else {
        serde_json::from_str(&row.body).unwrap_or_default()
    };
    OwnEntry {
        officer: row.officer.clone(),
        at: row.recorded.div_euclid(1_000_000),
        event: row.event.clone(),
        content,
    }
}

/// A note is kept as its text, as notes on every thread are.
fn body_of(entry: &OwnEntry) -> String {
    let text = entry.content.get("text").and_then(Value::as_str);
    match text {
        Some(text) if entry.event == "note" => text.to_owned(),
        Some(_) | None => entry.content.to_string(),
    }
}
