//! What a request for assistance says, and which of it must be there.
//!
//! The list is that of the guidelines which the parties of 2015 agreed to write: who asks, what exactly, on which facts, in
//! which time, on which legal ground, and what may be done with the request itself. What must be there depends on the type.
//!
//! In scope: the fields, what is missing, supplements. Out of scope: whether the request is justified.
//! Limits: those of a message.

use std::fmt::Write as _;

use comity_stix::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::history::seconds;
use crate::table::Word;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestType {
    /// Investigate a cybercrime.
    Investigate,
    /// Collect electronic evidence.
    ElectronicEvidence,
    /// Reduce malicious activity from the own territory.
    ReduceActivity,
    /// Preserve data until a formal request.
    Preservation,
    /// Take something down.
    Takedown,
    /// Tell a victim.
    VictimNotice,
    /// Analyse a sample.
    SampleAnalysis,
    /// Search logs.
    LogSearch,
    /// Identify a subscriber.
    Subscriber,
    /// Work on a case together.
    JointCase,
}

impl Word for RequestType {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Investigate, "investigate"),
        (Self::ElectronicEvidence, "electronic-evidence"),
        (Self::ReduceActivity, "reduce-activity"),
        (Self::Preservation, "preservation"),
        (Self::Takedown, "takedown"),
        (Self::VictimNotice, "victim-notice"),
        (Self::SampleAnalysis, "sample-analysis"),
        (Self::LogSearch, "log-search"),
        (Self::Subscriber, "subscriber"),
        (Self::JointCase, "joint-case"),
    ];
}

/// How much it presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// A significant and imminent risk to life or safety, or to what a society cannot do without.
    Emergency,
    /// Delay would lose evidence or let damage grow.
    Urgent,
    /// Everything else.
    Routine,
}

impl Word for Urgency {
    const WORDS: &'static [(Self, &'static str)] = &[
        (Self::Emergency, "emergency"),
        (Self::Urgent, "urgent"),
        (Self::Routine, "routine"),
    ];
}

/// What a request says. Every text may be missing; [`Content::missing`] tells what a type needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// What is asked for.
    pub request_type: RequestType,
    /// How much it presses.
    pub urgency: Urgency,
    /// A line for lists.
    pub title: String,
    /// Why it is an emergency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency_reason: Option<String>,
    /// The unit that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// How to reach whoever asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The requester's own number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<String>,
    /// The first moment that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_from: Option<String>,
    /// The last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_until: Option<String>,
    /// Indicators and observables: values or STIX ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observables: Vec<String>,
    /// What links it to the responder's territory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_to_responder: Option<String>,
    /// What exactly is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Whose data it is and where: for preservation and subscriber requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custodian: Option<String>,
    /// The offence, with its law.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offence: Option<String>,
    /// The legal basis, or the number of a mutual legal assistance request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<String>,
    /// In which form the answer is wished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// By when an answer is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// Until when data must be held: for preservation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_until: Option<String>,
    /// What the answer may be used for: evidence, intelligence only, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_limits: Option<String>,
    /// Whether the request itself is to be kept from those whom it concerns.
    #[serde(default)]
    pub confidential: bool,
    /// Languages in which an answer can be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// What the requester did already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_already: Option<String>,
    /// Other threads: cases, calls, requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked: Vec<String>,
}

/// What every request needs.
const ALWAYS: &[&str] = &["title", "unit", "contact", "facts", "asked", "use_limits"];

/// What a type needs besides.
pub const NEEDED: &[(RequestType, &[&str])] = &[
    (
        RequestType::Investigate,
        &[
            "window_from",
            "window_until",
            "observables",
            "link_to_responder",
            "offence",
        ],
    ),
    (
        RequestType::ElectronicEvidence,
        &[
            "window_from",
            "window_until",
            "observables",
            "custodian",
            "offence",
            "legal_basis",
            "form",
        ],
    ),
    (
        RequestType::ReduceActivity,
        &["window_from", "observables", "link_to_responder"],
    ),
    (
        RequestType::Preservation,
        &[
            "observables",
            "custodian",
            "offence",
            "legal_basis",
            "hold_until",
        ],
    ),
    (RequestType::Takedown, &["observables", "link_to_responder"]),
    (
        RequestType::VictimNotice,
        &["observables", "link_to_responder"],
    ),
    (RequestType::SampleAnalysis, &["observables", "form"]),
    (
        RequestType::LogSearch,
        &["window_from", "window_until", "observables"],
    ),
    (
        RequestType::Subscriber,
        &[
            "window_from",
            "window_until",
            "observables",
            "custodian",
            "offence",
            "legal_basis",
        ],
    ),
    (
        RequestType::JointCase,
        &["offence", "link_to_responder", "done_already"],
    ),
];

