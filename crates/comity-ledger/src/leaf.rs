//! Leaves of our own log: 47 bytes that tell a witness nothing, and padding that looks the same.
//!
//! In scope: `comity-leaf/v1`, opening a leaf. Out of scope: the header that a leaf stands for (`comity-link`), entries of
//! other logs, which may be anything. The bytes are in `docs/reference/ledger-format.md`.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::tree::{Hash, leaf_hash};

/// Bytes of a leaf.
pub const LEAF_BYTES: usize = LABEL.len() + 32;

const LABEL: &[u8] = b"comity-leaf/v1\n";

/// The secret that hides what a leaf stands for: 32 random bytes an entry, given to the counterparty with the header.
#[derive(Clone, PartialEq, Eq)]
pub struct Blinding(Zeroizing<[u8; 32]>);

impl Blinding {
    /// The secret of these random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Its bytes, for whom it is given to.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Blinding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Blinding(hidden)")
    }
}

/// An entry of our log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf([u8; LEAF_BYTES]);

impl Leaf {
    /// The leaf of a header, which is a signed note with its signature lines.
    pub fn of(header: &[u8], blinding: &Blinding) -> Self {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(blinding.reveal()).expect("any length is a key");
        mac.update(&Sha256::digest(header));
        Self::with(mac.finalize().into_bytes().into())
    }

    /// A leaf that stands for nothing. Nobody without a blinding can tell.
    pub fn padding(random: [u8; 32]) -> Self {
        Self::with(random)
    }

    /// Reads an entry of a log of ours.
    pub fn parse(entry: &[u8]) -> Option<Self> {
        let bytes: [u8; LEAF_BYTES] = entry.try_into().ok()?;
        bytes.starts_with(LABEL).then_some(Self(bytes))
    }

    /// Whether this leaf stands for that header.
    pub fn opens(&self, header: &[u8], blinding: &Blinding) -> bool {
        Self::of(header, blinding).0.ct_eq(&self.0).into()
    }

    /// The entry's bytes.
    pub fn as_bytes(&self) -> &[u8; LEAF_BYTES] {
        &self.0
    }

    /// Its hash in the tree.
    pub fn hash(&self) -> Hash {
        leaf_hash(&self.0)
    }

    fn with(secret: [u8; 32]) -> Self {
        let mut bytes = LABEL.iter().chain(&secret).copied();
        Self(std::array::from_fn(|_| bytes.next().unwrap_or_default()))
    }
}

#[cfg(test)]
#[allow(clippy::format_collect, reason = "test code: short beats fast")]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_opens_with_its_header_and_blinding_only() {
        let blinding = Blinding::new([7; 32]);
        let leaf = Leaf::of(b"header\n", &blinding);
        assert!(leaf.opens(b"header\n", &blinding));
        assert!(!leaf.opens(b"header", &blinding));
        assert!(!leaf.opens(b"header\n", &Blinding::new([8; 32])));
        assert_eq!(format!("{blinding:?}"), "Blinding(hidden)");
    }

    #[test]
    fn a_leaf_has_the_documented_bytes() {
        // Computed with Python: hmac.new(bytes([7])*32, sha256(b"header\n").digest(), sha256)
        let leaf = Leaf::of(b"header\n", &Blinding::new([7; 32]));
        let (label, mac) = leaf.as_bytes().split_at(15);
        assert_eq!(label, b"comity-leaf/v1\n");
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "f725bbefae4bb31eb8b07a1f277a622476106a9000c679cd8abace682427e99d"
        );
    }

    #[test]
    fn leaves_and_padding_are_read_and_nothing_else() {
        let check = |entry: &[u8], expected: bool| {
            let leaf = Leaf::parse(entry);
            assert_eq!(leaf.is_some(), expected);
            assert!(leaf.is_none_or(|leaf| leaf.as_bytes() == entry));
        };
        let padding = Leaf::padding([1; 32]);
        check(padding.as_bytes(), true);
        check(
            Leaf::of(b"header\n", &Blinding::new([7; 32])).as_bytes(),
            true,
        );
        check(&padding.as_bytes()[..46], false);
        check(&[padding.as_bytes().as_slice(), b"x"].concat(), false);
        check(&[b'x'; 47], false);
        check(b"", false);
    }
}
