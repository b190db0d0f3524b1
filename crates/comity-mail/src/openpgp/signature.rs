//! Verifying signatures: apart from what they sign (RFC 9580 section 10.4), and around a text (section 7).
//!
//! What the mail says of the digest (`micalg`) is not asked: the signature says it under its own protection.
//!
//! In scope: whether a signature over these bytes counts, and by whom. Out of scope: which bytes (`reading::Coverage`), what it is
//! worth (`assurance`).
//! Limits: [`SIGNATURE_BYTES_MAX`], [`SIGNATURES_MAX`], [`AHEAD_SECONDS_MAX`].

use std::borrow::Cow;
use std::fmt;

use pgp::armor::BlockType;
use pgp::composed::{CleartextSignedMessage, Deserializable as _, DetachedSignature};
use pgp::packet::{Signature, SignatureType, SubpacketData};
use pgp::types::{KeyDetails as _, VerifyingKey};

use super::armor;
use super::certificate::{Certificate, Subkey};
use super::facts::{ends_at, hashed, made_at, written};
use super::packets::{self, packets};
use super::policy::{self, Weakness};

/// The largest signature block, in bytes.
pub const SIGNATURE_BYTES_MAX: usize = 64 * 1024;
/// Signatures in one block.
pub const SIGNATURES_MAX: usize = 8;
/// So far ahead of ours the signer's clock may be, in seconds.
pub const AHEAD_SECONDS_MAX: i64 = 600;

/// A signature that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoodSignature {
    /// The fingerprint of the certificate.
    pub certificate: String,
    /// The fingerprint of the key in it.
    pub key: String,
    /// When it was made, as the signer says, in seconds since 1970.
    pub made_at: i64,
    /// Fingerprints of those it was made for (RFC 9580 section 5.2.3.36); empty: it does not say.
    pub made_for: Vec<String>,
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureFault {
    /// It is none that could be read, or too many.
    Form,
    /// It is not over these bytes, or not by this key.
    Mismatch,
    /// It, or its key, is too weak.
    Weak(Weakness),
    /// It is from the future.
    Future,
    /// It expired.
    Expired,
    /// Its key was taken back.
    KeyRevoked {
        /// Why.
        reason: &'static str,
    },
    /// Its key expired.
    KeyExpired,
    /// Its key is younger than it, or nothing its holder signed counts.
    KeyNotYet,
    /// Its key may not sign.
    KeyNotForSigning,
    /// It was made for others than this node.
    ForOthers,
}

impl fmt::Display for SignatureFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Form => "the signature cannot be read",
            Self::Mismatch => "the signature is not over what stands here",
            Self::Weak(weakness) => return weakness.fmt(out),
            Self::Future => "the signature is from the future",
            Self::Expired => "the signature expired",
            Self::KeyRevoked { reason } => {
                return write!(out, "the key was revoked by its holder: {reason}");
            }
            Self::KeyExpired => "the key expired",
            Self::KeyNotYet => "the key was not valid when it signed",
            Self::KeyNotForSigning => "the key may not sign",
            Self::ForOthers => "the signature was made for somebody else",
        };
        out.write_str(words)
    }
}

/// What became of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureResult {
    /// It counts.
    Good(GoodSignature),
    /// None of the certificates made it.
    UnknownKey {
        /// Who made it, as it says: fingerprints or key IDs.
        issuers: Vec<String>,
    },
    /// It does not count.
    Bad {
        /// The certificate that it was held against, if one matched.
        certificate: Option<String>,
        /// Why.
        fault: SignatureFault,
    },
}

impl SignatureResult {
    pub(super) const fn form() -> Self {
        Self::Bad {
            certificate: None,
            fault: SignatureFault::Form,
        }
    }
}

/// Verifies a signature that stands apart, over exactly these bytes with line ends as in mail (RFC 3156 section 5: CRLF).
pub fn verify_detached(
    signature: &[u8],
    content: &[u8],
    certificates: &[&Certificate],
    now: i64,
) -> SignatureResult {
    let Some(signatures) = detached(signature) else {
        return SignatureResult::form();
    };
    let content = with_crlf(content);
    judge(&signatures, certificates, now, |_, one, key| {
        key.signed(one, &content)
    })
}

/// Verifies a text with a signature around it, and gives the words that are signed: those alone, without what stands in the armor.
/// The block is one and whole; before and behind it is nothing.
pub fn verify_cleartext(
    block: &[u8],
    certificates: &[&Certificate],
    now: i64,
) -> (SignatureResult, Option<String>) {
    let Ok(text) = std::str::from_utf8(block) else {
        return (SignatureResult::form(), None);
    };
    let Ok((message, _)) = CleartextSignedMessage::from_string(text.trim()) else {
        return (SignatureResult::form(), None);
    };
    let signatures = message.signatures();
    if signatures.is_empty() || signatures.len() > SIGNATURES_MAX {
        return (SignatureResult::form(), None);
    }
    let words = message.signed_text();
    let result = judge(signatures, certificates, now, |_, one, key| {
        key.signed(one, words.as_bytes())
    });
    (result, Some(words))
}

fn detached(bytes: &[u8]) -> Option<Vec<Signature>> {
    if bytes.len() > SIGNATURE_BYTES_MAX {
        return None;
    }
    let binary = armor::binary(bytes, BlockType::Signature, SIGNATURE_BYTES_MAX).ok()?;
    let all = packets(&binary, SIGNATURES_MAX).ok()?;
    let right = |one: &packets::Packet| one.tag == packets::SIGNATURE && !one.pieces;
    if all.is_empty() || !all.iter().all(right) {
        return None;
    }
    let read = DetachedSignature::from_bytes_many(&*binary).ok()?;
    let read: Result<Vec<_>, _> = read.map(|one| one.map(|one| one.signature)).collect();
    // The parser passes over what it does not know.
    let count = all.len();
    let known = |read: &Vec<Signature>| {
        read.len() == count && read.iter().all(|one| one.config().is_some())
    };
    read.ok().filter(known)
}

