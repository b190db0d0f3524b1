//! Proof of a machine by its table: every row does what it says, everything else is refused with what is possible, roles count,
//! and the order in which messages come means nothing.
//!
//! In scope: what holds for all machines. Out of scope: production, what holds for one of them.

use proptest::prelude::*;

use crate::history::Record;
use crate::message::Role;
use crate::script::{START, Script};
use crate::table::{Row, Side, Word};
use crate::thread::Thread;

/// A machine to prove.
pub(crate) struct Proof<M: 'static, S: Word, K: Word> {
    /// Its rows.
    pub(crate) table: &'static [Row<S, K>],
    /// A script that stands in a state.
    pub(crate) standing: fn(S) -> Script,
    /// Seconds after the start at which the state is that one.
    pub(crate) moment: fn(S) -> i64,
    /// What an event says, for it to be taken; it may say other things first.
    pub(crate) content: fn(&mut Script, K, Side) -> serde_json::Value,
    /// What a thread stands at.
    pub(crate) replay: fn(&Thread) -> Option<M>,
    /// The state at a time.
    pub(crate) state: fn(&M, i64) -> S,
    /// Its record.
    pub(crate) record: fn(&M) -> &Record<S>,
    /// Events that each side does by itself: the state moves with the second.
    pub(crate) both: &'static [K],
}

impl<M: PartialEq + std::fmt::Debug, S: Word, K: Word> Proof<M, S, K> {
    fn stand(&self, script: &Script) -> M {
        (self.replay)(&script.thread()).unwrap()
    }

    /// Says something by a role, and what became of it: the state after it, or the reason of the refusal.
    fn say(&self, state: S, kind: K, (side, role): (Side, Role)) -> Result<S, String> {
        let mut script = (self.standing)(state);
        let at = (self.moment)(state);
        let found = (self.state)(&self.stand(&script), START + at);
        assert_eq!(found, state, "the script stands elsewhere");
        let content = (self.content)(&mut script, kind, side);
        script.say_as((side, role), at, kind.word(), content);
        let machine = self.stand(&script);
        let voided = &(self.record)(&machine).voided;
        match voided.as_slice() {
            [] => Ok((self.state)(&machine, START + at)),
            [only] => Err(only.reason.clone()),
            more => panic!("{more:?}"),
        }
    }

    fn row(&self, state: S, kind: K, side: Side) -> Option<&'static Row<S, K>> {
        let fits = |row: &&Row<S, K>| {
            row.event == kind && row.from.contains(&state) && row.by.contains(&side)
        };
        self.table.iter().find(fits)
    }

    /// Every state, event and side.
    pub(crate) fn rows(&self) {
        for (state, state_word) in S::WORDS {
            for (kind, word) in K::WORDS {
                for side in [Side::Opener, Side::Responder] {
                    let said = self.say(*state, *kind, (side, Role::Releaser));
                    let place = format!("{state_word}, {word}, {side:?}");
                    if let Some(row) = self.row(*state, *kind, side) {
                        let to = row.to.unwrap_or(*state);
                        let stays = self.both.contains(kind) && said.as_ref() == Ok(state);
                        assert!(stays || said == Ok(to), "{place}: {said:?}");
                    } else {
                        let reason = said.expect_err(&place);
                        let named =
                            reason.contains("possible: ") || reason.contains("for the other side");
                        assert!(named, "{place}: {reason}");
                    }
                }
            }
        }
    }

    /// Every row and role.
    pub(crate) fn roles(&self) {
        for row in self.table {
            let Some(state) = row.from.first() else {
                continue;
            };
            for role in Role::ALL {
                let said = self.say(*state, row.event, (row.by[0], role));
                let refused = said.is_err_and(|reason| reason.contains("needs the role"));
                assert_eq!(
                    refused,
                    !row.roles.contains(&role),
                    "{:?} {role:?}",
                    row.event
                );
            }
        }
    }

    /// Anything that two parties may say, in any order in which it comes: nothing panics, and the state is one.
    pub(crate) fn orders(&self) {
        let kinds = K::WORDS.len();
        let said = prop::collection::vec((0..kinds, any::<bool>(), 0_i64..90_000), 0..12);
        let config = ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(48)
        };
        let plan = (0..S::WORDS.len(), said, any::<u64>());
        proptest!(config, |((first, said, seed) in plan)| {
            let mut script = (self.standing)(S::WORDS[first].0);
            for (kind, opener, after) in said {
                let side = if opener { Side::Opener } else { Side::Responder };
                let kind = K::WORDS[kind].0;
                let content = (self.content)(&mut script, kind, side);
                script.say(side, after, kind.word(), content);
            }
            let straight = self.stand(&script);
            let mut entries = script.entries.clone();
            // Any order will do, as long as it is another one each time.
            entries.sort_by_key(|entry| {
                let bytes = entry.message.digest();
                let first = u64::from_be_bytes(bytes.as_bytes()[..8].try_into().unwrap());
                first.wrapping_mul(seed | 1)
            });
            let shuffled = Thread::of(entries).unwrap();
            prop_assert_eq!(Some(straight), (self.replay)(&shuffled));
        });
    }
}
