//! What must hold of every history, and one way to count many.
//!
//! In scope: equality of both sides. Out of scope: what happened (`model`).

use comity_accord::evaluation::judge::RowVerdict;
use comity_accord::evaluation::period::Stretch;
use comity_accord::evaluation::scorecard::Scorecard;
use comity_accord::text::AccordText;
use comity_case::call::Call;
use comity_case::message::Subject;
use comity_case::request::Request;
use comity_case::request::terms::Terms;
use comity_case::standing::standing;
use comity_case::thread::Thread;

use crate::model::{Counts, World};

/// Runs histories of these seeds; every one must end with both sides agreeing on everything.
pub(crate) fn run(seeds: std::ops::Range<u64>, accord: &AccordText) -> Counts {
    let mut all = Counts::default();
    for seed in seeds {
        let mut world = World::run(seed);
        agree(&mut world, accord, seed);
        let counts = &world.counts;
        all.messages += counts.messages;
        all.voided += counts.voided;
        all.forks += counts.forks;
        all.waited += counts.waited;
        all.concluded += counts.concluded;
        all.skewed += counts.skewed;
        all.kept += counts.kept;
        all.missed += counts.missed;
    }
    all
}

/// Equal state, facts, evaluation root and scorecard.
fn agree(world: &mut World, accord: &AccordText, seed: u64) {
    let [one, two] = &world.nodes;
    let terms = Terms::default();
    let ids: Vec<_> = one.threads.keys().copied().collect();
    assert!(ids.iter().eq(two.threads.keys()), "seed {seed}: threads");
    for id in ids {
        let here = &one.threads[&id];
        // The other side reads the same messages in another order.
        let mut entries: Vec<_> = two.threads[&id].entries().cloned().collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.message.place()));
        let there = Thread::of(entries).unwrap();
        if id.subject() == Subject::Call {
            assert_eq!(
                Call::replay(here),
                Call::replay(&there),
                "seed {seed}: {id}"
            );
        } else {
            let both = [here, &there].map(|thread| Request::replay(thread, &terms));
            assert_eq!(both[0], both[1], "seed {seed}: {id}");
        }
        let shown = [here, &there].map(|thread| standing(thread, &terms, world.now()));
        assert_eq!(shown[0], shown[1], "seed {seed}: {id}");
    }
    let half = Stretch::parse("2026-H2").unwrap();
    let basis = |cutoff| {
        let sides = [0, 1].map(|who| world.basis(who, accord, cutoff));
        assert_eq!(sides[0].0, sides[1].0, "seed {seed}: facts");
        assert_eq!(sides[0].1.root(), sides[1].1.root(), "seed {seed}: set");
        sides
    };
    basis(i64::midpoint(crate::model::START, world.now()));
    let [ours, theirs] = basis(i64::MAX);
    let make = |pair, (facts, set)| Scorecard::make(accord, pair, half, (facts, set)).unwrap();
    let card = make([&one.name, &two.name], (&ours.0, &ours.1));
    let other = make([&two.name, &one.name], (&theirs.0, &theirs.1));
    assert_eq!(card.hash(), other.hash(), "seed {seed}: scorecard");
    let facts = ours.0;
    let counts = &mut world.counts;
    counts.concluded += facts
        .requests
        .iter()
        .filter(|one| one.concluded.is_some())
        .count();
    counts.skewed += facts.requests.iter().filter(|one| one.base.skewed).count();
    for row in card.judgements().iter().flat_map(|one| &one.rows) {
        counts.kept += usize::from(row.verdict == RowVerdict::Kept);
        counts.missed += usize::from(row.verdict == RowVerdict::Missed);
    }
}
