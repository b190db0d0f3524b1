//! How commitments stand while their period still runs, and what each means in words.
//!
//! In scope: one line a commitment and direction. Out of scope: the formulas (`judge`), what both sides sign (`scorecard`).

use super::calendar::{CalendarError, WorkCalendar};
use super::facts::Facts;
use super::judge::{Judgement, Outcome, Question, judge};
use super::period::{Stretch, Window, months};
use super::scorecard::promised;
use crate::party::PartyName;
use crate::text::AccordText;
use crate::text::commitment::{Commitment, CommitmentKind, ParameterValue};
use crate::text::contact::Calendar;

/// How a commitment stands in a period.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// The commitment.
    pub commitment: &'a Commitment,
    /// The calendar that it names.
    pub calendar: Option<&'a Calendar>,
    /// The bounds of the period.
    pub window: Window,
    /// Whether the period is not over yet.
    pub running: bool,
    /// What it came to so far.
    pub judgement: Judgement,
}

impl Standing<'_> {
    /// Its word: what it comes to, or `running` where nothing fell due yet or what is missing may still come.
    pub const fn word(&self) -> &'static str {
        match (self.running, self.judgement.outcome, self.judgement.kind) {
            (true, Outcome::NotApplicable, _)
            | (
                true,
                Outcome::Missed,
                // Judged by what there is at the end of the period, not by what fell due.
                CommitmentKind::Exercise
                | CommitmentKind::ReleaseCeiling
                | CommitmentKind::Reciprocity,
            ) => "running",
            (_, outcome, _) => outcome.word(),
        }
    }
}

/// How every commitment between two parties stands: in the period that each is judged over around `now`, or in a named one.
pub fn standings<'a>(
    accord: &'a AccordText,
    pair: [&PartyName; 2],
    (period, now): (Option<Stretch>, i64),
    facts: &Facts,
) -> Result<Vec<Standing<'a>>, CalendarError> {
    let mut pair = pair;
    pair.sort_unstable();
    let always = WorkCalendar::always();
    let content = accord.content();
    let mut all = Vec::new();
    for commitment in &content.commitments {
        let named = commitment.calendar.as_ref();
        let named = named.and_then(|id| content.calendars.iter().find(|one| one.id == *id));
        let computed = named.map(WorkCalendar::of).transpose()?;
        let calendar = computed.as_ref().unwrap_or(&always);
        for (by, to) in promised(commitment, pair) {
            for period in periods(commitment, period, now) {
                let question = Question {
                    commitment,
                    by,
                    to,
                    period,
                    calendar,
                };
                let judged = judge(&question, facts).zip(period.window());
                all.extend(judged.map(|(judgement, window)| Standing {
                    commitment,
                    calendar: named,
                    window,
                    running: now < window.until,
                    judgement,
                }));
            }
        }
    }
    Ok(all)
}

/// The periods over which a commitment is judged: the one around now, those within a named one, or the longer one around it.
fn periods(commitment: &Commitment, named: Option<Stretch>, now: i64) -> Vec<Stretch> {
    let Some(named) = named else {
        return Stretch::around(commitment.period, now)
            .into_iter()
            .collect();
    };
    if months(commitment.period) <= months(named.period()) {
        return named.parts(commitment.period);
    }
    let around = named.window();
    let around = around.and_then(|window| Stretch::around(commitment.period, window.from));
    around.into_iter().collect()
}

