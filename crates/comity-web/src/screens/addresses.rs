//! Designated addresses: temporary ones, and what makes one permanent.
//!
//! In scope: the list, one address with its steps, the forms of each step, making one. Out of scope: the rules (`comity-node`).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::html::Html;
use crate::screens::{flag, number, party_choices, rows, some, text, texts};
use crate::sheet::{Field, Form, Part, Sheet, Table, all, code, muted, path, plain, way};
use crate::visit::{Visit, Web};

/// Days for which a temporary address holds, where nothing else is said.
const DAYS: &str = "30";
/// What an address may be for.
const PURPOSES: [&str; 8] = [
    "contact", "ping", "request", "case", "samples", "exercise", "reports", "hotline",
];
/// Labels under which an address is told.
const LABELS: [&str; 5] = [
    "TLP:GREEN",
    "TLP:CLEAR",
    "TLP:AMBER",
    "TLP:AMBER+STRICT",
    "TLP:RED",
];

/// Addresses as a list.
pub(crate) fn table(f: &Frame, of: &[Value]) -> Table {
    Table {
        heads: vec![
            f.say("address"),
            f.say("party"),
            f.say("whose"),
            f.say("purpose"),
            f.say("standing"),
            f.say("until"),
            f.say("next-step"),
        ],
        rows: of
            .iter()
            .map(|row| {
                let until = some(row, "expires").map_or_else(|| muted("–"), |at| f.time(&at));
                let next = some(row, "next")
                    .map_or_else(Html::default, |next| plain(&f.word("step", &next)));
                let party = text(row, "party");
                vec![
                    way(&path(&["addresses", text(row, "id")]), text(row, "address")),
                    way(&path(&["parties", party]), party),
                    plain(&whose(f, row)),
                    plain(&f.word("purpose", text(row, "purpose"))),
                    f.state(text(row, "state")),
                    until,
                    next,
                ]
            })
            .collect(),
    }
}

fn whose(f: &Frame, row: &Value) -> String {
    if flag(row, "ours") {
        f.say("ours")
    } else {
        f.say("theirs")
    }
}

/// `GET /addresses`.
pub(crate) async fn list(web: Web, visit: Visit) -> Shown {
    let asked = json!({ "party": null, "ours": null, "limit": 1000 });
    let found = visit.ask(&web, "list_addresses", asked).await?;
    let mut frame = Frame::new(&web, &visit, visit.words.say("place-addresses"));
    frame.follows = Some("list_addresses");
    for row in rows(&found) {
        frame.mark(text(row, "label"));
    }
    let mut sheet = Sheet::new(frame);
    let f = &sheet.frame;
    let empty = (f.say("addresses-none"), f.say("addresses-none-hint"));
    let mut parts = vec![Part::list(None, table(f, rows(&found)), empty)];
    if visit.may(Permission::Work) {
        let names = party_choices(&web, &visit, |_| true).await?;
        if !names.is_empty() {
            let purposes = PURPOSES.map(|word| (word.to_owned(), f.word("purpose", word)));
            let form = Form::new("/addresses", f.say("address-make"))
                .choice("party", f.say("party"), names)
                .choice("purpose", f.say("purpose"), purposes.to_vec())
                .field(days(f))
                .field(uses(f))
                .maybe("about", f.say("address-about"))
                .maybe("remark", f.say("remark"))
                .choice("label", f.say("marking"), labels())
                .tick("untold", f.say("address-untold"));
            parts.push(
                Part::of(f.say("address-new"))
                    .says(&f.say("address-new-hint"))
                    .form(form),
            );
        }
    }
    sheet.parts = parts;
    sheet.shown(&visit)
}

fn labels() -> Vec<(String, String)> {
    LABELS
        .map(|label| (label.to_owned(), label.to_owned()))
        .to_vec()
}

/// A number that a field holds; nothing where it is empty.
pub(crate) fn count(fields: &Fields, name: &str) -> Result<Option<u32>, Fault> {
    fields
        .get(name)
        .map(|text| text.parse::<u32>().map_err(|_| Fault::Form))
        .transpose()
}

/// `POST /addresses`.
pub(crate) async fn create(web: Web, visit: Visit, fields: Fields) -> Shown {
    let asked = json!({
        "party": fields.text("party"), "purpose": fields.text("purpose"), "days": count(&fields, "days")?.ok_or(Fault::Form)?,
        "uses": count(&fields, "uses")?, "about": fields.get("about"), "remark": fields.text("remark"),
        "label": fields.text("label"), "untold": fields.is_on("untold"),
    });
    let made = visit.ask(&web, "create_address", asked).await?;
    to(&path(&["addresses", text(&made, "id")]))
}

/// `GET /addresses/{id}`.
pub(crate) async fn one(web: Web, visit: Visit) -> Shown {
    let found = visit
        .ask(&web, "show_address", json!({ "id": visit.argument("id") }))
        .await?;
    let mut frame = Frame::new(&web, &visit, text(&found, "address").to_owned());
    frame.follows = Some("list_addresses");
    frame.mark(text(&found, "label"));
    let mut sheet = Sheet::new(frame);
    sheet.chips.push(sheet.frame.state(text(&found, "state")));
    sheet.chips.push(muted(&whose(&sheet.frame, &found)));
    let f = &sheet.frame;
    let mut parts = vec![facts(f, &found)];
    parts.extend(promotion(f, &found));
    parts.push(steps(&visit, f, &found));
    parts.push(happened(f, &found));
    sheet.parts = parts;
    sheet.shown(&visit)
}

