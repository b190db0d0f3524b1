//! Batches that cross each other on the way: each was written before the other was answered.
//!
//! In scope: heads whose proof begins before what the other side knows by now.
//! Out of scope: loss (`comity-sim`).

#![allow(clippy::indexing_slicing, clippy::unwrap_used, dead_code)]

mod pair;

use comity_link::channel::Lane;
use comity_link::payload::Kind;
use comity_node::link::{Draft, Way};
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
fn batches_that_cross_link_by_their_leaves() {
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
    for batch in &batches {
        let taken = bravo.link().take(batch, Way::Call, now).unwrap();
        assert_eq!(taken.wrong, Vec::<String>::new(), "every head links");
        assert_eq!(taken.stored.len(), 1);
    }
}
