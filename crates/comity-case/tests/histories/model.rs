//! Two nodes with clocks of their own, a network that loses, repeats and reorders, and what the two make of it in the end.
//!
//! In scope: histories from a seed. Out of scope: what must hold of them (`main`).

use std::collections::BTreeMap;

use comity_accord::digest::Digest;
use comity_accord::evaluation::facts::Facts;
use comity_accord::evaluation::set::EvaluationSet;
use comity_accord::party::{Domain, PartyName};
use comity_accord::text::AccordText;
use comity_accord::text::template::{Template, TemplateParty, fill};
use comity_case::call::Call;
use comity_case::facts::{evaluation_set, facts};
use comity_case::message::{Head, Message, Officer, Role, Subject, ThreadId};
use comity_case::request::Request;
use comity_case::request::terms::Terms;
use comity_case::standing::admit;
use comity_case::thread::{Entry, Thread};
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use uuid::Uuid;

use crate::speech;

/// 2026-10-05, a Monday, at eight.
pub(crate) const START: i64 = 1_791_187_200;
/// How far a clock may be off, in seconds: an hour, which is far more than is agreed.
const CLOCK_SECONDS_MAX: u64 = 3_600;
const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

/// Numbers from a seed (`SplitMix64`).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(all.len()).ok()?;
        all.get(usize::try_from(self.below(count)).ok()?)
    }

    fn seconds(&mut self, limit: u64) -> i64 {
        i64::try_from(self.below(limit)).unwrap_or(0)
    }
}

/// One party's node.
pub(crate) struct Node {
    pub(crate) name: PartyName,
    other: PartyName,
    /// Seconds by which its clock is ahead.
    ahead: i64,
    pub(crate) threads: BTreeMap<ThreadId, Thread>,
}

enum Body {
    Message(Box<Message>),
    Receipt(ThreadId, Digest, i64),
}

struct Letter {
    at: i64,
    to: usize,
    body: Body,
}

/// What happened, in numbers, to see that enough did.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) messages: usize,
    pub(crate) voided: usize,
    pub(crate) forks: usize,
    pub(crate) waited: usize,
    pub(crate) concluded: usize,
    pub(crate) skewed: usize,
    pub(crate) kept: usize,
    pub(crate) missed: usize,
}

/// Two nodes and the network between them.
pub(crate) struct World {
    random: Random,
    now: i64,
    pub(crate) nodes: [Node; 2],
    letters: Vec<Letter>,
    pub(crate) counts: Counts,
}

fn node(name: &str, other: &str, ahead: i64) -> Node {
    Node {
        name: PartyName::parse(name).unwrap(),
        other: PartyName::parse(other).unwrap(),
        ahead,
        threads: BTreeMap::new(),
    }
}

/// The accord of alpha and bravo.
pub(crate) fn accord() -> AccordText {
    let names = ["alpha", "bravo"].map(|name| PartyName::parse(name).unwrap());
    let domains = names
        .clone()
        .map(|name| Domain::parse(&format!("{name}.example")).unwrap());
    let party = |at: usize| TemplateParty {
        name: &names[at],
        root: Digest::of(names[at].as_str().as_bytes()),
        domain: &domains[at],
    };
    let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    AccordText::parse(&fill(Template::UsChina2015, &party(0), &party(1), at)).unwrap()
}

/// A time as messages write it.
pub(crate) fn stamp(at: i64) -> Timestamp {
    Timestamp::from_micros(at * 1_000_000).unwrap()
}

impl World {
    /// A history from a seed: two parties act for some weeks, then all that is still on its way arrives.
    pub(crate) fn run(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut clock = || random.seconds(CLOCK_SECONDS_MAX) - 1_800;
        let nodes = [
            node("alpha", "bravo", clock()),
            node("bravo", "alpha", clock()),
        ];
        let mut world = Self {
            random,
            now: START,
            nodes,
            letters: Vec::new(),
            counts: Counts::default(),
        };
        for _ in 0..12 + world.random.below(20) {
            let step = *world
                .random
                .pick(&[MINUTE, 60 * MINUTE, DAY, 4 * DAY])
                .unwrap();
            world.now += world.random.seconds(step);
            world.arrive();
            let who = usize::from(world.random.percent(50));
            world.act(who);
        }
        world.settle();
        world
    }

    fn clock(&self, who: usize) -> i64 {
        self.now + self.nodes[who].ahead
    }

    /// What is due arrives, in any order.
    fn arrive(&mut self) {
        while let Some(place) = self.letters.iter().position(|letter| letter.at <= self.now) {
            let letter = self.letters.swap_remove(place);
            match letter.body {
                Body::Message(message) => self.receive(letter.to, *message),
                Body::Receipt(id, digest, at) => self.note(letter.to, id, (digest, at)),
            }
        }
    }

    fn receive(&mut self, who: usize, message: Message) {
        let (id, digest) = (message.head().thread, message.digest());
        let received = Some(self.clock(who));
        let thread = self.nodes[who].threads.entry(id).or_default();
        // A message that comes again has the receipt that it had.
        thread.add(Entry { message, received }).unwrap();
        self.counts.waited += usize::from(!thread.ordered().missing.is_empty());
        let known = thread
            .entries()
            .find(|entry| entry.message.digest() == digest);
        let at = known.and_then(|entry| entry.received).unwrap();
        self.post(1 - who, &Body::Receipt(id, digest, at));
    }