fn facts(f: &Frame, found: &Value) -> Part {
    let party = text(found, "party");
    let uses = match (
        found.get("uses").and_then(Value::as_u64),
        found.get("uses_allowed").and_then(Value::as_u64),
    ) {
        (Some(used), Some(most)) => format!("{used} / {most}"),
        (Some(used), None) => used.to_string(),
        (None, Some(most)) => format!("≤ {most}"),
        (None, None) => "–".to_owned(),
    };
    let until = some(found, "expires").map_or_else(|| muted("–"), |at| f.time(&at));
    let mut part = Part::of(f.say("key-facts"))
        .fact(f.say("party"), way(&path(&["parties", party]), party))
        .fact(
            f.say("purpose"),
            plain(&f.word("purpose", text(found, "purpose"))),
        )
        .fact(f.say("until"), until)
        .fact(f.say("address-uses"), plain(&uses))
        .fact(
            f.say("mail-taken"),
            plain(&if flag(found, "taken") {
                f.say("is-so")
            } else {
                f.say("is-not")
            }),
        )
        .fact(
            f.say("address-told"),
            plain(&if flag(found, "told") {
                f.say("is-so")
            } else {
                f.say("is-not")
            }),
        )
        .wide(f.say("remark"), plain(text(found, "remark")));
    if let Some(about) = some(found, "about") {
        part = part.wide(
            f.say("address-about"),
            way(&path(&["threads", &about]), &about),
        );
    }
    if let Some(at) = some(found, "revoked") {
        part = part
            .fact(f.say("ended"), f.time(&at))
            .wide(f.say("reason"), plain(text(found, "reason")));
    }
    let aliases = found.get("aliases").map_or(&[][..], rows);
    if !aliases.is_empty() {
        part = part.wide(
            f.say("aliases"),
            all(aliases.iter().map(|one| code(text(one, "address")))),
        );
    }
    part
}

/// How far the way to a permanent address is gone.
fn promotion(f: &Frame, found: &Value) -> Option<Part> {
    let challenge = found.get("challenge").filter(|one| !one.is_null());
    let promotion = found.get("promotion").filter(|one| !one.is_null());
    if challenge.is_none() && promotion.is_none() && !flag(found, "waits_for_second") {
        return None;
    }
    let mut part = Part::of(f.say("promotion"));
    if let Some(challenge) = challenge {
        part = part.wide(f.say("challenge"), code(&challenge.to_string()));
    }
    if let Some(at) = some(found, "answered") {
        part = part
            .fact(f.say("answered"), f.time(&at))
            .fact(f.say("answered-by"), plain(text(found, "answered_by")));
    }
    if let Some(by) = some(found, "asked_by") {
        part = part
            .fact(f.say("asked-by"), plain(&by))
            .says(&f.say("waits-for-second"));
    }
    if let Some(promotion) = promotion {
        part = part
            .wide(
                f.say("permanent-address"),
                code(text(promotion, "permanent")),
            )
            .fact(f.say("promoted"), f.time(text(promotion, "promoted")))
            .fact(
                f.say("persons"),
                plain(&texts(promotion, "persons").join(", ")),
            );
        if let Some(at) = some(promotion, "confirmed") {
            part = part.fact(f.say("confirmed"), f.time(&at)).fact(
                f.say("confirmed-by"),
                plain(text(promotion, "confirmed_by")),
            );
        }
    }
    Some(part)
}

/// The forms of what can be done now.
fn steps(visit: &Visit, f: &Frame, found: &Value) -> Part {
    let at = |step: &str| path(&["addresses", text(found, "id"), "steps", step]);
    let (ours, state) = (flag(found, "ours"), text(found, "state"));
    let (works, agrees) = (visit.may(Permission::Work), visit.may(Permission::Agree));
    let mut part = Part::of(f.say("what-next"));
    if ours && !flag(found, "told") && works {
        part = part.form(
            Form::new(at("tell"), f.say("address-tell"))
                .hint(f.say("address-tell-hint"))
                .choice("label", f.say("marking"), labels()),
        );
    }
    part.forms.extend(next(f, found).filter(|_| agrees));
    if ours && matches!(state, "temporary" | "expired") && flag(found, "told") && works {
        let form = Form::new(at("renew"), f.say("address-renew"))
            .hint(f.say("address-renew-hint"))
            .plain()
            .field(days(f))
            .field(uses(f));
        part = part.form(form);
    }
    if agrees && matches!(state, "challenged" | "answered" | "proposed") {
        part = part.form(
            Form::new(at("decline"), f.say("address-decline"))
                .plain()
                .line("reason", f.say("reason")),
        );
    }
    if agrees && ours && flag(found, "told") && state != "revoked" {
        part = part.link(
            path(&["addresses", text(found, "id"), "revoke"]),
            f.say("address-revoke"),
        );
    }
    if part.forms.is_empty() && part.links.is_empty() {
        return part.says(&f.say("what-next-nothing"));
    }
    part
}

