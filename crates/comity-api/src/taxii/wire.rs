//! The resources of TAXII 2.1 as they stand on the wire.
//!
//! In scope: discovery (4.1), API root (4.2), status (4.3), collections (5.1, 5.2), manifest (5.3.1), versions (5.8).
//! Out of scope: envelopes of objects, which are bytes (`objects`).

use comity_node::collection::Visible;
use comity_stix::timestamp::Timestamp;
use comity_store::objects::query::PageItem;
use comity_store::objects::status::{Detail, Status};
use serde::Serialize;

use crate::taxii::media::{STIX_20, STIX_21};

/// Section 4.1.1.
#[derive(Serialize)]
pub(crate) struct Discovery<'a> {
    pub(crate) title: &'a str,
    pub(crate) description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<&'a str>,
    pub(crate) default: &'a str,
    pub(crate) api_roots: [&'a str; 1],
}

/// Section 4.2.1.
#[derive(Serialize)]
pub(crate) struct ApiRoot<'a> {
    pub(crate) title: &'a str,
    pub(crate) description: &'static str,
    pub(crate) versions: [&'static str; 1],
    pub(crate) max_content_length: usize,
}

/// Section 5.1.1. An empty list is left out (section 2).
#[derive(Serialize)]
pub(crate) struct Collections<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) collections: Vec<Collection<'a>>,
}

/// Section 5.2.1.
#[derive(Serialize)]
pub(crate) struct Collection<'a> {
    id: String,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alias: Option<&'a str>,
    can_read: bool,
    can_write: bool,
    media_types: [&'static str; 2],
}

impl<'a> From<&'a Visible> for Collection<'a> {
    fn from(visible: &'a Visible) -> Self {
        let collection = &visible.collection;
        Self {
            id: collection.id.to_string(),
            title: &collection.title,
            description: collection.description.as_deref(),
            alias: collection.alias.as_deref(),
            can_read: visible.rights.read,
            can_write: visible.rights.write,
            media_types: [STIX_21, STIX_20],
        }
    }
}

/// Section 5.3.1, with `next`, which the table of its query parameters presupposes.
#[derive(Serialize)]
pub(crate) struct Manifest {
    pub(crate) more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) objects: Vec<ManifestRecord>,
}

/// Section 5.3.1.
#[derive(Serialize)]
pub(crate) struct ManifestRecord {
    id: String,
    date_added: String,
    version: String,
    media_type: &'static str,
}

impl From<PageItem> for ManifestRecord {
    fn from(item: PageItem) -> Self {
        Self {
            id: item.id.to_string(),
            date_added: moment(item.added),
            version: item.version,
            media_type: if item.spec_20 { STIX_20 } else { STIX_21 },
        }
    }
}

/// Section 5.8.1, with `next` as in [`Manifest`].
#[derive(Serialize)]
pub(crate) struct VersionList {
    pub(crate) more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) versions: Vec<String>,
}

/// Section 4.3.1. A request is durable before it is answered, so its status is complete from the start.
#[derive(Serialize)]
pub(crate) struct StatusResource<'a> {
    id: String,
    status: &'static str,
    request_timestamp: String,
    total_count: usize,
    success_count: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    successes: &'a [Detail],
    failure_count: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failures: &'a [Detail],
    pending_count: usize,
}

impl<'a> From<&'a Status> for StatusResource<'a> {
    fn from(status: &'a Status) -> Self {
        Self {
            id: status.id.to_string(),
            status: "complete",
            request_timestamp: moment(status.requested),
            total_count: status.successes.len() + status.failures.len(),
            success_count: status.successes.len(),
            successes: &status.successes,
            failure_count: status.failures.len(),
            failures: &status.failures,
            pending_count: 0,
        }
    }
}

/// A moment as TAXII spells it: exactly microseconds (section 2).
pub(crate) fn moment(micros: i64) -> String {
    Timestamp::from_micros(micros).map_or_else(String::new, |at| at.to_string())
}
