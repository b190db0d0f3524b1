//! The quarter: what happens between the two parties, when, and by whom.
//!
//! In scope: the acts in order, each a message through the node's own functions. Out of scope: carrying them (`pair`), measuring.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use comity_node::case::command::CaseCommand;
use comity_node::case::threads::Acting;
use comity_node::contact::command::ContactCommand;
use comity_stix::timestamp::Timestamp;
use serde_json::{Value, json};

use crate::pair::{Done, NAMES, Pair, case, contact, text};

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

/// An event's word and what it says.
type Said = (&'static str, Value);

struct Event {
    at: i64,
    thread: u64,
    side: usize,
    act: Act,
}

/// Makes the quarter in a folder and carries every message. Answers how many there were, and in how many seconds.
pub(crate) fn make(folder: &Path) -> Done<(usize, f64)> {
    std::fs::create_dir_all(folder)?;
    let began = Instant::now();
    // An accord before the quarter begins.
    let pair = Pair::agreed(folder, START - 2 * DAY, more)?;
    let mut timeline = Timeline {
        events: Vec::new(),
        random: Random(7),
    };
    (0..REQUESTS).for_each(|number| timeline.request(number));
    (0..CALLS).for_each(|number| timeline.call(1_000 + number));
    (0..CHECKS).for_each(|number| timeline.check(2_000 + number));
    (0..EXERCISES).for_each(|number| timeline.exercise(3_000 + number));
    let mut events = timeline.events;
    events.sort_by_key(|event| event.at);
    let mut threads = Threads::new();
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
    Ok((events.len(), began.elapsed().as_secs_f64()))
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

/// Threads by their numbers here: their names, and the codes of checks.
type Threads = BTreeMap<u64, (String, String)>;

fn perform(pair: &Pair, event: &Event, threads: &mut Threads) -> Done<()> {
    let node = &pair.nodes[event.side];
    let party = NAMES[1 - event.side].to_owned();
    let acting = Acting {
        officer: "duty officer".to_owned(),
        role: "releaser".to_owned(),
        second: Some("head of desk".to_owned()),
        person: None,
    };
    let (thread, code) = threads.get(&event.thread).cloned().unwrap_or_default();
    let command = match &event.act {
        Act::Open {
            subject,
            event: word,
            content,
        } => CaseCommand::Open {
            subject: (*subject).to_owned(),
            party,
            label: "amber".to_owned(),
            exercise: None,
            event: (*word).to_owned(),
            content: content.clone(),
            acting,
        },
        Act::Say {
            event: word,
            content,
        } => CaseCommand::Say {
            thread,
            event: (*word).to_owned(),
            content: content.clone(),
            acting,
        },
        Act::Ping => {
            let sent = contact(node, ping(party, acting))?;
            threads.insert(event.thread, (text(&sent, "id"), text(&sent, "code")));
            return Ok(());
        }
        Act::Answer => {
            let answer = ContactCommand::Answer {
                id: thread,
                code,
                note: String::new(),
                acting,
            };
            return contact(node, answer).map(drop);
        }
    };
    let line = case(node, command)?;
    threads.insert(event.thread, (text(&line, "id"), code));
    Ok(())
}

fn ping(party: String, acting: Acting) -> ContactCommand {
    ContactCommand::Ping {
        party,
        contact: "technical".to_owned(),
        minutes: None,
        hotline: false,
        unannounced: true,
        label: "green".to_owned(),
        acting,
    }
}

fn shown(at: i64) -> String {
    Timestamp::from_micros(at * 1_000_000).map_or_else(String::new, Timestamp::to_stix)
}

/// What is to happen, and the numbers by which it is spread over the quarter.
struct Timeline {
    events: Vec<Event>,
    random: Random,
}

impl Timeline {
    fn open(&mut self, (thread, side): (u64, usize), at: i64, subject: &'static str, said: Said) {
        let (event, content) = said;
        let act = Act::Open {
            subject,
            event,
            content,
        };
        self.act((thread, side), at, act);
    }

    fn say(&mut self, (thread, side): (u64, usize), at: i64, (event, content): Said) {
        self.act((thread, side), at, Act::Say { event, content });
    }

    fn act(&mut self, (thread, side): (u64, usize), at: i64, act: Act) {
        self.events.push(Event {
            at,
            thread,
            side,
            act,
        });
    }

    fn within(&mut self, bound: i64) -> i64 {
        self.random.below(bound)
    }

    fn request(&mut self, number: u64) {
        let asking = (number, usize::from(!number.is_multiple_of(2)));
        let answering = (number, 1 - asking.1);
        let pressing = number % 20 < 4;
        let step = if pressing { HOUR } else { DAY / 2 };
        let mut at = START + self.within(75 * DAY);
        self.open(asking, at, "request", ("send", asked(number, at)));
        at += 300 + self.within(4 * HOUR);
        let number_there = format!("N-{number}");
        self.say(
            answering,
            at,
            ("acknowledge", json!({ "number": number_there })),
        );
        at += step;
        if number % 10 == 4 {
            let said = json!({ "reason": "resources" });
            return self.say(answering, at, ("decline", said));
        }
        if number % 10 == 5 {
            let fields = json!({ "fields": ["observables"] });
            self.say(answering, at, ("return", fields));
            let fields = json!({ "fields": { "observables": ["198.51.100.7"] } });
            self.say(asking, at + step, ("supplement", fields));
            at += 2 * step;
        }
        self.work(number, (asking, answering), (at, step));
    }

    /// A request that is accepted, reported on and answered.
    fn work(
        &mut self,
        number: u64,
        (asking, answering): ((u64, usize), (u64, usize)),
        (mut at, step): (i64, i64),
    ) {
        let accepted = json!({ "scope": "full", "expected": shown(at + 6 * DAY) });
        self.say(answering, at, ("accept", accepted));
        if number % 25 == 7 {
            let until = json!({ "until": shown(at + 89 * DAY) });
            self.say(answering, at + 60, ("hold", until));
        }
        if number % 10 == 6 {
            let later = json!({ "expected": shown(at + 10 * DAY), "reason": "translation" });
            self.say(answering, at + 2 * step, ("extend", later));
        }
        if number % 5 == 2 {
            let text = json!({ "text": "logs are being read" });
            self.say(answering, at + 3 * step, ("interim", text));
        }
        if number % 50 == 49 {
            return;
        }
        at += 4 * step + self.within(4 * step);
        let answer = json!({ "scope": "full", "text": "none in the window" });
        self.say(answering, at, ("answer", answer));
        if !number.is_multiple_of(5) {
            at += DAY + self.within(5 * DAY);
            let useful = match number % 3 {
                0 => "yes",
                1 => "partly",
                _ => "no",
            };
            let acted = number.is_multiple_of(2);
            let said = json!({ "useful": useful, "quality": 1 + number % 5, "acted": acted });
            self.say(asking, at, ("feedback", said));
        }
    }

    fn call(&mut self, number: u64) {
        let calling = (number, usize::from(!number.is_multiple_of(2)));
        let called = (number, 1 - calling.1);
        let at = START + self.within(85 * DAY);
        let content = json!({
            "to": "24x7", "channel": "telephone", "urgency": "urgent", "line": "a loader in the power grid",
            "test": number.is_multiple_of(4),
        });
        self.open(calling, at, "call", ("ring", content));
        if number % 10 == 9 {
            let said = json!({ "reason": "nobody there" });
            return self.say(calling, at + 200, ("abandon", said));
        }
        let answered = at + 40 + self.within(180);
        let who = json!({"name": "duty officer", "role": "duty"});
        self.say(called, answered, ("answered", who));
        for side in [calling, called] {
            let heard = json!({ "heard": "matched" });
            self.say(side, at + 600, ("identify", heard));
        }
    }

    fn check(&mut self, number: u64) {
        let checking = usize::from(!number.is_multiple_of(2));
        let at = START + self.within(88 * DAY);
        self.act((number, checking), at, Act::Ping);
        if !number.is_multiple_of(20) {
            let answered = at + 120 + self.within(3 * HOUR);
            self.act((number, 1 - checking), answered, Act::Answer);
        }
    }

    fn exercise(&mut self, number: u64) {
        let which = i64::try_from(number - 3_000).unwrap_or(0);
        let begins = START + which * 25 * DAY + 10 * DAY;
        let sides = [(number, 0), (number, 1)];
        let content = json!({
            "title": format!("Table-top exercise {}", which + 1), "scenario_sha256": "ab".repeat(32),
            "starts": shown(begins + 3 * DAY), "ends": shown(begins + 4 * DAY),
        });
        self.open(sides[0], begins, "exercise", ("propose", content));
        self.say(sides[1], begins + DAY, ("agree", json!({})));
        self.say(sides[0], begins + 3 * DAY, ("start", json!({})));
        for inject in 1..=3_i64 {
            let at = begins + 3 * DAY + inject * HOUR;
            let content =
                json!({ "number": inject, "text": "a second host calls out", "at": shown(at) });
            self.say(sides[0], at, ("inject", content));
        }
        self.say(sides[1], begins + 3 * DAY + 5 * HOUR, ("stop", json!({})));
        for (side, days) in sides.into_iter().zip([6, 8]) {
            let text = json!({ "text": "the telephone list was out of date" });
            self.say(side, begins + days * DAY, ("report", text));
        }
    }
}

/// What a request says.
fn asked(number: u64, at: i64) -> Value {
    let urgency = match number % 20 {
        0 => "emergency",
        1..=3 => "urgent",
        _ => "routine",
    };
    let preserved = number % 25 == 7;
    let mut content = json!({
        "request_type": if preserved { "preservation" } else { "log-search" }, "urgency": urgency,
        "title": format!("Connections to the control server, {number}"), "unit": "cyber unit",
        "contact": "the duty officer's telephone", "facts": "Two hosts called it each night.",
        "asked": "Connections to it in the window.", "use_limits": "intelligence only",
        "window_from": "2026-05-01T00:00:00Z", "window_until": "2026-05-08T00:00:00Z",
    });
    if preserved {
        content["hold_until"] = json!(shown(at + 90 * DAY));
    }
    content
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
