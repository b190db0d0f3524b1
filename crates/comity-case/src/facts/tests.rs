//! What each kind of thread comes to as a fact, and what does not count.

use comity_accord::digest::Digest;
use comity_accord::evaluation::facts::Facts;
use comity_accord::evaluation::period::Stretch;
use comity_accord::evaluation::scorecard::Scorecard;
use comity_accord::evaluation::set::EvaluationSet;
use comity_accord::party::Domain;
use comity_accord::text::AccordText;
use comity_accord::text::commitment::CommitmentKind;
use comity_accord::text::template::{Template, TemplateParty, fill};
use comity_stix::timestamp::Timestamp;
use serde_json::{Value, json};

use super::{evaluation_set, facts};
use crate::incident::{self, Incident};
use crate::message::Subject;
use crate::script::{DAY, HOUR, START, Script, party};
use crate::table::Side;

const A: Side = Side::Opener;
const B: Side = Side::Responder;

fn accord() -> AccordText {
    accord_of(Template::UsChina2015)
}

fn accord_of(template: Template) -> AccordText {
    let (one, two) = (party(A), party(B));
    let domain = Domain::parse("cert.example").unwrap();
    let each = |name, root: &[u8]| TemplateParty {
        name,
        root: Digest::of(root),
        domain: &domain,
    };
    let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let (one, two) = (each(&one, b"1"), each(&two, b"2"));
    AccordText::parse(&fill(template, &one, &two, at)).unwrap()
}

fn found_by(script: &Script, cutoff: i64) -> Facts {
    facts([&script.thread()], accord().content(), cutoff)
}

fn found(script: &Script) -> Facts {
    found_by(script, i64::MAX)
}

fn asked(request_type: &str) -> Value {
    json!({
        "request_type": request_type, "urgency": "urgent", "title": "logs", "unit": "u", "contact": "c", "facts": "f",
        "asked": "a", "use_limits": "intelligence only", "observables": ["198.51.100.7"],
        "hold_until": "2026-12-05T08:00:00Z",
    })
}

fn begun() -> Script {
    let mut script = Script::new(Subject::Request);
    script.say(A, 0, "send", asked("log-search"));
    script
}

fn answered() -> Script {
    let mut script = begun();
    let expected = |day: u32| format!("2026-10-{day}T08:00:00Z");
    script.say(B, HOUR, "acknowledge", json!({"number": "B-1"}));
    script.say(B, 2 * HOUR, "return", json!({"fields": ["facts"]}));
    script.say(
        A,
        3 * HOUR,
        "supplement",
        json!({"fields": {"facts": "more"}}),
    );
    script.say(
        B,
        4 * HOUR,
        "accept",
        json!({"scope": "full", "expected": expected(10)}),
    );
    script.say(
        B,
        5 * HOUR,
        "extend",
        json!({"expected": expected(12), "reason": "volume"}),
    );
    script.say(B, DAY, "interim", json!({"text": "half"}));
    script.say(
        B,
        2 * DAY,
        "answer",
        json!({"scope": "full", "text": "here"}),
    );
    script
}

#[test]
fn a_request_tells_what_happened_when_by_the_clock_of_whoever_owed_it() {
    let [fact] = found(&answered()).requests.try_into().unwrap();
    assert_eq!((fact.base.from, fact.base.to), (party(A), party(B)));
    assert_eq!(fact.delivered, START + 1);
    assert_eq!(fact.acknowledged, Some(START + HOUR));
    // Returned by the responder's word, supplemented when its node had it.
    assert_eq!(
        fact.pauses,
        [(START + 2 * HOUR, Some(START + 3 * HOUR + 1))]
    );
    assert_eq!(fact.extensions, [START + 7 * DAY]);
    assert_eq!(fact.concluded, Some(START + 2 * DAY));
    assert_eq!(fact.working, [(START + 4 * HOUR, Some(START + 2 * DAY))]);
    assert_eq!(fact.reports.len(), 4);
    assert_eq!(fact.answers, [(START + 2 * DAY + 1, None)]);
    assert!(!fact.base.skewed && !fact.base.disputed && !fact.base.exercise);
}

#[test]
fn the_first_word_on_an_answer_is_its_echo_and_each_answer_has_its_own() {
    let mut script = answered();
    script.say(A, 3 * DAY, "reopen", json!({"gap": "one day"}));
    script.say(
        B,
        4 * DAY,
        "answer",
        json!({"scope": "full", "text": "all"}),
    );
    script.say(
        A,
        5 * DAY,
        "feedback",
        json!({"useful": "yes", "quality": 5, "acted": true}),
    );
    let [fact] = found(&script).requests.try_into().unwrap();
    let echoes = [
        (START + 2 * DAY + 1, Some(START + 3 * DAY)),
        (START + 4 * DAY + 1, Some(START + 5 * DAY)),
    ];
    assert_eq!(fact.answers, echoes);
    assert_eq!(fact.concluded, Some(START + 2 * DAY), "the first answer");
}

