//! Deflate stretches that can be joined: each ends with a full flush, on a byte boundary, and leans on nothing before it.
//!
//! In scope: compressing one. Out of scope: joining them to a gzip member (`comity-api`), keeping them (`blocks`).

use flate2::{Compress, Compression, FlushCompress, Status};

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
