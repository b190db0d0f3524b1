//! Pieces: an evidence item on its way, a chunk at a time, each sealed to its recipient and bound to its place.
//!
//! An item may have a gigabyte, so it is no payload: what was agreed of it (its size, its SHA-256, who offers it to whom) crosses in
//! envelopes, and the bytes cross here, whenever the recipient asks for the next of them. A piece is sealed when it is asked for, to
//! the recipient's key of that moment, so no key of the item ever crosses and a replaced sealing key needs no second thought.
//! A piece opens only for the two parties, the thread, and the place for which it was sealed; that the whole is the item is what
//! the SHA-256 in the thread says.
//!
//! In scope: sealing and opening one piece. Out of scope: who may ask for it, where its bytes lie.
//! Limits: [`PIECE_BYTES_MAX`].

use crate::message::Piece;
use crate::seal::{Content, SealError, SealingKey};

/// The largest piece: a chunk of an item.
pub const PIECE_BYTES_MAX: usize = 1024 * 1024;

/// Between whom an item crosses, and in which thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing<'a> {
    /// The log of whoever sends it.
    pub from: &'a str,
    /// The log of whoever gets it.
    pub to: &'a str,
    /// The thread in which it is handed over.
    pub thread: &'a str,
}

impl Crossing<'_> {
    /// What a piece is bound to.
    pub fn bound(&self, number: u64) -> Vec<u8> {
        // Origins and names of threads hold no line end.
        let Self { from, to, thread } = self;
        format!("comity-piece/v1\n{from}\n{to}\n{thread}\n{number}\n").into_bytes()
    }

    /// Seals a piece.
    pub fn seal(
        &self,
        (number, bytes): (u64, Vec<u8>),
        key: &SealingKey,
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Piece, SealError> {
        if bytes.len() > PIECE_BYTES_MAX {
            return Err(SealError::Content);
        }
        let mut opening = [0; 32];
        random(&mut opening);
        let content = Content {
            opening,
            payload: bytes,
        };
        Ok(Piece {
            thread: self.thread.to_owned(),
            number,
            sealed: key.seal(&content, &self.bound(number), random)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::{OpeningKey, SealingAlgorithm};

    #[test]
    fn a_piece_opens_for_its_place_and_parties_alone() {
        let key = OpeningKey::from_seed(SealingAlgorithm::XWing, &[7; 32]);
        let crossing = Crossing {
            from: "alpha.example/log",
            to: "bravo.example/log",
            thread: "evidence--1",
        };
        let mut next = 0_u8;
        let mut random = |bytes: &mut [u8]| {
            for byte in bytes {
                next = next.wrapping_add(1);
                *byte = next;
            }
        };
        let bytes = vec![3; PIECE_BYTES_MAX];
        let piece = crossing
            .seal((4, bytes.clone()), &key.sealing_key(), &mut random)
            .unwrap();
        let open = |crossing: Crossing<'_>, number| {
            key.open(&piece.sealed, &crossing.bound(number))
                .map(|content| content.payload)
        };
        assert_eq!(open(crossing, 4), Ok(bytes));
        assert_eq!(open(crossing, 5), Err(SealError::Closed));
        let turned = Crossing {
            from: crossing.to,
            to: crossing.from,
            ..crossing
        };
        assert_eq!(open(turned, 4), Err(SealError::Closed));
        let other = Crossing {
            thread: "evidence--2",
            ..crossing
        };
        assert_eq!(open(other, 4), Err(SealError::Closed));
        let large = crossing.seal(
            (0, vec![0; PIECE_BYTES_MAX + 1]),
            &key.sealing_key(),
            &mut random,
        );
        assert_eq!(large, Err(SealError::Content));
    }
}