#[test]
fn what_was_not_received_by_the_cutoff_is_as_if_it_were_not_there() {
    let mut script = answered();
    let [fact] = found_by(&script, START + 2 * HOUR)
        .requests
        .try_into()
        .unwrap();
    assert_eq!(
        (fact.acknowledged, fact.pauses.len()),
        (Some(START + HOUR), 0)
    );
    assert_eq!(found_by(&script, START), Facts::default());
    let set = |script: &Script, cutoff| evaluation_set([&script.thread()], cutoff);
    assert_eq!(set(&script, START + HOUR + 1).len(), 2);
    // A message without a receipt is no ground to judge on, nor is what stands behind it.
    script.entries[3].received = None;
    let [fact] = found(&script).requests.try_into().unwrap();
    assert_eq!((fact.pauses.len(), fact.concluded), (1, None));
    assert_eq!(set(&script, i64::MAX).len(), script.entries.len() - 1);
}

#[test]
fn clocks_that_are_further_apart_than_agreed_are_shown_and_disputes_are_too() {
    let mut script = begun();
    script.say(B, HOUR, "acknowledge", json!({"number": "B-1"}));
    let skewed = |script: &Script| found(script).requests[0].base.skewed;
    for (apart, expected) in [(300, false), (301, true), (-300, false), (-301, true)] {
        script.entries[1].received = Some(START + HOUR + apart);
        assert_eq!(skewed(&script), expected, "{apart}");
    }
    let digest = script.entries[1].message.digest().to_string();
    script.say(
        A,
        2 * HOUR,
        "dispute",
        json!({"message": digest, "text": "not so"}),
    );
    assert!(found(&script).requests[0].base.disputed);
    script.say(
        A,
        3 * HOUR,
        "settle",
        json!({"message": digest, "text": "it was"}),
    );
    assert!(!found(&script).requests[0].base.disputed);
}

#[test]
fn preserved_data_is_a_fact_once_it_is_held() {
    let mut script = Script::new(Subject::Request);
    script.say(A, 0, "send", asked("preservation"));
    assert_eq!(found(&script).holds, []);
    script.say(B, HOUR, "hold", json!({"until": "2026-12-05T08:00:00Z"}));
    let [held] = found(&script).holds.try_into().unwrap();
    assert_eq!(
        (held.held_from, held.until),
        (START + HOUR, START + 61 * DAY)
    );
    script.say(B, DAY, "lost", json!({"reason": "disk"}));
    let [lost] = found(&script).holds.try_into().unwrap();
    assert_eq!((lost.lost, lost.ended), (Some(START + DAY), None));
    script.unsay().say(A, DAY, "release", json!({}));
    let [released] = found(&script).holds.try_into().unwrap();
    assert_eq!((released.lost, released.ended), (None, Some(START + DAY)));
}

#[test]
fn a_test_of_the_hotline_is_a_check_and_a_call_that_is_meant_is_none() {
    for (test, count) in [(true, 1), (false, 0)] {
        let mut script = Script::new(Subject::Call);
        let said = json!({"to": "desk", "channel": "telephone", "urgency": "routine", "line": "test", "test": test});
        script.say(A, 0, "ring", said);
        script.say(B, 60, "answered", json!({"name": "n", "role": "duty"}));
        let checks = found(&script).checks;
        assert_eq!(checks.len(), count);
        for check in checks {
            assert_eq!((check.hotline, check.received), (true, START + 1));
            assert_eq!(check.answered, Some(START + 60));
        }
    }
}

