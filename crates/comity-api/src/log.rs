//! The ledger over HTTP: the log's files (C2SP `tlog-tiles`) below `/log/`, and the witness (C2SP `tlog-witness`).
//!
//! The log of origin `DOMAIN/log` is at `/log/`, that of `DOMAIN/log/eN` at `/log/eN/`: a log's address is its origin.
//! The witness is at `/log/witness/`. Size and rhythm of a log say something of whoever keeps it, so all of this answers
//! strangers only where `ledger.public` says so, and else only those who sign in with an account of this node.
//!
//! In scope: who is answered, limits, headers. Out of scope: the files and the witness's decisions (`comity-node`).
//! Limits: those of a witness's request (`comity-ledger`).

use std::net::IpAddr;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use comity_node::node::Node;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};

use crate::authentication;
use crate::router::Api;

/// The longest request to the witness: the longest note and its proof.
const REQUEST_BYTES_MAX: usize = 1_004_096;
/// The paths below which everything here lies.
const PREFIX: &str = "/log/";

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

pub(crate) async fn serve(State(api): State<Api>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let place = crate::taxii::place(&api, &parts);
    if !admitted(&api, &parts, place).await {
        return nothing();
    }
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default();
    if path == "witness/add-checkpoint" {
        return if parts.method == Method::POST {
            add_checkpoint(api, body).await
        } else {
            not_allowed("POST")
        };
    }
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return not_allowed("GET, HEAD");
    }
    let path = path.to_owned();
    let node = api.node.clone();
    let found = tokio::task::spawn_blocking(move || find(&node, &path)).await;
    match found {
        Ok(Ok(Some(file))) => file.response(api.settings.ledger_public),
        Ok(Ok(None)) => nothing(),
        Ok(Err(error)) => {
            tracing::error!(error = %error, "file of the log not served");
            answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                TEXT,
                "failed\n".to_owned(),
            )
        }
        Err(_) => answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            TEXT,
            "failed\n".to_owned(),
        ),
    }
}

/// Whether this caller is answered at all.
async fn admitted(api: &Api, parts: &Parts, place: IpAddr) -> bool {
    api.settings.ledger_public || authentication::caller(api, parts, place).await.is_ok()
}

/// A file that was found.
struct File {
    bytes: Vec<u8>,
    kind: &'static str,
    cache: &'static str,
}

fn find(node: &Node, path: &str) -> Result<Option<File>, String> {
    let failed = |error: &(dyn std::error::Error + 'static)| comity_node::link::chain(error);
    let file = |bytes, kind, cache| Some(File { bytes, kind, cache });
    let monitored = path
        .strip_prefix("witness/")
        .and_then(|rest| rest.strip_suffix("/checkpoint"));
    if let Some(digest) = monitored {
        let found = node.link().monitored(digest);
        let found = found.map_err(|error| failed(&error))?;
        return Ok(found.and_then(|bytes| file(bytes, TEXT, "no-cache")));
    }
    // The policy is a file of exports: it names the parties that cosign.
    if path.ends_with("policy") {
        return Ok(None);
    }
    let found = node.log_file(path).map_err(|error| failed(&error))?;
    Ok(found.and_then(|bytes| {
        if path.ends_with("checkpoint") {
            file(bytes, TEXT, "no-cache")
        } else if path.contains(".p/") {
            // Its bytes never change, but the full one takes its place.
            file(bytes, BYTES, "max-age=3600")
        } else {
            file(bytes, BYTES, "max-age=31536000, immutable")
        }
    }))
}

impl File {
    fn response(self, public: bool) -> Response {
        let mut response = answer(StatusCode::OK, self.kind, self.bytes);
        let shared = if public { "public" } else { "private" };
        let cache = HeaderValue::from_str(&format!("{shared}, {}", self.cache));
        if let Ok(cache) = cache {
            response.headers_mut().insert(CACHE_CONTROL, cache);
        }
        response
    }
}

async fn add_checkpoint(api: Api, body: Body) -> Response {
    let Ok(permit) = api.bodies.clone().acquire_owned().await else {
        return answer(
            StatusCode::SERVICE_UNAVAILABLE,
            TEXT,
            "stopping\n".to_owned(),
        );
    };
    let read = Limited::new(body, REQUEST_BYTES_MAX).collect();
    let body = match tokio::time::timeout(api.settings.pause_max, read).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            let what = "the request is too long\n".to_owned();
            return answer(StatusCode::PAYLOAD_TOO_LARGE, TEXT, what);
        }
        Err(_) => {
            let what = "the request is too slow\n".to_owned();
            return answer(StatusCode::REQUEST_TIMEOUT, TEXT, what);
        }
    };
    drop(permit);
    let node = api.node;
    let replied = tokio::task::spawn_blocking(move || {
        let now = node.clock().now();
        let replied = node.link().add_checkpoint(&body, now);
        node.due().tell();
        replied
    });
    match replied.await {
        Ok(Ok(reply)) => {
            let status = StatusCode::from_u16(reply.status);
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            answer(status, reply.media_type, reply.body)
        }
        Ok(Err(error)) => {
            let error = comity_node::link::chain(&error);
            tracing::error!(error, "checkpoint not cosigned");
            answer(
                StatusCode::INTERNAL_SERVER_ERROR,
                TEXT,
                "failed\n".to_owned(),
            )
        }
        Err(_) => answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            TEXT,
            "failed\n".to_owned(),
        ),
    }
}

fn nothing() -> Response {
    answer(StatusCode::NOT_FOUND, TEXT, "nothing here\n".to_owned())
}

fn not_allowed(methods: &'static str) -> Response {
    let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, String::new());
    let methods = HeaderValue::from_static(methods);
    response.headers_mut().insert(ALLOW, methods);
    response
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
