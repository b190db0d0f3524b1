//! What self-signatures say, as plain facts.
//!
//! In scope: out of signatures that were verified. Out of scope: verifying them (`certificate`), what follows at a time (`state`).

use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{RevocationCode, Signature, Subpacket, SubpacketData};
use pgp::types::Fingerprint;

/// What one self-signature says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// When it was made, in seconds since 1970.
    pub(super) made_at: i64,
    /// When the signature itself ends.
    pub(super) ends_at: Option<i64>,
    /// How long the key is valid after it was made, in seconds.
    pub(super) valid_for: Option<i64>,
    pub(super) may: May,
    pub(super) takes: Takes,
}

/// What a key may be used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct May {
    pub(super) sign: bool,
    pub(super) encrypt: bool,
    /// The signature says nothing of it.
    pub(super) unsaid: bool,
}

/// What its holder's programs understand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Takes {
    pub(super) seipd_v2: bool,
    pub(super) aes256: bool,
}

/// That a key was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Revocation {
    /// When.
    pub(super) at: i64,
    /// It holds for all times: the key may be in other hands.
    pub(super) hard: bool,
    /// Why.
    pub(super) reason: &'static str,
}

impl Statement {
    /// None: it does not say when it was made, or was made before the key.
    pub(super) fn of(signature: &Signature, key_made_at: i64) -> Option<Self> {
        let made_at = made_at(signature)?;
        if made_at < key_made_at {
            return None;
        }
        let flags = signature.key_flags();
        let may = May {
            sign: flags.sign(),
            encrypt: flags.encrypt_comms() || flags.encrypt_storage(),
            unsaid: !flags.sign()
                && !flags.certify()
                && !flags.authentication()
                && !flags.encrypt_comms()
                && !flags.encrypt_storage(),
        };
        let ciphers = signature.preferred_symmetric_algs();
        Some(Self {
            made_at,
            ends_at: ends_at(signature, made_at),
            valid_for: signature
                .key_expiration_time()
                .map(|time| i64::from(time.as_secs()))
                .filter(|time| *time > 0),
            may,
            takes: Takes {
                seipd_v2: signature
                    .features()
                    .is_some_and(pgp::packet::Features::seipd_v2),
                aes256: ciphers.is_empty() || ciphers.contains(&SymmetricKeyAlgorithm::AES256),
            },
        })
    }
}

impl Revocation {
    pub(super) fn of(signature: &Signature) -> Self {
        let code = signature.revocation_reason_code();
        let soft = if code == Some(&RevocationCode::KeySuperseded) {
            Some("another key takes its place")
        } else {
            (code == Some(&RevocationCode::KeyRetired)).then_some("it is no longer used")
        };
        let hard = if code == Some(&RevocationCode::KeyCompromised) {
            "it may be in other hands"
        } else {
            "no reason is given"
        };
        Self {
            at: made_at(signature).unwrap_or_default(),
            hard: soft.is_none(),
            reason: soft.unwrap_or(hard),
        }
    }
}

/// What a signature says under its own protection.
pub(super) fn hashed(signature: &Signature) -> impl Iterator<Item = &Subpacket> {
    let config = signature.config().into_iter();
    config.flat_map(pgp::packet::SignatureConfig::hashed_subpackets)
}

/// When a signature was made, as it says under its own protection.
pub(super) fn made_at(signature: &Signature) -> Option<i64> {
    hashed(signature).find_map(|one| {
        if let SubpacketData::SignatureCreationTime(time) = &one.data {
            return Some(i64::from(time.as_secs()));
        }
        None
    })
}

/// When a signature ends.
pub(super) fn ends_at(signature: &Signature, made_at: i64) -> Option<i64> {
    let time = signature.signature_expiration_time()?;
    (time.as_secs() > 0).then(|| made_at + i64::from(time.as_secs()))
}

/// A fingerprint as it is written: hexadecimal digits in upper case.
pub(super) fn written(fingerprint: &Fingerprint) -> String {
    fingerprint.to_string().to_ascii_uppercase()
}
