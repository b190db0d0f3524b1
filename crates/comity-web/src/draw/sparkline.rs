//! Counts per day as a row of bars.
//!
//! In scope: at most [`DAYS_MAX`] days. Out of scope: which days, and how a day is written (the caller's language).

use std::fmt::Write as _;

use super::text;

/// A year and a day; of more days the last ones are drawn.
pub const DAYS_MAX: usize = 366;

/// How high the highest bar is, in units of the drawing.
const HEIGHT: u64 = 24;

/// How wide a day is.
const DAY: usize = 4;

/// A day and what was counted on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The day as the viewer reads it.
    pub day: String,
    /// How many.
    pub count: u64,
}

/// The bars and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sparkline {
    /// A whole `<svg>` element, escaped.
    pub svg: String,
    /// The days that are drawn.
    pub rows: Vec<Day>,
    /// The highest count, which gives the scale.
    pub peak: u64,
}

/// Draws counts, the oldest day first. `name` says what is counted, to those who hear the page.
pub fn draw(name: &str, days: &[Day]) -> Sparkline {
    let rows: Vec<Day> = days
        .iter()
        .skip(days.len().saturating_sub(DAYS_MAX))
        .map(|day| Day {
            day: text::shown(&day.day),
            count: day.count,
        })
        .collect();
    let peak = rows.iter().map(|row| row.count).max().unwrap_or(0);
    let width = rows.len().max(1) * DAY;
    let mut svg = format!(
        "<svg class=\"sparkline\" role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {width} {HEIGHT}\" \
         preserveAspectRatio=\"none\">",
        text::safe(name)
    );
    for (at, row) in rows.iter().enumerate() {
        let high = height(row.count, peak);
        let class = if row.count == 0 { "none" } else { "bar-of" };
        let written = write!(
            svg,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{high}\"><title>{}: {}</title></rect>",
            at * DAY,
            HEIGHT - high,
            DAY - 1,
            text::safe(&row.day),
            row.count
        );
        debug_assert!(written.is_ok(), "a String takes what is written");
    }
    svg.push_str("</svg>");
    Sparkline { svg, rows, peak }
}

/// A day with one of a thousand is still seen, a day with none is a line.
fn height(count: u64, peak: u64) -> u64 {
    let scaled = u128::from(count) * u128::from(HEIGHT);
    let high = scaled.checked_div(u128::from(peak)).unwrap_or(0);
    let least = if count == 0 { 1 } else { 2 };
    u64::try_from(high).unwrap_or(HEIGHT).clamp(least, HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::text::{HOSTILE, assert_harmless};

    fn day(day: &str, count: u64) -> Day {
        Day {
            day: day.to_owned(),
            count,
        }
    }

    #[test]
    fn bars_stand_on_the_line_and_reach_the_top_once() {
        let drawn = draw(
            "Sightings",
            &[
                day("2026-03-01", 0),
                day("2026-03-02", 1),
                day("2026-03-03", 1000),
            ],
        );
        assert_eq!(drawn.peak, 1000);
        assert_eq!(
            drawn.svg,
            "<svg class=\"sparkline\" role=\"img\" aria-label=\"Sightings\" viewBox=\"0 0 12 24\" preserveAspectRatio=\"none\">\
             <rect class=\"none\" x=\"0\" y=\"23\" width=\"3\" height=\"1\"><title>2026-03-01: 0</title></rect>\
             <rect class=\"bar-of\" x=\"4\" y=\"22\" width=\"3\" height=\"2\"><title>2026-03-02: 1</title></rect>\
             <rect class=\"bar-of\" x=\"8\" y=\"0\" width=\"3\" height=\"24\"><title>2026-03-03: 1000</title></rect></svg>"
        );
    }

    #[test]
    fn no_days_the_most_days_and_the_largest_counts_are_drawn() {
        assert!(draw("none", &[]).rows.is_empty());
        let many: Vec<Day> = (0..400)
            .map(|at| day(&at.to_string(), u64::MAX - at))
            .collect();
        let drawn = draw("many", &many);
        assert_eq!(drawn.rows.len(), DAYS_MAX);
        assert_eq!(drawn.rows[0].day, "34");
        assert_harmless(&drawn.svg);
    }

    #[test]
    fn texts_stay_texts() {
        for hostile in HOSTILE {
            assert_harmless(&draw(hostile, &[day(hostile, 3)]).svg);
        }
    }
}
