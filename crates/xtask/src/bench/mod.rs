//! `cargo xtask bench NAME`: figures as ratios, each side by side with its peer in one run.
//!
//! Absolute figures of a shared machine say little; what a run prints besides ratios is there to check them by.
//!
//! In scope: choosing the bench. Out of scope: passing or failing; a bench only tells.

pub(crate) mod client;
mod handover;
mod ingest;
mod ledger;
mod link;
mod mail;
mod nginx;
mod node;
pub(crate) mod objects;
mod pages;
pub(crate) mod process;
mod review;
mod taxii;
mod web;

use crate::failure::Failure;

/// Runs the bench that is named.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments.split_first() {
        Some((name, rest)) if name == "taxii" => taxii::run(rest),
        Some((name, [])) if name == "link" => link::run(),
        Some((name, [])) if name == "ledger" => ledger::run(),
        Some((name, [])) if name == "handover" => handover::run(),
        Some((name, [])) if name == "review" => review::run(),
        Some((name, rest)) if name == "mail" => mail::run(rest),
        Some((name, rest)) if name == "web" => web::run(rest),
        _ => Err(Failure::new("which bench?").hint(
            "cargo xtask bench taxii [--sizes 1000,100000,1000000], link, ledger, handover, review, web [--objects N] [--cases N] or mail [accept|check|flood|guess|attacks]",
        )),
    }
}
