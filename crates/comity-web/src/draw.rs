//! Drawings of a page: relations, counts per day, and events by two clocks, as SVG written by the server.
//!
//! Each drawing comes with the rows of a table that says the same, for those who hear a page, print it or copy from it. What
//! others wrote is cut, shown without hidden characters and escaped here, so a template puts a drawing in as it is. Looks
//! come from classes of `assets/comity.css`: a policy that forbids inline styles stays as it is.
//!
//! In scope: where things stand, what is written there. Out of scope: what a person may see (the caller gives only that),
//! words of the page and times in a zone (they come in as text), I/O.

pub mod graph;
mod layout;
pub mod sparkline;
pub(crate) mod text;
pub mod timeline;

/// A text that leads to a page of this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What is shown: whole, with hidden characters made visible, not yet escaped.
    pub text: String,
    /// Where it leads; nothing when the address given was none of this node.
    pub href: Option<String>,
}

impl Link {
    fn new(text: &str, href: &str) -> Self {
        Self {
            text: text::shown(text),
            href: text::local(href).map(str::to_owned),
        }
    }
}
