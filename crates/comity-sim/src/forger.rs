//! A node that forges: what it says carries altered proofs, leaves, receipts and cursors, signed with its own keys, and its
//! channels skip places or use one twice.
//!
//! In scope: the forging. Out of scope: what the others must make of it (`invariants`).

use comity_link::batch;
use comity_link::message::Message;
use comity_store::state::Tx;

use crate::invariants::Violation;
use crate::step::Weather;
use crate::world::{World, surprise};

/// The node that forges.
pub const FORGER: usize = 0;

impl World {
    /// Whether this node forges.
    pub fn is_forger(&self, node: usize) -> bool {
        self.weather == Weather::Forger && node == FORGER
    }

    /// What a node says, if it is the one that forges: something else.
    pub(crate) fn forge(&mut self, from: usize, bytes: Vec<u8>) -> Result<Vec<u8>, Violation> {
        if !self.is_forger(from) || self.random.percent(50) {
            return Ok(bytes);
        }
        let keys = [self.place(from).node.link.keys().envelope().verifier()];
        let said = batch::read(&bytes).map_err(surprise)?;
        let hello = said.hello().clone();
        let mut messages = said.open(&keys).map_err(surprise)?;
        for message in &mut messages {
            if self.random.percent(40) {
                self.alter(message);
            }
        }
        self.note(|| "0 forges what it says".to_owned());
        let keys = self.place(from).node.link.keys();
        Ok(batch::write(&hello, &messages, keys.envelope()))
    }

    fn alter(&mut self, message: &mut Message) {
        match message {
            Message::Send(send) => match self.random.below(4) {
                0 => self.flip(&mut send.proof),
                1 => self.flip(&mut send.blind),
                2 => self.flip(&mut send.sealed),
                _ => self.flip(&mut send.header),
            },
            Message::Receipt(receipt) => match self.random.below(5) {
                0 => self.flip(&mut receipt.proof),
                1 => self.flip(&mut receipt.blind),
                2 => self.flip(&mut receipt.opening),
                3 => self.flip(&mut receipt.payload),
                _ => self.flip(&mut receipt.envelope.0),
            },
            Message::Head(head) => {
                if self.random.percent(50)
                    && let Some(hash) = head.consistency.first_mut()
                {
                    self.flip(hash);
                }
                if let Some(leaf) = head.leaves.first_mut() {
                    self.flip(leaf);
                }
                // Fewer than lead to the head: nothing shows at once that they are not those of the log.
                if self.random.percent(50) && head.leaves.len() > 1 {
                    head.leaves.pop();
                }
            }
            Message::Cosigned(cosigned) => self.flip(&mut cosigned.lines),
            Message::Cursor(cursor) => cursor.seq = self.random.below(8),
            Message::CrossHead(told) => self.flip(&mut told.checkpoint),
            Message::TwoHistories(told) => self.flip(&mut told.proof),
            Message::Revocation(told) => self.flip(&mut told.note),
            Message::Knows(told) => self.flip(&mut told.card),
            Message::Gap(_)
            | Message::Card(_)
            | Message::Forward(_)
            | Message::Holds(_)
            | Message::Refused(_) => {}
        }
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        let count = u64::try_from(bytes.len()).unwrap_or(0);
        let place = usize::try_from(self.random.below(count.max(1))).unwrap_or(0);
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= 1 << self.random.below(7);
        }
    }

    /// The next envelope of the node that forges skips a place of its channel, or takes one that is taken.
    pub(crate) fn forge_channels(&mut self, from: usize) -> Result<(), Violation> {
        if !self.is_forger(from) || self.random.percent(70) {
            return Ok(());
        }
        let sql = if self.random.percent(60) {
            "UPDATE channel SET seq = seq + 1 WHERE direction = 'out' AND lane <> 'receipt'"
        } else {
            "UPDATE channel SET seq = seq - 1 WHERE direction = 'out' AND lane <> 'receipt' AND seq > 1"
        };
        self.note(|| "0 forges the places of its channels".to_owned());
        let state = &self.place(from).node.state;
        let changed = state.write(|tx: &mut dyn Tx| tx.execute(sql, &[]));
        changed.map(|_| ()).map_err(surprise)
    }
}
