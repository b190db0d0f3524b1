//! Counting: what fell due, what was kept, and what that comes to.
//!
//! In scope: one row for each thing that fell due, and the outcome. Out of scope: what falls due.

use super::facts::Base;
use super::period::Window;

/// What became of one thing that fell due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// In time.
    Kept,
    /// Late, or not at all.
    Missed,
    /// A side disputes it; it counts for neither.
    Disputed,
}

impl Verdict {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Missed => "missed",
            Self::Disputed => "disputed",
        }
    }
}

/// What a commitment comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was kept.
    Met,
    /// It was not.
    Missed,
    /// Nothing fell due.
    NotApplicable,
    /// It depends on what is disputed.
    Disputed,
}

impl Outcome {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::NotApplicable => "not applicable",
            Self::Disputed => "disputed",
        }
    }
}

/// One thing that fell due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// What.
    pub subject: String,
    /// By when, seconds since 1970.
    pub due: i64,
    /// When it was done.
    pub done: Option<i64>,
    /// What became of it.
    pub verdict: Verdict,
    /// Whether clocks were further apart than agreed.
    pub skewed: bool,
}

/// Everything that fell due in a window.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    window: Window,
    as_of: i64,
    rows: Vec<Row>,
}

impl Tally {
    pub(super) const fn new(window: Window, as_of: i64) -> Self {
        Self {
            window,
            as_of,
            rows: Vec::new(),
        }
    }

    /// Something was due at a time, and done or not. What was not due in the window is judged elsewhere; what is neither done
    /// nor due yet is open.
    pub(super) fn owed(&mut self, base: &Base, part: &str, due: i64, done: Option<i64>) {
        let open = done.is_none() && due > self.as_of;
        if open || !self.window.holds(due) {
            return;
        }
        let kept = done.is_some_and(|done| done <= due);
        self.judged(base, part, (due, done), kept);
    }

    /// Something was kept or not, whatever the time.
    pub(super) fn judged(
        &mut self,
        base: &Base,
        part: &str,
        (due, done): (i64, Option<i64>),
        kept: bool,
    ) {
        let verdict = match (base.disputed, kept) {
            (true, _) => Verdict::Disputed,
            (false, true) => Verdict::Kept,
            (false, false) => Verdict::Missed,
        };
        let subject = if part.is_empty() {
            base.id.clone()
        } else {
            format!("{} {part}", base.id)
        };
        self.row(Row {
            subject,
            due,
            done,
            verdict,
            skewed: base.skewed,
        });
    }

    pub(super) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// The window as far as it is known.
    pub(super) fn window(&self) -> Window {
        let known = self.window.until.min(self.as_of.saturating_add(1));
        Window {
            from: self.window.from,
            until: known.max(self.window.from),
        }
    }

    /// The rows in their one order, and the outcome where this share must be kept.
    pub(super) fn finish(mut self, percent: u64) -> (Vec<Row>, Outcome) {
        self.rows.sort_unstable();
        let count = |verdict| {
            u64::try_from(
                self.rows
                    .iter()
                    .filter(|row| row.verdict == verdict)
                    .count(),
            )
            .unwrap_or(u64::MAX)
        };
        let (kept, missed, disputed) = (
            count(Verdict::Kept),
            count(Verdict::Missed),
            count(Verdict::Disputed),
        );
        let reached = |kept: u64, all: u64| {
            if kept.saturating_mul(100) >= percent.saturating_mul(all) {
                Outcome::Met
            } else {
                Outcome::Missed
            }
        };
        let outcome = match (kept + missed, disputed) {
            (0, 0) => Outcome::NotApplicable,
            (counted, 0) => reached(kept, counted),
            (counted, _) => {
                // Where the disputed rows change nothing, whichever way they fall, there is nothing to dispute about.
                let best = reached(kept + disputed, counted + disputed);
                let worst = reached(kept, counted + disputed);
                if best == worst {
                    best
                } else {
                    Outcome::Disputed
                }
            }
        };
        (self.rows, outcome)
    }
}
