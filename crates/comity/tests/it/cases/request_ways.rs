//! The rarer ways of a request, each as its command says it: consent to a referral, taking back, later dates, preserved data, disputes.

use serde_json::{Value, json};

use crate::cases::requests::{act, form, open, until_both};
use crate::exchange::party::{OPEN, Party, befriend, text, until};
use crate::node::{Said, Store};

fn partners() -> [Party; 2] {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    [alpha, bravo]
}

fn shown(party: &Party, id: &str) -> Value {
    let said = party.cli(&["request", "show", id, "--json"]);
    said.expect(0).json()["request"].clone()
}

/// An act that is refused, with what would be possible.
fn refused(party: &Party, id: &str, verb: &str, more: &[&str]) -> Said {
    let mut arguments = vec!["request", verb, id];
    arguments.extend(more);
    let said = party.cli(&arguments);
    assert_eq!(said.code, Some(1), "{said:?}");
    said
}

/// Waits until something of a request is so on both sides.
fn both_say(parties: [&Party; 2], id: &str, at: &str, value: &Value) {
    for party in parties {
        until(&format!("{at} = {value} at {}", party.name), || {
            (shown(party, id).pointer(at) == Some(value)).then_some(())
        });
    }
}

/// How many steps both have of a request.
fn both_have(parties: [&Party; 2], id: &str, steps: usize) {
    for party in parties {
        until(&format!("{steps} steps at {}", party.name), || {
            (shown(party, id)["steps"].as_array().map(Vec::len) == Some(steps)).then_some(())
        });
    }
}

/// A request that the other side has accepted.
fn accepted(parties: [&Party; 2], form: &str) -> String {
    let [alpha, bravo] = parties;
    let id = open(alpha, bravo, form, &[]);
    until_both(parties, &id, "delivered");
    act(bravo, &id, "acknowledge", &["--number", "B-2026-8"]);
    act(bravo, &id, "accept", &["--expected", "2099-01-01"]);
    until_both(parties, &id, "accepted");
    id
}

#[test]
fn a_request_goes_to_a_third_party_only_with_the_consent_of_whoever_asked() {
    let [alpha, bravo] = partners();
    let both = [&alpha, &bravo];
    let id = accepted(both, &form(&alpha, &[]));
    let to = ["--to", "charlie"];
    let alone = refused(&bravo, &id, "refer", &to);
    assert!(alone.err.contains("consent"), "{}", alone.err);
    act(
        &bravo,
        &id,
        "ask-referral",
        &["--to", "charlie", "--why", "the server is there"],
    );
    both_have(both, &id, 4);
    refused(&bravo, &id, "consent", &to);
    act(&alpha, &id, "consent", &["--to", "charlie", "--no"]);
    both_have(both, &id, 5);
    refused(&bravo, &id, "refer", &to);
    act(
        &bravo,
        &id,
        "ask-referral",
        &["--to", "delta", "--why", "they hold the logs"],
    );
    both_have(both, &id, 6);
    act(&alpha, &id, "consent", &["--to", "delta"]);
    both_have(both, &id, 7);
    // Consent is for the one that was named, and for no other.
    refused(&bravo, &id, "refer", &to);
    act(
        &bravo,
        &id,
        "refer",
        &["--to", "delta", "--reference", "D-77"],
    );
    let request = until_both(both, &id, "referred");
    assert_eq!(request["due"], json!([]), "a referral ends every time");
    assert_eq!(request["void"], json!([]));
}

#[test]
fn a_request_that_is_taken_back_is_over_when_the_other_side_says_what_became_of_the_data() {
    let [alpha, bravo] = partners();
    let both = [&alpha, &bravo];
    let id = accepted(both, &form(&alpha, &[]));
    refused(&bravo, &id, "withdraw", &["--reason", "it is not ours"]);
    act(
        &alpha,
        &id,
        "withdraw",
        &["--reason", "the host was cleaned"],
    );
    until_both(both, &id, "withdrawn");
    let listed = bravo.rows(&["request", "list", "--ours"]);
    assert_eq!(listed[0]["due_what"], "purged", "{listed:?}");
    refused(&bravo, &id, "answer", &["--text", "too late"]);
    let kept = [
        "--retained",
        "--until",
        "2099-06-30",
        "--note",
        "a court asks for it",
    ];
    act(&bravo, &id, "purged", &kept);
    both_say(both, &id, "/purged/retained", &json!(true));
    assert!(bravo.rows(&["request", "list", "--ours"]).is_empty());
    let seen = alpha.cli(&["request", "show", &id]).expect(0).out;
    assert!(seen.contains("withdrawn"), "{seen}");
}

#[test]
fn a_later_date_counts_twice_and_every_date_stays_to_be_seen() {
    let [alpha, bravo] = partners();
    let both = [&alpha, &bravo];
    let id = accepted(both, &form(&alpha, &[]));
    let past = refused(
        &bravo,
        &id,
        "extend",
        &["--expected", "2020-01-01", "--reason", "late"],
    );
    assert!(!past.err.is_empty());
    for (number, date) in ["2099-02-01", "2099-03-01", "2099-04-01"]
        .iter()
        .enumerate()
    {
        let said = bravo.cli(&[
            "request",
            "extend",
            &id,
            "--expected",
            date,
            "--reason",
            "many logs",
        ]);
        said.expect(0);
        both_have(both, &id, 4 + number);
    }
    let request = shown(&alpha, &id);
    let dates = request["expected"].as_array().unwrap();
    assert_eq!(dates.len(), 4, "{request}");
    let due = text(&request, "answer_due");
    assert!(due.starts_with("2099-03-01"), "two count: {due}");
    assert_eq!(shown(&bravo, &id)["answer_due"], request["answer_due"]);
}

