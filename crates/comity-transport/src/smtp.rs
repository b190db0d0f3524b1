//! Mail by SMTP.
//!
//! In scope: the receiving server. Out of scope: what a mail says (`comity-mail`), who answers for an address (`comity-node`).

pub mod server;
