//! Slows down who tries passwords.
//!
//! In scope: counting failures by where they come from, or against whom, and for how long that place or account must wait.
//! Out of scope: checking anything. Limits: [`PLACES_MAX`] places are remembered.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Failures that are free, in a row, from one place.
const FREE_FAILURES: u32 = 5;
/// Places remembered; beyond, those whose wait is over are forgotten, then the oldest.
const PLACES_MAX: usize = 10_000;

/// Failures by place or account.
#[derive(Debug)]
pub(crate) struct Throttle<K> {
    places: Mutex<HashMap<K, Failures>>,
    wait_seconds_max: u32,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    /// Nothing is checked before this time, microseconds since 1970.
    until: i64,
}

impl<K: Clone + Eq + Hash> Throttle<K> {
    /// One whose longest wait this is.
    pub(crate) fn new(wait_seconds_max: u32) -> Self {
        Self {
            places: Mutex::default(),
            wait_seconds_max,
        }
    }

    /// How many seconds this place must still wait; 0 when it need not.
    pub(crate) fn wait_seconds(&self, place: &K, now: i64) -> u32 {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let left = places
            .get(place)
            .map_or(0, |f| f.until.saturating_sub(now).max(0));
        u32::try_from(left.div_euclid(1_000_000) + i64::from(left % 1_000_000 != 0))
            .unwrap_or(self.wait_seconds_max)
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, place: &K, now: i64) {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= PLACES_MAX && !places.contains_key(place) {
            places.retain(|_, f| f.until > now);
            if let Some(oldest) = places
                .iter()
                .min_by_key(|(_, f)| f.until)
                .map(|(place, _)| place.clone())
                && places.len() >= PLACES_MAX
            {
                places.remove(&oldest);
            }
        }
        let failures = places.entry(place.clone()).or_insert(Failures {
            count: 0,
            until: now,
        });
        failures.count = failures.count.saturating_add(1);
        let over = failures.count.saturating_sub(FREE_FAILURES);
        let wait = if over == 0 {
            0
        } else {
            1_u32
                .checked_shl(over - 1)
                .unwrap_or(u32::MAX)
                .min(self.wait_seconds_max)
        };
        failures.until = now + i64::from(wait) * 1_000_000;
    }

    /// Forgets the failures of a place that has shown a right password.
    pub(crate) fn succeeded(&self, place: &K) {
        self.places
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(place);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn waits_double_after_the_free_failures_and_end_at_the_limit() {
        let throttle = Throttle::new(60);
        let place = IpAddr::from([192, 0, 2, 1]);
        let waits: Vec<u32> = (0..14)
            .map(|_| {
                throttle.failed(&place, 0);
                throttle.wait_seconds(&place, 0)
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(throttle.wait_seconds(&place, 60_000_000), 0);
        assert_eq!(
            throttle.wait_seconds(&IpAddr::from([192, 0, 2, 2]), 0),
            0,
            "another place is free"
        );
        throttle.succeeded(&place);
        assert_eq!(throttle.wait_seconds(&place, 0), 0);
    }

    #[test]
    fn remembers_no_more_places_than_its_limit() {
        let throttle = Throttle::new(60);
        for i in 0..u32::try_from(PLACES_MAX).unwrap() + 50 {
            throttle.failed(&IpAddr::from(i.to_be_bytes()), 0);
        }
        assert!(throttle.places.lock().unwrap().len() <= PLACES_MAX);
    }
}