    fn note(&mut self, who: usize, id: ThreadId, (digest, at): (Digest, i64)) {
        let thread = self.nodes[who].threads.entry(id).or_default();
        let known = thread
            .entries()
            .find(|entry| entry.message.digest() == digest);
        let message = known.unwrap().message.clone();
        let received = Some(at);
        thread.add(Entry { message, received }).unwrap();
    }

    /// One in five is lost, one in ten comes twice, all are late.
    fn post(&mut self, to: usize, body: &Body) {
        let copies = match self.random.below(10) {
            0 | 1 => 0,
            2 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let longest = *self.random.pick(&[MINUTE, DAY, 5 * DAY]).unwrap();
            let at = self.now + self.random.seconds(longest);
            let body = match body {
                Body::Message(message) => Body::Message(message.clone()),
                Body::Receipt(id, digest, at) => Body::Receipt(*id, *digest, *at),
            };
            self.letters.push(Letter { at, to, body });
        }
    }

    /// A party says something that it may say, now and then something that it may not, and rarely two things in one place.
    fn act(&mut self, who: usize) {
        let open: Vec<ThreadId> = self.nodes[who].threads.keys().copied().collect();
        let fresh = open.len() < 3 && (open.is_empty() || self.random.percent(25));
        let id = match self.random.pick(&open) {
            Some(id) if !fresh => *id,
            _ => {
                let subject = *self
                    .random
                    .pick(&[Subject::Request, Subject::Request, Subject::Call])
                    .unwrap();
                ThreadId::new(
                    subject,
                    Uuid::from_u64_pair(self.random.next(), self.random.next()),
                )
            }
        };
        let at = self.clock(who);
        let thread = self.nodes[who].threads.entry(id).or_default().clone();
        let Some((event, content)) =
            speech::next(&thread, &self.nodes[who].name, (id, at), &mut self.random)
        else {
            return;
        };
        // Two messages in one place: both are written before either is said.
        let count = if self.random.percent(1) { 2 } else { 1 };
        let said: Vec<_> = (0..count)
            .map(|_| self.write(who, (id, at), (&event, content.clone())))
            .collect();
        for message in said {
            let allowed = admit(&thread, &message, &Terms::default()).is_ok();
            if allowed || (!thread.is_empty() && self.random.percent(5)) {
                self.say(who, message);
            }
        }
    }

    fn write(
        &mut self,
        who: usize,
        (id, at): (ThreadId, i64),
        (event, content): (&str, serde_json::Value),
    ) -> Message {
        let node = &self.nodes[who];
        let thread = &node.threads[&id];
        let (prev, seq) = thread.newest(&node.name);
        let head = Head {
            thread: id,
            author: node.name.clone(),
            to: node.other.clone(),
            seq,
            prev,
            seen: thread.newest(&node.other).0,
            sent: stamp(at),
            officer: Officer {
                name: "duty officer".to_owned(),
                role: Role::Releaser,
                second: Some("head of desk".to_owned()),
            },
            label: Tlp::Amber,
            exercise: None,
            person: None,
        };
        let number = Uuid::from_u64_pair(self.random.next(), self.random.next());
        Message::write(head, number, event, content).unwrap()
    }

    fn say(&mut self, who: usize, message: Message) {
        self.counts.messages += 1;
        let thread = self.nodes[who]
            .threads
            .entry(message.head().thread)
            .or_default();
        let received = None;
        thread
            .add(Entry {
                message: message.clone(),
                received,
            })
            .unwrap();
        self.post(1 - who, &Body::Message(Box::new(message)));
    }

    /// All that one has and the other lacks arrives, and every receipt.
    fn settle(&mut self) {
        self.now += i64::try_from(DAY).unwrap();
        self.arrive();
        for who in [0, 1] {
            let own = self.nodes[who].threads.values().flat_map(Thread::entries);
            let own: Vec<Message> = own.map(|entry| entry.message.clone()).collect();
            for message in own {
                let (id, digest) = (message.head().thread, message.digest());
                if message.head().author != self.nodes[who].name {
                    continue;
                }
                let there = self.nodes[1 - who].threads.get(&id);
                let known = there.and_then(|thread| {
                    thread
                        .entries()
                        .find(|entry| entry.message.digest() == digest)
                });
                let at = known
                    .and_then(|entry| entry.received)
                    .unwrap_or_else(|| self.clock(1 - who));
                let thread = self.nodes[1 - who].threads.entry(id).or_default();
                let received = Some(at);
                thread.add(Entry { message, received }).unwrap();
                self.note(who, id, (digest, at));
            }
        }
        self.count();
    }

    fn count(&mut self) {
        for (id, thread) in &self.nodes[0].threads {
            let record = match id.subject() {
                Subject::Call => Call::replay(thread)
                    .map(|call| (call.record.voided.len(), call.record.forks.len())),
                _ => Request::replay(thread, &Terms::default())
                    .map(|request| (request.record.voided.len(), request.record.forks.len())),
            };
            let (voided, forks) = record.unwrap_or_default();
            self.counts.voided += voided;
            self.counts.forks += forks;
        }
    }

    /// What a node judges by: the facts and the set that they are from.
    pub(crate) fn basis(
        &self,
        who: usize,
        accord: &AccordText,
        cutoff: i64,
    ) -> (Facts, EvaluationSet) {
        let threads = || self.nodes[who].threads.values();
        (
            facts(threads(), accord.content(), cutoff),
            evaluation_set(threads(), cutoff),
        )
    }

    /// The end of the history.
    pub(crate) const fn now(&self) -> i64 {
        self.now
    }
}
