//! Incidents that are reported in stages, and the accords that promise them.

use serde_json::Value;

use crate::cases::scorecards::{card, quarter};
use crate::exchange::party::{Party, enrol, text, until};
use crate::node::{Said, Store};

/// Two parties that agreed on a template.
fn agreed(template: &str) -> [Party; 2] {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    alpha.serve();
    bravo.serve();
    enrol(&alpha, &bravo);
    let draft = alpha.cli(&["accord", "draft", "bravo", "--template", template]);
    let file = alpha.file("accord.toml");
    std::fs::write(&file, draft.expect(0).out).unwrap();
    alpha
        .cli(&["accord", "propose", file.to_str().unwrap()])
        .expect(0);
    let standing = |party: &Party, word: &str| {
        until(&format!("accord {word} at {}", party.name), || {
            let rows = party.rows(&["accord", "list"]);
            rows.iter()
                .any(|row| row["standing"] == *word)
                .then_some(())
        });
    };
    standing(&bravo, "proposed");
    bravo.cli(&["accord", "sign", "alpha-bravo"]).expect(0);
    standing(&alpha, "in force");
    standing(&bravo, "in force");
    [alpha, bravo]
}

/// A time some hours ago.
fn ago(hours: i64) -> String {
    let at = jiff::Zoned::now().timestamp() - jiff::SignedDuration::from_hours(hours);
    jiff::Timestamp::from_second(at.as_second())
        .unwrap()
        .to_string()
}

fn open(from: &Party, to: &Party, regime: &str, more: &[&str]) -> String {
    let mut arguments = vec![
        "incident", "open", "--to", &to.name, "--tlp", "amber", "--regime", regime,
    ];
    arguments.extend(["--title", "a supplier's update server"]);
    arguments.extend(more);
    from.cli(&arguments).expect(0).out.trim().to_owned()
}

fn act(party: &Party, id: &str, verb: &str, more: &[&str]) -> Said {
    let mut arguments = vec!["incident", verb, id];
    arguments.extend(more);
    party.cli(&arguments)
}

fn until_both(parties: [&Party; 2], id: &str, state: &str) -> Value {
    for party in parties {
        until(&format!("{state} at {}", party.name), || {
            let said = act(party, id, "show", &["--json"]);
            (said.code == Some(0) && text(&said.json(), "state") == state).then_some(())
        });
    }
    act(parties[0], id, "show", &["--json"]).json()["incident"].clone()
}

fn clock<'a>(incident: &'a Value, stage: &str) -> Vec<&'a Value> {
    let clocks = incident["clocks"].as_array().unwrap().iter();
    clocks.filter(|clock| clock["stage"] == stage).collect()
}

#[test]
fn an_incident_is_reported_in_stages_with_the_time_that_is_left() {
    let [alpha, bravo] = agreed("nis2");
    let both = [&alpha, &bravo];
    let ahead = [
        "incident",
        "open",
        "--to",
        "bravo",
        "--tlp",
        "amber",
        "--regime",
        "nis2",
        "--title",
        "x",
        "--aware",
        "2099-01-01",
    ];
    let refused = alpha.cli(&ahead);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("in the past"), "{}", refused.err);
    let id = open(&alpha, &bravo, "nis2", &["--aware", &ago(23)]);
    let incident = until_both(both, &id, "aware");
    let left = clock(&incident, "early-warning")[0]["left_seconds"]
        .as_i64()
        .unwrap();
    assert!(
        (3_000..=3_600).contains(&left),
        "one of twenty-four hours: {left}"
    );
    let seen = act(&alpha, &id, "show", &[]).expect(0).out;
    assert!(seen.contains("min left, counting 24x7, UTC"), "{seen}");
    assert!(
        seen.contains("final report (1 month from notification)"),
        "{seen}"
    );
    let theirs = act(&bravo, &id, "early-warning", &["--text", "x"]);
    assert!(theirs.err.contains("for the other side"), "{}", theirs.err);
    reported(both, &id);
    judged_alike(both);
}

