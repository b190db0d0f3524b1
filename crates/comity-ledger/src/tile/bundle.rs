//! The bytes of an entry bundle: entries, each behind its length.
//!
//! In scope: writing and reading them. Out of scope: what an entry says.

use super::WIDTH_HASHES;

/// Longest entry: its length is written in two bytes.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Why bytes are no bundle, or entries make none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// More than 256 entries.
    #[error("a bundle has at most {WIDTH_HASHES} entries; begin another")]
    TooManyEntries,
    /// An entry whose length does not fit in two bytes.
    #[error("an entry has {bytes} bytes; the limit is {ENTRY_BYTES_MAX}: log its hash instead")]
    EntryTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The bytes end within an entry.
    #[error("the bundle is cut short; fetch it again")]
    CutShort,
}

/// The bytes of a bundle of these entries.
pub fn encode_bundle<T: AsRef<[u8]>>(entries: &[T]) -> Result<Vec<u8>, BundleError> {
    if entries.len() > WIDTH_HASHES {
        return Err(BundleError::TooManyEntries);
    }
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len())
            .map_err(|_| BundleError::EntryTooLong { bytes: entry.len() })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle.
pub fn decode_bundle(bytes: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        if entries.len() == WIDTH_HASHES {
            return Err(BundleError::TooManyEntries);
        }
        let (length, behind) = rest.split_first_chunk().ok_or(BundleError::CutShort)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, behind) = behind
            .split_at_checked(length)
            .ok_or(BundleError::CutShort)?;
        entries.push(entry);
        rest = behind;
    }
    Ok(entries)
}
