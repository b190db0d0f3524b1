//! Requests that are TLP:RED: they go to a person whom the accord names, or not at all.
//!
//! In scope: what may be said to whom, and who reads it on the other side. Out of scope: objects (`exchange::persons`).

use crate::cases::requests::{form, until_both};
use crate::exchange::party::{Party, befriend_with, text};
use crate::exchange::release_table::widest;
use crate::node::{ROOT, Store};

/// The person at bravo.
const PERSON: &str = "duty@bravo.example";

#[test]
fn a_red_request_goes_to_a_person_whom_the_accord_names_or_not_at_all() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let back = widest("duty@alpha.example");
    befriend_with(&mut alpha, &mut bravo, &widest(PERSON), &back);
    let file = form(&alpha, &[]);
    let red = |more: &[&str]| {
        let mut arguments = vec!["request", "open", &file, "--to", "bravo", "--tlp", "red"];
        arguments.extend(["--second", "head of desk"]);
        arguments.extend(more);
        alpha.cli(&arguments)
    };
    for more in [&[][..], &["--person", "other@bravo.example"]] {
        let refused = red(more);
        assert_eq!(refused.code, Some(6), "{refused:?}");
        assert!(refused.err.contains("named persons"), "{}", refused.err);
    }
    assert!(alpha.rows(&["request", "list"]).is_empty());
    let id = red(&["--person", PERSON]).expect(0).out;
    until_both([&alpha, &bravo], id.trim(), "delivered");
    // Both sides know for whom it is.
    for party in [&alpha, &bravo] {
        let shown = party.cli(&["request", "show", id.trim(), "--json"]);
        assert_eq!(shown.expect(0).json()["messages"][0]["person"], PERSON);
    }
    // Every further message of the thread is judged by itself.
    let unnamed = ["request", "acknowledge", id.trim(), "--number", "B-1"];
    let refused = bravo.cli(&unnamed);
    assert_eq!(refused.code, Some(6), "{refused:?}");
    let mut named = unnamed.to_vec();
    named.extend(["--person", "duty@alpha.example"]);
    bravo.cli(&named).expect(0);
    until_both([&alpha, &bravo], id.trim(), "acknowledged");
    // On the other side the node's shell has it, and no account reads it: it stands in no collection.
    let listed = bravo.rows(&["request", "list"]);
    assert_eq!(text(&listed[0], "id"), id.trim());
    let dora = bravo.account_of("dora", None, "duty");
    bravo.cli(&["user", "address", "dora", PERSON]).expect(0);
    let collections = bravo.get(&dora, &format!("{ROOT}collections/"));
    let collections = collections.expect(200).json();
    assert_eq!(collections.get("collections"), None, "{collections}");
}
