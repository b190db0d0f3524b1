//! Requests for assistance, from the form to the feedback.

use serde_json::Value;

use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text, until};
use crate::node::Store;

/// A form that was filled in for a search in logs.
pub(crate) fn form(party: &Party, change: &[(&str, &str)]) -> String {
    let mut page = party.cli(&["request", "form", "log-search"]).expect(0).out;
    let filled = [
        (
            "title = \"\"",
            "title = \"Control server behind the May intrusion\"",
        ),
        ("unit = \"\"", "unit = \"cyber unit\""),
        ("contact = \"\"", "contact = \"duty@alpha.example\""),
        (
            "facts = \"\"",
            "facts = \"Two hosts called it each night.\"",
        ),
        (
            "asked = \"\"",
            "asked = \"Connections to the address in the window.\"",
        ),
        ("use_limits = \"\"", "use_limits = \"intelligence only\""),
        (
            "window_from = \"\"",
            "window_from = \"2026-05-01T00:00:00Z\"",
        ),
        (
            "window_until = \"\"",
            "window_until = \"2026-05-08T00:00:00Z\"",
        ),
        ("observables = []", "observables = [\"198.51.100.7\"]"),
    ];
    for (from, to) in filled.iter().chain(change) {
        assert!(page.contains(from), "{from} in {page}");
        page = page.replacen(from, to, 1);
    }
    let file = party.file("request.toml");
    std::fs::write(&file, page).unwrap();
    file.to_str().unwrap().to_owned()
}

pub(crate) fn open(from: &Party, to: &Party, form: &str, more: &[&str]) -> String {
    let mut arguments = vec!["request", "open", form, "--to", &to.name, "--tlp", "amber"];
    arguments.extend(more);
    from.cli(&arguments).expect(0).out.trim().to_owned()
}

fn shown(party: &Party, id: &str) -> Value {
    party
        .cli(&["request", "show", id, "--json"])
        .expect(0)
        .json()
}

/// Waits until a request stands at this on both sides, and says what both say.
pub(crate) fn until_both(parties: [&Party; 2], id: &str, state: &str) -> Value {
    for party in parties {
        until(&format!("{state} at {}", party.name), || {
            let said = party.cli(&["request", "show", id, "--json"]);
            (said.code == Some(0) && text(&said.json(), "state") == state).then_some(())
        });
    }
    // The receipt for the last act may still be on its way.
    until("the same steps on both sides", || {
        let [one, two] = parties.map(|party| shown(party, id)["request"].clone());
        let same = ["steps", "content", "answers", "due", "returned", "feedback"];
        same.iter()
            .all(|name| one[name] == two[name])
            .then_some(one)
    })
}

pub(crate) fn act(party: &Party, id: &str, verb: &str, more: &[&str]) {
    let mut arguments = vec!["request", verb, id];
    arguments.extend(more);
    party.cli(&arguments).expect(0);
}

#[test]
fn a_request_goes_its_whole_way_and_both_sides_hold_the_same() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let file = form(
            alpha,
            &[("observables = [\"198.51.100.7\"]", "observables = []")],
        );
        let refused = alpha.cli(&["request", "open", &file, "--to", "bravo", "--tlp", "amber"]);
        assert_eq!(refused.code, Some(2));
        assert!(refused.err.contains("lacks observables"), "{}", refused.err);
        let id = open(alpha, bravo, &file, &["--incomplete"]);
        let both = [&*alpha, &*bravo];
        until_both(both, &id, "delivered");
        act(bravo, &id, "acknowledge", &["--number", "B-2026-7"]);
        until_both(both, &id, "acknowledged");
        act(bravo, &id, "accept", &["--expected", "2099-01-01"]);
        until_both(both, &id, "accepted");
        // Too late to return it: it is accepted.
        let late = bravo.cli(&["request", "return", &id]);
        assert_eq!(late.code, Some(1), "{late:?}");
        assert!(late.err.contains("possible: "), "{}", late.err);
        act(bravo, &id, "interim", &["--text", "logs are being read"]);
        act(
            bravo,
            &id,
            "answer",
            &["--text", "none in the window", "--part"],
        );
        until_both(both, &id, "answered");
        act(alpha, &id, "reopen", &["--gap", "the last day"]);
        until_both(both, &id, "accepted");
        act(
            bravo,
            &id,
            "answer",
            &["--text", "none on the last day either"],
        );
        until_both(both, &id, "answered");
        act(
            alpha,
            &id,
            "feedback",
            &["--useful", "yes", "--quality", "5", "--acted"],
        );
        let request = until_both(both, &id, "closed");
        assert_eq!(request["answers"].as_array().unwrap().len(), 2);
        assert_eq!(request["steps"].as_array().unwrap().len(), 8);
        assert_eq!(request["void"], Value::Array(Vec::new()));
        let again = bravo.cli(&["request", "answer", &id, "--text", "more"]);
        assert_eq!(again.code, Some(1));
    });
}

