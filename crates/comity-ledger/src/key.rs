//! The keys of signed notes: verifier keys ("vkeys") as C2SP `signed-note` writes them, and the keys that sign.
//!
//! In scope: Ed25519 note signatures (0x01), Ed25519 cosignatures (0x04) and ML-DSA-44 cosignatures (0x06); names, key
//! identifiers, and the check that both belong together. Out of scope: where a seed comes from and where it is kept, which
//! key is trusted for what (`policy`), the message that a signature covers (`note`, `cosignature`).
//!
//! Limits: a name has at most [`NAME_BYTES_MAX`] bytes. Ed25519 keys of small order and keys not in their one encoding are
//! refused, and signatures are verified strictly, so that no signature fits two messages or two keys. ML-DSA signing is
//! hedged: the library mixes its own randomness in, so two signatures of one message differ.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{
    KeyPair as _, ML_DSA_44, ML_DSA_44_SIGNING, PqdsaKeyPair, UnparsedPublicKey,
};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::encoding::{base64, from_base64};
use crate::note::NoteSignature;

/// What a key signs and how, as the byte that leads its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureType {
    /// 0x01: Ed25519 over the text of a note.
    Ed25519,
    /// 0x04: Ed25519 over a checkpoint and a time.
    CosignatureEd25519,
    /// 0x06: ML-DSA-44 over a tree and a time.
    CosignatureMlDsa44,
    /// A type that this crate neither makes nor verifies.
    Other(u8),
}

impl SignatureType {
    /// The type of this identifier byte.
    pub fn from_byte(byte: u8) -> Self {
        match byte {
            0x01 => Self::Ed25519,
            0x04 => Self::CosignatureEd25519,
            0x06 => Self::CosignatureMlDsa44,
            other => Self::Other(other),
        }
    }

    /// The identifier byte.
    pub fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureEd25519 => 0x04,
            Self::CosignatureMlDsa44 => 0x06,
            Self::Other(byte) => byte,
        }
    }
}

/// A public key with its name: whose signatures are believed, and in which form.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key_id: u32,
    signature_type: SignatureType,
    public: PublicKey,
}

#[derive(Clone, PartialEq, Eq)]
enum PublicKey {
    Ed25519(VerifyingKey),
    MlDsa44(Box<[u8]>),
}

impl VerifierKey {
    /// Reads `name+hex8+base64`, with the key identifier that belongs to it.
    pub fn parse(vkey: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed;
        let (name, rest) = vkey.split_once('+').ok_or_else(malformed)?;
        let (key_id, material) = rest.split_once('+').ok_or_else(malformed)?;
        let material = from_base64(material).ok_or_else(malformed)?;
        let (&byte, public_key) = material.split_first().ok_or_else(malformed)?;
        let key = Self::new(name, SignatureType::from_byte(byte), public_key)?;
        if format!("{:08x}", key.key_id) == key_id {
            Ok(key)
        } else {
            Err(KeyError::KeyIdMismatch {
                expected: key.key_id,
            })
        }
    }

    /// The verifier key of this name, type and public key.
    pub fn new(
        name: &str,
        signature_type: SignatureType,
        public_key: &[u8],
    ) -> Result<Self, KeyError> {
        check_name(name)?;
        let public = match signature_type {
            SignatureType::Ed25519 | SignatureType::CosignatureEd25519 => {
                PublicKey::Ed25519(ed25519_key(public_key)?)
            }
            SignatureType::CosignatureMlDsa44 => {
                if public_key.len() != ML_DSA_44_PUBLIC_KEY_BYTES {
                    return Err(KeyError::BadPublicKey);
                }
                PublicKey::MlDsa44(public_key.into())
            }
            SignatureType::Other(byte) => return Err(KeyError::UnsupportedType(byte)),
        };
        Ok(Self {
            name: name.to_owned(),
            key_id: key_id(name, signature_type, public_key),
            signature_type,
            public,
        })
    }

    /// The name, as it stands in signature lines.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key identifier, as it leads the bytes of a signature.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// What this key signs and how.
    pub fn signature_type(&self) -> SignatureType {
        self.signature_type
    }

    /// The public key, without its type byte: 32 bytes of Ed25519 or 1312 of ML-DSA-44.
    pub fn public_key(&self) -> &[u8] {
        match &self.public {
            PublicKey::Ed25519(key) => key.as_bytes(),
            PublicKey::MlDsa44(bytes) => bytes,
        }
    }

    /// Whether `signature` is this key's signature of exactly these bytes.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.public {
            PublicKey::Ed25519(key) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            PublicKey::MlDsa44(bytes) => UnparsedPublicKey::new(&ML_DSA_44, bytes)
                .verify(message, signature)
                .is_ok(),
        }
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(vkey: &str) -> Result<Self, KeyError> {
        Self::parse(vkey)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut material = vec![self.signature_type.byte()];
        material.extend_from_slice(self.public_key());
        let material = base64(&material);
        write!(formatter, "{}+{:08x}+{material}", self.name, self.key_id)
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "VerifierKey({}+{:08x})", self.name, self.key_id)
    }
}

/// A secret key with its name. Its memory is wiped when it is dropped, and it never shows in debug output.
pub struct SigningKey {
    verifier: VerifierKey,
    secret: SecretKey,
}

