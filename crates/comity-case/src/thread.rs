//! Threads: the messages of two parties about one subject, and the one order in which both read them.
//!
//! Order comes from what authors say that they knew, never from a clock: a message stands after its author's message before
//! it and after the message of the other side that it had seen. Where neither of two knew the other, the earlier stated
//! time goes first, then the smaller digest; both sides choose alike, since both hold the same bytes.
//!
//! In scope: order, what is missing, two messages in one place. Out of scope: what messages mean.
//! Limits: [`MESSAGES_MAX`].

use std::collections::{BTreeMap, BTreeSet};

use comity_accord::digest::Digest;
use comity_accord::party::PartyName;

use crate::message::{Message, Subject};

/// The most messages of a thread.
pub const MESSAGES_MAX: usize = 10_000;

/// A message with what the recipient's receipt says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The message.
    pub message: Message,
    /// When the recipient's node had it, by its receipt: seconds since 1970. None: no receipt is known.
    pub received: Option<i64>,
}

impl Entry {
    /// The one time that counts for the recipient's duties: when it received; before the receipt is known, when it was sent.
    pub fn at(&self) -> i64 {
        self.received.unwrap_or_else(|| self.message.sent_seconds())
    }
}

/// The messages about one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    entries: BTreeMap<Digest, Entry>,
}

/// What a thread lacks: a message that another one names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// Who wrote it.
    pub author: PartyName,
    /// Its place, where the naming message tells it.
    pub seq: Option<u32>,
    /// Its identity.
    pub digest: Digest,
}

/// Two messages of one author in one place: neither counts, nor what follows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fork {
    /// Who wrote both.
    pub author: PartyName,
    /// The place.
    pub seq: u32,
    /// The messages.
    pub digests: Vec<Digest>,
}

/// A thread in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ordered<'a> {
    /// The messages that stand, in the order in which they count.
    pub standing: Vec<&'a Entry>,
    /// What is named and not there; messages behind it wait.
    pub missing: Vec<Missing>,
    /// Places with two messages.
    pub forks: Vec<Fork>,
}

/// Why a message is not taken into a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ThreadError {
    /// It is about something else, or between others.
    #[error("the message belongs to another thread")]
    Other,
    /// There are too many.
    #[error(
        "the thread has {MESSAGES_MAX} messages, which is the limit: open another one and link it"
    )]
    Full,
}

