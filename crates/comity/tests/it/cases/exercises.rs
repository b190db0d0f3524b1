//! Exercises: scenarios, injects, reports, and that nothing of them mixes with what is meant.

use serde_json::{Value, json};

use crate::cases::hotline::{act as on_call, identify, ring, until_both as until_call};
use crate::cases::requests::{act as on_request, form, open, until_both as until_request};
use crate::cases::scorecards::{card, quarter};
use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text, until};
use crate::node::{Said, Store};

/// A scenario in a file: the template, as fast as it may be.
fn scenario(party: &Party) -> String {
    let template = party.cli(&["exercise", "template"]).expect(0).out;
    let fast = template.replace("speed = 60", "speed = 3600");
    assert_ne!(fast, template);
    let file = party.file("scenario.toml");
    std::fs::write(&file, fast).unwrap();
    file.to_str().unwrap().to_owned()
}

fn propose(from: &Party, to: &Party, file: &str) -> String {
    let arguments = [
        "exercise",
        "propose",
        file,
        "--to",
        &to.name,
        "--tlp",
        "green",
        "--starts",
        "2099-01-01T08:00:00Z",
        "--ends",
        "2099-01-01T16:00:00Z",
    ];
    from.cli(&arguments).expect(0).out.trim().to_owned()
}

fn act(party: &Party, id: &str, verb: &str, more: &[&str]) -> Said {
    let mut arguments = vec!["exercise", verb, id];
    arguments.extend(more);
    party.cli(&arguments)
}

fn until_both(parties: [&Party; 2], id: &str, state: &str) {
    for party in parties {
        until(&format!("{state} at {}", party.name), || {
            let said = party.cli(&["exercise", "show", id, "--json"]);
            (said.code == Some(0) && text(&said.json(), "state") == state).then_some(())
        });
    }
}

/// An exercise that runs.
pub(crate) fn running(alpha: &Party, bravo: &Party) -> String {
    let file = scenario(alpha);
    let id = propose(alpha, bravo, &file);
    until_both([alpha, bravo], &id, "proposed");
    act(bravo, &id, "agree", &["--scenario", &file]).expect(0);
    until_both([alpha, bravo], &id, "agreed");
    act(alpha, &id, "start", &[]).expect(0);
    until_both([alpha, bravo], &id, "running");
    id
}

fn injects(party: &Party, id: &str) -> Vec<Value> {
    let said = act(party, id, "injects", &["--json"]).expect(0).json();
    said["injects"].as_array().unwrap().clone()
}

#[test]
fn a_scenario_is_checked_before_anybody_plays_it() {
    let alpha = Party::new("alpha", Store::Embedded);
    let file = scenario(&alpha);
    let checked = alpha
        .cli(&["exercise", "check", &file, "--json"])
        .expect(0)
        .json();
    assert_eq!(
        (&checked["injects"], &checked["real_seconds"]),
        (&json!(3), &json!(4))
    );
    let text = std::fs::read_to_string(&file).unwrap();
    for (from, to, named) in [
        (
            "after_minutes = 90",
            "after_minutes = 900",
            "inject 3 stands before",
        ),
        ("speed = 3600", "speed = 0", "speed must be 1 to 3600"),
        ("by = \"alpha\"", "whom = \"alpha\"", "unknown field `whom`"),
        (
            "start = \"2027-03-01T08:00:00Z\"",
            "start = \"monday\"",
            "2026-12-01T08:00:00Z",
        ),
        ("[clock]", "[clock", "TOML parse error at line"),
    ] {
        assert!(text.contains(from), "{from}");
        let wrong = alpha.file("wrong.toml");
        std::fs::write(&wrong, text.replacen(from, to, 1)).unwrap();
        let said = alpha.cli(&["exercise", "check", wrong.to_str().unwrap()]);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains(named), "{named} in {}", said.err);
        assert!(said.err.contains("exercise template"), "{}", said.err);
    }
    let missing = alpha.cli(&["exercise", "check", "no such file"]);
    assert_eq!(missing.code, Some(2), "{missing:?}");
}

