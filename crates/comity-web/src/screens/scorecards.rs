//! Scorecards: what a period came to between this party and another, by this side's count and by the other's.
//!
//! In scope: the numbers, what each counts, what each side said, the forms that say it. Out of scope: the formulas (`comity-accord`).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, to};
use crate::screens::{number, rows, some, text};
use crate::sheet::{Form, Part, Sheet, Table, beside, code, muted, path, plain, way};
use crate::visit::{Visit, Web};

/// `GET /parties/{name}/scorecards/{period}`: what the period came to, by this side's count and by the other's.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    let (name, period) = (
        visit.argument("name").to_owned(),
        visit.argument("period").to_owned(),
    );
    let words = visit.words;
    let asked = json!({ "party": name, "period": period, "as_of": null });
    let card = visit.ask(&web, "show_scorecard", asked).await?;
    let values = [("party", name.as_str()), ("period", period.as_str())];
    let mut sheet = Sheet::new(Frame::new(
        &web,
        &visit,
        words.say_with("scorecard-title", &values),
    ));
    let f = &sheet.frame;
    let results = card.pointer("/card/results").map_or(&[][..], rows);
    let mut parts = vec![mirror(f, &web, &card, &name)];
    parts.push(Part::list(
        None,
        results_table(f, results),
        (f.say("scorecard-none"), f.say("scorecard-none-hint")),
    ));
    for result in results {
        let counted = result.get("rows").map_or(&[][..], rows);
        if !counted.is_empty() {
            parts.push(Part::list(
                Some(format!(
                    "{} · {} → {}",
                    text(result, "commitment"),
                    text(result, "by"),
                    text(result, "to")
                )),
                counted_table(f, counted),
                (String::new(), String::new()),
            ));
        }
    }
    if visit.may(Permission::Release) {
        let at = path(&["parties", &name, "scorecards", &period]);
        let sign = Form::new(format!("{at}/sign"), f.say("scorecard-sign"))
            .hint(f.say("scorecard-sign-hint"));
        let show = Form::new(format!("{at}/rows"), f.say("scorecard-rows"))
            .hint(f.say("scorecard-rows-hint"))
            .plain();
        parts.push(Part::default().form(sign).form(show));
    }
    sheet.parts = parts;
    sheet.shown(&visit)
}

/// What each commitment came to.
pub(crate) fn results_table(f: &Frame, results: &[Value]) -> Table {
    Table {
        heads: vec![
            f.say("commitment"),
            f.say("promised-by"),
            f.say("promised-to"),
            f.say("kept"),
            f.say("missed"),
            f.say("disputed"),
            f.say("promised"),
            f.say("basis"),
            f.say("outcome"),
        ],
        rows: results
            .iter()
            .map(|one| {
                let sum = |name: &str| plain(&number(one, name).to_string());
                vec![
                    plain(text(one, "commitment")),
                    plain(text(one, "by")),
                    plain(text(one, "to")),
                    sum("kept"),
                    sum("missed"),
                    sum("disputed"),
                    plain(&format!("{} %", number(one, "required_percent"))),
                    plain(text(one, "basis")),
                    f.state(text(one, "outcome")),
                ]
            })
            .collect(),
    }
}

/// The rows that a result counts, each leading to what it is about.
fn counted_table(f: &Frame, counted: &[Value]) -> Table {
    let at = |row: &Value, name: &str| {
        let seconds = row.get(name).and_then(Value::as_i64);
        let at = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        at.map_or_else(
            || muted("–"),
            |at| f.time(&at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        )
    };
    Table {
        heads: vec![
            f.say("subject"),
            f.say("outcome"),
            f.say("due"),
            f.say("done"),
        ],
        rows: counted
            .iter()
            .map(|row| {
                let subject = text(row, "subject");
                vec![
                    way(&path(&["threads", subject]), subject),
                    f.state(text(row, "verdict")),
                    at(row, "due"),
                    at(row, "done"),
                ]
            })
            .collect(),
    }
}

/// What each side says of the period, and whether it is the same.
fn mirror(f: &Frame, web: &Web, card: &Value, name: &str) -> Part {
    let own = web.node.identity().party.clone();
    let said = |party: &str| {
        let hash = card
            .get("said")
            .and_then(|said| said.get(party))
            .map(|one| text(one, "hash").to_owned());
        hash.filter(|hash| !hash.is_empty())
            .map_or_else(|| muted(&f.say("mirror-nothing")), |hash| code(&hash))
    };
    let verdict = match (text(card, "review"), some(card, "difference")) {
        ("agreed", _) => beside(&f.state("ok"), &plain(&f.say("mirror-equal"))),
        ("differing", Some(difference)) => beside(
            &f.state("disputed"),
            &plain(&f.say_of("mirror-differs", "where", &difference)),
        ),
        ("differing", None) => beside(
            &f.state("disputed"),
            &plain(&f.say("mirror-differs-somewhere")),
        ),
        _ => plain(&f.say("mirror-open")),
    };
    Part::of(f.say("mirror"))
        .says(&f.say("mirror-hint"))
        .wide(f.say("mirror-verdict"), verdict)
        .wide(f.say("mirror-computed"), code(text(card, "hash")))
        .wide(f.say_of("mirror-said", "party", &own), said(&own))
        .wide(f.say_of("mirror-said", "party", name), said(name))
        .fact(
            f.say("messages-counted"),
            plain(&number(card, "messages").to_string()),
        )
        .fact(f.say("as-of"), f.time(text(card, "as_of")))
        .fact(
            f.say("accord"),
            way(
                &path(&["accords", text(card, "accord")]),
                text(card, "accord"),
            ),
        )
}

/// `POST /parties/{name}/scorecards/{period}/{act}`.
pub(crate) async fn step(web: Web, visit: Visit, _fields: Fields) -> Shown {
    let (name, period) = (visit.argument("name"), visit.argument("period"));
    let operation = match visit.argument("act") {
        "sign" => "sign_scorecard",
        "rows" => "show_scorecard_rows",
        _ => return Err(Fault::Missing),
    };
    visit
        .ask(&web, operation, json!({ "party": name, "period": period }))
        .await?;
    to(&path(&["parties", name, "scorecards", period]))
}
