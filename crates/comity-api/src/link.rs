//! The node link over HTTPS: a batch in, a batch out.
//!
//! `POST /link/v1/batches`. A caller that has nothing to hear yet may wait (`Prefer: wait=N`, RFC 7240 section 4.3): a node
//! without an inbound port hears what is for it as soon as it is there.
//!
//! In scope: limits, waiting, what a stranger is told. Out of scope: the batches (`comity-link`), which prove themselves.
//! Limits: [`BATCH_BYTES_MAX`]; [`WAIT_SECONDS_MAX`].

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use comity_link::batch::BATCH_BYTES_MAX;
use comity_link::channel::Lane;
use comity_node::link::{LinkError, Taken, Way};
use comity_node::node::Node;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use tokio::time::Instant;

use crate::router::Api;

/// The media type of a batch.
pub const BATCH: &str = "application/vnd.comity.batch";
/// The shortest between two looks whether there is something.
const LEAST: Duration = Duration::from_millis(20);
/// The longest wait for something to say.
const WAIT_SECONDS_MAX: u64 = 30;

pub(crate) async fn batches(State(api): State<Api>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    if !parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(BATCH.as_bytes()))
    {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-a-batch");
    }
    let Ok(permit) = api.bodies.clone().acquire_owned().await else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    };
    let read = Limited::new(body, BATCH_BYTES_MAX).collect();
    let body = match tokio::time::timeout(api.settings.pause_max * 4, read).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return refuse(StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
        Err(_) => return refuse(StatusCode::REQUEST_TIMEOUT, "too-slow"),
    };
    drop(permit);
    let node = api.node.clone();
    let taken = tokio::task::spawn_blocking(move || {
        let now = node.clock().now();
        let taken = node.link().take(&body, Way::Call, now);
        node.heard(taken.as_ref().ok());
        taken
    });
    match taken.await {
        Ok(Ok(taken)) => answer(api.node, taken, wait(&parts.headers)).await,
        Ok(Err(error)) => failed(&error),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "failed"),
    }
}

/// What there is to say, after a wait for something if the caller likes: for word of it, or for its time, for what was lost
/// on the way is said again.
async fn answer(node: Node, mut taken: Taken, wait: Duration) -> Response {
    let mut due = node.due().listen();
    let until = Instant::now() + wait;
    while taken.is_silent() {
        due.mark_unchanged();
        let asker = node.clone();
        let party = taken.party.clone();
        let next = tokio::task::spawn_blocking(move || {
            let now = asker.clock().now();
            let more = asker.link().has_more(&party, &Lane::ALL, now)?;
            let next = asker.link().next_due(&party, &Lane::ALL, now)?;
            Ok::<_, LinkError>((!more).then_some(next.map(|at| at - now)))
        });
        let Ok(Ok(Some(next))) = next.await else {
            break;
        };
        let next = next.map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or(0)));
        let look = next.map_or(until, |next| until.min(Instant::now() + next.max(LEAST)));
        let heard = tokio::time::timeout_at(look, due.changed()).await;
        if matches!(heard, Ok(Err(_))) || Instant::now() >= until {
            break;
        }
    }
    let said = tokio::task::spawn_blocking(move || {
        let now = node.clock().now();
        node.link().say(&mut taken, now)
    });
    match said.await {
        Ok(Ok(batch)) => {
            let mut response = Response::new(Body::from(batch));
            let kind = HeaderValue::from_static(BATCH);
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Ok(Err(error)) => failed(&error),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "failed"),
    }
}

fn wait(headers: &HeaderMap) -> Duration {
    let asked = headers
        .get("prefer")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            value
                .split([',', ';'])
                .find_map(|one| one.trim().strip_prefix("wait="))
        })
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(0);
    Duration::from_secs(u64::min(asked, WAIT_SECONDS_MAX))
}

/// What the other side is told: a word, never our policy. A stranger learns the same whatever is wrong.
fn failed(error: &LinkError) -> Response {
    let (status, code) = match error {
        LinkError::UnknownParty(_) | LinkError::NotForUs(_) | LinkError::Batch(_) => {
            (StatusCode::FORBIDDEN, "unknown-party")
        }
        LinkError::NotEnrolled { .. } => (StatusCode::FORBIDDEN, "not-enrolled"),
        LinkError::Frozen(_) => (StatusCode::FORBIDDEN, "log-forked"),
        LinkError::Stale => (StatusCode::CONFLICT, "stale"),
        LinkError::Card { .. } => (StatusCode::FORBIDDEN, "card-not-accepted"),
        LinkError::NoLog
        | LinkError::SetBack
        | LinkError::Header(_)
        | LinkError::Seal(_)
        | LinkError::Payload(_)
        | LinkError::Tiles(_)
        | LinkError::Guard(_)
        | LinkError::Keys(_)
        | LinkError::Store(_)
        | _ => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
    };
    if status.is_server_error() {
        tracing::error!(error = %comity_node::link::chain(error), "batch not taken");
    } else {
        tracing::warn!(code, "batch refused");
    }
    refuse(status, code)
}

fn refuse(status: StatusCode, code: &'static str) -> Response {
    let mut response = Response::new(Body::from(format!("{{\"code\":\"{code}\"}}\n")));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
