//! Scorecards: what both sides make of the same messages.

use serde_json::Value;

use crate::cases::requests::{act, form, open, until_both};
use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text, until};
use crate::node::comity;

/// The quarter that it is.
pub(crate) fn quarter() -> String {
    let at = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
    format!("{}-Q{}", at.year(), (at.month() - 1) / 3 + 1)
}

fn card(party: &Party, other: &Party, period: &str, more: &[&str]) -> Value {
    let mut arguments = vec![
        "scorecard",
        "show",
        "--party",
        &other.name,
        "--period",
        period,
        "--json",
    ];
    arguments.extend(more);
    party.cli(&arguments).expect(0).json()
}

fn sign(party: &Party, other: &Party, period: &str) {
    party
        .cli(&[
            "scorecard",
            "sign",
            "--party",
            &other.name,
            "--period",
            period,
        ])
        .expect(0);
}

fn outcome(card: &Value, commitment: &str, by: &str) -> String {
    let results = card["card"]["results"].as_array().unwrap();
    let found = results
        .iter()
        .find(|row| row["commitment"] == commitment && row["by"] == by);
    text(found.unwrap(), "outcome")
}

/// What a stranger works out who has one side's export and the accord's text, and neither node.
fn offline(party: &Party, period: &str, as_of: &str) -> String {
    let (evidence, accord) = (party.file("evidence"), party.file("agreed.toml"));
    let text = party.cli(&["accord", "show", "alpha-bravo"]).expect(0).out;
    std::fs::write(&accord, text).unwrap();
    party
        .cli(&["ledger", "export", evidence.to_str().unwrap()])
        .expect(0);
    let arguments = [
        "scorecard",
        "offline",
        evidence.to_str().unwrap(),
        "--accord",
        accord.to_str().unwrap(),
        "--between",
        "bravo",
        "alpha",
        "--period",
        period,
        "--as-of",
        as_of,
    ];
    let said = crate::node::Said::run(comity(&arguments), "");
    said.expect(0).out.trim_end().to_owned()
}

#[test]
fn both_sides_come_to_the_same_scorecard_and_a_difference_is_named() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let period = quarter();
        let id = open(alpha, bravo, &form(alpha, &[]), &[]);
        let both = [&*alpha, &*bravo];
        until_both(both, &id, "delivered");
        act(bravo, &id, "acknowledge", &["--number", "B-1"]);
        act(bravo, &id, "accept", &["--expected", "2099-01-01"]);
        act(bravo, &id, "answer", &["--text", "none"]);
        until_both(both, &id, "answered");
        sign(alpha, bravo, &period);
        until("alpha's word at bravo", || {
            let said = card(bravo, alpha, &period, &[]);
            said["said"]["alpha"].is_object().then_some(())
        });
        sign(bravo, alpha, &period);
        let agreed = until("the agreed result at alpha", || {
            let said = card(alpha, bravo, &period, &[]);
            (said["review"] == "agreed").then_some(said)
        });
        assert_eq!(agreed["hash"], card(bravo, alpha, &period, &[])["hash"]);
        assert_eq!(outcome(&agreed, "acknowledge", "bravo"), "met");
        assert_eq!(outcome(&agreed, "answer", "bravo"), "met");
        assert_eq!(outcome(&agreed, "answer", "alpha"), "not applicable");
        // The text whose hash was said, as anybody can check it.
        let as_of = text(&agreed, "as_of");
        let canonical = |party: &Party, other: &Party, as_of: &str| {
            let arguments = [
                "scorecard",
                "show",
                "--party",
                &other.name,
                "--period",
                &period,
                "--as-of",
                as_of,
                "--canonical",
            ];
            party.cli(&arguments).expect(0).out.trim_end().to_owned()
        };
        let (here, there) = (alpha.file("here.json"), alpha.file("there.json"));
        std::fs::write(&here, canonical(alpha, bravo, &as_of)).unwrap();
        std::fs::write(&there, canonical(bravo, alpha, &as_of)).unwrap();
        let compare = |one: &std::path::Path, two: &std::path::Path| {
            alpha.cli(&[
                "scorecard",
                "compare",
                one.to_str().unwrap(),
                two.to_str().unwrap(),
            ])
        };
        assert_eq!(compare(&here, &there).expect(0).out.trim(), "equal");
        for party in [&*alpha, &*bravo] {
            assert_eq!(
                offline(party, &period, &as_of),
                std::fs::read_to_string(&here).unwrap()
            );
        }
        let planted = std::fs::read_to_string(&there).unwrap();
        let planted = planted.replacen("\"done\":1", "\"done\":2", 1);
        std::fs::write(&there, planted).unwrap();
        let differs = compare(&here, &there);
        assert_eq!(differs.code, Some(1));
        assert!(
            differs.err.contains("results/acknowledge by bravo/rows/"),
            "{}",
            differs.err
        );
    });
}

#[test]
fn what_cannot_be_judged_says_so() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let wrong = alpha.cli(&[
            "scorecard",
            "show",
            "--party",
            "bravo",
            "--period",
            "2026-Q5",
        ]);
        assert_eq!(wrong.code, Some(2), "{wrong:?}");
        assert!(wrong.err.contains("2026-Q4"), "{}", wrong.err);
        let stranger = alpha.cli(&[
            "scorecard",
            "show",
            "--party",
            "delta",
            "--period",
            "2026-Q4",
        ]);
        assert_ne!(stranger.code, Some(0));
        let empty = card(alpha, bravo, "2020-Q1", &[]);
        for row in empty["card"]["results"].as_array().unwrap() {
            assert_eq!(row["outcome"], "not applicable", "{row}");
        }
        let monthly = card(alpha, bravo, "2020-01", &[]);
        assert_eq!(monthly["longer"].as_array().unwrap().len(), 4, "{monthly}");
    });
}
