//! The table of rules: every row names a test that exists, and every such test has its row.
//!
//! `cargo xtask gen` makes `docs/taxii-rules.md` from the same table.
//!
//! In scope: that the table is true. Out of scope: the rules themselves (`rules_*`, `ambiguities`).

use std::collections::BTreeSet;

const TABLE: &str = include_str!("rules.table");

/// The modules that the table covers, with their source.
const MODULES: [(&str, &str); 6] = [
    ("rules_transport", include_str!("rules_transport.rs")),
    ("rules_endpoints", include_str!("rules_endpoints.rs")),
    ("rules_semantics", include_str!("rules_semantics.rs")),
    ("rules_stix", include_str!("rules_stix.rs")),
    ("ambiguities", include_str!("ambiguities.rs")),
    ("secure_transport", include_str!("secure_transport.rs")),
];

/// The rows: number, section, rule, test.
fn rows() -> Vec<[&'static str; 4]> {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let cells: Vec<&str> = line.split(" | ").collect();
            cells
                .try_into()
                .unwrap_or_else(|_| panic!("not four cells: {line}"))
        })
        .collect()
}

/// The tests of a module's source: the functions right below `#[test]`.
fn tests(module: &str, source: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().collect();
    lines
        .windows(2)
        .filter(|pair| pair[0] == "#[test]")
        .map(|pair| pair[1].trim_start_matches("fn ").split('(').next().unwrap())
        .map(|name| format!("{module}::{name}"))
        .collect()
}

#[test]
fn every_rule_has_its_test_and_every_test_its_rule() {
    let existing: BTreeSet<String> = MODULES
        .iter()
        .flat_map(|(module, source)| tests(module, source))
        .collect();
    let mut named = BTreeSet::new();
    for [number, _, rule, test] in rows() {
        if let Some(reason) = test.strip_prefix("- ") {
            assert!(
                reason.len() > 10,
                "rule {number} ({rule}) has neither test nor reason"
            );
            continue;
        }
        assert!(
            existing.contains(test),
            "rule {number} ({rule}): there is no test {test}"
        );
        assert!(named.insert(test.to_owned()), "{test} stands for two rules");
    }
    let unnamed: Vec<_> = existing.difference(&named).collect();
    assert_eq!(unnamed, Vec::<&String>::new(), "tests without a row");
}

#[test]
fn no_rule_of_the_checklists_is_left_out() {
    let numbers: BTreeSet<&str> = rows().iter().map(|row| row[0]).collect();
    let checklist = (1..=44).map(|number| number.to_string());
    let endpoints = (1..=11).map(|number| format!("E{number}"));
    let letters = ["A", "B", "C", "D", "E", "F"].map(str::to_owned);
    for number in checklist.chain(endpoints).chain(letters) {
        assert!(
            numbers.contains(number.as_str()),
            "rule {number} has no row"
        );
    }
}