impl Content {
    /// Reads what a request says.
    pub fn read(value: &Value) -> Result<Self, String> {
        let content: Self =
            serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
        let times = [
            ("window_from", &content.window_from),
            ("window_until", &content.window_until),
            ("deadline", &content.deadline),
            ("hold_until", &content.hold_until),
        ];
        for (name, text) in times {
            if let Some(text) = text {
                Timestamp::parse(text).map_err(|error| format!("{name} {error}"))?;
            }
        }
        let (from, until) = (
            moment(content.window_from.as_ref()),
            moment(content.window_until.as_ref()),
        );
        if let (Some(from), Some(until)) = (from, until)
            && from > until
        {
            return Err("window_until lies before window_from".to_owned());
        }
        Ok(content)
    }

    /// The fields that this type of request needs and that say nothing, by name.
    pub fn missing(&self) -> Vec<&'static str> {
        let value = serde_json::to_value(self).unwrap_or_default();
        let says = |name: &str| match value.get(name) {
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(Value::Array(all)) => !all.is_empty(),
            _ => false,
        };
        let of_type = NEEDED.iter().find(|(each, _)| *each == self.request_type);
        let of_type = of_type.map_or(&[][..], |(_, names)| names);
        let emergency: &[&str] = if self.urgency == Urgency::Emergency {
            &["emergency_reason"]
        } else {
            &[]
        };
        let needed = ALWAYS.iter().chain(of_type).chain(emergency);
        needed.copied().filter(|name| !says(name)).collect()
    }

    /// The request with what a supplement says in place of what stood there. Type and urgency stay: another type is another
    /// request.
    pub fn supplemented(&self, with: &Map<String, Value>) -> Result<Self, String> {
        let mut value = serde_json::to_value(self).map_err(|error| error.to_string())?;
        let fields = value.as_object_mut().ok_or("the request is no object")?;
        for (name, said) in with {
            if matches!(name.as_str(), "request_type" | "urgency") {
                return Err(format!(
                    "{name} cannot be changed; withdraw the request and open another one"
                ));
            }
            fields.insert(name.clone(), said.clone());
        }
        Self::read(&value)
    }

    /// Until when data must be held, seconds since 1970.
    pub fn hold_until_seconds(&self) -> Option<i64> {
        moment(self.hold_until.as_ref())
    }
}

fn moment(text: Option<&String>) -> Option<i64> {
    seconds(text?)
}

/// What each field is, for whoever fills in a form; lists and choices as TOML writes them.
const FIELDS: &[(&str, &str, &str)] = &[
    ("title", "\"\"", "a line for lists"),
    ("urgency", "\"routine\"", "emergency, urgent or routine"),
    (
        "emergency_reason",
        "\"\"",
        "which significant and imminent risk makes it an emergency",
    ),
    ("unit", "\"\"", "the unit that asks"),
    ("contact", "\"\"", "how to reach whoever asks"),
    ("reference", "\"\"", "our own number"),
    ("facts", "\"\"", "what happened"),
    (
        "window_from",
        "\"\"",
        "the first moment that matters, in UTC: 2026-12-01T00:00:00Z",
    ),
    ("window_until", "\"\"", "the last one"),
    (
        "observables",
        "[]",
        "values or STIX ids: [\"198.51.100.7\", \"host.example\"]",
    ),
    (
        "link_to_responder",
        "\"\"",
        "what links it to the other side's territory",
    ),
    ("asked", "\"\"", "what exactly is asked"),
    ("custodian", "\"\"", "who holds the data, and where"),
    ("offence", "\"\"", "the offence, with its law"),
    (
        "legal_basis",
        "\"\"",
        "the legal basis, or the number of a mutual legal assistance request",
    ),
    ("form", "\"\"", "in which form the answer is wished"),
    ("deadline", "\"\"", "by when an answer is asked, in UTC"),
    (
        "hold_until",
        "\"\"",
        "until when data must be held, in UTC; sixty days leave time for a formal request",
    ),
    (
        "use_limits",
        "\"\"",
        "what the answer may be used for: evidence, intelligence only, ...",
    ),
    (
        "confidential",
        "false",
        "whether the request is to be kept from those whom it concerns",
    ),
    (
        "languages",
        "[]",
        "languages in which an answer can be read: [\"en\", \"zh\"]",
    ),
    ("done_already", "\"\"", "what was done already"),
    ("linked", "[]", "other threads: cases, calls, requests"),
];

