//! Envelopes in: checking one, and giving it its place.
//!
//! In scope: signature, leaf, commitment, proof, place in the channel. Out of scope: what the content does (`exchange`).

use comity_link::channel::{ChannelId, Lane};
use comity_link::header::{EnvelopeId, SignedHeader, peek};
use comity_link::message::{Gap, Message, Send};
use comity_link::seal::Content;
use comity_store::state::Tx;
use comity_store::state::channel::{self, ChannelRow, Direction};
use comity_store::state::inbox::{self, InboxRow};
use comity_store::state::receipt;

use crate::link::credit::WINDOW;
use crate::link::evidence::{check_proof, commit};
use crate::link::incoming::Taking;
use crate::link::peer::Peer;
use crate::link::receipts::STORED;
use crate::link::{Link, LinkError};

/// An envelope that proved itself; only its place is not judged yet.
#[derive(Debug)]
pub(crate) struct Checked {
    signed: SignedHeader,
    blind: [u8; 32],
    content: Content,
    proof: Vec<u8>,
    lane: Lane,
}

impl Checked {
    /// The envelope's identity.
    pub(crate) fn id(&self) -> EnvelopeId {
        self.signed.id()
    }

    /// How urgent it is.
    pub(crate) fn lane(&self) -> Lane {
        self.lane
    }

    /// The tlog-proof of its leaf.
    pub(crate) fn proof(&self) -> &[u8] {
        &self.proof
    }
}

/// The log is of an epoch of which no card is here: the card is due first.
pub(crate) const UNKNOWN_LOG: &str = "unknown-log";

/// Why an envelope does not prove itself: a stable word, for the other side.
type Code = &'static str;

impl Link {
    /// Checks everything of an envelope that does not depend on what came before. Takes no lock and reads no row.
    pub(crate) fn check(&self, peer: &Peer, send: &Send) -> Result<Checked, Code> {
        let header = peek(&send.header).map_err(|_| "bad-header")?;
        if header.from != peer.row.origin || header.to != self.origin {
            return Err("not-between-us");
        }
        if header.epoch > peer.keys.epoch {
            return Err(UNKNOWN_LOG);
        }
        let signed =
            SignedHeader::open(&send.header, &peer.keys.envelope).map_err(|_| "bad-signature")?;
        let lane = Lane::ALL
            .into_iter()
            .find(|lane| ChannelId::of(&header.from, &header.to, *lane) == header.channel)
            .ok_or("unknown-channel")?;
        let content = self.keys().open(&send.sealed, &send.header);
        let content = content.map_err(|_| "not-sealed-to-us")?;
        if commit(&content.opening, &content.payload) != header.commit {
            return Err("commitment-differs");
        }
        check_proof(&send.proof, &send.blind, &send.header, &peer.keys.log).ok_or("bad-proof")?;
        Ok(Checked {
            signed,
            blind: send.blind,
            content,
            proof: send.proof.clone(),
            lane,
        })
    }

    /// Gives an envelope its place: the next of its channel is stored and gets its receipt; a later one is parked.
    pub(crate) fn place(
        &self,
        tx: &mut dyn Tx,
        taking: &mut Taking,
        checked: &Checked,
    ) -> Result<(), LinkError> {
        let id = checked.signed.id();
        if inbox::find(tx, &id.0)?.is_some() {
            // It came before: whoever sends it again has no receipt yet.
            receipt::hurry(tx, &id.0, taking.now)?;
            return Ok(());
        }
        let header = checked.signed.header();
        let (name, epoch, seq) = (header.channel.to_string(), header.epoch, header.seq);
        let known = channel::find(tx, Direction::In, &name, epoch)?;
        let known = known.unwrap_or_else(|| ChannelRow {
            channel: name.clone(),
            epoch,
            party: taking.peer.row.name.clone(),
            lane: checked.lane.word().to_owned(),
            seq: 0,
            last: None,
        });
        if seq <= known.seq || inbox::at(tx, &name, epoch, seq)?.is_some() {
            // Two signed envelopes in one place.
            taking.refuse(Some(id), "place-taken");
            return Ok(());
        }
        if seq > known.seq + WINDOW {
            taking.refuse(Some(id), "too-far-ahead");
            return Ok(());
        }
        let row = parked(taking, checked);
        if seq > known.seq + 1 {
            inbox::add(tx, &row)?;
            let last = seq - 1;
            taking.say(Message::Gap(Gap {
                channel: header.channel,
                epoch,
                first: known.seq + 1,
                last,
            }));
            return Ok(());
        }
        if header.prev != known.last.map(EnvelopeId) {
            taking.refuse(Some(id), "chain-broken");
            return Ok(());
        }
        inbox::add(tx, &row)?;
        self.store(tx, taking, &row)?;
        self.unpark(tx, taking, &name, epoch)
    }

    /// Envelopes that waited for one that is here now.
    fn unpark(
        &self,
        tx: &mut dyn Tx,
        taking: &mut Taking,
        name: &str,
        epoch: u32,
    ) -> Result<(), LinkError> {
        while let Some(known) = channel::find(tx, Direction::In, name, epoch)? {
            let Some(next) = inbox::at(tx, name, epoch, known.seq + 1)? else {
                break;
            };
            let chained =
                peek(&next.header).is_ok_and(|header| header.prev == known.last.map(EnvelopeId));
            if !chained {
                taking.refuse(Some(EnvelopeId(next.envelope)), "chain-broken");
                inbox::remove(tx, &next.envelope)?;
                break;
            }
            inbox::placed(tx, &next.envelope, taking.now)?;
            self.store(tx, taking, &next)?;
        }
        Ok(())
    }

    /// The envelope is the next of its channel: it counts from now on, and gets its receipt.
    fn store(&self, tx: &mut dyn Tx, taking: &mut Taking, row: &InboxRow) -> Result<(), LinkError> {
        channel::put(
            tx,
            Direction::In,
            &ChannelRow {
                channel: row.channel.clone(),
                epoch: row.epoch,
                party: row.party.clone(),
                lane: row.lane.clone(),
                seq: row.seq,
                last: Some(row.envelope),
            },
        )?;
        let refused = crate::link::evidence::unfit(row);
        let state = if refused.is_some() {
            "refused"
        } else {
            "stored"
        };
        inbox::settle(tx, &row.envelope, state, refused)?;
        self.give_receipt(tx, taking, row, refused.unwrap_or(STORED))?;
        taking.stored.push(EnvelopeId(row.envelope));
        Ok(())
    }
}

/// The envelope as it waits for its place.
fn parked(taking: &Taking, checked: &Checked) -> InboxRow {
    let header = checked.signed.header();
    InboxRow {
        envelope: checked.signed.id().0,
        party: taking.peer.row.name.clone(),
        origin: header.from.clone(),
        epoch: header.epoch,
        lane: checked.lane.word().to_owned(),
        channel: header.channel.to_string(),
        seq: header.seq,
        kind: header.kind.word().to_owned(),
        header: checked.signed.note().to_vec(),
        blind: checked.blind,
        opening: Some(checked.content.opening.to_vec()),
        payload: Some(checked.content.payload.clone()),
        proof: checked.proof.clone(),
        state: "parked".to_owned(),
        outcome: None,
        received: taking.now,
    }
}
