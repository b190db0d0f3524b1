//! Pages: what is asked for, and what comes back.
//!
//! In scope: the filters and paging parameters of section 3.4; cutting an envelope into its objects without
//! changing a byte of them.

use bytes::Bytes;
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::resources::{ManifestRecord, token};
use super::{Answer, TaxiiError, decode, not_taxii};

/// Filters and paging (section 3.4). Several values of one `match` field mean any of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// Only what was added after this time.
    pub added_after: Option<String>,
    /// The server's token for the next page.
    pub next: Option<String>,
    /// The most objects on a page.
    pub limit: Option<u32>,
    /// `match[id]`.
    pub match_id: Vec<String>,
    /// `match[type]`.
    pub match_type: Vec<String>,
    /// `match[version]`.
    pub match_version: Vec<String>,
    /// `match[spec_version]`.
    pub match_spec_version: Vec<String>,
}

impl PageQuery {
    pub(super) fn apply(&self, mut url: Url) -> Url {
        let limit = self.limit.map(|limit| limit.to_string());
        let joined = |values: &[String]| (!values.is_empty()).then(|| values.join(","));
        let pairs = [
            ("added_after", self.added_after.clone()),
            ("next", self.next.clone()),
            ("limit", limit),
            ("match[id]", joined(&self.match_id)),
            ("match[type]", joined(&self.match_type)),
            ("match[version]", joined(&self.match_version)),
            ("match[spec_version]", joined(&self.match_spec_version)),
        ];
        let given = pairs
            .iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)));
        if given.clone().next().is_some() {
            url.query_pairs_mut().extend_pairs(given);
        }
        url
    }
}

/// A page of objects.
#[derive(Debug, Clone)]
pub struct Page {
    /// The envelope, byte for byte.
    pub body: Bytes,
    /// Its objects, byte for byte: parts of `body`.
    pub objects: Vec<Bytes>,
    /// The server has more.
    pub more: bool,
    /// The token for the next page.
    pub next: Option<String>,
    /// `date_added` of the first object, where the server says it.
    pub date_added_first: Option<String>,
    /// `date_added` of the last object, where the server says it.
    pub date_added_last: Option<String>,
}

/// A page of the manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManifestPage {
    /// Its records.
    pub records: Vec<ManifestRecord>,
    /// The server has more.
    pub more: bool,
    /// The token for the next page.
    pub next: Option<String>,
    /// `date_added` of the last record, where the server says it.
    pub date_added_last: Option<String>,
}

/// A page of versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionsPage {
    /// The versions.
    pub versions: Vec<String>,
    /// The server has more.
    pub more: bool,
    /// The token for the next page.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct Envelope<'b> {
    #[serde(default)]
    more: Option<bool>,
    #[serde(default, deserialize_with = "token")]
    next: Option<String>,
    #[serde(default, borrow)]
    objects: Option<Vec<&'b RawValue>>,
}

#[derive(Deserialize)]
struct Records {
    #[serde(default)]
    more: Option<bool>,
    #[serde(default, deserialize_with = "token")]
    next: Option<String>,
    #[serde(default)]
    objects: Option<Vec<ManifestRecord>>,
    #[serde(default)]
    versions: Option<Vec<String>>,
}

impl Page {
    /// Cuts an answer into its objects.
    ///
    /// # Errors
    /// When it is no envelope.
    pub fn read(answer: Answer) -> Result<Self, TaxiiError> {
        let envelope: Envelope = match serde_json::from_slice(&answer.body) {
            Ok(envelope) => envelope,
            Err(error) => return Err(not_taxii(&answer, "objects", &error)),
        };
        let whole = &answer.body;
        let objects = envelope.objects.unwrap_or_default();
        let objects: Vec<Bytes> = objects
            .into_iter()
            .map(|object| whole.slice_ref(object.get().as_bytes()))
            .collect();
        let first = header(&answer, FIRST);
        // medallion sends no -Last beside the -First of a single object.
        let only = first.clone().filter(|_| objects.len() == 1);
        Ok(Self {
            more: envelope.more.unwrap_or(false),
            next: envelope.next,
            date_added_last: header(&answer, LAST).or(only),
            date_added_first: first,
            objects,
            body: answer.body,
        })
    }
}

impl ManifestPage {
    /// Reads an answer.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read(answer: &Answer) -> Result<Self, TaxiiError> {
        let found: Records = decode(answer, "the manifest")?;
        let records = found.objects.unwrap_or_default();
        let last = records.last().map(|record| record.date_added.clone());
        Ok(Self {
            more: found.more.unwrap_or(false),
            next: found.next,
            date_added_last: header(answer, LAST).or(last),
            records,
        })
    }
}

impl VersionsPage {
    /// Reads an answer.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read(answer: &Answer) -> Result<Self, TaxiiError> {
        let found: Records = decode(answer, "versions")?;
        let versions = found.versions.unwrap_or_default();
        Ok(Self {
            versions,
            more: found.more.unwrap_or(false),
            next: found.next,
        })
    }
}

const FIRST: &str = "x-taxii-date-added-first";
const LAST: &str = "x-taxii-date-added-last";

fn header(answer: &Answer, name: &str) -> Option<String> {
    answer
        .header(name)
        .map(str::trim)
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
}
