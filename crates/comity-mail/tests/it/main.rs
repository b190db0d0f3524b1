//! Mails through guard, reading and classifying, from outside.
//!
//! In scope: what attackers send and what programs in use send. Out of scope: rules of single modules (beside them).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout
)]

mod generator;

mod archive;
mod assurance;
mod carried;
mod compose;
mod gnupg;
mod guard;
mod memory;
mod mutations;
mod opening;
mod openpgp;
mod reading;
