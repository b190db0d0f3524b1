//! Objects that are pasted into a page: lists, STIX, what is wrong with a text, who may.
//!
//! In scope: the form, what it says, what is there afterwards. Out of scope: formats (`comity-formats`, `imports`).

use serde_json::{Value, json};

use super::visitor::Browser;
use crate::exchange::party::{Party, labelled};
use crate::node::Store;
use crate::rest::{get, post};
use crate::sample::{indicator, indicator_id};

fn one() -> (Party, String) {
    let mut alpha = Party::new("alpha", Store::Embedded);
    alpha.serve();
    let house = alpha.create_collection("House", &[]);
    (alpha, house)
}

/// What stands beside these words in a list of facts.
fn fact<'p>(page: &'p str, name: &str) -> &'p str {
    let (_, rest) = page
        .split_once(&format!("<dt>{name}</dt>"))
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once('<').unwrap().0
}

#[test]
fn what_is_pasted_is_added_once_and_found_with_the_marking_that_was_chosen() {
    let (alpha, house) = one();
    let browser = Browser::of(&alpha, "analyst");
    alpha.grant(&house, "analyst", &["--read", "--write"]);
    let page = browser.get("/objects");
    assert!(page.contains("Add objects</a>"), "{page}");
    let list = [
        ("collection", house.as_str()),
        ("label", "TLP:GREEN"),
        ("text", "198.51.100.7\r\nhost[.]example\r\n"),
    ];
    let page = browser.post("/objects/import", &list).expect(200).text();
    assert_eq!(fact(&page, "Not taken"), "0", "{page}");
    assert_ne!(fact(&page, "Added"), "0", "{page}");
    let again = browser.post("/objects/import", &list).expect(200).text();
    assert_eq!(fact(&again, "Added"), "0", "{again}");
    let known = browser.get("/value?v=198.51.100.7");
    assert!(known.contains("Known</span>"), "{known}");
    assert!(known.contains("tlp-green"), "{known}");
    // Objects say themselves under which marking they stand; what is none is told with its place.
    let bundle = json!({
        "type": "bundle", "id": "bundle--5f0c1a9e-7b8d-4c1e-9a2b-000000000001",
        "objects": [labelled(indicator(1), "AMBER"), { "type": "indicator", "id": "indicator--x" }],
    });
    let bundle = bundle.to_string();
    let pasted = [("collection", house.as_str()), ("text", &bundle)];
    let page = browser.post("/objects/import", &pasted).expect(200).text();
    assert_eq!(fact(&page, "Not taken"), "1", "{page}");
    assert!(page.contains("Why not"), "{page}");
    browser.get(&format!("/objects/{}", indicator_id(1)));
}

#[test]
fn what_cannot_be_read_is_said_and_who_may_not_add_has_no_form() {
    let (alpha, house) = one();
    let browser = Browser::of(&alpha, "analyst");
    alpha.grant(&house, "analyst", &["--read", "--write"]);
    let wrong = |fields: &[(&str, &str)]| {
        let mut all = vec![("collection", house.as_str())];
        all.extend(fields);
        browser.post("/objects/import", &all)
    };
    let refused = wrong(&[("text", "198.51.100.7"), ("label", "secret")]);
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    assert!(
        refused.text().contains("198.51.100.7"),
        "what was typed stays"
    );
    let page = wrong(&[("text", "<html><body>no list</body></html>")]);
    let page = page.expect(200).text();
    assert_eq!(fact(&page, "Added"), "0", "{page}");
    assert_eq!(fact(&page, "Not taken"), "1", "{page}");
    let auditor = Browser::of(&alpha, "auditor");
    alpha.grant(&house, "auditor", &["--read"]);
    assert!(!auditor.get("/objects").contains("/objects/import"));
    assert_eq!(auditor.ask("/objects/import").status, 403);
    // Whoever may only read a collection adds nothing to it.
    let reader = alpha.account_of("reader", None, "analyst");
    alpha.grant(&house, "reader", &["--read"]);
    let body = json!({ "text": "198.51.100.9" });
    let call = post(&format!("/collections/{house}/text"), &body);
    let refused = alpha.ask(&reader, call);
    assert!((400..500).contains(&refused.status), "{}", refused.text());
    let held = alpha.ask(&reader, get(&format!("/collections/{house}/objects")));
    assert_eq!(held.expect(200).json()["objects"], Value::Array(Vec::new()));
}
