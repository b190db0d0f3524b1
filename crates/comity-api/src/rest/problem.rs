//! Errors of REST: problem details (RFC 9457) with a code that stays, and what to do.
//!
//! In scope: which error has which status and code. Out of scope: pages.

use axum::body::Body;
use axum::response::Response;
use comity_node::command::RefusalKind;
use comity_node::operation::Denied;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

use crate::rest::private;
use crate::taxii::error::Problem as Told;

/// An error to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    hint: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Every code with its status and what it means, for the document.
pub(crate) const CODES: &[(&str, u16, &str)] = &[
    (
        "bad-request",
        400,
        "The arguments are not what the call takes.",
    ),
    (
        "unauthorized",
        401,
        "Credentials are needed, or those given are wrong.",
    ),
    ("role", 403, "The role of the account may not do this."),
    ("scope", 403, "The token's scope does not reach as far."),
    (
        "needs-person",
        403,
        "By what an account signs in is changed by its person, not by a token.",
    ),
    (
        "not-own",
        403,
        "The account belongs to another party: it uses TAXII.",
    ),
    ("release", 403, "The release rules refuse it."),
    (
        "second-person",
        403,
        "A second person must look at it, and it cannot wait for one.",
    ),
    (
        "not-found",
        404,
        "There is nothing of that name that the caller may see.",
    ),
    ("method-not-allowed", 405, "The path knows no such method."),
    (
        "no",
        409,
        "The answer of the node is no; the detail says why.",
    ),
    (
        "cursor-gone",
        409,
        "The row after which a list was to go on is there no more.",
    ),
    (
        "key-used",
        409,
        "The idempotency key was used for another call.",
    ),
    (
        "in-progress",
        409,
        "The first call with this idempotency key is still running.",
    ),
    ("too-large", 413, "The body is too large."),
    (
        "media-type",
        415,
        "The body is not of the media type that the call takes.",
    ),
    (
        "too-many-attempts",
        429,
        "Too many wrong credentials came from there.",
    ),
    ("failed", 500, "The node could not do it."),
    ("busy", 503, "Too many files come or go at once."),
];

impl Problem {
    fn new(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            hint: hint.into(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn bad(detail: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-request",
            detail,
            "/api/v1/openapi.json says what each call takes",
        )
    }

    pub(crate) fn missing(detail: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            detail,
            "/api/v1/openapi.json lists the calls",
        )
    }

    pub(crate) fn method() -> Self {
        let hint = "/api/v1/openapi.json says which methods there are";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "this path knows no such method",
            hint,
        )
    }

    /// The body is not of the type that the call takes.
    pub(crate) fn media(wanted: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            format!("the body is not {wanted}"),
            format!("send it with Content-Type: {wanted}"),
        )
    }

    /// Too many files come and go already.
    pub(crate) fn busy() -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many files come or go at once",
            "send it again once another one is through",
        );
        let later = (RETRY_AFTER, HeaderValue::from_static("10"));
        problem.headers.push(later);
        problem
    }

    pub(crate) fn too_large(most: impl std::fmt::Display) -> Self {
        let detail = format!("the body is longer than {most} bytes");
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            detail,
            "send it in parts",
        )
    }

    pub(crate) fn failed(detail: &str) -> Self {
        let hint = "try again later; whoever manages the node finds the reason in its log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", detail, hint)
    }

    pub(crate) fn not_own() -> Self {
        let detail = "the account belongs to another party";
        Self::new(
            StatusCode::FORBIDDEN,
            "not-own",
            detail,
            "accounts of other parties use TAXII at /taxii2/",
        )
    }

    pub(crate) fn key_used() -> Self {
        let detail = "this idempotency key was used for another call";
        Self::new(
            StatusCode::CONFLICT,
            "key-used",
            detail,
            "take a new key for each thing to be done",
        )
    }

    pub(crate) fn in_progress() -> Self {
        let detail =
            "the first call with this idempotency key is still running, or ended with the node";
        Self::new(
            StatusCode::CONFLICT,
            "in-progress",
            detail,
            "look whether it was done; then take a new key",
        )
    }

    /// What signing in was refused for.
    pub(crate) fn of_sign_in(told: Told) -> Self {
        let (status, detail, headers) = told.told();
        let hint = "send Authorization: Bearer TOKEN; `comity token create` makes one";
        let code = match status {
            StatusCode::UNAUTHORIZED => "unauthorized",
            StatusCode::TOO_MANY_REQUESTS => "too-many-attempts",
            _ => "failed",
        };
        let kept = headers
            .into_iter()
            .filter(|(name, _)| *name == WWW_AUTHENTICATE || *name == RETRY_AFTER);
        let mut problem = Self::new(status, code, detail, hint);
        problem.headers = kept.collect();
        problem
    }

    pub(crate) fn document(&self) -> Value {
        json!({
            "type": format!("urn:comity:problem:{}", self.code), "title": self.status.canonical_reason(),
            "status": self.status.as_u16(), "code": self.code, "detail": self.detail, "hint": self.hint,
        })
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.document().to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        private(headers);
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let detail = denied.to_string();
        match denied {
            Denied::Role { .. } => Self::new(
                StatusCode::FORBIDDEN,
                "role",
                detail,
                "whoever manages the node gives roles",
            ),
            Denied::Scope(_) => {
                let hint = "a token of a wider scope may: `comity token create --scope`";
                Self::new(StatusCode::FORBIDDEN, "scope", detail, hint)
            }
            Denied::NeedsPerson => {
                let hint = "sign in with the account itself, on its page";
                Self::new(StatusCode::FORBIDDEN, "needs-person", detail, hint)
            }
            Denied::Arguments(_) => Self::bad(&detail),
            Denied::CursorGone => Self::new(
                StatusCode::CONFLICT,
                "cursor-gone",
                detail,
                "begin again without a cursor",
            ),
            Denied::Missing | Denied::Unknown(_) => Self::missing(&detail),
            Denied::Refused(refusal) => {
                let (status, code) = match refusal.kind {
                    RefusalKind::No => (StatusCode::CONFLICT, "no"),
                    RefusalKind::Usage => (StatusCode::BAD_REQUEST, "bad-request"),
                    RefusalKind::Unknown => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
                    RefusalKind::Release => (StatusCode::FORBIDDEN, "release"),
                    RefusalKind::SecondPerson => (StatusCode::FORBIDDEN, "second-person"),
                    RefusalKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
                };
                if status.is_server_error() {
                    tracing::error!(reason = refusal.message, "a call failed");
                }
                Self::new(status, code, refusal.message, refusal.hint)
            }
            Denied::Held(_) | _ => Self::failed(&detail),
        }
    }
}
