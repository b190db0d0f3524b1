//! The own account: sessions, password, second factor, and how pages look.
//!
//! In scope: what a person does with its own account, which asks for no right but being signed in. Out of scope: other accounts (`admin`).

use comity_node::account::AccountError;
use comity_node::node::Node;
use comity_node::person::Way;
use comity_stix::timestamp::Timestamp;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::screens::text;
use crate::sheet::{Field, Form, Part, Sheet, Table, code, plain};
use crate::visit::{Theme, Visit, Web};
use crate::words::Language;

/// A part of the own account as text: a time of the node as documents spell it.
fn at(micros: i64) -> String {
    Timestamp::from_micros(micros).map_or_else(String::new, |at| at.to_string())
}

/// Does something with the own account, where it may wait. What the node refuses is said in its words.
async fn own<T, F>(web: &Web, visit: &Visit, act: F) -> Result<Result<T, AccountError>, Fault>
where
    T: Send + 'static,
    F: FnOnce(&Node, &str) -> Result<T, AccountError> + Send + 'static,
{
    let (node, account) = (web.node.clone(), visit.person()?.account.clone());
    let done = tokio::task::spawn_blocking(move || act(&node, &account)).await;
    done.map_err(|_| Fault::Failed("it ended early".to_owned()))
}

/// The id of the session of this visit.
fn session_id(visit: &Visit) -> Option<String> {
    match &visit.person.as_ref()?.way {
        Way::Session { id } => Some(id.clone()),
        Way::Token { .. } | Way::Password | Way::Operator => None,
    }
}

