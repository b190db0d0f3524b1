//! The sixteen formulas: a commitment, two parties, a period and the facts, and what it comes to.
//!
//! In scope: one function a kind. Out of scope: counting (`tally`), writing the scorecard.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{Span, WorkCalendar};
use super::facts::{Base, Class, Facts, IncidentFact, RequestFact, Urgency};
use super::period::{Stretch, Window, months};
pub use super::tally::{Outcome, Row as JudgedRow, Verdict as RowVerdict};
use super::tally::{Row, Tally, Verdict};
use crate::party::PartyName;
use crate::text::commitment::{Commitment, CommitmentKind, ParameterValue};

/// Extensions of an answer's date that count where they are kept.
const EXTENSIONS_MAX: usize = 2;
/// What is left at least of the time to answer when a request comes back supplemented.
const REMAINDER_SECONDS_MIN: i64 = 86_400;
const DAY: i64 = 86_400;

/// What a commitment came to in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The commitment's name.
    pub commitment: String,
    /// Its kind.
    pub kind: CommitmentKind,
    /// Who promised.
    pub by: PartyName,
    /// To whom.
    pub to: PartyName,
    /// The period.
    pub period: Stretch,
    /// Whether it is about exercises.
    pub exercise: bool,
    /// The share that must be kept, in percent.
    pub percent: u64,
    /// What it came to.
    pub outcome: Outcome,
    /// Whether it rests on a party's word, not on proof.
    pub attested: bool,
    /// What fell due.
    pub rows: Vec<Row>,
}

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The commitment.
    pub commitment: &'a Commitment,
    /// Who promised.
    pub by: &'a PartyName,
    /// To whom.
    pub to: &'a PartyName,
    /// The period.
    pub period: Stretch,
    /// The calendar that the commitment names.
    pub calendar: &'a WorkCalendar,
}

impl Question<'_> {
    fn number(&self, name: &str) -> u32 {
        match self.commitment.parameters.get(name) {
            Some(ParameterValue::Number(number)) => *number,
            Some(ParameterValue::Word(_)) | None => 0,
        }
    }

    fn word(&self, name: &str) -> Option<&'static str> {
        match self.commitment.parameters.get(name) {
            Some(ParameterValue::Word(word)) => Some(*word),
            Some(ParameterValue::Number(_)) | None => None,
        }
    }

    fn end(&self, start: i64, span: Span) -> i64 {
        self.calendar.end(start, span)
    }

    /// Whether a fact is one that the promising side owes the other.
    fn owed_to(&self, base: &Base) -> bool {
        base.to == *self.by && base.from == *self.to && base.exercise == self.commitment.exercise
    }

    /// Whether a fact is one that the promising side began.
    fn begun_by(&self, base: &Base) -> bool {
        base.from == *self.by && base.to == *self.to && base.exercise == self.commitment.exercise
    }
}

/// Judges a commitment; none where the period has no bounds, which no calendar year is without.
pub fn judge(question: &Question<'_>, facts: &Facts) -> Option<Judgement> {
    Some(judge_within(question, question.period.window()?, facts))
}

/// Judges a commitment over a window of its own; its period is only named.
pub(super) fn judge_within(question: &Question<'_>, window: Window, facts: &Facts) -> Judgement {
    use CommitmentKind as K;
    let as_of = facts.as_of.unwrap_or(i64::MAX);
    let mut tally = Tally::new(window, as_of);
    let kind = question.commitment.kind;
    let count = match kind {
        K::AcknowledgementTimeliness => acknowledgement,
        K::AnswerTimeliness => answer,
        K::InterimCadence => interim,
        K::RequestCompleteness => completeness,
        K::AnswerFeedback => feedback,
        K::SightingFeedback => sightings,
        K::Reciprocity => reciprocity,
        K::SharingCadence => cadence,
        K::SampleTurnaround => samples,
        K::ContactCheck => checks,
        K::ContactFreshness => freshness,
        K::ReleaseCeiling => ceiling,
        K::PurgeConfirmation => purges,
        K::PreservationKept => preservation,
        K::StagedReports => stages,
        K::Exercise => exercises,
    };
    count(question, facts, &mut tally);
    // Kinds without a share promise all.
    let percent = match question.number("percent") {
        0 => 100,
        _ if kind == K::Reciprocity => 100,
        share => u64::from(share),
    };
    let (rows, outcome) = tally.finish(percent);
    Judgement {
        commitment: question.commitment.id.clone(),
        kind,
        by: question.by.clone(),
        to: question.to.clone(),
        period: question.period,
        exercise: question.commitment.exercise,
        percent,
        outcome,
        attested: kind == K::ReleaseCeiling,
        rows,
    }
}

