//! Segment files: the append-only log that is the truth for objects.
//!
//! A segment is a header followed by records. A record is framed so that a reader can tell a whole one from a torn
//! one: magic, payload length, CRC-32 of the payload. One writer appends and syncs; any number of readers read at
//! positions that are already durable. Sealed segments never change.
//!
//! In scope: naming, framing, rolling, syncing, cutting a torn tail, reading ranges.
//! Out of scope: what a payload means (`record`), where an object lies (`view`).
//! Limits: a record holds at most [`RECORD_BYTES_MAX`]; a segment is closed once it reaches [`SEGMENT_BYTES`].

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bytes::{Buf, BufMut};

use crate::error::StoreError;

/// A segment is sealed, and the next one begun, once it has grown to this many bytes.
pub const SEGMENT_BYTES: u64 = 256 * 1024 * 1024;
/// The largest payload of one record, in bytes; what a group commit collects stays below it.
pub const RECORD_BYTES_MAX: usize = 128 * 1024 * 1024;

const SEGMENT_MAGIC: &[u8; 8] = b"COMITYS1";
const RECORD_MAGIC: u32 = 0x3152_6d43; // "CmR1", little endian
/// How the extension of a tail that was kept aside begins; the offset it was cut at follows.
const ASIDE: &str = "cut-at-";
const FRAME_BYTES: usize = 12;
const HEADER_BYTES: u64 = 8;
const SCAN_BYTES: usize = 1024 * 1024;

/// A place in the log: a segment and a byte offset in it. Ordered as the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LogPosition {
    pub(crate) segment: u32,
    pub(crate) offset: u64,
}

/// The segment files of one node, open for reading, the last one also for appending.
#[derive(Debug)]
pub(crate) struct Segments {
    folder: PathBuf,
    files: RwLock<BTreeMap<u32, Arc<File>>>,
    /// Up to here the log is durable; what lies behind may be in the middle of being written.
    durable: Mutex<LogPosition>,
}

/// Told of each record: where it begins, its payload.
pub(crate) type VisitRecord<'a> = dyn FnMut(LogPosition, &[u8]) -> Result<(), StoreError> + 'a;

/// The appending end of the log; there is exactly one.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    segments: Arc<Segments>,
    file: Arc<File>,
    at: LogPosition,
    roll_bytes: u64,
}

impl Segments {
    /// Opens every segment in `folder`, creating the folder when it is new.
    pub(crate) fn open(folder: &Path) -> Result<Arc<Self>, StoreError> {
        std::fs::create_dir_all(folder).map_err(|e| StoreError::file("create", folder, e))?;
        let mut files = BTreeMap::new();
        let listing = std::fs::read_dir(folder).map_err(|e| StoreError::file("list", folder, e))?;
        for item in listing {
            let item = item.map_err(|e| StoreError::file("list", folder, e))?;
            let path = item.path();
            let Some(number) = segment_number(&path) else {
                continue;
            };
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .open(&path)
                .map_err(|e| StoreError::file("open", &path, e))?;
            files.insert(number, Arc::new(file));
        }
        let segments = Self {
            folder: folder.to_owned(),
            files: RwLock::new(files),
            durable: Mutex::new(LogPosition {
                segment: 1,
                offset: HEADER_BYTES,
            }),
        };
        segments.check_headers()?;
        Ok(Arc::new(segments))
    }

    /// Refuses files that are no segments. Only the last may lack its header: the node ended while it made the file.
    fn check_headers(&self) -> Result<(), StoreError> {
        let numbers = self.numbers();
        for number in &numbers {
            let path = self.path(*number);
            let failed = |e| StoreError::file("read", &path, e);
            let file = self.file(*number)?;
            if has_header(&file).map_err(failed)? {
                continue;
            }
            let length = file.metadata().map_err(failed)?.len();
            if length > HEADER_BYTES || numbers.last() != Some(number) {
                return Err(self.no_segment(*number));
            }
            file.write_all_at(SEGMENT_MAGIC, 0)
                .and_then(|()| file.sync_all())
                .map_err(failed)?;
        }
        Ok(())
    }

    /// The path of a segment, for messages and for copying.
    pub(crate) fn path(&self, segment: u32) -> PathBuf {
        self.folder.join(format!("segment-{segment:08}.log"))
    }