/// CR before each LF that has none.
fn with_crlf(content: &[u8]) -> Cow<'_, [u8]> {
    let bare = |pair: &[u8]| pair.ends_with(b"\n") && pair != b"\r\n";
    if content.first() != Some(&b'\n') && !content.windows(2).any(bare) {
        return Cow::Borrowed(content);
    }
    let mut all = Vec::with_capacity(content.len() + 1_024);
    let mut before = 0;
    for byte in content {
        if *byte == b'\n' && before != b'\r' {
            all.push(b'\r');
        }
        all.push(*byte);
        before = *byte;
    }
    Cow::Owned(all)
}

/// A key that may have made a signature.
#[derive(Clone, Copy)]
pub(super) enum Key<'c> {
    Primary(&'c pgp::packet::PublicKey),
    Sub(&'c pgp::packet::PublicSubkey),
}

impl<'c> Key<'c> {
    pub(super) fn verifying(self) -> &'c dyn VerifyingKey {
        match self {
            Self::Primary(key) => key,
            Self::Sub(key) => key,
        }
    }

    /// Whether a signature over these bytes is by this key.
    fn signed(self, signature: &Signature, content: &[u8]) -> bool {
        let verified = match self {
            Self::Primary(key) => signature.verify(key, content),
            Self::Sub(key) => signature.verify(key, content),
        };
        verified.is_ok()
    }

    fn made(self, signature: &Signature) -> bool {
        let (fingerprint, id) = match self {
            Self::Primary(key) => (key.fingerprint(), key.legacy_key_id()),
            Self::Sub(key) => (key.fingerprint(), key.legacy_key_id()),
        };
        let said = signature.issuer_fingerprint();
        if said.is_empty() {
            return signature.issuer_key_id().contains(&&id);
        }
        said.contains(&&fingerprint)
    }
}

/// Holds signatures against certificates. One that counts is enough; otherwise the first fault is told.
/// `verify`: whether the signature at this place is by this key over what is signed.
pub(super) fn judge(
    signatures: &[Signature],
    certificates: &[&Certificate],
    now: i64,
    verify: impl Fn(usize, &Signature, Key<'_>) -> bool,
) -> SignatureResult {
    let mut issuers = Vec::new();
    let mut bad = None;
    for (place, signature) in signatures.iter().enumerate().take(SIGNATURES_MAX) {
        let Some((certificate, subkey, key)) = maker(signature, certificates) else {
            issuers.extend(said_issuers(signature));
            continue;
        };
        let fault = match counts(signature, now) {
            Err(fault) => Some(fault),
            Ok(_) if !verify(place, signature, key) => Some(SignatureFault::Mismatch),
            Ok(made_at) => certificate.signing_fault(subkey, made_at, now),
        };
        let Some(fault) = fault else {
            let known = subkey.map_or(&certificate.primary, |one| &one.known);
            return SignatureResult::Good(GoodSignature {
                certificate: certificate.fingerprint().to_owned(),
                key: known.fingerprint.clone(),
                made_at: made_at(signature).unwrap_or_default(),
                made_for: made_for(signature),
            });
        };
        bad.get_or_insert(SignatureResult::Bad {
            certificate: Some(certificate.fingerprint().to_owned()),
            fault,
        });
    }
    bad.unwrap_or(SignatureResult::UnknownKey { issuers })
}

/// The certificate and the key in it that a signature names.
fn maker<'c>(
    signature: &Signature,
    certificates: &[&'c Certificate],
) -> Option<(&'c Certificate, Option<&'c Subkey>, Key<'c>)> {
    certificates.iter().find_map(|certificate| {
        let primary = Key::Primary(&certificate.key.primary_key);
        if primary.made(signature) {
            return Some((*certificate, None, primary));
        }
        certificate.subkeys.iter().find_map(|subkey| {
            let own = certificate.public_subkey(subkey)?;
            let key = Key::Sub(&own.key);
            key.made(signature)
                .then_some((*certificate, Some(subkey), key))
        })
    })
}

/// When it was made, if it counts for itself.
fn counts(signature: &Signature, now: i64) -> Result<i64, SignatureFault> {
    policy::of_signature(signature).map_err(SignatureFault::Weak)?;
    let kind = signature.typ();
    if !matches!(kind, Some(SignatureType::Binary | SignatureType::Text)) {
        return Err(SignatureFault::Form);
    }
    let made_at = made_at(signature).ok_or(SignatureFault::Form)?;
    if made_at > now.saturating_add(AHEAD_SECONDS_MAX) {
        return Err(SignatureFault::Future);
    }
    if ends_at(signature, made_at).is_some_and(|end| end <= now) {
        return Err(SignatureFault::Expired);
    }
    Ok(made_at)
}

fn said_issuers(signature: &Signature) -> Vec<String> {
    let fingerprints = signature.issuer_fingerprint();
    if fingerprints.is_empty() {
        let ids = signature.issuer_key_id();
        return ids
            .iter()
            .map(|id| id.to_string().to_ascii_uppercase())
            .collect();
    }
    fingerprints.iter().map(|one| written(one)).collect()
}

fn made_for(signature: &Signature) -> Vec<String> {
    let said = hashed(signature).filter_map(|one| {
        if let SubpacketData::IntendedRecipientFingerprint(fingerprint) = &one.data {
            return Some(written(fingerprint));
        }
        None
    });
    said.collect()
}
