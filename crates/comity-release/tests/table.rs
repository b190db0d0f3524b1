//! The answers of release control against what they must be, written by hand in `table.txt`; and the document made from
//! them against the one that is kept.

use std::collections::BTreeMap;

use comity_release::table::{LABELS, OUTLETS, document, grids};

/// Grid, label, outlet.
type Place = (String, String, &'static str);

fn expected() -> BTreeMap<Place, String> {
    let mut answers = BTreeMap::new();
    let mut title = "";
    for line in include_str!("table.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            title = line;
            continue;
        }
        let mut words = line.split_whitespace();
        let label = words.next().expect("a row begins with its label");
        let words: Vec<&str> = words.collect();
        assert_eq!(words.len(), OUTLETS.len(), "{title}, {label}");
        for ((_, outlet), word) in OUTLETS.iter().zip(words) {
            let place = (title.to_owned(), label.to_owned(), *outlet);
            let twice = answers.insert(place, word.to_owned());
            assert_eq!(twice, None, "{title}, {label}");
        }
    }
    answers
}

fn found() -> BTreeMap<Place, String> {
    let mut answers = BTreeMap::new();
    for grid in grids() {
        for ((label, _), row) in LABELS.iter().zip(grid.rows) {
            for ((_, outlet), answer) in OUTLETS.iter().zip(row) {
                answers.insert(
                    (grid.title.to_owned(), (*label).to_owned(), *outlet),
                    answer,
                );
            }
        }
    }
    answers
}

#[test]
fn release_control_answers_as_the_table_says() {
    let (expected, found) = (expected(), found());
    let places: std::collections::BTreeSet<&Place> = expected.keys().chain(found.keys()).collect();
    let none = "(no such row)".to_owned();
    let mut differences = Vec::new();
    for place in places {
        let wanted = expected.get(place).unwrap_or(&none);
        let answer = found.get(place).unwrap_or(&none);
        if wanted != answer {
            let (title, label, outlet) = place;
            differences.push(format!(
                "to {title}: {label} by {outlet}: the table says {wanted}, the rules say {answer}"
            ));
        }
    }
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
}

#[test]
fn the_document_says_what_the_rules_do() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/release-rules.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let made = document();
    for (number, (kept, made)) in kept.lines().zip(made.lines()).enumerate() {
        assert_eq!(kept, made, "line {}", number + 1);
    }
    assert!(
        kept == made,
        "docs/release-rules.md is out of date: cargo run -p comity-release --example release_rules > docs/release-rules.md"
    );
}
