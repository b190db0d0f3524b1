//! The file of a view: one fixed-size entry an object, in commit order.
//!
//! Derived from the log: it is extended lazily, and what lies behind the length that the index recorded is written
//! again when the log is replayed. Readers hold the view's lock while they read entries, so that a version and the one
//! that it replaces change places at once.
//!
//! In scope: reading and writing entries, finding a moment, skipping stretches without a type.
//! Out of scope: which entries a query wants (`paging`), the bytes they point to (`segment`).

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::error::StoreError;
use crate::objects::ViewSummary;
use crate::objects::entry::{ENTRY_BYTES, Entry, FLAGS_AT, Flags};

/// Entries of one stretch whose types are summed up in one word, for skipping.
pub(crate) const STRETCH: u64 = 4096;

/// One view's file.
#[derive(Debug)]
pub(crate) struct View {
    path: PathBuf,
    file: File,
    state: RwLock<ViewState>,
}

/// What is known of a view besides its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ViewState {
    /// How many entries readers may see.
    pub(crate) length: u64,
    pub(crate) summary: ViewSummary,
    /// For each stretch a bit for each type number modulo 64 that occurs in it.
    pub(crate) types: Vec<u64>,
}

impl View {
    /// Opens or makes the file of view `number`, of which `state` is on record.
    pub(crate) fn open(folder: &Path, number: u32, state: ViewState) -> Result<Self, StoreError> {
        let path = path_of(folder, number);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| StoreError::file("open", &path, e))?;
        Ok(Self {
            path,
            file,
            state: RwLock::new(state),
        })
    }

    /// Whether the file of view `number` holds all that is on record of it.
    pub(crate) fn is_whole(folder: &Path, number: u32, state: &ViewState) -> bool {
        std::fs::metadata(path_of(folder, number)).map_or(state.length == 0, |file| {
            file.len() >= byte_offset(state.length)
        })
    }

    /// The view as readers see it; entries do not change while the guard lives.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, ViewState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The view for its one writer.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, ViewState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Entries from `from` on: `count` of them, or as many as the file has.
    pub(crate) fn entries(&self, from: u64, count: usize) -> Result<Vec<Entry>, StoreError> {
        let mut bytes = vec![0_u8; count * ENTRY_BYTES];
        self.file
            .read_exact_at(&mut bytes, byte_offset(from))
            .map_err(|e| StoreError::file("read", &self.path, e))?;
        Ok(bytes
            .chunks_exact(ENTRY_BYTES)
            .filter_map(Entry::read)
            .collect())
    }

    /// The entry at `position`.
    pub(crate) fn entry(&self, position: u64) -> Result<Entry, StoreError> {
        let entries = self.entries(position, 1)?;
        entries.first().copied().ok_or_else(|| StoreError::Damaged {
            path: self.path.clone(),
            what: format!("no entry {position}; run `comity doctor --rebuild-index`"),
        })
    }

    /// Writes `entries` from `position` on, not yet visible to readers.
    pub(crate) fn put(&self, position: u64, entries: &[Entry]) -> Result<(), StoreError> {
        let mut bytes = Vec::with_capacity(entries.len() * ENTRY_BYTES);
        for entry in entries {
            entry.put(&mut bytes);
        }
        self.file
            .write_all_at(&bytes, byte_offset(position))
            .map_err(|e| StoreError::file("write", &self.path, e))
    }

    /// Replaces the flags of one entry.
    pub(crate) fn put_flags(&self, position: u64, flags: Flags) -> Result<(), StoreError> {
        let at = byte_offset(position) + u64::try_from(FLAGS_AT).unwrap_or(0);
        self.file
            .write_all_at(&flags.bits().to_le_bytes(), at)
            .map_err(|e| StoreError::file("write", &self.path, e))
    }

    /// Makes all entries durable.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file
            .sync_data()
            .map_err(|e| StoreError::file("sync", &self.path, e))
    }

    /// The first position, below `length`, whose `date_added` is after `moment`.
    pub(crate) fn after(&self, length: u64, moment: i64) -> Result<u64, StoreError> {
        let (mut low, mut high) = (0, length);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.entry(middle)?.added <= moment {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

impl ViewState {
    /// Takes in entries that were put behind the present length.
    pub(crate) fn extend(&mut self, entries: &[Entry]) {
        for entry in entries {
            let stretch = usize::try_from(self.length / STRETCH).unwrap_or(usize::MAX);
            if self.types.len() <= stretch {
                self.types.resize(stretch + 1, 0);
            }
            if let Some(bits) = self.types.get_mut(stretch) {
                *bits |= type_bit(entry.type_number);
            }
            self.length += 1;
            self.summary.last_added = entry.added;
            self.count(entry.flags, 1);
        }
        self.summary.generation += 1;
    }

    /// Takes in that an entry's flags changed.
    pub(crate) fn reflag(&mut self, before: Flags, after: Flags) {
        self.count(before, -1);
        self.count(after, 1);
        self.summary.generation += 1;
    }

    fn count(&mut self, flags: Flags, by: i64) {
        if !flags.any(Flags::REMOVED) {
            self.summary.versions = self.summary.versions.saturating_add_signed(by);
        }
        if !flags.any(Flags::HIDDEN) {
            self.summary.objects = self.summary.objects.saturating_add_signed(by);
        }
    }
}

/// The bit of a type in a stretch's word.
pub(crate) fn type_bit(number: u16) -> u64 {
    1 << (number % 64)
}

fn path_of(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("view-{number:08}.idx"))
}

fn byte_offset(position: u64) -> u64 {
    position * u64::try_from(ENTRY_BYTES).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn entry(added: i64, type_number: u16, flags: Flags) -> Entry {
        Entry {
            added,
            version: 0,
            version_nanos: 0,
            uuid: Uuid::from_u128(7),
            segment: 1,
            offset: 8,
            length: 1,
            type_number,
            flags,
        }
    }

    fn filled(folder: &Path, entries: &[Entry]) -> View {
        let view = View::open(folder, 3, ViewState::default()).unwrap();
        view.put(0, entries).unwrap();
        view.write().extend(entries);
        view
    }

    #[test]
    fn a_moment_is_found_between_any_two_entries() {
        let folder = tempfile::tempdir().unwrap();
        let entries: Vec<Entry> = (0..9).map(|n| entry(n * 10, 0, Flags::default())).collect();
        let view = filled(folder.path(), &entries);
        for (moment, position) in [(-1, 0), (0, 1), (9, 1), (10, 2), (79, 8), (80, 9), (999, 9)] {
            assert_eq!(view.after(9, moment).unwrap(), position, "{moment}");
        }
        assert_eq!(view.after(0, 5).unwrap(), 0, "an empty view");
        assert_eq!(view.after(4, 999).unwrap(), 4, "no further than it is long");
    }

    #[test]
    fn flags_are_replaced_in_place_and_counted_both_ways() {
        let folder = tempfile::tempdir().unwrap();
        let hidden = Flags::NOT_LAST;
        let entries = [entry(1, 0, hidden), entry(2, 0, Flags::default())];
        let view = filled(folder.path(), &entries);
        let counts = || (view.read().summary.objects, view.read().summary.versions);
        assert_eq!(counts(), (1, 2));
        for (position, before, after, expected) in [
            (0, hidden, Flags::default(), (2, 2)),
            (1, Flags::default(), Flags::REMOVED, (1, 1)),
            (1, Flags::REMOVED, Flags::default(), (2, 2)),
        ] {
            let generation = view.read().summary.generation;
            view.put_flags(position, after).unwrap();
            view.write().reflag(before, after);
            assert_eq!(view.entry(position).unwrap().flags, after);
            assert_eq!(counts(), expected);
            assert!(view.read().summary.generation > generation);
        }
        let neighbour = view.entry(0).unwrap();
        assert_eq!((neighbour.added, neighbour.uuid), (1, Uuid::from_u128(7)));
        assert!(view.entry(2).is_err(), "behind the end");
    }

    #[test]
    fn each_stretch_knows_which_types_it_holds() {
        let mut state = ViewState::default();
        let stretch = usize::try_from(STRETCH).unwrap();
        let many = vec![entry(1, 5, Flags::default()); stretch];
        state.extend(&many);
        assert_eq!(state.types, [type_bit(5)]);
        state.extend(&[
            entry(2, 6, Flags::default()),
            entry(3, 70, Flags::default()),
        ]);
        assert_eq!(state.types, [type_bit(5), type_bit(6)]);
        assert_eq!(type_bit(6), type_bit(70), "64 numbers share the bits");
    }

    #[test]
    fn a_file_that_is_shorter_than_the_record_is_not_whole() {
        let folder = tempfile::tempdir().unwrap();
        let empty = ViewState::default();
        assert!(View::is_whole(folder.path(), 3, &empty), "nothing is due");
        let view = filled(folder.path(), &[entry(1, 0, Flags::default()); 4]);
        let state = view.read().clone();
        assert!(View::is_whole(folder.path(), 3, &state));
        let longer = ViewState { length: 5, ..state };
        assert!(!View::is_whole(folder.path(), 3, &longer));
        assert!(!View::is_whole(folder.path(), 4, &longer));
    }
}
