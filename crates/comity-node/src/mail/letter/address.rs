//! Whom a letter goes to, where nobody says: the address that the party gave for such mail, else a point of contact.
//!
//! In scope: choosing. Out of scope: whether mail may go there.

use comity_mail::token::Purpose;
use serde_json::Value;

use super::LetterOrder;
use crate::address::AddressError;
use crate::mail::MailError;
use crate::mail::out::OutError;
use crate::node::Node;

/// What a letter with objects goes to, the best first.
const FOR_OBJECTS: [Purpose; 2] = [Purpose::Reports, Purpose::Contact];
/// What any other goes to.
const FOR_WORDS: [Purpose; 2] = [Purpose::Contact, Purpose::Request];
/// What envelopes go to: a node tells by their seal what they are, whatever the address.
const FOR_ENVELOPES: [Purpose; 3] = [Purpose::Contact, Purpose::Reports, Purpose::Request];

impl Node {
    /// The address of a letter, and where it is known from.
    pub(super) fn letter_address(
        &self,
        order: &LetterOrder,
        party: &str,
    ) -> Result<(String, &'static str), MailError> {
        if let Some(to) = &order.to {
            return Ok((to.clone(), "given"));
        }
        if let Some(person) = &order.acting.person {
            return Ok((person.clone(), "the person"));
        }
        if let Some(role) = &order.contact {
            return self.contact_address(party, Some(role));
        }
        let purposes: &[Purpose] = if order.objects.is_empty() {
            &FOR_WORDS
        } else {
            &FOR_OBJECTS
        };
        self.known_address(party, purposes)
    }

    /// The address of envelopes, and where it is known from.
    pub(super) fn envelope_address(
        &self,
        to: Option<String>,
        party: &str,
    ) -> Result<(String, &'static str), MailError> {
        match to {
            Some(to) => Ok((to, "given")),
            None => self.known_address(party, &FOR_ENVELOPES),
        }
    }

    fn known_address(
        &self,
        party: &str,
        purposes: &[Purpose],
    ) -> Result<(String, &'static str), MailError> {
        let [_, theirs] = self
            .inner
            .state
            .read(|tx| self.designated(tx, party))
            .map_err(AddressError::from)?;
        for purpose in purposes {
            let of = |one: &&Value| text(one, "purpose") == purpose.word();
            // One that stays is better than one that ends.
            let found = theirs.iter().filter(of);
            let best = found.max_by_key(|one| text(one, "standing") == "permanent");
            if let Some(best) = best {
                return Ok((text(best, "address").to_owned(), "designated address"));
            }
        }
        self.contact_address(party, None)
    }

    /// The address of a point of contact that is valid now; of the accord before the profile's own.
    pub(in crate::mail) fn contact_address(
        &self,
        party: &str,
        role: Option<&str>,
    ) -> Result<(String, &'static str), MailError> {
        let lines = self
            .contacts(Some(party))
            .map_err(|error| MailError::Contact(Box::new(error)))?;
        let found = lines.iter().find(|line| {
            let theirs = line.get("ours").and_then(Value::as_bool) == Some(false);
            let wanted = role.is_none_or(|role| text(line, "contact") == role);
            theirs && wanted && !text(line, "email").is_empty() && text(line, "reason") != ENDED
        });
        match (found, role) {
            (Some(line), _) => Ok((text(line, "email").to_owned(), "point of contact")),
            (None, Some(role)) => Err(OutError::NoContact {
                party: party.to_owned(),
                role: role.to_owned(),
            }
            .into()),
            (None, None) => Err(OutError::NoAddress(party.to_owned()).into()),
        }
    }
}

/// What the list says of a contact whose time is over.
const ENDED: &str = "not valid any more";

fn text<'v>(line: &'v Value, key: &str) -> &'v str {
    line.get(key).and_then(Value::as_str).unwrap_or_default()
}
