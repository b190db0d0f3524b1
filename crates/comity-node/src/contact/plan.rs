//! When points of contact are checked: on a day that the calendar gives at an hour that is drawn, and unannounced at a moment
//! that nobody can tell beforehand.
//!
//! A plan is drawn from the operating system's randomness, stands in the own store alone, and carries the name of the thread that
//! it will be: after a crash the check either stands there or goes out, once. Unannounced checks have no rhythm: each hour of the
//! contact has the same chance, whatever was before, so that nothing is learnt from the last one.
//!
//! In scope: the plan and the job. Out of scope: the check itself (`check`).

use std::collections::BTreeMap;

use comity_accord::evaluation::calendar::WorkCalendar;
use comity_accord::party::PartyName;
use comity_accord::text::contact::{Calendar, Contact, Hours};
use comity_case::message::{Subject, ThreadId};
use comity_stix::marking::Tlp;
use comity_store::error::chain;
use comity_store::state::contact::{self, PlannedRow};
use comity_store::state::thread as rows;

use crate::clock::{new_uuid, random_bytes};
use crate::contact::check::Ping;
use crate::contact::{ContactError, seconds};
use crate::node::Node;

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
const MINUTE: i64 = 60;
/// A plan that could not be followed for so long, because the node was down, is drawn anew: its hour would tell of the start.
const LATE_SECONDS: i64 = HOUR;
/// The farthest that an unannounced check is put off, in its mean distances.
const DISTANCES_MAX: i64 = 8;
const WAITING: &str = "waiting";
const OPENED: &str = "opened";
const MISSED: &str = "missed";
const FAILED: &str = "failed";

/// How often this node checks the points of contact of its partners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Days between scheduled checks; 0: none.
    pub check_days: u32,
    /// In which hours of such a day, in UTC.
    pub check_hours: Hours,
    /// Days between unannounced checks, on the average; 0: none.
    pub unannounced_days: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            check_days: 0,
            check_hours: Hours::ALWAYS,
            unannounced_days: 0,
        }
    }
}

/// What kind of check is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Scheduled,
    Unannounced,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Unannounced => "unannounced",
        }
    }
}

/// A contact that may be checked.
struct Checked {
    party: PartyName,
    contact: &'static str,
    label: Tlp,
    calendar: WorkCalendar,
}

impl Schedule {
    fn days(&self, kind: Kind) -> i64 {
        i64::from(match kind {
            Kind::Scheduled => self.check_days,
            Kind::Unannounced => self.unannounced_days,
        })
    }

    /// Draws the plan that follows what is known, or none where that still stands.
    fn next(
        &self,
        kind: Kind,
        known: Option<&PlannedRow>,
        (checked, now): (&Checked, i64),
        draw: &mut dyn FnMut(u64) -> u64,
    ) -> Option<PlannedRow> {
        let days = self.days(kind);
        let current = match kind {
            Kind::Scheduled => now.div_euclid(DAY * days),
            Kind::Unannounced => known.map_or(1, |row| match row.state.as_str() {
                WAITING => row.slot,
                _ => row.slot + 1,
            }),
        };
        let late = |row: &PlannedRow| row.state == WAITING && now > row.at + LATE_SECONDS;
        if known.is_some_and(|row| row.slot == current && !late(row)) {
            return None;
        }
        let works = |at: i64| checked.calendar.is_working(at);
        let at = match kind {
            Kind::Scheduled => {
                let agreed = hours_in_utc(self.check_hours);
                let both = |at: i64| works(at) && agreed.is_working(at);
                scheduled((current, days), now, &both, draw)
            }
            Kind::Unannounced => unannounced(now, days, &works, draw),
        };
        let state = if at.is_some() { WAITING } else { MISSED };
        Some(PlannedRow {
            party: checked.party.to_string(),
            contact: checked.contact.to_owned(),
            kind: kind.word().to_owned(),
            slot: current,
            at: at.unwrap_or(now),
            thread: ThreadId::new(Subject::Check, new_uuid()).to_string(),
            state: state.to_owned(),
        })
    }
}

/// A moment of the first day of a stretch on which one is allowed and still ahead.
fn scheduled(
    (slot, days): (i64, i64),
    not_before: i64,
    allowed: &dyn Fn(i64) -> bool,
    draw: &mut dyn FnMut(u64) -> u64,
) -> Option<i64> {
    (slot * days..(slot + 1) * days).find_map(|day| {
        let minutes = (0..DAY / MINUTE).map(|minute| day * DAY + minute * MINUTE);
        let minutes: Vec<i64> = minutes
            .filter(|at| *at >= not_before && allowed(*at))
            .collect();
        one_of(&minutes, draw)
    })
}

/// A moment at random: each hour in which one is allowed has the same chance, whatever was before.
fn unannounced(
    after: i64,
    days: i64,
    allowed: &dyn Fn(i64) -> bool,
    draw: &mut dyn FnMut(u64) -> u64,
) -> Option<i64> {
    let first = after.div_euclid(HOUR) + 1;
    let minutes = |hour: i64| {
        let all = (0..HOUR / MINUTE).map(move |minute| hour * HOUR + minute * MINUTE);
        all.filter(|at| allowed(*at)).collect::<Vec<i64>>()
    };
    let span = days * DAY / HOUR;
    let open = (first..first + span).filter(|hour| !minutes(*hour).is_empty());
    let chances = u64::try_from(open.count()).unwrap_or(1).max(1);
    let mut last = None;
    for hour in first..first + span * DISTANCES_MAX {
        let minutes = minutes(hour);
        if minutes.is_empty() {
            continue;
        }
        last = one_of(&minutes, draw);
        if draw(chances) == 0 {
            break;
        }
    }
    last
}

