//! Cases between two real nodes: each act by the commands that an officer gives.
//!
//! In scope: that both sides come to the same, what is refused and why, that release rules hold for messages too.
//! Out of scope: every row of every table (`comity-case`).

mod addresses;
mod commitments;
mod contacts;
mod evidence;
mod exercises;
mod hotline;
mod incidents;
pub(crate) mod joint;
mod persons;
mod proxy;
mod request_ways;
pub(crate) mod requests;
pub(crate) mod scorecards;
