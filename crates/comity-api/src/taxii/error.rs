//! Errors as TAXII sends them (section 3.6.1): what the other side may know, never our policy or another party's name.
//!
//! In scope: status codes, stable error codes, the body. Out of scope: the operator's side, which is the log.

use axum::body::Body;
use axum::response::Response;
use comity_node::collection::CollectionError;
use comity_node::intake::IntakeError;
use comity_node::reading::ReadError;
use comity_stix::envelope::EnvelopeError;
use comity_store::error::{StoreError, chain};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde::Serialize;

use crate::taxii::media::TAXII;

/// An error to be sent.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    description: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct ErrorMessage<'a> {
    title: &'a str,
    description: &'a str,
    error_id: String,
    error_code: &'a str,
    /// A string that equals the status code: section 3.6.1.
    http_status: &'a str,
}

impl Problem {
    fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        description: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            description: description.into(),
            headers: Vec::new(),
        }
    }

    /// What it says, for another interface that puts it in its own form.
    pub(crate) fn told(self) -> (StatusCode, String, Vec<(HeaderName, HeaderValue)>) {
        (self.status, self.description, self.headers)
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// 400: the request cannot be understood.
    pub(crate) fn bad_request(why: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-request",
            "The request cannot be understood",
            why,
        )
    }

    /// 401, with both challenges (RFC 7235 section 4.1).
    pub(crate) fn unauthorized(why: &str) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Credentials are needed",
            why,
        )
        .with_header(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"Comity\", charset=\"UTF-8\""),
        )
        .with_header(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"Comity\""),
        )
    }

    /// 403.
    pub(crate) fn forbidden(why: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "You may not do this",
            why,
        )
    }

    /// 404.
    pub(crate) fn not_found(why: impl Into<String>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is no such resource",
            why,
        )
    }

    /// 405.
    pub(crate) fn method_not_allowed(method: &Method) -> Self {
        let why = format!("{method} is not defined for this resource");
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "This method is not defined here",
            why,
        )
        .with_header(ALLOW, HeaderValue::from_static("GET, POST, DELETE"))
    }

    /// 406.
    pub(crate) fn not_acceptable() -> Self {
        let why =
            format!("the Accept header leaves out {TAXII}, which is all that this server sends");
        Self::new(
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            "Nothing acceptable can be sent",
            why,
        )
    }

    /// 413.
    pub(crate) fn too_large(limit: usize) -> Self {
        let why = format!(
            "the body is longer than {limit} bytes (max_content_length): split it and send the parts"
        );
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            "The body is too large",
            why,
        )
    }

    /// 415, by type.
    pub(crate) fn unsupported_media_type() -> Self {
        let why = format!("the Content-Type must be {TAXII}");
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "This type is not supported",
            why,
        )
    }

    /// 415, by encoding.
    pub(crate) fn unsupported_encoding() -> Self {
        let why = "send the body without Content-Encoding";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-encoding",
            "This encoding is not supported",
            why,
        )
    }

    /// 422: understood, and it cannot be processed.
    fn unprocessable(why: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "unprocessable",
            "The content cannot be processed",
            why,
        )
    }

    /// 429: wrong passwords from this place.
    pub(crate) fn too_many_attempts(seconds: u32) -> Self {
        let why = format!("too many wrong attempts came from your address; wait {seconds} seconds");
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-attempts",
            "Too many wrong attempts",
            why,
        )
        .with_header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 503: try again.
    fn busy() -> Self {
        let why =
            "the node has too much to do; nothing was recorded: send the request again in a moment";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "The node is busy",
            why,
        )
        .with_header(RETRY_AFTER, HeaderValue::from_static("2"))
    }

    /// 503: the node is being stopped.
    pub(crate) fn stopping() -> Self {
        let why = "the node is being stopped; send the request again later";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "The node is being stopped",
            why,
        )
        .with_header(RETRY_AFTER, HeaderValue::from_static("10"))
    }

    /// 408: the client paused too long.
    pub(crate) fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "too-slow",
            "The body did not arrive in time",
            "send it again, without pauses, or in smaller parts",
        )
    }

    /// 400: the client went away or broke the rules of HTTP within the body.
    pub(crate) fn broken_body() -> Self {
        Self::bad_request("the body ended before it was complete")
    }

    /// 500: what failed stands in the log, under the id that is sent.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = chain(error), "request failed");
        let why = "the node could not do it; its operator finds the reason in the log";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The node failed",
            why,
        )
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other failure is the node's own"
    )]
    fn store(error: &StoreError) -> Self {
        match error {
            StoreError::Busy { .. } | StoreError::Away { .. } => Self::busy(),
            StoreError::RecordTooLarge { .. } => Self::unprocessable(error.to_string()),
            _ => Self::internal(error),
        }
    }

    /// The answer.
    pub(crate) fn into_response(self) -> Response {
        let error_id = comity_node::clock::new_uuid().to_string();
        let (status, code) = (self.status, self.code);
        tracing::info!(%status, code, error_id, description = self.description, "request refused");
        let message = ErrorMessage {
            title: self.title,
            description: &self.description,
            error_id,
            error_code: self.code,
            http_status: self.status.as_str(),
        };
        let body = serde_json::to_vec(&message).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(TAXII));
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

impl From<CollectionError> for Problem {
    fn from(error: CollectionError) -> Self {
        match &error {
            CollectionError::Unknown(_) => Self::not_found("there is no such collection for you"),
            CollectionError::NotReadable | CollectionError::NotWritable => {
                Self::forbidden(error.to_string())
            }
            CollectionError::Store(source) => Self::store(source),
            CollectionError::Taken(_)
            | CollectionError::BadTitle
            | CollectionError::BadAlias(_)
            | CollectionError::UnknownAccount(_)
            | _ => Self::internal(&error),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Collection(source) => source.into(),
            ReadError::UnknownObject(_) | ReadError::UnknownStatus(_) => {
                Self::not_found(error.to_string())
            }
            ReadError::Store(source) => Self::store(&source),
            other => Self::internal(&other),
        }
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Collection(source) => source.into(),
            // A limit is a rule of ours on something that was understood.
            IntakeError::Envelope(
                source @ (EnvelopeError::TooManyObjects { .. } | EnvelopeError::TooDeep { .. }),
            ) => Self::unprocessable(source.to_string()),
            IntakeError::Envelope(source) => Self::bad_request(&source.to_string()),
            IntakeError::Persons(source) => Self::internal(source.as_ref()),
            IntakeError::Store(source) => Self::store(&source),
            other => Self::internal(&other),
        }
    }
}
