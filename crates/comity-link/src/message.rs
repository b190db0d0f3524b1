//! Messages: what two nodes say to each other, one thing each.
//!
//! The flow is SEND, RECEIPT, ACK: a [`Head`] and [`Send`]s go out; [`Cosigned`], a head of the other side and
//! [`ReceiptOf`]s come back; a [`Cosigned`] closes it. Everything in a message proves itself, so it may come late, twice, in
//! any order and by any way.
//!
//! In scope: the bytes of each message. Out of scope: the batch that carries them, what they lead to.
//! Limits: those of [`crate::frame`], [`PROOF_HASHES_MAX`], [`LEAVES_MAX`], [`PIECES_MAX`].

use crate::channel::ChannelId;
use crate::frame::{Broken, Reader, Writer};
use crate::header::EnvelopeId;

/// Hashes in a consistency proof (C2SP tlog-witness).
pub const PROOF_HASHES_MAX: usize = 63;
/// Leaf hashes in one head: those that the other side has not mirrored yet, up to so many.
pub const LEAVES_MAX: usize = 65_536;

/// Pieces of an item that may be asked for at once.
pub const PIECES_MAX: u64 = 16;

/// A hash of the tree.
pub type Hash = [u8; 32];

/// The newest checkpoint of the sender's log, and what links it to the one that the recipient holds.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Head {
    /// The signed checkpoint.
    pub checkpoint: Vec<u8>,
    /// The size from which the proof leads.
    pub old: u64,
    /// The consistency proof.
    pub consistency: Vec<Hash>,
    /// The leaf hashes from `mirrored` on, for the recipient's mirror.
    pub leaves: Vec<Hash>,
    /// The position of the first of them.
    pub mirrored: u64,
}

/// An envelope on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// The signed header.
    pub header: Vec<u8>,
    /// What opens its leaf.
    pub blind: [u8; 32],
    /// The sealed content.
    pub sealed: Vec<u8>,
    /// The leaf's tlog-proof in the sender's log.
    pub proof: Vec<u8>,
}

/// The receipt of one envelope: an envelope itself, with its content in the open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptOf {
    /// The envelope.
    pub envelope: EnvelopeId,
    /// The receipt's signed header.
    pub header: Vec<u8>,
    /// What opens its leaf.
    pub blind: [u8; 32],
    /// What opens its commitment.
    pub opening: [u8; 32],
    /// Its payload ([`crate::payload::Receipt`]).
    pub payload: Vec<u8>,
    /// Its leaf's tlog-proof in the log of whoever gives the receipt.
    pub proof: Vec<u8>,
}

/// Cosignatures of the sender on a checkpoint of the recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The checkpoint's origin.
    pub origin: String,
    /// Its size.
    pub size: u64,
    /// Signature lines.
    pub lines: Vec<u8>,
}

/// How far the sender has come with one channel of the recipient, and how much more it will take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The channel.
    pub channel: ChannelId,
    /// The epoch of the recipient's log.
    pub epoch: u32,
    /// Everything up to here is stored.
    pub seq: u64,
    /// How many more envelopes may be on their way.
    pub credit: u64,
    /// How many bytes of payload they may have.
    pub bytes: u64,
}

/// Envelopes that are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The channel.
    pub channel: ChannelId,
    /// The epoch of the recipient's log.
    pub epoch: u32,
    /// The first that is missing.
    pub first: u64,
    /// The last that is missing.
    pub last: u64,
}

/// A node card that follows the one that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCard {
    /// The signed note.
    pub card: Vec<u8>,
}

/// A key of the sender that its root takes out of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRevocation {
    /// The signed note.
    pub note: Vec<u8>,
}

/// What the sender knows of the recipient's keys: whoever finds less than it has said says it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knows {
    /// The hash of the newest card of the recipient.
    pub card: Hash,
    /// How many revocations of the recipient.
    pub revocations: u64,
}

/// An envelope of another party that was deposited with the sender for the recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The message that carries it.
    pub message: Vec<u8>,
}

