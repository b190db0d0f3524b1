use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::board::{Board, OwnEntry, TaskState};
use super::whole::{Cases, whole};
use super::*;
use crate::proof::Proof;
use crate::script::{DAY, HOUR, START, Script, party};
use crate::table::Row;

const A: Side = Side::Opener;
const B: Side = Side::Responder;

fn open() -> Value {
    json!({
        "title": "a botnet in both territories", "summary": "servers in B, victims in A",
        "number": "A-17", "priority": "high",
    })
}

fn other() -> String {
    ThreadId::new(Subject::Case, Uuid::from_u128(99)).to_string()
}

/// Says what must come first, where the case takes it.
fn first(script: &mut Script, side: Side, kind: Kind, said: Value) {
    let state = Case::replay(&script.thread()).unwrap().state;
    let takes = |row: &&Row<State, Kind>| row.event == kind && row.from.contains(&state);
    if TABLE.iter().any(|row| takes(&row)) {
        script.say(side, 3_000, kind.word(), said);
    }
}

fn content(script: &mut Script, kind: Kind, side: Side) -> Value {
    let opening = script.entries[0].message.digest().to_string();
    let dispute = json!({"message": opening, "text": "not so"});
    let owner = party(side).to_string();
    let task = json!({"text": "read the logs", "owner": owner});
    let last = |script: &Script| script.entries.last().unwrap().message.place();
    let link = json!({"thread": "request--00000000-0000-0000-0000-000000000005"});
    let reason = json!({"reason": "as agreed on the telephone"});
    match kind {
        Kind::Open => open(),
        Kind::Withdraw | Kind::Decline | Kind::Unmerge | Kind::Reopen => reason,
        Kind::Join => json!({"number": "B-4"}),
        Kind::Status | Kind::Note => json!({"text": "two servers found"}),
        Kind::Task => task,
        Kind::Done | Kind::Drop => {
            first(script, side, Kind::Task, task);
            let place = last(script);
            if kind == Kind::Done {
                json!({"task": place, "result": "read"})
            } else {
                json!({"task": place, "reason": "no logs"})
            }
        }
        Kind::Observe => json!({"values": [{"field": "ipv4-addr:value", "value": "198.51.100.7"}]}),
        Kind::Happened => json!({"at": "2026-10-01T00:00:00Z", "text": "first beacon"}),
        Kind::Link => link,
        Kind::Unlink => {
            first(script, side, Kind::Link, link.clone());
            link
        }
        Kind::Prioritise => json!({"priority": "top"}),
        Kind::Assess => json!({"determination": "confirmed", "criticality": 80}),
        Kind::Merge => json!({"into": other(), "reason": "the same actor"}),
        Kind::Split | Kind::Unsplit => {
            first(
                script,
                side,
                Kind::Note,
                json!({"text": "of another victim"}),
            );
            let split = json!({"into": other(), "items": [last(script)]});
            if kind == Kind::Split {
                return split;
            }
            first(script, side, Kind::Split, split);
            json!({"into": other(), "reason": "it belongs here"})
        }
        Kind::Close => json!({"outcome": "servers seized"}),
        Kind::KeepOpen => {
            first(script, side, Kind::Close, json!({"outcome": "done"}));
            reason
        }
        Kind::Dispute => dispute,
        Kind::Settle => {
            first(script, side, Kind::Dispute, dispute.clone());
            dispute
        }
    }
}

fn standing(state: State) -> Script {
    let path: &[(Side, Kind)] = match state {
        State::Offered => &[],
        State::Withdrawn => &[(A, Kind::Withdraw)],
        State::Declined => &[(B, Kind::Decline)],
        State::Joint => &[(B, Kind::Join)],
        State::Merged => &[(B, Kind::Join), (A, Kind::Merge)],
        State::Closed => &[(B, Kind::Join), (A, Kind::Close), (B, Kind::Close)],
    };
    let mut script = Script::new(Subject::Case);
    script.say(A, 0, "open", open());
    for ((side, kind), after) in path.iter().zip(1..) {
        let said = content(&mut script, *kind, *side);
        script.say(*side, after, kind.word(), said);
    }
    script
}

fn replay(script: &Script) -> Case {
    Case::replay(&script.thread()).unwrap()
}

const PROOF: Proof<Case, State, Kind> = Proof {
    table: TABLE,
    standing,
    moment: |_| HOUR,
    content,
    replay: Case::replay,
    state: |case, _| case.state,
    record: |case| &case.record,
    both: &[Kind::Close],
};

