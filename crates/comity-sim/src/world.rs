//! The world: nodes, the network between them, time, and what is known of them all.
//!
//! In scope: what the world is made of, and how a batch is made and taken in it. Out of scope: what happens next (`step`),
//! what must hold (`invariants`).

use std::sync::Arc;

use comity_link::channel::Lane;
use comity_node::link::guard::LastSigned;
use comity_node::link::log::Opened;
use comity_node::link::{LinkError, Taken, Way};
use comity_store::state::{State, ledger, party};

use crate::facts::{BranchId, Facts, Held, Point};
use crate::fault::Fault;
use crate::guard::SimGuard;
use crate::invariants::{self, Invariant, Violation};
use crate::network::{Leg, Network, Packet, Said};
use crate::node::{Identity, SimNode, Templates, name_of};
use crate::random::Random;
use crate::step::Weather;

/// When every world begins: microseconds since 1970.
pub const BEGIN_MICROS: i64 = 1_800_000_000_000_000;
/// A second.
pub const SECOND: i64 = 1_000_000;
/// An hour.
pub const HOUR: i64 = 3_600 * SECOND;

/// A copy of a node's disk.
#[derive(Clone, Debug)]
pub struct Backup {
    /// Its rows.
    pub rows: Arc<Vec<u8>>,
    /// What its guard knew.
    pub guard: Option<LastSigned>,
    /// What it held.
    pub held: Held,
    /// Of which history.
    pub branch: BranchId,
    /// How far that had come.
    pub at: Point,
}

/// A node in its place.
#[derive(Debug)]
pub struct Place {
    /// The node.
    pub node: SimNode,
    /// A second self, of a node that shows two histories.
    pub twin: Option<Box<(SimNode, Held, BranchId)>>,
    /// How far its clock is off.
    pub skew: i64,
    /// Its history.
    pub branch: BranchId,
    /// What it is known to hold.
    pub held: Held,
    /// Copies of its disk.
    pub backups: Vec<Backup>,
    /// It said that its log was set back: people will start it again.
    pub set_back: bool,
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// What decides.
    pub random: Random,
    /// The true time.
    pub now: i64,
    /// The nodes.
    pub places: Vec<Place>,
    /// What is on its way.
    pub network: Network,
    /// What is known.
    pub facts: Facts,
    /// What is done on purpose against the rules.
    pub fault: Fault,
    /// All nodes are parties of one accord.
    pub share_accord: bool,
    /// What it goes through.
    pub weather: Weather,
    /// The first node, if it splits its view, shows the history that the nodes of even number know.
    even_face: bool,
    /// What happened, if somebody wants to read it.
    pub trace: Option<Vec<String>>,
}

impl World {
    /// The world that a seed leads to.
    pub fn new(seed: u64, fault: Fault, templates: &Templates) -> Result<Self, Violation> {
        let mut random = Random::new(seed);
        let nodes = match random.below(10) {
            0..6 => 2,
            6..9 => 3,
            _ => 4,
        };
        let keys = u8::try_from(random.below(crate::node::KEY_SETS)).unwrap_or(0);
        let rows = templates
            .of(nodes, keys, BEGIN_MICROS - HOUR)
            .map_err(surprise)?;
        let mut world = Self {
            random,
            now: BEGIN_MICROS,
            places: Vec::new(),
            network: Network::default(),
            facts: Facts::default(),
            fault,
            share_accord: nodes > 2 && seed % 2 == 1,
            weather: Weather::of(seed),
            even_face: false,
            trace: None,
        };
        for (number, rows) in (0..nodes).zip(rows.iter()) {
            let state = State::open_snapshot(rows).map_err(surprise)?;
            let skewed = world.random.percent(40);
            let hour = world.random.below(7_200).cast_signed() - 3_600;
            let fellows = if world.share_accord { nodes } else { 0 };
            let identity = Identity {
                number,
                keys,
                fellows,
            };
            let salt = world.random.number();
            let guard = SimGuard::fresh(number);
            let node = SimNode::start(identity, salt, state, guard, world.now).map_err(surprise)?;
            let branch = world.facts.branch(None, (0, 0));
            world.places.push(Place {
                node,
                twin: None,
                skew: if skewed { hour * SECOND } else { 0 },
                branch,
                held: Held::default(),
                backups: Vec::new(),
                set_back: false,
            });
        }
        Ok(world)
    }

