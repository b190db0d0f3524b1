//! A sample of malware, wrapped: a ZIP archive with the password `infected`, as those who exchange samples expect it.
//!
//! The traditional encryption of ZIP (APPNOTE.TXT 6.3.10 section 6.1) keeps nobody out who wants in, and need not: it keeps a
//! sample from being opened by mistake and from being taken away by a scanner on its way. One member, not compressed, named by its
//! SHA-256, never by the name that it had.
//!
//! In scope: the bytes around and inside. Out of scope: the cipher (`cipher`), reading and writing files.
//! Limits: [`SAMPLE_BYTES_MAX`], what an archive holds without ZIP64.

use super::cipher::{HEADER_BYTES, Keys, step};

/// The password.
pub const PASSWORD: &str = "infected";
/// The largest sample.
pub const SAMPLE_BYTES_MAX: u64 = 4_000_000_000;

/// Version 2.0 of the format: encryption.
const VERSION: u16 = 20;
const ENCRYPTED: u16 = 1;
/// 1 January 1980, the first day that the format knows: an archive tells nothing of when it was made.
const DATE: u16 = 0x0021;

/// A member of an archive while it is written.
#[derive(Clone, Debug)]
pub struct Wrapped {
    keys: Keys,
    name: String,
    crc: u32,
    bytes: u32,
}

/// The CRC-32 of what was given piece by piece.
#[derive(Clone, Copy, Debug)]
pub struct Crc(u32);

impl Default for Crc {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc {
    /// Takes more bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |crc, byte| step(crc, *byte));
    }

    /// The CRC-32 of all of them.
    pub const fn value(self) -> u32 {
        !self.0
    }
}

impl Wrapped {
    /// Begins an archive of one member with this name, size and CRC-32; `random` must not be used twice. None: it is too large.
    pub fn begin(name: &str, bytes: u64, crc: u32, random: [u8; 11]) -> Option<(Self, Vec<u8>)> {
        let bytes = u32::try_from(bytes).ok()?;
        if u64::from(bytes) > SAMPLE_BYTES_MAX {
            return None;
        }
        let mut wrapped = Self {
            keys: Keys::new(PASSWORD.as_bytes()),
            name: name.to_owned(),
            crc,
            bytes,
        };
        let mut head = b"PK\x03\x04".to_vec();
        head.extend(wrapped.described()?);
        head.extend(wrapped.name.as_bytes());
        let [.., check] = crc.to_le_bytes();
        let mut first: Vec<u8> = random.into_iter().chain([check]).collect();
        wrapped.body(&mut first);
        head.extend(first);
        Some((wrapped, head))
    }

    /// Encrypts the next bytes in their place.
    pub fn body(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.keys.encrypt(*byte);
        }
    }

    /// What ends the archive.
    pub fn end(self) -> Option<Vec<u8>> {
        let name = u32::try_from(self.name.len()).ok()?;
        let before = 30 + name + u32::from(HEADER_BYTES) + self.bytes;
        let mut central = b"PK\x01\x02".to_vec();
        central.extend(VERSION.to_le_bytes());
        central.extend(self.described()?);
        // No comment, first disk, attributes of a plain file; then where the member begins.
        central.extend([0; 10]);
        central.extend(0_u32.to_le_bytes());
        central.extend(self.name.as_bytes());
        let length = u32::try_from(central.len()).ok()?;
        let mut end = central;
        end.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        end.extend(length.to_le_bytes());
        end.extend(before.to_le_bytes());
        end.extend([0; 2]);
        Some(end)
    }

    /// What both headers say of the member.
    fn described(&self) -> Option<Vec<u8>> {
        let mut said = Vec::new();
        for number in [VERSION, ENCRYPTED, 0, 0, DATE] {
            said.extend(number.to_le_bytes());
        }
        let packed = self.bytes + u32::from(HEADER_BYTES);
        for number in [self.crc, packed, self.bytes] {
            said.extend(number.to_le_bytes());
        }
        said.extend(u16::try_from(self.name.len()).ok()?.to_le_bytes());
        said.extend(0_u16.to_le_bytes());
        Some(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_zip() {
        let mut crc = Crc::default();
        crc.update(b"1234");
        crc.update(b"56789");
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc.value(), 0xCBF4_3926);
    }

    #[test]
    fn an_archive_hides_its_member_and_has_the_lengths_that_it_says() {
        let sample = b"a sample that must not be seen".to_vec();
        let mut crc = Crc::default();
        crc.update(&sample);
        let size = u64::try_from(sample.len()).unwrap();
        let (mut wrapped, mut archive) = Wrapped::begin("aa", size, crc.value(), [7; 11]).unwrap();
        assert_eq!(archive.len(), 30 + 2 + 12);
        let mut body = sample.clone();
        wrapped.body(&mut body);
        assert_ne!(body, sample);
        archive.extend(&body);
        let begins = u32::try_from(archive.len()).unwrap();
        let end = wrapped.end().unwrap();
        assert_eq!(end.len(), 46 + 2 + 22);
        assert_eq!(end.get(64..68).unwrap(), begins.to_le_bytes());
        assert!(Wrapped::begin("aa", 5_000_000_000, 0, [0; 11]).is_none());
    }
}
