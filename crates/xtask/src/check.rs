//! `cargo xtask check`: installs what the tests need, then runs everything that must pass before a merge.
//!
//! In scope: the order of the steps and the report at the end.
//! Out of scope: the database (`postgres`), the Python clients (`python`), system packages (`system`).

mod fuzz;
pub(crate) mod postgres;
pub(crate) mod python;
mod system;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::tree;

/// What the tests are told about the programs around them.
type Environment = Vec<(&'static str, String)>;

/// One step with its result and time, for the closing report.
struct Done {
    name: &'static str,
    took: Duration,
    result: Result<(), Failure>,
}

/// Prepares the machine, runs every step, and fails when any of them failed.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if let Some(unknown) = arguments.first() {
        return Err(Failure::new(format!(
            "check takes no arguments: {unknown:?}"
        )));
    }
    let root = tree::root()?;
    let target = tree::target_directory(&root)?;
    let start = Instant::now();
    system::prepare()?;
    let mut environment = python::prepare(&target.join("check"))?;
    environment.extend(system::browser());
    let cluster = postgres::Cluster::start()?;
    environment.push(("COMITY_TEST_POSTGRES", cluster.url()));
    say_step("prepared", start.elapsed());

    let done = steps(&root, &target, &environment);
    cluster.stop()?;
    report(&done, start.elapsed())
}

/// Every check, in the order in which a failure is cheapest to read.
fn steps(root: &Path, target: &Path, environment: &Environment) -> Vec<Done> {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(root);
        command.envs(environment.iter().map(|(key, value)| (*key, value)));
        command
    };
    let mut done = Vec::new();
    let mut step = |name, work: &dyn Fn() -> Result<(), Failure>| {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let result = work();
        if let Err(failure) = &result {
            eprintln!("{name}: {failure}");
        }
        done.push(Done {
            name,
            took: start.elapsed(),
            result,
        });
    };
    step("format", &|| {
        tree::run(&mut cargo(&["fmt", "--all", "--check"]))
    });
    step("tidy", &|| crate::tidy::run(&[]));
    step("clippy", &|| tree::run(&mut cargo(CLIPPY)));
    step("tests", &|| tree::run(&mut cargo(test_command())));
    if fuzz::exists(root) {
        step("fuzz corpus", &|| fuzz::replay(root, target));
    }
    step("gen", &|| crate::generate::check_built(root));
    done
}

const CLIPPY: &[&str] = &[
    "clippy",
    "--workspace",
    "--all-targets",
    "--locked",
    "--",
    "-D",
    "warnings",
];

/// nextest where it is installed; building it would take longer than it saves.
fn test_command() -> &'static [&'static str] {
    if tree::works(Command::new("cargo").args(["nextest", "--version"])) {
        &[
            "nextest",
            "run",
            "--workspace",
            "--locked",
            "--no-fail-fast",
        ]
    } else {
        &["test", "--workspace", "--locked", "--no-fail-fast"]
    }
}

fn report(done: &[Done], took: Duration) -> Result<(), Failure> {
    eprintln!();
    for step in done {
        let verdict = if step.result.is_ok() {
            "passed"
        } else {
            "FAILED"
        };
        say_step(&format!("{:<12} {verdict}", step.name), step.took);
    }
    let failed = done.iter().filter(|step| step.result.is_err()).count();
    let passed = done.len() - failed;
    say_step("all", took);
    crate::say(&format!("check: {passed} passed, {failed} failed"));
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{failed} of {} steps failed",
            done.len()
        )))
    }
}

fn say_step(what: &str, took: Duration) {
    crate::say(&format!("{what} in {} s", took.as_secs()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(result: Result<(), Failure>) -> Done {
        Done {
            name: "tests",
            took: Duration::ZERO,
            result,
        }
    }

    #[test]
    fn one_failed_step_fails_the_check() {
        assert!(report(&[done(Ok(()))], Duration::ZERO).is_ok());
        let failed = done(Err(Failure::new("a test failed")));
        assert!(report(&[done(Ok(())), failed], Duration::ZERO).is_err());
    }
}
