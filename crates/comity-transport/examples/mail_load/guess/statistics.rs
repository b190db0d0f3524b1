//! Whether two kinds of refusals take the same time, round by round.
//!
//! Two measures that do not ask how times are distributed, over the differences within a round: the median with an interval that holds it
//! with 99.9 of a hundred (order statistics of a binomial), and how far the share of rounds in which one was slower is from a half
//! (sign test, in standard deviations). Beside them Welch's t over the times below the 95th of a hundred, as tests for
//! constant time use it: beyond 4.5 is taken for a difference.
//!
//! In scope: these figures. Out of scope: a verdict; whoever reads them has the reference and the control beside them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::figures::float;

/// Standard deviations that leave one of a thousand outside, both sides together.
const SIGMAS: f64 = 3.29;

/// One kind beside the reference.
pub(super) struct Comparison {
    median_us: f64,
    difference_us: f64,
    from_us: f64,
    to_us: f64,
    sign: f64,
    t: f64,
}

impl Comparison {
    pub(super) fn of(times: &[Duration], reference: &[Duration]) -> Self {
        let micros = |one: &Duration| one.as_secs_f64() * 1e6;
        let mut own: Vec<f64> = times.iter().map(micros).collect();
        let mut other: Vec<f64> = reference.iter().map(micros).collect();
        let mut differences: Vec<f64> = own.iter().zip(&other).map(|(a, b)| a - b).collect();
        for sorted in [&mut own, &mut other, &mut differences] {
            sorted.sort_unstable_by(f64::total_cmp);
        }
        let rounds = float(differences.len());
        let more = float(differences.iter().filter(|one| **one > 0.0).count());
        let less = float(differences.iter().filter(|one| **one < 0.0).count());
        let spread = SIGMAS * rounds.sqrt() / 2.0;
        Self {
            median_us: at(&own, 0.5),
            difference_us: at(&differences, 0.5),
            from_us: at(&differences, 0.5 - spread / rounds.max(1.0)),
            to_us: at(&differences, 0.5 + spread / rounds.max(1.0)),
            sign: (more - less) / (more + less).max(1.0).sqrt(),
            t: welch(below(&own, 0.95), below(&other, 0.95)),
        }
    }

    pub(super) fn told(&self, name: &str) -> Value {
        json!({
            "kind": name,
            "median_us": self.median_us,
            "difference_us": self.difference_us,
            "from_us": self.from_us,
            "to_us": self.to_us,
            "sign": self.sign,
            "t": self.t,
        })
    }
}

/// How many of the samples are below a share.
fn place(count: usize, share: f64) -> usize {
    let all = 0..count;
    // No conversion of a float to an integer is exact enough to need anything better.
    all.take_while(|index| float(*index) < share * float(count))
        .count()
}

fn at(sorted: &[f64], share: f64) -> f64 {
    let index = place(sorted.len(), share).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or_default()
}

fn below(sorted: &[f64], share: f64) -> &[f64] {
    sorted.get(..place(sorted.len(), share)).unwrap_or_default()
}

fn welch(own: &[f64], other: &[f64]) -> f64 {
    let moments = |samples: &[f64]| {
        let count = float(samples.len()).max(1.0);
        let mean = samples.iter().sum::<f64>() / count;
        let square = samples.iter().map(|one| (one - mean).powi(2)).sum::<f64>();
        (mean, square / (count - 1.0).max(1.0) / count)
    };
    let ((own, a), (other, b)) = (moments(own), moments(other));
    (own - other) / (a + b).sqrt().max(f64::MIN_POSITIVE)
}
