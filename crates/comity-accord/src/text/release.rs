//! Reading `[[release]]`: the terms of release in one direction.
//!
//! In scope: from TOML to [`ReleaseTerms`], with the defaults of the format. Out of scope: applying them
//! (`comity-release`), which also compiles the patterns.
//! Limits: [`REDACTIONS_MAX`].

use std::collections::BTreeMap;

use comity_stix::marking::Tlp;

use super::contact::email;
use super::reader::Section;
use super::words::Word;
use super::{Parties, TextError, plain};
use crate::party::PartyName;
use crate::terms::{NamedPerson, Outlet, RedactionRule, RedactionTarget, ReleaseTerms};

/// The most rules of redaction in one direction.
pub const REDACTIONS_MAX: usize = 64;
/// The most persons who may have TLP:RED.
pub const RED_PERSONS_MAX: usize = 64;

pub(super) fn read(
    section: &Section<'_, '_>,
    parties: &Parties,
) -> Result<((PartyName, PartyName), ReleaseTerms), TextError> {
    let from = parties.named(&section.required("from")?)?;
    let to = parties.named(&section.required("to")?)?;
    if from == to {
        return Err(section.conflict("to", "must be another party than from"));
    }
    let ceiling = section.optional_word("ceiling")?.unwrap_or(Tlp::Amber);
    let outlets = section.words("outlets")?;
    let terms = ReleaseTerms {
        ceiling,
        outlet_ceilings: outlet_ceilings(section, ceiling)?,
        outlets: outlets.unwrap_or_else(|| vec![Outlet::Link, Outlet::File, Outlet::Taxii]),
        unlabelled: section
            .optional_word("unlabelled")?
            .unwrap_or(Tlp::AmberStrict),
        community: section.flag("community", true)?,
        red_persons: red_persons(section)?,
        clients: section.texts("clients", plain)?,
        may_relay: section.flag("may_relay", false)?,
        relay_onward: section.flag("relay_onward", false)?,
        second_person_from: section.optional_word("second_person_from")?,
        encrypt_from: section.optional_word("encrypt_from")?,
        types_allowed: section.texts("types_allowed", type_name)?,
        types_refused: section.texts("types_refused", type_name)?,
        redactions: redactions(section)?,
    };
    if let Some(both) = terms
        .types_allowed
        .iter()
        .find(|name| terms.types_refused.contains(name))
    {
        return Err(section.conflict(
            "types_refused",
            format!("names {both:?}, which types_allowed names too"),
        ));
    }
    if terms.ceiling == Tlp::Red && terms.red_persons.is_empty() {
        return Err(section.conflict(
            "red_persons",
            "names nobody, but the ceiling is TLP:RED, which goes to named persons only; name them, or lower the ceiling",
        ));
    }
    Ok(((from, to), terms))
}

fn outlet_ceilings(
    section: &Section<'_, '_>,
    ceiling: Tlp,
) -> Result<BTreeMap<Outlet, Tlp>, TextError> {
    let mut lower = BTreeMap::new();
    let Some(table) = section.table("ceilings", "release.ceilings")? else {
        return Ok(lower);
    };
    for (key, outlet) in Outlet::WORDS {
        let Some(found) = table.optional(key) else {
            continue;
        };
        let label: Tlp = found.word()?;
        if label > ceiling {
            return Err(found.conflict(format!(
                "is {label}, above the ceiling {ceiling} of this direction; write a lower one"
            )));
        }
        lower.insert(*outlet, label);
    }
    Ok(lower)
}

fn red_persons(section: &Section<'_, '_>) -> Result<Vec<NamedPerson>, TextError> {
    let tables = section.tables("red_persons", "release.red_persons", RED_PERSONS_MAX)?;
    let one = |person: &Section<'_, '_>| {
        let name = person.text("name", plain)?;
        let address = person.text("address", email)?;
        Ok(NamedPerson { name, address })
    };
    tables.iter().map(one).collect()
}

fn redactions(section: &Section<'_, '_>) -> Result<Vec<RedactionRule>, TextError> {
    let tables = section.tables("redact", "release.redact", REDACTIONS_MAX)?;
    tables.iter().map(redaction).collect()
}

fn redaction(rule: &Section<'_, '_>) -> Result<RedactionRule, TextError> {
    let object_type = rule.optional_text("object_type", type_name)?;
    let property = rule.optional_text("property", plain)?;
    let pattern = rule.optional_text("pattern", plain)?;
    let personal = rule.optional_word("personal")?;
    let target = match (property, pattern, personal) {
        (Some(property), None, None) => RedactionTarget::Property {
            object_type,
            property,
        },
        (None, Some(pattern), None) if object_type.is_none() => RedactionTarget::Pattern(pattern),
        (None, None, Some(personal)) if object_type.is_none() => {
            RedactionTarget::PersonalData(personal)
        }
        _ => {
            let problem = "must be one of property, pattern and personal, and object_type goes with property only";
            return Err(rule.conflict("property", problem));
        }
    };
    let action = rule.required("action")?.word()?;
    Ok(RedactionRule { target, action })
}

/// A STIX type by its form: 3 to 250 of `a-z`, `0-9` and `-` (STIX 2.1 section 3.2).
fn type_name(text: &str) -> Option<String> {
    let letters = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (letters && (3..=250).contains(&text.len())).then(|| text.to_owned())
}
