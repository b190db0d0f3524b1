//! Where the packets of an OpenPGP sequence begin and end (RFC 9580 section 4.2), told before a parser sees them.
//!
//! One pass over the headers, no recursion, no copy: it bounds what the parser may be asked to do.
//!
//! In scope: kinds and lengths. Out of scope: what is in a packet.
//! Limits: those of the caller.

use std::borrow::Cow;
use std::ops::Range;

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// Its kind (RFC 9580 section 5).
    pub(super) tag: u8,
    /// Header and body.
    pub(super) whole: Range<usize>,
    /// Its header without lengths, and the lengths of a body in one piece.
    head: usize,
    /// It comes in pieces (section 4.2.1.4) or up to the end; only data may.
    pub(super) pieces: bool,
}

/// Public-Key Encrypted Session Key.
pub(super) const SESSION_KEY: u8 = 1;
/// Signature.
pub(super) const SIGNATURE: u8 = 2;
/// Symmetric-Key Encrypted Session Key.
pub(super) const SESSION_PASSWORD: u8 = 3;
/// Secret key.
pub(super) const SECRET_KEY: u8 = 5;
/// Public key.
pub(super) const PUBLIC_KEY: u8 = 6;
/// Secret subkey.
pub(super) const SECRET_SUBKEY: u8 = 7;
/// Symmetrically Encrypted Data, without integrity.
pub(super) const ENCRYPTED_BARE: u8 = 9;
/// Compressed data.
pub(super) const COMPRESSED: u8 = 8;
/// One-pass signature.
pub(super) const ONE_PASS: u8 = 4;
/// Literal data.
pub(super) const LITERAL: u8 = 11;
/// Marker.
pub(super) const MARKER: u8 = 10;
/// User ID.
pub(super) const USER_ID: u8 = 13;
/// Public subkey.
pub(super) const PUBLIC_SUBKEY: u8 = 14;
/// Symmetrically Encrypted and Integrity Protected Data.
pub(super) const ENCRYPTED: u8 = 18;
/// `GnuPG`'s own encrypted data.
pub(super) const ENCRYPTED_GNUPG: u8 = 20;
/// Padding.
pub(super) const PADDING: u8 = 21;

/// Why there are no packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSequence {
    /// The bytes are no sequence of packets.
    Form,
    /// They are one, of more packets than `most`.
    TooMany,
}

/// The packets, in their order. Never more than `most` are kept, however many there are.
pub(super) fn packets(bytes: &[u8], most: usize) -> Result<Vec<Packet>, NoSequence> {
    let mut found = Vec::new();
    let mut more = false;
    let mut place = 0;
    while place < bytes.len() {
        let packet = packet(bytes, place).ok_or(NoSequence::Form)?;
        place = packet.whole.end;
        // Beyond the limit the form alone is looked at: it decides which of the two is told.
        if found.len() < most {
            found.push(packet);
        } else {
            more = true;
        }
    }
    if more {
        return Err(NoSequence::TooMany);
    }
    Ok(found)
}

fn packet(bytes: &[u8], begin: usize) -> Option<Packet> {
    let first = *bytes.get(begin)?;
    if first & 0x80 == 0 {
        return None;
    }
    let (tag, head, end, pieces) = if first & 0x40 == 0 {
        let tag = (first >> 2) & 0x0f;
        let octets = match first & 3 {
            0 => 1,
            1 => 2,
            2 => 4,
            // Up to the end: `GnuPG` writes compressed data so.
            _ if tag == COMPRESSED => 0,
            _ => return None,
        };
        let body = begin.checked_add(1 + octets)?;
        if octets == 0 {
            (tag, 1, bytes.len(), true)
        } else {
            let length = number(bytes.get(begin + 1..body)?)?;
            (tag, 1 + octets, body.checked_add(length)?, false)
        }
    } else {
        let (octets, end, pieces) = new_format(bytes, begin + 1)?;
        (first & 0x3f, 1 + octets, end, pieces)
    };
    (end <= bytes.len()).then_some(Packet {
        tag,
        whole: begin..end,
        head,
        pieces,
    })
}

