//! Signing in by a provider of identities: leaving for it, coming back, and the list on the own page.
//!
//! A browser leaves by a link and not by a form, because the policy of these pages lets forms lead nowhere else.
//!
//! In scope: addresses, the cookie that ties an answer to its browser. Out of scope: whether an answer counts
//! (`comity_node::account::oidc`).

use comity_node::account::SignInError;
use comity_node::account::oidc::{Arrival, Departure, FLIGHT_MICROS, OidcError, Returned};
use comity_node::operation::Denied;
use comity_node::operation::rights::Permission;
use http::StatusCode;
use http::header::{HeaderValue, LOCATION};
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, local, page, to};
use crate::screens::signing::{SignIn, session_cookie, set_cookie};
use crate::screens::{me, rows, some, text};
use crate::sheet::{Field, Form, Part, Sheet, Table, code, muted, path, plain};
use crate::visit::{Visit, Web};

/// Where the provider sends a browser back to.
fn redirect(web: &Web, visit: &Visit) -> String {
    let scheme = if web.settings.secure { "https" } else { "http" };
    format!("{scheme}://{}/sign-in/oidc/return", visit.host)
}

/// What a browser keeps while its person is at the provider; sent along when they come back from there.
fn cookie(web: &Web, value: &str, seconds: i64) -> String {
    let secure = if web.settings.secure { "; Secure" } else { "" };
    let name = web.settings.flight_cookie();
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn early<E>(_: E) -> Fault {
    Fault::Failed("asking the provider of identities ended early".to_owned())
}

async fn begun(
    web: &Web,
    visit: &Visit,
    next: String,
    links: bool,
) -> Result<Departure, OidcError> {
    let (node, place, back) = (web.node.clone(), visit.place, redirect(web, visit));
    let person = visit.person.clone().filter(|_| links);
    let begun = tokio::task::spawn_blocking(move || {
        node.begin_oidc(person.as_ref(), (&back, &next), place)
    });
    begun
        .await
        .unwrap_or_else(|_| Err(OidcError::Provider("ended early".to_owned())))
}

/// `GET /sign-in/oidc`: off to the provider, from a page of this node and no other.
pub(crate) async fn leave(web: Web, visit: Visit) -> Shown {
    if !visit.own {
        return to("/sign-in");
    }
    let next = local(visit.query.get("next").unwrap_or("/"));
    match begun(&web, &visit, next.clone(), false).await {
        Ok(departure) => {
            let mut response = to("/")?;
            let place = HeaderValue::from_str(&departure.url).map_err(early)?;
            response.headers_mut().insert(LOCATION, place);
            let kept = cookie(&web, &departure.cookie, FLIGHT_MICROS / 1_000_000);
            set_cookie(&mut response, &kept);
            Ok(response)
        }
        Err(error) => refused(&web, &visit, next, error).await,
    }
}

/// `GET /sign-in/oidc/return`.
pub(crate) async fn back(web: Web, visit: Visit) -> Shown {
    let (node, came) = (web.node.clone(), visit.clone());
    let kept = visit.flight.clone().unwrap_or_default();
    let arrived = tokio::task::spawn_blocking(move || {
        let query = &came.query;
        let returned = Returned {
            state: query.get("state").unwrap_or_default(),
            code: query.get("code").filter(|_| query.get("error").is_none()),
            iss: query.get("iss"),
            cookie: &kept,
            person: came.person.as_ref(),
        };
        node.finish_oidc(&returned, came.place, &came.agent)
    });
    let mut response = arrival(&web, &visit, arrived.await.map_err(early)?).await?;
    set_cookie(&mut response, &cookie(&web, "", 0));
    Ok(response)
}

/// `POST /sign-in/oidc/code`.
pub(crate) async fn give_code(web: Web, visit: Visit, fields: Fields) -> Shown {
    let (node, came) = (web.node.clone(), visit.clone());
    let arrived = tokio::task::spawn_blocking(move || {
        let (proof, code) = (fields.text("proof"), fields.text("code"));
        node.finish_oidc_with_code(&proof, &code, came.place, &came.agent)
    });
    let arrived = arrived.await.map_err(early)?;
    if let Ok(Arrival::CodeNeeded(proof)) = arrived {
        let mut sheet = asking_for_code(&web, &visit, proof);
        sheet.notice("fail", vec![visit.words.say("oidc-code-wrong")]);
        let mut response = sheet.shown(&visit)?;
        *response.status_mut() = StatusCode::FORBIDDEN;
        return Ok(response);
    }
    arrival(&web, &visit, arrived).await
}

/// The form for the code of the second factor.
fn asking_for_code(web: &Web, visit: &Visit, proof: String) -> Sheet {
    let mut sheet = Sheet::new(Frame::new(web, visit, visit.words.say("sign-in")));
    let f = &sheet.frame;
    let form = Form::new("/sign-in/oidc/code", f.say("sign-in"))
        .hidden("proof", proof)
        .hint(f.say("sign-in-code-hint"))
        .line("code", f.say("sign-in-code"));
    sheet.parts.push(Part::default().form(form));
    sheet
}

async fn arrival(web: &Web, visit: &Visit, arrived: Result<Arrival, OidcError>) -> Shown {
    match arrived {
        Ok(Arrival::Opened(opened, next)) => {
            let mut response = to(&next)?;
            set_cookie(&mut response, &session_cookie(web, &opened.secret, None));
            Ok(response)
        }
        Ok(Arrival::Linked) => to("/me"),
        Ok(Arrival::CodeNeeded(proof)) => asking_for_code(web, visit, proof).shown(visit),
        Err(error) => refused(web, visit, "/".to_owned(), error).await,
    }
}

/// The form again, with what the provider is the reason of; or the own page, for whoever is signed in.
async fn refused(web: &Web, visit: &Visit, next: String, error: OidcError) -> Shown {
    let words = visit.words;
    let wrong = match error {
        OidcError::NotSet => return Err(Fault::Missing),
        OidcError::Account(error) => return Err(Fault::Denied(Denied::from(error))),
        OidcError::SignIn(SignInError::TooMany { seconds }) => {
            return Err(Fault::TooMany(seconds));
        }
        OidcError::SignIn(SignInError::Store(error)) => {
            return Err(Fault::Failed(error.to_string()));
        }
        OidcError::Provider(why) => {
            tracing::warn!(why, "the provider of identities cannot be asked");
            words.say("oidc-unreachable")
        }
        OidcError::Token(why) => {
            tracing::warn!(why, "what the provider of identities says does not count");
            words.say("oidc-does-not-count")
        }
        OidcError::Declined => words.say("oidc-declined"),
        OidcError::NotLinked(subject) => words.say_of("oidc-not-linked", "subject", subject),
        // Whatever else it is, it is to be begun again.
        OidcError::Late | OidcError::SignIn(_) | _ => words.say("oidc-late"),
    };
    if visit.person.is_some() {
        return me::failed(web, visit, StatusCode::FORBIDDEN, vec![wrong]).await;
    }
    let mut shown = SignIn::new(web, visit, next);
    shown.wrong = Some(wrong);
    let mut response = page(visit, &shown)?;
    *response.status_mut() = StatusCode::FORBIDDEN;
    Ok(response)
}

/// `POST /me/identities`: the way to the provider, to be taken.
pub(crate) async fn link(web: Web, visit: Visit, _fields: Fields) -> Shown {
    visit.person()?;
    let departure = match begun(&web, &visit, "/me".to_owned(), true).await {
        Ok(departure) => departure,
        Err(OidcError::Account(error)) => {
            return me::refused(&web, &visit, Fault::Denied(Denied::from(error))).await;
        }
        Err(error) => return refused(&web, &visit, "/me".to_owned(), error).await,
    };
    let mut sheet = Sheet::new(Frame::new(&web, &visit, visit.words.say("identity-link")));
    let f = &sheet.frame;
    let name = web.node.oidc().map_or("", |terms| terms.name.as_str());
    let part = Part::default()
        .says(&f.say_of("identity-link-hint", "name", name))
        .link(departure.url, f.say_of("identity-go", "name", name))
        .link("/me", f.say("back"));
    sheet.parts.push(part);
    let mut response = sheet.shown(&visit)?;
    let kept = cookie(&web, &departure.cookie, FLIGHT_MICROS / 1_000_000);
    set_cookie(&mut response, &kept);
    Ok(response)
}

/// `POST /me/identities/remove`.
pub(crate) async fn unlink(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({ "id": fields.text("id"), "except": visit.session_id() });
    match visit.ask(&web, "unlink_own_identity", asked).await {
        Ok(_) => me::said(&web, &visit, visit.words.say("identity-removed")).await,
        Err(fault) => me::refused(&web, &visit, fault).await,
    }
}

/// Identities as a list; none where no provider is set and none is linked.
fn list(web: &Web, f: &Frame, found: &Value) -> Option<Part> {
    if web.node.oidc().is_none() && rows(found).is_empty() {
        return None;
    }
    let at = |row: &Value, name: &str| {
        some(row, name).map_or_else(|| muted(&f.say("never")), |at| f.time(&at))
    };
    let line = |row: &Value| {
        vec![
            plain(text(row, "subject")),
            plain(text(row, "issuer")),
            at(row, "created"),
            at(row, "used"),
            code(text(row, "id")),
        ]
    };
    let table = Table {
        heads: vec![
            f.say("identity-subject"),
            f.say("identity-issuer"),
            f.say("made"),
            f.say("used-last"),
            f.say("identifier"),
        ],
        rows: rows(found).iter().map(line).collect(),
    };
    let none = (f.say("identities-none"), f.say("identities-none-hint"));
    Some(Part::list(Some(f.say("identities")), table, none))
}

/// The identities of an account, with what an administrator may do about them.
pub(crate) fn of_account(
    web: &Web,
    visit: &Visit,
    (f, name): (&Frame, &str),
    found: &Value,
) -> Option<Part> {
    let mut part = list(web, f, found)?;
    if !visit.may(Permission::Administer) {
        return Some(part);
    }
    let at = |step: &str| path(&["admin", "accounts", name, "steps", step]);
    if web.node.oidc().is_some() {
        let subject = Field::line("subject", f.say("identity-subject"));
        let form = Form::new(at("identity-link"), f.say("identity-link"))
            .plain()
            .field(subject.hint(f.say("identity-subject-hint")));
        part = part.form(form);
    }
    let held = choices(found);
    if !held.is_empty() {
        let form = Form::new(at("identity-remove"), f.say("identity-remove"))
            .plain()
            .choice("id", f.say("identity-subject"), held);
        part = part.form(form);
    }
    Some(part)
}

/// Identities to choose one from.
fn choices(found: &Value) -> Vec<(String, String)> {
    let one = |row: &Value| (text(row, "id").to_owned(), text(row, "subject").to_owned());
    rows(found).iter().map(one).collect()
}

/// The identities on the page of the own account.
pub(crate) async fn part(web: &Web, visit: &Visit, f: &Frame) -> Result<Option<Part>, Fault> {
    let asked = json!({ "limit": 1000 });
    let found = visit.ask(web, "list_own_identities", asked).await?;
    let Some(mut part) = list(web, f, &found) else {
        return Ok(None);
    };
    if web.node.oidc().is_some() {
        part = part.form(Form::new("/me/identities", f.say("identity-link")).plain());
    }
    let held = choices(&found);
    if !held.is_empty() {
        let form = Form::new("/me/identities/remove", f.say("identity-remove"))
            .plain()
            .choice("id", f.say("identity-subject"), held);
        part = part.form(form);
    }
    Ok(Some(part))
}
