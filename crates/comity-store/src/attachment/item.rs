//! Evidence items as attachments: hashed as themselves, read by chunk, and encrypted at rest where they have a key.
//!
//! An encrypted item is its chunks one after the other, each by ChaCha20-Poly1305 (RFC 8439) under the item's own key, with
//! the chunk's number as nonce; so nobody finds the bytes of a sample on the disk, and any chunk can be read by itself. That
//! none is missing at the end shows by the item's size and SHA-256, which whoever asks for it knows.
//!
//! In scope: writing, reading a chunk, the digest of the whole. Out of scope: keeping keys (rows), what an item is.
//! Limits: [`CHUNK_BYTES`] of memory at a time, twice; [`ITEM_BYTES_MAX`].

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{ATTACHMENT_BYTES_MAX, AttachmentName, Attachments, Incoming};
use crate::error::StoreError;

/// A chunk of an item.
pub const CHUNK_BYTES: usize = 1024 * 1024;
/// The largest item.
pub const ITEM_BYTES_MAX: u64 = ATTACHMENT_BYTES_MAX;
/// What encryption adds to a chunk (RFC 8439 section 2.8).
const TAG_BYTES: usize = 16;
const BOUND: &[u8] = b"comity-item/v1";

/// The key of one item.
#[derive(Clone, PartialEq, Eq)]
pub struct ItemKey(Zeroizing<[u8; 32]>);

/// An item's digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// By SHA-256, which names it.
    pub sha256: [u8; 32],
    /// By SHA-1, by which catalogues of malware find it.
    pub sha1: [u8; 20],
    /// By MD5, for the same.
    pub md5: [u8; 16],
}

/// An item that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredItem {
    /// The attachment that holds it.
    pub name: AttachmentName,
    /// The item's own digests.
    pub digests: Digests,
    /// Its size.
    pub bytes: u64,
}

/// An item, open for reading.
#[derive(Debug)]
pub struct ItemFile {
    file: File,
    path: PathBuf,
    key: Option<ItemKey>,
    bytes: u64,
}

impl ItemKey {
    /// A key of these bytes, which nobody else may know.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes, to be kept with the item's row.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn nonce(number: u64) -> Nonce {
        let mut nonce = [0; 12];
        if let Some(place) = nonce.last_chunk_mut::<8>() {
            *place = number.to_be_bytes();
        }
        nonce.into()
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&Key::from(*self.0))
    }

    /// Encrypts a chunk in its place.
    pub(super) fn seal(&self, number: u64, chunk: &mut Vec<u8>) {
        let sealed = self
            .cipher()
            .encrypt_in_place(&Self::nonce(number), BOUND, chunk);
        sealed.expect("invariant: a chunk is far below the limit of the cipher");
    }

    fn open(&self, number: u64, chunk: &mut Vec<u8>) -> bool {
        self.cipher()
            .decrypt_in_place(&Self::nonce(number), BOUND, chunk)
            .is_ok()
    }
}

impl fmt::Debug for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemKey").finish_non_exhaustive()
    }
}

/// How many chunks an item of this size has.
pub const fn chunks(bytes: u64) -> u64 {
    bytes.div_ceil(chunk_bytes())
}

/// How long one of its chunks is; 0: it has no such chunk.
pub fn chunk_length(bytes: u64, number: u64) -> usize {
    let begins = number.saturating_mul(chunk_bytes());
    usize::try_from(bytes.saturating_sub(begins).min(chunk_bytes())).unwrap_or(0)
}

#[expect(clippy::as_conversions, reason = "a constant that fits")]
const fn chunk_bytes() -> u64 {
    CHUNK_BYTES as u64
}

/// How long a whole chunk is on the disk.
pub(super) fn stored_chunk_bytes(key: Option<&ItemKey>) -> u64 {
    chunk_bytes() + key.map_or(0, |_| 16)
}

impl Attachments {
    /// Receives an item, encrypted where it has a key, and lets `hold` record who holds it. Once this returns, it is durable. Nobody removes
    /// it before it is held, and what is not held is not left.
    pub fn put_item<T, E: From<StoreError>>(
        &self,
        from: impl Read,
        key: Option<&ItemKey>,
        hold: impl FnOnce(&StoredItem) -> Result<T, E>,
    ) -> Result<T, E> {
        let (incoming, kept, stored) = self.received(from, key)?;
        let _naming = self.naming();
        let is_new = self.keep(&incoming.path, &stored.name, kept)?;
        let done = hold(&stored);
        if done.is_err() && is_new {
            self.remove(&stored.name)?;
        }
        done
    }

