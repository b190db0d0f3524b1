//! The rules of release, in the order in which they are asked: one row each in [`STEPS`].
//!
//! To change a rule, change its row or its function here; `tests/table.txt` then says for whom the answer changed. A row
//! sees one [`Case`] and passes, asks for a second person, gives a redacted copy, or refuses. Every rule is monotone: a
//! stricter label, or narrower terms, never turn a refusal into a release.
//!
//! In scope: each rule by itself. Out of scope: going through them (`judge`), which label binds (`subject`).

use comity_accord::terms::{Outlet, ReleaseTerms};
use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;

use crate::recipient::{Form, Recipient, Standing, Way};
use crate::redaction::{Redacted, Terms};
use crate::subject::{Source, Subject};

/// A rule of release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is described by its row in STEPS")]
pub enum Rule {
    Standing,
    Outlet,
    Marking,
    InForce,
    Type,
    Ceiling,
    OutletCeiling,
    Public,
    Community,
    Clients,
    Organisation,
    NamedPersons,
    Sync,
    Relay,
    Encryption,
    Actions,
    Redaction,
    Lossy,
    SecondPerson,
}

/// What the other party is told: never a policy, never another party's name. The first two say nothing about the object:
/// their rules are asked before it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartnerCode {
    /// The party itself cannot receive now.
    NotEnrolled,
    /// This outlet is not part of the accord.
    OutletNotAgreed,
    /// As if the object did not exist.
    NotFound,
}

impl PartnerCode {
    /// As it stands in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotEnrolled => "not-enrolled",
            Self::OutletNotAgreed => "outlet-not-agreed",
            Self::NotFound => "not-found",
        }
    }
}

/// What one rule says to one case.
pub(crate) enum Outcome {
    Pass,
    /// Only with a second person's approval.
    Approve,
    /// Only as this copy.
    Copy(Box<Redacted>),
    /// Not at all, because; and what would mend it.
    Refuse(String),
}

/// What a rule is asked about.
pub(crate) struct Case<'a> {
    pub(crate) subject: &'a Subject<'a>,
    pub(crate) recipient: &'a Recipient,
    pub(crate) terms: &'a Terms,
    pub(crate) way: &'a Way,
    pub(crate) now: Timestamp,
    pub(crate) label: Tlp,
}

impl Case<'_> {
    fn agreed(&self) -> &ReleaseTerms {
        self.terms.agreed()
    }
}

/// A rule's row.
pub struct Step {
    /// The rule.
    pub rule: Rule,
    /// Its letter among the rules of release control, if it has one.
    pub letter: Option<char>,
    /// Its stable code, for logs and scripts.
    pub code: &'static str,
    /// What it says.
    pub sentence: &'static str,
    /// Whether own persons are held to it too.
    pub inside: bool,
    pub(crate) check: fn(&Case<'_>) -> Outcome,
}

/// Every rule, in the order in which they are asked. The first refusal decides.
#[rustfmt::skip]
pub static STEPS: [Step; 19] = [
    row(Rule::Standing, "standing", standing)
        .says("Only a verified partner gets anything, and nothing while the accord is suspended."),
    row(Rule::Outlet, "outlet", outlet)
        .says("Only outlets that the accord names are used."),
    row(Rule::Marking, "marking", marking).lettered('i')
        .says("A marking that cannot be read is the strictest of all: nothing goes."),
    row(Rule::InForce, "in-force", in_force)
        .says("Nothing goes before its policy begins or after it ended (IEP start_date, end_date)."),
    row(Rule::Type, "type", type_allowed)
        .says("Only types of objects that the accord allows go."),
    row(Rule::Ceiling, "ceiling", ceiling).lettered('a')
        .says("Nothing goes above the agreed ceiling; the strictest of object, collection, source and ends counts."),
    row(Rule::OutletCeiling, "outlet-ceiling", outlet_ceiling)
        .says("Nothing goes above the ceiling of its outlet."),
    row(Rule::Public, "public", public)
        .says("The public gets TLP:CLEAR only."),
    row(Rule::Community, "community", community)
        .says("TLP:GREEN and above stays within the community."),
    row(Rule::Clients, "clients", clients)
        .says("A client of a partner gets above TLP:CLEAR only if the accord names it."),
    row(Rule::Organisation, "organisation", organisation)
        .says("TLP:AMBER+STRICT and above never goes to clients."),
    row(Rule::NamedPersons, "named-persons", named_persons).inside_too()
        .says("TLP:RED goes to persons who are named for it, never to an organisation."),
    row(Rule::Sync, "sync", sync).lettered('e').inside_too()
        .says("TLP:RED takes no TAXII to others, no MISP and no export, TLP:AMBER+STRICT no MISP: what is synchronised is passed on."),
    row(Rule::Relay, "relay", relay)
        .says("What came from another party goes on only where it and the accord allow it, and never above TLP:GREEN."),
    row(Rule::Encryption, "encryption", encryption)
        .says("TLP:RED, what the accord says and what its policy says (IEP encrypt_in_transit) goes encrypted only."),
    row(Rule::Actions, "actions", actions).inside_too()
        .says("Nothing goes in a form made for acts that its policy does not permit (IEP permitted_actions, PAP)."),
    row(Rule::Redaction, "redaction", redaction)
        .says("What the accord has taken out is taken out; where that cannot be done, nothing goes."),
    row(Rule::Lossy, "lossy", lossy).lettered('h').inside_too()
        .says("Above TLP:GREEN a form that carries no label needs a second person's approval."),
    row(Rule::SecondPerson, "second-person", second_person)
        .says("From the agreed label on a second person approves."),
];

const fn row(rule: Rule, code: &'static str, check: fn(&Case<'_>) -> Outcome) -> Step {
    Step {
        rule,
        letter: None,
        code,
        sentence: "",
        inside: false,
        check,
    }
}

