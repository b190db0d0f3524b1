//! Encrypting to certificates, signed inside.
//!
//! Always with integrity: SEIPD version 2 where every recipient's program says that it takes it, version 1 with its digest otherwise.
//! The signature inside names those that it was made for, so that none of them can pass the mail on as if it were for another.
//!
//! In scope: bytes to an armored message. Out of scope: which certificate is whose, MIME.
//! Limits: [`RECIPIENTS_MAX`].

use std::io::Read;

use pgp::composed::{ArmorOptions, Encryption, MessageBuilder};
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::PublicSubkey;
use pgp::types::{Fingerprint, KeyDetails as _, Password, Timestamp};
use rand::rngs::StdRng;

use super::certificate::Certificate;
use super::secret::{DIGEST, SecretKey, random};
use super::state::CertificateState;

/// Certificates that one message is encrypted to.
pub const RECIPIENTS_MAX: usize = 32;

/// Why nothing is encrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// Nobody to encrypt to.
    #[error("there is no certificate to encrypt to; register one of the recipient")]
    NoRecipient,
    /// Too many.
    #[error("there are more than {RECIPIENTS_MAX} recipients; send several mails")]
    TooMany,
    /// A certificate cannot be used now.
    #[error("the certificate {fingerprint} {state}; register a current one")]
    Certificate {
        /// Which.
        fingerprint: String,
        /// Its state.
        state: CertificateState,
    },
    /// The clock.
    #[error("the time is not between 1970 and 2106; set the clock")]
    Time,
    /// The library refused.
    #[error("the mail could not be encrypted; report this as a fault of the program")]
    Library,
}

/// Encrypts, and signs inside if a key is given. `seed`: 32 random bytes that are used once.
pub fn encrypt(
    content: &[u8],
    to: &[&Certificate],
    signer: Option<&SecretKey>,
    now: i64,
    seed: &[u8; 32],
) -> Result<String, EncryptError> {
    if to.is_empty() {
        return Err(EncryptError::NoRecipient);
    }
    if to.len() > RECIPIENTS_MAX {
        return Err(EncryptError::TooMany);
    }
    let seconds = u32::try_from(now).map_err(|_| EncryptError::Time)?;
    let keys: Vec<&PublicSubkey> = to
        .iter()
        .map(|one| subkey(one, now))
        .collect::<Result<_, _>>()?;
    let takes = to.iter().map(|one| one.primary.statement(now));
    let takes = takes.map(|one| one.map(|one| one.takes).unwrap_or_default());
    let (mut newer, mut aes256) = (true, true);
    for one in takes {
        newer &= one.seipd_v2;
        aes256 &= one.aes256;
    }
    let sealing = Sealing {
        content,
        keys: &keys,
        made_for: to.iter().map(|one| one.key.fingerprint()).collect(),
        signer,
        at: Timestamp::from_secs(seconds),
        cipher: if aes256 {
            SymmetricKeyAlgorithm::AES256
        } else {
            SymmetricKeyAlgorithm::AES128
        },
        seed,
    };
    let sealed = if newer {
        sealing.version_2()
    } else {
        sealing.version_1()
    };
    sealed.map_err(|_| EncryptError::Library)
}

fn subkey(certificate: &Certificate, now: i64) -> Result<&PublicSubkey, EncryptError> {
    let found = certificate.encryption_key(now);
    let found = found.and_then(|one| certificate.public_subkey(one));
    found
        .map(|one| &one.key)
        .ok_or_else(|| EncryptError::Certificate {
            fingerprint: certificate.fingerprint().to_owned(),
            state: certificate.state(now, 0),
        })
}

struct Sealing<'s> {
    content: &'s [u8],
    keys: &'s [&'s PublicSubkey],
    made_for: Vec<Fingerprint>,
    signer: Option<&'s SecretKey>,
    at: Timestamp,
    cipher: SymmetricKeyAlgorithm,
    seed: &'s [u8; 32],
}

impl<'s> Sealing<'s> {
    fn version_2(&self) -> Result<String, pgp::errors::Error> {
        let mut random = random(self.seed);
        let builder = MessageBuilder::from_bytes("", self.content.to_vec());
        let (mode, chunk) = (AeadAlgorithm::Ocb, ChunkSize::default());
        let mut builder = builder.seipd_v2(&mut random, self.cipher, mode, chunk);
        for key in self.keys {
            builder.encrypt_to_key(&mut random, key)?;
        }
        self.finish(builder, &mut random)
    }

    fn version_1(&self) -> Result<String, pgp::errors::Error> {
        let mut random = random(self.seed);
        let builder = MessageBuilder::from_bytes("", self.content.to_vec());
        let mut builder = builder.seipd_v1(&mut random, self.cipher);
        for key in self.keys {
            builder.encrypt_to_key(&mut random, key)?;
        }
        self.finish(builder, &mut random)
    }

    /// Signs inside, if there is a signer, and writes it all down.
    fn finish<R: Read, E: Encryption>(
        &self,
        mut builder: MessageBuilder<'s, R, E>,
        random: &mut StdRng,
    ) -> Result<String, pgp::errors::Error> {
        if let Some(signer) = self.signer {
            let subpackets = signer.subpackets(self.at, &self.made_for)?;
            let key = &signer.key.primary_key;
            builder.sign_with_subpackets(key, Password::empty(), DIGEST, subpackets);
        }
        builder.to_armored_string(random, ArmorOptions::default())
    }
}
