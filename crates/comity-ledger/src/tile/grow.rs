//! Growing a tree: which tiles change, and to what.
//!
//! In scope: the new bytes of every tile that new leaves touch, and the new root. Out of scope: keeping them; a store
//! keeps tiles as rows, replaces partial ones, and keeps all of it in one transaction with the entries.

use super::read::read_tile;
use super::{HEIGHT, ReadError, Tile, Tiles, WIDTH, WIDTH_HASHES, encode_tile};
use crate::tree::{Hash, TreeHead, root_of};

/// A tile that is new or wider than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenTile {
    /// Where it belongs.
    pub tile: Tile,
    /// All its hashes.
    pub bytes: Vec<u8>,
}

/// What a growing tree writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// The tiles, lowest level first, each level from the left.
    pub tiles: Vec<WrittenTile>,
    /// The tree afterwards.
    pub head: TreeHead,
}

/// Appends `leaves`, given by their hashes, to the tree of `old` leaves. `read` gives the tiles of the old tree.
///
/// At most two partial tiles a level are read, whatever the size of the tree.
pub fn grow<E: std::error::Error + 'static>(
    old: u64,
    leaves: &[Hash],
    mut read: impl FnMut(&Tile) -> Result<Vec<u8>, E>,
) -> Result<Growth, ReadError<E>> {
    let mut tiles = Vec::new();
    let mut added = leaves.to_vec();
    let mut level: u8 = 0;
    while !added.is_empty() {
        let before = old >> (HEIGHT * u32::from(level));
        let partial = u16::try_from(before % u64::from(WIDTH)).unwrap_or(0);
        let first = before / u64::from(WIDTH);
        let mut row = if partial > 0 {
            read_tile(&mut read, Tile::of(level, first, partial))?
        } else {
            Vec::new()
        };
        row.append(&mut added);
        for (index, hashes) in (first..).zip(row.chunks(WIDTH_HASHES)) {
            let width = u16::try_from(hashes.len()).unwrap_or(WIDTH);
            let tile = Tile::of(level, index, width);
            let bytes = encode_tile(hashes);
            tiles.push(WrittenTile { tile, bytes });
            if width == WIDTH {
                added.push(root_of(hashes));
            }
        }
        level += 1;
    }
    let size = old + u64::try_from(leaves.len()).unwrap_or(u64::MAX);
    let written = |wanted: &Tile| {
        let key = (wanted.level(), wanted.index());
        let found = tiles.binary_search_by_key(&key, |one| (one.tile.level(), one.tile.index()));
        found.ok().and_then(|at| tiles.get(at))
    };
    let head = Tiles::new(size, |tile: &Tile| match written(tile) {
        Some(found) => Ok(found.bytes.clone()),
        None => read(tile),
    })
    .head()?;
    Ok(Growth { tiles, head })
}
