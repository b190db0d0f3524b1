//! The ladder of a hotline: who of the other party is rung, and who next, as the accord names its points of contact.
//!
//! An accord has no word for whoever heads the duty officers. The contact between governments stands above the others; where
//! an accord names none, the last of the others does.
//!
//! In scope: the order. Out of scope: when the ladder goes up ([`super::Call::next_rung`]), whether a telephone is answered.

use comity_accord::party::PartyName;
use comity_accord::text::Content;
use comity_accord::text::contact::{Contact, Role};
use comity_stix::timestamp::Timestamp;

use super::event::Rung;

/// Roles in the order in which they are rung.
const ORDER: [Role; 5] = [
    Role::AllHours,
    Role::Technical,
    Role::Case,
    Role::Samples,
    Role::Diplomatic,
];

/// The contacts of a party that are valid at a time, in the order in which they are rung.
pub fn ladder<'a>(accord: &'a Content, party: &PartyName, at: Timestamp) -> Vec<&'a Contact> {
    let valid = |one: &&Contact| {
        one.party == *party
            && one.valid_from.is_none_or(|from| from <= at)
            && one.valid_until.is_none_or(|until| at < until)
    };
    let of = |role: Role| {
        accord
            .contacts
            .iter()
            .filter(valid)
            .filter(move |one| one.role == role)
    };
    ORDER.into_iter().flat_map(of).collect()
}

/// Whom a rung reaches, given the first one that was rung, by the name that [`named`] gives.
pub fn on<'a>(ladder: &[&'a Contact], rung: Rung, first: &str) -> Option<&'a Contact> {
    let start = ladder.iter().position(|one| named(one) == first);
    let head = ladder.last().copied();
    match rung {
        Rung::Contact => start.and_then(|place| ladder.get(place).copied()),
        // Somebody whom the accord does not name was rung first: the ladder begins at its beginning.
        Rung::NextContact => {
            let next = start.map_or(0, |place| place + 1);
            ladder.get(next).copied().or(head)
        }
        Rung::DutyHead => head,
    }
}

/// How a call names a contact: who answers, and in which role.
pub fn named(contact: &Contact) -> String {
    let role = contact.role.as_str();
    match &contact.name {
        Some(name) => format!("{name} ({role})"),
        None => role.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use comity_accord::text::AccordText;
    use comity_accord::text::template::{Template, TemplateParty, fill};

    use super::*;
    use comity_accord::digest::Digest;
    use comity_accord::party::Domain;

    fn accord(change: &[(&str, &str)]) -> AccordText {
        let party = |name: &str| PartyName::parse(name).unwrap();
        let (alpha, bravo) = (party("alpha"), party("bravo"));
        let domain = Domain::parse("bravo.example").unwrap();
        let of = |name, root: &[u8]| TemplateParty {
            name,
            root: Digest::of(root),
            domain: &domain,
        };
        let at = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let template = Template::UsChina2015;
        let mut text = fill(template, &of(&alpha, b"a"), &of(&bravo, b"b"), at);
        for (from, to) in change {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
        }
        AccordText::parse(&text).unwrap()
    }

    fn names(accord: &AccordText, at: &str) -> Vec<String> {
        let at = Timestamp::parse(at).unwrap();
        let bravo = PartyName::parse("bravo").unwrap();
        let found = ladder(accord.content(), &bravo, at);
        found.into_iter().map(named).collect()
    }

    #[test]
    fn whoever_is_there_at_any_hour_is_rung_first_and_the_secretariat_last() {
        let all = names(&accord(&[]), "2026-10-05T08:00:00Z");
        assert_eq!(
            all,
            [
                "duty officer (24x7)",
                "sample intake (samples)",
                "dialogue secretariat (diplomatic)"
            ]
        );
    }

    #[test]
    fn a_contact_that_is_not_valid_yet_or_any_more_is_not_rung() {
        let until = "role = \"24x7\"\nvalid_until = 2026-10-05T08:00:00Z";
        let accord = accord(&[("role = \"24x7\"", until)]);
        assert_eq!(names(&accord, "2026-10-05T07:59:59Z").len(), 3);
        assert_eq!(names(&accord, "2026-10-05T08:00:00Z").len(), 2);
    }

    #[test]
    fn a_rung_reaches_the_next_one_and_the_last_one() {
        let accord = accord(&[]);
        let at = Timestamp::parse("2026-10-05T08:00:00Z").unwrap();
        let bravo = PartyName::parse("bravo").unwrap();
        let all = ladder(accord.content(), &bravo, at);
        let check = |rung, first: &str, expected: &str| {
            assert_eq!(on(&all, rung, first).map(named).as_deref(), Some(expected));
        };
        let first = "duty officer (24x7)";
        check(Rung::Contact, first, first);
        check(Rung::NextContact, first, "sample intake (samples)");
        check(Rung::DutyHead, first, "dialogue secretariat (diplomatic)");
        check(Rung::NextContact, "a desk of its own", first);
        let head = "dialogue secretariat (diplomatic)";
        check(Rung::NextContact, head, head);
        assert_eq!(on(&all, Rung::Contact, "a desk of its own"), None);
        assert_eq!(on(&[], Rung::DutyHead, first), None);
    }
}