    /// A whole item without a name, its bytes on the disk, and what it is.
    fn received(
        &self,
        mut from: impl Read,
        key: Option<&ItemKey>,
    ) -> Result<(Incoming, u64, StoredItem), StoreError> {
        let mut incoming = self.incoming()?;
        let mut hashes = (Sha256::new(), Sha1::new(), Md5::new());
        let mut stored = Sha256::new();
        let (mut bytes, mut kept, mut number) = (0, 0, 0);
        loop {
            let chunk = fill(&mut from);
            let mut chunk = chunk.map_err(|e| StoreError::file("receive", &incoming.path, e))?;
            let length = chunk.len();
            bytes += u64::try_from(length).unwrap_or(u64::MAX);
            if bytes > ITEM_BYTES_MAX {
                let limit = ITEM_BYTES_MAX;
                return Err(StoreError::AttachmentTooLarge { limit });
            }
            hashes.0.update(&chunk);
            hashes.1.update(&chunk);
            hashes.2.update(&chunk);
            if let Some(key) = key
                && length > 0
            {
                key.seal(number, &mut chunk);
            }
            stored.update(&chunk);
            kept += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            let written = incoming.file.write_all(&chunk);
            written.map_err(|e| StoreError::file("write", &incoming.path, e))?;
            number += 1;
            if length < CHUNK_BYTES {
                break;
            }
        }
        let synced = incoming.file.sync_all();
        synced.map_err(|e| StoreError::file("sync", &incoming.path, e))?;
        let name = AttachmentName(stored.finalize().into());
        let digests = Digests {
            sha256: hashes.0.finalize().into(),
            sha1: hashes.1.finalize().into(),
            md5: hashes.2.finalize().into(),
        };
        let stored = StoredItem {
            name,
            digests,
            bytes,
        };
        Ok((incoming, kept, stored))
    }

    /// An item of this size, open for reading; none: there is no such attachment.
    pub fn open_item(
        &self,
        name: &AttachmentName,
        key: Option<ItemKey>,
        bytes: u64,
    ) -> Result<Option<ItemFile>, StoreError> {
        let path = self.path(name);
        let file = self.read(name)?;
        Ok(file.map(|file| ItemFile {
            file,
            path,
            key,
            bytes,
        }))
    }
}

impl ItemFile {
    pub(super) fn new(file: File, path: &Path, key: Option<ItemKey>, bytes: u64) -> Self {
        Self {
            file,
            path: path.to_owned(),
            key,
            bytes,
        }
    }

    /// How many chunks it has.
    pub fn chunks(&self) -> u64 {
        chunks(self.bytes)
    }

    /// One of its chunks, as the item's own bytes.
    pub fn chunk(&self, number: u64) -> Result<Vec<u8>, StoreError> {
        let damaged = || {
            StoreError::Damaged {
            path: self.path.clone(),
            what: "it does not hold the item; restore this file from a backup, or have the item sent again".to_owned(),
        }
        };
        let tag = self.key.as_ref().map_or(0, |_| TAG_BYTES);
        let mut chunk = vec![0; chunk_length(self.bytes, number) + tag];
        let place = number.saturating_mul(stored_chunk_bytes(self.key.as_ref()));
        match self.file.read_exact_at(&mut chunk, place) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(damaged()),
            Err(error) => return Err(StoreError::file("read", &self.path, error)),
            Ok(()) => {}
        }
        match &self.key {
            Some(key) if !key.open(number, &mut chunk) => Err(damaged()),
            Some(_) | None => Ok(chunk),
        }
    }

    /// The SHA-256 of the whole, as it lies there now.
    pub fn sha256(&self) -> Result<[u8; 32], StoreError> {
        let mut hash = Sha256::new();
        for number in 0..self.chunks() {
            hash.update(&self.chunk(number)?);
        }
        Ok(hash.finalize().into())
    }
}

/// A chunk as full as what is read gives it.
fn fill(from: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES + TAG_BYTES);
    from.take(chunk_bytes()).read_to_end(&mut chunk)?;
    Ok(chunk)
}

#[cfg(test)]
#[allow(
    clippy::string_slice,
    clippy::as_conversions,
    reason = "test code: a panic is a failed test"
)]
mod tests {
    use super::*;

    fn opened() -> (tempfile::TempDir, Attachments) {
        let folder = tempfile::tempdir().unwrap();
        let attachments = Attachments::open(&folder.path().join("attachments")).unwrap();
        (folder, attachments)
    }