/// Within the time of its urgency a person has seen it; what is returned or decided was seen.
fn acknowledgement(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    for fact in facts
        .requests
        .iter()
        .filter(|fact| question.owed_to(&fact.base))
    {
        let span = match fact.urgency {
            Urgency::Emergency => Span::hours(question.number("emergency_hours")),
            Urgency::Urgent => Span::hours(question.number("urgent_hours")),
            Urgency::Routine => Span::WorkingDays(question.number("routine_working_days")),
        };
        let due = question.end(fact.delivered, span);
        if !taken_back(fact, due, fact.acknowledged) {
            tally.owed(&fact.base, "", due, fact.acknowledged);
        }
    }
}

/// Within the time of its urgency there is an answer or a reason why there is none; what lay with the requester does not count.
fn answer(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    for fact in facts
        .requests
        .iter()
        .filter(|fact| question.owed_to(&fact.base))
    {
        let span = match fact.urgency {
            Urgency::Emergency => Span::hours(question.number("emergency_hours")),
            Urgency::Urgent => Span::days(question.number("urgent_days")),
            Urgency::Routine => Span::days(question.number("routine_days")),
        };
        let mut due = Some(question.end(fact.delivered, span));
        for (from, until) in &fact.pauses {
            due = due.zip(*until).map(|(due, until)| {
                (due + (until - from).max(0)).max(until + REMAINDER_SECONDS_MIN)
            });
        }
        // While it lies with the requester nothing falls due.
        let Some(due) = due else { continue };
        let extended = fact.extensions.iter().take(EXTENSIONS_MAX).copied().max();
        let due = extended.map_or(due, |date| date.max(due));
        if !taken_back(fact, due, fact.concluded) {
            tally.owed(&fact.base, "", due, fact.concluded);
        }
    }
}

/// Whether a request was taken back before something about it was due and not yet done.
fn taken_back(fact: &RequestFact, due: i64, done: Option<i64>) -> bool {
    done.is_none() && fact.withdrawn.is_some_and(|known| known <= due)
}

/// While it is worked on, no two words of the responder lie further apart.
fn interim(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    for fact in facts
        .requests
        .iter()
        .filter(|fact| question.owed_to(&fact.base))
    {
        let span = match fact.urgency {
            Urgency::Emergency | Urgency::Urgent => Span::hours(question.number("urgent_hours")),
            Urgency::Routine => Span::days(question.number("routine_days")),
        };
        for (from, until) in &fact.working {
            let ended = |at: &i64| until.is_some_and(|until| *at >= until);
            let said = fact.reports.iter().filter(|at| *at > from && !ended(at));
            let mut last = *from;
            let ends = until.map(|until| (until, Some(until))).into_iter();
            let points = said.map(|at| (*at, Some(*at))).chain(ends);
            let mut number = 0_u32;
            for (at, done) in points {
                number += 1;
                tally.owed(
                    &fact.base,
                    &format!("report {number}"),
                    question.end(last, span),
                    done,
                );
                last = at;
            }
            if until.is_none() {
                tally.owed(
                    &fact.base,
                    &format!("report {}", number + 1),
                    question.end(last, span),
                    None,
                );
            }
        }
    }
}

