//! Load on the receiving side of mail, and what it costs: the program that `cargo xtask bench mail` runs, optimised.
//!
//! Each command prints its figures as one JSON object on standard output.
//!
//! In scope: a corpus, clients of a server that runs elsewhere, checking the corpus, guessing addresses. Out of scope: starting
//! nodes and peers, comparing with them (`xtask`).
//!
//!     mail_load corpus FOLDER COUNT                       writes mails, the DNS records about them, who sent them
//!     mail_load check FOLDER ROUNDS                       guards, reads and authenticates them, writes verdicts
//!     mail_load send ADDRESS RECIPIENT FOLDER CLIENTS FROM TO
//!     mail_load flood ADDRESS RECIPIENT FOLDER SECONDS
//!     mail_load guess ROUNDS GUESSES

// Clocks and tasks of its own: it is no node.
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

mod check;
mod client;
mod corpus;
mod figures;
mod flood;
mod guess;
mod names;
mod send;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// Whatever went wrong; whoever runs a bench reads it.
pub(crate) type Failed = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("mail_load {}: {error}", words.join(" "));
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<serde_json::Value, Failed> {
    match words {
        ["corpus", folder, count] => corpus::write(Path::new(folder), count.parse()?),
        ["check", folder, rounds] => check::run(Path::new(folder), rounds.parse()?),
        ["send", address, recipient, folder, clients, from, to] => {
            let part = from.parse()?..to.parse()?;
            let server = (address.parse()?, *recipient);
            send::run(server, Path::new(folder), clients.parse()?, part)
        }
        ["flood", address, recipient, folder, seconds] => {
            let server = (address.parse()?, *recipient);
            flood::run(server, Path::new(folder), seconds.parse()?)
        }
        ["guess", rounds, guesses] => guess::run(rounds.parse()?, guesses.parse()?),
        _ => Err("corpus, check, send, flood or guess, with what each takes".into()),
    }
}
