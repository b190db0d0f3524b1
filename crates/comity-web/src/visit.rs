//! A visit: one request of a browser, and what is known of whoever makes it.
//!
//! In scope: reading language, zone, theme and session from a request; asking the node on the person's behalf.
//! Out of scope: opening sessions (`screens::signing`), forms (`form`).

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{FromRequestParts, RawPathParams};
use comity_accord::evaluation::calendar::zone;
use comity_node::account::passkey::Origin;
use comity_node::node::Node;
use comity_node::operation::Denied;
use comity_node::operation::rights::Permission;
use comity_node::person::{Person, Way};
use http::header::{ACCEPT_LANGUAGE, COOKIE, HOST, HeaderValue, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Uri};
use jiff::tz::TimeZone;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::fields::Fields;
use crate::frame::Fault;
use crate::words::{Language, Words};

/// The longest `Cookie` field that is looked at, in bytes.
const COOKIE_BYTES_MAX: usize = 8_192;

/// What every screen has.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    pub(crate) node: Node,
    pub(crate) settings: Arc<WebSettings>,
    /// Files that may come and go at once.
    pub(crate) files: Arc<Semaphore>,
}

/// How pages are served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSettings {
    /// Browsers come by TLS, here or at a proxy in front: cookies go no other way.
    pub secure: bool,
    /// How long a release waits before it goes and can be taken back, in seconds.
    pub undo_seconds: u32,
}

impl WebSettings {
    /// The name of the session's cookie. `__Host-` binds it to this host, to TLS and to the whole of it (RFC 6265bis section 4.1.3.2).
    pub(crate) fn cookie(&self) -> &'static str {
        if self.secure {
            "__Host-comity"
        } else {
            "comity"
        }
    }

    /// The name of the cookie of somebody who is at the provider of identities.
    pub(crate) fn flight_cookie(&self) -> &'static str {
        if self.secure {
            "__Host-comity-flight"
        } else {
            "comity-flight"
        }
    }
}

/// The look that a person chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        let all = [Self::System, Self::Light, Self::Dark];
        all.into_iter().find(|one| one.word() == word)
    }
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// Who is signed in.
    pub(crate) person: Option<Person>,
    /// The session's secret.
    pub(crate) secret: Option<String>,
    pub(crate) words: &'static Words,
    pub(crate) theme: Theme,
    pub(crate) zone: TimeZone,
    /// Single keys do something.
    pub(crate) keys: bool,
    /// The path that was asked for, and what follows it.
    pub(crate) path: String,
    pub(crate) query: Fields,
    /// The name of this request, in its page when something fails and in the log.
    pub(crate) id: String,
    pub(crate) place: IpAddr,
    pub(crate) agent: String,
    /// The host that was asked, with its port.
    pub(crate) host: String,
    /// A page of this node leads here, or nobody else does: as the browser says.
    pub(crate) own: bool,
    pub(crate) began: Instant,
    arguments: Vec<(String, String)>,
    /// What this browser keeps while its person is at the provider of identities.
    pub(crate) flight: Option<String>,
}

