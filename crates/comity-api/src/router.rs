//! Which path is served by what.
//!
//! In scope: the table of routes, and what all requests have in common. Out of scope: each handler.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{any, get, post};
use comity_node::node::Node;
use http::StatusCode;
use tokio::sync::Semaphore;

use crate::settings::ApiSettings;
use crate::{link, log, mta_sts, rest, security_txt, taxii};

/// What every handler has.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) node: Node,
    pub(crate) settings: Arc<ApiSettings>,
    /// Permits to read a body.
    pub(crate) bodies: Arc<Semaphore>,
    /// Places of files that come and go.
    pub(crate) files: Arc<Semaphore>,
}

/// All routes: those here, and pages, which also answer for what there is not.
pub(crate) fn router(node: Node, settings: ApiSettings, pages: Router) -> Router {
    let bodies = Arc::new(Semaphore::new(settings.bodies_at_once));
    let api = Api {
        node,
        settings: Arc::new(settings),
        bodies,
        files: Arc::new(Semaphore::new(rest::FILES_MAX)),
    };
    let ready = |api: Api| async move {
        let answer = tokio::task::spawn_blocking(move || api.node.is_ready()).await;
        if answer.unwrap_or(false) {
            (StatusCode::OK, "ready\n")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
        }
    };
    let ready_api = api.clone();
    // Pages are told where a visit comes from as every other interface sees it.
    let told = axum::middleware::map_request_with_state(api.clone(), tell_place);
    let pages = pages.layer(told);
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(move || ready(ready_api.clone())))
        .route("/.well-known/security.txt", get(security_txt::serve))
        .route("/.well-known/mta-sts.txt", get(mta_sts::serve))
        .route("/link/v1/batches", post(link::batches))
        .route("/log/{*path}", any(log::serve))
        .merge(rest::routes())
        .route("/taxii2", any(taxii::serve))
        .route("/taxii2/", any(taxii::serve))
        .route("/taxii2/{*rest}", any(taxii::serve))
        .with_state(api)
        .merge(pages)
}

async fn tell_place(State(api): State<Api>, request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let place = taxii::place(&api, &parts);
    parts.extensions.insert(place);
    Request::from_parts(parts, body)
}
