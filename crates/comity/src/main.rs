//! `comity`: a cyber-threat information exchange for parties that cooperate without fully trusting each other.
//!
//! In scope: reading the command line and the settings, wiring the crates together, exit codes.
//! Out of scope: everything that a command does, which is one call of `comity-node`.

mod backend;
mod cli;
mod commands;
mod demo;
mod failure;
mod output;
mod settings;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}
