//! Dependencies: few enough to know, each direct one explained in `docs/dependencies.md`.
//!
//! In scope: `Cargo.lock`, the members' manifests, that document. Out of scope: licences (`licences`).

use std::collections::BTreeSet;

use super::arrows::{dependencies, is_member};
use super::{Allow, Findings, Problem};
use crate::failure::Failure;
use crate::tree::Tree;

/// The lock file stays below this, our own crates included.
const PACKAGES_MAX: usize = 520;

const DOCUMENT: &str = "docs/dependencies.md";

pub(crate) fn find(tree: &Tree, _allow: &Allow) -> Findings {
    let mut problems: Vec<Problem> = count(&tree.read("Cargo.lock")?).into_iter().collect();
    let mut direct = BTreeSet::new();
    let mut members = BTreeSet::new();
    for path in tree.ending("/Cargo.toml").filter(|path| is_member(path)) {
        let manifest: toml::Table = tree
            .read(path)?
            .parse()
            .map_err(|error| Failure::new(format!("{path} is not TOML: {error}")))?;
        direct.extend(dependencies(&manifest).into_iter().map(|(name, _)| name));
        members.extend(path.split('/').nth(1).map(str::to_owned));
    }
    if !tree.paths().any(|path| path == DOCUMENT) {
        problems.push(Problem::new(
            DOCUMENT,
            "is missing: it explains every direct dependency",
        ));
        return Ok(problems);
    }
    let outside = direct.difference(&members).map(String::as_str);
    problems.extend(unexplained(outside, &tree.read(DOCUMENT)?));
    Ok(problems)
}

fn count(lock: &str) -> Option<Problem> {
    let packages = lock
        .lines()
        .filter(|line| line.trim() == "[[package]]")
        .count();
    (packages >= PACKAGES_MAX).then(|| {
        let what = format!("{packages} packages; stay under {PACKAGES_MAX}: drop a dependency");
        Problem::new("Cargo.lock", what)
    })
}

/// The dependencies that no row of the document opens with: `` | `name` | ``.
fn unexplained<'name>(names: impl Iterator<Item = &'name str>, document: &str) -> Vec<Problem> {
    let explained: BTreeSet<&str> = document
        .lines()
        .filter_map(|line| {
            line.trim_start_matches(['|', '-', '*', ' '])
                .strip_prefix('`')
        })
        .filter_map(|line| line.split('`').next())
        .collect();
    names
        .filter(|name| !explained.contains(name))
        .map(|name| {
            let what =
                format!("has no line for `{name}`: say why it is here, its licence and size");
            Problem::new(DOCUMENT, what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_stays_small() {
        assert_eq!(count(&"[[package]]\nname = \"a\"\n".repeat(399)), None);
        assert!(count(&"[[package]]\nname = \"a\"\n".repeat(520)).is_some());
    }

    #[test]
    fn every_direct_dependency_is_explained() {
        let document = "| `axum` | HTTP |\n- `bytes`: buffers\nserde is named without a row\n";
        let missing = unexplained(["axum", "bytes", "serde"].into_iter(), document);
        assert_eq!(missing.len(), 1);
    }
}