impl Step {
    const fn says(self, sentence: &'static str) -> Self {
        Self { sentence, ..self }
    }

    const fn lettered(self, letter: char) -> Self {
        Self {
            letter: Some(letter),
            ..self
        }
    }

    const fn inside_too(self) -> Self {
        Self {
            inside: true,
            ..self
        }
    }

    /// What the other party is told when the rule refuses. The first two rules say nothing about the object; for all
    /// others it is as if there were none.
    pub fn partner_code(&self) -> PartnerCode {
        match self.rule {
            Rule::Standing => PartnerCode::NotEnrolled,
            Rule::Outlet => PartnerCode::OutletNotAgreed,
            Rule::Marking
            | Rule::InForce
            | Rule::Type
            | Rule::Ceiling
            | Rule::OutletCeiling
            | Rule::Public
            | Rule::Community
            | Rule::Clients
            | Rule::Organisation
            | Rule::NamedPersons
            | Rule::Sync
            | Rule::Relay
            | Rule::Encryption
            | Rule::Actions
            | Rule::Redaction
            | Rule::Lossy
            | Rule::SecondPerson => PartnerCode::NotFound,
        }
    }
}

impl Rule {
    /// The rule's row.
    pub fn step(self) -> &'static Step {
        STEPS
            .iter()
            .find(|step| step.rule == self)
            .expect("every rule has a row")
    }
}

fn refuse(reason: impl Into<String>) -> Outcome {
    Outcome::Refuse(reason.into())
}

fn refuse_if(condition: bool, reason: impl FnOnce() -> String) -> Outcome {
    if condition {
        Outcome::Refuse(reason())
    } else {
        Outcome::Pass
    }
}

fn standing(case: &Case<'_>) -> Outcome {
    match case.recipient.standing() {
        Some(Standing::Verified) | None => Outcome::Pass,
        Some(Standing::Pending) => {
            refuse("the partner is not verified: compare fingerprints first")
        }
        Some(Standing::Suspended) => {
            refuse("the accord with the partner is suspended: resume it first")
        }
    }
}

fn outlet(case: &Case<'_>) -> Outcome {
    let outlet = case.way.outlet;
    refuse_if(!case.agreed().outlets.contains(&outlet), || {
        format!("the accord does not name the outlet {outlet:?}; amend it or use another")
    })
}

fn marking(case: &Case<'_>) -> Outcome {
    match &case.subject.handling().unreadable {
        None => Outcome::Pass,
        Some(marking) => refuse(format!(
            "the marking {marking} cannot be read: import its definition, or have the originator mark the object anew"
        )),
    }
}

fn in_force(case: &Case<'_>) -> Outcome {
    let handling = case.subject.handling();
    let early = handling.not_before.is_some_and(|from| case.now < from);
    let late = handling.not_after.is_some_and(|to| case.now > to);
    refuse_if(early || late, || {
        "the policy it is marked with is not in force today; ask the originator".to_owned()
    })
}

fn type_allowed(case: &Case<'_>) -> Outcome {
    let named = |types: &[String]| types.iter().any(|one| one == case.subject.id().type_name());
    let allowed = case.agreed().types_allowed.is_empty() || named(&case.agreed().types_allowed);
    refuse_if(!allowed || named(&case.agreed().types_refused), || {
        format!(
            "the accord does not let {} objects go",
            case.subject.id().type_name()
        )
    })
}

fn above(case: &Case<'_>, ceiling: Tlp, what: &str) -> Outcome {
    refuse_if(case.label > ceiling, || {
        format!(
            "{} is above {ceiling}, the ceiling {what}; amend the accord or ask the originator for a lower marking",
            case.label
        )
    })
}

fn ceiling(case: &Case<'_>) -> Outcome {
    above(case, case.agreed().ceiling, "agreed")
}

fn outlet_ceiling(case: &Case<'_>) -> Outcome {
    let agreed = case.agreed();
    let of_outlet = agreed.outlet_ceilings.get(&case.way.outlet);
    above(
        case,
        of_outlet.copied().unwrap_or(agreed.ceiling),
        "of this outlet",
    )
}

