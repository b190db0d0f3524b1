//! File sizes: production lines of a source file, that is, the lines before its test module.
//!
//! In scope: `.rs` files that are shipped. Out of scope: tests, benchmarks, fuzz targets.

use super::{Allow, Findings, Problem, is_test_file, production};
use crate::tree::Tree;

/// From here on a file is asked what its second subject is.
const LINES_WARN: usize = 500;
/// No file is longer.
const LINES_MAX: usize = 800;

pub(crate) fn find(tree: &Tree, allow: &Allow) -> Findings {
    let mut problems = Vec::new();
    let sources = tree.ending(".rs");
    for path in sources.filter(|path| !is_test_file(path) && !allow.has("sizes", path)) {
        problems.extend(judge(path, &tree.read(path)?));
    }
    Ok(problems)
}

fn judge(path: &str, text: &str) -> Option<Problem> {
    let lines = production(text).count();
    if lines > LINES_MAX {
        let what =
            format!("{lines} production lines, over {LINES_MAX}: give each subject its file");
        return Some(Problem::new(path, what));
    }
    (lines > LINES_WARN).then(|| {
        Problem::warning(
            path,
            format!("{lines} production lines: what is the second subject?"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_warn_and_then_fail() {
        let lines = |count| "fn a() {}\n".repeat(count);
        assert_eq!(judge("a.rs", &lines(500)), None);
        assert!(judge("a.rs", &lines(501)).unwrap().warning);
        assert!(!judge("a.rs", &lines(801)).unwrap().warning);
    }

    #[test]
    fn tests_do_not_count() {
        let text = format!(
            "fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n",
            "//\n".repeat(900)
        );
        assert_eq!(judge("a.rs", &text), None);
    }
}
