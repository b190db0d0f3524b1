//! The own account: sessions, password, second factor, passkeys, identities, and how pages look.
//!
//! In scope: what a person does with its own account, which asks for no right but being signed in. Out of scope: other accounts (`admin`).

use comity_accord::evaluation::calendar::zone_names;
use comity_node::operation::Denied;
use comity_stix::timestamp::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::screens::{number, rows, some, text, texts};
use crate::sheet::{Field, Form, Part, Sheet, Table, beside, code, muted, plain};
use crate::visit::{Theme, Visit, Web};
use crate::words::Language;

/// A time of the node as documents spell it.
fn at(micros: i64) -> String {
    Timestamp::from_micros(micros).map_or_else(String::new, |at| at.to_string())
}

/// What a browser calls itself, in short: its name with the version, and on what it runs. Anything else as it is.
fn agent(text: &str) -> String {
    const NAMES: &[&str] = &["Edg/", "OPR/", "Firefox/", "Chrome/", "Safari/"];
    let named = NAMES.iter().find_map(|name| {
        let (_, rest) = text.split_once(name)?;
        let version = rest.split(['.', ' ']).next().unwrap_or_default();
        Some(format!("{} {version}", name.trim_end_matches('/')))
    });
    let runs = text
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'));
    match (named, runs) {
        (Some(named), Some((runs, _))) => format!("{named} ({runs})"),
        (Some(named), None) => named,
        (None, _) => text.chars().take(80).collect(),
    }
}

/// Sessions as a list.
pub(crate) fn session_table(f: &Frame, of: &[Value]) -> Table {
    Table {
        heads: vec![
            f.say("session-agent"),
            f.say("session-place"),
            f.say("session-opened"),
            f.say("used-last"),
            f.say("until"),
        ],
        rows: of
            .iter()
            .map(|row| {
                vec![
                    plain(&agent(text(row, "agent"))),
                    beside(
                        &code(text(row, "place")),
                        &muted(&f.word("means", text(row, "means"))),
                    ),
                    f.time(text(row, "created")),
                    f.time(text(row, "used")),
                    f.time(text(row, "expires")),
                ]
            })
            .collect(),
    }
}

/// `GET /me`.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    let sheet = begun(&web, &visit).await?;
    sheet.shown(&visit)
}

async fn begun(web: &Web, visit: &Visit) -> Result<Sheet, Fault> {
    let person = visit.person()?.clone();
    let mut sheet = Sheet::new(Frame::new(web, visit, person.account.clone()));
    let f = &sheet.frame;
    let address = person.address.clone().unwrap_or_else(|| "–".to_owned());
    let facts = Part::of(f.say("key-facts"))
        .fact(f.say("role"), plain(&f.word("role", person.role.word())))
        .fact(f.say("account-address"), plain(&address))
        .fact(f.say("session-opened"), f.time(&at(person.signed_in)));
    let mut parts = vec![
        facts,
        look(visit, f),
        password(f),
        super::passkeys::part(web, visit, f).await?,
        factor(web, visit, f).await?,
        sessions(web, visit, f).await?,
    ];
    if let Some(identities) = super::oidc::part(web, visit, f).await? {
        parts.insert(parts.len() - 1, identities);
    }
    sheet.parts = parts;
    Ok(sheet)
}

/// Language, zone, look and keys, kept by the browser.
fn look(visit: &Visit, f: &Frame) -> Part {
    let languages = Language::OFFERED.map(|one| (one.tag().to_owned(), one.name().to_owned()));
    let themes = [
        (Theme::System, f.say("theme-system")),
        (Theme::Light, f.say("theme-light")),
        (Theme::Dark, f.say("theme-dark")),
    ];
    let themes = themes.map(|(theme, name)| (theme.word().to_owned(), name));
    let keys = [
        ("on".to_owned(), f.say("keys-on")),
        ("off".to_owned(), f.say("keys-off")),
    ];
    let mut zones: Vec<(String, String)> = zone_names()
        .map(|name| (name.to_owned(), name.to_owned()))
        .collect();
    zones.sort();
    let mut form = Form::new("/choices", f.say("save"))
        .hidden("next", "/me")
        .choice("language", f.say("language"), languages.to_vec())
        .choice("zone", f.say("time-zone"), zones)
        .choice("theme", f.say("theme"), themes.to_vec())
        .choice("keys", f.say("single-keys"), keys.to_vec());
    let zone = visit.zone.iana_name().unwrap_or("UTC").to_owned();
    let chosen = [
        f.language().to_owned(),
        zone,
        visit.theme.word().to_owned(),
        if visit.keys { "on" } else { "off" }.to_owned(),
    ];
    for (field, value) in form.fields.iter_mut().zip(chosen) {
        field.value = value;
    }
    Part::of(f.say("look")).form(form)
}

