//! Which path is served by what.
//!
//! In scope: the table of routes, and what all requests have in common. Out of scope: each handler.

use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post};
use comity_node::node::Node;
use http::StatusCode;
use tokio::sync::Semaphore;

use crate::settings::ApiSettings;
use crate::{link, log, mta_sts, security_txt, taxii};

/// What every handler has.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) node: Node,
    pub(crate) settings: Arc<ApiSettings>,
    /// Permits to read a body.
    pub(crate) bodies: Arc<Semaphore>,
}

/// All routes.
pub(crate) fn router(node: Node, settings: ApiSettings) -> Router {
    let bodies = Arc::new(Semaphore::new(settings.bodies_at_once));
    let api = Api {
        node,
        settings: Arc::new(settings),
        bodies,
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
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(move || ready(ready_api.clone())))
        .route("/.well-known/security.txt", get(security_txt::serve))
        .route("/.well-known/mta-sts.txt", get(mta_sts::serve))
        .route("/link/v1/batches", post(link::batches))
        .route("/log/{*path}", any(log::serve))
        .route("/taxii2", any(taxii::serve))
        .route("/taxii2/", any(taxii::serve))
        .route("/taxii2/{*rest}", any(taxii::serve))
        .with_state(api)
}
