//! The Merkle tree of RFC 6962 and RFC 9162: hashes, the compact right edge of a growing tree, and proofs.
//!
//! In scope: hashing ([`leaf_hash`], [`node_hash`]), appending ([`Frontier`]), making proofs from nodes that somebody reads
//! ([`inclusion_proof`], [`consistency_proof`], [`root`]), and verifying them ([`verify_inclusion`],
//! [`verify_consistency`]). Out of scope: where nodes are kept (`tile`), who signs a root (`checkpoint`).
//!
//! Limits: a proof has at most [`PROOF_HASHES_MAX`] hashes, trees have fewer than 2^63 leaves.

mod frontier;
mod make;
mod verify;

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::encoding::{base64, from_base64};

pub use frontier::{Frontier, FrontierMismatch};
pub use make::{Node, OutOfRange, consistency_proof, inclusion_proof, root};
pub use verify::{ProofError, verify_consistency, verify_inclusion};

/// Most hashes of a proof: that many levels has a tree of 2^63 leaves (C2SP `tlog-witness`, `add-checkpoint`).
pub const PROOF_HASHES_MAX: usize = 63;

/// Largest tree: one whose proofs fit [`PROOF_HASHES_MAX`].
pub const SIZE_MAX: u64 = (1 << 63) - 1;

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;

/// A SHA-256 hash: of a leaf, of a node or of a whole tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; HASH_BYTES]);

impl Hash {
    /// The hash with these bytes.
    pub fn new(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads a hash in base64, as C2SP texts write it.
    pub fn parse(text: &str) -> Option<Self> {
        from_base64(text)?.try_into().ok().map(Self)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({self})")
    }
}

/// A whole tree in two values: how many leaves, and the root over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl TreeHead {
    /// The tree without leaves.
    pub fn empty() -> Self {
        Self {
            size: 0,
            root: empty_root(),
        }
    }
}

/// The hash of a leaf: SHA-256(0x00, data).
pub fn leaf_hash(data: &[u8]) -> Hash {
    let hasher = Sha256::new().chain_update([0x00]).chain_update(data);
    Hash(hasher.finalize().into())
}

/// The hash of a node: SHA-256(0x01, left, right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let hasher = Sha256::new().chain_update([0x01]);
    let hasher = hasher.chain_update(left.0).chain_update(right.0);
    Hash(hasher.finalize().into())
}

/// The root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// The root over these hashes of leaves.
pub fn root_of(leaves: &[Hash]) -> Hash {
    leaves.iter().copied().collect::<Frontier>().root()
}

#[cfg(test)]
#[allow(clippy::as_conversions, reason = "test code: short beats fast")]
mod tests;
