//! What a form or the query of an address holds.
//!
//! In scope: names and values as text. Out of scope: what they mean (`screens`).
//! Limits: [`FIELDS_MAX`] fields; the length of the whole is its reader's matter.

/// The most fields that are read.
const FIELDS_MAX: usize = 2_000;

/// Fields in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded` (URL standard section 5.1).
    pub(crate) fn read(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text).take(FIELDS_MAX);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// Fields that were read another way.
    pub(crate) fn of(fields: impl Iterator<Item = (String, String)>) -> Self {
        Self(fields.take(FIELDS_MAX).collect())
    }

    /// The first field of this name that is not empty, without space around it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.raw(name)
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }

    /// The same, or nothing.
    pub(crate) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// The first field of this name as it came.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(each, _)| each == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every field of this name that is not empty.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let of = self
            .0
            .iter()
            .filter(|(each, value)| each == name && !value.trim().is_empty());
        of.map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// Whether a box of this name was ticked.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_a_browser_sends_them() {
        let fields = Fields::read("q=198.51.100.7+evil%2Eexample&id=a&id=b&empty=&id=".as_bytes());
        assert_eq!(fields.get("q"), Some("198.51.100.7 evil.example"));
        assert_eq!(fields.all("id"), ["a", "b"]);
        assert_eq!(fields.get("empty"), None);
        assert!(!fields.is_on("empty"));
    }
}
