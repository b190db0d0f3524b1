//! Batches in: who says it, and each thing that is said, in one transaction.
//!
//! What does not prove itself is refused with a word and changes nothing. What is stored is committed before anything is
//! said about it.
//!
//! In scope: the order of it all. Out of scope: envelopes (`sends`), receipts, heads.

use comity_link::batch;
use comity_link::channel::{ChannelId, Lane};
use comity_link::header::{EnvelopeId, peek};
use comity_link::message::{Cursor, Forward, Gap, Message, Piece, Refused, Want};
use comity_store::state::channel::{self, ChannelRow, Direction};
use comity_store::state::clock::{self, PartyClock};
use comity_store::state::{Tx, deposit, ledger, outbox, party};

use crate::link::heads::{CLOCK_AHEAD, Linked, Watched, is_frozen, linked, take_cosigned};
use crate::link::outgoing::{Proven, Saying, inclusion};
use crate::link::peer::Peer;
use crate::link::sends::{Checked, UNKNOWN_LOG};
use crate::link::{Link, LinkError};

/// How far a batch's time may lie behind the newest that was heard: batches of two lanes cross each other.
const CROSSING_MICROS: u64 = 600_000_000;
/// An envelope that was heard from again is sent at once if it waits longer than this.
const HURRY_MICROS: i64 = 10_000_000;
/// The lanes in which an urgent batch is answered.
const URGENT: [Lane; 2] = [Lane::Urgent, Lane::Receipt];
/// Envelopes that are sent again for one gap.
const AGAIN_MAX: u64 = 64;

/// By what way a batch came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A call of the node link: it must be new.
    Call,
    /// A file or a mail, which may be old.
    Carried,
}

/// What a batch led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// From whom it was.
    pub party: String,
    /// The digest by which an answer names it.
    pub digest: [u8; 32],
    /// The envelopes that are stored because of it.
    pub stored: Vec<EnvelopeId>,
    /// What to say in answer, besides what waits.
    pub(crate) say: Vec<Message>,
    /// Words for what was wrong with it.
    pub wrong: Vec<String>,
    /// The party cosigned the own log: it holds the keys of its card.
    pub proved: bool,
    /// In which lanes it is answered: whoever sends what is urgent does not wait for what is not.
    pub(crate) lanes: &'static [Lane],
    /// The party speaks now, which it would not if it had suspended the exchange.
    pub called: bool,
}

impl Taken {
    /// Whether nothing needs an answer now.
    pub fn is_silent(&self) -> bool {
        self.say.is_empty() && self.stored.is_empty()
    }
}

/// A batch while it is taken.
pub(crate) struct Taking {
    pub(crate) peer: Peer,
    pub(crate) now: i64,
    pub(crate) stored: Vec<EnvelopeId>,
    say: Vec<Message>,
    wrong: Vec<String>,
    again: Vec<Gap>,
    cursors: Vec<Cursor>,
    wants: Vec<Want>,
    frozen: bool,
    proved: bool,
}

impl Taking {
    pub(crate) fn say(&mut self, message: Message) {
        self.say.push(message);
    }

    /// Says that something was not taken.
    pub(crate) fn refuse(&mut self, envelope: Option<EnvelopeId>, code: &str) {
        self.refuse_with(envelope, code, Vec::new());
    }

    /// Shows the other side which head of its log is held here.
    fn hold(&mut self, code: &str, held: Vec<u8>) {
        self.refuse_with(None, code, held);
    }

    fn refuse_with(&mut self, envelope: Option<EnvelopeId>, code: &str, held: Vec<u8>) {
        self.say(Message::Refused(Refused {
            envelope,
            code: code.to_owned(),
            held,
        }));
    }
}

/// A message that was checked as far as it can be without rows.
enum Known {
    Envelope(Box<Checked>),
    /// An envelope of a third party.
    Deposited(Box<(Peer, Checked)>),
    Other(Message),
    Wrong(EnvelopeId, &'static str),
}

impl Known {
    /// A piece of an item.
    fn piece(&self) -> Option<&Piece> {
        match self {
            Self::Other(Message::Piece(piece)) => Some(piece),
            Self::Other(_) | Self::Envelope(_) | Self::Deposited(_) | Self::Wrong(..) => None,
        }
    }

