//! The node link: envelopes between two parties, their receipts, and the order of both.
//!
//! In scope: the bytes of envelopes, messages and files; what is checked of them. Out of scope: sockets, rows, time.