#[test]
fn checks_samples_incidents_and_exercises_are_facts() {
    let mut check = Script::new(Subject::Check);
    let nonce = "00112233445566778899aabbccddeeff";
    check.say(
        A,
        0,
        "ping",
        json!({"contact": "24x7", "nonce": nonce, "due": "2026-10-05T12:00:00Z"}),
    );
    check.say(B, 60, "answer", json!({"nonce": nonce}));
    let [fact] = found(&check).checks.try_into().unwrap();
    assert_eq!(
        (fact.hotline, fact.received, fact.answered),
        (false, START + 1, Some(START + 60))
    );

    let mut sample = Script::new(Subject::Evidence);
    let sha256 = Digest::of(b"worm").to_string();
    let item = json!({
        "sha256": sha256, "size": 512, "media_type": "application/octet-stream", "acquired_at": "2026-10-01T08:00:00Z",
        "acquired_by": "lab", "acquired_how": "mail", "tool": "none", "source": "mail server", "legal_basis": "order 7",
        "label": "amber", "sample": true,
    });
    sample.say(A, 0, "acquired", item);
    sample.say(A, 1, "transfer-offer", json!({}));
    assert_eq!(found(&sample).samples, []);
    sample.say(B, 60, "transfer-accept", json!({"sha256": sha256}));
    sample.say(
        B,
        DAY,
        "analysis-report",
        json!({"text": "it encrypts files"}),
    );
    let [fact] = found(&sample).samples.try_into().unwrap();
    assert_eq!(
        (fact.received, fact.reported),
        (START + 60, Some(START + DAY))
    );

    let mut incident = Script::new(Subject::Incident);
    incident.say(
        A,
        0,
        "aware",
        json!({"title": "t", "at": "2026-10-05T07:00:00Z", "regime": "nis2"}),
    );
    incident.say(A, HOUR, "early-warning", json!({"text": "x"}));
    let [fact] = found(&incident).incidents.try_into().unwrap();
    assert_eq!((fact.aware, fact.early), (START - HOUR, Some(START + HOUR)));
    assert_eq!((fact.notified, fact.last), (None, None));

    let mut exercise = Script::new(Subject::Exercise);
    let said = json!({
        "title": "t", "scenario_sha256": sha256, "starts": "2026-10-06T08:00:00Z", "ends": "2026-10-06T16:00:00Z",
    });
    exercise.say(A, 0, "propose", said);
    exercise.say(B, 1, "agree", json!({}));
    exercise.say(A, 2, "start", json!({}));
    exercise.say(B, 3, "stop", json!({}));
    exercise.say(B, 4, "report", json!({"text": "x"}));
    assert_eq!(found(&exercise).exercises[0].completed, None);
    exercise.say(A, 5, "report", json!({"text": "y"}));
    let [fact] = found(&exercise).exercises.try_into().unwrap();
    assert_eq!(
        (fact.completed, fact.reports),
        (Some(START + 5), vec![party(B), party(A)])
    );
}

/// What the figures of each template come to for an incident, beside what the clocks of its regime say.
#[test]
fn the_figures_of_the_templates_are_the_clocks_of_their_regimes() {
    let check = |template, regime: &str, said: &[(i64, &str, Value)]| {
        let mut script = Script::new(Subject::Incident);
        let aware = json!({"title": "t", "at": "2026-10-05T07:00:00Z", "regime": regime});
        script.say(A, 0, "aware", aware);
        for (after, event, content) in said {
            script.say(A, *after, event, content.clone());
        }
        let incident = Incident::replay(&script.thread()).unwrap();
        let stages = [
            incident::Kind::EarlyWarning,
            incident::Kind::Notification,
            incident::Kind::Intermediate,
            incident::Kind::Final,
        ];
        let mut expected: Vec<i64> = stages
            .into_iter()
            .filter_map(|stage| incident.stage_due(stage))
            .collect();
        let accord = accord_of(template);
        let facts = facts([&script.thread()], accord.content(), i64::MAX);
        let period = Stretch::parse("2026-Q4").unwrap();
        let set = EvaluationSet::default();
        let made =
            Scorecard::make(&accord, [&party(A), &party(B)], period, (&facts, &set)).unwrap();
        let rows = made.judgements().iter().filter(|one| {
            one.kind == CommitmentKind::StagedReports && one.by == party(A) && one.to == party(B)
        });
        let mut found: Vec<i64> = rows.flat_map(|one| &one.rows).map(|row| row.due).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert!(!found.is_empty(), "{regime}");
        assert_eq!(found, expected, "{regime}, {said:?}");
    };
    let text = || json!({"text": "x"});
    for (template, regime) in [
        (Template::Nis2, "nis2"),
        (Template::Gdpr, "gdpr"),
        (Template::Cra, "cra"),
        (Template::Dora, "dora"),
        (Template::Cra, "cra-vulnerability"),
    ] {
        check(template, regime, &[]);
        check(template, regime, &[(HOUR, "early-warning", text())]);
        let early = (HOUR, "early-warning", text());
        check(
            template,
            regime,
            &[early.clone(), (DAY, "notification", text())],
        );
        let middle = (2 * DAY, "intermediate", text());
        let last = (9 * DAY, "final", text());
        check(template, regime, &[early, middle, last]);
    }
    let classified = json!({"text": "x", "classified_at": "2026-10-05T10:00:00Z"});
    check(
        Template::Dora,
        "dora",
        &[(3 * HOUR, "progress", classified)],
    );
    let measure = json!({"text": "x", "measure_at": "2026-10-06T10:00:00Z"});
    check(
        Template::Cra,
        "cra-vulnerability",
        &[(2 * DAY, "progress", measure)],
    );
}