impl Visit {
    /// A part of the path, by its name in the route.
    pub(crate) fn argument(&self, name: &str) -> &str {
        let found = self.arguments.iter().find(|(each, _)| each == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Who is signed in; otherwise the way to the sign-in.
    pub(crate) fn person(&self) -> Result<&Person, Fault> {
        self.person.as_ref().ok_or(Fault::SignIn)
    }

    /// The id of the session of this visit.
    pub(crate) fn session_id(&self) -> Option<String> {
        match &self.person.as_ref()?.way {
            Way::Session { id } => Some(id.clone()),
            Way::Token { .. } | Way::Certificate { .. } | Way::Password | Way::Operator => None,
        }
    }

    /// Where this page is, if browsers have passkeys there.
    pub(crate) fn origin(&self, web: &Web) -> Option<Origin> {
        Origin::parse(web.settings.secure, &self.host)
    }

    /// Whether the person who is signed in has a right.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        let person = self.person.as_ref();
        person.is_some_and(|person| permission.is_of(person.role))
    }

    /// Refuses a page to whoever may not do what it is for.
    pub(crate) fn needs(&self, permission: Permission) -> Result<(), Fault> {
        let role = self.person()?.role;
        if permission.is_of(role) {
            return Ok(());
        }
        let (role, needs) = (role.word(), permission);
        Err(Fault::Denied(Denied::Role { role, needs }))
    }

    /// Does an operation for the person who is signed in.
    pub(crate) async fn ask(
        &self,
        web: &Web,
        name: &'static str,
        arguments: Value,
    ) -> Result<Value, Fault> {
        let (node, person) = (web.node.clone(), self.person()?.clone());
        let done = tokio::task::spawn_blocking(move || node.ask(&person, name, arguments)).await;
        match done {
            Ok(done) => Ok(done?),
            Err(_) => Err(Fault::Failed("the operation ended early".to_owned())),
        }
    }

    /// The same where a page shows what it can: an operation that the role does not have is as one that found nothing.
    pub(crate) async fn ask_if(
        &self,
        web: &Web,
        name: &'static str,
        arguments: Value,
    ) -> Result<Value, Fault> {
        match self.ask(web, name, arguments).await {
            Err(Fault::Denied(Denied::Role { .. })) => Ok(Value::Null),
            other => other,
        }
    }
}

impl FromRequestParts<Web> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Self::Rejection> {
        let began = Instant::now();
        let text = |name: http::HeaderName| {
            parts
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let named = |name: &str| cookie(parts.headers.get_all(COOKIE).iter(), name);
        let secret = named(web.settings.cookie());
        let mut person = None;
        if let Some(secret) = secret.clone() {
            let node = web.node.clone();
            let found = tokio::task::spawn_blocking(move || node.session(&secret)).await;
            person = found.ok().and_then(Result::ok).flatten();
        }
        let flight = named(web.settings.flight_cookie());
        let language = named("comity-language");
        let language = language.and_then(|tag| Language::parse(&tag));
        let accepted = || text(ACCEPT_LANGUAGE).and_then(Language::accepted);
        let language = language.or_else(accepted).unwrap_or(Language::English);
        let theme = named("comity-theme").and_then(|word| Theme::parse(&word));
        let zone = named("comity-zone").and_then(|name| zone(&name));
        let keys = named("comity-keys").as_deref() != Some("off");
        let site = parts
            .headers
            .get("sec-fetch-site")
            .and_then(|value| value.to_str().ok());
        let own = matches!(site, Some("same-origin" | "none"));
        let place = parts.extensions.get::<IpAddr>().copied();
        let agent = text(USER_AGENT).unwrap_or_default().to_owned();
        let query = Fields::read(parts.uri.query().unwrap_or_default().as_bytes());
        let path = parts
            .uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str)
            .to_owned();
        let params = RawPathParams::from_request_parts(parts, web).await;
        let arguments = params.map(|params| {
            let pairs = params
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            pairs.collect()
        });
        Ok(Self {
            secret: secret.filter(|_| person.is_some()),
            person,
            words: language.words(),
            theme: theme.unwrap_or(Theme::System),
            zone: zone.unwrap_or(TimeZone::UTC),
            keys,
            path,
            query,
            id: request_id(web),
            place: place.unwrap_or(IpAddr::from([0, 0, 0, 0])),
            agent,
            host: host(&parts.uri, &parts.headers),
            own,
            flight,
            began,
            arguments: arguments.unwrap_or_default(),
        })
    }
}

/// The host that a request is for: that of its target where it has one, as in HTTP/2 (RFC 9113 section 8.3.1), otherwise its field.
fn host(uri: &Uri, headers: &HeaderMap) -> String {
    let field = || headers.get(HOST).and_then(|value| value.to_str().ok());
    let named = uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(field);
    named.unwrap_or_default().to_owned()
}

/// The value of a cookie (RFC 6265 section 4.2).
fn cookie<'h>(fields: impl Iterator<Item = &'h HeaderValue>, name: &str) -> Option<String> {
    let texts = fields
        .filter_map(|field| field.to_str().ok())
        .filter(|text| text.len() <= COOKIE_BYTES_MAX);
    let pairs = texts.flat_map(|text| text.split(';'));
    let mut named = pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(each, _)| *each == name);
    named.next().map(|(_, value)| value.to_owned())
}

/// A name that no other request of this node has: its time, and its number since the program began.
fn request_id(web: &Web) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{number:x}", web.node.clock().now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_that_of_the_target_or_of_the_field() {
        let check = |uri: &str, field: Option<&str>, expected: &str| {
            let mut headers = HeaderMap::new();
            if let Some(field) = field {
                headers.insert(HOST, field.parse().unwrap());
            }
            assert_eq!(host(&uri.parse().unwrap(), &headers), expected);
        };
        check("/me", Some("node.example:7410"), "node.example:7410");
        check("https://node.example/me", None, "node.example");
        check("/me", None, "");
    }
}
