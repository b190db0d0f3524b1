//! Enrolment of another party: from its card to full trust, and back.
//!
//! Pending becomes verified when the fingerprint was heard and typed, and the other party has proved that it holds its keys by
//! cosigning our checkpoint. Either side may suspend; what is queued then waits. Revoked is the end: who comes back enrols
//! anew, with a new card compared by telephone.
//!
//! In scope: the states and what each lets pass. Out of scope: the comparison (`fingerprint`), keys (`keys`), queues.

use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;

/// Where the enrolment of a party stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its card was imported.
    Pending(Progress),
    /// Its card is known to be its own.
    Verified {
        /// Since when.
        since: Timestamp,
    },
    /// Verified, but exchange rests.
    Suspended {
        /// Since when.
        since: Timestamp,
        /// Who asked for it.
        by: Side,
    },
    /// For good.
    Revoked {
        /// Since when.
        since: Timestamp,
    },
}

/// What of the ceremony is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing yet.
    CardOnly,
    /// The fingerprint was heard and typed.
    Compared,
    /// The party cosigned our checkpoint.
    Proved,
}

/// Who suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// We did.
    Us,
    /// The other party did.
    Them,
    /// Both did, each for itself.
    Both,
}

/// What happens to an enrolment. `Suspend` and `Resume` come from one side at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The half of the fingerprint that was heard is right.
    FingerprintMatched,
    /// It is not.
    FingerprintDiffered,
    /// The party cosigned our checkpoint with the witness key of its card.
    PossessionProved,
    /// We suspend.
    WeSuspend,
    /// The other party suspends.
    TheySuspend,
    /// We resume.
    WeResume,
    /// The other party resumes.
    TheyResume,
    /// We revoke, or the party's root revoked the party.
    Revoke,
}

/// What the node must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Log the event in the ledger.
    Record(Event),
    /// Tell the other party that we suspended or resumed.
    Notify,
    /// Keep what is queued for the party until it is verified again.
    HoldQueue,
    /// Send what is queued, after release control judged it anew.
    ReleaseQueue,
    /// Give up what is queued, visibly.
    FailQueue,
    /// Alert the duty officers: somebody may stand between the parties.
    Alert,
}

/// An event that its state does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event} is not possible while the party is {state}; {}", mend(*.state))]
pub struct Refusal {
    /// The state.
    pub state: State,
    /// The event.
    pub event: Event,
}

