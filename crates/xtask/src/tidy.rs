//! The house rules as tests: what `cargo clippy` cannot see.
//!
//! Each rule is a module with a function from the [`Tree`] to problems, and unit tests that break it.
//! Exceptions stand in `crates/xtask/tidy-allow.toml`, each with its reason.
//!
//! In scope: files as text, manifests, the lock file.
//! Out of scope: behaviour (tests) and style within a function (clippy, rustfmt).

mod allow;
mod arrows;
mod commands;
mod decisions;
mod dependencies;
mod heads;
mod licences;
mod links;
mod names;
mod orphans;
mod sizes;
mod words;

use crate::failure::Failure;
use crate::tree::{self, Tree};
use allow::Allow;

/// One broken rule: where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    place: String,
    what: String,
    /// A warning is printed and does not fail the run.
    warning: bool,
}

impl Problem {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
            warning: false,
        }
    }

    fn warning(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            warning: true,
            ..Self::new(place, what)
        }
    }
}

/// A rule: its name in the report, and the function that finds what breaks it.
type Rule = (&'static str, fn(&Tree, &Allow) -> Findings);

type Findings = Result<Vec<Problem>, Failure>;

const RULES: &[Rule] = &[
    ("arrows", arrows::find),
    ("sizes", sizes::find),
    ("heads", heads::find),
    ("names", names::find),
    ("words", words::find),
    ("orphans", orphans::find),
    ("links", links::find),
    ("commands", commands::find),
    ("decisions", decisions::find),
    ("dependencies", dependencies::find),
    ("licences", licences::find),
];

/// Runs every rule over the work tree and prints what it finds.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = arguments.first() {
        return Err(Failure::new(format!(
            "tidy takes no arguments: {unknown:?}"
        )));
    }
    let tree = Tree::list(tree::root()?)?;
    let allow = Allow::parse(&tree.read(allow::PATH)?)?;
    let mut passed = 0_usize;
    let mut failed = 0_usize;
    for (name, find) in RULES {
        let problems = find(&tree, &allow)?;
        for problem in &problems {
            let kind = if problem.warning { "warning" } else { "error" };
            crate::say(&format!(
                "{kind}[{name}] {}: {}",
                problem.place, problem.what
            ));
        }
        if problems.iter().any(|problem| !problem.warning) {
            failed += 1;
        } else {
            passed += 1;
        }
    }
    for unused in allow.stale(&tree) {
        crate::say(&format!("error[allow] {unused}"));
        failed += 1;
    }
    crate::say(&format!("tidy: {passed} passed, {failed} failed"));
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::new("the house rules above are broken"))
    }
}

/// The part of a source file that is not its tests: the lines before `#[cfg(test)]` of a module.
fn production(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines
        .windows(2)
        .position(|pair| matches!(pair, [mark, next] if *mark == "#[cfg(test)]" && is_module(next)))
        .unwrap_or(lines.len());
    lines
        .into_iter()
        .enumerate()
        .take(end)
        .map(|(index, line)| (index + 1, line))
}

/// Whether a line, or an attribute line in front of it, opens a module.
fn is_module(line: &str) -> bool {
    line.starts_with("mod ") || line.starts_with("#[allow") || line.starts_with("#[expect")
}

/// Whether a path holds tests, benchmarks or other code that is not shipped.
fn is_test_file(path: &str) -> bool {
    path.contains("/tests/")
        || path.contains("/benches/")
        || path.ends_with("/tests.rs")
        || path.starts_with("fuzz/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_ends_where_the_test_module_starts() {
        let text = "fn a() {}\n#[cfg(test)]\nfn helper() {}\n#[cfg(test)]\nmod tests {\n}\n";
        assert_eq!(production(text).count(), 3);
        assert_eq!(production("fn a() {}\n").count(), 1);
    }

    #[test]
    fn test_files_are_told_from_shipped_ones() {
        for path in [
            "crates/a/tests/it/main.rs",
            "crates/a/src/tests.rs",
            "fuzz/a.rs",
        ] {
            assert!(is_test_file(path), "{path}");
        }
        assert!(!is_test_file("crates/a/src/contest.rs"));
    }
}
