//! Mail that leaves, on both engines.
//!
//! In scope: that rows come back whole, that no two mails have one identifier, claims, lists. Out of scope: what sends them.

use comity_store::error::StoreError;
use comity_store::state::mail_out::{
    self, MailOutEvent, MailOutFilter, MailOutRow, MailOutState, StsRow,
};
use comity_store::state::{State, Tx};

use crate::engine::on_each_state;

fn write<T>(state: &State, work: impl Fn(&mut dyn Tx) -> Result<T, StoreError>) -> T {
    state.write(work).unwrap()
}

fn row(number: u8) -> MailOutRow {
    let some = |text: &str| number.is_multiple_of(2).then(|| text.to_owned());
    MailOutRow {
        id: format!("{number:08}-mail"),
        party: some("bravo"),
        recipient: "contact@in.bravo.example".to_owned(),
        sender: "reply+x@in.alpha.example".to_owned(),
        reply_to: some("reply+x@in.alpha.example"),
        kind: "letter".to_owned(),
        thread: some("case--1"),
        reference: "case--1/alpha/1".to_owned(),
        answers: some("00000000-taken"),
        subject: "Ünderstood".to_owned(),
        label: some("TLP:AMBER"),
        protection: "signed".to_owned(),
        message_id: format!("{number}@in.alpha.example"),
        sha256: [number; 32],
        size: u64::from(number),
        officer: "duty officer".to_owned(),
        made: i64::from(number / 2),
        state: MailOutState::Queued,
        reason: None,
        attempts: 0,
        since: i64::from(number / 2),
        next_attempt: 10 + i64::from(number),
        sent: None,
        host: None,
        tls: None,
        verified: None,
        answer: None,
        receipted: None,
        receipt_level: None,
        changed: 5,
    }
}

#[test]
fn a_mail_and_its_bytes_come_back_and_what_may_change_does() {
    on_each_state(|state, reopen| {
        assert!(write(state, |tx| mail_out::add(tx, &row(1), b"one")));
        assert!(write(state, |tx| mail_out::add(tx, &row(2), b"two")));
        let settled = MailOutRow {
            state: MailOutState::Receipted,
            reason: Some("why".to_owned()),
            attempts: 3,
            since: 8,
            next_attempt: 77,
            sent: Some(70),
            host: Some("mx.bravo.example".to_owned()),
            tls: Some("TLSv1.3".to_owned()),
            verified: Some("verified".to_owned()),
            answer: Some("250 taken".to_owned()),
            receipted: Some(71),
            receipt_level: Some("L3".to_owned()),
            changed: 72,
            ..row(2)
        };
        write(state, |tx| mail_out::change(tx, &settled));
        let again = reopen();
        let found = again.read(|tx| mail_out::beginning(tx, "0000000")).unwrap();
        assert_eq!(found, [row(1), settled.clone()]);
        let found = again.read(|tx| mail_out::of_message_id(tx, "2@in.alpha.example"));
        assert_eq!(found.unwrap(), Some(settled.clone()));
        let found = again.read(|tx| mail_out::of_reference(tx, "case--1/alpha/1"));
        assert_eq!(found.unwrap(), [settled, row(1)]);
        let bytes = |id: &str| again.read(|tx| mail_out::bytes(tx, id)).unwrap();
        assert_eq!(bytes(&row(1).id).as_deref(), Some(&b"one"[..]));
        assert_eq!(bytes("none"), None);
        let counts = again.read(|tx| mail_out::count(tx, None)).unwrap();
        assert_eq!(
            counts,
            [(MailOutState::Queued, 1), (MailOutState::Receipted, 1)]
        );
    });
}

#[test]
fn an_identifier_is_used_once() {
    on_each_state(|state, _| {
        assert!(write(state, |tx| mail_out::add(tx, &row(1), b"one")));
        let same_number = MailOutRow {
            message_id: "other@in.alpha.example".to_owned(),
            ..row(1)
        };
        let same_identifier = MailOutRow {
            message_id: row(1).message_id,
            ..row(2)
        };
        for other in [same_number, same_identifier] {
            assert!(!write(state, |tx| mail_out::add(tx, &other, b"other")));
        }
        let id = row(1).id;
        let bytes = state.read(|tx| mail_out::bytes(tx, &id)).unwrap();
        assert_eq!(bytes.as_deref(), Some(&b"one"[..]));
        assert_eq!(
            state.read(|tx| mail_out::beginning(tx, "0")).unwrap(),
            [row(1)]
        );
    });
}

