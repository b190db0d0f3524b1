//! Sockets to others: the HTTP client of the project, and the TAXII 2.1 client on it.
//!
//! In scope: TLS, credentials, limits, retries; reading from and writing to other TAXII servers; asking name servers.
//! Out of scope: what is pulled or pushed and where it is kept (`comity-node`), serving (`comity-api`).
//!
//! The crate reads no wall clock but where `mail-auth` does for the times of signatures: waiting uses the runtime's timer. It starts tasks in [`link`] alone.

pub mod dns;
pub mod http;
pub mod link;
pub mod mail_authentication;
pub mod pull;
pub mod push;
pub mod smtp;
pub mod taxii;

#[cfg(test)]
mod mock;
