//! A certificate: a public key with what its holder says of it (RFC 9580 section 10.1).
//!
//! Before the parser sees it, its packets are counted, and only those that matter are handed on: keys, user IDs, signatures. Then
//! every self-signature is verified and becomes a fact; signatures of others say nothing here.
//!
//! In scope: reading, verifying, writing. Out of scope: what follows at a time (`state`), whose it is (`assurance`).
//! Limits: [`CERTIFICATE_BYTES_MAX`], [`USER_IDS_MAX`], [`SUBKEYS_MAX`], [`CERTIFICATE_SIGNATURES_MAX`].

use pgp::armor::BlockType;
use pgp::composed::{ArmorOptions, Deserializable as _, SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{PublicKey, Signature, SignatureType};
use pgp::ser::Serialize as _;
use pgp::types::{KeyDetails as _, SignedUser, Tag};

use super::armor;
use super::facts::{Revocation, Statement, made_at, written};
use super::packets::{self, NoSequence, packets};
use super::policy::{self, Weakness};
use crate::reading::shown_line;

/// The largest certificate, in bytes, before and after its armor is undone.
pub const CERTIFICATE_BYTES_MAX: usize = 256 * 1024;
/// User IDs of a certificate.
pub const USER_IDS_MAX: usize = 64;
/// Subkeys of a certificate.
pub const SUBKEYS_MAX: usize = 32;
/// Signatures in a certificate, those of others included.
pub const CERTIFICATE_SIGNATURES_MAX: usize = 1_000;
/// Packets of a certificate.
const PACKETS_MAX: usize = 1_200;
/// Of a user ID so much is kept, in characters.
const USER_ID_CHARACTERS_MAX: usize = 200;

/// A name that the holder gives the key. Anybody can write any name into a certificate of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserId {
    /// As it may be shown.
    pub text: String,
    /// The holder took it back.
    pub revoked: bool,
}

/// A certificate that was read.
#[derive(Clone)]
pub struct Certificate {
    pub(super) key: SignedPublicKey,
    pub(super) primary: Component,
    pub(super) subkeys: Vec<Subkey>,
    user_ids: Vec<UserId>,
}

/// What is known of one key.
#[derive(Clone, Debug)]
pub(super) struct Component {
    pub(super) fingerprint: String,
    pub(super) made_at: i64,
    pub(super) weakness: Option<Weakness>,
    pub(super) statements: Vec<Statement>,
    pub(super) revocations: Vec<Revocation>,
}

/// A subkey: its place in the key, and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Subkey {
    pub(super) place: usize,
    pub(super) known: Component,
}

