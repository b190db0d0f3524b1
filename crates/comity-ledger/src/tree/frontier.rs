//! The right edge of a growing tree: the roots of its complete subtrees, enough to append and to know the root.
//!
//! In scope: appending hashes of leaves, the root. Out of scope: proofs, which need the inside of the tree.

use super::{Hash, TreeHead, empty_root, node_hash};

/// The complete subtrees of a tree, largest first: one for each bit that is set in its size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree that was kept as its size and the roots of its complete subtrees, largest first.
    pub fn from_parts(size: u64, roots: Vec<Hash>) -> Result<Self, FrontierMismatch> {
        let expected = usize::try_from(size.count_ones()).unwrap_or(usize::MAX);
        if roots.len() == expected {
            Ok(Self { size, roots })
        } else {
            let found = roots.len();
            Err(FrontierMismatch { expected, found })
        }
    }

    /// How many leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, largest first: with the size, all there is to keep.
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Appends a leaf, given by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each low bit of the size that is set is a subtree as large as the one at hand: they become one.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        let from_the_right = self.roots.iter().rev().copied();
        from_the_right
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or_else(empty_root)
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        TreeHead {
            size: self.size,
            root: self.root(),
        }
    }
}

impl FromIterator<Hash> for Frontier {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut frontier = Self::new();
        frontier.extend(leaves);
        frontier
    }
}

impl Extend<Hash> for Frontier {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.push(leaf));
    }
}

/// The kept roots are not as many as a tree of that size has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the tree's edge has {found} hashes where its size needs {expected}; rebuild it from the tiles"
)]
pub struct FrontierMismatch {
    /// How many the size needs.
    pub expected: usize,
    /// How many there are.
    pub found: usize,
}
