//! Pushing objects to a collection in batches that the server takes, with an account of every object.
//!
//! In scope: envelopes within `max_content_length` and [`BATCH_OBJECTS_MAX`]; splitting what a server refuses as a
//! whole until the object at fault is found; waiting for the status; objects that a server calls failed only
//! because it has them already (medallion does).
//! Out of scope: which objects may leave (`comity-release`), keeping the cursor (the caller does, batch by batch).
//!
//! Idempotent: the same batch may be pushed again after any failure.

use std::collections::HashSet;

use bytes::Bytes;
use reqwest::Url;
use serde::Deserialize;
use tokio::time::{Duration, Instant};

use crate::taxii::{PageQuery, Status, TaxiiClient, TaxiiError};

/// How many objects go into one envelope.
pub const BATCH_OBJECTS_MAX: usize = 1000;

/// The longest envelope for a server that names no limit of its own.
pub const ENVELOPE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// How many objects are looked up in the manifest at a time.
const LOOKED_UP_MAX: usize = 40;

/// `{"objects":[` and `]}`.
const FRAME_BYTES: usize = 14;

/// Where to, and how.
#[derive(Debug, Clone)]
pub struct Target {
    /// The API root.
    pub root: Url,
    /// The collection's id.
    pub collection: String,
    /// The API root's `max_content_length`.
    pub max_content_length: Option<u64>,
    /// Whether the collection's manifest may be read.
    pub can_read: bool,
    /// How long to wait for one status.
    pub status_timeout: Duration,
}

/// An object that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its id, or empty where it has none.
    pub id: String,
    /// What the server, or we, say of it.
    pub message: String,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchReport {
    /// Objects that the server took now.
    pub taken: u64,
    /// Objects that it had already.
    pub known: u64,
    /// Objects that it did not take.
    pub failures: Vec<Failure>,
    /// Objects that it failed to take without saying which.
    pub unnamed_failures: u64,
}

impl BatchReport {
    fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.known += other.known;
        self.failures.extend(other.failures);
        self.unnamed_failures += other.unnamed_failures;
    }

    /// Every object is at the server.
    pub fn whole(&self) -> bool {
        self.failures.is_empty() && self.unnamed_failures == 0
    }
}

/// Some objects, and where the caller stands after them.
#[derive(Debug, Clone)]
pub struct Batch<C> {
    /// The objects, each one's JSON.
    pub objects: Vec<Bytes>,
    /// The caller's own.
    pub cursor: C,
}

/// Why a push stopped. The batches reported before are at the server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError<E> {
    /// The server.
    #[error(transparent)]
    Taxii(#[from] TaxiiError),
    /// The source, or whoever takes the reports.
    #[error("cannot go on with the objects to push")]
    Caller(#[source] E),
}

/// Pushes batch after batch until the source has no more; each is reported, with its cursor, once the server has
/// answered for all of it.
///
/// # Errors
/// When the server, the source or the taker of reports fails.
pub async fn push<C, E>(
    client: &TaxiiClient,
    target: &Target,
    source: &mut impl AsyncFnMut() -> Result<Option<Batch<C>>, E>,
    report: &mut impl AsyncFnMut(BatchReport, C) -> Result<(), E>,
) -> Result<BatchReport, PushError<E>> {
    let mut whole = BatchReport::default();
    while let Some(batch) = source().await.map_err(PushError::Caller)? {
        let outcome = push_batch(client, target, &batch.objects).await?;
        whole.add(outcome.clone());
        report(outcome, batch.cursor)
            .await
            .map_err(PushError::Caller)?;
    }
    Ok(whole)
}

/// Pushes some objects, in as many envelopes as the server's limits ask for.
///
/// # Errors
/// When the server cannot be reached, or does not take envelopes at all.
pub async fn push_batch(
    client: &TaxiiClient,
    target: &Target,
    objects: &[Bytes],
) -> Result<BatchReport, TaxiiError> {
    let mut report = BatchReport::default();
    let bytes_max = target
        .max_content_length
        .filter(|limit| *limit > 0)
        .unwrap_or(u64::MAX)
        .min(ENVELOPE_BYTES_MAX);
    let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    let mut waiting: Vec<&[Bytes]> = vec![objects];
    while let Some(part) = waiting.pop() {
        let [first, rest @ ..] = part else { continue };
        if part.len() > BATCH_OBJECTS_MAX || envelope_bytes(part) > bytes_max && !rest.is_empty() {
            halve(part, &mut waiting);
            continue;
        }
        if envelope_bytes(part) > bytes_max {
            let message = format!("it is longer than the {bytes_max} bytes that the server takes");
            report.failures.push(Failure {
                id: Named::of(first).id,
                message,
            });
            continue;
        }
        match client
            .add_objects(&target.root, &target.collection, envelope(part))
            .await
        {
            Ok(status) => {
                let deadline = Instant::now() + target.status_timeout;
                let status = client.wait(&target.root, status, deadline).await?;
                report.add(account(client, target, part, status).await?);
            }
            Err(error) if divisible(&error) && !rest.is_empty() => halve(part, &mut waiting),
            Err(error) if divisible(&error) => {
                report.failures.push(Failure {
                    id: Named::of(first).id,
                    message: error.to_string(),
                });
            }
            Err(error) => report.add(stored_all_the_same(client, target, part, error).await?),
        }
    }
    Ok(report)
}

/// A server may store objects and then fail to say so (`OpenTAXII` 0.9.3 does): if its manifest has all of them, all
/// is well.
async fn stored_all_the_same(
    client: &TaxiiClient,
    target: &Target,
    sent: &[Bytes],
    error: TaxiiError,
) -> Result<BatchReport, TaxiiError> {
    if !target.can_read || !matches!(error, TaxiiError::Refused { status: 500.., .. }) {
        return Err(error);
    }
    let wanted = sent
        .iter()
        .map(Named::of)
        .map(|named| (named.id.clone(), named.version()))
        .collect::<Vec<_>>();
    let Ok(there) = present(client, target, &wanted).await else {
        return Err(error);
    };
    if wanted.iter().any(|(id, _)| !there.contains(id)) {
        return Err(error);
    }
    tracing::warn!(host = %client.host(), %error, "server stored the objects and failed to say so");
    Ok(BatchReport {
        taken: u64::try_from(sent.len()).unwrap_or(u64::MAX),
        ..BatchReport::default()
    })
}

/// Whether fewer objects may be taken where these are not: the fault is in the body, or in its length.
fn divisible(error: &TaxiiError) -> bool {
    matches!(
        error,
        TaxiiError::TooLarge { .. }
            | TaxiiError::Refused {
                status: 400 | 422,
                ..
            }
    )
}

/// The first half is to go first: the last in the list is taken next.
fn halve<'b>(part: &'b [Bytes], waiting: &mut Vec<&'b [Bytes]>) {
    let (first, second) = part.split_at(part.len() / 2);
    waiting.push(second);
    waiting.push(first);
}

