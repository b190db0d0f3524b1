//! DKIM keys of this node, and signing what leaves (RFC 6376, 8463).
//!
//! Each mail gets two signatures: RSA of 2,048 bits, which everybody verifies, and Ed25519, which is short and sound. The fields that make a
//! mail what it is are signed once more than they stand, so that none can be added (RFC 6376 section 8.15). No `l=`.
//!
//! The library takes the time of a signature from the system's clock, and the randomness of a key from the system.
//!
//! In scope: making keys, signing, the text that DNS publishes of a key. Out of scope: printing DNS lines, verifying (`authentication`).

use mail_auth::common::crypto::{Algorithm, Ed25519Key, RsaKey, Sha256, SigningKey};
use mail_auth::common::headers::{HeaderWriter as _, Writable};
use mail_auth::dkim::DkimSigner;
use mail_auth::dkim::generate::DkimKeyPair;
use zeroize::Zeroizing;

use crate::guard::is_domain;

/// The bits of our RSA keys.
pub const RSA_BITS: usize = 2_048;
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

/// Why there is no key or no signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DkimError {
    /// The bytes are no key of this kind.
    #[error("these are not the bytes of a DKIM key of this kind; restore them from a backup")]
    Key,
    /// The domain or selector is none.
    #[error("{value:?} is no domain name; write it as in DNS")]
    Name {
        /// What was given.
        value: String,
    },
    /// The library refused.
    #[error("the mail could not be signed ({reason}); report this as a fault of the program")]
    Library {
        /// What it said.
        reason: String,
    },
}

/// A secret key with the name under which DNS publishes its public half.
pub struct DkimKey {
    selector: String,
    secret: Zeroizing<Vec<u8>>,
    public: Vec<u8>,
    signer: Signer,
}

enum Signer {
    Rsa(RsaKey<Sha256>),
    Ed25519(Ed25519Key),
}

/// A key that stays where it is while it signs.
struct Borrowed<'k, K>(&'k K);

impl<K: SigningKey> SigningKey for Borrowed<'_, K> {
    type Hasher = K::Hasher;

    fn sign(&self, input: impl Writable) -> mail_auth::Result<Vec<u8>> {
        self.0.sign(input)
    }

    fn algorithm(&self) -> Algorithm {
        self.0.algorithm()
    }
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("DkimKey").field(&self.selector).finish()
    }
}

impl DkimKey {
    /// Makes a key.
    pub fn generate(kind: Kind, selector: &str) -> Result<Self, DkimError> {
        let pair = match kind {
            Kind::Rsa => DkimKeyPair::generate_rsa(RSA_BITS),
            Kind::Ed25519 => DkimKeyPair::generate_ed25519(),
        };
        let (secret, _) = pair.map_err(|error| library(&error))?.into_inner();
        Self::from_bytes(kind, selector, &Zeroizing::new(secret))
    }

    /// Reads what [`DkimKey::secret_bytes`] gave.
    pub fn from_bytes(kind: Kind, selector: &str, secret: &[u8]) -> Result<Self, DkimError> {
        name(selector)?;
        let (signer, public) = match kind {
            Kind::Rsa => {
                let der = secret.try_into().map_err(|_| DkimError::Key)?;
                let key = RsaKey::<Sha256>::from_key_der(der).map_err(|_| DkimError::Key)?;
                let public = key.public_key();
                (Signer::Rsa(key), public)
            }
            Kind::Ed25519 => {
                let key = Ed25519Key::from_pkcs8_der(secret).map_err(|_| DkimError::Key)?;
                let public = key.public_key();
                (Signer::Ed25519(key), public)
            }
        };
        Ok(Self {
            selector: selector.to_owned(),
            secret: Zeroizing::new(secret.to_vec()),
            public,
            signer,
        })
    }

    /// Its bytes, secret, for the node's store: PKCS#1 or PKCS#8.
    pub fn secret_bytes(&self) -> &[u8] {
        &self.secret
    }

    /// The name under which its public half stands: `<selector>._domainkey.<domain>`.
    pub fn selector(&self) -> &str {
        &self.selector
    }

    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self.signer {
            Signer::Rsa(_) => Kind::Rsa,
            Signer::Ed25519(_) => Kind::Ed25519,
        }
    }

    /// What DNS publishes of it (RFC 6376 section 3.6.1): the value of a TXT record, in one piece.
    pub fn record(&self) -> String {
        let kind = match self.signer {
            Signer::Rsa(_) => "rsa",
            Signer::Ed25519(_) => "ed25519",
        };
        let encoded = mail_builder::encoders::Base64Encoder::new().encode(&self.public);
        let encoded = encoded.unwrap_or_default();
        let encoded = String::from_utf8_lossy(&encoded);
        format!("v=DKIM1; k={kind}; p={encoded}")
    }

    /// The field that signs a mail for a domain, its line end included.
    fn field(&self, domain: &str, mail: &[u8]) -> Result<String, DkimError> {
        let signed = match &self.signer {
            Signer::Rsa(key) => DkimSigner::from_key(Borrowed(key))
                .domain(domain)
                .selector(self.selector.as_str())
                .headers(FIELDS)
                .expiration(LIFE_SECONDS)
                .sign(mail),
            Signer::Ed25519(key) => DkimSigner::from_key(Borrowed(key))
                .domain(domain)
                .selector(self.selector.as_str())
                .headers(FIELDS)
                .expiration(LIFE_SECONDS)
                .sign(mail),
        };
        Ok(signed.map_err(|error| library(&error))?.to_header())
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

fn library(error: &mail_auth::Error) -> DkimError {
    DkimError::Library {
        reason: error.to_string(),
    }
}
