//! What the markings of an object demand: a TLP label, and what IEP 2.0 and PAP add to it.
//!
//! Every demand is joined by taking the stricter one, so neither the order of markings nor a repeated one matters, and one
//! marking more never widens anything. A marking that cannot be read demands the most: nothing is released under it.
//!
//! In scope: marking definitions (TLP 1.0 and 2.0, statements, IEP 2.0, PAP) and the words that other systems write into
//! `labels`. Out of scope: finding the definitions; which parts of an object are marked (`comity_stix::marking`).

use std::collections::BTreeMap;

use comity_stix::id::ObjectId;
use comity_stix::json::Value;
use comity_stix::marking::{TLP_2_EXTENSION_ID, Tlp};
use comity_stix::timestamp::Timestamp;

/// What a recipient may do with what it learns: the `permitted_actions` of IEP 2.0, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Read it, nothing more.
    None,
    /// Ask the source first.
    Contact,
    /// Act where nobody outside can see it: search logs, alert.
    Internal,
    /// Act so that it can be seen outside, not towards the adversary: block.
    ExternalIndirect,
    /// Act towards the adversary: sinkhole, take down.
    ExternalDirect,
}

impl Action {
    /// As IEP 2.0 spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Contact => "contact-for-instruction",
            Self::Internal => "internally-visible-actions",
            Self::ExternalIndirect => "externally-visible-indirect-actions",
            Self::ExternalDirect => "externally-visible-direct-actions",
        }
    }

    const ALL: [Self; 5] = [
        Self::None,
        Self::Contact,
        Self::Internal,
        Self::ExternalIndirect,
        Self::ExternalDirect,
    ];

    /// PAP, the MISP world's shorthand, read on the strict side.
    fn of_pap(word: &str) -> Option<Self> {
        match word.trim().to_ascii_uppercase().as_str() {
            "RED" => Some(Self::None),
            "AMBER" => Some(Self::Internal),
            "GREEN" => Some(Self::ExternalIndirect),
            "CLEAR" | "WHITE" => Some(Self::ExternalDirect),
            _ => None,
        }
    }
}

/// Whether the source is named when the object is passed on, least strict first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribution {
    /// It may be.
    May,
    /// It must be.
    Must,
    /// It must not be; against "must" this wins.
    MustNot,
}

/// What markings demand, taken together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    /// The strictest TLP label.
    pub label: Option<Tlp>,
    /// The most that may be done.
    pub permitted: Action,
    /// Whether it must be encrypted on its way.
    pub encrypt: bool,
    /// Whether parties affected may be told.
    pub may_notify: bool,
    /// Whether it may be sold on unmodified.
    pub may_resell: bool,
    /// Whether the source is named.
    pub attribution: Attribution,
    /// The markings are in force from here on.
    pub not_before: Option<Timestamp>,
    /// The markings are in force up to here.
    pub not_after: Option<Timestamp>,
    /// A marking whose demands cannot be read, as its id or its words.
    pub unreadable: Option<String>,
}

/// What each marking definition demands that a node holds, by its id.
pub type Definitions = BTreeMap<ObjectId, Handling>;

impl Handling {
    /// No demands.
    pub const FREE: Self = Self {
        label: None,
        permitted: Action::ExternalDirect,
        encrypt: false,
        may_notify: true,
        may_resell: true,
        attribution: Attribution::May,
        not_before: None,
        not_after: None,
        unreadable: None,
    };

    /// A TLP label and nothing else.
    pub fn labelled(label: Tlp) -> Self {
        Self {
            label: Some(label),
            ..Self::FREE
        }
    }

    fn permitting(permitted: Action) -> Self {
        Self {
            permitted,
            ..Self::FREE
        }
    }

    pub(crate) fn unreadable(marking: impl Into<String>) -> Self {
        Self {
            unreadable: Some(marking.into()),
            ..Self::FREE
        }
    }

