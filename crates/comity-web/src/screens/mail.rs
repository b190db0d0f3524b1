//! Mail that came: what it says, how sure it is who sent it, and what it proposes.
//!
//! What a mail says is shown as text, never as what it asks a browser to do.
//!
//! In scope: the list, one mail, its proposals. Out of scope: judging (`comity-node`), mail that leaves (`outgoing`), keys (`mail_keys`).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::html::Html;
use crate::screens::{flag, number, rows, some, text, texts};
use crate::sheet::{Form, Link, Part, Sheet, Table, all, beside, code, muted, path, plain, way};
use crate::visit::{Visit, Web};

/// Mails on a page.
pub(crate) const PAGE: usize = 100;

pub(crate) fn tabs(f: &Frame, here: &str) -> Vec<Link> {
    let of = [
        ("/mail", f.say("mail-in")),
        ("/mail/outgoing", f.say("mail-out")),
        ("/mail-keys", f.say("mail-keys")),
    ];
    of.into_iter()
        .map(|(href, text)| Link {
            href: href.to_owned(),
            text,
            here: href == here,
        })
        .collect()
}

/// `GET /mail`.
pub(crate) async fn list(web: Web, visit: Visit) -> Shown {
    let asked = json!({ "state": null, "party": visit.query.get("party"), "before": visit.query.get("before"), "limit": PAGE });
    let found = visit.ask(&web, "list_mail", asked).await?;
    let mut sheet = Sheet::new(Frame::new(&web, &visit, visit.words.say("place-mail")));
    for row in rows(&found) {
        sheet.frame.mark(text(row, "label"));
    }
    sheet.links = tabs(&sheet.frame, "/mail");
    let f = &sheet.frame;
    let table = Table {
        heads: vec![
            f.say("subject"),
            f.say("from"),
            f.say("mail-to"),
            f.say("level"),
            f.say("standing"),
            f.say("mail-waits"),
            f.say("received"),
        ],
        rows: rows(&found)
            .iter()
            .map(|row| {
                let from = some(row, "from").unwrap_or_else(|| f.say("mail-no-sender"));
                let level =
                    some(row, "level").map_or_else(|| muted("–"), |level| level_of(f, &level));
                let waits = texts(row, "waits").len();
                let waits = if waits == 0 {
                    Html::default()
                } else {
                    beside(&f.state("due"), &plain(&waits.to_string()))
                };
                let subject = some(row, "subject").unwrap_or_else(|| f.say("mail-no-subject"));
                let mut title = way(&path(&["mail", text(row, "id")]), &subject);
                if let Some(label) = some(row, "label") {
                    title = beside(&title, &f.label(&label));
                }
                vec![
                    title,
                    beside(&plain(&from), &muted(text(row, "sent_by"))),
                    plain(&texts(row, "to").join(", ")),
                    level,
                    f.state(text(row, "state")),
                    waits,
                    f.time(text(row, "received")),
                ]
            })
            .collect(),
    };
    let mut part = Part::list(None, table, (f.say("mail-none"), f.say("mail-none-hint")));
    if let Some(last) = rows(&found).last().filter(|_| rows(&found).len() == PAGE) {
        part = part.link(format!("/mail?before={}", text(last, "id")), f.say("more"));
    }
    sheet.parts.push(part);
    sheet.shown(&visit)
}

fn level_of(f: &Frame, level: &str) -> Html {
    plain(&f.word("level", level))
}