/// Why a certificate is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Too many bytes.
    #[error(
        "the certificate has more than {CERTIFICATE_BYTES_MAX} bytes; export a minimal one (gpg --export-options export-minimal)"
    )]
    TooLarge,
    /// Too many user IDs, subkeys or signatures.
    #[error(
        "the certificate has too many {what}; export a minimal one (gpg --export-options export-minimal)"
    )]
    TooMany {
        /// Of what.
        what: &'static str,
    },
    /// No certificate.
    #[error(
        "this is no OpenPGP certificate; give one public key, armored (BEGIN PGP PUBLIC KEY BLOCK) or binary"
    )]
    Form,
    /// A secret key.
    #[error(
        "this is a secret key: do not give it away; export the public one (gpg --armor --export)"
    )]
    Secret,
    /// More than one.
    #[error("these are several certificates; give each alone")]
    Several,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Certificate")
            .field(&self.primary.fingerprint)
            .finish()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Certificate {
    /// Reads one certificate, armored or binary, and verifies what its holder says in it.
    pub fn read(bytes: &[u8]) -> Result<Self, CertificateError> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::TooLarge);
        }
        if has(bytes, b"-----BEGIN PGP PRIVATE KEY BLOCK-----") {
            return Err(CertificateError::Secret);
        }
        let binary = armor::binary(bytes, BlockType::PublicKey, CERTIFICATE_BYTES_MAX)
            .map_err(|_| CertificateError::Form)?;
        let kept = sifted(&binary)?;
        let key =
            SignedPublicKey::from_bytes(kept.as_slice()).map_err(|_| CertificateError::Form)?;
        Ok(Self::of(key))
    }

    pub(super) fn of(key: SignedPublicKey) -> Self {
        let own = &key.primary_key;
        let users = key.details.users.iter();
        let users: Vec<_> = users.map(|user| named(own, user)).collect();
        let primary = primary(&key, &users);
        let subkeys = key.public_subkeys.iter().enumerate();
        let subkeys = subkeys.map(|(place, one)| Subkey {
            place,
            known: subkey(own, one),
        });
        let subkeys = subkeys.collect();
        let user_ids = users.into_iter().filter_map(|(name, _)| name).collect();
        Self {
            key,
            primary,
            subkeys,
            user_ids,
        }
    }

    /// The key of one of its subkeys, with what binds it.
    pub(super) fn public_subkey(&self, subkey: &Subkey) -> Option<&SignedPublicSubKey> {
        self.key.public_subkeys.get(subkey.place)
    }

    /// The fingerprint of the primary key, which names the certificate: hexadecimal digits in upper case.
    pub fn fingerprint(&self) -> &str {
        &self.primary.fingerprint
    }

    /// The fingerprints of its subkeys.
    pub fn subkey_fingerprints(&self) -> impl Iterator<Item = &str> {
        self.subkeys
            .iter()
            .map(|one| one.known.fingerprint.as_str())
    }

    /// The names that its holder signed.
    pub fn user_ids(&self) -> &[UserId] {
        &self.user_ids
    }

    /// When the primary key was made, in seconds since 1970.
    pub fn made_at(&self) -> i64 {
        self.primary.made_at
    }

    /// Its bytes, without what is not needed.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.key.to_bytes().unwrap_or_default()
    }

    /// As text (RFC 9580 section 6).
    pub fn to_armored(&self) -> String {
        let options = ArmorOptions::default();
        self.key.to_armored_string(options).unwrap_or_default()
    }
}

fn has(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|found| found == words)
}

/// The packets that matter, counted: nothing else reaches the parser.
fn sifted(bytes: &[u8]) -> Result<Vec<u8>, CertificateError> {
    let all = packets(bytes, PACKETS_MAX).map_err(|why| match why {
        NoSequence::Form => CertificateError::Form,
        NoSequence::TooMany => CertificateError::TooMany { what: "packets" },
    })?;
    match all.first().map(|one| one.tag) {
        Some(packets::PUBLIC_KEY) => {}
        Some(packets::SECRET_KEY) => return Err(CertificateError::Secret),
        Some(_) | None => return Err(CertificateError::Form),
    }
    let mut kept = Vec::with_capacity(bytes.len());
    let (mut keys, mut user_ids, mut subkeys, mut signatures) = (0, 0, 0, 0);
    // Signatures belong to the packet before them; those over what is dropped are dropped.
    let mut keep = true;
    for one in all {
        match one.tag {
            packets::PUBLIC_KEY => {
                keys += 1;
                keep = true;
            }
            packets::USER_ID => {
                user_ids += 1;
                keep = true;
            }
            packets::PUBLIC_SUBKEY => {
                subkeys += 1;
                keep = true;
            }
            packets::SIGNATURE => signatures += 1,
            packets::SECRET_KEY | packets::SECRET_SUBKEY => return Err(CertificateError::Secret),
            _ => keep = false,
        }
        if one.pieces {
            return Err(CertificateError::Form);
        }
        if keep {
            kept.extend(bytes.get(one.whole).unwrap_or_default());
        }
    }
    if keys > 1 {
        return Err(CertificateError::Several);
    }
    for (count, most, what) in [
        (user_ids, USER_IDS_MAX, "user IDs"),
        (subkeys, SUBKEYS_MAX, "subkeys"),
        (signatures, CERTIFICATE_SIGNATURES_MAX, "signatures"),
    ] {
        if count > most {
            return Err(CertificateError::TooMany { what });
        }
    }
    Ok(kept)
}

fn component(key: &impl pgp::types::KeyDetails) -> Component {
    Component {
        fingerprint: written(&key.fingerprint()),
        made_at: i64::from(key.created_at().as_secs()),
        weakness: policy::of_key(key).err(),
        statements: Vec::new(),
        revocations: Vec::new(),
    }
}