#[test]
fn every_row_does_what_it_says_and_everything_else_is_refused() {
    PROOF.rows();
}

#[test]
fn each_row_needs_its_roles() {
    PROOF.roles();
}

#[test]
fn any_order_of_messages_gives_the_same_case() {
    PROOF.orders();
}

#[test]
fn a_task_is_ended_by_its_owner_and_dropped_by_whoever_set_it() {
    let mut script = standing(State::Joint);
    script.say(
        A,
        HOUR,
        "task",
        json!({"text": "seize", "owner": "bravo", "due": "2026-10-07T00:00:00Z"}),
    );
    let owed: Vec<_> = replay(&script).dues();
    assert_eq!((owed.len(), owed[0].by, owed[0].what), (1, B, "done"));
    script.say(A, 2 * HOUR, "done", json!({"task": "alpha/2"}));
    let case = replay(&script);
    assert!(case.record.voided[0].reason.contains("bravo's to end"));
    script.say(
        B,
        3 * HOUR,
        "done",
        json!({"task": "alpha/2", "result": "seized"}),
    );
    let case = replay(&script);
    assert_eq!(case.board.tasks[0].state, TaskState::Done);
    assert!(case.dues().is_empty());
    script.say(
        A,
        3 * HOUR,
        "drop",
        json!({"task": "alpha/2", "reason": "late"}),
    );
    let case = replay(&script);
    assert!(case.record.voided[1].reason.contains("is done"));
    script.say(
        A,
        4 * HOUR,
        "task",
        json!({"text": "x", "owner": "charlie"}),
    );
    let case = replay(&script);
    assert!(case.record.voided[2].reason.contains("one of the two"));
}

#[test]
fn nobody_learns_of_something_before_it_happens() {
    let mut script = standing(State::Joint);
    let told =
        |learned: &str| json!({"at": "2026-10-02T00:00:00Z", "learned": learned, "text": "x"});
    script.say(B, HOUR, "happened", told("2026-10-01T00:00:00Z"));
    script.say(B, HOUR, "happened", told("2026-12-01T00:00:00Z"));
    script.say(B, HOUR, "happened", told("2026-10-03T00:00:00Z"));
    let case = replay(&script);
    let reasons: Vec<_> = case.record.voided.iter().map(|void| &void.reason).collect();
    assert!(reasons[0].contains("before it happens") && reasons[1].contains("after it was told"));
    let line = &case.board.happenings[0];
    assert_eq!(line.learned - line.happened, DAY);
}

#[test]
fn both_close_a_case_and_the_second_has_two_weeks() {
    let mut script = standing(State::Joint);
    script.say(B, HOUR, "close", json!({"outcome": "done"}));
    let case = replay(&script);
    assert_eq!(case.state, State::Joint);
    let due = &case.dues()[0];
    assert_eq!(
        (due.by, due.what, due.at),
        (A, "close", START + HOUR + CLOSE_SECONDS)
    );
    script.say(
        A,
        2 * HOUR,
        "keep-open",
        json!({"reason": "one server left"}),
    );
    assert!(replay(&script).dues().is_empty());
}

#[test]
fn the_priority_is_agreed_when_both_say_the_same() {
    let mut script = standing(State::Joint);
    assert_eq!(replay(&script).agreed_priority(), None);
    assert_eq!(replay(&script).highest_priority(), Priority::High);
    script.say(B, HOUR, "prioritise", json!({"priority": "high"}));
    assert_eq!(replay(&script).agreed_priority(), Some(Priority::High));
    script.say(B, HOUR, "prioritise", json!({"priority": "urgent"}));
    assert!(
        replay(&script).record.voided[0]
            .reason
            .contains("low, normal")
    );
}

#[test]
fn values_have_one_spelling_and_a_known_field() {
    let mut script = standing(State::Joint);
    let seen = |field: &str, value: &str| json!({"values": [{"field": field, "value": value}]});
    script.say(
        A,
        HOUR,
        "observe",
        seen("domain-name:value", "Example.COM."),
    );
    script.say(A, HOUR, "observe", seen("colour", "red"));
    script.say(A, HOUR, "observe", json!({"objects": ["indicator"]}));
    script.say(A, HOUR, "observe", json!({}));
    let case = replay(&script);
    assert_eq!(case.board.observations[0].values[0].value, "example.com");
    let reasons: Vec<_> = case.record.voided.iter().map(|void| &void.reason).collect();
    assert!(reasons[0].contains("no field") && reasons[1].contains("no id"));
    assert!(reasons[2].contains("a value or an object"));
}