#[test]
fn an_incomplete_request_comes_back_with_the_missing_fields_and_goes_on_when_they_are_there() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let both = [&alpha, &bravo];
    let file = form(
        &alpha,
        &[("observables = [\"198.51.100.7\"]", "observables = []")],
    );
    let id = open(&alpha, &bravo, &file, &["--incomplete"]);
    until_both(both, &id, "delivered");
    act(&bravo, &id, "return", &[]);
    let request = until_both(both, &id, "returned");
    assert_eq!(
        request["returned"][0]["fields"],
        serde_json::json!(["observables"])
    );
    let more = alpha.file("more.toml");
    std::fs::write(&more, "observables = [\"198.51.100.7\"]\n").unwrap();
    act(&alpha, &id, "supplement", &[more.to_str().unwrap()]);
    let request = until_both(both, &id, "acknowledged");
    assert_eq!(request["missing"], serde_json::json!([]));
    act(&bravo, &id, "decline", &["--reason", "resources"]);
    until_both(both, &id, "declined");
    // Disputed by its place; both see it.
    act(
        &alpha,
        &id,
        "dispute",
        &["--message", "bravo/2", "--text", "it was agreed"],
    );
    until("the dispute at bravo", || {
        (shown(&bravo, &id)["disputed"] == true).then_some(())
    });
    let private = ["request", "note", &id, "they said the same last year"];
    bravo.cli(&private).expect(0);
    assert_eq!(shown(&bravo, &id)["notes"].as_array().unwrap().len(), 1);
    assert_eq!(shown(&alpha, &id)["notes"].as_array().unwrap().len(), 0);
}

#[test]
fn what_the_accord_does_not_allow_is_not_said_in_a_request_either() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let green = "ceiling = \"TLP:GREEN\"\noutlets = [\"link\"]\nunlabelled = \"TLP:AMBER\"\n[[release.redact]]\npersonal = \"email-address\"\naction = \"withhold\"\n";
    befriend(&mut alpha, &mut bravo, green);
    let file = form(&alpha, &[]);
    let amber = alpha.cli(&["request", "open", &file, "--to", "bravo", "--tlp", "amber"]);
    assert_eq!(amber.code, Some(6), "{amber:?}");
    let named = alpha.cli(&["request", "open", &file, "--to", "bravo", "--tlp", "green"]);
    assert_eq!(named.code, Some(6), "an address is in it: {named:?}");
    let file = form(
        &alpha,
        &[("duty@alpha.example", "the duty officer's telephone")],
    );
    let red = alpha.cli(&["request", "open", &file, "--to", "bravo", "--tlp", "red"]);
    assert_ne!(red.code, Some(0));
    let unknown = alpha.cli(&["request", "open", &file, "--to", "delta", "--tlp", "green"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(alpha.rows(&["request", "list"]).is_empty());
    let id = alpha
        .cli(&["request", "open", &file, "--to", "bravo", "--tlp", "green"])
        .expect(0)
        .out;
    until_both([&alpha, &bravo], id.trim(), "delivered");
}

#[test]
fn an_emergency_needs_a_second_person_and_is_on_top_of_the_list() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let calm = open(&alpha, &bravo, &form(&alpha, &[]), &[]);
    let urgent = [
        ("urgency = \"routine\"", "urgency = \"emergency\""),
        (
            "# emergency_reason = \"\"",
            "emergency_reason = \"a hospital is down\"",
        ),
    ];
    let file = form(&alpha, &urgent);
    let alone = alpha.cli(&["request", "open", &file, "--to", "bravo", "--tlp", "amber"]);
    assert_eq!(alone.code, Some(6));
    assert!(alone.err.contains("second person"), "{}", alone.err);
    let id = open(&alpha, &bravo, &file, &["--second", "head of desk"]);
    until_both([&alpha, &bravo], &calm, "delivered");
    until_both([&alpha, &bravo], &id, "delivered");
    let ours = bravo.rows(&["request", "list", "--ours"]);
    assert_eq!((text(&ours[0], "id"), ours.len()), (id, 2));
    assert_eq!(ours[0]["due_what"], "acknowledge");
}
