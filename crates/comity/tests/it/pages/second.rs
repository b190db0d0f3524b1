//! What waits for a second person: asked for by one officer, looked at and done by another, through pages and by REST.
//!
//! In scope: holding, who may look and decide, that it is done once and under both names. Out of scope: which acts need it (`cases`),
//! releases of objects (`between`).

use serde_json::{Value, json};

use super::visitor::Browser;
use super::work::REQUEST;
use crate::cases::requests::until_both;
use crate::exchange::party::{OPEN, Party, befriend, befriend_with};
use crate::exchange::release_table::widest;
use crate::http::Answer;
use crate::node::Store;
use crate::rest::{get, post};

fn two(terms: &str) -> [Party; 2] {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, terms);
    [alpha, bravo]
}

fn emergency() -> Vec<(&'static str, &'static str)> {
    let mut fields = REQUEST.to_vec();
    fields.retain(|(name, _)| *name != "urgency");
    fields.extend([
        ("urgency", "emergency"),
        ("emergency_reason", "a hospital is down"),
    ]);
    fields
}

/// The id of the only act that waits.
fn waiting(alpha: &Party, token: &str) -> Vec<Value> {
    let rows = alpha.ask(token, get("/held-acts")).expect(200).json();
    let rows = rows["items"].as_array().unwrap().clone();
    rows.into_iter()
        .filter(|row| row["state"] == "waiting")
        .collect()
}

fn decide(alpha: &Party, token: &str, id: &Value, word: &str, body: &Value) -> Answer {
    let id = id.as_str().unwrap();
    alpha.ask(token, post(&format!("/held-acts/{id}/{word}"), body))
}

/// What a request says.
fn content() -> Value {
    json!({
        "request_type": "log-search", "title": "one", "unit": "cyber unit", "contact": "duty@alpha.example", "urgency": "routine",
        "facts": "two hosts", "asked": "connections", "use_limits": "intelligence only",
        "window_from": "2026-05-01T00:00:00Z", "window_until": "2026-05-08T00:00:00Z",
        "observables": ["198.51.100.7"],
    })
}

#[test]
fn an_emergency_waits_for_another_officer_who_looks_and_sends_it() {
    let [alpha, bravo] = two(OPEN);
    let asks = Browser::new(&alpha, "duty-officer", "releaser", "en");
    let looks = Browser::new(&alpha, "head-of-desk", "releaser", "zh-CN");
    let reads = Browser::new(&alpha, "reader", "viewer", "en");
    let sent = asks.post("/requests/new", &emergency()).expect(303);
    assert_eq!(sent.header("location"), Some("/review"));
    assert!(asks.get("/requests").contains("No request yet."));
    let own = asks.get("/review");
    for words in [
        "waits for a second person",
        "a hospital is down",
        "somebody else must decide",
        "Take it back",
    ] {
        assert!(own.contains(words), "{words} in {own}");
    }
    assert!(!own.contains("do it</button>"), "{own}");
    assert!(!reads.get("/review").contains("a hospital is down"));
    assert!(
        looks
            .get("/")
            .contains("duty-officer 请求的操作需要第二人审看")
    );
    let page = looks.get("/review");
    let (_, rest) = page.split_once("action=\"/review/acts/").unwrap();
    let id = rest.split('/').next().unwrap();
    let yes = format!("/review/acts/{id}/yes");
    assert_eq!(asks.post(&yes, &[]).status, 409, "one is not two");
    assert_eq!(reads.post(&yes, &[]).status, 403);
    looks.does(&yes, &[]);
    assert_eq!(looks.post(&yes, &[]).status, 409, "it is done once");
    let rows = alpha.rows(&["request", "list"]);
    assert_eq!(rows.len(), 1);
    until_both(
        [&alpha, &bravo],
        rows[0]["id"].as_str().unwrap(),
        "delivered",
    );
    let shown = bravo.cli(&["request", "show", rows[0]["id"].as_str().unwrap(), "--json"]);
    let shown = shown.expect(0).out;
    assert!(
        shown.contains("\"duty-officer\"") && shown.contains("\"head-of-desk\""),
        "{shown}"
    );
    let audit = alpha.cli(&["audit", "list", "--json"]).expect(0).out;
    assert!(
        audit.contains("\"held\"") && audit.contains("approve_held_act"),
        "{audit}"
    );
}

#[test]
fn what_waits_is_declined_taken_back_and_never_done_for_who_may_not_ask_any_more() {
    let [alpha, _bravo] = two(&format!("{OPEN}second_person_from = \"TLP:AMBER\"\n"));
    let [first, second] = ["first", "second"].map(|name| alpha.account_of(name, None, "releaser"));
    let body = json!({
        "subject": "request", "party": "bravo", "label": "amber", "event": "send", "content": content(),
    });
    let ask = |key: &str| {
        let request = post("/threads", &body).header("Idempotency-Key", key);
        alpha.ask(&first, request).expect(202).json()
    };
    let held = ask("one");
    assert_eq!(ask("one"), held, "with the same key it waits once");
    ask("two");
    ask("three");
    let rows = waiting(&alpha, &second);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["arguments"]["content"]["facts"], "two hosts");
    let no = json!({ "reason": "ask by telephone first" });
    decide(&alpha, &second, &rows[0]["id"], "refusal", &no).expect(200);
    decide(&alpha, &first, &rows[1]["id"], "refusal", &no).expect(200);
    let again = decide(&alpha, &second, &rows[0]["id"], "approval", &json!({}));
    assert_eq!(again.status, 409);
    let nowhere = decide(&alpha, &second, &json!("nothing"), "approval", &json!({}));
    assert_eq!(nowhere.status, 404);
    // Whoever asked is a viewer now.
    alpha
        .cli(&["user", "role", "first", "--role", "viewer"])
        .expect(0);
    let late = decide(&alpha, &second, &rows[2]["id"], "approval", &json!({}));
    assert_eq!(late.status, 409, "{}", late.text());
    assert!(late.text().contains("may not ask for this any more"));
    assert!(alpha.rows(&["request", "list"]).is_empty());
}

#[test]
fn what_is_red_is_looked_at_whole_before_the_yes_and_by_nobody_else_after_it() {
    const PERSON: &str = "duty@bravo.example";
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let back = widest("duty@alpha.example");
    befriend_with(&mut alpha, &mut bravo, &widest(PERSON), &back);
    let [first, second, third] =
        ["first", "second", "third"].map(|name| alpha.account_of(name, None, "releaser"));
    let body = json!({
        "subject": "request", "party": "bravo", "label": "red", "event": "send", "person": PERSON, "content": content(),
    });
    let held = alpha
        .ask(&first, post("/threads", &body))
        .expect(202)
        .json();
    let rows = waiting(&alpha, &second);
    assert_eq!(rows[0]["arguments"]["content"]["facts"], "two hosts");
    decide(&alpha, &second, &held["held_act"], "approval", &json!({})).expect(200);
    let listed = |token: &str| {
        let rows = alpha.ask(token, get("/held-acts")).expect(200).json();
        rows["items"].as_array().unwrap().len()
    };
    assert_eq!(
        [&first, &second, &third].map(|token| listed(token)),
        [1, 1, 0]
    );
    let gone = decide(
        &alpha,
        &third,
        &held["held_act"],
        "refusal",
        &json!({ "reason": "x" }),
    );
    assert_eq!(gone.status, 404, "{}", gone.text());
}