    /// The lane of an envelope of the party itself.
    fn lane(&self) -> Option<Lane> {
        match self {
            Self::Envelope(checked) => Some(checked.lane()),
            Self::Deposited(_) | Self::Other(_) | Self::Wrong(..) => None,
        }
    }
}

impl Link {
    /// Takes a batch of a partner. What it stores is durable when this returns.
    pub fn take(&self, bytes: &[u8], way: Way, now: i64) -> Result<Taken, LinkError> {
        let batch = batch::read(bytes)?;
        let hello = batch.hello();
        if hello.to != self.origin {
            return Err(LinkError::NotForUs(hello.to.clone()));
        }
        let peer = self.state.read(|tx| self.peer_by_origin(tx, &hello.from))?;
        let (peer, mut not_taken) = self.learn(peer, &batch.leading(), now)?;
        let messages = batch.open(&peer.keys.envelope)?;
        let peer = peer.enrolled()?;
        let known: Vec<Known> = messages
            .into_iter()
            .map(|message| self.know(&peer, message))
            .collect();
        let mut sends = known.iter().filter_map(Known::lane).peekable();
        let urgent = sends.peek().is_some() && sends.all(|lane| lane == Lane::Urgent);
        let time = hello.time;
        let taking = self.state.write(|tx| {
            let stale = time.saturating_add(CROSSING_MICROS) < peer.row.last_heard;
            if way == Way::Call && stale {
                return Err(LinkError::Stale);
            }
            self.hear_all(tx, &peer, &known, (way, time, now))
        });
        if matches!(taking, Err(LinkError::SetBack)) {
            self.remember_set_back()?;
        }
        let taking = taking?;
        self.remember_credits(&taking.peer, &taking.cursors);
        not_taken.extend(taking.wrong);
        if taking.peer.is_verified() && !taking.frozen {
            let pieces: Vec<&Piece> = known.iter().filter_map(Known::piece).collect();
            not_taken.extend(self.take_pieces(&taking.peer, &pieces)?);
            self.hear_wants(&taking.peer.row.name, taking.wants)?;
        }
        let mut say = taking.say;
        say.extend(self.again(&taking.peer, &taking.again)?);
        Ok(Taken {
            party: taking.peer.row.name,
            digest: batch.digest(),
            stored: taking.stored,
            say,
            wrong: not_taken,
            proved: taking.proved,
            lanes: if urgent { &URGENT } else { &Lane::ALL },
            called: way == Way::Call,
        })
    }

    /// Takes a batch and says in answer what there is to say.
    pub fn answer(&self, bytes: &[u8], now: i64) -> Result<(Taken, Vec<u8>), LinkError> {
        let mut taken = self.take(bytes, Way::Call, now)?;
        let answer = self.say(&mut taken, now)?;
        Ok((taken, answer))
    }

    /// What there is to say in answer to a batch that was taken without what waits besides: what was refused, and receipts.
    pub fn say_receipts(&self, taken: &mut Taken, now: i64) -> Result<Vec<u8>, LinkError> {
        taken.lanes = &[];
        self.say(taken, now)
    }

    /// What there is to say in answer to a batch that was taken.
    pub fn say(&self, taken: &mut Taken, now: i64) -> Result<Vec<u8>, LinkError> {
        let say = std::mem::take(&mut taken.say);
        let saying = Saying {
            lanes: taken.lanes,
            answers: Some(taken.digest),
            first: say,
        };
        self.collect_with(&taken.party, saying, now)
    }

    fn know(&self, peer: &Peer, message: Message) -> Known {
        match message {
            Message::Forward(forward) => self.know_forward(&forward),
            Message::Send(send) => match self.check(peer, &send) {
                Ok(checked) => Known::Envelope(Box::new(checked)),
                Err(code) => {
                    use sha2::Digest as _;
                    let id = EnvelopeId(sha2::Sha256::digest(&send.header).into());
                    Known::Wrong(id, code)
                }
            },
            other @ (Message::Head(_)
            | Message::Receipt(_)
            | Message::Cosigned(_)
            | Message::Cursor(_)
            | Message::Gap(_)
            | Message::Card(_)
            | Message::Revocation(_)
            | Message::Knows(_)
            | Message::Holds(_)
            | Message::CrossHead(_)
            | Message::TwoHistories(_)
            | Message::Want(_)
            | Message::Piece(_)
            | Message::Refused(_)) => Known::Other(other),
        }
    }

    /// An envelope that its sender left with this partner for us.
    fn know_forward(&self, forward: &Forward) -> Known {
        let unknown = Known::Wrong(EnvelopeId([0; 32]), "bad-deposit");
        let Ok(Message::Send(send)) = Message::decode(&forward.message) else {
            return unknown;
        };
        let Ok(header) = peek(&send.header) else {
            return unknown;
        };
        let sender = self.state.read(|tx| self.peer_by_origin(tx, &header.from));
        let Ok(sender) = sender.and_then(Peer::enrolled) else {
            return unknown;
        };
        match self.check(&sender, &send) {
            Ok(checked) => Known::Deposited(Box::new((sender, checked))),
            Err(_) => unknown,
        }
    }

