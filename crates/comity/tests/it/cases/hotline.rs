//! Hotline calls: ringing, code words, notes that are sealed before either is shown, actions, confirmations.

use serde_json::{Value, json};

use crate::cases::requests::form;
use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text, until};
use crate::node::{Said, Store};

pub(crate) fn ring(from: &Party, to: &Party, more: &[&str]) -> String {
    let mut arguments = vec!["hotline", "ring", "--to", &to.name, "--tlp", "amber"];
    arguments.extend(["--line", "a control server is active again"]);
    arguments.extend(more);
    from.cli(&arguments).expect(0).out.trim().to_owned()
}

fn shown(party: &Party, id: &str) -> Value {
    let said = party.cli(&["hotline", "show", id, "--json"]);
    said.expect(0).json()
}

fn call(party: &Party, id: &str) -> Value {
    shown(party, id)["call"].clone()
}

pub(crate) fn act(party: &Party, id: &str, verb: &str, more: &[&str]) -> Said {
    let mut arguments = vec!["hotline", verb, id];
    arguments.extend(more);
    party.cli(&arguments)
}

/// Waits until a call stands so on both sides.
pub(crate) fn until_both(parties: [&Party; 2], id: &str, state: &str) {
    for party in parties {
        until(&format!("{state} at {}", party.name), || {
            let said = party.cli(&["hotline", "show", id, "--json"]);
            (said.code == Some(0) && text(&said.json(), "state") == state).then_some(())
        });
    }
}

/// Each officer says the own words, and types those of the other.
pub(crate) fn identify(parties: [&Party; 2], id: &str) {
    let words = parties.map(|party| text(&call(party, id)["ours"], "say"));
    for (party, heard) in [(parties[0], &words[1]), (parties[1], &words[0])] {
        let heard: Vec<&str> = heard.split(' ').collect();
        act(party, id, "identify", &heard).expect(0);
    }
    until_both(parties, id, "identified");
}

/// Brings a call to where both know each other.
fn identified(alpha: &Party, bravo: &Party, more: &[&str]) -> String {
    let id = ring(alpha, bravo, more);
    until_both([alpha, bravo], &id, "rung");
    act(bravo, &id, "answered", &["--officer", "night officer"]).expect(0);
    until_both([alpha, bravo], &id, "answered");
    identify([alpha, bravo], &id);
    id
}

#[test]
fn a_call_goes_its_whole_way_and_neither_note_is_seen_before_both_are_sealed() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let both = [&*alpha, &*bravo];
        let id = identified(alpha, bravo, &["--test"]);
        assert_eq!(
            call(bravo, &id)["tries"][0]["to"],
            "duty officer (technical)"
        );
        assert_eq!(call(bravo, &id)["answered"]["name"], "night officer");
        let early = act(alpha, &id, "note", &["--text", "we said: \"block it\""]);
        early.expect(0);
        until("alpha's seal at bravo", || {
            call(bravo, &id)["theirs"]["seal"].as_str().map(drop)
        });
        // Bravo has the digest and nothing else; alpha's node refuses to show it.
        let there = serde_json::to_string(&shown(bravo, &id)).unwrap();
        assert!(!there.contains("block it"), "{there}");
        let refused = act(alpha, &id, "reveal", &[]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(
            refused.err.contains("possible: note-sealed"),
            "{}",
            refused.err
        );
        assert_eq!(
            text(&call(alpha, &id)["ours"], "kept"),
            "we said: \"block it\""
        );
        let again = act(alpha, &id, "note", &["--text", "another one"]);
        assert_eq!(again.code, Some(1), "a seal is not changed: {again:?}");
        assert_eq!(
            text(&call(alpha, &id)["ours"], "kept"),
            "we said: \"block it\""
        );
        let file = bravo.file("note.txt");
        std::fs::write(&file, "they asked us to block it").unwrap();
        act(bravo, &id, "note", &["--file", file.to_str().unwrap()]).expect(0);
        // Each node shows its note by itself once both are sealed.
        until_both(both, &id, "shown");
        for (party, ours, theirs) in [
            (
                both[0],
                "we said: \"block it\"",
                "they asked us to block it",
            ),
            (
                both[1],
                "they asked us to block it",
                "we said: \"block it\"",
            ),
        ] {
            let call = call(party, &id);
            assert_eq!(text(&call["ours"], "note"), ours);
            assert_eq!(text(&call["theirs"], "note"), theirs);
            assert_eq!(call["ours"]["say"], Value::Null, "words are said once");
        }
        act(alpha, &id, "read-back", &[]).expect(0);
        act(
            bravo,
            &id,
            "read-back",
            &["--differs", "we asked, they did not say"],
        )
        .expect(0);
        until_both(both, &id, "read back");
        finish(both, &id);
    });
}