/// The newest head of a third party's log that the sender holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossHead {
    /// The signed checkpoint.
    pub checkpoint: Vec<u8>,
}

/// A third party's log showed two histories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoHistories {
    /// The proof (`comity-equivocation/v1`).
    pub proof: Vec<u8>,
}

/// The next pieces of an evidence item that the recipient handed over, and the sender waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// The thread in which it is handed over.
    pub thread: String,
    /// The first piece, from 0: as many as are here already.
    pub first: u64,
    /// How many.
    pub count: u64,
}

/// A piece of an evidence item, sealed to the recipient (`crate::piece`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The thread in which the item is handed over.
    pub thread: String,
    /// Which piece, from 0.
    pub number: u64,
    /// Its sealed bytes.
    pub sealed: Vec<u8>,
}

/// Something was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The envelope, where it is about one.
    pub envelope: Option<EnvelopeId>,
    /// What was wrong, a stable word.
    pub code: String,
    /// The newest checkpoint of the recipient's log that the sender holds, for a log that was set back.
    pub held: Vec<u8>,
}

/// One thing that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The sender's log.
    Head(Head),
    /// An envelope.
    Send(Send),
    /// A receipt.
    Receipt(ReceiptOf),
    /// Cosignatures.
    Cosigned(Cosigned),
    /// How far one has come.
    Cursor(Cursor),
    /// What is missing.
    Gap(Gap),
    /// A card of the sender that may be new to the recipient; oldest first, before everything else.
    Card(NewCard),
    /// A revocation by the sender's root, beside the cards.
    Revocation(NewRevocation),
    /// What is known of the recipient's keys.
    Knows(Knows),
    /// What was deposited.
    Forward(Forward),
    /// A deposited envelope is here.
    Holds(EnvelopeId),
    /// A head of a third party's log.
    CrossHead(CrossHead),
    /// The proof that a third party showed two histories.
    TwoHistories(TwoHistories),
    /// What was not taken.
    Refused(Refused),
    /// Pieces of an item that are wanted.
    Want(Want),
    /// A piece of an item.
    Piece(Piece),
}

/// Bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no message of comity-link/v1")]
pub struct MessageError;

impl From<Broken> for MessageError {
    fn from(_: Broken) -> Self {
        Self
    }
}

