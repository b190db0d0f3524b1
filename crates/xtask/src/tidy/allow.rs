//! The exceptions from the house rules, each with its reason.
//!
//! In scope: reading `crates/xtask/tidy-allow.toml`; refusing an exception without a reason or without a file.
//! Out of scope: what the rules are.

use crate::failure::Failure;
use crate::tree::Tree;

/// Where the exceptions stand.
pub(crate) const PATH: &str = "crates/xtask/tidy-allow.toml";

/// One exception: this file need not keep this rule.
struct Exception {
    rule: String,
    path: String,
}

/// Every exception.
pub(crate) struct Allow(Vec<Exception>);

impl Allow {
    /// Reads the exceptions; each is a table `[[RULE]]` with `path` and `reason`.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let table: toml::Table = text
            .parse()
            .map_err(|error| Failure::new(format!("{PATH} is not TOML: {error}")))?;
        let mut exceptions = Vec::new();
        for (rule, entries) in &table {
            let entries = entries.as_array().ok_or_else(|| {
                Failure::new(format!("{PATH}: write [[{rule}]] with `path` and `reason`"))
            })?;
            for entry in entries {
                exceptions.push(exception(rule, entry)?);
            }
        }
        Ok(Self(exceptions))
    }

    /// Whether `path` is excepted from `rule`.
    pub(crate) fn has(&self, rule: &str, path: &str) -> bool {
        self.0
            .iter()
            .any(|exception| exception.rule == rule && exception.path == path)
    }

    /// Exceptions for files that are gone.
    pub(crate) fn stale(&self, tree: &Tree) -> Vec<String> {
        self.0
            .iter()
            .filter(|exception| !tree.paths().any(|path| path == exception.path))
            .map(|exception| {
                format!(
                    "{PATH}: [[{}]] names {}, which is gone: remove the entry",
                    exception.rule, exception.path
                )
            })
            .collect()
    }
}

fn exception(rule: &str, entry: &toml::Value) -> Result<Exception, Failure> {
    let text = |key: &str| {
        entry
            .get(key)
            .and_then(toml::Value::as_str)
            .filter(|value| !value.trim().is_empty())
            .ok_or_else(|| Failure::new(format!("{PATH}: an entry of [[{rule}]] has no `{key}`")))
    };
    text("reason")?;
    Ok(Exception {
        rule: rule.to_owned(),
        path: text("path")?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_needs_a_path_and_a_reason() {
        let good = Allow::parse("[[sizes]]\npath = \"a.rs\"\nreason = \"a table\"\n").unwrap();
        assert!(good.has("sizes", "a.rs"));
        assert!(!good.has("words", "a.rs"));
        for bad in [
            "[[sizes]]\npath = \"a.rs\"\n",
            "[[sizes]]\npath = \"a.rs\"\nreason = \" \"\n",
            "[[sizes]]\nreason = \"x\"\n",
            "sizes = 1\n",
        ] {
            assert!(Allow::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_exception_for_a_missing_file_is_stale() {
        let allow = Allow::parse("[[sizes]]\npath = \"a.rs\"\nreason = \"x\"\n").unwrap();
        assert_eq!(allow.stale(&Tree::of("/".into(), &["b.rs"])).len(), 1);
        assert_eq!(allow.stale(&Tree::of("/".into(), &["a.rs"])).len(), 0);
    }
}
