//! Commitments as they stand, and the paper for a review, which is the same on both sides.

use serde_json::Value;

use crate::cases::requests::{act, form, open, until_both};
use crate::cases::scorecards::quarter;
use crate::exchange::party::{OPEN, Party, befriend, on_both_stores, text, until};
use crate::node::Store;

fn stands(party: &Party, commitment: &str, by: &str) -> Value {
    let rows = party.rows(&["commitment", "list"]);
    let row = rows
        .iter()
        .find(|row| row["commitment"] == commitment && row["by"] == by);
    row.unwrap_or_else(|| panic!("{rows:?}")).clone()
}

#[test]
fn every_commitment_is_listed_with_how_it_stands_so_far() {
    let [mut alpha, mut bravo] = ["alpha", "bravo"].map(|name| Party::new(name, Store::Embedded));
    let none = alpha.cli(&["commitment", "list", "--party", "bravo"]);
    assert_ne!(none.code, Some(0));
    befriend(&mut alpha, &mut bravo, OPEN);
    let row = stands(&alpha, "answer", "bravo");
    assert_eq!(
        (row["stands"].as_str(), row["running"].as_bool()),
        (Some("running"), Some(true))
    );
    assert_eq!(
        (row["metric"].as_str(), row["target_percent"].as_u64()),
        (Some("answer-timeliness"), Some(90))
    );
    assert!(text(&row, "formula").contains("routine_days 30"), "{row}");
    assert_eq!(
        stands(&alpha, "acknowledge", "bravo")["calendar"]["id"],
        "office"
    );
    let id = open(&alpha, &bravo, &form(&alpha, &[]), &[]);
    let both = [&alpha, &bravo];
    until_both(both, &id, "delivered");
    act(&bravo, &id, "acknowledge", &["--number", "B-1"]);
    act(&bravo, &id, "decline", &["--reason", "resources"]);
    until_both(both, &id, "declined");
    for party in both {
        // Due in thirty days, perhaps in the next quarter; done already, so it counts where it falls due.
        let row = stands(party, "acknowledge", "bravo");
        assert!(
            matches!(row["stands"].as_str(), Some("met" | "running")),
            "{row}"
        );
        assert_eq!(row["missed"], 0);
    }
    let same = |party: &Party| party.rows(&["commitment", "list", "--period", &quarter()]);
    let judged = |rows: Vec<Value>| {
        rows.iter()
            .map(|row| {
                (
                    row["commitment"].clone(),
                    row["by"].clone(),
                    row["stands"].clone(),
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        judged(same(&alpha)),
        judged(same(&bravo)),
        "both sides say the same"
    );
    let old = alpha.rows(&["commitment", "list", "--period", "2020-Q1"]);
    assert!(old.iter().all(|row| row["running"] == false), "{old:?}");
    let wrong = alpha.cli(&["commitment", "list", "--period", "2020-Q9"]);
    assert_eq!(wrong.code, Some(2));
    let shown = alpha.cli(&["commitment", "list"]).expect(0).out;
    assert!(
        shown.contains("bravo to alpha") && shown.contains("mon,tue,wed,thu,fri"),
        "{shown}"
    );
}

/// Alpha checks bravo's contact, and a person answers.
fn check_contact(alpha: &Party, bravo: &Party) {
    let ping = ["contact", "ping", "--party", "bravo", "--contact"];
    let check = alpha
        .cli(&[&ping[..], &["technical"]].concat())
        .expect(0)
        .out;
    let show = ["contact", "show", check.trim(), "--json"];
    let there = until("the check at bravo", || {
        let said = bravo.cli(&show);
        (said.code == Some(0)).then(|| said.json())
    });
    let code = text(&there, "code");
    let answer = [
        "contact",
        "answer",
        check.trim(),
        "--code",
        &code,
        "--officer",
    ];
    bravo
        .cli(&[&answer[..], &["duty officer"]].concat())
        .expect(0);
}

fn paper(party: &Party, other: &str, more: &[&str]) -> crate::node::Said {
    let period = quarter();
    let arguments = ["report", "review", "--party", other, "--period", &period];
    let as_of = ["--as-of", "2099-01-01"];
    party
        .cli(&[&arguments[..], &as_of, more].concat())
        .expect(0)
}

#[test]
fn the_paper_for_a_review_is_the_same_on_both_sides() {
    on_both_stores(["alpha", "bravo"], |[alpha, bravo]| {
        befriend(alpha, bravo, OPEN);
        let markup = "Who <called> \\\"it\\\" & when";
        let title = [("Control server behind the May intrusion", markup)];
        let id = open(alpha, bravo, &form(alpha, &title), &[]);
        let both = [&*alpha, &*bravo];
        until_both(both, &id, "delivered");
        act(bravo, &id, "acknowledge", &["--number", "B-1"]);
        act(bravo, &id, "accept", &["--expected", "2099-01-01"]);
        check_contact(alpha, bravo);
        until_both(both, &id, "accepted");
        let shown = until("the same paper on both sides", || {
            let sides = [(&*alpha, "bravo"), (&*bravo, "alpha")];
            let [one, two] = sides.map(|(party, other)| paper(party, other, &["--json"]).json());
            let answered = one["content"]["sides"][1]["checks"]["answered"]["count"] == 1;
            let same = one["hash"] == two["hash"] && one["content"] == two["content"];
            (answered && same).then_some(one)
        });
        let side = &shown["content"]["sides"][1];
        assert_eq!(side["party"], "bravo");
        assert_eq!(side["answering"]["requests"], 1);
        assert_eq!(shown["content"]["open"][0]["state"], "accepted");
        assert_eq!(shown["checkpoints"].as_array().unwrap().len(), 2);
        let hash = text(&shown, "hash");
        let file = alpha.file("review.html");
        paper(alpha, "bravo", &["--html", "--out", file.to_str().unwrap()]);
        let page = std::fs::read_to_string(&file).unwrap();
        for wanted in [hash.as_str(), "TLP:AMBER", "@media print"] {
            assert!(page.contains(wanted), "{wanted} in {page}");
        }
        let escaped = "Who &lt;called&gt; &quot;it&quot; &amp; when";
        assert!(page.contains(escaped), "{page}");
        for forbidden in ["<script", "http://", "https://", "<img", "<link"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        let plain = paper(bravo, "alpha", &[]).out;
        for wanted in [hash.as_str(), "Open requests", "What is disputed"] {
            assert!(plain.contains(wanted), "{wanted} in {plain}");
        }
    });
}
