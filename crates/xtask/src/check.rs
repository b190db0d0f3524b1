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
use crate::generate::Compiler;
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
    // Does one, and says whether it passed.
    let mut step = |name, work: &dyn Fn() -> Result<(), Failure>| {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let result = work();
        if let Err(failure) = &result {
            eprintln!("{name}: {failure}");
        }
        let passed = result.is_ok();
        done.push(Done {
            name,
            took: start.elapsed(),
            result,
        });
        passed
    };
    step("format", &|| {
        tree::run(&mut cargo(&["fmt", "--all", "--check"]))
    });
    step("tidy", &|| crate::tidy::run(&[]));
    // Clippy stands in for the compiler: what it has looked at is built, and tested as it is. `cargo clippy` compiles every dependency for
    // itself alone.
    let linted = linting();
    let by = |compiler: &Compiler, arguments: &[&str]| {
        let mut command = cargo(arguments);
        command.envs(compiler.clone());
        tree::run(&mut command)
    };
    let clean = step("clippy", &|| match &linted {
        Some(linted) => by(linted, BUILD),
        None => by(&Compiler::new(), CLIPPY),
    });
    // What clippy refuses is not built by it; it is tested all the same.
    let compiler = linted.as_ref().filter(|_| clean);
    let compiler = compiler.cloned().unwrap_or_default();
    step("tests", &|| by(&compiler, test_command()));
    if fuzz::exists(root) {
        step("fuzz corpus", &|| fuzz::replay(root, target, &compiler));
    }
    step("gen", &|| crate::generate::check_built(root, &compiler));
    done
}

/// Clippy in the place of the compiler for the project's own crates, where there is one; a warning is an error.
fn linting() -> Option<Compiler> {
    let asked = Command::new("rustc").args(["--print", "sysroot"]).output();
    let sysroot = String::from_utf8(asked.ok()?.stdout).ok()?;
    let driver = Path::new(sysroot.trim()).join("bin/clippy-driver");
    let is_there = driver.is_file();
    let said = [
        ("RUSTC_WORKSPACE_WRAPPER", driver.into_os_string()),
        ("CLIPPY_ARGS", DENY.into()),
    ];
    is_there.then(|| said.to_vec())
}

/// The same as `-- -D warnings` of `cargo clippy`.
const DENY: &str = "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__";

const BUILD: &[&str] = &["build", "--workspace", "--all-targets", "--locked"];

/// The same where there is no clippy that could stand in for the compiler.
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

    #[test]
    fn clippy_in_the_place_of_the_compiler_refuses_what_clippy_refuses() {
        let Some(linted) = linting() else {
            eprintln!("skipped: there is no clippy-driver");
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        let package = "[package]\nname = \"linted\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n";
        write("Cargo.toml", package).unwrap();
        let build = |source: &str| {
            write("lib.rs", source).unwrap();
            let mut cargo = Command::new("cargo");
            cargo.args(["build", "--offline", "--target-dir", "target"]);
            cargo.current_dir(folder.path());
            cargo.envs(linted.clone());
            let done = cargo.output().unwrap();
            (
                done.status.success(),
                String::from_utf8_lossy(&done.stderr).into_owned(),
            )
        };
        let (passed, said) = build("//! Fine.\n");
        assert!(passed, "{said}");
        let (passed, said) = build("//! Not.\npub fn one() -> u8 {\n    return 1;\n}\n");
        assert!(!passed && said.contains("needless_return"), "{said}");
    }

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
