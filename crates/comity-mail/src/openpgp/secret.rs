//! The key of a mailbox: made, kept, used.
//!
//! Version 4, Ed25519 for signing and X25519 for decrypting in the forms that `GnuPG` 2.2 reads. It is not locked with a password: the
//! node keeps it where it keeps its other secrets.
//!
//! In scope: making, signing, taking back; bytes for the node's store. Out of scope: where the bytes are kept.
//! Randomness is an argument: 32 bytes that are used once.

use std::fmt;

use pgp::composed::{
    ArmorOptions, Deserializable as _, DetachedSignature, KeyType, SignedKeyDetails,
    SignedPublicKey, SignedSecretKey, SignedSecretSubKey, SubpacketConfig,
};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{
    self, Features, KeyFlags, PubKeyInner, RevocationCode, SignatureConfig, SignatureType,
    Subpacket, SubpacketData, UserId,
};
use pgp::ser::Serialize as _;
use pgp::types::{
    Duration, Fingerprint, KeyDetails as _, KeyVersion, Password, SignedUser, SigningKey, Tag,
    Timestamp,
};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use zeroize::Zeroizing;

use super::certificate::{CERTIFICATE_BYTES_MAX, Certificate};
use super::facts::hashed;

/// The digest of our signatures; in mails its name is `pgp-sha512`.
pub(super) const DIGEST: HashAlgorithm = HashAlgorithm::Sha512;

/// A secret key with its certificate. It is never shown.
#[derive(Clone)]
pub struct SecretKey {
    pub(super) key: SignedSecretKey,
    certificate: Certificate,
}

/// Why a secret key is not made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// Not the bytes of one.
    #[error(
        "these are not the bytes of an unlocked OpenPGP secret key; restore them from a backup"
    )]
    Form,
    /// A time outside of what OpenPGP can say.
    #[error("the time is not between 1970 and 2106; set the clock")]
    Time,
    /// The library refused.
    #[error("the key could not be made or used; report this as a fault of the program")]
    Library,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("SecretKey")
            .field(&self.certificate.fingerprint())
            .finish()
    }
}

pub(super) fn random(seed: &[u8; 32]) -> StdRng {
    StdRng::from_seed(*seed)
}

fn moment(now: i64) -> Result<Timestamp, SecretKeyError> {
    let seconds = u32::try_from(now).map_err(|_| SecretKeyError::Time)?;
    Ok(Timestamp::from_secs(seconds))
}

type Packets = Result<Vec<Subpacket>, pgp::errors::Error>;

/// What every signature of ours says: when, and by whom.
fn said(by: &impl SigningKey, at: Timestamp, more: Vec<SubpacketData>) -> Packets {
    let both = [
        SubpacketData::SignatureCreationTime(at),
        SubpacketData::IssuerFingerprint(by.fingerprint()),
    ];
    both.into_iter()
        .chain(more)
        .map(Subpacket::regular)
        .collect()
}

/// For programs that do not know fingerprints in signatures.
fn said_aside(by: &impl SigningKey) -> Packets {
    let id = SubpacketData::IssuerKeyId(by.legacy_key_id());
    Ok(vec![Subpacket::regular(id)?])
}

fn config(
    kind: SignatureType,
    by: &packet::SecretKey,
    at: Timestamp,
    more: Vec<SubpacketData>,
) -> Result<SignatureConfig, pgp::errors::Error> {
    let mut config = SignatureConfig::v4(kind, by.algorithm(), DIGEST);
    config.hashed_subpackets = said(by, at, more)?;
    config.unhashed_subpackets = said_aside(by)?;
    Ok(config)
}

fn lasting(seconds: Option<u32>) -> Option<SubpacketData> {
    seconds.map(|time| SubpacketData::KeyExpirationTime(Duration::from_secs(time)))
}

