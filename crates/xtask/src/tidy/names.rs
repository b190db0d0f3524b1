//! Names: modules and crates named after a subject, functions that are plain verbs, one path per name.
//!
//! In scope: file names, `mod` and `fn` lines, re-exports. Out of scope: words in prose (`words`).

use super::{Allow, Findings, Problem, is_test_file, production};
use crate::tree::Tree;

/// Names that say where code was put, not what it is about.
const NO_SUBJECT: &[&str] = &[
    "common", "util", "utils", "helpers", "types", "core", "manager",
];

/// Openings of function names that add nothing to the verb.
const EMPTY_VERBS: &[&str] = &["get_", "do_", "process_"];

pub(crate) fn find(tree: &Tree, allow: &Allow) -> Findings {
    let mut problems = Vec::new();
    for path in tree.ending(".rs").filter(|path| !allow.has("names", path)) {
        problems.extend(judge(path, &tree.read(path)?));
    }
    Ok(problems)
}

fn judge(path: &str, text: &str) -> Vec<Problem> {
    let stem = path.trim_end_matches(".rs");
    let mut problems: Vec<Problem> = stem
        .split('/')
        .filter(|part| NO_SUBJECT.contains(&part.trim_start_matches("comity-")))
        .map(|part| Problem::new(path, format!("{part:?} names no subject")))
        .collect();
    if is_test_file(path) {
        return problems;
    }
    for (number, line) in production(text) {
        let fault = line_fault(line.trim());
        problems.extend(fault.map(|fault| Problem::new(format!("{path}:{number}"), fault)));
    }
    problems
}

fn line_fault(line: &str) -> Option<String> {
    if line.starts_with("//") {
        return None;
    }
    if line.starts_with("pub") && line.contains("use ") && line.ends_with("::*;") {
        return Some("re-exports everything: one path per name, list them".to_owned());
    }
    if let Some(name) = declared(line, "mod ").filter(|name| NO_SUBJECT.contains(name)) {
        return Some(format!("module {name:?} names no subject"));
    }
    let name = declared(line, "fn ")?;
    let verb = EMPTY_VERBS.iter().find(|verb| name.starts_with(**verb))?;
    Some(format!("fn {name}: drop {verb:?}, say what it does"))
}

/// The name that a line declares after `keyword`, whatever its visibility and qualifiers.
fn declared<'line>(line: &'line str, keyword: &str) -> Option<&'line str> {
    let (before, after) = line.split_once(keyword)?;
    let qualifiers = before.split_whitespace().all(|word| {
        word.starts_with("pub") || matches!(word, "async" | "const" | "in" | "crate)" | "super)")
    });
    let name = after
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()?;
    qualifiers.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_or_crate_names_its_subject() {
        assert_eq!(judge("crates/comity-api/src/taxii/objects.rs", ""), vec![]);
        for bad in [
            "crates/comity-core/src/lib.rs",
            "crates/a/src/util.rs",
            "crates/a/src/types/b.rs",
        ] {
            assert_eq!(judge(bad, "").len(), 1, "{bad}");
        }
        assert_eq!(
            judge("crates/a/src/lib.rs", "pub(crate) mod helpers;\n").len(),
            1
        );
        assert_eq!(judge("crates/a/src/lib.rs", "mod utilities;\n").len(), 0);
    }

    #[test]
    fn functions_are_plain_verbs() {
        assert_eq!(
            judge("crates/a/src/lib.rs", "pub async fn get_objects() {}\n").len(),
            1
        );
        assert_eq!(
            judge("crates/a/src/lib.rs", "    fn do_it(&self) {}\n").len(),
            1
        );
        assert_eq!(
            judge("crates/a/src/lib.rs", "fn objects() {}\nfn gets() {}\n"),
            vec![]
        );
        assert_eq!(
            judge("crates/a/src/lib.rs", "// fn get_objects()\n"),
            vec![]
        );
    }

    #[test]
    fn one_path_per_name() {
        assert_eq!(
            judge("crates/a/src/lib.rs", "pub use crate::objects::*;\n").len(),
            1
        );
        assert_eq!(
            judge("crates/a/src/lib.rs", "pub(crate) use objects::*;\n").len(),
            1
        );
        assert_eq!(
            judge(
                "crates/a/src/lib.rs",
                "use super::*;\npub use objects::Id;\n"
            ),
            vec![]
        );
    }
}
