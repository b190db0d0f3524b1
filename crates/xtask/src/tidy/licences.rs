//! Licences: every package of the build is under one that this project may ship with.
//!
//! In scope: the `license` expression of each package, as `cargo metadata` tells it.
//! Out of scope: licence texts inside packages, advisories.

use std::process::Command;

use serde_json::Value;

use super::{Allow, Findings, Problem};
use crate::failure::Failure;
use crate::tree::{self, Tree};

/// Permissive licences. A weaker or unknown one is a decision, recorded before it is added here.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "NCSA",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(crate) fn find(tree: &Tree, allow: &Allow) -> Findings {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version", "1", "--locked"]);
    // Without the filter cargo downloads what only other platforms build.
    cargo.args(["--filter-platform", &host()?]);
    let text = tree::output(cargo.current_dir(tree.root()))?;
    let metadata: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("cargo metadata is not JSON: {error}")))?;
    let packages = metadata.get("packages").and_then(Value::as_array);
    let packages = packages.ok_or_else(|| Failure::new("cargo metadata lists no packages"))?;
    let mut problems: Vec<Problem> = packages.iter().filter_map(judge).collect();
    problems.retain(|problem| !allow.has("licences", &problem.place));
    Ok(problems)
}

/// The platform of this compiler.
fn host() -> Result<String, Failure> {
    let said = tree::output(Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| Failure::new("rustc -vV names no host"))
}

fn judge(package: &Value) -> Option<Problem> {
    let text = |key: &str| package.get(key).and_then(Value::as_str);
    let name = text("name").unwrap_or("a package without a name");
    match text("license") {
        None => Some(Problem::new(name, "states no licence expression")),
        Some(expression) if is_allowed(expression) => None,
        Some(expression) => Some(Problem::new(
            name,
            format!("is under {expression}, which is not on the list in tidy/licences.rs"),
        )),
    }
}

/// Whether an SPDX expression can be met with allowed licences alone.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words };
    reader.either() && reader.words.is_empty()
}

/// Reads an expression: `AND` binds tighter than `OR`.
struct Reader<'text> {
    words: &'text [&'text str],
}

impl<'text> Reader<'text> {
    fn take(&mut self) -> Option<&'text str> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn take_if(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.take();
        }
        found
    }

    fn either(&mut self) -> bool {
        let mut met = self.both();
        while self.take_if("OR") {
            met |= self.both();
        }
        met
    }

    fn both(&mut self) -> bool {
        let mut met = self.one();
        while self.take_if("AND") {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.take_if("(") {
            let met = self.either();
            return self.take_if(")") && met;
        }
        let Some(licence) = self.take() else {
            return false;
        };
        if self.take_if("WITH") {
            let exception = self.take().unwrap_or_default();
            return ALLOWED.contains(&format!("{licence} WITH {exception}").as_str());
        }
        ALLOWED.contains(&licence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_judged() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "ISC AND (Apache-2.0 OR ISC) AND OpenSSL",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "",
            "(MIT",
            "MIT)",
            "GPL-2.0 WITH LLVM-exception",
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }

    #[test]
    fn a_package_without_a_licence_is_a_problem() {
        assert!(judge(&serde_json::json!({"name": "a", "license": null})).is_some());
        assert!(judge(&serde_json::json!({"name": "a", "license": "GPL-3.0"})).is_some());
        assert_eq!(
            judge(&serde_json::json!({"name": "a", "license": "MIT"})),
            None
        );
    }
}
