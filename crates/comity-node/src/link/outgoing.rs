//! Envelopes out: making them, and what to say to a party now.
//!
//! An envelope is made in the transaction of whatever it tells of: payload, header, leaf and outbox row together or not
//! at all. It is signed for after the commit, and sent until its receipt is here.
//!
//! In scope: the outbox. Out of scope: what comes back (`incoming`).

use comity_link::batch::{self, BATCH_BYTES_FULL, Hello};
use comity_link::channel::{ChannelId, Lane};
use comity_link::header::{EnvelopeId, Header, Seen, SignedHeader, bucket};
use comity_link::message::{Cursor, Forward, Message, ReceiptOf, Send, Want};
use comity_link::payload::{Kind, PAYLOAD_BYTES_MAX};
use comity_link::seal::Content;
use comity_store::state::Tx;
use comity_store::state::channel::{self, ChannelRow, Direction};
use comity_store::state::deposit;
use comity_store::state::ledger::{self, LogRow};
use comity_store::state::outbox::{self, OutboxRow};
use comity_store::state::party;
use comity_store::state::peer_log;
use comity_store::state::receipt::{self, ReceiptRow};
use comity_store::state::thread;

use crate::link::credit::cursors;
use crate::link::evidence::{commit, leaf, proof};
use crate::link::heads::is_frozen;
use crate::link::log::{Growing, with_tiles};
use crate::link::peer::Peer;
use crate::link::{Link, LinkError, seconds};

/// Envelopes in one batch.
const SENDS_MAX: u64 = 512;
/// Deposited envelopes in one batch.
const DEPOSITS_MAX: u64 = 16;
/// The first pause before an envelope is sent again, microseconds: a second.
const RETRY_MICROS: i64 = 1_000_000;
/// The longest pause: a quarter of an hour.
const RETRY_MICROS_MAX: i64 = 900_000_000;
/// The pause before a receipt is sent again, microseconds: half a minute, for its acknowledgement rides on the next batch.
const RECEIPT_MICROS: i64 = 30_000_000;

/// An envelope to be made.
#[derive(Clone, Debug)]
pub struct Draft {
    /// To whom.
    pub party: String,
    /// How urgent.
    pub lane: Lane,
    /// What the payload is.
    pub kind: Kind,
    /// The payload.
    pub payload: Vec<u8>,
    /// By when an answer is due, microseconds since 1970.
    pub due: Option<i64>,
}

/// What is said besides heads.
pub(crate) struct Saying<'a> {
    pub(crate) lanes: &'a [Lane],
    /// The digest of the batch that is answered.
    pub(crate) answers: Option<[u8; 32]>,
    /// Said in front.
    pub(crate) first: Vec<Message>,
}

/// An envelope that was made and waits for its row.
pub(crate) struct Made {
    pub(crate) signed: SignedHeader,
    pub(crate) blind: [u8; 32],
    pub(crate) opening: [u8; 32],
    pub(crate) position: u64,
    pub(crate) channel: ChannelRow,
}

impl Link {
    /// Makes an envelope in a transaction of its own.
    pub fn enqueue(&self, draft: &Draft, now: i64) -> Result<EnvelopeId, LinkError> {
        self.state.write(|tx| self.enqueue_in(tx, draft, now))
    }

    /// Makes an envelope in the transaction of what it tells of.
    pub fn enqueue_in(
        &self,
        tx: &mut dyn Tx,
        draft: &Draft,
        now: i64,
    ) -> Result<EnvelopeId, LinkError> {
        let made = self.enqueue_all_in(tx, [draft.clone()], now)?;
        made.last().copied().ok_or(LinkError::NoLog)
    }

    /// Makes envelopes in the transaction of what they tell of, and grows the log once for all of them; answers their
    /// identities in the order of the drafts.
    pub fn enqueue_all_in(
        &self,
        tx: &mut dyn Tx,
        drafts: impl IntoIterator<Item = Draft>,
        now: i64,
    ) -> Result<Vec<EnvelopeId>, LinkError> {
        let mut growing = Growing::begin(tx, now)?;
        let mut known: Option<Peer> = None;
        let mut ids = Vec::new();
        for draft in drafts {
            let peer = match known.take() {
                Some(peer) if peer.row.name == draft.party => peer,
                Some(_) | None => self.peer(tx, &draft.party)?,
            };
            let made = self.make(tx, &mut growing, &peer, &draft)?;
            known = Some(peer);
            ids.push(made.signed.id());
            outbox::add(tx, &queued(draft, made, growing.log.epoch, now))?;
        }
        growing.finish(tx)?;
        Ok(ids)
    }

