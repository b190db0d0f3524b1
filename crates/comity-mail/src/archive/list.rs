//! What an archive says that it holds, and what speaks against opening it.
//!
//! In scope: the central directory (APPNOTE.TXT 6.3.10 section 4.3.12), held against the local headers. Out of scope: contents.

use std::fmt;

use super::ArchiveLimits;
use super::aes::Strength;
use crate::reading::safe_name;

/// What the list tells of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// A safe name.
    pub name: String,
    /// Its bytes in the archive.
    pub packed: u64,
    /// Its bytes.
    pub size: u64,
    /// How it is packed.
    pub method: Method,
    /// How it is encrypted.
    pub encryption: Encryption,
    /// It is a folder.
    pub folder: bool,
    /// By its name it is an archive itself.
    pub archive: bool,
    /// CRC-32 of its bytes.
    pub crc: u32,
    /// The byte of the password check: see section 6.1.6.
    pub(super) check: u8,
    /// Where its bytes stand.
    pub(super) begin: usize,
    /// Its key, where it is encrypted with AES.
    pub(super) aes: Option<Strength>,
}

/// How a member is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Not at all.
    Stored,
    /// Deflate (RFC 1951).
    Deflated,
    /// Another way, by its number.
    Other(u16),
}

/// How a member is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    Open,
    /// The traditional way: what samples with the password `infected` have.
    Traditional,
    /// AES as `WinZip` does it.
    Aes,
    /// Another way.
    Strong,
}

/// Why an archive is not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Objection {
    /// The list does not hold together.
    Malformed,
    /// ZIP64 or several disks.
    Unsupported,
    /// Too many members.
    TooManyEntries,
    /// Its members are too large together.
    TooLarge,
    /// A member would grow by more than is believed.
    Ratio {
        /// Which one.
        entry: usize,
    },
    /// Two members share bytes.
    Overlap,
    /// A member would be written outside of its folder.
    Traversal {
        /// Which one.
        entry: usize,
    },
    /// A member is a link.
    Link {
        /// Which one.
        entry: usize,
    },
    /// The header before a member says something else than the list.
    Mismatch {
        /// Which one.
        entry: usize,
    },
}

impl fmt::Display for Objection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => out.write_str("the archive is damaged"),
            Self::Unsupported => out.write_str("the archive is ZIP64 or one of several disks"),
            Self::TooManyEntries => out.write_str("the archive has too many members"),
            Self::TooLarge => out.write_str("the archive would become too large"),
            Self::Ratio { entry } => write!(out, "member {entry} would grow too much"),
            Self::Overlap => out.write_str("members of the archive share bytes"),
            Self::Traversal { entry } => write!(out, "member {entry} leaves its folder"),
            Self::Link { entry } => write!(out, "member {entry} is a link"),
            Self::Mismatch { entry } => write!(out, "member {entry} is described in two ways"),
        }
    }
}

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its members, in the order of the list.
    pub entries: Vec<Entry>,
    /// What speaks against opening it; nothing: it may be opened.
    pub objections: Vec<Objection>,
}

impl Listing {
    /// Whether a member is encrypted.
    pub fn is_encrypted(&self) -> bool {
        let mut all = self.entries.iter();
        all.any(|entry| entry.encryption != Encryption::Open)
    }

    fn refused(objection: Objection) -> Self {
        Self {
            entries: Vec::new(),
            objections: vec![objection],
        }
    }
}

const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const CENTRAL: &[u8] = b"PK\x01\x02";
const CENTRAL_BYTES: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
/// The longest comment behind an archive.
const COMMENT_BYTES_MAX: usize = 65_535;
/// Members below this size may grow by any ratio.
const RATIO_FREE_BYTES: u64 = 100_000;
const AES_METHOD: u16 = 99;
const AES_FIELD: u16 = 0x9901;

