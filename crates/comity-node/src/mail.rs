//! Mail that comes in: who answers for an address, keeping the raw bytes, taking in what was kept (`taking`), and looking at it.
//!
//! A mail is acknowledged once its raw bytes and its row are durable. The bytes stay as they came; what this node knows of their
//! way here (the client, the envelope, the time) stands in the row, and is put in front as a `Received` field where it is shown.
//!
//! In scope: the use cases of the receiving side, what a mail says for a person to read, and the facts that cross between it and
//! the server (`comity-transport`). Out of scope: SMTP.
//! Limits: the server's (`comity_transport::smtp::server::settings`), [`command::PAGE_MAX`] mails in one answer.

mod asked;
pub mod certificates;
pub mod command;
pub mod intake;
pub mod keys;
pub mod letter;
pub mod openpgp;
pub mod out;
pub mod outgoing;
pub mod recipients;

mod found;
mod said;
pub(crate) mod shown;
pub mod taking;

use std::net::IpAddr;
use std::path::PathBuf;

use comity_mail::openpgp::{CertificateError, SecretKeyError};
use comity_store::error::StoreError;

use crate::case::CaseError;
use crate::contact::ContactError;
use crate::exchange::ExchangeError;
use crate::intake::IntakeError;
use crate::link::keys::KeysError;
use crate::mail::openpgp::OpenPgpError;
use crate::mail::out::OutError;
use crate::mail::taking::TakingError;

/// How a mail came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// SMTP (RFC 5321), from anywhere.
    Smtp,
    /// LMTP (RFC 2033), from the mail server in front.
    Lmtp,
}

/// What protected the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The version, such as `TLSv1.3`.
    pub version: String,
    /// The cipher suite, by its name in the registry.
    pub cipher: String,
    /// The host that the client asked for (RFC 6066 section 3).
    pub server_name: Option<String>,
}

/// Who sends, as far as a connection tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// How.
    pub protocol: Protocol,
    /// Where from; nothing for a socket of this machine.
    pub address: Option<IpAddr>,
    /// What it calls itself. Anybody can say anything there.
    pub helo: String,
    /// What protects the connection.
    pub tls: Option<Tls>,
}

/// Somebody who answers for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the address is here: equal for every spelling of it.
    pub name: String,
    /// The party that it was given to.
    pub party: Option<String>,
}

/// An accepted recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The address as RCPT TO had it.
    pub address: String,
    /// Who answers for it.
    pub known: Known,
}

/// A mail without its content (RFC 5321 section 2.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Who sends.
    pub client: Client,
    /// MAIL FROM; empty for the null reverse-path.
    pub sender: String,
    /// The parameters of MAIL FROM that matter to who reads the mail.
    pub options: Vec<&'static str>,
    /// RCPT TO.
    pub recipients: Vec<Recipient>,
}

/// What is said to a recipient's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Somebody answers for it.
    Known(Known),
    /// Nobody does, for whatever reason: strangers learn no more.
    Nobody,
    /// It cannot be found out now.
    Later,
}

/// A mail that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: String,
    /// SHA-256 of the raw bytes.
    pub sha256: [u8; 32],
    /// For each recipient of the envelope, whether it was still one when the mail was kept.
    pub accepted: Vec<bool>,
}

/// Why something about mail cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// No mail has that number.
    #[error("no mail begins with {0:?}")]
    Unknown(String),
    /// Several do.
    #[error("more than one mail begins with {0:?}")]
    Ambiguous(String),
    /// There is no such state.
    #[error("{0:?} is no state of a mail")]
    State(String),
    /// A page cannot begin there.
    #[error("{0:?} is no place where a page begins")]
    Place(String),
    /// Its bytes are not on this node.
    #[error("the raw bytes of mail {0} are not on this node")]
    NotHere(String),
    /// Its bytes are others than those that came.
    #[error("the raw bytes of mail {0} are no longer those that came")]
    Changed(String),
    /// A file could not be written.
    #[error("cannot {action} {path}")]
    File {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Something about mail that leaves.
    #[error(transparent)]
    Out(#[from] OutError),
    /// None of the recipients answers any more.
    #[error("nobody answers any more for the addresses of the mail")]
    Nobody,
    /// Keys and certificates.
    #[error(transparent)]
    OpenPgp(#[from] OpenPgpError),
    /// The files of keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The own key.
    #[error(transparent)]
    SecretKey(#[from] SecretKeyError),
    /// Somebody's certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The party's profile cannot be read.
    #[error(transparent)]
    Contact(Box<ContactError>),
    /// The party.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// Taking in.
    #[error(transparent)]
    Taking(#[from] TakingError),
    /// The store failed.
    #[error("cannot use the store")]
    Store(#[from] StoreError),
}

impl From<CaseError> for MailError {
    fn from(error: CaseError) -> Self {
        TakingError::Case(error).into()
    }
}

impl From<IntakeError> for MailError {
    fn from(error: IntakeError) -> Self {
        TakingError::Intake(error).into()
    }
}

impl From<ContactError> for MailError {
    fn from(error: ContactError) -> Self {
        Self::Contact(Box::new(error))
    }
}

impl Protocol {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Lmtp => "lmtp",
        }
    }
}