    /// Header, leaf and place in the channel of an envelope; its leaf joins those that grow the log.
    pub(crate) fn make(
        &self,
        tx: &mut dyn Tx,
        growing: &mut Growing,
        peer: &Peer,
        draft: &Draft,
    ) -> Result<Made, LinkError> {
        if draft.payload.len() > PAYLOAD_BYTES_MAX {
            return Err(LinkError::Payload("it is larger than an envelope takes"));
        }
        let id = ChannelId::of(&self.origin, &peer.row.origin, draft.lane);
        let epoch = growing.log.epoch;
        let known = channel::find(tx, Direction::Out, &id.to_string(), epoch)?;
        let (seq, prev) = known.map_or((1, None), |row| (row.seq + 1, row.last));
        let opening = self.random_hash();
        let header = Header {
            from: self.origin.clone(),
            epoch,
            to: peer.row.origin.clone(),
            channel: id,
            seq,
            prev: prev.map(EnvelopeId),
            kind: draft.kind,
            commit: commit(&opening, &draft.payload),
            size: bucket(u64::try_from(draft.payload.len()).unwrap_or(u64::MAX)),
            created: seconds(growing.now),
            due: draft.due.map(seconds),
            seen: seen(tx, &peer.row.name)?,
        };
        let signed = header.sign(&[self.keys().envelope()]);
        let blind = self.random_hash();
        let leaf = leaf(&blind, signed.note());
        let position = growing.add(draft.kind.word(), leaf, Some(&signed.id().0));
        let channel = ChannelRow {
            channel: id.to_string(),
            epoch,
            party: peer.row.name.clone(),
            lane: draft.lane.word().to_owned(),
            seq,
            last: Some(signed.id().0),
        };
        channel::put(tx, Direction::Out, &channel)?;
        Ok(Made {
            signed,
            blind,
            opening,
            position,
            channel,
        })
    }

    /// What waited in an epoch that ended is made anew in the one that began.
    pub(crate) fn make_anew(&self, tx: &mut dyn Tx, now: i64) -> Result<(), LinkError> {
        for party in party::list(tx)? {
            for row in outbox::unsettled(tx, &party.name)? {
                self.make_one_anew(tx, row, now)?;
            }
        }
        Ok(())
    }

    /// What a partner lost of an epoch that ended is made anew: that epoch's log proves nothing new.
    pub(crate) fn make_lost_anew(
        &self,
        tx: &mut dyn Tx,
        lost: Vec<OutboxRow>,
        now: i64,
    ) -> Result<(), LinkError> {
        for row in lost.into_iter().filter(|row| row.state == "receipted") {
            self.make_one_anew(tx, row, now)?;
        }
        Ok(())
    }

    fn make_one_anew(&self, tx: &mut dyn Tx, row: OutboxRow, now: i64) -> Result<(), LinkError> {
        let words = (Lane::parse(&row.lane), Kind::parse(&row.kind), row.payload);
        let (Some(lane), Some(kind), Some(payload)) = words else {
            return Ok(());
        };
        let draft = Draft {
            party: row.party,
            lane,
            kind,
            payload,
            due: row.due,
        };
        let id = self.enqueue_in(tx, &draft, now)?;
        thread::moved(tx, &row.envelope, &id.0)?;
        let reason = format!("made anew as {id} in a new epoch");
        outbox::settle(tx, &row.envelope, "void", Some(&reason), now)?;
        Ok(())
    }

    /// What there is to say to a party in these lanes now, as a batch; with `answers`, the digest of the batch that it
    /// answers.
    ///
    /// A batch always carries the own head, the cosignature of the other side's, and how far each channel has come: it is a
    /// heartbeat even when nothing waits.
    pub fn collect(
        &self,
        party: &str,
        lanes: &[Lane],
        answers: Option<[u8; 32]>,
        now: i64,
    ) -> Result<Vec<u8>, LinkError> {
        let saying = Saying {
            lanes,
            answers,
            first: Vec::new(),
        };
        self.collect_with(party, saying, now)
    }

