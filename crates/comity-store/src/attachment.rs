//! Attachments: evidence, samples and reports as files, named by the SHA-256 of what they hold, never rows.
//!
//! A file is written under another name, hashed on the way, synced, and only then given its own name; so under that name
//! there is either the whole attachment or nothing. Equal attachments are one file.
//!
//! In scope: receiving, reading, removing, checking; evidence items in chunks, some of them encrypted (`item`), and items that
//! arrive little by little (`partial`), and whole files as they come in (`receiving`). Out of scope: who refers to an attachment, and who may read it.
//! Limits: what the caller says, [`ATTACHMENT_BYTES_MAX`] at most; [`BUFFER_BYTES`] of memory for each that is received.

pub mod item;
pub mod partial;
pub mod receiving;

use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufRead as _, BufReader, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::error::StoreError;
use crate::objects::CheckReport;
use crate::objects::segment::sync_folder;

/// The largest attachment in bytes, whatever the caller allows.
pub const ATTACHMENT_BYTES_MAX: u64 = 1 << 30;
/// How much is read at once.
pub const BUFFER_BYTES: usize = 64 * 1024;

/// Where files lie until they are whole.
const INCOMING: &str = "incoming";
/// Where items lie that arrive little by little; what is there outlives a restart.
const PARTIAL: &str = "partial";

/// The SHA-256 of an attachment, which is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttachmentName([u8; 32]);

/// An attachment that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub sha256: AttachmentName,
    /// Its size.
    pub bytes: u64,
}

/// The attachments of a node.
#[derive(Debug)]
pub struct Attachments {
    folder: PathBuf,
    received: AtomicU64,
    /// One append to a partial item at a time: two calls may bring the same chunk.
    appending: Mutex<()>,
    /// Held while a file gets its name, and while it is decided whether one goes: what two hold alike does not go under the second.
    naming: Mutex<()>,
}

/// A file that goes away unless it is kept.
#[derive(Debug)]
struct Incoming {
    path: PathBuf,
    file: File,
}

impl AttachmentName {
    /// The name of what has this SHA-256.
    pub const fn of(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }

    /// The SHA-256.
    pub const fn sha256(&self) -> [u8; 32] {
        self.0
    }

    /// Reads the 64 hexadecimal digits, in lower case, that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut name = [0; 32];
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != name.len() || !rest.is_empty() {
            return None;
        }
        for (byte, [high, low]) in name.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(name))
    }
}

