//! The node: accounts, tokens, collections, and whether all is whole.
//!
//! In scope: lists and forms of what stands in the node itself. Out of scope: the own account (`me`), parties.

use comity_node::operation::rights::Permission;
use comity_store::state::account::Role;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::html::Html;
use crate::screens::addresses::count;
use crate::screens::{number, rows, some, text, texts};
use crate::sheet::{Field, Form, Link, Part, Sheet, Table, beside, code, muted, path, plain, way};
use crate::visit::{Visit, Web};

/// Days for which a token holds, where nothing else is said.
const TOKEN_DAYS: &str = "90";
/// How far a token may reach.
const SCOPES: [&str; 3] = ["read", "write", "all"];

fn tabs(f: &Frame, here: &str) -> Vec<Link> {
    let of = [
        ("/admin", f.say("accounts")),
        ("/admin/invitations", f.say("invitations")),
        ("/admin/tokens", f.say("tokens")),
        ("/admin/collections", f.say("collections")),
        ("/admin/check", f.say("node-check")),
        ("/admin/audit", f.say("audit")),
    ];
    of.into_iter()
        .map(|(href, text)| Link {
            href: href.to_owned(),
            text,
            here: href == here,
        })
        .collect()
}

pub(crate) fn begun(web: &Web, visit: &Visit, title: String, here: &str) -> Result<Sheet, Fault> {
    visit.needs(Permission::Audit)?;
    let mut sheet = Sheet::new(Frame::new(web, visit, title));
    sheet.links = tabs(&sheet.frame, here);
    Ok(sheet)
}

pub(crate) fn roles(f: &Frame) -> Vec<(String, String)> {
    Role::ALL
        .iter()
        .map(|role| (role.word().to_owned(), f.word("role", role.word())))
        .collect()
}

