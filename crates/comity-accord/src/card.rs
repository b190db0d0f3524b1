//! The node card: a signed note by which a party says who it is and by which keys it speaks.
//!
//! A card is a note (C2SP `signed-note`) whose text is a list of lines in a fixed order, so that one card has one text. It is
//! signed by its own root key; a card that follows another is vouched for by the root before it, or bears the root to
//! which the one before had committed ([`succession`]).
//!
//! ```text
//! comity-card/v1
//! party alpha
//! domain alpha.example
//! serial 1
//! issued 2026-12-01T00:00:00Z
//! root <vkey of type 0x01>
//! root-key <algorithm> <base64>          none or one: a further public root key, ml-dsa-44
//! next-root <SHA-256 of the next root's public key>
//! origin alpha.example/log
//! log <vkey>                             1 to 4; the first of type 0x01 and named as the origin
//! witness <vkey>                         1 to 4; types 0x04 and 0x06
//! envelope <vkey of type 0x01>
//! sealing <algorithm> <base64>           1 to 4
//! tls <SHA-256 of a SubjectPublicKeyInfo>    0 to 8
//! link <URL>                             0 to 8
//! mail <temporary|permanent> <address>   0 to 16
//! hotline <telephone number>             0 to 8
//! contact <URL>                          0 to 8
//! policy <word>                          0 to 32
//! ```
//!
//! In scope: the card as data, its lines, its signature. Out of scope: who may be believed (`enrolment`), which key counted
//! when (`keys`), the algorithms of sealing keys, which are opaque here.
//! Limits: [`CARD_BYTES_MAX`]; the numbers of lines above.

pub(crate) mod lines;
mod signed;
mod succession;
#[cfg(test)]
pub(crate) mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comity_ledger::key::{SignatureType, VerifierKey};
use comity_stix::timestamp::Timestamp;

use crate::digest::Digest;
use crate::party::{Domain, Origin, PartyName};
use crate::text::contact::Standing;

pub use lines::LineError;
pub use signed::{CardError, SignedCard, UnsignedCard};
pub use succession::{
    CARD_AHEAD_SECONDS_MAX, CLOCK_TOLERANCE_SECONDS, Change, Changed, SuccessionError, Vouched,
    accept_successor,
};

/// The longest card, its signatures included.
pub const CARD_BYTES_MAX: usize = 64 * 1024;

/// What a card says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The party.
    pub party: PartyName,
    /// The domain of its node.
    pub domain: Domain,
    /// Counts the party's cards, from 1.
    pub serial: u32,
    /// When it was issued, to the second.
    pub issued: Timestamp,
    /// The root key, which signs cards and revocations; Ed25519.
    pub root: VerifierKey,
    /// A further public root key of another algorithm. It is announced, so that later notes can be asked for its
    /// signature; nothing here verifies with it.
    pub root_key: Option<PublicKey>,
    /// The hash of the root key that comes next ([`root_hash`]), made and put away before it is needed.
    pub next_root: Digest,
    /// The origin of the log, with its epoch.
    pub origin: Origin,
    /// Keys that sign checkpoints; the first is Ed25519 and named as the origin.
    pub log: Vec<VerifierKey>,
    /// Keys that cosign the checkpoints of others.
    pub witness: Vec<VerifierKey>,
    /// The key that signs envelopes and receipts; Ed25519.
    pub envelope: VerifierKey,
    /// Keys to which payloads are sealed, the preferred one first.
    pub sealing: Vec<PublicKey>,
    /// SHA-256 of the `SubjectPublicKeyInfo` of TLS keys.
    pub tls: Vec<Digest>,
    /// Where the node link answers.
    pub links: Vec<String>,
    /// Addresses for mail between nodes and people.
    pub mail: Vec<MailAddress>,
    /// Telephone numbers of the hotline.
    pub hotlines: Vec<String>,
    /// Pages with points of contact, such as RFC 2350 profiles.
    pub contacts: Vec<String>,
    /// Words that name policies followed, such as `tlp-2.0`.
    pub policies: Vec<String>,
}