/// Actions, the end, confirmations, and a request that an action becomes.
fn finish([alpha, bravo]: [&Party; 2], id: &str) {
    let owed = ["--owner", "bravo", "--due", "2099-01-01"];
    let what = |text| ["--what", text].into_iter().chain(owed).collect::<Vec<_>>();
    for text in ["block the server", "send the logs"] {
        act(alpha, id, "action", &what(text)).expect(0);
    }
    let stranger = ["--what", "x", "--owner", "charlie", "--due", "2099-01-01"];
    let refused = act(alpha, id, "action", &stranger);
    let why = &refused.err;
    assert!(why.contains("owner must be one of the two"), "{why}");
    // The state is the same after one action as after two; a close that has not seen the second would end before it.
    until("both actions at bravo", || {
        (call(bravo, id)["actions"].as_array()?.len() == 2).then_some(())
    });
    until_both([alpha, bravo], id, "agreed");
    act(bravo, id, "close", &[]).expect(0);
    until_both([alpha, bravo], id, "closed");
    let listed = alpha.rows(&["hotline", "list"]);
    assert_eq!(listed[0]["due_what"], "confirm");
    assert_eq!(listed[0]["overdue"], false);
    assert!(
        text(&listed[0], "title").starts_with("TEST: "),
        "{}",
        listed[0]
    );
    for party in [alpha, bravo] {
        act(party, id, "confirm", &["--text", "as we noted"]).expect(0);
    }
    until_both([alpha, bravo], id, "confirmed");
    // Of two actions one must be named; what it became is said in the call.
    let file = form(alpha, &[]);
    let open = [
        "request",
        "open",
        &file,
        "--to",
        "bravo",
        "--tlp",
        "amber",
        "--from-call",
        id,
    ];
    let refused = alpha.cli(&open);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("2 actions"), "{}", refused.err);
    let mut second = open.to_vec();
    second.extend(["--action", "2"]);
    let request = alpha.cli(&second).expect(0).out.trim().to_owned();
    assert_eq!(alpha.cli(&second).code, Some(1), "it became one already");
    let became = until("what the action became, at bravo", || {
        let call = call(bravo, id);
        call["actions"][1]["thread"].as_str().map(ToOwned::to_owned)
    });
    assert_eq!(became, request);
    let said = until("the request at bravo", || {
        let said = bravo.cli(&["request", "show", &request, "--json"]);
        (said.code == Some(0)).then(|| said.json())
    });
    assert_eq!(said["request"]["content"]["linked"], json!([id]));
    let [one, two] = [alpha, bravo].map(|party| call(party, id));
    for same in ["actions", "closed", "answered", "tries"] {
        assert_eq!(one[same], two[same]);
    }
    let seen = alpha.cli(&["hotline", "show", id]).expect(0);
    for words in [
        "the two notes DIFFER: we asked",
        "action 2: send the logs",
        "their confirmation",
    ] {
        assert!(seen.out.contains(words), "{words} in {}", seen.out);
    }
}

#[test]
fn a_missed_call_goes_up_the_ladder_and_says_whom_to_ring_next() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let id = ring(&alpha, &bravo, &["--contact", "night desk"]);
    until_both([&alpha, &bravo], &id, "rung");
    let listed = bravo.rows(&["hotline", "list", "--ours"]);
    assert_eq!(listed[0]["due_what"], "answered");
    for _ in 0..2 {
        let missed = act(&alpha, &id, "missed", &[]).expect(0);
        assert!(missed.err.contains("rung contact"), "{}", missed.err);
        act(&alpha, &id, "redial", &["--to", "night desk"]).expect(0);
    }
    let missed = act(&alpha, &id, "missed", &[]).expect(0);
    // Three tries: the next rung, and whom the accord names there.
    let next = "ring next: duty officer (technical), rung next-contact";
    assert!(missed.err.contains(next), "{}", missed.err);
    let wrong = act(&bravo, &id, "redial", &[]);
    assert!(wrong.err.contains("other side"), "{}", wrong.err);
    act(&alpha, &id, "redial", &[]).expect(0);
    assert_eq!(call(&alpha, &id)["tries"][3]["rung"], "next-contact");
    act(&alpha, &id, "missed", &[]).expect(0);
    until_both([&alpha, &bravo], &id, "missed");
    // Missed calls stand in each list with what that side owes for them.
    for (party, owed) in [(&alpha, "redial"), (&bravo, "call-back")] {
        let listed = party.rows(&["hotline", "list", "--ours"]);
        assert_eq!(listed[0]["state"], "missed");
        assert_eq!(listed[0]["our_what"], owed);
    }
    act(&bravo, &id, "call-back", &[]).expect(0);
    until_both([&alpha, &bravo], &id, "answered");
    let seen = alpha.cli(&["hotline", "show", &id]).expect(0).out;
    assert_eq!(seen.matches("MISSED").count(), 4, "{seen}");
}

