//! Each formula by the name of its kind, and what holds for all of them.

use std::collections::BTreeMap;

use super::calendar::WorkCalendar;
use super::facts::*;
use super::judge::{Judgement, Outcome, Question, RowVerdict, judge};
use super::period::Stretch;
use super::scorecard::{Scorecard, canonical, first_difference};
use super::set::{EvaluationSet, Leaf};
use crate::digest::Digest;
use crate::party::{Domain, PartyName};
use crate::text::AccordText;
use crate::text::commitment::{Commitment, CommitmentKind, KINDS, ParameterValue, Period, Side};
use crate::text::template::{Template, TemplateParty, fill};

/// 2026-10-05, a Monday, at eight.
const START: i64 = 1_791_187_200;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn alpha() -> PartyName {
    PartyName::parse("alpha").unwrap()
}

fn bravo() -> PartyName {
    PartyName::parse("bravo").unwrap()
}

fn commitment(kind: CommitmentKind, change: &[(&'static str, u32)]) -> Commitment {
    let defaults = kind.row().parameters.iter();
    let mut parameters: BTreeMap<_, _> =
        defaults.map(|one| (one.name, one.form.default())).collect();
    for (name, number) in change {
        parameters.insert(name, ParameterValue::Number(*number));
    }
    Commitment {
        id: "c".to_owned(),
        kind,
        by: Side::Each,
        to: Side::Each,
        period: Period::Quarter,
        calendar: None,
        exercise: false,
        parameters,
    }
}

/// What bravo's promise to alpha comes to in the last quarter of 2026.
fn judged(kind: CommitmentKind, change: &[(&'static str, u32)], facts: &Facts) -> Judgement {
    let calendar = WorkCalendar::always();
    judge(
        &Question {
            commitment: &commitment(kind, change),
            by: &bravo(),
            to: &alpha(),
            period: Stretch::parse("2026-Q4").unwrap(),
            calendar: &calendar,
        },
        facts,
    )
    .unwrap()
}

fn outcome(kind: CommitmentKind, facts: &Facts) -> Outcome {
    judged(kind, &[], facts).outcome
}

fn base(id: &str, from: PartyName, to: PartyName) -> Base {
    Base {
        id: id.to_owned(),
        from,
        to,
        exercise: false,
        disputed: false,
        skewed: false,
    }
}

/// A request of alpha to bravo that was delivered at the start.
fn request(id: &str) -> RequestFact {
    RequestFact {
        base: base(id, alpha(), bravo()),
        urgency: Urgency::Urgent,
        delivered: START,
        acknowledged: None,
        pauses: Vec::new(),
        extensions: Vec::new(),
        concluded: None,
        working: Vec::new(),
        reports: Vec::new(),
        answers: Vec::new(),
        withdrawn: None,
        purged: None,
    }
}

fn requests(change: impl Fn(&mut RequestFact)) -> Facts {
    let mut one = request("r1");
    change(&mut one);
    Facts {
        requests: vec![one],
        ..Facts::default()
    }
}

#[test]
fn nothing_due_is_never_met_except_where_weeks_or_words_are_counted() {
    for row in KINDS {
        let expected = match row.kind {
            // Weeks pass, attestations are owed and exercises are agreed whether anybody acts or not.
            CommitmentKind::SharingCadence | CommitmentKind::ReleaseCeiling => Outcome::Missed,
            CommitmentKind::AcknowledgementTimeliness
            | CommitmentKind::AnswerTimeliness
            | CommitmentKind::InterimCadence
            | CommitmentKind::RequestCompleteness
            | CommitmentKind::AnswerFeedback
            | CommitmentKind::SightingFeedback
            | CommitmentKind::Reciprocity
            | CommitmentKind::SampleTurnaround
            | CommitmentKind::ContactCheck
            | CommitmentKind::ContactFreshness
            | CommitmentKind::PurgeConfirmation
            | CommitmentKind::PreservationKept
            | CommitmentKind::StagedReports
            | CommitmentKind::Exercise => Outcome::NotApplicable,
        };
        assert_eq!(
            outcome(row.kind, &Facts::default()),
            expected,
            "{}",
            row.word
        );
    }
}

#[test]
fn acknowledgement_timeliness() {
    let check = |urgency, after: Option<i64>, expected| {
        let facts = requests(|one| {
            one.urgency = urgency;
            one.acknowledged = after.map(|after| START + after);
        });
        assert_eq!(
            outcome(CommitmentKind::AcknowledgementTimeliness, &facts),
            expected,
            "{urgency:?} {after:?}"
        );
    };
    check(Urgency::Emergency, Some(HOUR), Outcome::Met);
    check(Urgency::Emergency, Some(HOUR + 1), Outcome::Missed);
    check(Urgency::Urgent, Some(4 * HOUR), Outcome::Met);
    check(Urgency::Urgent, None, Outcome::Missed);
    check(Urgency::Routine, Some(2 * DAY), Outcome::Met);
    check(Urgency::Routine, Some(2 * DAY + 1), Outcome::Missed);
    // Taken back before it was due: nothing was due.
    let facts = requests(|one| one.withdrawn = Some(START + HOUR));
    assert_eq!(
        outcome(CommitmentKind::AcknowledgementTimeliness, &facts),
        Outcome::NotApplicable
    );
}

#[test]
fn answer_timeliness() {
    let kind = CommitmentKind::AnswerTimeliness;
    let check = |change: &dyn Fn(&mut RequestFact), expected| {
        assert_eq!(outcome(kind, &requests(change)), expected);
    };
    check(&|one| one.concluded = Some(START + 5 * DAY), Outcome::Met);
    check(
        &|one| one.concluded = Some(START + 5 * DAY + 1),
        Outcome::Missed,
    );
    // Two days with the requester do not count.
    let paused =
        |one: &mut RequestFact| one.pauses = vec![(START + HOUR, Some(START + HOUR + 2 * DAY))];
    check(
        &|one| {
            paused(one);
            one.concluded = Some(START + 7 * DAY);
        },
        Outcome::Met,
    );
    check(
        &|one| {
            paused(one);
            one.concluded = Some(START + 7 * DAY + 1);
        },
        Outcome::Missed,
    );
    // While it lies there nothing falls due.
    check(
        &|one| one.pauses = vec![(START + HOUR, None)],
        Outcome::NotApplicable,
    );
    // What is left is a day at least.
    check(
        &|one| {
            one.pauses = vec![(START + 5 * DAY - 60, Some(START + 5 * DAY))];
            one.concluded = Some(START + 6 * DAY);
        },
        Outcome::Met,
    );
    // Two extensions count, a third does not.
    let three = vec![START + 6 * DAY, START + 8 * DAY, START + 20 * DAY];
    check(
        &|one| {
            one.extensions.clone_from(&three);
            one.concluded = Some(START + 8 * DAY);
        },
        Outcome::Met,
    );
    check(
        &|one| {
            one.extensions.clone_from(&three);
            one.concluded = Some(START + 9 * DAY);
        },
        Outcome::Missed,
    );
}

#[test]
fn interim_cadence() {
    let kind = CommitmentKind::InterimCadence;
    let worked = |reports: &[i64], until: Option<i64>| {
        requests(|one| {
            one.working = vec![(START, until.map(|after| START + after))];
            one.reports = reports.iter().map(|after| START + after).collect();
        })
    };
    assert_eq!(
        outcome(kind, &worked(&[0, DAY, 2 * DAY], Some(3 * DAY))),
        Outcome::Met
    );
    assert_eq!(
        outcome(kind, &worked(&[0, DAY, 2 * DAY + HOUR], Some(3 * DAY))),
        Outcome::Missed
    );
    assert_eq!(outcome(kind, &worked(&[0], Some(2 * DAY))), Outcome::Missed);
    assert_eq!(
        outcome(kind, &worked(&[0, DAY], None)),
        Outcome::Missed,
        "nothing came after the first day"
    );
    assert_eq!(
        judged(kind, &[], &worked(&[0, DAY, 2 * DAY], Some(3 * DAY)))
            .rows
            .len(),
        3
    );
}

/// The same with the sides changed: what bravo asked of alpha.
fn turned(mut facts: Facts) -> Facts {
    for one in &mut facts.requests {
        std::mem::swap(&mut one.base.from, &mut one.base.to);
    }
    facts
}

#[test]
fn request_completeness() {
    let kind = CommitmentKind::RequestCompleteness;
    assert_eq!(outcome(kind, &turned(requests(|_| {}))), Outcome::Met);
    let returned = requests(|one| one.pauses = vec![(START + 1, Some(START + 2))]);
    assert_eq!(outcome(kind, &turned(returned.clone())), Outcome::Missed);
    assert_eq!(
        outcome(kind, &returned),
        Outcome::NotApplicable,
        "it binds whoever asks"
    );
}

#[test]
fn answer_feedback() {
    let kind = CommitmentKind::AnswerFeedback;
    let given = |after: Option<i64>| {
        turned(requests(|one| {
            one.answers = vec![(START, after.map(|after| START + after))];
        }))
    };
    assert_eq!(outcome(kind, &given(Some(14 * DAY))), Outcome::Met);
    assert_eq!(outcome(kind, &given(Some(14 * DAY + 1))), Outcome::Missed);
    assert_eq!(outcome(kind, &given(None)), Outcome::Missed);
}

fn share(id: &str, from: PartyName, to: PartyName, received: i64) -> ShareFact {
    ShareFact {
        base: base(id, from, to),
        class: Class::Indicators,
        received,
        delivery: id.to_owned(),
    }
}

#[test]
fn sighting_feedback() {
    let kind = CommitmentKind::SightingFeedback;
    let facts = |at: Option<i64>| Facts {
        shares: vec![
            share("i1", alpha(), bravo(), START),
            share("i1", alpha(), bravo(), START + DAY),
        ],
        sightings: at
            .map(|at| SightingFact {
                by: bravo(),
                of: "i1".to_owned(),
                at,
            })
            .into_iter()
            .collect(),
        ..Facts::default()
    };
    assert_eq!(outcome(kind, &facts(Some(START + 30 * DAY))), Outcome::Met);
    assert_eq!(
        outcome(kind, &facts(Some(START + 31 * DAY))),
        Outcome::Missed
    );
    assert_eq!(
        outcome(kind, &facts(Some(START - 1))),
        Outcome::Missed,
        "said before it was shared"
    );
    assert_eq!(
        judged(kind, &[], &facts(None)).rows.len(),
        1,
        "shared twice, owed once"
    );
}

#[test]
fn reciprocity() {
    let kind = CommitmentKind::Reciprocity;
    let facts = |there: usize, back: usize| {
        let some = |from: fn() -> PartyName, to: fn() -> PartyName, count: usize| {
            (0..count)
                .map(move |number| share(&format!("{}{number}", from()), from(), to(), START))
                .collect::<Vec<_>>()
        };
        Facts {
            shares: [some(alpha, bravo, there), some(bravo, alpha, back)].concat(),
            ..Facts::default()
        }
    };
    assert_eq!(outcome(kind, &facts(10, 5)), Outcome::Met);
    assert_eq!(outcome(kind, &facts(10, 4)), Outcome::Missed);
    assert_eq!(outcome(kind, &facts(0, 3)), Outcome::Missed);
}

#[test]
fn sharing_cadence() {
    let kind = CommitmentKind::SharingCadence;
    let each_week = |weeks: i64| Facts {
        shares: (0..weeks)
            .map(|week| {
                share(
                    &format!("i{week}"),
                    bravo(),
                    alpha(),
                    START + week * 7 * DAY,
                )
            })
            .collect(),
        ..Facts::default()
    };
    let found = judged(kind, &[], &each_week(12));
    assert_eq!(found.outcome, Outcome::Met, "{:?}", found.rows);
    assert_eq!(found.rows.len(), 12, "weeks that lie in the quarter whole");
    assert_eq!(found.rows[0].subject, "2026-W41 1");
    assert_eq!(outcome(kind, &each_week(11)), Outcome::Missed);
}

#[test]
fn sample_turnaround() {
    let kind = CommitmentKind::SampleTurnaround;
    let facts = |reported: Option<i64>| Facts {
        samples: vec![SampleFact {
            base: base("s1", alpha(), bravo()),
            received: START,
            reported,
        }],
        ..Facts::default()
    };
    assert_eq!(outcome(kind, &facts(Some(START + 10 * DAY))), Outcome::Met);
    assert_eq!(outcome(kind, &facts(None)), Outcome::Missed);
}

#[test]
fn contact_check() {
    let kind = CommitmentKind::ContactCheck;
    let facts = |hotline: bool, minutes: i64| Facts {
        checks: vec![CheckFact {
            base: base("p1", alpha(), bravo()),
            hotline,
            received: START,
            answered: Some(START + minutes * 60),
        }],
        ..Facts::default()
    };
    assert_eq!(outcome(kind, &facts(false, 240)), Outcome::Met);
    assert_eq!(outcome(kind, &facts(false, 241)), Outcome::Missed);
    assert_eq!(outcome(kind, &facts(true, 5)), Outcome::Met);
    assert_eq!(outcome(kind, &facts(true, 6)), Outcome::Missed);
}

#[test]
fn contact_freshness() {
    let kind = CommitmentKind::ContactFreshness;
    let window = Stretch::parse("2026-Q4").unwrap().window().unwrap();
    let facts = |from: i64, verified: &[i64]| Facts {
        contacts: vec![ContactFact {
            party: bravo(),
            name: "24x7".to_owned(),
            from,
            until: i64::MAX,
            verified: verified.to_vec(),
        }],
        ..Facts::default()
    };
    let long_ago = window.from - 1_000 * DAY;
    assert_eq!(
        outcome(kind, &facts(long_ago, &[window.from - DAY])),
        Outcome::Met
    );
    assert_eq!(
        outcome(kind, &facts(long_ago, &[window.from - 170 * DAY])),
        Outcome::Missed
    );
    assert_eq!(
        outcome(
            kind,
            &facts(long_ago, &[window.from - 170 * DAY, window.from + 9 * DAY])
        ),
        Outcome::Met
    );
    assert_eq!(
        outcome(
            kind,
            &facts(long_ago, &[window.from - 170 * DAY, window.from + 11 * DAY])
        ),
        Outcome::Missed
    );
    assert_eq!(outcome(kind, &facts(long_ago, &[])), Outcome::Missed);
    assert_eq!(
        outcome(kind, &facts(window.from, &[])),
        Outcome::Met,
        "new, and so not yet stale"
    );
    assert_eq!(
        outcome(kind, &facts(window.until, &[])),
        Outcome::NotApplicable
    );
}

#[test]
fn release_ceiling() {
    let kind = CommitmentKind::ReleaseCeiling;
    let said = |by: PartyName, kept: bool| AttestationFact {
        about: bravo(),
        by,
        kept,
        period: "2026-Q4".to_owned(),
    };
    let facts = |attestations: Vec<AttestationFact>| Facts {
        attestations,
        ..Facts::default()
    };
    let own = judged(kind, &[], &facts(vec![said(bravo(), true)]));
    assert_eq!((own.outcome, own.attested), (Outcome::Met, true));
    assert_eq!(
        outcome(
            kind,
            &facts(vec![said(bravo(), true), said(alpha(), false)])
        ),
        Outcome::Missed
    );
    assert_eq!(
        outcome(kind, &facts(vec![said(alpha(), true)])),
        Outcome::Missed,
        "nobody attests for another"
    );
}

#[test]
fn purge_confirmation() {
    let kind = CommitmentKind::PurgeConfirmation;
    let taken_back = |after: Option<i64>| {
        requests(|one| {
            one.withdrawn = Some(START);
            one.purged = after.map(|after| START + after);
        })
    };
    assert_eq!(outcome(kind, &taken_back(Some(5 * DAY))), Outcome::Met);
    assert_eq!(outcome(kind, &taken_back(None)), Outcome::Missed);
    let recalled = |answered| Facts {
        recalls: vec![RecallFact {
            base: base("x", alpha(), bravo()),
            received: START,
            answered,
        }],
        ..Facts::default()
    };
    assert_eq!(outcome(kind, &recalled(Some(START + 1))), Outcome::Met);
    assert_eq!(outcome(kind, &recalled(None)), Outcome::Missed);
}

#[test]
fn preservation_kept() {
    let kind = CommitmentKind::PreservationKept;
    let held = |ended: Option<i64>, lost: Option<i64>| Facts {
        holds: vec![HoldFact {
            base: base("h", alpha(), bravo()),
            held_from: START,
            until: START + 60 * DAY,
            ended,
            lost,
        }],
        ..Facts::default()
    };
    assert_eq!(outcome(kind, &held(None, None)), Outcome::Met);
    assert_eq!(outcome(kind, &held(Some(START + DAY), None)), Outcome::Met);
    assert_eq!(
        outcome(kind, &held(None, Some(START + 59 * DAY))),
        Outcome::Missed
    );
    assert_eq!(
        outcome(kind, &held(None, Some(START + 61 * DAY))),
        Outcome::Met,
        "its date had passed"
    );
}

#[test]
fn staged_reports() {
    let kind = CommitmentKind::StagedReports;
    let incident = |early: Option<i64>, notified: Option<i64>, last: Option<i64>| Facts {
        incidents: vec![IncidentFact {
            base: base("n", bravo(), alpha()),
            regime: "nis2",
            aware: START,
            classified: None,
            measure: None,
            early: early.map(|after| START + after),
            notified: notified.map(|after| START + after),
            intermediate: None,
            last: last.map(|after| START + after),
        }],
        ..Facts::default()
    };
    assert_eq!(
        outcome(
            kind,
            &incident(Some(24 * HOUR), Some(72 * HOUR), Some(33 * DAY))
        ),
        Outcome::Met
    );
    assert_eq!(
        outcome(kind, &incident(None, Some(20 * HOUR), Some(30 * DAY))),
        Outcome::Met,
        "a notification warns"
    );
    assert_eq!(
        outcome(
            kind,
            &incident(Some(25 * HOUR), Some(72 * HOUR), Some(33 * DAY))
        ),
        Outcome::Missed
    );
    assert_eq!(judged(kind, &[], &incident(None, None, None)).rows.len(), 3);
}

#[test]
fn exercise() {
    let kind = CommitmentKind::Exercise;
    let held = |reports: Vec<PartyName>| Facts {
        exercises: vec![ExerciseFact {
            id: "e".to_owned(),
            completed: Some(START),
            reports,
        }],
        ..Facts::default()
    };
    let twice = [("per_half_year", 2)];
    assert_eq!(
        judged(kind, &twice, &held(vec![alpha(), bravo()])).outcome,
        Outcome::Met
    );
    assert_eq!(
        judged(kind, &twice, &held(vec![alpha()])).outcome,
        Outcome::Missed,
        "both report"
    );
    assert_eq!(
        judged(kind, &twice, &Facts::default()).outcome,
        Outcome::Missed
    );
}

#[test]
fn a_share_of_what_fell_due_is_enough_where_it_was_agreed() {
    let mut facts = Facts::default();
    for number in 0..10 {
        let mut one = request(&format!("r{number}"));
        one.acknowledged = (number > 0).then_some(START + HOUR);
        facts.requests.push(one);
    }
    let kind = CommitmentKind::AcknowledgementTimeliness;
    assert_eq!(outcome(kind, &facts), Outcome::Met, "nine of ten");
    facts.requests[1].acknowledged = None;
    assert_eq!(outcome(kind, &facts), Outcome::Missed, "eight of ten");
}

#[test]
fn what_is_disputed_counts_for_neither_and_shows_where_it_matters() {
    let kind = CommitmentKind::AcknowledgementTimeliness;
    let only = requests(|one| one.base.disputed = true);
    assert_eq!(outcome(kind, &only), Outcome::Disputed);
    let mut many = Facts::default();
    for number in 0..40 {
        let mut one = request(&format!("r{number:02}"));
        one.acknowledged = Some(START + HOUR);
        one.base.disputed = number == 0;
        many.requests.push(one);
    }
    assert_eq!(
        outcome(kind, &many),
        Outcome::Met,
        "one of forty changes nothing"
    );
}

#[test]
fn exercises_are_judged_by_themselves() {
    let mut facts = requests(|one| one.acknowledged = Some(START));
    facts.requests[0].base.exercise = true;
    let kind = CommitmentKind::AcknowledgementTimeliness;
    assert_eq!(outcome(kind, &facts), Outcome::NotApplicable);
}

#[test]
fn what_falls_due_outside_the_period_is_judged_elsewhere() {
    let kind = CommitmentKind::AcknowledgementTimeliness;
    let late = requests(|one| one.delivered = START + 400 * DAY);
    assert_eq!(outcome(kind, &late), Outcome::NotApplicable);
}

fn accord() -> AccordText {
    let (first, second) = (alpha(), bravo());
    let (one, two) = (
        Domain::parse("alpha.example").unwrap(),
        Domain::parse("bravo.example").unwrap(),
    );
    let party = |name, domain, root: u8| TemplateParty {
        name,
        root: Digest::of(&[root]),
        domain,
    };
    let at = comity_stix::timestamp::Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let text = fill(
        Template::UsChina2015,
        &party(&first, &one, 1),
        &party(&second, &two, 2),
        at,
    );
    AccordText::parse(&text).unwrap()
}

fn scored(facts: &Facts, pair: [&PartyName; 2]) -> Scorecard {
    let set = EvaluationSet::of([Leaf {
        message: Digest::of(b"m"),
        received: START,
    }]);
    let half = Stretch::parse("2026-H2").unwrap();
    Scorecard::make(&accord(), pair, half, (facts, &set)).unwrap()
}

#[test]
fn both_sides_write_the_same_bytes() {
    let facts = requests(|one| one.acknowledged = Some(START + HOUR));
    let mut shuffled = facts.clone();
    shuffled.requests.push(request("r2"));
    shuffled.requests.reverse();
    let mut straight = facts;
    straight.requests.push(request("r2"));
    // Neither the order of facts nor that of the parties in the question means anything.
    let one = scored(&straight, [&alpha(), &bravo()]);
    assert_eq!(one.hash(), scored(&shuffled, [&bravo(), &alpha()]).hash());
    let value: serde_json::Value = serde_json::from_str(one.text()).unwrap();
    assert_eq!(canonical(&value), one.text());
    assert_eq!(
        value["results"].as_array().unwrap().len(),
        24,
        "twelve commitments, both ways"
    );
}

#[test]
fn a_planted_difference_is_named_to_the_row() {
    let facts = |after| requests(|one| one.acknowledged = Some(START + after));
    let pair = [&alpha(), &bravo()];
    let (one, two) = (scored(&facts(HOUR), pair), scored(&facts(5 * HOUR), pair));
    assert_ne!(one.hash(), two.hash());
    let (place, first, second) = first_difference(one.text(), two.text()).unwrap();
    assert_eq!(place, "results/acknowledge by bravo/rows/r1/done");
    assert_eq!(
        (first, second),
        ((START + HOUR).to_string(), (START + 5 * HOUR).to_string())
    );
    assert_eq!(first_difference(one.text(), one.text()), None);
}

#[test]
fn a_quarter_names_what_only_a_half_year_judges() {
    let set = EvaluationSet::default();
    let quarter = Stretch::parse("2026-Q4").unwrap();
    let card = Scorecard::make(
        &accord(),
        [&alpha(), &bravo()],
        quarter,
        (&Facts::default(), &set),
    )
    .unwrap();
    assert!(card.judgements().is_empty());
    assert_eq!(card.longer().len(), 12);
}

#[test]
fn an_exercise_is_judged_whole_and_by_its_own_facts_alone() {
    let set = EvaluationSet::default();
    let pair = [&bravo(), &alpha()];
    let mut facts = requests(|one| {
        one.base.exercise = true;
        // What falls due after the half-year counts too: an exercise has no other period.
        one.delivered = START + 87 * DAY;
        one.acknowledged = Some(one.delivered + HOUR);
    });
    facts.requests.push(request("meant"));
    facts.as_of = Some(START + 200 * DAY);
    let of = |facts: &Facts| {
        let made = Scorecard::of_exercise(&accord(), pair, ("exercise--1", START), (facts, &set));
        made.unwrap().unwrap()
    };
    let card = of(&facts);
    let rows: Vec<_> = card
        .judgements()
        .iter()
        .filter(|one| one.kind == CommitmentKind::AcknowledgementTimeliness && one.by == bravo())
        .flat_map(|one| &one.rows)
        .collect();
    assert_eq!(
        (rows.len(), rows[0].verdict),
        (1, RowVerdict::Kept),
        "{rows:?}"
    );
    assert!(card.judgements().iter().all(|one| one.exercise));
    assert!(card.text().contains("\"exercise\":\"exercise--1\""));
    // What has no thread cannot be practised, and is not missed in an exercise.
    let kinds = card.judgements().iter().map(|one| one.kind);
    for kind in kinds {
        assert!(!matches!(
            kind,
            CommitmentKind::SharingCadence | CommitmentKind::Reciprocity | CommitmentKind::Exercise
        ));
    }
    facts.requests.retain(|one| one.base.exercise);
    assert_eq!(
        of(&facts).hash(),
        card.hash(),
        "what is meant changes nothing"
    );
    // And the other way round: the period's scorecard has no row of it.
    let live = scored(&facts, [&alpha(), &bravo()]);
    assert!(
        live.judgements()
            .iter()
            .all(|one| one.rows.iter().all(|row| row.subject != "r1"))
    );
}

#[test]
fn a_row_says_what_was_due_when_and_when_it_was_done() {
    let facts = requests(|one| {
        one.acknowledged = Some(START + 5 * HOUR);
        one.base.skewed = true;
    });
    let found = judged(CommitmentKind::AcknowledgementTimeliness, &[], &facts);
    let [row] = found.rows.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (row.due, row.done),
        (START + 4 * HOUR, Some(START + 5 * HOUR))
    );
    assert_eq!((row.verdict, row.skewed), (RowVerdict::Missed, true));
}
