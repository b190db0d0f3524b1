//! A recall: a signed request to remove what was released, which the receiver must answer.
//!
//! The state depends on what was said, not on the order in which it arrived: of several answers the one said last holds,
//! repeated ones change nothing, and an answer without a receipt is an answer.
//!
//! In scope: the state of one recall at one receiver. Out of scope: signatures, sending, what is removed.

use comity_stix::timestamp::Timestamp;

/// What the receiver answered. The order decides between answers of one moment: the one that admits more holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// It never had the object.
    NeverHad,
    /// The object and its copies are gone.
    Removed,
    /// It keeps the object.
    Kept {
        /// Its reason, in its own words.
        reason: String,
    },
}

/// How far a recall has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Sent; no receipt yet.
    Asked,
    /// The receiver's node has it.
    Delivered,
    /// The day has passed without an answer.
    Overdue {
        /// Whether the receiver's node has it at all.
        delivered: bool,
    },
    /// Answered.
    Answered {
        /// When the first answer was given.
        first: Timestamp,
        /// When the answer that holds was given.
        last: Timestamp,
        /// The answer that holds.
        answer: Answer,
    },
}

/// What happens to a recall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A receipt came.
    Deliver,
    /// The receiver answered.
    Answer {
        /// When, as it signed.
        at: Timestamp,
        /// What.
        answer: Answer,
    },
    /// Time passed.
    Tick,
}

/// What must be done because of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The ledger takes an entry.
    Record,
    /// The receiver is reminded, and the operator told.
    Remind,
}

/// One recall at one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// The moment by which it must be answered.
    pub due: Timestamp,
    /// How far it has come.
    pub state: State,
}

impl Recall {
    /// A recall just sent.
    pub fn ask(due: Timestamp) -> Self {
        Self {
            due,
            state: State::Asked,
        }
    }

    /// The recall after an event, and what must be done.
    #[must_use]
    pub fn apply(self, event: Event, now: Timestamp) -> (Self, Option<Effect>) {
        let due = self.due;
        let (state, effect) = match (self.state, event) {
            (State::Asked, Event::Deliver) => (State::Delivered, Some(Effect::Record)),
            (State::Overdue { delivered: false }, Event::Deliver) => {
                (State::Overdue { delivered: true }, Some(Effect::Record))
            }
            (State::Asked, Event::Tick) if now > due => {
                (State::Overdue { delivered: false }, Some(Effect::Remind))
            }
            (State::Delivered, Event::Tick) if now > due => {
                (State::Overdue { delivered: true }, Some(Effect::Remind))
            }
            (
                State::Asked | State::Delivered | State::Overdue { .. },
                Event::Answer { at, answer },
            ) => (answered(at, at, answer), Some(Effect::Record)),
            (
                State::Answered {
                    first,
                    last,
                    answer,
                },
                Event::Answer { at, answer: said },
            ) => {
                let effect = (at, &said) != (last, &answer);
                let (last, answer) = (last, answer).max((at, said));
                let state = answered(first.min(at), last, answer);
                (state, effect.then_some(Effect::Record))
            }
            (
                state @ (State::Delivered | State::Overdue { .. } | State::Answered { .. }),
                Event::Deliver,
            )
            | (state, Event::Tick) => (state, None),
        };
        (Self { due, state }, effect)
    }

    /// Whether the first answer came after the day it was due.
    pub fn is_late(&self) -> bool {
        match self.state {
            State::Asked | State::Delivered => false,
            State::Overdue { .. } => true,
            State::Answered { first, .. } => first > self.due,
        }
    }
}

fn answered(first: Timestamp, last: Timestamp, answer: Answer) -> State {
    State::Answered {
        first,
        last,
        answer,
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Effect, Event, Recall, State};
    use comity_stix::timestamp::Timestamp;
    use proptest::prelude::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    fn answer(micros: i64, answer: Answer) -> Event {
        Event::Answer {
            at: at(micros),
            answer,
        }
    }

    fn check(events: &[(Event, i64)], state: &State, effects: &[Effect]) {
        let mut recall = Recall::ask(at(10));
        let mut found = Vec::new();
        for (event, now) in events {
            let (next, effect) = recall.apply(event.clone(), at(*now));
            found.extend(effect);
            recall = next;
        }
        assert_eq!(
            (&recall.state, found.as_slice()),
            (state, effects),
            "{events:?}"
        );
    }

    #[test]
    fn reminds_once_after_the_promised_date() {
        let overdue = |delivered| State::Overdue { delivered };
        check(&[(Event::Tick, 10)], &State::Asked, &[]);
        check(
            &[(Event::Tick, 11), (Event::Tick, 12)],
            &overdue(false),
            &[Effect::Remind],
        );
        check(
            &[(Event::Deliver, 1), (Event::Deliver, 2), (Event::Tick, 11)],
            &overdue(true),
            &[Effect::Record, Effect::Remind],
        );
        check(
            &[(Event::Tick, 11), (Event::Deliver, 12)],
            &overdue(true),
            &[Effect::Remind, Effect::Record],
        );
    }

    #[test]
    fn an_answer_holds_without_a_receipt_and_the_last_word_wins() {
        let kept = Answer::Kept {
            reason: "evidence in court".to_owned(),
        };
        let answered = |first, last, answer: &Answer| State::Answered {
            first: at(first),
            last: at(last),
            answer: answer.clone(),
        };
        let removed = answer(5, Answer::Removed);
        check(
            &[(removed.clone(), 6), (Event::Deliver, 7), (Event::Tick, 99)],
            &answered(5, 5, &Answer::Removed),
            &[Effect::Record],
        );
        check(
            &[(removed.clone(), 6), (removed.clone(), 7)],
            &answered(5, 5, &Answer::Removed),
            &[Effect::Record],
        );
        check(
            &[(removed, 6), (answer(3, kept.clone()), 7)],
            &answered(3, 5, &Answer::Removed),
            &[Effect::Record, Effect::Record],
        );
        check(
            &[
                (answer(3, Answer::NeverHad), 6),
                (answer(3, kept.clone()), 7),
            ],
            &answered(3, 3, &kept),
            &[Effect::Record, Effect::Record],
        );
    }

    #[test]
    fn an_answer_after_the_day_is_late() {
        let late = |micros| {
            let recall = Recall::ask(at(10));
            recall
                .apply(answer(micros, Answer::Removed), at(20))
                .0
                .is_late()
        };
        assert!(!late(10));
        assert!(late(11));
    }

    fn some_answer() -> impl Strategy<Value = Event> {
        let said = prop_oneof![
            Just(Answer::NeverHad),
            Just(Answer::Removed),
            "[ab]".prop_map(|reason| Answer::Kept { reason }),
        ];
        (0_i64..4, said).prop_map(|(micros, said)| answer(micros, said))
    }

    proptest! {
        #[test]
        fn the_order_of_messages_does_not_matter(
            (one, other) in proptest::collection::vec(some_answer(), 1..6)
                .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle()))
        ) {
            let run = |events: Vec<Event>| {
                events.into_iter().fold(Recall::ask(at(10)), |recall, event| recall.apply(event, at(5)).0)
            };
            prop_assert_eq!(run(one), run(other));
        }
    }
}