/// The state after an event, and what must be done.
pub fn apply(state: State, event: Event, now: Timestamp) -> Result<(State, Vec<Effect>), Refusal> {
    use {Effect as F, Event as E, Progress as P, State as S};
    let verified = S::Verified { since: now };
    let (by_us, by_them) = (
        suspended(state, Side::Us, now),
        suspended(state, Side::Them, now),
    );
    let (next, effects): (State, &[Effect]) = match (state, event) {
        (S::Pending(P::CardOnly | P::Compared), E::FingerprintMatched) => {
            (S::Pending(P::Compared), &[])
        }
        (S::Pending(P::CardOnly | P::Proved), E::PossessionProved) => (S::Pending(P::Proved), &[]),
        (S::Pending(P::Proved), E::FingerprintMatched)
        | (S::Pending(P::Compared), E::PossessionProved)
        | (S::Suspended { by: Side::Them, .. }, E::TheyResume) => (verified, &[F::ReleaseQueue]),
        (S::Pending(P::Proved), E::FingerprintDiffered) => (state, &[F::Alert]),
        (S::Pending(_), E::FingerprintDiffered) => (S::Pending(P::CardOnly), &[F::Alert]),
        (S::Verified { .. } | S::Suspended { .. }, E::FingerprintMatched | E::PossessionProved) => {
            (state, &[])
        }
        (S::Verified { .. } | S::Suspended { .. }, E::FingerprintDiffered) => {
            (by_us, &[F::HoldQueue, F::Notify, F::Alert])
        }
        (S::Verified { .. } | S::Suspended { .. }, E::WeSuspend) => {
            (by_us, &[F::HoldQueue, F::Notify])
        }
        (S::Verified { .. } | S::Suspended { .. }, E::TheySuspend) => (by_them, &[F::HoldQueue]),
        (S::Suspended { by: Side::Us, .. }, E::WeResume) => {
            (verified, &[F::Notify, F::ReleaseQueue])
        }
        (S::Suspended { by: Side::Both, .. }, E::WeResume) => {
            (rests_on(state, Side::Them), &[F::Notify])
        }
        (S::Suspended { by: Side::Both, .. }, E::TheyResume) => (rests_on(state, Side::Us), &[]),
        (S::Pending(_) | S::Verified { .. } | S::Suspended { .. }, E::Revoke) => {
            (S::Revoked { since: now }, &[F::FailQueue])
        }
        (S::Pending(_), E::WeSuspend | E::TheySuspend | E::WeResume | E::TheyResume)
        | (S::Verified { .. }, E::WeResume | E::TheyResume)
        | (S::Suspended { by: Side::Us, .. }, E::TheyResume)
        | (S::Suspended { by: Side::Them, .. }, E::WeResume)
        | (
            S::Revoked { .. },
            E::FingerprintMatched | E::FingerprintDiffered | E::PossessionProved,
        )
        | (
            S::Revoked { .. },
            E::WeSuspend | E::TheySuspend | E::WeResume | E::TheyResume | E::Revoke,
        ) => {
            return Err(Refusal { state, event });
        }
    };
    let recorded = std::iter::once(F::Record(event)).chain(effects.iter().copied());
    Ok((next, recorded.collect()))
}

/// Suspended by one side more.
fn suspended(state: State, side: Side, now: Timestamp) -> State {
    match state {
        State::Suspended { since, by } => {
            let by = if by == side { side } else { Side::Both };
            State::Suspended { since, by }
        }
        State::Pending(_) | State::Verified { .. } | State::Revoked { .. } => State::Suspended {
            since: now,
            by: side,
        },
    }
}

/// Suspended by one side only, since it was suspended at all.
fn rests_on(state: State, by: Side) -> State {
    match state {
        State::Suspended { since, .. } => State::Suspended { since, by },
        State::Pending(_) | State::Verified { .. } | State::Revoked { .. } => state,
    }
}

/// Whether a party in this state may receive something under a label. Only a verified party gets anything above TLP:CLEAR;
/// a suspended one gets nothing, and neither does a revoked one.
pub fn may_receive(state: State, label: Tlp) -> bool {
    match state {
        State::Pending(_) => label == Tlp::Clear,
        State::Verified { .. } => true,
        State::Suspended { .. } | State::Revoked { .. } => false,
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Pending(_) => "pending",
            Self::Verified { .. } => "verified",
            Self::Suspended { by: Side::Us, .. } => "suspended by us",
            Self::Suspended { by: Side::Them, .. } => "suspended by itself",
            Self::Suspended { by: Side::Both, .. } => "suspended by both sides",
            Self::Revoked { .. } => "revoked",
        })
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::FingerprintMatched => "a comparison that matched",
            Self::FingerprintDiffered => "a comparison that differed",
            Self::PossessionProved => "proof of possession",
            Self::WeSuspend => "suspension",
            Self::TheySuspend => "suspension by the other party",
            Self::WeResume => "resumption",
            Self::TheyResume => "resumption by the other party",
            Self::Revoke => "revocation",
        })
    }
}