fn public(case: &Case<'_>) -> Outcome {
    let all = *case.recipient == Recipient::Public;
    refuse_if(all && case.label > Tlp::Clear, || {
        format!("{} is not for the public", case.label)
    })
}

fn community(case: &Case<'_>) -> Outcome {
    refuse_if(case.label > Tlp::Clear && !case.agreed().community, || {
        format!(
            "{} stays within the community, to which the accord does not count the partner",
            case.label
        )
    })
}

fn clients(case: &Case<'_>) -> Outcome {
    let Recipient::Client { client, .. } = case.recipient else {
        return Outcome::Pass;
    };
    let named = case.agreed().clients.contains(client);
    refuse_if(case.label > Tlp::Clear && !named, || {
        "the accord does not name this client of the partner".to_owned()
    })
}

fn organisation(case: &Case<'_>) -> Outcome {
    let client = matches!(case.recipient, Recipient::Client { .. });
    refuse_if(client && case.label >= Tlp::AmberStrict, || {
        format!("{} is not for clients", case.label)
    })
}

fn named_persons(case: &Case<'_>) -> Outcome {
    let named = match case.recipient {
        Recipient::Public | Recipient::Party { .. } | Recipient::Client { .. } => false,
        Recipient::OwnPerson { named } => *named,
        Recipient::Person { address, .. } => {
            let mut persons = case.agreed().red_persons.iter();
            persons.any(|person| person.address.eq_ignore_ascii_case(address))
        }
    };
    refuse_if(case.label == Tlp::Red && !named, || {
        "TLP:RED is for named persons: address it to one".to_owned()
    })
}

fn sync(case: &Case<'_>) -> Outcome {
    let from = match case.way.outlet {
        Outlet::Link | Outlet::File | Outlet::Mail => return Outcome::Pass,
        // At its own node a named person reads; nothing is synchronised with anybody.
        Outlet::Taxii if case.recipient.is_inside() => return Outcome::Pass,
        Outlet::Taxii | Outlet::Export => Tlp::Red,
        Outlet::Misp => Tlp::AmberStrict,
    };
    refuse_if(case.label >= from, || {
        format!("{} does not leave by {:?}", case.label, case.way.outlet)
    })
}

fn relay(case: &Case<'_>) -> Outcome {
    let Source::Party { party, relay, .. } = case.subject.source() else {
        return Outcome::Pass;
    };
    let back = match case.recipient {
        Recipient::Party { party: to, .. } | Recipient::Person { party: to, .. } => to == party,
        Recipient::Public | Recipient::Client { .. } | Recipient::OwnPerson { .. } => false,
    };
    if back {
        return Outcome::Pass;
    }
    if !relay {
        return refuse(format!("{party}, its source, does not let it be passed on"));
    }
    if !case.agreed().may_relay {
        return refuse("the accord has nothing of other parties passed on");
    }
    above(case, Tlp::Green, "for what another party sent")
}

fn encryption(case: &Case<'_>) -> Outcome {
    let agreed = case.agreed().encrypt_from;
    let needed = case.label == Tlp::Red
        || agreed.is_some_and(|from| case.label >= from)
        || case.subject.handling().encrypt;
    refuse_if(needed && !case.way.encrypted, || {
        format!("{} goes encrypted only; use an encrypted way", case.label)
    })
}

fn actions(case: &Case<'_>) -> Outcome {
    let permitted = case.subject.handling().permitted;
    refuse_if(case.way.asks > permitted, || {
        format!(
            "its policy permits {}, and this form is for {}",
            permitted.as_str(),
            case.way.asks.as_str()
        )
    })
}

fn redaction(case: &Case<'_>) -> Outcome {
    match case.terms.redact(case.subject, case.label) {
        Ok(None) => Outcome::Pass,
        Ok(Some(copy)) => Outcome::Copy(Box::new(copy)),
        Err(withheld) => refuse(withheld.to_string()),
    }
}

fn lossy(case: &Case<'_>) -> Outcome {
    if case.way.form == Form::Bare && case.label > Tlp::Green {
        Outcome::Approve
    } else {
        Outcome::Pass
    }
}

fn second_person(case: &Case<'_>) -> Outcome {
    match case.agreed().second_person_from {
        Some(from) if case.label >= from => Outcome::Approve,
        Some(_) | None => Outcome::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::STEPS;

    #[test]
    fn every_rule_has_one_row_in_the_order_of_the_enumeration() {
        assert!(STEPS.is_sorted_by(|left, right| left.rule < right.rule));
        for step in &STEPS {
            assert_eq!(step.rule.step().code, step.code);
        }
    }

    #[test]
    fn codes_differ() {
        let mut codes: Vec<&str> = STEPS.iter().map(|step| step.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), STEPS.len());
    }
}
