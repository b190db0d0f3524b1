//! The end: everything heals, and runs until nothing moves. Then each envelope must be accounted for.
//!
//! In scope: healing, and what must hold then. Out of scope: what held on the way (`invariants`).

use comity_link::channel::Lane;
use comity_store::state::channel::{self, Direction};
use comity_store::state::outbox::{self, OutboxRow};
use comity_store::state::{inbox, ledger, receipt};

use crate::guard::Behaviour;
use crate::invariants::{self, Invariant, Violation, ensure, number_in};
use crate::network::{Leg, Packet};
use crate::world::{HOUR, World, name, surprise};

/// How often everybody calls everybody before what still moves counts as never ending.
const ROUNDS_MAX: u32 = 60;
/// The time between.
const ROUND_MICROS: i64 = HOUR / 3;

impl World {
    /// Heals everything, runs until nothing moves, and judges what is left.
    pub fn settle(&mut self) -> Result<(), Violation> {
        self.note(|| "everything heals".to_owned());
        self.heal()?;
        for packet in self.network.drain() {
            let leg = if packet.leg == Leg::Request {
                Leg::Response
            } else {
                packet.leg
            };
            self.take(&Packet { leg, ..packet })?;
        }
        for round in 0..ROUNDS_MAX {
            self.now += ROUND_MICROS;
            self.fault.tamper_at_the_end(self)?;
            for (one, other) in self.pairs() {
                self.exchange(one, other)?;
            }
            for node in 0..self.places.len() {
                self.apply_stored(node, 1_000, false)?;
            }
            if self.place(0).twin.is_some() && round < 3 {
                if !self.splits() {
                    self.swap_twin();
                }
                continue;
            }
            if round > 0 && self.is_settled()? {
                break;
            }
        }
        self.judge()
    }

    fn heal(&mut self) -> Result<(), Violation> {
        for node in 0..self.places.len() {
            let place = self.place_mut(node);
            place.skew = place.skew.clamp(-HOUR, HOUR);
            place.node.guard.behave(Behaviour::Sound);
            for party in place.held.suspended.clone() {
                self.set_suspended(node, party, false)?;
            }
        }
        Ok(())
    }