const fn mend(state: State) -> &'static str {
    match state {
        State::Pending(_) => "compare the fingerprint first",
        State::Verified { .. } => "nothing needs to be done",
        State::Suspended { by: Side::Us, .. } => "resume on this side",
        State::Suspended { by: Side::Them, .. } => "only the other party can resume",
        State::Suspended { by: Side::Both, .. } => "both sides must resume",
        State::Revoked { .. } => "import a new card and compare it by telephone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EVENTS: [Event; 8] = [
        Event::FingerprintMatched,
        Event::FingerprintDiffered,
        Event::PossessionProved,
        Event::WeSuspend,
        Event::TheySuspend,
        Event::WeResume,
        Event::TheyResume,
        Event::Revoke,
    ];
    const START: State = State::Pending(Progress::CardOnly);

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    fn run(events: &[Event]) -> Result<String, Refusal> {
        let step = |state, event: &Event| apply(state, *event, at(1)).map(|(next, _)| next);
        events
            .iter()
            .try_fold(START, step)
            .map(|state| state.to_string())
    }

    #[test]
    fn both_halves_of_the_ceremony_are_needed_in_any_order() {
        use Event::{
            FingerprintDiffered as Differed, FingerprintMatched as Matched,
            PossessionProved as Proved,
        };
        let check =
            |events: &[Event], wanted: &str| assert_eq!(run(events).unwrap(), wanted, "{events:?}");
        check(&[Matched], "pending");
        check(&[Proved], "pending");
        check(&[Matched, Matched], "pending");
        check(&[Proved, Proved], "pending");
        check(&[Matched, Proved], "verified");
        check(&[Proved, Matched], "verified");
        check(&[Matched, Differed, Proved], "pending");
        check(&[Proved, Differed, Matched], "verified");
        check(&[Matched, Proved, Differed], "suspended by us");
    }

    #[test]
    fn each_side_lifts_its_own_suspension() {
        use Event::{
            FingerprintMatched, PossessionProved, TheyResume, TheySuspend, WeResume, WeSuspend,
        };
        let check = |events: &[Event], wanted: Result<&str, &str>| {
            let all = [&[FingerprintMatched, PossessionProved], events].concat();
            match (run(&all), wanted) {
                (found, Ok(wanted)) => assert_eq!(found.unwrap(), wanted, "{events:?}"),
                (found, Err(wanted)) => assert_eq!(found.unwrap_err().to_string(), wanted),
            }
        };
        check(&[WeSuspend], Ok("suspended by us"));
        check(&[WeSuspend, TheySuspend], Ok("suspended by both sides"));
        check(
            &[WeSuspend, TheySuspend, WeResume],
            Ok("suspended by itself"),
        );
        check(
            &[WeSuspend, TheySuspend, WeResume, TheyResume],
            Ok("verified"),
        );
        check(
            &[TheySuspend, WeResume],
            Err(
                "resumption is not possible while the party is suspended by itself; only the other party can resume",
            ),
        );
        check(
            &[Event::Revoke, WeResume],
            Err(
                "resumption is not possible while the party is revoked; import a new card and compare it by telephone",
            ),
        );
    }

    #[test]
    fn only_a_verified_party_receives_above_clear() {
        let since = at(0);
        let table = [
            (START, [true, false, false, false, false]),
            (State::Verified { since }, [true; 5]),
            (
                State::Suspended {
                    since,
                    by: Side::Us,
                },
                [false; 5],
            ),
            (State::Revoked { since }, [false; 5]),
        ];
        for (state, wanted) in table {
            assert_eq!(
                Tlp::ALL.map(|label| may_receive(state, label)),
                wanted,
                "{state}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_queued_moves_only_when_the_party_is_verified(steps in proptest::collection::vec(0_usize..8, 0..30)) {
            let mut state = START;
            for (index, step) in steps.into_iter().enumerate() {
                let revoked = matches!(state, State::Revoked { .. });
                let Ok((next, effects)) = apply(state, EVENTS[step], at(i64::try_from(index).unwrap())) else {
                    continue;
                };
                prop_assert!(!revoked, "revoked is the end");
                prop_assert_eq!(effects.first(), Some(&Effect::Record(EVENTS[step])));
                let verified = |state| matches!(state, State::Verified { .. });
                prop_assert_eq!(effects.contains(&Effect::ReleaseQueue), verified(next) && !verified(state));
                prop_assert_eq!(effects.contains(&Effect::FailQueue), matches!(next, State::Revoked { .. }));
                state = next;
            }
        }
    }
}