    /// The open file of a segment.
    pub(crate) fn file(&self, segment: u32) -> Result<Arc<File>, StoreError> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files
            .get(&segment)
            .cloned()
            .ok_or_else(|| StoreError::Damaged {
                path: self.path(segment),
                what: "the segment is missing; restore it from a backup".to_owned(),
            })
    }

    /// Numbers of all segments, ascending.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files.keys().copied().collect()
    }

    /// Total length of all segments in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files
            .values()
            .filter_map(|file| file.metadata().ok())
            .map(|meta| meta.len())
            .sum()
    }

    /// Fills `buffer` from `offset` of `segment`.
    pub(crate) fn read_at(
        &self,
        segment: u32,
        offset: u64,
        buffer: &mut [u8],
    ) -> Result<(), StoreError> {
        let file = self.file(segment)?;
        file.read_exact_at(buffer, offset)
            .map_err(|e| StoreError::file("read", &self.path(segment), e))
    }

    /// Walks all records from `from` on, calling `visit` with where each begins and its payload, and answers the
    /// position after the last whole one. A torn tail of the last segment is cut off; damage anywhere else is an error.
    pub(crate) fn replay(
        &self,
        from: LogPosition,
        visit: &mut VisitRecord<'_>,
    ) -> Result<LogPosition, StoreError> {
        let numbers = self.numbers();
        self.refuse_gaps(&numbers)?;
        self.refuse_shorter(from)?;
        let mut end = from;
        for (i, number) in numbers
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, n)| *n >= from.segment)
        {
            let start = if number == from.segment {
                from.offset.max(HEADER_BYTES)
            } else {
                HEADER_BYTES
            };
            let last = i + 1 == numbers.len();
            end = self.replay_segment(
                LogPosition {
                    segment: number,
                    offset: start,
                },
                last,
                visit,
            )?;
        }
        Ok(end)
    }

    /// Walks all records that are durable and calls `visit` with the payload of each. Changes nothing, so it may run
    /// while the log is written.
    pub(crate) fn verify(
        &self,
        visit: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let end = *self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        self.refuse_gaps(&self.numbers())?;
        for number in 1..=end.segment {
            let path = self.path(number);
            let file = self.file(number)?;
            let failed = |e| StoreError::file("read", &path, e);
            let length = if number == end.segment {
                end.offset
            } else {
                file.metadata().map_err(failed)?.len()
            };
            if !has_header(&file).map_err(failed)? {
                return Err(self.no_segment(number));
            }
            let mut offset = HEADER_BYTES;
            while offset < length {
                let Some(payload) = read_record(&file, offset).map_err(failed)? else {
                    return Err(self.damaged_at(number, offset));
                };
                visit(&payload)?;
                offset = after_record(offset, payload.len());
            }
        }
        Ok(())
    }

    /// Segments are numbered from 1 on and never go away.
    fn refuse_gaps(&self, numbers: &[u32]) -> Result<(), StoreError> {
        match (1..).zip(numbers).find(|(due, number)| due != *number) {
            None => Ok(()),
            Some((due, _)) => self.file(due).map(drop),
        }
    }

    /// The index never runs ahead of the log, so a log that ends before `from` has lost something.
    fn refuse_shorter(&self, from: LogPosition) -> Result<(), StoreError> {
        if from.offset <= HEADER_BYTES {
            return Ok(());
        }
        let path = self.path(from.segment);
        let length = self.file(from.segment)?.metadata();
        let length = length
            .map_err(|e| StoreError::file("read", &path, e))?
            .len();
        if length >= from.offset {
            return Ok(());
        }
        Err(StoreError::Damaged {
            path,
            what: format!(
                "it ends at byte {length}, yet {} bytes of it were acknowledged; restore this file from a backup",
                from.offset
            ),
        })
    }

    fn damaged_at(&self, segment: u32, offset: u64) -> StoreError {
        StoreError::Damaged {
            path: self.path(segment),
            what: format!(
                "the record at byte {offset} is damaged; restore this file from a backup"
            ),
        }
    }

    fn no_segment(&self, segment: u32) -> StoreError {
        StoreError::Damaged {
            path: self.path(segment),
            what: "it does not begin as a segment of the log; restore it from a backup".to_owned(),
        }
    }

    fn replay_segment(
        &self,
        from: LogPosition,
        last: bool,
        visit: &mut VisitRecord<'_>,
    ) -> Result<LogPosition, StoreError> {
        let path = self.path(from.segment);
        let file = self.file(from.segment)?;
        let failed = |e| StoreError::file("read", &path, e);
        let length = file.metadata().map_err(failed)?.len();
        let mut at = from;
        while at.offset < length {
            let Some(payload) = read_record(&file, at.offset).map_err(failed)? else {
                return self.cut_tail(&file, at, length, last);
            };
            visit(at, &payload)?;
            at.offset = after_record(at.offset, payload.len());
        }
        Ok(at)
    }

    /// Cuts what an interrupted write left at the end of the last segment. Such bytes were never synced, so nothing
    /// in them was acknowledged; a whole record *behind* them would mean damage instead, and is never thrown away.
    fn cut_tail(
        &self,
        file: &File,
        at: LogPosition,
        length: u64,
        last: bool,
    ) -> Result<LogPosition, StoreError> {
        let path = self.path(at.segment);
        let whole_record_follows = find_record_after(file, at.offset, length)
            .map_err(|e| StoreError::file("read", &path, e))?;
        if !last || whole_record_follows {
            return Err(self.damaged_at(at.segment, at.offset));
        }
        if !is_short(file, at.offset, length).map_err(|e| StoreError::file("read", &path, e))? {
            self.keep_aside(file, at, length)?;
        }
        tracing::warn!(path = %path.display(), from = at.offset, bytes = length - at.offset, "torn tail cut");
        file.set_len(at.offset)
            .and_then(|()| file.sync_all())
            .map_err(|e| StoreError::file("cut", &path, e))?;
        Ok(at)
    }

    /// Copies a tail that is as long as it should be: a power cut leaves such a one, but so does a disk that lost a bit of
    /// what was acknowledged. The copy stays until the operator takes it away, and [`Self::kept_aside`] tells of it.
    fn keep_aside(&self, file: &File, at: LogPosition, length: u64) -> Result<(), StoreError> {
        let path = self
            .path(at.segment)
            .with_extension(format!("{ASIDE}{}", at.offset));
        let failed = |e| StoreError::file("write", &path, e);
        let mut source = file;
        io::Seek::seek(&mut source, io::SeekFrom::Start(at.offset)).map_err(failed)?;
        let mut copy = File::create(&path).map_err(failed)?;
        let mut tail = io::Read::take(source, length - at.offset);
        io::copy(&mut tail, &mut copy).map_err(failed)?;
        copy.sync_all().map_err(failed)?;
        sync_folder(&self.folder)
    }

    /// The copies of tails that were cut off though they may have been acknowledged.
    pub(crate) fn kept_aside(&self) -> Result<Vec<PathBuf>, StoreError> {
        let failed = |e| StoreError::file("list", &self.folder, e);
        let listing = std::fs::read_dir(&self.folder).map_err(failed)?;
        let mut found: Vec<PathBuf> = listing.flatten().map(|item| item.path()).collect();
        found.retain(|path| {
            let extension = path.extension().and_then(|text| text.to_str());
            extension.is_some_and(|text| text.starts_with(ASIDE))
        });
        found.sort();
        Ok(found)
    }

    fn create(&self, segment: u32) -> Result<Arc<File>, StoreError> {
        let path = self.path(segment);
        let failed = |e| StoreError::file("create", &path, e);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(failed)?;
        file.write_all_at(SEGMENT_MAGIC, 0).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        sync_folder(&self.folder)?;
        let file = Arc::new(file);
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        files.insert(segment, Arc::clone(&file));
        Ok(file)
    }
}

