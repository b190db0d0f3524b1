//! How sure it is who sent a mail, why, and what it may therefore do.
//!
//! | level | what it takes |
//! |---|---|
//! | L0 | nothing: anybody may have sent it |
//! | L1 | the domain of `From` is aligned (DMARC) |
//! | L2 | L1, at an address that was given to the party of that domain |
//! | L3 | a signature by a registered key of the party over all of the mail with its `From`, `To`, `Subject` and `Date` |
//! | L4 | the link between the nodes, not mail |
//!
//! L3 does not build upon L1: a signature holds whatever way the mail took. It takes that the `From` inside is of the party whose key
//! signed, and that one of the recipients inside is this node: else somebody passed on what was meant for another.
//!
//! In scope: judging over plain data. Out of scope: gathering it, doing what follows.

mod reason;

pub use reason::Reason;

use std::fmt;

use crate::authentication::{Alignment, Authentication};
use crate::opening::{Inside, Opened};
use crate::openpgp::SignatureResult;
use crate::reading::{Coverage, Fields, Warning};

/// How sure it is who sent a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    L0,
    /// The domain is right.
    L1,
    /// And the address was the party's.
    L2,
    /// The party's key signed it.
    L3,
    /// The party's node said it over the link.
    L4,
}

impl Level {
    /// Every one, the lowest first.
    pub const ALL: [Self; 5] = [Self::L0, Self::L1, Self::L2, Self::L3, Self::L4];

    /// Its word, as receipts have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::L0 => "L0",
            Self::L1 => "L1",
            Self::L2 => "L2",
            Self::L3 => "L3",
            Self::L4 => "L4",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::L0 => "anybody may have sent it",
            Self::L1 => "the domain is right",
            Self::L2 => "the domain is right and the address was given to this party",
            Self::L3 => "signed by the registered key of the party",
            Self::L4 => "said by the party's node",
        };
        write!(out, "{}, {why}", self.word())
    }
}

/// A party as it is registered.
#[derive(Clone, Copy, Debug)]
pub struct Party<'p> {
    /// Its identifier.
    pub id: &'p str,
    /// The domains its mails come from.
    pub domains: &'p [&'p str],
    /// The fingerprints of its certificates, as [`crate::openpgp::Certificate::fingerprint`] gives them.
    pub fingerprints: &'p [&'p str],
}

/// What is known of a mail.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'e> {
    /// The fields that count: those inside where they are protected.
    pub fields: &'e Fields,
    /// `From` as it stands outside: what DMARC is about.
    pub outer_domain: &'e str,
    /// There is exactly one `From` with one address, outside and inside.
    pub one_sender: bool,
    /// What the network said; none: it was not asked.
    pub authentication: Option<&'e Authentication>,
    /// The party that the address was given to; none: the address is nobody's in particular.
    pub address_of: Option<&'e str>,
    /// What became of the signature; none: there is none for the whole.
    pub signature: Option<&'e SignatureResult>,
    /// How much of the mail it covers.
    pub coverage: Option<Coverage>,
    /// Which fields it covers.
    pub inside: Inside,
    /// What is odd about the mail.
    pub warnings: &'e [Warning],
    /// The party whose node said it over the link; none: it is a mail.
    pub link: Option<&'e str>,
    /// The parties.
    pub parties: &'e [Party<'e>],
    /// The domains of this node, at which a mail for it arrives.
    pub own_domains: &'e [&'e str],
    /// When, in seconds since 1970.
    pub now: i64,
}

impl<'e> Evidence<'e> {
    /// Of a mail that was opened, and nothing else yet.
    pub fn of(opened: &'e Opened, outer_domain: &'e str, now: i64) -> Self {
        Self {
            fields: &opened.content.fields,
            outer_domain,
            one_sender: true,
            authentication: None,
            address_of: None,
            signature: opened.signature.as_ref(),
            coverage: opened.coverage,
            inside: opened.inside,
            warnings: &opened.content.warnings,
            link: None,
            parties: &[],
            own_domains: &[],
            now,
        }
    }
}

/// How sure it is, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assurance {
    /// The level.
    pub level: Level,
    /// Who it is from, by identifier; none: it is not known, or no party.
    pub party: Option<String>,
    /// Why the level is no lower, and why it is no higher.
    pub reasons: Vec<Reason>,
    /// The address was given to another party than the one that wrote: set it aside and tell the owner of the address.
    pub address_leaked: bool,
}

/// What a mail may do here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Be kept and shown.
    Keep,
    /// Propose something that a person confirms.
    Propose,
    /// Answer a check of a contact.
    AnswerPing,
    /// Change a case.
    ChangeCase,
    /// Make a temporary address permanent.
    PromoteAddress,
}

impl Act {
    /// Every one.
    pub const ALL: [Self; 5] = [
        Self::Keep,
        Self::Propose,
        Self::AnswerPing,
        Self::ChangeCase,
        Self::PromoteAddress,
    ];

    /// The least level that it takes.
    pub const fn needs(self) -> Level {
        match self {
            Self::Keep => Level::L0,
            Self::Propose => Level::L1,
            Self::AnswerPing | Self::ChangeCase | Self::PromoteAddress => Level::L3,
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Keep => "be kept and shown",
            Self::Propose => "propose what a person confirms",
            Self::AnswerPing => "answer a check of a contact",
            Self::ChangeCase => "change a case",
            Self::PromoteAddress => "make an address permanent",
        })
    }
}

impl Assurance {
    /// Whether a mail with this assurance may do something. One at an address that was given to another party may only be kept.
    pub fn allows(&self, act: Act) -> bool {
        let leaked = self.address_leaked && act != Act::Keep;
        let known = self.party.is_some() || act.needs() < Level::L3;
        self.level >= act.needs() && known && !leaked
    }