/// Sessions as a list.
pub(crate) fn session_table(f: &Frame, of: &[Value]) -> Table {
    Table {
        heads: vec![
            f.say("session-agent"),
            f.say("session-place"),
            f.say("session-means"),
            f.say("session-opened"),
            f.say("used-last"),
            f.say("until"),
        ],
        rows: of
            .iter()
            .map(|row| {
                vec![
                    plain(text(row, "agent")),
                    code(text(row, "place")),
                    plain(&f.word("means", text(row, "means"))),
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
    let parts = vec![
        facts,
        look(visit, f),
        password(f),
        factor(web, visit, f).await?,
        sessions(web, visit, f).await?,
    ];
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
    let zones = jiff::tz::db()
        .available()
        .map(|name| (name.to_string(), name.to_string()));
    let mut form = Form::new("/choices", f.say("save"))
        .hidden("next", "/me")
        .choice("language", f.say("language"), languages.to_vec())
        .choice("zone", f.say("time-zone"), zones.collect())
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
    let shown = own(web, visit, Node::second_factor).await?;
    let shown = shown.map_err(|error| Fault::Failed(error.to_string()))?;
    let part = Part::of(f.say("factor"));
    let Some(since) = shown.since else {
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
    Ok(part
        .fact(f.say("factor-since"), f.time(&at(since)))
        .fact(
            f.say("factor-codes-left"),
            plain(&shown.recovery_left.to_string()),
        )
        .form(renew)
        .form(end))
}

async fn sessions(web: &Web, visit: &Visit, f: &Frame) -> Result<Part, Fault> {
    let found = own(web, visit, Node::sessions).await?;
    let found = found.map_err(|error| Fault::Failed(error.to_string()))?;
    let here = session_id(visit);
    let documents: Vec<Value> = found
        .iter()
        .map(|one| {
            json!({
                "agent": one.agent, "place": one.place, "means": one.means, "created": at(one.created),
                "used": at(one.seen), "expires": at(one.expires),
            })
        })
        .collect();
    let mut table = session_table(f, &documents);
    for (row, one) in table.rows.iter_mut().zip(&found) {
        let ours = here.as_deref() == Some(one.id.as_str());
        row.push(if ours {
            plain(&f.say("session-this"))
        } else {
            code(&one.id)
        });
    }
    table.heads.push(f.say("session-id"));
    let mut part = Part::list(
        Some(f.say("sessions")),
        table,
        (f.say("sessions-none"), f.say("sessions-none-hint")),
    );
    let others: Vec<(String, String)> = found
        .iter()
        .filter(|one| here.as_deref() != Some(one.id.as_str()))
        .map(|one| (one.id.clone(), format!("{} {}", one.place, one.id)))
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

/// The page again with what the node said against it.
async fn refused(web: &Web, visit: &Visit, error: AccountError) -> Shown {
    if let AccountError::Store(error) = error {
        return Err(Fault::Failed(error.to_string()));
    }
    let mut sheet = begun(web, visit).await?;
    let lines = vec![sheet.frame.say("not-done"), error.to_string()];
    sheet.notice("fail", lines);
    let mut response = sheet.shown(visit)?;
    *response.status_mut() = http::StatusCode::CONFLICT;
    Ok(response)
}

/// `POST /me/password`.
pub(crate) async fn change_password(web: Web, visit: Visit, fields: Fields) -> Shown {
    let (old, new) = (
        fields.raw("old").unwrap_or_default().to_owned(),
        fields.raw("new").unwrap_or_default().to_owned(),
    );
    let here = session_id(&visit);
    let done = own(&web, &visit, move |node, name| {
        node.change_password(name, &old, &new, here.as_deref())
    })
    .await?;
    match done {
        Ok(()) => said(&web, &visit, visit.words.say("password-changed")).await,
        Err(error) => refused(&web, &visit, error).await,
    }
}

/// The page again with what was done.
async fn said(web: &Web, visit: &Visit, done: String) -> Shown {
    let mut sheet = begun(web, visit).await?;
    sheet.notice("ok", vec![done]);
    sheet.shown(visit)
}

/// `POST /me/factor/begin`: the secret is shown on the page that answers, and never again.
pub(crate) async fn factor_begin(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let begun_with = match own(&web, &visit, Node::begin_second_factor).await? {
        Ok(enrolment) => enrolment,
        Err(error) => return refused(&web, &visit, error).await,
    };
    let mut sheet = Sheet::new(Frame::new(&web, &visit, visit.words.say("factor")));
    let f = &sheet.frame;
    let confirm =
        Form::new("/me/factor/confirm", f.say("factor-confirm")).line("code", f.say("factor-code"));
    let part = Part::default()
        .says(&f.say("factor-secret-hint"))
        .wide(f.say("factor-secret"), code(&begun_with.secret))
        .wide(f.say("factor-uri"), code(&begun_with.uri))
        .form(confirm)
        .link("/me", f.say("back"));
    sheet.parts.push(part);
    sheet.shown(&visit)
}

/// `POST /me/factor/confirm`.
pub(crate) async fn factor_confirm(web: Web, visit: Visit, fields: Fields) -> Shown {
    let code = fields.text("code");
    let done = own(&web, &visit, move |node, name| {
        node.confirm_second_factor(name, &code)
    })
    .await?;
    codes(&web, &visit, done).await
}

/// `POST /me/factor/codes`.
pub(crate) async fn factor_codes(web: Web, visit: Visit, fields: Fields) -> Shown {
    let code = fields.text("code");
    let done = own(&web, &visit, move |node, name| {
        node.renew_recovery_codes(name, &code)
    })
    .await?;
    codes(&web, &visit, done).await
}

/// Recovery codes, shown this once.
async fn codes(web: &Web, visit: &Visit, done: Result<Vec<String>, AccountError>) -> Shown {
    let made = match done {
        Ok(made) => made,
        Err(error) => return refused(web, visit, error).await,
    };
    let mut sheet = Sheet::new(Frame::new(web, visit, visit.words.say("factor-codes")));
    let lines = vec![visit.words.say("factor-codes-once")];
    sheet.notice("warn", lines);
    let f = &sheet.frame;
    let part = Part::default()
        .raw(f.say("factor-codes"), &made.join("\n"))
        .link("/me", f.say("back"));
    sheet.parts.push(part);
    sheet.shown(visit)
}

/// `POST /me/factor/end`.
pub(crate) async fn factor_end(web: Web, visit: Visit, fields: Fields) -> Shown {
    let code = fields.text("code");
    match own(&web, &visit, move |node, name| {
        node.end_second_factor(name, &code)
    })
    .await?
    {
        Ok(()) => said(&web, &visit, visit.words.say("factor-ended")).await,
        Err(error) => refused(&web, &visit, error).await,
    }
}

/// `POST /me/sessions`.
pub(crate) async fn end_session(web: Web, visit: Visit, fields: Fields) -> Shown {
    let id = fields.text("id");
    match own(&web, &visit, move |node, name| node.end_session(name, &id)).await? {
        Ok(()) => to("/me"),
        Err(error) => refused(&web, &visit, error).await,
    }
}

/// `POST /me/sessions/others`.
pub(crate) async fn end_others(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let here = session_id(&visit);
    match own(&web, &visit, move |node, name| {
        node.end_sessions(name, here.as_deref())
    })
    .await?
    {
        Ok(_) => to("/me"),
        Err(error) => refused(&web, &visit, error).await,
    }
}
