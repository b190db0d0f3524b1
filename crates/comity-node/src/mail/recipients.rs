//! Who answers for an address of this node.
//!
//! In scope: the question, and the mailboxes that the settings open to everybody (postmaster, abuse). Out of scope: addresses
//! that are given to parties, which answer the same question from rows of their own.

use comity_store::error::StoreError;
use comity_store::state::Tx;

use crate::mail::Known;

/// Those who answer for addresses. It is asked when a recipient is named, and again in the transaction that keeps the mail: an
/// address that was revoked in between takes no more mail.
pub trait Recipients: Send + Sync + std::fmt::Debug {
    /// Who answers for an address at a domain of this node; `None` for nobody, whatever the reason. `local` is as the client wrote
    /// it: whether letters' case matters is for whoever answers to say.
    fn find(&self, tx: &mut dyn Tx, local: &str, now: i64) -> Result<Option<Known>, StoreError>;
}

/// Mailboxes that take mail from anybody, such as postmaster (RFC 5321 section 4.5.1) and abuse (RFC 2142 section 4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailboxes(Vec<String>);

impl Mailboxes {
    /// Those of a list, with whatever white space or commas between them.
    pub fn parse(list: &str) -> Self {
        let names = list.split([' ', ',', '\t']).filter(|name| !name.is_empty());
        Self(names.map(str::to_ascii_lowercase).collect())
    }
}

impl Recipients for Mailboxes {
    fn find(&self, _: &mut dyn Tx, local: &str, _: i64) -> Result<Option<Known>, StoreError> {
        let local = local.to_ascii_lowercase();
        Ok(self.0.contains(&local).then_some(Known {
            name: local,
            party: None,
        }))
    }
}
