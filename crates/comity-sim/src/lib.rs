//! The simulator: many nodes in one process, with a clock, a network and disks that fail by a seed.
//!
//! In scope: driving the node's own link, ledger and rows through what can go wrong, and judging what must always hold.
//! Out of scope: sockets, threads, the object log.

mod cases;
pub mod facts;
pub mod fault;
pub mod forger;
pub mod guard;
pub mod invariants;
pub mod network;
pub mod node;
pub mod random;
pub mod run;
pub mod settle;
pub mod step;
pub mod world;
