//! OpenPGP (RFC 9580, and version 4 as `GnuPG` writes it): certificates, signatures, encryption.
//!
//! A certificate is read once: its self-signatures are verified then, and what they say is kept as plain facts, so that its state can be
//! told for any time. A signature is good only by a key that was given, that is neither weak, expired nor revoked, and that may
//! sign. What is decrypted is released whole and after its integrity was proved, or not at all.
//!
//! | what | taken | refused, by name |
//! |---|---|---|
//! | digests in signatures | SHA-256, SHA-384, SHA-512, SHA3-256, SHA3-512 | MD5, SHA-1, RIPEMD-160, SHA-224, unknown ones |
//! | RSA | 2,048 to 8,192 bits | less |
//! | DSA, Elgamal | none | all |
//! | curves | Ed25519, Ed448, X25519, X448, NIST P-256, P-384, P-521 | others |
//! | versions of keys and signatures | 4 and 6 | 2, 3, 5 |
//! | integrity of what is encrypted | SEIPD version 1 with its digest, SEIPD version 2 | none (packet 9), `GnuPG`'s own (packet 20) |
//! | who can decrypt | holders of keys | holders of passwords alone |
//!
//! In scope: bytes in, bytes out; time and randomness are arguments. Out of scope: which key belongs to whom (`assurance`), where keys
//! are kept, MIME (`protect`, `opening`).
//! Limits: [`CERTIFICATE_BYTES_MAX`], [`USER_IDS_MAX`], [`SUBKEYS_MAX`], [`CERTIFICATE_SIGNATURES_MAX`], [`SIGNATURES_MAX`],
//! [`SIGNATURE_BYTES_MAX`], [`RECIPIENTS_MAX`], [`DecryptLimits`].

mod armor;
mod certificate;
mod decrypt;
mod encrypt;
mod facts;
mod packets;
mod policy;
mod secret;
mod signature;
mod state;

pub use certificate::{
    CERTIFICATE_BYTES_MAX, CERTIFICATE_SIGNATURES_MAX, Certificate, CertificateError, SUBKEYS_MAX,
    USER_IDS_MAX, UserId,
};
pub use decrypt::{DecryptError, DecryptLimits, Decrypted, decrypt};
pub use encrypt::{EncryptError, RECIPIENTS_MAX, encrypt};
pub use policy::Weakness;
pub use secret::{SecretKey, SecretKeyError};
pub use signature::{
    AHEAD_SECONDS_MAX, GoodSignature, SIGNATURE_BYTES_MAX, SIGNATURES_MAX, SignatureFault,
    SignatureResult, verify_cleartext, verify_detached,
};
pub use state::CertificateState;
