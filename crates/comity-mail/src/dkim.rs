//! Signing what leaves with DKIM (RFC 6376, 8463).
//!
//! Each mail gets two signatures: RSA of 2,048 bits, which everybody verifies, and Ed25519, which is short and sound. The fields that make a
//! mail what it is are signed once more than they stand, so that none can be added (RFC 6376 section 8.15). No `l=`.
//!
//! Secret keys stay with whoever holds them, who signs what is handed over. The library takes the time of a signature from the
//! system's clock.
//!
//! In scope: what is signed, and the fields that say so. Out of scope: making and keeping keys (`comity-node`), printing DNS lines
//! (`dns`), verifying (`authentication`).

use mail_auth::common::crypto::{Algorithm, CryptoError, Sha256, SigningKey};
use mail_auth::common::headers::{HeaderWriter as _, Writable};
use mail_auth::dkim::DkimSigner;

use crate::guard::is_domain;

/// A signature is good for so long, in seconds: mail waits five days at most (RFC 5321 section 4.5.4.1).
pub const LIFE_SECONDS: u64 = 14 * 86_400;

/// The fields that are signed, each once more than it stands.
const FIELDS: [&str; 14] = [
    "From",
    "From",
    "To",
    "To",
    "Subject",
    "Subject",
    "Date",
    "Date",
    "Message-ID",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "Content-Type",
];

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RSA with SHA-256.
    Rsa,
    /// Ed25519 with SHA-256.
    Ed25519,
}

/// Why there is no signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DkimError {
    /// The domain or selector is none.
    #[error("{value:?} is no domain name; write it as in DNS")]
    Name {
        /// What was given.
        value: String,
    },
    /// It was not signed.
    #[error(
        "the mail could not be signed ({reason}); look at the keys of DKIM in the folder keys/"
    )]
    NotSigned {
        /// What was said.
        reason: String,
    },
}

/// What signs bytes: for [`Kind::Rsa`] by RSASSA-PKCS1-v1_5 with SHA-256, for [`Kind::Ed25519`] by Ed25519 over their SHA-256
/// (RFC 8463 section 3). `None`: it could not.
pub type Sign = Box<dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// A key with the name under which DNS publishes its public half.
pub struct DkimKey {
    selector: String,
    kind: Kind,
    sign: Sign,
}

/// The key as the library wants it.
struct Handed<'k>(&'k DkimKey);

impl SigningKey for Handed<'_> {
    type Hasher = Sha256;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        input.write(&mut bytes);
        let refused = || CryptoError::Library("the key did not sign".to_owned());
        (self.0.sign)(&bytes).ok_or_else(|| mail_auth::Error::Crypto(refused()))
    }

    fn algorithm(&self) -> Algorithm {
        match self.0.kind {
            Kind::Rsa => Algorithm::RsaSha256,
            Kind::Ed25519 => Algorithm::Ed25519Sha256,
        }
    }
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("DkimKey").field(&self.selector).finish()
    }
}

impl DkimKey {
    /// A key that signs so, published under this selector.
    pub fn new(kind: Kind, selector: &str, sign: Sign) -> Result<Self, DkimError> {
        name(selector)?;
        let selector = selector.to_owned();
        Ok(Self {
            selector,
            kind,
            sign,
        })
    }

    /// The name under which its public half stands: `<selector>._domainkey.<domain>`.
    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// The field that signs a mail for a domain, its line end included.
    fn field(&self, domain: &str, mail: &[u8]) -> Result<String, DkimError> {
        let signed = DkimSigner::from_key(Handed(self))
            .domain(domain)
            .selector(self.selector.as_str())
            .headers(FIELDS)
            .expiration(LIFE_SECONDS)
            .sign(mail);
        let signed = signed.map_err(|error| DkimError::NotSigned {
            reason: error.to_string(),
        })?;
        Ok(signed.to_header())
    }
}

/// Signs a mail for a domain with each of these keys; gives the mail with the signatures before its fields.
pub fn sign(mail: &[u8], domain: &str, keys: &[&DkimKey]) -> Result<Vec<u8>, DkimError> {
    name(domain)?;
    let mut signed = Vec::with_capacity(mail.len() + 2_048);
    for key in keys {
        signed.extend(key.field(domain, mail)?.bytes());
    }
    signed.extend(mail);
    Ok(signed)
}

fn name(text: &str) -> Result<(), DkimError> {
    if is_domain(text) {
        return Ok(());
    }
    Err(DkimError::Name {
        value: text.chars().take(100).collect(),
    })
}