#[test]
fn an_exercise_is_agreed_played_by_its_clock_stopped_and_reported_on_by_both() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let both = [&*alpha, &*bravo];
        let file = scenario(alpha);
        let id = propose(alpha, bravo, &file);
        until_both(both, &id, "proposed");
        // Nothing of the scenario travels but its title and its hash.
        let there = act(bravo, &id, "show", &["--json"]).expect(0).out;
        assert!(!there.contains("hospitals"), "{there}");
        assert_eq!(act(bravo, &id, "injects", &[]).code, Some(1));
        let other = bravo.file("other.toml");
        std::fs::write(&other, std::fs::read_to_string(&file).unwrap() + "\n").unwrap();
        let wrong = act(
            bravo,
            &id,
            "agree",
            &["--scenario", other.to_str().unwrap()],
        );
        assert_eq!(wrong.code, Some(1), "{wrong:?}");
        assert!(wrong.err.contains("SHA-256"), "{}", wrong.err);
        assert_eq!(
            text(&act(bravo, &id, "show", &["--json"]).json(), "state"),
            "proposed"
        );
        act(bravo, &id, "agree", &[]).expect(0);
        act(bravo, &id, "scenario", &[&file]).expect(0);
        until_both(both, &id, "agreed");
        let planned = injects(alpha, &id);
        assert_eq!(planned[1]["state"], "ahead");
        assert_eq!(
            planned[1]["real"], "2099-01-01T08:00:02.000Z",
            "ninety minutes, 3600 times as fast"
        );
        assert_eq!(planned[1]["simulated"], "2027-03-01T09:30:00.000Z");
        let early = act(alpha, &id, "inject", &[]);
        assert!(
            early.err.contains("possible: "),
            "it does not run: {}",
            early.err
        );
        act(alpha, &id, "start", &[]).expect(0);
        until_both(both, &id, "running");
        act(alpha, &id, "inject", &[]).expect(0);
        until("the second inject is due", || {
            (injects(alpha, &id)[1]["state"] == "due").then_some(())
        });
        let twice = act(alpha, &id, "inject", &["1"]);
        assert!(
            twice.err.contains("numbers of injects grow"),
            "{}",
            twice.err
        );
        act(alpha, &id, "inject", &[]).expect(0);
        let late = act(alpha, &id, "inject", &["9"]);
        assert!(late.err.contains("no number 9"), "{}", late.err);
        until("both injects at bravo", || {
            (injects(bravo, &id)[1]["state"] == "given").then_some(())
        });
        finish(both, &id);
    });
}