impl SegmentWriter {
    /// Takes up writing at `end`, the position that [`Segments::replay`] answered.
    pub(crate) fn new(
        segments: Arc<Segments>,
        end: LogPosition,
        roll_bytes: u64,
    ) -> Result<Self, StoreError> {
        let known = segments.numbers().contains(&end.segment);
        let (file, at) = if known && end.offset >= HEADER_BYTES {
            (segments.file(end.segment)?, end)
        } else {
            (
                segments.create(end.segment)?,
                LogPosition {
                    segment: end.segment,
                    offset: HEADER_BYTES,
                },
            )
        };
        let writer = Self {
            segments,
            file,
            at,
            roll_bytes,
        };
        writer.tell_durable();
        Ok(writer)
    }

    /// Where the next record will begin.
    pub(crate) fn position(&self) -> LogPosition {
        self.at
    }

    /// Begins the next segment if this one is full. Called between groups, so a group never spans two files.
    pub(crate) fn roll_if_full(&mut self) -> Result<(), StoreError> {
        if self.at.offset < self.roll_bytes {
            return Ok(());
        }
        let segment = self.at.segment + 1;
        self.file = self.segments.create(segment)?;
        self.at = LogPosition {
            segment,
            offset: HEADER_BYTES,
        };
        Ok(())
    }

