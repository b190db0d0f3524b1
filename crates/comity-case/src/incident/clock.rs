//! The clocks of staged reports, by regime.
//!
//! Regimes differ in what starts a clock: awareness, classification, the stage before, a measure that is available. A clock is
//! therefore a trigger, a span and the stage that stops it, and the regimes are one table of them.
//!
//! In scope: the table. Out of scope: when a clock of an incident ends (`incident`).

use std::fmt::Write as _;

use comity_accord::evaluation::calendar::Span;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::table::{Word as _, words};

words! {
    /// By which rules an incident is reported.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    Regime {
        /// Directive (EU) 2022/2555, article 23.
        Nis2 = "nis2",
        /// Regulation (EU) 2022/2554, article 19.
        Dora = "dora",
        /// Regulation (EU) 2016/679, article 33.
        Gdpr = "gdpr",
        /// Regulation (EU) 2024/2847, article 14, for an incident.
        Cra = "cra",
        /// The same, for a vulnerability that is exploited.
        CraVulnerability = "cra-vulnerability",
        /// By none of these: nothing is due.
        Other = "other",
    }
}

/// What starts a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The reporter became aware.
    Awareness,
    /// The incident was classified.
    Classification,
    /// A stage was sent; while it was not, the time at which it was due.
    Stage(Kind),
    /// A measure against a vulnerability was available.
    Measure,
}

/// A clock: it starts with a trigger, runs for a span, and is stopped by a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// By which rules.
    pub regime: Regime,
    /// What starts it.
    pub trigger: Trigger,
    /// How long it runs.
    pub span: Span,
    /// The stage that stops it.
    pub stage: Kind,
    /// What the rules call that stage.
    pub called: &'static str,
}

impl Clock {
    /// What starts it, for people.
    pub fn starts_with(&self) -> &'static str {
        match self.trigger {
            Trigger::Awareness => "awareness",
            Trigger::Classification => "classification",
            Trigger::Stage(stage) => stage.word(),
            Trigger::Measure => "a measure is available",
        }
    }

    /// How long it runs, for people.
    pub fn within(&self) -> String {
        match self.span {
            Span::Seconds(seconds) if seconds % 86_400 == 0 && seconds > 3 * 86_400 => {
                format!("{} days", seconds / 86_400)
            }
            Span::Seconds(seconds) => format!("{} hours", seconds / 3_600),
            Span::WorkingDays(days) => format!("{days} working days"),
            Span::Months(months) => format!("{months} month"),
        }
    }
}

const fn clock(
    regime: Regime,
    (trigger, span): (Trigger, Span),
    stage: Kind,
    called: &'static str,
) -> Clock {
    Clock {
        regime,
        trigger,
        span,
        stage,
        called,
    }
}

/// The clocks of every regime. Where two stop at one stage, the earlier counts.
pub const CLOCKS: &[Clock] = &[
    clock(
        Regime::Nis2,
        (Trigger::Awareness, Span::hours(24)),
        Kind::EarlyWarning,
        "early warning",
    ),
    clock(
        Regime::Nis2,
        (Trigger::Awareness, Span::hours(72)),
        Kind::Notification,
        "incident notification",
    ),
    clock(
        Regime::Nis2,
        (Trigger::Stage(Kind::Notification), Span::Months(1)),
        Kind::Final,
        "final report",
    ),
    clock(
        Regime::Dora,
        (Trigger::Classification, Span::hours(4)),
        Kind::EarlyWarning,
        "initial notification",
    ),
    clock(
        Regime::Dora,
        (Trigger::Awareness, Span::hours(24)),
        Kind::EarlyWarning,
        "initial notification",
    ),
    clock(
        Regime::Dora,
        (Trigger::Stage(Kind::EarlyWarning), Span::hours(72)),
        Kind::Intermediate,
        "intermediate report",
    ),
    clock(
        Regime::Dora,
        (Trigger::Stage(Kind::Intermediate), Span::Months(1)),
        Kind::Final,
        "final report",
    ),
    clock(
        Regime::Gdpr,
        (Trigger::Awareness, Span::hours(72)),
        Kind::Notification,
        "notification",
    ),
    clock(
        Regime::Cra,
        (Trigger::Awareness, Span::hours(24)),
        Kind::EarlyWarning,
        "early warning",
    ),
    clock(
        Regime::Cra,
        (Trigger::Awareness, Span::hours(72)),
        Kind::Notification,
        "incident notification",
    ),
    clock(
        Regime::Cra,
        (Trigger::Stage(Kind::Notification), Span::Months(1)),
        Kind::Final,
        "final report",
    ),
    clock(
        Regime::CraVulnerability,
        (Trigger::Awareness, Span::hours(24)),
        Kind::EarlyWarning,
        "early warning",
    ),
    clock(
        Regime::CraVulnerability,
        (Trigger::Awareness, Span::hours(72)),
        Kind::Notification,
        "vulnerability notification",
    ),
    clock(
        Regime::CraVulnerability,
        (Trigger::Measure, Span::days(14)),
        Kind::Final,
        "final report",
    ),
];

/// The clocks as a page shows them, in Markdown.
pub fn markdown() -> String {
    let mut page =
        String::from("| regime | from | within | stage | called |\n|---|---|---|---|---|\n");
    for one in CLOCKS {
        let (trigger, span) = (one.starts_with(), one.within());
        // Writing into a text does not fail.
        let _ = writeln!(
            page,
            "| {} | {trigger} | {span} | `{}` | {} |",
            one.regime.word(),
            one.stage.word(),
            one.called
        );
    }
    page
}