#[test]
fn wrong_words_are_on_record_and_what_is_no_word_is_not_sent() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let id = ring(&alpha, &bravo, &[]);
    until_both([&alpha, &bravo], &id, "rung");
    let early = act(&bravo, &id, "identify", &["--matched"]);
    assert_eq!(early.code, Some(1), "nobody answered yet: {early:?}");
    assert!(early.err.contains("comity hotline show"), "{}", early.err);
    let answered = act(&bravo, &id, "answered", &[]).expect(0);
    let words = text(&call(&bravo, &id)["ours"], "say");
    assert!(
        answered.err.contains(&format!("say: {words}")),
        "{}",
        answered.err
    );
    until_both([&alpha, &bravo], &id, "answered");
    let mistyped = act(
        &alpha,
        &id,
        "identify",
        &["acorn", "acorn", "acorn", "zebra"],
    );
    assert_eq!(mistyped.code, Some(1), "{mistyped:?}");
    assert!(mistyped.err.contains("\"zebra\""), "{}", mistyped.err);
    assert_eq!(call(&alpha, &id)["ours"]["matched"], Value::Null);
    // The other side's words are not one's own.
    let own = text(&call(&alpha, &id)["ours"], "say");
    let own: Vec<&str> = own.split(' ').collect();
    act(&alpha, &id, "identify", &own).expect(0);
    until("the mismatch at bravo", || {
        (call(&bravo, &id)["theirs"]["matched"] == false).then_some(())
    });
    let seen = bravo.cli(&["hotline", "show", &id]).expect(0).out;
    assert!(seen.contains("heard OTHER WORDS"), "{seen}");
    // A word that was misheard is said again, and typed from standard input.
    let said = alpha.cli_with_input(&["hotline", "identify", &id, "-"], &words.to_uppercase());
    said.expect(0);
    assert_eq!(call(&alpha, &id)["ours"]["matched"], true);
    // The other side's words are nowhere on this node.
    let here = serde_json::to_string(&shown(&alpha, &id)).unwrap();
    assert!(!here.contains(&words), "{here}");
}

#[test]
fn a_note_that_the_accord_would_not_let_go_is_refused_before_it_is_sealed() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let terms = "ceiling = \"TLP:AMBER\"\noutlets = [\"link\"]\nunlabelled = \"TLP:AMBER\"\n[[release.redact]]\npersonal = \"email-address\"\naction = \"withhold\"\n";
    befriend(&mut alpha, &mut bravo, terms);
    let id = identified(&alpha, &bravo, &[]);
    let refused = act(&alpha, &id, "note", &["--text", "ask jane@alpha.example"]);
    assert_eq!(refused.code, Some(6), "{refused:?}");
    assert_eq!(call(&alpha, &id)["ours"]["seal"], Value::Null);
    act(&alpha, &id, "note", &["--text", "ask the desk"]).expect(0);
    act(&bravo, &id, "note", &["--text", "they will ask their desk"]).expect(0);
    until_both([&alpha, &bravo], &id, "shown");
}

#[test]
fn a_test_of_the_hotline_counts_for_what_was_promised_and_a_call_that_was_meant_does_not() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    for more in [&["--test"][..], &[]] {
        identified(&alpha, &bravo, more);
    }
    let period = crate::cases::scorecards::quarter();
    let rows = until("the test in bravo's row", || {
        let card = crate::cases::scorecards::card(&alpha, &bravo, &period, &[]);
        let results = card["card"]["results"].as_array().unwrap();
        let found = results
            .iter()
            .find(|row| row["commitment"] == "contacts" && row["by"] == "bravo");
        let rows = found.unwrap()["rows"].as_array().unwrap().clone();
        (!rows.is_empty()).then_some(rows)
    });
    assert_eq!(
        (rows.len(), rows[0]["verdict"].as_str()),
        (1, Some("kept")),
        "{rows:?}"
    );
}
