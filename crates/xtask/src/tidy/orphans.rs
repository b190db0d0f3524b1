//! Orphans: source files that no `mod` line names, so that nobody compiles or tests them.
//!
//! In scope: every `.rs` file of a workspace crate, from its roots (`lib.rs`, `main.rs`, `bin/`, `tests/`,
//! `benches/`, `examples/`, `build.rs`). Out of scope: modules declared by macros.

use std::collections::BTreeSet;

use super::{Allow, Findings, Problem};
use crate::failure::Failure;
use crate::tree::Tree;

pub(crate) fn find(tree: &Tree, allow: &Allow) -> Findings {
    let files: BTreeSet<&str> = tree
        .ending(".rs")
        .filter(|path| path.starts_with("crates/"))
        .collect();
    let reached = reach(&files, |path| tree.read(path))?;
    Ok(files
        .into_iter()
        .filter(|path| !reached.contains(*path) && !allow.has("orphans", path))
        .map(|path| {
            Problem::new(
                path,
                "no `mod` line names this file: declare it or remove it",
            )
        })
        .collect())
}

/// Every file that a root declares, directly or through other modules.
fn reach(
    files: &BTreeSet<&str>,
    read: impl Fn(&str) -> Result<String, Failure>,
) -> Result<BTreeSet<String>, Failure> {
    let mut waiting: Vec<String> = files
        .iter()
        .filter(|path| is_root(path))
        .map(|path| (*path).to_owned())
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let folders = module_folders(&path);
        for declared in declarations(&read(&path)?) {
            let candidates = folders.iter().flat_map(|folder| match &declared {
                Declared::Name(name) => {
                    vec![
                        format!("{folder}/{name}.rs"),
                        format!("{folder}/{name}/mod.rs"),
                    ]
                }
                Declared::Path(file) => vec![format!("{folder}/{file}")],
            });
            waiting.extend(
                candidates.filter(|path| files.contains(path.as_str()) && !reached.contains(path)),
            );
        }
        reached.insert(path);
    }
    Ok(reached)
}

/// Whether cargo compiles this file on its own.
fn is_root(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').skip(2).collect();
    match parts.as_slice() {
        ["build.rs"] | ["src", "lib.rs" | "main.rs"] => true,
        ["src", "bin", ..] => parts.len() == 3 || path.ends_with("/main.rs"),
        ["tests" | "benches" | "examples", ..] => parts.len() == 2 || path.ends_with("/main.rs"),
        _ => false,
    }
}

/// Where the modules that a file declares may stand.
fn module_folders(path: &str) -> Vec<String> {
    let (folder, file) = path.rsplit_once('/').unwrap_or((".", path));
    let stem = file.trim_end_matches(".rs");
    if matches!(stem, "lib" | "main" | "mod" | "build") {
        vec![folder.to_owned()]
    } else {
        // `#[path]` is relative to the file's own folder, a plain `mod` to the folder named like it.
        vec![format!("{folder}/{stem}"), folder.to_owned()]
    }
}

/// A module declared without a body.
enum Declared {
    Name(String),
    Path(String),
}

fn declarations(text: &str) -> Vec<Declared> {
    let mut found = Vec::new();
    let mut given = None;
    for line in text.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("#[path = \"") {
            given = path.strip_suffix("\"]").map(str::to_owned);
            continue;
        }
        let item = line.strip_suffix(';').and_then(|item| {
            let item = item.strip_prefix("pub(crate) ").unwrap_or(item);
            let item = item.strip_prefix("pub(super) ").unwrap_or(item);
            item.strip_prefix("pub ")
                .unwrap_or(item)
                .strip_prefix("mod ")
        });
        if let Some(name) = item {
            found.push(
                given
                    .take()
                    .map_or_else(|| Declared::Name(name.to_owned()), Declared::Path),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reaches from the roots of `(path, text)` files and returns what was not reached.
    fn orphans(files: &[(&str, &str)]) -> Vec<String> {
        let paths: BTreeSet<&str> = files.iter().map(|(path, _)| *path).collect();
        let text = |path: &str| {
            files
                .iter()
                .find(|(known, _)| *known == path)
                .unwrap()
                .1
                .to_owned()
        };
        let reached = reach(&paths, |path| Ok(text(path))).unwrap();
        paths
            .into_iter()
            .filter(|path| !reached.contains(*path))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn declared_modules_are_reached() {
        let none: Vec<String> = vec![];
        assert_eq!(
            orphans(&[
                ("crates/a/src/lib.rs", "mod taxii;\npub(crate) mod rest;\n"),
                (
                    "crates/a/src/taxii.rs",
                    "mod objects;\n#[path = \"odd.rs\"]\nmod other;\n"
                ),
                ("crates/a/src/taxii/objects.rs", ""),
                ("crates/a/src/odd.rs", ""),
                ("crates/a/src/rest/mod.rs", ""),
                ("crates/a/tests/it/main.rs", "mod node;\n"),
                ("crates/a/tests/it/node.rs", ""),
            ]),
            none
        );
    }

    #[test]
    fn a_forgotten_file_is_found() {
        assert_eq!(
            orphans(&[
                ("crates/a/src/main.rs", "mod kept;\n// mod lost;\n"),
                ("crates/a/src/kept.rs", ""),
                ("crates/a/src/lost.rs", ""),
                ("crates/a/tests/it/lost.rs", ""),
            ]),
            vec!["crates/a/src/lost.rs", "crates/a/tests/it/lost.rs"]
        );
    }
}
