//! Sockets to others: the HTTP client of the project, the TAXII 2.1 client on it, and the server that takes mail.
//!
//! In scope: TLS, credentials, limits, retries; reading from and writing to other TAXII servers; asking name servers; SMTP and
//! LMTP as mail comes in. Out of scope: what is pulled, pushed or received and where it is kept (`comity-node`), serving HTTP
//! (`comity-api`).
//!
//! The crate reads no wall clock but where `mail-auth` does for the times of signatures: waiting uses the runtime's timer. It
//! starts tasks in [`link`] and in [`smtp`] alone.

pub mod dns;
pub mod http;
pub mod link;
pub mod mail_authentication;
pub mod name_server;
pub mod oidc;
pub mod pull;
pub mod push;
pub mod smtp;
pub mod taxii;

#[cfg(test)]
mod mock;