/// Lists an archive. Never more entries than the limit, never more work than its bytes.
pub fn list(archive: &[u8], limits: &ArchiveLimits) -> Listing {
    let Some(end) = end_record(archive) else {
        return Listing::refused(Objection::Malformed);
    };
    let numbers = (u16_at(archive, end + 10), u32_at(archive, end + 16));
    let (Some(count), Some(begin)) = numbers else {
        return Listing::refused(Objection::Malformed);
    };
    let disks = [4, 6].map(|place| u16_at(archive, end + place));
    if count == u16::MAX || begin == u32::MAX || disks != [Some(0), Some(0)] {
        return Listing::refused(Objection::Unsupported);
    }
    if usize::from(count) > limits.entries_max {
        return Listing::refused(Objection::TooManyEntries);
    }
    let mut listing = Listing {
        entries: Vec::new(),
        objections: Vec::new(),
    };
    let mut spans = Vec::new();
    let mut place = usize::try_from(begin).unwrap_or(usize::MAX);
    for index in 0..usize::from(count) {
        let Some((entry, span, next)) = entry(archive, place, index, &mut listing.objections)
        else {
            listing.objections.push(Objection::Malformed);
            return listing;
        };
        listing.entries.push(entry);
        spans.push(span);
        place = next;
    }
    if place > end {
        listing.objections.push(Objection::Malformed);
    }
    weigh(&mut listing, limits);
    spans.push((usize::try_from(begin).unwrap_or(usize::MAX), archive.len()));
    spans.sort_unstable();
    let shared = spans.windows(2).any(|two| match two {
        [(_, end), (begin, _)] => begin < end,
        _ => false,
    });
    if shared {
        listing.objections.push(Objection::Overlap);
    }
    listing
}

/// Sums and ratios.
fn weigh(listing: &mut Listing, limits: &ArchiveLimits) {
    let mut total = 0_u64;
    for (index, entry) in listing.entries.iter().enumerate() {
        total = total.saturating_add(entry.size);
        let believed = entry.packed.saturating_mul(limits.ratio_max);
        if entry.size > believed.max(RATIO_FREE_BYTES) {
            listing.objections.push(Objection::Ratio { entry: index });
        }
    }
    if total > limits.total_bytes_max {
        listing.objections.push(Objection::TooLarge);
    }
}

/// The record that ends an archive: the last that fits with its comment.
fn end_record(archive: &[u8]) -> Option<usize> {
    let last = archive.len().checked_sub(END_BYTES)?;
    let first = last.saturating_sub(COMMENT_BYTES_MAX);
    (first..=last).rev().find(|place| {
        archive.get(*place..place + 4) == Some(END)
            && u16_at(archive, place + 20)
                .is_some_and(|comment| place + END_BYTES + usize::from(comment) == archive.len())
    })
}

