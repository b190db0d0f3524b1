//! Opening an archive that the list does not speak against.
//!
//! In scope: members as bytes in memory, archives within archives down to a depth. Out of scope: writing files, running anything.

use std::io::Read as _;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::list::{Encryption, Entry, Listing, Method, Objection, list};
use super::wrapped::PASSWORD;
use super::{ArchiveLimits, aes, cipher};
use crate::reading::ContentKind;

/// Passwords that samples are exchanged with; a party's own comes behind them.
pub const PASSWORDS: [&str; 2] = [PASSWORD, "malware"];

/// What came out of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// A safe name.
    pub name: String,
    /// In how many archives it lies: from 1.
    pub depth: usize,
    /// It was encrypted.
    pub encrypted: bool,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why an archive does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The list speaks against it.
    #[error("{0}; it was not opened")]
    Objection(Objection),
    /// No password fits.
    #[error(
        "no known password opens member {entry}, or it is damaged; use `infected`, or what was agreed"
    )]
    Password {
        /// Which member.
        entry: usize,
    },
    /// A method that is not read.
    #[error(
        "member {entry} is packed or encrypted in a way that is not read; use Deflate and the password `infected`"
    )]
    Method {
        /// Which member.
        entry: usize,
    },
    /// What came out is not what the list said.
    #[error("member {entry} is not what the archive says it is: damaged, or made to mislead")]
    Damaged {
        /// Which member.
        entry: usize,
    },
}

/// All members, those of archives within behind their own archive. What lies deeper than the limit stays closed.
pub fn extract(
    archive: &[u8],
    limits: &ArchiveLimits,
    passwords: &[&str],
) -> Result<Vec<Member>, OpenError> {
    let mut opening = Opening {
        limits,
        passwords,
        free: limits.total_bytes_max,
        entries: 0,
        found: Vec::new(),
    };
    opening.archive(archive, 1)?;
    Ok(opening.found)
}

struct Opening<'a> {
    limits: &'a ArchiveLimits,
    passwords: &'a [&'a str],
    free: u64,
    entries: usize,
    found: Vec<Member>,
}

impl Opening<'_> {
    /// Recursion goes as deep as the limit, which is 2.
    fn archive(&mut self, archive: &[u8], depth: usize) -> Result<(), OpenError> {
        let Listing {
            entries,
            mut objections,
        } = list(archive, self.limits);
        if let Some(objection) = objections.pop() {
            return Err(OpenError::Objection(objection));
        }
        self.entries += entries.len();
        if self.entries > self.limits.entries_max {
            return Err(OpenError::Objection(Objection::TooManyEntries));
        }
        for (index, entry) in entries.iter().enumerate() {
            if entry.folder {
                continue;
            }
            let bytes = self.member(archive, index, entry)?;
            let within =
                depth < self.limits.depth_max && ContentKind::of(&bytes) == ContentKind::Zip;
            let place = self.found.len();
            self.found.push(Member {
                name: entry.name.clone(),
                depth,
                encrypted: entry.encryption != Encryption::Open,
                bytes: Vec::new(),
            });
            // Its bytes come to it afterwards: an archive within is read where they are, and not copied.
            if within {
                self.archive(&bytes, depth + 1)?;
            }
            if let Some(member) = self.found.get_mut(place) {
                member.bytes = bytes;
            }
        }
        Ok(())
    }

    fn member(
        &mut self,
        archive: &[u8],
        index: usize,
        entry: &Entry,
    ) -> Result<Vec<u8>, OpenError> {
        self.free = self
            .free
            .checked_sub(entry.size)
            .ok_or(OpenError::Objection(Objection::TooLarge))?;
        if matches!(entry.method, Method::Other(_)) {
            return Err(OpenError::Method { entry: index });
        }
        let damaged = OpenError::Damaged { entry: index };
        let packed = usize::try_from(entry.packed).unwrap_or(usize::MAX);
        let bytes = archive.get(entry.begin..entry.begin.saturating_add(packed));
        let bytes = bytes.ok_or(damaged.clone())?;
        match entry.encryption {
            Encryption::Open => unpack(bytes, entry).ok_or(damaged),
            Encryption::Traditional => {
                // The check is one byte: another password passes it now and then, and fails at the checksum.
                let plain = self.passwords.iter().find_map(|password| {
                    let plain = cipher::decrypt(bytes, password.as_bytes(), entry.check)?;
                    unpack(&plain, entry)
                });
                plain.ok_or(OpenError::Password { entry: index })
            }
            Encryption::Aes => {
                let strength = entry.aes.ok_or(OpenError::Method { entry: index })?;
                let mut passwords = self.passwords.iter();
                let plain = passwords.find_map(|one| aes::decrypt(bytes, one.as_bytes(), strength));
                let plain = plain.ok_or(OpenError::Password { entry: index })?;
                unpack(&plain, entry).ok_or(damaged)
            }
            Encryption::Strong => Err(OpenError::Method { entry: index }),
        }
    }
}

/// The bytes of a member. None: they are not those of the list.
fn unpack(packed: &[u8], entry: &Entry) -> Option<Vec<u8>> {
    let bytes = match entry.method {
        Method::Stored => packed.to_vec(),
        Method::Deflated => {
            let mut bytes = Vec::new();
            // One byte more than promised shows that it would be more.
            let mut reader = DeflateDecoder::new(packed).take(entry.size + 1);
            reader.read_to_end(&mut bytes).ok()?;
            bytes
        }
        Method::Other(_) => return None,
    };
    let mut crc = Crc::new();
    crc.update(&bytes);
    let size = u64::try_from(bytes.len()).ok()?;
    // AE-2 leaves the checksum out: its own tag was checked.
    let intact = crc.sum() == entry.crc || entry.encryption == Encryption::Aes && entry.crc == 0;
    (size == entry.size && intact).then_some(bytes)
}
