//! `/.well-known/mta-sts.txt` (RFC 8461 section 3.2): how other mail servers are to deliver to this node's domain.
//!
//! In scope: the answer. Out of scope: what it says (`comity_mail::dns`), the certificate of the host `mta-sts.DOMAIN`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::router::Api;

pub(crate) async fn serve(State(api): State<Api>) -> Response {
    let kind = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    match &api.settings.mta_sts {
        Some(policy) => (StatusCode::OK, kind, policy.clone()).into_response(),
        None => (StatusCode::NOT_FOUND, kind, "nothing here\n").into_response(),
    }
}