    /// Every two nodes, both ways.
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let all = 0..self.places.len();
        all.clone()
            .flat_map(|one| all.clone().map(move |other| (one, other)))
            .filter(|(one, other)| one != other)
            .collect()
    }

    /// A call with its answer; people start a node again that says that its log was set back.
    fn exchange(&mut self, one: usize, other: usize) -> Result<(), Violation> {
        if let Some(bytes) = self.collect(one, other, &Lane::ALL)? {
            let call = Packet {
                from: one,
                to: other,
                leg: Leg::Request,
                bytes,
            };
            let answer = match self.take(&call)? {
                None => None,
                Some(mut taken) => {
                    let now = self.clock(other);
                    let said = self.place(other).node.link.say(&mut taken, now);
                    self.said(other, one, said)?
                }
            };
            if let Some(bytes) = answer {
                let leg = Leg::Response;
                let (from, to) = (other, one);
                self.take(&Packet {
                    from,
                    to,
                    leg,
                    bytes,
                })?;
            }
        }
        for node in [one, other] {
            if self.place(node).set_back {
                self.restart(node)?;
            }
        }
        Ok(())
    }

    /// Whether one of two holds the other as a party with two histories.
    fn is_frozen(&self, one: usize, other: usize) -> Result<bool, Violation> {
        let heads = [
            invariants::held_heads(self, one, other)?,
            invariants::held_heads(self, other, one)?,
        ];
        Ok(heads.iter().flatten().any(|log| log.state == "forked"))
    }

    /// Whether what two nodes owe each other is judged: not with a liar, not over a frozen link.
    fn is_judged(&self, one: usize, other: usize) -> Result<bool, Violation> {
        let liar = [one, other]
            .iter()
            .any(|node| self.place(*node).twin.is_some() || self.is_forger(*node));
        Ok(!liar && !self.is_frozen(one, other)?)
    }

    fn is_settled(&self) -> Result<bool, Violation> {
        for (one, other) in self.pairs() {
            if !self.is_judged(one, other)? {
                continue;
            }
            let node = &self.place(one).node;
            let party = name(other);
            let waits = node.state.read(|tx| {
                let (waiting, _) = outbox::waiting(tx, &party)?;
                Ok::<_, comity_store::error::StoreError>(
                    waiting > 0 || receipt::owed_count(tx, &party)? > 0,
                )
            });
            let unsettled = node.link.has_unsettled_head(&party).map_err(surprise)?;
            if waits.map_err(surprise)? || unsettled || self.channels_differ(one, other)?.is_some()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn judge(&mut self) -> Result<(), Violation> {
        for (node, party) in self.pairs() {
            invariants::convictions_stand(self, node, party)?;
        }
        for node in 0..self.places.len() {
            invariants::channels_are_whole(self, node)?;
            invariants::committed_is_there(self, node)?;
        }
        if self.share_accord && self.splits() {
            for (one, other) in self.pairs() {
                if one != 0 && other != 0 && !self.is_frozen(one, other)? {
                    invariants::split_view_is_convicted(self, one, other)?;
                }
            }
        }
        for (from, to) in self.pairs() {
            if !self.is_judged(from, to)? {
                continue;
            }
            let party = name(to);
            let node = &self.place(from).node;
            let rows = node.state.read(|tx| {
                let mut all = outbox::list(tx, Some(&party), None, 10_000)?;
                for row in &mut all {
                    row.payload = outbox::find(tx, &row.envelope)?.and_then(|row| row.payload);
                }
                Ok::<_, comity_store::error::StoreError>(all)
            });
            let rows = rows.map_err(surprise)?;
            let unsettled = node.link.has_unsettled_head(&party).map_err(surprise)?;
            for row in &rows {
                self.envelope_settled(from, row, &rows)?;
                self.sent_is_applied((from, to), row)?;
            }
            invariants::receipts_are_of_stored(self, from, to)?;
            if from < to {
                self.cases_agree(from, to)?;
            }
            let differ = self.channels_differ(from, to)?;
            ensure(differ.is_none(), Invariant::BothSidesAgree, || {
                format!("{from} and {to}: {}", differ.unwrap_or_default())
            })?;
            ensure(!unsettled, Invariant::BothSidesAgree, || {
                format!("{to} has not cosigned the newest head of {from}, or was not told")
            })?;
        }
        Ok(())
    }

    fn envelope_settled(
        &self,
        from: usize,
        row: &OutboxRow,
        all: &[OutboxRow],
    ) -> Result<(), Violation> {
        let number = row.payload.as_deref().and_then(number_in);
        let fit = number
            .and_then(|number| self.facts.sent.get(&number))
            .is_none_or(|sent| sent.fit);
        let reason = row.reason.as_deref().unwrap_or_default();
        let settled = match row.state.as_str() {
            "receipted" => fit,
            "refused" => !fit && !reason.is_empty(),
            "void" => {
                let successor = reason.split(' ').find(|word| word.len() == 64);
                all.iter().any(|other| {
                    let id = comity_link::header::EnvelopeId(other.envelope).to_string();
                    Some(id.as_str()) == successor
                })
            }
            _ => false,
        };
        ensure(settled, Invariant::EveryEnvelopeSettles, || {
            let id = comity_link::header::EnvelopeId(row.envelope);
            format!(
                "{number:?} of {from} for {} ({id}, {} epoch {} seq {}) is {} after {} attempts: {reason:?}",
                row.party, row.lane, row.epoch, row.seq, row.state, row.attempts
            )
        })
    }

    /// What is receipted is applied, or was refused with the reason that the receipt gives.
    fn sent_is_applied(
        &self,
        (from, to): (usize, usize),
        row: &OutboxRow,
    ) -> Result<(), Violation> {
        let number = row.payload.as_deref().and_then(number_in);
        let Some(number) = number.filter(|_| row.state == "receipted") else {
            return Ok(());
        };
        let applied = self.place(to).held.numbers.contains(&number);
        ensure(applied, Invariant::SentIsApplied, || {
            let node = &self.place(to).node;
            let row = node.state.read(|tx| inbox::find(tx, &row.envelope));
            let state = row.ok().flatten().map(|row| row.state);
            format!("{number} of {from} is receipted, and {to} did not apply it; it is {state:?}")
        })
    }

    /// How two nodes differ on the channels of the sender's newest epoch.
    fn channels_differ(&self, from: usize, to: usize) -> Result<Option<String>, Violation> {
        let sender = &self.place(from).node.state;
        let (log, out) = sender
            .read(|tx| {
                let log = ledger::newest(tx)?;
                Ok::<_, comity_store::error::StoreError>((
                    log,
                    channel::with_party(tx, Direction::Out, &name(to))?,
                ))
            })
            .map_err(surprise)?;
        let receiver = &self.place(to).node.state;
        let epoch = log.map_or(0, |log| log.epoch);
        for row in out
            .iter()
            .filter(|row| row.epoch == epoch && row.lane != "receipt")
        {
            let there = receiver.read(|tx| channel::find(tx, Direction::In, &row.channel, epoch));
            let there = there.map_err(surprise)?;
            let place = there.map(|there| (there.seq, there.last));
            if place != Some((row.seq, row.last)) {
                let came = place.map(|place| place.0);
                return Ok(Some(format!(
                    "the {} channel of epoch {epoch} went to {}, came to {came:?}",
                    row.lane, row.seq
                )));
            }
        }
        Ok(None)
    }

    /// The node with two histories shows the other.
    pub(crate) fn swap_twin(&mut self) {
        let place = self.place_mut(0);
        if let Some(twin) = &mut place.twin {
            std::mem::swap(&mut place.node, &mut twin.0);
            std::mem::swap(&mut place.held, &mut twin.1);
            std::mem::swap(&mut place.branch, &mut twin.2);
        }
    }
}