/// One of some minutes, at a second of it.
fn one_of(minutes: &[i64], draw: &mut dyn FnMut(u64) -> u64) -> Option<i64> {
    let count = u64::try_from(minutes.len())
        .ok()
        .filter(|count| *count > 0)?;
    let minute = usize::try_from(draw(count)).ok()?;
    let second = i64::try_from(draw(60)).ok()?;
    minutes.get(minute).map(|at| at + second)
}

fn hours_in_utc(hours: Hours) -> WorkCalendar {
    calendar("UTC", hours)
}

/// The hours of a contact; around the clock where they cannot be computed with.
fn calendar(zone: &str, hours: Hours) -> WorkCalendar {
    let calendar = Calendar {
        id: "contact".to_owned(),
        version: 1,
        time_zone: zone.to_owned(),
        hours,
        holidays: Vec::new(),
    };
    WorkCalendar::of(&calendar).unwrap_or_else(|_| WorkCalendar::always())
}

/// A number below `bound` from the operating system's randomness.
fn drawn(bound: u64) -> u64 {
    u64::from_be_bytes(random_bytes::<8>()) % bound.max(1)
}

impl Node {
    /// Plans checks and opens those whose time has come. Answers how many went out.
    pub fn checks_due(&self, schedule: &Schedule) -> Result<usize, ContactError> {
        if schedule.check_days == 0 && schedule.unannounced_days == 0 {
            return Ok(0);
        }
        let mut opened = 0;
        for checked in self.checked()? {
            for kind in [Kind::Scheduled, Kind::Unannounced] {
                if schedule.days(kind) > 0 {
                    opened += usize::from(self.check_due(schedule, kind, &checked)?);
                }
            }
        }
        Ok(opened)
    }

    /// Every plan, as it stands in the own store.
    pub(crate) fn plans(&self) -> Result<Vec<PlannedRow>, ContactError> {
        Ok(self.inner.state.read(contact::all_planned)?)
    }

    /// The contacts of partners that the accords in force name and that are valid now, each role of a party once.
    fn checked(&self) -> Result<Vec<Checked>, ContactError> {
        let (own, now) = (self.own_name()?, self.clock().now());
        let accords = self.inner.state.read(|tx| self.all_in_force(tx, now))?;
        let at = self.now_seconds();
        let valid = |one: &&Contact| {
            one.valid_from.is_none_or(|from| seconds(from) <= at)
                && one.valid_until.is_none_or(|until| at < seconds(until))
        };
        let mut found = BTreeMap::new();
        for text in accords.iter().filter(|text| text.party(&own).is_some()) {
            let contacts = text.content().contacts.iter();
            for one in contacts.filter(valid).filter(|one| one.party != own) {
                let terms = text.terms(&own, &one.party);
                let key = (one.party.clone(), one.role.as_str());
                found.entry(key).or_insert_with(|| Checked {
                    party: one.party.clone(),
                    contact: one.role.as_str(),
                    label: terms.map_or(Tlp::Green, |terms| terms.ceiling.min(Tlp::Green)),
                    calendar: calendar(&one.time_zone, one.hours),
                });
            }
        }
        Ok(found.into_values().collect())
    }

    fn check_due(
        &self,
        schedule: &Schedule,
        kind: Kind,
        checked: &Checked,
    ) -> Result<bool, ContactError> {
        let now = self.now_seconds();
        let (party, contact, word) = (checked.party.as_str(), checked.contact, kind.word());
        let row = self.inner.state.write(|tx| {
            let known = contact::planned(tx, party, contact, word)?;
            let next = schedule.next(kind, known.as_ref(), (checked, now), &mut drawn);
            if let Some(next) = &next {
                contact::plan(tx, next)?;
            }
            Ok::<_, ContactError>(next.or(known))
        })?;
        let Some(row) = row.filter(|row| row.state == WAITING && row.at <= now) else {
            return Ok(false);
        };
        let state = match self.open_planned(&row, kind, checked) {
            Ok(()) => OPENED,
            Err(error) => {
                tracing::warn!(party, contact, error = %chain(&error), "planned check not sent");
                FAILED
            }
        };
        self.inner.state.write(|tx| {
            let known = contact::planned(tx, party, contact, word)?;
            let same = known.filter(|known| known.thread == row.thread);
            same.map_or(Ok(()), |known| {
                let state = state.to_owned();
                contact::plan(tx, &PlannedRow { state, ..known })
            })
        })?;
        Ok(state == OPENED)
    }

    /// Sends a planned check, unless it stands there already because the node ended between sending it and saying so.
    fn open_planned(
        &self,
        row: &PlannedRow,
        kind: Kind,
        checked: &Checked,
    ) -> Result<(), ContactError> {
        let there = self.inner.state.read(|tx| rows::find(tx, &row.thread))?;
        if there.is_some() {
            return Ok(());
        }
        let ping = Ping {
            contact: checked.contact.to_owned(),
            minutes: None,
            hotline: false,
            unannounced: kind == Kind::Unannounced,
            label: checked.label,
        };
        self.ping_by_node(&row.thread, &checked.party, &ping)
    }
}

#[cfg(test)]
mod tests;
