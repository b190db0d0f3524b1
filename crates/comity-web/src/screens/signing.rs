//! Signing in and out, and what a person chooses without signing in: language, look, zone.
//!
//! In scope: the forms and the cookies. Out of scope: passwords, codes and sessions themselves (`comity_node::account`).

use askama::Template;
use axum::body::Body;
use axum::response::Response;
use comity_accord::evaluation::calendar::zone;
use comity_node::account::session::OpenedSession;
use comity_node::account::{Credentials, SignInError};
use http::StatusCode;
use http::header::{HeaderValue, LOCATION, SET_COOKIE};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, guard, local, page, to};
use crate::visit::{Theme, Visit, Web};
use crate::words::Language;

/// How long a choice is kept, seconds: a year.
const KEPT_SECONDS: u32 = 31_536_000;

#[derive(Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignIn {
    frame: Frame,
    next: String,
    name: String,
    pub(crate) wrong: Option<String>,
    code_needed: bool,
    /// Browsers have passkeys at this address.
    passkeys: bool,
    /// What the provider of identities is called, where there is one.
    provider: Option<String>,
}

/// `GET /sign-in`.
pub(crate) async fn form(web: Web, visit: Visit) -> Shown {
    let next = local(visit.query.get("next").unwrap_or("/"));
    if visit.person.is_some() {
        return to(&next);
    }
    page(&visit, &SignIn::new(&web, &visit, next))
}

impl SignIn {
    pub(crate) fn new(web: &Web, visit: &Visit, next: String) -> Self {
        Self {
            frame: Frame::new(web, visit, visit.words.say("sign-in")),
            next,
            name: String::new(),
            wrong: None,
            code_needed: false,
            passkeys: visit.origin(web).is_some(),
            provider: web.node.oidc().map(|terms| terms.name.clone()),
        }
    }
}

/// `POST /sign-in`: a new session each time, so that nobody can have set its cookie before.
pub(crate) async fn sign_in(web: Web, visit: Visit, fields: Fields) -> Shown {
    let name = fields.text("name");
    let credentials = Credentials::Basic {
        name,
        password: fields.raw("password").unwrap_or_default().to_owned(),
    };
    let code = fields.get("code").map(str::to_owned);
    let (node, place, agent) = (web.node.clone(), visit.place, visit.agent.clone());
    let opened = tokio::task::spawn_blocking(move || {
        node.open_session(&credentials, code.as_deref(), place, &agent)
    })
    .await;
    let opened = opened.map_err(|_| Fault::Failed("signing in ended early".to_owned()))?;
    entered(&web, &visit, &fields, opened)
}

/// The page after somebody has shown who they are, or the form again.
pub(crate) fn entered(
    web: &Web,
    visit: &Visit,
    fields: &Fields,
    opened: Result<OpenedSession, SignInError>,
) -> Shown {
    let next = local(fields.get("next").unwrap_or("/"));
    let (wrong, code_needed) = match opened {
        Ok(opened) => {
            let mut response = to(&next)?;
            set_cookie(&mut response, &session_cookie(web, &opened.secret, None));
            return Ok(response);
        }
        Err(SignInError::TooMany { seconds }) => return Err(Fault::TooMany(seconds)),
        Err(SignInError::CodeNeeded) => (None, true),
        Err(SignInError::Store(error)) => return Err(Fault::Failed(error.to_string())),
        Err(SignInError::NotOwn) => (Some(visit.words.say("sign-in-not-own")), false),
        Err(SignInError::CounterWentBack) => (Some(visit.words.say("passkey-counted-back")), false),
        // Which of them was wrong is not told.
        Err(_) if fields.get("authenticator").is_some() => {
            (Some(visit.words.say("passkey-wrong")), false)
        }
        Err(_) => (
            Some(visit.words.say("sign-in-wrong")),
            fields.get("code").is_some(),
        ),
    };
    let shown = SignIn {
        name: fields.text("name"),
        wrong,
        code_needed,
        ..SignIn::new(web, visit, next)
    };
    let refused = shown.wrong.is_some();
    let mut response = page(visit, &shown)?;
    if refused {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    Ok(response)
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(web: Web, visit: Visit, _fields: Fields) -> Shown {
    if let Some(person) = visit.person.clone() {
        let node = web.node.clone();
        let ended = tokio::task::spawn_blocking(move || node.sign_out(&person)).await;
        ended
            .map_err(|_| Fault::Failed("signing out ended early".to_owned()))?
            .map_err(|error| Fault::Failed(error.to_string()))?;
    }
    let mut response = to("/sign-in")?;
    set_cookie(&mut response, &session_cookie(&web, "", Some(0)));
    Ok(response)
}

/// `POST /choices`: language, look and zone, kept by the browser.
pub(crate) async fn choose(web: Web, _visit: Visit, fields: Fields) -> Shown {
    let next = local(fields.get("next").unwrap_or("/"));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let language = fields
        .get("language")
        .and_then(Language::parse)
        .map(Language::tag);
    let theme = fields.get("theme").and_then(Theme::parse).map(Theme::word);
    let zone = fields.get("zone").filter(|name| zone(name).is_some());
    let keys = fields
        .get("keys")
        .filter(|word| matches!(*word, "on" | "off"));
    let chosen = [
        ("language", language),
        ("theme", theme),
        ("zone", zone),
        ("keys", keys),
    ];
    for (name, value) in chosen {
        if let Some(value) = value {
            let secure = if web.settings.secure { "; Secure" } else { "" };
            let cookie = format!(
                "comity-{name}={value}; Path=/; Max-Age={KEPT_SECONDS}; HttpOnly; SameSite=Lax{secure}"
            );
            set_cookie(&mut response, &cookie);
        }
    }
    let place = HeaderValue::from_str(&next).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(LOCATION, place);
    guard(response.headers_mut());
    Ok(response)
}

/// The session's cookie: no script reads it and no other site has it sent along with a post.
pub(crate) fn session_cookie(web: &Web, secret: &str, age: Option<u32>) -> String {
    let secure = if web.settings.secure { "; Secure" } else { "" };
    let age = age.map_or_else(String::new, |age| format!("; Max-Age={age}"));
    format!(
        "{}={secret}; Path=/; HttpOnly; SameSite=Lax{secure}{age}",
        web.settings.cookie()
    )
}

pub(crate) fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
