//! Evidence: items, the house's own list, and what crosses, on both engines.
//!
//! In scope: that rows come back, grow only, and are found by what asks for them. Out of scope: what they mean.

use comity_store::error::StoreError;
use comity_store::state::channel::Direction;
use comity_store::state::evidence::{self, CustodyRow, ItemRow, TransferRow};
use comity_store::state::{State, Tx};

use crate::engine::on_each_state;

fn write<T>(state: &State, work: impl Fn(&mut dyn Tx) -> Result<T, StoreError>) -> T {
    state.write(work).unwrap()
}

fn item(number: u8) -> ItemRow {
    ItemRow {
        id: format!("evidence--{number:08}"),
        sha256: [number; 32],
        size: u64::from(number) * 1_000_000_000,
        item: "{\"source\":\"mail server\"}".to_owned(),
        key: number.is_multiple_of(2).then_some([9; 32]),
        stored: None,
        thread: None,
        origin: number.is_multiple_of(2).then(|| "bravo".to_owned()),
        added: i64::from(number),
    }
}

fn transfer(number: u8, state: &str, direction: Direction) -> TransferRow {
    TransferRow {
        thread: format!("evidence--{number:08}"),
        direction,
        item: item(number).id,
        party: "bravo".to_owned(),
        state: state.to_owned(),
        reason: None,
        began: i64::from(number),
    }
}

#[test]
fn items_come_back_and_keep_their_name_and_content() {
    on_each_state(|state, open| {
        for number in [1, 2, 3] {
            write(state, |tx| evidence::put(tx, &item(number)));
        }
        let mut changed = item(2);
        changed.stored = Some([7; 32]);
        changed.thread = Some("evidence--00000002".to_owned());
        let mut other = changed.clone();
        other.size = 5;
        write(state, |tx| evidence::put(tx, &other));
        let again = open();
        let find = |id: &str| again.read(|tx| evidence::find(tx, id)).unwrap();
        assert_eq!(find(&changed.id), Some(changed.clone()), "its size stays");
        assert_eq!(find("evidence--9"), None);
        let of = again.read(|tx| evidence::of_thread(tx, "evidence--00000002"));
        assert_eq!(of.unwrap(), Some(changed));
        let named = |prefix: &str| {
            let rows = again.read(|tx| evidence::beginning(tx, prefix)).unwrap();
            rows.len()
        };
        assert_eq!(named("evidence--0000000"), 2);
        assert_eq!(named("evidence--00000003"), 1);
        let listed = again.read(|tx| evidence::list(tx, 2)).unwrap();
        let listed: Vec<i64> = listed.iter().map(|row| row.added).collect();
        assert_eq!(listed, [3, 2]);
        let held = again.read(|tx| evidence::held_by(tx, &[7; 32]));
        assert_eq!(held.unwrap(), 1);
        assert!(
            !format!("{:?}", item(2)).contains('9'),
            "no key in what is logged"
        );
    });
}

#[test]
fn the_list_of_a_house_only_grows() {
    on_each_state(|state, open| {
        let row = |place: u64, officer: &str| CustodyRow {
            item: item(1).id,
            place,
            at: 5,
            officer: officer.to_owned(),
            event: "{}".to_owned(),
            prev: (place > 1).then_some([4; 32]),
        };
        for place in [1, 2] {
            assert!(write(state, |tx| evidence::add_custody(
                tx,
                &row(place, "lab")
            )));
        }
        let taken = write(state, |tx| evidence::add_custody(tx, &row(2, "other")));
        assert!(!taken, "what stands stays");
        let rows = open().read(|tx| evidence::custody(tx, &item(1).id));
        assert_eq!(rows.unwrap(), [row(1, "lab"), row(2, "lab")]);
    });
}

#[test]
fn the_oldest_item_that_is_wanted_comes_first_and_offers_count_until_they_are_answered() {
    on_each_state(|state, open| {
        for number in [1, 2, 3, 4] {
            write(state, |tx| evidence::put(tx, &item(number)));
        }
        let rows = [
            transfer(3, "wanted", Direction::In),
            transfer(2, "wanted", Direction::In),
            transfer(4, "whole", Direction::In),
            transfer(1, "open", Direction::Out),
        ];
        for row in &rows {
            write(state, |tx| evidence::put_transfer(tx, row));
        }
        let again = open();
        let wanted = again.read(|tx| evidence::wanted_of(tx, "bravo")).unwrap();
        assert_eq!(wanted.unwrap(), rows[1]);
        let none = again.read(|tx| evidence::wanted_of(tx, "delta")).unwrap();
        assert_eq!(none, None);
        let bytes = again.read(|tx| evidence::offered_bytes(tx, "bravo"));
        assert_eq!(bytes.unwrap(), 9_000_000_000);
        let mut stopped = rows[1].clone();
        stopped.state = "stopped".to_owned();
        stopped.reason = Some("another hash".to_owned());
        write(state, |tx| evidence::put_transfer(tx, &stopped));
        let found = again.read(|tx| evidence::transfer(tx, &stopped.thread, Direction::In));
        assert_eq!(found.unwrap(), Some(stopped));
        let all = again.read(|tx| evidence::transfers(tx, "wanted", 9));
        assert_eq!(all.unwrap(), rows[..1]);
    });
}