/// The key and its subkey, signed by itself.
fn made(
    user_id: &str,
    at: Timestamp,
    seconds: Option<u32>,
    seed: &[u8; 32],
) -> Result<SignedSecretKey, pgp::errors::Error> {
    let mut random = random(seed);
    let none = Password::empty();
    let (public, secret) = KeyType::Ed25519Legacy.generate(&mut random)?;
    let kind = KeyType::Ed25519Legacy.to_alg();
    let inner = PubKeyInner::new(KeyVersion::V4, kind, at, None, public)?;
    let primary = packet::SecretKey::new(packet::PublicKey::from_inner(inner)?, secret)?;

    let agreement = KeyType::ECDH(ECCCurve::Curve25519Legacy);
    let (public, secret) = agreement.generate(&mut random)?;
    let inner = PubKeyInner::new(KeyVersion::V4, agreement.to_alg(), at, None, public)?;
    let subkey = packet::SecretSubkey::new(packet::PublicSubkey::from_inner(inner)?, secret)?;

    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(true);
    let mut features = Features::default();
    features.set_seipd_v1(true);
    features.set_seipd_v2(true);
    let ciphers = [SymmetricKeyAlgorithm::AES256, SymmetricKeyAlgorithm::AES128];
    let mut more = vec![
        SubpacketData::KeyFlags(flags),
        SubpacketData::Features(features),
        SubpacketData::PreferredSymmetricAlgorithms(ciphers.into_iter().collect()),
        SubpacketData::PreferredHashAlgorithms(
            [DIGEST, HashAlgorithm::Sha256].into_iter().collect(),
        ),
        SubpacketData::IsPrimary(true),
    ];
    more.extend(lasting(seconds));
    let own = primary.public_key();
    let name = UserId::from_str(pgp::types::PacketHeaderVersion::default(), user_id)?;
    let certified = config(SignatureType::CertPositive, &primary, at, more)?.sign_certification(
        &primary,
        own,
        &none,
        Tag::UserId,
        &name,
    )?;

    let mut flags = KeyFlags::default();
    flags.set_encrypt_comms(true);
    flags.set_encrypt_storage(true);
    let mut more = vec![SubpacketData::KeyFlags(flags)];
    more.extend(lasting(seconds));
    let bound = config(SignatureType::SubkeyBinding, &primary, at, more)?.sign_subkey_binding(
        &primary,
        own,
        &none,
        subkey.public_key(),
    )?;
    let users = vec![SignedUser::new(name, vec![certified])];
    Ok(SignedSecretKey::new(
        primary,
        SignedKeyDetails::new(Vec::new(), Vec::new(), users, Vec::new()),
        Vec::new(),
        vec![SignedSecretSubKey::new(subkey, vec![bound])],
    ))
}

impl SecretKey {
    /// Makes one. `user_id`: `Name <address>`; `seconds`: how long it is valid; none: for ever.
    pub fn generate(
        user_id: &str,
        now: i64,
        seconds: Option<u32>,
        seed: &[u8; 32],
    ) -> Result<Self, SecretKeyError> {
        let at = moment(now)?;
        let key = made(user_id, at, seconds, seed).map_err(|_| SecretKeyError::Library)?;
        Ok(Self::of(key))
    }

    fn of(key: SignedSecretKey) -> Self {
        let certificate = Certificate::of(SignedPublicKey::from(key.clone()));
        Self { key, certificate }
    }

