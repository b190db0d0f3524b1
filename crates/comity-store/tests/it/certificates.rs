//! Certificates of parties, on both engines.
//!
//! In scope: that rows come back whole and in their order, are replaced and removed. Out of scope: what they are good for.

use comity_store::state::certificate::{self, CertificateRow};

use crate::engine::on_each_state;

fn row(party: &str, fingerprint: &str, registered: i64) -> CertificateRow {
    CertificateRow {
        party: party.to_owned(),
        fingerprint: fingerprint.to_owned(),
        certificate: vec![0, 255, 7],
        way: "typed".to_owned(),
        officer: "duty officer".to_owned(),
        registered,
    }
}

#[test]
fn certificates_are_listed_replaced_and_removed() {
    on_each_state(|state, open| {
        let rows = [
            row("bravo", "AA", 1),
            row("bravo", "BB", 2),
            row("charlie", "CC", 3),
        ];
        for one in &rows {
            state.write(|tx| certificate::put(tx, one)).unwrap();
        }
        let longer = CertificateRow {
            certificate: vec![1; 70_000],
            ..row("bravo", "AA", 9)
        };
        state.write(|tx| certificate::put(tx, &longer)).unwrap();
        let again = open();
        let list = |party| again.read(|tx| certificate::list(tx, party)).unwrap();
        assert_eq!(list(Some("bravo")), [longer.clone(), rows[1].clone()]);
        assert_eq!(list(None).len(), 3);
        let remove = || {
            again
                .write(|tx| certificate::remove(tx, "bravo", "BB"))
                .unwrap()
        };
        assert!(remove() && !remove());
        assert_eq!(list(Some("bravo")), [longer.clone()]);
    });
}
