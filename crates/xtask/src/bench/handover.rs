//! `cargo xtask bench handover`: an evidence item of a gigabyte from one node to another, over a line that is cut three times.
//!
//! In scope: how long each part takes, the memory of both nodes. Out of scope: that it is right (the tests), slow lines.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::ingest::float;
use crate::bench::link::{agree, enrol, json, until};
use crate::bench::node::BenchNode;
use crate::failure::Failure;
use crate::tree;

/// The item: a gigabyte.
const ITEM_BYTES: u64 = 1_000_000_000;
/// After so many bytes the line is cut, each time.
const CUTS: [u64; 3] = [200_000_000, 450_000_000, 800_000_000];

/// Runs the bench.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = tree::target_directory(&tree::root()?)?.join("bench-handover");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))?;
    let mut alpha = BenchNode::make_party(&folder.join("alpha"), "alpha")?;
    let mut bravo = BenchNode::make_party(&folder.join("bravo"), "bravo")?;
    let line = Line::default();
    enrol(&mut alpha, &mut bravo, &folder, |address| {
        line.lead_to(address)
    })?;
    agree(&alpha, &bravo, &folder)?;
    let path = folder.join("item");
    let plain = fill(&path)?;
    measure(&alpha, &bravo, &line, &path, plain)?;
    // Three gigabytes are left behind otherwise.
    std::fs::remove_dir_all(&folder).map_err(|error| Failure::at(&folder, &error))
}

fn measure(
    alpha: &BenchNode,
    bravo: &BenchNode,
    line: &Line,
    path: &Path,
    plain: Duration,
) -> Result<(), Failure> {
    let idle = (
        alpha.process()?.memory_mb()?.1,
        bravo.process()?.memory_mb()?.1,
    );
    let began = Instant::now();
    let id = take_in(alpha, path)?;
    let added = began.elapsed();
    let id = id.as_str();
    line.cut_from_now();
    let began = Instant::now();
    alpha.command(&["evidence", "transfer", id, "--to", "bravo"], "")?;
    let offered = began.elapsed();
    until("the item", || {
        let rows = json(bravo, &["evidence", "list"])?;
        let state = rows.pointer("/0/crossing/state").and_then(Value::as_str);
        Ok(state == Some("whole"))
    })?;
    let arrived = began.elapsed().saturating_sub(offered);
    let began = Instant::now();
    bravo.command(&["evidence", "accept", id], "")?;
    let accepted = began.elapsed();
    until("the signature", || {
        let rows = json(alpha, &["evidence", "list"])?;
        Ok(rows.pointer("/0/holder").and_then(Value::as_str) == Some("bravo"))
    })?;
    let rate = |time: Duration| float(1_000) / time.as_secs_f64();
    crate::say(&format!(
        "1 GB taken in, hashed three ways | {:.1} s, {:.0} MB/s | written and synced plainly: {:.1} s",
        added.as_secs_f64(),
        rate(added),
        plain.as_secs_f64()
    ));
    crate::say(&format!(
        "1 GB from alpha to bravo, cut {} times, whole and synced | {:.1} s, {:.0} MB/s | {:.3} of its bytes passed the line",
        line.cuts(),
        arrived.as_secs_f64(),
        rate(arrived),
        line.passed_share(),
    ));
    crate::say(&format!(
        "hashed before the offer, and before the signature | {:.1} s, {:.1} s",
        offered.as_secs_f64(),
        accepted.as_secs_f64()
    ));
    for (node, name, idle) in [(alpha, "alpha", idle.0), (bravo, "bravo", idle.1)] {
        let (_, peak) = node.process()?.memory_mb()?;
        crate::say(&format!(
            "{name}'s memory | {peak:.0} MB peak (VmHWM) | {idle:.0} MB before the item"
        ));
    }
    Ok(())
}

/// Takes the item in; answers its name.
fn take_in(node: &BenchNode, path: &Path) -> Result<String, Failure> {
    let file = path.display().to_string();
    let said = [
        ("--source", "bench"),
        ("--acquired", "2026-10-01"),
        ("--how", "made"),
        ("--tool", "bench"),
        ("--legal-basis", "none"),
        ("--tlp", "amber"),
    ];
    let words = said.iter().flat_map(|(name, value)| [*name, *value]);
    let arguments: Vec<&str> = ["evidence", "add", &file]
        .into_iter()
        .chain(words)
        .collect();
    Ok(node.command(&arguments, "")?.trim().to_owned())
}

/// Writes the item; answers how long the disk took for it.
fn fill(path: &Path) -> Result<Duration, Failure> {
    let failed = |error| Failure::at(path, &error);
    let mut file = File::create(path).map_err(failed)?;
    let mut buffer = vec![0_u8; 1_000_000];
    let mut number = 1_u64;
    let began = Instant::now();
    let mut left = ITEM_BYTES;
    while left > 0 {
        for place in buffer.as_chunks_mut::<8>().0 {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            *place = number.to_be_bytes();
        }
        file.write_all(&buffer).map_err(failed)?;
        left -= 1_000_000;
    }
    file.sync_all().map_err(failed)?;
    Ok(began.elapsed())
}

/// A line through which everything passes, and which breaks off.
#[derive(Clone, Default)]
struct Line(Arc<Mutex<Passed>>);

#[derive(Default)]
struct Passed {
    bytes: u64,
    armed: bool,
    cuts: usize,
    open: Vec<TcpStream>,
}

impl Line {
    fn lock(&self) -> std::sync::MutexGuard<'_, Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut_from_now(&self) {
        let mut passed = self.lock();
        passed.bytes = 0;
        passed.armed = true;
    }

    fn cuts(&self) -> usize {
        self.lock().cuts
    }

    fn passed_share(&self) -> f64 {
        let kilobytes = |bytes: u64| float(usize::try_from(bytes / 1_000).unwrap_or(0));
        kilobytes(self.lock().bytes) / kilobytes(ITEM_BYTES)
    }

    /// An address that leads to another one.
    fn lead_to(&self, address: &str) -> Result<String, Failure> {
        let failed = |error| Failure::new(format!("no port: {error}"));
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let own = listener.local_addr().map_err(failed)?.to_string();
        let (line, address) = (self.clone(), address.to_owned());
        // Ends with the process.
        std::thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                if let Ok(called) = TcpStream::connect(&address) {
                    line.pump(&caller, &called);
                    line.pump(&called, &caller);
                }
            }
        });
        Ok(own)
    }

    fn pump(&self, from: &TcpStream, to: &TcpStream) {
        let (Ok(mut from), Ok(mut to), Ok(kept)) =
            (from.try_clone(), to.try_clone(), from.try_clone())
        else {
            return;
        };
        self.lock().open.push(kept);
        let line = self.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let bytes = buffer.get(..count).unwrap_or_default();
                if !line.passes(count) || to.write_all(bytes).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
            let _ = from.shutdown(Shutdown::Both);
        });
    }

    fn passes(&self, count: usize) -> bool {
        let mut passed = self.lock();
        passed.bytes += u64::try_from(count).unwrap_or(0);
        let due = CUTS.get(passed.cuts).is_some_and(|at| passed.bytes > *at);
        if !passed.armed || !due {
            return true;
        }
        passed.cuts += 1;
        for stream in passed.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        false
    }
}
