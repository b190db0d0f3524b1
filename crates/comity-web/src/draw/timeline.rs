//! Events by two clocks: when they happened above, when they were learned below, a line from one to the other.
//!
//! A steep line is news that came at once, a flat one news that came late. Each event has a number, which its row has too.
//!
//! In scope: at most [`EVENTS_MAX`] events. Out of scope: how a time is written (zone and language are the caller's).

use std::fmt::Write as _;

use super::{Link, text};

/// Of more events the last ones are drawn.
pub const EVENTS_MAX: usize = 200;

const WIDTH: i64 = 960;
const LEFT: i64 = 20;
const ABOVE: i64 = 34;
const BELOW: i64 = 110;
const HEIGHT: i64 = 152;
/// How near to each other two marks lie on each other.
const NEAR: i64 = 6;
/// How far a mark steps aside, and how often.
const STEP: i64 = 15;
const STEPS_MAX: i64 = 4;

/// An event as it comes in.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// When it happened; seconds since 1970, and the text of that time. Nothing when nobody knows.
    pub happened: Option<Moment<'a>>,
    /// When it was learned.
    pub learned: Moment<'a>,
    /// What it was.
    pub label: &'a str,
    /// Its page or row.
    pub href: &'a str,
    /// It was learned later than promised.
    pub late: bool,
}

/// A time: where it stands, and how it reads.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Seconds since 1970.
    pub seconds: i64,
    /// The time in the viewer's zone, with its offset.
    pub text: &'a str,
}

/// The words of the drawing in the viewer's language.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// What is shown, to those who hear the page.
    pub name: &'a str,
    /// The upper line.
    pub happened: &'a str,
    /// The lower line.
    pub learned: &'a str,
}

/// A row of the equal table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The number in the drawing, from 1.
    pub number: usize,
    /// When it happened, if that is known.
    pub happened: Option<String>,
    /// When it was learned.
    pub learned: String,
    /// What it was.
    pub event: Link,
    /// It was learned later than promised.
    pub late: bool,
}

/// The drawing and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// A whole `<svg>` element, escaped.
    pub svg: String,
    /// A row for each event that is drawn.
    pub rows: Vec<Row>,
}

/// Draws events in the order given.
pub fn draw(words: Words<'_>, events: &[Event<'_>]) -> Timeline {
    let events: Vec<Event<'_>> = events
        .iter()
        .skip(events.len().saturating_sub(EVENTS_MAX))
        .copied()
        .collect();
    let scale = Scale::of(&events);
    let mut svg = format!(
        "<svg class=\"timeline\" role=\"group\" aria-label=\"{}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-size=\"12\">\
         <path class=\"line\" d=\"M{LEFT} {ABOVE}H{right}M{LEFT} {BELOW}H{right}\"/>\
         <text class=\"small\" x=\"{LEFT}\" y=\"14\">{}</text><text class=\"small\" x=\"{LEFT}\" y=\"128\">{}</text>",
        text::safe(words.name),
        text::safe(words.happened),
        text::safe(words.learned),
        right = WIDTH - LEFT,
    );
    ends(&mut svg, &events);
    let mut steps = [Steps::default(), Steps::default()];
    let mut rows = Vec::with_capacity(events.len());
    for (number, event) in (1..).zip(&events) {
        let row = Row {
            number,
            happened: event.happened.map(|at| text::shown(at.text)),
            learned: text::shown(event.learned.text),
            event: Link::new(event.label, event.href),
            late: event.late,
        };
        mark(&mut svg, event, &row, (scale, &mut steps));
        rows.push(row);
    }
    svg.push_str("</svg>");
    Timeline { svg, rows }
}

