//! Items that arrive little by little: what is there outlives a restart, and the next chunk goes behind it.
//!
//! Chunks are taken in their order alone, so what is there is told by the file's length. A file that ends within a chunk, after
//! a power cut, is cut back to the last whole one; whatever else may be wrong shows by the digest of the whole.
//!
//! In scope: appending, becoming an attachment in two steps, so that the row which names it can be written between them. Out of scope: who sends,
//! whether it may.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use sha2::{Digest as _, Sha256};

use super::item::{ItemFile, ItemKey, chunk_length, chunks, stored_chunk_bytes};
use super::{AttachmentName, Attachments, BUFFER_BYTES, PARTIAL};
use crate::error::StoreError;
use crate::objects::segment::sync_folder;

/// An item that arrives.
#[derive(Clone, Debug)]
pub struct Arriving {
    /// The name of its file while it arrives: letters, digits and hyphens.
    pub name: String,
    /// The key by which it will lie on the disk.
    pub key: Option<ItemKey>,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: [u8; 32],
}

impl Attachments {
    /// How many chunks of an item are there.
    pub fn arrived(&self, item: &Arriving) -> Result<u64, StoreError> {
        let path = self.partial(item)?;
        match std::fs::metadata(&path) {
            Ok(file) => Ok(counted(item, file.len())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(StoreError::file("look at", &path, error)),
        }
    }

    /// Puts chunks behind those that are there, the first of them with this number; what is there already, or would leave a hole,
    /// is left out. Once this returns, they are durable; answers how many there are.
    pub fn append(
        &self,
        item: &Arriving,
        pieces: impl IntoIterator<Item = (u64, Vec<u8>)>,
    ) -> Result<u64, StoreError> {
        let _one = self
            .appending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let path = self.partial(item)?;
        let failed = |action, error| StoreError::file(action, &path, error);
        let mut file = open(&path).map_err(|error| failed("open", error))?;
        let length = file.metadata().map_err(|error| failed("look at", error))?;
        let mut have = counted(item, length.len());
        let stored = stored_chunk_bytes(item.key.as_ref());
        if have < chunks(item.bytes) && length.len() != have * stored {
            let cut = file.set_len(have * stored);
            cut.map_err(|error| failed("shorten", error))?;
        }
        file.seek(SeekFrom::End(0))
            .map_err(|error| failed("read", error))?;
        for (number, mut chunk) in pieces {
            if number != have || chunk.is_empty() || chunk.len() != chunk_length(item.bytes, number)
            {
                continue;
            }
            if let Some(key) = &item.key {
                key.seal(number, &mut chunk);
            }
            file.write_all(&chunk)
                .map_err(|error| failed("write", error))?;
            have += 1;
        }
        file.sync_all().map_err(|error| failed("sync", error))?;
        Ok(have)
    }

    /// The name that an item has as an attachment, once all its chunks are there and durable; none, and it is gone: it is not what
    /// it was to be.
    pub fn judge(&self, item: &Arriving) -> Result<Option<AttachmentName>, StoreError> {
        let _one = self
            .appending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let path = self.partial(item)?;
        let failed = |action, error| StoreError::file(action, &path, error);
        // An empty item has no chunk that would have made the file.
        let file = open(&path).map_err(|error| failed("open", error))?;
        let read = file
            .try_clone()
            .map_err(|error| failed("open", error))
            .and_then(|file| ItemFile::new(file, &path, item.key.clone(), item.bytes).sha256());
        let whole = match read {
            Ok(found) => found == item.sha256,
            Err(StoreError::Damaged { .. }) => false,
            Err(error) => return Err(error),
        };
        if !whole {
            std::fs::remove_file(&path).map_err(|error| failed("remove", error))?;
            return Ok(None);
        }
        file.sync_all().map_err(|error| failed("sync", error))?;
        if item.key.is_none() {
            return Ok(Some(AttachmentName(item.sha256)));
        }
        let (name, _) = stored_name(file).map_err(|error| failed("read", error))?;
        Ok(Some(name))
    }

    /// Makes an attachment of an item that was judged so. Again, it changes nothing.
    pub fn settle(&self, item: &Arriving, name: &AttachmentName) -> Result<(), StoreError> {
        let _one = self
            .appending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let path = self.partial(item)?;
        let Ok(file) = std::fs::metadata(&path) else {
            return Ok(());
        };
        let _naming = self.naming();
        self.keep(&path, name, file.len())?;
        // Where an equal attachment was there the partial one is left over.
        let _ = std::fs::remove_file(&path);
        sync_folder(&self.folder.join(PARTIAL))
    }

    /// Gives up an item that was arriving.
    pub fn give_up(&self, item: &Arriving) -> Result<(), StoreError> {
        let path = self.partial(item)?;
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(StoreError::file("remove", &path, error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn partial(&self, item: &Arriving) -> Result<PathBuf, StoreError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let path = self.folder.join(PARTIAL).join(&item.name);
        if item.name.is_empty() || !item.name.bytes().all(plain) {
            let error = std::io::Error::from(ErrorKind::InvalidInput);
            return Err(StoreError::file("name", &path, error));
        }
        Ok(path)
    }
}

/// How many whole chunks a file of this length holds.
fn counted(item: &Arriving, length: u64) -> u64 {
    let tag = item.key.as_ref().map_or(0, |_| 16);
    let all = chunks(item.bytes);
    if length >= item.bytes + all * tag {
        return all;
    }
    (length / stored_chunk_bytes(item.key.as_ref())).min(all)
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path)
}

fn stored_name(mut file: File) -> std::io::Result<(AttachmentName, u64)> {
    use std::io::Read as _;
    file.seek(SeekFrom::Start(0))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok((AttachmentName(hash.finalize().into()), bytes));
        }
        hash.update(buffer.get(..count).unwrap_or_default());
        bytes += u64::try_from(count).unwrap_or(u64::MAX);
    }
}