    /// Both demands: the stricter of each.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let earlier = |left: Option<Timestamp>, right| left.into_iter().chain(right).min();
        Self {
            label: self.label.max(other.label),
            permitted: self.permitted.min(other.permitted),
            encrypt: self.encrypt || other.encrypt,
            may_notify: self.may_notify && other.may_notify,
            may_resell: self.may_resell && other.may_resell,
            attribution: self.attribution.max(other.attribution),
            not_before: self.not_before.max(other.not_before),
            not_after: earlier(self.not_after, other.not_after),
            unreadable: self.unreadable.max(other.unreadable),
        }
    }

    /// What a marking definition demands. One of which a part is not understood is unreadable.
    pub fn of_definition(id: &ObjectId, definition: &Value<'_>) -> Self {
        if let Some(label) = Tlp::of(id) {
            return Self::labelled(label);
        }
        let mut found = Vec::new();
        let content = definition.member("definition");
        let kind = definition.text("definition_type").unwrap_or_default();
        match (kind.to_ascii_lowercase().as_str(), content) {
            ("statement", Some(_)) => found.push(Self::FREE),
            ("tlp" | "pap", Some(content)) => found.extend(words_in(kind, content)),
            ("iep", Some(content)) => found.push(of_iep(content)),
            ("", None) => {}
            _ => found.push(Self::unreadable(id.to_string())),
        }
        found.extend(definition.text("name").and_then(Self::of_word));
        let extensions = definition.member("extensions").and_then(Value::as_object);
        for extension in extensions.unwrap_or_default() {
            found.push(of_extension(&extension.key, &extension.value));
        }
        if found.is_empty() {
            return Self::unreadable(id.to_string());
        }
        found.into_iter().fold(Self::FREE, Self::and)
    }

    /// What a word of `labels` demands: `tlp:amber+strict`, `PAP:RED`; `None` if it is neither TLP nor PAP.
    pub fn of_word(word: &str) -> Option<Self> {
        let (scheme, rest) = word.split_once([':', '\u{ff1a}'])?;
        let scheme = scheme.trim();
        let read = if scheme.eq_ignore_ascii_case("tlp") {
            Tlp::parse(rest).map(Self::labelled)
        } else if scheme.eq_ignore_ascii_case("pap") {
            Action::of_pap(rest).map(Self::permitting)
        } else {
            return None;
        };
        let shown = || word.chars().take(WORD_CHARS_SHOWN).collect::<String>();
        Some(read.unwrap_or_else(|| Self::unreadable(shown())))
    }
}

/// How much of a word that cannot be read is repeated to the operator.
const WORD_CHARS_SHOWN: usize = 64;

/// `{"tlp":"amber"}` as the standard has it, `{"TLP":"TLP:AMBER+STRICT"}` as others write it.
fn words_in(kind: &str, content: &Value<'_>) -> Vec<Handling> {
    let members = content.as_object().unwrap_or_default();
    let words = members.iter().map(|member| {
        let word = member.value.as_str().unwrap_or_default();
        let word = word.rsplit(':').next().unwrap_or_default();
        Handling::of_word(&format!("{kind}:{word}")).unwrap_or_else(|| Handling::unreadable(kind))
    });
    words.collect()
}

fn of_extension(key: &str, value: &Value<'_>) -> Handling {
    if value.member("iep_version").is_some() {
        return of_iep(value);
    }
    let word = value.text("tlp_2_0").filter(|_| key == TLP_2_EXTENSION_ID);
    let label = word.and_then(Tlp::parse).map(Handling::labelled);
    label.unwrap_or_else(|| Handling::unreadable(key))
}

/// An IEP 2.0 policy. What is not known of it could be a demand, so it makes the policy unreadable.
fn of_iep(policy: &Value<'_>) -> Handling {
    let members = policy.as_object().unwrap_or_default();
    let statements = members.iter().map(|member| {
        let key = member.key.to_ascii_lowercase().replace('-', "_");
        let value = member.value.as_str().unwrap_or_default();
        let value = value.to_ascii_lowercase().replace(['_', ' '], "-");
        let null = member.value.raw() == "null";
        iep_statement(&key, &value, null)
            .unwrap_or_else(|| Handling::unreadable(format!("IEP {key}")))
    });
    statements.fold(Handling::FREE, Handling::and)
}

fn iep_statement(key: &str, value: &str, null: bool) -> Option<Handling> {
    let free = Handling::FREE;
    match (key, value) {
        ("id" | "name" | "description" | "external_references" | "extension_type", _)
        | ("iep_version", "2.0" | "2")
        | ("encrypt_in_transit" | "affected_party_notifications" | "unmodified_resale", "may") => {
            Some(free)
        }
        ("start_date" | "end_date", _) if null => Some(free),
        ("start_date", _) => date(value).map(|at| Handling {
            not_before: Some(at),
            ..free
        }),
        ("end_date", _) => date(value).map(|at| Handling {
            not_after: Some(at),
            ..free
        }),
        ("encrypt_in_transit", "must") => Some(Handling {
            encrypt: true,
            ..free
        }),
        ("affected_party_notifications", "must-not") => Some(Handling {
            may_notify: false,
            ..free
        }),
        ("unmodified_resale", "must-not") => Some(Handling {
            may_resell: false,
            ..free
        }),
        ("attribution", "may") => Some(free),
        ("attribution", "must") => Some(Handling {
            attribution: Attribution::Must,
            ..free
        }),
        ("attribution", "must-not") => Some(Handling {
            attribution: Attribution::MustNot,
            ..free
        }),
        ("tlp", word) => Tlp::parse(word).map(Handling::labelled),
        ("permitted_actions", word) => Action::ALL
            .into_iter()
            .find(|action| action.as_str() == word)
            .map(Handling::permitting),
        _ => None,
    }
}

/// A moment, or the first moment of a day. (The value is in lower case here.)
fn date(text: &str) -> Option<Timestamp> {
    let upper = text.to_ascii_uppercase();
    let whole = Timestamp::parse(&upper);
    whole
        .or_else(|_| Timestamp::parse(&format!("{upper}T00:00:00Z")))
        .ok()
}

#[cfg(test)]
mod tests;