/// The end, both reports, the report of the whole and the scorecard.
fn finish([alpha, bravo]: [&Party; 2], id: &str) {
    let request = open(alpha, bravo, &form(alpha, &[]), &["--exercise", id]);
    until_request([alpha, bravo], &request, "delivered");
    on_request(bravo, &request, "acknowledge", &["--number", "X-1"]);
    until_request([alpha, bravo], &request, "acknowledged");
    act(bravo, id, "stop", &["--reason", "enough was seen"]).expect(0);
    until_both([alpha, bravo], id, "stopped");
    let owed = alpha.rows(&["exercise", "list", "--ours"]);
    assert_eq!(owed[0]["our_what"], "report");
    let late = alpha.cli(&[
        "request",
        "open",
        &form(alpha, &[]),
        "--to",
        "bravo",
        "--tlp",
        "amber",
        "--exercise",
        id,
    ]);
    assert_eq!(late.code, Some(1), "{late:?}");
    assert!(late.err.contains("is stopped"), "{}", late.err);
    act(alpha, id, "after-action", &["--text", "we were <slow>"]).expect(0);
    act(bravo, id, "after-action", &["--text", "nobody rang"]).expect(0);
    until_both([alpha, bravo], id, "completed");
    let cards = [alpha, bravo].map(|party| {
        let said = act(party, id, "scorecard", &["--json"]).expect(0).json();
        assert_eq!(said["card"]["exercise"], id);
        said
    });
    until("the same card on both sides", || {
        let hash = |party| text(&act(party, id, "scorecard", &["--json"]).json(), "hash");
        (hash(alpha) == hash(bravo)).then_some(())
    });
    let results = cards[0]["card"]["results"].as_array().unwrap();
    let found = results
        .iter()
        .find(|row| row["commitment"] == "acknowledge" && row["by"] == "bravo");
    assert_eq!(found.unwrap()["outcome"], "met", "{results:?}");
    let report = act(alpha, id, "report", &[]).expect(0).out;
    for words in [
        "inject 2, simulated 2027-03-01T09:30:00.000Z",
        "after-action report of bravo",
        "we were <slow>",
        "expected of alpha",
        &request,
    ] {
        assert!(report.contains(words), "{words} in {report}");
    }
    let page = act(bravo, id, "report", &["--html"]).expect(0).out;
    assert!(
        page.contains("we were &lt;slow&gt;") && page.contains("</html>"),
        "{page}"
    );
    let whole = act(bravo, id, "report", &["--json"]).expect(0).json();
    assert_eq!(
        whole["exercise_thread"]["reports"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn nothing_of_an_exercise_is_seen_among_what_is_meant() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let both = [&alpha, &bravo];
    let period = quarter();
    let rows = |party: &Party, other: &Party| {
        let card = card(party, other, &period, &[]);
        let results = card["card"]["results"].as_array().unwrap().clone();
        let rows = results.into_iter().map(|row| row["rows"].clone());
        (card["messages"].clone(), rows.collect::<Vec<_>>())
    };
    let meant = open(&alpha, &bravo, &form(&alpha, &[]), &[]);
    until_request(both, &meant, "delivered");
    let id = running(&alpha, &bravo);
    until("the messages of the exercise's own thread", || {
        (rows(&alpha, &bravo).0 == 4).then_some(())
    });
    let before = rows(&alpha, &bravo);
    let title = (
        "Control server behind the May intrusion",
        "PRACTISED loader",
    );
    let practised = open(
        &alpha,
        &bravo,
        &form(&alpha, &[title]),
        &["--exercise", &id],
    );
    until_request(both, &practised, "delivered");
    on_request(&bravo, &practised, "acknowledge", &["--number", "X-1"]);
    let call = ring(
        &alpha,
        &bravo,
        &["--test", "--exercise", &id, "--about", &practised],
    );
    until_call(both, &call, "rung");
    on_call(&bravo, &call, "answered", &[]).expect(0);
    until_call(both, &call, "answered");
    identify(both, &call);
    alpha.until_receipted();
    bravo.until_receipted();
    for (party, other) in [(&alpha, &bravo), (&bravo, &alpha)] {
        apart(party, &id, &meant, [&practised, &call]);
        // What is exported, and what is found.
        let collection = party.create_collection("All", &["--alias", "all"]);
        for exported in [
            party.cli(&["export", "--format", "jsonl", "--collection", &collection]),
            party.cli(&["export", "--format", "jsonl", "--party", &other.name]),
            party.cli(&["object", "search", "PRACTISED", "--json"]),
        ] {
            assert!(!exported.out.contains("PRACTISED"), "{exported:?}");
        }
        // The live scorecard has not moved: no row, and no message in the set that it is made from.
        assert_eq!(rows(party, other), before, "{}", party.name);
        let own = act(party, &id, "scorecard", &["--json"]).expect(0).json();
        let results = own["card"]["results"].as_array().unwrap();
        let kept = |name: &str| {
            let of = results
                .iter()
                .find(|row| row["commitment"] == name && row["by"] == "bravo");
            of.unwrap()["kept"].clone()
        };
        assert_eq!(
            (kept("acknowledge"), kept("contacts")),
            (json!(1), json!(1))
        );
    }
}

/// Lists show what is meant, or what belongs to the exercise that is named, by its name or the beginning of its number.
fn apart(party: &Party, id: &str, meant: &str, [practised, call]: [&str; 2]) {
    assert_eq!(ids(&party.rows(&["request", "list"])), [meant]);
    assert!(party.rows(&["hotline", "list"]).is_empty());
    assert_eq!(ids(&party.rows(&["exercise", "list"])), [id]);
    let short: String = id.chars().skip("exercise--".len()).take(13).collect();
    for name in [id, &short] {
        let requests = party.rows(&["request", "list", "--exercise", name]);
        assert_eq!(ids(&requests), [practised]);
        let calls = party.rows(&["hotline", "list", "--exercise", name]);
        assert_eq!(ids(&calls), [call]);
    }
    let seen = party.cli(&["request", "show", practised]).expect(0).out;
    assert!(seen.contains("EXERCISE"), "{seen}");
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[test]
fn what_is_practised_is_not_linked_with_what_is_meant() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    befriend(&mut alpha, &mut bravo, OPEN);
    let meant = open(&alpha, &bravo, &form(&alpha, &[]), &[]);
    let file = scenario(&alpha);
    let proposed = propose(&alpha, &bravo, &file);
    let early = [
        "--to",
        "bravo",
        "--tlp",
        "amber",
        "--line",
        "x",
        "--exercise",
        &proposed,
    ];
    let early: Vec<&str> = ["hotline", "ring"].into_iter().chain(early).collect();
    let refused = alpha.cli(&early);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("is proposed"), "{}", refused.err);
    let id = running(&alpha, &bravo);
    let mixed = ["--about", &meant, "--exercise", &id];
    let mut arguments = vec![
        "hotline", "ring", "--to", "bravo", "--tlp", "amber", "--line", "x",
    ];
    arguments.extend(mixed);
    let refused = alpha.cli(&arguments);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("never mixes"), "{}", refused.err);
    let unknown = alpha.cli(&["request", "list", "--exercise", "ffffffff"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    let meant_name = alpha.cli(&["request", "list", "--exercise", &meant]);
    assert_eq!(
        meant_name.code,
        Some(1),
        "a request is no exercise: {meant_name:?}"
    );
    assert!(alpha.rows(&["hotline", "list"]).is_empty());
}