/// A form to fill in, as TOML: the fields that the type needs first, the others as comments.
pub fn form(request_type: RequestType) -> String {
    let of_type = NEEDED.iter().find(|(each, _)| *each == request_type);
    let needed: Vec<&str> = ALWAYS
        .iter()
        .chain(of_type.map_or(&[][..], |(_, names)| names))
        .copied()
        .collect();
    let mut page = format!(
        "# A request for assistance. Fill in what follows; lines that begin with # are comments.\n\nrequest_type = \"{}\"\n",
        request_type.word()
    );
    let is_needed = |name: &str| name == "urgency" || needed.contains(&name);
    for (name, empty, about) in FIELDS.iter().filter(|(name, _, _)| is_needed(name)) {
        let _ = write!(page, "\n# {about}\n{name} = {empty}\n");
    }
    page.push_str("\n# Where they help:\n");
    for (name, empty, about) in FIELDS.iter().filter(|(name, _, _)| !is_needed(name)) {
        let _ = write!(page, "\n# {about}\n# {name} = {empty}\n");
    }
    page
}

/// The fields by type as a page shows them, in Markdown.
pub fn markdown() -> String {
    let mut page = format!(
        "Every request needs {}; an emergency also `emergency_reason`.\n\n| type | needs besides |\n|---|---|\n",
        listed(ALWAYS)
    );
    for (each, names) in NEEDED {
        let _ = writeln!(page, "| `{}` | {} |", each.word(), listed(names));
    }
    page
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bare(request_type: &str, urgency: &str) -> Content {
        Content::read(&json!({"request_type": request_type, "urgency": urgency, "title": "x"}))
            .unwrap()
    }

    #[test]
    fn every_type_has_its_list_and_names_what_is_missing() {
        assert_eq!(NEEDED.len(), RequestType::WORDS.len());
        for (each, word) in RequestType::WORDS {
            let missing = bare(word, "emergency").missing();
            let needed = NEEDED.iter().find(|(one, _)| one == each).unwrap().1;
            for name in needed.iter().chain(&["unit", "emergency_reason"]) {
                assert!(missing.contains(name), "{word}: {name}");
            }
        }
    }

    #[test]
    fn a_supplement_fills_what_was_missing_and_changes_neither_type_nor_urgency() {
        let request = bare("log-search", "routine");
        let given = json!({"observables": ["198.51.100.7"], "facts": "seen"});
        let fuller = request.supplemented(given.as_object().unwrap()).unwrap();
        assert!(!fuller.missing().contains(&"observables") && !fuller.missing().contains(&"facts"));
        let other = json!({"urgency": "emergency"});
        assert!(request.supplemented(other.as_object().unwrap()).is_err());
    }

    #[test]
    fn every_field_has_a_line_in_the_form() {
        let all = serde_json::to_value(bare("takedown", "routine")).unwrap();
        for (of, word) in RequestType::WORDS {
            let page = form(*of);
            for (name, _, _) in FIELDS {
                assert_eq!(
                    page.matches(&format!("{name} = ")).count(),
                    1,
                    "{word}: {name}"
                );
            }
            assert!(
                all.as_object()
                    .unwrap()
                    .keys()
                    .all(|name| page.contains(name))
            );
        }
    }

    #[test]
    fn times_and_unknown_fields_are_checked() {
        let check = |field: &str, value: &str| {
            let mut all = json!({"request_type": "takedown", "urgency": "routine", "title": "x"});
            all[field] = json!(value);
            Content::read(&all).is_ok()
        };
        assert!(check("window_from", "2026-10-01T00:00:00Z"));
        assert!(!check("window_from", "yesterday"));
        assert!(!check("colour", "red"));
    }
}
