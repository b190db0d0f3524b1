//! Tiles and entry bundles (C2SP `tlog-tiles`): the tree cut into rows of 256 hashes, the entries into rows of 256.
//!
//! In scope: coordinates and paths ([`Tile`], [`Bundle`], [`Resource`]), which of them a tree has, reading the tree through
//! tiles ([`Tiles`]), growing it ([`grow`]), the bytes of a bundle ([`encode_bundle`], [`decode_bundle`]). Out of scope:
//! where tiles are kept: as files, as rows of a database.
//!
//! Limits: those of the specification: 256 hashes a tile, 256 entries a bundle, 65,535 bytes an entry.

mod bundle;
mod grow;
mod path;
mod read;

pub use bundle::{BundleError, ENTRY_BYTES_MAX, decode_bundle, encode_bundle};
pub use grow::{Growth, WrittenTile, grow};
pub use path::{Bundle, PathError, Resource, Tile};
pub use read::{ReadError, Tiles};

use crate::tree::{HASH_BYTES, Hash};

/// Hashes of a full tile, entries of a full bundle.
pub const WIDTH: u16 = 256;

/// [`WIDTH`] for lengths in memory.
const WIDTH_HASHES: usize = 256;

/// [`WIDTH`] as a power of two: the levels of the tree that lie between two levels of tiles.
const HEIGHT: u32 = 8;

/// The bytes of a tile.
pub fn encode_tile(hashes: &[Hash]) -> Vec<u8> {
    let bytes = hashes.iter().flat_map(|hash| hash.as_bytes().iter());
    bytes.copied().collect()
}

/// The hashes of a tile: whole ones, 1 to 256.
pub fn decode_tile(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    let fits = rest.is_empty() && !hashes.is_empty() && hashes.len() <= WIDTH_HASHES;
    fits.then(|| hashes.iter().copied().map(Hash::new).collect())
}

/// The tiles of a tree, level by level from the leaves up, each level from the left: full ones and the partial last.
pub fn tiles_of(size: u64) -> impl Iterator<Item = Tile> {
    tiles_written(0, size)
}

/// The tiles that a tree of `new` leaves has and the tree of its first `old` leaves had not, or not that wide.
pub fn tiles_written(old: u64, new: u64) -> impl Iterator<Item = Tile> {
    (0..=7).flat_map(move |level: u8| {
        let shift = HEIGHT * u32::from(level);
        let (before, after) = (old >> shift, new >> shift);
        rows(before, after).map(move |(index, width)| Tile::of(level, index, width))
    })
}

/// The bundles of the entries of a tree, from the left.
pub fn bundles_of(size: u64) -> impl Iterator<Item = Bundle> {
    bundles_written(0, size)
}

/// The bundles that change when `old` entries become `new`.
pub fn bundles_written(old: u64, new: u64) -> impl Iterator<Item = Bundle> {
    rows(old, new).map(|(index, width)| Bundle::of(index, width))
}

/// Rows of 256 that cover the positions from `before` to `after`, each with its width at `after`.
fn rows(before: u64, after: u64) -> impl Iterator<Item = (u64, u16)> {
    let width = u64::from(WIDTH);
    let end = if after > before {
        after.div_ceil(width)
    } else {
        0
    };
    (before / width..end).map(move |index| {
        let filled = (after - index * width).min(width);
        (index, u16::try_from(filled).unwrap_or(WIDTH))
    })
}

#[cfg(test)]
#[allow(clippy::as_conversions, reason = "test code: short beats fast")]
mod tests;
