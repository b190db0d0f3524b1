//! One result each, with its time and the peak of this process's memory.
//!
//! In scope: a node's own result, its export, the result of a stranger. Out of scope: making the quarter (`timeline`).

use std::path::Path;
use std::time::Instant;

use comity_accord::evaluation::period::Stretch;
use comity_accord::text::AccordText;
use comity_node::case::command::CaseCommand;
use comity_node::case::offline::scorecard;
use comity_node::clock::Clock;
use comity_node::exchange::command::ExchangeCommand;
use comity_node::folder::{self, Place};
use comity_node::ledger::View;
use comity_node::ledger::command::{LedgerCommand, read_folders};
use comity_node::ledger::files::DiskFiles;
use comity_node::ledger::verify::verify;
use comity_node::node::{Node, NodeLimits};
use serde_json::{Value, json};

use crate::pair::{Done, NAMES, case, text};

const PERIOD: &str = "2026-Q3";
/// A day after the quarter: 2026-10-02.
const AS_OF: (i64, &str) = (1_790_899_200, "2026-10-02T00:00:00Z");
/// Folders that are asked for at a time.
const FOLDERS: usize = 256;

fn open(folder: &Path, party: &str) -> Done<Node> {
    let clock = Clock::System;
    let opened = folder::open(&folder.join(party), &Place::Embedded, &clock)?;
    Ok(Node::new(opened, clock, NodeLimits::default()))
}

/// Says what was worked out, since when, and how much memory it took at most.
fn say(began: Instant, mut result: Value) -> Done<()> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: f64 = peak
        .and_then(|rest| rest.split_whitespace().next())
        .ok_or("no VmHWM")?
        .parse()?;
    result["seconds"] = json!((began.elapsed().as_secs_f64() * 100.0).round() / 100.0);
    result["peak_mb"] = json!((peak / 1024.0).round());
    println!("{result}");
    Ok(())
}

/// What a node works out.
pub(crate) fn node(folder: &Path, party: &str, other: &str) -> Done<()> {
    let began = Instant::now();
    let node = open(folder, party)?;
    let paper = case(
        &node,
        CaseCommand::Paper {
            party: other.to_owned(),
            period: PERIOD.to_owned(),
            as_of: Some(AS_OF.1.to_owned()),
        },
    )?;
    let content = &paper["content"];
    let result = json!({
        "scorecard": content["scorecard"], "review": paper["hash"], "messages": content["set"]["messages"],
    });
    say(began, result)
}

/// What a node exports, and the accord's text beside it.
pub(crate) fn export(folder: &Path, party: &str, evidence: &Path) -> Done<()> {
    let began = Instant::now();
    let node = open(folder, party)?;
    let accords = node.exchange(ExchangeCommand::Accords)?;
    std::fs::write(folder.join("accord.toml"), text(&accords[0], "text"))?;
    let viewed = node.ledger(LedgerCommand::View { contents: true })?;
    let view: View = serde_json::from_value(viewed["view"].clone())?;
    let mut paths = vec![String::new()];
    while !paths.is_empty() {
        let asked = paths.split_off(paths.len().saturating_sub(FOLDERS));
        let answer = node.ledger(LedgerCommand::Folders {
            paths: asked.clone(),
            view: view.clone(),
        })?;
        let listings = read_folders(&answer).filter(|listings| !listings.is_empty());
        let listings = listings.ok_or("no folders")?;
        paths.extend(asked.iter().skip(listings.len()).cloned());
        for (path, listing) in asked.iter().zip(listings) {
            std::fs::create_dir_all(evidence.join(path))?;
            for (name, bytes) in &listing.files {
                std::fs::write(evidence.join(path).join(name), bytes)?;
            }
            let below = listing.folders.iter();
            paths.extend(below.map(|name| {
                if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}/{name}")
                }
            }));
        }
    }
    say(began, json!({}))
}

/// What a stranger works out from evidence that it verifies first.
pub(crate) fn offline(evidence: &Path, accord: &Path) -> Done<()> {
    let began = Instant::now();
    let accord = AccordText::parse(&std::fs::read_to_string(accord)?)?;
    let mut files = DiskFiles::new(evidence);
    if !verify(&mut files)?.is_sound() {
        return Err("the evidence does not hold".into());
    }
    let period = Stretch::parse(PERIOD).ok_or("no period")?;
    let made = scorecard(&mut files, &accord, NAMES, (period, AS_OF.0))?;
    let paper = made.paper.ok_or("no paper")?;
    let result = json!({
        "scorecard": made.scorecard.hash().to_string(), "review": paper.hash.to_string(), "messages": made.set.len(),
    });
    say(began, result)
}
