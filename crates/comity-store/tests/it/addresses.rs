//! Designated addresses, on both engines.
//!
//! In scope: that rows come back, numbers are never used twice, uses are counted up to their bound, repeated mails are known.
//! Out of scope: what makes an address valid.

use comity_store::error::StoreError;
use comity_store::state::address::{self, AddressRow, DECOY, Mark, PromotionRow};
use comity_store::state::{State, Tx};

use crate::engine::on_each_state;

fn write<T>(state: &State, work: impl Fn(&mut dyn Tx) -> Result<T, StoreError>) -> T {
    state.write(work).unwrap()
}

fn row(number: u8) -> AddressRow {
    AddressRow {
        id: vec![number, 2, 3, 4, 5],
        address: format!("ping+{number}@in.alpha.example"),
        purpose: if number == 9 { "reply" } else { "ping" }.to_owned(),
        party: "bravo".to_owned(),
        domain: "in.alpha.example".to_owned(),
        thread: String::new(),
        standing: "temporary".to_owned(),
        expires: Some(100),
        uses_allowed: (number == 2).then_some(2),
        uses: 0,
        given: (number < 3).then(|| "address--1".to_owned()),
        replaced_by: None,
        reference: None,
        remark: "so".to_owned(),
        officer: "duty officer".to_owned(),
        created: i64::from(number),
        changed: 0,
    }
}

#[test]
fn addresses_come_back_and_a_number_is_never_used_twice() {
    on_each_state(|state, open| {
        for number in [1, 2, 3, 9] {
            assert!(write(state, |tx| address::add(tx, &row(number))));
        }
        let mut other = row(1);
        other.party = "charlie".to_owned();
        assert!(!write(state, |tx| address::add(tx, &other)), "it is taken");
        let mut changed = row(1);
        changed.standing = "revoked".to_owned();
        changed.replaced_by = Some(row(2).id);
        changed.changed = 7;
        write(state, |tx| address::change(tx, &changed));
        let again = open();
        let find = |id: &[u8]| again.read(|tx| address::find(tx, id)).unwrap();
        assert_eq!(find(&changed.id), Some(changed.clone()));
        assert_eq!(find(&[9, 9, 9, 9, 9]), None);
        assert_eq!(find(&DECOY).unwrap().standing, "decoy");
        let list = |party, replies| {
            let rows = again
                .read(|tx| address::list(tx, party, replies, 100))
                .unwrap();
            rows.iter().map(|row| row.id[0]).collect::<Vec<u8>>()
        };
        assert_eq!(list(None, false), [3, 2, 1], "no decoy, no replies");
        assert_eq!(list(Some("bravo"), true), [9, 3, 2, 1]);
        assert_eq!(list(Some("charlie"), true), [] as [u8; 0]);
        let given = again
            .read(|tx| address::given_by(tx, "address--1"))
            .unwrap();
        assert_eq!(given, [changed, row(2)]);
    });
}

#[test]
fn uses_are_counted_up_to_their_bound() {
    on_each_state(|state, _| {
        for number in [1, 2] {
            write(state, |tx| address::add(tx, &row(number)));
        }
        let used = |number: u8| write(state, |tx| address::count_use(tx, &row(number).id));
        assert!(used(1) && used(1) && used(1));
        assert!(used(2) && used(2) && !used(2));
        let counted = |number: u8| {
            write(state, |tx| address::find(tx, &row(number).id))
                .unwrap()
                .uses
        };
        assert_eq!((counted(1), counted(2)), (3, 2));
    });
}

#[test]
fn events_are_numbered_and_promotions_wait_once() {
    on_each_state(|state, _| {
        let id = row(1).id;
        for event in ["created", "given"] {
            write(state, |tx| {
                address::add_event(tx, &id, (5, "duty officer"), (event, "so"))
            });
        }
        write(state, |tx| {
            address::add_event(tx, &row(2).id, (6, "node"), ("created", ""))
        });
        let events = write(state, |tx| address::events(tx, &id));
        let told: Vec<_> = events
            .iter()
            .map(|one| (one.place, one.event.as_str()))
            .collect();
        assert_eq!(told, [(1, "created"), (2, "given")]);
        let promotion = |by: &str| PromotionRow {
            given: "address--1".to_owned(),
            asked_by: by.to_owned(),
            asked: 4,
        };
        for by in ["duty officer", "head of the watch"] {
            write(state, |tx| address::ask_promotion(tx, &promotion(by)));
        }
        let asked = write(state, |tx| address::asked_promotion(tx, "address--1"));
        assert_eq!(asked, Some(promotion("head of the watch")));
        assert!(write(state, |tx| address::settle_promotion(
            tx,
            "address--1"
        )));
        assert!(!write(state, |tx| address::settle_promotion(
            tx,
            "address--1"
        )));
    });
}

#[test]
fn a_mail_that_comes_again_is_known_for_the_life_of_its_address() {
    on_each_state(|state, open| {
        let see = |state: &State, number: u8, message_id: &str, signature: &[u8], body: &[u8]| {
            let mark = Mark {
                message_id,
                signature,
                body,
            };
            write(state, |tx| address::see(tx, &row(number).id, &mark, 3))
        };
        assert!(see(state, 1, "a@x", b"s1", b"b1"));
        let again = open();
        assert!(!see(&again, 1, "a@x", b"s1", b"b1"), "the same");
        assert!(
            !see(&again, 1, "other@x", b"s1", b"b1"),
            "the same signature under another name"
        );
        assert!(!see(&again, 1, "a@x", b"", b"b1"), "without its signature");
        assert!(see(&again, 1, "a@x", b"", b"b2"), "another body");
        assert!(
            see(&again, 1, "c@x", b"", b"b1"),
            "another mail of the same words"
        );
        assert!(
            see(&again, 1, "", b"", b"b1") && see(&again, 1, "", b"", b"b1"),
            "nothing tells them apart"
        );
        assert!(see(&again, 2, "a@x", b"s1", b"b1"), "another address");
    });
}
