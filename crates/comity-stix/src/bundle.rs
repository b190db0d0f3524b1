//! Bundles (STIX 2.1 section 8): a file or message of objects. TAXII 2.1 does not use them.
//!
//! In scope: writing one around objects as they are kept, whole or piece by piece. A bundle held in memory is read
//! like an envelope (`envelope::read`), which has the same list of objects.
//! Out of scope: reading one from a stream (`comity-formats`).

use uuid::Uuid;

/// What a bundle begins with; objects follow, [`SEPARATOR`] between them, then [`TAIL`].
pub fn head(uuid: Uuid) -> String {
    format!(
        "{{\"type\":\"bundle\",\"id\":\"bundle--{}\",\"objects\":[",
        uuid.hyphenated()
    )
}

/// What stands between two objects.
pub const SEPARATOR: &str = ",\n";

/// What a bundle ends with.
pub const TAIL: &str = "]}\n";

/// A bundle of these objects, each as it is. Without objects the list is left out: no list is empty (section 2.12).
pub fn write<'a>(uuid: Uuid, objects: impl IntoIterator<Item = &'a str>) -> String {
    let mut objects = objects.into_iter();
    let Some(first) = objects.next() else {
        return format!(
            "{{\"type\":\"bundle\",\"id\":\"bundle--{}\"}}\n",
            uuid.hyphenated()
        );
    };
    let mut out = head(uuid);
    out.push_str(first);
    for object in objects {
        out.push_str(SEPARATOR);
        out.push_str(object);
    }
    out.push_str(TAIL);
    out
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::envelope::{EnvelopeLimits, read};
    use uuid::Uuid;

    #[test]
    fn what_is_written_is_read_back_byte_for_byte() {
        for objects in [
            vec![],
            vec!["{ \"a\":1}"],
            vec!["{}", "{\"b\":\"\\u00e9\"}"],
        ] {
            let bundle = write(Uuid::nil(), objects.iter().copied());
            assert_eq!(
                read(bundle.as_bytes(), &EnvelopeLimits::EXCHANGE),
                Ok(objects)
            );
        }
        assert_eq!(
            write(Uuid::nil(), []),
            "{\"type\":\"bundle\",\"id\":\"bundle--00000000-0000-0000-0000-000000000000\"}\n"
        );
    }
}
