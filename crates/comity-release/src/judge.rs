//! The one decision: may this object go to this recipient, by this way, now, and as what.
//!
//! In scope: going through the rules and putting the decision together. Out of scope: the rules (`rules`), the label
//! (`subject`), keeping the decision.

use comity_stix::marking::Tlp;
use comity_stix::timestamp::Timestamp;

use crate::handling::{Action, Attribution};
use crate::recipient::{Recipient, Way};
use crate::redaction::{Redacted, Terms};
use crate::rules::{Case, Outcome, PartnerCode, Rule, STEPS, Step};
use crate::subject::{Effective, Subject};

/// What may be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The object goes as it is.
    Release,
    /// This copy goes instead.
    Redact(Box<Redacted>),
    /// Nothing goes until a second person has approved; then what is named here.
    NeedsApproval {
        /// The rules that ask for it. Add them to [`Way::approved`] and judge again.
        rules: Vec<Rule>,
        /// The copy that would go instead of the object.
        copy: Option<Box<Redacted>>,
    },
    /// Nothing goes.
    Refuse {
        /// The rule that refused.
        rule: Rule,
        /// For the operator: why, and what would mend it.
        reason: String,
        /// For the other party.
        code: PartnerCode,
    },
}

/// What the recipient must keep to, and what every form must carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obligations {
    /// The label under which it goes: every outlet carries it.
    pub label: Tlp,
    /// The most that may be done with it.
    pub permitted: Action,
    /// Whether parties affected may be told.
    pub may_notify: bool,
    /// Whether it may be sold on unmodified.
    pub may_resell: bool,
    /// Whether the source is named.
    pub attribution: Attribution,
    /// Whether the recipient may pass it on, within its label.
    pub may_relay: bool,
}

/// A verdict with all that is recorded of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What may be done.
    pub verdict: Verdict,
    /// The label that bound, and why.
    pub label: Effective,
    /// What goes along.
    pub obligations: Obligations,
    asked: usize,
    inside: bool,
}

/// Decides. Rules are asked in the order of [`STEPS`]; the first refusal is the verdict.
pub fn judge(
    subject: &Subject<'_>,
    recipient: &Recipient,
    terms: &Terms,
    way: &Way,
    now: Timestamp,
) -> Decision {
    let effective = subject.effective(terms.agreed().unlabelled);
    let case = Case {
        subject,
        recipient,
        terms,
        way,
        now,
        label: effective.label,
    };
    let decide = |verdict, asked| Decision {
        verdict,
        label: effective,
        obligations: obligations(&case),
        asked,
        inside: recipient.is_inside(),
    };
    let (mut rules, mut copy) = (Vec::new(), None);
    for (at, step) in STEPS.iter().enumerate() {
        if recipient.is_inside() && !step.inside {
            continue;
        }
        let rule = step.rule;
        match (step.check)(&case) {
            Outcome::Pass => {}
            Outcome::Approve if way.approved.contains(&rule) => {}
            Outcome::Approve => rules.push(rule),
            Outcome::Copy(redacted) => copy = Some(redacted),
            Outcome::Refuse(reason) => {
                let code = step.partner_code();
                return decide(Verdict::Refuse { rule, reason, code }, at + 1);
            }
        }
    }
    let verdict = match (rules.is_empty(), copy) {
        (true, None) => Verdict::Release,
        (true, Some(copy)) => Verdict::Redact(copy),
        (false, copy) => Verdict::NeedsApproval { rules, copy },
    };
    decide(verdict, STEPS.len())
}

/// Whether an object is TLP:RED in effect, and so bound to the persons named for it, on the own side too. Rule
/// `named-persons` says the same of every decision; here nobody in particular asks.
pub fn binds_to_persons(subject: &Subject<'_>) -> bool {
    subject.effective(Tlp::AmberStrict).label == Tlp::Red
}

fn obligations(case: &Case<'_>) -> Obligations {
    let handling = case.subject.handling();
    Obligations {
        label: case.label,
        permitted: handling.permitted,
        may_notify: handling.may_notify,
        may_resell: handling.may_resell,
        attribution: handling.attribution,
        may_relay: case.terms.agreed().relay_onward,
    }
}

impl Decision {
    /// Every rule that was asked, in order: all up to the one that refused.
    pub fn consulted(&self) -> impl Iterator<Item = &'static Step> {
        let steps = STEPS.iter().take(self.asked);
        let inside = self.inside;
        steps.filter(move |step| step.inside || !inside)
    }

    /// The rule that decided: the one that refused, redacted, or asks for approval; for a plain release the one that
    /// binds the label to its audience.
    pub fn rule(&self) -> Rule {
        match &self.verdict {
            Verdict::Refuse { rule, .. } => *rule,
            Verdict::Redact(_) => Rule::Redaction,
            Verdict::NeedsApproval { rules, .. } => {
                rules.first().copied().unwrap_or(Rule::SecondPerson)
            }
            Verdict::Release => match self.label.label {
                Tlp::Clear => Rule::Public,
                Tlp::Green => Rule::Community,
                Tlp::Amber => Rule::Clients,
                Tlp::AmberStrict => Rule::Organisation,
                Tlp::Red => Rule::NamedPersons,
            },
        }
    }

    /// Whether the object or its copy may be shown, counted or found now. Whatever answers a recipient, be it a page, a
    /// count, a search or an error, asks this and nothing else.
    pub fn is_visible(&self) -> bool {
        match self.verdict {
            Verdict::Release | Verdict::Redact(_) => true,
            Verdict::NeedsApproval { .. } | Verdict::Refuse { .. } => false,
        }
    }
}
