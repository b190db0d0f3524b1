//! Forms that a browser posts.
//!
//! A post counts only if it comes from a page of this node: the browser says so (`Sec-Fetch-Site`, `Origin`), the session's cookie
//! is not sent along from elsewhere (`SameSite`), and the form holds a number that only a page of this session can know.
//!
//! In scope: reading a form, and refusing one that another site made. Out of scope: what it asks for.
//! Limits: [`FORM_BYTES_MAX`].

use axum::body::Body;
use comity_node::account::session::csrf_matches;
use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Limited};

use crate::fields::Fields;
use crate::frame::Fault;
use crate::visit::Visit;

/// The longest form, in bytes: 50,000 values that were pasted, with room to spare.
const FORM_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a form may take to come.
const FORM_SECONDS: u64 = 30;

/// The fields of a post that a page of this node made.
pub(crate) async fn read(visit: &Visit, request: Request<Body>) -> Result<Fields, Fault> {
    let (parts, body) = request.into_parts();
    if !is_own(&parts.headers, &visit.host) {
        return Err(Fault::Foreign);
    }
    let kind = parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(Fault::Form);
    }
    let read = Limited::new(body, FORM_BYTES_MAX).collect();
    let limit = std::time::Duration::from_secs(FORM_SECONDS);
    let read = tokio::time::timeout(limit, read)
        .await
        .map_err(|_| Fault::Form)?;
    let fields = Fields::read(&read.map_err(|_| Fault::TooLarge)?.to_bytes());
    check_token(visit, &fields)?;
    Ok(fields)
}

/// Refuses fields without the number that only a page of this session can know.
pub(crate) fn check_token(visit: &Visit, fields: &Fields) -> Result<(), Fault> {
    if let Some(secret) = &visit.secret
        && !csrf_matches(secret, fields.get("csrf").unwrap_or_default())
    {
        return Err(Fault::Foreign);
    }
    Ok(())
}

/// Whether a browser says that a page of this node, at this host, made the request; one that says nothing is none.
pub(crate) fn is_own(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site")
        && site != "same-origin"
    {
        return false;
    }
    let Some(origin) = text(ORIGIN.as_str()) else {
        return text("sec-fetch-site").is_some();
    };
    origin
        .split_once("://")
        .is_some_and(|(_, rest)| rest == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fields: &[(&'static str, &str)], own: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(*name, value.parse().unwrap());
        }
        assert_eq!(is_own(&headers, "node.example"), own, "{fields:?}");
    }

    #[test]
    fn only_a_page_of_this_node_posts() {
        check(&[("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "same-site")], false);
        check(
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://node.example"),
            ],
            false,
        );
        check(&[("sec-fetch-site", "none")], false);
        check(&[("origin", "https://node.example")], true);
        check(&[("origin", "https://evil.example")], false);
        check(&[("origin", "null")], false);
        check(&[("origin", "https://")], false);
        check(&[], false);
    }
}
