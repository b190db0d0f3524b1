//! The life of one version of an accord: proposed, signed by all, in force, at its end.
//!
//! A version that is signed early waits for its day; the version before holds until then, so there is no day without terms.
//!
//! In scope: the states. Out of scope: whether a signature is good, and whether a party may sign (the module above).

use std::collections::BTreeSet;

use comity_stix::timestamp::Timestamp;

use crate::party::PartyName;
use crate::text::Content;

/// What a version needs to know of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Who must sign.
    pub parties: BTreeSet<PartyName>,
    /// From when it may hold.
    pub effective: Timestamp,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

impl Version {
    /// Of a text.
    pub fn of(content: &Content) -> Self {
        Self {
            parties: content
                .parties
                .iter()
                .map(|party| party.name.clone())
                .collect(),
            effective: content.effective,
            expires: content.expires,
        }
    }
}

/// Where a version stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Not signed by all.
    Proposed {
        /// Who has signed.
        signed: BTreeSet<PartyName>,
    },
    /// Signed by all, before its day.
    Agreed,
    /// It holds.
    InForce,
    /// A later version holds.
    Replaced,
    /// Its time is over.
    Expired,
    /// Taken back before all had signed.
    Withdrawn,
}

/// What happens to a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A party's good signature arrived.
    Signed(PartyName),
    /// Time passed.
    Tick,
    /// The version that replaces this one came into force.
    Superseded,
    /// A party takes it back.
    Withdrawn(PartyName),
}

/// What the node must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Log the event in the ledger.
    Record,
    /// Judge releases, recalls and commitments by this version; supersede the version before.
    PutInForce,
    /// Release nothing by this version any more.
    TakeOutOfForce,
}