impl fmt::Display for AttachmentName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl Attachments {
    /// Opens the attachments in `folder`, making it when it is new, and clears away what was never received whole.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let incoming = folder.join(INCOMING);
        make_folder(folder)?;
        make_folder(&incoming)?;
        make_folder(&folder.join(PARTIAL))?;
        sync_folder(folder)?;
        for path in listed(&incoming)? {
            tracing::warn!(path = %path.display(), "half an attachment removed");
            std::fs::remove_file(&path).map_err(|e| StoreError::file("remove", &path, e))?;
        }
        Ok(Self {
            folder: folder.to_owned(),
            received: AtomicU64::new(0),
            appending: Mutex::default(),
            naming: Mutex::default(),
        })
    }

    /// Receives an attachment of at most `limit_bytes`. Once this returns, it is durable.
    pub fn put(&self, mut from: impl Read, limit_bytes: u64) -> Result<Stored, StoreError> {
        let limit = limit_bytes.min(ATTACHMENT_BYTES_MAX);
        let mut receiving = self.receive()?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(receiving.failed("receive", error)),
            };
            let part = buffer.get(..count).unwrap_or_default();
            let bytes = receiving.bytes() + u64::try_from(count).unwrap_or(u64::MAX);
            if bytes > limit {
                return Err(StoreError::AttachmentTooLarge { limit });
            }
            receiving.write(part)?;
        }
        self.finish(receiving)
    }

    /// The file of an attachment, open for reading.
    pub fn read(&self, name: &AttachmentName) -> Result<Option<File>, StoreError> {
        let path = self.path(name);
        match File::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::file("open", &path, error)),
        }
    }

    /// Removes an attachment; `false` when there is none of that name.
    pub fn remove(&self, name: &AttachmentName) -> Result<bool, StoreError> {
        let path = self.path(name);
        match std::fs::remove_file(&path) {
            Ok(()) => sync_folder(&self.fan(name)).map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::file("remove", &path, error)),
        }
    }

    /// Removes an attachment if `last` says that nobody holds it any more; nobody comes to hold it meanwhile.
    pub fn remove_last<E: From<StoreError>>(
        &self,
        name: &AttachmentName,
        last: impl FnOnce() -> Result<bool, E>,
    ) -> Result<bool, E> {
        let _naming = self.naming();
        Ok(last()? && self.remove(name)?)
    }

    fn naming(&self) -> MutexGuard<'_, ()> {
        self.naming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads every attachment and says which do not hold what their name says.
    pub fn check(&self) -> Result<CheckReport, StoreError> {
        let mut report = CheckReport::default();
        for fan in listed(&self.folder)? {
            if fan.ends_with(INCOMING) || fan.ends_with(PARTIAL) {
                continue;
            }
            if !fan.is_dir() {
                report
                    .problems
                    .push(format!("{} does not belong here", fan.display()));
                continue;
            }
            for path in listed(&fan)? {
                self.check_one(&path, &mut report)?;
            }
        }
        Ok(report)
    }

    fn check_one(&self, path: &Path, report: &mut CheckReport) -> Result<(), StoreError> {
        let (name, bytes) = match hash(path) {
            Ok(hashed) => hashed,
            // Removed since it was listed.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StoreError::file("read", path, error)),
        };
        report.objects += 1;
        report.bytes += bytes;
        if self.path(&name) != path {
            report.problems.push(format!(
                "{} does not hold what its name says; restore this file from a backup",
                path.display()
            ));
        }
        Ok(())
    }

    fn incoming(&self) -> Result<Incoming, StoreError> {
        let number = self.received.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(INCOMING).join(number.to_string());
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| StoreError::file("create", &path, e))?;
        Ok(Incoming { path, file })
    }

    /// Gives a whole file its name, unless an equal one has it. Answers whether there was none.
    fn keep(&self, from: &Path, name: &AttachmentName, bytes: u64) -> Result<bool, StoreError> {
        let fan = self.fan(name);
        make_folder(&fan)?;
        let path = self.path(name);
        // One of another size is damaged, and replaced.
        let held = std::fs::metadata(&path).is_ok_and(|file| file.len() == bytes);
        if !held {
            std::fs::rename(from, &path).map_err(|e| StoreError::file("rename to", &path, e))?;
        }
        // Also where they were there: whoever made them may not have come so far.
        sync_folder(&fan)?;
        sync_folder(&self.folder)?;
        Ok(!held)
    }

    fn fan(&self, name: &AttachmentName) -> PathBuf {
        let [first, ..] = name.0;
        self.folder.join(format!("{first:02x}"))
    }

    fn path(&self, name: &AttachmentName) -> PathBuf {
        let text = name.to_string();
        self.fan(name).join(text.get(2..).unwrap_or_default())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        // Where the file got its name there is nothing left to remove; otherwise the next opening tries again.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Makes a folder that only the node may enter, unless it is there.
fn make_folder(path: &Path) -> Result<(), StoreError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreError::file("create", path, error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let list = || {
        let mut paths = std::fs::read_dir(folder)?
            .map(|item| Ok(item?.path()))
            .collect::<std::io::Result<Vec<PathBuf>>>()?;
        paths.sort();
        Ok(paths)
    };
    list().map_err(|e| StoreError::file("list", folder, e))
}

fn hash(path: &Path) -> std::io::Result<(AttachmentName, u64)> {
    let mut file = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    loop {
        let part = file.fill_buf()?;
        if part.is_empty() {
            break;
        }
        hasher.update(part);
        let count = part.len();
        bytes += u64::try_from(count).unwrap_or(u64::MAX);
        file.consume(count);
    }
    Ok((AttachmentName(hasher.finalize().into()), bytes))
}

#[cfg(test)]
#[allow(
    clippy::string_slice,
    clippy::as_conversions,
    reason = "test code: a panic is a failed test"
)]
mod tests;
