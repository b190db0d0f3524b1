//! Periods: months, quarters and half-years in UTC, and the parts of a longer one.
//!
//! In scope: reading their words and their bounds. Out of scope: which commitment is judged over which.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::text::commitment::Period;

/// A stretch of time: from a moment on, up to but without another; seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The first second.
    pub from: i64,
    /// The first second after it.
    pub until: i64,
}

impl Window {
    /// Whether a moment lies in it.
    pub const fn holds(&self, at: i64) -> bool {
        self.from <= at && at < self.until
    }
}

/// A month, a quarter or a half of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    period: Period,
    year: i16,
    /// Which one of the year, from 1.
    number: i8,
}

impl Stretch {
    /// Reads `2026-10`, `2026-Q4` or `2026-H2`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, part) = text.split_once('-')?;
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if year.len() != 4 || !digits(year) {
            return None;
        }
        let (period, number, most) = match part.strip_prefix('Q') {
            Some(rest) => (Period::Quarter, rest, 4),
            None => match part.strip_prefix('H') {
                Some(rest) => (Period::HalfYear, rest, 2),
                None => (Period::Month, part, 12),
            },
        };
        let length = if period == Period::Month { 2 } else { 1 };
        let number = number
            .parse::<i8>()
            .ok()
            .filter(|_| digits(number) && number.len() == length)?;
        let year = year.parse().ok()?;
        (1..=most).contains(&number).then_some(Self {
            period,
            year,
            number,
        })
    }

    /// The one that holds a moment.
    pub fn around(period: Period, at: i64) -> Option<Self> {
        let at = jiff::Timestamp::from_second(at).ok()?;
        let date = TimeZone::UTC.to_datetime(at).date();
        let number = (date.month() - 1) / months(period) + 1;
        Some(Self {
            period,
            year: date.year(),
            number,
        })
    }

    /// The one before it.
    pub fn before(self) -> Option<Self> {
        Self::around(self.period, self.window()?.from - 1)
    }

    /// What kind it is.
    pub const fn period(self) -> Period {
        self.period
    }

    /// Its bounds.
    pub fn window(self) -> Option<Window> {
        let months = months(self.period);
        let first = (self.number - 1) * months + 1;
        let (year, next) = if first + months > 12 {
            (self.year + 1, 1)
        } else {
            (self.year, first + months)
        };
        Some(Window {
            from: start(self.year, first)?,
            until: start(year, next)?,
        })
    }

    /// Its parts of a kind, in order: itself, or shorter ones; none of a longer kind.
    pub fn parts(self, of: Period) -> Vec<Self> {
        let times = months(self.period) / months(of);
        let first = (self.number - 1) * times + 1;
        (first..first + times)
            .map(|number| Self {
                period: of,
                year: self.year,
                number,
            })
            .collect()
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.period {
            Period::Month => write!(out, "{:04}-{:02}", self.year, self.number),
            Period::Quarter => write!(out, "{:04}-Q{}", self.year, self.number),
            Period::HalfYear => write!(out, "{:04}-H{}", self.year, self.number),
        }
    }
}

/// How many months a period has.
pub const fn months(period: Period) -> i8 {
    match period {
        Period::Month => 1,
        Period::Quarter => 3,
        Period::HalfYear => 6,
    }
}

fn start(year: i16, month: i8) -> Option<i64> {
    let date = Date::new(year, month, 1).ok()?;
    let zoned = date.to_zoned(TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_and_bounded() {
        let check = |text: &str, from: &str, until: &str| {
            let stretch = Stretch::parse(text).unwrap();
            assert_eq!(stretch.to_string(), text);
            let second = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
            let window = stretch.window().unwrap();
            assert_eq!(
                window,
                Window {
                    from: second(from),
                    until: second(until)
                }
            );
            assert_eq!(
                Stretch::around(stretch.period(), window.until - 1),
                Some(stretch)
            );
        };
        check("2026-Q4", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z");
        check("2026-H1", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z");
        check("2026-02", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z");
        for bad in [
            "", "2026", "2026-Q5", "2026-0", "2026-13", "2026-H0", "26-Q1", "2026-1", "2026-Q01",
        ] {
            assert_eq!(Stretch::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_longer_period_has_shorter_parts_and_none_that_are_longer() {
        let quarter = Stretch::parse("2026-Q4").unwrap();
        let words = |of| {
            quarter
                .parts(of)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(Period::Month), ["2026-10", "2026-11", "2026-12"]);
        assert_eq!(words(Period::Quarter), ["2026-Q4"]);
        assert!(words(Period::HalfYear).is_empty());
        assert_eq!(quarter.before().unwrap().to_string(), "2026-Q3");
    }
}
