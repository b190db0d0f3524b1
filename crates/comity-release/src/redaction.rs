//! Redaction: what the terms have taken out of an object before it is released, and the copy without it.
//!
//! A redacted copy is a **new object**. Its id is a hash of the id of the original and the rules, under a secret of the
//! caller's ([`Copies::seed`]): the same object under the same rules always becomes the
//! same copy, its next version the copy's next version, and nobody without the seed can find the original from it, or the
//! copy that another partner got. `created` and `modified` stay; `created_by_ref` names who made the copy.
//! The copy never has a lower label than the original: what marked a part marks the whole copy, and the label that bound
//! the original stands in it. Every other byte of a property that stays is as it was; those properties are listed, so that
//! they can be opened against a commitment to the original, property by property.
//!
//! What cannot be taken out without spoiling the object withholds it: a property that the standard requires, the one value
//! that an observable is, the pattern of an indicator.
//!
//! What names an object of which the recipient gets a copy goes as a copy as well, and names the copy: so the graph stays
//! whole, and the id of the original does not get out. Since the id of a copy hangs on nothing but the original's, the
//! rules and the recipient, it does not matter which of the two goes first.
//!
//! In scope: terms as they are applied, finding, cutting, the copy. Out of scope: whether anything goes at all (`rules`);
//! finding out which of the objects that one names are copied.
//! Limits: [`RULES_MAX`], [`PATTERN_BYTES_MAX`], [`PROGRAM_BYTES_MAX`]; expressions are matched in linear time.

use std::fmt;

use comity_accord::terms::{
    PersonalData, RedactionAction, RedactionRule, RedactionTarget, ReleaseTerms,
};
use comity_stix::canonical::write_string;
use comity_stix::id::ObjectId;
use comity_stix::marking::{Tlp, definition_id};
use regex::{Regex, RegexBuilder};
use uuid::Uuid;

use crate::subject::Subject;

mod copy;
mod cutting;
pub mod personal_data;
mod spans;

/// Most rules of redaction in one accord.
pub const RULES_MAX: usize = 256;
/// Longest expression in bytes.
pub const PATTERN_BYTES_MAX: usize = 4096;
/// Most memory that one compiled expression takes, in bytes; the same again while it is matched.
pub const PROGRAM_BYTES_MAX: usize = 1 << 20;

/// The extension that a redacted copy carries: `schemas/redaction.json`.
pub const EXTENSION_ID: &str = "extension-definition--7d1c3d2e-5f0a-4b59-9a7e-2c9b1f6e4a83";
/// The JSON schema of that extension.
pub const EXTENSION_SCHEMA: &str = include_str!("../schemas/redaction.json");

/// The definition of that extension, as an object to send along; the same from every node. Its author stands for the
/// project and is no party.
pub fn extension_definition() -> String {
    let mut schema = String::new();
    write_string(EXTENSION_SCHEMA, &mut schema);
    format!(
        "{{\"type\":\"extension-definition\",\"spec_version\":\"2.1\",\"id\":\"{EXTENSION_ID}\",\
         \"created_by_ref\":\"identity--5c0f2f0e-8a4c-4a61-8b1d-0f6d2f7b9e35\",\
         \"created\":\"2026-11-24T00:00:00.000Z\",\"modified\":\"2026-11-24T00:00:00.000Z\",\
         \"name\":\"Redacted copy\",\"version\":\"1.0.0\",\"extension_types\":[\"property-extension\"],\
         \"object_marking_refs\":[\"{}\"],\"schema\":{schema}}}",
        definition_id(Tlp::Clear)
    )
}

/// Whether rules about personal data hold for what an observable or an indicator is about, such as the address that is
/// an e-mail address object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IndicatorData {
    /// They do, and since it cannot be cut the object is withheld.
    #[default]
    Covered,
    /// They do not: indicators are what is exchanged.
    Exempt,
}

/// How copies are made.
#[derive(Clone)]
pub struct Copies {
    /// The namespace of their ids: a secret of the sender's, another for each recipient.
    pub seed: Uuid,
    /// The identity that made them; without it they name no creator.
    pub made_by: Option<ObjectId>,
    /// Whether they name the original.
    pub name_original: bool,
    /// Whether indicators are covered.
    pub indicators: IndicatorData,
}

/// Without the seed, which is a secret.
impl fmt::Debug for Copies {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Copies")
            .field("made_by", &self.made_by)
            .field("name_original", &self.name_original)
            .field("indicators", &self.indicators)
            .finish_non_exhaustive()
    }
}

/// What is done at one place of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cut {
    /// The place, as a selector (STIX 2.1 section 7.2.3.1); never the content.
    pub selector: String,
    /// The rule, by its place in the terms; `None` where a marking asks for it.
    pub rule: Option<usize>,
    /// What is done there.
    pub kind: CutKind,
}

/// What is done at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CutKind {
    /// A part of a text is replaced by a mark.
    Mask,
    /// It is left out.
    Remove,
    /// It keeps the object from being released.
    Withhold,
}

/// A redacted copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redacted {
    text: String,
    id: ObjectId,
    cuts: Vec<Cut>,
    kept: Vec<String>,
}

impl Redacted {
    /// The copy's JSON text. It passes admission.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The copy's id.
    pub fn id(&self) -> &ObjectId {
        &self.id
    }

