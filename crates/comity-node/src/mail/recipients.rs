//! Who answers for an address of this node.
//!
//! In scope: the question, the mailboxes that the settings open to everybody (postmaster, abuse), and designated addresses as
//! they answer it. Out of scope: the life of a designated address (`address`).

use comity_mail::token::AddressId;
use comity_store::error::StoreError;
use comity_store::state::{Tx, address};

use crate::address::recipient;
use crate::mail::Known;
use crate::node::Node;

/// Those who answer for addresses. It is asked when a recipient is named, and again in the transaction that keeps the mail: an
/// address that was revoked in between takes no more mail.
pub trait Recipients: Send + Sync + std::fmt::Debug {
    /// Who answers for an address at a domain of this node; `None` for nobody, whatever the reason. `local` is as the client wrote
    /// it: whether letters' case matters is for whoever answers to say.
    fn find(&self, tx: &mut dyn Tx, local: &str, now: i64) -> Result<Option<Known>, StoreError>;

    /// Counts a mail that is kept for one of theirs; `false` where no more of them are taken, and it is not.
    fn count(&self, _tx: &mut dyn Tx, _known: &Known) -> Result<bool, StoreError> {
        Ok(true)
    }
}

/// The addresses that were given to parties.
#[derive(Clone, Debug)]
pub struct Designated(Node);

impl Designated {
    /// Those of a node at its domain.
    pub fn new(node: Node) -> Self {
        Self(node)
    }
}

impl Recipients for Designated {
    fn find(&self, tx: &mut dyn Tx, local: &str, now: i64) -> Result<Option<Known>, StoreError> {
        let keys = self.0.inner.address_keys.now();
        let domain = &self.0.mail_terms().domain;
        let found = recipient::look_up(tx, &keys, (local, domain), now.div_euclid(1_000_000))?;
        Ok(found.map(|found| Known {
            name: found.id.to_string(),
            party: Some(found.party),
        }))
    }

    fn count(&self, tx: &mut dyn Tx, known: &Known) -> Result<bool, StoreError> {
        // As it was spelled in `find`.
        let id = AddressId::parse(&known.name).filter(|id| id.to_string() == known.name);
        id.map_or(Ok(false), |id| address::count_use(tx, id.as_bytes()))
    }
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
