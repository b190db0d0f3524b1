//! `cargo xtask fuzz [--seconds N]`: searches for inputs that break a parser, one target after the other.
//!
//! In scope: running every target of `fuzz/` for the same time, counting those that found something.
//! Out of scope: replaying what is committed (`check`), what a target asserts (`fuzz/fuzz_targets`).

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::tree;

/// How long each target runs when nothing is said: what the project asks of a parser before a release.
const SECONDS: u32 = 600;

/// Runs all targets; a finding does not keep the others from running.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let seconds = seconds(arguments)?;
    let root = tree::root()?;
    if !tree::works(Command::new("cargo").args(["fuzz", "--version"])) {
        crate::say("fuzz: skipped, because cargo-fuzz is not installed: cargo install cargo-fuzz");
        return Ok(());
    }
    let targets = targets(&root)?;
    let mut findings = Vec::new();
    for target in &targets {
        eprintln!("\n== {target}, {seconds} s");
        let mut fuzz = Command::new("cargo");
        fuzz.current_dir(root.join("fuzz"))
            // cargo-fuzz passes flags that only nightly takes; this lets the project's own compiler take them.
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "run", target, "--"])
            .arg(format!("-max_total_time={seconds}"));
        if let Err(failure) = tree::run(&mut fuzz) {
            eprintln!("{target}: {failure}");
            findings.push(target.clone());
        }
    }
    let (all, found) = (targets.len(), findings.len());
    crate::say(&format!("fuzz: {all} targets, {found} findings"));
    if findings.is_empty() {
        return Ok(());
    }
    Err(
        Failure::new(format!("something was found by {}", findings.join(", "))).hint(
            "the input is in fuzz/artifacts/TARGET; give its path after `cargo fuzz run TARGET` to see it again",
        ),
    )
}

fn seconds(arguments: &[String]) -> Result<u32, Failure> {
    match arguments {
        [] => Ok(SECONDS),
        [flag, number] if flag == "--seconds" => number
            .parse()
            .ok()
            .filter(|seconds| *seconds > 0)
            .ok_or_else(|| Failure::new(format!("{number:?} is no number of seconds"))),
        _ => Err(Failure::new("fuzz takes nothing or --seconds N")),
    }
}

/// The names of the targets, sorted.
fn targets(root: &Path) -> Result<Vec<String>, Failure> {
    let tree = tree::Tree::list(root.to_owned())?;
    let sources = tree.ending(".rs").filter_map(|path| {
        let name = path.strip_prefix("fuzz/fuzz_targets/")?;
        name.strip_suffix(".rs").map(str::to_owned)
    });
    Ok(sources.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_a_number_of_seconds() {
        let check = |words: &[&str], expected: Option<u32>| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(seconds(&words).ok(), expected, "{words:?}");
        };
        check(&[], Some(SECONDS));
        check(&["--seconds", "7"], Some(7));
        check(&["--seconds", "0"], None);
        check(&["--seconds"], None);
        check(&["7"], None);
    }

    #[test]
    fn every_parser_of_foreign_bytes_has_a_target() {
        let found = targets(&tree::root().unwrap()).unwrap();
        for crate_word in ["stix", "formats", "api", "transport", "store"] {
            let prefix = format!("{crate_word}_");
            assert!(
                found.iter().any(|name| name.starts_with(&prefix)),
                "{crate_word}"
            );
        }
    }
}
