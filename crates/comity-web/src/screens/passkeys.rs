//! Passkeys: what the browser is told before it asks an authenticator, and what the authenticator said.
//!
//! A script of this node asks the browser (`assets/passkeys.js`); without it the forms are not shown.
//!
//! In scope: both ceremonies over forms, and the list on the own page. Out of scope: whether an answer is right
//! (`comity_node::account::passkey`).

use axum::body::Body;
use comity_node::account::AccountError;
use comity_node::account::SignInError;
use comity_node::account::passkey::{NewPasskey, PasskeyAnswer};
use comity_node::operation::Denied;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, guard};
use crate::screens::{flag, me, rows, some, text};
use crate::sheet::{Field, Form, Part, Passkey, Table, code, muted, plain};
use crate::visit::{Visit, Web};

/// A document for the script.
#[expect(
    clippy::unnecessary_wraps,
    reason = "a screen ends with it as with any page"
)]
fn document(said: &Value) -> Shown {
    let mut response = axum::response::Response::new(Body::from(said.to_string()));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    guard(response.headers_mut());
    Ok(response)
}

fn early<E>(_: E) -> Fault {
    Fault::Failed("a passkey was looked at and that ended early".to_owned())
}

fn failed(error: AccountError) -> Fault {
    Fault::Denied(Denied::from(error))
}

/// `POST /sign-in/passkey/challenge`.
pub(crate) async fn sign_in_challenge(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let origin = visit.origin(&web).ok_or(Fault::Missing)?;
    let (node, place) = (web.node.clone(), visit.place);
    let told = tokio::task::spawn_blocking(move || node.begin_passkey_sign_in(&origin, place));
    match told.await.map_err(early)? {
        Ok(told) => document(&told),
        Err(SignInError::TooMany { seconds }) => Err(Fault::TooMany(seconds)),
        Err(error) => Err(Fault::Failed(error.to_string())),
    }
}

/// `POST /sign-in/passkey`.
pub(crate) async fn sign_in(web: Web, visit: Visit, fields: Fields) -> Shown {
    let (node, place, agent) = (web.node.clone(), visit.place, visit.agent.clone());
    let said = fields.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let given = |name: &str| said.get(name).unwrap_or_default();
        let answer = PasskeyAnswer {
            credential: given("credential"),
            client: given("client"),
            authenticator: given("authenticator"),
            signature: given("signature"),
            user_handle: given("user_handle"),
        };
        node.open_passkey_session(&answer, place, &agent)
    });
    super::signing::entered(&web, &visit, &fields, opened.await.map_err(early)?)
}

/// `POST /me/passkeys/challenge`.
pub(crate) async fn challenge(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let origin = visit.origin(&web).ok_or(Fault::Missing)?;
    let (node, place, person) = (web.node.clone(), visit.place, visit.person()?.clone());
    let told = tokio::task::spawn_blocking(move || node.begin_passkey(&person, &origin, place));
    match told.await.map_err(early)? {
        Ok(told) => document(&told),
        Err(error) => Err(failed(error)),
    }
}

/// `POST /me/passkeys`.
pub(crate) async fn add(web: Web, visit: Visit, fields: Fields) -> Shown {
    let (node, person) = (web.node.clone(), visit.person()?.clone());
    let added = tokio::task::spawn_blocking(move || {
        let given = |name: &str| fields.get(name).unwrap_or_default();
        let new = NewPasskey {
            name: given("name"),
            client: given("client"),
            authenticator: given("authenticator"),
        };
        node.add_passkey(&person, &new)
    });
    match added.await.map_err(early)? {
        Ok(_) => me::said(&web, &visit, visit.words.say("passkey-added")).await,
        Err(error) => me::refused(&web, &visit, failed(error)).await,
    }
}

/// `POST /me/passkeys/remove`.
pub(crate) async fn remove(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({ "id": fields.text("id"), "except": visit.session_id() });
    match visit.ask(&web, "remove_own_passkey", asked).await {
        Ok(_) => me::said(&web, &visit, visit.words.say("passkey-removed")).await,
        Err(fault) => me::refused(&web, &visit, fault).await,
    }
}

/// Passkeys as a list.
pub(crate) fn list(f: &Frame, found: &Value) -> Part {
    let at = |row: &Value, name: &str| {
        some(row, name).map_or_else(|| muted(&f.say("never")), |at| f.time(&at))
    };
    let line = |row: &Value| {
        let copied = if flag(row, "copied") {
            f.say("passkey-copied")
        } else {
            f.say("passkey-one-device")
        };
        let name = some(row, "name").unwrap_or_else(|| f.say("passkey-unnamed"));
        vec![
            plain(&name),
            code(text(row, "host")),
            plain(&copied),
            at(row, "created"),
            at(row, "used"),
            code(text(row, "id")),
        ]
    };
    let table = Table {
        heads: vec![
            f.say("passkey-name"),
            f.say("passkey-host"),
            f.say("passkey-where"),
            f.say("made"),
            f.say("used-last"),
            f.say("identifier"),
        ],
        rows: rows(found).iter().map(line).collect(),
    };
    let none = (f.say("passkeys-none"), f.say("passkeys-none-hint"));
    Part::list(Some(f.say("passkeys")), table, none)
}

/// Passkeys to choose one from.
pub(crate) fn choices(f: &Frame, found: &Value) -> Vec<(String, String)> {
    let one = |row: &Value| {
        let name = some(row, "name").unwrap_or_else(|| f.say("passkey-unnamed"));
        let id = text(row, "id").to_owned();
        (id.clone(), format!("{name} {id}"))
    };
    rows(found).iter().map(one).collect()
}

/// The passkeys on the page of the own account.
pub(crate) async fn part(web: &Web, visit: &Visit, f: &Frame) -> Result<Part, Fault> {
    let asked = json!({ "limit": 1000 });
    let found = visit.ask(web, "list_own_passkeys", asked).await?;
    let mut part = list(f, &found);
    if visit.origin(web).is_some() {
        let mut form = Form::new("/me/passkeys", f.say("passkey-add"))
            .hint(f.say("passkey-add-hint"))
            .field(
                Field::line("name", f.say("passkey-name"))
                    .optional()
                    .hint(f.say("passkey-name-hint")),
            );
        form.passkey = Some(Passkey {
            act: "create",
            none: f.say("passkey-none-given"),
            there: f.say("passkey-there"),
        });
        part = part.form(form);
    } else {
        part = part.says(&f.say("passkey-no-host"));
    }
    let held = choices(f, &found);
    if held.is_empty() {
        return Ok(part);
    }
    let form = Form::new("/me/passkeys/remove", f.say("passkey-remove"))
        .plain()
        .choice("id", f.say("passkey"), held);
    Ok(part.form(form))
}
