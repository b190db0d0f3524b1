//! Gzip answers joined from stretches that are compressed already.
//!
//! One gzip member (RFC 1952) around one deflate stream (RFC 1951): stored blocks for small pieces, the ready stretches
//! as they are, a last empty block, then CRC-32 and length of it all. Only what is neither small nor ready is compressed
//! now.
//!
//! In scope: joining. Out of scope: making stretches ready (`comity-store`).

use bytes::{BufMut, Bytes, BytesMut};
use comity_store::objects::deflate::{STORED_BYTES_MAX, put_stored, stretch};
use comity_store::objects::query::Piece;

/// The fastest level: what was not compressed beforehand should not hold up the answer.
const LEVEL: u32 = 1;

/// The pieces as one gzip member.
pub(crate) fn join(pieces: &[Piece]) -> Vec<Bytes> {
    let mut out = vec![Bytes::from_static(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])];
    let mut crc = crc32fast::Hasher::new();
    let mut length = 0_u32;
    let mut plain: Vec<&Bytes> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Plain(bytes) => {
                crc.update(bytes);
                length = length.wrapping_add(u32::try_from(bytes.len()).unwrap_or(0));
                plain.push(bytes);
            }
            Piece::Ready(block) => {
                put_plain(&mut out, &mut plain);
                let summed =
                    crc32fast::Hasher::new_with_initial_len(block.crc, u64::from(block.length));
                crc.combine(&summed);
                length = length.wrapping_add(block.length);
                out.push(block.deflate.clone());
            }
        }
    }
    put_plain(&mut out, &mut plain);
    let mut tail = BytesMut::with_capacity(13);
    // A last stored block, empty.
    tail.put_slice(&[1, 0, 0, 0xff, 0xff]);
    tail.put_u32_le(crc.finalize());
    tail.put_u32_le(length);
    out.push(tail.freeze());
    out
}

fn put_plain(out: &mut Vec<Bytes>, plain: &mut Vec<&Bytes>) {
    let total: usize = plain.iter().map(|bytes| bytes.len()).sum();
    if total == 0 {
        plain.clear();
    } else if total <= STORED_BYTES_MAX {
        out.push(stored(plain, total));
        plain.clear();
    } else {
        out.push(compressed(plain, total));
        plain.clear();
    }
}

fn stored(plain: &[&Bytes], total: usize) -> Bytes {
    let bytes = plain
        .iter()
        .fold(Vec::with_capacity(total), |mut all, part| {
            all.extend_from_slice(part);
            all
        });
    let mut block = Vec::with_capacity(total + 5);
    put_stored(&mut block, &bytes);
    Bytes::from(block)
}

fn compressed(plain: &[&Bytes], total: usize) -> Bytes {
    Bytes::from(stretch(plain.iter().map(AsRef::as_ref), total, LEVEL))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use comity_store::objects::query::ReadyBlock;

    use super::*;

    fn ready(text: &str) -> Piece {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let deflate = compressed(&[&bytes], text.len());
        let length = u32::try_from(text.len()).unwrap();
        Piece::Ready(ReadyBlock {
            deflate,
            crc: crc32fast::hash(text.as_bytes()),
            length,
        })
    }

    fn check(pieces: &[Piece], expected: &str) {
        let joined = join(pieces).concat();
        let mut text = String::new();
        // `read::GzDecoder` reads one member and checks its sum; nothing may be left behind it.
        let mut decoder = flate2::bufread::GzDecoder::new(joined.as_slice());
        decoder.read_to_string(&mut text).unwrap();
        assert_eq!(text, expected);
        assert!(decoder.into_inner().is_empty());
    }

    #[test]
    fn plain_and_ready_pieces_join_to_one_member() {
        let plain = |text: &str| Piece::Plain(Bytes::copy_from_slice(text.as_bytes()));
        let long = "not small enough to be stored ".repeat(4000);
        check(&[], "");
        check(&[plain("{}")], "{}");
        check(
            &[
                plain("["),
                ready("{\"a\":1}"),
                plain(","),
                ready("{\"b\":2}"),
                plain("]"),
            ],
            "[{\"a\":1},{\"b\":2}]",
        );
        check(
            &[ready("x"), plain(&long), ready("y")],
            &format!("x{long}y"),
        );
    }
}