fn password(f: &Frame) -> Part {
    let form = Form::new("/me/password", f.say("password-change"))
        .plain()
        .field(Field::line("old", f.say("password-old")).typed("password"))
        .field(
            Field::line("new", f.say("password-new"))
                .typed("password")
                .hint(f.say("password-hint")),
        );
    Part::of(f.say("password"))
        .says(&f.say("password-change-hint"))
        .form(form)
}

async fn factor(web: &Web, visit: &Visit, f: &Frame) -> Result<Part, Fault> {
    let shown = visit
        .ask(web, "show_own_second_factor", Value::Null)
        .await?;
    let part = Part::of(f.say("factor"));
    let Some(since) = some(&shown, "since") else {
        let begin = Form::new("/me/factor/begin", f.say("factor-begin"));
        return Ok(part.says(&f.say("factor-off")).form(begin));
    };
    let one_code = || Field::line("code", f.say("factor-code"));
    let renew = Form::new("/me/factor/codes", f.say("factor-renew"))
        .plain()
        .field(one_code());
    let end = Form::new("/me/factor/end", f.say("factor-end"))
        .danger()
        .field(one_code());
    let left = number(&shown, "recovery_codes_left").to_string();
    Ok(part
        .fact(f.say("factor-since"), f.time(&since))
        .fact(f.say("factor-codes-left"), plain(&left))
        .form(renew)
        .form(end))
}

async fn sessions(web: &Web, visit: &Visit, f: &Frame) -> Result<Part, Fault> {
    let found = visit
        .ask(web, "list_own_sessions", json!({ "limit": 1000 }))
        .await?;
    let here = visit.session_id();
    let is_here = |row: &Value| here.as_deref() == Some(text(row, "id"));
    let mut table = session_table(f, rows(&found));
    for (line, row) in table.rows.iter_mut().zip(rows(&found)) {
        line.push(if is_here(row) {
            plain(&f.say("session-this"))
        } else {
            code(text(row, "id"))
        });
    }
    table.heads.push(f.say("session-id"));
    let mut part = Part::list(
        Some(f.say("sessions")),
        table,
        (f.say("sessions-none"), f.say("sessions-none-hint")),
    );
    let others: Vec<(String, String)> = rows(&found)
        .iter()
        .filter(|row| !is_here(row))
        .map(|row| {
            (
                text(row, "id").to_owned(),
                format!("{} {}", text(row, "place"), text(row, "id")),
            )
        })
        .collect();
    if !others.is_empty() {
        let form = Form::new("/me/sessions", f.say("session-end"))
            .plain()
            .choice("id", f.say("session-id"), others);
        part = part
            .form(form)
            .form(Form::new("/me/sessions/others", f.say("session-end-others")).plain());
    }
    Ok(part)
}

/// The page again with what the node said against it: a wrong code or password is no reason to leave the page.
pub(crate) async fn refused(web: &Web, visit: &Visit, fault: Fault) -> Shown {
    let Fault::Denied(Denied::Refused(refusal)) = fault else {
        return Err(fault);
    };
    let lines = vec![visit.words.say("not-done"), refusal.message, refusal.hint];
    failed(web, visit, StatusCode::CONFLICT, lines).await
}

/// The page again with why something was not done.
pub(crate) async fn failed(
    web: &Web,
    visit: &Visit,
    status: StatusCode,
    lines: Vec<String>,
) -> Shown {
    let mut sheet = begun(web, visit).await?;
    sheet.notice("fail", lines);
    let mut response = sheet.shown(visit)?;
    *response.status_mut() = status;
    Ok(response)
}

