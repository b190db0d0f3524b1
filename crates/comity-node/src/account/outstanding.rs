//! What waits to come back: things that were given out under a secret, and are taken once and soon.
//!
//! They are kept in memory: one that was given out before a restart is worth nothing after it.
//!
//! In scope: giving out and taking back. Out of scope: what each is for.
//! Limits: [`OPEN_MAX`] at once, [`PLACE_OPEN_MAX`] of them for one place, so that nobody pushes those of others out.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::clock::random_bytes;

/// Bytes of a secret.
pub(crate) const SECRET_BYTES: usize = 32;
const OPEN_MAX: usize = 4_096;
const PLACE_OPEN_MAX: usize = 16;

/// Things that wait, the oldest first.
#[derive(Debug)]
pub(crate) struct Outstanding<T> {
    open: Mutex<VecDeque<Open<T>>>,
    micros: i64,
}

#[derive(Debug)]
struct Open<T> {
    secret: [u8; SECRET_BYTES],
    what: T,
    network: IpAddr,
    until: i64,
}

impl<T> Outstanding<T> {
    /// One whose things are good for so long, microseconds.
    pub(crate) fn new(micros: i64) -> Self {
        Self {
            open: Mutex::default(),
            micros,
        }
    }

    /// Keeps something for a place, under a new secret.
    pub(crate) fn give(&self, what: T, place: IpAddr, now: i64) -> [u8; SECRET_BYTES] {
        let network = network(place);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|one| now < one.until);
        let of_place = |one: &Open<T>| one.network == network;
        if open.iter().filter(|one| of_place(one)).count() >= PLACE_OPEN_MAX
            && let Some(oldest) = open.iter().position(of_place)
        {
            open.remove(oldest);
        }
        if open.len() >= OPEN_MAX {
            open.pop_front();
        }
        let secret = random_bytes();
        open.push_back(Open {
            secret,
            what,
            network,
            until: now + self.micros,
        });
        secret
    }

    /// Takes what waits under a secret: it is good no more, whatever becomes of it.
    pub(crate) fn take(&self, secret: &[u8; SECRET_BYTES], now: i64) -> Option<T> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let place = open.iter().position(|one| one.secret == *secret)?;
        let one = open.remove(place)?;
        (now < one.until).then_some(one.what)
    }
}

/// A place as far as it is one: of an IPv6 address the first 64 bits, which one household has.
fn network(place: IpAddr) -> IpAddr {
    match place {
        IpAddr::V4(_) => place,
        IpAddr::V6(address) => {
            let kept = u128::from(address) >> 64 << 64;
            IpAddr::from(kept.to_be_bytes())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[test]
    fn what_waits_is_taken_once_and_soon() {
        let waiting = Outstanding::new(100);
        let first = waiting.give("first", place(1), 0);
        assert_eq!(waiting.take(&first, 99), Some("first"));
        assert_eq!(waiting.take(&first, 1), None);
        let late = waiting.give("late", place(1), 0);
        assert_eq!(waiting.take(&late, 100), None);
        assert_eq!(waiting.take(&[7; SECRET_BYTES], 0), None);
    }

    #[test]
    fn one_place_pushes_out_its_own_and_all_together_are_bounded() {
        let waiting = Outstanding::new(100);
        let mine = waiting.give(1, place(1), 0);
        for number in 0..1_000 {
            waiting.give(number, place(2), 0);
        }
        let count = || waiting.open.lock().unwrap().len();
        assert_eq!(count(), 1 + PLACE_OPEN_MAX);
        assert_eq!(waiting.take(&mine, 0), Some(1));
        for number in 0..u32::try_from(OPEN_MAX).unwrap() + 50 {
            waiting.give(2, place(number), 0);
        }
        assert_eq!(count(), OPEN_MAX);
        let near = ["2001:db8::1", "2001:db8::2"].map(|text| network(text.parse().unwrap()));
        assert_eq!(near[0], near[1]);
        assert_ne!(near[0], network("2001:db8:0:1::1".parse().unwrap()));
    }
}
