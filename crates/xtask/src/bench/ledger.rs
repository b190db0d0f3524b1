//! `cargo xtask bench ledger`: what the ledger costs: envelopes made durable, a receipt's bytes, proofs checked.
//!
//! In scope: running the measuring program, optimised. Out of scope: what it measures
//! (`crates/comity-node/examples/ledger_speed.rs`), two nodes (`link`).

use std::process::Command;

use crate::failure::Failure;
use crate::tree::run as run_program;

/// Runs the bench.
pub(crate) fn run() -> Result<(), Failure> {
    run_program(Command::new("cargo").args([
        "run",
        "--release",
        "--quiet",
        "--package",
        "comity-node",
        "--example",
        "ledger_speed",
    ]))
}
