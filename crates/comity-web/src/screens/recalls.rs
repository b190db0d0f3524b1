//! Recalls: what this node asked others to take back, and what they asked of it.
//!
//! In scope: both lists, the review of a new one with whoever got it, asking. Out of scope: releases (`release`).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Frame, Shown, to};
use crate::html::Html;
use crate::screens::release::Wanted;
use crate::screens::{rows, some, text, texts};
use crate::sheet::{Form, Part, Sheet, Table, all, path, plain, way};
use crate::visit::{Visit, Web};

/// What stands over a list of recalls.
pub(crate) fn heads(f: &Frame) -> Vec<String> {
    vec![
        f.say("recall"),
        f.say("party"),
        f.say("standing"),
        f.say("what"),
        f.say("reason"),
        f.say("asked"),
        f.say("due"),
    ]
}

/// A recall in a list.
pub(crate) fn line(f: &Frame, row: &Value, ours: bool) -> Vec<Html> {
    let objects = texts(row, "objects");
    let due = some(row, "due").map_or_else(Html::default, |at| f.time(&at));
    let party = text(row, "party");
    vec![
        plain(&if ours {
            f.say("recall-ours")
        } else {
            f.say("recall-theirs")
        }),
        way(&path(&["parties", party]), party),
        f.state(text(row, "state")),
        all(objects.iter().map(|id| way(&path(&["objects", id]), id))),
        plain(text(row, "reason")),
        f.time(text(row, "asked")),
        due,
    ]
}

/// `GET /recalls`.
pub(crate) async fn list(web: Web, visit: Visit) -> Shown {
    let mut frame = Frame::new(&web, &visit, visit.words.say("place-recalls"));
    frame.follows = Some("list_recalls");
    let mut sheet = Sheet::new(frame);
    let mut found = Vec::new();
    for (operation, ours) in [("list_recalls", true), ("list_recalls_received", false)] {
        let list = visit.ask(&web, operation, json!({ "limit": 1000 })).await?;
        found.extend(rows(&list).iter().map(|row| line(&sheet.frame, row, ours)));
    }
    let f = &sheet.frame;
    let table = Table {
        heads: heads(f),
        rows: found,
    };
    let mut parts = vec![Part::list(
        None,
        table,
        (f.say("recalls-none"), f.say("recalls-none-hint")),
    )];
    if visit.may(Permission::Release) {
        let form = Form::new("/recalls/review", f.say("recall-look"))
            .looks()
            .plain()
            .text("object", f.say("release-objects"))
            .maybe("from", f.say("recall-from"))
            .line("reason", f.say("reason"));
        parts.push(
            Part::of(f.say("recall-new"))
                .says(&f.say("recall-new-hint"))
                .form(form),
        );
    }
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// `GET /recalls/review`: who got it, and what will be asked of them.
pub(crate) async fn review(web: Web, visit: Visit) -> Shown {
    let wanted = Wanted::of(&visit.query)?;
    let (from, reason) = (visit.query.text("from"), visit.query.text("reason"));
    let mut sheet = Sheet::new(Frame::new(&web, &visit, visit.words.say("recall-new")));
    sheet.notice(
        "warn",
        vec![
            visit.words.say("recall-what"),
            visit.words.say("recall-what-hint"),
        ],
    );
    let f = &sheet.frame;
    let mut got = Vec::new();
    for id in &wanted.objects {
        let asked = json!({ "object": id, "party": null, "limit": 1000 });
        let found = visit.ask(&web, "list_decisions", asked).await?;
        let went = rows(&found)
            .iter()
            .filter(|row| matches!(text(row, "verdict"), "released" | "redacted"));
        let went = went.filter(|row| from.is_empty() || text(row, "party") == from);
        got.extend(went.map(|row| {
            vec![
                way(&path(&["objects", id]), id),
                plain(text(row, "party")),
                f.state(text(row, "verdict")),
                f.label(text(row, "label")),
                f.time(text(row, "decided")),
            ]
        }));
    }
    let there = !got.is_empty();
    let above = vec![
        f.say("object"),
        f.say("party"),
        f.say("verdict"),
        f.say("marking"),
        f.say("decided"),
    ];
    let part = Part::list(
        Some(f.say("recall-who")),
        Table {
            heads: above,
            rows: got,
        },
        (f.say("recall-nobody"), f.say("recall-nobody-hint")),
    );
    let mut parts = vec![part.wide(f.say("reason"), plain(&reason))];
    if there && visit.may(Permission::Release) {
        let mut form = Form::new("/recalls", f.say("recall-do"))
            .danger()
            .hidden("reason", reason)
            .hidden("from", from);
        for id in &wanted.objects {
            form = form.hidden("object", id.clone());
        }
        parts.push(Part::default().form(form).link("/recalls", f.say("back")));
    }
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// `POST /recalls`.
pub(crate) async fn recall(web: Web, visit: Visit, fields: Fields) -> Shown {
    let wanted = Wanted::of(&fields)?;
    let asked = json!({ "objects": wanted.objects, "from": fields.get("from"), "reason": fields.text("reason") });
    visit.ask(&web, "recall_objects", asked).await?;
    to("/recalls")
}