/// An event that the state of a version does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Not one of its parties.
    #[error("{0} is no party of this version; its signature means nothing")]
    Stranger(PartyName),
    /// Too late to sign or to withdraw.
    #[error("the version is {0}; propose a new version instead")]
    Closed(&'static str),
    /// Superseded before it was in force.
    #[error("the version is {0}, so nothing can take its place; agree on it first")]
    NotInForce(&'static str),
}

/// The state after an event, and what must be done.
pub fn apply(
    version: &Version,
    state: State,
    event: Event,
    now: Timestamp,
) -> Result<(State, Vec<Effect>), Refusal> {
    use {Event as E, State as S};
    if let E::Signed(party) | E::Withdrawn(party) = &event
        && !version.parties.contains(party)
    {
        return Err(Refusal::Stranger(party.clone()));
    }
    let over = version.expires.is_some_and(|expires| now >= expires);
    match (state, event) {
        (S::Proposed { .. } | S::Agreed, E::Tick) if over => Ok((S::Expired, vec![Effect::Record])),
        (S::InForce, E::Tick) if over => {
            Ok((S::Expired, vec![Effect::Record, Effect::TakeOutOfForce]))
        }
        (S::Agreed, E::Tick) if now >= version.effective => {
            Ok((S::InForce, vec![Effect::Record, Effect::PutInForce]))
        }
        (S::Proposed { mut signed }, E::Signed(party)) if !over => {
            signed.insert(party);
            let state = if signed == version.parties {
                S::Agreed
            } else {
                S::Proposed { signed }
            };
            Ok((state, vec![Effect::Record]))
        }
        (S::Proposed { .. }, E::Withdrawn(_)) => Ok((S::Withdrawn, vec![Effect::Record])),
        (S::InForce, E::Superseded) => {
            Ok((S::Replaced, vec![Effect::Record, Effect::TakeOutOfForce]))
        }
        // An expired version that the next one replaces after a gap.
        (S::Expired, E::Superseded) => Ok((S::Replaced, vec![Effect::Record])),
        // A signature may arrive a second time.
        (state @ (S::Agreed | S::InForce), E::Signed(_) | E::Tick)
        | (state @ (S::Proposed { .. } | S::Replaced | S::Expired | S::Withdrawn), E::Tick) => {
            Ok((state, vec![]))
        }
        (state @ (S::Proposed { .. } | S::Replaced | S::Expired | S::Withdrawn), E::Signed(_))
        | (
            state @ (S::Agreed | S::InForce | S::Replaced | S::Expired | S::Withdrawn),
            E::Withdrawn(_),
        ) => Err(Refusal::Closed(state.as_str())),
        (state @ (S::Proposed { .. } | S::Agreed | S::Replaced | S::Withdrawn), E::Superseded) => {
            Err(Refusal::NotInForce(state.as_str()))
        }
    }
}

impl State {
    /// The word for people.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Proposed { .. } => "proposed",
            Self::Agreed => "agreed",
            Self::InForce => "in force",
            Self::Replaced => "replaced",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> PartyName {
        PartyName::parse(text).unwrap()
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    /// In force from 10 to 20.
    fn version() -> Version {
        let parties = [name("alpha"), name("bravo")].into();
        Version {
            parties,
            effective: at(10),
            expires: Some(at(20)),
        }
    }

    fn run(events: &[(i64, Event)]) -> Result<&'static str, Refusal> {
        let mut state = State::Proposed {
            signed: BTreeSet::new(),
        };
        for (time, event) in events {
            state = apply(&version(), state, event.clone(), at(*time))?.0;
        }
        Ok(state.as_str())
    }

    fn signed(party: &str) -> Event {
        Event::Signed(name(party))
    }

    #[test]
    fn a_version_holds_from_its_day_to_its_end_once_all_have_signed() {
        let both = [(1, signed("alpha")), (2, signed("bravo"))];
        let check = |rest: &[(i64, Event)], wanted: Result<&str, Refusal>| {
            assert_eq!(run(&[&both, rest].concat()), wanted, "{rest:?}");
        };
        assert_eq!(run(&[]), Ok("proposed"));
        assert_eq!(
            run(&[
                (1, signed("alpha")),
                (1, signed("alpha")),
                (11, Event::Tick)
            ]),
            Ok("proposed")
        );
        assert_eq!(run(&[(20, Event::Tick)]), Ok("expired"));
        assert_eq!(
            run(&[(20, signed("alpha"))]),
            Err(Refusal::Closed("proposed"))
        );
        check(&[], Ok("agreed"));
        check(&[(9, Event::Tick)], Ok("agreed"));
        check(&[(10, Event::Tick)], Ok("in force"));
        check(&[(10, Event::Tick), (11, signed("alpha"))], Ok("in force"));
        check(
            &[(10, Event::Tick), (12, Event::Superseded)],
            Ok("replaced"),
        );
        check(&[(10, Event::Tick), (20, Event::Tick)], Ok("expired"));
        check(
            &[
                (10, Event::Tick),
                (20, Event::Tick),
                (21, Event::Superseded),
            ],
            Ok("replaced"),
        );
        check(&[(20, Event::Tick)], Ok("expired"));
        check(
            &[(3, Event::Superseded)],
            Err(Refusal::NotInForce("agreed")),
        );
        check(
            &[(3, Event::Withdrawn(name("alpha")))],
            Err(Refusal::Closed("agreed")),
        );
        assert_eq!(
            run(&[(1, signed("charlie"))]),
            Err(Refusal::Stranger(name("charlie")))
        );
        let withdrawn = (2, Event::Withdrawn(name("bravo")));
        assert_eq!(
            run(&[(1, signed("alpha")), withdrawn.clone()]),
            Ok("withdrawn")
        );
        assert_eq!(
            run(&[withdrawn, (3, signed("alpha"))]),
            Err(Refusal::Closed("withdrawn"))
        );
    }

    proptest! {
        #[test]
        fn nothing_is_in_force_without_every_signature(steps in proptest::collection::vec((0_usize..6, 0_i64..25), 0..20)) {
            let events = [signed("alpha"), signed("bravo"), Event::Tick, Event::Superseded, Event::Withdrawn(name("alpha")), signed("eve")];
            let mut state = State::Proposed { signed: BTreeSet::new() };
            let (mut seen, mut in_force, mut now) = (BTreeSet::new(), false, 0);
            for (step, time) in steps {
                now = now.max(time);
                let Ok((next, effects)) = apply(&version(), state.clone(), events[step].clone(), at(now)) else {
                    continue;
                };
                if let Event::Signed(party) = &events[step] {
                    seen.insert(party.clone());
                }
                in_force |= effects.contains(&Effect::PutInForce);
                in_force &= !effects.contains(&Effect::TakeOutOfForce);
                prop_assert_eq!(in_force, next == State::InForce);
                prop_assert!(next != State::InForce || seen == version().parties);
                state = next;
            }
        }
    }
}
