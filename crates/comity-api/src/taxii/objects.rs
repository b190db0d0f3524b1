//! Objects of a collection (TAXII 2.1 sections 5.3 to 5.8) and statuses (4.3).
//!
//! In scope: reading the request, one call of the node, the answer with its headers. Out of scope: rights, storage.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use comity_node::node::Node;
use comity_node::reading::{Asked, ReadError};
use comity_store::objects::query::{Page, PageItem, Piece};
use comity_store::state::collection::Collection;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use serde::Serialize;

use crate::body::Pieces;
use crate::gzip;
use crate::router::Api;
use crate::taxii::Call;
use crate::taxii::error::Problem;
use crate::taxii::media::{TAXII, check_content_type, takes_gzip};
use crate::taxii::query::{self, Endpoint, write_next};
use crate::taxii::wire::{Manifest, ManifestRecord, StatusResource, VersionList, moment};

/// A body up to this size is admitted at once: handing it to another thread would take longer.
const INLINE_BYTES_MAX: usize = 16 * 1024;

const ADDED_FIRST: &str = "x-taxii-date-added-first";
const ADDED_LAST: &str = "x-taxii-date-added-last";

/// GET `collections/{id}/objects/`.
pub(crate) async fn page(call: Call, name: &str) -> Result<Response, Problem> {
    let asked = call.asked(Endpoint::List, name)?;
    let (node, gzip) = (&call.api.node, takes_gzip(&call.parts.headers));
    if let Some(page) = node.page_at_hand(&call.caller.name, name, &asked, gzip) {
        let when_empty = asked.added_after.unwrap_or_else(|| node.clock().now());
        return Ok(envelope_response(page, name, gzip, when_empty));
    }
    call.answer_page(name, asked, Node::page).await
}

/// GET `collections/{id}/objects/{object}/`.
pub(crate) async fn object(call: Call, name: &str, object: &str) -> Result<Response, Problem> {
    let asked = call.asked_of(Endpoint::Object, name, object)?;
    call.answer_page(name, asked, Node::object_page).await
}

/// GET `collections/{id}/manifest/`.
pub(crate) async fn manifest(call: Call, name: &str) -> Result<Response, Problem> {
    let asked = call.asked(Endpoint::List, name)?;
    let since = asked.added_after;
    let (items, more) = items(&call.api, &call.caller.name, name, asked, Node::manifest).await?;
    let headers = item_headers(&call, &items, since);
    let next = next_of(&items, more, name);
    let body = Manifest {
        more,
        next,
        objects: items.into_iter().map(ManifestRecord::from).collect(),
    };
    Ok(with_headers(json_response(&body)?, headers))
}

/// GET `collections/{id}/objects/{object}/versions/`.
pub(crate) async fn versions(call: Call, name: &str, object: &str) -> Result<Response, Problem> {
    let asked = call.asked_of(Endpoint::Versions, name, object)?;
    let since = asked.added_after;
    let (items, more) = items(&call.api, &call.caller.name, name, asked, Node::versions).await?;
    let headers = item_headers(&call, &items, since);
    let next = next_of(&items, more, name);
    let body = VersionList {
        more,
        next,
        versions: items.into_iter().map(|item| item.version).collect(),
    };
    Ok(with_headers(json_response(&body)?, headers))
}

/// POST `collections/{id}/objects/`.
pub(crate) async fn add(call: Call, name: &str) -> Result<Response, Problem> {
    check_content_type(&call.parts.headers)?;
    // Before the body is read: who may not write need not send it.
    let collection = writable(&call.api, &call.caller.name, name).await?;
    check_scope(&call)?;
    let (node, limit) = (call.api.node.clone(), call.api.settings.max_content_length);
    let announced = announced_length(&call.parts.headers);
    if announced.is_some_and(|length| length > limit) {
        return Err(after_rest(call, Problem::too_large(limit)).await);
    }
    // Small bodies need no permit: all connections together hold little of them.
    let small = announced.is_some_and(|length| length <= INLINE_BYTES_MAX);
    let bodies = Arc::clone(&call.api.bodies);
    let permit = if small {
        None
    } else {
        Some(bodies.acquire_owned().await)
    };
    let _permit = permit.transpose().map_err(|_| Problem::stopping())?;
    let body = read_body(call.body, limit, call.api.settings.pause_max).await?;
    let admitting = if small {
        node.admit_envelope(&collection, &call.caller.name, &body)?
    } else {
        let (node, account) = (node.clone(), call.caller.name.clone());
        Call::blocking(move || Ok(node.admit_envelope(&collection, &account, &body)?)).await?
    };
    let status = node.record(admitting).await?;
    let mut response = json_response(&StatusResource::from(&status))?;
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}

