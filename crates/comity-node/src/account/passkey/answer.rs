//! What a browser and an authenticator say in a ceremony: client data and authenticator data (WebAuthn Level 2 sections 5.8.1
//! and 6.1).
//!
//! In scope: reading both, and whether they are what was asked for. Out of scope: signatures, rows.
//! Limits: [`CLIENT_BYTES_MAX`], [`AUTHENTICATOR_BYTES_MAX`], [`CREDENTIAL_BYTES_MAX`].

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::account::outstanding::SECRET_BYTES as CHALLENGE_BYTES;
use crate::account::passkey::Origin;
use crate::account::public_key::PublicKey;

/// The longest client data, in bytes.
const CLIENT_BYTES_MAX: usize = 4_096;
/// The longest authenticator data, in bytes: an id, an RSA key, and extensions that nobody asked for.
const AUTHENTICATOR_BYTES_MAX: usize = 4_096;
/// The longest id of a credential, in bytes (WebAuthn Level 2 section 7.1 step 17).
pub(super) const CREDENTIAL_BYTES_MAX: usize = 1_023;

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
/// The credential may be copied to other devices (WebAuthn Level 3 section 6.1.3).
pub(super) const BACKUP_ELIGIBLE: u8 = 0x08;
/// It has been.
pub(super) const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENDED: u8 = 0x80;

/// What a browser says about a ceremony.
pub(super) struct ClientData {
    pub(super) challenge: [u8; CHALLENGE_BYTES],
    kind: String,
    origin: String,
    /// The page was in a frame of another site.
    framed: bool,
    pub(super) digest: [u8; 32],
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
}

impl ClientData {
    /// Reads client data as a form carries it: JSON in base64url.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = decoded(text, CLIENT_BYTES_MAX)?;
        let wire: Wire = serde_json::from_slice(&bytes).ok()?;
        let challenge = decoded(&wire.challenge, CHALLENGE_BYTES)?;
        Some(Self {
            challenge: challenge.try_into().ok()?,
            kind: wire.kind,
            origin: wire.origin,
            framed: wire.cross_origin || wire.top_origin.is_some(),
            digest: Sha256::digest(&bytes).into(),
        })
    }

    /// Whether it is about a ceremony of this kind, on a page of the node itself.
    pub(super) fn is_of(&self, kind: &str, origin: &Origin) -> bool {
        self.kind == kind && self.origin == origin.text() && !self.framed
    }
}

/// What an authenticator says.
pub(super) struct AuthenticatorData {
    bytes: Vec<u8>,
    host_digest: [u8; 32],
    pub(super) flags: u8,
    pub(super) counter: u32,
    /// The credential that it has just made: id and key, as it wrote them.
    pub(super) made: Option<(Vec<u8>, Vec<u8>)>,
}

impl AuthenticatorData {
    /// Reads authenticator data as a form carries it, in base64url. What follows in extensions, which nobody asked for, is passed over.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = decoded(text, AUTHENTICATOR_BYTES_MAX)?;
        let (host_digest, rest) = bytes.split_first_chunk::<32>()?;
        let (&[flags], rest) = rest.split_first_chunk::<1>()?;
        let (counter, rest) = rest.split_first_chunk::<4>()?;
        let (made, rest) = if flags & ATTESTED == 0 {
            (None, rest)
        } else {
            // Which model of authenticator it is stands first; nothing vouches for that, so nothing is made of it.
            let (_, rest) = rest.split_first_chunk::<16>()?;
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (id, rest) = rest.split_at_checked(length)?;
            let (_, after) = PublicKey::read(rest)?;
            let (key, after) = rest.split_at_checked(rest.len() - after.len())?;
            let whole = (1..=CREDENTIAL_BYTES_MAX).contains(&id.len());
            (whole.then(|| (id.to_vec(), key.to_vec())), after)
        };
        let (host_digest, counter) = (*host_digest, u32::from_be_bytes(*counter));
        let is_whole = rest.is_empty() == (flags & EXTENDED == 0);
        is_whole.then_some(Self {
            bytes,
            host_digest,
            flags,
            counter,
            made,
        })
    }

    /// Whether it is about this origin, and its person was there and was told apart from others: by a PIN, a finger, a face.
    pub(super) fn is_of(&self, origin: &Origin) -> bool {
        let host: [u8; 32] = Sha256::digest(origin.relying_party()).into();
        let needed = USER_PRESENT | USER_VERIFIED;
        // What cannot be copied has not been (WebAuthn Level 3 section 6.1.3).
        let backup = self.flags & (BACKUP_ELIGIBLE | BACKED_UP);
        self.host_digest == host && self.flags & needed == needed && backup != BACKED_UP
    }

    /// What is signed: itself and the digest of the client data (section 6.3.3 step 11).
    pub(super) fn signed_with(&self, client: &ClientData) -> Vec<u8> {
        [self.bytes.as_slice(), client.digest.as_slice()].concat()
    }
}

/// The bytes of base64url without padding, at most so many.
pub(super) fn decoded(text: &str, bytes_max: usize) -> Option<Vec<u8>> {
    if text.len() > bytes_max.div_ceil(3) * 4 {
        return None;
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    (bytes.len() <= bytes_max).then_some(bytes)
}
