//! Channels: numbered rows of envelopes from one party to another.
//!
//! Each lane is a channel of its own, so that a large payload never delays a hotline message, and a receipt never waits
//! for either.
//!
//! In scope: lanes and the channel's name. Out of scope: how far a channel has come (rows).

use std::fmt;

use sha2::{Digest, Sha256};

/// How urgent an envelope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Hotline, recall, requests for assistance.
    Urgent,
    /// Machine receipts.
    Receipt,
    /// Everything else.
    Normal,
    /// Parts of large payloads.
    Bulk,
}

impl Lane {
    /// Every lane, the most urgent first: the order in which they are sent.
    pub const ALL: [Self; 4] = [Self::Urgent, Self::Receipt, Self::Normal, Self::Bulk];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Receipt => "receipt",
            Self::Normal => "normal",
            Self::Bulk => "bulk",
        }
    }

    /// The lane of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.word() == word)
    }
}

/// The name of a channel: 16 bytes, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelId([u8; 16]);

impl ChannelId {
    /// The channel of one lane from one log's origin (without its epoch) to another's.
    pub fn of(from: &str, to: &str, lane: Lane) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"comity-channel/v1\n");
        for part in [from, to, lane.word()] {
            hash.update(part.as_bytes());
            hash.update(b"\n");
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(digest) {
            *to = from;
        }
        Self(id)
    }

    /// Reads 32 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        u128::from_str_radix(text, 16)
            .ok()
            .filter(|_| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{ChannelId, Lane};

    #[test]
    fn each_lane_and_direction_is_a_channel_of_its_own() {
        let (a, b) = ("alpha.example/log", "bravo.example/log");
        let mut all: Vec<ChannelId> = Lane::ALL
            .into_iter()
            .flat_map(|lane| [ChannelId::of(a, b, lane), ChannelId::of(b, a, lane)])
            .collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 8);
        for id in all {
            assert_eq!(ChannelId::parse(&id.to_string()), Some(id));
        }
        assert_eq!(ChannelId::parse("+1234567890123456789012345678901"), None);
        assert_eq!(ChannelId::parse("ABCDEF00000000000000000000000000"), None);
    }
}
