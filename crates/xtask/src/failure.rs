//! Why a task failed, and what mends it.
//!
//! In scope: the one error type of this program, made to be read by a person.
//! Out of scope: telling failures apart in code; a task either passes or it does not.

use std::fmt;
use std::path::Path;

/// A failure with an optional hint: what went wrong, then what to do.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: None,
        }
    }

    /// Adds the line that says what mends it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// An I/O failure at a named path.
    pub(crate) fn at(path: &Path, error: &std::io::Error) -> Self {
        Self::new(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)?;
        if let Some(hint) = &self.hint {
            write!(out, "\n\nhint: {hint}")?;
        }
        Ok(())
    }
}
