//! When a request is worth repeating, and after how long.
//!
//! In scope: 429, 502, 503 and 504; `Retry-After` in seconds or as a date, measured against the answer's own
//! `Date`, so that a wrong clock on either side does no harm; exponential waits with jitter.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::fmt::rfc2822;

use super::Answer;

/// Whether the answer asks to come again, and when, if it says.
#[expect(
    clippy::option_option,
    reason = "repeat or not, and if so with or without a wish"
)]
pub(super) fn wait_asked(answer: &Answer) -> Option<Option<Duration>> {
    matches!(answer.status.as_u16(), 429 | 502..=504).then(|| asked(answer))
}

fn asked(answer: &Answer) -> Option<Duration> {
    let text = answer.header("retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let read = |text: &str| rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let (until, now) = (read(text)?, read(answer.header("date")?)?);
    Duration::try_from(until.duration_since(now)).ok()
}

/// The wait after so many attempts: it doubles, and lies somewhere in the upper half, so that many clients of one
/// server do not come back at the same moment. `age` is the client's, and its nanoseconds are the dice.
pub(super) fn backoff(first: Duration, attempts: u8, age: Duration) -> Duration {
    let whole = first.saturating_mul(1_u32 << u32::from(attempts.saturating_sub(1)).min(16));
    let mut dice = DefaultHasher::new();
    (age.as_nanos(), attempts).hash(&mut dice);
    let share = u32::try_from(dice.finish() % 1024).unwrap_or(0);
    (whole / 2).saturating_add((whole / 2048).saturating_mul(share))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use reqwest::{StatusCode, Url};

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let url = Url::parse("https://example.com").expect("a URL");
        let status = StatusCode::from_u16(status).expect("a status");
        Answer {
            status,
            headers: map,
            body: Bytes::new(),
            url,
        }
    }

    #[test]
    fn only_an_overloaded_server_is_asked_again() {
        for status in [200, 400, 401, 404, 406, 500] {
            assert_eq!(wait_asked(&answer(status, &[])), None);
        }
        assert_eq!(wait_asked(&answer(503, &[])), Some(None));
        let three = Some(Some(Duration::from_secs(3)));
        assert_eq!(wait_asked(&answer(429, &[("retry-after", "3")])), three);
        let date = ("date", "Wed, 21 Oct 2015 07:27:57 GMT");
        assert_eq!(
            wait_asked(&answer(
                429,
                &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"), date]
            )),
            three
        );
        assert_eq!(
            wait_asked(&answer(429, &[("retry-after", "soon"), date])),
            Some(None)
        );
    }

    #[test]
    fn waits_grow_and_differ() {
        let first = Duration::from_millis(100);
        for attempt in 1..=10 {
            let whole = first * 2_u32.pow(u32::from(attempt) - 1);
            let waits: std::collections::BTreeSet<_> = (0..20)
                .map(|age| backoff(first, attempt, Duration::from_nanos(age)))
                .collect();
            assert!(
                waits
                    .iter()
                    .all(|wait| *wait >= whole / 2 && *wait <= whole),
                "{waits:?}"
            );
            assert!(waits.len() > 10, "{waits:?}");
        }
    }
}