    fn put(attachments: &Attachments, bytes: &[u8], key: Option<&ItemKey>) -> StoredItem {
        let hold = |stored: &StoredItem| Ok::<_, StoreError>(stored.clone());
        attachments.put_item(bytes, key, hold).unwrap()
    }

    fn sample(bytes: usize) -> Vec<u8> {
        (0_u8..=250).cycle().take(bytes).collect()
    }

    #[test]
    fn an_item_reads_back_by_chunk_and_lies_on_the_disk_only_as_its_key_allows() {
        for bytes in [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 77] {
            for key in [None, Some(ItemKey::new([7; 32]))] {
                let (folder, attachments) = opened();
                let whole = sample(bytes);
                let stored = put(&attachments, &whole, key.as_ref());
                assert_eq!(stored.bytes, bytes as u64);
                let named: [u8; 32] = Sha256::digest(&whole).into();
                assert_eq!(stored.digests.sha256, named);
                let item = attachments
                    .open_item(&stored.name, key.clone(), stored.bytes)
                    .unwrap()
                    .unwrap();
                let read: Vec<u8> = (0..item.chunks())
                    .flat_map(|number| item.chunk(number).unwrap())
                    .collect();
                assert_eq!(read, whole);
                assert_eq!(item.sha256().unwrap(), named);
                assert_eq!(stored.name.sha256() == named, key.is_none() || bytes == 0);
                assert!(attachments.check().unwrap().problems.is_empty());
                drop(folder);
            }
        }
    }

    #[test]
    fn a_changed_a_moved_or_a_missing_chunk_of_an_encrypted_item_is_found() {
        let (_folder, attachments) = opened();
        let key = ItemKey::new([9; 32]);
        let stored = put(&attachments, &sample(2 * CHUNK_BYTES + 5), Some(&key));
        let path = attachments.path(&stored.name);
        let good = std::fs::read(&path).unwrap();
        let found = |bytes: Vec<u8>| {
            std::fs::write(&path, bytes).unwrap();
            let item = attachments
                .open_item(&stored.name, Some(key.clone()), stored.bytes)
                .unwrap()
                .unwrap();
            item.sha256().is_err()
        };
        let mut changed = good.clone();
        changed[CHUNK_BYTES + 20] ^= 1;
        assert!(found(changed));
        let mut moved = good.clone();
        moved.rotate_left(CHUNK_BYTES + TAG_BYTES);
        assert!(found(moved));
        assert!(found(good[..good.len() - 21].to_vec()));
        assert!(!found(good));
        assert!(!format!("{key:?}").contains('9'), "no secret in {key:?}");
    }

    #[test]
    fn digests_are_those_that_catalogues_use() {
        let (_folder, attachments) = opened();
        let stored = put(&attachments, b"abc", None);
        // RFC 3174 section 7.3 and RFC 1321 section A.5.
        let sha1 = 0xa999_3e36_4706_816a_ba3e_2571_7850_c26c_u128.to_be_bytes();
        assert_eq!(stored.digests.sha1[..16], sha1);
        assert_eq!(stored.digests.sha1[16..], [0x9c, 0xd0, 0xd8, 0x9d]);
        let md5 = 0x9001_5098_3cd2_4fb0_d696_3f7d_28e1_7f72_u128;
        assert_eq!(stored.digests.md5, md5.to_be_bytes());
    }

    #[test]
    fn what_nobody_comes_to_hold_is_not_left_and_what_is_held_twice_stays() {
        let (_folder, attachments) = opened();
        let refused = || StoreError::AttachmentTooLarge { limit: 1 };
        let hold = |_: &StoredItem| Err::<(), _>(refused());
        assert!(attachments.put_item(b"abc".as_slice(), None, hold).is_err());
        let none = attachments.check().unwrap();
        assert_eq!((none.problems.len(), none.objects), (0, 0));
        let stored = put(&attachments, b"abc", None);
        // An equal one is held already: refusing the second takes nothing from the first.
        assert!(attachments.put_item(b"abc".as_slice(), None, hold).is_err());
        let there = |name| attachments.open_item(name, None, 3).unwrap().is_some();
        assert!(there(&stored.name));
        let still = attachments.remove_last(&stored.name, || Ok::<_, StoreError>(false));
        assert!(!still.unwrap() && there(&stored.name));
        let gone = attachments.remove_last(&stored.name, || Ok::<_, StoreError>(true));
        assert!(gone.unwrap() && !there(&stored.name));
    }
}
