//! Two nodes, by hand.
use comity_link::channel::Lane;
use comity_link::payload::Kind;
use comity_node::link::Draft;
use comity_sim::node::SimNode;
use comity_store::state::{inbox, ledger, outbox};

#[test]
fn a_share_is_receipted_and_acknowledged_in_three_messages() {
    let mut now = 1_800_000_000_000_000;
    let a = SimNode::new(1, 7, now).unwrap();
    let b = SimNode::new(2, 7, now).unwrap();
    a.enrol(&b, now).unwrap();
    b.enrol(&a, now).unwrap();
    for n in 0..3 {
        let payload =
            format!(r#"{{"objects":[{{"id":"x{n}"}}],"label":"TLP:GREEN"}}"#).into_bytes();
        let draft = Draft {
            party: b.name.clone(),
            lane: Lane::Normal,
            kind: Kind::Share,
            payload,
            due: None,
        };
        a.link.enqueue(&draft, now).unwrap();
    }
    let send = a.link.collect(&b.name, &Lane::ALL, None, now).unwrap();
    now += 1_000;
    let (taken, receipt) = b.link.answer(&send, now).unwrap();
    assert_eq!(taken.wrong, Vec::<String>::new());
    assert_eq!(taken.stored.len(), 3);
    now += 1_000;
    let got = a
        .link
        .take(&receipt, comity_node::link::Way::Call, now)
        .unwrap();
    assert_eq!(got.wrong, Vec::<String>::new());
    let rows = a.state.read(|tx| outbox::list(tx, None, None, 10)).unwrap();
    assert!(rows.iter().all(|row| row.state == "receipted"), "{rows:?}");
    let ack = a.link.collect(&b.name, &Lane::ALL, None, now).unwrap();
    let got = b
        .link
        .take(&ack, comity_node::link::Way::Call, now)
        .unwrap();
    assert_eq!(got.wrong, Vec::<String>::new());
    let owed = b
        .state
        .read(|tx| comity_store::state::receipt::owed_count(tx, &a.name))
        .unwrap();
    assert_eq!(owed, 0);
    let log = b.state.read(ledger::newest).unwrap().unwrap();
    assert_eq!(log.size, 3);
    assert_eq!(
        b.state
            .read(|tx| inbox::in_state(tx, "stored", 10))
            .unwrap()
            .len(),
        3
    );
}