/// Two joint cases, 1 and 99, each with a note of alpha's.
fn two() -> (Script, Script) {
    let mut one = standing(State::Joint);
    let mut two = Script::new(Subject::Case);
    two.id = ThreadId::new(Subject::Case, Uuid::from_u128(99));
    two.say(A, 0, "open", open());
    two.say(B, 1, "join", json!({"number": "B-5"}));
    one.say(A, HOUR, "note", json!({"text": "in one"}));
    two.say(A, HOUR, "note", json!({"text": "in two"}));
    (one, two)
}

fn cases(scripts: &[&Script]) -> Cases {
    scripts
        .iter()
        .map(|script| (script.id, replay(script)))
        .collect()
}

fn texts(cases: &Cases, id: ThreadId) -> Vec<String> {
    let parts = whole(cases, id);
    let notes = parts.iter().flat_map(|part| &part.board.notes);
    notes.map(|note| note.text.clone()).collect()
}

#[test]
fn a_merge_shows_the_items_in_the_other_case_and_is_undone_without_loss() {
    let (mut one, two) = two();
    let before = cases(&[&one, &two]);
    one.say(
        B,
        DAY,
        "merge",
        json!({"into": two.id.to_string(), "reason": "one actor"}),
    );
    let merged = cases(&[&one, &two]);
    assert_eq!(texts(&merged, two.id), ["in two", "in one"]);
    assert_eq!(texts(&merged, one.id), ["in one"]);
    one.say(A, 2 * DAY, "unmerge", json!({"reason": "two actors"}));
    let after = cases(&[&one, &two]);
    for id in [one.id, two.id] {
        assert_eq!(whole(&after, id), whole(&before, id));
    }
}

#[test]
fn cases_merged_in_a_ring_end() {
    let (mut one, mut two) = two();
    let into = |id: ThreadId| json!({"into": id.to_string(), "reason": "one actor"});
    one.say(A, DAY, "merge", into(two.id));
    two.say(B, DAY, "merge", into(one.id));
    let both = cases(&[&one, &two]);
    assert_eq!(texts(&both, one.id), ["in one", "in two"]);
    assert_eq!(texts(&both, two.id), ["in two", "in one"]);
}

#[test]
fn a_split_shows_items_elsewhere_and_is_undone_without_loss() {
    let (mut one, two) = two();
    let before = cases(&[&one, &two]);
    let split = json!({"into": two.id.to_string(), "items": ["alpha/2"]});
    one.say(B, DAY, "split", split.clone());
    one.say(B, DAY, "split", split);
    let apart = cases(&[&one, &two]);
    assert_eq!(
        apart[&one.id].record.voided.len(),
        1,
        "an item is split once"
    );
    assert!(texts(&apart, one.id).is_empty());
    assert_eq!(texts(&apart, two.id), ["in two", "in one"]);
    one.say(
        A,
        2 * DAY,
        "unsplit",
        json!({"into": two.id.to_string(), "reason": "no"}),
    );
    let after = cases(&[&one, &two]);
    for id in [one.id, two.id] {
        assert_eq!(whole(&after, id), whole(&before, id));
    }
}