/// Reads a member of the list: with the bytes that it takes, and where the next stands.
fn entry(
    archive: &[u8],
    place: usize,
    index: usize,
    objections: &mut Vec<Objection>,
) -> Option<(Entry, (usize, usize), usize)> {
    if archive.get(place..place.checked_add(4)?)? != CENTRAL {
        return None;
    }
    let flags = u16_at(archive, place + 8)?;
    let method = u16_at(archive, place + 10)?;
    let time = u16_at(archive, place + 12)?;
    let crc = u32_at(archive, place + 16)?;
    let packed = u32_at(archive, place + 20)?;
    let size = u32_at(archive, place + 24)?;
    let [name, extra, comment] =
        [28, 30, 32].map(|field| u16_at(archive, place + field).map(usize::from));
    let (name, extra, comment) = (name?, extra?, comment?);
    let attributes = u32_at(archive, place + 38)?;
    let local = usize::try_from(u32_at(archive, place + 42)?).ok()?;
    let begin = place + CENTRAL_BYTES;
    let claimed = archive.get(begin..begin + name)?;
    let claimed_text = String::from_utf8_lossy(claimed);
    let (plain_name, _) = safe_name(claimed_text.trim_end_matches('/'));
    if leaves_folder(&claimed_text) {
        objections.push(Objection::Traversal { entry: index });
    }
    // The high half holds the mode of Unix, whatever system is claimed.
    if attributes >> 28 == 0o12 {
        objections.push(Objection::Link { entry: index });
    }
    let extras = archive.get(begin + name..begin + name + extra)?;
    let aes = (method == AES_METHOD).then(|| aes_field(extras)).flatten();
    let packed_bytes = usize::try_from(packed).ok()?;
    let (data, agrees) = local_header(archive, local, claimed, (flags, method))?;
    if !agrees {
        objections.push(Objection::Mismatch { entry: index });
    }
    let end = data.checked_add(packed_bytes)?;
    archive.get(data..end)?;
    let [.., high_crc] = crc.to_le_bytes();
    let [_, high_time] = time.to_le_bytes();
    let entry = Entry {
        archive: ends_like_archive(&plain_name),
        name: plain_name,
        packed: u64::from(packed),
        size: u64::from(size),
        method: match aes.map_or(method, |(_, method)| method) {
            0 => Method::Stored,
            8 => Method::Deflated,
            other => Method::Other(other),
        },
        encryption: match (flags & 1, flags & 64, method) {
            (0, _, _) => Encryption::Open,
            (_, _, AES_METHOD) => Encryption::Aes,
            (_, 0, _) => Encryption::Traditional,
            (_, _, _) => Encryption::Strong,
        },
        folder: claimed.ends_with(b"/"),
        crc,
        check: if flags & 8 == 0 { high_crc } else { high_time },
        begin: data,
        aes: aes.map(|(strength, _)| strength),
    };
    let next = begin + name + extra + comment;
    Some((entry, (local, end), next))
}

/// What the extra field of AES tells: the key, and how the bytes are packed.
fn aes_field(mut extras: &[u8]) -> Option<(Strength, u16)> {
    loop {
        let kind = u16_at(extras, 0)?;
        let length = usize::from(u16_at(extras, 2)?);
        let field = extras.get(4..4 + length)?;
        if kind == AES_FIELD {
            let strength = Strength::of_number(*field.get(4)?)?;
            return Some((strength, u16_at(field, 5)?));
        }
        extras = extras.get(4 + length..)?;
    }
}

/// Where the bytes behind a local header begin, and whether it says what the list says.
fn local_header(
    archive: &[u8],
    place: usize,
    name: &[u8],
    (flags, method): (u16, u16),
) -> Option<(usize, bool)> {
    if archive.get(place..place.checked_add(4)?)? != LOCAL {
        return None;
    }
    let own_flags = u16_at(archive, place + 6)?;
    let own_method = u16_at(archive, place + 8)?;
    let length = usize::from(u16_at(archive, place + 26)?);
    let extra = usize::from(u16_at(archive, place + 28)?);
    let begin = place + LOCAL_BYTES;
    let own_name = archive.get(begin..begin + length)?;
    let same = own_name == name && own_method == method && own_flags & 1 == flags & 1;
    Some((begin + length + extra, same))
}

fn leaves_folder(claimed: &str) -> bool {
    claimed.starts_with(['/', '\\'])
        || claimed.contains('\0')
        || claimed.as_bytes().get(1) == Some(&b':')
        || claimed.split(['/', '\\']).any(|step| step == "..")
}

fn ends_like_archive(name: &str) -> bool {
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| {
        [
            "zip", "7z", "rar", "gz", "tgz", "xz", "bz2", "tar", "cab", "iso", "jar", "apk",
        ]
        .contains(&extension.as_str())
    })
}

fn u16_at(bytes: &[u8], place: usize) -> Option<u16> {
    let two = bytes.get(place..place.checked_add(2)?)?;
    Some(u16::from_le_bytes(two.try_into().ok()?))
}

fn u32_at(bytes: &[u8], place: usize) -> Option<u32> {
    let four = bytes.get(place..place.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}
