//! What became of a request to add objects: the TAXII 2.1 status resource (section 4.3) as the store keeps it.
//!
//! In scope: the record, and how its part besides the added objects is kept. Out of scope: the wire form.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::StoreError;

/// Statuses are kept this long: twice the 24 hours that TAXII 2.1 section 4.3 asks for.
pub(crate) const STATUS_KEPT_MICROS: i64 = 48 * 3_600 * 1_000_000;

/// A finished request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its id.
    pub id: Uuid,
    /// When the request came, microseconds since 1970.
    pub requested: i64,
    /// Objects that the view now holds, whether this request added them or found them there.
    pub successes: Vec<Detail>,
    /// Objects that were refused, with the reason.
    pub failures: Vec<Detail>,
}

/// One object of a status (section 4.3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The object's id as received; for an object that has none, where it stood in the request.
    pub id: String,
    /// The object's version as received, or a value of the server's.
    pub version: String,
    /// What is to be said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The part of a status that the added objects themselves do not tell.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Notes {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unchanged: Vec<Detail>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) failures: Vec<Detail>,
}

impl Notes {
    /// The stored form; empty when there is nothing to tell.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        if self.unchanged.is_empty() && self.failures.is_empty() {
            return Vec::new();
        }
        serde_json::to_vec(self).expect("invariant: strings and lists always serialise")
    }

    /// From the stored form.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(bytes).map_err(|e| StoreError::Row {
            table: "object log",
            what: format!("notes of a status: {e}"),
        })
    }
}
