//! Making proofs and roots from nodes that somebody reads.
//!
//! In scope: which nodes of the tree a proof consists of. Out of scope: where nodes are kept (`tile`).

use std::ops::Range;

use super::{Hash, empty_root, node_hash};

/// A node whose subtree is complete: over the leaves from `index * 2^height` on, `2^height` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Node {
    /// 0 for leaves.
    pub height: u32,
    /// How many nodes of this height lie left of it.
    pub index: u64,
}

/// A proof was asked for a leaf or a size that the tree does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the tree has {size} leaves and no {asked}; ask for one that it has, or for a later checkpoint"
)]
pub struct OutOfRange {
    /// The tree's size.
    pub size: u64,
    /// The leaf or size asked for.
    pub asked: u64,
}

/// The root over the first `size` leaves. Also the root that an earlier checkpoint of the same tree must have.
pub fn root<E>(size: u64, read: &mut impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    if size == 0 {
        return Ok(empty_root());
    }
    range(0..size, read)
}

/// The proof that leaf `index` is in the tree of the first `size` leaves: siblings, the leaf's own first.
pub fn inclusion_proof<E: From<OutOfRange>>(
    index: u64,
    size: u64,
    read: &mut impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if index >= size {
        return Err(OutOfRange { size, asked: index }.into());
    }
    let mut proof = Vec::new();
    let mut here = 0..size;
    while here.end - here.start > 1 {
        let (left, right) = split(&here);
        let (within, sibling) = if left.contains(&index) {
            (left, right)
        } else {
            (right, left)
        };
        proof.push(range(sibling, read)?);
        here = within;
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of the first `old` leaves is a beginning of the tree of the first `size` leaves.
///
/// Empty for `old == 0` and for `old == size`.
pub fn consistency_proof<E: From<OutOfRange>>(
    old: u64,
    size: u64,
    read: &mut impl FnMut(Node) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    if old > size {
        return Err(OutOfRange { size, asked: old }.into());
    }
    let mut proof = Vec::new();
    if old == 0 || old == size {
        return Ok(proof);
    }
    let mut here = 0..size;
    // Down to the subtree that ends where the old tree ended.
    while here.end > old {
        let (left, right) = split(&here);
        let (within, sibling) = if old <= left.end {
            (left, right)
        } else {
            (right, left)
        };
        proof.push(range(sibling, read)?);
        here = within;
    }
    // The verifier knows that subtree only if it is the whole old tree.
    if here.start > 0 {
        proof.push(range(here, read)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Splits a range of at least two leaves at the largest power of two below its length.
fn split(whole: &Range<u64>) -> (Range<u64>, Range<u64>) {
    let middle = whole.start + largest_power((whole.end - whole.start) - 1);
    (whole.start..middle, middle..whole.end)
}

/// The hash over a range that is a subtree of the tree: complete subtrees from left to right, joined from the right.
fn range<E>(whole: Range<u64>, read: &mut impl FnMut(Node) -> Result<Hash, E>) -> Result<Hash, E> {
    let mut complete = Vec::new();
    let mut start = whole.start;
    while start < whole.end {
        let power = largest_power(whole.end - start);
        let height = power.trailing_zeros();
        complete.push(read(Node {
            height,
            index: start >> height,
        })?);
        start += power;
    }
    let from_the_right = complete.into_iter().rev();
    let joined = from_the_right.reduce(|right, left| node_hash(&left, &right));
    Ok(joined.unwrap_or_else(empty_root))
}

/// The largest power of two that is at most `value`, which is not 0.
fn largest_power(value: u64) -> u64 {
    1 << value.max(1).ilog2()
}
