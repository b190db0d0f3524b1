//! Mirroring a partner's log: holding its hash tiles, so that its tree can be rebuilt and its forks convicted.
//!
//! In scope: taking in the tiles by which a log grew, against its signed checkpoint ([`extend`]); convicting a log of two
//! histories of different sizes ([`convict`]). Out of scope: entries, which a mirror never sees; fetching; keeping.
//!
//! Limits: [`LEAVES_MAX`] at once.

use crate::checkpoint::SignedCheckpoint;
use crate::equivocation::Equivocation;
use crate::tile::{Growth, ReadError, Tile, Tiles, decode_tile, grow, tiles_written};
use crate::tree::{Hash, TreeHead};

/// Most leaves that are taken in at once: 128 MiB of hashes.
pub const LEAVES_MAX: u64 = 1 << 22;

/// What the partner's log is said to have grown to.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The tree that the mirror holds.
    pub held: TreeHead,
    /// The checkpoint, whose signature is verified.
    pub checkpoint: &'a SignedCheckpoint,
}

/// Takes in the growth of a log: `theirs` gives the partner's tiles, `ours` those that the mirror holds.
///
/// Only hashes of leaves are fetched, each once; the tiles above are computed. What comes back is kept, in one transaction
/// with the checkpoint. An error of kind [`MirrorError::Rewritten`] or [`MirrorError::OtherRoot`] is reason to keep all of
/// it and to call [`convict`].
pub fn extend<E: std::error::Error + 'static>(
    claim: Claim<'_>,
    mut theirs: impl FnMut(&Tile) -> Result<Vec<u8>, E>,
    ours: impl FnMut(&Tile) -> Result<Vec<u8>, E>,
) -> Result<Growth, MirrorError<E>> {
    let new = claim.checkpoint.checkpoint().head();
    let old = claim.held.size;
    let count = new.size.checked_sub(old).ok_or(MirrorError::Smaller)?;
    if count > LEAVES_MAX {
        return Err(MirrorError::TooMany { count });
    }
    let mut ours = ours;
    let mut leaves: Vec<Hash> = Vec::new();
    for tile in tiles_written(old, new.size).take_while(|tile| tile.level() == 0) {
        let bytes = theirs(&tile).map_err(|source| ReadError::Read { tile, source })?;
        let hashes = decode_tile(&bytes).filter(|hashes| hashes.len() >= usize::from(tile.width()));
        let mut hashes = hashes.ok_or(ReadError::WrongLength {
            tile,
            bytes: bytes.len(),
        })?;
        hashes.truncate(usize::from(tile.width()));
        let start = tile.index() * u64::from(crate::tile::WIDTH);
        if start < old {
            let known = usize::try_from(old - start).unwrap_or(usize::MAX);
            let added = hashes.split_off(known.min(hashes.len()));
            let mut held = Tiles::new(old, &mut ours);
            for (index, hash) in (start..old).zip(hashes) {
                if held.leaf(index)? != hash {
                    return Err(MirrorError::Rewritten { index });
                }
            }
            hashes = added;
        }
        leaves.append(&mut hashes);
    }
    let growth = grow(old, &leaves, ours)?;
    if growth.head == new {
        Ok(growth)
    } else {
        Err(MirrorError::OtherRoot {
            found: growth.head.root,
        })
    }
}

/// Convicts a log of two histories, if `smaller` does not belong to the tree of `larger`.
///
/// `tiles` gives the tiles that `larger` was made of, which [`extend`] has checked. Both signatures are verified by whoever
/// receives the [`Equivocation`]. `None`: both belong to one history.
pub fn convict<E: std::error::Error + 'static>(
    smaller: &SignedCheckpoint,
    larger: &SignedCheckpoint,
    tiles: impl FnMut(&Tile) -> Result<Vec<u8>, E>,
) -> Result<Option<Equivocation>, MirrorError<E>> {
    let (size, claimed) = (smaller.checkpoint().size, smaller.checkpoint().root);
    let head = larger.checkpoint().head();
    if size > head.size {
        return Err(MirrorError::Smaller);
    }
    let (smaller, larger) = (smaller.clone(), larger.clone());
    if size == head.size {
        let forked = claimed != head.root;
        return Ok(forked.then(|| Equivocation::same_size(smaller, larger)));
    }
    let mut tiles = Tiles::new(head.size, tiles);
    let found = tiles.head()?;
    if found != head {
        return Err(MirrorError::OtherRoot { found: found.root });
    }
    let true_root = tiles.head_at(size)?.root;
    if true_root == claimed {
        return Ok(None);
    }
    let proof = tiles.consistency_proof(size)?;
    Ok(Some(Equivocation::prefix(
        smaller, larger, true_root, proof,
    )))
}

/// Why a growth is not taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError<E: std::error::Error + 'static> {
    /// The checkpoint is of a smaller tree.
    #[error("the checkpoint is of a smaller tree than the one held; ask for the newest")]
    Smaller,
    /// Over [`LEAVES_MAX`].
    #[error(
        "the log grew by {count} leaves; the limit at once is {LEAVES_MAX}: take in an earlier checkpoint first"
    )]
    TooMany {
        /// By how many.
        count: u64,
    },
    /// A tile cannot be read.
    #[error("a tile cannot be read")]
    Tile(#[from] ReadError<E>),
    /// A leaf that is held is another now.
    #[error("leaf {index} was another before: the log was rewritten; keep both checkpoints")]
    Rewritten {
        /// Which.
        index: u64,
    },
    /// The tiles do not make the checkpoint's root.
    #[error(
        "the tiles make the root {found}, not the checkpoint's; fetch them again, then keep both as evidence"
    )]
    OtherRoot {
        /// What they make.
        found: Hash,
    },
}

#[cfg(test)]
#[allow(clippy::as_conversions, reason = "test code: short beats fast")]
mod tests;
