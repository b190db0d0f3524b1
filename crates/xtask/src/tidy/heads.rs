//! Head documentation: every source file opens with `//!` and says what it is.
//!
//! In scope: the first lines of `.rs` files. Out of scope: documentation of items (rustc's `missing_docs`), and
//! `tests.rs` beside a module, whose subject is that module's.

use super::{Allow, Findings, Problem};
use crate::tree::Tree;

/// Fewer words than this say nothing beyond the file's name.
const WORDS_MIN: usize = 2;

pub(crate) fn find(tree: &Tree, allow: &Allow) -> Findings {
    let mut problems = Vec::new();
    let sources = tree
        .ending(".rs")
        .filter(|path| !path.ends_with("/tests.rs"));
    for path in sources.filter(|path| !allow.has("heads", path)) {
        problems.extend(judge(path, &tree.read(path)?));
    }
    Ok(problems)
}

fn judge(path: &str, text: &str) -> Option<Problem> {
    // A fuzz target must start with its crate attribute; the head follows it.
    let mut lines = text.lines().skip_while(|line| line.starts_with("#!["));
    let Some(first) = lines.next().and_then(|line| line.strip_prefix("//!")) else {
        return Some(Problem::new(
            path,
            "does not open with //! saying what the file is",
        ));
    };
    let words = first.split_whitespace().count();
    (words < WORDS_MIN).then(|| {
        Problem::new(
            path,
            "its first //! line says nothing: name the subject in a sentence",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_is() {
        assert_eq!(judge("a.rs", "//! Points of contact of a party.\n"), None);
        assert_eq!(judge("a.rs", "#![no_main]\n//! Points of contact.\n"), None);
        for bad in [
            "fn a() {}\n",
            "",
            "// Points of contact.\n",
            "//! comity-api.\n",
            "//!\n",
        ] {
            assert!(judge("a.rs", bad).is_some(), "{bad:?}");
        }
    }
}
