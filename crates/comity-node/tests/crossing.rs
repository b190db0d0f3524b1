//! Batches that cross each other on the way: each was written before the other was answered.
//!
//! In scope: heads whose proof begins before what the other side knows by now, and the order in which envelopes count.
//! Out of scope: loss (`comity-sim`).

#![allow(clippy::indexing_slicing, clippy::unwrap_used, dead_code)]

mod pair;

use comity_link::channel::Lane;
use comity_link::payload::Kind;
use comity_node::link::{Draft, Way};
use comity_store::state::{State, inbox};
use pair::Pair;

/// A Monday, 2026-10-05 at midnight.
const MONDAY: i64 = 1_791_158_400;
/// One second, microseconds.
const SECOND: i64 = 1_000_000;

fn draft(lane: Lane) -> Draft {
    Draft {
        party: "bravo".to_owned(),
        lane,
        kind: Kind::Status,
        payload: b"{\"text\":\"still here\"}".to_vec(),
        due: None,
    }
}

#[test]
fn batches_that_cross_link_and_count_in_the_order_of_their_channel() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::agreed(folder.path(), MONDAY, |text| text).unwrap();
    let [alpha, bravo] = &pair.nodes;
    let mut now = (pair.now() + 10) * SECOND;
    let mut batches = Vec::new();
    for _ in 0..3 {
        now += SECOND;
        alpha.link().enqueue(&draft(Lane::Normal), now).unwrap();
        batches.push(
            alpha
                .link()
                .collect("bravo", &Lane::ALL, None, now)
                .unwrap(),
        );
    }
    // Bravo began with the last of them first: its time is the earliest.
    let began = [now, now - SECOND, now - 2 * SECOND];
    for (batch, at) in batches.iter().zip(began) {
        let taken = bravo.link().take(batch, Way::Call, at).unwrap();
        assert_eq!(taken.wrong, Vec::<String>::new(), "every head links");
        assert_eq!(taken.stored.len(), 1);
    }
    let state = State::open_embedded(&folder.path().join("bravo")).unwrap();
    let rows = state.read(|tx| inbox::list(tx, None, 10)).unwrap();
    let said = rows.iter().filter(|row| row.kind == "status");
    let mut times: Vec<(u64, i64)> = said.map(|row| (row.seq, row.received)).collect();
    times.sort_unstable();
    assert_eq!(times.len(), 3);
    assert!(
        times.is_sorted_by_key(|(_, received)| *received),
        "none counts before the one that it follows: {times:?}"
    );
}
