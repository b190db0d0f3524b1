//! Development tasks: `cargo xtask check | tidy | gen | fuzz | bench | crash`.
//!
//! In scope: what a developer or CI runs besides `cargo` itself.
//! Out of scope: anything the `comity` binary needs at run time.
//!
//! A new task is one row of [`TASKS`] and one module.

mod bench;
mod check;
mod crash;
mod failure;
mod fuzz;
mod generate;
mod tidy;
mod tree;

use std::io::Write as _;
use std::process::ExitCode;

use failure::Failure;

/// One development task: its name, what it does, and the function that does it.
struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

/// Every task, in the order in which the help names them.
const TASKS: &[Task] = &[
    Task {
        name: "check",
        about: "install what the tests need, then run every check (what CI runs)",
        run: check::run,
    },
    Task {
        name: "tidy",
        about: "test the house rules: arrows, sizes, names, words, links, dependencies",
        run: tidy::run,
    },
    Task {
        name: "gen",
        about: "rewrite the generated documents; with --check only compare them",
        run: generate::run,
    },
    Task {
        name: "fuzz",
        about: "search for inputs that break a parser: [--seconds N] for each, else 600, [TARGET...], else all",
        run: fuzz::run,
    },
    Task {
        name: "bench",
        about: "measure side by side with peers; takes the bench's name",
        run: bench::run,
    },
    Task {
        name: "crash",
        about: "kill a node while clients post to it, and look for what it lost; takes --kills and --store",
        run: crash::run,
    },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        return usage(&name);
    };
    match (task.run)(&rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("cargo xtask {name}: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the tasks; asking for help is no mistake, an unknown name is.
fn usage(name: &str) -> ExitCode {
    let asked = matches!(name, "" | "help" | "--help" | "-h");
    if !asked {
        eprintln!("cargo xtask: there is no task {name:?}\n");
    }
    eprintln!("usage: cargo xtask TASK [ARGUMENTS]\n");
    for task in TASKS {
        eprintln!("  {:<8} {}", task.name, task.about);
    }
    if asked {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(2)
    }
}

/// Writes one line to standard output; a closed pipe is not worth a failure.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    if let Err(error) = written {
        eprintln!("cannot write to standard output: {error}");
    }
}