impl Message {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Head(head) => Writer::new(b"H")
                .bytes(&head.checkpoint)
                .number(head.old)
                .bytes(head.consistency.as_flattened())
                .bytes(head.leaves.as_flattened())
                .number(head.mirrored),
            Self::Send(send) => Writer::new(b"S")
                .bytes(&send.header)
                .bytes(&send.blind)
                .bytes(&send.sealed)
                .bytes(&send.proof),
            Self::Receipt(receipt) => Writer::new(b"R")
                .bytes(&receipt.envelope.0)
                .bytes(&receipt.header)
                .bytes(&receipt.blind)
                .bytes(&receipt.opening)
                .bytes(&receipt.payload)
                .bytes(&receipt.proof),
            Self::Cosigned(cosigned) => Writer::new(b"C")
                .bytes(cosigned.origin.as_bytes())
                .number(cosigned.size)
                .bytes(&cosigned.lines),
            Self::Cursor(cursor) => Writer::new(b"P")
                .bytes(cursor.channel.to_string().as_bytes())
                .number(cursor.epoch.into())
                .number(cursor.seq)
                .number(cursor.credit)
                .number(cursor.bytes),
            Self::Gap(gap) => Writer::new(b"G")
                .bytes(gap.channel.to_string().as_bytes())
                .number(gap.epoch.into())
                .number(gap.first)
                .number(gap.last),
            Self::Card(card) => Writer::new(b"K").bytes(&card.card),
            Self::Revocation(revocation) => Writer::new(b"V").bytes(&revocation.note),
            Self::Knows(knows) => Writer::new(b"N")
                .bytes(&knows.card)
                .number(knows.revocations),
            Self::Forward(forward) => Writer::new(b"F").bytes(&forward.message),
            Self::Holds(id) => Writer::new(b"D").bytes(&id.0),
            Self::CrossHead(told) => Writer::new(b"W").bytes(&told.checkpoint),
            Self::TwoHistories(told) => Writer::new(b"E").bytes(&told.proof),
            Self::Refused(refused) => Writer::new(b"X")
                .bytes(refused.envelope.as_ref().map_or(&[][..], |id| &id.0))
                .bytes(refused.code.as_bytes())
                .bytes(&refused.held),
            Self::Want(want) => Writer::new(b"Q")
                .bytes(want.thread.as_bytes())
                .number(want.first)
                .number(want.count),
            Self::Piece(piece) => Writer::new(b"B")
                .bytes(piece.thread.as_bytes())
                .number(piece.number)
                .bytes(&piece.sealed),
        }
        .done()
    }

    /// Reads a message.
    #[expect(
        clippy::too_many_lines,
        reason = "a table of messages, a line or two each"
    )]
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut reader = Reader::new(bytes);
        let message = match reader.fixed::<1>()? {
            [b'H'] => Self::Head(Head {
                checkpoint: reader.bytes()?.to_vec(),
                old: reader.number()?,
                consistency: hashes(reader.bytes()?, PROOF_HASHES_MAX)?,
                leaves: hashes(reader.bytes()?, LEAVES_MAX)?,
                mirrored: reader.number()?,
            }),
            [b'S'] => Self::Send(Send {
                header: reader.bytes()?.to_vec(),
                blind: reader.array()?,
                sealed: reader.bytes()?.to_vec(),
                proof: reader.bytes()?.to_vec(),
            }),
            [b'R'] => Self::Receipt(ReceiptOf {
                envelope: EnvelopeId(reader.array()?),
                header: reader.bytes()?.to_vec(),
                blind: reader.array()?,
                opening: reader.array()?,
                payload: reader.bytes()?.to_vec(),
                proof: reader.bytes()?.to_vec(),
            }),
            [b'C'] => Self::Cosigned(Cosigned {
                origin: reader.text()?,
                size: reader.number()?,
                lines: reader.bytes()?.to_vec(),
            }),
            [b'P'] => Self::Cursor(Cursor {
                channel: channel(&reader.text()?)?,
                epoch: small(reader.number()?)?,
                seq: reader.number()?,
                credit: reader.number()?,
                bytes: reader.number()?,
            }),
            [b'G'] => Self::Gap(Gap {
                channel: channel(&reader.text()?)?,
                epoch: small(reader.number()?)?,
                first: reader.number()?,
                last: reader.number()?,
            }),
            [b'K'] => Self::Card(NewCard {
                card: reader.bytes()?.to_vec(),
            }),
            [b'V'] => Self::Revocation(NewRevocation {
                note: reader.bytes()?.to_vec(),
            }),
            [b'N'] => Self::Knows(Knows {
                card: reader.array()?,
                revocations: reader.number()?,
            }),
            [b'F'] => Self::Forward(Forward {
                message: reader.bytes()?.to_vec(),
            }),
            [b'D'] => Self::Holds(EnvelopeId(reader.array()?)),
            [b'W'] => Self::CrossHead(CrossHead {
                checkpoint: reader.bytes()?.to_vec(),
            }),
            [b'E'] => Self::TwoHistories(TwoHistories {
                proof: reader.bytes()?.to_vec(),
            }),
            [b'X'] => Self::Refused(Refused {
                envelope: envelope(reader.bytes()?)?,
                code: reader.text()?,
                held: reader.bytes()?.to_vec(),
            }),
            [b'Q'] => Self::Want(Want {
                thread: reader.text()?,
                first: reader.number()?,
                count: most(reader.number()?, PIECES_MAX)?,
            }),
            [b'B'] => Self::Piece(Piece {
                thread: reader.text()?,
                number: reader.number()?,
                sealed: reader.bytes()?.to_vec(),
            }),
            _ => return Err(MessageError),
        };
        reader.end()?;
        Ok(message)
    }
}

fn hashes(bytes: &[u8], most: usize) -> Result<Vec<Hash>, MessageError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() > most {
        return Err(MessageError);
    }
    Ok(hashes.to_vec())
}

