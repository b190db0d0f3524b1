//! Sockets to others: the HTTP client of the project, and the TAXII 2.1 client on it.
//!
//! In scope: TLS, credentials, limits, retries; reading from and writing to other TAXII servers.
//! Out of scope: what is pulled or pushed and where it is kept (`comity-node`), serving (`comity-api`).
//!
//! The crate starts no task and reads no wall clock: waiting uses the runtime's timer.

pub mod http;
pub mod pull;
pub mod push;
pub mod taxii;

#[cfg(test)]
mod mock;
