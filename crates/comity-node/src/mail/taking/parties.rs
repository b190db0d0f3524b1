//! Who can have written a mail: the parties with the domains that their mails come from and the keys that sign them.
//!
//! A party's own domain, and `in.` before it, are its own by its card. The domains of addresses that it gave over the link, and those of
//! contacts in the profile that it signed, are its word: such a domain counts only where it is no other party's, and nobody else says
//! that it is theirs.
//!
//! In scope: gathering. Out of scope: what follows (`comity_mail::assurance`).

use std::collections::BTreeMap;

use comity_accord::enrolment::State;
use comity_store::state::Tx;
use comity_store::state::party;

use crate::contact::ContactError;
use crate::exchange::enrolment::state_of;
use crate::mail::MailError;
use crate::mail::certificates::PartyCertificate;
use crate::node::Node;

/// A party that can have written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    pub(super) id: String,
    pub(super) domains: Vec<String>,
    pub(super) fingerprints: Vec<String>,
    /// Neither side suspended the exchange, and the party is not revoked: its mails may act.
    pub(super) active: bool,
}

impl Node {
    /// The parties, with the certificates that are registered for them.
    pub(super) fn writers(
        &self,
        tx: &mut dyn Tx,
        certificates: &[PartyCertificate],
    ) -> Result<Vec<Writer>, MailError> {
        let mut all = Vec::new();
        let mut claims: Vec<(String, Vec<String>)> = Vec::new();
        for row in party::list(tx)? {
            let domain = row.origin.split('/').next().unwrap_or_default();
            let domain = domain.to_ascii_lowercase();
            claims.push((row.name.clone(), self.claimed_domains(tx, &row.name)?));
            let inactive = matches!(
                state_of(&row)?,
                State::Suspended { .. } | State::Revoked { .. }
            );
            let of_party = certificates.iter().filter(|one| one.party == row.name);
            all.push(Writer {
                domains: vec![format!("in.{domain}"), domain],
                fingerprints: of_party
                    .map(|one| one.certificate.fingerprint().to_owned())
                    .collect(),
                active: !inactive,
                id: row.name,
            });
        }
        admit(&mut all, &claims, &self.own_mail_domains());
        Ok(all)
    }

    /// The domains at which mail for this node arrives.
    pub(super) fn own_mail_domains(&self) -> Vec<String> {
        let own = self.identity().domain.to_ascii_lowercase();
        let mail = self.mail_terms().domain.to_ascii_lowercase();
        if own == mail {
            vec![own]
        } else {
            vec![own, mail]
        }
    }

    /// Domains that a party says are its own.
    fn claimed_domains(&self, tx: &mut dyn Tx, party: &str) -> Result<Vec<String>, MailError> {
        let [_, theirs] = self.designated(tx, party)?;
        let given = theirs.iter().filter_map(|one| one.get("address")?.as_str());
        let mut addresses: Vec<String> = given.map(ToOwned::to_owned).collect();
        let profile = match self.profile_of(tx, party) {
            Ok(found) => found.filter(|known| known.signed),
            Err(ContactError::Store(error)) => return Err(error.into()),
            // What cannot be read claims nothing, and keeps nobody else's mail from being taken in.
            Err(_) => None,
        };
        if let Some(known) = profile {
            let content = known.profile.content();
            let contacts = content.contacts.iter();
            let contacts = contacts.filter_map(|contact| contact.email.clone());
            addresses.extend(contacts.chain(content.team.email.clone()));
        }
        let domains = addresses
            .iter()
            .filter_map(|address| address.rsplit_once('@'));
        Ok(domains
            .map(|(_, domain)| domain.to_ascii_lowercase())
            .collect())
    }
}

/// Gives each party the domains that it alone says are its own.
fn admit(all: &mut [Writer], claims: &[(String, Vec<String>)], own: &[String]) {
    let mut by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (party, domains) in claims {
        for domain in domains {
            let parties = by.entry(domain).or_default();
            if !parties.contains(&party.as_str()) {
                parties.push(party);
            }
        }
    }
    let known: Vec<String> = all.iter().flat_map(|one| one.domains.clone()).collect();
    for (domain, parties) in by {
        let [party] = parties.as_slice() else {
            continue;
        };
        let taken = known.iter().chain(own).any(|one| one == domain);
        let writer = all.iter_mut().find(|one| one.id == *party);
        if let Some(writer) = writer.filter(|_| !taken) {
            writer.domains.push(domain.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_another_party_has_is_nobodys_by_its_word() {
        let writer = |id: &str, domain: &str| Writer {
            id: id.to_owned(),
            domains: vec![domain.to_owned()],
            fingerprints: Vec::new(),
            active: true,
        };
        let mut all = [
            writer("bravo", "bravo.example"),
            writer("delta", "delta.example"),
        ];
        let domains = |names: &[&str]| -> Vec<String> {
            names.iter().map(|name| (*name).to_owned()).collect()
        };
        let claims = [
            (
                "bravo".to_owned(),
                domains(&[
                    "duty.example",
                    "delta.example",
                    "alpha.example",
                    "both.example",
                ]),
            ),
            (
                "delta".to_owned(),
                domains(&["both.example", "night.example"]),
            ),
        ];
        admit(&mut all, &claims, &domains(&["alpha.example"]));
        assert_eq!(all[0].domains, ["bravo.example", "duty.example"]);
        assert_eq!(all[1].domains, ["delta.example", "night.example"]);
    }
}
