//! Which algorithms count.
//!
//! In scope: the table of the module above. Out of scope: expiry and revocation (`state`).

use std::fmt;

use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureVersion, SubpacketData};
use pgp::ser::Serialize as _;
use pgp::types::{EcdhPublicParams, EddsaLegacyPublicParams, KeyDetails, KeyVersion, PublicParams};

/// RSA keys have at least so many bits.
const RSA_BITS_MIN: u16 = 2_048;

/// Why something does not count, whatever the time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakness {
    /// A digest in which collisions are or will be made.
    Digest {
        /// Its name.
        name: String,
    },
    /// An RSA key that is too short.
    Rsa {
        /// Its bits.
        bits: u16,
    },
    /// DSA.
    Dsa,
    /// Elgamal.
    Elgamal,
    /// A curve that is not taken, or an algorithm that is not known.
    Algorithm,
    /// A version that is not taken.
    Version,
    /// The signature needs something understood that is not.
    Critical,
}

impl fmt::Display for Weakness {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest { name } => write!(out, "{name} as a digest is too weak"),
            Self::Rsa { bits } => write!(out, "RSA of {bits} bits is too short"),
            Self::Dsa => out.write_str("DSA is not taken"),
            Self::Elgamal => out.write_str("Elgamal is not taken"),
            Self::Algorithm => out.write_str("the algorithm or curve is not taken"),
            Self::Version => out.write_str("the version of the key or signature is not taken"),
            Self::Critical => out.write_str("the signature needs what this program does not know"),
        }
    }
}

/// Whether a key counts at all.
pub(super) fn of_key(key: &impl KeyDetails) -> Result<(), Weakness> {
    if !matches!(key.version(), KeyVersion::V4 | KeyVersion::V6) {
        return Err(Weakness::Version);
    }
    let params = key.public_params();
    if let PublicParams::RSA(rsa) = params {
        // The first number is the modulus: its bits, then its bytes (RFC 9580 section 3.2).
        let bytes = rsa.to_bytes().map_err(|_| Weakness::Algorithm)?;
        let bits = bytes.first_chunk::<2>().map(|two| u16::from_be_bytes(*two));
        return match bits {
            Some(bits) if bits >= RSA_BITS_MIN => Ok(()),
            bits => Err(Weakness::Rsa {
                bits: bits.unwrap_or_default(),
            }),
        };
    }
    let known = match params {
        PublicParams::Ed25519(_)
        | PublicParams::Ed448(_)
        | PublicParams::X25519(_)
        | PublicParams::X448(_) => true,
        PublicParams::EdDSALegacy(params) => {
            matches!(params, EddsaLegacyPublicParams::Ed25519 { .. })
        }
        PublicParams::ECDSA(params) => params.is_supported() && nist(&params.curve()),
        PublicParams::ECDH(params) => of_agreement(params),
        PublicParams::DSA(_) => return Err(Weakness::Dsa),
        PublicParams::Elgamal(_) => return Err(Weakness::Elgamal),
        PublicParams::RSA(_) | PublicParams::Unknown { .. } => false,
    };
    known.then_some(()).ok_or(Weakness::Algorithm)
}

fn of_agreement(params: &EcdhPublicParams) -> bool {
    let curve = params.curve();
    nist(&curve) || curve == ECCCurve::Curve25519Legacy
}

fn nist(curve: &ECCCurve) -> bool {
    [ECCCurve::P256, ECCCurve::P384, ECCCurve::P521].contains(curve)
}

/// Whether a signature counts, if its key does.
pub(super) fn of_signature(signature: &Signature) -> Result<(), Weakness> {
    let version = signature.version();
    let taken = matches!(version, SignatureVersion::V4 | SignatureVersion::V6);
    let Some(config) = signature.config().filter(|_| taken) else {
        return Err(Weakness::Version);
    };
    let good = [
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha512,
        HashAlgorithm::Sha3_256,
        HashAlgorithm::Sha3_512,
    ];
    if !good.contains(&config.hash_alg) {
        return Err(Weakness::Digest {
            name: config.hash_alg.to_string(),
        });
    }
    let unknown = config.hashed_subpackets().any(|one| {
        let strange = matches!(
            one.data,
            SubpacketData::Experimental(..) | SubpacketData::Other(..) | SubpacketData::Notation(_)
        );
        one.is_critical && strange
    });
    if unknown {
        return Err(Weakness::Critical);
    }
    Ok(())
}
