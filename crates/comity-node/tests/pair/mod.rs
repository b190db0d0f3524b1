//! Two nodes in one process over folders of their own, with one clock that the test sets: what crosses are the batches that
//! would cross by HTTP.
//!
//! In scope: enrolling, agreeing, carrying. Out of scope: HTTP, waiting.
//! Limits: [`ROUNDS_MAX`].

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use comity_link::channel::Lane;
use comity_node::case::command::CaseCommand;
use comity_node::clock::Clock;
use comity_node::contact::command::ContactCommand;
use comity_node::exchange::command::ExchangeCommand;
use comity_node::folder::{self, Identity, Place};
use comity_node::jobs;
use comity_node::link::Way;
use comity_node::node::{Node, NodeLimits};
use serde_json::Value;

/// Batches that cross until nothing is left to say.
const ROUNDS_MAX: usize = 400;

/// What goes wrong is told and ends the program.
pub(crate) type Done<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Two parties and the time.
pub(crate) struct Pair {
    pub(crate) nodes: [Node; 2],
    clock: Arc<AtomicI64>,
}

pub(crate) const NAMES: [&str; 2] = ["alpha", "bravo"];

impl Pair {
    /// Two parties with an accord between them, at a time in seconds since 1970. `change` has the last word on its text.
    pub(crate) fn agreed(folder: &Path, at: i64, change: impl Fn(String) -> String) -> Done<Self> {
        let clock = Arc::new(AtomicI64::new(at * 1_000_000));
        for name in NAMES {
            let identity = Identity {
                party: name.to_owned(),
                domain: format!("{name}.example"),
            };
            folder::init(&folder.join(name), &Place::Embedded, &identity, None, "")?;
        }
        let pair = Self::open(folder, clock)?;
        let cards = pair.nodes.iter().map(|node| {
            let links = Vec::new();
            node.exchange(ExchangeCommand::OwnCard { links })
        });
        let cards = cards.collect::<Result<Vec<Value>, _>>()?;
        for (node, card) in pair.nodes.iter().zip(cards.iter().rev()) {
            let card = text(card, "card");
            node.exchange(ExchangeCommand::AcceptCard { card })?;
        }
        let aloud = pair.nodes.iter().map(|node| {
            let parties = node.exchange(ExchangeCommand::Parties)?;
            Ok(text(parties.get(0).ok_or("no party")?, "read_aloud"))
        });
        let aloud = aloud.collect::<Done<Vec<String>>>()?;
        for ((node, typed), party) in pair
            .nodes
            .iter()
            .zip(aloud.iter().rev())
            .zip(NAMES.iter().rev())
        {
            let (party, typed) = ((*party).to_owned(), typed.clone());
            node.exchange(ExchangeCommand::Verify { party, typed })?;
        }
        pair.carry()?;
        let [alpha, bravo] = &pair.nodes;
        let draft = alpha.exchange(ExchangeCommand::Draft {
            party: "bravo".to_owned(),
            template: "mutual".to_owned(),
        })?;
        let draft = change(
            draft
                .as_str()
                .map_or_else(|| text(&draft, "text"), ToOwned::to_owned),
        );
        alpha.exchange(ExchangeCommand::Propose { text: draft })?;
        pair.carry()?;
        bravo.exchange(ExchangeCommand::Sign {
            name: "alpha-bravo".to_owned(),
            version: 1,
        })?;
        pair.carry()?;
        Ok(pair)
    }

    fn open(folder: &Path, clock: Arc<AtomicI64>) -> Done<Self> {
        let node = |name: &str| {
            let set = Clock::Set(Arc::clone(&clock));
            let opened = folder::open(&folder.join(name), &Place::Embedded, &set)?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Node::new(
                opened,
                set,
                NodeLimits::default(),
            ))
        };
        let nodes = [node(NAMES[0])?, node(NAMES[1])?];
        Ok(Self { nodes, clock })
    }

    /// Ends both programs and starts them again over what their disks hold.
    pub(crate) fn restart(self, folder: &Path) -> Done<Self> {
        let clock = Arc::clone(&self.clock);
        for node in &self.nodes {
            node.close()?;
        }
        drop(self);
        Self::open(folder, clock)
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.load(Ordering::Relaxed).div_euclid(1_000_000)
    }

    /// Sets the time.
    pub(crate) fn set(&self, at: i64) {
        self.clock.store(at * 1_000_000, Ordering::Relaxed);
    }

    /// Has both sides say all that they have to say, and do what follows.
    pub(crate) fn carry(&self) -> Done<()> {
        for _ in 0..ROUNDS_MAX {
            let mut done = 0;
            for node in &self.nodes {
                while jobs::work(node)? > 0 {
                    done += 1;
                }
            }
            for (from, to) in [(0, 1), (1, 0)] {
                done += usize::from(self.call(from, to)?);
            }
            if done == 0 {
                return Ok(());
            }
        }
        Err("there is always more to say".into())
    }

    /// Has both sides say all that they may say now, and nobody do anything with it; answers how often they spoke.
    pub(crate) fn carry_only(&self) -> Done<usize> {
        for round in 0..ROUNDS_MAX {
            if !self.call(0, 1)? && !self.call(1, 0)? {
                return Ok(round);
            }
        }
        Err("there is always more to say".into())
    }

    fn call(&self, from: usize, to: usize) -> Done<bool> {
        // Batches of one second are told apart by their time.
        self.clock.fetch_add(1, Ordering::Relaxed);
        let (from_node, party) = (&self.nodes[from], NAMES[to]);
        let now = self.clock.load(Ordering::Relaxed);
        let waits = from_node
            .link()
            .has_more(party, &Lane::ALL, now)
            .unwrap_or(true)
            || from_node.link().has_unsettled_head(party)?;
        if waits {
            self.speak(from, to)?;
        }
        Ok(waits)
    }

    /// Has one side call the other, whether or not it has anything to say.
    pub(crate) fn speak(&self, from: usize, to: usize) -> Done<()> {
        let (from_node, to_node, party) = (&self.nodes[from], &self.nodes[to], NAMES[to]);
        let now = self.clock.load(Ordering::Relaxed);
        let batch = from_node.link().collect(party, &Lane::ALL, None, now)?;
        let taken = to_node.link().take(&batch, Way::Call, now);
        to_node.heard(taken.as_ref().ok());
        let answer = to_node.link().say(&mut taken?, now)?;
        let taken = from_node.link().take(&answer, Way::Call, now)?;
        from_node.heard(Some(&taken));
        Ok(())
    }
}

/// A text of a document.
pub(crate) fn text(document: &Value, name: &str) -> String {
    document
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Does a command about contacts.
pub(crate) fn contact(node: &Node, command: ContactCommand) -> Done<Value> {
    Ok(node.contact(command)?)
}

/// Does a command about threads.
pub(crate) fn case(node: &Node, command: CaseCommand) -> Done<Value> {
    Ok(node.case(command)?)
}
