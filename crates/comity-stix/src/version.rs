//! Versions of objects (STIX 2.1 section 3.6): which is the newest, and how one is revoked.
//!
//! In scope: order, and the text of a revoking version. Out of scope: who may make it (only the object's creator),
//! storing it.

use crate::admission::{AdmissionError, Admitted, Limits, Version, admit};
use crate::edit::Edit;
use crate::json;
use crate::timestamp::Timestamp;

/// The newest of these versions: the one modified last, in whatever order they came.
pub fn newest<'a>(versions: impl IntoIterator<Item = &'a Version>) -> Option<&'a Version> {
    versions.into_iter().max_by_key(|version| version.at)
}

/// Why an object cannot be revoked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RevokeError {
    /// It is not admissible to begin with.
    #[error(transparent)]
    Object(#[from] AdmissionError),
    /// Objects of its type have no versions.
    #[error(
        "{0} has no versions and cannot be revoked; only objects with created and modified can"
    )]
    Unversioned(String),
    /// It was revoked before, and that is final.
    #[error("{0} is revoked already, and that is final")]
    Revoked(String),
    /// The new version would not be newer.
    #[error("{id} was modified {modified}; the version that revokes it must be later")]
    NotLater {
        /// The object.
        id: String,
        /// Its present version, as spelled.
        modified: String,
    },
}

/// The version of this object that revokes it at this time: `revoked` and `modified` change, every other byte stays.
pub fn revoke(json: &str, at: Timestamp) -> Result<String, RevokeError> {
    let limits = Limits::EXCHANGE;
    let admitted = admit(json, &limits)?;
    check(&admitted, at)?;
    let object = json::parse(json, &limits.json())
        .expect("an admitted object is JSON within the same limits");
    if object.member("modified").is_none() {
        return Err(RevokeError::Unversioned(admitted.id.to_string()));
    }
    let mut edit = Edit::new(&object);
    edit.set("modified", &format!("\"{}\"", at.to_stix()));
    edit.set("revoked", "true");
    Ok(edit.finish())
}

fn check(admitted: &Admitted, at: Timestamp) -> Result<(), RevokeError> {
    let id = || admitted.id.to_string();
    let Some(version) = &admitted.version else {
        return Err(RevokeError::Unversioned(id()));
    };
    if admitted.revoked {
        return Err(RevokeError::Revoked(id()));
    }
    if at <= version.at {
        return Err(RevokeError::NotLater {
            id: id(),
            modified: version.text.clone(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{RevokeError, newest, revoke};
    use crate::admission::Version;
    use crate::timestamp::Timestamp;

    const TOOL: &str = "{\"type\":\"tool\", \"id\":\"tool--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f\",\n \"created\":\"2016-04-06T20:03:48.000Z\",\"modified\" : \"2016-04-06T20:03:48.1Z\",\"name\":\"\\u0061\", \"x_n\":1.0e2}";

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn revoking_changes_two_properties_only() {
        let revoked = revoke(TOOL, at("2017-01-01T00:00:00Z")).unwrap();
        let expected = TOOL
            .replace("2016-04-06T20:03:48.1Z", "2017-01-01T00:00:00.000Z")
            .replace("1.0e2}", "1.0e2,\"revoked\":true}");
        assert_eq!(revoked, expected);
        assert!(matches!(
            revoke(&revoked, at("2018-01-01T00:00:00Z")),
            Err(RevokeError::Revoked(_))
        ));
        let unrevoked = TOOL.replace("{\"type\"", "{\"revoked\":false,\"type\"");
        assert!(
            revoke(&unrevoked, at("2017-01-01T00:00:00Z"))
                .unwrap()
                .starts_with("{\"revoked\":true,\"type\"")
        );
    }

    #[test]
    fn refuses_what_cannot_be_revoked() {
        assert!(matches!(
            revoke(TOOL, at("2016-04-06T20:03:48.1Z")),
            Err(RevokeError::NotLater { .. })
        ));
        assert!(matches!(
            revoke("{}", at("2017-01-01T00:00:00Z")),
            Err(RevokeError::Object(_))
        ));
        let url = r#"{"type":"url","id":"url--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","value":"https://example.com"}"#;
        assert!(matches!(
            revoke(url, at("2017-01-01T00:00:00Z")),
            Err(RevokeError::Unversioned(_))
        ));
        let marking = r#"{"type":"marking-definition","id":"marking-definition--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","created":"2016-01-01T00:00:00.000Z"}"#;
        assert!(matches!(
            revoke(marking, at("2017-01-01T00:00:00Z")),
            Err(RevokeError::Unversioned(_))
        ));
    }

    #[test]
    fn the_newest_is_the_one_modified_last() {
        let version = |text: &str| Version {
            at: at(text),
            text: text.to_owned(),
        };
        let versions = [
            version("2017-01-01T00:00:00Z"),
            version("2018-01-01T00:00:00.5Z"),
            version("2018-01-01T00:00:00.49Z"),
        ];
        assert_eq!(
            newest(&versions).map(|version| version.text.as_str()),
            Some("2018-01-01T00:00:00.5Z")
        );
        assert_eq!(newest([]), None);
    }
}