    /// Reads what [`SecretKey::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretKeyError> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(SecretKeyError::Form);
        }
        let key = SignedSecretKey::from_bytes(bytes).map_err(|_| SecretKeyError::Form)?;
        let subkeys = key.secret_subkeys.iter();
        let locked = key.primary_key.secret_params().is_encrypted()
            || subkeys
                .into_iter()
                .any(|one| one.secret_params().is_encrypted());
        if locked {
            return Err(SecretKeyError::Form);
        }
        Ok(Self::of(key))
    }

    /// Its bytes, secret, for the node's store; they are wiped when dropped.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SecretKeyError> {
        let bytes = self.key.to_bytes().map_err(|_| SecretKeyError::Library)?;
        Ok(Zeroizing::new(bytes))
    }

    /// What others are given.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Signs bytes as they are (RFC 3156 section 5); the signature is armored and stands apart.
    pub fn sign_detached(&self, content: &[u8], now: i64) -> Result<String, SecretKeyError> {
        let at = moment(now)?;
        let signed = || -> Result<String, pgp::errors::Error> {
            let key = &self.key.primary_key;
            let subpackets = self.subpackets(at, &[])?;
            let signature = DetachedSignature::sign_binary_data_with_subpackets(
                // A version 4 signature takes no randomness.
                random(&[0; 32]),
                key,
                &Password::empty(),
                DIGEST,
                content,
                subpackets,
            )?;
            signature.to_armored_string(ArmorOptions::default())
        };
        signed().map_err(|_| SecretKeyError::Library)
    }

    /// What a signature over a mail says, for these recipients.
    pub(super) fn subpackets(
        &self,
        at: Timestamp,
        made_for: &[Fingerprint],
    ) -> Result<SubpacketConfig, pgp::errors::Error> {
        let key = &self.key.primary_key;
        let more = made_for.iter().cloned();
        let more = more.map(SubpacketData::IntendedRecipientFingerprint);
        Ok(SubpacketConfig::UserDefined {
            hashed: said(key, at, more.collect())?,
            unhashed: said_aside(key)?,
        })
    }

    /// The certificate with the word that it is taken back. `compromised`: somebody else may have the key; else it is merely retired.
    pub fn revoked(&self, now: i64, compromised: bool) -> Result<Certificate, SecretKeyError> {
        let at = moment(now)?;
        let signed = || -> Result<SignedPublicKey, pgp::errors::Error> {
            let key = &self.key.primary_key;
            let code = if compromised {
                RevocationCode::KeyCompromised
            } else {
                RevocationCode::KeyRetired
            };
            let reason = SubpacketData::RevocationReason(code, pgp::bytes::Bytes::new());
            let revocation = config(SignatureType::KeyRevocation, key, at, vec![reason])?
                .sign_key(key, &Password::empty(), key.public_key())?;
            let mut public = SignedPublicKey::from(self.key.clone());
            public.details.revocation_signatures.push(revocation);
            Ok(public)
        };
        let public = signed().map_err(|_| SecretKeyError::Library)?;
        Ok(Certificate::of(public))
    }

    /// The certificate as it is from `now` on, valid for other `seconds` after it was made: given to the parties anew.
    pub fn extended(&self, now: i64, seconds: Option<u32>) -> Result<Self, SecretKeyError> {
        let at = moment(now)?;
        let signed = || -> Result<SignedSecretKey, pgp::errors::Error> {
            let mut key = self.key.clone();
            let primary = key.primary_key.clone();
            let own = primary.public_key();
            let none = Password::empty();
            for user in &mut key.details.users {
                let Some(before) = user.signatures.last() else {
                    continue;
                };
                let more = renewed(before, seconds);
                let signature = config(SignatureType::CertPositive, &primary, at, more)?
                    .sign_certification(&primary, own, &none, Tag::UserId, &user.id)?;
                user.signatures.push(signature);
            }
            for subkey in &mut key.secret_subkeys {
                let Some(before) = subkey.signatures.last() else {
                    continue;
                };
                let more = renewed(before, seconds);
                let signature = config(SignatureType::SubkeyBinding, &primary, at, more)?
                    .sign_subkey_binding(&primary, own, &none, subkey.key.public_key())?;
                subkey.signatures.push(signature);
            }
            Ok(key)
        };
        let key = signed().map_err(|_| SecretKeyError::Library)?;
        Ok(Self::of(key))
    }
}

/// What an earlier signature said of the key, with another end.
fn renewed(before: &packet::Signature, seconds: Option<u32>) -> Vec<SubpacketData> {
    let kept = hashed(before).filter(|one| {
        !matches!(
            one.data,
            SubpacketData::SignatureCreationTime(_)
                | SubpacketData::IssuerFingerprint(_)
                | SubpacketData::KeyExpirationTime(_)
        )
    });
    let kept = kept.map(|one| one.data.clone());
    kept.chain(lasting(seconds)).collect()
}
