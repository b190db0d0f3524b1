//! `cargo xtask bench taxii`: pages, ingest, single objects, reopening and memory of a node.
//!
//! In scope: the order of the measurements. Out of scope: each of them.

use std::path::Path;
use std::time::Duration;

use crate::bench::ingest::{fill, float, singles};
use crate::bench::node::BenchNode;
use crate::bench::pages::{against_nginx, one_page, sweep};
use crate::failure::Failure;
use crate::tree;

/// Collection sizes that are measured, unless others are named.
const SIZES: &[u64] = &[1_000, 100_000, 1_000_000];
/// How long compressed blocks may take to be built after an ingest.
const BLOCKS_SECONDS: u64 = 600;

/// Runs the bench.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let sizes = match arguments {
        [] => SIZES.to_vec(),
        [flag, list] if flag == "--sizes" => sizes(list)?,
        _ => return Err(Failure::new("bench taxii takes --sizes N,N,…")),
    };
    let folder = tree::target_directory(&tree::root()?)?.join("bench-taxii");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    let node_folder = folder.join("node");
    let mut node = BenchNode::make(&node_folder)?;
    node.start()?;
    let (idle, _) = node.process()?.memory_mb()?;
    crate::say(&format!("idle node | {idle:.0} MB resident (target 80)"));
    let mut done = 0;
    let mut first_of_all = None;
    for size in sizes {
        fill(&node, &folder, done, size)?;
        done = size;
        let (now, peak) = node.process()?.memory_mb()?;
        crate::say(&format!(
            "memory at {size} objects after ingest | {now:.0} MB resident, {peak:.0} MB peak"
        ));
        wait_for_blocks(&node)?;
        against_nginx(&node, &folder, size)?;
        sweep(&node, &folder, size)?;
        let first = one_page(&node, "?limit=1000")?.cpu_micros;
        let deep = one_page(
            &node,
            &format!("?limit=1000&added_after={}", near_the_end(&node, size)?),
        )?
        .cpu_micros;
        let base = *first_of_all.get_or_insert(first);
        crate::say(&format!(
            "depth at {size} objects | page at 99 % {:.2} x the first page (target 1.2) | first page {:.2} x that of the smallest size (target 1.2)",
            deep / first,
            first / base
        ));
        reopen(&mut node, size)?;
        disk(&node_folder, size)?;
    }
    singles(&node, &folder)
}

fn sizes(list: &str) -> Result<Vec<u64>, Failure> {
    let parsed = list.split(',').map(|n| {
        n.parse()
            .map_err(|_| Failure::new(format!("{n:?} is no number")))
    });
    parsed.collect()
}

/// Waits until the node has nothing left to compress: its processor time stands still.
fn wait_for_blocks(node: &BenchNode) -> Result<(), Failure> {
    let process = node.process()?;
    for _ in 0..BLOCKS_SECONDS / 2 {
        let before = process.cpu_seconds()?;
        std::thread::sleep(Duration::from_secs(2));
        if process.cpu_seconds()? - before < 0.03 {
            return Ok(());
        }
    }
    Ok(())
}

/// A `date_added` behind which one per cent of the collection lies.
fn near_the_end(node: &BenchNode, size: u64) -> Result<String, Failure> {
    let mut connection = node.connect()?;
    let path = node.get("").replace("/objects/", "/manifest/");
    // The first and the last time bound a search by halves for the moment with about a hundredth behind it.
    let ask = |connection: &mut crate::bench::client::Connection, query: &str| {
        let head = path.replace("/manifest/ ", &format!("/manifest/{query} "));
        let answer = connection.ask(&head, b"")?;
        serde_json::from_slice::<serde_json::Value>(&answer.body)
            .map_err(|error| Failure::new(format!("manifest: {error}")))
    };
    let head = ask(&mut connection, "?limit=1")?;
    let added = |value: &serde_json::Value| {
        value
            .pointer("/objects/0/date_added")
            .and_then(|v| v.as_str())
            .map(str::to_owned)
    };
    let mut at = added(&head).ok_or_else(|| Failure::new("the manifest is empty"))?;
    // Pages of a thousand, skipping by `next` would read everything: the position of a `next` is its first part.
    let target = size * 99 / 100;
    let mut position = 0;
    while position + 1000 <= target {
        let page = ask(&mut connection, &format!("?limit=1000&added_after={at}"))?;
        let last = page
            .get("objects")
            .and_then(|o| o.as_array())
            .and_then(|o| o.last().cloned());
        let Some(last) = last else { break };
        let added = last.get("date_added").and_then(|v| v.as_str());
        added.unwrap_or_default().clone_into(&mut at);
        position += 1000;
    }
    Ok(at)
}

/// Kills the node and starts it again.
fn reopen(node: &mut BenchNode, size: u64) -> Result<(), Failure> {
    node.kill();
    let took = node.start()?;
    let answer = node.connect()?.ask(&node.get("?limit=1"), b"")?;
    let (now, _) = node.process()?.memory_mb()?;
    crate::say(&format!(
        "reopen after kill -9 at {size} objects | {:.0} ms until it listens (target 1000) | {now:.0} MB resident (target 600 at 10 million) | status {}",
        took.as_secs_f64() * 1000.0,
        answer.status
    ));
    Ok(())
}

fn disk(folder: &Path, size: u64) -> Result<(), Failure> {
    let mut total = 0;
    let mut raw = 0;
    for place in [folder.to_owned(), folder.join("objects")] {
        let listing = std::fs::read_dir(&place).map_err(|error| Failure::at(&place, &error))?;
        for item in listing.flatten() {
            let length = item
                .metadata()
                .map_or(0, |meta| if meta.is_file() { meta.len() } else { 0 });
            total += length;
            if item.file_name().to_string_lossy().starts_with("segment-") {
                raw += length;
            }
        }
    }
    let (total, raw) = (
        float(usize::try_from(total).unwrap_or(0)),
        float(usize::try_from(raw).unwrap_or(0)),
    );
    crate::say(&format!(
        "disk at {size} objects | {:.0} MB, {:.2} x the log",
        total / 1e6,
        total / raw
    ));
    Ok(())
}