    /// Writes `group` (whole frames, as [`frame`] lays them out) and syncs it. Once this returns, it is durable.
    ///
    /// On failure the position does not move, so the next group overwrites what may have been half written.
    pub(crate) fn append(&mut self, group: &[u8]) -> Result<LogPosition, StoreError> {
        let path = self.segments.path(self.at.segment);
        let failed = |e| StoreError::file("append to", &path, e);
        if let Err(source) = self.file.write_all_at(group, self.at.offset) {
            // What was half written is cut off again; were it not, the next group would lie over it.
            self.file.set_len(self.at.offset).map_err(failed)?;
            return Err(StoreError::NotWritten { path, source });
        }
        self.file.sync_data().map_err(failed)?;
        let began = self.at;
        self.at.offset += u64::try_from(group.len()).unwrap_or(u64::MAX);
        self.tell_durable();
        Ok(began)
    }

    fn tell_durable(&self) {
        *self
            .segments
            .durable
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = self.at;
    }
}

/// Appends a framed record to `group`: `fill` writes the payload. Answers the payload's offset inside `group`.
pub(crate) fn frame(
    group: &mut Vec<u8>,
    fill: impl FnOnce(&mut Vec<u8>),
) -> Result<usize, StoreError> {
    let began = group.len();
    group.put_u32_le(RECORD_MAGIC);
    group.put_u64_le(0);
    let payload_at = group.len();
    fill(group);
    let payload = group.get(payload_at..).unwrap_or_default();
    if payload.len() > RECORD_BYTES_MAX {
        let bytes = payload.len();
        group.truncate(began);
        return Err(StoreError::RecordTooLarge {
            bytes,
            limit: RECORD_BYTES_MAX,
        });
    }
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let sum = crc32fast::hash(payload);
    if let Some(mut slot) = group.get_mut(began + 4..payload_at) {
        slot.put_u32_le(length);
        slot.put_u32_le(sum);
    }
    Ok(payload_at)
}

/// The offset of a payload that begins with the record at `offset`.
pub(crate) fn payload_offset(offset: u64) -> u64 {
    offset + 12
}

fn after_record(offset: u64, payload: usize) -> u64 {
    payload_offset(offset) + u64::try_from(payload).unwrap_or(u64::MAX)
}

/// Reads one record, or `None` where no whole one begins.
fn read_record(file: &File, offset: u64) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0_u8; FRAME_BYTES];
    if !read_whole(file, &mut head, offset)? {
        return Ok(None);
    }
    let mut fields = head.as_slice();
    let (magic, length, sum) = (
        fields.get_u32_le(),
        fields.get_u32_le(),
        fields.get_u32_le(),
    );
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if magic != RECORD_MAGIC || length > RECORD_BYTES_MAX {
        return Ok(None);
    }
    let size = file.metadata()?.len();
    if after_record(offset, length) > size {
        return Ok(None);
    }
    let mut payload = vec![0_u8; length];
    if !read_whole(file, &mut payload, payload_offset(offset))? {
        return Ok(None);
    }
    Ok((crc32fast::hash(&payload) == sum).then_some(payload))
}

fn has_header(file: &File) -> io::Result<bool> {
    let mut header = [0; SEGMENT_MAGIC.len()];
    Ok(read_whole(file, &mut header, 0)? && header == *SEGMENT_MAGIC)
}

