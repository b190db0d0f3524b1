//! The accord: who the parties are, by which keys they speak, and what they have agreed.
//!
//! In scope: node cards and their succession, the pair fingerprint, the accord's text, its signatures and differences,
//! the terms of release, commitments as agreed. Out of scope: judging an object (`comity-release`), judging a
//! commitment, keeping and sending.

pub mod agreement;
pub mod card;
pub mod difference;
pub mod digest;
pub mod enrolment;
pub mod evaluation;
pub mod fingerprint;
pub mod hidden;
pub mod keys;
pub mod party;
pub mod profile;
pub mod security_txt;
pub mod terms;
pub mod text;
