//! Compressed blocks: stretches of a view, deflated once, so that a gzip answer is joined and not compressed.
//!
//! A block holds what a default page shows of [`BLOCK_ENTRIES`] entries in a row, and ends with a full flush, so that
//! blocks and small stored pieces between them make one RFC 1951 stream. Blocks are derived: one that no longer holds
//! is forgotten at once and built again when the node has nothing else to do.
//!
//! In scope: building, keeping, forgetting. Out of scope: joining them to an answer (`comity-api`).
//! Limits: the file of a view grows by what is rebuilt; `comity doctor --rebuild-index` writes it afresh.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::Bytes;

use crate::error::StoreError;
use crate::objects::deflate::stretch;
use crate::objects::index::BlockChange;
use crate::objects::query::ReadyBlock;

/// Entries of a block. A hundred divides the page sizes that clients ask for.
pub(crate) const BLOCK_ENTRIES: u64 = 100;
/// Deflate level. Measured on STIX in blocks of a hundred: level 6 is 5 % smaller than 5 at one and a half times the work,
/// which is done once, while every answer copies the bytes; beyond 6 there is nothing to gain.
const LEVEL: u32 = 6;

/// Where a block lies in its file, and what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockPlace {
    pub(crate) offset: u64,
    pub(crate) length: u32,
    pub(crate) crc: u32,
    /// Bytes before compression.
    pub(crate) plain: u32,
    /// Objects in it; 0 for a stretch that shows nothing.
    pub(crate) objects: u32,
}

/// The blocks of all views.
#[derive(Debug)]
pub(crate) struct Blocks {
    folder: PathBuf,
    views: RwLock<HashMap<u32, ViewBlocks>>,
    changes: Mutex<Vec<BlockChange>>,
}

#[derive(Debug)]
struct ViewBlocks {
    file: Arc<File>,
    end: u64,
    places: HashMap<u64, BlockPlace>,
    /// Every block below this one is built; looking for work starts here.
    built_below: u64,
}

impl Blocks {
    /// The blocks on record.
    pub(crate) fn open(
        folder: &Path,
        recorded: Vec<(u32, u64, BlockPlace)>,
    ) -> Result<Self, StoreError> {
        let blocks = Self {
            folder: folder.to_owned(),
            views: RwLock::default(),
            changes: Mutex::default(),
        };
        for (view, block, place) in recorded {
            blocks.with_view(view, |v| {
                let end = place.offset + u64::from(place.length);
                v.end = v.end.max(end);
                v.places.insert(block, place);
            })?;
        }
        Ok(blocks)
    }

    /// Whether the file of each view reaches as far as its blocks on record do.
    pub(crate) fn are_whole(folder: &Path, recorded: &[(u32, u64, BlockPlace)]) -> bool {
        let mut ends: HashMap<u32, u64> = HashMap::new();
        for (view, _, place) in recorded {
            let end = ends.entry(*view).or_default();
            *end = (*end).max(place.offset + u64::from(place.length));
        }
        ends.into_iter().all(|(view, end)| {
            std::fs::metadata(path_of(folder, view)).is_ok_and(|file| file.len() >= end)
        })
    }

    /// The block and its file, if it is built.
    pub(crate) fn find(&self, view: u32, block: u64) -> Option<(Arc<File>, BlockPlace)> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        let of_view = views.get(&view)?;
        Some((Arc::clone(&of_view.file), *of_view.places.get(&block)?))
    }

    /// The lowest block below `below` that is not built.
    pub(crate) fn missing(&self, view: u32, below: u64) -> Option<u64> {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        let Some(of_view) = views.get_mut(&view) else {
            return (below > 0).then_some(0);
        };
        while of_view.built_below < below && of_view.places.contains_key(&of_view.built_below) {
            of_view.built_below += 1;
        }
        (of_view.built_below < below).then_some(of_view.built_below)
    }

    /// Writes a built block to the view's file and answers its place, not yet in force.
    pub(crate) fn write(
        &self,
        view: u32,
        deflate: &[u8],
        plain: Summed,
        objects: u32,
    ) -> Result<BlockPlace, StoreError> {
        let length = u32::try_from(deflate.len()).unwrap_or(u32::MAX);
        let (file, offset) = self.with_view(view, |v| {
            let offset = v.end;
            v.end += u64::from(length);
            (Arc::clone(&v.file), offset)
        })?;
        file.write_all_at(deflate, offset)
            .map_err(|e| StoreError::file("write", &self.path(view), e))?;
        Ok(BlockPlace {
            offset,
            length,
            crc: plain.crc,
            plain: plain.length,
            objects,
        })
    }

    /// Puts a built block in force. The caller has made sure that it still holds.
    pub(crate) fn put(&self, view: u32, block: u64, place: BlockPlace) -> Result<(), StoreError> {
        self.with_view(view, |v| v.places.insert(block, place))?;
        self.changed((view, block, Some(place)));
        Ok(())
    }

    /// Forgets the blocks in which these positions lie.
    pub(crate) fn forget(&self, view: u32, positions: impl Iterator<Item = u64>) {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        let Some(of_view) = views.get_mut(&view) else {
            return;
        };
        for block in positions.map(|position| position / BLOCK_ENTRIES) {
            of_view.built_below = of_view.built_below.min(block);
            if of_view.places.remove(&block).is_some() {
                self.changed((view, block, None));
            }
        }
    }

    /// Makes the files durable and answers the changes since the last call, in order, to be put on record.
    pub(crate) fn take_changes(&self) -> Result<Vec<BlockChange>, StoreError> {
        let changes =
            std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner));
        let files: Vec<(u32, Arc<File>)> = {
            let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
            let built = |view: &u32| {
                changes
                    .iter()
                    .any(|(of, _, place)| of == view && place.is_some())
            };
            views
                .iter()
                .filter(|(view, _)| built(view))
                .map(|(view, v)| (*view, Arc::clone(&v.file)))
                .collect()
        };
        for (view, file) in files {
            if let Err(error) = file.sync_data() {
                self.give_back(changes);
                return Err(StoreError::file("sync", &self.path(view), error));
            }
        }
        Ok(changes)
    }

    /// Takes back changes that could not be put on record; they come before those made since.
    pub(crate) fn give_back(&self, mut changes: Vec<BlockChange>) {
        let mut kept = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.append(&mut kept);
        *kept = changes;
    }

    fn changed(&self, change: BlockChange) {
        self.changes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(change);
    }

    fn path(&self, view: u32) -> PathBuf {
        path_of(&self.folder, view)
    }

    fn with_view<T>(
        &self,
        view: u32,
        with: impl FnOnce(&mut ViewBlocks) -> T,
    ) -> Result<T, StoreError> {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_view) = views.get_mut(&view) {
            return Ok(with(of_view));
        }
        let path = self.path(view);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let file = Arc::new(file.map_err(|e| StoreError::file("open", &path, e))?);
        let mut of_view = ViewBlocks {
            file,
            end: 0,
            places: HashMap::new(),
            built_below: 0,
        };
        let answer = with(&mut of_view);
        views.insert(view, of_view);
        Ok(answer)
    }
}