#[cfg(test)]
#[allow(clippy::as_conversions, reason = "test code: a panic is a failed test")]
mod tests {
    use super::super::item::CHUNK_BYTES;
    use super::*;

    fn whole() -> Vec<u8> {
        let bytes: Vec<u8> = (0_u8..=252).cycle().take(2 * CHUNK_BYTES + 9).collect();
        bytes
    }

    fn arriving(key: Option<ItemKey>) -> Arriving {
        Arriving {
            name: "evidence--1".to_owned(),
            key,
            bytes: whole().len() as u64,
            sha256: Sha256::digest(whole()).into(),
        }
    }

    fn piece(number: u64) -> (u64, Vec<u8>) {
        let from = usize::try_from(number).unwrap() * CHUNK_BYTES;
        let until = (from + CHUNK_BYTES).min(whole().len());
        (number, whole()[from..until].to_vec())
    }

    #[test]
    fn an_item_arrives_over_restarts_and_cuts_and_becomes_an_attachment() {
        for key in [None, Some(ItemKey::new([3; 32]))] {
            let folder = tempfile::tempdir().unwrap();
            let open = || Attachments::open(&folder.path().join("attachments")).unwrap();
            let item = arriving(key.clone());
            assert_eq!(open().arrived(&item).unwrap(), 0);
            // One that would leave a hole, one of the wrong length: neither counts.
            assert_eq!(
                open().append(&item, [piece(1), (0, vec![1; 7])]).unwrap(),
                0
            );
            assert_eq!(open().append(&item, [piece(0)]).unwrap(), 1);
            let path = open().partial(&item).unwrap();
            let mut torn = std::fs::read(&path).unwrap();
            torn.extend([5; 100]);
            std::fs::write(&path, torn).unwrap();
            assert_eq!(open().arrived(&item).unwrap(), 1);
            let pieces = [piece(0), piece(1), piece(2), piece(2)];
            assert_eq!(open().append(&item, pieces).unwrap(), 3);
            let attachments = open();
            let name = attachments.judge(&item).unwrap().unwrap();
            attachments.settle(&item, &name).unwrap();
            attachments.settle(&item, &name).unwrap();
            let file = attachments
                .open_item(&name, key.clone(), item.bytes)
                .unwrap();
            assert_eq!(file.unwrap().sha256().unwrap(), item.sha256);
            assert_eq!(attachments.arrived(&item).unwrap(), 0);
            assert!(attachments.check().unwrap().problems.is_empty());
        }
    }

    #[test]
    fn what_is_not_what_it_was_to_be_is_gone_and_can_be_sent_again() {
        let folder = tempfile::tempdir().unwrap();
        let attachments = Attachments::open(&folder.path().join("attachments")).unwrap();
        let item = arriving(None);
        let mut wrong = piece(1);
        wrong.1[5] ^= 1;
        attachments
            .append(&item, [piece(0), wrong, piece(2)])
            .unwrap();
        assert_eq!(attachments.judge(&item).unwrap(), None);
        assert_eq!(attachments.arrived(&item).unwrap(), 0);
        attachments
            .append(&item, [piece(0), piece(1), piece(2)])
            .unwrap();
        assert!(attachments.judge(&item).unwrap().is_some());
        let outside = Arriving {
            name: "../x".to_owned(),
            ..item
        };
        assert!(attachments.arrived(&outside).is_err());
    }
}
