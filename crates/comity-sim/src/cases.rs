//! What people say to each other through the link: the state machines of cases, driven by the seed.
//!
//! A node says whatever its machine admits, now and then also what it does not; the message travels as a `case` envelope and
//! is kept when that is applied. At the end two nodes that hold the same messages with the same receipts must come to
//! the same state; where neither lost its disk they must hold the same.
//!
//! In scope: saying, keeping, judging. Out of scope: release rules, accords (the black-box tests).

use std::collections::BTreeSet;

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;
use comity_case::message::{Head, Message, Officer, Role, Subject, ThreadId};
use comity_case::request::terms::Terms;
use comity_case::standing::{admit, standing};
use comity_case::thread::{Entry, Thread};
use comity_link::channel::Lane;
use comity_link::payload::{Case, Kind};
use comity_node::link::{Draft, LinkError, seconds_of_receipt};
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;
use comity_store::state::channel::Direction;
use comity_store::state::inbox::InboxRow;
use comity_store::state::thread::{self as rows, MessageRow};
use comity_store::state::{State, Tx};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::cases::speech::{Moment, SUBJECTS, said};
use crate::facts::Sent;
use crate::invariants::{Invariant, Violation, ensure};
use crate::step::Weather;
use crate::world::{World, name, surprise};

mod speech;

/// How often a node looks for something that its machine admits.
const TRIES: u64 = 6;

impl World {
    /// One node says something to another, in a thread of the two or in a new one.
    pub(crate) fn speak(&mut self, from: usize, to: usize) -> Result<(), Violation> {
        let place = self.random.below(4);
        let known = self.facts.threads.get(&pair(from, to));
        let known = known.and_then(|all| all.get(usize::try_from(place).unwrap_or(0)));
        let id = match known.copied() {
            Some(id) => id,
            None => self.fresh_thread(from, to),
        };
        let thread = thread_at(&self.place(from).node.state, id)?;
        for _ in 0..TRIES {
            let (event, content) = said(id.subject(), &thread, &mut self.moment(from, to));
            let number = u64::try_from(self.facts.sent.len()).unwrap_or(0);
            let message = self.message((from, to), (id, number), &thread, (event, content))?;
            let admitted = admit(&thread, &message, &Terms::default()).is_ok();
            if admitted || (!thread.is_empty() && self.random.percent(3)) {
                return self.post((from, to), number, &message);
            }
        }
        Ok(())
    }

    fn fresh_thread(&mut self, from: usize, to: usize) -> ThreadId {
        let place = usize::try_from(self.random.below(7)).unwrap_or(0);
        let subject = SUBJECTS.get(place).copied().unwrap_or(Subject::Case);
        let id = ThreadId::new(subject, self.uuid());
        self.facts
            .threads
            .entry(pair(from, to))
            .or_default()
            .push(id);
        id
    }

    fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    fn moment(&mut self, from: usize, to: usize) -> Moment<'_> {
        let at = self.clock(from).div_euclid(1_000_000);
        Moment {
            random: &mut self.random,
            own: name(from),
            other: name(to),
            at,
        }
    }

    fn message(
        &mut self,
        (from, to): (usize, usize),
        (id, number): (ThreadId, u64),
        thread: &Thread,
        (event, content): (&str, serde_json::Value),
    ) -> Result<Message, Violation> {
        let (own, other) = (party(from)?, party(to)?);
        let (prev, seq) = thread.newest(&own);
        let sent = Timestamp::from_micros(self.clock(from).div_euclid(1_000) * 1_000);
        let head = Head {
            thread: id,
            author: own,
            seq,
            prev,
            seen: thread.newest(&other).0,
            to: other,
            sent: sent.expect("invariant: a simulated clock shows years that timestamps can say"),
            officer: Officer {
                // The number by which the simulator finds what it sent.
                name: format!("officer #{number}#"),
                role: Role::Releaser,
                second: Some("head of desk".to_owned()),
            },
            label: Tlp::Amber,
            exercise: None,
            person: None,
        };
        let id = self.uuid();
        Message::write(head, id, event, content).map_err(surprise)
    }

    /// Message and envelope in one transaction; or the node dies before the commit.
    fn post(
        &mut self,
        (from, to): (usize, usize),
        number: u64,
        message: &Message,
    ) -> Result<(), Violation> {
        let now = self.clock(from);
        let text = RawValue::from_string(message.text().to_owned()).map_err(surprise)?;
        let payload = serde_json::to_vec(&Case { objects: [text] }).map_err(surprise)?;
        let draft = Draft {
            party: name(to),
            lane: Lane::Normal,
            kind: Kind::Case,
            payload,
            due: None,
        };
        let rolled_back = self.random.percent(5);
        let node = &self.place(from).node;
        let made = node.state.write(|tx| {
            let envelope = node.link.enqueue_in(tx, &draft, now)?;
            let row = row_of(message, (Direction::Out, None, envelope.0), now);
            rows::add_message(tx, &row)?;
            if rolled_back {
                Err(LinkError::NoLog)
            } else {
                Ok(())
            }
        });
        match made {
            Ok(()) => {
                self.note(|| {
                    let (event, thread) = (message.event(), message.head().thread);
                    format!("{from} says {event} to {to} in {thread}, {number}")
                });
                let sent = Sent {
                    from,
                    to,
                    fit: true,
                };
                self.facts.sent.insert(number, sent);
                self.place_mut(from).held.committed.insert(number);
                Ok(())
            }
            Err(LinkError::NoLog) if rolled_back => self.restart(from),
            Err(error) => Err(surprise(error)),
        }
    }

    /// What nodes that talked to each other hold at the end.
    pub(crate) fn cases_agree(&self, one: usize, other: usize) -> Result<(), Violation> {
        let threads = self.facts.threads.get(&pair(one, other));
        for id in threads.into_iter().flatten() {
            let [first, second] =
                [one, other].map(|node| settled_thread(&self.place(node).node.state, *id));
            let (first, second) = (first?, second?);
            let digests = |thread: &Thread| -> BTreeSet<Digest> {
                let all = thread.entries();
                all.map(|entry| entry.message.digest()).collect()
            };
            let same = digests(&first) == digests(&second);
            let whole = [one, other]
                .iter()
                .all(|node| !self.facts.restored.contains(node));
            let calm = matches!(self.weather, Weather::Rough) && whole;
            ensure(same || !calm, Invariant::SameMessages, || {
                format!(
                    "{id}: {one} holds {} messages and {other} {}",
                    first.len(),
                    second.len()
                )
            })?;
            if !same {
                continue;
            }
            let (first, second) = (self.kept_of(&first)?, self.kept_of(&second)?);
            ensure(first == second, Invariant::SameReceipts, || {
                format!("{id}: {one} and {other} hold the same messages with other receipts")
            })?;
            let at = self.now.div_euclid(1_000_000);
            let terms = Terms::default();
            let stands = [&first, &second].map(|thread| standing(thread, &terms, at));
            ensure(stands[0] == stands[1], Invariant::SameState, || {
                format!(
                    "{id}: {one} says {:?}, {other} says {:?}",
                    stands[0], stands[1]
                )
            })?;
        }
        Ok(())
    }
}

