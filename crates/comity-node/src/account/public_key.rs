//! Public keys by which authenticators and providers of identities sign: reading a `COSE_Key`, verifying what was signed.
//!
//! Three algorithms, the ones that authenticators have: ES256, `EdDSA` with Ed25519, RS256. Of CBOR (RFC 8949) only what a key of
//! these is made of is read: one map of integers to integers and byte strings, in the canonical form that CTAP2 asks for.
//!
//! In scope: keys and signatures. Out of scope: what was signed (`passkey`).
//! Limits: [`KEY_BYTES_MAX`]; RSA with 2,048 to 4,096 bits.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

/// The longest key, in bytes: RSA with 4,096 bits, with room to spare.
pub(crate) const KEY_BYTES_MAX: usize = 1_024;

/// Bytes of a coordinate of P-256, and of a key of Ed25519.
const COORDINATE: usize = 32;
/// Bytes of an RSA modulus.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;
/// Bytes of an RSA exponent at most.
const EXPONENT_BYTES_MAX: usize = 4;

// Labels and values of RFC 9052 section 7.1, RFC 9053 sections 2 and 7, RFC 8812 section 2.
const KEY_TYPE: i64 = 1;
const ALGORITHM: i64 = 3;
const OKP: i64 = 1;
const EC2: i64 = 2;
const RSA: i64 = 3;

/// ES256 (RFC 9053 section 2.1).
pub(crate) const ES256: i64 = -7;
/// `EdDSA` (RFC 9053 section 2.2).
pub(crate) const EDDSA: i64 = -8;
/// RS256 (RFC 8812 section 2).
pub(crate) const RS256: i64 = -257;

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// ECDSA on P-256 with SHA-256: the point, uncompressed.
    Es256(Vec<u8>),
    /// Ed25519.
    Ed25519(Vec<u8>),
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256 {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
}

impl PublicKey {
    /// Reads the `COSE_Key` that these bytes begin with; answers it and what follows. A key has the members of its kind and no
    /// other (WebAuthn Level 2 section 6.5.1.1), each once.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut reader = Reader(bytes);
        let (major, count) = reader.head()?;
        if major != MAP || count > 5 {
            return None;
        }
        let mut members: Vec<(i64, Item<'_>)> = Vec::new();
        for _ in 0..count {
            let Item::Integer(label) = reader.item()? else {
                return None;
            };
            if members.iter().any(|(other, _)| *other == label) {
                return None;
            }
            members.push((label, reader.item()?));
        }
        let key = Self::of(&members)?;
        (bytes.len() - reader.0.len() <= KEY_BYTES_MAX).then_some((key, reader.0))
    }

    fn of(members: &[(i64, Item<'_>)]) -> Option<Self> {
        let integer = |label| {
            members.iter().find_map(|(each, item)| match item {
                Item::Integer(value) if *each == label => Some(*value),
                Item::Integer(_) | Item::Bytes(_) => None,
            })
        };
        let bytes = |label| {
            members.iter().find_map(|(each, item)| match item {
                Item::Bytes(value) if *each == label => Some(value.to_vec()),
                Item::Integer(_) | Item::Bytes(_) => None,
            })
        };
        match (integer(KEY_TYPE)?, integer(ALGORITHM)?, members.len()) {
            (EC2, ES256, 5) if integer(-1) == Some(1) => Self::es256(&bytes(-2)?, &bytes(-3)?),
            (OKP, EDDSA, 4) if integer(-1) == Some(6) => Self::ed25519(bytes(-2)?),
            (RSA, RS256, 4) => Self::rs256(bytes(-1)?, bytes(-2)?),
            _ => None,
        }
    }

    /// A key of P-256, by its coordinates.
    pub(crate) fn es256(x: &[u8], y: &[u8]) -> Option<Self> {
        let whole = x.len() == COORDINATE && y.len() == COORDINATE;
        // SEC 1 section 2.3.3.
        let key = Self::Es256([&[4], x, y].concat());
        (whole && key.is_usable()).then_some(key)
    }

    /// A key of Ed25519.
    pub(crate) fn ed25519(key: Vec<u8>) -> Option<Self> {
        let whole = key.len() == COORDINATE;
        let key = Self::Ed25519(key);
        (whole && key.is_usable()).then_some(key)
    }

    /// A key of RSA, by its modulus and its exponent.
    pub(crate) fn rs256(n: Vec<u8>, e: Vec<u8>) -> Option<Self> {
        let whole = MODULUS_BYTES.contains(&n.len())
            && (1..=EXPONENT_BYTES_MAX).contains(&e.len())
            && n.first() != Some(&0)
            && e.first() != Some(&0);
        whole.then_some(Self::Rs256 { n, e })
    }

    /// Whether it is a key at all: a point of its curve.
    fn is_usable(&self) -> bool {
        match self {
            Self::Es256(point) => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).is_ok(),
            Self::Ed25519(key) => ParsedPublicKey::new(&ED25519, key).is_ok(),
            Self::Rs256 { .. } => true,
        }
    }

    /// Whether this is the key's signature of a message, in the form that authenticators have (WebAuthn Level 2 section 6.5.5).
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Es256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            Self::Rs256 { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
        };
        verified.is_ok()
    }
}

