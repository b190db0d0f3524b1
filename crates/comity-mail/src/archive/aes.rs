//! The encryption of `WinZip` (AE-1 and AE-2), undone: collections of malware travel in it.
//!
//! Keys come of the password by PBKDF2 with HMAC-SHA-1 and 1,000 rounds; AES in a counter mode whose counter is little-endian and begins
//! with 1; the first ten bytes of HMAC-SHA-1 over what is encrypted end it. AES itself is that of `pgp`, whose CFB mode gives the
//! cipher's output when it is handed zeros: that spares a further library.
//!
//! In scope: one member. Out of scope: writing it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

const BLOCK_BYTES: usize = 16;
const CHECK_BYTES: usize = 2;
const TAG_BYTES: usize = 10;
const ROUNDS: usize = 1_000;

/// The size of the key, as the archive numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strength {
    Aes128,
    Aes192,
    Aes256,
}

impl Strength {
    pub(super) const fn of_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Aes128),
            2 => Some(Self::Aes192),
            3 => Some(Self::Aes256),
            _ => None,
        }
    }

    const fn cipher(self) -> (SymmetricKeyAlgorithm, usize) {
        match self {
            Self::Aes128 => (SymmetricKeyAlgorithm::AES128, 16),
            Self::Aes192 => (SymmetricKeyAlgorithm::AES192, 24),
            Self::Aes256 => (SymmetricKeyAlgorithm::AES256, 32),
        }
    }
}

/// The bytes of a member, decrypted. None: the password is another one, or the bytes were changed.
pub(super) fn decrypt(member: &[u8], password: &[u8], strength: Strength) -> Option<Vec<u8>> {
    let (cipher, key_bytes) = strength.cipher();
    let (salt, rest) = member.split_at_checked(key_bytes / 2)?;
    let (check, rest) = rest.split_at_checked(CHECK_BYTES)?;
    let (body, tag) = rest.split_at_checked(rest.len().checked_sub(TAG_BYTES)?)?;
    let keys = pbkdf2(password, salt, 2 * key_bytes + CHECK_BYTES);
    let (key, rest) = keys.split_at_checked(key_bytes)?;
    let (tag_key, own_check) = rest.split_at_checked(key_bytes)?;
    if own_check != check {
        return None;
    }
    let mac = keyed(tag_key).chain_update(body).finalize().into_bytes();
    if !bool::from(mac.get(..TAG_BYTES)?.ct_eq(tag)) {
        return None;
    }
    let mut plain = body.to_vec();
    apply(cipher, key, &mut plain)?;
    Some(plain)
}

/// Encrypts or decrypts in place.
fn apply(cipher: SymmetricKeyAlgorithm, key: &[u8], bytes: &mut [u8]) -> Option<()> {
    for (block, number) in bytes.chunks_mut(BLOCK_BYTES).zip(1_u128..) {
        let mut stream = [0; BLOCK_BYTES];
        let counter = number.to_le_bytes();
        cipher
            .encrypt_with_iv_regular(key, &counter, &mut stream)
            .ok()?;
        for (byte, mask) in block.iter_mut().zip(stream) {
            *byte ^= mask;
        }
    }
    Some(())
}

fn keyed(key: &[u8]) -> Hmac<Sha1> {
    Hmac::new_from_slice(key).expect("any length is a key")
}

/// PBKDF2 (RFC 8018 section 5.2).
fn pbkdf2(password: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let mac = keyed(password);
    let mut keys = Vec::with_capacity(length + 20);
    let mut number = 1_u32;
    while keys.len() < length {
        let first = mac
            .clone()
            .chain_update(salt)
            .chain_update(number.to_be_bytes());
        let mut last = first.finalize().into_bytes();
        let mut sum = last;
        for _ in 1..ROUNDS {
            last = mac.clone().chain_update(last).finalize().into_bytes();
            for (all, byte) in sum.iter_mut().zip(last) {
                *all ^= byte;
            }
        }
        keys.extend(sum);
        number += 1;
    }
    keys.truncate(length);
    keys
}

#[cfg(test)]
mod tests {
    use super::{Strength, apply, decrypt, keyed, pbkdf2};
    use hmac::Mac as _;

    fn bytes(hex: &str) -> Vec<u8> {
        let pairs = (0..hex.len()).step_by(2);
        pairs
            .map(|at| u8::from_str_radix(hex.get(at..at + 2).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn a_member_opens_with_its_password_only_and_unchanged_only() {
        for strength in [Strength::Aes128, Strength::Aes192, Strength::Aes256] {
            let (cipher, length) = strength.cipher();
            let salt = vec![7; length / 2];
            let keys = pbkdf2(b"infected", &salt, 2 * length + 2);
            let plain = b"a sample of more than one block of bytes".to_vec();
            let mut body = plain.clone();
            apply(cipher, &keys[..length], &mut body).unwrap();
            let tag = keyed(&keys[length..2 * length])
                .chain_update(&body)
                .finalize()
                .into_bytes();
            let member = [&salt[..], &keys[2 * length..], &body, &tag[..10]].concat();
            assert_eq!(decrypt(&member, b"infected", strength), Some(plain));
            assert_eq!(decrypt(&member, b"malware", strength), None);
            for place in [0, length / 2, member.len() - 1, length / 2 + 5] {
                let mut changed = member.clone();
                changed[place] ^= 1;
                assert_eq!(decrypt(&changed, b"infected", strength), None, "{place}");
            }
            for cut in 0..length / 2 + 12 {
                assert_eq!(decrypt(&member[..cut], b"infected", strength), None);
            }
        }
    }

    #[test]
    fn the_cipher_is_aes() {
        // FIPS 197 appendix C.3: the block is the counter here, so the key stream is the cipher text of the block.
        let key = bytes("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
        let (cipher, _) = Strength::Aes256.cipher();
        let mut stream = [0; 16];
        let block = bytes("00112233445566778899aabbccddeeff");
        cipher
            .encrypt_with_iv_regular(&key, &block, &mut stream)
            .unwrap();
        assert_eq!(stream.to_vec(), bytes("8ea2b7ca516745bfeafc49904b496089"));
    }
}
