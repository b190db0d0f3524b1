//! Banned words: unfinished work, tests that cannot fail, places of one machine, and other names for our terms.
//!
//! In scope: source, documents, settings and scripts, as text. Out of scope: data and lock files.

use super::{Allow, Findings, Problem, is_test_file};
use crate::tree::Tree;

/// File endings that are read.
const ENDINGS: &[&str] = &[
    ".rs", ".md", ".toml", ".py", ".sh", ".html", ".css", ".yml", ".ci/run",
];

/// How a banned word is looked for.
#[derive(Clone, Copy)]
enum Match {
    /// Between characters that are no part of a word.
    Word,
    /// Anywhere.
    Part,
}

/// A word that must not stand in the project, and what to write instead.
struct Banned {
    word: &'static str,
    how: Match,
    instead: &'static str,
}

const fn word(word: &'static str, instead: &'static str) -> Banned {
    Banned {
        word,
        how: Match::Word,
        instead,
    }
}

const fn part(word: &'static str, instead: &'static str) -> Banned {
    Banned {
        word,
        how: Match::Part,
        instead,
    }
}

/// Banned in every file that is read.
const EVERYWHERE: &[Banned] = &[
    word("TODO", "finish it, or open an issue"),
    word("FIXME", "mend it, or open an issue"),
    word("XXX", "say what is meant"),
    part("#[ignore", "a test runs or is removed"),
    part("#[should_panic", "return an error and compare it"),
    part("/home/", "no path of one machine"),
    part("/root/", "no path of one machine"),
    word("crates.io", "name the package, not its registry"),
    part("pypi.org", "name the package, not its registry"),
    part("pythonhosted", "name the package, not its registry"),
    part("registry.npmjs", "name the package, not its registry"),
    part("deb.debian", "name the package, not its registry"),
    word("IoC", "indicator"),
    word("IoCs", "indicators"),
];

/// Banned in tests only.
const IN_TESTS: &[Banned] = &[part(
    "thread::sleep",
    "advance the clock, or wait for the event",
)];

pub(crate) fn find(tree: &Tree, allow: &Allow) -> Findings {
    let mut problems = Vec::new();
    for path in tree
        .paths()
        .filter(|path| is_read(path) && !allow.has("words", path))
    {
        problems.extend(judge(path, &tree.read(path)?));
    }
    Ok(problems)
}

fn is_read(path: &str) -> bool {
    ENDINGS.iter().any(|ending| path.ends_with(ending)) && !path.contains("/corpus/")
}

fn judge(path: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut in_tests = is_test_file(path);
    for (index, line) in text.lines().enumerate() {
        in_tests |= line.trim() == "#[cfg(test)]";
        let tests = if in_tests { IN_TESTS } else { &[] };
        for banned in EVERYWHERE.iter().chain(tests) {
            if stands_in(line, banned) {
                let what = format!("{:?} must not stand here: {}", banned.word, banned.instead);
                problems.push(Problem::new(format!("{path}:{}", index + 1), what));
            }
        }
    }
    problems
}

fn stands_in(line: &str, banned: &Banned) -> bool {
    line.match_indices(banned.word)
        .any(|(start, found)| match banned.how {
            Match::Part => true,
            Match::Word => {
                let before = line.get(..start).and_then(|text| text.chars().next_back());
                let after = line
                    .get(start + found.len()..)
                    .and_then(|text| text.chars().next());
                !joins(before) && !joins(after)
            }
        })
}

/// Whether a neighbouring character makes the word part of a longer one.
fn joins(neighbour: Option<char>) -> bool {
    neighbour.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_work_is_found() {
        for bad in [
            "// TODO: later",
            "XXX",
            "#[ignore = \"slow\"]",
            "see /home/somebody/notes",
            "an IoC",
        ] {
            assert_eq!(judge("a.rs", bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn longer_words_are_left_alone() {
        for good in ["TODOS", "a crates.io-index", "XXXL", "network/", "OpenIOC"] {
            assert_eq!(judge("a.rs", good), vec![], "{good}");
        }
    }

    #[test]
    fn only_tests_may_not_sleep() {
        let line = "std::thread::sleep(pause);";
        assert_eq!(judge("crates/a/src/jobs.rs", line), vec![]);
        assert_eq!(judge("crates/a/tests/it/jobs.rs", line).len(), 1);
        assert_eq!(
            judge("crates/a/src/jobs.rs", &format!("#[cfg(test)]\n{line}")).len(),
            1
        );
    }

    #[test]
    fn data_is_not_read() {
        assert!(is_read("docs/glossary.md"));
        assert!(is_read(".ci/run"));
        assert!(!is_read("Cargo.lock"));
        assert!(!is_read("crates/a/tests/data/bundle.json"));
        assert!(!is_read("fuzz/corpus/csv/1.toml"));
    }
}