fn path_of(folder: &Path, view: u32) -> PathBuf {
    folder.join(format!("view-{view:08}.blocks"))
}

impl BlockPlace {
    /// Reads the block's bytes.
    pub(crate) fn read(&self, file: &File) -> std::io::Result<ReadyBlock> {
        let mut bytes = vec![0; usize::try_from(self.length).unwrap_or(0)];
        file.read_exact_at(&mut bytes, self.offset)?;
        Ok(ReadyBlock {
            deflate: Bytes::from(bytes),
            crc: self.crc,
            length: self.plain,
        })
    }
}

/// Length and CRC-32 of the bytes that a block stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summed {
    pub(crate) crc: u32,
    pub(crate) length: u32,
}

/// Deflates `parts` as one stretch that ends with a full flush.
pub(crate) fn deflate(parts: &[Bytes]) -> (Vec<u8>, Summed) {
    let mut crc = crc32fast::Hasher::new();
    for part in parts {
        crc.update(part);
    }
    let total: usize = parts.iter().map(Bytes::len).sum();
    let length = u32::try_from(total).unwrap_or(u32::MAX);
    let deflated = stretch(parts.iter().map(Bytes::as_ref), total, LEVEL);
    (
        deflated,
        Summed {
            crc: crc.finalize(),
            length,
        },
    )
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn inflate(deflated: &[u8]) -> Vec<u8> {
        // An empty final stored block ends the stream.
        let whole = [deflated, &[1, 0, 0, 0xff, 0xff]].concat();
        let mut plain = Vec::new();
        flate2::read::DeflateDecoder::new(whole.as_slice())
            .read_to_end(&mut plain)
            .unwrap();
        plain
    }

    #[test]
    fn stretches_join_to_one_stream() {
        let one: Vec<Bytes> = (0..40)
            .map(|i| Bytes::from(format!("{{\"number\":{i}}},").repeat(60)))
            .collect();
        let two = [Bytes::from_static(b"the end")];
        let (first, summed) = deflate(&one);
        let (second, _) = deflate(&two);
        assert_eq!(
            inflate(&[first, second].concat()),
            [one.concat(), two.concat()].concat()
        );
        assert_eq!(summed.crc, crc32fast::hash(&one.concat()));
    }

    #[test]
    fn a_forgotten_block_is_missing_and_its_removal_goes_on_record() {
        let folder = tempfile::tempdir().unwrap();
        let blocks = Blocks::open(folder.path(), Vec::new()).unwrap();
        let (bytes, summed) = deflate(&[Bytes::from_static(b"abc")]);
        for block in 0..3 {
            assert_eq!(blocks.missing(1, 3), Some(block));
            let place = blocks.write(1, &bytes, summed, 1).unwrap();
            blocks.put(1, block, place).unwrap();
        }
        assert_eq!(blocks.missing(1, 3), None);
        blocks.forget(1, [150].into_iter());
        assert_eq!(blocks.missing(1, 3), Some(1));
        let (file, place) = blocks.find(1, 2).unwrap();
        assert_eq!(inflate(&place.read(&file).unwrap().deflate), b"abc");
        let changes = blocks.take_changes().unwrap();
        assert_eq!(changes.len(), 4);
        let again = Blocks::open(folder.path(), vec![(1, 2, place)]).unwrap();
        assert_eq!(again.find(1, 2).unwrap().1, place);
        assert!(again.find(1, 1).is_none());
    }
}