/// Requests that the promising side sent did not come back for want of a field.
fn completeness(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    for fact in facts
        .requests
        .iter()
        .filter(|fact| question.begun_by(&fact.base))
    {
        if tally.window().holds(fact.delivered) {
            let kept = fact.pauses.is_empty();
            tally.judged(&fact.base, "", (fact.delivered, None), kept);
        }
    }
}

/// Answers that the promising side got found an echo.
fn feedback(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let span = Span::days(question.number("days"));
    for fact in facts
        .requests
        .iter()
        .filter(|fact| question.begun_by(&fact.base))
    {
        for ((received, given), number) in fact.answers.iter().zip(1_u32..) {
            tally.owed(
                &fact.base,
                &format!("answer {number}"),
                question.end(*received, span),
                *given,
            );
        }
    }
}

/// Indicators that the promising side got were seen, or said not to have been.
fn sightings(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let span = Span::days(question.number("days"));
    let mut said: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for sighting in facts.sightings.iter().filter(|one| one.by == *question.by) {
        said.entry(&sighting.of).or_default().push(sighting.at);
    }
    let mut first: BTreeMap<&str, &super::facts::ShareFact> = BTreeMap::new();
    for fact in facts
        .shares
        .iter()
        .filter(|fact| question.owed_to(&fact.base) && fact.class == Class::Indicators)
    {
        let known = first.entry(&fact.base.id).or_insert(fact);
        // The same indicator again is no second duty.
        if fact.received < known.received {
            *known = fact;
        }
    }
    for fact in first.values() {
        let after = said.get(fact.base.id.as_str()).into_iter().flatten();
        let done = after.filter(|at| **at >= fact.received).min().copied();
        tally.owed(&fact.base, "", question.end(fact.received, span), done);
    }
}

/// The smaller direction is at least this share of the larger.
fn reciprocity(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let class = match question.word("class") {
        Some("reports") => Class::Reports,
        Some("samples") => Class::Samples,
        Some(_) | None => Class::Indicators,
    };
    let window = tally.window();
    let count = |from: &PartyName, to: &PartyName| {
        let of = facts.shares.iter().filter(|fact| {
            let base = &fact.base;
            base.from == *from
                && base.to == *to
                && base.exercise == question.commitment.exercise
                && fact.class == class
                && window.holds(fact.received)
                && !base.disputed
        });
        let distinct: BTreeSet<&str> = of.map(|fact| fact.base.id.as_str()).collect();
        u64::try_from(distinct.len()).unwrap_or(u64::MAX)
    };
    let (there, back) = (
        count(question.by, question.to),
        count(question.to, question.by),
    );
    if there.max(back) == 0 {
        return;
    }
    let share = u64::from(question.number("percent"));
    let kept = there.min(back).saturating_mul(100) >= share.saturating_mul(there.max(back));
    tally.row(Row {
        subject: format!(
            "{there} from {} and {back} from {}",
            question.by, question.to
        ),
        due: window.until - 1,
        done: None,
        verdict: if kept { Verdict::Kept } else { Verdict::Missed },
        skewed: false,
    });
}

/// Every ISO week that lies in the period whole has its deliveries.
fn cadence(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let window = tally.window();
    let least = u64::from(question.number("deliveries_min"));
    // 1970-01-05 was a Monday.
    let monday = 4 * DAY;
    let week = 7 * DAY;
    let mut start = monday + (window.from - monday + week - 1).div_euclid(week) * week;
    while start + week <= window.until {
        let of = facts.shares.iter().filter(|fact| {
            question.begun_by(&fact.base) && (start..start + week).contains(&fact.received)
        });
        let deliveries: BTreeSet<&str> = of.map(|fact| fact.delivery.as_str()).collect();
        let count = u64::try_from(deliveries.len()).unwrap_or(u64::MAX);
        tally.row(Row {
            subject: format!("{} {count}", week_name(start)),
            due: start + week - 1,
            done: None,
            verdict: if count >= least {
                Verdict::Kept
            } else {
                Verdict::Missed
            },
            skewed: false,
        });
        start += week;
    }
}

