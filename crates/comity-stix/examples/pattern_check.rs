//! Reads patterns as JSON strings, one a line, on standard input and prints `valid` or why not for each.
//! `tests/python/patterns.py` compares these with the validator of stix2-patterns.
#![allow(clippy::print_stdout)]

use std::io::BufRead;

use comity_stix::json::{self, Limits};
use comity_stix::pattern;

const LIMITS: Limits = Limits {
    depth_max: 2,
    values_max: 1,
    properties_max: 1,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let value = json::parse(&line, &LIMITS)?;
        match pattern::parse(value.as_str().unwrap_or_default()) {
            Ok(_) => println!("valid"),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}
