//! Reads observables as JSON lines on standard input and prints the deterministic id of each, `none` where it
//! has none. `tests/python/observable_ids.py` compares these with python-stix2.
#![allow(clippy::print_stdout)]

use std::io::BufRead;

use comity_stix::deterministic_id;
use comity_stix::json::{self, Limits};

const LIMITS: Limits = Limits {
    depth_max: 64,
    values_max: 100_000,
    properties_max: 10_000,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let id = deterministic_id::of(&json::parse(&line, &LIMITS)?);
        println!(
            "{}",
            id.map_or_else(|| "none".to_owned(), |id| id.to_string())
        );
    }
    Ok(())
}
