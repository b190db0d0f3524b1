//! The review pack of a quarter, measured: `cargo xtask bench review` runs this.
//!
//! A quarter of 500 requests, 40 hotline calls, 200 checks and 3 exercises is made between two nodes, and then worked out three times,
//! each in a process of its own: at either node, and from what one of them exported, by whoever trusts neither.
#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod measure;
#[path = "../../tests/pair/mod.rs"]
#[allow(dead_code)]
mod pair;
mod timeline;

use std::path::Path;
use std::process::Command;

use pair::{Done, NAMES, text};
use serde_json::Value;

fn main() -> Done<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["node", folder, party, other] => measure::node(Path::new(folder), party, other),
        ["export", folder, party, evidence] => {
            measure::export(Path::new(folder), party, Path::new(evidence))
        }
        ["offline", evidence, accord] => measure::offline(Path::new(evidence), Path::new(accord)),
        [folder] => all(Path::new(folder)),
        _ => Err("name a folder that is new".into()),
    }
}

/// Makes the quarter and has every result worked out by a process of its own.
fn all(folder: &Path) -> Done<()> {
    let quarter = folder.join("quarter");
    let evidence = folder.join("evidence");
    let accord = quarter.join("accord.toml");
    let (messages, seconds) = timeline::make(&quarter)?;
    println!("{messages} messages made and carried in {seconds:.0} s\n");
    println!("| what | time | peak memory |\n|---|---|---|");
    let path = |path: &Path| path.display().to_string();
    let [alpha, bravo] = NAMES;
    let steps: [(String, Vec<String>); 4] = [
        (
            format!("scorecard and paper at {alpha}'s node"),
            vec!["node".into(), path(&quarter), alpha.into(), bravo.into()],
        ),
        (
            format!("scorecard and paper at {bravo}'s node"),
            vec!["node".into(), path(&quarter), bravo.into(), alpha.into()],
        ),
        (
            format!("evidence exported by {alpha}"),
            vec![
                "export".into(),
                path(&quarter),
                alpha.into(),
                path(&evidence),
            ],
        ),
        (
            "scorecard and paper from that evidence alone, verified first".to_owned(),
            vec!["offline".into(), path(&evidence), path(&accord)],
        ),
    ];
    let mut results = Vec::new();
    for (what, words) in steps {
        let run = Command::new(std::env::current_exe()?)
            .args(words)
            .output()?;
        if !run.status.success() {
            return Err(String::from_utf8_lossy(&run.stderr).into_owned().into());
        }
        let said: Value = serde_json::from_slice(&run.stdout)?;
        println!(
            "| {what} | {} s | {} MB |",
            said["seconds"], said["peak_mb"]
        );
        if said["scorecard"].is_string() {
            results.push((
                text(&said, "scorecard"),
                text(&said, "review"),
                said["messages"].clone(),
            ));
        }
    }
    let equal = results.len() == 3 && results.windows(2).all(|two| two[0] == two[1]);
    let word = if equal { "equal" } else { "NOT equal" };
    println!(
        "\nfrom {} messages in the evaluation set; the three results are {word}",
        results[0].2
    );
    if equal {
        Ok(())
    } else {
        Err(format!("{results:?}").into())
    }
}
