//! What mails came to, on both engines.
//!
//! In scope: that rows come back whole, which mails are due, and that a proposal is settled once. Out of scope: judging.

use comity_store::error::StoreError;
use comity_store::state::judged::{self, JudgedRow, ProposalRow, ProposalState, TryRow};
use comity_store::state::mail::{self, MailRow, MailState};
use comity_store::state::{State, Tx};

use crate::engine::on_each_state;

fn write<T>(state: &State, work: impl Fn(&mut dyn Tx) -> Result<T, StoreError>) -> T {
    state.write(work).unwrap()
}

fn kept(state: &State, id: &str, received: i64) {
    let row = MailRow {
        id: id.to_owned(),
        sha256: [1; 32],
        size: 1,
        state: MailState::Received,
        reason: None,
        copy_of: None,
        protocol: "smtp".to_owned(),
        client: None,
        helo: None,
        sender: None,
        options: String::new(),
        tls: None,
        cipher: None,
        server_name: None,
        received,
        changed: received,
    };
    write(state, |tx| mail::add(tx, &row, &[]));
}

fn row(mail: &str, leaked: bool, answer: Option<&str>) -> JudgedRow {
    JudgedRow {
        mail: mail.to_owned(),
        level: "L2".to_owned(),
        party: Some("bravo".to_owned()),
        leaked,
        reasons: "[\"why\"]".to_owned(),
        authentication: "{}".to_owned(),
        acts: "[]".to_owned(),
        answer: answer.map(ToOwned::to_owned),
        judged: 7,
        label: Some("TLP:RED".to_owned()),
        subject: Some(format!("About {mail}")),
        persons: Some("[\"duty@bravo.example\"]".to_owned()),
    }
}

#[test]
fn what_a_mail_came_to_is_replaced_and_its_one_answer_stays() {
    on_each_state(|state, open| {
        write(state, |tx| judged::put(tx, &row("a", false, Some("out"))));
        write(state, |tx| judged::put(tx, &row("a", true, None)));
        write(state, |tx| judged::put(tx, &row("b", false, None)));
        let again = open();
        let found = again.read(|tx| judged::find(tx, "a")).unwrap();
        assert_eq!(found, Some(row("a", true, Some("out"))));
        let leaked = again.read(|tx| judged::leaked(tx, 9)).unwrap();
        assert_eq!(leaked, [row("a", true, Some("out"))]);
        assert_eq!(again.read(|tx| judged::find(tx, "c")).unwrap(), None);
    });
}

#[test]
fn mails_are_due_in_the_order_in_which_they_came_and_not_before_their_time() {
    on_each_state(|state, _| {
        for (id, received) in [("c", 1), ("a", 2), ("b", 2), ("d", 3)] {
            kept(state, id, received);
        }
        let due = |now: i64, after: (i64, &str), limit: u64| {
            let found = state.read(|tx| judged::waiting(tx, now, after, limit));
            let ids = found.unwrap().into_iter().map(|row| row.id);
            ids.collect::<Vec<_>>().concat()
        };
        let first = (i64::MIN, "");
        assert_eq!(due(10, first, 9), "cabd");
        assert_eq!(due(10, first, 2), "ca");
        assert_eq!(due(10, (2, "a"), 9), "bd");
        let later = TryRow {
            begun: 0,
            pauses: 2,
            due: 11,
        };
        write(state, |tx| judged::set_tried(tx, "a", &later));
        assert_eq!(state.read(|tx| judged::tried(tx, "a")).unwrap(), later);
        assert_eq!(
            state.read(|tx| judged::tried(tx, "b")).unwrap(),
            TryRow::default()
        );
        assert_eq!(
            (due(10, first, 9).as_str(), due(11, first, 9).as_str()),
            ("cbd", "cabd")
        );
        write(state, |tx| judged::forget_tries(tx, "a"));
        write(state, |tx| {
            mail::set_state(tx, "b", (MailState::Taken, None), 12)
        });
        assert_eq!(due(10, first, 9), "cad");
    });
}

#[test]
fn a_proposal_is_settled_once_with_who_did_it() {
    on_each_state(|state, open| {
        let row = |id: &str, place: u64| ProposalRow {
            id: id.to_owned(),
            mail: "m".to_owned(),
            place,
            kind: "objects".to_owned(),
            detail: "{}".to_owned(),
            state: ProposalState::Waits,
            outcome: None,
            officer: None,
            role: None,
            proposed: 5,
            settled: None,
        };
        write(state, |tx| judged::propose(tx, &row("p1", 1)));
        write(state, |tx| judged::propose(tx, &row("p2", 0)));
        let settle = |to: ProposalState| {
            let by = ("the duty officer", "duty");
            write(state, |tx| judged::settle(tx, "p1", (to, "1 new"), by, 6))
        };
        assert!(settle(ProposalState::Confirmed));
        assert!(!settle(ProposalState::Dismissed), "it is settled");
        let settled = ProposalRow {
            state: ProposalState::Confirmed,
            outcome: Some("1 new".to_owned()),
            officer: Some("the duty officer".to_owned()),
            role: Some("duty".to_owned()),
            settled: Some(6),
            ..row("p1", 1)
        };
        let again = open();
        let found = again.read(|tx| judged::proposals(tx, "m")).unwrap();
        assert_eq!(found, [row("p2", 0), settled.clone()]);
        let found = again
            .read(|tx| judged::proposals_beginning(tx, "p1"))
            .unwrap();
        assert_eq!(found, [settled]);
    });
}
