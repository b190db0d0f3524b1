//! Why a mail has the level that it has, in words.
//!
//! In scope: the list. Out of scope: judging.

use std::fmt;

use crate::authentication::{Alignment, DkimWorth};
use crate::openpgp::SignatureFault;
use crate::reading::Warning;

/// A reason: for the level, or against a higher one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It came over the link.
    Link,
    /// `From` does not name one sender.
    ManySenders,
    /// The sender inside is another one than outside, and no registered key stands for it.
    OtherSenderInside,
    /// A domain looks like one of a party.
    LooksLike {
        /// In the mail.
        domain: String,
        /// The party's.
        known: String,
    },
    /// DNS was not asked.
    NotAsked,
    /// What follows for the domain of `From`.
    Domain(Alignment),
    /// What a DKIM signature is worth.
    Dkim {
        /// Who signed.
        domain: String,
        /// What it is worth.
        worth: DkimWorth,
    },
    /// The domain is right, and no party has it.
    DomainOfNobody,
    /// The address was given to this party.
    OwnAddress,
    /// The address was given to another party.
    AddressOfAnother,
    /// The address was given to no party in particular.
    AddressOfNobody,
    /// No signature covers the mail.
    NotSigned,
    /// The key that signed is not registered.
    UnknownKey,
    /// The signature does not count.
    Signature(SignatureFault),
    /// The signature covers only a part.
    PartlySigned,
    /// Something encrypted stands beside something open.
    PartlyEncrypted,
    /// Sender, recipients, subject or date are not signed.
    FieldsOpen,
    /// Signed by the key of another party than `From` names.
    SignedByAnother {
        /// Whose key.
        party: String,
    },
    /// This node is no recipient inside: it was written to somebody else.
    ForOthers,
    /// Signed by the registered key of the party.
    Signed {
        /// Whose key.
        party: String,
    },
}

impl Reason {
    /// What the reading says of signatures and encryption that makes none of them count.
    pub(super) const fn of_protection(warning: &Warning) -> Option<Self> {
        if matches!(
            warning,
            Warning::PartlySigned { .. } | Warning::BrokenProtection { .. }
        ) {
            return Some(Self::PartlySigned);
        }
        if matches!(
            warning,
            Warning::PartlyEncrypted { .. } | Warning::Efail { .. }
        ) {
            return Some(Self::PartlyEncrypted);
        }
        None
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Link => "the party's node said it over the link",
            Self::ManySenders => "From does not name one sender",
            Self::OtherSenderInside => "From inside is another one than outside",
            Self::LooksLike { domain, known } => {
                return write!(out, "{domain} looks like {known} and is another domain");
            }
            Self::NotAsked => "DNS was not asked about the sender",
            Self::Domain(alignment) => return alignment.fmt(out),
            Self::Dkim { domain, worth } => {
                return write!(out, "the DKIM signature of {domain}: {worth}");
            }
            Self::DomainOfNobody => "no party has the domain of From",
            Self::OwnAddress => "it came to the address that was given to this party",
            Self::AddressOfAnother => "it came to an address that was given to another party",
            Self::AddressOfNobody => "it came to an address that was given to no party",
            Self::NotSigned => "no signature covers the mail",
            Self::UnknownKey => "it is signed by a key that is not registered",
            Self::Signature(fault) => return fault.fmt(out),
            Self::PartlySigned => "a signature covers only a part of it",
            Self::PartlyEncrypted => "something encrypted stands beside something open",
            Self::FieldsOpen => "sender, recipients, subject and date are not all signed",
            Self::SignedByAnother { party } => {
                return write!(out, "the key of {party} signed it, and From names another");
            }
            Self::ForOthers => "it was written to somebody else and passed on",
            Self::Signed { party } => {
                return write!(out, "the registered key of {party} signed all of it");
            }
        };
        out.write_str(words)
    }
}
