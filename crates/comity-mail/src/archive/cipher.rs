//! The traditional encryption of ZIP (APPNOTE.TXT 6.3.10 section 6.1).
//!
//! In scope: the cipher, both ways. Out of scope: its strength; it keeps samples from being opened by mistake and nothing more.

/// Bytes in front of an encrypted member.
pub(super) const HEADER_BYTES: u8 = 12;

const TABLE: [u32; 256] = table();

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "a constant; a counter below 256"
)]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut place = 0;
    while place < 256 {
        let mut crc = place as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[place] = crc;
        place += 1;
    }
    table
}

/// The state of the cipher.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys(u32, u32, u32);

impl Keys {
    pub(super) fn new(password: &[u8]) -> Self {
        let mut keys = Self(0x1234_5678, 0x2345_6789, 0x3456_7890);
        for byte in password {
            keys.update(*byte);
        }
        keys
    }

    fn update(&mut self, byte: u8) {
        self.0 = step(self.0, byte);
        let sum = self.1.wrapping_add(self.0 & 0xFF);
        self.1 = sum.wrapping_mul(134_775_813).wrapping_add(1);
        let [.., high] = self.1.to_le_bytes();
        self.2 = step(self.2, high);
    }

    /// The byte that the next one is hidden with.
    fn stream(&self) -> u8 {
        let [low, high, ..] = (self.2 | 2).to_le_bytes();
        let number = u32::from(u16::from_le_bytes([low, high]));
        let [_, stream, ..] = number.wrapping_mul(number ^ 1).to_le_bytes();
        stream
    }

    pub(super) fn encrypt(&mut self, plain: u8) -> u8 {
        let hidden = plain ^ self.stream();
        self.update(plain);
        hidden
    }

    fn decrypt(&mut self, hidden: u8) -> u8 {
        let plain = hidden ^ self.stream();
        self.update(plain);
        plain
    }
}

/// The CRC-32 of one more byte behind those that came before, without the two inversions (section 6.1.5 `crc32`).
pub(super) fn step(crc: u32, byte: u8) -> u32 {
    let [low, ..] = crc.to_le_bytes();
    let entry = TABLE.get(usize::from(low ^ byte)).copied();
    (crc >> 8) ^ entry.unwrap_or_default()
}

/// The bytes behind the header, decrypted. None: the password is another one, as far as the one byte of the check tells.
pub(super) fn decrypt(encrypted: &[u8], password: &[u8], check: u8) -> Option<Vec<u8>> {
    let (header, body) = encrypted.split_at_checked(usize::from(HEADER_BYTES))?;
    let mut keys = Keys::new(password);
    let last = header.iter().fold(0, |_, byte| keys.decrypt(*byte));
    (last == check).then(|| body.iter().map(|byte| keys.decrypt(*byte)).collect())
}
