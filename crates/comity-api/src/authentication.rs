//! Who is speaking: the wire forms of HTTP Basic (RFC 7617) and bearer tokens (RFC 6750), or else the connection's certificate.
//!
//! In scope: reading `Authorization`, asking the node, making a wrong password slow. Out of scope: rights.

use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use comity_node::account::{Caller, Credentials, SignInError};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::client_certificate;
use crate::router::Api;
use crate::taxii::error::Problem;

/// The longest `Authorization` value that is looked at, in bytes.
const HEADER_BYTES_MAX: usize = 4096;

/// The caller of a request.
pub(crate) async fn caller(api: &Api, parts: &Parts, place: IpAddr) -> Result<Caller, Problem> {
    let credentials = match client_certificate::shown(parts) {
        // Whoever says who they are means that, whatever the connection came with.
        Some(fingerprint) if !parts.headers.contains_key(AUTHORIZATION) => {
            Credentials::Certificate(fingerprint)
        }
        Some(_) | None => credentials(&parts.headers)?,
    };
    if let Some(caller) = api.node.known_caller(&credentials) {
        return Ok(caller);
    }
    let node = api.node.clone();
    let signed_in = tokio::task::spawn_blocking(move || node.sign_in(&credentials, place)).await;
    match signed_in {
        Ok(Ok(caller)) => Ok(caller),
        Ok(Err(SignInError::TooMany { seconds })) => Err(Problem::too_many_attempts(seconds)),
        Ok(Err(SignInError::Refused)) => {
            tokio::time::sleep(api.settings.wrong_password_delay).await;
            Err(Problem::unauthorized(
                "the name or password, the token or the certificate is wrong",
            ))
        }
        Ok(Err(SignInError::CodeNeeded)) => Err(Problem::unauthorized(
            "the account has a second factor: a program signs in with a token",
        )),
        Ok(Err(error)) => Err(Problem::internal(&error)),
        Err(_) => Err(Problem::stopping()),
    }
}

/// What a request shows of its sender.
pub fn credentials(headers: &HeaderMap) -> Result<Credentials, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Err(Problem::unauthorized(
            "sign in with HTTP Basic or with a token",
        ));
    };
    let malformed =
        || Problem::unauthorized("the Authorization header is neither Basic nor Bearer");
    let value = value
        .to_str()
        .ok()
        .filter(|v| v.len() <= HEADER_BYTES_MAX)
        .ok_or_else(malformed)?;
    let (scheme, rest) = value.trim().split_once(' ').ok_or_else(malformed)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Credentials::Bearer(rest.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let decoded = BASE64_STANDARD
        .decode(rest)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or_else(malformed)?;
    let (name, password) = decoded.split_once(':').ok_or_else(malformed)?;
    Ok(Credentials::Basic {
        name: name.to_owned(),
        password: password.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Option<&Credentials>) {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        let got = credentials(&headers).ok();
        assert!(got.as_ref() == expected, "{value}");
    }

    #[test]
    fn both_schemes_are_read_in_any_case_and_anything_else_is_not() {
        let basic = |name: &str, password: &str| {
            Some(Credentials::Basic {
                name: name.to_owned(),
                password: password.to_owned(),
            })
        };
        check("Basic YTpiOmM=", basic("a", "b:c").as_ref());
        check("bAsIc YTpi", basic("a", "b").as_ref());
        check(
            "BEARER comity_00",
            Some(&Credentials::Bearer("comity_00".to_owned())),
        );
        check("Basic", None);
        check("Basic !!!", None);
        check("Basic YWI=", None);
        check("Digest username=a", None);
    }
}
