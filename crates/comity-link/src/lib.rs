//! The node link: envelopes between two parties, their receipts, and the order of both.
//!
//! Whatever crosses between parties is an [`header`] with a sealed payload, inside a [`message`], inside a [`batch`];
//! the node link carries batches over HTTPS, [`file`] carries the same bytes on a stick. What is too large for an envelope
//! crosses in pieces ([`piece`]).
//!
//! In scope: the bytes of envelopes, messages and files; what is checked of them. Out of scope: sockets, rows, time.

pub mod batch;
pub mod channel;
pub mod file;
pub mod header;
pub mod message;
pub mod payload;
pub mod piece;
pub mod seal;

mod frame;
