//! Coordinates of tiles and bundles, and the paths under which they are served.
//!
//! In scope: reading and writing paths, each in one form only. Out of scope: the prefix before them.

use std::fmt;
use std::ops::Range;

use super::{HEIGHT, WIDTH};

/// Highest level of a tile. The specification allows 63; a tree of 2^63 leaves has 8 levels of tiles, 0 to 7.
const LEVEL_MAX: u8 = 63;

/// A row of up to 256 hashes of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    level: u8,
    index: u64,
    width: u16,
}

impl Tile {
    /// The tile at this level, counted from the leaves, and index, with this many hashes.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, PathError> {
        if level > LEVEL_MAX || !(1..=WIDTH).contains(&width) {
            return Err(PathError);
        }
        Ok(Self::of(level, index, width))
    }

    /// The tile at this level and index of a tree of `size` leaves, as wide as it is there; `None` if it has none.
    pub fn in_tree(level: u8, index: u64, size: u64) -> Option<Self> {
        let hashes = size.checked_shr(HEIGHT * u32::from(level))?;
        let filled = hashes.checked_sub(index.checked_mul(u64::from(WIDTH))?)?;
        let width = u16::try_from(filled.min(u64::from(WIDTH))).ok()?;
        Self::new(level, index, width).ok()
    }

    pub(super) fn of(level: u8, index: u64, width: u16) -> Self {
        Self {
            level,
            index,
            width,
        }
    }

    /// 0 for hashes of leaves; each level above has the roots of the full tiles below.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// How many tiles of its level lie left of it.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes, 256 if it is full.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all its 256 hashes, and so never changes again.
    pub fn is_full(&self) -> bool {
        self.width == WIDTH
    }

    /// The same tile with all its hashes.
    #[must_use]
    pub fn full(&self) -> Self {
        Self {
            width: WIDTH,
            ..*self
        }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "tile/{}/", self.level)?;
        write_row(formatter, self.index, self.width)
    }
}

/// A row of up to 256 entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bundle {
    index: u64,
    width: u16,
}

impl Bundle {
    /// The bundle at this index with this many entries.
    pub fn new(index: u64, width: u16) -> Result<Self, PathError> {
        if (1..=WIDTH).contains(&width) {
            Ok(Self::of(index, width))
        } else {
            Err(PathError)
        }
    }

    pub(super) fn of(index: u64, width: u16) -> Self {
        Self { index, width }
    }

    /// How many bundles lie left of it.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many entries, 256 if it is full.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The same bundle with all its entries.
    #[must_use]
    pub fn full(&self) -> Self {
        Self {
            width: WIDTH,
            ..*self
        }
    }

    /// The indices of its entries; `None` if they are beyond any tree.
    pub fn entries(&self) -> Option<Range<u64>> {
        let start = self.index.checked_mul(u64::from(WIDTH))?;
        Some(start..start.checked_add(u64::from(self.width))?)
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("tile/entries/")?;
        write_row(formatter, self.index, self.width)
    }
}

/// What a log serves under its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resource {
    /// `checkpoint`
    Checkpoint,
    /// `tile/<L>/<N>[.p/<W>]`
    Tile(Tile),
    /// `tile/entries/<N>[.p/<W>]`
    Bundle(Bundle),
}

impl Resource {
    /// Reads a path below a log's prefix, without leading slash.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        if path == "checkpoint" {
            return Ok(Self::Checkpoint);
        }
        let rest = path.strip_prefix("tile/").ok_or(PathError)?;
        let (level, row) = rest.split_once('/').ok_or(PathError)?;
        let (index, width) = parse_row(row).ok_or(PathError)?;
        let resource = if level == "entries" {
            Self::Bundle(Bundle::new(index, width)?)
        } else {
            let level = level.parse().map_err(|_| PathError)?;
            Self::Tile(Tile::new(level, index, width)?)
        };
        // One path for one resource: whatever is read writes back the same.
        if resource.to_string() == path {
            Ok(resource)
        } else {
            Err(PathError)
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => formatter.write_str("checkpoint"),
            Self::Tile(tile) => tile.fmt(formatter),
            Self::Bundle(bundle) => bundle.fmt(formatter),
        }
    }
}

/// Not the path of a tile or bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such resource of a log; there are checkpoint, tile/LEVEL/INDEX and tile/entries/INDEX")]
pub struct PathError;

/// An index in groups of three digits, all but the last behind an `x`, and the width if it is partial.
fn write_row(formatter: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let mut groups = vec![index % 1000];
    let mut rest = index / 1000;
    while rest > 0 {
        groups.push(rest % 1000);
        rest /= 1000;
    }
    for (place, group) in groups.iter().enumerate().rev() {
        if place == 0 {
            write!(formatter, "{group:03}")?;
        } else {
            write!(formatter, "x{group:03}/")?;
        }
    }
    if width == WIDTH {
        Ok(())
    } else {
        write!(formatter, ".p/{width}")
    }
}

fn parse_row(row: &str) -> Option<(u64, u16)> {
    let (groups, width) = match row.split_once(".p/") {
        Some((groups, width)) => (groups, width.parse().ok()?),
        None => (row, WIDTH),
    };
    let mut index: u64 = 0;
    for group in groups.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        let group: u64 = digits.parse().ok().filter(|group| *group < 1000)?;
        index = index.checked_mul(1000)?.checked_add(group)?;
    }
    Some((index, width))
}
