//! The node: use cases and background jobs, between the edges and the store.
//!
//! A page, a command and an HTTP call for one act call the same function here. The node owns the clock and the
//! randomness; the edges know no policy and the store makes no decision.
//!
//! In scope: opening a node's folder, accounts and rights, intake, reading, the commands of the command line.
//! Out of scope: HTTP (`comity-api`), other servers (`comity-transport`), rows and files (`comity-store`).

pub mod account;
pub mod address;
pub mod case;
pub mod clock;
pub mod collection;
pub mod command;
pub mod contact;
pub mod due;
pub mod exchange;
pub mod folder;
pub mod intake;
pub mod jobs;
pub mod ledger;
pub mod link;
pub mod mail;
pub mod node;
pub mod operation;
pub mod pasted;
pub mod person;
pub mod reading;
pub mod refusal;
pub mod sighting;

mod anything;
mod closed;
mod execute;
mod joined;
mod throttle;
mod value;
