//! Histories of two parties over a bad network with bad clocks: in the end both hold the same and make the same of it.
//!
//! In scope: requests and calls, facts, evaluation sets, scorecards. Out of scope: stores and sockets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "tests"
)]

mod agreement;
mod model;
mod speech;

use comity_accord::evaluation::period::Stretch;
use comity_accord::evaluation::scorecard::{Scorecard, first_difference};
use comity_accord::evaluation::set::{EvaluationSet, Leaf};

/// As many as a test may take; `cargo run --release -p comity-case --example histories` runs ten thousand.
const HISTORIES: u64 = 2_000;

#[test]
fn both_sides_end_with_the_same_states_facts_and_scorecards() {
    let counts = agreement::run(0..HISTORIES, &model::accord());
    // Enough happened for the agreement to mean something.
    let share = usize::try_from(HISTORIES).unwrap() / 10;
    assert!(counts.messages > 40 * share, "{counts:?}");
    assert!(counts.voided > share && counts.waited > share, "{counts:?}");
    assert!(counts.forks > share / 10, "{counts:?}");
    assert!(
        counts.concluded > share && counts.skewed > share,
        "{counts:?}"
    );
    assert!(counts.kept > share && counts.missed > share, "{counts:?}");
}

#[test]
fn a_planted_difference_is_found_in_the_set_and_named_in_the_scorecard() {
    let accord = model::accord();
    let half = Stretch::parse("2026-H2").unwrap();
    let mut found = 0;
    for seed in 0..50 {
        let world = model::World::run(seed);
        let pair = [&world.nodes[0].name, &world.nodes[1].name];
        let (facts, set) = world.basis(0, &accord, i64::MAX);
        let card = |facts, set| Scorecard::make(&accord, pair, half, (facts, set)).unwrap();
        let honest = card(&facts, &set);
        // One receipt an hour later.
        let mut leaves: Vec<Leaf> = set.leaves().copied().collect();
        let Some(leaf) = leaves.first_mut() else {
            continue;
        };
        leaf.received += 3_600;
        let planted = *leaf;
        let other = EvaluationSet::of(leaves);
        assert_ne!(set.root(), other.root());
        let dated = [(planted.message, planted.received - 3_600, planted.received)];
        assert_eq!(set.difference(&other).dated, dated);
        // One acknowledgement that the other side dates differently.
        let mut changed = facts.clone();
        let Some(request) = changed
            .requests
            .iter_mut()
            .find(|one| one.acknowledged.is_some())
        else {
            continue;
        };
        let id = request.base.id.clone();
        request.acknowledged = request.acknowledged.map(|at| at + 1);
        let lying = card(&changed, &set);
        let Some((place, one, two)) = first_difference(honest.text(), lying.text()) else {
            // What it is about falls due in another half-year, or was taken back.
            continue;
        };
        assert!(
            place.starts_with("results/acknowledge by") && place.contains(&id),
            "{place}"
        );
        let second = |text: &str| text.parse::<i64>().unwrap();
        assert_eq!(second(&one) + 1, second(&two), "{place}");
        found += 1;
    }
    assert!(found > 10, "{found}");
}
