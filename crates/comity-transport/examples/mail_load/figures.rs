//! Figures out of samples.
//!
//! In scope: percentiles, processor time of this process. Out of scope: printing.

use std::time::Duration;

/// The value below which so many of a hundred are, in milliseconds; the samples are sorted by it.
pub(crate) fn percentile(samples: &mut [Duration], percent: usize) -> f64 {
    samples.sort_unstable();
    let place = samples.len() * percent / 100;
    let last = samples.len().saturating_sub(1);
    let found = samples.get(place.min(last)).copied().unwrap_or_default();
    found.as_secs_f64() * 1_000.0
}

/// Seconds of processor time that this process took so far (`/proc/self/stat` fields 14 and 15, in ticks of a hundredth).
pub(crate) fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

/// A count as a figure.
pub(crate) fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}
