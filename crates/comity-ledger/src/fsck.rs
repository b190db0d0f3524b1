//! Checking a whole log from its files alone: entries make the tiles, tiles make the root, the log signed the root.
//!
//! In scope: every tile and bundle of the newest checkpoint, each problem with the file it is in. Out of scope: what the
//! entries say, older checkpoints (`mirror`).
//!
//! Limits: at most [`PROBLEMS_MAX`] problems are named, and the rest counted up to [`PROBLEMS_COUNTED_MAX`], where the check
//! ends; memory does not grow with the log.

use crate::key::VerifierKey;
use crate::layout::{Layout, LayoutError};
use crate::note::NoteError;
use crate::tile::Tiles;
use crate::tile::{Bundle, Tile, WIDTH, bundles_of, decode_bundle, decode_tile, tiles_of};
use crate::tree::{Hash, OutOfRange, TreeHead, leaf_hash, root_of};

/// Most problems that are named.
pub const PROBLEMS_MAX: usize = 100;

/// Most problems that are counted: a log that is missing altogether is not walked through to its end.
pub const PROBLEMS_COUNTED_MAX: u64 = 10_000;

/// What is there to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Entries and hash tiles: an exported log.
    Entries,
    /// Hash tiles only: a mirror, which never sees entries.
    HashTiles,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The tree that the checkpoint claims, if there is a checkpoint.
    pub head: Option<TreeHead>,
    /// Tiles and bundles that were read.
    pub files: u64,
    /// The first [`PROBLEMS_MAX`] problems, in the order of the files.
    pub problems: Vec<Problem>,
    /// How many there were beyond those.
    pub more_problems: u64,
}

impl Report {
    /// Whether the log is whole.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    fn is_full(&self) -> bool {
        self.more_problems >= PROBLEMS_COUNTED_MAX
    }

    fn add(&mut self, problem: Problem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }
}

/// Something wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A file that cannot be read. The text says which and why.
    #[error("{what}")]
    Unreadable {
        /// Which and why.
        what: String,
    },
    /// The log's signature.
    #[error("the checkpoint is not signed as it must be")]
    Signature(#[from] NoteError),
    /// A tile or bundle with too few or too many hashes or entries.
    #[error("{path} is not {width} whole hashes or entries long")]
    WrongLength {
        /// Which.
        path: String,
        /// How many there must be.
        width: u16,
    },
    /// An entry whose hash is not the one in the tile.
    #[error("entry {index} does not hash to what its tile says")]
    OtherEntry {
        /// Which.
        index: u64,
    },
    /// A full tile whose root is not the one in the tile above.
    #[error("{tile} does not hash to what the tile above says")]
    OtherTile {
        /// Which.
        tile: Tile,
    },
    /// The tiles make another root than the checkpoint.
    #[error("the tiles make the root {found}, the checkpoint says {signed}")]
    OtherRoot {
        /// Of the tiles.
        found: Hash,
        /// Of the checkpoint.
        signed: Hash,
    },
}

/// Checks a log. `keys` are those of the log.
pub fn check<E, R>(layout: &mut Layout<R>, keys: &[VerifierKey], extent: Extent) -> Report
where
    E: std::error::Error + 'static,
    R: FnMut(&str) -> Result<Option<Vec<u8>>, E>,
{
    let mut report = Report {
        head: None,
        files: 0,
        problems: Vec::new(),
        more_problems: 0,
    };
    let signed = match layout.checkpoint() {
        Ok(signed) => signed,
        Err(error) => {
            report.add(unreadable(&error));
            return report;
        }
    };
    if let Err(error) = signed.verify(keys) {
        report.add(error.into());
    }
    let head = signed.checkpoint().head();
    report.head = Some(head);
    let mut check = Check {
        layout,
        report,
        above: None,
    };
    check.tiles(head.size);
    if extent == Extent::Entries {
        check.entries(head.size);
    }
    check.root(head);
    check.report
}

struct Check<'a, R> {
    layout: &'a mut Layout<R>,
    report: Report,
    /// The tile above the one at hand: its level, its index and its hashes, if it can be read.
    above: Option<(u8, u64, Option<Vec<Hash>>)>,
}

