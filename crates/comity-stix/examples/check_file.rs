//! Validates the objects of a bundle or an envelope: `check_file FILE` prints every problem, MUST before SHOULD.
#![allow(clippy::print_stdout)]

use comity_stix::envelope::{EnvelopeLimits, read};
use comity_stix::validate::validate;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("name a file: check_file FILE")?;
    let body = std::fs::read(&path)?;
    let objects = read(&body, &EnvelopeLimits::EXCHANGE)?;
    let mut lines: Vec<(_, String)> = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let found = validate(object).into_iter();
        lines.extend(found.map(|problem| {
            (
                problem.severity,
                format!("{:?} object {at}: {problem}", problem.severity),
            )
        }));
    }
    lines.sort();
    for (_, line) in &lines {
        println!("{line}");
    }
    println!("{} objects, {} problems", objects.len(), lines.len());
    Ok(())
}