/// DELETE `collections/{id}/objects/{object}/`.
pub(crate) async fn remove(call: Call, name: &str, object: &str) -> Result<Response, Problem> {
    let asked = call.asked_of(Endpoint::Remove, name, object)?;
    if !call.caller.may_write() {
        // Whether there is such a collection is told first.
        writable(&call.api, &call.caller.name, name).await?;
        check_scope(&call)?;
    }
    call.api.node.remove(&call.caller.name, name, asked).await?;
    let mut response = Response::new(Body::empty());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(TAXII));
    Ok(response)
}

/// GET `status/{id}/`.
pub(crate) async fn status(call: Call, id: &str) -> Result<Response, Problem> {
    let (node, account, id) = (call.api.node.clone(), call.caller.name, id.to_owned());
    let status = Call::blocking(move || Ok(node.status(&account, &id)?)).await?;
    json_response(&StatusResource::from(&status))
}

impl Call {
    fn asked(&self, endpoint: Endpoint, name: &str) -> Result<Asked, Problem> {
        query::read(self.parts.uri.query(), endpoint, name)
    }

    /// What is asked of one object. An id that cannot be one names an object that is not there.
    fn asked_of(&self, endpoint: Endpoint, name: &str, object: &str) -> Result<Asked, Problem> {
        let mut asked = self.asked(endpoint, name)?;
        let id = comity_stix::id::ObjectId::parse(object);
        asked.filter.ids =
            vec![id.map_err(|_| Problem::not_found(format!("{object:?} is no STIX id")))?];
        Ok(asked)
    }

    async fn answer_page(
        self,
        name: &str,
        asked: Asked,
        read: ReadPage,
    ) -> Result<Response, Problem> {
        let gzip = takes_gzip(&self.parts.headers);
        let since = asked.added_after;
        let (node, account, owned) = (
            self.api.node.clone(),
            self.caller.name.clone(),
            name.to_owned(),
        );
        let now = self.api.node.clock().now();
        Self::blocking(move || {
            let page = read(&node, &account, &owned, asked, gzip)?;
            Ok(envelope_response(page, &owned, gzip, since.unwrap_or(now)))
        })
        .await
    }
}

/// The collection, for who may write to it.
/// Refuses what changes something where the caller's token is for reading.
fn check_scope(call: &Call) -> Result<(), Problem> {
    if call.caller.may_write() {
        Ok(())
    } else {
        Err(Problem::forbidden("this token is for reading"))
    }
}

async fn writable(api: &Api, account: &str, name: &str) -> Result<Collection, Problem> {
    let known = api.node.known_collection(account, name);
    if let Some(known) = known.filter(|visible| visible.rights.write) {
        return Ok(known.collection);
    }
    let (node, account, name) = (api.node.clone(), account.to_owned(), name.to_owned());
    Call::blocking(move || Ok(node.writable_collection(&account, &name)?)).await
}

/// One of the node's ways to read items.
type ReadItems = fn(&Node, &str, &str, Asked) -> Result<(Vec<PageItem>, bool), ReadError>;
/// One of the node's ways to read a page.
type ReadPage = fn(&Node, &str, &str, Asked, bool) -> Result<Page, ReadError>;

async fn items(
    api: &Api,
    account: &str,
    name: &str,
    asked: Asked,
    read: ReadItems,
) -> Result<(Vec<PageItem>, bool), Problem> {
    let (node, account, name) = (api.node.clone(), account.to_owned(), name.to_owned());
    Call::blocking(move || Ok(read(&node, &account, &name, asked)?)).await
}

