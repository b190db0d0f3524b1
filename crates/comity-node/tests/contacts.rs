//! Checks of points of contact as time passes: planned ones go out once, also when a node ends in between; what nobody answers
//! turns red.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, dead_code)]

mod pair;

use comity_accord::text::contact::Hours;
use comity_node::case::threads::Acting;
use comity_node::contact::Schedule;
use comity_node::contact::command::ContactCommand as C;
use comity_node::node::Node;
use pair::{Pair, contact, text};
use serde_json::Value;

/// A Monday, 2026-10-05 at midnight.
const MONDAY: i64 = 1_791_158_400;
const DAY: i64 = 86_400;

fn acting(officer: &str, role: &str) -> Acting {
    Acting {
        officer: officer.to_owned(),
        role: role.to_owned(),
        second: None,
        person: None,
    }
}

fn pings(node: &Node) -> Vec<Value> {
    let (party, open) = (None, false);
    let all = contact(node, C::Pings { party, open }).unwrap();
    all.as_array().unwrap().clone()
}

fn answer(node: &Node, ping: &Value) -> Result<Value, String> {
    let command = C::Answer {
        id: text(ping, "id"),
        code: text(ping, "code"),
        note: String::new(),
        acting: acting("duty officer", "duty"),
    };
    node.contact(command).map_err(|error| error.to_string())
}

fn listed(node: &Node, party: &str) -> Value {
    let all = contact(node, C::List { party: None }).unwrap();
    let mut all = all.as_array().unwrap().iter();
    all.find(|one| text(one, "party") == party).unwrap().clone()
}

fn weekly() -> Schedule {
    Schedule {
        check_days: 7,
        check_hours: Hours::parse("mon-fri 09:00-17:00").unwrap(),
        unannounced_days: 0,
    }
}

fn plan(node: &Node) -> Value {
    contact(node, C::Plan).unwrap()[0].clone()
}

#[test]
fn a_planned_check_goes_out_once_at_its_drawn_time_and_is_answered_by_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::agreed(folder.path(), MONDAY, |text| text).unwrap();
    let start = (MONDAY / (7 * DAY) + 1) * 7 * DAY;
    pair.set(start);
    assert_eq!(pair.nodes[0].checks_due(&weekly()).unwrap(), 0);
    let planned = plan(&pair.nodes[0]);
    assert_eq!(text(&planned, "state"), "waiting");
    pair.carry().unwrap();
    assert!(pings(&pair.nodes[1]).is_empty(), "nobody is told of a plan");
    assert!(
        contact(&pair.nodes[1], C::Plan)
            .unwrap()
            .as_array()
            .unwrap()
            .is_empty()
    );
    // Nothing before its time, and once when it has come, also after the programs ended in between.
    let at = moment(&text(&planned, "at"));
    pair.set(at - 1);
    assert_eq!(pair.nodes[0].checks_due(&weekly()).unwrap(), 0);
    let pair = pair.restart(folder.path()).unwrap();
    assert_eq!(plan(&pair.nodes[0]), planned, "a plan survives");
    pair.set(at);
    assert_eq!(pair.nodes[0].checks_due(&weekly()).unwrap(), 1);
    let pair = pair.restart(folder.path()).unwrap();
    for _ in 0..3 {
        assert_eq!(pair.nodes[0].checks_due(&weekly()).unwrap(), 0);
    }
    pair.carry().unwrap();
    let there = pings(&pair.nodes[1]);
    assert_eq!(
        (there.len(), text(&there[0], "state").as_str()),
        (1, "sent")
    );
    assert_eq!(there[0]["verifies"], true);
    pair.set(at + 600);
    answer(&pair.nodes[1], &there[0]).unwrap();
    pair.carry().unwrap();
    for node in &pair.nodes {
        let one = &pings(node)[0];
        assert_eq!(text(one, "state"), "answered");
        assert_eq!(text(one, "answered_by"), "duty officer");
        assert_eq!(one["answer_seconds"], 600, "the same on both sides");
        let stands = listed(node, "bravo");
        assert_eq!(
            (text(&stands, "colour").as_str(), &stands["days_left"]),
            ("green", &Value::from(180))
        );
    }
    // The next stretch has a plan of its own, and nothing goes out twice within one.
    pair.set(start + 7 * DAY);
    assert_eq!(pair.nodes[0].checks_due(&weekly()).unwrap(), 0);
    assert_eq!(text(&plan(&pair.nodes[0]), "state"), "waiting");
}

