//! How much mail a minute comes from a network, for an address, for a party.
//!
//! Minutes are counted from the server's start, each by itself: around the turn of one, twice the limit may pass within a minute.
//!
//! In scope: counting. Out of scope: what is said when there is too much.
//! Limits: [`KEYS_MAX`] are counted at once; when there are more in one minute, those are let through uncounted, since
//! connections bound them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// What is counted at once.
const KEYS_MAX: usize = 50_000;

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Network(IpAddr),
    Mailbox(String),
    Party(String),
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    minute: u64,
    mails: u32,
    bytes: u64,
}

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Quota(Mutex<HashMap<Key, Window>>);

impl Quota {
    /// Counts a mail; `false`, and it is not counted, when there were `mails_max` in this minute or more than `bytes_max`.
    pub(super) fn mail(&self, key: Key, minute: u64, mails_max: u32, bytes_max: u64) -> bool {
        self.with(key, minute, |window| {
            let fits = window.mails < mails_max && window.bytes < bytes_max;
            window.mails = window.mails.saturating_add(u32::from(fits));
            fits
        })
        .unwrap_or(true)
    }

    /// Counts bytes.
    pub(super) fn bytes(&self, key: Key, minute: u64, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.with(key, minute, |window| {
            window.bytes = window.bytes.saturating_add(count);
        });
    }

    fn with<T>(&self, key: Key, minute: u64, count: impl FnOnce(&mut Window) -> T) -> Option<T> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= KEYS_MAX && !windows.contains_key(&key) {
            windows.retain(|_, window| window.minute == minute);
            if windows.len() >= KEYS_MAX {
                return None;
            }
        }
        let window = windows.entry(key).or_default();
        if window.minute != minute {
            *window = Window {
                minute,
                ..Window::default()
            };
        }
        Some(count(window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u32) -> Key {
        Key::Network(IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn mails_and_bytes_are_counted_by_the_minute() {
        let quota = Quota::default();
        let mail = |minute| quota.mail(network(1), minute, 2, 100);
        assert_eq!(
            [mail(0), mail(0), mail(0), mail(1)],
            [true, true, false, true]
        );
        quota.bytes(network(1), 1, 99);
        assert!(mail(1));
        let quota = Quota::default();
        quota.bytes(network(1), 0, 100);
        assert!(!quota.mail(network(1), 0, 9, 100));
        assert!(quota.mail(network(2), 0, 9, 100), "another network is free");
        assert!(quota.mail(Key::Party("bravo".to_owned()), 0, 9, 100));
        assert!(quota.mail(network(1), 1, 9, 100));
    }

    #[test]
    fn no_more_is_remembered_than_the_limit() {
        let quota = Quota::default();
        for number in 0..u32::try_from(KEYS_MAX).unwrap() + 50 {
            assert!(quota.mail(network(number), 0, 1, 1));
        }
        assert_eq!(quota.0.lock().unwrap().len(), KEYS_MAX);
        assert!(
            !quota.mail(network(1), 0, 1, 1),
            "what is remembered counts"
        );
        assert!(quota.mail(network(u32::MAX), 1, 1, 1));
        assert_eq!(
            quota.0.lock().unwrap().len(),
            1,
            "the minute before is forgotten"
        );
    }
}
