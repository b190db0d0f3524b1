//! The simulator: many nodes in one process, with a clock, a network and disks that fail by a seed.
//!
//! In scope: driving the node's own link, ledger and rows through what can go wrong, and judging what must always hold.
//! Out of scope: sockets, threads, the object log.

pub mod random;
pub mod node;