#[test]
fn the_own_record_holds_items_and_nothing_about_the_case() {
    let own = |event: &str, content: Value| OwnEntry {
        officer: "analyst".to_owned(),
        at: START,
        event: event.to_owned(),
        content,
    };
    let alpha = party(A);
    let entries = [
        own(
            "task",
            json!({"text": "ask the provider", "owner": "alpha"}),
        ),
        own("close", json!({"outcome": "x"})),
        own("note", json!({"text": "the source is shy"})),
        own("done", json!({"task": "own/1"})),
    ];
    let board = Board::of_own(&alpha, &entries);
    assert_eq!(board.tasks[0].state, TaskState::Done);
    assert_eq!(
        (board.notes[0].mark.place.as_str(), board.notes.len()),
        ("own/3", 1)
    );
    let refused = Board::default().add_own(&alpha, 2, &entries[1]);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("the own record holds")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// However items are split and cases merged, each item is shown by exactly one case that is not merged, or by none only
    /// where all of them are merged.
    #[test]
    fn no_item_is_lost_or_doubled(steps in prop::collection::vec((any::<bool>(), 0_u8..4), 0..12)) {
        let (mut one, mut two) = two();
        for ((first, what), after) in steps.into_iter().zip(2..) {
            let ids = (one.id.to_string(), two.id.to_string());
            let (script, into) = if first { (&mut one, ids.1) } else { (&mut two, ids.0) };
            let (event, said) = match what {
                0 => ("merge", json!({"into": into, "reason": "x"})),
                1 => ("unmerge", json!({"reason": "x"})),
                2 => ("split", json!({"into": into, "items": ["alpha/2"]})),
                _ => ("unsplit", json!({"into": into, "reason": "x"})),
            };
            script.say(A, after * DAY, event, said);
        }
        let cases = cases(&[&one, &two]);
        let all_merged = cases.values().all(|case| case.state == State::Merged);
        let live = cases.iter().filter(|(_, case)| case.state != State::Merged || all_merged);
        let shown: Vec<Vec<String>> = live.map(|(id, _)| texts(&cases, *id)).collect();
        for text in ["in one", "in two"] {
            let text = text.to_owned();
            let times = shown.iter().flatten().filter(|each| **each == text).count();
            let expected = if all_merged { 2 } else { 1 };
            prop_assert_eq!(times, expected, "{} in {:?}", text, shown);
        }
    }
}

/// A joint case with an item of each kind.
fn full() -> Script {
    let mut script = standing(State::Joint);
    script.say(
        A,
        HOUR,
        "task",
        json!({"text": "seize <the> servers", "owner": "bravo", "due": "2026-10-05T12:00:00Z"}),
    );
    script.say(B, HOUR, "observe", json!({
        "values": [
            {"field": "ipv4-addr:value", "value": "198.51.100.7"},
            {"field": "file:hashes.'SHA-256'", "value": "AA".repeat(32)},
            {"field": "software:cpe", "value": "cpe:2.3:a:x"},
        ],
        "objects": ["indicator--00000000-0000-4000-8000-000000000001"], "context": "logs of the first server",
    }));
    script.say(B, HOUR, "happened", json!({
        "at": "2026-09-30T01:02:03Z", "until": "2026-10-01T00:00:00Z", "learned": "2026-10-02T00:00:00Z", "text": "first beacon",
    }));
    script.say(A, HOUR, "note", json!({"text": "the provider is helpful"}));
    script.say(
        A,
        HOUR,
        "assess",
        json!({"determination": "confirmed", "criticality": 80, "types": ["c2"]}),
    );
    script.say(
        A,
        HOUR,
        "link",
        json!({"thread": "request--00000000-0000-0000-0000-000000000005", "why": "logs"}),
    );
    script.say(B, HOUR, "status", json!({"text": "one server seized"}));
    script
}

#[test]
fn a_case_goes_out_as_a_stix_incident_and_comes_in_again() {
    let script = full();
    let all = cases(&[&script]);
    let case = &all[&script.id];
    assert_eq!(case.record.voided, []);
    let bundle = stix::bundle(case, &whole(&all, script.id));
    assert_eq!(
        bundle,
        stix::bundle(case, &whole(&all, script.id)),
        "ids follow from the case"
    );
    for object in bundle["objects"].as_array().unwrap() {
        let problems = comity_stix::validate::validate(&object.to_string());
        let errors: Vec<_> = problems
            .iter()
            .filter(|one| one.severity == comity_stix::validate::Severity::Must)
            .collect();
        assert!(errors.is_empty(), "{object}: {errors:?}");
    }
    let core = &bundle["objects"][0]["extensions"][stix::INCIDENT_ID];
    assert_eq!(
        (core["determination"].as_str(), core["criticality"].as_u64()),
        (Some("confirmed"), Some(80))
    );
    assert_eq!(core["investigation_status"], "open");
    let draft = stix::read(&bundle, None, &party(A)).unwrap();
    assert_eq!(draft.opening["title"], case.title.as_str());
    let mut again = Script::new(Subject::Case);
    again.say(A, 0, "open", draft.opening.clone());
    for (event, said) in &draft.events {
        again.say(A, HOUR, event, said.clone());
    }
    let read = replay(&again);
    assert_eq!(read.record.voided, []);
    let line = &read.board.happenings[0];
    let was = &case.board.happenings[0];
    assert_eq!(
        (line.happened, line.until, line.learned),
        (was.happened, was.until, was.learned)
    );
    assert_eq!(read.board.tasks[0].text, "seize <the> servers");
    let values: Vec<&str> = read.board.observations[0]
        .values
        .iter()
        .map(|one| one.value.as_str())
        .collect();
    assert!(values.contains(&"198.51.100.7") && values.contains(&"aa".repeat(32).as_str()));
    assert_eq!(read.assessment.unwrap().criticality, Some(80));
}