/// A form that asks for data to be preserved.
fn preservation(party: &Party) -> String {
    let mut page = party
        .cli(&["request", "form", "preservation"])
        .expect(0)
        .out;
    for (name, value) in [
        ("title", "\"Keep the mailbox of the May intrusion\""),
        ("unit", "\"cyber unit\""),
        ("contact", "\"duty@alpha.example\""),
        ("facts", "\"The mailbox took what was stolen.\""),
        ("asked", "\"All of the mailbox.\""),
        ("use_limits", "\"evidence\""),
        ("observables", "[\"drop@mail.example\"]"),
        ("custodian", "\"the provider of mail.example\""),
        ("offence", "\"data theft\""),
        ("legal_basis", "\"request 2026/118\""),
        ("hold_until", "\"2099-01-01T00:00:00Z\""),
    ] {
        let empty = ["\"\"", "[]"].map(|none| format!("\n{name} = {none}"));
        let found = empty.iter().find(|line| page.contains(*line));
        let found = found.unwrap_or_else(|| panic!("{name} in {page}"));
        page = page.replacen(found, &format!("\n{name} = {value}"), 1);
    }
    let file = party.file("preservation.toml");
    std::fs::write(&file, page).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn data_is_held_renewed_and_given_up_or_lost_beside_its_request() {
    let [alpha, bravo] = partners();
    let both = [&alpha, &bravo];
    let state = "/preservation/state";
    let held = |form: &str| {
        let id = accepted(both, form);
        both_say(both, &id, state, &json!("requested"));
        refused(&alpha, &id, "hold", &["--until", "2099-01-01"]);
        act(&bravo, &id, "hold", &["--until", "2099-01-01"]);
        both_say(both, &id, state, &json!("held"));
        id
    };
    let form = preservation(&alpha);
    let first = held(&form);
    let shorter = refused(&bravo, &first, "hold", &["--until", "2098-01-01"]);
    assert!(shorter.err.contains("possible: "), "{}", shorter.err);
    act(&alpha, &first, "renew", &["--until", "2099-07-01"]);
    both_say(both, &first, state, &json!("renewing"));
    refused(&bravo, &first, "hold", &["--until", "2098-01-01"]);
    act(&bravo, &first, "hold", &["--until", "2099-07-01"]);
    both_say(
        both,
        &first,
        "/preservation/held_until",
        &json!("2099-07-01T23:59:59.000Z"),
    );
    act(&alpha, &first, "release", &["--note", "all was taken over"]);
    both_say(both, &first, state, &json!("released"));
    refused(&bravo, &first, "lost", &["--reason", "a disk failed"]);

    let second = held(&form);
    act(&alpha, &second, "convert", &["--reference", "MLA 2026/9"]);
    both_say(both, &second, state, &json!("converted"));

    let third = held(&form);
    act(
        &bravo,
        &third,
        "lost",
        &["--reason", "the provider closed the account"],
    );
    both_say(both, &third, state, &json!("lost"));
    refused(&alpha, &third, "renew", &["--until", "2099-07-01"]);
    // What is about data that is kept is refused where none is asked for.
    let plain = open(&alpha, &bravo, &super::requests::form(&alpha, &[]), &[]);
    until_both(both, &plain, "delivered");
    let none = refused(&bravo, &plain, "hold", &["--until", "2099-01-01"]);
    assert!(none.err.contains("preservation"), "{}", none.err);
}

#[test]
fn an_emergency_is_confirmed_and_a_dispute_is_settled_by_whoever_began_it() {
    let [alpha, bravo] = partners();
    let both = [&alpha, &bravo];
    let urgent = [
        ("urgency = \"routine\"", "urgency = \"emergency\""),
        (
            "# emergency_reason = \"\"",
            "emergency_reason = \"a hospital is down\"",
        ),
    ];
    let file = form(&alpha, &urgent);
    let id = open(&alpha, &bravo, &file, &["--second", "head of desk"]);
    until_both(both, &id, "delivered");
    act(&alpha, &id, "confirm", &["--reference", "MLA 2026/10"]);
    both_say(both, &id, "/confirmed/reference", &json!("MLA 2026/10"));
    act(&bravo, &id, "acknowledge", &["--number", "B-2026-9"]);
    until_both(both, &id, "acknowledged");
    let about = ["--message", "bravo/1", "--text"];
    let disputed = |party: &Party, so: bool| {
        until(&format!("disputed: {so} at {}", party.name), || {
            let said = party
                .cli(&["request", "show", &id, "--json"])
                .expect(0)
                .json();
            (said["disputed"] == so).then_some(())
        });
    };
    act(
        &alpha,
        &id,
        "dispute",
        &[about.as_slice(), &["nobody looked at it"]].concat(),
    );
    for party in both {
        disputed(party, true);
    }
    // Only whoever disputes takes it back.
    refused(
        &bravo,
        &id,
        "settle",
        &[about.as_slice(), &["they were wrong"]].concat(),
    );
    act(
        &alpha,
        &id,
        "settle",
        &[about.as_slice(), &["the log shows who did"]].concat(),
    );
    for party in both {
        disputed(party, false);
    }
}
