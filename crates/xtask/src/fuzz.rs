//! `cargo xtask fuzz [--seconds N] [TARGET...]`: searches for inputs that break a parser, every target or those that are named, one after the other.
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
    let root = tree::root()?;
    let asked = asked(arguments, targets(&root)?)?;
    if !tree::works(Command::new("cargo").args(["fuzz", "--version"])) {
        crate::say("fuzz: skipped, because cargo-fuzz is not installed: cargo install cargo-fuzz");
        return Ok(());
    }
    let (seconds, targets) = asked;
    let mut findings = Vec::new();
    for target in &targets {
        eprintln!("\n== {target}, {seconds} s");
        let mut fuzz = Command::new("cargo");
        fuzz.current_dir(root.join("fuzz"))
            // cargo-fuzz passes flags that only nightly takes; this lets the project's own compiler take them.
            .env("RUSTC_BOOTSTRAP", "1")
            // The release profile, but quick to build and with line tables in what a finding prints.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only")
            .env("CARGO_PROFILE_RELEASE_STRIP", "none")
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

/// For how many seconds each target runs, and which.
fn asked(arguments: &[String], all: Vec<String>) -> Result<(u32, Vec<String>), Failure> {
    let (seconds, names) = match arguments {
        [flag, rest @ ..] if flag == "--seconds" => {
            let [number, names @ ..] = rest else {
                return Err(Failure::new("--seconds takes a number"));
            };
            let seconds = number.parse().ok().filter(|seconds| *seconds > 0);
            let what = || Failure::new(format!("{number:?} is no number of seconds"));
            (seconds.ok_or_else(what)?, names)
        }
        names => (SECONDS, names),
    };
    if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
        return Err(Failure::new(format!("there is no target {unknown:?}"))
            .hint("the targets are the files of fuzz/fuzz_targets, without .rs"));
    }
    let chosen = if names.is_empty() {
        all
    } else {
        names.to_vec()
    };
    Ok((seconds, chosen))
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
    fn the_time_is_a_number_of_seconds_and_targets_exist() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let check = |given: &[&str], expected: Option<(u32, &[&str])>| {
            let arguments: Vec<String> = words(given);
            let found = asked(&arguments, words(&["a", "b"])).ok();
            let expected = expected.map(|(seconds, names)| (seconds, words(names)));
            assert_eq!(found, expected, "{given:?}");
        };
        check(&[], Some((SECONDS, &["a", "b"])));
        check(&["--seconds", "7"], Some((7, &["a", "b"])));
        check(&["--seconds", "7", "b"], Some((7, &["b"])));
        check(&["a"], Some((SECONDS, &["a"])));
        check(&["--seconds", "0"], None);
        check(&["--seconds"], None);
        check(&["c"], None);
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
