//! What a case shows when others were merged into it or items were split between them.
//!
//! Nothing is ever moved: each part names the case whose messages set its items up, so that undoing a merge or a split only
//! takes a word away.
//!
//! In scope: putting parts together. Out of scope: reading each case (`case`).

use std::collections::{BTreeMap, BTreeSet};

use crate::case::Case;
use crate::case::board::Board;
use crate::case::event::State;
use crate::message::ThreadId;

/// Cases between two parties.
pub type Cases = BTreeMap<ThreadId, Case>;

/// Items of one case that another one shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The case whose messages set them up.
    pub case: ThreadId,
    /// The items.
    pub board: Board,
}

/// What a case shows, its own items first; nothing if the case is not there. Cases that were merged in a ring each show what
/// all of them have.
pub fn whole(cases: &Cases, id: ThreadId) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut shown = BTreeSet::new();
    let mut next = vec![id];
    while let Some(each) = next.pop() {
        let Some(case) = cases.get(&each) else {
            continue;
        };
        if !shown.insert(each) {
            continue;
        }
        parts.push(Part {
            case: each,
            board: remaining(case),
        });
        for (other, from) in cases {
            let split: BTreeSet<&str> = from
                .splits
                .iter()
                .filter(|split| split.into == each)
                .flat_map(|split| split.items.iter().map(String::as_str))
                .collect();
            if !split.is_empty() {
                parts.push(Part {
                    case: *other,
                    board: from.board.only(|place| split.contains(place)),
                });
            }
        }
        next.extend(merged(cases, each));
    }
    parts
}

/// The cases that are merged into one, by themselves.
pub fn merged(cases: &Cases, into: ThreadId) -> impl Iterator<Item = ThreadId> {
    let merged = move |case: &Case| case.state == State::Merged && case.merged_into == Some(into);
    cases
        .iter()
        .filter(move |(_, case)| merged(case))
        .map(|(id, _)| *id)
}

/// The items of a case that were not split away.
fn remaining(case: &Case) -> Board {
    let away: BTreeSet<&str> = case
        .splits
        .iter()
        .flat_map(|split| split.items.iter().map(String::as_str))
        .collect();
    case.board.only(|place| !away.contains(place))
}
