//! Media types: what a client accepts and sends (TAXII 2.1 sections 1.6.8 and 3.1; RFC 7231 sections 3.1.1 and 5.3.2).
//!
//! In scope: reading `Accept`, `Accept-Encoding` and `Content-Type` as real clients write them: without a version, in
//! any case, quoted, with q-values, with spaces. Out of scope: other representations; there is one.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};

use crate::taxii::error::Problem;

/// The media type of every answer.
pub(crate) const TAXII: &str = "application/taxii+json;version=2.1";
/// The media type of STIX objects, as collections and manifests name it.
pub(crate) const STIX_21: &str = "application/stix+json;version=2.1";
/// The same for STIX 2.0 objects.
pub(crate) const STIX_20: &str = "application/stix+json;version=2.0";

/// What is asked for; the manifest's table of headers names one type more (section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// The manifest.
    Manifest,
    /// Anything else.
    Other,
}

/// One media range or type with its parameters, names and values in lower case.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    name: String,
    parameters: Vec<(String, String)>,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = split_quoted(text, ';').into_iter();
        let name = parts.next()?.trim().to_ascii_lowercase();
        let parameters = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            Some((name.trim().to_ascii_lowercase(), value.to_ascii_lowercase()))
        });
        Some(Self {
            name,
            parameters: parameters.collect(),
        })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the quality value rules it out (RFC 7231 section 5.3.1).
    fn is_refused(&self) -> bool {
        self.parameter("q")
            .and_then(|q| q.parse::<f32>().ok())
            .is_some_and(|q| q <= 0.0)
    }

    fn has_version(&self, version: &str) -> bool {
        self.parameter("version").is_none_or(|v| v == version)
    }
}

/// Refuses a request whose `Accept` leaves nothing that this server sends.
pub fn check_accept(headers: &HeaderMap, resource: Resource) -> Result<(), Problem> {
    let mut named = false;
    for value in headers.get_all(ACCEPT) {
        let Ok(text) = value.to_str() else { continue };
        for range in split_quoted(text, ',').into_iter().filter_map(Range::parse) {
            named |= !range.name.is_empty();
            if !range.is_refused() && takes(&range, resource) {
                return Ok(());
            }
        }
    }
    // A client that does not say takes what it gets.
    if named {
        Err(Problem::not_acceptable())
    } else {
        Ok(())
    }
}

fn takes(range: &Range, resource: Resource) -> bool {
    match range.name.as_str() {
        // Plain JSON is what this is as well, and real clients ask for it.
        "*/*" | "application/*" | "application/json" => true,
        "application/taxii+json" => range.has_version("2.1"),
        "application/stix+json" => resource == Resource::Manifest && range.has_version("2.1"),
        _ => false,
    }
}

/// Refuses a body that is not a TAXII 2.1 envelope by its type, or that is encoded.
pub fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let text = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let range = text.and_then(Range::parse);
    if !range.is_some_and(|r| r.name == "application/taxii+json" && r.has_version("2.1")) {
        return Err(Problem::unsupported_media_type());
    }
    let encoding = headers
        .get(CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("identity");
    if encoding.trim().eq_ignore_ascii_case("identity") {
        Ok(())
    } else {
        Err(Problem::unsupported_encoding())
    }
}

/// Whether the client takes gzip.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers
        .get_all(ACCEPT_ENCODING)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let ranges = values
        .flat_map(|text| split_quoted(text, ','))
        .filter_map(Range::parse);
    let mut any = false;
    for range in ranges {
        match range.name.as_str() {
            "gzip" | "x-gzip" => return !range.is_refused(),
            "*" => any = !range.is_refused(),
            _ => {}
        }
    }
    any
}

/// Splits at `at` outside of quotes.
fn split_quoted(text: &str, at: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(move |c| {
        if c == '"' {
            quoted = !quoted;
        }
        c == at && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(value: &str, expected: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, value.parse().unwrap());
        assert_eq!(
            check_accept(&headers, Resource::Other).is_ok(),
            expected,
            "{value}"
        );
    }

    #[test]
    fn accept_is_read_as_real_clients_write_it() {
        for good in [
            "application/taxii+json;version=2.1",
            "application/taxii+json; version=2.1",
            "application/taxii+json",
            "Application/TAXII+JSON;Version=\"2.1\"",
            "text/html, application/taxii+json;version=2.1;q=0.5",
            "*/*",
            "application/*;q=0.1",
            "application/json",
            "",
        ] {
            accepts(good, true);
        }
        for bad in [
            "text/html",
            "application/taxii+json;version=2.0",
            "application/vnd.oasis.taxii+json;version=2.0",
            "application/taxii+json;version=2.1;q=0",
            "application/stix+json;version=2.1",
        ] {
            accepts(bad, false);
        }
    }

    #[test]
    fn gzip_is_taken_unless_refused() {
        let check = |value: &str, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
            assert_eq!(takes_gzip(&headers), expected, "{value}");
        };
        check("gzip", true);
        check("deflate, GZIP;q=1.0, *;q=0.5", true);
        check("gzip;q=0, *", false);
        check("*", true);
        check("identity", false);
        check("br", false);
    }
}
