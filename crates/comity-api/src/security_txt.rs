//! `/.well-known/security.txt` (RFC 9116): what the party's own profile says there, while it holds.
//!
//! In scope: the answer. Out of scope: what it says (`comity_accord::security_txt`).

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::router::Api;

pub(crate) async fn serve(State(api): State<Api>) -> Response {
    let node = api.node.clone();
    let found = tokio::task::spawn_blocking(move || node.own_security_txt()).await;
    // RFC 9116 section 3: plain text in UTF-8.
    let kind = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    match found {
        Ok(Ok(Some(text))) => (StatusCode::OK, kind, text).into_response(),
        Ok(Ok(None)) => (StatusCode::NOT_FOUND, kind, "nothing here\n").into_response(),
        Ok(Err(error)) => {
            tracing::error!(error = %error, "security.txt not served");
            (StatusCode::INTERNAL_SERVER_ERROR, kind, "failed\n").into_response()
        }
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, kind, "failed\n").into_response(),
    }
}