#[test]
fn one_claims_a_mail_and_a_claim_ends() {
    on_each_state(|state, _| {
        let id = row(1).id;
        write(state, |tx| mail_out::add(tx, &row(1), b"one"));
        let claim = |now, until| write(state, |tx| mail_out::claim(tx, &id, now, until));
        let due = |now| {
            let rows = state.read(|tx| mail_out::due(tx, now, 9)).unwrap();
            rows.into_iter().map(|row| row.attempts).collect::<Vec<_>>()
        };
        assert!(!claim(10, 50), "not due yet");
        assert_eq!(due(10), [0_u64; 0]);
        assert_eq!(due(11), [0]);
        assert!(claim(11, 50));
        assert!(!claim(12, 60), "somebody else has it");
        assert_eq!(due(49), [0_u64; 0]);
        assert_eq!(state.read(mail_out::next_due).unwrap(), Some(50));
        // Its claim ended, and it is sent again.
        assert_eq!(due(50), [1]);
        assert!(claim(50, 90));
        assert_eq!(write(state, |tx| mail_out::end_claims(tx, 60)), 1);
        assert!(claim(60, 90));
        let found = state.read(|tx| mail_out::beginning(tx, &id)).unwrap();
        assert_eq!(
            (found[0].state, found[0].attempts),
            (MailOutState::Sending, 3)
        );
        write(state, |tx| {
            let sent = MailOutRow {
                state: MailOutState::Sent,
                ..row(1)
            };
            mail_out::change(tx, &sent)
        });
        assert!(!claim(1_000, 2_000), "it was sent");
        assert_eq!(state.read(mail_out::next_due).unwrap(), None);
    });
}

#[test]
fn lists_go_from_the_newest_to_the_oldest() {
    on_each_state(|state, _| {
        for number in 1..=7 {
            write(state, |tx| mail_out::add(tx, &row(number), b""));
        }
        let failed = MailOutRow {
            state: MailOutState::Failed,
            ..row(6)
        };
        write(state, |tx| mail_out::change(tx, &failed));
        let all = |filter: &MailOutFilter| {
            let mut ids = String::new();
            let mut last: Option<MailOutRow> = None;
            loop {
                let before = last.as_ref().map(|row| (row.made, row.id.as_str()));
                let page = state
                    .read(|tx| mail_out::list(tx, filter, before, 2))
                    .unwrap();
                ids.extend(page.iter().map(|row| &row.id[7..8]));
                match page.last() {
                    Some(row) => last = Some(row.clone()),
                    None => return ids,
                }
            }
        };
        let filter = |state: Option<MailOutState>, party: Option<&str>| MailOutFilter {
            state,
            party: party.map(ToOwned::to_owned),
        };
        assert_eq!(all(&MailOutFilter::default()), "7654321");
        assert_eq!(all(&filter(Some(MailOutState::Queued), None)), "754321");
        assert_eq!(all(&filter(None, Some("bravo"))), "642");
        assert_eq!(
            all(&filter(Some(MailOutState::Queued), Some("bravo"))),
            "42"
        );
    });
}

#[test]
fn what_happened_stays_in_its_order_and_policies_are_replaced() {
    on_each_state(|state, _| {
        let event = |at: i64, event: &str| MailOutEvent {
            at,
            event: event.to_owned(),
            detail: "TLS failed".to_owned(),
        };
        let happened = [event(3, "written"), event(2, "delayed"), event(3, "taken")];
        for one in &happened {
            write(state, |tx| mail_out::add_event(tx, "a", one));
        }
        assert_eq!(
            state.read(|tx| mail_out::events(tx, "a")).unwrap(),
            happened
        );
        assert!(
            state
                .read(|tx| mail_out::events(tx, "b"))
                .unwrap()
                .is_empty()
        );
        let policy = |record_id: &str| StsRow {
            domain: "bravo.example".to_owned(),
            record_id: record_id.to_owned(),
            policy: "mode: enforce".to_owned(),
            fetched: 1,
            expires: 2,
        };
        for id in ["1", "2"] {
            write(state, |tx| mail_out::keep_sts(tx, &policy(id)));
        }
        let known = |domain: &str| state.read(|tx| mail_out::sts(tx, domain)).unwrap();
        assert_eq!(known("bravo.example"), Some(policy("2")));
        assert_eq!(known("delta.example"), None);
    });
}
