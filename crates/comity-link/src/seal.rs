//! Sealing: a payload that only its recipient can open, whatever carries it.
//!
//! HPKE (RFC 9180) in base mode with ChaCha20-Poly1305 and HKDF-SHA256. The key encapsulation is the recipient's choice in
//! its node card: X-Wing (X25519 with ML-KEM-768) or X25519. Who sent it is what the header's signature says; what was
//! sealed is what the header's commitment says, so a ciphertext that opens two ways (it is not committing) helps nobody.
//!
//! In scope: sealing and opening one content. Out of scope: which key counts.
//! Limits: a content is a payload, padded to the size that its header tells.

use std::fmt;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::{X25519HkdfSha256, XWing};
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use zeroize::Zeroizing;

use crate::frame::{Reader, Writer};
use crate::header::bucket;

const INFORMATION: &[u8] = b"comity-seal/v1";

/// How a recipient's key takes in secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealingAlgorithm {
    /// X25519 (RFC 9180 section 7.1).
    X25519,
    /// X25519 with ML-KEM-768.
    XWing,
}

impl SealingAlgorithm {
    /// Its word in node cards.
    pub const fn word(self) -> &'static str {
        match self {
            Self::X25519 => "x25519",
            Self::XWing => "x25519-ml-kem-768",
        }
    }

    /// The algorithm of this word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::X25519, Self::XWing]
            .into_iter()
            .find(|algorithm| algorithm.word() == word)
    }
}

/// Where contents are sealed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealingKey {
    /// How.
    pub algorithm: SealingAlgorithm,
    /// The public key.
    pub public: Vec<u8>,
}

/// What opens contents.
pub struct OpeningKey {
    algorithm: SealingAlgorithm,
    secret: Zeroizing<Vec<u8>>,
    public: Vec<u8>,
}

/// What a recipient finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What opens the header's commitment.
    pub opening: [u8; 32],
    /// The payload.
    pub payload: Vec<u8>,
}

/// Why a content cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key is none of its algorithm.
    #[error("the sealing key is not one of its algorithm; ask the party for its newest node card")]
    Key,
    /// It does not open.
    #[error("the content is not sealed to this key, or was changed on the way")]
    Closed,
    /// It opens, but not to a content.
    #[error("what was sealed is no content of comity-seal/v1")]
    Content,
}

/// Randomness that the caller hands in.
struct Given<'a>(&'a mut dyn FnMut(&mut [u8]));

