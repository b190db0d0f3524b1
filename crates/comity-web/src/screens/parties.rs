//! Parties: who they are, how the exchange with each stands, and what each side promised the other.
//!
//! In scope: the list, one party, taking its card, comparing fingerprints, suspending and ending. Out of scope: accords (`accords`),
//! addresses (`addresses`), what a period came to (`scorecards`).

use comity_node::operation::rights::Permission;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::screens::{flag, number, rows, some, text, texts};
use crate::sheet::{
    Field, Form, Part, Sheet, Table, all, asking, beside, code, muted, path, plain, way,
};
use crate::visit::{Visit, Web};

/// `GET /parties`.
pub(crate) async fn list(web: Web, visit: Visit) -> Shown {
    let words = visit.words;
    let found = visit
        .ask(&web, "list_parties", json!({ "limit": 1000 }))
        .await?;
    let card = visit.ask(&web, "show_card", Value::Null).await?;
    let mut frame = Frame::new(&web, &visit, words.say("place-parties"));
    frame.follows = Some("list_parties");
    let mut sheet = Sheet::new(frame);
    let f = &sheet.frame;
    let table = Table {
        heads: vec![
            f.say("party"),
            f.say("standing"),
            f.say("waiting-for-them"),
            f.say("heard-last"),
        ],
        rows: rows(&found)
            .iter()
            .map(|row| {
                let name = text(row, "name");
                let heard = row
                    .get("link_standing")
                    .and_then(|link| some(link, "heard"));
                vec![
                    way(&path(&["parties", name]), name),
                    f.state(text(row, "state")),
                    plain(&number(row, "waiting").to_string()),
                    heard.map_or_else(|| muted(&f.say("never")), |at| f.time(&at)),
                ]
            })
            .collect(),
    };
    let mut parts = vec![Part::list(
        None,
        table,
        (f.say("parties-none"), f.say("parties-none-hint")),
    )];
    if visit.may(Permission::Agree) {
        let form = Form::new("/parties", f.say("card-take")).text("card", f.say("card-theirs"));
        parts.push(
            Part::of(f.say("card-take-title"))
                .says(&f.say("card-take-hint"))
                .form(form),
        );
    }
    let mut own = Part::of(f.say("card-own"));
    if text(&card, "card").is_empty() {
        own.empty = Some((f.say("card-none"), f.say("card-none-hint")));
    } else {
        own = own
            .says(&f.say("card-own-hint"))
            .fact(
                f.say("card-serial"),
                plain(&number(&card, "serial").to_string()),
            )
            .wide(f.say("root-key"), code(text(&card, "root")))
            .raw(f.say("card-copy"), text(&card, "card"));
    }
    parts.push(own);
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// `POST /parties`.
pub(crate) async fn accept(web: Web, visit: Visit, fields: Fields) -> Shown {
    // A browser sends line ends as CR and LF; the note that was signed has LF alone.
    let card = fields.raw("card").unwrap_or_default().replace("\r\n", "\n");
    let card = format!("{}\n", card.trim());
    let party = visit
        .ask(&web, "accept_card", json!({ "card": card }))
        .await?;
    to(&path(&["parties", text(&party, "name")]))
}

/// The party of a page's path.
async fn party(web: &Web, visit: &Visit) -> Result<Value, Fault> {
    let found = visit
        .ask(web, "list_parties", json!({ "limit": 1000 }))
        .await?;
    let name = visit.argument("name");
    let one = rows(&found).iter().find(|row| text(row, "name") == name);
    one.cloned().ok_or(Fault::Missing)
}

/// `GET /parties/{name}`.
pub(crate) async fn one(web: Web, visit: Visit) -> Shown {
    let party = party(&web, &visit).await?;
    let name = text(&party, "name").to_owned();
    let mut frame = Frame::new(&web, &visit, name.clone());
    frame.follows = Some("list_parties");
    let mut sheet = Sheet::new(frame);
    sheet.chips.push(sheet.frame.state(text(&party, "state")));
    if let Some(log) = some(&party, "forked") {
        let lines = vec![
            sheet.frame.say("party-forked"),
            sheet.frame.say_of("party-forked-hint", "log", &log),
        ];
        sheet.notice("fail", lines);
    }
    let mut below = Vec::new();
    below.extend(comparison(&visit, &sheet.frame, &party));
    below.push(channel(&sheet.frame, &party));
    below.push(standing_forms(&visit, &sheet.frame, &party));
    below.push(with_it(&web, &visit, &sheet.frame, &name).await);
    below.push(promises(&web, &visit, &sheet.frame, &name).await);
    below.push(addresses(&web, &visit, &sheet.frame, &name).await?);
    below.push(recalls(&web, &visit, &sheet.frame, &name).await?);
    sheet.parts = below;
    sheet.shown(&visit)
}

/// The digits to be read to each other, while they have not been.
fn comparison(visit: &Visit, f: &Frame, party: &Value) -> Option<Part> {
    if text(party, "state") != "pending" && text(party, "state") != "pending, keys proved" {
        return None;
    }
    let turn = if flag(party, "begins") {
        f.say("read-first")
    } else {
        f.say("read-second")
    };
    let part = Part::of(f.say("compare"))
        .says(&f.say("compare-hint"))
        .wide(turn, code(text(party, "read_aloud")));
    if !visit.may(Permission::Agree) {
        return Some(part);
    }
    let name = text(party, "name");
    let heard = Field::line("typed", f.say("digits-heard")).hint(f.say("digits-heard-hint"));
    let form = Form::new(
        path(&["parties", name, "verification"]),
        f.say("compare-check"),
    )
    .field(heard);
    Some(part.form(form))
}

/// How the node link to it stands.
fn channel(f: &Frame, party: &Value) -> Part {
    let nothing = Value::Null;
    let link = party.get("link_standing").unwrap_or(&nothing);
    let heard = some(link, "heard").map_or_else(|| muted(&f.say("never")), |at| f.time(&at));
    let ahead = link.get("clock_ahead_seconds").and_then(Value::as_i64);
    let clock = ahead.map_or_else(
        || muted(&f.say("never")),
        |seconds| plain(&f.say_of("clock-ahead", "seconds", &seconds.to_string())),
    );
    let quorums = link.get("cosignatures").map_or(&[][..], rows);
    let quorum = |one: &Value| {
        let (needed, of) = (
            number(one, "needed").to_string(),
            texts(one, "of").join(", "),
        );
        plain(&f.say_with("cosigned-needed", &[("needed", &needed), ("of", &of)]))
    };
    let cosigned = if quorums.is_empty() {
        muted(&f.say("cosigned-none"))
    } else {
        all(quorums.iter().map(quorum))
    };
    let waiting = plain(&number(party, "waiting").to_string());
    let waiting = some(party, "oldest_waiting").map_or_else(
        || waiting.clone(),
        |at| {
            beside(
                &waiting,
                &all([muted(&f.say("waiting-since")), f.time(&at)]),
            )
        },
    );
    let mut part = Part::of(f.say("channels"))
        .fact(f.say("heard-last"), heard)
        .fact(f.say("clock"), clock)
        .fact(f.say("waiting-for-them"), waiting)
        .fact(
            f.say("unsettled"),
            plain(&number(link, "unsettled").to_string()),
        )
        .fact(f.say("last-change"), f.time(text(party, "since")))
        .fact(
            f.say("card-serial"),
            plain(&number(party, "serial").to_string()),
        )
        .wide(f.say("cosignatures"), cosigned)
        .wide(f.say("link-address"), code(text(party, "link")))
        .wide(f.say("log-origin"), code(text(party, "origin")))
        .wide(f.say("root-key"), code(text(party, "root")));
    let revoked = texts(party, "revoked");
    if !revoked.is_empty() {
        part = part.wide(
            f.say("keys-revoked"),
            all(revoked.iter().map(|one| plain(one))),
        );
    }
    let name = text(party, "name");
    let of = |list: &str| asking(list, [("party", name)]);
    part.link(of("/outbox"), f.say("place-outbox"))
        .link(of("/inbox"), f.say("place-inbox"))
        .link(path(&["parties", name, "released"]), f.say("released-to"))
}

/// Suspending, resuming and ending, for whoever may.
fn standing_forms(visit: &Visit, f: &Frame, party: &Value) -> Part {
    let (name, state) = (text(party, "name"), text(party, "state"));
    let at = |act: &str| path(&["parties", name, act]);
    if !visit.may(Permission::Agree) || state == "revoked" {
        return Part::default();
    }
    let mut part = Part::of(f.say("standing"));
    if state == "verified" || state == "suspended by them" {
        part = part.form(
            Form::new(at("suspend"), f.say("suspend"))
                .hint(f.say("suspend-hint"))
                .plain(),
        );
    }
    if matches!(state, "suspended by us" | "suspended by both") {
        part = part.form(Form::new(at("resume"), f.say("resume")).hint(f.say("resume-hint")));
    }
    part.link(at("revoke"), f.say("revoke-party"))
}

/// The accords with it.
async fn with_it(web: &Web, visit: &Visit, f: &Frame, name: &str) -> Part {
    let found = visit
        .ask_if(web, "list_accords", Value::Null)
        .await
        .unwrap_or(Value::Null);
    let own = web.node.identity().party.clone();
    let is_with = |row: &&Value| {
        let mut all = texts(row, "signed");
        all.extend(texts(row, "missing"));
        all.iter().any(|one| one == name) && all.contains(&own)
    };
    let table = Table {
        heads: vec![f.say("accord"), f.say("version"), f.say("standing")],
        rows: rows(&found)
            .iter()
            .filter(is_with)
            .map(|row| {
                let accord = text(row, "name");
                vec![
                    way(&path(&["accords", accord]), accord),
                    plain(&number(row, "version").to_string()),
                    f.state(text(row, "standing")),
                ]
            })
            .collect(),
    };
    Part::list(
        Some(f.say("place-accords")),
        table,
        (f.say("accords-none"), f.say("accords-none-hint")),
    )
}

/// The quarter that it is now, as a period is written.
fn this_quarter(web: &Web) -> String {
    let now = jiff::Timestamp::from_microsecond(web.node.clock().now()).unwrap_or_default();
    let now = now.to_zoned(TimeZone::UTC);
    format!("{}-Q{}", now.year(), (now.month() - 1) / 3 + 1)
}

/// What each promised the other, and how it stands.
async fn promises(web: &Web, visit: &Visit, f: &Frame, name: &str) -> Part {
    let found = visit
        .ask_if(
            web,
            "list_commitments",
            json!({ "party": name, "period": null }),
        )
        .await;
    // Without an accord nothing was promised.
    let found = found.unwrap_or(Value::Null);
    let table = Table {
        heads: vec![
            f.say("commitment"),
            f.say("promised-by"),
            f.say("kept"),
            f.say("missed"),
            f.say("disputed"),
            f.say("promised"),
            f.say("standing"),
        ],
        rows: rows(&found)
            .iter()
            .map(|row| {
                let period = text(row, "period");
                let counted = format!(
                    "{}/{}",
                    path(&["parties", name, "scorecards"]),
                    path(&[period]).trim_start_matches('/')
                );
                let sum = |which: &str| way(&counted, &number(row, which).to_string());
                vec![
                    plain(text(row, "commitment")),
                    plain(text(row, "by")),
                    sum("kept"),
                    sum("missed"),
                    sum("disputed"),
                    plain(&format!("{} %", number(row, "target_percent"))),
                    f.state(text(row, "stands")),
                ]
            })
            .collect(),
    };
    let empty = (f.say("commitments-none"), f.say("commitments-none-hint"));
    let part = Part::list(Some(f.say("commitments")), table, empty);
    part.link(
        path(&["parties", name, "scorecards", &this_quarter(web)]),
        f.say("scorecard"),
    )
}

/// The addresses that the two gave each other.
async fn addresses(web: &Web, visit: &Visit, f: &Frame, name: &str) -> Result<Part, Fault> {
    let asked = json!({ "party": name, "ours": null, "limit": 100 });
    let found = visit.ask(web, "list_addresses", asked).await?;
    Ok(Part::list(
        Some(f.say("place-addresses")),
        super::addresses::table(f, rows(&found)),
        (f.say("addresses-none"), f.say("addresses-none-hint")),
    ))
}

/// Recalls both ways.
async fn recalls(web: &Web, visit: &Visit, f: &Frame, name: &str) -> Result<Part, Fault> {
    let mut lines = Vec::new();
    for (operation, ours) in [("list_recalls", true), ("list_recalls_received", false)] {
        let found = visit.ask(web, operation, json!({ "limit": 1000 })).await?;
        let of = rows(&found).iter().filter(|row| text(row, "party") == name);
        lines.extend(of.map(|row| super::recalls::line(f, row, ours)));
    }
    let table = Table {
        heads: super::recalls::heads(f),
        rows: lines,
    };
    Ok(Part::list(
        Some(f.say("place-recalls")),
        table,
        (f.say("recalls-none"), f.say("recalls-none-hint")),
    ))
}

/// `POST /parties/{name}/verification`.
pub(crate) async fn verify(web: Web, visit: Visit, fields: Fields) -> Shown {
    let name = visit.argument("name");
    visit
        .ask(
            &web,
            "verify_party",
            json!({ "party": name, "typed": fields.text("typed") }),
        )
        .await?;
    to(&path(&["parties", name]))
}

/// `POST /parties/{name}/suspend`.
pub(crate) async fn suspend(web: Web, visit: Visit, _fields: Fields) -> Shown {
    moved(&web, &visit, "suspend_party").await
}

/// `POST /parties/{name}/resume`.
pub(crate) async fn resume(web: Web, visit: Visit, _fields: Fields) -> Shown {
    moved(&web, &visit, "resume_party").await
}

/// `POST /parties/{name}/revoke`.
pub(crate) async fn revoke_for_good(web: Web, visit: Visit, _fields: Fields) -> Shown {
    moved(&web, &visit, "revoke_party").await
}

async fn moved(web: &Web, visit: &Visit, operation: &'static str) -> Shown {
    let name = visit.argument("name");
    visit.ask(web, operation, json!({ "party": name })).await?;
    to(&path(&["parties", name]))
}

/// `GET /parties/{name}/revoke`: what ending it for good means.
pub(crate) async fn revoke(web: Web, visit: Visit) -> Shown {
    let party = party(&web, &visit).await?;
    let name = text(&party, "name").to_owned();
    let words = visit.words;
    let mut sheet = Sheet::new(Frame::new(
        &web,
        &visit,
        words.say_of("revoke-title", "party", name.as_str()),
    ));
    if !visit.may(Permission::Agree) {
        return Err(Fault::Missing);
    }
    let waiting = number(&party, "waiting").to_string();
    sheet.notice(
        "warn",
        vec![
            words.say("revoke-what"),
            words.say_of("revoke-waiting", "n", waiting.as_str()),
        ],
    );
    let form = Form::new(path(&["parties", &name, "revoke"]), words.say("revoke-do")).danger();
    sheet.parts.push(
        Part::default()
            .form(form)
            .link(path(&["parties", &name]), words.say("back")),
    );
    sheet.shown(&visit)
}

/// `GET /parties/{name}/released`: what stands in its released views.
pub(crate) async fn released(web: Web, visit: Visit) -> Shown {
    let name = visit.argument("name").to_owned();
    let words = visit.words;
    let asked = json!({ "party": name, "after": after(&visit) });
    let found = visit.ask(&web, "list_released", asked).await?;
    let title = words.say_of("released-title", "party", name.as_str());
    let mut sheet = Sheet::new(Frame::new(&web, &visit, title));
    let objects = found.get("objects").map_or(&[][..], rows);
    let mut lines = Vec::new();
    if let Some(label) = some(&found, "label") {
        sheet.frame.mark(&label);
    }
    for one in objects.iter().filter_map(Value::as_str) {
        let object = serde_json::from_str::<Value>(one).unwrap_or(Value::Null);
        let line = super::objects::line(&json!({ "object": object }));
        sheet.frame.mark(&line.label);
        lines.push(vec![
            plain(&line.name),
            code(&line.id),
            plain(&line.kind),
            sheet.frame.label(&line.label),
        ]);
    }
    let f = &sheet.frame;
    let heads = vec![
        f.say("object"),
        f.say("identifier"),
        f.say("kind"),
        f.say("marking"),
    ];
    let empty = (f.say("released-none"), f.say("released-none-hint"));
    let count = f.count("released-count", objects.len());
    let mut part = Part::list(None, Table { heads, rows: lines }, empty).says(&count);
    if let Some([view, place]) = found
        .get("next")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
    {
        part = part.link(
            format!(
                "{}?view={view}&place={place}",
                path(&["parties", &name, "released"])
            ),
            f.say("more"),
        );
    }
    sheet.parts.push(part);
    sheet.shown(&visit)
}

/// Where a stretch of what was released goes on.
fn after(visit: &Visit) -> Value {
    let read = |name: &str| {
        visit
            .query
            .get(name)
            .and_then(|text| text.parse::<u64>().ok())
    };
    match (read("view"), read("place")) {
        (Some(view), Some(place)) => json!([view, place]),
        _ => Value::Null,
    }
}