    /// What was done to the original, for the log and for the person who reviews.
    pub fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// The properties at the top of the original that stand in the copy with every byte of their value.
    pub fn kept_properties(&self) -> &[String] {
        &self.kept
    }
}

/// Why an object cannot be redacted and is withheld.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Withheld {
    /// A rule says so, or what it finds is what the object is about.
    #[error("rule {rule} of redaction withholds it for what stands at {selector}")]
    ByRule {
        /// The rule, by its place in the terms.
        rule: usize,
        /// Where.
        selector: String,
    },
    /// Without what is cut it is no object any more.
    #[error(
        "without what redaction cuts it breaks the standard at {path}: mark it for release otherwise, or mask instead of removing"
    )]
    Spoiled {
        /// Where.
        path: String,
    },
}

/// Why terms cannot be applied.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// Too many rules of redaction.
    #[error("{count} rules of redaction; the limit is {RULES_MAX}: join their expressions")]
    TooManyRules {
        /// How many.
        count: usize,
    },
    /// An expression is too long.
    #[error("the expression of redaction rule {rule} has over {PATTERN_BYTES_MAX} bytes: split it")]
    PatternLength {
        /// The rule.
        rule: usize,
    },
    /// An expression cannot be read, or would take too much memory.
    #[error("the expression of redaction rule {rule} cannot be used: correct or shorten it")]
    Pattern {
        /// The rule.
        rule: usize,
        /// Why.
        #[source]
        source: regex::Error,
    },
    /// A rule names a property without which nothing can be released.
    #[error(
        "redaction rule {rule} names {property:?}, which every object keeps: refuse the type instead"
    )]
    Protected {
        /// The rule.
        rule: usize,
        /// The property.
        property: String,
    },
}

/// Terms of release, ready to be applied.
#[derive(Debug)]
pub struct Terms {
    agreed: ReleaseTerms,
    /// What each rule of redaction looks for, in their order.
    searches: Vec<Search>,
    /// What tells copies under other rules apart.
    name: String,
    copies: Copies,
}

impl Terms {
    /// Makes terms ready; fails if a rule of redaction cannot be applied, because then nothing must be released.
    pub fn prepare(agreed: ReleaseTerms, copies: Copies) -> Result<Self, TermsError> {
        let count = agreed.redactions.len();
        if count > RULES_MAX {
            return Err(TermsError::TooManyRules { count });
        }
        let mut searches = Vec::new();
        let mut name = String::new();
        for (at, rule) in agreed.redactions.iter().enumerate() {
            searches.push(search(at, &rule.target)?);
            name.push_str(&spelled(rule));
            name.push('\n');
        }
        Ok(Self {
            agreed,
            searches,
            name,
            copies,
        })
    }

    /// The terms as agreed.
    pub fn agreed(&self) -> &ReleaseTerms {
        &self.agreed
    }

    /// The id of the copy of this object.
    pub fn copy_id(&self, original: &ObjectId) -> ObjectId {
        copy::id(self, original)
    }

    /// The copy that goes instead of the object under this label; `None` if nothing is to be cut.
    pub fn redact(&self, subject: &Subject<'_>, label: Tlp) -> Result<Option<Redacted>, Withheld> {
        copy::redact(self, subject, label)
    }
}

/// Properties that no rule touches: without them nothing is found, ordered, or kept to its label.
const PROTECTED: [&str; 7] = [
    "type",
    "id",
    "spec_version",
    "created",
    "modified",
    "object_marking_refs",
    "granular_markings",
];

/// A target, ready to be looked for in texts.
#[derive(Debug)]
enum Search {
    /// In no text: the property is named.
    Named,
    Expression(Regex),
    Personal(PersonalData),
}

fn search(rule: usize, target: &RedactionTarget) -> Result<Search, TermsError> {
    match target {
        RedactionTarget::Property { property, .. } => {
            let top = property.split('.').next().unwrap_or_default();
            if PROTECTED.contains(&top) {
                let property = property.clone();
                return Err(TermsError::Protected { rule, property });
            }
            Ok(Search::Named)
        }
        RedactionTarget::PersonalData(kind) => Ok(Search::Personal(*kind)),
        RedactionTarget::Pattern(text) if text.len() > PATTERN_BYTES_MAX => {
            Err(TermsError::PatternLength { rule })
        }
        RedactionTarget::Pattern(text) => {
            let mut builder = RegexBuilder::new(text);
            let builder = builder
                .size_limit(PROGRAM_BYTES_MAX)
                .dfa_size_limit(PROGRAM_BYTES_MAX);
            let built = builder.build().map(Search::Expression);
            built.map_err(|source| TermsError::Pattern { rule, source })
        }
    }
}

/// A rule as text that stays the same from one version of the program to the next: ids of copies hang on it.
fn spelled(rule: &RedactionRule) -> String {
    let action = match rule.action {
        RedactionAction::Remove => "remove",
        RedactionAction::Mask => "mask",
        RedactionAction::Withhold => "withhold",
    };
    match &rule.target {
        RedactionTarget::Property {
            object_type,
            property,
        } => {
            let object_type = object_type.as_deref().unwrap_or("*");
            format!("{action} property {object_type:?} {property:?}")
        }
        RedactionTarget::Pattern(text) => format!("{action} pattern {text:?}"),
        RedactionTarget::PersonalData(kind) => {
            format!("{action} personal data {:?}", personal_data::name(*kind))
        }
    }
}

#[cfg(test)]
mod tests;
