//! An entry of a view: where one object lies in the log, and what paging must know of it.
//!
//! In scope: the fixed-size layout of an entry and its flags. Out of scope: the file that holds them (`view`).

use bytes::{Buf, BufMut};
use uuid::Uuid;

/// The size of an encoded entry in bytes.
pub(crate) const ENTRY_BYTES: usize = 56;
/// Where in an entry its flags lie, in bytes.
pub(crate) const FLAGS_AT: usize = 48;

/// What paging must know of an object, beyond its place. A set of the constants below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    /// Removed from the view: no page, manifest or lookup shows it.
    pub const REMOVED: Self = Self(1);
    /// Another version of the object is newer.
    pub const NOT_LAST: Self = Self(1 << 1);
    /// Another version of the object is older.
    pub const NOT_FIRST: Self = Self(1 << 2);
    /// The view holds the object under a later STIX version as well.
    pub const OLD_SPEC: Self = Self(1 << 3);
    /// The object is STIX 2.0; without this flag it is STIX 2.1.
    pub const SPEC_20: Self = Self(1 << 4);
    /// The object says `revoked: true`.
    pub const REVOKED: Self = Self(1 << 5);
    /// The view holds the object under more than one STIX version: `NOT_LAST` and `NOT_FIRST` speak of one of them.
    pub const MIXED_SPEC: Self = Self(1 << 6);
    /// The object has neither `modified` nor `created`: its version is its `date_added`.
    pub const UNVERSIONED: Self = Self(1 << 7);

    /// What keeps an object out of a page that asks for nothing in particular.
    pub const HIDDEN: Self = Self(Self::REMOVED.0 | Self::NOT_LAST.0 | Self::OLD_SPEC.0);

    /// The stored form.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// From the stored form; unknown bits are kept.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Whether any of `other`'s flags is set.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set less `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// Where one object lies, and what paging must know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// `date_added`, microseconds since 1970; strictly increasing along a view.
    pub(crate) added: i64,
    pub(crate) version: i64,
    pub(crate) version_nanos: u16,
    pub(crate) uuid: Uuid,
    pub(crate) segment: u32,
    pub(crate) offset: u32,
    pub(crate) length: u32,
    pub(crate) type_number: u16,
    pub(crate) flags: Flags,
}

impl Entry {
    /// Appends the stored form to `out`.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.put_i64_le(self.added);
        out.put_i64_le(self.version);
        out.extend_from_slice(self.uuid.as_bytes());
        out.put_u32_le(self.segment);
        out.put_u32_le(self.offset);
        out.put_u32_le(self.length);
        out.put_u16_le(self.type_number);
        out.put_u16_le(self.version_nanos);
        out.put_u16_le(self.flags.bits());
        out.put_slice(&[0; 6]);
    }

    /// Reads the stored form; `None` where fewer than [`ENTRY_BYTES`] are given.
    pub(crate) fn read(mut bytes: &[u8]) -> Option<Self> {
        if bytes.len() < ENTRY_BYTES {
            return None;
        }
        let added = bytes.get_i64_le();
        let version = bytes.get_i64_le();
        let uuid = Uuid::from_slice(bytes.get(..16)?).ok()?;
        bytes.advance(16);
        let (segment, offset, length) =
            (bytes.get_u32_le(), bytes.get_u32_le(), bytes.get_u32_le());
        let (type_number, version_nanos) = (bytes.get_u16_le(), bytes.get_u16_le());
        let flags = Flags::from_bits(bytes.get_u16_le());
        Some(Self {
            added,
            version,
            version_nanos,
            uuid,
            segment,
            offset,
            length,
            type_number,
            flags,
        })
    }

    /// The version as an ordered pair: microseconds, then nanoseconds past them.
    pub(crate) fn version_key(&self) -> (i64, u16) {
        (self.version, self.version_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_as_it_was_put() {
        let entry = Entry {
            added: 1,
            version: -2,
            version_nanos: 999,
            uuid: Uuid::from_u128(3),
            segment: 4,
            offset: 5,
            length: 6,
            type_number: 7,
            flags: Flags::REVOKED.with(Flags::NOT_LAST),
        };
        let mut bytes = Vec::new();
        entry.put(&mut bytes);
        assert_eq!(bytes.len(), ENTRY_BYTES);
        assert_eq!(Entry::read(&bytes), Some(entry));
        assert_eq!(Entry::read(&bytes[1..]), None);
        let flags_at = FLAGS_AT;
        assert_eq!(
            bytes[flags_at..flags_at + 2],
            entry.flags.bits().to_le_bytes()
        );
    }
}
