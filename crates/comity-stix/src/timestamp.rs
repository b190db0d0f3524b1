//! Points in time as STIX (section 2.16) and TAXII (section 2) write them.
//!
//! In scope: reading both spellings, order, and TAXII's spelling of exactly six fraction digits. Years 0000 to
//! 9999, proleptic Gregorian calendar, UTC only (`Z`).
//! A leap second (`23:59:60` on 30 June or 31 December) is read as the last nanosecond before midnight, so it
//! sorts after its day and before the next one.
//! Out of scope: the clock; time zones.

use std::fmt;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 0000-01-01T00:00:00Z.
const MICROS_MIN: i64 = -62_167_219_200 * MICROS_PER_SECOND;
/// The last microsecond of the year 9999.
const MICROS_MAX: i64 = 253_402_300_800 * MICROS_PER_SECOND - 1;
/// Fraction digits that are told apart.
const DIGITS_MAX: usize = 9;

/// A point in time to the nanosecond, in the years 0000 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp {
    micros: i64,
    nanos: u16,
}

impl Timestamp {
    /// Microseconds since 1970-01-01T00:00:00Z; `None` outside the years 0000 to 9999.
    pub fn from_micros(micros: i64) -> Option<Self> {
        Self::new(micros, 0)
    }

    /// Microseconds since 1970 and nanoseconds (0 to 999) past them; `None` out of range.
    pub fn new(micros: i64, nanos: u16) -> Option<Self> {
        let inside = (MICROS_MIN..=MICROS_MAX).contains(&micros) && nanos < 1_000;
        inside.then_some(Self { micros, nanos })
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.micros
    }

    /// Nanoseconds past [`Self::micros`], 0 to 999.
    pub fn sub_micro_nanos(self) -> u16 {
        self.nanos
    }

    /// Reads a STIX timestamp, `YYYY-MM-DDTHH:mm:ss[.s+]Z`. More than nine fraction digits are refused
    /// unless the rest are zeros, because two versions could otherwise look equal.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        read(text, Precision::Exact)
    }

    /// Reads the timestamp of a TAXII query parameter: as [`Self::parse`], with any number of fraction
    /// digits; what lies below a nanosecond is cut off.
    pub fn parse_taxii(text: &str) -> Result<Self, TimestampError> {
        read(text, Precision::Cut)
    }

    /// The shortest STIX spelling: three fraction digits, more only where needed.
    pub fn to_stix(self) -> String {
        let seconds = Seconds(self.micros.div_euclid(MICROS_PER_SECOND));
        let micros = self.micros.rem_euclid(MICROS_PER_SECOND);
        let nanos = micros * 1_000 + i64::from(self.nanos);
        if nanos % 1_000_000 == 0 {
            format!("{seconds}.{:03}Z", nanos / 1_000_000)
        } else if self.nanos == 0 {
            format!("{seconds}.{micros:06}Z")
        } else {
            format!("{seconds}.{nanos:09}Z")
        }
    }
}

/// `YYYY-MM-DDTHH:MM:SS.ssssssZ`, exactly microseconds: TAXII 2.1 section 2.
impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = Seconds(self.micros.div_euclid(MICROS_PER_SECOND));
        write!(
            out,
            "{seconds}.{:06}Z",
            self.micros.rem_euclid(MICROS_PER_SECOND)
        )
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Why a text is no timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// Not of the form.
    #[error("is not of the form YYYY-MM-DDTHH:MM:SS[.s]Z in UTC")]
    Form,
    /// Of the form, but the calendar or the clock has no such moment.
    #[error("names a day or a time that does not exist")]
    Calendar,
    /// More than nine digits of fraction.
    #[error("has more than {DIGITS_MAX} fraction digits")]
    Precision,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Precision {
    Exact,
    Cut,
}