impl Packet {
    /// Its body, put together if it comes in pieces.
    pub(super) fn body<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        let whole = bytes.get(self.whole.clone()).unwrap_or_default();
        let newer = whole.first().is_some_and(|first| first & 0x40 != 0);
        if !self.pieces || !newer {
            return Cow::Borrowed(whole.get(self.head..).unwrap_or_default());
        }
        let mut all = Vec::with_capacity(whole.len());
        let mut place = 1;
        while let Some((octets, length, last)) = length(whole, place) {
            let begin = place + octets;
            place = begin + length;
            all.extend(whole.get(begin..place).unwrap_or_default());
            if last {
                break;
            }
        }
        Cow::Owned(all)
    }
}

/// The octets of one length of the newer kind, the length, whether it is the last.
fn length(bytes: &[u8], place: usize) -> Option<(usize, usize, bool)> {
    let first = *bytes.get(place)?;
    Some(match first {
        0..=191 => (1, usize::from(first), true),
        192..=223 => {
            let second = *bytes.get(place + 1)?;
            let high = usize::from(first - 192) << 8;
            (2, high + usize::from(second) + 192, true)
        }
        224..=254 => (1, 1_usize.checked_shl(u32::from(first & 0x1f))?, false),
        255 => (5, number(bytes.get(place + 1..place + 5)?)?, true),
    })
}

/// The octets of the first length, where the body ends, whether it comes in pieces.
fn new_format(bytes: &[u8], mut place: usize) -> Option<(usize, usize, bool)> {
    let (first, ..) = length(bytes, place)?;
    let mut pieces = false;
    loop {
        let (octets, length, last) = length(bytes, place)?;
        place = place.checked_add(octets)?.checked_add(length)?;
        if last {
            return Some((first, place, pieces));
        }
        if place > bytes.len() {
            return None;
        }
        pieces = true;
    }
}

fn number(octets: &[u8]) -> Option<usize> {
    let fold = |sum: u64, octet: &u8| (sum << 8) | u64::from(*octet);
    usize::try_from(octets.iter().fold(0, fold)).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{NoSequence, packets};

    #[test]
    fn lengths_of_every_kind() {
        let old = [0xb4, 2, b'a', b'b'];
        let one = [0xcd, 1, b'a'];
        let pieces = [0xd2, 0xe1, 1, 2, 0xe0, 3, 1, 4];
        let mut four = vec![0xcd, 255, 0, 0, 0, 3];
        four.extend([1, 2, 3]);
        let mut two = vec![0xcd, 192, 0];
        two.extend([7; 192]);
        for (bytes, tag, split) in [
            (old.to_vec(), 13, false),
            (one.to_vec(), 13, false),
            (pieces.to_vec(), 18, true),
            (four, 13, false),
            (two, 13, false),
        ] {
            let found = packets(&bytes, 1).unwrap();
            assert_eq!((found.len(), found.first().unwrap().tag), (1, tag));
            assert_eq!(found.first().unwrap().pieces, split);
            assert_eq!(found.first().unwrap().whole, 0..bytes.len());
        }
    }

    #[test]
    fn bodies_are_put_together() {
        let pieces = [0xd2, 0xe1, 1, 2, 0xe0, 3, 1, 4];
        let found = packets(&pieces, 1).unwrap();
        assert_eq!(*found.first().unwrap().body(&pieces), [1, 2, 3, 4]);
        let open = [0xa3, 1, 2, 3];
        let found = packets(&open, 1).unwrap();
        assert_eq!(*found.first().unwrap().body(&open), [1, 2, 3]);
    }

    #[test]
    fn what_is_no_sequence() {
        for bytes in [
            &[0x00, 1][..],
            &[0xb4, 5, 1],
            &[0xb7, 5, 1],
            &[0xcd, 255, 255, 255, 255, 255],
            &[0xd2, 0xfe, 1],
            &[0xcd],
        ] {
            assert_eq!(packets(bytes, 9), Err(NoSequence::Form));
        }
        assert_eq!(packets(&[0xcd, 0, 0xcd, 0], 1), Err(NoSequence::TooMany));
    }
}
