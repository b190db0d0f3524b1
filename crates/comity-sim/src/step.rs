//! Steps: what happens next, as the seed decides.
//!
//! In scope: each kind of step. Out of scope: the end, when everything heals (`settle`).

use std::sync::Arc;

use comity_link::channel::Lane;
use comity_link::payload::Kind;
use comity_node::link::{Draft, LinkError};
use comity_store::state::{State, inbox};

use crate::cases;
use crate::facts::Sent;
use crate::guard::{Behaviour, SimGuard};
use crate::invariants::{self, Violation};
use crate::network::{Leg, Packet, Said};
use crate::world::{Backup, HOUR, SECOND, World, name, surprise};

/// What a seed's world goes through besides the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Crashes, clocks, cut links.
    Rough,
    /// Also restores from backups, the guard kept.
    Restores,
    /// Also restores with the guard gone.
    GuardGone,
    /// Also whole disks set back, guard and all.
    SetBack,
    /// A node that shows two histories; with three nodes or more, one to some and the other to others.
    Liar,
    /// A node that forges what it says.
    Forger,
}

impl Weather {
    /// The weather of a seed.
    pub fn of(seed: u64) -> Self {
        match seed % 10 {
            0..4 => Self::Rough,
            4..7 => Self::Restores,
            7 => Self::GuardGone,
            8 => Self::SetBack,
            _ if (seed / 10).is_multiple_of(2) => Self::Liar,
            _ => Self::Forger,
        }
    }
}

impl World {
    /// One step.
    pub fn step(&mut self, weather: Weather) -> Result<(), Violation> {
        self.now += match self.random.below(20) {
            0 => self.random.below(7_200).cast_signed() * SECOND,
            1..5 => self.random.below(60).cast_signed() * SECOND,
            _ => self.random.below(2_000_000).cast_signed(),
        };
        if weather == Weather::Liar && !self.splits() && self.random.percent(25) {
            self.swap_twin();
        }
        match self.random.below(100) {
            0..20 => self.enqueue(),
            20..42 => self.call(),
            42..67 => self.deliver(),
            67..71 => self.file(),
            71..77 => self.apply(),
            77..82 => self.crash(),
            82..84 => self.fail_guard(),
            84..86 => {
                self.jump_clock();
                Ok(())
            }
            86..88 => self.suspend_or_resume(),
            88..89 => {
                self.cut();
                Ok(())
            }
            89..94 => self.back_up(),
            _ => self.disaster(weather),
        }
    }

    fn enqueue(&mut self) -> Result<(), Violation> {
        let (from, to) = self.two();
        self.forge_channels(from)?;
        if self.random.percent(40) {
            self.speak(from, to)?;
            return invariants::channels_are_whole(self, from);
        }
        let now = self.clock(from);
        for _ in 0..=self.random.below(3) {
            let number = u64::try_from(self.facts.sent.len()).unwrap_or(0);
            let (draft, fit) = self.draft(to, number);
            let rolled_back = self.random.percent(5);
            let place = self.place(from);
            let made = place.node.state.write(|tx| {
                let id = place.node.link.enqueue_in(tx, &draft, now)?;
                // The node dies before the commit.
                if rolled_back {
                    Err(LinkError::NoLog)
                } else {
                    Ok(id)
                }
            });
            match made {
                Ok(id) => {
                    self.note(|| format!("{from} makes {number} for {to}, {:?}: {id}", draft.lane));
                    self.facts.sent.insert(number, Sent { from, to, fit });
                    self.place_mut(from).held.committed.insert(number);
                }
                Err(LinkError::NoLog) if rolled_back => return self.restart(from),
                Err(error) => return Err(surprise(error)),
            }
        }
        invariants::channels_are_whole(self, from)
    }

