//! Verifying proofs, step by step as RFC 9162 sections 2.1.3.2 and 2.1.4.2 write it.
//!
//! In scope: does this proof show that. Out of scope: whose tree it is.

use super::{Hash, TreeHead, empty_root, node_hash};

/// Why a proof shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The leaf is not below the size, or the old size is above the new one.
    #[error(
        "the proof is for {asked} in a tree of {size}; ask for a proof in a tree that is large enough"
    )]
    OutOfRange {
        /// The leaf or the old size.
        asked: u64,
        /// The size of the tree.
        size: u64,
    },
    /// Too few or too many hashes.
    #[error("the proof has {hashes} hashes, which does not fit the sizes; fetch it again")]
    WrongLength {
        /// How many there are.
        hashes: usize,
    },
    /// The hashes lead to another root.
    #[error(
        "the proof leads to another root: leaf, proof or tree was changed; keep all three and ask for a new proof"
    )]
    OtherRoot,
}

/// Whether leaf `index` with hash `leaf` is in the tree.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    head: &TreeHead,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let size = head.size;
    if index >= size {
        return Err(ProofError::OutOfRange { asked: index, size });
    }
    let wrong_length = ProofError::WrongLength {
        hashes: proof.len(),
    };
    let mut fn_ = index;
    let mut sn = size - 1;
    let mut r = *leaf;
    for p in proof {
        if sn == 0 {
            return Err(wrong_length);
        }
        if fn_ & 1 == 1 || fn_ == sn {
            r = node_hash(p, &r);
            while fn_ & 1 == 0 && fn_ != 0 {
                fn_ >>= 1;
                sn >>= 1;
            }
        } else {
            r = node_hash(&r, p);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    if sn != 0 {
        return Err(wrong_length);
    }
    same_root(&r, &head.root)
}

/// Whether the `old` tree is a beginning of the `new` one.
///
/// Everything is consistent with the empty tree, whose root is SHA-256 of nothing; C2SP wants an empty proof then.
pub fn verify_consistency(
    old: &TreeHead,
    new: &TreeHead,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old.size > new.size {
        let (asked, size) = (old.size, new.size);
        return Err(ProofError::OutOfRange { asked, size });
    }
    let wrong_length = ProofError::WrongLength {
        hashes: proof.len(),
    };
    if old.size == new.size || old.size == 0 {
        if !proof.is_empty() {
            return Err(wrong_length);
        }
        let expected = if old.size == 0 {
            empty_root()
        } else {
            new.root
        };
        same_root(&old.root, &expected)?;
        return if new.size == 0 {
            same_root(&new.root, &expected)
        } else {
            Ok(())
        };
    }
    let mut hashes = proof.iter();
    // If the old tree is complete, its root is the first hash, which nobody has to send.
    let first = if old.size.is_power_of_two() {
        &old.root
    } else {
        hashes.next().ok_or(wrong_length)?
    };
    let mut fn_ = old.size - 1;
    let mut sn = new.size - 1;
    let shift = fn_.trailing_ones();
    fn_ >>= shift;
    sn >>= shift;
    let mut fr = *first;
    let mut sr = *first;
    for c in hashes {
        if sn == 0 {
            return Err(wrong_length);
        }
        if fn_ & 1 == 1 || fn_ == sn {
            fr = node_hash(c, &fr);
            sr = node_hash(c, &sr);
            while fn_ & 1 == 0 && fn_ != 0 {
                fn_ >>= 1;
                sn >>= 1;
            }
        } else {
            sr = node_hash(&sr, c);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    if sn != 0 {
        return Err(wrong_length);
    }
    same_root(&fr, &old.root)?;
    same_root(&sr, &new.root)
}

fn same_root(found: &Hash, expected: &Hash) -> Result<(), ProofError> {
    if found == expected {
        Ok(())
    } else {
        Err(ProofError::OtherRoot)
    }
}
