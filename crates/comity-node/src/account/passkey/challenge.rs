//! Challenges: what an authenticator must sign, once and soon.
//!
//! They are kept in memory: one that was given out before a restart is worth nothing after it.
//!
//! In scope: giving them out and taking them back. Out of scope: what was signed.
//! Limits: each is good for [`CHALLENGE_MICROS`]; [`OPEN_MAX`] at once, [`PLACE_OPEN_MAX`] of them for one place, so that
//! nobody pushes those of others out.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::account::passkey::Origin;
use crate::clock::random_bytes;

/// Bytes of a challenge.
pub(crate) const CHALLENGE_BYTES: usize = 32;
/// How long a challenge is good: five minutes, in microseconds.
pub const CHALLENGE_MICROS: i64 = 300_000_000;
const OPEN_MAX: usize = 4_096;
const PLACE_OPEN_MAX: usize = 16;

/// What is to become of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ceremony {
    /// A passkey for this account, asked for in the session of this id.
    Add {
        account: String,
        session: String,
        /// By what authenticators are to tell the account.
        user_handle: Vec<u8>,
    },
    /// Somebody signs in.
    SignIn,
}

/// Challenges that wait for their answer, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Challenges {
    open: Mutex<VecDeque<Open>>,
}

#[derive(Debug)]
struct Open {
    challenge: [u8; CHALLENGE_BYTES],
    ceremony: Ceremony,
    origin: Origin,
    network: IpAddr,
    until: i64,
}

impl Challenges {
    /// A new one, asked for from a place by a page of this origin.
    pub(crate) fn give(
        &self,
        ceremony: Ceremony,
        origin: &Origin,
        place: IpAddr,
        now: i64,
    ) -> [u8; CHALLENGE_BYTES] {
        let network = network(place);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|one| now < one.until);
        let of_place = |one: &Open| one.network == network;
        if open.iter().filter(|one| of_place(one)).count() >= PLACE_OPEN_MAX
            && let Some(oldest) = open.iter().position(of_place)
        {
            open.remove(oldest);
        }
        if open.len() >= OPEN_MAX {
            open.pop_front();
        }
        let challenge = random_bytes();
        open.push_back(Open {
            challenge,
            ceremony,
            origin: origin.clone(),
            network,
            until: now + CHALLENGE_MICROS,
        });
        challenge
    }

    /// Takes one that is answered: it is good no more, whatever becomes of the answer.
    pub(crate) fn take(
        &self,
        challenge: &[u8; CHALLENGE_BYTES],
        now: i64,
    ) -> Option<(Ceremony, Origin)> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let place = open.iter().position(|one| one.challenge == *challenge)?;
        let one = open.remove(place)?;
        (now < one.until).then_some((one.ceremony, one.origin))
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
    fn a_challenge_is_good_once_and_for_five_minutes() {
        let challenges = Challenges::default();
        let origin = Origin::parse(true, "node.example").unwrap();
        let give = |now| challenges.give(Ceremony::SignIn, &origin, place(1), now);
        let first = give(0);
        assert!(challenges.take(&first, CHALLENGE_MICROS - 1).is_some());
        assert!(challenges.take(&first, 1).is_none());
        let late = give(0);
        assert!(challenges.take(&late, CHALLENGE_MICROS).is_none());
        assert!(challenges.take(&[7; CHALLENGE_BYTES], 0).is_none());
    }

    #[test]
    fn one_place_pushes_out_its_own_and_all_together_are_bounded() {
        let challenges = Challenges::default();
        let origin = Origin::parse(true, "node.example").unwrap();
        let give = |from| challenges.give(Ceremony::SignIn, &origin, from, 0);
        let mine = give(place(1));
        for _ in 0..1_000 {
            give(place(2));
        }
        let count = || challenges.open.lock().unwrap().len();
        assert_eq!(count(), 1 + PLACE_OPEN_MAX);
        assert!(challenges.take(&mine, 0).is_some());
        for number in 0..u32::try_from(OPEN_MAX).unwrap() + 50 {
            give(place(number));
        }
        assert_eq!(count(), OPEN_MAX);
        let near = ["2001:db8::1", "2001:db8::2"].map(|text| network(text.parse().unwrap()));
        assert_eq!(near[0], near[1]);
        assert_ne!(near[0], network("2001:db8:0:1::1".parse().unwrap()));
    }
}
