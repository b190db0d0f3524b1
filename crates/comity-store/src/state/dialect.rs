//! The few ways in which the engines' SQL differs.
//!
//! In scope: how parameters are written. Out of scope: layouts (`migration`).

use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};

/// A statement as PostgreSQL wants it: `?1` becomes `$1`. Our statements hold no literal question mark.
pub(crate) fn for_postgres(sql: &'static str) -> String {
    static KNOWN: OnceLock<RwLock<HashMap<&'static str, String>>> = OnceLock::new();
    let known = KNOWN.get_or_init(RwLock::default);
    if let Some(found) = known
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(sql)
    {
        return found.clone();
    }
    let converted = sql.replace('?', "$");
    known
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(sql, converted.clone());
    converted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_renamed() {
        assert_eq!(
            for_postgres("SELECT a FROM b WHERE c = ?1 AND d = ?12"),
            "SELECT a FROM b WHERE c = $1 AND d = $12"
        );
    }
}