fn channel(text: &str) -> Result<ChannelId, MessageError> {
    ChannelId::parse(text).ok_or(MessageError)
}

fn most(number: u64, most: u64) -> Result<u64, MessageError> {
    (number <= most).then_some(number).ok_or(MessageError)
}

fn small(number: u64) -> Result<u32, MessageError> {
    u32::try_from(number).map_err(|_| MessageError)
}

fn envelope(bytes: &[u8]) -> Result<Option<EnvelopeId>, MessageError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let id = bytes.try_into().map_err(|_| MessageError)?;
    Ok(Some(EnvelopeId(id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Lane;

    #[test]
    fn what_is_exchanged_reads_back_and_nothing_shorter_or_longer_does() {
        let channel = ChannelId::of("a", "b", Lane::Normal);
        let messages = [
            Message::Head(Head {
                checkpoint: b"c".to_vec(),
                old: 3,
                consistency: vec![[1; 32]],
                leaves: vec![[2; 32], [3; 32]],
                mirrored: 1,
            }),
            Message::Send(Send {
                header: b"h".to_vec(),
                blind: [4; 32],
                sealed: vec![0; 1000],
                proof: b"p".to_vec(),
            }),
            Message::Receipt(ReceiptOf {
                envelope: EnvelopeId([5; 32]),
                header: b"h".to_vec(),
                blind: [6; 32],
                opening: [7; 32],
                payload: b"{}".to_vec(),
                proof: b"p".to_vec(),
            }),
            Message::Cosigned(Cosigned {
                origin: "o".to_owned(),
                size: 9,
                lines: b"l".to_vec(),
            }),
            Message::Cursor(Cursor {
                channel,
                epoch: 1,
                seq: 2,
                credit: 3,
                bytes: 4,
            }),
            Message::Gap(Gap {
                channel,
                epoch: 1,
                first: 2,
                last: 3,
            }),
            Message::Forward(Forward {
                message: b"m".to_vec(),
            }),
            Message::Holds(EnvelopeId([9; 32])),
            Message::Refused(Refused {
                envelope: None,
                code: "unknown-party".to_owned(),
                held: Vec::new(),
            }),
            Message::Refused(Refused {
                envelope: Some(EnvelopeId([8; 32])),
                code: "x".to_owned(),
                held: b"h".to_vec(),
            }),
        ];
        messages.into_iter().for_each(reads_back);
    }

    #[test]
    fn what_is_said_of_keys_and_of_other_logs_reads_back() {
        let messages = [
            Message::Card(NewCard {
                card: b"k".to_vec(),
            }),
            Message::Revocation(NewRevocation {
                note: b"v".to_vec(),
            }),
            Message::Knows(Knows {
                card: [10; 32],
                revocations: 2,
            }),
            Message::CrossHead(CrossHead {
                checkpoint: b"c".to_vec(),
            }),
            Message::TwoHistories(TwoHistories {
                proof: b"p".to_vec(),
            }),
        ];
        messages.into_iter().for_each(reads_back);
    }

    #[test]
    fn what_is_said_of_items_reads_back_and_nobody_asks_for_too_much() {
        let want = |count| {
            Message::Want(Want {
                thread: "evidence--x".to_owned(),
                first: 7,
                count,
            })
        };
        reads_back(want(PIECES_MAX));
        let beyond = want(PIECES_MAX + 1).encode();
        assert_eq!(Message::decode(&beyond), Err(MessageError));
        reads_back(Message::Piece(Piece {
            thread: "evidence--x".to_owned(),
            number: 8,
            sealed: vec![1; 99],
        }));
    }

    fn reads_back(message: Message) {
        let mut bytes = message.encode();
        assert_eq!(Message::decode(&bytes), Ok(message));
        for shorter in 0..bytes.len() {
            let cut = bytes.get(..shorter).unwrap();
            assert_eq!(Message::decode(cut), Err(MessageError));
        }
        bytes.push(0);
        assert_eq!(Message::decode(&bytes), Err(MessageError));
    }
}
