//! Mail that came, on both engines.
//!
//! In scope: that rows come back whole, in their order, and by what asks for them. Out of scope: the raw bytes, which are files.

use comity_store::error::StoreError;
use comity_store::state::mail::{self, MailFilter, MailRow, MailState, RecipientRow};
use comity_store::state::{State, Tx};

use crate::engine::on_each_state;

fn write<T>(state: &State, work: impl Fn(&mut dyn Tx) -> Result<T, StoreError>) -> T {
    state.write(work).unwrap()
}

fn row(number: u8) -> MailRow {
    let tls = number.is_multiple_of(2);
    let some = |text: &str| tls.then(|| text.to_owned());
    MailRow {
        id: format!("{number:08}-mail"),
        sha256: [number / 2; 32],
        size: u64::from(number) * 1_000_000_000,
        state: MailState::Received,
        reason: None,
        copy_of: None,
        protocol: "smtp".to_owned(),
        client: some("192.0.2.7"),
        helo: some("mx.bravo.example"),
        sender: some(""),
        options: "8BITMIME".to_owned(),
        tls: some("TLSv1.3"),
        cipher: some("TLS13_AES_256_GCM_SHA384"),
        server_name: some("in.alpha.example"),
        // Two of each moment, so that the order needs the number too.
        received: i64::from(number / 2),
        changed: 7,
    }
}

fn to(name: &str, party: Option<&str>) -> RecipientRow {
    RecipientRow {
        address: format!("{name}@in.alpha.example"),
        known_as: name.to_owned(),
        party: party.map(ToOwned::to_owned),
    }
}

#[test]
fn mails_come_back_with_their_recipients_and_change_only_their_state() {
    on_each_state(|state, open| {
        for number in 1..=4_u8 {
            let recipients = [to("requests", Some("bravo")), to("postmaster", None)];
            write(state, |tx| mail::add(tx, &row(number), &recipients));
        }
        let again = open();
        let found = again.read(|tx| mail::beginning(tx, "00000002")).unwrap();
        assert_eq!(found, [row(2)]);
        let found = again.read(|tx| mail::beginning(tx, "0000000")).unwrap();
        assert_eq!(found.len(), 2, "more than one, which is all that is asked");
        let recipients = again.read(|tx| mail::recipients(tx, &row(3).id)).unwrap();
        assert_eq!(
            recipients,
            [to("requests", Some("bravo")), to("postmaster", None)]
        );
        let same = again.read(|tx| mail::of_bytes(tx, &[1; 32], 9)).unwrap();
        assert_eq!(same, [row(2), row(3)]);
        let mut known = again.read(|tx| mail::known_of_bytes(tx, &[1; 32])).unwrap();
        known.sort();
        assert_eq!(known, ["postmaster", "requests"]);
        assert_eq!(again.read(mail::count).unwrap(), (4, 10_000_000_000));
        let quarantined = (MailState::Quarantined, Some("its From has two addresses"));
        assert!(write(&again, |tx| mail::set_state(
            tx,
            &row(2).id,
            quarantined,
            9
        )));
        assert!(!write(&again, |tx| mail::set_state(
            tx,
            "0",
            quarantined,
            9
        )));
        let expected = MailRow {
            state: MailState::Quarantined,
            reason: Some("its From has two addresses".to_owned()),
            changed: 9,
            ..row(2)
        };
        let waiting = again.read(|tx| mail::in_state(tx, MailState::Quarantined, 9));
        assert_eq!(waiting.unwrap(), [expected]);
    });
}

#[test]
fn pages_go_from_the_newest_to_the_oldest_and_lose_none() {
    on_each_state(|state, _| {
        for number in 1..=9_u8 {
            let party = number.is_multiple_of(3).then_some("bravo");
            write(state, |tx| {
                mail::add(tx, &row(number), &[to("a", party), to("b", party)])
            });
        }
        let refused = (MailState::Refused, None);
        write(state, |tx| mail::set_state(tx, &row(9).id, refused, 9));
        let all = |filter: &MailFilter| {
            let mut ids: Vec<String> = Vec::new();
            let mut last: Option<MailRow> = None;
            loop {
                let before = last.as_ref().map(|row| (row.received, row.id.as_str()));
                let page = state.read(|tx| mail::list(tx, filter, before, 2)).unwrap();
                ids.extend(page.iter().map(|row| row.id[7..8].to_owned()));
                match page.last() {
                    Some(row) => last = Some(row.clone()),
                    None => return ids.concat(),
                }
            }
        };
        let filter = |state: Option<MailState>, party: Option<&str>| MailFilter {
            state,
            party: party.map(ToOwned::to_owned),
        };
        assert_eq!(all(&MailFilter::default()), "987654321");
        assert_eq!(all(&filter(Some(MailState::Received), None)), "87654321");
        assert_eq!(all(&filter(None, Some("bravo"))), "963");
        assert_eq!(all(&filter(Some(MailState::Received), Some("bravo"))), "63");
        assert_eq!(all(&filter(None, Some("delta"))), "");
    });
}
