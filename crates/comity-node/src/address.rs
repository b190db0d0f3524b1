//! Designated addresses: given to a party for a time, promoted to permanent by both, revoked; and whether mail to one is taken.
//!
//! What was said between the parties stands in a thread (`comity_case::address`); the rows that decide whether mail is taken
//! follow it in the same transaction (`follow`). An address that was told another way has a row alone.
//!
//! In scope: the use cases. Out of scope: what makes an address valid (`comity_mail::token`), SMTP (`comity-transport`).
//! Limits: [`DAYS_MAX`].

pub mod command;
pub mod dkim;
mod follow;
mod keys;
mod list;
pub(crate) mod own;
mod promotion;
pub(crate) mod recipient;
#[cfg(test)]
mod tests;

use comity_accord::party::{Domain, PartyError};
use comity_case::address::statement::ProofError;
use comity_ledger::note::NoteError;
use comity_mail::token::{Purpose, Separator};
use comity_store::error::StoreError;

use crate::case::CaseError;
use crate::contact::ContactError;
use crate::exchange::ExchangeError;
use crate::link::LinkError;
use crate::link::keys::KeysError;

pub use keys::AddressKeys;
pub use recipient::{Recipient, Seen, Standing};

/// The longest life of a temporary address: a year.
pub const DAYS_MAX: u32 = 366;
/// The life of a temporary address where nobody names another one.
pub const DAYS: u32 = 30;

/// The part of mail addresses that is this node's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailTerms {
    /// The domain behind the `@`.
    pub domain: String,
    /// What stands between purpose and token.
    pub separator: Separator,
}

impl MailTerms {
    /// Those of a node where nothing is set: `in.` in front of its domain.
    pub fn of_domain(domain: &str) -> Self {
        Self {
            domain: format!("in.{}", domain.to_ascii_lowercase()),
            separator: Separator::Plus,
        }
    }

    /// The terms with these words; an empty domain is that of [`Self::of_domain`].
    pub fn parse(own: &str, domain: &str, separator: &str) -> Result<Self, AddressError> {
        let separator = Separator::parse(separator)
            .ok_or_else(|| AddressError::Separator(separator.to_owned()))?;
        let domain = if domain.is_empty() {
            Self::of_domain(own).domain
        } else {
            domain.to_ascii_lowercase()
        };
        Domain::parse(&domain).map_err(|source| AddressError::Domain {
            domain: domain.clone(),
            source,
        })?;
        Ok(Self { domain, separator })
    }
}

/// Why something about addresses cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is for nothing.
    #[error("{0:?} is no purpose; purposes are {known}", known = purposes())]
    Purpose(String),
    /// Not between purpose and token.
    #[error("{0:?} is no separator; it is + or -")]
    Separator(String),
    /// No mail gets there.
    #[error("{domain:?} cannot be the domain of addresses")]
    Domain {
        /// What was given.
        domain: String,
        /// Why.
        #[source]
        source: PartyError,
    },
    /// It would live too long, or not at all.
    #[error("a temporary address lives 1 to {DAYS_MAX} days")]
    Days,
    /// The name of the thread is too long for an address.
    #[error("an address cannot be bound to {0:?}")]
    Bound(String),
    /// There is none.
    #[error("no address is called {0:?}")]
    Unknown(String),
    /// There are several.
    #[error("more than one address begins with {0:?}")]
    Ambiguous(String),
    /// The act is for the other side.
    #[error("the address is {owner}'s: {act} is for that party to do")]
    NotOurs {
        /// Whose it is.
        owner: String,
        /// What was tried.
        act: &'static str,
    },
    /// The act is for the other side.
    #[error("the address is ours: {act} is for {party} to do")]
    Ours {
        /// To whom it was given.
        party: String,
        /// What was tried.
        act: &'static str,
    },
    /// The node never told the party.
    #[error("{0} was not given by the node link")]
    Untold(String),
    /// The node did tell the party.
    #[error("{0} was given by the node link already")]
    Told(String),
    /// It stands elsewhere.
    #[error("the address is {state}: {act} is not possible")]
    State {
        /// Where it stands, by its word.
        state: &'static str,
        /// What was tried.
        act: &'static str,
    },
    /// Nobody asked.
    #[error("nobody asked to promote this address")]
    NotAsked,
    /// The same person asks and approves.
    #[error("{0} asked for this promotion; another person must approve it")]
    SamePerson(String),
    /// The answer is none.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The promotion bears no good signature.
    #[error("the promotion is not signed by a key of {0}'s card")]
    Unsigned(String),
    /// No more keys.
    #[error("there are as many keys for addresses as there can be")]
    KeysFull,
    /// No key is left on the disk.
    #[error("no key for addresses is left in the folder of the node")]
    KeysUnusable,
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The signature cannot be made.
    #[error("cannot sign")]
    Note(#[from] NoteError),
    /// The thread.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// The party.
    #[error(transparent)]
    Contact(#[from] ContactError),
    /// The exchange.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The store failed.
    #[error("cannot use the store")]
    Store(#[from] StoreError),
}

/// The purposes for which somebody may make an address; the node makes those for answers itself.
pub fn purposes() -> String {
    let words = Purpose::ALL.iter().filter(|each| **each != Purpose::Reply);
    let words: Vec<&str> = words.map(|each| each.word()).collect();
    words.join(", ")
}
