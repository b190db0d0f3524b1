//! Tests of the server over its sockets: every reply, every limit, with a postmaster that keeps what it is given.
//!
//! In scope: what a client can see. Out of scope: what the node keeps, and crashes (the black-box tests of `comity`).

mod client;
mod limits;
mod mails;
mod tls;
