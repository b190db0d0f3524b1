//! `cargo xtask bench review`: a quarter's review pack worked out by both nodes, and by a stranger from exported evidence alone.
//!
//! In scope: running the measuring program, optimised. Out of scope: what it makes and measures
//! (`crates/comity-node/examples/review_quarter`).

use std::process::Command;

use crate::failure::Failure;
use crate::tree::run as run_program;

/// Runs the bench.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("comity-review-{}", std::process::id()));
    let ran = run_program(
        Command::new("cargo")
            .args([
                "run",
                "--release",
                "--quiet",
                "--package",
                "comity-node",
                "--example",
                "review_quarter",
                "--",
            ])
            .arg(&folder),
    );
    let _ = std::fs::remove_dir_all(&folder);
    ran
}
