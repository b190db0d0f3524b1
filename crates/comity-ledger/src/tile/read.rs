//! The tree, read through its tiles: nodes, roots and proofs.
//!
//! In scope: which tile holds a node. Out of scope: where tiles are kept.
//!
//! Limits: at most [`CACHE_TILES_MAX`] tiles are held in memory, 8 KiB each.

use std::collections::HashMap;

use super::{HEIGHT, Tile, WIDTH, decode_tile};
use crate::tree::{self, Hash, Node, OutOfRange, TreeHead, root_of};

/// Most tiles held: several proofs' worth.
const CACHE_TILES_MAX: usize = 64;

/// The tiles of a tree of one size. `read` gives the bytes of a tile: of the width asked for, or wider, as the tile may
/// have grown since.
#[derive(Debug)]
pub struct Tiles<R> {
    size: u64,
    read: R,
    cache: HashMap<(u8, u64), Vec<Hash>>,
}

/// Why a tree cannot be read through its tiles.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError<E: std::error::Error + 'static> {
    /// A tile cannot be read.
    #[error("cannot read {tile}")]
    Read {
        /// Which.
        tile: Tile,
        /// Why.
        #[source]
        source: E,
    },
    /// A tile has too few hashes, or no whole ones.
    #[error("{tile} has {bytes} bytes, not those of {} hashes; fetch or rebuild it", tile.width())]
    WrongLength {
        /// Which.
        tile: Tile,
        /// Its length.
        bytes: usize,
    },
    /// A proof was asked for what the tree does not have.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl<E, R> Tiles<R>
where
    E: std::error::Error + 'static,
    R: FnMut(&Tile) -> Result<Vec<u8>, E>,
{
    /// The tree of `size` leaves whose tiles `read` gives.
    pub fn new(size: u64, read: R) -> Self {
        Self {
            size,
            read,
            cache: HashMap::new(),
        }
    }

    /// The tree's size and root, as its tiles say.
    pub fn head(&mut self) -> Result<TreeHead, ReadError<E>> {
        self.head_at(self.size)
    }

    /// Size and root that this tree had when it was smaller.
    pub fn head_at(&mut self, size: u64) -> Result<TreeHead, ReadError<E>> {
        if size > self.size {
            let (size, asked) = (self.size, size);
            return Err(OutOfRange { size, asked }.into());
        }
        let root = tree::root(size, &mut |node| self.node(node))?;
        Ok(TreeHead { size, root })
    }

    /// The proof that leaf `index` is in this tree.
    pub fn inclusion_proof(&mut self, index: u64) -> Result<Vec<Hash>, ReadError<E>> {
        tree::inclusion_proof(index, self.size, &mut |node| self.node(node))
    }

    /// The proof that the tree of the first `old` leaves is a beginning of this tree.
    pub fn consistency_proof(&mut self, old: u64) -> Result<Vec<Hash>, ReadError<E>> {
        tree::consistency_proof(old, self.size, &mut |node| self.node(node))
    }

    /// The hash of a leaf.
    pub fn leaf(&mut self, index: u64) -> Result<Hash, ReadError<E>> {
        if index >= self.size {
            let (size, asked) = (self.size, index);
            return Err(OutOfRange { size, asked }.into());
        }
        self.node(Node { height: 0, index })
    }

    fn node(&mut self, node: Node) -> Result<Hash, ReadError<E>> {
        let level = u8::try_from(node.height / HEIGHT).unwrap_or(u8::MAX);
        let within = node.height % HEIGHT;
        let first = node.index << within;
        let row = first / u64::from(WIDTH);
        let hashes = self.tile(level, row)?;
        let start = usize::try_from(first % u64::from(WIDTH)).unwrap_or(usize::MAX);
        let below = hashes
            .get(start..start + (1 << within))
            .expect("a node that is complete in this tree is complete in its tile");
        Ok(root_of(below))
    }

    fn tile(&mut self, level: u8, row: u64) -> Result<&[Hash], ReadError<E>> {
        if !self.cache.contains_key(&(level, row)) {
            let tile = Tile::in_tree(level, row, self.size)
                .expect("a node that is complete in this tree lies in one of its tiles");
            let hashes = read_tile(&mut self.read, tile)?;
            if self.cache.len() >= CACHE_TILES_MAX {
                self.cache.clear();
            }
            self.cache.insert((level, row), hashes);
        }
        Ok(self.cache.get(&(level, row)).map_or(&[], Vec::as_slice))
    }
}

/// Exactly the hashes of this tile, of bytes that may be those of a wider one.
pub(crate) fn read_tile<E: std::error::Error + 'static>(
    read: &mut impl FnMut(&Tile) -> Result<Vec<u8>, E>,
    tile: Tile,
) -> Result<Vec<Hash>, ReadError<E>> {
    let bytes = read(&tile).map_err(|source| ReadError::Read { tile, source })?;
    let hashes = decode_tile(&bytes).filter(|hashes| hashes.len() >= usize::from(tile.width()));
    let mut hashes = hashes.ok_or(ReadError::WrongLength {
        tile,
        bytes: bytes.len(),
    })?;
    hashes.truncate(usize::from(tile.width()));
    Ok(hashes)
}