enum SecretKey {
    Ed25519(ed25519_dalek::SigningKey),
    // The library wipes its memory when it frees the key.
    MlDsa44(PqdsaKeyPair),
}

impl SigningKey {
    /// The key that grows from a seed of 32 random bytes; the same seed gives the same key.
    pub fn from_seed(
        name: &str,
        signature_type: SignatureType,
        seed: &[u8; SEED_BYTES],
    ) -> Result<Self, KeyError> {
        let (secret, public_key) = match signature_type {
            SignatureType::Ed25519 | SignatureType::CosignatureEd25519 => {
                let secret = ed25519_dalek::SigningKey::from_bytes(seed);
                let public_key = secret.verifying_key().as_bytes().to_vec();
                (SecretKey::Ed25519(secret), public_key)
            }
            SignatureType::CosignatureMlDsa44 => {
                let secret = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed)
                    .map_err(|_| KeyError::BadSeed)?;
                let public_key = secret.public_key().as_ref().to_vec();
                (SecretKey::MlDsa44(secret), public_key)
            }
            SignatureType::Other(byte) => return Err(KeyError::UnsupportedType(byte)),
        };
        let verifier = VerifierKey::new(name, signature_type, &public_key)?;
        Ok(Self { verifier, secret })
    }

    /// The public half.
    pub fn verifier(&self) -> VerifierKey {
        self.verifier.clone()
    }

    /// The name, as it stands in signature lines.
    pub fn name(&self) -> &str {
        self.verifier.name()
    }

    /// What this key signs and how.
    pub fn signature_type(&self) -> SignatureType {
        self.verifier.signature_type()
    }

    /// The signature of a note's text (0x01). The text is the note's, its last newline included.
    ///
    /// A key of another type signs a text that no verifier accepts: cosignatures are made by
    /// [`cosign`](crate::cosignature::cosign).
    pub fn sign_note(&self, text: &str) -> NoteSignature {
        self.signature(&self.sign(text.as_bytes()))
    }

    /// A signature line of this key around these bytes.
    pub(crate) fn signature(&self, bytes: &[u8]) -> NoteSignature {
        NoteSignature::of(&self.verifier, bytes)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.secret {
            SecretKey::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            SecretKey::MlDsa44(key) => {
                let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
                key.sign(message, &mut signature)
                    .expect("a key made from a seed signs any message");
                signature
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let VerifierKey { name, key_id, .. } = &self.verifier;
        write!(formatter, "SigningKey({name}+{key_id:08x})")
    }
}

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not three parts separated by `+`, or not canonical base64.
    #[error("not a verifier key; it reads NAME+8 HEX DIGITS+BASE64, copy it whole")]
    Malformed,
    /// The name is empty, too long, or holds a space, a plus or a control character.
    #[error(
        "not a key name: 1 to {NAME_BYTES_MAX} bytes without spaces, `+` and control characters"
    )]
    BadName,
    /// The identifier in the text is not the one of its name and key.
    #[error(
        "the key identifier does not fit name and key, which give {expected:08x}; copy the key again"
    )]
    KeyIdMismatch {
        /// The identifier that fits.
        expected: u32,
    },
    /// A type of signature that this crate does not verify.
    #[error("signature type {0:#04x} is not supported; ask for a key of type 0x01, 0x04 or 0x06")]
    UnsupportedType(u8),
    /// The public key has the wrong length, is no point, or is one that accepts forged signatures.
    #[error("the public key is not a valid one of its type; ask its owner for a new key")]
    BadPublicKey,
    /// The seed gave no key.
    #[error("no key can be made from this seed; draw another")]
    BadSeed,
}

/// Longest name of a key: the ML-DSA-44 message of C2SP `tlog-cosignature` has one byte for its length.
pub const NAME_BYTES_MAX: usize = 255;

/// Bytes of a seed (RFC 8032 section 5.1.5, FIPS 204 algorithm 1).
pub const SEED_BYTES: usize = 32;

/// FIPS 204 table 2.
const ML_DSA_44_PUBLIC_KEY_BYTES: usize = 1312;

pub(crate) fn check_name(name: &str) -> Result<(), KeyError> {
    let allowed = |character: char| {
        !character.is_whitespace() && character != '+' && u32::from(character) >= 0x20
    };
    if !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(allowed) {
        Ok(())
    } else {
        Err(KeyError::BadName)
    }
}

/// The first four bytes of SHA-256(name, newline, type, public key).
fn key_id(name: &str, signature_type: SignatureType, public_key: &[u8]) -> u32 {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', signature_type.byte()])
        .chain_update(public_key)
        .finalize();
    let first = digest.first_chunk().expect("a digest has 32 bytes");
    u32::from_be_bytes(*first)
}

fn ed25519_key(bytes: &[u8]) -> Result<VerifyingKey, KeyError> {
    let bytes: &[u8; 32] = bytes.try_into().map_err(|_| KeyError::BadPublicKey)?;
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::BadPublicKey)?;
    // A key of small order accepts signatures that nobody made; one key in two encodings would have two identifiers.
    if key.is_weak() || key.to_edwards().compress().as_bytes() != bytes {
        return Err(KeyError::BadPublicKey);
    }
    Ok(key)
}

#[cfg(test)]
mod tests;
