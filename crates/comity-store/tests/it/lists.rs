//! Lists that are read a stretch at a time, on both engines.
//!
//! In scope: threads by change and by what is owed, envelopes, what cases go into; that stretches put together are the whole.
//! Out of scope: what a person sees of them (`comity-node`).

use comity_store::state::outbox::OutboxRow;
use comity_store::state::thread::{self, ThreadRow, Wanted};
use comity_store::state::{State, inbox, outbox};

use crate::engine::on_each_state;

fn row(number: i64) -> ThreadRow {
    ThreadRow {
        id: format!("case--{number}"),
        subject: if number % 2 == 0 { "case" } else { "request" }.to_owned(),
        party: "bravo".to_owned(),
        opener: "alpha".to_owned(),
        title: format!("Case {number} 网络"),
        state: "open".to_owned(),
        urgency: None,
        label: "TLP:GREEN".to_owned(),
        exercise: (number == 9).then(|| "drill".to_owned()),
        disputed: false,
        due: None,
        own_due: (number % 3 == 0).then(|| (1_000 - number, "answer".to_owned())),
        messages: 1,
        opened: number,
        // Two each changed at one time.
        changed: number / 2,
    }
}

fn ids(state: &State, wanted: &Wanted) -> Vec<String> {
    let rows = state.read(|tx| thread::list(tx, wanted)).unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

/// All of a list, two rows at a time.
fn in_stretches(state: &State, wanted: &Wanted) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let some = ids(
            state,
            &Wanted {
                before: all.last().cloned(),
                limit: 2,
                ..wanted.clone()
            },
        );
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

#[test]
fn stretches_of_threads_are_the_whole_list_in_each_of_its_orders() {
    on_each_state(|state, _| {
        for number in 0..10 {
            state.write(|tx| thread::put(tx, &row(number))).unwrap();
        }
        let whole = Wanted {
            limit: 100,
            ..Wanted::default()
        };
        let of_cases = Wanted {
            subject: Some("case".to_owned()),
            party: Some("bravo".to_owned()),
            ..whole.clone()
        };
        let owed = Wanted {
            owed: true,
            ..whole.clone()
        };
        let owed_requests = Wanted {
            subject: Some("request".to_owned()),
            ..owed.clone()
        };
        for (wanted, count) in [(&whole, 9), (&of_cases, 5), (&owed, 3), (&owed_requests, 1)] {
            let all = ids(state, wanted);
            assert_eq!(all.len(), count, "{wanted:?}");
            assert_eq!(in_stretches(state, wanted), all, "{wanted:?}");
        }
        assert_eq!(ids(state, &whole).first().unwrap(), "case--8");
        assert_eq!(ids(state, &owed), ["case--6", "case--3", "case--0"]);
        let drill = Wanted {
            exercise: Some("drill".to_owned()),
            ..whole
        };
        assert_eq!(ids(state, &drill), ["case--9"]);
    });
}

#[test]
fn what_goes_into_a_case_is_known_by_it() {
    on_each_state(|state, _| {
        state
            .write(|tx| {
                thread::add_lead(tx, "case--1", "case--2")?;
                thread::add_lead(tx, "case--1", "case--2")?;
                thread::add_lead(tx, "case--1", "case--3")
            })
            .unwrap();
        let into = |id: &str| state.read(|tx| thread::leading_into(tx, id, 10)).unwrap();
        assert_eq!(into("case--1"), ["case--2", "case--3"]);
        assert!(into("case--2").is_empty());
    });
}

#[test]
fn lists_of_envelopes_are_asked_for_whole_and_behind_one() {
    on_each_state(|state, _| {
        for before in [None, Some(&[7; 32])] {
            let sent = state.read(|tx| outbox::list(tx, None, before, 10));
            let got = state.read(|tx| inbox::list(tx, Some("bravo"), before, 10));
            assert!(sent.unwrap().is_empty() && got.unwrap().is_empty());
        }
    });
}

fn envelope(number: u8, state: &str) -> OutboxRow {
    OutboxRow {
        envelope: [number; 32],
        party: "bravo".to_owned(),
        lane: "work".to_owned(),
        channel: "alpha to bravo".to_owned(),
        epoch: 1,
        seq: number.into(),
        kind: "share".to_owned(),
        position: number.into(),
        header: Vec::new(),
        blind: [0; 32],
        opening: None,
        payload: Some(vec![number]),
        state: state.to_owned(),
        reason: None,
        // Two each were made at one time.
        created: i64::from(number / 2),
        due: None,
        attempts: 0,
        next_attempt: 0,
        changed: 0,
    }
}

#[test]
fn what_was_refused_is_found_among_all_that_was_sent_a_stretch_at_a_time() {
    on_each_state(|state, _| {
        let states = [
            "receipted",
            "refused",
            "queued",
            "refused",
            "sent",
            "void",
            "refused",
        ];
        state
            .write(|tx| {
                (1..)
                    .zip(states)
                    .try_for_each(|(number, word)| outbox::add(tx, &envelope(number, word)))
            })
            .unwrap();
        let numbers =
            |rows: Vec<OutboxRow>| -> Vec<u8> { rows.iter().map(|row| row.envelope[0]).collect() };
        let refused = |before: Option<&[u8; 32]>, limit| {
            numbers(
                state
                    .read(|tx| outbox::undelivered(tx, Some("bravo"), before, limit))
                    .unwrap(),
            )
        };
        assert_eq!(refused(None, 10), [7, 4, 2]);
        assert_eq!(refused(None, 2), [7, 4]);
        assert_eq!(refused(Some(&[4; 32]), 2), [2]);
        let all = numbers(state.read(|tx| outbox::list(tx, None, None, 10)).unwrap());
        assert_eq!(all, [7, 6, 5, 4, 3, 2, 1]);
        let none = state.read(|tx| outbox::undelivered(tx, Some("charlie"), None, 10));
        assert!(none.unwrap().is_empty());
    });
}