    /// The same, with messages in front.
    pub(crate) fn collect_with(
        &self,
        party: &str,
        saying: Saying<'_>,
        now: i64,
    ) -> Result<Vec<u8>, LinkError> {
        let gather = |tx: &mut dyn Tx| self.gather(tx, party, saying.lanes, now);
        let gathered = self.state.write(gather)?;
        let checkpoint = self.sign_head(&gathered.log)?;
        let mut messages = gathered.news.clone();
        messages.push(Message::Knows(gathered.peer.keys.knows));
        messages.extend(saying.first);
        messages.push(gathered.tail.head(&checkpoint));
        messages.extend(self.cosigned(&gathered.peer)?);
        self.untold().remove(party);
        messages.extend(gathered.cursors.iter().cloned().map(Message::Cursor));
        messages.extend(gathered.cross_heads);
        for given in &gathered.receipts {
            messages.push(Message::Receipt(ReceiptOf {
                envelope: EnvelopeId(given.row.envelope),
                header: given.row.header.clone(),
                blind: given.row.blind,
                opening: given.row.opening,
                payload: given.row.payload.clone(),
                proof: proof(given.row.position, &given.hashes, &checkpoint),
            }));
        }
        for sent in &gathered.sends {
            messages.push(self.send(&gathered.peer, sent, &checkpoint)?);
        }
        for kept in &gathered.deposits {
            let message = kept.clone();
            messages.push(Message::Forward(Forward { message }));
        }
        if let Some(want) = &gathered.want {
            self.was_asked(party, now);
            messages.push(Message::Want(want.clone()));
        }
        if saying.lanes.contains(&Lane::Bulk) && gathered.peer.is_verified() {
            messages.extend(self.pieces(&gathered.peer, gathered.bytes)?);
        }
        let hello = Hello {
            from: self.origin.clone(),
            to: gathered.peer.row.origin.clone(),
            time: gathered.time,
            answers: saying.answers,
        };
        Ok(batch::write(&hello, &messages, self.keys().envelope()))
    }

    fn gather(
        &self,
        tx: &mut dyn Tx,
        party: &str,
        lanes: &[Lane],
        now: i64,
    ) -> Result<Gathered, LinkError> {
        let peer = self.peer(tx, party)?.enrolled()?;
        if is_frozen(tx, party)? {
            return Err(LinkError::Frozen(party.to_owned()));
        }
        if peer.is_verified() {
            self.renew_receipts(tx, &peer, now)?;
        }
        let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
        let time = u64::try_from(now).unwrap_or(0).max(peer.row.last_sent + 1);
        party::sent(tx, party, time)?;
        let mut gathered = Gathered {
            time,
            cursors: cursors(tx, party)?,
            tail: self.tail(tx, &log, party)?,
            news: self.news_for(tx, party)?,
            peer,
            log,
            bytes: 0,
            cross_heads: Vec::new(),
            deposits: Vec::new(),
            receipts: Vec::new(),
            sends: Vec::new(),
            want: None,
        };
        // With a party that is pending nothing but heads is exchanged.
        if !gathered.peer.is_verified() {
            return Ok(gathered);
        }
        gathered.cross_heads = self.cross_heads(tx, &gathered.peer, now)?;
        for row in receipt::owed(tx, party, now, SENDS_MAX)? {
            let hashes = inclusion(tx, &gathered.log, row.position)?;
            let pause = RECEIPT_MICROS << row.attempts.min(5);
            receipt::sent(tx, &row.envelope, gathered.log.size, now + pause)?;
            gathered.receipts.push(Proven { row, hashes });
        }
        // They are not urgent any more: a call for what is carries none.
        let deposits = if lanes.contains(&Lane::Normal) {
            DEPOSITS_MAX
        } else {
            0
        };
        for kept in deposit::kept_for(tx, &gathered.peer.row.origin, deposits)? {
            gathered.bytes += kept.message.len();
            if gathered.bytes < BATCH_BYTES_FULL {
                gathered.deposits.push(kept.message);
            }
        }
        for lane in lanes {
            self.gather_lane(tx, &mut gathered, *lane, now)?;
        }
        if lanes.contains(&Lane::Bulk) {
            gathered.want = self.want(tx, party, now)?;
        }
        Ok(gathered)
    }

    fn gather_lane(
        &self,
        tx: &mut dyn Tx,
        gathered: &mut Gathered,
        lane: Lane,
        now: i64,
    ) -> Result<(), LinkError> {
        let channel = ChannelId::of(&self.origin, &gathered.peer.row.origin, lane).to_string();
        let epoch = gathered.log.epoch;
        let mut spending = self.spending(tx, &channel, epoch)?;
        let mut last = outbox::first_waiting(tx, &channel, epoch)?.map(|first| first.seq);
        for row in outbox::due(tx, &channel, epoch, now, SENDS_MAX)? {
            // What is on its way already, between those that are due, has spent its part.
            let before = (last.unwrap_or(row.seq), row.seq);
            spending.spend(outbox::bytes_between(tx, &channel, epoch, before)?);
            last = Some(row.seq + 1);
            if !spending.covers(&row.place()) {
                break;
            }
            gathered.bytes += row.payload.as_ref().map_or(0, Vec::len) + 4_096;
            if gathered.bytes > BATCH_BYTES_FULL && !gathered.sends.is_empty() {
                break;
            }
            let hashes = inclusion(tx, &gathered.log, row.position)?;
            outbox::sent(tx, &row.envelope, now + self.pause(row.attempts), now)?;
            gathered.sends.push(Proven { row, hashes });
        }
        Ok(())
    }