fn week_name(start: i64) -> String {
    let at = jiff::Timestamp::from_second(start).unwrap_or_default();
    let week = jiff::tz::TimeZone::UTC
        .to_datetime(at)
        .date()
        .iso_week_date();
    format!("{:04}-W{:02}", week.year(), week.week())
}

/// Samples that the promising side got came back with a report.
fn samples(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let span = Span::days(question.number("days"));
    for fact in facts
        .samples
        .iter()
        .filter(|fact| question.owed_to(&fact.base))
    {
        tally.owed(
            &fact.base,
            "",
            question.end(fact.received, span),
            fact.reported,
        );
    }
}

/// Whoever was checked answered in time.
fn checks(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    for fact in facts
        .checks
        .iter()
        .filter(|fact| question.owed_to(&fact.base))
    {
        let minutes = question.number(if fact.hotline {
            "hotline_minutes"
        } else {
            "answer_minutes"
        });
        let due = fact.received + i64::from(minutes) * 60;
        tally.owed(&fact.base, "", due, fact.answered);
    }
}

/// On every day of the period each point of contact had been verified within this many days.
fn freshness(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let age = i64::from(question.number("days")) * DAY;
    let window = tally.window();
    for fact in facts
        .contacts
        .iter()
        .filter(|fact| fact.party == *question.by)
    {
        let (from, until) = (fact.from.max(window.from), fact.until.min(window.until));
        if from >= until {
            continue;
        }
        // A contact has as long as a verification lasts to be verified the first time.
        let mut fresh_until = fact.from.saturating_add(age);
        let mut stale_from = None;
        for at in fact.verified.iter().copied().chain([i64::MAX]) {
            let begins = fresh_until.max(from);
            if begins < at.min(until) {
                stale_from = stale_from.or(Some(begins));
            }
            fresh_until = fresh_until.max(at.saturating_add(age));
        }
        tally.row(Row {
            subject: fact.name.clone(),
            due: stale_from.unwrap_or(until - 1),
            done: fact.verified.iter().rfind(|at| **at < until).copied(),
            verdict: stale_from.map_or(Verdict::Kept, |_| Verdict::Missed),
            skewed: false,
        });
    }
}

/// The promising side attests it, and nobody has shown otherwise. It is not proven.
fn ceiling(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let word = question.period.to_string();
    let about = || {
        facts
            .attestations
            .iter()
            .filter(|one| one.about == *question.by && one.period == word)
    };
    let shown = about().any(|one| one.by == *question.to && !one.kept);
    let own = about().find(|one| one.by == *question.by);
    let kept = own.is_some_and(|one| one.kept) && !shown;
    tally.row(Row {
        subject: match (own, shown) {
            (None, _) => "no attestation".to_owned(),
            (Some(_), true) => "the other side shows a release above its label".to_owned(),
            (Some(_), false) => "attested".to_owned(),
        },
        due: tally.window().until - 1,
        done: None,
        verdict: if kept { Verdict::Kept } else { Verdict::Missed },
        skewed: false,
    });
}

/// What became of data that was to go, after a request was taken back or an object recalled, was said in time.
fn purges(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let span = Span::days(question.number("days"));
    for fact in facts
        .requests
        .iter()
        .filter(|fact| question.owed_to(&fact.base))
    {
        if let Some(known) = fact.withdrawn {
            tally.owed(&fact.base, "", question.end(known, span), fact.purged);
        }
    }
    for fact in facts
        .recalls
        .iter()
        .filter(|fact| question.owed_to(&fact.base))
    {
        tally.owed(
            &fact.base,
            "",
            question.end(fact.received, span),
            fact.answered,
        );
    }
}

