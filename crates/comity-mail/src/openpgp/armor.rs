//! ASCII armor (RFC 9580 section 6): one block and nothing beside it.
//!
//! In scope: telling armor from binary, undoing it. Out of scope: several blocks, cleartext signatures.
//! Limits: that of the caller, before and after.

use std::borrow::Cow;
use std::io::Read;

use pgp::armor::{BlockType, Dearmor, DearmorOptions};

/// Neither armor of this kind nor binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoBlock;

/// The bytes that one armored block or binary data stand for.
pub(super) fn binary(
    bytes: &[u8],
    kind: BlockType,
    bytes_max: usize,
) -> Result<Cow<'_, [u8]>, NoBlock> {
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        return Ok(Cow::Borrowed(bytes));
    }
    let text = bytes.trim_ascii();
    let begins = text.windows(BEGIN.len()).filter(|found| *found == BEGIN);
    let last = text.rsplit(|byte| *byte == b'\n').next();
    let ends = last.is_some_and(|line| line.starts_with(b"-----END PGP "));
    if !text.starts_with(BEGIN) || begins.count() != 1 || !ends {
        return Err(NoBlock);
    }
    let options = DearmorOptions::new().set_limit(bytes_max.max(1_024));
    let mut reader = Dearmor::with_options(text, options);
    reader.read_header().map_err(|_| NoBlock)?;
    if reader.typ != Some(kind) {
        return Err(NoBlock);
    }
    let mut all = Vec::new();
    let most = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    reader
        .take(most)
        .read_to_end(&mut all)
        .map_err(|_| NoBlock)?;
    Ok(Cow::Owned(all))
}

const BEGIN: &[u8] = b"-----BEGIN PGP ";
