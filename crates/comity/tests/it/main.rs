//! The outside view of a node: everything here is reached as an outsider reaches it, by the command line and by HTTP.
//!
//! One binary, a module a subject. `rules_*` go through the standards rule by rule (`rules.table` has a row for
//! each), `ambiguities` through the places where TAXII 2.1 leaves a choice, the rest through what the project
//! promises beyond the standards.
//!
//! In scope: a real node of the real program on a real port, on both stores where the store could matter.
//! Out of scope: anything that needs to look inside a crate.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    clippy::doc_markdown,
    clippy::format_push_string,
    reason = "test code: a panic is a failed test"
)]

mod accounts;
mod ambiguities;
mod bad_input;
mod cases;
mod cli;
mod durability;
mod exchange;
mod foreign;
mod http;
mod imports;
mod ledger;
mod mail;
mod node;
mod oidc;
mod pages;
mod rest;
mod rules;
mod rules_endpoints;
mod rules_semantics;
mod rules_stix;
mod rules_transport;
mod sample;
mod secure_transport;