#[test]
fn an_incident_must_be_there_and_be_one() {
    let alpha = party(A);
    let incident = |n: u8| json!({"type": "incident", "id": format!("incident--{n}"), "name": "x"});
    let of = |objects: Vec<Value>| json!({"objects": objects});
    let none = stix::read(&of(vec![]), None, &alpha).unwrap_err();
    assert!(none.contains("no incident"));
    let two = of(vec![incident(1), incident(2)]);
    assert!(
        stix::read(&two, None, &alpha)
            .unwrap_err()
            .contains("several")
    );
    let one = stix::read(&two, Some("incident--2"), &alpha).unwrap();
    assert_eq!(
        (one.opening["title"].as_str(), one.events.len()),
        (Some("x"), 0)
    );
}

fn scope() -> report::Scope {
    report::Scope {
        parties: [party(B), party(A)],
        accord: "alpha-bravo".to_owned(),
        period: "2026-Q4".to_owned(),
        window: (START - 4 * DAY, START + 80 * DAY),
        as_of: START + 81 * DAY,
        set: (9, "root".to_owned()),
    }
}

#[test]
fn the_status_report_says_what_happened_and_escapes_what_was_said() {
    let script = full();
    let all = cases(&[&script]);
    let report = report::Report::make(&scope(), &all, &BTreeMap::new());
    assert_eq!(
        (
            report.open_at_start,
            report.opened,
            report.ended,
            report.open_at_end
        ),
        (0, 1, 0, 1)
    );
    let told = &report.cases[0];
    assert_eq!((told.tasks[0].state.as_str(), told.values), ("overdue", 4));
    // While the period runs, what is due later is not late.
    let early = report::Scope {
        as_of: START + HOUR + 1,
        ..scope()
    };
    let early = report::Report::make(&early, &all, &BTreeMap::new());
    assert_eq!(early.cases[0].tasks[0].state, "open");
    assert_eq!(told.threads[0].state, "not known");
    let status: Vec<_> = told
        .sides
        .iter()
        .map(|side| side.status.as_deref())
        .collect();
    assert_eq!(status, [None, Some("one server seized")]);
    let hash = report.hash().to_string();
    let page = report.page(&[]);
    assert!(
        page.contains("seize &lt;the&gt; servers")
            && !page.contains("<the>")
            && page.contains(&hash)
    );
    let text = report.text(&[]);
    assert!(text.contains("learned 2026-10-02T00:00:00.000Z by bravo") && text.contains(&hash));
    let before = report::Scope {
        window: (START - 9 * DAY, START - 4 * DAY),
        ..scope()
    };
    assert!(
        report::Report::make(&before, &all, &BTreeMap::new())
            .cases
            .is_empty()
    );
}

#[test]
fn the_own_record_stands_beside_the_report_and_not_in_its_hash() {
    let script = full();
    let all = cases(&[&script]);
    let report = report::Report::make(&scope(), &all, &BTreeMap::new());
    let entry = OwnEntry {
        officer: "analyst".to_owned(),
        at: START + DAY,
        event: "note".to_owned(),
        content: json!({"text": "the source is shy"}),
    };
    let board = Board::of_own(&party(A), &[entry]);
    let part = report::OwnPart::of(script.id, &board, (scope().window, scope().as_of)).unwrap();
    let (with, without) = (report.text(std::slice::from_ref(&part)), report.text(&[]));
    assert!(with.contains("the source is shy") && !without.contains("shy"));
    assert!(!report.canonical().contains("shy") && report.page(&[part]).contains("shy"));
    assert!(
        report::OwnPart::of(
            script.id,
            &board,
            ((START + 2 * DAY, START + 3 * DAY), scope().as_of)
        )
        .is_none()
    );
}

#[test]
fn the_published_definition_is_of_the_extension_that_is_written() {
    let definition = include_str!("../../../../docs/schemas/extension-definition-learned.json");
    assert!(definition.contains(stix::LEARNED_ID) && definition.contains("comity-learned.json"));
    let problems = comity_stix::validate::validate(definition);
    let wrong = |one: &&comity_stix::validate::Problem| {
        one.severity == comity_stix::validate::Severity::Must
    };
    assert_eq!(problems.iter().find(wrong), None);
}
