//! Calls with bytes: a body that is stored as it comes, and an answer that is a file.
//!
//! In scope: carrying bytes between a line and the node. Out of scope: what they are (`comity-node`).
//! Limits: those of the node for what it takes; [`FILES_MAX`] files that come and go at once; `ApiSettings::pause_max` between two
//! pieces, and the pace of `comity_node::operation::along` over the whole.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::response::Response;
use bytes::Bytes;
use comity_node::operation::{Along, Operation, along};
use comity_node::person::Person;
use comity_store::attachment::item::ITEM_BYTES_MAX;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use http_body::Frame;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Receiver;

use super::{arguments, json, private, read_body};
use crate::rest::problem::Problem;
use crate::router::Api;

/// The media type of bytes of which nothing is said.
const BYTES: &str = "application/octet-stream";
/// Files that come and go at once: each has a thread that waits for it.
pub(crate) const FILES_MAX: usize = 8;
/// What is read of a body that is not wanted, so that whoever sends all of it first gets the answer.
const DRAINED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long that may take.
const DRAINED_SECONDS: u64 = 10;

/// Does a call with bytes.
pub(super) async fn call(
    api: Api,
    (operation, person): (&'static Operation, Person),
    given: Vec<(String, String)>,
    (parts, body): (Parts, Body),
) -> Result<Response, Problem> {
    if parts.headers.contains_key("idempotency-key") {
        let why = "what bytes go along with is done each time: leave Idempotency-Key out";
        return Err(Problem::bad(why));
    }
    let query = parts.uri.query().unwrap_or_default();
    if operation.along == Along::Taken {
        let body = read_body(&api, &parts.headers, body).await?;
        let arguments = Value::Object(arguments(operation, given, query, &body)?);
        return taken(api, operation, person, arguments).await;
    }
    let mut coming = Sent {
        waits: parts.headers.contains_key(EXPECT),
        body,
    };
    let arguments = arguments(operation, given, query, &[]);
    let done = stored(
        &api,
        (operation, person),
        &parts.headers,
        (arguments, &mut coming),
    )
    .await;
    if done.is_err() {
        coming.drain().await;
    }
    done
}

/// Has the node store a body as it comes.
async fn stored(
    api: &Api,
    (operation, person): (&'static Operation, Person),
    headers: &HeaderMap,
    (arguments, coming): (Result<serde_json::Map<String, Value>, Problem>, &mut Sent),
) -> Result<Response, Problem> {
    let stopping = |_| Problem::failed("the node is stopping");
    let node = api.node.clone();
    if !operation.needs.is_of(person.role) {
        // The node says so, and writes it down.
        let denied = move || node.ask(&person, operation.name, Value::Null);
        let denied = tokio::task::spawn_blocking(denied)
            .await
            .map_err(stopping)?;
        return Ok(json(&denied?));
    }
    let kind = headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.eq_ignore_ascii_case(BYTES) {
        return Err(Problem::media(BYTES));
    }
    if coming.body.size_hint().lower() > ITEM_BYTES_MAX {
        return Err(Problem::too_large(ITEM_BYTES_MAX));
    }
    let arguments = Value::Object(arguments?);
    let _place = place(api)?;
    let (giver, mut from) = along::given();
    let asked = tokio::task::spawn_blocking(move || {
        node.ask_giving(&person, (operation.name, arguments), &mut from)
    });
    let sent = coming.give(api, giver).await;
    let answer = asked.await.map_err(stopping)?;
    // What broke off was not stored; the node's own word would be of a file that ended.
    sent?;
    Ok(json(&answer?))
}

/// A place among the files that come and go.
fn place(api: &Api) -> Result<OwnedSemaphorePermit, Problem> {
    let place = api.files.clone().try_acquire_owned();
    place.map_err(|_| Problem::busy())
}

/// A body as it comes.
struct Sent {
    body: Body,
    /// Whoever sends it waits to be told to go on (RFC 9110 section 10.1.1).
    waits: bool,
}

impl Sent {
    /// Gives it on; what breaks off is no body. Where nobody wants it any more, it is for whoever did not to say why.
    async fn give(&mut self, api: &Api, giver: along::Giver) -> Result<(), Problem> {
        // From here on it is asked for.
        self.waits = false;
        let mut pace = along::Pace::begin();
        loop {
            let frame = tokio::time::timeout(api.settings.pause_max, self.body.frame()).await;
            let frame = frame.map_err(|_| Problem::bad("the body took too long to come"))?;
            let Some(frame) = frame else {
                giver.end().await;
                return Ok(());
            };
            let frame = frame.map_err(|_| Problem::bad("the body broke off"))?;
            let bytes = frame.into_data().unwrap_or_default();
            if !pace.holds(bytes.len()) {
                return Err(Problem::bad("the body took too long to come"));
            }
            if !giver.give(bytes).await {
                return Ok(());
            }
        }
    }

    /// Reads what is left of it, as far as that is bearable.
    async fn drain(&mut self) {
        if self.waits {
            return;
        }
        let rest = async {
            let mut drained = 0;
            while let Some(Ok(frame)) = self.body.frame().await {
                drained += frame.into_data().map_or(0, |bytes| bytes.len());
                if drained > DRAINED_BYTES_MAX {
                    return;
                }
            }
        };
        // Too slow: then the connection ends with the answer.
        let _ = tokio::time::timeout(Duration::from_secs(DRAINED_SECONDS), rest).await;
    }
}

async fn taken(
    api: Api,
    operation: &'static Operation,
    person: Person,
    arguments: Value,
) -> Result<Response, Problem> {
    let place = place(&api)?;
    let node = api.node.clone();
    let asked =
        tokio::task::spawn_blocking(move || node.ask_taking(&person, (operation.name, arguments)));
    let handed = asked
        .await
        .map_err(|_| Problem::failed("the node is stopping"))??;
    let (mut to, from) = along::taken();
    let (size, name) = (handed.size, handed.name.clone());
    tokio::task::spawn_blocking(move || {
        if let Err(error) = handed.write(&mut to) {
            tracing::warn!(error = %error, "a copy broke off");
            to.fail(error);
        }
    });
    let coming = Coming {
        from,
        _place: place,
    };
    let mut response = Response::new(Body::new(coming));
    let headers = response.headers_mut();
    private(headers);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(BYTES));
    headers.insert(
        HeaderName::from_static("content-security-policy"),
        HeaderValue::from_static("default-src 'none'; sandbox"),
    );
    // The node made the name, of letters that need no quoting.
    let attached = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let attached = attached.unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(CONTENT_DISPOSITION, attached);
    if let Some(size) = size {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
    }
    Ok(response)
}

/// Bytes as they come from a thread that reads them, and the place that they take among the files that come and go.
struct Coming {
    from: Receiver<Result<Bytes, std::io::Error>>,
    _place: OwnedSemaphorePermit,
}

impl http_body::Body for Coming {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = self.from.poll_recv(context);
        polled.map(|next| next.map(|bytes| bytes.map(Frame::data)))
    }
}
