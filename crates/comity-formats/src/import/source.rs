//! The bytes below the formats: gzip and its guard, the look-ahead, the count of bytes passed.
//!
//! In scope: RFC 1952 streams of one or more members, recognised by their magic; the limits on what they
//! unpack to; telling damage from a failing reader.
//! Out of scope: any other compression (a clear refusal comes from `sniff`).

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use super::{EXPANSION_FREE_BYTES, ReadError, ReadLimits, Stop};

const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// How far `sniff` looks ahead.
const HEAD_BYTES: usize = 64 * 1024;

/// How much is unpacked at a time.
const CHUNK_BYTES: usize = 128 * 1024;

/// Undoes gzip where there is any and hands the text to `then`.
pub(super) fn open<R: BufRead, T>(
    mut input: R,
    limits: &ReadLimits,
    then: &mut dyn FnMut(&mut dyn BufRead) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let magic = prefix(&mut input, GZIP_MAGIC.len())?;
    let packed = magic == GZIP_MAGIC;
    let mut whole = io::Cursor::new(magic).chain(input);
    if !packed {
        return then(&mut whole);
    }
    let read = Cell::new(0);
    let unpacked = Guard {
        unpacker: MultiGzDecoder::new(Counted {
            inner: whole,
            read: &read,
        }),
        read: &read,
        written: 0,
        limits: *limits,
    };
    then(&mut BufReader::with_capacity(CHUNK_BYTES, unpacked))
}

/// The first bytes of the text, at most [`HEAD_BYTES`].
pub(super) fn head(text: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    prefix(text, HEAD_BYTES)
}

fn prefix<R: BufRead + ?Sized>(input: &mut R, bytes: usize) -> io::Result<Vec<u8>> {
    let mut taken = Vec::new();
    while taken.len() < bytes {
        let chunk = fill(input)?;
        let count = chunk.len().min(bytes - taken.len());
        if count == 0 {
            break;
        }
        taken.extend(chunk.iter().take(count));
        input.consume(count);
    }
    Ok(taken)
}

fn fill<R: BufRead + ?Sized>(input: &mut R) -> io::Result<&[u8]> {
    // Asked twice because the borrow checker does not let a loop return the buffer it retried for.
    while let Err(error) = input.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    input.fill_buf()
}

/// Says what an I/O error means for the file.
pub(super) fn explain(error: io::Error, objects: u64) -> ReadError {
    if let Some(limit) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Beyond>())
    {
        return ReadError::Expands {
            objects,
            limit: limit.0.clone(),
        };
    }
    if let Some(damage) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Damage>())
    {
        return ReadError::GzipDamaged {
            objects,
            reason: damage.0.clone(),
        };
    }
    ReadError::Io {
        objects,
        source: error,
    }
}

/// A reader that knows how far it is.
pub(super) struct Tracked<'r> {
    inner: &'r mut dyn BufRead,
    offset: u64,
}

impl<'r> Tracked<'r> {
    pub(super) fn new(inner: &'r mut dyn BufRead, offset: u64) -> Self {
        Self { inner, offset }
    }

    /// The byte at which the next read starts.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// What is at hand; empty at the end of the text.
    pub(super) fn chunk(&mut self) -> io::Result<&[u8]> {
        fill(self.inner)
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.inner.consume(count);
        self.offset += wide(count);
    }

    /// The next byte that is not JSON white space, left unread.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let blank = chunk
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count();
            let next = chunk.get(blank).copied();
            self.consume(blank);
            if next.is_some() {
                return Ok(next);
            }
        }
    }
}

/// A length as an offset.
pub(super) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

struct Counted<'c, R> {
    inner: R,
    read: &'c Cell<u64>,
}

impl<R: BufRead> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.set(self.read.get() + wide(count));
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.read.set(self.read.get() + wide(count));
        self.inner.consume(count);
    }
}

struct Guard<'c, R: BufRead> {
    unpacker: MultiGzDecoder<Counted<'c, R>>,
    read: &'c Cell<u64>,
    written: u64,
    limits: ReadLimits,
}

impl<R: BufRead> Read for Guard<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.unpacker.read(buffer).map_err(damage)?;
        self.written += wide(count);
        if self.written > self.limits.expanded_bytes_max {
            let limit = format!("{} bytes", self.limits.expanded_bytes_max);
            return Err(io::Error::other(Beyond(limit)));
        }
        let allowed = self
            .read
            .get()
            .saturating_mul(self.limits.expansion_ratio_max);
        if self.written > EXPANSION_FREE_BYTES && self.written > allowed {
            let limit = format!("{} times its size", self.limits.expansion_ratio_max);
            return Err(io::Error::other(Beyond(limit)));
        }
        Ok(count)
    }
}

fn damage(error: io::Error) -> io::Error {
    let kind = error.kind();
    if kind == io::ErrorKind::UnexpectedEof {
        return io::Error::other(Damage("it was cut off".to_owned()));
    }
    if kind == io::ErrorKind::InvalidData || kind == io::ErrorKind::InvalidInput {
        return io::Error::other(Damage(error.to_string()));
    }
    error
}

#[derive(Debug, thiserror::Error)]
#[error("unpacks to more than {0}")]
struct Beyond(String);

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Damage(String);
