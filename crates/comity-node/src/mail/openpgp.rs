//! Commands about OpenPGP keys, as plain data, and doing them.
//!
//! In scope: each command's call of the use case that it names. Out of scope: deciding anything.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::MailError;
use super::certificates::certificate_document;
use crate::case::document::put;
use crate::case::threads::Acting;
use crate::node::Node;

/// Something about OpenPGP keys, to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
            None => own.first().ok_or(MailError::NoKey)?,
            Some(wanted) => {
                let digits = super::keys::digits(wanted);
                let mut own = own.iter();
                own.find(|one| one.fingerprint() == digits)
                    .ok_or_else(|| MailError::NoSuchKey(wanted.to_owned()))?
            }
        };
        Ok(json!({ "fingerprint": found.fingerprint(), "certificate": found.to_armored() }))
    }
}
