//! Ingest: envelopes over TAXII beside a plain write and sync of the same bytes, and single objects by many clients.
//!
//! In scope: rates, processor time, bytes written. Out of scope: pages.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::bench::node::BenchNode;
use crate::bench::objects::{envelope, object};
use crate::failure::Failure;

/// Objects in an envelope.
const BATCH: u64 = 1000;
/// How long the single-object rounds last.
const SINGLE: Duration = Duration::from_secs(5);

/// What filling a node cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filled {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) raw_bytes: f64,
    pub(crate) written_bytes: f64,
    pub(crate) objects: f64,
}

/// Posts objects `from..to` in envelopes of 1000, one after the other, and prints a row beside a plain write.
pub(crate) fn fill(node: &BenchNode, folder: &Path, from: u64, to: u64) -> Result<Filled, Failure> {
    let process = node.process()?;
    let (cpu, written) = (process.cpu_seconds()?, process.written_bytes()?);
    let mut connection = node.connect()?;
    let head = node.post();
    let mut spent = Duration::ZERO;
    let mut raw = 0;
    let mut plain = Plain::open(folder)?;
    let mut number = from;
    while number < to {
        let count = BATCH.min(to - number);
        // Made outside the clock: the client is not what is measured.
        let body = envelope(1, number, count).into_bytes();
        raw += body.len();
        let began = Instant::now();
        let answer = connection.ask(&head, &body)?;
        spent += began.elapsed();
        if answer.status != 202 {
            return Err(Failure::new(format!(
                "{}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            )));
        }
        if (number / BATCH).is_multiple_of(20) {
            plain.write(&body)?;
        }
        number += count;
    }
    let filled = Filled {
        seconds: spent.as_secs_f64(),
        cpu_seconds: process.cpu_seconds()? - cpu,
        raw_bytes: float(raw),
        written_bytes: process.written_bytes()? - written,
        objects: float(usize::try_from(to - from).unwrap_or(0)),
    };
    let per_second = filled.objects / filled.seconds;
    let plain_per_second = float(usize::try_from(BATCH).unwrap_or(0)) / plain.seconds_each();
    crate::say(&format!(
        "ingest {from}..{to}, envelopes of {BATCH} | {per_second:.0} objects/s (target 20000) | {:.1} us CPU an object (target 50) \
         | written {:.2} of raw (target 4) | plain write+fsync of the same bytes {plain_per_second:.0} objects/s, ratio {:.2}",
        filled.cpu_seconds * 1e6 / filled.objects,
        filled.written_bytes / filled.raw_bytes,
        per_second / plain_per_second
    ));
    Ok(filled)
}

/// Single objects: 32 clients against one client's plain write and sync, which is all that one client could do.
pub(crate) fn singles(node: &BenchNode, folder: &Path) -> Result<(), Failure> {
    let mut plain = Plain::open(folder)?;
    let body = object(9, 0).into_bytes();
    let began = Instant::now();
    while began.elapsed() < SINGLE {
        plain.write(&body)?;
    }
    let fsyncs = 1.0 / plain.seconds_each();
    let one = posts_a_second(node, 1, 2)?;
    let many = posts_a_second(node, 32, 3)?;
    crate::say(&format!(
        "single POST | 32 clients {many:.0}/s = {:.1} x the plain fsync rate of one client ({fsyncs:.0}/s; target 8) \
         | 1 client {one:.0}/s = {:.2} x",
        many / fsyncs,
        one / fsyncs
    ));
    Ok(())
}

fn posts_a_second(node: &BenchNode, clients: u64, seed: u64) -> Result<f64, Failure> {
    let counts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|client| scope.spawn(move || post_singles(node, seed * 1000 + client)))
            .collect();
        threads
            .into_iter()
            .map(|t| {
                t.join()
                    .unwrap_or_else(|_| Err(Failure::new("a client failed")))
            })
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(float(counts.iter().sum()) / SINGLE.as_secs_f64())
}

fn post_singles(node: &BenchNode, seed: u64) -> Result<usize, Failure> {
    let mut connection = node.connect()?;
    let head = node.post();
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < SINGLE {
        let body = envelope(seed, u64::try_from(count).unwrap_or(0), 1);
        let answer = connection.ask(&head, body.as_bytes())?;
        if answer.status != 202 {
            return Err(Failure::new(format!(
                "{}: {}",
                answer.status,
                String::from_utf8_lossy(&answer.body)
            )));
        }
        count += 1;
    }
    Ok(count)
}

/// Plain writes, each synced.
struct Plain {
    file: File,
    spent: Duration,
    writes: usize,
}

impl Plain {
    fn open(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join("plain");
        let file = File::create(&path).map_err(|error| Failure::at(&path, &error))?;
        Ok(Self {
            file,
            spent: Duration::ZERO,
            writes: 0,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let began = Instant::now();
        let written = self
            .file
            .write_all(bytes)
            .and_then(|()| self.file.sync_data());
        written.map_err(|error| Failure::new(format!("plain write: {error}")))?;
        self.spent += began.elapsed();
        self.writes += 1;
        Ok(())
    }

    fn seconds_each(&self) -> f64 {
        self.spent.as_secs_f64() / float(self.writes.max(1))
    }
}

/// Counts of a bench stay far below what a double holds exactly.
pub(crate) fn float(number: usize) -> f64 {
    u32::try_from(number).map_or_else(
        |_| number.to_string().parse().unwrap_or(f64::MAX),
        f64::from,
    )
}
