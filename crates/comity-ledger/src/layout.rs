//! A log as files: the C2SP layout that a node exports and that anybody serves from a folder.
//!
//! In scope: reading checkpoint, tiles and bundles by path. Out of scope: the folder itself: a function gives the bytes.
//!
//! Limits: [`FILE_BYTES_MAX`]; a larger file is as if malformed.

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::tile::{Bundle, ENTRY_BYTES_MAX, Tile};

/// Longest file that is looked at: a full bundle of the longest entries.
pub const FILE_BYTES_MAX: usize = 256 * (ENTRY_BYTES_MAX + 2);

/// The files of a log. `read` gives the bytes at a path below the log's folder, or `None` if there is no such file.
#[derive(Debug)]
pub struct Layout<R> {
    read: R,
}

impl<E, R> Layout<R>
where
    E: std::error::Error + 'static,
    R: FnMut(&str) -> Result<Option<Vec<u8>>, E>,
{
    /// The log whose files `read` gives.
    pub fn new(read: R) -> Self {
        Self { read }
    }

    /// The newest checkpoint.
    pub fn checkpoint(&mut self) -> Result<SignedCheckpoint, LayoutError<E>> {
        let bytes = self.file("checkpoint")?;
        Ok(SignedCheckpoint::parse(&bytes)?)
    }

    /// A tile. In place of a partial one that was removed, the full one that replaced it is read.
    pub fn tile(&mut self, tile: &Tile) -> Result<Vec<u8>, LayoutError<E>> {
        self.either(&tile.to_string(), &tile.full().to_string())
    }

    /// A bundle of entries. In place of a partial one that was removed, the full one is read.
    pub fn bundle(&mut self, bundle: &Bundle) -> Result<Vec<u8>, LayoutError<E>> {
        self.either(&bundle.to_string(), &bundle.full().to_string())
    }

    fn either(&mut self, path: &str, full: &str) -> Result<Vec<u8>, LayoutError<E>> {
        if let Some(bytes) = self.try_file(path)? {
            return Ok(bytes);
        }
        let instead = self.try_file(full)?;
        instead.ok_or_else(|| LayoutError::Missing {
            path: path.to_owned(),
        })
    }

    fn file(&mut self, path: &str) -> Result<Vec<u8>, LayoutError<E>> {
        self.try_file(path)?.ok_or_else(|| LayoutError::Missing {
            path: path.to_owned(),
        })
    }

    fn try_file(&mut self, path: &str) -> Result<Option<Vec<u8>>, LayoutError<E>> {
        let read = (self.read)(path).map_err(|source| LayoutError::Read {
            path: path.to_owned(),
            source,
        })?;
        let too_long = |bytes: &Vec<u8>| bytes.len() > FILE_BYTES_MAX;
        if read.as_ref().is_some_and(too_long) {
            return Err(LayoutError::TooLong {
                path: path.to_owned(),
            });
        }
        Ok(read)
    }
}

/// Why a file of a log is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError<E: std::error::Error + 'static> {
    /// It is there, and cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: E,
    },
    /// It is not there.
    #[error("{path} is missing; export the log again")]
    Missing {
        /// Which.
        path: String,
    },
    /// Over [`FILE_BYTES_MAX`].
    #[error("{path} has more than {FILE_BYTES_MAX} bytes; it is no file of a log")]
    TooLong {
        /// Which.
        path: String,
    },
    /// The checkpoint is malformed.
    #[error("the checkpoint cannot be read")]
    Checkpoint(#[from] CheckpointError),
}