/// An envelope (section 3.7): a head, the objects' bytes as they are kept, a tail.
fn envelope_response(page: Page, name: &str, gzip: bool, when_empty: i64) -> Response {
    let head = match page.next {
        Some(position) => format!(
            "{{\"more\":true,\"next\":\"{}\",\"objects\":[",
            write_next(position, name)
        ),
        None if page.count == 0 => "{\"more\":false}".to_owned(),
        None => "{\"more\":false,\"objects\":[".to_owned(),
    };
    let tail = if page.count == 0 { "" } else { "]}" };
    let mut pieces = Vec::with_capacity(page.body.len() + 2);
    pieces.push(Piece::Plain(Bytes::from(head)));
    pieces.extend(page.body);
    pieces.push(Piece::Plain(Bytes::from_static(tail.as_bytes())));
    let bytes = if gzip {
        gzip::join(&pieces)
    } else {
        pieces.into_iter().filter_map(plain).collect()
    };
    let mut response = Response::new(Body::new(Pieces::new(bytes)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(TAXII));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    put_moment(headers, ADDED_FIRST, page.first_added.unwrap_or(when_empty));
    put_moment(headers, ADDED_LAST, page.last_added.unwrap_or(when_empty));
    response
}

fn plain(piece: Piece) -> Option<Bytes> {
    match piece {
        Piece::Plain(bytes) => Some(bytes),
        // Only asked for together with gzip.
        Piece::Ready(_) => None,
    }
}

fn put_moment(headers: &mut HeaderMap, name: &'static str, micros: i64) {
    if let Ok(value) = HeaderValue::from_str(&moment(micros)) {
        headers.insert(name, value);
    }
}

/// `date_added` of the first and the last item; where there is none, the moment after which was asked, or now.
fn item_headers(call: &Call, items: &[PageItem], since: Option<i64>) -> HeaderMap {
    let when_empty = since.unwrap_or_else(|| call.api.node.clock().now());
    let mut headers = HeaderMap::new();
    put_moment(
        &mut headers,
        ADDED_FIRST,
        items.first().map_or(when_empty, |item| item.added),
    );
    put_moment(
        &mut headers,
        ADDED_LAST,
        items.last().map_or(when_empty, |item| item.added),
    );
    headers
}

fn next_of(items: &[PageItem], more: bool, name: &str) -> Option<String> {
    items
        .last()
        .filter(|_| more)
        .map(|item| write_next(item.position, name))
}

fn with_headers(mut response: Response, headers: HeaderMap) -> Response {
    response.headers_mut().extend(headers);
    response
}

/// The length that the body is announced with.
fn announced_length(headers: &HeaderMap) -> Option<usize> {
    let text = headers.get(CONTENT_LENGTH)?.to_str().ok()?;
    // A number too large for the machine is too large for any limit.
    Some(text.parse::<u64>().map_or(usize::MAX, |length| {
        usize::try_from(length).unwrap_or(usize::MAX)
    }))
}

/// Takes in a body that was refused, as far as that is bearable, so that a client which sends all of it before it reads
/// gets the answer and not a broken connection. One that waits to be told to go on (RFC 9110 section 10.1.1) is answered
/// at once.
async fn after_rest(mut call: Call, refused: Problem) -> Problem {
    let announced = call.body.size_hint().lower();
    if call.parts.headers.contains_key(EXPECT) || announced > REFUSED_BYTES_MAX {
        return refused;
    }
    let rest = async {
        // Nothing for a while: the client reads already.
        while let Ok(Some(Ok(_))) = tokio::time::timeout(REFUSED_PAUSE_MAX, call.body.frame()).await
        {
        }
    };
    // Too slow: then the connection ends with the answer.
    let _ = tokio::time::timeout(REFUSED_TIME_MAX, rest).await;
    refused
}

/// How much of a refused body is taken in.
const REFUSED_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// For how long.
const REFUSED_TIME_MAX: Duration = Duration::from_secs(10);
/// How long the client may pause meanwhile.
const REFUSED_PAUSE_MAX: Duration = Duration::from_secs(1);
/// The slowest that a body may come, over its whole time: else a few clients that drip could hold every place that
/// `bodies_at_once` gives. A 128 kbit/s line is faster.
const BODY_BYTES_PER_SECOND_MIN: u64 = 12 * 1024;

/// Reads a body of at most `limit` bytes. Each part must come within `pause_max`, and after that time the whole no
/// slower than [`BODY_BYTES_PER_SECOND_MIN`].
async fn read_body(mut body: Body, limit: usize, pause_max: Duration) -> Result<Bytes, Problem> {
    let mut read = BytesMut::new();
    let began = tokio::time::Instant::now();
    loop {
        let frame = tokio::time::timeout(pause_max, body.frame())
            .await
            .map_err(|_| Problem::too_slow())?;
        let Some(frame) = frame else {
            return Ok(read.freeze());
        };
        let late = began.elapsed().saturating_sub(pause_max).as_secs();
        let due = late.saturating_mul(BODY_BYTES_PER_SECOND_MIN);
        if u64::try_from(read.len()).is_ok_and(|read| read < due) {
            return Err(Problem::too_slow());
        }
        let Ok(data) = frame.map_err(|_| Problem::broken_body())?.into_data() else {
            continue;
        };
        if read.len() + data.len() > limit {
            return Err(Problem::too_large(limit));
        }
        read.extend_from_slice(&data);
    }
}

/// A resource as JSON.
pub(crate) fn json_response(resource: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_vec(resource).map_err(|error| Problem::internal(&error))?;
    let mut response = Response::new(Body::from(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(TAXII));
    Ok(response)
}