    fn draft(&mut self, to: usize, number: u64) -> (Draft, bool) {
        let lane = match self.random.below(8) {
            0 => Lane::Bulk,
            1 | 2 => Lane::Urgent,
            _ => Lane::Normal,
        };
        let (kind, payload, fit) = match self.random.below(12) {
            0 => (
                Kind::Share,
                format!(r##"{{"unknown":"#{number}#"}}"##),
                false,
            ),
            1..4 => {
                let payload = format!(r##"{{"recall":"#{number}#","objects":["x"],"reason":""}}"##);
                (Kind::Recall, payload, true)
            }
            _ => {
                let payload =
                    format!(r##"{{"objects":[{{"id":"#{number}#"}}],"label":"TLP:GREEN"}}"##);
                (Kind::Share, payload, true)
            }
        };
        let draft = Draft {
            party: name(to),
            lane,
            kind,
            payload: payload.into_bytes(),
            due: None,
        };
        (draft, fit)
    }

    fn call(&mut self) -> Result<(), Violation> {
        let (from, to) = self.two();
        let lanes: &[Lane] = if self.random.percent(20) {
            &[Lane::Urgent]
        } else {
            &Lane::ALL
        };
        let Some(bytes) = self.collect(from, to, lanes)? else {
            return Ok(());
        };
        self.note(|| format!("{from} calls {to}"));
        self.send(from, to, Leg::Request, bytes)
    }

    /// Hands bytes to the network, or dies before they leave, or after.
    fn send(&mut self, from: usize, to: usize, leg: Leg, bytes: Said) -> Result<(), Violation> {
        let dies = self.random.below(40);
        if dies != 0 {
            self.network.send(Packet {
                from,
                to,
                leg,
                bytes,
            });
        }
        if dies < 2 {
            self.note(|| {
                format!(
                    "{from} dies, bytes {}",
                    if dies == 0 { "kept back" } else { "sent" }
                )
            });
            return self.restart(from);
        }
        Ok(())
    }

    fn deliver(&mut self) -> Result<(), Violation> {
        let Some(packet) = self.network.next(&mut self.random, self.now) else {
            return Ok(());
        };
        self.hand_over(&packet)
    }

    /// A node takes a batch and answers a call.
    pub(crate) fn hand_over(&mut self, packet: &Packet) -> Result<(), Violation> {
        let Some(mut taken) = self.take(packet)? else {
            return self.restart_if_set_back(packet.to);
        };
        invariants::channels_are_whole(self, packet.to)?;
        if packet.leg != Leg::Request {
            return Ok(());
        }
        if self.random.percent(2) {
            // It dies after the commit, before anything is signed.
            return self.restart(packet.to);
        }
        let now = self.clock(packet.to);
        let said = self.place(packet.to).node.link.say(&mut taken, now);
        match self.said(packet.to, packet.from, said)? {
            Some(bytes) => self.send(packet.to, packet.from, Leg::Response, bytes),
            None => Ok(()),
        }
    }

    /// People start a node again that says that its log was set back.
    pub(crate) fn restart_if_set_back(&mut self, node: usize) -> Result<(), Violation> {
        if self.place(node).set_back && self.random.percent(50) {
            return self.restart(node);
        }
        Ok(())
    }

    fn file(&mut self) -> Result<(), Violation> {
        let (from, to) = self.two();
        if let Some(bytes) = self.collect(from, to, &Lane::ALL)? {
            self.note(|| format!("{from} writes a file for {to}"));
            self.network.send(Packet {
                from,
                to,
                leg: Leg::File,
                bytes,
            });
        }
        Ok(())
    }

    fn apply(&mut self) -> Result<(), Violation> {
        let node = self.any();
        let most = 1 + self.random.below(4);
        let dies = self.random.percent(10);
        self.apply_stored(node, most, dies)
    }

    /// Applies what is stored, each envelope in a transaction of its own; or dies in the middle of the first.
    pub(crate) fn apply_stored(
        &mut self,
        node: usize,
        most: u64,
        dies: bool,
    ) -> Result<(), Violation> {
        let place = self.place(node);
        let stored = place
            .node
            .state
            .read(|tx| inbox::in_state(tx, "stored", most));
        for row in stored.map_err(surprise)? {
            let place = self.place(node);
            let now = self.clock(node);
            let settled = place.node.state.write(|tx| {
                cases::keep(tx, &row, now)?;
                inbox::settle(tx, &row.envelope, "applied", Some("applied"))?;
                if dies { Err(LinkError::NoLog) } else { Ok(()) }
            });
            match settled {
                Ok(()) => invariants::applied_once(self, node, &row)?,
                Err(LinkError::NoLog) => return self.restart(node),
                Err(error) => return Err(surprise(error)),
            }
        }
        Ok(())
    }

    fn crash(&mut self) -> Result<(), Violation> {
        let node = self.any();
        self.note(|| format!("{node} dies"));
        self.restart(node)
    }

    fn fail_guard(&mut self) -> Result<(), Violation> {
        let (node, to) = self.two();
        let behaviour = if self.random.percent(50) {
            Behaviour::FailsBefore
        } else {
            Behaviour::FailsAfter
        };
        self.note(|| format!("{node}: the guard {behaviour:?}"));
        self.place(node).node.guard.behave(behaviour);
        if let Some(bytes) = self.collect(node, to, &Lane::ALL)? {
            self.send(node, to, Leg::Request, bytes)?;
        }
        if self.random.percent(50) {
            return self.restart(node);
        }
        self.place(node).node.guard.behave(Behaviour::Sound);
        Ok(())
    }

    fn jump_clock(&mut self) {
        let node = self.any();
        let skew = match self.random.below(3) {
            0 => 0,
            1 => self.random.below(3_600).cast_signed() * SECOND,
            _ => (self.random.below(12 * 3_600).cast_signed() - 6 * 3_600) * SECOND,
        };
        self.note(|| format!("{node}: the clock is off by {} s", skew / SECOND));
        self.place_mut(node).skew = skew;
    }

    fn suspend_or_resume(&mut self) -> Result<(), Violation> {
        let (node, party) = self.two();
        let suspended = self.place(node).held.suspended.contains(&party);
        self.set_suspended(node, party, !suspended)
    }

    /// Suspends a party or resumes the exchange with it.
    pub(crate) fn set_suspended(
        &mut self,
        node: usize,
        party: usize,
        suspend: bool,
    ) -> Result<(), Violation> {
        self.note(|| {
            format!(
                "{node} {} {party}",
                if suspend { "suspends" } else { "resumes" }
            )
        });
        self.set_party_state(node, party, if suspend { "suspended" } else { "verified" })?;
        let held = &mut self.place_mut(node).held;
        if suspend {
            held.suspended.insert(party);
        } else {
            held.suspended.remove(&party);
        }
        Ok(())
    }

    fn cut(&mut self) {
        let (one, other) = self.two();
        self.note(|| format!("the link of {one} and {other} is cut for an hour"));
        self.network.cut(one, other, self.now + HOUR);
    }

    fn back_up(&mut self) -> Result<(), Violation> {
        let node = self.any();
        if self.place(node).backups.len() < 3 {
            self.note(|| format!("{node} is backed up"));
            let copy = self.copy(node)?;
            self.place_mut(node).backups.push(copy);
        }
        Ok(())
    }

    fn disaster(&mut self, weather: Weather) -> Result<(), Violation> {
        // One liar is enough: the first node.
        let liar = weather == Weather::Liar;
        let node = if liar { 0 } else { self.any() };
        let restores = !matches!(weather, Weather::Rough | Weather::Forger);
        if self.place(node).backups.is_empty() && restores {
            let copy = self.copy(node)?;
            self.place_mut(node).backups.push(copy);
        }
        let count = u64::try_from(self.place(node).backups.len()).unwrap_or(0);
        let chosen = usize::try_from(self.random.below(count.max(1))).unwrap_or(0);
        let Some(backup) = self.place(node).backups.get(chosen).cloned() else {
            return Ok(());
        };
        match weather {
            Weather::Rough | Weather::Forger => self.enqueue(),
            Weather::Restores => {
                let guard = self.place(node).node.guard.clone();
                self.restore(node, &backup, guard)
            }
            Weather::GuardGone => self.restore(node, &backup, SimGuard::default()),
            Weather::SetBack => {
                self.facts.two_faced.insert(node);
                self.set_back(node, &backup)
            }
            Weather::Liar => self.lie(&backup),
        }
    }

    fn restore(&mut self, node: usize, backup: &Backup, guard: SimGuard) -> Result<(), Violation> {
        self.note(|| format!("{node} is restored from a backup at {:?}", backup.at));
        if guard.kept().is_none() {
            // Whoever starts a copy without its guard sets the clock first, and does not do so twice in a minute.
            self.place_mut(node).skew = 0;
            self.now += 120 * SECOND;
        }
        let guard = if self.fault.hides_restores() {
            SimGuard::with(backup.guard.clone())
        } else {
            guard
        };
        let rows = Arc::new(State::open_snapshot(&backup.rows).map_err(surprise)?);
        self.facts.restored.insert(node);
        // A history that ends here; what follows is an epoch of its own.
        let branch = self.facts.branch(Some(backup.branch), backup.at);
        let place = self.place_mut(node);
        place.held = backup.held.clone();
        place.branch = branch;
        self.start(node, rows, guard)
    }

    fn set_back(&mut self, node: usize, backup: &Backup) -> Result<(), Violation> {
        self.note(|| format!("{node}: the whole disk is set back to {:?}", backup.at));
        let rows = Arc::new(State::open_snapshot(&backup.rows).map_err(surprise)?);
        self.facts.restored.insert(node);
        let branch = self.facts.branch(Some(backup.branch), backup.at);
        let place = self.place_mut(node);
        place.held = backup.held.clone();
        place.branch = branch;
        self.start(node, rows, SimGuard::with(backup.guard.clone()))
    }

    /// The first node shows one history or the other.
    fn lie(&mut self, backup: &Backup) -> Result<(), Violation> {
        self.facts.two_faced.insert(0);
        if self.place(0).twin.is_none() {
            self.note(|| format!("0 keeps two histories from {:?} on", backup.at));
            let rows = Arc::new(State::open_snapshot(&backup.rows).map_err(surprise)?);
            let branch = self.facts.branch(Some(backup.branch), backup.at);
            let identity = self.place(0).node.identity();
            let (salt, now) = (self.random.number(), self.clock(0));
            let guard = SimGuard::with(backup.guard.clone());
            let twin =
                crate::node::SimNode::start(identity, salt, rows, guard, now).map_err(surprise)?;
            self.facts.restored.insert(0);
            self.place_mut(0).twin = Some(Box::new((twin, backup.held.clone(), branch)));
        }
        if !self.splits() {
            self.note(|| "0 shows its other history".to_owned());
            self.swap_twin();
        }
        Ok(())
    }
}
