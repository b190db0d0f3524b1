//! References: every `*_ref` and `*_refs` property at any depth (STIX 2.1 section 3.1).

use super::read::identifier;
use super::{Fault, Link};
use crate::json::{Kind, Member, Value};

/// Adds the references of an object. Recursion is bounded by the reader of the tree.
pub(super) fn collect(
    object_type: &str,
    members: &[Member<'_>],
    links: &mut Vec<Link>,
) -> Result<(), Fault> {
    for member in members {
        // Within the objects of STIX 2.0 observed data, references are keys of that dictionary (2.0 part 3,
        // section 2.6): no identifiers.
        if object_type == "observed-data" && member.key == "objects" {
            continue;
        }
        of_member(member, Custom::No, links).map_err(|fault| fault.within(&member.key))?;
    }
    Ok(())
}

/// Whether a property lies within something custom, whose names the standard does not govern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Custom {
    Yes,
    No,
}

fn of_member(member: &Member<'_>, within: Custom, links: &mut Vec<Link>) -> Result<(), Fault> {
    let key = member.key.as_ref();
    let own = key.starts_with("x_") || key.starts_with("extension-definition--");
    let custom = if own { Custom::Yes } else { within };
    if key.ends_with("_ref") {
        add(key, &member.value, custom, links)?;
    } else if key.ends_with("_refs") {
        let Some(items) = member.value.as_array() else {
            let message = format!("is {}; it is a list of ids", member.value.described());
            return if custom == Custom::Yes {
                nested(&member.value, custom, links)
            } else {
                Err(Fault::new("", "STIX 2.1 section 2.12", message))
            };
        };
        for (at, item) in items.iter().enumerate() {
            add(key, item, custom, links).map_err(|fault| fault.within(&format!("[{at}]")))?;
        }
    } else {
        nested(&member.value, custom, links)?;
    }
    Ok(())
}

fn nested(value: &Value<'_>, custom: Custom, links: &mut Vec<Link>) -> Result<(), Fault> {
    match value.kind() {
        Kind::Object(members) => {
            for member in members {
                of_member(member, custom, links).map_err(|fault| fault.within(&member.key))?;
            }
        }
        Kind::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                nested(item, custom, links).map_err(|fault| fault.within(&format!("[{at}]")))?;
            }
        }
        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::String(_) => {}
    }
    Ok(())
}

fn add(
    property: &str,
    value: &Value<'_>,
    custom: Custom,
    links: &mut Vec<Link>,
) -> Result<(), Fault> {
    match identifier(value) {
        Ok(target) => links.push(Link {
            property: property.to_owned(),
            target,
        }),
        Err(_) if custom == Custom::Yes => nested(value, custom, links)?,
        Err(fault) => return Err(fault),
    }
    Ok(())
}
