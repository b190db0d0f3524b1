//! Identifiers: `type--UUID` (STIX 2.1 section 2.9) and type names (section 3.2, 7.3).
//!
//! In scope: syntax, and one canonical spelling. Any version and variant of UUID is taken: the standard only
//! recommends versions 4 and 5, and real data holds others. RFC 4122 section 3 makes UUIDs case-insensitive on
//! input, so upper case is read; an [`ObjectId`] is always written in lower case.
//! Out of scope: making identifiers from content (`deterministic_id`).

use std::borrow::Cow;
use std::fmt;

use uuid::Uuid;

use crate::object_types;

/// Shortest type name in characters: STIX 2.1 section 11.2, and STIX 2.0 section 7.2 alike.
pub const TYPE_NAME_CHARS_MIN: usize = 3;
/// Longest type name in characters: STIX 2.1 section 11.2, and STIX 2.0 section 7.2 alike.
pub const TYPE_NAME_CHARS_MAX: usize = 250;
/// Length of a UUID in its 8-4-4-4-12 form.
const UUID_CHARS: usize = 36;

/// The name of an object type, such as `indicator` or `x-mitre-tactic`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeName(Cow<'static, str>);

impl TypeName {
    /// Reads a type name: 3 to 250 of `a-z`, `0-9` and single hyphens, none at either end.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if let Some(known) = object_types::standard_name(text) {
            return Ok(Self(Cow::Borrowed(known)));
        }
        check_type_name(text)?;
        Ok(Self(Cow::Owned(text.to_owned())))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The identifier of an object: its type and a UUID.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    type_name: TypeName,
    uuid: Uuid,
}

impl ObjectId {
    /// The identifier of an object of this type.
    pub fn new(type_name: TypeName, uuid: Uuid) -> Self {
        Self { type_name, uuid }
    }

    /// Reads `type--uuid`.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let split = text.len().checked_sub(UUID_CHARS).ok_or(IdError::Shape)?;
        let (head, tail) = text.split_at_checked(split).ok_or(IdError::Shape)?;
        let name = head.strip_suffix("--").ok_or(IdError::Shape)?;
        let uuid = Uuid::try_parse(tail).map_err(|_| IdError::Uuid)?;
        Ok(Self {
            type_name: TypeName::parse(name)?,
            uuid,
        })
    }

    /// The type, such as `indicator`.
    pub fn type_name(&self) -> &str {
        self.type_name.as_str()
    }

    /// The UUID.
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}--{}", self.type_name.0, self.uuid.hyphenated())
    }
}

impl std::str::FromStr for ObjectId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Why a text is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Not `type--UUID` at all.
    #[error("is not of the form type--UUID")]
    Shape,
    /// The part after `--` is not a UUID.
    #[error("does not end in a UUID of the form 8-4-4-4-12 hexadecimal digits")]
    Uuid,
    /// The type name is too short or too long.
    #[error(
        "names a type of {chars} characters; a type name has {TYPE_NAME_CHARS_MIN} to {TYPE_NAME_CHARS_MAX}"
    )]
    TypeLength {
        /// How many it has.
        chars: usize,
    },
    /// The type name holds something else than `a-z`, `0-9` and single hyphens.
    #[error("names a type with characters other than a-z, 0-9 and single hyphens between them")]
    TypeCharacters,
}

fn check_type_name(text: &str) -> Result<(), IdError> {
    if !(TYPE_NAME_CHARS_MIN..=TYPE_NAME_CHARS_MAX).contains(&text.len()) {
        return Err(IdError::TypeLength {
            chars: text.chars().count(),
        });
    }
    let mut previous = b'-';
    for byte in text.bytes() {
        let good = byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || (byte == b'-' && previous != b'-');
        if !good {
            return Err(IdError::TypeCharacters);
        }
        previous = byte;
    }
    if previous == b'-' {
        Err(IdError::TypeCharacters)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{IdError, ObjectId, TypeName};

    fn check(text: &str, expected: Result<&str, IdError>) {
        let found = ObjectId::parse(text).map(|id| id.to_string());
        assert_eq!(found, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn reads_and_writes_identifiers() {
        let canonical = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
        check(canonical, Ok(canonical));
        check(
            "indicator--8E2E2D2B-17D4-4CBF-938F-98EE46B3CD3F",
            Ok(canonical),
        );
        check(
            "x-mitre-tactic--00000000-0000-0000-0000-000000000000",
            Ok("x-mitre-tactic--00000000-0000-0000-0000-000000000000"),
        );
        check("", Err(IdError::Shape));
        check("8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", Err(IdError::Shape));
        check(
            "indicator-8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            Err(IdError::Shape),
        );
        check(
            "indicator--8e2e2d2b17d44cbf938f98ee46b3cd3f",
            Err(IdError::Shape),
        );
        check(
            "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3g",
            Err(IdError::Uuid),
        );
        check(
            "indicator--8e2e2d2b-17d4-4cbf-938f9-8ee46b3cd3f",
            Err(IdError::Uuid),
        );
        check(
            "Indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            Err(IdError::TypeCharacters),
        );
        check(
            "a--b--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            Err(IdError::TypeCharacters),
        );
        check(
            "foo---8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            Err(IdError::TypeCharacters),
        );
        check(
            "xy--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
            Err(IdError::TypeLength { chars: 2 }),
        );
        check(
            "é--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3é",
            Err(IdError::Shape),
        );
    }

    #[test]
    fn bounds_the_length_of_type_names() {
        assert!(TypeName::parse(&"a".repeat(250)).is_ok());
        assert_eq!(
            TypeName::parse(&"a".repeat(251)),
            Err(IdError::TypeLength { chars: 251 })
        );
    }
}
