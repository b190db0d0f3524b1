//! Mail between parties, without sockets.
//!
//! In scope: addresses and what makes them valid, the guard before the parser, reading a mail, who sent it and how sure
//! that is, writing a mail. Out of scope: SMTP (`comity-transport`), what a mail does to cases and objects (`comity-node`).

pub mod archive;
pub mod assurance;
pub mod authentication;
pub mod carried;
pub mod compose;
pub mod dkim;
pub mod dns;
pub mod guard;
pub mod lookalike;
pub mod opening;
pub mod openpgp;
pub mod protect;
pub mod reading;
pub mod sts;
pub mod token;