/// The page again with what was done.
pub(crate) async fn said(web: &Web, visit: &Visit, done: String) -> Shown {
    let mut sheet = begun(web, visit).await?;
    sheet.notice("ok", vec![done]);
    sheet.shown(visit)
}

/// `POST /me/password`.
pub(crate) async fn change_password(web: Web, visit: Visit, fields: Fields) -> Shown {
    let raw = |name: &str| fields.raw(name).unwrap_or_default().to_owned();
    let asked = json!({ "old": raw("old"), "new": raw("new"), "except": visit.session_id() });
    match visit.ask(&web, "change_own_password", asked).await {
        Ok(_) => said(&web, &visit, visit.words.say("password-changed")).await,
        Err(fault) => refused(&web, &visit, fault).await,
    }
}

/// `POST /me/factor/begin`: the secret is shown on the page that answers, and never again.
pub(crate) async fn factor_begin(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let made = match visit
        .ask(&web, "begin_own_second_factor", Value::Null)
        .await
    {
        Ok(made) => made,
        Err(fault) => return refused(&web, &visit, fault).await,
    };
    let mut sheet = Sheet::new(Frame::new(&web, &visit, visit.words.say("factor")));
    let f = &sheet.frame;
    let confirm =
        Form::new("/me/factor/confirm", f.say("factor-confirm")).line("code", f.say("factor-code"));
    let part = Part::default()
        .says(&f.say("factor-secret-hint"))
        .wide(f.say("factor-secret"), code(text(&made, "secret")))
        .wide(f.say("factor-uri"), code(text(&made, "uri")))
        .form(confirm)
        .link("/me", f.say("back"));
    sheet.parts.push(part);
    sheet.shown(&visit)
}

/// `POST /me/factor/confirm`.
pub(crate) async fn factor_confirm(web: Web, visit: Visit, fields: Fields) -> Shown {
    codes(&web, &visit, "confirm_own_second_factor", &fields).await
}

/// `POST /me/factor/codes`.
pub(crate) async fn factor_codes(web: Web, visit: Visit, fields: Fields) -> Shown {
    codes(&web, &visit, "renew_own_recovery_codes", &fields).await
}

/// Recovery codes, shown this once.
async fn codes(web: &Web, visit: &Visit, operation: &'static str, fields: &Fields) -> Shown {
    let made = match visit
        .ask(web, operation, json!({ "code": fields.text("code") }))
        .await
    {
        Ok(made) => made,
        Err(fault) => return refused(web, visit, fault).await,
    };
    let mut sheet = Sheet::new(Frame::new(web, visit, visit.words.say("factor-codes")));
    let lines = vec![visit.words.say("factor-codes-once")];
    sheet.notice("warn", lines);
    let f = &sheet.frame;
    let made = texts(&made, "recovery_codes").join("\n");
    let part = Part::default()
        .raw(f.say("factor-codes"), &made)
        .link("/me", f.say("back"));
    sheet.parts.push(part);
    sheet.shown(visit)
}

/// `POST /me/factor/end`.
pub(crate) async fn factor_end(web: Web, visit: Visit, fields: Fields) -> Shown {
    match visit
        .ask(
            &web,
            "end_own_second_factor",
            json!({ "code": fields.text("code") }),
        )
        .await
    {
        Ok(_) => said(&web, &visit, visit.words.say("factor-ended")).await,
        Err(fault) => refused(&web, &visit, fault).await,
    }
}

/// `POST /me/sessions`.
pub(crate) async fn end_session(web: Web, visit: Visit, fields: Fields) -> Shown {
    match visit
        .ask(&web, "end_own_session", json!({ "id": fields.text("id") }))
        .await
    {
        Ok(_) => to("/me"),
        Err(fault) => refused(&web, &visit, fault).await,
    }
}

/// `POST /me/sessions/others`.
pub(crate) async fn end_others(web: Web, visit: Visit, _fields: Fields) -> Shown {
    match visit
        .ask(
            &web,
            "end_own_sessions",
            json!({ "except": visit.session_id() }),
        )
        .await
    {
        Ok(_) => to("/me"),
        Err(fault) => refused(&web, &visit, fault).await,
    }
}
