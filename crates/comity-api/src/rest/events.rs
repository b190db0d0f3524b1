//! Events: word that rows of a list changed, as they change (WHATWG HTML section 9.2, server-sent events).
//!
//! Whoever listens names a list of the table. What changed is found by asking for that list again as the same person, so an event
//! can tell nothing that the list would not: no row, no number, and not when something else changed.
//!
//! In scope: the stream, and the same as one answer for whoever cannot have it. Out of scope: the lists.
//! Limits: [`STREAMS_MAX`] streams; each ends after [`STREAM_SECONDS_MAX`].

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use comity_node::node::Node;
use comity_node::operation::answer::key_of;
use comity_node::operation::{LIMIT_MAX, Method, Operation, table};
use comity_node::person::Person;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::rest::problem::Problem;
use crate::rest::{json, person, private};
use crate::router::Api;

/// Streams at once; a browser that gets none asks every few seconds instead.
const STREAMS_MAX: usize = 256;
/// How long a stream lasts; a browser then opens another, and whoever was signed out meanwhile gets none.
const STREAM_SECONDS_MAX: u64 = 600;
/// Between two looks, so that many changes are told together.
const PAUSE: Duration = Duration::from_millis(400);
/// How often something is said even if nothing changed, so that both ends know of each other.
const BEAT: Duration = Duration::from_secs(20);

/// Rows by what tells them apart, each with a digest of what it says.
type Rows = BTreeMap<String, u32>;

static STREAMS: LazyLock<std::sync::Arc<Semaphore>> =
    LazyLock::new(|| std::sync::Arc::new(Semaphore::new(STREAMS_MAX)));

/// `GET /api/v1/events?of=LIST`.
pub(crate) async fn serve(State(api): State<Api>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let wants_stream = parts
        .headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/event-stream"));
    let person = match person(&api, &parts, true).await {
        Ok(person) => person,
        Err(problem) => return problem.into_response(),
    };
    let field = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(each, _)| *each == name)
            .map(|(_, value)| value.to_owned())
    };
    let list = field("of").and_then(|name| table::find(&name));
    let Some(list) = list.filter(|list| list.list.is_some() && list.method == Method::Get) else {
        return Problem::bad("the argument \"of\" names a list of this document").into_response();
    };
    if !wants_stream {
        return once(&api, &person, list, field("after")).await;
    }
    let Ok(permit) = std::sync::Arc::clone(&STREAMS).try_acquire_owned() else {
        return Problem::failed("too many pages follow what happens").into_response();
    };
    let first = match rows(&api.node, &person, list).await {
        Ok(rows) => rows,
        Err(problem) => return problem.into_response(),
    };
    let following = Following {
        due: api.node.due().listen(),
        node: api.node,
        person,
        list,
        known: first,
        end: Instant::now() + Duration::from_secs(STREAM_SECONDS_MAX),
        _permit: permit,
    };
    let first = async { Some((Bytes::from_static(b": following\n\n"), following)) };
    let mut response = Response::new(Body::new(Stream {
        next: Box::pin(first),
    }));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    private(headers);
    response
}

/// Whether the list changed since `after`, in one answer.
async fn once(
    api: &Api,
    person: &Person,
    list: &'static Operation,
    after: Option<String>,
) -> Response {
    let rows = match rows(&api.node, person, list).await {
        Ok(rows) => rows,
        Err(problem) => return problem.into_response(),
    };
    let all = rows.iter().fold(0, |all, (key, digest)| {
        crc32fast::hash(format!("{all}{key}{digest}").as_bytes())
    });
    let digest = format!("{all:08x}");
    let changes = if after.is_some_and(|after| after != digest) {
        json!([{ "id": list.name, "version": digest }])
    } else {
        json!([])
    };
    json(&json!({ "changes": changes, "last": digest }))
}

/// A stream between two things that it says.
struct Following {
    node: Node,
    person: Person,
    list: &'static Operation,
    due: watch::Receiver<u64>,
    known: Rows,
    end: Instant,
    _permit: OwnedSemaphorePermit,
}

/// What is said next, and the stream behind it; nothing once it is at its end.
async fn step(mut following: Following) -> Step {
    while Instant::now() < following.end {
        let changed = tokio::time::timeout(BEAT, following.due.changed()).await;
        let Ok(changed) = changed else {
            return Some((Bytes::from_static(b": still here\n\n"), following));
        };
        changed.ok()?;
        tokio::time::sleep(PAUSE).await;
        following.due.mark_unchanged();
        let now = rows(&following.node, &following.person, following.list).await;
        let now = now.ok()?;
        let mut said = String::new();
        for (key, digest) in &now {
            if following.known.get(key) != Some(digest) {
                let data = json!({ "id": key, "version": format!("{digest:08x}") });
                said.push_str("event: changed\ndata: ");
                said.push_str(&data.to_string());
                said.push_str("\n\n");
            }
        }
        following.known = now;
        if !said.is_empty() {
            return Some((Bytes::from(said), following));
        }
    }
    None
}

async fn rows(node: &Node, person: &Person, list: &'static Operation) -> Result<Rows, Problem> {
    let (node, person) = (node.clone(), person.clone());
    let arguments = json!({ "limit": LIMIT_MAX });
    let asked = tokio::task::spawn_blocking(move || node.ask(&person, list.name, arguments));
    let answer = asked
        .await
        .map_err(|_| Problem::failed("the node is stopping"))??;
    let items = answer.get("items").and_then(Value::as_array);
    let key = list.list.unwrap_or_default();
    let rows = items.into_iter().flatten();
    let rows = rows.map(|row| {
        (
            key_of(row, key),
            crc32fast::hash(row.to_string().as_bytes()),
        )
    });
    Ok(rows.collect())
}

/// A body of events as they come: the next one is awaited only while somebody reads.
struct Stream {
    next: Pin<Box<dyn Future<Output = Step> + Send>>,
}

/// What is said, and the stream behind it.
type Step = Option<(Bytes, Following)>;

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        self.next.as_mut().poll(context).map(|said| {
            let (bytes, following) = said?;
            self.next = Box::pin(step(following));
            Some(Ok(http_body::Frame::data(bytes)))
        })
    }
}