impl Component {
    /// Takes a verified signature down; one that is too weak only if nothing better is there.
    fn learn(&mut self, signature: &Signature, weak: &mut Option<Weakness>) {
        if let Err(weakness) = policy::of_signature(signature) {
            *weak = Some(weakness);
        } else if let Some(statement) = Statement::of(signature, self.made_at) {
            self.statements.push(statement);
        }
    }

    fn conclude(&mut self, weak: Option<Weakness>) {
        if self.statements.is_empty() && self.weakness.is_none() {
            self.weakness = weak;
        }
        self.statements.sort_by_key(|one| one.made_at);
    }
}

fn primary(key: &SignedPublicKey, users: &[Named<'_>]) -> Component {
    let own = &key.primary_key;
    let mut known = component(own);
    let mut weak = None;
    if known.weakness.is_some() {
        return known;
    }
    for one in &key.details.revocation_signatures {
        // A digest that is too weak speaks for taking a key back, not against it.
        if one.verify_key(own).is_ok() {
            known.revocations.push(Revocation::of(one));
        }
    }
    for one in &key.details.direct_signatures {
        if is_own(one, own) && one.verify_key(own).is_ok() {
            known.learn(one, &mut weak);
        }
    }
    for (name, good) in users {
        if name.as_ref().is_some_and(|one| one.revoked) {
            continue;
        }
        for one in good {
            known.learn(one, &mut weak);
        }
    }
    known.conclude(weak);
    known
}

/// The holder's own signatures over a user ID that are good.
fn certifications<'u>(
    own: &'u PublicKey,
    user: &'u SignedUser,
) -> impl Iterator<Item = &'u Signature> {
    user.signatures.iter().filter(move |one| {
        one.typ() != Some(SignatureType::CertRevocation)
            && is_own(one, own)
            && one.verify_certification(own, Tag::UserId, &user.id).is_ok()
    })
}

/// The name that a user ID is, if one of its signatures says when it was made; and the holder's good signatures over it.
type Named<'u> = (Option<UserId>, Vec<&'u Signature>);

/// Verifies the signatures over a user ID, once: verifying is what a certificate costs.
fn named<'u>(own: &'u PublicKey, user: &'u SignedUser) -> Named<'u> {
    let good: Vec<&Signature> = certifications(own, user).collect();
    (user_id(own, user, &good), good)
}

fn user_id(own: &PublicKey, user: &SignedUser, good: &[&Signature]) -> Option<UserId> {
    let newest = good.iter().filter_map(|one| made_at(one)).max()?;
    let revoked = user.signatures.iter().any(|one| {
        one.typ() == Some(SignatureType::CertRevocation)
            && made_at(one).is_some_and(|at| at >= newest)
            && one.verify_certification(own, Tag::UserId, &user.id).is_ok()
    });
    let said = String::from_utf8_lossy(user.id.id());
    let line = shown_line(&said);
    Some(UserId {
        text: line.chars().take(USER_ID_CHARACTERS_MAX).collect(),
        revoked,
    })
}

fn subkey(own: &PublicKey, subkey: &SignedPublicSubKey) -> Component {
    let mut known = component(&subkey.key);
    let mut weak = None;
    if known.weakness.is_some() {
        return known;
    }
    for one in &subkey.signatures {
        if one.verify_subkey_binding(own, &subkey.key).is_err() {
            continue;
        }
        if one.typ() == Some(SignatureType::SubkeyRevocation) {
            known.revocations.push(Revocation::of(one));
            continue;
        }
        // A subkey that signs says itself that it belongs to the primary key, or anybody could claim its signatures.
        let says = one.embedded_signature().is_some_and(|back| {
            policy::of_signature(back).is_ok()
                && back.verify_primary_key_binding(&subkey.key, own).is_ok()
        });
        if one.key_flags().sign() && !says {
            continue;
        }
        known.learn(one, &mut weak);
    }
    known.conclude(weak);
    known
}

/// Whether a signature says that it is the holder's own; those of others are not worth verifying.
fn is_own(signature: &Signature, own: &PublicKey) -> bool {
    let fingerprints = signature.issuer_fingerprint();
    let ids = signature.issuer_key_id();
    (fingerprints.is_empty() && ids.is_empty())
        || fingerprints.contains(&&own.fingerprint())
        || ids.contains(&&own.legacy_key_id())
}
