//! Runs: a seed from its beginning to its end, and many of them.
//!
//! In scope: one seed, a range of seeds in threads. Out of scope: what a seed leads to (`world`, `step`).

use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::fault::Fault;
use crate::invariants::Violation;
use crate::node::Templates;
use crate::step::Weather;
use crate::world::World;

/// How many steps a world goes through before it heals.
pub const STEPS: u64 = 24;

/// A seed that led to a violation.
#[derive(Debug)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// What did not hold.
    pub violation: Violation,
    /// What happened until then.
    pub trace: Vec<String>,
}

/// Runs a seed; the trace is kept if somebody wants to read it.
pub fn run(
    seed: u64,
    fault: Fault,
    templates: &Templates,
    traced: bool,
) -> (Result<(), Violation>, Vec<String>) {
    let mut world = match World::new(seed, fault, templates) {
        Ok(world) => world,
        Err(violation) => return (Err(violation), Vec::new()),
    };
    world.trace = traced.then(Vec::new);
    let result = live(&mut world, seed);
    (result, world.trace.unwrap_or_default())
}

fn live(world: &mut World, seed: u64) -> Result<(), Violation> {
    let weather = Weather::of(seed);
    for _ in 0..STEPS {
        let fault = world.fault;
        fault.tamper(world)?;
        world.step(weather)?;
    }
    world.settle()
}

/// Runs seeds in `jobs` threads until one leads to a violation; `progress` hears how many are done.
pub fn run_all(
    seeds: Range<u64>,
    jobs: usize,
    fault: Fault,
    progress: &(dyn Fn(u64) + Sync),
) -> Option<Found> {
    let templates = Templates::default();
    let next = AtomicU64::new(seeds.start);
    let stop = AtomicBool::new(false);
    let found: Mutex<Option<Found>> = Mutex::default();
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            if run(seed, fault, &templates, false).0.is_err() {
                stop.store(true, Ordering::Relaxed);
                let (result, trace) = run(seed, fault, &templates, true);
                if let Err(violation) = result {
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    if found.as_ref().is_none_or(|found| found.seed > seed) {
                        *found = Some(Found {
                            seed,
                            violation,
                            trace,
                        });
                    }
                }
            }
            progress(seed + 1 - seeds.start);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(work);
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}