/// Nothing that the promising side held was gone before its date.
fn preservation(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let window = tally.window();
    for fact in facts
        .holds
        .iter()
        .filter(|fact| question.owed_to(&fact.base))
    {
        let over = fact.ended.or(fact.lost).unwrap_or(fact.until);
        if fact.held_from < window.until && over >= window.from {
            let lost = fact
                .lost
                .filter(|lost| *lost < fact.until && *lost < window.until);
            tally.judged(&fact.base, "", (fact.until, lost), lost.is_none());
        }
    }
}

/// Each stage of a report came in its time.
fn stages(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let regime = question.word("regime").unwrap_or("any");
    for fact in facts
        .incidents
        .iter()
        .filter(|fact| question.begun_by(&fact.base) && (regime == "any" || regime == fact.regime))
    {
        let dues = StageDues::of(question, fact);
        // A notification is a warning too.
        let warned = fact.early.into_iter().chain(fact.notified).min();
        let stages = [
            ("early warning", dues.early, warned),
            ("notification", dues.notification, fact.notified),
            ("intermediate report", dues.intermediate, fact.intermediate),
            ("final report", dues.last, fact.last),
        ];
        for (part, due, done) in stages {
            if let Some(due) = due {
                tally.owed(&fact.base, part, due, done);
            }
        }
    }
}

/// By when each stage of a report is due; none: it is not asked for, or nothing has started its clock.
struct StageDues {
    early: Option<i64>,
    notification: Option<i64>,
    intermediate: Option<i64>,
    last: Option<i64>,
}

impl StageDues {
    fn of(question: &Question<'_>, fact: &IncidentFact) -> Self {
        // Zero hours: no such clock.
        let after = |name: &str, from: Option<i64>| {
            let hours = question.number(name);
            let span = (hours > 0).then(|| Span::hours(hours));
            span.zip(from).map(|(span, from)| question.end(from, span))
        };
        let aware = Some(fact.aware);
        let early = [
            after("early_warning_hours", aware),
            after("classification_hours", fact.classified),
        ];
        let early = early.into_iter().flatten().min();
        let notification = after("notification_hours", aware);
        let intermediate = after("intermediate_hours", fact.early.or(early));
        let from = match question.word("final_after") {
            Some("intermediate") => fact.intermediate.or(intermediate),
            Some("measure") => fact.measure,
            Some(_) | None => fact.notified.or(notification),
        };
        let span = match (
            question.number("final_months"),
            question.number("final_days"),
        ) {
            (0, 0) => None,
            (0, days) => Some(Span::days(days)),
            (months, _) => Some(Span::Months(months)),
        };
        Self {
            early,
            notification,
            intermediate,
            last: span.zip(from).map(|(span, from)| question.end(from, span)),
        }
    }
}

/// As many exercises as agreed are over, with the reports of both sides.
fn exercises(question: &Question<'_>, facts: &Facts, tally: &mut Tally) {
    let window: Window = tally.window();
    let whole = |fact: &&super::facts::ExerciseFact| {
        fact.completed.is_some_and(|at| window.holds(at))
            && [question.by, question.to]
                .iter()
                .all(|party| fact.reports.contains(party))
    };
    let held: Vec<_> = facts.exercises.iter().filter(whole).collect();
    // A period shorter than half a year promises its share, rounded down.
    let per_half_year = i64::from(question.number("per_half_year"));
    let needed = per_half_year * i64::from(months(question.period.period())) / 6;
    let missing = needed - i64::try_from(held.len()).unwrap_or(i64::MAX);
    for fact in held {
        tally.row(Row {
            subject: fact.id.clone(),
            due: window.until - 1,
            done: fact.completed,
            verdict: Verdict::Kept,
            skewed: false,
        });
    }
    for number in 0..missing.max(0) {
        tally.row(Row {
            subject: format!("missing {}", number + 1),
            due: window.until - 1,
            done: None,
            verdict: Verdict::Missed,
            skewed: false,
        });
    }
}