/// What a commitment means, with its figures.
pub fn formula(commitment: &Commitment) -> String {
    let row = commitment.kind.row();
    let figure = |(name, value): (&&str, &ParameterValue)| {
        let about = row.parameters.iter().find(|each| each.name == *name);
        let about = about.map_or("", |each| each.about).trim_end_matches('.');
        format!("{name} {value} ({})", lower(about))
    };
    let figures: Vec<String> = commitment.parameters.iter().map(figure).collect();
    if figures.is_empty() {
        row.about.to_owned()
    } else {
        format!("{} With {}.", row.about, figures.join(", "))
    }
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::facts::{Base, CheckFact};

    /// 2026-11-10, in the middle of a quarter.
    const NOW: i64 = 1_794_268_800;

    fn accord(commitments: &str) -> AccordText {
        let root = "ab".repeat(32);
        let text = format!(
            "format = 1\nname = \"alpha-bravo\"\nversion = 1\neffective = 2026-01-01T00:00:00Z\n[[party]]\nname = \"alpha\"\nroot = \
             \"{root}\"\n[[party]]\nname = \"bravo\"\nroot = \"{}\"\n{commitments}",
            "cd".repeat(32)
        );
        AccordText::parse(&text).unwrap()
    }

    fn check(received: i64, answered: Option<i64>) -> CheckFact {
        let name = |name| PartyName::parse(name).unwrap();
        CheckFact {
            base: Base {
                id: format!("check {received}"),
                from: name("alpha"),
                to: name("bravo"),
                exercise: false,
                disputed: false,
                skewed: false,
            },
            hotline: false,
            received,
            answered,
        }
    }

    fn words(
        accord: &AccordText,
        period: Option<&str>,
        now: i64,
        checks: Vec<CheckFact>,
    ) -> Vec<String> {
        let (alpha, bravo) = (
            PartyName::parse("alpha").unwrap(),
            PartyName::parse("bravo").unwrap(),
        );
        let facts = Facts {
            as_of: Some(now),
            checks,
            ..Facts::default()
        };
        let period = period.map(|word| Stretch::parse(word).unwrap());
        let all = standings(accord, [&bravo, &alpha], (period, now), &facts).unwrap();
        all.iter()
            .map(|one| {
                format!(
                    "{} {} {} {}",
                    one.commitment.id,
                    one.judgement.by,
                    one.judgement.period,
                    one.word()
                )
            })
            .collect()
    }

    #[test]
    fn what_runs_is_running_until_something_falls_due() {
        let accord =
            accord("[[commitment]]\nid = \"contacts\"\nkind = \"contact-check\"\nby = \"bravo\"\n");
        let minutes = 60;
        let stands = |checks| words(&accord, None, NOW, checks);
        assert_eq!(stands(vec![]), ["contacts bravo 2026-Q4 running"]);
        assert_eq!(
            stands(vec![check(NOW - 60, None)]),
            ["contacts bravo 2026-Q4 running"],
            "not due yet"
        );
        let kept = check(NOW - 9_000 * minutes, Some(NOW - 8_990 * minutes));
        assert_eq!(stands(vec![kept.clone()]), ["contacts bravo 2026-Q4 met"]);
        assert_eq!(
            stands(vec![kept, check(NOW - 9_000 * minutes, None)]),
            ["contacts bravo 2026-Q4 missed"]
        );
        assert_eq!(
            words(&accord, Some("2026-Q3"), NOW, vec![]),
            ["contacts bravo 2026-Q3 not applicable"]
        );
    }

    #[test]
    fn what_may_still_come_is_missed_only_at_the_end() {
        let accord = accord(
            "[[commitment]]\nid = \"drill\"\nkind = \"exercise\"\nby = \"each\"\nperiod = \"half-year\"\n",
        );
        assert_eq!(
            words(&accord, None, NOW, vec![]),
            ["drill alpha 2026-H2 running", "drill bravo 2026-H2 running"]
        );
        let later = NOW + 60 * 86_400;
        assert_eq!(
            words(&accord, Some("2026-Q4"), later, vec![])[0],
            "drill alpha 2026-H2 missed"
        );
    }

    #[test]
    fn a_formula_names_its_figures() {
        let accord = accord(
            "[[commitment]]\nid = \"contacts\"\nkind = \"contact-check\"\nby = \"each\"\nparameters = { answer_minutes = 90 }\n",
        );
        let said = formula(&accord.content().commitments[0]);
        assert!(
            said.starts_with("Checks of points of contact are answered in time"),
            "{said}"
        );
        assert!(
            said.contains("answer_minutes 90 (minutes for a check)"),
            "{said}"
        );
        assert!(
            said.contains("percent 90 (the share that must be reached)"),
            "{said}"
        );
    }
}
