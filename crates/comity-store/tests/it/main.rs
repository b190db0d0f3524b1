//! What the store promises, tested from outside on both engines: the same test runs on the embedded store and, where
//! `COMITY_TEST_POSTGRES` names a server, on PostgreSQL; `model` runs random scripts on both and on a plain map.
//!
//! In scope: everything behind `ObjectStore` and `State`, over reopening and crashes.
//! Out of scope: the layout of single files, which the modules of the crate test themselves.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::doc_markdown,
    clippy::format_push_string,
    clippy::cloned_ref_to_slice_refs,
    clippy::type_complexity,
    clippy::fn_params_excessive_bools,
    clippy::too_many_lines,
    reason = "test code: a panic is a failed test, and tables of cases are long"
)]

mod adding;
mod addresses;
mod blocks;
mod certificates;
mod crashes;
mod engine;
mod evidence;
mod finding;
mod held;
mod judged;
mod layouts;
mod lists;
mod mail;
mod mail_out;
mod model;
mod paging;
mod removing;
mod sample;
mod signing_in;
mod state;
mod statuses;
mod versions;
