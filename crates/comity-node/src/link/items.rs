//! Evidence items that cross: what is wanted of a party, what it wants, and the pieces.
//!
//! The recipient asks for the next pieces behind those it has; the other side answers with as many as a batch takes. So whatever
//! breaks off goes on where it stopped, a node without an inbound port gets its items too, and nothing of an item waits in memory or
//! in a row on either side. Only what is offered in a thread is given, as its row says.
//!
//! In scope: asking, giving, taking. Out of scope: when an item is offered (`case::evidence`), sealing (`comity-link`), files
//! (`comity-store`). Limits: [`COUNT_MAX`] pieces at once, [`ASKED_MAX`] items that one party may ask for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use comity_link::batch::BATCH_BYTES_FULL;
use comity_link::message::{Message, Piece, Refused, Want};
use comity_link::piece::{Crossing, PIECE_BYTES_MAX};
use comity_store::attachment::item::{ItemKey, chunks};
use comity_store::attachment::partial::Arriving;
use comity_store::attachment::{AttachmentName, Attachments};
use comity_store::state::channel::Direction;
use comity_store::state::evidence::{self, ItemRow};
use comity_store::state::{Tx, party as parties};

use crate::link::peer::{Peer, VERIFIED};
use crate::link::{Link, LinkError, chain};

/// Pieces that are asked for at once when all goes well; after a failure it is one, which a slow line carries too.
pub(crate) const COUNT_MAX: u64 = 3;
/// Items that one party may ask for in a batch.
const ASKED_MAX: usize = 4;
/// How long pieces may be on their way before they are asked for again, microseconds: five seconds, then twice that and so on.
const PAUSE_MICROS: i64 = 5_000_000;
/// How often that doubles: to five minutes.
const DOUBLINGS_MAX: u32 = 6;

/// How it stands with asking one party.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Asking {
    /// From when on it may be asked again, microseconds since 1970.
    next: i64,
    /// How often nothing came.
    vain: u32,
}

/// Items that cross, as this process knows it.
#[derive(Debug, Default)]
pub(crate) struct Items {
    files: OnceLock<Arc<Attachments>>,
    /// What parties asked for.
    asked: Mutex<HashMap<String, Vec<Want>>>,
    asking: Mutex<HashMap<String, Asking>>,
}

impl Items {
    fn asking(&self) -> std::sync::MutexGuard<'_, HashMap<String, Asking>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<Want>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An item as it arrives in a thread.
pub(crate) fn arriving(thread: &str, item: &ItemRow) -> Arriving {
    Arriving {
        name: thread.to_owned(),
        key: item.key.map(ItemKey::new),
        bytes: item.size,
        sha256: item.sha256,
    }
}

fn not_here() -> Message {
    Message::Refused(Refused {
        envelope: None,
        code: "item-not-here".to_owned(),
        held: Vec::new(),
    })
}

impl Link {
    /// Items lie there.
    pub fn keep_items(&self, files: Arc<Attachments>) {
        // Once a process: the folder of a node does not change.
        let _ = self.items.files.set(files);
    }

    /// Where items lie; none: this node keeps none.
    pub(crate) fn files(&self) -> Option<&Arc<Attachments>> {
        self.items.files.get()
    }

    /// Whether anything of an item is to be said to a party now, asking included.
    pub(crate) fn has_items(
        &self,
        tx: &mut dyn Tx,
        peer: &Peer,
        now: i64,
    ) -> Result<bool, LinkError> {
        let due = self.items_due(tx, peer)?;
        Ok(due.is_some_and(|at| at <= now))
    }

    /// When that is.
    pub(crate) fn items_due(&self, tx: &mut dyn Tx, peer: &Peer) -> Result<Option<i64>, LinkError> {
        if !peer.is_verified() {
            return Ok(None);
        }
        let party = &peer.row.name;
        if self.items.asked().contains_key(party) {
            return Ok(Some(0));
        }
        let wanted = self.next_want(tx, party)?;
        let next = self.items.asking().get(party).map_or(0, |one| one.next);
        Ok(wanted.map(|_| next))
    }

    /// The next pieces that are wanted of a party, if it may be asked now.
    pub(crate) fn want(
        &self,
        tx: &mut dyn Tx,
        party: &str,
        now: i64,
    ) -> Result<Option<Want>, LinkError> {
        let asking = self.items.asking().get(party).copied().unwrap_or_default();
        if asking.next > now {
            return Ok(None);
        }
        self.next_want(tx, party)
    }

    /// Remembers that a party was asked.
    pub(crate) fn was_asked(&self, party: &str, now: i64) {
        let mut all = self.items.asking();
        let one = all.entry(party.to_owned()).or_default();
        one.next = now + (PAUSE_MICROS << one.vain.min(DOUBLINGS_MAX));
        one.vain = one.vain.saturating_add(1);
    }

    /// A party is asked for pieces with the next call, however long the pause was to be.
    pub(crate) fn ask_again(&self, party: &str) {
        if let Some(one) = self.items.asking().get_mut(party) {
            one.next = 0;
        }
    }

    fn next_want(&self, tx: &mut dyn Tx, party: &str) -> Result<Option<Want>, LinkError> {
        let Some(files) = self.files() else {
            return Ok(None);
        };
        let Some(row) = evidence::wanted_of(tx, party)? else {
            return Ok(None);
        };
        let Some(item) = evidence::find(tx, &row.item)? else {
            return Ok(None);
        };
        let have = files.arrived(&arriving(&row.thread, &item))?;
        let left = chunks(item.size).saturating_sub(have);
        let vain = self.items.asking().get(party).map_or(0, |one| one.vain);
        let most = if vain > 0 { 1 } else { COUNT_MAX };
        Ok((left > 0).then_some(Want {
            thread: row.thread,
            first: have,
            count: left.min(most),
        }))
    }

