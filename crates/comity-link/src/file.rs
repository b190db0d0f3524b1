//! `.comity` files: a batch in numbered parts, for a stick, a mail or any other way that carries files.
//!
//! Each part checks itself and names the whole, so parts may come in any order, twice, and mixed with those of other
//! files. What is joined is the batch that the node link would have carried.
//!
//! In scope: cutting and joining. Out of scope: reading and writing files.
//! Limits: [`PART_BYTES_MAX`] a part; [`crate::batch::BATCH_BYTES_MAX`] the whole.

use sha2::{Digest as _, Sha256};

use crate::batch::BATCH_BYTES_MAX;

/// The bytes of the batch in one part: with its head and in base64 it fits a mail of 10 MB.
pub const PART_BYTES_MAX: usize = 7_000_000;
/// How a part's name ends.
pub const EXTENSION: &str = "comity";

const TITLE: &str = "comity-file/v1";

/// A part that was read and is intact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePart {
    /// SHA-256 of the whole.
    pub whole: [u8; 32],
    /// Which part, from 1.
    pub number: usize,
    /// Of how many.
    pub of: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a file cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Not such a file.
    #[error("this is no .comity file")]
    Format,
    /// Changed or cut off.
    #[error("part {number} of {of} was changed or cut off on the way; ask for it again")]
    Damaged {
        /// Which part.
        number: usize,
        /// Of how many.
        of: usize,
    },
    /// Parts are missing.
    #[error("part {missing} of {of} is missing; give all parts together")]
    Missing {
        /// The first that is.
        missing: usize,
        /// Of how many.
        of: usize,
    },
}

/// Cuts a batch into parts.
pub fn cut(batch: &[u8]) -> Vec<Vec<u8>> {
    let whole = hex(&Sha256::digest(batch).into());
    let of = batch.len().div_ceil(PART_BYTES_MAX).max(1);
    batch
        .chunks(PART_BYTES_MAX)
        .zip(1_usize..)
        .map(|(bytes, number)| {
            let digest = hex(&Sha256::digest(bytes).into());
            let head = format!("{TITLE}\nwhole {whole}\npart {number} {of}\ndigest {digest}\n\n");
            [head.as_bytes(), bytes].concat()
        })
        .collect()
}

/// Reads a part and checks that it is intact.
pub fn read(file: &[u8]) -> Result<FilePart, FileError> {
    let end = file
        .windows(2)
        .take(512)
        .position(|two| two == b"\n\n")
        .ok_or(FileError::Format)?;
    let (head, rest) = file.split_at_checked(end).ok_or(FileError::Format)?;
    let bytes = rest.strip_prefix(b"\n\n").ok_or(FileError::Format)?;
    let head = std::str::from_utf8(head).map_err(|_| FileError::Format)?;
    let (whole, number, of, digest) = parse(head).ok_or(FileError::Format)?;
    let most = BATCH_BYTES_MAX.div_ceil(PART_BYTES_MAX);
    if number == 0 || number > of || of > most {
        return Err(FileError::Format);
    }
    let found: [u8; 32] = Sha256::digest(bytes).into();
    if found != digest || bytes.len() > PART_BYTES_MAX {
        return Err(FileError::Damaged { number, of });
    }
    let bytes = bytes.to_vec();
    Ok(FilePart {
        whole,
        number,
        of,
        bytes,
    })
}

/// Joins the parts of one whole, given in any order.
pub fn join(parts: &[FilePart]) -> Result<Vec<u8>, FileError> {
    let first = parts.first().ok_or(FileError::Format)?;
    let mut batch = Vec::new();
    for number in 1..=first.of {
        let part = parts
            .iter()
            .find(|part| part.whole == first.whole && part.number == number)
            .ok_or(FileError::Missing {
                missing: number,
                of: first.of,
            })?;
        batch.extend_from_slice(&part.bytes);
    }
    let found: [u8; 32] = Sha256::digest(&batch).into();
    if found == first.whole {
        Ok(batch)
    } else {
        Err(FileError::Format)
    }
}

fn parse(head: &str) -> Option<([u8; 32], usize, usize, [u8; 32])> {
    let mut lines = head.lines();
    if lines.next()? != TITLE {
        return None;
    }
    let whole = unhex(lines.next()?.strip_prefix("whole ")?)?;
    let (number, of) = lines.next()?.strip_prefix("part ")?.split_once(' ')?;
    let digest = unhex(lines.next()?.strip_prefix("digest ")?)?;
    Some((whole, number.parse().ok()?, of.parse().ok()?, digest))
}

fn hex(hash: &[u8; 32]) -> String {
    crate::header::EnvelopeId(*hash).to_string()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (place, byte) in hash.iter_mut().enumerate() {
        let digits = text.get(2 * place..2 * place + 2)?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::{FileError, PART_BYTES_MAX, cut, join, read};

    #[test]
    fn parts_join_in_any_order_and_a_changed_one_is_found() {
        let batch: Vec<u8> = (0_u8..=255).cycle().take(PART_BYTES_MAX * 2 + 9).collect();
        let files = cut(&batch);
        assert_eq!(files.len(), 3);
        let mut parts: Vec<_> = files.iter().map(|file| read(file).unwrap()).collect();
        parts.reverse();
        parts.push(parts[0].clone());
        assert_eq!(join(&parts), Ok(batch));
        parts.retain(|part| part.number != 2);
        assert_eq!(join(&parts), Err(FileError::Missing { missing: 2, of: 3 }));
        let mut changed = files[2].clone();
        *changed.last_mut().unwrap() ^= 1;
        assert_eq!(read(&changed), Err(FileError::Damaged { number: 3, of: 3 }));
        assert_eq!(read(b"PK"), Err(FileError::Format));
    }
}
