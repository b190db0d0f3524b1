//! Numbers for type names, so that an entry of a view stays small.
//!
//! In scope: giving numbers, and the way back. Out of scope: keeping them (`index`).
//! Limits: [`TYPES_MAX`] names; types beyond share the number [`CROWDED`], and who filters by them reads the objects.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// How many type names get a number of their own.
pub(crate) const TYPES_MAX: usize = 60_000;
/// The number of all types beyond [`TYPES_MAX`].
pub(crate) const CROWDED: u16 = u16::MAX;

/// The names in use, in the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct TypeNames {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    numbers: HashMap<String, u16>,
    names: Vec<String>,
}

impl TypeNames {
    /// The names as they were kept.
    pub(crate) fn new(names: Vec<String>) -> Self {
        let numbers = names.iter().cloned().zip(0..CROWDED).collect();
        Self {
            inner: RwLock::new(Inner { numbers, names }),
        }
    }

    /// The number of a name, if it has one.
    pub(crate) fn number(&self, name: &str) -> Option<u16> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let known = inner.numbers.get(name).copied();
        known.or_else(|| (inner.names.len() >= TYPES_MAX).then_some(CROWDED))
    }

    /// The number of a name, given now if it has none.
    pub(crate) fn number_or_new(&self, name: &str) -> u16 {
        if let Some(number) = self.number(name) {
            return number;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let number = u16::try_from(inner.names.len()).unwrap_or(CROWDED);
        inner.names.push(name.to_owned());
        inner.numbers.insert(name.to_owned(), number);
        number
    }

    /// All names, in the order of their numbers.
    pub(crate) fn all(&self) -> Vec<String> {
        self.inner
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .names
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers_and_those_beyond_the_limit_share_one() {
        let names = TypeNames::new(vec!["indicator".to_owned(), "malware".to_owned()]);
        assert_eq!(names.number("malware"), Some(1));
        assert_eq!(names.number("tool"), None);
        assert_eq!(names.number_or_new("tool"), 2);
        for i in 3..TYPES_MAX {
            names.number_or_new(&format!("x-{i}"));
        }
        assert_eq!(names.number_or_new("x-one-too-many"), CROWDED);
        assert_eq!(names.number("tool"), Some(2));
    }
}
