//! `comity-sim --seeds A..B --jobs N` runs seeds; `--seed N --trace` shows what one led to.
//!
//! In scope: arguments and what is printed. Out of scope: the simulation.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use comity_sim::fault::Fault;
use comity_sim::node::Templates;
use comity_sim::run::{run, run_all};
use comity_sim::step::Weather;

const USAGE: &str = "usage: comity-sim --seeds A..B [--jobs N] [--survey] [--fault NAME] | --seed N [--trace] [--fault NAME]";

#[derive(Default)]
struct Arguments {
    seeds: Option<(u64, u64)>,
    seed: Option<u64>,
    jobs: usize,
    trace: bool,
    survey: bool,
    fault: Fault,
}

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let Some(arguments) = read(std::env::args().skip(1)) else {
        let said = writeln!(std::io::stderr(), "{USAGE}");
        drop(said);
        return ExitCode::from(2);
    };
    let done = match (arguments.seed, arguments.seeds) {
        (Some(seed), _) => one(&mut out, seed, &arguments),
        (None, Some(seeds)) if arguments.survey => survey(&mut out, seeds, arguments.fault),
        (None, Some(seeds)) => many(&mut out, seeds, &arguments),
        (None, None) => Ok(true),
    };
    if matches!(done, Ok(true)) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn read(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments {
        jobs: 1,
        ..Arguments::default()
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--survey" => arguments.survey = true,
            "--trace" => arguments.trace = true,
            "--jobs" => arguments.jobs = words.next()?.parse().ok()?,
            "--seed" => arguments.seed = Some(words.next()?.parse().ok()?),
            "--seeds" => {
                let range = words.next()?;
                let (first, end) = range.split_once("..")?;
                arguments.seeds = Some((first.parse().ok()?, end.parse().ok()?));
            }
            "--fault" => {
                let name = words.next()?;
                let known = Fault::ALL
                    .into_iter()
                    .find(|fault| format!("{fault:?}") == name);
                arguments.fault = known?;
            }
            _ => return None,
        }
    }
    (arguments.seed.is_some() || arguments.seeds.is_some()).then_some(arguments)
}

fn one(out: &mut impl std::io::Write, seed: u64, arguments: &Arguments) -> std::io::Result<bool> {
    let (result, trace) = run(
        seed,
        arguments.fault,
        &Templates::default(),
        arguments.trace,
    );
    for line in trace {
        writeln!(out, "{line}")?;
    }
    match result {
        Ok(()) => writeln!(out, "seed {seed}: everything held")?,
        Err(ref violation) => writeln!(out, "seed {seed}: {violation}")?,
    }
    Ok(result.is_ok())
}

/// Every seed that leads to a violation, a line each.
fn survey(out: &mut impl std::io::Write, seeds: (u64, u64), fault: Fault) -> std::io::Result<bool> {
    let templates = Templates::default();
    let mut held = true;
    for seed in seeds.0..seeds.1 {
        if let (Err(violation), _) = run(seed, fault, &templates, false) {
            held = false;
            writeln!(out, "seed {seed} ({:?}): {violation}", Weather::of(seed))?;
        }
    }
    Ok(held)
}

fn many(
    out: &mut impl std::io::Write,
    (first, end): (u64, u64),
    arguments: &Arguments,
) -> std::io::Result<bool> {
    let begun = Instant::now();
    let told = AtomicU64::new(0);
    let progress = |done: u64| {
        let second = begun.elapsed().as_secs() / 5;
        if told.swap(second, Ordering::Relaxed) < second {
            let rate = done / (second * 5).max(1);
            let said = writeln!(std::io::stderr(), "{done} seeds, {rate} a second");
            drop(said);
        }
    };
    let found = run_all(first..end, arguments.jobs, arguments.fault, &progress);
    let seconds = begun.elapsed().as_secs_f64();
    let Some(found) = found else {
        let count = end.saturating_sub(first);
        let rate = f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds;
        writeln!(
            out,
            "{count} seeds from {first}: everything held; {seconds:.1} s, {rate:.0} seeds a second"
        )?;
        return Ok(true);
    };
    for line in &found.trace {
        writeln!(out, "{line}")?;
    }
    let seed = found.seed;
    writeln!(out, "seed {seed}: {}", found.violation)?;
    writeln!(
        out,
        "again: cargo run -p comity-sim --release -- --seed {seed} --trace"
    )?;
    Ok(false)
}
