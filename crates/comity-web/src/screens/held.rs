//! What waits for a second person before it is said: shown whole, with a yes and a no.
//!
//! In scope: the parts on the second person's page, deciding. Out of scope: releases that wait (`release`), doing what was asked (the
//! node).

use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, key, to};
use crate::screens::{rows, some, text};
use crate::sheet::{Form, Part, Table, broken, code, path, plain};
use crate::visit::{Visit, Web};

/// What this person sees of it; a page that shows it is marked with what it is about.
pub(crate) async fn found(
    web: &Web,
    visit: &Visit,
    frame: &mut Frame,
) -> Result<Vec<Value>, Fault> {
    if !visit.may(Permission::Work) {
        return Ok(Vec::new());
    }
    let found = visit
        .ask(web, "list_held_acts", json!({ "limit": 1000 }))
        .await?;
    let arguments = rows(&found).iter().filter_map(|row| row.get("arguments"));
    for label in arguments.filter_map(|arguments| some(arguments, "label")) {
        frame.mark(&label);
    }
    Ok(rows(&found).to_vec())
}

/// What waits, each a part; then one list of what became of the rest.
pub(crate) fn parts(visit: &Visit, f: &Frame, found: &[Value]) -> Vec<Part> {
    let (open, rest): (Vec<&Value>, Vec<&Value>) = found
        .iter()
        .partition(|row| matches!(text(row, "state"), "waiting" | "begun"));
    let mut parts: Vec<Part> = open.iter().map(|row| part(visit, f, row)).collect();
    if !rest.is_empty() {
        parts.push(became(f, &rest));
    }
    parts
}

fn part(visit: &Visit, f: &Frame, row: &Value) -> Part {
    let by = text(row, "asked_by");
    let mut part = Part::of(f.say("held-act"))
        .fact(f.say("what"), code(text(row, "operation")))
        .fact(f.say("standing"), f.state(text(row, "state")))
        .fact(f.say("asked-by"), plain(by))
        .fact(f.say("asked"), f.time(text(row, "asked")))
        .fact(f.say("held-until"), f.time(text(row, "until")))
        .wide(f.say("reason"), plain(text(row, "reason")));
    for (name, value) in row
        .get("arguments")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        match value {
            Value::Null => {}
            Value::String(text) => part = part.wide(name.clone(), broken(text)),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                part = part.wide(name.clone(), code(&value.to_string()));
            }
        }
    }
    if let Some(outcome) = some(row, "outcome") {
        part = part.wide(f.say("held-tried"), plain(&outcome));
    }
    let at = |word: &str| path(&["review", "acts", text(row, "id"), word]);
    let own = visit
        .person
        .as_ref()
        .is_some_and(|person| person.account == by);
    if text(row, "state") == "begun" {
        part = part.says(&f.say("held-begun"));
    } else if own {
        part = part.says(&f.say("review-not-yourself"));
    } else {
        part = part.form(Form::new(at("yes"), f.say("held-yes")));
    }
    let no = if own {
        key("held-take-back")
    } else {
        key("review-no")
    };
    let no = Form::new(at("no"), f.say(no)).danger();
    part.form(no.line("reason", f.say("reason")))
}

fn became(f: &Frame, rest: &[&Value]) -> Part {
    let heads = vec![
        f.say("what"),
        f.say("standing"),
        f.say("asked-by"),
        f.say("asked"),
        f.say("decided-by"),
        f.say("decided"),
    ];
    let line = |row: &&Value| {
        let decided = some(row, "decided").map_or_else(Default::default, |at| f.time(&at));
        vec![
            code(text(row, "operation")),
            f.state(text(row, "state")),
            plain(text(row, "asked_by")),
            f.time(text(row, "asked")),
            plain(text(row, "decided_by")),
            decided,
        ]
    };
    let rows = rest.iter().map(line).collect();
    Part::list(
        Some(f.say("held-decided")),
        Table { heads, rows },
        (String::new(), String::new()),
    )
}

/// `POST /review/acts/{id}/{word}`.
pub(crate) async fn decide(web: Web, visit: Visit, fields: Fields) -> Shown {
    let id = visit.argument("id");
    match visit.argument("word") {
        "yes" => {
            visit
                .ask(&web, "approve_held_act", json!({ "id": id }))
                .await?
        }
        "no" => {
            let asked = json!({ "id": id, "reason": fields.text("reason") });
            visit.ask(&web, "decline_held_act", asked).await?
        }
        _ => return Err(Fault::Missing),
    };
    to("/review")
}
