//! TAXII 2.1: from a path to a handler, with what every TAXII request has in common.
//!
//! The order of the checks is the same everywhere: who is it, what may be answered, where does it go, what is asked.
//!
//! In scope: the endpoints of TAXII 2.1 sections 4 and 5. Out of scope: rights and objects (`comity-node`).

pub mod error;
pub mod media;
pub mod query;

mod collections;
mod discovery;
mod objects;
mod wire;

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use comity_node::account::Caller;
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::router::Api;
use crate::server::Peer;
use crate::taxii::error::Problem;
use crate::taxii::media::Resource;

/// The name of the one API root.
pub(crate) const ROOT: &str = "exchange";

/// A TAXII request, with its sender known.
pub(crate) struct Call {
    pub(crate) api: Api,
    pub(crate) caller: Caller,
    pub(crate) parts: Parts,
    pub(crate) body: Body,
}

/// Serves everything below `/taxii2/`.
pub(crate) async fn serve(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = respond(api, parts, body).await;
    answer.unwrap_or_else(Problem::into_response)
}

async fn respond(api: Api, parts: Parts, body: Body) -> Result<Response, Problem> {
    let place = place(&api, &parts);
    let caller = crate::authentication::caller(&api, &parts, place).await?;
    let path = segments(parts.uri.path())?;
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    let resource = if matches!(segments.as_slice(), [_, "collections", _, "manifest"]) {
        Resource::Manifest
    } else {
        Resource::Other
    };
    media::check_accept(&parts.headers, resource)?;
    let call = Call {
        api,
        caller,
        parts,
        body,
    };
    route(call, &segments).await
}

/// Where a request comes from: the other end of the connection, or what the proxy there says of it.
pub(crate) fn place(api: &Api, parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
    let forwarded = parts
        .headers
        .get_all("x-forwarded-for")
        .into_iter()
        .next_back();
    let told = forwarded
        .filter(|_| api.settings.behind_proxy)
        .and_then(|value| {
            // The last entry is the proxy's own; those before it are the client's to invent.
            value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
        });
    told.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

async fn route(call: Call, segments: &[&str]) -> Result<Response, Problem> {
    let method = call.parts.method.clone();
    let is_get = method == Method::GET || method == Method::HEAD;
    match segments {
        [] if is_get => discovery::discovery(&call),
        [ROOT] if is_get => discovery::api_root(&call),
        [ROOT, "status", id] if is_get => objects::status(call, id).await,
        [ROOT, "collections"] if is_get => collections::list(call).await,
        [ROOT, "collections", id] if is_get => collections::one(call, id).await,
        [ROOT, "collections", id, "manifest"] if is_get => objects::manifest(call, id).await,
        [ROOT, "collections", id, "objects"] if is_get => objects::page(call, id).await,
        [ROOT, "collections", id, "objects"] if method == Method::POST => {
            objects::add(call, id).await
        }
        [ROOT, "collections", id, "objects", object] if is_get => {
            objects::object(call, id, object).await
        }
        [ROOT, "collections", id, "objects", object] if method == Method::DELETE => {
            objects::remove(call, id, object).await
        }
        [ROOT, "collections", id, "objects", object, "versions"] if is_get => {
            objects::versions(call, id, object).await
        }
        []
        | [ROOT]
        | [ROOT, "status" | "collections", _]
        | [ROOT, "collections"]
        | [ROOT, "collections", _, "manifest" | "objects"]
        | [ROOT, "collections", _, "objects", _]
        | [ROOT, "collections", _, "objects", _, "versions"] => {
            Err(Problem::method_not_allowed(&method))
        }
        _ => Err(Problem::not_found(
            "there is no such TAXII resource; discovery is at /taxii2/",
        )),
    }
}

/// The decoded segments of a path below `/taxii2/`. A slash at the end is optional: the standard asks clients for it
/// (section 3.1), and many leave it out.
fn segments(path: &str) -> Result<Vec<String>, Problem> {
    let below = path.strip_prefix("/taxii2").unwrap_or(path);
    let below = below.strip_prefix('/').unwrap_or(below);
    let below = below.strip_suffix('/').unwrap_or(below);
    if below.is_empty() {
        return Ok(Vec::new());
    }
    let decoded = below.split('/').map(|segment| {
        let text = percent_decode_str(segment).decode_utf8();
        text.map(std::borrow::Cow::into_owned)
            .map_err(|_| Problem::not_found("the path is not UTF-8"))
    });
    decoded.collect()
}

impl Call {
    /// Runs `work`, which may read files or wait for a database, where it does not hold up other requests.
    pub(crate) async fn blocking<T: Send + 'static>(
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|_| Err(Problem::stopping()))
    }
}
