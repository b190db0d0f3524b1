//! STIX 2.1 objects as Comity sees them: bytes that are kept as received, and views of those bytes.
//!
//! In scope: identifiers, timestamps, strict JSON, admission (the fast check of intake) and the envelopes
//! that carry objects.
//! Out of scope: storage, transport, policy. No I/O, no clock, no async.

pub mod admission;
pub mod canonical;
pub mod deterministic_id;
pub mod envelope;
pub mod id;
pub mod json;
pub mod marking;
pub mod object_types;
mod observable;
pub mod pattern;
pub mod timestamp;
pub mod validate;