/// `GET /admin`.
pub(crate) async fn accounts(web: Web, visit: Visit) -> Shown {
    let mut sheet = begun(&web, &visit, visit.words.say("accounts"), "/admin")?;
    let found = visit
        .ask(&web, "list_users", json!({ "limit": 1000 }))
        .await?;
    let f = &sheet.frame;
    let table = Table {
        heads: vec![
            f.say("account"),
            f.say("role"),
            f.say("account-party"),
            f.say("account-address"),
        ],
        rows: rows(&found)
            .iter()
            .map(|row| {
                let name = text(row, "name");
                vec![
                    way(&path(&["admin", "accounts", name]), name),
                    plain(&f.word("role", text(row, "role"))),
                    plain(text(row, "party")),
                    plain(text(row, "address")),
                ]
            })
            .collect(),
    };
    let mut parts = vec![Part::list(
        None,
        table,
        (f.say("accounts-none"), f.say("accounts-none-hint")),
    )];
    if visit.may(Permission::Administer) {
        let form = Form::new("/admin", f.say("account-add"))
            .line("name", f.say("account"))
            .choice("role", f.say("role"), roles(f))
            .field(
                Field::line("password", f.say("password"))
                    .typed("password")
                    .hint(f.say("password-hint")),
            )
            .field(
                Field::line("address", f.say("account-address"))
                    .typed("email")
                    .optional()
                    .hint(f.say("account-address-hint")),
            )
            .field(
                Field::line("party", f.say("account-party"))
                    .optional()
                    .hint(f.say("account-party-hint")),
            );
        parts.push(Part::of(f.say("account-new")).form(form));
    }
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// `POST /admin`.
pub(crate) async fn add(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({
        "name": fields.text("name"), "role": fields.text("role"), "party": fields.get("party"), "address": fields.get("address"),
        "password": fields.raw("password").unwrap_or_default(),
    });
    visit.ask(&web, "add_user", asked).await?;
    to(&path(&["admin", "accounts", &fields.text("name")]))
}

async fn account(web: &Web, visit: &Visit) -> Result<Value, Fault> {
    let found = visit
        .ask(web, "list_users", json!({ "limit": 1000 }))
        .await?;
    let one = rows(&found)
        .iter()
        .find(|row| text(row, "name") == visit.argument("name"));
    one.cloned().ok_or(Fault::Missing)
}

/// `GET /admin/accounts/{name}`.
pub(crate) async fn one(web: Web, visit: Visit) -> Shown {
    let mut sheet = begun(&web, &visit, visit.argument("name").to_owned(), "")?;
    let row = account(&web, &visit).await?;
    let name = text(&row, "name").to_owned();
    let factor = visit
        .ask(&web, "show_second_factor", json!({ "name": name }))
        .await?;
    let sessions = visit
        .ask(&web, "list_sessions", json!({ "name": name, "limit": 100 }))
        .await?;
    let passkeys = visit
        .ask(
            &web,
            "list_passkeys",
            json!({ "name": name, "limit": 1000 }),
        )
        .await?;
    let identities = visit
        .ask(
            &web,
            "list_identities",
            json!({ "name": name, "limit": 1000 }),
        )
        .await?;
    let f = &sheet.frame;
    let since =
        some(&factor, "since").map_or_else(|| muted(&f.say("factor-none")), |at| f.time(&at));
    let facts = Part::of(f.say("key-facts"))
        .fact(f.say("role"), plain(&f.word("role", text(&row, "role"))))
        .fact(f.say("account-party"), plain(text(&row, "party")))
        .fact(f.say("account-address"), plain(text(&row, "address")))
        .fact(f.say("factor-since"), since);
    let mut parts = vec![facts];
    if visit.may(Permission::Administer) {
        parts.push(changes(f, &row, (&factor, &passkeys, &sessions)));
    }
    parts.push(super::passkeys::list(f, &passkeys));
    parts.extend(super::oidc::of_account(
        &web,
        &visit,
        (f, &name),
        &identities,
    ));
    parts.push(Part::list(
        Some(f.say("sessions")),
        super::me::session_table(f, rows(&sessions)),
        (f.say("sessions-none"), f.say("sessions-none-hint")),
    ));
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// What may be changed about an account.
fn changes(f: &Frame, row: &Value, (factor, passkeys, sessions): (&Value, &Value, &Value)) -> Part {
    let name = text(row, "name");
    let at = |step: &str| path(&["admin", "accounts", name, "steps", step]);
    let mut role = Form::new(at("role"), f.say("account-set-role"))
        .plain()
        .choice("role", f.say("role"), roles(f));
    if let Some(field) = role.fields.last_mut() {
        text(row, "role").clone_into(&mut field.value);
    }
    let address = Form::new(at("address"), f.say("account-set-address"))
        .plain()
        .field(
            Field::line("address", f.say("account-address"))
                .typed("email")
                .optional()
                .value(text(row, "address")),
        );
    let password = Form::new(at("password"), f.say("account-set-password"))
        .plain()
        .field(
            Field::line("password", f.say("password-new"))
                .typed("password")
                .hint(f.say("password-hint")),
        );
    let mut part = Part::of(f.say("account-change"))
        .form(role)
        .form(address)
        .form(password);
    if some(factor, "since").is_some() {
        part = part.form(
            Form::new(at("factor-end"), f.say("account-factor-end"))
                .plain()
                .hint(f.say("account-factor-end-hint")),
        );
    }
    let held = super::passkeys::choices(f, passkeys);
    if !held.is_empty() {
        let form = Form::new(at("passkey-remove"), f.say("passkey-remove"))
            .plain()
            .choice("id", f.say("passkey"), held);
        part = part.form(form);
    }
    if !rows(sessions).is_empty() {
        part = part.form(Form::new(at("sessions-end"), f.say("account-sessions-end")).plain());
    }
    part.link(
        path(&["admin", "accounts", name, "remove"]),
        f.say("account-remove"),
    )
}

/// `POST /admin/accounts/{name}/steps/{step}`.
pub(crate) async fn step(web: Web, visit: Visit, fields: Fields) -> Shown {
    let name = visit.argument("name");
    let (operation, asked) = match visit.argument("step") {
        "role" => (
            "set_user_role",
            json!({ "name": name, "role": fields.text("role") }),
        ),
        "address" => (
            "set_user_address",
            json!({ "name": name, "address": fields.get("address") }),
        ),
        "password" => (
            "set_user_password",
            json!({ "name": name, "password": fields.raw("password").unwrap_or_default() }),
        ),
        "factor-end" => ("remove_second_factor", json!({ "name": name })),
        "passkey-remove" => (
            "remove_passkey",
            json!({ "name": name, "id": fields.text("id"), "except": null }),
        ),
        "identity-link" => (
            "link_identity",
            json!({ "name": name, "subject": fields.text("subject") }),
        ),
        "identity-remove" => (
            "unlink_identity",
            json!({ "name": name, "id": fields.text("id"), "except": null }),
        ),
        "sessions-end" => ("end_sessions", json!({ "name": name })),
        _ => return Err(Fault::Missing),
    };
    visit.ask(&web, operation, asked).await?;
    to(&path(&["admin", "accounts", name]))
}

/// `POST /admin/accounts/{name}/remove`.
pub(crate) async fn remove_for_good(web: Web, visit: Visit, _fields: Fields) -> Shown {
    visit
        .ask(
            &web,
            "remove_user",
            json!({ "name": visit.argument("name") }),
        )
        .await?;
    to("/admin")
}

/// `GET /admin/accounts/{name}/remove`.
pub(crate) async fn remove(web: Web, visit: Visit) -> Shown {
    let mut sheet = begun(
        &web,
        &visit,
        visit
            .words
            .say_of("account-remove-title", "name", visit.argument("name")),
        "",
    )?;
    let row = account(&web, &visit).await?;
    if !visit.may(Permission::Administer) {
        return Err(Fault::Missing);
    }
    sheet.notice("warn", vec![visit.words.say("account-remove-what")]);
    let f = &sheet.frame;
    let name = text(&row, "name");
    let form = Form::new(
        path(&["admin", "accounts", name, "remove"]),
        f.say("account-remove"),
    )
    .danger();
    sheet.parts.push(
        Part::default()
            .form(form)
            .link(path(&["admin", "accounts", name]), f.say("back")),
    );
    sheet.shown(&visit)
}

/// `GET /admin/tokens`.
pub(crate) async fn tokens(web: Web, visit: Visit) -> Shown {
    let sheet = token_page(&web, &visit).await?;
    sheet.shown(&visit)
}

async fn token_page(web: &Web, visit: &Visit) -> Result<Sheet, Fault> {
    let mut sheet = begun(web, visit, visit.words.say("tokens"), "/admin/tokens")?;
    let found = visit
        .ask(web, "list_tokens", json!({ "user": null, "limit": 1000 }))
        .await?;
    let f = &sheet.frame;
    let at = |row: &Value, name: &str| {
        some(row, name).map_or_else(|| muted(&f.say("never")), |at| f.time(&at))
    };
    let table = Table {
        heads: vec![
            f.say("token-name"),
            f.say("token-kind"),
            f.say("account"),
            f.say("scope"),
            f.say("made"),
            f.say("until"),
            f.say("used-last"),
            f.say("identifier"),
        ],
        rows: rows(&found)
            .iter()
            .map(|row| {
                vec![
                    plain(text(row, "name")),
                    kind(f, row),
                    plain(text(row, "account")),
                    plain(&f.word("scope", text(row, "scope"))),
                    at(row, "created"),
                    at(row, "expires"),
                    at(row, "used"),
                    way(
                        &path(&["admin", "tokens", text(row, "id")]),
                        text(row, "id"),
                    ),
                ]
            })
            .collect(),
    };
    let mut parts = vec![Part::list(
        None,
        table,
        (f.say("tokens-none"), f.say("tokens-none-hint")),
    )];
    if visit.may(Permission::Administer) {
        let scopes = SCOPES.map(|word| (word.to_owned(), f.word("scope", word)));
        let form = Form::new("/admin/tokens", f.say("token-make"))
            .line("user", f.say("account"))
            .maybe("name", f.say("token-name"))
            .choice("scope", f.say("scope"), scopes.to_vec())
            .field(
                Field::line("days", f.say("token-days"))
                    .typed("number")
                    .value(TOKEN_DAYS),
            );
        parts.push(Part::of(f.say("token-new")).form(form));
        parts.push(
            Part::of(f.say("certificate-pin"))
                .says(&f.say("certificate-hint"))
                .form(pinning(f)),
        );
    }
    sheet.parts = parts;
    Ok(sheet)
}

/// Whether a program shows a token or a certificate, and which.
fn kind(f: &Frame, row: &Value) -> Html {
    let word = plain(&f.word("token-kind", text(row, "kind")));
    match some(row, "fingerprint") {
        Some(fingerprint) => beside(&word, &code(&fingerprint)),
        None => word,
    }
}

/// The form that pins a certificate.
fn pinning(f: &Frame) -> Form {
    let scopes = SCOPES.map(|word| (word.to_owned(), f.word("scope", word)));
    Form::new("/admin/certificates", f.say("certificate-pin"))
        .plain()
        .line("user", f.say("account"))
        .maybe("name", f.say("token-name"))
        .choice("scope", f.say("scope"), scopes.to_vec())
        .field(
            Field::line("days", f.say("token-days"))
                .typed("number")
                .value(TOKEN_DAYS),
        )
        .text("certificate", f.say("client-certificate"))
}

/// `POST /admin/certificates`.
pub(crate) async fn pin(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({
        "user": fields.text("user"), "name": fields.text("name"), "scope": fields.text("scope"),
        "days": count(&fields, "days")?.ok_or(Fault::Form)?, "certificate": fields.text("certificate"),
    });
    visit.ask(&web, "pin_certificate", asked).await?;
    to("/admin/tokens")
}

/// `POST /admin/tokens`: the token is shown on the page that answers, and never again.
pub(crate) async fn make_token(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({
        "user": fields.text("user"), "name": fields.text("name"), "scope": fields.text("scope"),
        "days": count(&fields, "days")?.ok_or(Fault::Form)?,
    });
    let made = visit.ask(&web, "create_token", asked).await?;
    let mut sheet = token_page(&web, &visit).await?;
    let f = &sheet.frame;
    let part = Part::of(f.say("token-once"))
        .says(&f.say("token-once-hint"))
        .raw(f.say("token"), text(&made, "token"));
    sheet.parts.insert(0, part);
    sheet.shown(&visit)
}

/// `GET /admin/tokens/{id}`: ending one.
pub(crate) async fn token(web: Web, visit: Visit) -> Shown {
    let mut sheet = begun(&web, &visit, visit.words.say("token-end"), "/admin/tokens")?;
    if !visit.may(Permission::Administer) {
        return Err(Fault::Missing);
    }
    sheet.notice("warn", vec![visit.words.say("token-end-what")]);
    let f = &sheet.frame;
    let id = visit.argument("id");
    let form = Form::new(path(&["admin", "tokens", id]), f.say("token-end")).danger();
    sheet.parts.push(
        Part::default()
            .wide(f.say("identifier"), code(id))
            .form(form)
            .link("/admin/tokens", f.say("back")),
    );
    sheet.shown(&visit)
}

/// `POST /admin/tokens/{id}`.
pub(crate) async fn end_token(web: Web, visit: Visit, _fields: Fields) -> Shown {
    visit
        .ask(&web, "revoke_token", json!({ "id": visit.argument("id") }))
        .await?;
    to("/admin/tokens")
}

/// `GET /admin/collections`.
pub(crate) async fn collections(web: Web, visit: Visit) -> Shown {
    let mut sheet = begun(
        &web,
        &visit,
        visit.words.say("collections"),
        "/admin/collections",
    )?;
    let found = visit
        .ask(&web, "list_collections", json!({ "limit": 1000 }))
        .await?;
    let f = &sheet.frame;
    let table = Table {
        heads: vec![
            f.say("collection"),
            f.say("description"),
            f.say("alias"),
            f.say("objects-held"),
            f.say("identifier"),
        ],
        rows: rows(&found)
            .iter()
            .map(|row| {
                vec![
                    plain(text(row, "title")),
                    plain(text(row, "description")),
                    plain(text(row, "alias")),
                    plain(&number(row, "objects").to_string()),
                    code(text(row, "id")),
                ]
            })
            .collect(),
    };
    let mut parts = vec![Part::list(
        None,
        table,
        (f.say("collections-none"), f.say("collections-none-hint")),
    )];
    if visit.may(Permission::Administer) {
        let make = Form::new("/admin/collections", f.say("collection-make"))
            .line("title", f.say("collection"))
            .maybe("description", f.say("description"))
            .maybe("alias", f.say("alias"));
        parts.push(Part::of(f.say("collection-new")).form(make));
        let all: Vec<_> = rows(&found)
            .iter()
            .map(|row| (text(row, "id").to_owned(), text(row, "title").to_owned()))
            .collect();
        if !all.is_empty() {
            let grant = Form::new("/admin/collections/rights", f.say("collection-grant"))
                .choice("collection", f.say("collection"), all)
                .line("user", f.say("account"))
                .tick("read", f.say("may-read"))
                .tick("write", f.say("may-write"));
            parts.push(
                Part::of(f.say("collection-rights"))
                    .says(&f.say("collection-rights-hint"))
                    .form(grant),
            );
        }
    }
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// `POST /admin/collections`.
pub(crate) async fn make_collection(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({ "title": fields.text("title"), "description": fields.get("description"), "alias": fields.get("alias") });
    visit.ask(&web, "create_collection", asked).await?;
    to("/admin/collections")
}

/// `POST /admin/collections/rights`.
pub(crate) async fn grant(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({
        "collection": fields.text("collection"), "user": fields.text("user"), "read": fields.is_on("read"), "write": fields.is_on("write"),
    });
    visit.ask(&web, "grant_collection", asked).await?;
    to("/admin/collections")
}

/// `GET /admin/check`.
pub(crate) async fn check_page(web: Web, visit: Visit) -> Shown {
    let mut sheet = begun(&web, &visit, visit.words.say("node-check"), "/admin/check")?;
    let part = Part::default().says(&sheet.frame.say("node-check-hint"));
    let part = if visit.may(Permission::Administer) {
        part.form(Form::new("/admin/check", sheet.frame.say("node-check-do")))
    } else {
        part
    };
    sheet.parts.push(part);
    sheet.shown(&visit)
}

/// `POST /admin/check`.
pub(crate) async fn check(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let found = visit.ask(&web, "check_node", Value::Null).await?;
    let mut sheet = begun(&web, &visit, visit.words.say("node-check"), "/admin/check")?;
    let (problems, alarms) = (texts(&found, "problems"), texts(&found, "alarms"));
    if problems.is_empty() {
        sheet.notice("ok", vec![visit.words.say("node-whole")]);
    } else {
        let mut lines = vec![visit.words.say("node-broken")];
        lines.extend(problems);
        sheet.notice("fail", lines);
    }
    if !alarms.is_empty() {
        let mut lines = vec![visit.words.say("node-alarms")];
        lines.extend(alarms);
        sheet.notice("warn", lines);
    }
    let f = &sheet.frame;
    let sum = |name: &str| plain(&number(&found, name).to_string());
    let part = Part::default()
        .fact(f.say("objects-held"), sum("objects"))
        .fact(f.say("bytes"), sum("bytes"))
        .fact(f.say("collections"), sum("collections"))
        .form(Form::new("/admin/check", f.say("node-check-do")).plain());
    sheet.parts.push(part);
    sheet.shown(&visit)
}
