//! Deflate stretches that can be joined: each ends with a full flush, on a byte boundary, and leans on nothing before it.
//!
//! In scope: compressing one. Out of scope: joining them to a gzip member (`comity-api`), keeping them (`blocks`).

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, Status};

use crate::objects::query::{Piece, ReadyBlock};

/// Plain pieces up to this size are stored: compressing them would cost more than it saves.
pub const STORED_BYTES_MAX: usize = 512;

/// Deflates `parts`, `total` bytes together, as one stretch of raw deflate (RFC 1951), not the last of its stream.
pub fn stretch<'a>(parts: impl Iterator<Item = &'a [u8]>, total: usize, level: u32) -> Vec<u8> {
    let mut compress = Compress::new(Compression::new(level), false);
    let mut out = Vec::with_capacity(total / 3 + 1024);
    for part in parts {
        feed(&mut compress, part, &mut out, FlushCompress::None);
    }
    feed(&mut compress, &[], &mut out, FlushCompress::Full);
    out
}

/// Appends `bytes` as one stored block (RFC 1951 section 3.2.4), not the last of its stream. What is before it must end on a
/// byte boundary, as stretches and stored blocks do. At most [`STORED_BYTES_MAX`] bytes.
pub fn put_stored(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    out.push(0);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Joins ready blocks, and the small plain pieces between them, to one ready block each run: the sum of many blocks is
/// worth working out once and not with each answer.
pub(crate) fn fold(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut run: Option<Run> = None;
    for piece in pieces {
        match piece {
            Piece::Plain(bytes) if bytes.len() > STORED_BYTES_MAX => {
                out.extend(run.take().map(Run::close));
                out.push(Piece::Plain(bytes));
            }
            Piece::Plain(bytes) => {
                let run = run.get_or_insert_default();
                put_stored(&mut run.deflate, &bytes);
                run.crc.update(&bytes);
                run.length += u32::try_from(bytes.len()).unwrap_or(0);
            }
            Piece::Ready(block) => {
                let run = run.get_or_insert_default();
                let summed =
                    crc32fast::Hasher::new_with_initial_len(block.crc, u64::from(block.length));
                run.crc.combine(&summed);
                run.deflate.extend_from_slice(&block.deflate);
                run.length += block.length;
            }
        }
    }
    out.extend(run.take().map(Run::close));
    out
}

/// Blocks that are being joined.
#[derive(Default)]
struct Run {
    deflate: Vec<u8>,
    crc: crc32fast::Hasher,
    length: u32,
}

impl Run {
    fn close(self) -> Piece {
        let (deflate, crc) = (Bytes::from(self.deflate), self.crc.finalize());
        Piece::Ready(ReadyBlock {
            deflate,
            crc,
            length: self.length,
        })
    }
}

fn feed(compress: &mut Compress, mut input: &[u8], out: &mut Vec<u8>, flush: FlushCompress) {
    loop {
        if out.capacity() - out.len() < 256 {
            out.reserve(out.capacity().max(1024));
        }
        let before = compress.total_in();
        let status = compress.compress_vec(input, out, flush);
        let taken = usize::try_from(compress.total_in() - before).unwrap_or(0);
        input = input.get(taken..).unwrap_or_default();
        let room_left = out.len() < out.capacity();
        if input.is_empty() && (room_left || matches!(status, Ok(Status::BufError) | Err(_))) {
            return;
        }
    }
}
