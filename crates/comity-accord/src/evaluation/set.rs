//! Evaluation sets: which messages, with which receipts, a scorecard was made from.
//!
//! Both sides first compare the root of what they hold, and only then what they made of it. The leaves are sorted by
//! their bytes, so that the order in which messages came means nothing. Roots are those of RFC 6962, as everywhere here.
//!
//! In scope: the root, and what one set has that another has not. Out of scope: fetching what is missing.

use std::collections::BTreeSet;

use comity_ledger::tree::{leaf_hash, root_of};

use crate::digest::Digest;

/// A message with the time of its receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leaf {
    /// The message.
    pub message: Digest,
    /// When the recipient's node had it, seconds since 1970.
    pub received: i64,
}

impl Leaf {
    /// Its bytes: the digest, then the time, big-endian.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.message.as_bytes().to_vec();
        bytes.extend(self.received.to_be_bytes());
        bytes
    }

    /// As text: digest and time.
    pub fn to_text(self) -> String {
        format!("{} {}", self.message, self.received)
    }

    /// Reads that text.
    pub fn parse(text: &str) -> Option<Self> {
        let (message, received) = text.split_once(' ')?;
        let leaf = Self {
            message: Digest::parse(message)?,
            received: received.parse().ok()?,
        };
        (leaf.to_text() == text).then_some(leaf)
    }
}

/// What a scorecard is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EvaluationSet(BTreeSet<Leaf>);

/// What two sets do not share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetDifference {
    /// Messages that only the first has.
    pub only_first: Vec<Digest>,
    /// Messages that only the second has.
    pub only_second: Vec<Digest>,
    /// Messages whose receipt they date differently: the first's time, then the second's.
    pub dated: Vec<(Digest, i64, i64)>,
}

impl EvaluationSet {
    /// A set of these.
    pub fn of(leaves: impl IntoIterator<Item = Leaf>) -> Self {
        Self(leaves.into_iter().collect())
    }

    /// How many messages it has.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its messages in order.
    pub fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        self.0.iter()
    }

    /// Its root.
    pub fn root(&self) -> Digest {
        let leaves: Vec<_> = self.0.iter().map(|leaf| leaf_hash(&leaf.bytes())).collect();
        Digest::from_bytes(*root_of(&leaves).as_bytes())
    }

    /// What this set and another do not share.
    pub fn difference(&self, other: &Self) -> SetDifference {
        let time = |set: &Self, message: Digest| {
            set.0
                .iter()
                .find(|leaf| leaf.message == message)
                .map(|leaf| leaf.received)
        };
        let mut difference = SetDifference::default();
        for leaf in self.0.difference(&other.0) {
            match time(other, leaf.message) {
                Some(theirs) => difference.dated.push((leaf.message, leaf.received, theirs)),
                None => difference.only_first.push(leaf.message),
            }
        }
        for leaf in other.0.difference(&self.0) {
            if time(self, leaf.message).is_none() {
                difference.only_second.push(leaf.message);
            }
        }
        difference
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(number: u8, received: i64) -> Leaf {
        Leaf {
            message: Digest::of(&[number]),
            received,
        }
    }

    #[test]
    fn order_means_nothing_and_everything_else_does() {
        let one = EvaluationSet::of([leaf(1, 10), leaf(2, 20)]);
        let two = EvaluationSet::of([leaf(2, 20), leaf(1, 10)]);
        assert_eq!(one.root(), two.root());
        for other in [vec![leaf(1, 10)], vec![leaf(1, 10), leaf(2, 21)], vec![]] {
            assert_ne!(one.root(), EvaluationSet::of(other).root());
        }
    }

    #[test]
    fn a_difference_names_each_message() {
        let one = EvaluationSet::of([leaf(1, 10), leaf(2, 20), leaf(3, 30)]);
        let two = EvaluationSet::of([leaf(2, 20), leaf(3, 31), leaf(4, 40)]);
        let difference = one.difference(&two);
        assert_eq!(difference.only_first, [Digest::of(&[1])]);
        assert_eq!(difference.only_second, [Digest::of(&[4])]);
        assert_eq!(difference.dated, [(Digest::of(&[3]), 30, 31)]);
        assert_eq!(one.difference(&one), SetDifference::default());
    }

    #[test]
    fn a_leaf_has_one_spelling() {
        let text = leaf(1, 10).to_text();
        assert_eq!(Leaf::parse(&text), Some(leaf(1, 10)));
        for bad in [
            text.to_uppercase(),
            text.replace(" 10", " 010"),
            text.replace(' ', ""),
        ] {
            assert_eq!(Leaf::parse(&bad), None);
        }
    }
}
