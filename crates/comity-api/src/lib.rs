//! The node's HTTP interface: TAXII 2.1, REST, the node link, and the socket by which commands reach a running node.
//!
//! Bytes become types here and nothing is decided: each handler reads the wire, calls one function of `comity-node`,
//! and writes the wire.
//!
//! In scope: listening, TLS, HTTP, authentication's wire forms, limits on what is read from the network.
//! Out of scope: rights, storage, talking to other servers (`comity-transport`).

pub mod authentication;
pub mod link;
pub mod local;
pub mod server;
pub mod settings;
pub mod taxii;

mod body;
mod client_certificate;
mod gzip;
mod log;
mod mta_sts;
mod rest;
mod router;
mod security_txt;