    fn hear_all(
        &self,
        tx: &mut dyn Tx,
        peer: &Peer,
        known: &[Known],
        (way, time, now): (Way, u64, i64),
    ) -> Result<Taking, LinkError> {
        if is_frozen(tx, &peer.row.name)? {
            return Err(LinkError::Frozen(peer.row.name.clone()));
        }
        let mut taking = Taking {
            peer: peer.clone(),
            now,
            stored: Vec::new(),
            say: Vec::new(),
            wrong: Vec::new(),
            again: Vec::new(),
            cursors: Vec::new(),
            wants: Vec::new(),
            frozen: false,
            proved: false,
        };
        let newest = party::heard(tx, &peer.row.name, time)?;
        if way == Way::Call {
            let ahead = i64::try_from(time).unwrap_or(i64::MAX).saturating_sub(now) / 1_000_000;
            clock::put(tx, &peer.row.name, PartyClock { heard: now, ahead })?;
        }
        outbox::hurry(tx, &peer.row.name, now, now + HURRY_MICROS)?;
        // The head first: whatever is proven must be proven in a history that is known here.
        let (heads, rest): (Vec<&Known>, Vec<&Known>) = known
            .iter()
            .partition(|known| matches!(known, Known::Other(Message::Head(_))));
        for known in heads.into_iter().chain(rest) {
            self.hear(tx, &mut taking, known)?;
            if taking.frozen {
                return Ok(taking);
            }
        }
        if newest && peer.is_verified() {
            self.give_back(tx, &mut taking)?;
        }
        Ok(taking)
    }

    fn hear(&self, tx: &mut dyn Tx, taking: &mut Taking, known: &Known) -> Result<(), LinkError> {
        match known {
            Known::Envelope(_) if !taking.peer.is_verified() => {
                taking.refuse(None, "not-verified");
                Ok(())
            }
            Known::Deposited(deposited) => {
                let (sender, checked) = deposited.as_ref();
                // Its sender is silent: what links the head of its proof comes later, but must not speak against it.
                let linked = linked(tx, sender, checked.proof(), taking.now)?;
                let both = taking.peer.is_verified() && sender.is_verified();
                if both && linked != Linked::Contradicts {
                    let carrier = std::mem::replace(&mut taking.peer, sender.clone());
                    let placed = self.place(tx, taking, checked);
                    taking.peer = carrier;
                    placed?;
                    taking.say(Message::Holds(checked.id()));
                }
                Ok(())
            }
            Known::Envelope(checked) => {
                if is_linked(tx, taking, checked.proof())? {
                    self.place(tx, taking, checked)?;
                }
                Ok(())
            }
            Known::Wrong(id, code) => {
                taking.wrong.push(format!("envelope {id}: {code}"));
                taking.refuse(Some(*id), code);
                Ok(())
            }
            Known::Other(message) => self.hear_message(tx, taking, message),
        }
    }

    fn hear_message(
        &self,
        tx: &mut dyn Tx,
        taking: &mut Taking,
        message: &Message,
    ) -> Result<(), LinkError> {
        let now = taking.now;
        match message {
            Message::Head(head) => match self.watch(tx, &taking.peer, head, now)? {
                Watched::Follows => {}
                Watched::Older(known) => taking.hold("head-older", known),
                Watched::Gap(known) => taking.hold("head-gap", known),
                Watched::Forked => {
                    taking.frozen = true;
                    taking.wrong.push("the log forked".to_owned());
                    taking.refuse(None, "log-forked");
                }
                Watched::Bad(code) => {
                    taking.wrong.push(format!("head: {code}"));
                    taking.refuse(None, code);
                }
            },
            Message::Receipt(given) => {
                if !is_linked(tx, taking, &given.proof)? {
                    return Ok(());
                }
                if let Some(code) = self.take_receipt(tx, &taking.peer, given, now)? {
                    taking
                        .wrong
                        .push(format!("receipt of {}: {code}", given.envelope));
                }
            }
            Message::Cosigned(cosigned) => {
                match take_cosigned(self, tx, &taking.peer, cosigned, now)? {
                    None => taking.proved = true,
                    Some(code) => {
                        taking.wrong.push(format!("cosignature: {code}"));
                        if code == CLOCK_AHEAD {
                            // Its people must hear of it: without its cosignatures nothing is settled.
                            taking.refuse(None, code);
                        }
                    }
                }
            }
            Message::Cursor(cursor) => taking.cursors.push(cursor.clone()),
            Message::Want(want) => taking.wants.push(want.clone()),
            Message::Gap(gap) => taking.again.push(gap.clone()),
            Message::Refused(refused) => self.take_refused(tx, taking, refused)?,
            Message::Knows(knows) => self.told_by(&taking.peer.row.name, *knows),
            // What is about keys is taken before everything else; envelopes are checked on the way.
            // So are pieces, once the transaction is through: they are no rows.
            Message::Card(_)
            | Message::Revocation(_)
            | Message::Send(_)
            | Message::Forward(_)
            | Message::Piece(_) => {}
            Message::CrossHead(_) | Message::TwoHistories(_) => {
                self.hear_of_others(tx, &taking.peer, message, now)?;
            }
            Message::Holds(id) => {
                deposit::fetched(tx, &id.0, &taking.peer.row.origin)?;
            }
        }
        Ok(())
    }

