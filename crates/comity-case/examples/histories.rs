//! Runs ten thousand histories of two parties, or those from a seed on, and prints what happened in them.
//!
//! `cargo run --release -p comity-case --example histories [first seed]`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "the model is that of the tests"
)]

#[path = "../tests/histories/agreement.rs"]
mod agreement;
#[path = "../tests/histories/model.rs"]
mod model;
#[path = "../tests/histories/speech.rs"]
mod speech;

use std::io::Write;

const HISTORIES: u64 = 10_000;

fn main() -> std::io::Result<()> {
    let first = std::env::args().nth(1).and_then(|seed| seed.parse().ok());
    let first = first.unwrap_or(0);
    let counts = agreement::run(first..first + HISTORIES, &model::accord());
    writeln!(std::io::stdout(), "{HISTORIES} histories agree: {counts:?}")
}