/// Whether the record at `offset` ends before it should: what a killed process leaves.
fn is_short(file: &File, offset: u64, length: u64) -> io::Result<bool> {
    let mut head = [0_u8; FRAME_BYTES];
    if !read_whole(file, &mut head, offset)? {
        return Ok(true);
    }
    let mut fields = head.as_slice();
    let (magic, payload) = (fields.get_u32_le(), u64::from(fields.get_u32_le()));
    Ok(magic == RECORD_MAGIC && payload_offset(offset) + payload > length)
}

fn read_whole(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<bool> {
    match file.read_exact_at(buffer, offset) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

/// Whether any whole record begins after `offset`.
fn find_record_after(file: &File, offset: u64, length: u64) -> io::Result<bool> {
    let magic = RECORD_MAGIC.to_le_bytes();
    let mut at = offset + 1;
    let mut buffer = vec![0_u8; SCAN_BYTES];
    while at < length {
        let want = usize::try_from(length - at)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let Some(window) = buffer.get_mut(..want) else {
            break;
        };
        file.read_exact_at(window, at)?;
        for (i, found) in window.windows(magic.len()).enumerate() {
            if found == magic && read_record(file, at + u64::try_from(i).unwrap_or(0))?.is_some() {
                return Ok(true);
            }
        }
        // Windows overlap by three bytes, so that a magic across the edge is seen.
        at += u64::try_from(want.saturating_sub(magic.len() - 1))
            .unwrap_or(1)
            .max(1);
        if want < magic.len() {
            break;
        }
    }
    Ok(false)
}

fn segment_number(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("segment-")?
        .strip_suffix(".log")?
        .parse()
        .ok()
}

/// Makes a new or removed name in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|f| f.sync_all())
        .map_err(|e| StoreError::file("sync", folder, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, payloads: &[&[u8]]) -> LogPosition {
        let segments = Segments::open(folder).unwrap();
        let end = segments
            .replay(
                LogPosition {
                    segment: 1,
                    offset: 0,
                },
                &mut |_, _| Ok(()),
            )
            .unwrap();
        let mut writer = SegmentWriter::new(segments, end, 1 << 20).unwrap();
        for payload in payloads {
            let mut group = Vec::new();
            frame(&mut group, |out| out.extend_from_slice(payload)).unwrap();
            writer.append(&group).unwrap();
        }
        writer.position()
    }

    fn read(folder: &Path) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut seen = Vec::new();
        Segments::open(folder)?.replay(
            LogPosition {
                segment: 1,
                offset: 0,
            },
            &mut |_, payload| {
                seen.push(payload.to_vec());
                Ok(())
            },
        )?;
        Ok(seen)
    }

    #[test]
    fn records_come_back_in_order_over_two_openings() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[b"one", b"two"]);
        write(folder.path(), &[b"three"]);
        assert_eq!(
            read(folder.path()).unwrap(),
            [b"one".to_vec(), b"two".to_vec(), b"three".to_vec()]
        );
    }

    #[test]
    fn a_tail_torn_at_any_byte_is_cut_and_nothing_before_it_is_lost() {
        let whole = tempfile::tempdir().unwrap();
        let first = write(whole.path(), &[b"kept"]).offset;
        let end = write(whole.path(), &[b"torn away"]).offset;
        let bytes = std::fs::read(whole.path().join("segment-00000001.log")).unwrap();
        for cut in first..end {
            let folder = tempfile::tempdir().unwrap();
            let kept = &bytes[..usize::try_from(cut).unwrap()];
            std::fs::write(folder.path().join("segment-00000001.log"), kept).unwrap();
            assert_eq!(
                read(folder.path()).unwrap(),
                [b"kept".to_vec()],
                "cut at {cut}"
            );
            write(folder.path(), &[b"after"]);
            assert_eq!(read(folder.path()).unwrap().len(), 2, "cut at {cut}");
            let aside = Segments::open(folder.path()).unwrap().kept_aside();
            assert!(aside.unwrap().is_empty(), "cut at {cut}");
        }
    }

    #[test]
    fn a_last_record_that_is_damaged_and_not_short_is_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(folder.path(), &[b"kept"]).offset;
        write(folder.path(), &[b"perhaps acknowledged"]);
        let path = folder.path().join("segment-00000001.log");
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read(folder.path()).unwrap(), [b"kept".to_vec()]);
        let aside = Segments::open(folder.path()).unwrap().kept_aside().unwrap();
        assert_eq!(aside.len(), 1, "{aside:?}");
        let tail = &bytes[usize::try_from(first).unwrap()..];
        assert_eq!(std::fs::read(&aside[0]).unwrap(), tail);
    }

    #[test]
    fn damage_before_a_whole_record_is_reported_and_not_cut() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[b"first record", b"second record"]);
        let path = folder.path().join("segment-00000001.log");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[25] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(
            read(folder.path()),
            Err(StoreError::Damaged { .. })
        ));
        assert_eq!(std::fs::read(&path).unwrap().len(), bytes.len());
    }

    #[test]
    fn full_segments_are_followed_by_the_next_and_read_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let start = LogPosition {
            segment: 1,
            offset: 0,
        };
        for round in 0..3_u8 {
            let segments = Segments::open(folder.path()).unwrap();
            let end = segments.replay(start, &mut |_, _| Ok(())).unwrap();
            let mut writer = SegmentWriter::new(Arc::clone(&segments), end, 64).unwrap();
            for number in 0..4 {
                writer.roll_if_full().unwrap();
                let mut group = Vec::new();
                frame(&mut group, |out| out.extend([round * 4 + number; 30])).unwrap();
                writer.append(&group).unwrap();
            }
            let mut verified = 0;
            segments
                .verify(&mut |_| {
                    verified += 1;
                    Ok(())
                })
                .unwrap();
            assert_eq!(verified, 4 * (round + 1));
        }
        let seen: Vec<u8> = read(folder.path()).unwrap().iter().map(|p| p[0]).collect();
        assert_eq!(seen, (0..12).collect::<Vec<u8>>());
        let segments = Segments::open(folder.path()).unwrap();
        assert_eq!(segments.numbers(), [1, 2, 3, 4, 5, 6]);
        // From a position on record only what lies behind it is read.
        let mut later = Vec::new();
        let from = LogPosition {
            segment: 5,
            offset: HEADER_BYTES + 42,
        };
        let end = segments.replay(from, &mut |at, payload| {
            later.push((at.segment, payload[0]));
            Ok(())
        });
        assert_eq!(later, [(5, 9), (6, 10), (6, 11)]);
        assert_eq!(end.unwrap().segment, 6);
    }

    #[test]
    fn a_segment_that_was_only_begun_is_taken_up() {
        for header in ["", "CO", "COMITYS1", "\0\0\0\0\0\0\0\0"] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("segment-00000001.log"), header).unwrap();
            assert_eq!(read(folder.path()).unwrap().len(), 0, "{header:?}");
            write(folder.path(), &[b"first"]);
            assert_eq!(read(folder.path()).unwrap(), [b"first"], "{header:?}");
            let bytes = std::fs::read(folder.path().join("segment-00000001.log")).unwrap();
            assert!(bytes.starts_with(SEGMENT_MAGIC));
        }
    }

    #[test]
    fn a_record_that_is_too_large_leaves_the_group_as_it_was() {
        let mut group = Vec::new();
        frame(&mut group, |out| out.extend_from_slice(b"small")).unwrap();
        let before = group.clone();
        let refused = frame(&mut group, |out| {
            out.resize(out.len() + RECORD_BYTES_MAX + 1, 0);
        });
        assert!(matches!(refused, Err(StoreError::RecordTooLarge { .. })));
        assert_eq!(group, before);
    }

    #[test]
    fn no_json_text_can_pass_for_a_record() {
        // A torn tail may hold any object's text. For a record to begin in it, the length behind the magic would have
        // to be made of bytes that JSON text may hold, and each of those makes it larger than a record can be, but for
        // the white space, which cannot follow the magic's letters within a string or a word.
        let smallest = u32::from_le_bytes([b' '; 4]);
        assert!(usize::try_from(smallest).unwrap() > RECORD_BYTES_MAX);
        let folder = tempfile::tempdir().unwrap();
        let end = write(folder.path(), &[b"kept"]);
        let path = folder.path().join("segment-00000001.log");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"CmR1\xff\0\0\0????{\"name\":\"CmR1    sumsCmR1\"}");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read(folder.path()).unwrap().len(), 1);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), end.offset);
    }
}
