//! Makes a quarter between two parties for `cargo xtask bench review`: 500 requests, 40 hotline calls, 200 checks, 3 exercises.
//!
//! Two nodes in one process with one clock that goes through the quarter. Every act is a message through the node's own functions;
//! every message crosses as a batch, is receipted, and stands in both ledgers.
#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

#[path = "../tests/pair/mod.rs"]
#[allow(dead_code)]
mod pair;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use comity_node::case::command::CaseCommand;
use comity_node::case::threads::Acting;
use comity_node::contact::command::ContactCommand;
use comity_stix::timestamp::Timestamp;
use pair::{Done, NAMES, Pair, case, contact, text};
use serde_json::{Value, json};

/// The quarter begins: 2026-07-01.
const START: i64 = 1_782_864_000;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const REQUESTS: u64 = 500;
const CALLS: u64 = 40;
const CHECKS: u64 = 200;
const EXERCISES: u64 = 3;

/// What happens: by which side, in which thread, and what.
enum Act {
    Open {
        subject: &'static str,
        event: &'static str,
        content: Value,
    },
    Say {
        event: &'static str,
        content: Value,
    },
    Ping,
    Answer,
}

struct Event {
    at: i64,
    thread: u64,
    side: usize,
    act: Act,
}

fn main() -> Done<()> {
    let folder = std::env::args().nth(1).ok_or("name a folder that is new")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let began = Instant::now();
    // An accord before the quarter begins.
    let pair = Pair::agreed(folder, START - 2 * DAY, more)?;
    let mut events = Vec::new();
    let mut random = Random(7);
    (0..REQUESTS).for_each(|number| request(number, &mut random, &mut events));
    (0..CALLS).for_each(|number| call(1_000 + number, &mut random, &mut events));
    (0..CHECKS).for_each(|number| check(2_000 + number, &mut random, &mut events));
    (0..EXERCISES).for_each(|number| exercise(3_000 + number, &mut events));
    events.sort_by_key(|event| event.at);
    let mut threads: BTreeMap<u64, (String, String)> = BTreeMap::new();
    for event in &events {
        pair.set(event.at.max(pair.now()));
        perform(&pair, event, &mut threads)?;
        pair.carry()?;
    }
    pair.set(START + 94 * DAY);
    pair.carry()?;
    for node in &pair.nodes {
        node.close()?;
    }
    println!(
        "{} messages between {} and {} made and carried in {:.0} s",
        events.len(),
        NAMES[0],
        NAMES[1],
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Commitments besides those of the template.
fn more(text: String) -> String {
    let commitments = [
        ("status", "interim-cadence"),
        ("complete", "request-completeness"),
        ("answer-feedback", "answer-feedback"),
        ("fresh", "contact-freshness"),
        ("held", "preservation-kept"),
        ("weekly", "sharing-cadence"),
    ];
    let added = commitments.map(|(id, kind)| {
        format!("\n[[commitment]]\nid = \"{id}\"\nkind = \"{kind}\"\nby = \"each\"\n")
    });
    text + &added.concat()
}

fn perform(pair: &Pair, event: &Event, threads: &mut BTreeMap<u64, (String, String)>) -> Done<()> {
    let node = &pair.nodes[event.side];
    let party = NAMES[1 - event.side].to_owned();
    let acting = Acting {
        officer: "duty officer".to_owned(),
        role: "releaser".to_owned(),
        second: Some("head of desk".to_owned()),
        person: None,
    };
    let known = threads.get(&event.thread).cloned().unwrap_or_default();
    match &event.act {
        Act::Open {
            subject,
            event: word,
            content,
        } => {
            let exercise = (*subject == "exercise")
                .then(|| uuid::Uuid::from_u128(event.thread.into()).to_string());
            let line = case(
                node,
                CaseCommand::Open {
                    subject: (*subject).to_owned(),
                    party,
                    label: "amber".to_owned(),
                    exercise,
                    event: (*word).to_owned(),
                    content: content.clone(),
                    acting,
                },
            )?;
            threads.insert(event.thread, (text(&line, "id"), String::new()));
        }
        Act::Say {
            event: word,
            content,
        } => {
            case(
                node,
                CaseCommand::Say {
                    thread: known.0,
                    event: (*word).to_owned(),
                    content: content.clone(),
                    acting,
                },
            )?;
        }
        Act::Ping => {
            let ping = ContactCommand::Ping {
                party,
                contact: "technical".to_owned(),
                minutes: None,
                hotline: false,
                unannounced: true,
                label: "green".to_owned(),
                acting,
            };
            let sent = contact(node, ping)?;
            threads.insert(event.thread, (text(&sent, "id"), text(&sent, "code")));
        }
        Act::Answer => {
            let (id, code) = known;
            let note = String::new();
            contact(
                node,
                ContactCommand::Answer {
                    id,
                    code,
                    note,
                    acting,
                },
            )?;
        }
    }
    Ok(())
}

fn shown(at: i64) -> String {
    Timestamp::from_micros(at * 1_000_000).map_or_else(String::new, Timestamp::to_stix)
}

fn request(number: u64, random: &mut Random, events: &mut Vec<Event>) {
    let asking = usize::try_from(number % 2).unwrap_or(0);
    let answering = 1 - asking;
    let mut at = START + random.below(75 * DAY);
    let mut push = |at, side, act| {
        events.push(Event {
            at,
            thread: number,
            side,
            act,
        })
    };
    let say = |event, content| Act::Say { event, content };
    let urgency = match number % 20 {
        0 => "emergency",
        1..=3 => "urgent",
        _ => "routine",
    };
    let preserved = number % 25 == 7;
    let mut content = json!({
        "request_type": if preserved { "preservation" } else { "log-search" }, "urgency": urgency,
        "title": format!("Connections to the control server, {number}"), "unit": "cyber unit", "contact": "the duty officer's telephone",
        "facts": "Two hosts called it each night.", "asked": "Connections to it in the window.", "use_limits": "intelligence only",
        "window_from": "2026-05-01T00:00:00Z", "window_until": "2026-05-08T00:00:00Z",
    });
    if preserved {
        content["hold_until"] = json!(shown(at + 90 * DAY));
    }
    push(
        at,
        asking,
        Act::Open {
            subject: "request",
            event: "send",
            content,
        },
    );
    at += 300 + random.below(4 * HOUR);
    push(
        at,
        answering,
        say("acknowledge", json!({ "number": format!("N-{number}") })),
    );
    let pressing = urgency != "routine";
    let step = if pressing { HOUR } else { DAY / 2 };
    at += step;
    if number % 10 == 4 {
        return push(
            at,
            answering,
            say("decline", json!({ "reason": "resources" })),
        );
    }
    if number % 10 == 5 {
        push(
            at,
            answering,
            say("return", json!({ "fields": ["observables"] })),
        );
        at += step;
        push(
            at,
            asking,
            say(
                "supplement",
                json!({ "fields": { "observables": ["198.51.100.7"] } }),
            ),
        );
        at += step;
    }
    push(
        at,
        answering,
        say(
            "accept",
            json!({ "scope": "full", "expected": shown(at + 6 * DAY) }),
        ),
    );
    if preserved {
        push(
            at + 60,
            answering,
            say("hold", json!({ "until": shown(at + 89 * DAY) })),
        );
    }
    if number % 10 == 6 {
        push(
            at + 2 * step,
            answering,
            say(
                "extend",
                json!({ "expected": shown(at + 10 * DAY), "reason": "translation" }),
            ),
        );
    }
    if number % 5 == 2 {
        push(
            at + 3 * step,
            answering,
            say("interim", json!({ "text": "logs are being read" })),
        );
    }
    if number % 50 == 49 {
        return;
    }
    at += 4 * step + random.below(4 * step);
    push(
        at,
        answering,
        say(
            "answer",
            json!({ "scope": "full", "text": "none in the window" }),
        ),
    );
    if number % 5 != 0 {
        at += DAY + random.below(5 * DAY);
        let useful = ["yes", "partly", "no"][usize::try_from(number % 3).unwrap_or(0)];
        push(
            at,
            asking,
            say(
                "feedback",
                json!({ "useful": useful, "quality": 1 + number % 5, "acted": number % 2 == 0 }),
            ),
        );
    }
}

fn call(number: u64, random: &mut Random, events: &mut Vec<Event>) {
    let calling = usize::try_from(number % 2).unwrap_or(0);
    let at = START + random.below(85 * DAY);
    let test = number % 4 == 0;
    let mut push = |at, side, act| {
        events.push(Event {
            at,
            thread: number,
            side,
            act,
        })
    };
    let content = json!({"to": "24x7", "channel": "telephone", "urgency": "urgent", "line": "a loader in the power grid", "test": test});
    push(
        at,
        calling,
        Act::Open {
            subject: "call",
            event: "ring",
            content,
        },
    );
    if number % 10 == 9 {
        return push(
            at + 200,
            calling,
            Act::Say {
                event: "abandon",
                content: json!({ "reason": "nobody there" }),
            },
        );
    }
    let content = json!({"name": "duty officer", "role": "duty"});
    push(
        at + 40 + random.below(180),
        1 - calling,
        Act::Say {
            event: "answered",
            content,
        },
    );
    for side in [0, 1] {
        push(
            at + 600,
            side,
            Act::Say {
                event: "identify",
                content: json!({ "heard": "matched" }),
            },
        );
    }
}

fn check(number: u64, random: &mut Random, events: &mut Vec<Event>) {
    let checking = usize::try_from(number % 2).unwrap_or(0);
    let at = START + random.below(88 * DAY);
    events.push(Event {
        at,
        thread: number,
        side: checking,
        act: Act::Ping,
    });
    if number % 20 != 0 {
        let at = at + 120 + random.below(3 * HOUR);
        events.push(Event {
            at,
            thread: number,
            side: 1 - checking,
            act: Act::Answer,
        });
    }
}

fn exercise(number: u64, events: &mut Vec<Event>) {
    let begins = START + i64::try_from(number - 3_000).unwrap_or(0) * 25 * DAY + 10 * DAY;
    let mut push = |at, side, act| {
        events.push(Event {
            at,
            thread: number,
            side,
            act,
        })
    };
    let say = |event, content| Act::Say { event, content };
    let content = json!({
        "title": format!("Table-top exercise {}", number - 2_999), "scenario_sha256": "ab".repeat(32),
        "starts": shown(begins + 3 * DAY), "ends": shown(begins + 4 * DAY),
    });
    push(
        begins,
        0,
        Act::Open {
            subject: "exercise",
            event: "propose",
            content,
        },
    );
    push(begins + DAY, 1, say("agree", json!({})));
    push(begins + 3 * DAY, 0, say("start", json!({})));
    for inject in 1..=3_i64 {
        let at = begins + 3 * DAY + inject * HOUR;
        let content =
            json!({ "number": inject, "text": "a second host calls out", "at": shown(at) });
        push(at, 0, say("inject", content));
    }
    push(begins + 3 * DAY + 5 * HOUR, 1, say("stop", json!({})));
    for (side, days) in [(0, 6), (1, 8)] {
        push(
            begins + days * DAY,
            side,
            say(
                "report",
                json!({ "text": "the telephone list was out of date" }),
            ),
        );
    }
}

/// Numbers that are the same in each run (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = u64::try_from(bound.max(1)).unwrap_or(1);
        i64::try_from((mixed ^ (mixed >> 31)) % bound).unwrap_or(0)
    }
}