    /// The pause before the next attempt: doubling, with a quarter of it at random so that nodes do not beat together.
    fn pause(&self, attempts: u64) -> i64 {
        let pause = (RETRY_MICROS << attempts.min(20)).min(RETRY_MICROS_MAX);
        let mut byte = [0];
        (self.random)(&mut byte);
        pause + pause / 4 * i64::from(byte[0]) / 256
    }

    /// An envelope that waits, as a message sealed to its recipient, and the recipient's origin: to be left with a third
    /// party.
    pub(crate) fn sealed(
        &self,
        party: &str,
        envelope: &[u8; 32],
    ) -> Result<(String, Vec<u8>), LinkError> {
        let found = self.state.read(|tx| {
            let peer = self.peer(tx, party)?;
            let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
            let row = outbox::find(tx, envelope)?.filter(|row| row.epoch == log.epoch);
            let row = row.ok_or(LinkError::Payload("it belongs to an epoch that ended"))?;
            let hashes = inclusion(tx, &log, row.position)?;
            Ok::<_, LinkError>((peer, log, Proven { row, hashes }))
        });
        let (peer, log, sent) = found?;
        let checkpoint = self.sign_head(&log)?;
        let message = self.send(&peer, &sent, &checkpoint)?;
        Ok((peer.row.origin, message.encode()))
    }

    /// An envelope as a message, sealed to its recipient.
    pub(crate) fn send(
        &self,
        peer: &Peer,
        sent: &Proven<OutboxRow>,
        checkpoint: &[u8],
    ) -> Result<Message, LinkError> {
        let row = &sent.row;
        let content = Content {
            opening: row
                .opening
                .as_deref()
                .and_then(|opening| opening.try_into().ok())
                .ok_or(LinkError::Payload("it was erased"))?,
            payload: row
                .payload
                .clone()
                .ok_or(LinkError::Payload("it was erased"))?,
        };
        let mut random = |bytes: &mut [u8]| (self.random)(bytes);
        let sealed = peer.keys.sealing.seal(&content, &row.header, &mut random)?;
        Ok(Message::Send(Send {
            header: row.header.clone(),
            blind: row.blind,
            sealed,
            proof: proof(row.position, &sent.hashes, checkpoint),
        }))
    }
}

/// A row whose leaf is proven in the head that goes with it.
pub(crate) struct Proven<T> {
    pub(crate) row: T,
    pub(crate) hashes: Vec<comity_ledger::tree::Hash>,
}

/// What goes into a batch, read and marked in one transaction.
pub(crate) struct Gathered {
    time: u64,
    pub(crate) peer: Peer,
    pub(crate) log: LogRow,
    pub(crate) tail: crate::link::heads::Tail,
    /// Cards and revocations of this node that may be new there.
    news: Vec<Message>,
    cursors: Vec<Cursor>,
    bytes: usize,
    cross_heads: Vec<Message>,
    deposits: Vec<Vec<u8>>,
    receipts: Vec<Proven<ReceiptRow>>,
    sends: Vec<Proven<OutboxRow>>,
    /// The pieces of an item that are wanted.
    want: Option<Want>,
}

/// The proof that a leaf is in the own log as it is now.
pub(crate) fn inclusion(
    tx: &mut dyn Tx,
    log: &LogRow,
    position: u64,
) -> Result<Vec<comity_ledger::tree::Hash>, LinkError> {
    with_tiles(tx, &log.origin, log.size, |tiles| {
        tiles.inclusion_proof(position)
    })
}

/// The row of an envelope that waits to be sent for the first time.
fn queued(draft: Draft, made: Made, epoch: u32, now: i64) -> OutboxRow {
    OutboxRow {
        envelope: made.signed.id().0,
        party: draft.party,
        lane: draft.lane.word().to_owned(),
        channel: made.channel.channel,
        epoch,
        seq: made.channel.seq,
        kind: draft.kind.word().to_owned(),
        position: made.position,
        header: made.signed.note().to_vec(),
        blind: made.blind,
        opening: Some(made.opening.to_vec()),
        payload: Some(draft.payload),
        state: "queued".to_owned(),
        reason: None,
        created: now,
        due: draft.due,
        attempts: 0,
        next_attempt: now,
        changed: now,
    }
}

/// The newest head of a party's log that this node cosigned.
fn seen(tx: &mut dyn Tx, party: &str) -> Result<Option<Seen>, LinkError> {
    let known = peer_log::of_party(tx, party)?.pop();
    Ok(known.map(|log| Seen {
        origin: log.origin,
        size: log.size,
        root: log.root,
    }))
}
