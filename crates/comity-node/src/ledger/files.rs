//! The folder of evidence: what is where, and reading it from a disk.
//!
//! ```text
//! log/checkpoint, log/tile/…       the own log, C2SP tlog-tiles; later epochs in log/e1/, log/e2/, …
//! log/policy                       its keys and the witnesses that cosigned, C2SP tlog-policy
//! log/heads/SIZE                   the newest head that each witness cosigned
//! cards/PARTY/SERIAL.card          every card, own and others'
//! revocations/PARTY/NUMBER.note     every revocation by a party's root; .known: since when it is known here; .held: the heads
//!                                  of that party's logs that were cosigned here before, a JSON list
//! peers/PARTY/eN/checkpoint        the newest head of a partner's log that was cosigned here
//! peers/PARTY/eN/contradiction     a signed head that cannot belong to the same log, where there is one
//! peers/PARTY/eN/equivocation      the proof that it cannot, for anybody with the log's key
//! peers/PARTY/eN/told-by-OTHER     the newest head of that log that another party of the same accord holds
//! peers/PARTY/policy               what the accords with the party ask before a head of the own log counts
//! evidence/XX/ENVELOPE/…           one folder an envelope, sent or received, below its first two digits
//! ```
//!
//! In scope: the trait by which evidence is read, and folders on a disk. Out of scope: the node's rows (`rows`), what the
//! files say (`verify`).
//! Limits: [`FILE_BYTES_MAX`], [`NAMES_MAX`]; links are not followed.

use std::path::{Path, PathBuf};

use crate::ledger::LedgerError;

/// The longest file: a payload, or a bundle of entries.
pub const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Most names in one folder.
pub const NAMES_MAX: usize = 100_000;

/// The folder of the own log.
pub const LOG: &str = "log";
/// The folder of heads that others cosigned, within that of a log.
pub const HEADS: &str = "heads";
/// The folder of cards.
pub const CARDS: &str = "cards";
/// The folder of revocations.
pub const REVOCATIONS: &str = "revocations";
/// The folder of partners' logs.
pub const PEERS: &str = "peers";
/// The folder of envelopes.
pub const EVIDENCE: &str = "evidence";

/// What is in one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The names of folders in it, in order.
    pub folders: Vec<String>,
    /// Its files with their bytes, in order of their names.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Listing {
    /// The bytes of a file.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        let found = self.files.iter().find(|(known, _)| known == name);
        found.map(|(_, bytes)| bytes.as_slice())
    }

    pub(crate) fn add(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.files.push((name.to_owned(), bytes.into()));
    }
}

/// Evidence as files. Paths are relative, with `/`.
pub trait Files {
    /// What is in a folder; nothing where there is none.
    fn folder(&mut self, path: &str) -> Result<Listing, LedgerError>;

    /// The bytes of one file; none where there is none.
    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, LedgerError>;
}

/// A folder on a disk.
#[derive(Debug)]
pub struct DiskFiles(PathBuf);

impl DiskFiles {
    /// The folder.
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn read_at(path: &Path) -> Result<Option<Vec<u8>>, LedgerError> {
        use std::io::Read as _;
        let failed = |source| LedgerError::File {
            path: path.to_owned(),
            source,
        };
        match std::fs::symlink_metadata(path) {
            Ok(about) if about.is_file() => {}
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
            Err(error) => return Err(failed(error)),
        }
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
        file.take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() > FILE_BYTES_MAX {
            let (path, limit) = (path.to_owned(), FILE_BYTES_MAX);
            return Err(LedgerError::TooLong { path, limit });
        }
        Ok(Some(bytes))
    }
}

impl Files for DiskFiles {
    fn folder(&mut self, path: &str) -> Result<Listing, LedgerError> {
        let folder = self.0.join(path);
        let failed = |source| LedgerError::File {
            path: folder.clone(),
            source,
        };
        let names = match std::fs::read_dir(&folder) {
            Ok(names) => names,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Listing::default());
            }
            Err(error) => return Err(failed(error)),
        };
        let mut listing = Listing::default();
        for (count, entry) in names.enumerate() {
            if count == NAMES_MAX {
                let (path, limit) = (folder.clone(), NAMES_MAX);
                return Err(LedgerError::TooMany { path, limit });
            }
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                listing.folders.push(name);
            } else if let Some(bytes) = Self::read_at(&entry.path())? {
                listing.files.push((name, bytes));
            }
        }
        listing.folders.sort();
        listing.files.sort();
        Ok(listing)
    }

    fn read(&mut self, path: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        Self::read_at(&self.0.join(path))
    }
}
