//! Credits: how much of each lane may be on its way to a party, by its own word.
//!
//! Whoever receives says with every batch how far each channel has come, and how many envelopes and bytes it takes beyond
//! that: less by what waits for a gap to be filled, and by what is stored and not applied yet. Whoever sends stops there and
//! asks again after [`HELD_MICROS`]. The next envelope of a channel may always go once anything may: one that is larger
//! than the credit would never arrive else.
//!
//! In scope: granting, remembering, honouring. Out of scope: what is sent (`outgoing`).
//! Limits: [`WINDOW`], [`WINDOW_BYTES`].

use std::collections::HashMap;
use std::sync::PoisonError;

use comity_link::channel::{ChannelId, Lane};
use comity_link::message::Cursor;
use comity_store::state::channel::{self, Direction};
use comity_store::state::outbox::{self, OutboxPlace};
use comity_store::state::{Tx, inbox, ledger, receipt};

use crate::link::peer::Peer;
use crate::link::{Link, LinkError};

/// Envelopes of one channel that may be on their way without a receipt: what the other side parks.
pub(crate) const WINDOW: u64 = 1_024;
/// Their bytes: the largest payload that is sent in parts fits.
pub(crate) const WINDOW_BYTES: u64 = 128 * 1024 * 1024;
/// How soon a party that gave no more credit is asked again, microseconds: a second.
const HELD_MICROS: i64 = 1_000_000;

/// What a party takes of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Credit {
    /// Everything up to here is there.
    seq: u64,
    /// How many envelopes beyond.
    items: u64,
    /// How many bytes beyond.
    bytes: u64,
}

/// Credits by channel and epoch.
pub(crate) type Credits = HashMap<(String, u32), Credit>;

/// How much of a credit is spent while a batch is filled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spending {
    credit: Credit,
    bytes: u64,
}

impl Spending {
    /// Bytes that are on their way already.
    pub(crate) fn spend(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Whether the credit covers one more envelope, which is spent then. Envelopes come in the order of their places.
    pub(crate) fn covers(&mut self, place: &OutboxPlace) -> bool {
        let Credit { seq, items, bytes } = self.credit;
        self.bytes = self.bytes.saturating_add(place.bytes);
        let beyond = place.seq.saturating_sub(seq);
        beyond <= items && (beyond <= 1 || self.bytes <= bytes)
    }
}

impl Link {
    /// Remembers what a party takes of the channels to it.
    pub(crate) fn remember_credits(&self, peer: &Peer, cursors: &[Cursor]) {
        let mut known = self.credits.lock().unwrap_or_else(PoisonError::into_inner);
        for cursor in cursors {
            let ours = Lane::ALL
                .into_iter()
                .any(|lane| ChannelId::of(&self.origin, &peer.row.origin, lane) == cursor.channel);
            if ours {
                let credit = Credit {
                    seq: cursor.seq,
                    items: cursor.credit,
                    bytes: cursor.bytes,
                };
                known.insert((cursor.channel.to_string(), cursor.epoch), credit);
            }
        }
    }

    /// What may be sent of a channel now.
    pub(crate) fn spending(
        &self,
        tx: &mut dyn Tx,
        channel: &str,
        epoch: u32,
    ) -> Result<Spending, LinkError> {
        let place = (channel.to_owned(), epoch);
        let known = self.credits.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get(&place).copied();
        let Some(first) = outbox::first_waiting(tx, channel, epoch)? else {
            let credit = known.unwrap_or(Credit {
                seq: 0,
                items: WINDOW,
                bytes: WINDOW_BYTES,
            });
            return Ok(Spending { credit, bytes: 0 });
        };
        // A party that has not said anything since this node started takes what it took then.
        let credit = known.unwrap_or(Credit {
            seq: first.seq.saturating_sub(1),
            items: WINDOW,
            bytes: WINDOW_BYTES,
        });
        let bytes = outbox::bytes_between(tx, channel, epoch, (credit.seq + 1, first.seq))?;
        Ok(Spending { credit, bytes })
    }

    /// Whether anything of these lanes may be sent to a party now.
    fn may_send(
        &self,
        tx: &mut dyn Tx,
        peer: &Peer,
        lanes: &[Lane],
        now: i64,
    ) -> Result<bool, LinkError> {
        let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
        for lane in lanes {
            let channel = ChannelId::of(&self.origin, &peer.row.origin, *lane).to_string();
            let Some(due) = outbox::first_due(tx, &channel, log.epoch, now)? else {
                continue;
            };
            let mut spending = self.spending(tx, &channel, log.epoch)?;
            if let Some(first) = outbox::first_waiting(tx, &channel, log.epoch)? {
                let before = outbox::bytes_between(tx, &channel, log.epoch, (first.seq, due.seq))?;
                spending.spend(before);
            }
            if spending.covers(&due) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether anything of these lanes waits to be said to a party now and may be, besides the own head. Receipts go with
    /// the lane of receipts.
    pub fn has_more(&self, party: &str, lanes: &[Lane], now: i64) -> Result<bool, LinkError> {
        self.state.read(|tx| {
            if lanes.contains(&Lane::Receipt)
                && receipt::next_owed(tx, party)?.is_some_and(|at| at <= now)
            {
                return Ok(true);
            }
            let peer = self.peer(tx, party)?;
            if lanes.contains(&Lane::Bulk) && self.has_items(tx, &peer, now)? {
                return Ok(true);
            }
            self.may_send(tx, &peer, lanes, now)
        })
    }

    /// When the next thing of these lanes is due to be said to a party; none when nothing waits.
    pub fn next_due(
        &self,
        party: &str,
        lanes: &[Lane],
        now: i64,
    ) -> Result<Option<i64>, LinkError> {
        self.state.read(|tx| {
            let mut next = if lanes.contains(&Lane::Receipt) {
                receipt::next_owed(tx, party)?
            } else {
                None
            };
            let peer = self.peer(tx, party)?;
            let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
            let mut sends = None;
            for lane in lanes {
                let channel = ChannelId::of(&self.origin, &peer.row.origin, *lane).to_string();
                let due = outbox::next_attempt(tx, &channel, log.epoch)?;
                sends = sends.into_iter().chain(due).min();
            }
            if sends.is_some_and(|at| at <= now) && !self.may_send(tx, &peer, lanes, now)? {
                sends = Some(now + HELD_MICROS);
            }
            let items = if lanes.contains(&Lane::Bulk) {
                self.items_due(tx, &peer)?
            } else {
                None
            };
            next = next.into_iter().chain(sends).chain(items).min();
            Ok(next)
        })
    }
}

/// How far each channel of a party has come here, and how much more of it is taken.
pub(crate) fn cursors(tx: &mut dyn Tx, party: &str) -> Result<Vec<Cursor>, LinkError> {
    let mut cursors = Vec::new();
    let unapplied = inbox::unapplied(tx)?;
    for row in channel::with_party(tx, Direction::In, party)? {
        let (mut items, mut bytes) = inbox::beyond(tx, &row.channel, row.epoch, row.seq)?;
        for waiting in &unapplied {
            if (&waiting.channel, waiting.epoch) == (&row.channel, row.epoch) {
                items += waiting.items;
                bytes += waiting.bytes;
            }
        }
        if let Some(channel) = ChannelId::parse(&row.channel) {
            cursors.push(Cursor {
                channel,
                epoch: row.epoch,
                seq: row.seq,
                credit: WINDOW.saturating_sub(items),
                bytes: WINDOW_BYTES.saturating_sub(bytes),
            });
        }
    }
    Ok(cursors)
}
