//! What is released, recalled, relayed, held and redacted between real nodes.
//!
//! In scope: what known failures of other platforms have to do with synchronisation, and what release control promises
//! besides. Out of scope: the table of labels, recipients and outlets (`release_table`).

use serde_json::{Value, json};

use crate::exchange::party::{
    OPEN, Party, RELAY, befriend, befriend_with, labelled, on_both_stores, text, until,
};
use crate::http::Request;
use crate::node::{Store, objects};
use crate::sample::{envelope, indicator, indicator_at, indicator_id, malware};

fn embedded<const N: usize>(names: [&str; N]) -> [Party; N] {
    names.map(|name| Party::new(name, Store::Embedded))
}

/// A relationship between two objects, without a label that could hide it.
fn edge(from: &Value, to: &Value, label: &str) -> Value {
    let relationship = json!({
        "type": "relationship", "spec_version": "2.1",
        "id": "relationship--00000001-0000-4000-8000-000000000001",
        "created": "2020-01-01T00:00:00.000Z", "modified": "2020-01-01T00:00:00.000Z",
        "relationship_type": "indicates", "source_ref": from["id"], "target_ref": to["id"],
    });
    labelled(relationship, label)
}

#[test]
fn what_is_shared_arrives_byte_for_byte_and_is_receipted() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let house = alpha.create_collection("House", &[]);
        let one = labelled(indicator(1), "GREEN");
        alpha.import(&house, &[one.clone()]);
        let line = alpha.share(&indicator_id(1), "bravo");
        assert_eq!(line["verdict"], "released", "{line}");
        let held = bravo.until_from("alpha", &[&indicator_id(1)]);
        assert_eq!(held[&indicator_id(1)], one);
        alpha.until_receipted();
    });
}
