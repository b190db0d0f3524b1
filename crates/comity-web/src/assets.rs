//! Styles and scripts: compiled in, under names that change with what they hold, so that a browser may keep them for good.
//!
//! In scope: their names, giving them out. Out of scope: what stands in them (`assets/`).

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use sha2::{Digest, Sha256};

/// Digits of the digest in a name.
const DIGITS: usize = 16;

struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
    address: String,
}

macro_rules! asset {
    ($name:literal, $kind:literal) => {
        ($name, $kind, include_str!(concat!("../assets/", $name)))
    };
}

const FILES: &[(&str, &str, &str)] = &[
    asset!("comity.css", "text/css; charset=utf-8"),
    asset!("confirm.js", "text/javascript; charset=utf-8"),
    asset!("keys.js", "text/javascript; charset=utf-8"),
    asset!("live.js", "text/javascript; charset=utf-8"),
    asset!("passkeys.js", "text/javascript; charset=utf-8"),
    asset!("theme.js", "text/javascript; charset=utf-8"),
    asset!("times.js", "text/javascript; charset=utf-8"),
];

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let all = FILES.iter().map(|(name, kind, text)| {
        let mut digits = String::new();
        for byte in Sha256::digest(text.as_bytes()).iter().take(DIGITS / 2) {
            let _ = write!(digits, "{byte:02x}");
        }
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        Asset {
            name,
            kind,
            text,
            address: format!("/assets/{stem}.{digits}.{ending}"),
        }
    });
    all.collect()
});

/// Where the asset of this name is.
pub(crate) fn address(name: &str) -> &'static str {
    let found = ASSETS.iter().find(|asset| asset.name == name);
    found.map_or("/assets/none", |asset| asset.address.as_str())
}

/// The scripts, by their addresses.
pub(crate) fn scripts() -> Vec<&'static str> {
    let scripts = ASSETS
        .iter()
        .filter(|asset| asset.kind.starts_with("text/javascript"));
    scripts.map(|asset| asset.address.as_str()).collect()
}

/// `GET /assets/{name}`.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let found = ASSETS
        .iter()
        .find(|asset| asset.address.strip_prefix("/assets/") == Some(name.as_str()));
    let Some(asset) = found else {
        let mut response = Response::new(Body::from("there is no such file\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Body::from(asset.text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    let keep = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(CACHE_CONTROL, keep);
    let sniff = HeaderValue::from_static("nosniff");
    headers.insert(X_CONTENT_TYPE_OPTIONS, sniff);
    response
}
