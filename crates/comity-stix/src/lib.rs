//! STIX 2.1 objects as Comity sees them: bytes that are kept as received, and views of those bytes.
//!
//! In scope: identifiers, timestamps, strict and canonical JSON, admission (the fast check of intake), full
//! validation, patterns, markings, versions, the upgrade from STIX 2.0, and the envelopes and bundles that carry objects.
//! Out of scope: storage, transport, policy. No I/O, no clock, no async.

pub mod admission;
pub mod bundle;
pub mod canonical;
pub mod deterministic_id;
mod edit;
pub mod envelope;
pub mod id;
pub mod json;
pub mod marking;
pub mod object_types;
mod observable;
pub mod pattern;
pub mod timestamp;
pub mod upgrade;
pub mod validate;
pub mod version;
