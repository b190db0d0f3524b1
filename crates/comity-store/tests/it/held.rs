//! Acts that wait for a second person, on both engines.
//!
//! In scope: that rows come back whole and are decided once. Out of scope: who may decide (`comity-node`).

use comity_store::state::held::{self, BEGUN, HeldRow, Settled, WAITING};

use crate::engine::on_each_state;

fn row(id: &str, asked: i64) -> HeldRow {
    HeldRow {
        id: id.to_owned(),
        operation: "open_thread".to_owned(),
        arguments: "{\"title\":\"网络 '; DROP TABLE held_act\"}".to_owned(),
        asked_by: "duty".to_owned(),
        reason: "it is an emergency".to_owned(),
        state: WAITING.to_owned(),
        asked,
        decided_by: None,
        decided: None,
        outcome: None,
    }
}

#[test]
fn an_act_comes_back_whole_and_is_decided_once() {
    on_each_state(|state, _| {
        let (one, two) = (row("one", 10), row("two", 20));
        state
            .write(|tx| {
                held::add(tx, &one)?;
                held::add(tx, &two)
            })
            .unwrap();
        let all = state.read(|tx| held::since(tx, 0, 10)).unwrap();
        assert_eq!(all, [two.clone(), one.clone()], "the newest first");
        assert_eq!(state.read(|tx| held::since(tx, 11, 10)).unwrap(), [two]);
        assert_eq!(state.read(|tx| held::waiting(tx, "duty", 0)).unwrap(), 2);
        assert_eq!(state.read(|tx| held::waiting(tx, "other", 0)).unwrap(), 0);
        let yes = Settled {
            id: "one",
            from: WAITING,
            to: BEGUN,
            by: Some("head"),
            at: Some(30),
            outcome: None,
        };
        assert!(state.write(|tx| held::settle(tx, &yes)).unwrap());
        assert!(!state.write(|tx| held::settle(tx, &yes)).unwrap());
        let found = state.read(|tx| held::find(tx, "one")).unwrap();
        let begun = HeldRow {
            state: BEGUN.to_owned(),
            decided_by: Some("head".to_owned()),
            decided: Some(30),
            ..one
        };
        assert_eq!(found, Some(begun));
        assert_eq!(state.read(|tx| held::find(tx, "three")).unwrap(), None);
        assert_eq!(state.write(|tx| held::prune(tx, 20)).unwrap(), 1);
        assert_eq!(state.read(|tx| held::since(tx, 0, 10)).unwrap().len(), 1);
    });
}
