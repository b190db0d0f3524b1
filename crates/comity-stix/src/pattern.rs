//! STIX patterns (STIX 2.1 section 9).
//!
//! In scope: the values a pattern compares with, for lookup.
//! Out of scope: matching patterns against observed data.

mod lexer;
pub(crate) mod literals;