impl World {
    /// A thread without the receipts of nodes that lost what they had: whoever takes a message again gives another time, and
    /// the first one is with its author.
    fn kept_of(&self, thread: &Thread) -> Result<Thread, Violation> {
        let lost: Vec<String> = self.facts.restored.iter().map(|node| name(*node)).collect();
        let entries = thread.entries().map(|entry| {
            let gave = entry.message.head().to.as_str();
            let lost = lost.iter().any(|name| name == gave);
            Entry {
                message: entry.message.clone(),
                received: entry.received.filter(|_| !lost),
            }
        });
        Thread::of(entries).map_err(surprise)
    }
}

/// Keeps a message that an envelope carried, in the transaction in which that is applied.
pub(crate) fn keep(tx: &mut dyn Tx, row: &InboxRow, now: i64) -> Result<(), LinkError> {
    let payload = row.payload.as_deref().unwrap_or_default();
    let Ok(said) = serde_json::from_slice::<Case>(payload) else {
        return Ok(());
    };
    let [object] = &said.objects;
    if let Ok(message) = Message::parse(object.get()) {
        let received = Some(row.received.div_euclid(1_000_000));
        let row = row_of(&message, (Direction::In, received, row.envelope), now);
        rows::add_message(tx, &row)?;
    }
    Ok(())
}

fn row_of(
    message: &Message,
    (direction, received, envelope): (Direction, Option<i64>, [u8; 32]),
    now: i64,
) -> MessageRow {
    MessageRow {
        digest: *message.digest().as_bytes(),
        thread: message.head().thread.to_string(),
        author: message.head().author.to_string(),
        seq: message.head().seq,
        body: message.text().to_owned(),
        received,
        envelope,
        direction,
        recorded: now,
    }
}

/// A thread as a node holds it.
fn thread_at(state: &State, id: ThreadId) -> Result<Thread, Violation> {
    let all = state.read(|tx| rows::messages(tx, &id.to_string()));
    let mut thread = Thread::default();
    for row in all.map_err(surprise)? {
        let message = Message::parse(&row.body).map_err(surprise)?;
        let received = row.received;
        thread.add(Entry { message, received }).map_err(surprise)?;
    }
    Ok(thread)
}

/// The same, once the times of receipts were taken out of them.
fn settled_thread(state: &State, id: ThreadId) -> Result<Thread, Violation> {
    let receipted = state.read(|tx| rows::receipted(tx, 10_000));
    for (row, header, payload) in receipted.map_err(surprise)? {
        if let Some(at) = seconds_of_receipt(&header, &payload) {
            let kept = state.write(|tx| rows::received(tx, &row.digest, at));
            kept.map_err(surprise)?;
        }
    }
    thread_at(state, id)
}

fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

fn party(node: usize) -> Result<PartyName, Violation> {
    PartyName::parse(&name(node)).map_err(surprise)
}
