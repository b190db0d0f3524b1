//! Pieces of HTML that are written outside templates.
//!
//! In scope: text that is HTML already. Out of scope: pages (`templates/`).

use std::fmt;

/// HTML that a template puts in as it is. Whoever makes one has escaped what others wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Html(pub(crate) String);

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}
