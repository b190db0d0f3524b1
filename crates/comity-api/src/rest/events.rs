//! Events: word that rows of a list changed, as they change (WHATWG HTML section 9.2, server-sent events).
//!
//! Whoever listens names a list of the table. What changed is found by asking for that list again as the same person, so an event
//! can tell nothing that the list would not: no row, no number, and not when something else changed.
//!
//! In scope: the stream, and the same as one answer for whoever cannot have it. Out of scope: the lists.
//! Limits: [`STREAMS_MAX`] streams; each ends after [`STREAM_SECONDS_MAX`].

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use comity_node::node::Node;
use comity_node::operation::{LIMIT_MAX, Method, Operation, table};
use comity_node::person::Person;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
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
    let (say, said) = mpsc::channel(16);
    tokio::spawn(async move {
        follow(api.node, person, list, first, say).await;
        drop(permit);
    });
    let mut response = Response::new(Body::new(Stream { said }));
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
    let last = format!("{all:08x}");
    let changes = if after.is_some_and(|after| after != last) {
        json!([{ "id": list.name, "version": last }])
    } else {
        json!([])
    };
    json(&json!({ "changes": changes, "last": last }))
}

async fn follow(
    node: Node,
    person: Person,
    list: &'static Operation,
    mut known: Rows,
    say: mpsc::Sender<Bytes>,
) {
    let mut due = node.due().listen();
    let end = Instant::now() + Duration::from_secs(STREAM_SECONDS_MAX);
    if say
        .send(Bytes::from_static(b": following\n\n"))
        .await
        .is_err()
    {
        return;
    }
    while Instant::now() < end {
        let changed = tokio::time::timeout(BEAT, due.changed()).await;
        let Ok(changed) = changed else {
            if say
                .send(Bytes::from_static(b": still here\n\n"))
                .await
                .is_err()
            {
                return;
            }
            continue;
        };
        if changed.is_err() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
        due.mark_unchanged();
        let Ok(now) = rows(&node, &person, list).await else {
            return;
        };
        for (key, digest) in &now {
            if known.get(key) == Some(digest) {
                continue;
            }
            let data = json!({ "id": key, "version": format!("{digest:08x}") });
            let event = format!("event: changed\ndata: {data}\n\n");
            if say.send(Bytes::from(event)).await.is_err() {
                return;
            }
        }
        known = now;
    }
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
    let rows = items.into_iter().flatten().map(|row| {
        let name = match row.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        (name, crc32fast::hash(row.to_string().as_bytes()))
    });
    Ok(rows.collect())
}

/// A body of events as they come.
struct Stream {
    said: mpsc::Receiver<Bytes>,
}

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let next = self.said.poll_recv(context);
        next.map(|bytes| bytes.map(|bytes| Ok(http_body::Frame::data(bytes))))
    }
}
