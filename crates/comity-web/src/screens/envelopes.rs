//! Envelopes: what this node made for others, and what it got of them.
//!
//! In scope: both lists with what became of each. Out of scope: sharing (`release`), mail (`mail`).

use serde_json::{Value, json};

use crate::frame::{Frame, Shown};
use crate::screens::{flag, number, party_choices, rows, some, text, texts};
use crate::sheet::{Form, Part, Sheet, Table, all, asking, beside, code, muted, path, plain, way};
use crate::visit::{Visit, Web};

/// Asks for what was refused alone.
const UNDELIVERED: &str = "undelivered";

/// `GET /outbox`.
pub(crate) async fn outbox(web: Web, visit: Visit) -> Shown {
    let mut sheet = begun(&web, &visit, "list_outbox");
    let mut wanted = asked(&visit);
    let undelivered = visit.query.is_on(UNDELIVERED);
    if let Some(members) = wanted.as_object_mut() {
        members.insert(UNDELIVERED.to_owned(), undelivered.into());
    }
    let found = visit.ask(&web, "list_outbox", wanted).await?;
    let f = &sheet.frame;
    let table = Table {
        heads: vec![
            f.say("envelope"),
            f.say("party"),
            f.say("standing"),
            f.say("reason"),
            f.say("attempts"),
            f.say("cosignatures"),
            f.say("last-change"),
        ],
        rows: rows(&found).iter().map(|row| sent(f, row)).collect(),
    };
    let empty = if undelivered {
        (f.say("undelivered-none"), f.say("undelivered-none-hint"))
    } else {
        (f.say("outbox-none"), f.say("outbox-none-hint"))
    };
    let part = Part::list(None, table, empty);
    let choices = vec![
        (String::new(), f.say("undelivered-any")),
        ("on".to_owned(), f.say("undelivered-only")),
    ];
    let chosen = filter(&web, &visit, f, "/outbox").await?;
    let chosen = chosen.choice(UNDELIVERED, f.say("standing"), choices);
    sheet.parts = vec![
        Part::default().form(picked(chosen, &visit, UNDELIVERED)),
        more(part, f, &visit, &found, "/outbox"),
    ];
    sheet.shown(&visit)
}

/// `GET /inbox`.
pub(crate) async fn inbox(web: Web, visit: Visit) -> Shown {
    let mut sheet = begun(&web, &visit, "list_inbox");
    let found = visit.ask(&web, "list_inbox", asked(&visit)).await?;
    let f = &sheet.frame;
    let table = Table {
        heads: vec![
            f.say("envelope"),
            f.say("party"),
            f.say("standing"),
            f.say("outcome"),
            f.say("received"),
        ],
        rows: rows(&found).iter().map(|row| got(f, row)).collect(),
    };
    let part = Part::list(None, table, (f.say("inbox-none"), f.say("inbox-none-hint")));
    sheet.parts = vec![
        Part::default().form(filter(&web, &visit, f, "/inbox").await?),
        more(part, f, &visit, &found, "/inbox"),
    ];
    sheet.shown(&visit)
}

fn begun(web: &Web, visit: &Visit, follows: &'static str) -> Sheet {
    let (out, title) = match follows {
        "list_outbox" => (true, visit.words.say("place-outbox")),
        _ => (false, visit.words.say("place-inbox")),
    };
    let mut frame = Frame::new(web, visit, title);
    frame.follows = Some(follows);
    let mut sheet = Sheet::new(frame);
    for (href, name, here) in [
        ("/outbox", visit.words.say("place-outbox"), out),
        ("/inbox", visit.words.say("place-inbox"), !out),
    ] {
        sheet.links.push(crate::sheet::Link {
            href: href.to_owned(),
            text: name,
            here,
        });
    }
    sheet
}

fn asked(visit: &Visit) -> Value {
    json!({ "party": visit.query.get("party"), "cursor": visit.query.get("after"), "limit": 100 })
}

/// To the next stretch of a list.
fn more(part: Part, f: &Frame, visit: &Visit, found: &Value, at: &str) -> Part {
    let Some(next) = some(found, "next") else {
        return part;
    };
    let kept = ["party", UNDELIVERED].into_iter();
    let kept = kept.filter_map(|name| Some((name, visit.query.get(name)?)));
    let pairs = kept.chain([("after", next.as_str())]);
    part.link(asking(at, pairs), f.say("more"))
}

/// The form that picks a party.
async fn filter(
    web: &Web,
    visit: &Visit,
    f: &Frame,
    at: &str,
) -> Result<Form, crate::frame::Fault> {
    let mut choices = vec![(String::new(), f.say("all-parties"))];
    choices.extend(party_choices(web, visit, |_| true).await?);
    let form = Form::new(at, f.say("filter")).looks().plain();
    let form = form.choice("party", f.say("party"), choices);
    Ok(picked(form, visit, "party"))
}

/// The form with what was picked last in its last field.
fn picked(mut form: Form, visit: &Visit, name: &str) -> Form {
    if let Some(field) = form.fields.last_mut() {
        field.value = visit.query.text(name);
    }
    form
}

fn named(f: &Frame, row: &Value) -> crate::html::Html {
    let place = format!("{}/{}", number(row, "epoch"), number(row, "seq"));
    let id: String = text(row, "envelope").chars().take(16).collect();
    let kind = plain(&f.word("envelope", text(row, "kind")));
    beside(
        &kind,
        &all([
            code(&id),
            muted(&format!("{} {place}", f.word("lane", text(row, "lane")))),
        ]),
    )
}

fn sent(f: &Frame, row: &Value) -> Vec<crate::html::Html> {
    let by = texts(row, "cosigned_by");
    let missing = number(row, "cosignatures_missing");
    let mut cosigned = if by.is_empty() {
        muted(&f.say("cosigned-by-none"))
    } else {
        plain(&f.say_of("cosigned-by", "who", &by.join(", ")))
    };
    if missing > 0 {
        cosigned = beside(
            &cosigned,
            &muted(&f.say_of("cosignatures-missing", "n", &missing.to_string())),
        );
    } else if flag(row, "settled") {
        cosigned = beside(&cosigned, &muted(&f.say("settled")));
    }
    let party = text(row, "party");
    vec![
        named(f, row),
        way(&path(&["parties", party]), party),
        f.state(text(row, "state")),
        plain(text(row, "reason")),
        plain(&number(row, "attempts").to_string()),
        cosigned,
        f.time(text(row, "changed")),
    ]
}

fn got(f: &Frame, row: &Value) -> Vec<crate::html::Html> {
    let party = text(row, "party");
    vec![
        named(f, row),
        way(&path(&["parties", party]), party),
        f.state(text(row, "state")),
        plain(text(row, "outcome")),
        f.time(text(row, "received")),
    ]
}
