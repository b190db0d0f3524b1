//! The provider of identities: its documents, fetched and kept for a while (`OpenID` Connect Discovery 1.0).
//!
//! In scope: which document is asked for and when, what must stand in it. Out of scope: HTTP (whoever gives an [`Outside`]), tokens
//! (`id_token`).
//! Limits: a document is kept for [`KEPT_MICROS`]; keys are asked for again at most once in [`AGAIN_MICROS`].

use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use super::id_token::{Expected, Fault, ProviderKey, Said, keys, verify};
use super::{OidcError, OidcTerms};
use crate::account::second_factor::escaped;

/// How long a document is kept: an hour, in microseconds.
const KEPT_MICROS: i64 = 3_600_000_000;
/// How often at most keys are asked for because of one that is unknown: once a minute.
const AGAIN_MICROS: i64 = 60_000_000;

/// Who asks other machines for the node. Each call ends within seconds, with an answer of no more than some hundred kilobytes.
pub trait Outside: Send + Sync + std::fmt::Debug {
    /// The document at an address; otherwise why there is none.
    fn get(&self, url: &str) -> Result<Vec<u8>, String>;

    /// What a form that is posted is answered, with its status; by HTTP Basic where a name and a password are given.
    fn post(
        &self,
        url: &str,
        form: String,
        basic: Option<(String, String)>,
    ) -> Result<(u16, Vec<u8>), String>;
}

/// What a provider says of itself.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Discovery {
    issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// The provider as far as it is known.
#[derive(Debug)]
pub(crate) struct Provider {
    outside: Arc<dyn Outside>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    discovery: Option<(Discovery, i64)>,
    keys: Option<(Vec<ProviderKey>, i64)>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

impl Provider {
    pub(super) fn new(outside: Arc<dyn Outside>) -> Self {
        Self {
            outside,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the provider says of itself.
    pub(super) fn discovery(&self, terms: &OidcTerms, now: i64) -> Result<Discovery, OidcError> {
        if let Some((found, at)) = &self.known().discovery
            && (0..KEPT_MICROS).contains(&(now - at))
        {
            return Ok(found.clone());
        }
        let url = format!(
            "{}/.well-known/openid-configuration",
            terms.issuer.trim_end_matches('/')
        );
        let document = self.outside.get(&url).map_err(OidcError::Provider)?;
        let wrong = |what: &str| OidcError::Provider(format!("{url}: {what}"));
        let found: Discovery = serde_json::from_slice(&document)
            .map_err(|_| wrong("it is no document of a provider"))?;
        if found.issuer != terms.issuer {
            return Err(wrong("it is another issuer's"));
        }
        let places = [
            &found.authorization_endpoint,
            &found.token_endpoint,
            &found.jwks_uri,
        ];
        if !places.into_iter().all(|place| is_usable(place)) {
            return Err(wrong("it names places without TLS"));
        }
        self.known().discovery = Some((found.clone(), now));
        Ok(found)
    }

    fn keys(&self, discovery: &Discovery, now: i64) -> Result<Vec<ProviderKey>, OidcError> {
        let url = &discovery.jwks_uri;
        let document = self.outside.get(url).map_err(OidcError::Provider)?;
        let found = keys(&document)
            .ok_or_else(|| OidcError::Provider(format!("{url}: it holds no keys")))?;
        self.known().keys = Some((found.clone(), now));
        Ok(found)
    }

    /// The ID token that a code is worth (`OpenID` Connect Core section 3.1.3).
    pub(super) fn exchange(
        &self,
        terms: &OidcTerms,
        discovery: &Discovery,
        (code, verifier, redirect): (&str, &str, &str),
    ) -> Result<String, OidcError> {
        let mut form = format!(
            "grant_type=authorization_code&code={}&redirect_uri={}&code_verifier={verifier}",
            escaped(code),
            escaped(redirect)
        );
        let methods = discovery.token_endpoint_auth_methods_supported.as_deref();
        let by_header =
            methods.is_none_or(|methods| methods.iter().any(|one| one == "client_secret_basic"));
        let (client, secret) = (escaped(&terms.client), escaped(&terms.secret));
        // RFC 6749 section 2.3.1: both are encoded as a form has them.
        let basic = if by_header {
            Some((client, secret))
        } else {
            form.push_str("&client_id=");
            form.push_str(&client);
            form.push_str("&client_secret=");
            form.push_str(&secret);
            None
        };
        let url = &discovery.token_endpoint;
        let (status, answer) = self
            .outside
            .post(url, form, basic)
            .map_err(OidcError::Provider)?;
        if status != 200 {
            // What it says is for whoever manages the node, and holds nothing of ours.
            tracing::warn!(status, "the provider of identities gave nothing for a code");
            return Err(OidcError::Token("the provider gave nothing for the code"));
        }
        let answer: TokenAnswer = serde_json::from_slice(&answer)
            .map_err(|_| OidcError::Token("the provider answered without an ID token"))?;
        Ok(answer.id_token)
    }

    /// Verifies an ID token; a key that is unknown is asked for once more.
    pub(super) fn verify(
        &self,
        discovery: &Discovery,
        token: &str,
        expected: &Expected<'_>,
        now: i64,
    ) -> Result<Said, OidcError> {
        let kept = self.known().keys.clone();
        let kept = kept.filter(|(_, at)| (0..KEPT_MICROS).contains(&(now - at)));
        let (known, at) = match kept {
            Some(kept) => kept,
            None => (self.keys(discovery, now)?, now),
        };
        let mut said = verify(token, &known, expected);
        if said == Err(Fault::UnknownKey) && now - at >= AGAIN_MICROS {
            said = verify(token, &self.keys(discovery, now)?, expected);
        }
        said.map_err(|fault| OidcError::Token(fault.words()))
    }
}

/// Whether a place may be asked: by TLS, or on this machine.
pub fn is_usable(url: &str) -> bool {
    let plain = url
        .bytes()
        .all(|byte| (0x21..0x7f).contains(&byte) && !b"#\"<>\\^`{|}".contains(&byte));
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let (authority, _) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
    let host = match authority.strip_prefix('[') {
        Some(inner) => inner.split_once(']').map_or("", |(host, _)| host),
        None => authority
            .split_once(':')
            .map_or(authority, |(host, _)| host),
    };
    let here = ["localhost", "127.0.0.1", "::1"].contains(&host);
    plain
        && !host.is_empty()
        && !authority.contains('@')
        && (scheme == "https" || scheme == "http" && here)
}