fn envelope_bytes(objects: &[Bytes]) -> usize {
    FRAME_BYTES + objects.iter().map(|object| object.len() + 1).sum::<usize>()
}

fn envelope(objects: &[Bytes]) -> Bytes {
    let mut body = Vec::with_capacity(envelope_bytes(objects));
    body.extend_from_slice(b"{\"objects\":[");
    for (index, object) in objects.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(object);
    }
    body.extend_from_slice(b"]}");
    body.into()
}

/// Id and version of an object, as a manifest names them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    id: String,
    modified: Option<String>,
    created: Option<String>,
}

impl Named {
    fn of(object: &Bytes) -> Self {
        serde_json::from_slice(object).unwrap_or_default()
    }

    /// Section 4.3.1: `modified`, else `created`; an object with neither has one version only.
    fn version(self) -> Option<String> {
        self.modified.or(self.created)
    }
}

/// Puts a status into words about the objects sent.
async fn account(
    client: &TaxiiClient,
    target: &Target,
    sent: &[Bytes],
    status: Status,
) -> Result<BatchReport, TaxiiError> {
    let sent_count = u64::try_from(sent.len()).unwrap_or(u64::MAX);
    let failed = status.failures.unwrap_or_default();
    let named = u64::try_from(failed.len()).unwrap_or(u64::MAX);
    let failure_count = status.failure_count.max(named).min(sent_count);
    let mut report = BatchReport {
        taken: sent_count - failure_count,
        ..BatchReport::default()
    };
    report.unnamed_failures = failure_count.saturating_sub(named);
    if failed.is_empty() {
        return Ok(report);
    }
    let ids: HashSet<&str> = failed.iter().map(|detail| detail.id.as_str()).collect();
    let versions = sent
        .iter()
        .map(Named::of)
        // A server refuses to look for what cannot be an id, and has no such object anyway.
        .filter(|named| ids.contains(named.id.as_str()) && is_id(&named.id));
    let wanted: Vec<(String, Option<String>)> = versions
        .map(|named| (named.id.clone(), named.version()))
        .collect();
    let there = if target.can_read {
        present(client, target, &wanted).await?
    } else {
        HashSet::new()
    };
    for detail in failed {
        if there.contains(&detail.id) {
            report.known += 1;
            continue;
        }
        let message = detail
            .message
            .unwrap_or_else(|| "the server does not say why".to_owned());
        report.failures.push(Failure {
            id: detail.id,
            message,
        });
    }
    Ok(report)
}

/// The ids of those objects that the server has in the version sent.
async fn present(
    client: &TaxiiClient,
    target: &Target,
    wanted: &[(String, Option<String>)],
) -> Result<HashSet<String>, TaxiiError> {
    let mut there = HashSet::new();
    for some in wanted.chunks(LOOKED_UP_MAX) {
        let mut query = PageQuery {
            match_id: some.iter().map(|(id, _)| id.clone()).collect(),
            match_version: vec!["all".to_owned()],
            ..PageQuery::default()
        };
        for _ in 0..LOOKED_UP_MAX {
            let page = client
                .manifest(&target.root, &target.collection, &query)
                .await?;
            for record in &page.records {
                let same = |(id, version): &(String, Option<String>)| {
                    *id == record.id
                        && version
                            .as_ref()
                            .is_none_or(|version| same_time(version, &record.version))
                };
                if some.iter().any(same) {
                    there.insert(record.id.clone());
                }
            }
            query.next = page.next.filter(|_| page.more);
            if query.next.is_none() {
                break;
            }
        }
    }
    Ok(there)
}

/// Whether this has the form of a STIX id: a type and a UUID (STIX 2.1 section 2.9).
fn is_id(text: &str) -> bool {
    let uuid =
        |rest: &str| rest.len() == 36 && rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    text.split_once("--")
        .is_some_and(|(name, rest)| !name.is_empty() && uuid(rest))
}

/// Servers spell one time with three digits or with six.
fn same_time(one: &str, other: &str) -> bool {
    let parse = |text: &str| text.parse::<jiff::Timestamp>().ok();
    one == other || parse(one).is_some_and(|one| parse(other) == Some(one))
}

#[cfg(test)]
mod tests;