    /// Notes what happens.
    pub fn note(&mut self, what: impl FnOnce() -> String) {
        let now = self.now - BEGIN_MICROS;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>14} us  {}", now, what()));
        }
    }

    /// A node's place.
    pub fn place(&self, node: usize) -> &Place {
        self.places
            .get(node)
            .expect("invariant: a node of this world")
    }

    /// The same, to change it.
    pub fn place_mut(&mut self, node: usize) -> &mut Place {
        self.places
            .get_mut(node)
            .expect("invariant: a node of this world")
    }

    /// A node chosen at random.
    pub fn any(&mut self) -> usize {
        let count = u64::try_from(self.places.len()).unwrap_or(1);
        usize::try_from(self.random.below(count)).unwrap_or(0)
    }

    /// Two nodes chosen at random.
    pub fn two(&mut self) -> (usize, usize) {
        let one = self.any();
        let count = self.places.len();
        let step = 1 + usize::try_from(self.random.below(u64::try_from(count - 1).unwrap_or(1)))
            .unwrap_or(0);
        (one, (one + step) % count)
    }

    /// What a node's clock says.
    pub fn clock(&self, node: usize) -> i64 {
        self.now + self.place(node).skew
    }

    /// What a node says to another; none when it will not or cannot.
    pub fn collect(
        &mut self,
        from: usize,
        to: usize,
        lanes: &[Lane],
    ) -> Result<Option<Said>, Violation> {
        self.face(from, to);
        let now = self.clock(from);
        let collected = self
            .place(from)
            .node
            .link
            .collect(&name(to), lanes, None, now);
        self.said(from, to, collected)
    }

    /// Judges what a node wants to say before it leaves.
    pub fn said(
        &mut self,
        from: usize,
        to: usize,
        said: Result<Vec<u8>, LinkError>,
    ) -> Result<Option<Said>, Violation> {
        match said {
            Ok(bytes) => {
                invariants::nothing_to_the_suspended(self, from, to)?;
                let head = invariants::what_leaves_is_kept(self, (from, to), &bytes)?;
                let batch = self.forge(from, bytes)?;
                Ok(Some(Said { batch, head }))
            }
            Err(error) => {
                self.note(|| format!("{from} says nothing to {to}: {error}"));
                self.excuse(from, &error)?;
                Ok(None)
            }
        }
    }

    /// A node takes a batch; none when it refuses it whole.
    pub fn take(&mut self, packet: &Packet) -> Result<Option<Taken>, Violation> {
        let Packet {
            from,
            to,
            leg,
            bytes,
        } = packet;
        let (from, to) = (*from, *to);
        self.face(to, from);
        let way = if *leg == Leg::File {
            Way::Carried
        } else {
            Way::Call
        };
        let now = self.clock(to);
        let before = invariants::held_heads(self, to, from)?;
        let taken = self.place(to).node.link.take(&bytes.batch, way, now);
        self.fault.after_take(&self.place(to).node, from)?;
        invariants::nothing_from_the_suspended(self, to, from, taken.is_ok())?;
        invariants::convictions_stand(self, to, from)?;
        if taken.is_ok() {
            invariants::two_histories_are_convicted(
                self,
                (to, from),
                bytes.head.as_ref(),
                &before,
            )?;
        }
        match taken {
            Ok(taken) => {
                if self.weather == Weather::Forger {
                    invariants::nothing_forged(self, to)?;
                }
                if !self.facts.restored.contains(&from) {
                    invariants::receipts_are_of_stored(self, to, from)?;
                }
                self.note(|| {
                    let stored = taken.stored.len();
                    format!(
                        "{to} takes a {leg:?} of {from}: {stored} stored, wrong {:?}",
                        taken.wrong
                    )
                });
                Ok(Some(taken))
            }
            Err(error) => {
                self.note(|| format!("{to} refuses a {leg:?} of {from}: {error}"));
                self.excuse(to, &error)?;
                Ok(None)
            }
        }
    }

    /// Whether the first node shows one history to the nodes of even number and another to the others.
    pub fn splits(&self) -> bool {
        self.weather == Weather::Liar && self.places.len() > 2
    }

    /// A node that shows one history to some and another to others turns the face that this one knows.
    fn face(&mut self, node: usize, other: usize) {
        let turns = self.splits() && node == 0 && self.place(0).twin.is_some();
        if turns && other.is_multiple_of(2) != self.even_face {
            self.even_face = !self.even_face;
            self.swap_twin();
        }
    }

    /// Failures that are part of life; any other is a violation.
    fn excuse(&mut self, node: usize, error: &LinkError) -> Result<(), Violation> {
        if matches!(error, LinkError::SetBack) {
            self.place_mut(node).set_back = true;
        }
        let excused = matches!(
            error,
            LinkError::SetBack
                | LinkError::NotEnrolled { .. }
                | LinkError::Stale
                | LinkError::Frozen(_)
                | LinkError::Card { .. }
                | LinkError::Guard(_)
        );
        if excused {
            return Ok(());
        }
        let what = format!("node {node}: {}", comity_node::link::chain(error));
        Err(Violation::new(Invariant::NoSurprise, what))
    }

    /// Starts a node over rows and a guard.
    pub fn start(
        &mut self,
        node: usize,
        rows: Arc<State>,
        guard: SimGuard,
    ) -> Result<(), Violation> {
        let identity = self.place(node).node.identity();
        let salt = self.random.number();
        let now = self.clock(node);
        let started = SimNode::start(identity, salt, rows, guard, now).map_err(surprise)?;
        self.note(|| format!("{node} starts: {:?}", started.opened));
        let place = self.place_mut(node);
        place.set_back = false;
        place.node = started;
        Ok(())
    }

    /// Starts a node again over what its disk holds: what was in memory is gone.
    pub fn restart(&mut self, node: usize) -> Result<(), Violation> {
        let place = self.place(node);
        let (rows, guard) = (Arc::clone(&place.node.state), place.node.guard.clone());
        guard.behave(crate::guard::Behaviour::Sound);
        self.start(node, rows, guard)?;
        if self.fault == Fault::LostSync {
            self.fault.lose_sync(node, self.place_mut(node));
        }
        invariants::committed_is_there(self, node)
    }

    /// A copy of a node's disk as it is.
    pub fn copy(&self, node: usize) -> Result<Backup, Violation> {
        let place = self.place(node);
        let log = place.node.state.read(ledger::newest).map_err(surprise)?;
        Ok(Backup {
            rows: Arc::new(place.node.state.snapshot().map_err(surprise)?),
            guard: place.node.guard.kept(),
            held: place.held.clone(),
            branch: place.branch,
            at: log.map_or((0, 0), |log| (log.epoch, log.size)),
        })
    }

    /// Whether a node holds a party as suspended.
    pub fn set_party_state(
        &mut self,
        node: usize,
        party: usize,
        state: &str,
    ) -> Result<(), Violation> {
        let place = self.place(node);
        let set = place.node.state.write(|tx| {
            let row = party::find(tx, &name(party))?;
            if let Some(mut row) = row {
                state.clone_into(&mut row.state);
                party::put(tx, &row)?;
            }
            Ok::<_, comity_store::error::StoreError>(())
        });
        set.map_err(surprise)
    }

    /// Whether a node was ever set back with its log going on where it was, or lies.
    pub fn is_two_faced(&self, node: usize) -> bool {
        self.facts.two_faced.contains(&node)
    }
}

/// The name of a node's party.
pub fn name(node: usize) -> String {
    name_of(u8::try_from(node).unwrap_or(u8::MAX))
}

/// What must never happen, whatever the seed.
pub fn surprise(error: impl std::error::Error + 'static) -> Violation {
    Violation::new(Invariant::NoSurprise, comity_node::link::chain(&error))
}

/// Whether a node continued its log when it was started.
pub fn continued(opened: &Opened) -> bool {
    matches!(opened, Opened::Continued)
}