impl TryRng for Given<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        (self.0)(&mut bytes);
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        (self.0)(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Given<'_> {}

impl OpeningKey {
    /// The key that this secret makes.
    pub fn from_seed(algorithm: SealingAlgorithm, seed: &[u8; 32]) -> Self {
        fn pair<K: Kem>(seed: &[u8; 32]) -> (Zeroizing<Vec<u8>>, Vec<u8>) {
            let (secret, public) = K::derive_keypair(seed);
            (
                Zeroizing::new(secret.to_bytes().to_vec()),
                public.to_bytes().to_vec(),
            )
        }
        let (secret, public) = match algorithm {
            SealingAlgorithm::X25519 => pair::<X25519HkdfSha256>(seed),
            SealingAlgorithm::XWing => pair::<XWing>(seed),
        };
        Self {
            algorithm,
            secret,
            public,
        }
    }

    /// Where others seal to.
    pub fn sealing_key(&self) -> SealingKey {
        SealingKey {
            algorithm: self.algorithm,
            public: self.public.clone(),
        }
    }

    /// Opens what was sealed to this key with the same `bound`, the header's bytes.
    pub fn open(&self, sealed: &[u8], bound: &[u8]) -> Result<Content, SealError> {
        let plain = match self.algorithm {
            SealingAlgorithm::X25519 => open::<X25519HkdfSha256>(&self.secret, sealed, bound),
            SealingAlgorithm::XWing => open::<XWing>(&self.secret, sealed, bound),
        }?;
        let plain = Zeroizing::new(plain);
        let mut reader = Reader::new(&plain);
        let mut read = || {
            let opening = reader.array()?;
            let payload = reader.bytes()?.to_vec();
            let padding = reader.bytes()?;
            reader.end()?;
            Ok::<_, crate::frame::Broken>((opening, payload, padding.iter().all(|b| *b == 0)))
        };
        match read() {
            Ok((opening, payload, true)) => Ok(Content { opening, payload }),
            Ok(_) | Err(_) => Err(SealError::Content),
        }
    }
}

impl fmt::Debug for OpeningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpeningKey")
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl SealingKey {
    /// Seals a content; `bound` is the header's bytes, to which it is bound.
    pub fn seal(
        &self,
        content: &Content,
        bound: &[u8],
        random: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Vec<u8>, SealError> {
        let size = u64::try_from(content.payload.len()).unwrap_or(u64::MAX);
        let padding = usize::try_from(bucket(size) - size).unwrap_or(0);
        let plain = Writer::default()
            .bytes(&content.opening)
            .bytes(&content.payload)
            .bytes(&vec![0; padding])
            .done();
        let plain = Zeroizing::new(plain);
        match self.algorithm {
            SealingAlgorithm::X25519 => {
                seal::<X25519HkdfSha256>(&self.public, &plain, bound, random)
            }
            SealingAlgorithm::XWing => seal::<XWing>(&self.public, &plain, bound, random),
        }
    }
}

fn seal<K: Kem>(
    public: &[u8],
    plain: &[u8],
    bound: &[u8],
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<Vec<u8>, SealError> {
    let public = K::PublicKey::from_bytes(public).map_err(|_| SealError::Key)?;
    let sealed = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, K>(
        &OpModeS::Base,
        &public,
        INFORMATION,
        plain,
        bound,
        &mut Given(random),
    );
    let (key, sealed) = sealed.map_err(|_| SealError::Key)?;
    Ok(Writer::default()
        .bytes(&key.to_bytes())
        .bytes(&sealed)
        .done())
}

fn open<K: Kem>(secret: &[u8], sealed: &[u8], bound: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut reader = Reader::new(sealed);
    let mut read = || {
        let key = reader.bytes()?;
        let sealed = reader.bytes()?;
        reader.end()?;
        Ok::<_, crate::frame::Broken>((key, sealed))
    };
    let (key, sealed) = read().map_err(|_| SealError::Closed)?;
    let secret = K::PrivateKey::from_bytes(secret).map_err(|_| SealError::Key)?;
    let key = K::EncappedKey::from_bytes(key).map_err(|_| SealError::Closed)?;
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, K>(
        &OpModeR::Base,
        &secret,
        &key,
        INFORMATION,
        sealed,
        bound,
    )
    .map_err(|_| SealError::Closed)
}

#[cfg(test)]
mod tests {
    use super::{Content, OpeningKey, SealError, SealingAlgorithm};

    #[test]
    fn opens_for_its_recipient_and_context_alone() {
        for algorithm in [SealingAlgorithm::X25519, SealingAlgorithm::XWing] {
            assert_eq!(SealingAlgorithm::parse(algorithm.word()), Some(algorithm));
            let key = OpeningKey::from_seed(algorithm, &[7; 32]);
            let content = Content {
                opening: [9; 32],
                payload: b"{}".to_vec(),
            };
            let mut next = 0_u8;
            let mut random = |bytes: &mut [u8]| {
                for byte in bytes {
                    next = next.wrapping_add(1);
                    *byte = next;
                }
            };
            let sealed = key.sealing_key().seal(&content, b"header", &mut random);
            let mut sealed = sealed.unwrap();
            assert_eq!(key.open(&sealed, b"header"), Ok(content.clone()));
            assert_eq!(key.open(&sealed, b"other"), Err(SealError::Closed));
            let other = OpeningKey::from_seed(algorithm, &[8; 32]);
            assert_eq!(other.open(&sealed, b"header"), Err(SealError::Closed));
            let last = sealed.last_mut().unwrap();
            *last ^= 1;
            assert_eq!(key.open(&sealed, b"header"), Err(SealError::Closed));
            assert!(!format!("{key:?}").contains('7'), "no secret in {key:?}");
        }
    }

    #[test]
    fn its_length_tells_the_bucket_only() {
        let key = OpeningKey::from_seed(SealingAlgorithm::X25519, &[1; 32]).sealing_key();
        let length = |size: usize| {
            let content = Content {
                opening: [0; 32],
                payload: vec![b'x'; size],
            };
            key.seal(&content, b"", &mut |bytes| bytes.fill(3))
                .unwrap()
                .len()
        };
        assert_eq!(length(1), length(256));
        assert_eq!(length(257), length(512));
        assert!(length(256) < length(257));
    }
}
