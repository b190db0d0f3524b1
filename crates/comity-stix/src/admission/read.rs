//! The common properties (STIX 2.1 section 3.2): identifier, type, times, creator, markings.

use super::{Fault, RULE_COMMON};
use crate::id::ObjectId;
use crate::json::scan::Scanner;
use crate::json::{Member, Value};
use crate::timestamp::Timestamp;

/// The common properties, each well formed, not yet held against each other.
pub(super) struct Common<'a> {
    pub(super) id: ObjectId,
    pub(super) spec_version: Option<&'a str>,
    pub(super) created: Option<(Timestamp, &'a str)>,
    pub(super) modified: Option<(Timestamp, &'a str)>,
    pub(super) revoked: bool,
    pub(super) creator: Option<ObjectId>,
    pub(super) markings: Vec<ObjectId>,
    pub(super) granular: bool,
}

pub(super) fn common<'a>(members: &'a [Member<'_>]) -> Result<Common<'a>, Fault> {
    let (mut id_text, mut type_text) = (None, None);
    let (mut spec_version, mut created, mut modified, mut creator) = (None, None, None, None);
    let (mut revoked, mut granular, mut markings) = (false, false, Vec::new());
    for Member { key, value } in members {
        match key.as_ref() {
            "id" => id_text = Some(string(key, value)?),
            "type" => type_text = Some(string(key, value)?),
            "spec_version" => spec_version = Some(string(key, value)?),
            "created" => created = Some(timestamp(key, value)?),
            "modified" => modified = Some(timestamp(key, value)?),
            "created_by_ref" => {
                creator = Some(identifier(value).map_err(|fault| fault.within(key))?);
            }
            "object_marking_refs" => {
                markings = marking_refs(value).map_err(|fault| fault.within(key))?;
            }
            "granular_markings" => {
                granular = granular_markings(value).map_err(|fault| fault.within(key))?;
            }
            "revoked" => {
                let expected = || {
                    Fault::new(
                        key,
                        RULE_COMMON,
                        format!("is {}; it is true or false", value.described()),
                    )
                };
                revoked = value.as_bool().ok_or_else(expected)?;
            }
            _ => {}
        }
    }
    let id = agreed_id(id_text, type_text)?;
    Ok(Common {
        id,
        spec_version,
        created,
        modified,
        revoked,
        creator,
        markings,
        granular,
    })
}

fn agreed_id(id: Option<&str>, type_name: Option<&str>) -> Result<ObjectId, Fault> {
    let Some(type_name) = type_name else {
        return Err(Fault::new("", RULE_COMMON, "has no type: add it"));
    };
    if type_name == "bundle" {
        let message = "is a bundle, which is no object: send the objects in it";
        return Err(Fault::new("type", "STIX 2.1 section 8", message));
    }
    let Some(id) = id else {
        return Err(Fault::new(
            "",
            RULE_COMMON,
            "has no id: add one of the form type--UUID",
        ));
    };
    let parsed = ObjectId::parse(id)
        .map_err(|error| Fault::new("id", "STIX 2.1 section 2.9", format!("{id:?} {error}")))?;
    if parsed.type_name() != type_name {
        let message = format!(
            "begins with {:?}, but type is {type_name:?}; they must be the same",
            parsed.type_name()
        );
        return Err(Fault::new("id", "STIX 2.1 section 2.9", message));
    }
    Ok(parsed)
}

fn string<'a>(key: &str, value: &'a Value<'_>) -> Result<&'a str, Fault> {
    value.as_str().ok_or_else(|| {
        Fault::new(
            key,
            RULE_COMMON,
            format!("is {}; it is a string", value.described()),
        )
    })
}

fn timestamp<'a>(key: &str, value: &'a Value<'_>) -> Result<(Timestamp, &'a str), Fault> {
    let text = string(key, value)?;
    let at = Timestamp::parse(text);
    let at =
        at.map_err(|error| Fault::new(key, "STIX 2.1 section 2.16", format!("{text:?} {error}")))?;
    Ok((at, text))
}

fn list<'a, 'v>(value: &'a Value<'v>) -> Result<&'a [Value<'v>], Fault> {
    value.as_array().ok_or_else(|| {
        Fault::new(
            "",
            "STIX 2.1 section 2.12",
            format!("is {}; it is a list", value.described()),
        )
    })
}

/// A reference to an object.
pub(super) fn identifier(value: &Value<'_>) -> Result<ObjectId, Fault> {
    const RULE: &str = "STIX 2.1 section 2.9";
    let text = value.as_str().ok_or_else(|| {
        Fault::new(
            "",
            RULE,
            format!(
                "is {}; a reference is the id of an object",
                value.described()
            ),
        )
    })?;
    ObjectId::parse(text).map_err(|error| Fault::new("", RULE, format!("{text:?} {error}")))
}

/// Whether there are any. What a part is marked by must be a marking, for the same reason.
fn granular_markings(value: &Value<'_>) -> Result<bool, Fault> {
    let items = list(value)?;
    for (at, item) in items.iter().enumerate() {
        if let Some(reference) = item.member("marking_ref") {
            marking_id(reference)
                .map_err(|fault| fault.within("marking_ref").within(&format!("[{at}]")))?;
        }
    }
    Ok(!items.is_empty())
}

/// Release is decided by these, so what is no marking is refused rather than passed over.
fn marking_refs(value: &Value<'_>) -> Result<Vec<ObjectId>, Fault> {
    let mut markings = Vec::new();
    for (at, item) in list(value)?.iter().enumerate() {
        let id = marking_id(item).map_err(|fault| fault.within(&format!("[{at}]")))?;
        markings.push(id);
    }
    Ok(markings)
}

fn marking_id(value: &Value<'_>) -> Result<ObjectId, Fault> {
    let id = identifier(value)?;
    if id.type_name() == "marking-definition" {
        return Ok(id);
    }
    let message = format!("{id} is no marking-definition; only those mark objects");
    Err(Fault::new("", RULE_COMMON, message))
}

/// The value of the outermost `id` in a text that may be broken further on. For messages only.
pub(super) fn id_in(json: &str) -> Option<String> {
    let mut scanner = Scanner::new(json);
    scanner.skip_white_space();
    if !scanner.eat(b'{') {
        return None;
    }
    loop {
        scanner.skip_white_space();
        let key = scanner.string().ok()?;
        scanner.skip_white_space();
        scanner.expect(b':', "':'").ok()?;
        scanner.skip_white_space();
        if key == "id" {
            let id = scanner.string().ok()?;
            return Some(
                id.chars()
                    .filter(|letter| !letter.is_control())
                    .take(ID_CHARS_SHOWN)
                    .collect(),
            );
        }
        scanner.skip_value(0, ID_DEPTH_MAX).ok()?;
        scanner.skip_white_space();
        scanner.expect(b',', "','").ok()?;
    }
}

/// Longest well-formed identifier: 250 for the type, 2 hyphens, 36 for the UUID.
const ID_CHARS_SHOWN: usize = 288;
/// How deep the search for the id looks past other properties; it keeps one byte a level.
const ID_DEPTH_MAX: usize = 1 << 16;