/// The form of what this side is to do next on the way to a permanent address.
fn next(f: &Frame, found: &Value) -> Option<Form> {
    let (step, button, hint) = match (text(found, "state"), flag(found, "ours")) {
        ("temporary", true) if flag(found, "told") => (
            "promote",
            f.say("address-promote"),
            f.say("address-promote-hint"),
        ),
        ("answered", true) => (
            "approve",
            f.say("address-approve"),
            f.say("address-approve-hint"),
        ),
        ("challenged", false) => (
            "answer",
            f.say("address-answer"),
            f.say("address-answer-hint"),
        ),
        ("proposed", false) => (
            "confirm",
            f.say("address-confirm"),
            f.say("address-confirm-hint"),
        ),
        _ => return None,
    };
    let at = path(&["addresses", text(found, "id"), "steps", step]);
    Some(Form::new(at, button).hint(hint))
}

fn happened(f: &Frame, found: &Value) -> Part {
    let events = found.get("events").map_or(&[][..], rows);
    let steps = found.get("steps").map_or(&[][..], rows);
    let mut lines: Vec<Vec<Html>> = steps
        .iter()
        .map(|row| {
            let event = plain(&f.word("event", text(row, "event")));
            vec![
                f.time(text(row, "sent")),
                event,
                plain(text(row, "officer")),
                f.state(text(row, "state")),
            ]
        })
        .collect();
    lines.extend(events.iter().map(|row| {
        vec![
            f.time(text(row, "at")),
            plain(&f.word("event", text(row, "event"))),
            plain(text(row, "officer")),
            plain(text(row, "detail")),
        ]
    }));
    let heads = vec![f.say("when"), f.say("what"), f.say("who"), f.say("detail")];
    let count = number(found, "uses");
    let part = Part::list(
        Some(f.say("steps")),
        Table { heads, rows: lines },
        (f.say("steps-none"), f.say("steps-none-hint")),
    );
    if count > 0 {
        part.says(&f.say_of("address-used", "n", &count.to_string()))
    } else {
        part
    }
}

/// `GET /addresses/{id}/revoke`.
pub(crate) async fn revoke(web: Web, visit: Visit) -> Shown {
    let found = visit
        .ask(&web, "show_address", json!({ "id": visit.argument("id") }))
        .await?;
    if !visit.may(Permission::Agree) {
        return Err(Fault::Missing);
    }
    let address = text(&found, "address");
    let mut sheet = Sheet::new(Frame::new(
        &web,
        &visit,
        visit
            .words
            .say_of("address-revoke-title", "address", address),
    ));
    sheet.notice("warn", vec![visit.words.say("address-revoke-what")]);
    let f = &sheet.frame;
    let id = text(&found, "id");
    let form = Form::new(path(&["addresses", id, "revoke"]), f.say("address-revoke"))
        .danger()
        .line("reason", f.say("reason"));
    sheet.parts.push(
        Part::default()
            .form(form)
            .link(path(&["addresses", id]), f.say("back")),
    );
    sheet.shown(&visit)
}

/// `POST /addresses/{id}/steps/{step}`.
pub(crate) async fn step(web: Web, visit: Visit, fields: Fields) -> Shown {
    let id = visit.argument("id").to_owned();
    let reason = fields.text("reason");
    let (operation, asked) = match visit.argument("step") {
        "tell" => (
            "tell_address",
            json!({ "id": id, "label": fields.text("label") }),
        ),
        "promote" => ("promote_address", json!({ "id": id })),
        "approve" => ("approve_promotion", json!({ "id": id })),
        "answer" => ("answer_promotion", json!({ "id": id, "to_file": false })),
        "confirm" => ("confirm_promotion", json!({ "id": id })),
        "decline" => ("decline_promotion", json!({ "id": id, "reason": reason })),
        "renew" => {
            let days = count(&fields, "days")?.ok_or(Fault::Form)?;
            (
                "renew_address",
                json!({ "id": id, "days": days, "uses": count(&fields, "uses")? }),
            )
        }
        _ => return Err(Fault::Missing),
    };
    let done = visit.ask(&web, operation, asked).await?;
    to(&path(&[
        "addresses",
        some(&done, "id").as_deref().unwrap_or(&id),
    ]))
}

/// `POST /addresses/{id}/revoke`.
pub(crate) async fn revoke_for_good(web: Web, visit: Visit, fields: Fields) -> Shown {
    let id = visit.argument("id");
    let asked = json!({ "id": id, "reason": fields.text("reason") });
    visit.ask(&web, "revoke_address", asked).await?;
    to(&path(&["addresses", id]))
}

/// How long an address lives.
fn days(f: &Frame) -> Field {
    let days = Field::line("days", f.say("address-days"));
    days.typed("number").value(DAYS)
}

/// How many mails it takes.
fn uses(f: &Frame) -> Field {
    let uses = Field::line("uses", f.say("address-uses"));
    uses.typed("number").optional()
}