/// A public key of an algorithm that this crate does not use itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey {
    /// The algorithm: 1 to 32 of `a-z`, `0-9` and `-`.
    pub algorithm: String,
    /// The key.
    pub bytes: Vec<u8>,
}

/// The longest such key; ML-KEM-1024 has 1568 bytes.
const PUBLIC_KEY_BYTES_MAX: usize = 4096;

impl PublicKey {
    /// Reads `algorithm base64`; padded base64 in its one canonical spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let (algorithm, encoded) = text.split_once(' ')?;
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let named = algorithm.bytes().all(letters) && (1..=32).contains(&algorithm.len());
        let bytes = STANDARD.decode(encoded).ok()?;
        let fits = (1..=PUBLIC_KEY_BYTES_MAX).contains(&bytes.len())
            && known_length(algorithm).is_none_or(|known| known == bytes.len());
        (named && fits).then(|| Self {
            algorithm: algorithm.to_owned(),
            bytes,
        })
    }
}

/// The length of a public key, where the algorithm is known: RFC 7748, FIPS 204, and X-Wing's X25519 with ML-KEM-768.
fn known_length(algorithm: &str) -> Option<usize> {
    match algorithm {
        "x25519" => Some(32),
        "ml-dsa-44" => Some(1312),
        "x25519-ml-kem-768" => Some(1184 + 32),
        _ => None,
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.algorithm, STANDARD.encode(&self.bytes))
    }
}

/// An address for mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MailAddress {
    /// Whether it is to be replaced.
    pub standing: Standing,
    /// The address.
    pub address: String,
}

/// The hash by which a root key is named before and after it is used: the SHA-256 of its 32 public bytes.
pub fn root_hash(root: &VerifierKey) -> Digest {
    Digest::of(root.public_key())
}

impl Card {
    /// Checks what the lines cannot: types of keys, one name for one key, a log key named as its log.
    fn check(&self) -> Result<(), CardError> {
        let ed25519 = |key: &VerifierKey| key.signature_type() == SignatureType::Ed25519;
        let cosigns = |key: &VerifierKey| {
            matches!(
                key.signature_type(),
                SignatureType::CosignatureEd25519 | SignatureType::CosignatureMlDsa44
            )
        };
        let wrong = |line, write| Err(CardError::WrongKey { line, write });
        if !ed25519(&self.root) || !ed25519(&self.envelope) {
            return wrong("root and envelope", "Ed25519 keys, type 0x01");
        }
        if !self.log.first().is_some_and(ed25519)
            || self
                .log
                .iter()
                .any(|key| key.name() != self.origin.as_str())
        {
            return wrong(
                "log",
                "first an Ed25519 key, type 0x01; every log key bears the origin as its name",
            );
        }
        if self
            .log
            .iter()
            .any(|key| key.signature_type() == SignatureType::CosignatureEd25519)
        {
            return wrong("log", "keys of type 0x01 or 0x06");
        }
        if !self.witness.iter().all(cosigns) {
            return wrong("witness", "keys that cosign, type 0x04 or 0x06");
        }
        if self
            .root_key
            .as_ref()
            .is_some_and(|key| key.algorithm != "ml-dsa-44")
        {
            return wrong("root-key", "an ml-dsa-44 key");
        }
        self.check_distinct()?;
        if self.next_root == root_hash(&self.root) {
            return Err(CardError::NextRootIsRoot);
        }
        Ok(())
    }

    /// One secret must not sign two kinds of things: a key is listed once only, and names do not collide.
    fn check_distinct(&self) -> Result<(), CardError> {
        let all: Vec<_> = [&self.root, &self.envelope]
            .into_iter()
            .chain(&self.log)
            .chain(&self.witness)
            .collect();
        for (index, key) in all.iter().enumerate() {
            let rest = all.iter().skip(index + 1);
            let twice = rest
                .clone()
                .any(|other| other.public_key() == key.public_key());
            let collides = rest
                .clone()
                .any(|other| other.key_id() == key.key_id() && other.name() == key.name());
            if twice || collides {
                return Err(CardError::KeyTwice {
                    name: key.name().to_owned(),
                });
            }
        }
        Ok(())
    }
}
