//! The node's store: the only place that knows SQL and the files of the object log.
//!
//! Two engines stand behind one interface: *embedded* (segment files and SQLite, in the node's folder) and *server*
//! (PostgreSQL). Objects go through [`objects::ObjectStore`]; all other state is ordinary rows behind [`state`].
//!
//! In scope: keeping, finding and paging; what is acknowledged is durable. Out of scope: who may do what, and when
//! (the node decides), any network but the database's.

pub mod attachment;
pub mod error;
pub mod objects;
pub mod state;