#[test]
fn a_check_that_stands_there_although_its_plan_does_not_say_so_is_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::agreed(folder.path(), MONDAY, |text| text).unwrap();
    pair.set((MONDAY / (7 * DAY) + 1) * 7 * DAY);
    pair.nodes[0].checks_due(&weekly()).unwrap();
    let planned = plan(&pair.nodes[0]);
    pair.set(moment(&text(&planned, "at")));
    assert_eq!(pair.nodes[0].checks_due(&weekly()).unwrap(), 1);
    // The program ended between sending the check and saying that it went out.
    let pair = end_in_between(pair, folder.path());
    assert_eq!(plan(&pair.nodes[0]), planned);
    assert_eq!(pair.nodes[0].checks_due(&weekly()).unwrap(), 1);
    assert_eq!(text(&plan(&pair.nodes[0]), "state"), "opened");
    pair.carry().unwrap();
    assert_eq!(pings(&pair.nodes[1]).len(), 1);
    assert_eq!(pings(&pair.nodes[0])[0]["state"], "sent");
}

/// Sets the plan back to what it was before it was followed.
fn end_in_between(pair: Pair, folder: &std::path::Path) -> Pair {
    use comity_store::state::{State, contact as rows};
    for node in &pair.nodes {
        node.close().unwrap();
    }
    let clock = pair.now();
    let state = State::open_embedded(&folder.join("alpha")).unwrap();
    state
        .write(|tx| {
            for row in rows::all_planned(tx)? {
                let state = "waiting".to_owned();
                rows::plan(tx, &rows::PlannedRow { state, ..row })?;
            }
            Ok::<_, comity_store::error::StoreError>(())
        })
        .unwrap();
    drop(state);
    let pair = pair.restart(folder).unwrap();
    pair.set(clock);
    pair
}

/// What both nodes say of bravo's contact.
fn colour(pair: &Pair, expected: &str, reason: &str) {
    for node in &pair.nodes {
        let one = listed(node, "bravo");
        assert_eq!(
            (text(&one, "colour").as_str(), text(&one, "reason").as_str()),
            (expected, reason)
        );
    }
}

fn ping(minutes: Option<u32>) -> C {
    C::Ping {
        party: "bravo".to_owned(),
        contact: "technical".to_owned(),
        minutes,
        hotline: false,
        unannounced: true,
        label: "green".to_owned(),
        acting: acting("duty officer", "duty"),
    }
}

#[test]
fn a_contact_that_nobody_verifies_turns_red() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::agreed(folder.path(), MONDAY, |text| text).unwrap();
    let start = pair.now();
    colour(&pair, "amber", "never verified");
    let sent = contact(&pair.nodes[0], ping(None)).unwrap();
    pair.carry().unwrap();
    answer(&pair.nodes[1], &sent).unwrap();
    pair.carry().unwrap();
    colour(&pair, "green", "");
    pair.set(start + 152 * DAY);
    colour(&pair, "amber", "verification ends soon");
    pair.set(start + 182 * DAY);
    colour(&pair, "red", "verification overdue");
}

#[test]
fn a_silent_contact_turns_amber_and_is_tried_by_other_ways() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Pair::agreed(folder.path(), MONDAY, |text| text).unwrap();
    let [alpha, bravo] = &pair.nodes;
    let sent = contact(alpha, ping(None)).unwrap();
    pair.carry().unwrap();
    answer(bravo, &sent).unwrap();
    pair.carry().unwrap();
    pair.set(pair.now() + 60);
    contact(alpha, ping(Some(30))).unwrap();
    pair.carry().unwrap();
    pair.set(pair.now() + 30 * 60 + 1);
    colour(&pair, "amber", "the newest check was not answered in time");
    // Another way, on record with both sides; the answer counts though it is late.
    let late = pings(alpha)[0].clone();
    assert_eq!(late["state"], "expired");
    assert_eq!(late["next_way"], "mail");
    for channel in [None, Some("phone")] {
        let escalate = C::Escalate {
            id: text(&late, "id"),
            channel: channel.map(ToOwned::to_owned),
            minutes: Some(10),
            acting: acting("duty officer", "duty"),
        };
        contact(alpha, escalate).unwrap();
    }
    pair.carry().unwrap();
    let there = pings(bravo)[0].clone();
    let channels = ["mail", "phone"].map(Value::from);
    let tried = there["escalated"].as_array().unwrap().iter();
    let tried: Vec<&Value> = tried.map(|one| &one["channel"]).collect();
    assert_eq!(tried, channels.iter().collect::<Vec<_>>());
    let by = |code: String, role: &str| C::Answer {
        id: text(&late, "id"),
        code,
        note: "out of office".to_owned(),
        acting: acting("auto-reply", role),
    };
    let wrong = contact(bravo, by("00000000".to_owned(), "duty")).unwrap_err();
    assert!(wrong.to_string().contains("not the code"), "{wrong}");
    let program = contact(bravo, by(text(&late, "code"), "node"));
    assert!(program.is_err(), "a program is no person");
    answer(bravo, &late).unwrap();
    pair.carry().unwrap();
    colour(&pair, "green", "");
}

fn moment(text: &str) -> i64 {
    let at = comity_stix::timestamp::Timestamp::parse(text).unwrap();
    at.micros().div_euclid(1_000_000)
}