    /// A partner that has come less far than its receipts say was set back: it gets again what it lost.
    ///
    /// A batch names every channel that its sender has; what it does not name never came, or is lost.
    fn give_back(&self, tx: &mut dyn Tx, taking: &mut Taking) -> Result<(), LinkError> {
        let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
        for out in channel::with_party(tx, Direction::Out, &taking.peer.row.name)? {
            let came = taking.cursors.iter().find(|cursor| {
                cursor.epoch == out.epoch && cursor.channel.to_string() == out.channel
            });
            let first = came.map_or(0, |cursor| cursor.seq).saturating_add(1);
            if first > out.seq {
                continue;
            }
            let places = (first, out.seq);
            let lost = outbox::stretch(tx, &out.channel, out.epoch, places, AGAIN_MAX)?;
            if out.epoch != log.epoch {
                self.make_lost_anew(tx, lost, taking.now)?;
            } else if lost
                .iter()
                .any(|row| !matches!(row.state.as_str(), "queued" | "sent"))
            {
                taking.again.extend(gap(&out, first));
            }
        }
        Ok(())
    }

    fn take_refused(
        &self,
        tx: &mut dyn Tx,
        taking: &mut Taking,
        refused: &Refused,
    ) -> Result<(), LinkError> {
        taking
            .wrong
            .push(format!("the other side refused: {}", refused.code));
        if matches!(refused.code.as_str(), "head-gap" | "head-older")
            && self.is_contradicted_by(tx, &refused.held)?
        {
            return Err(LinkError::SetBack);
        }
        if refused.code == UNKNOWN_LOG {
            self.forget_told(&taking.peer.row.name);
        }
        if refused.code == "head-gap" {
            let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
            self.lead_on_from(tx, &taking.peer.row.name, log.epoch, &refused.held)?;
        }
        let Some(id) = refused.envelope else {
            return Ok(());
        };
        let ours = outbox::find(tx, &id.0)?;
        let Some(row) = ours.filter(|row| row.party == taking.peer.row.name) else {
            return Ok(());
        };
        // Another attempt may do better where the place was not free yet; the rest is for people to look at.
        let later = matches!(
            refused.code.as_str(),
            "too-far-ahead" | "chain-broken" | UNKNOWN_LOG
        );
        if !later && row.state != "receipted" {
            outbox::settle(tx, &id.0, "refused", Some(&refused.code), taking.now)?;
        }
        Ok(())
    }

    /// Envelopes that a partner misses, whatever their state here.
    fn again(&self, peer: &Peer, gaps: &[Gap]) -> Result<Vec<Message>, LinkError> {
        if gaps.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.state.read(|tx| {
            let log = ledger::newest(tx)?.ok_or(LinkError::NoLog)?;
            let mut found = Vec::new();
            // Who may have nothing gets nothing by asking for it again.
            if !peer.is_verified() || is_frozen(tx, &peer.row.name)? {
                return Ok((log, found));
            }
            for gap in gaps {
                let name = gap.channel.to_string();
                for row in outbox::stretch(tx, &name, gap.epoch, (gap.first, gap.last), AGAIN_MAX)?
                {
                    let held = row.party == peer.row.name && row.payload.is_some();
                    if held && row.epoch == log.epoch {
                        let hashes = inclusion(tx, &log, row.position)?;
                        found.push(Proven { row, hashes });
                    }
                }
            }
            Ok::<_, LinkError>((log, found))
        });
        let (log, found) = found?;
        let checkpoint = self.sign_head(&log)?;
        found
            .iter()
            .map(|sent| self.send(peer, sent, &checkpoint))
            .collect()
    }
}

/// What is missing of a channel from a place on.
fn gap(out: &ChannelRow, first: u64) -> Option<Gap> {
    Some(Gap {
        channel: ChannelId::parse(&out.channel)?,
        epoch: out.epoch,
        first,
        last: out.seq,
    })
}

/// Whether the head of a proof is linked to what was cosigned; if not, what it proves comes again once it is.
fn is_linked(tx: &mut dyn Tx, taking: &mut Taking, proof: &[u8]) -> Result<bool, LinkError> {
    match linked(tx, &taking.peer, proof, taking.now)? {
        Linked::Yes => return Ok(true),
        Linked::NotYet => taking
            .wrong
            .push("proven in a head that is not linked yet".to_owned()),
        Linked::Contradicts => {
            taking.frozen = true;
            taking.wrong.push("the log forked".to_owned());
            taking.refuse(None, "log-forked");
        }
    }
    Ok(false)
}