/// Every stage of it, and the recipient's word.
fn reported([alpha, bravo]: [&Party; 2], id: &str) {
    let both = [alpha, bravo];
    act(
        alpha,
        id,
        "early-warning",
        &["--text", "hospitals use it", "--role", "duty"],
    )
    .expect(0);
    until_both(both, id, "warned");
    let listed = bravo.rows(&["incident", "list", "--ours"]);
    assert_eq!(
        (text(&listed[0], "id"), text(&listed[0], "our_what")),
        (id.to_owned(), "acknowledge".to_owned())
    );
    act(
        bravo,
        id,
        "acknowledge",
        &["--number", "B-77", "--note", "we stand by"],
    )
    .expect(0);
    until("bravo's word at alpha", || {
        let incident = act(alpha, id, "show", &["--json"]).json();
        (incident["incident"]["acknowledged"][0]["number"] == "B-77").then_some(())
    });
    let file = alpha.file("notification.txt");
    std::fs::write(&file, "severity high, three hospitals").unwrap();
    act(
        alpha,
        id,
        "notification",
        &["--file", file.to_str().unwrap()],
    )
    .expect(0);
    act(alpha, id, "progress", &["--text", "two are clean"]).expect(0);
    act(alpha, id, "final", &["--text", "a key was stolen"]).expect(0);
    let incident = until_both(both, id, "reported");
    assert_eq!(incident["reports"].as_array().unwrap().len(), 4);
    assert_eq!(incident["acknowledged"][0]["number"], "B-77");
    assert_eq!(incident["due"], Value::Array(Vec::new()));
    assert!(
        incident["clocks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|clock| clock["left_seconds"].is_null())
    );
}

/// What the accord promises is judged from the same reports, the same on both sides.
fn judged_alike([alpha, bravo]: [&Party; 2]) {
    let period = quarter();
    let found = until("the reports in the scorecard", || {
        let cards = [
            card(alpha, bravo, &period, &[]),
            card(bravo, alpha, &period, &[]),
        ];
        let results = cards.map(|card| card["card"]["results"].clone());
        let reports = results[0]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["commitment"] == "nis2-reports");
        let rows = reports.unwrap()["rows"].as_array().unwrap().len();
        (results[0] == results[1] && rows > 0).then(|| reports.unwrap().clone())
    });
    // What falls due in a later quarter is judged there.
    assert!(found["kept"].as_u64().unwrap() >= 1, "{found}");
    assert_eq!(
        (&found["missed"], &found["outcome"]),
        (&Value::from(0), &Value::from("met")),
        "{found}"
    );
}

#[test]
fn a_report_that_is_late_says_so_in_lists_and_on_the_clock() {
    let [alpha, bravo] = agreed("dora");
    let both = [&alpha, &bravo];
    let id = open(
        &alpha,
        &bravo,
        "dora",
        &["--aware", &ago(10), "--classified", &ago(6)],
    );
    let incident = until_both(both, &id, "aware");
    let initial = clock(&incident, "early-warning");
    // From classification and from awareness; the earlier counts.
    assert_eq!(initial.len(), 2);
    assert_eq!(
        (&initial[0]["overdue"], &initial[1]["overdue"]),
        (&Value::from(true), &Value::from(false))
    );
    let listed = alpha.rows(&["incident", "list"]);
    assert_eq!(
        (&listed[0]["overdue"], &listed[0]["our_what"]),
        (&Value::from(true), &Value::from("early-warning"))
    );
    let shown = alpha.cli(&["incident", "list"]).expect(0).out;
    assert!(shown.contains("OVERDUE"), "{shown}");
    act(
        &alpha,
        &id,
        "early-warning",
        &["--text", "payments stand still"],
    )
    .expect(0);
    until_both(both, &id, "warned");
    let seen = act(&bravo, &id, "show", &[]).expect(0).out;
    assert!(seen.contains("LATE: it was due"), "{seen}");
    assert!(
        seen.contains("OVERDUE by") || seen.contains("left, counting"),
        "{seen}"
    );
    let again = act(&alpha, &id, "early-warning", &["--text", "x"]);
    assert!(again.err.contains("possible: "), "{}", again.err);
}

#[test]
fn the_command_line_names_every_template_and_each_of_them_is_agreed_on() {
    let alpha = Party::new("alpha", Store::Embedded);
    let names = ["mutual", "us-china-2015", "nis2", "dora", "gdpr", "cra"];
    let help = alpha.cli(&["accord", "draft", "--help"]).expect(0).out;
    let unknown = alpha.cli(&["accord", "draft", "bravo", "--template", "none"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    for name in names {
        assert!(help.contains(name) && unknown.err.contains(name), "{name}");
    }
    let clocks = alpha.cli(&["incident", "clocks"]).expect(0).out;
    assert!(
        clocks.contains("| cra-vulnerability | a measure is available | 14 days |"),
        "{clocks}"
    );
    for template in ["gdpr", "cra"] {
        drop(agreed(template));
    }
}
