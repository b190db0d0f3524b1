//! Mailboxes: an address, and the name that its sender claims.
//!
//! In scope: lists of addresses out of `To`, `Cc` and the like, groups resolved into their members. Out of scope: `From`, whose
//! address the guard tells (`guard::sender`).

use mail_parser::Address;

use super::decode;
use crate::guard::is_address;

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The address, as it is written.
    pub address: String,
    /// The display name: whatever the sender wrote there. Show it as a claim or not at all.
    pub claimed_name: Option<String>,
}

impl Mailbox {
    /// The domain of the address in lower case.
    pub fn domain(&self) -> String {
        let domain = self.address.rsplit_once('@').map(|(_, domain)| domain);
        domain.unwrap_or_default().to_lowercase()
    }
}

/// What came out of a field with addresses.
#[derive(Default)]
pub(super) struct Read {
    pub(super) mailboxes: Vec<Mailbox>,
    /// Something in it was no address.
    pub(super) bad: bool,
    /// A name held characters that are not shown.
    pub(super) strange: bool,
}

/// The mailboxes of a field, up to `most`.
pub(super) fn mailboxes(field: Option<&Address<'_>>, most: usize) -> Read {
    let mut read = Read::default();
    let Some(field) = field else {
        return read;
    };
    for one in field.iter() {
        if read.mailboxes.len() == most {
            read.bad = true;
            break;
        }
        let claimed_name = one.name.as_deref().and_then(|name| {
            let (name, strange) = claimed(name);
            read.strange |= strange;
            (!name.is_empty()).then_some(name)
        });
        match one.address.as_deref().map(str::trim) {
            Some(address) if is_address(address) => read.mailboxes.push(Mailbox {
                address: address.to_owned(),
                claimed_name,
            }),
            Some(_) | None => read.bad = true,
        }
    }
    read
}

/// A display name as it may be shown.
pub(super) fn claimed(name: &str) -> (String, bool) {
    let (name, strange) = decode::line(name);
    (name.chars().take(NAME_CHARACTERS_MAX).collect(), strange)
}

/// Of a display name, so much is kept.
const NAME_CHARACTERS_MAX: usize = 200;