impl<E, R> Check<'_, R>
where
    E: std::error::Error + 'static,
    R: FnMut(&str) -> Result<Option<Vec<u8>>, E>,
{
    /// Every full tile hashes to what the tile above says.
    fn tiles(&mut self, size: u64) {
        for tile in tiles_of(size) {
            if self.report.is_full() {
                return;
            }
            let Some(hashes) = self.read(tile) else {
                continue;
            };
            self.report.files += 1;
            if tile.is_full() {
                let expected = self.parent(tile, size);
                if expected.is_some_and(|expected| expected != root_of(&hashes)) {
                    self.report.add(Problem::OtherTile { tile });
                }
            }
        }
    }

    /// Every entry hashes to what its tile says.
    fn entries(&mut self, size: u64) {
        for bundle in bundles_of(size) {
            if self.report.is_full() {
                return;
            }
            let bytes = match self.layout.bundle(&bundle) {
                Ok(bytes) => bytes,
                Err(error) => {
                    self.report.add(unreadable(&error));
                    continue;
                }
            };
            self.report.files += 1;
            self.bundle(bundle, &bytes);
        }
    }

    fn bundle(&mut self, bundle: Bundle, bytes: &[u8]) {
        let width = usize::from(bundle.width());
        let entries = decode_bundle(bytes).ok();
        let Some(entries) = entries.filter(|entries| fits(entries.len(), bundle.width())) else {
            let (path, width) = (bundle.to_string(), bundle.width());
            self.report.add(Problem::WrongLength { path, width });
            return;
        };
        let tile = Tile::new(0, bundle.index(), bundle.width()).ok();
        let hashes = tile.and_then(|tile| self.quietly(tile));
        let (Some(hashes), Some(range)) = (hashes, bundle.entries()) else {
            return; // The tile is a problem already.
        };
        for ((index, entry), hash) in range.zip(entries).zip(hashes).take(width) {
            if leaf_hash(entry) != hash {
                self.report.add(Problem::OtherEntry { index });
            }
        }
    }

    /// The tiles on the right edge make the root.
    fn root(&mut self, head: TreeHead) {
        let mut tiles = Tiles::new(head.size, |tile: &Tile| {
            self.layout.tile(tile).map_err(|_| OutOfRange {
                size: head.size,
                asked: tile.index(),
            })
        });
        // What cannot be read is a problem already.
        if let Ok(found) = tiles.head()
            && found != head
        {
            let (found, signed) = (found.root, head.root);
            self.report.add(Problem::OtherRoot { found, signed });
        }
    }

    /// The hash that stands for this full tile in the tile above.
    fn parent(&mut self, tile: Tile, size: u64) -> Option<Hash> {
        let (level, index) = (tile.level() + 1, tile.index() / u64::from(WIDTH));
        let known = |above: &(u8, u64, Option<Vec<Hash>>)| above.0 == level && above.1 == index;
        if !self.above.as_ref().is_some_and(known) {
            let there = Tile::in_tree(level, index, size);
            let hashes = there.and_then(|above| self.quietly(above));
            self.above = Some((level, index, hashes));
        }
        let hashes = self.above.as_ref().and_then(|above| above.2.as_ref())?;
        let place = usize::try_from(tile.index() % u64::from(WIDTH)).ok()?;
        hashes.get(place).copied()
    }

    fn read(&mut self, tile: Tile) -> Option<Vec<Hash>> {
        let bytes = match self.layout.tile(&tile) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.report.add(unreadable(&error));
                return None;
            }
        };
        let hashes = decode_tile(&bytes).filter(|hashes| fits(hashes.len(), tile.width()));
        if hashes.is_none() {
            let (path, width) = (tile.to_string(), tile.width());
            self.report.add(Problem::WrongLength { path, width });
        }
        hashes.map(|hashes| cut(hashes, tile.width()))
    }

    /// Reads a tile whose problems are reported in its own turn.
    fn quietly(&mut self, tile: Tile) -> Option<Vec<Hash>> {
        let bytes = self.layout.tile(&tile).ok()?;
        let hashes = decode_tile(&bytes).filter(|hashes| fits(hashes.len(), tile.width()))?;
        Some(cut(hashes, tile.width()))
    }
}

/// As wide as asked for, or the full one in its place.
fn fits(count: usize, width: u16) -> bool {
    count == usize::from(width) || count == usize::from(WIDTH)
}

fn cut(mut hashes: Vec<Hash>, width: u16) -> Vec<Hash> {
    hashes.truncate(usize::from(width));
    hashes
}

fn unreadable<E: std::error::Error + 'static>(error: &LayoutError<E>) -> Problem {
    let mut what = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        what = format!("{what}: {cause}");
        source = cause.source();
    }
    Problem::Unreadable { what }
}

#[cfg(test)]
mod tests;