impl Thread {
    /// A thread of these messages.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Result<Self, ThreadError> {
        let mut thread = Self::default();
        for entry in entries {
            thread.add(entry)?;
        }
        Ok(thread)
    }

    /// Takes a message in; again, it changes nothing but may bring its receipt. Of two receipts the earlier counts.
    pub fn add(&mut self, entry: Entry) -> Result<(), ThreadError> {
        if let Some(first) = self.entries.values().next() {
            let (one, two) = (first.message.head(), entry.message.head());
            let pair = |head: &crate::message::Head| {
                BTreeSet::from([head.author.clone(), head.to.clone()])
            };
            if one.thread != two.thread || pair(one) != pair(two) {
                return Err(ThreadError::Other);
            }
        }
        let digest = entry.message.digest();
        if let Some(known) = self.entries.get_mut(&digest) {
            known.received = match (known.received, entry.received) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            };
            return Ok(());
        }
        if self.entries.len() >= MESSAGES_MAX {
            return Err(ThreadError::Full);
        }
        self.entries.insert(digest, entry);
        Ok(())
    }

    /// Every message, by its identity.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// What it is about; none: nothing was said.
    pub fn subject(&self) -> Option<Subject> {
        let first = self.entries.values().next()?;
        Some(first.message.head().thread.subject())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The newest standing message of an author, and the place of the next one.
    pub fn newest(&self, author: &PartyName) -> (Option<Digest>, u32) {
        let ordered = self.ordered();
        let own = ordered
            .standing
            .iter()
            .rfind(|entry| entry.message.head().author == *author);
        own.map_or((None, 1), |entry| {
            let message = &entry.message;
            (Some(message.digest()), message.head().seq + 1)
        })
    }

    /// The messages in order. A message that contradicts its own chain (it names a predecessor of another place) never stands.
    pub fn ordered(&self) -> Ordered<'_> {
        let forks = self.forks();
        let barred: BTreeSet<Digest> = forks
            .iter()
            .flat_map(|fork| fork.digests.iter().copied())
            .collect();
        let mut ready: BTreeSet<(i64, Digest)> = BTreeSet::new();
        let mut followers: BTreeMap<Digest, Vec<Digest>> = BTreeMap::new();
        let mut open: BTreeMap<Digest, usize> = BTreeMap::new();
        for (digest, entry) in &self.entries {
            if barred.contains(digest) || !self.is_chained(entry) {
                continue;
            }
            let named = named(&entry.message);
            for each in &named {
                followers.entry(*each).or_default().push(*digest);
            }
            if named.is_empty() {
                ready.insert((entry.message.sent_seconds(), *digest));
            } else {
                open.insert(*digest, named.len());
            }
        }
        let mut standing = Vec::with_capacity(self.entries.len());
        while let Some((_, digest)) = ready.pop_first() {
            let Some(entry) = self.entries.get(&digest) else {
                continue;
            };
            standing.push(entry);
            for follower in followers.remove(&digest).unwrap_or_default() {
                let Some(left) = open.get_mut(&follower) else {
                    continue;
                };
                *left -= 1;
                if let (0, Some(next)) = (*left, self.entries.get(&follower)) {
                    ready.insert((next.message.sent_seconds(), follower));
                }
            }
        }
        Ordered {
            standing,
            missing: self.missing(),
            forks,
        }
    }

    /// Whether what a message names, where it is here, is what it must be: the author's message before it, and one of the other
    /// side.
    fn is_chained(&self, entry: &Entry) -> bool {
        let head = entry.message.head();
        let before = |digest: &Digest| {
            self.entries.get(digest).is_none_or(|known| {
                let known = known.message.head();
                known.author == head.author && known.seq + 1 == head.seq
            })
        };
        let other = |digest: &Digest| {
            self.entries
                .get(digest)
                .is_none_or(|known| known.message.head().author == head.to)
        };
        head.prev.as_ref().is_none_or(before) && head.seen.as_ref().is_none_or(other)
    }

    fn missing(&self) -> Vec<Missing> {
        let mut missing = BTreeSet::new();
        for entry in self.entries.values() {
            let head = entry.message.head();
            let unknown = |digest: &Option<Digest>| {
                digest.filter(|digest| !self.entries.contains_key(digest))
            };
            if let Some(digest) = unknown(&head.prev) {
                missing.insert(Missing {
                    author: head.author.clone(),
                    seq: Some(head.seq - 1),
                    digest,
                });
            }
            if let Some(digest) = unknown(&head.seen) {
                missing.insert(Missing {
                    author: head.to.clone(),
                    seq: None,
                    digest,
                });
            }
        }
        missing.into_iter().collect()
    }

    fn forks(&self) -> Vec<Fork> {
        let mut places: BTreeMap<(&PartyName, u32), Vec<Digest>> = BTreeMap::new();
        for (digest, entry) in &self.entries {
            let head = entry.message.head();
            places
                .entry((&head.author, head.seq))
                .or_default()
                .push(*digest);
        }
        let forks = places.into_iter().filter(|(_, all)| all.len() > 1);
        forks
            .map(|((author, seq), digests)| Fork {
                author: author.clone(),
                seq,
                digests,
            })
            .collect()
    }
}

/// What must stand before a message.
fn named(message: &Message) -> Vec<Digest> {
    let head = message.head();
    head.prev.iter().chain(head.seen.iter()).copied().collect()
}
