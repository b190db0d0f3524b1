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

use std::io::Write;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

fn main() -> ExitCode {
    let matches = match cli::Cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return misread(&error),
    };
    let data = cli::data_given(&matches);
    let cli = match cli::Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return misread(&error),
    };
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(data.as_deref());
            failure.exit_code()
        }
    }
}

/// The command line could not be read, or asks for help.
fn misread(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        error.exit();
    }
    let text = error.render().to_string();
    let text = text.replace(
        "For more information, try '--help'.",
        "hint: the same command with --help shows what it takes",
    );
    // When nobody listens any more there is nothing left to do.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    ExitCode::from(2)
}