    /// What a party asks for is given with the next batch, if it was offered.
    pub(crate) fn hear_wants(&self, party: &str, wants: Vec<Want>) -> Result<(), LinkError> {
        for want in wants {
            let open = self.state.read(|tx| {
                let row = evidence::transfer(tx, &want.thread, Direction::Out)?;
                Ok::<_, LinkError>(row.is_some_and(|row| row.party == party && row.state == "open"))
            })?;
            if !open {
                tracing::warn!(
                    party,
                    thread = want.thread,
                    "an item was asked for that is not offered"
                );
                continue;
            }
            let mut asked = self.items.asked();
            let all = asked.entry(party.to_owned()).or_default();
            all.retain(|one| one.thread != want.thread);
            if all.len() < ASKED_MAX {
                all.push(want);
            }
        }
        Ok(())
    }

    /// The pieces that a party asked for, as many as a batch takes beside so many bytes.
    pub(crate) fn pieces(&self, peer: &Peer, beside: usize) -> Result<Vec<Message>, LinkError> {
        let wants = self.items.asked().remove(&peer.row.name);
        let mut room = BATCH_BYTES_FULL.saturating_sub(beside) / PIECE_BYTES_MAX;
        let mut pieces = Vec::new();
        for want in wants.unwrap_or_default() {
            let Some(item) = self.offered(&peer.row.name, &want.thread)? else {
                pieces.push(not_here());
                continue;
            };
            let crossing = Crossing {
                from: &self.origin,
                to: &peer.row.origin,
                thread: &want.thread,
            };
            let mut random = |bytes: &mut [u8]| (self.random)(bytes);
            let last = item.chunks().min(want.first.saturating_add(want.count));
            for number in want.first..last {
                // One goes whatever else does: an item never starves.
                if room == 0 && !pieces.is_empty() {
                    break;
                }
                room = room.saturating_sub(1);
                let chunk = match item.chunk(number) {
                    Ok(chunk) => chunk,
                    Err(error) => {
                        // The batch goes on: nothing else depends on this item.
                        tracing::error!(thread = want.thread, error = %chain(&error), "an item cannot be read");
                        pieces.push(not_here());
                        break;
                    }
                };
                let piece = crossing.seal((number, chunk), &peer.keys.sealing, &mut random)?;
                pieces.push(Message::Piece(piece));
            }
        }
        Ok(pieces)
    }

    /// The file of an item that is offered to a party.
    fn offered(
        &self,
        party: &str,
        thread: &str,
    ) -> Result<Option<comity_store::attachment::item::ItemFile>, LinkError> {
        let item = self.state.read(|tx| {
            let row = evidence::transfer(tx, thread, Direction::Out)?;
            let open = row.filter(|row| row.party == party && row.state == "open");
            let verified = parties::find(tx, party)?.is_some_and(|row| row.state == VERIFIED);
            match open.filter(|_| verified) {
                Some(row) => Ok::<_, LinkError>(evidence::find(tx, &row.item)?),
                None => Ok(None),
            }
        })?;
        let (Some(item), Some(files)) = (item, self.files()) else {
            return Ok(None);
        };
        let Some(name) = item.stored.map(AttachmentName::of) else {
            return Ok(None);
        };
        Ok(files.open_item(&name, item.key.map(ItemKey::new), item.size)?)
    }

    /// Takes pieces that a party sent; what was not wanted is left out. What is taken is durable when this returns.
    pub(crate) fn take_pieces(
        &self,
        peer: &Peer,
        pieces: &[&Piece],
    ) -> Result<Vec<String>, LinkError> {
        let mut wrong = Vec::new();
        let (Some(first), Some(files)) = (pieces.first(), self.files()) else {
            return Ok(wrong);
        };
        let thread = first.thread.as_str();
        let item = self.state.read(|tx| {
            let row = evidence::transfer(tx, thread, Direction::In)?;
            let row = row.filter(|row| row.party == peer.row.name && row.state == "wanted");
            match row {
                Some(row) => Ok::<_, LinkError>(evidence::find(tx, &row.item)?),
                None => Ok(None),
            }
        })?;
        let Some(item) = item else {
            return Ok(wrong);
        };
        let crossing = Crossing {
            from: &peer.row.origin,
            to: &self.origin,
            thread,
        };
        let keys = self.keys();
        let mut refused = false;
        let opened = pieces.iter().filter(|piece| piece.thread == thread);
        let opened = opened.filter_map(|piece| {
            let content = keys.open(&piece.sealed, &crossing.bound(piece.number));
            refused |= content.is_err();
            Some((piece.number, content.ok()?.payload))
        });
        let item = arriving(thread, &item);
        let taken = files
            .arrived(&item)
            .and_then(|before| Ok((before, files.append(&item, opened)?)));
        let (before, have) = match taken {
            Ok(counts) => counts,
            Err(error) => {
                // A full disk holds up the item, not the link.
                wrong.push(format!("pieces of {thread}: {}", chain(&error)));
                return Ok(wrong);
            }
        };
        if refused {
            wrong.push(format!("a piece of {thread}: not sealed to us"));
        }
        if have > before {
            self.items
                .asking()
                .insert(peer.row.name.clone(), Asking::default());
        }
        Ok(wrong)
    }
}