/// What a document holds, in one line.
fn told(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(told).collect::<Vec<_>>().join(", "),
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{name}: {}", told(value)))
            .collect::<Vec<_>>()
            .join("; "),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// The values of a list in a document, each told on a line.
pub(crate) fn each(document: &Value, name: &str) -> Vec<String> {
    document
        .get(name)
        .map_or(&[][..], rows)
        .iter()
        .map(told)
        .collect()
}

/// `GET /mail/{id}`.
pub(crate) async fn one(web: Web, visit: Visit) -> Shown {
    let id = visit.argument("id").to_owned();
    let found = visit.ask(&web, "show_mail", json!({ "id": id })).await?;
    let said = if flag(&found, "raw_here") {
        visit.ask(&web, "read_mail", json!({ "id": id })).await?
    } else {
        Value::Null
    };
    let subject = some(&said, "subject").unwrap_or_else(|| visit.words.say("mail-no-subject"));
    let mut sheet = Sheet::new(Frame::new(&web, &visit, subject));
    if let Some(label) = some(&said, "tlp") {
        sheet.frame.mark(&label);
        sheet.chips.push(sheet.frame.label(&label));
    }
    sheet.chips.push(sheet.frame.state(text(&found, "state")));
    if flag(&found, "address_leaked") {
        let lines = vec![
            sheet.frame.say("mail-leaked"),
            sheet.frame.say("mail-leaked-hint"),
        ];
        sheet.notice("warn", lines);
    }
    let f = &sheet.frame;
    let mut parts = proposals(&visit, f, &found);
    parts.push(judged(f, &found));
    parts.extend(content(f, &said, &found));
    parts.push(envelope(f, &found));
    if visit.may(Permission::Work) {
        let again = Form::new(
            path(&["mail", text(&found, "id"), "again"]),
            f.say("mail-again"),
        )
        .hint(f.say("mail-again-hint"))
        .plain();
        parts.push(Part::default().form(again));
    }
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// What it proposes, with the forms that decide.
fn proposals(visit: &Visit, f: &Frame, found: &Value) -> Vec<Part> {
    let of = found.get("proposals").map_or(&[][..], rows);
    let part = |one: &Value| {
        let part = Part::of(f.say_of("proposal", "what", &f.word("proposal", text(one, "kind"))))
            .fact(f.say("standing"), f.state(text(one, "state")))
            .fact(f.say("asked"), f.time(text(one, "proposed")))
            .wide(
                f.say("detail"),
                plain(&told(one.get("detail").unwrap_or(&Value::Null))),
            );
        if text(one, "state") != "waits" || !visit.may(Permission::Work) {
            let by = some(one, "officer").map_or_else(Html::default, |by| plain(&by));
            return part
                .fact(f.say("decided-by"), by)
                .wide(f.say("outcome"), plain(text(one, "outcome")));
        }
        let at = |word: &str| {
            path(&[
                "mail",
                text(found, "id"),
                "proposals",
                text(one, "id"),
                word,
            ])
        };
        part.form(Form::new(at("confirm"), f.say("proposal-do")).hint(f.say("proposal-do-hint")))
            .form(
                Form::new(at("dismiss"), f.say("proposal-dismiss"))
                    .plain()
                    .line("reason", f.say("reason")),
            )
    };
    of.iter().map(part).collect()
}

fn judged(f: &Frame, found: &Value) -> Part {
    let Some(level) = some(found, "level") else {
        return Part {
            title: Some(f.say("level")),
            empty: Some((f.say("mail-unjudged"), f.say("mail-unjudged-hint"))),
            ..Part::default()
        };
    };
    let sender = some(found, "sent_by").map_or_else(
        || muted(&f.say("mail-nobody")),
        |party| way(&path(&["parties", &party]), &party),
    );
    Part::of(f.say("level"))
        .fact(f.say("level"), level_of(f, &level))
        .fact(f.say("mail-sent-by"), sender)
        .fact(f.say("judged"), f.time(text(found, "judged")))
        .wide(f.say("reasons"), below(&each(found, "reasons")))
        .wide(
            f.say("authentication"),
            plain(&told(found.get("authentication").unwrap_or(&Value::Null))),
        )
}

/// Lines, one below the other.
fn below(of: &[String]) -> Html {
    let of: Vec<String> = of.iter().map(|line| plain(line).0).collect();
    Html(of.join("<br>"))
}

/// What it says and carries, as text.
fn content(f: &Frame, said: &Value, found: &Value) -> Vec<Part> {
    if said.is_null() {
        return vec![Part {
            title: Some(f.say("mail-says")),
            empty: Some((f.say("mail-gone"), f.say("mail-gone-hint"))),
            ..Part::default()
        }];
    }
    if let Some(why) = some(said, "why") {
        let part = Part::of(f.say("mail-says"))
            .says(&f.say("mail-guarded"))
            .fact(f.say("standing"), plain(text(said, "guard")));
        return vec![part.wide(f.say("reason"), plain(&why))];
    }
    let person = |one: &Value| {
        let address = code(text(one, "address"));
        some(one, "claimed_name").map_or_else(
            || address.clone(),
            |name| {
                beside(
                    &address,
                    &muted(&f.say_of("mail-calls-itself", "name", &name)),
                )
            },
        )
    };
    let people = |name: &str| all(said.get(name).map_or(&[][..], rows).iter().map(person));
    let date = some(said, "date").map_or_else(Html::default, |at| f.time(&at));
    let mut head = Part::of(f.say("mail-says"))
        .wide(
            f.say("from"),
            said.get("from").map_or_else(Html::default, person),
        )
        .wide(f.say("mail-to"), people("to"))
        .fact(f.say("mail-date"), date);
    for (name, list) in [
        (f.say("mail-cc"), "cc"),
        (f.say("mail-reply-to"), "reply_to"),
    ] {
        if !said.get(list).map_or(&[][..], rows).is_empty() {
            head = head.wide(name, people(list));
        }
    }
    let warnings = each(said, "warnings");
    if !warnings.is_empty() {
        head = head.wide(f.say("mail-odd"), below(&warnings));
    }
    let mut parts = vec![head];
    for block in said.get("texts").map_or(&[][..], rows) {
        let name = if flag(block, "under_signature") {
            f.say("text-signed")
        } else {
            f.say("text-unsigned")
        };
        parts.push(Part::default().raw(name, text(block, "text")));
    }
    parts.push(carried(f, said));
    let acts = each(found, "carries");
    if !acts.is_empty() {
        parts.push(Part::of(f.say("mail-came-of-it")).wide(f.say("what"), below(&acts)));
    }
    parts
}

fn carried(f: &Frame, said: &Value) -> Part {
    let table = Table {
        heads: vec![
            f.say("file"),
            f.say("declared"),
            f.say("kind"),
            f.say("bytes"),
            f.say("digest"),
            f.say("under-signature"),
        ],
        rows: said
            .get("attachments")
            .map_or(&[][..], rows)
            .iter()
            .map(|one| {
                let signed = if flag(one, "under_signature") {
                    f.say("is-so")
                } else {
                    f.say("is-not")
                };
                vec![
                    plain(text(one, "name")),
                    plain(text(one, "declared")),
                    plain(text(one, "kind")),
                    plain(&number(one, "bytes").to_string()),
                    code(text(one, "sha256")),
                    plain(&signed),
                ]
            })
            .collect(),
    };
    let part = Part::list(
        Some(f.say("mail-carries")),
        table,
        (f.say("mail-carries-none"), f.say("mail-carries-none-hint")),
    );
    let recognised = each(said, "carries");
    if recognised.is_empty() {
        part
    } else {
        part.wide(f.say("recognised"), below(&recognised))
    }
}

fn envelope(f: &Frame, found: &Value) -> Part {
    let tls = found
        .get("tls")
        .filter(|tls| !tls.is_null())
        .map_or_else(|| f.say("no-tls"), told);
    let to = found.get("to").map_or(&[][..], rows).iter();
    let to = all(to.map(|one| beside(&code(text(one, "address")), &muted(text(one, "party")))));
    let mut part = Part::of(f.say("mail-envelope"))
        .fact(f.say("received"), f.time(text(found, "received")))
        .fact(f.say("bytes"), plain(&number(found, "size").to_string()))
        .fact(f.say("mail-client"), code(text(found, "client")))
        .fact(f.say("mail-helo"), plain(text(found, "helo")))
        .wide(f.say("mail-envelope-from"), code(text(found, "from")))
        .wide(f.say("mail-to"), to)
        .wide(f.say("tls"), plain(&tls))
        .wide(f.say("digest"), code(text(found, "sha256")));
    if let Some(reason) = some(found, "reason") {
        part = part.wide(f.say("reason"), plain(&reason));
    }
    part.raw(f.say("mail-trace"), text(found, "trace"))
}

/// `POST /mail/{id}/proposals/{proposal}/{word}`.
pub(crate) async fn settle(web: Web, visit: Visit, fields: Fields) -> Shown {
    let proposal = visit.argument("proposal");
    let (operation, asked) = match visit.argument("word") {
        "confirm" => ("confirm_proposal", json!({ "id": proposal })),
        "dismiss" => (
            "dismiss_proposal",
            json!({ "id": proposal, "reason": fields.text("reason") }),
        ),
        _ => return Err(Fault::Missing),
    };
    visit.ask(&web, operation, asked).await?;
    to(&path(&["mail", visit.argument("id")]))
}

/// `POST /mail/{id}/again`.
pub(crate) async fn again(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let id = visit.argument("id");
    visit
        .ask(&web, "judge_mail_again", json!({ "id": id }))
        .await?;
    to(&path(&["mail", id]))
}