fn read(text: &str, precision: Precision) -> Result<Timestamp, TimestampError> {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        mo1,
        mo2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        mi1,
        mi2,
        b':',
        s1,
        s2,
        rest @ ..,
        b'Z',
    ] = text.as_bytes()
    else {
        return Err(TimestampError::Form);
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let (month, day) = (number(&[*mo1, *mo2])?, number(&[*d1, *d2])?);
    let (hour, minute, second) = (
        number(&[*h1, *h2])?,
        number(&[*mi1, *mi2])?,
        number(&[*s1, *s2])?,
    );
    let fraction = fraction_nanos(rest, precision)?;
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
        || hour > 23
        || minute > 59
    {
        return Err(TimestampError::Calendar);
    }
    let leap = second == 60;
    let may_leap =
        hour == 23 && minute == 59 && ((month == 6 && day == 30) || (month == 12 && day == 31));
    if second > 60 || (leap && !may_leap) {
        return Err(TimestampError::Calendar);
    }
    let (second, nanos) = if leap {
        (59, 999_999_999)
    } else {
        (second, fraction)
    };
    let seconds =
        days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second;
    let below = u16::try_from(nanos % 1_000).map_err(|_| TimestampError::Form)?;
    Timestamp::new(seconds * MICROS_PER_SECOND + nanos / 1_000, below)
        .ok_or(TimestampError::Calendar)
}

fn fraction_nanos(rest: &[u8], precision: Precision) -> Result<i64, TimestampError> {
    let digits = match rest {
        [] => return Ok(0),
        [b'.', digits @ ..] if !digits.is_empty() => digits,
        _ => return Err(TimestampError::Form),
    };
    let (kept, cut) = digits.split_at(digits.len().min(DIGITS_MAX));
    if !cut.iter().all(u8::is_ascii_digit) {
        return Err(TimestampError::Form);
    }
    if precision == Precision::Exact && cut.iter().any(|digit| *digit != b'0') {
        return Err(TimestampError::Precision);
    }
    let mut nanos = number(kept)?;
    for _ in kept.len()..DIGITS_MAX {
        nanos *= 10;
    }
    Ok(nanos)
}

