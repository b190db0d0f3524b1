//! The ledger: one append-only C2SP `tlog-tiles` log a node, and everything that proves something about one.
//!
//! An auditor verifies our ledger with nothing but this crate; its modules carry the specifications' names.
//!
//! In scope: signed notes and their keys, the tree, tiles, checkpoints, cosignatures, proofs, policies, the witness's
//! decisions, commitments and their openings. Out of scope: keeping any of it (`comity-store`), sending it
//! (`comity-link`), what an entry means.

pub mod checkpoint;
pub mod commitment;
pub mod cosignature;
mod encoding;
pub mod epoch;
pub mod equivocation;
pub mod fsck;
pub mod key;
pub mod layout;
pub mod leaf;
pub mod mirror;
pub mod note;
pub mod policy;
pub mod proof;
pub mod tile;
pub mod tree;
pub mod witness;
