//! Mails through guard, reading and classifying, from outside.
//!
//! In scope: what attackers send and what programs in use send. Out of scope: rules of single modules (beside them).

#[path = "../generator/mod.rs"]
mod generator;

mod archive;
mod carried;
mod guard;
mod memory;
mod reading;
