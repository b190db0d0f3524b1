//! The receipt that a node sends by mail: what came, when, to which address, and how sure it is of the sender.
//!
//! It travels as JSON of the type `application/vnd.comity.receipt+json` in a mail with an OpenPGP signature; the signature makes it count, the
//! JSON alone says nothing. Unknown keys are passed over, so that later versions can add some; a changed meaning is a new version.
//!
//! In scope: reading and writing it. Out of scope: signing, what it settles.

use comity_accord::digest::Digest;
use comity_stix::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Reason, What};
use crate::assurance::Level;

/// The media type.
pub const RECEIPT_TYPE: &str = "application/vnd.comity.receipt+json";
/// What it calls itself.
pub(super) const TYPE: &str = "comity-mail-receipt";
/// The version that is read and written.
const VERSION: u32 = 1;
/// The longest value, in bytes.
const VALUE_BYTES_MAX: usize = 998;

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailReceipt {
    #[serde(rename = "type")]
    kind: String,
    version: u32,
    /// SHA-256 of the mail as it came, in hexadecimal digits.
    pub mail_sha256: String,
    /// Its `Message-ID` without the brackets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// When DATA was answered with 250, by the receiver's clock: a STIX timestamp, UTC.
    pub received: String,
    /// The identifier of the address that it came to, as the receiver names it.
    pub address: String,
    /// How sure the receiver is of the sender: `L0` to `L4`.
    pub assurance: String,
    /// The request that it became or belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Where the receiver's ledger has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<u64>,
}

/// Why a receipt does not count as one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// No JSON of this form.
    #[error("no receipt: {reason}")]
    Form {
        /// What the reader says.
        reason: String,
    },
    /// Another version.
    #[error("a receipt of version {version}; this node reads version 1")]
    Version {
        /// Which.
        version: u32,
    },
    /// A value is none.
    #[error("the receipt's {key} is none")]
    Value {
        /// Of which key.
        key: &'static str,
    },
}

/// What JSON is that calls itself a receipt.
pub(super) fn tell(json: &[u8]) -> What {
    match MailReceipt::read(json) {
        Ok(receipt) => What::Receipt(receipt),
        Err(error) => What::NotUnderstood(Reason::BadReport(error.to_string())),
    }
}

impl MailReceipt {
    /// A receipt with what must be said.
    pub fn new(
        mail_sha256: &str,
        received: &str,
        address: &str,
        assurance: &str,
    ) -> Result<Self, ReceiptError> {
        let receipt = Self {
            kind: TYPE.to_owned(),
            version: VERSION,
            mail_sha256: mail_sha256.to_owned(),
            message_id: None,
            received: received.to_owned(),
            address: address.to_owned(),
            assurance: assurance.to_owned(),
            request: None,
            leaf: None,
        };
        receipt.checked()
    }

    /// Reads one.
    pub fn read(json: &[u8]) -> Result<Self, ReceiptError> {
        // Some programs put a byte order mark in front, which RFC 8259 section 8.1 lets a reader pass over.
        let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
        let receipt: Self = serde_json::from_slice(json).map_err(|error| ReceiptError::Form {
            reason: error.to_string(),
        })?;
        receipt.checked()
    }

    /// Writes it.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers are JSON")
    }

    fn checked(self) -> Result<Self, ReceiptError> {
        if self.kind != TYPE {
            return Err(ReceiptError::Value { key: "type" });
        }
        if self.version != VERSION {
            return Err(ReceiptError::Version {
                version: self.version,
            });
        }
        let line = |text: &str| {
            !text.is_empty() && text.len() <= VALUE_BYTES_MAX && !text.chars().any(char::is_control)
        };
        let optional = |text: &Option<String>| text.as_deref().is_none_or(line);
        let mut levels = Level::ALL.into_iter();
        for (good, key) in [
            (Digest::parse(&self.mail_sha256).is_some(), "mail_sha256"),
            (Timestamp::parse(&self.received).is_ok(), "received"),
            (line(&self.address), "address"),
            (
                levels.any(|level| level.word() == self.assurance),
                "assurance",
            ),
            (optional(&self.message_id), "message_id"),
            (optional(&self.request), "request"),
        ] {
            if !good {
                return Err(ReceiptError::Value { key });
            }
        }
        Ok(self)
    }
}
