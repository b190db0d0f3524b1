//! Mail that leaves: how far each got, and why.
//!
//! In scope: the list, one mail, sending it again, taking it back. Out of scope: writing letters (`letters`), mail that came (`mail`).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::screens::mail::{PAGE, each, tabs};
use crate::screens::{flag, number, rows, some, text};
use crate::sheet::{Form, Part, Sheet, Table, beside, code, muted, path, plain, way};
use crate::visit::{Visit, Web};

/// `GET /mail/outgoing`.
pub(crate) async fn list(web: Web, visit: Visit) -> Shown {
    let asked = json!({ "state": null, "party": visit.query.get("party"), "before": visit.query.get("before"), "limit": PAGE });
    let found = visit.ask(&web, "list_outgoing_mail", asked).await?;
    let mut sheet = Sheet::new(Frame::new(&web, &visit, visit.words.say("mail-out")));
    sheet.links = tabs(&sheet.frame, "/mail/outgoing");
    let alarms = each(&found, "alarms");
    if !alarms.is_empty() {
        sheet.notice("warn", alarms);
    }
    let mails = found.get("mails").map_or(&[][..], rows);
    for row in mails {
        sheet.frame.mark(text(row, "label"));
    }
    let f = &sheet.frame;
    let table = Table {
        heads: vec![
            f.say("mail-subject"),
            f.say("mail-to"),
            f.say("marking"),
            f.say("standing"),
            f.say("reason"),
            f.say("attempts"),
            f.say("made"),
        ],
        rows: mails
            .iter()
            .map(|row| {
                let state = f.state(text(row, "state"));
                let state = if flag(row, "overdue") {
                    beside(&state, &f.state("overdue"))
                } else {
                    state
                };
                let subject = some(row, "subject").unwrap_or_else(|| f.say("mail-no-subject"));
                vec![
                    way(&path(&["mail", "outgoing", text(row, "id")]), &subject),
                    beside(&plain(text(row, "to")), &muted(text(row, "party"))),
                    f.label(text(row, "label")),
                    state,
                    plain(text(row, "reason")),
                    plain(&number(row, "attempts").to_string()),
                    f.time(text(row, "made")),
                ]
            })
            .collect(),
    };
    let mut part = Part::list(
        None,
        table,
        (f.say("mail-out-none"), f.say("mail-out-none-hint")),
    );
    if let Some(last) = mails.last().filter(|_| mails.len() == PAGE) {
        part = part.link(
            format!("/mail/outgoing?before={}", text(last, "id")),
            f.say("more"),
        );
    }
    if visit.may(Permission::Release) {
        part = part.link("/mail/letters/new", f.say("letter-new"));
    }
    sheet.parts.push(part);
    sheet.shown(&visit)
}

/// `GET /mail/outgoing/{id}`.
pub(crate) async fn one(web: Web, visit: Visit) -> Shown {
    let found = visit
        .ask(
            &web,
            "show_outgoing_mail",
            json!({ "id": visit.argument("id") }),
        )
        .await?;
    let subject = some(&found, "subject").unwrap_or_else(|| visit.words.say("mail-no-subject"));
    let mut sheet = Sheet::new(Frame::new(&web, &visit, subject));
    sheet.frame.mark(text(&found, "label"));
    sheet.chips.push(sheet.frame.label(text(&found, "label")));
    sheet.chips.push(sheet.frame.state(text(&found, "state")));
    if flag(&found, "overdue") {
        let lines = vec![
            sheet.frame.say("mail-no-receipt"),
            text(&found, "next").to_owned(),
        ];
        sheet.notice("warn", lines);
    }
    let f = &sheet.frame;
    let at = |name: &str| some(&found, name).map_or_else(|| muted("–"), |at| f.time(&at));
    let mut facts = Part::of(f.say("key-facts"))
        .wide(f.say("mail-to"), code(text(&found, "to")))
        .fact(f.say("party"), plain(text(&found, "party")))
        .fact(f.say("made"), at("made"))
        .fact(f.say("mail-sent"), at("sent"))
        .fact(f.say("mail-receipted"), at("receipted"))
        .fact(f.say("mail-next-attempt"), at("next_attempt"))
        .fact(
            f.say("attempts"),
            plain(&number(&found, "attempts").to_string()),
        )
        .fact(f.say("protection"), plain(text(&found, "protection")))
        .fact(f.say("asked-by"), plain(text(&found, "officer")))
        .wide(f.say("digest"), code(text(&found, "sha256")));
    for (name, member) in [
        (f.say("reason"), "reason"),
        (f.say("mail-answer"), "answer"),
        (f.say("tls"), "tls"),
        (f.say("mail-host"), "host"),
    ] {
        if let Some(value) = some(&found, member) {
            facts = facts.wide(name, plain(&value));
        }
    }
    let events = found.get("events").map_or(&[][..], rows);
    let table = Table {
        heads: vec![f.say("when"), f.say("what"), f.say("detail")],
        rows: events
            .iter()
            .map(|one| {
                vec![
                    f.time(text(one, "at")),
                    plain(&f.word("event", text(one, "event"))),
                    plain(text(one, "detail")),
                ]
            })
            .collect(),
    };
    let mut parts = vec![facts];
    parts.extend(acts(&visit, f, &found));
    parts.push(Part::list(
        Some(f.say("steps")),
        table,
        (f.say("steps-none"), f.say("steps-none-hint")),
    ));
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// Sending again and taking back, where that can still be done.
fn acts(visit: &Visit, f: &Frame, found: &Value) -> Option<Part> {
    let at = |step: &str| path(&["mail", "outgoing", text(found, "id"), step]);
    let state = text(found, "state");
    let mut part = Part::default();
    if matches!(state, "queued" | "delayed" | "failed" | "bounced") {
        part = part.form(Form::new(at("retry"), f.say("mail-retry")).plain());
    }
    if matches!(state, "queued" | "delayed") {
        part = part.form(Form::new(at("cancel"), f.say("mail-cancel")).danger());
    }
    visit.may(Permission::Work).then_some(part)
}

/// `POST /mail/outgoing/{id}/{step}`.
pub(crate) async fn step(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let id = visit.argument("id");
    let operation = match visit.argument("step") {
        "retry" => "retry_mail",
        "cancel" => "cancel_mail",
        _ => return Err(Fault::Missing),
    };
    visit.ask(&web, operation, json!({ "id": id })).await?;
    to(&path(&["mail", "outgoing", id]))
}
