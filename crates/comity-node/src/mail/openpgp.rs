//! Commands about OpenPGP keys, as plain data, and doing them.
//!
//! In scope: each command's call of the use case that it names. Out of scope: deciding anything.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::MailError;
use super::certificates::{PARTY_CERTIFICATES_MAX, certificate_document};
use super::keys::{KEYS_MAX, digits};
use crate::case::document::put;
use crate::case::threads::Acting;
use crate::node::Node;

/// Why something about OpenPGP keys cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenPgpError {
    /// No key was made, or it was taken back.
    #[error("this node has no OpenPGP key in force")]
    NoKey,
    /// No key has that fingerprint.
    #[error("no key has the fingerprint {0:?}")]
    NoSuchKey(String),
    /// There have been too many.
    #[error("this node has had {max} keys, and takes no more", max = KEYS_MAX)]
    KeysFull,
    /// A time that OpenPGP cannot say.
    #[error("a key cannot be valid for so long")]
    KeyTime,
    /// Not a name.
    #[error("a user ID is one line of up to 200 bytes, such as `alpha <duty@alpha.example>`")]
    UserId,
    /// Its fingerprint is another one.
    #[error("the certificate's fingerprint is {0}, and not the one that was typed")]
    OtherFingerprint(String),
    /// Nobody said that it is the party's.
    #[error("nothing but the file says that the certificate {0} is the party's")]
    Unconfirmed(String),
    /// It counts for nothing.
    #[error("the certificate is not taken: {0}")]
    WeakCertificate(String),
    /// Another party has it.
    #[error("that certificate is registered for {0}")]
    CertificateTaken(String),
    /// The party has too many.
    #[error("{0} has {max} certificates, and takes no more", max = PARTY_CERTIFICATES_MAX)]
    CertificatesFull(String),
}

/// Something about OpenPGP keys, to be done.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenPgpCommand {
    /// Make a key in this party's name.
    Make {
        /// `Name <address>`; the party at its mail domain where none is given.
        user_id: Option<String>,
        /// How long it is valid.
        days: u32,
    },
    /// The own keys, the newest first.
    Show,
    /// The own certificate, for other parties.
    Export {
        /// Which; the newest where none is named.
        fingerprint: Option<String>,
    },
    /// Prolong the newest key.
    Extend {
        /// For how long from now on.
        days: u32,
    },
    /// Take a key back.
    Revoke {
        /// Which.
        fingerprint: String,
        /// Somebody else may have it; else it is merely retired.
        compromised: bool,
    },
    /// Register a certificate for a party.
    Register {
        /// The party.
        party: String,
        /// The certificate, armored.
        certificate: String,
        /// Its fingerprint as a person had it another way.
        fingerprint: Option<String>,
        /// Who does it.
        acting: Acting,
    },
    /// The registered certificates.
    List {
        /// Of one party.
        party: Option<String>,
    },
    /// Remove a certificate.
    Unregister {
        /// The party.
        party: String,
        /// Which.
        fingerprint: String,
    },
}

impl Node {
    /// Does a command about OpenPGP keys.
    pub fn openpgp(&self, command: OpenPgpCommand) -> Result<Value, MailError> {
        use OpenPgpCommand as C;
        let now = self.now_seconds();
        match command {
            C::Make { user_id, days } => {
                let made = self.make_mail_key(user_id, days)?;
                Ok(certificate_document(&made, now))
            }
            C::Show => {
                let own = self.mail_own_certificates();
                Ok(own
                    .iter()
                    .map(|one| certificate_document(one, now))
                    .collect())
            }
            C::Export { fingerprint } => self.export_certificate(fingerprint.as_deref()),
            C::Extend { days } => {
                let longer = self.extend_mail_key(days)?;
                Ok(certificate_document(&longer, now))
            }
            C::Revoke {
                fingerprint,
                compromised,
            } => {
                let revoked = self.revoke_mail_key(&fingerprint, compromised)?;
                let mut said = certificate_document(&revoked, now);
                put(&mut said, "certificate", revoked.to_armored().into());
                Ok(said)
            }
            C::Register {
                party,
                certificate,
                fingerprint,
                acting,
            } => self.register_certificate(
                &party,
                certificate.as_bytes(),
                fingerprint.as_deref(),
                &acting,
            ),
            C::List { party } => self.certificates_listed(party.as_deref()),
            C::Unregister { party, fingerprint } => self.remove_certificate(&party, &fingerprint),
        }
    }

    fn export_certificate(&self, fingerprint: Option<&str>) -> Result<Value, MailError> {
        let own = self.mail_own_certificates();
        let found = match fingerprint {
            None => own.first().ok_or(OpenPgpError::NoKey)?,
            Some(wanted) => {
                let wanted_digits = digits(wanted);
                let mut own = own.iter();
                own.find(|one| one.fingerprint() == wanted_digits)
                    .ok_or_else(|| OpenPgpError::NoSuchKey(wanted.to_owned()))?
            }
        };
        Ok(json!({ "fingerprint": found.fingerprint(), "certificate": found.to_armored() }))
    }
}
