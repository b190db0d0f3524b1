//! A file that comes in piece by piece within one session: written as it comes, and durable once it is finished.
//!
//! In scope: pieces, the digest, the end; how much room the disk has; which files there are. Out of scope: who sends, and how
//! much (the caller counts).
//! Limits: no memory but the piece that is written. One that is never finished goes away, at the latest when the folder is
//! opened again.

use std::io::Write as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};

use super::{AttachmentName, Attachments, INCOMING, Incoming, PARTIAL, Stored, listed};
use crate::error::StoreError;

/// A file that comes in.
#[derive(Debug)]
pub struct Receiving {
    incoming: Incoming,
    hasher: Sha256,
    bytes: u64,
}

/// A file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Present {
    /// Its name.
    pub name: AttachmentName,
    /// Its size.
    pub bytes: u64,
    /// When it was written, microseconds since 1970.
    pub written: i64,
}

impl Receiving {
    /// Adds a piece.
    pub fn write(&mut self, piece: &[u8]) -> Result<(), StoreError> {
        let written = self.incoming.file.write_all(piece);
        written.map_err(|source| StoreError::NotWritten {
            path: self.incoming.path.clone(),
            source,
        })?;
        self.hasher.update(piece);
        self.bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// How much has come.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn failed(&self, action: &'static str, source: std::io::Error) -> StoreError {
        StoreError::file(action, &self.incoming.path, source)
    }
}

impl Attachments {
    /// Begins to receive a file.
    pub fn receive(&self) -> Result<Receiving, StoreError> {
        Ok(Receiving {
            incoming: self.incoming()?,
            hasher: Sha256::new(),
            bytes: 0,
        })
    }

    /// Ends receiving. Once this returns, the file is durable under its name.
    pub fn finish(&self, receiving: Receiving) -> Result<Stored, StoreError> {
        let synced = receiving.incoming.file.sync_all();
        synced.map_err(|error| receiving.failed("sync", error))?;
        let Receiving {
            incoming,
            hasher,
            bytes,
        } = receiving;
        let sha256 = AttachmentName(hasher.finalize().into());
        self.keep(&incoming.path, &sha256, bytes)?;
        Ok(Stored { sha256, bytes })
    }

    /// How many bytes the disk takes before it is full, for a process without privileges.
    pub fn room(&self) -> Result<u64, StoreError> {
        let told = rustix::fs::statvfs(&self.folder);
        let told = told.map_err(|error| StoreError::file("look at", &self.folder, error.into()))?;
        Ok(told.f_bavail.saturating_mul(told.f_frsize))
    }

    /// Every file that is there whole, a folder of it at a time.
    pub fn each(
        &self,
        mut visit: impl FnMut(&[Present]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for fan in listed(&self.folder)? {
            if fan.ends_with(INCOMING) || fan.ends_with(PARTIAL) || !fan.is_dir() {
                continue;
            }
            let present: Vec<Present> = listed(&fan)?
                .iter()
                .filter_map(|path| present(&fan, path))
                .collect();
            visit(&present)?;
        }
        Ok(())
    }
}

/// What a file is; nothing where it went meanwhile or has no name of ours.
fn present(fan: &Path, path: &Path) -> Option<Present> {
    let first = fan.file_name()?.to_str()?;
    let name = format!("{first}{}", path.file_name()?.to_str()?);
    let facts = std::fs::metadata(path).ok()?;
    let since = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Present {
        name: AttachmentName::parse(&name)?,
        bytes: facts.len(),
        written: i64::try_from(since.as_micros()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn opened(folder: &Path) -> Attachments {
        Attachments::open(&folder.join("mail")).unwrap()
    }

    fn all(files: &Attachments) -> Vec<Present> {
        let mut all = Vec::new();
        files
            .each(|some| {
                all.extend_from_slice(some);
                Ok(())
            })
            .unwrap();
        all
    }

    #[test]
    fn pieces_become_one_file_and_an_unfinished_one_goes() {
        let folder = tempfile::tempdir().unwrap();
        let files = opened(folder.path());
        let mut coming = files.receive().unwrap();
        coming.write(b"a").unwrap();
        coming.write(b"bc").unwrap();
        assert_eq!(coming.bytes(), 3);
        let mut given_up = files.receive().unwrap();
        given_up.write(b"half").unwrap();
        assert!(all(&files).is_empty(), "nothing is there before its end");
        let stored = files.finish(coming).unwrap();
        drop(given_up);
        let mut bytes = Vec::new();
        let mut file = files.read(&stored.sha256).unwrap().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"abc");
        let present = all(&files);
        assert_eq!(present.len(), 1);
        assert_eq!(
            (present[0].name, present[0].bytes),
            (stored.sha256, stored.bytes)
        );
        assert!(present[0].written > 0);
        assert!(listed(&files.folder.join(INCOMING)).unwrap().is_empty());
    }

    #[test]
    fn what_was_half_there_at_a_crash_is_gone_after_opening() {
        let folder = tempfile::tempdir().unwrap();
        let files = opened(folder.path());
        let mut coming = files.receive().unwrap();
        coming.write(b"half").unwrap();
        // As after a kill: nothing is dropped in order.
        std::mem::forget(coming);
        let again = opened(folder.path());
        assert!(listed(&again.folder.join(INCOMING)).unwrap().is_empty());
        assert!(all(&again).is_empty());
    }

    #[test]
    fn the_disk_has_room() {
        let folder = tempfile::tempdir().unwrap();
        assert!(opened(folder.path()).room().unwrap() > 0);
    }
}
