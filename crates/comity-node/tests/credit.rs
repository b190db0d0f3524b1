//! A sender stops where the recipient has no room for more, and goes on when it has.
//!
//! In scope: envelopes that are stored and not applied yet. Out of scope: how a credit is reckoned (`link::credit`).

#![allow(clippy::indexing_slicing, clippy::unwrap_used, dead_code)]

mod pair;

use std::path::Path;

use comity_link::channel::Lane;
use comity_link::payload::Kind;
use comity_node::jobs;
use comity_node::link::Draft;
use comity_store::error::StoreError;
use comity_store::state::{State, inbox, outbox};
use pair::Pair;

/// A Monday, 2026-10-05 at midnight.
const MONDAY: i64 = 1_791_158_400;
/// What a recipient parks: more than that is not on its way at once.
const WINDOW: u64 = 1_024;
const SENT: u64 = 1_100;

/// What stands unapplied in a node's inbox, read beside it.
fn unapplied(folder: &Path) -> u64 {
    let state = State::open_embedded(folder).unwrap();
    let rows = state.read(|tx| inbox::unapplied(tx)).unwrap();
    rows.iter().map(|row| row.items).sum()
}

fn waiting(folder: &Path) -> u64 {
    let state = State::open_embedded(folder).unwrap();
    let waiting = state.read(|tx| outbox::waiting(tx, "bravo"));
    waiting.unwrap().0
}

#[test]
fn a_sender_stops_where_its_credit_ends_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::agreed(folder.path(), MONDAY, |text| text).unwrap();
    let (alpha, bravo) = (folder.path().join("alpha"), folder.path().join("bravo"));
    let draft = Draft {
        party: "bravo".to_owned(),
        lane: Lane::Normal,
        kind: Kind::Status,
        payload: b"{\"text\":\"still here\"}".to_vec(),
        due: None,
    };
    let now = pair.now() * 1_000_000;
    let state = State::open_embedded(&alpha).unwrap();
    let made = state.write(|tx| {
        let drafts = std::iter::repeat_n(draft.clone(), usize::try_from(SENT).unwrap());
        let made = pair.nodes[0].link().enqueue_all_in(tx, drafts, now);
        Ok::<_, StoreError>(made.unwrap().len())
    });
    assert_eq!(made.unwrap(), 1_100);
    drop(state);

    // Bravo stores and gives receipts, and applies nothing: it has room for a window and no more.
    pair.carry_only().unwrap();
    assert_eq!(
        unapplied(&bravo),
        WINDOW,
        "a whole window, and not one more"
    );
    assert_eq!(waiting(&alpha), SENT - WINDOW);
    let spoke = pair.carry_only().unwrap();
    assert_eq!(
        (unapplied(&bravo), spoke),
        (WINDOW, 0),
        "and alpha does not insist"
    );

    let now = pair.now() * 1_000_000;
    let next = pair.nodes[0].link().next_due("bravo", &Lane::ALL, now);
    let next = next.unwrap().unwrap();
    assert!(
        (now..=now + 2_000_000).contains(&next),
        "{next}: it asks again within two seconds of {now}"
    );

    // Once bravo has applied what it has, it says so when it is asked, and everything comes.
    while jobs::work(&pair.nodes[1]).unwrap() > 0 {}
    pair.set(pair.now() + 2);
    pair.speak(0, 1).unwrap();
    pair.carry().unwrap();
    assert_eq!((unapplied(&bravo), waiting(&alpha)), (0, 0));
}
