//! ZIP archives as mail carries them: first listed, then opened, if at all; and written around a sample that leaves.
//!
//! Everything is decided by the list: how many members, how large, whether they overlap, where they would be written. What the list
//! promises is then held against what comes out. No member is written anywhere, and an archive that breaks a rule is not opened in part.
//!
//! In scope: members stored or deflated, and the two encryptions that samples travel in: the traditional one (APPNOTE.TXT 6.3.10
//! section 6.1) and AES as `WinZip` does it; an archive of one sample, encrypted in the traditional way (`wrapped`). Out of scope:
//! ZIP64, archives of more than one disk, other formats.
//! Limits: [`ArchiveLimits`]. Memory: what the members hold, up to the limit.

mod aes;
mod cipher;
mod list;
mod open;
pub mod wrapped;

pub use list::{Encryption, Entry, Listing, Method, Objection, list};
pub use open::{Member, OpenError, PASSWORDS, extract};

/// What an archive may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Members.
    pub entries_max: usize,
    /// How many bytes one byte may become.
    pub ratio_max: u64,
    /// All members together, with those of archives within, in bytes.
    pub total_bytes_max: u64,
    /// Archives within archives: 2 is an archive in the archive.
    pub depth_max: usize,
}

impl ArchiveLimits {
    /// For what others send.
    pub const EXCHANGE: Self = Self {
        entries_max: 1_000,
        ratio_max: 100,
        total_bytes_max: 200_000_000,
        depth_max: 2,
    };
}
