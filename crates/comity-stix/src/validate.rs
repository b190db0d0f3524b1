//! Full validation: every MUST of STIX 2.1 that one object can break by itself, and some SHOULDs.
//!
//! Admission keeps out what cannot be kept; this says all that is wrong, each with its path and the section of
//! the standard. The property tables are data (`object_types`), walked by one checker.
//!
//! In scope: property types, required properties, enumerations, references by type, lists, markings, extensions,
//! what holds between properties, STIX patterns.
//! Out of scope: what needs other objects (whether a reference can be resolved, who may version an object), the
//! content of extensions defined elsewhere, whether a relationship type suits its ends (Appendix B suggests only).
//! Limits: those of admission, and [`PROBLEMS_MAX`] problems.

use std::fmt;

use crate::admission::Limits;
use crate::json::{self, Value};

mod checker;
mod forms;
mod special;
#[cfg(test)]
mod tests;

/// After so many problems the rest of the object is not reported.
pub const PROBLEMS_MAX: usize = 1_000;

/// Something in an object that the standard does not allow or advises against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place, such as `external_references[0].url`; empty for the whole object.
    pub path: String,
    /// The rule, such as `STIX 2.1 section 2.5`.
    pub rule: String,
    /// What is wrong and what to do.
    pub message: String,
    /// How grave it is.
    pub severity: Severity,
}

/// The standard's own words for how grave a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The object breaks the standard.
    Must,
    /// The object goes against advice.
    Should,
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() {
            "the object"
        } else {
            &self.path
        };
        write!(out, "{place}: {} ({})", self.message, self.rule)
    }
}

/// All that is wrong with the text of one STIX 2.1 object.
pub fn validate(json: &str) -> Vec<Problem> {
    let limits = Limits::EXCHANGE;
    if json.len() > limits.object_bytes_max {
        let message = format!(
            "has {} bytes; the limit is {}",
            json.len(),
            limits.object_bytes_max
        );
        return vec![whole("limit of this node", message)];
    }
    match json::parse(json, &limits.json()) {
        Ok(object) => validate_value(&object),
        Err(error) => {
            let problem = error.problem.to_string();
            vec![Problem {
                path: error.path,
                ..whole("RFC 8259 and RFC 7493 (I-JSON)", problem)
            }]
        }
    }
}

/// All that is wrong with one object that was read already.
pub fn validate_value(object: &Value<'_>) -> Vec<Problem> {
    if object.as_object().is_none() {
        return vec![whole(
            "STIX 2.1 section 3.2",
            format!("is {}; an object is a JSON object", object.described()),
        )];
    }
    let mut problems = special::object(object);
    // What holds for every reference, named by the standard or not, is admission's to say: a valid object is admissible.
    if problems
        .iter()
        .all(|problem| problem.severity == Severity::Should)
        && let Some((path, rule, message)) = crate::admission::refusal(object)
    {
        problems.push(Problem {
            path,
            ..whole(rule, message)
        });
    }
    problems
}

fn whole(rule: &str, message: String) -> Problem {
    Problem {
        path: String::new(),
        rule: rule.to_owned(),
        message,
        severity: Severity::Must,
    }
}