impl PublicKey {
    /// Whether this is the key's signature of a message, in the form that JWS has (RFC 7518 section 3.4).
    pub(crate) fn verifies_jws(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .is_ok(),
            Self::Ed25519(_) | Self::Rs256 { .. } => self.verifies(message, signature),
        }
    }
}

/// What a key is made of.
enum Item<'a> {
    Integer(i64),
    Bytes(&'a [u8]),
}

// Major types of RFC 8949 section 3.1.
const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const MAP: u8 = 5;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A major type and its number, in the shortest form; nothing of a key needs more than sixteen bits.
    fn head(&mut self) -> Option<(u8, u16)> {
        let first = *self.take(1)?.first()?;
        let (major, short) = (first >> 5, u16::from(first & 31));
        let number = match short {
            0..24 => short,
            24 => {
                let byte = *self.take(1)?.first()?;
                Some(u16::from(byte)).filter(|number| *number >= 24)?
            }
            25 => {
                let two = self.take(2)?.try_into().ok()?;
                Some(u16::from_be_bytes(two)).filter(|number| *number > 255)?
            }
            _ => return None,
        };
        Some((major, number))
    }

    fn item(&mut self) -> Option<Item<'a>> {
        match self.head()? {
            (UNSIGNED, number) => Some(Item::Integer(number.into())),
            (NEGATIVE, number) => Some(Item::Integer(-1 - i64::from(number))),
            (BYTES, length) => Some(Item::Bytes(self.take(length.into())?)),
            _ => None,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256, RsaKeyPair,
    };

    use super::*;

    /// A key pair of each kind, as an authenticator has one.
    #[derive(Debug)]
    pub(in crate::account) enum Pair {
        Ec(EcdsaKeyPair),
        Ed(Ed25519KeyPair),
        Rsa(RsaKeyPair),
    }

    impl Pair {
        pub(in crate::account) fn all() -> [Self; 3] {
            let rsa = aws_lc_rs::rsa::KeySize::Rsa2048;
            [
                Self::ec(),
                Self::Ed(Ed25519KeyPair::generate().unwrap()),
                Self::Rsa(RsaKeyPair::generate(rsa).unwrap()),
            ]
        }

        pub(in crate::account) fn ec() -> Self {
            Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
        }

        pub(in crate::account) fn cose(&self) -> Vec<u8> {
            let bytes = |value: &[u8]| {
                let length = u16::try_from(value.len()).unwrap();
                let mut head = match length {
                    0..24 => vec![0x40 | u8::try_from(length).unwrap()],
                    24..256 => vec![0x58, u8::try_from(length).unwrap()],
                    _ => [vec![0x59], length.to_be_bytes().to_vec()].concat(),
                };
                head.extend(value);
                head
            };
            match self {
                Self::Ec(pair) => {
                    let point = pair.public_key().as_ref();
                    let head = vec![0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21];
                    let (x, y) = (bytes(&point[1..33]), bytes(&point[33..]));
                    [head, x, vec![0x22], y].concat()
                }
                Self::Ed(pair) => {
                    let head = vec![0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21];
                    [head, bytes(pair.public_key().as_ref())].concat()
                }
                Self::Rsa(pair) => {
                    // RSAPublicKey (RFC 8017 appendix A.1.1) of 2,048 bits and the usual exponent.
                    let der = pair.public_key().as_ref();
                    let (n, e) = (&der[9..265], &der[267..]);
                    let head = vec![0xa4, 1, 3, 3, 0x39, 1, 0, 0x20];
                    [head, bytes(n), vec![0x21], bytes(e)].concat()
                }
            }
        }

        /// The public key as a JWK (RFC 7517).
        pub(in crate::account) fn jwk(&self) -> serde_json::Value {
            use base64::Engine as _;
            let text = |bytes: &[u8]| base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes);
            match self {
                Self::Ec(pair) => {
                    let point = pair.public_key().as_ref();
                    let (x, y) = (text(&point[1..33]), text(&point[33..]));
                    serde_json::json!({ "kty": "EC", "crv": "P-256", "alg": "ES256", "x": x, "y": y })
                }
                Self::Ed(pair) => {
                    let x = text(pair.public_key().as_ref());
                    serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": x })
                }
                Self::Rsa(pair) => {
                    let der = pair.public_key().as_ref();
                    let (n, e) = (text(&der[9..265]), text(&der[267..]));
                    serde_json::json!({ "kty": "RSA", "alg": "RS256", "n": n, "e": e })
                }
            }
        }

        /// Signs as JWS has it: ECDSA as two numbers of 32 bytes, not as ASN.1.
        pub(in crate::account) fn sign_jws(&self, message: &[u8]) -> Vec<u8> {
            let signature = self.sign(message);
            let Self::Ec(_) = self else {
                return signature;
            };
            // SEQUENCE { INTEGER r, INTEGER s }, each with a zero before it where its first bit is set.
            let (r, rest) = integer(&signature[2..]);
            let (s, _) = integer(rest);
            [r, s].concat()
        }

        pub(in crate::account) fn sign(&self, message: &[u8]) -> Vec<u8> {
            let random = SystemRandom::new();
            match self {
                Self::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
                Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
                Self::Rsa(pair) => {
                    let mut signature = vec![0; pair.public_modulus_len()];
                    pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                        .unwrap();
                    signature
                }
            }
        }
    }

    /// The INTEGER of DER that these bytes begin with, as 32 bytes; and what follows.
    fn integer(der: &[u8]) -> ([u8; 32], &[u8]) {
        let (value, rest) = der[2..].split_at(der[1].into());
        let value = if value.len() > 32 { &value[1..] } else { value };
        let mut whole = [0; 32];
        whole[32 - value.len()..].copy_from_slice(value);
        (whole, rest)
    }

    #[test]
    fn a_key_of_each_kind_is_read_and_verifies_what_it_signed_and_nothing_else() {
        let pairs = Pair::all();
        for (number, pair) in pairs.iter().enumerate() {
            let followed = [pair.cose(), b"rest".to_vec()].concat();
            let (key, rest) = PublicKey::read(&followed).unwrap();
            assert_eq!(rest, b"rest");
            let signature = pair.sign(b"message");
            assert!(key.verifies(b"message", &signature));
            assert!(!key.verifies(b"massage", &signature));
            let other = &pairs[(number + 1) % pairs.len()];
            assert!(!key.verifies(b"message", &other.sign(b"message")));
            assert!(!key.verifies(b"message", b""));
        }
    }

    #[test]
    fn nothing_but_a_whole_key_in_its_one_spelling_is_read() {
        let refused = |bytes: &[u8], why: &str| assert!(PublicKey::read(bytes).is_none(), "{why}");
        for pair in Pair::all() {
            let good = pair.cose();
            for end in 0..good.len() {
                refused(&good[..end], "cut off");
            }
        }
        let good = Pair::ec().cose();
        let with = |changes: &[(usize, u8)]| {
            let mut bytes = good.clone();
            for (place, byte) in changes {
                bytes[*place] = *byte;
            }
            bytes
        };
        refused(&with(&[(0, 0xa4)]), "a member less");
        refused(&with(&[(0, 0xbf)]), "a map without length");
        refused(&with(&[(2, 1)]), "another type");
        refused(&with(&[(4, 0x27)]), "another algorithm");
        refused(&with(&[(6, 2)]), "another curve");
        refused(&with(&[(5, 1)]), "a member twice");
        let mut off = good.clone();
        *off.last_mut().unwrap() ^= 1;
        refused(&off, "no point of the curve");
        let long = [&good[..2], &[0x18, 2], &good[3..]].concat();
        refused(&long, "a number in a longer form");
    }
}