fn number(digits: &[u8]) -> Result<i64, TimestampError> {
    digits.iter().try_fold(0_i64, |sum, digit| match digit {
        b'0'..=b'9' => Ok(sum * 10 + i64::from(digit - b'0')),
        _ => Err(TimestampError::Form),
    })
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years are counted from March, so that the leap day is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Writes whole seconds since 1970 as `YYYY-MM-DDTHH:MM:SS`.
struct Seconds(i64);

impl fmt::Display for Seconds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(SECONDS_PER_DAY));
        let clock = self.0.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute, second) = (clock / 3_600, clock / 60 % 60, clock % 60);
        write!(
            out,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{MICROS_MAX, MICROS_MIN, Timestamp, TimestampError};
    use proptest::prelude::*;

    fn check(text: &str, expected: Result<(&str, u16), TimestampError>) {
        let found = Timestamp::parse(text).map(|at| (at.to_string(), at.sub_micro_nanos()));
        assert_eq!(
            found,
            expected.map(|(text, nanos)| (text.to_owned(), nanos)),
            "{text}"
        );
    }

    #[test]
    fn reads_stix_timestamps() {
        use TimestampError::{Calendar, Form, Precision};
        check(
            "2016-01-20T12:31:12.123Z",
            Ok(("2016-01-20T12:31:12.123000Z", 0)),
        );
        check(
            "2016-01-20T12:31:12Z",
            Ok(("2016-01-20T12:31:12.000000Z", 0)),
        );
        check(
            "2016-01-20T12:31:12.123456789Z",
            Ok(("2016-01-20T12:31:12.123456Z", 789)),
        );
        check(
            "2016-01-20T12:31:12.1234567890000Z",
            Ok(("2016-01-20T12:31:12.123456Z", 789)),
        );
        check("2016-01-20T12:31:12.1234567891Z", Err(Precision));
        check(
            "0000-01-01T00:00:00Z",
            Ok(("0000-01-01T00:00:00.000000Z", 0)),
        );
        check(
            "9999-12-31T23:59:59.999999999Z",
            Ok(("9999-12-31T23:59:59.999999Z", 999)),
        );
        check(
            "2000-02-29T00:00:00Z",
            Ok(("2000-02-29T00:00:00.000000Z", 0)),
        );
        check("1900-02-29T00:00:00Z", Err(Calendar));
        check("2023-02-29T00:00:00Z", Err(Calendar));
        check("2023-13-01T00:00:00Z", Err(Calendar));
        check("2023-00-01T00:00:00Z", Err(Calendar));
        check("2023-04-31T00:00:00Z", Err(Calendar));
        check("2023-04-00T00:00:00Z", Err(Calendar));
        check("2023-04-01T24:00:00Z", Err(Calendar));
        check("2023-04-01T23:60:00Z", Err(Calendar));
        check(
            "2016-12-31T23:59:60Z",
            Ok(("2016-12-31T23:59:59.999999Z", 999)),
        );
        check("2016-12-30T23:59:60Z", Err(Calendar));
        check("2016-12-31T23:59:61Z", Err(Calendar));
        for text in [
            "",
            "Z",
            "2016-01-20",
            "2016-01-20T12:31:12",
            "2016-01-20T12:31:12+00:00",
            "2016-01-20t12:31:12Z",
            "2016-01-20T12:31:12z",
            "2016-01-20 12:31:12Z",
            "2016-01-20T12:31:12.Z",
            "2016-01-20T12:31:12,5Z",
            "2016-1-20T12:31:12Z",
            "+2016-01-20T12:31:12Z",
            "2016-01-20T12:31:12.12aZ",
            "2016-01-20T12:31Z",
            "2016-01-20T12:31:12.1234567890aZ",
            "２016-01-20T12:31:12Z",
        ] {
            check(text, Err(Form));
        }
    }

    #[test]
    fn reads_taxii_parameters_with_any_precision() {
        let at = Timestamp::parse_taxii("2016-01-20T12:31:12.12345678912345Z");
        assert_eq!(
            at.map(|at| (at.to_string(), at.sub_micro_nanos())),
            Ok(("2016-01-20T12:31:12.123456Z".to_owned(), 789))
        );
        assert_eq!(
            Timestamp::parse_taxii("2016-02-30T12:31:12Z"),
            Err(TimestampError::Calendar)
        );
        assert_eq!(
            Timestamp::parse_taxii("2016-02-30"),
            Err(TimestampError::Form)
        );
    }

    #[test]
    fn writes_the_shortest_stix_spelling() {
        for text in [
            "2016-01-20T12:31:12.000Z",
            "2016-01-20T12:31:12.123Z",
            "2016-01-20T12:31:12.123456Z",
            "2016-01-20T12:31:12.123456789Z",
        ] {
            assert_eq!(
                Timestamp::parse(text).map(Timestamp::to_stix),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn knows_its_bounds() {
        assert!(Timestamp::from_micros(MICROS_MIN - 1).is_none());
        assert!(Timestamp::from_micros(MICROS_MAX + 1).is_none());
        assert!(Timestamp::new(0, 1_000).is_none());
        assert_eq!(
            Timestamp::from_micros(0).map(|at| at.to_string()),
            Some("1970-01-01T00:00:00.000000Z".to_owned())
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in MICROS_MIN..=MICROS_MAX, nanos in 0_u16..1_000) {
            let at = Timestamp::new(micros, nanos).unwrap();
            prop_assert_eq!(Timestamp::parse(&at.to_stix()), Ok(at));
            let cut = Timestamp::new(micros, 0).unwrap();
            prop_assert_eq!(Timestamp::parse_taxii(&at.to_string()), Ok(cut));
        }
    }
}