/// The first and the last time, written under the ends of the lines.
fn ends(svg: &mut String, events: &[Event<'_>]) {
    let moments = || {
        events
            .iter()
            .flat_map(|event| event.happened.into_iter().chain([event.learned]))
    };
    let first = moments().min_by_key(|at| at.seconds);
    let last = moments().max_by_key(|at| at.seconds);
    let (Some(first), Some(last)) = (first, last) else {
        return;
    };
    let under = HEIGHT - 5;
    let right = WIDTH - LEFT;
    let written = write!(
        svg,
        "<text class=\"small\" x=\"{LEFT}\" y=\"{under}\">{}</text>\
         <text class=\"small\" x=\"{right}\" y=\"{under}\" text-anchor=\"end\">{}</text>",
        text::safe(first.text),
        text::safe(last.text)
    );
    debug_assert!(written.is_ok(), "a String takes what is written");
}

/// Where the marks of one line stand. A mark that would lie on another steps aside, so that each can be seen, pointed at and
/// have the focus.
#[derive(Debug, Default)]
struct Steps(Vec<(i64, i64)>);

impl Steps {
    /// How far from its line a mark at `x` stands.
    fn aside(&mut self, x: i64) -> i64 {
        let free = (0..STEPS_MAX).find(|step| {
            let mut there = self.0.iter().filter(|(_, taken)| taken == step);
            there.all(|(other, _)| (x - other).abs() > NEAR)
        });
        let step = free.unwrap_or(0);
        self.0.push((x, step));
        step * STEP
    }
}

fn mark(svg: &mut String, event: &Event<'_>, row: &Row, (scale, steps): (Scale, &mut [Steps; 2])) {
    let close = text::open(svg, row.event.href.as_deref(), "");
    let [over, under] = steps;
    let below = scale.x(event.learned.seconds);
    let above = event.happened.map(|at| scale.x(at.seconds));
    let below_y = BELOW - under.aside(below);
    let above_y = above.map_or(ABOVE, |x| ABOVE + over.aside(x));
    let happened = row.happened.as_deref().unwrap_or("?");
    let class = if event.late { "line late" } else { "line" };
    let mut write = || -> std::fmt::Result {
        write!(
            svg,
            "<title>{}. {}: {} / {}</title>",
            row.number,
            text::safe(&row.event.text),
            text::safe(happened),
            text::safe(&row.learned)
        )?;
        if let Some(above) = above {
            write!(
                svg,
                "<path class=\"{class}\" d=\"M{above} {above_y}L{below} {below_y}\"/>\
                 <circle class=\"node\" cx=\"{above}\" cy=\"{above_y}\" r=\"4\"/>"
            )?;
        }
        write!(
            svg,
            "<circle class=\"node\" cx=\"{below}\" cy=\"{below_y}\" r=\"4\"/>\
             <text class=\"halo\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            above.unwrap_or(below),
            if above.is_some() { above_y } else { below_y } - 8,
            row.number
        )
    };
    let written = write();
    debug_assert!(written.is_ok(), "a String takes what is written");
    svg.push_str(close);
}

/// From seconds to units of the drawing.
#[derive(Debug, Clone, Copy)]
struct Scale {
    start: i64,
    span: i64,
}

impl Scale {
    fn of(events: &[Event<'_>]) -> Self {
        let seconds = || {
            events.iter().flat_map(|event| {
                let happened = event.happened.map(|at| at.seconds);
                happened.into_iter().chain([event.learned.seconds])
            })
        };
        let start = seconds().min().unwrap_or(0);
        let end = seconds().max().unwrap_or(0);
        Self {
            start,
            span: end.saturating_sub(start).max(1),
        }
    }

    fn x(self, seconds: i64) -> i64 {
        let room = i128::from(WIDTH - 2 * LEFT - 20);
        let past = i128::from(seconds.saturating_sub(self.start));
        let along = past * room / i128::from(self.span);
        LEFT + 10 + i64::try_from(along).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::text::{HOSTILE, assert_harmless};

    const WORDS: Words<'_> = Words {
        name: "Events",
        happened: "Happened",
        learned: "Learned",
    };

    fn moment(seconds: i64, text: &str) -> Moment<'_> {
        Moment { seconds, text }
    }

    #[test]
    fn an_event_stands_at_both_times_and_its_row_says_the_same() {
        let events = [
            Event {
                happened: Some(moment(0, "day 0")),
                learned: moment(100, "day 4"),
                label: "connection",
                href: "#e1",
                late: true,
            },
            Event {
                happened: None,
                learned: moment(50, "day 2"),
                label: "note",
                href: "javascript:alert(1)",
                late: false,
            },
        ];
        let drawn = draw(WORDS, &events);
        assert_harmless(&drawn.svg);
        assert!(drawn.svg.contains("<a href=\"#e1\"><title>1. connection: day 0 / day 4</title><path class=\"line late\" d=\"M30 34L930 110\"/>"), "{}", drawn.svg);
        assert!(drawn.svg.contains("<g><title>2. note: ? / day 2</title><circle class=\"node\" cx=\"480\" cy=\"110\" r=\"4\"/>"), "{}", drawn.svg);
        assert_eq!(drawn.rows.len(), 2);
        assert_eq!(drawn.rows[1].event.href, None);
        assert_eq!(drawn.rows[0].happened.as_deref(), Some("day 0"));
    }

    #[test]
    fn marks_that_would_lie_on_each_other_step_aside() {
        let event = |seconds| Event {
            happened: None,
            learned: moment(seconds, "t"),
            label: "x",
            href: "/",
            late: false,
        };
        let drawn = draw(WORDS, &[event(0), event(1), event(1_000), event(2)]);
        let at = |y: i64| drawn.svg.matches(&format!("cy=\"{y}\"")).count();
        assert_eq!(
            [at(BELOW), at(BELOW - STEP), at(BELOW - 2 * STEP)],
            [2, 1, 1],
            "{}",
            drawn.svg
        );
    }

    #[test]
    fn the_ends_of_time_and_no_events_are_drawn() {
        assert!(draw(WORDS, &[]).rows.is_empty());
        let event = |seconds| Event {
            happened: Some(moment(seconds, "t")),
            learned: moment(i64::MAX, "t"),
            label: "x",
            href: "/",
            late: false,
        };
        let drawn = draw(WORDS, &vec![event(i64::MIN); EVENTS_MAX + 1]);
        assert_eq!(drawn.rows.len(), EVENTS_MAX);
        assert_harmless(&drawn.svg);
    }

    #[test]
    fn texts_stay_texts() {
        for hostile in HOSTILE {
            let words = Words {
                name: hostile,
                happened: hostile,
                learned: hostile,
            };
            let event = Event {
                happened: Some(moment(1, hostile)),
                learned: moment(2, hostile),
                label: hostile,
                href: hostile,
                late: false,
            };
            assert_harmless(&draw(words, &[event]).svg);
        }
    }
}