    /// What it may not do.
    pub fn forbids(&self) -> Vec<Act> {
        let all = Act::ALL.into_iter();
        all.filter(|act| !self.allows(*act)).collect()
    }
}

/// Judges.
pub fn assess(evidence: &Evidence<'_>) -> Assurance {
    let mut reasons = Vec::new();
    if let Some(party) = evidence.link {
        return Assurance {
            level: Level::L4,
            party: Some(party.to_owned()),
            reasons: vec![Reason::Link],
            address_leaked: false,
        };
    }
    if !evidence.one_sender {
        return Assurance {
            level: Level::L0,
            party: None,
            reasons: vec![Reason::ManySenders],
            address_leaked: false,
        };
    }
    odd(evidence, &mut reasons);
    let mut by_domain = domain(evidence, &mut reasons);
    let by_key = key(evidence, &mut reasons);
    if by_key.is_none()
        && !evidence
            .fields
            .from
            .domain()
            .eq_ignore_ascii_case(evidence.outer_domain)
    {
        // The domain that was asked about is not the one that is shown.
        reasons.push(Reason::OtherSenderInside);
        by_domain = (false, None);
    }
    let (level, party) = match (by_key, by_domain) {
        (Some(party), _) => (Level::L3, Some(party.id)),
        (None, (true, Some(party))) if evidence.address_of == Some(party.id) => {
            reasons.push(Reason::OwnAddress);
            (Level::L2, Some(party.id))
        }
        (None, (true, party)) => (Level::L1, party.map(|party| party.id)),
        (None, (false, _)) => (Level::L0, None),
    };
    let owner = evidence.address_of;
    let leaked = level > Level::L0 && owner.is_some_and(|owner| party != Some(owner));
    if leaked {
        reasons.push(Reason::AddressOfAnother);
    } else if owner.is_none() && level < Level::L3 {
        reasons.push(Reason::AddressOfNobody);
    }
    Assurance {
        level,
        party: party.map(str::to_owned),
        reasons,
        address_leaked: leaked,
    }
}

/// What speaks of deceit, whatever the level.
fn odd(evidence: &Evidence<'_>, reasons: &mut Vec<Reason>) {
    for warning in evidence.warnings {
        if let Warning::LookAlike { domain, known, .. } = warning {
            reasons.push(Reason::LooksLike {
                domain: domain.clone(),
                known: known.clone(),
            });
        }
    }
}

/// Whether the domain of `From` is right, and the party that has it.
fn domain<'e>(evidence: &Evidence<'e>, reasons: &mut Vec<Reason>) -> (bool, Option<&'e Party<'e>>) {
    let Some(authentication) = evidence.authentication else {
        reasons.push(Reason::NotAsked);
        return (false, None);
    };
    let alignment = authentication.alignment(evidence.outer_domain, evidence.now);
    for one in &authentication.dkim {
        reasons.push(Reason::Dkim {
            domain: one.domain.clone(),
            worth: one.worth(evidence.now),
        });
    }
    let aligned = matches!(alignment, Alignment::Aligned { .. });
    reasons.push(Reason::Domain(alignment));
    let party = party_of(evidence, evidence.outer_domain);
    if aligned && party.is_none() {
        reasons.push(Reason::DomainOfNobody);
    }
    (aligned, party.filter(|_| aligned))
}

fn party_of<'e>(evidence: &Evidence<'e>, domain: &str) -> Option<&'e Party<'e>> {
    let mut parties = evidence.parties.iter();
    parties.find(|party| same(party.domains, domain))
}

fn same(domains: &[&str], domain: &str) -> bool {
    domains.iter().any(|one| one.eq_ignore_ascii_case(domain))
}

/// The party whose registered key signed all of the mail.
fn key<'e>(evidence: &Evidence<'e>, reasons: &mut Vec<Reason>) -> Option<&'e Party<'e>> {
    let broken = evidence.warnings.iter().find_map(Reason::of_protection);
    if let Some(broken) = broken {
        reasons.push(broken);
        return None;
    }
    let Some(signature) = evidence.signature else {
        reasons.push(Reason::NotSigned);
        return None;
    };
    let good = match signature {
        SignatureResult::Good(good) => good,
        SignatureResult::UnknownKey { .. } => {
            reasons.push(Reason::UnknownKey);
            return None;
        }
        SignatureResult::Bad { fault, .. } => {
            reasons.push(Reason::Signature(fault.clone()));
            return None;
        }
    };
    let holder = |party: &&Party<'_>| party.fingerprints.contains(&good.certificate.as_str());
    let Some(party) = evidence.parties.iter().find(holder) else {
        reasons.push(Reason::UnknownKey);
        return None;
    };
    let missing = signed_too_little(evidence, party);
    if let Some(missing) = missing {
        reasons.push(missing);
        return None;
    }
    reasons.push(Reason::Signed {
        party: party.id.to_owned(),
    });
    Some(party)
}

/// Why a good signature of a party's key is not enough.
fn signed_too_little(evidence: &Evidence<'_>, party: &Party<'_>) -> Option<Reason> {
    if evidence.coverage != Some(Coverage::Whole) {
        return Some(Reason::PartlySigned);
    }
    if evidence.inside != Inside::ALL {
        return Some(Reason::FieldsOpen);
    }
    if !same(party.domains, &evidence.fields.from.domain()) {
        return Some(Reason::SignedByAnother {
            party: party.id.to_owned(),
        });
    }
    let mut recipients = evidence.fields.to.iter().chain(&evidence.fields.cc);
    if !recipients.any(|one| same(evidence.own_domains, &one.domain())) {
        return Some(Reason::ForOthers);
    }
    None
}
