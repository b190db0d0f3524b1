//! Mail by SMTP.
//!
//! In scope: the receiving server, taking in what it kept, and the way out. Out of scope: what a mail says (`comity-mail`), who answers for an address and what
//! is due (`comity-node`).

pub mod client;
pub mod server;
pub mod taking;
