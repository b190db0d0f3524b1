//! Points of contact and their checks.
//!
//! In scope: how each contact stands, opening a check, answering one, trying another way. Out of scope: profiles themselves.

use std::collections::BTreeSet;

use askama::Template;
use comity_node::operation::rights::Permission;
use comity_stix::marking::Tlp;
use serde_json::{Value, json};

use crate::acts::input::{Form, Option_, Sent, input};
use crate::acts::{Field, Kind, may, need, read};
use crate::facts::{self, Fact};
use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, page, to};
use crate::html::Html;
use crate::screens::thread::{Duty, duty};
use crate::screens::{refused, rows, some, text};
use crate::visit::{Visit, Web};

const ROLES: Kind = Kind::Choice(&["24x7", "technical", "case", "samples", "diplomatic"]);
const PING: &[Field] = &[
    need("party", Kind::Line),
    need("contact", ROLES),
    may("minutes", Kind::Number),
    may("hotline", Kind::Flag),
    may("unannounced", Kind::Flag),
];
const ANSWER: &[Field] = &[need("code", Kind::Line), may("note", Kind::Text)];
const ESCALATE: &[Field] = &[may("channel", Kind::Line), may("minutes", Kind::Number)];

/// A point of contact.
struct Contact {
    party: String,
    role: String,
    name: String,
    reached: String,
    hours: String,
    colour: Html,
    reason: String,
    verified: Option<Html>,
    ours: bool,
}

/// A check in a list.
struct Check {
    id: String,
    party: String,
    contact: String,
    state: Html,
    due: Html,
    answered: Option<Html>,
    label: String,
    ours: bool,
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct Contacts {
    frame: Frame,
    wrong: Option<(String, String)>,
    lines: Vec<Contact>,
    form: Option<Form>,
}

/// `GET /contacts`.
pub(crate) async fn list(web: Web, visit: Visit) -> Shown {
    contacts(&web, &visit, None).await
}

async fn contacts(web: &Web, visit: &Visit, sent: Option<(&Sent, (String, String))>) -> Shown {
    let frame = Frame::new(web, visit, visit.words.say("place-contacts"));
    let (sent, wrong) = sent.map_or((None, None), |(sent, wrong)| (Some(sent), Some(wrong)));
    let found = visit.ask(web, "list_contacts", Value::Null).await?;
    let contact = |one: &Value| Contact {
        party: text(one, "party").to_owned(),
        role: text(one, "contact").to_owned(),
        name: text(one, "name").to_owned(),
        reached: [text(one, "phone"), text(one, "email")]
            .into_iter()
            .filter(|way| !way.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        hours: format!("{} {}", text(one, "hours"), text(one, "time_zone")),
        colour: frame.state(text(one, "colour")),
        reason: frame.word("why", text(one, "reason")),
        verified: some(one, "verified").map(|at| frame.time(&at)),
        ours: one.get("ours") == Some(&json!(true)),
    };
    let form = visit.may(Permission::Work).then(|| {
        let mut form = form(&frame, ("ping", PING), sent);
        choose_party(&mut form, &found);
        form
    });
    let shown = Contacts {
        lines: rows(&found).iter().map(contact).collect(),
        form,
        wrong,
        frame,
    };
    page(visit, &shown)
}

fn form(frame: &Frame, (word, fields): (&'static str, &[Field]), sent: Option<&Sent>) -> Form {
    let sent = sent.filter(|sent| sent.event == word);
    let inputs = fields
        .iter()
        .map(|field| input(frame, (word, field), &Value::Null, sent));
    Form {
        event: word,
        name: frame.word("act", word),
        inputs: inputs.collect(),
        open: sent.is_some(),
    }
}

/// Lets the form name a party whose contacts are known.
fn choose_party(form: &mut Form, found: &Value) {
    let others = rows(found).iter().map(|one| text(one, "with"));
    let others: BTreeSet<&str> = others.filter(|name| !name.is_empty()).collect();
    for input in form.inputs.iter_mut().filter(|one| one.name == "party") {
        let option = |name: &&str| Option_ {
            value: (*name).to_owned(),
            label: (*name).to_owned(),
            chosen: input.value == *name || others.len() == 1,
        };
        input.options = others.iter().map(option).collect();
        input.way = "choice";
    }
}

/// `POST /contacts`: opens a check.
pub(crate) async fn ping(web: Web, visit: Visit, typed: Fields) -> Shown {
    let mut sent = Sent {
        event: "ping".to_owned(),
        typed,
        ..Sent::default()
    };
    let done = match read::read(PING, &sent.typed, (visit.words, &visit.zone)) {
        Ok(mut said) => {
            // That a desk answers is told to nobody besides the two parties.
            said.insert("label".to_owned(), json!(Tlp::Amber.to_string()));
            visit.ask(&web, "open_check", Value::Object(said)).await
        }
        Err(wrong) => {
            sent.wrong = wrong;
            Err(Fault::Form)
        }
    };
    let fault = match done {
        Ok(opened) => return to(&format!("/checks/{}", text(&opened, "id"))),
        Err(fault) => fault,
    };
    let (status, what, hint) = refused(&visit, fault)?;
    let shown = contacts(&web, &visit, Some((&sent, (what, hint)))).await;
    shown.map(|mut page| {
        *page.status_mut() = status;
        page
    })
}

#[derive(Template)]
#[template(path = "checks.html")]
struct Checks {
    frame: Frame,
    lines: Vec<Check>,
    next: Option<String>,
}

/// `GET /checks`.
pub(crate) async fn checks(web: Web, visit: Visit) -> Shown {
    let mut frame = Frame::new(&web, &visit, visit.words.say("checks"));
    frame.follows = Some("list_checks").filter(|_| visit.query.get("after").is_none());
    let asked = json!({ "cursor": visit.query.get("after"), "limit": 100 });
    let found = visit.ask(&web, "list_checks", asked).await?;
    for row in rows(&found) {
        frame.mark(text(row, "label"));
    }
    let line = |one: &Value| Check {
        id: text(one, "id").to_owned(),
        party: text(one, "party").to_owned(),
        contact: text(one, "contact").to_owned(),
        state: frame.state(text(one, "state")),
        due: frame.time(text(one, "due")),
        answered: some(one, "answered").map(|at| frame.time(&at)),
        label: text(one, "label").to_owned(),
        ours: one.get("ours") == Some(&json!(true)),
    };
    let shown = Checks {
        lines: rows(&found).iter().map(line).collect(),
        next: some(&found, "next").map(|next| format!("/checks?after={next}")),
        frame,
    };
    page(&visit, &shown)
}

#[derive(Template)]
#[template(path = "check.html")]
struct One {
    frame: Frame,
    id: String,
    state: Html,
    label: String,
    party: String,
    wrong: Option<(String, String)>,
    facts: Vec<Fact>,
    steps: Vec<(Html, Option<Html>, String, String)>,
    duty: Vec<Duty>,
    forms: Vec<Form>,
}

/// `GET /checks/{id}`.
pub(crate) async fn check(web: Web, visit: Visit) -> Shown {
    let document = load(&web, &visit).await?;
    shown(&web, &visit, &document, None).await
}

async fn load(web: &Web, visit: &Visit) -> Result<Value, Fault> {
    let id = visit.argument("id");
    visit.ask(web, "show_check", json!({ "id": id })).await
}

async fn shown(
    web: &Web,
    visit: &Visit,
    document: &Value,
    sent: Option<(&Sent, (String, String))>,
) -> Shown {
    let title = [text(document, "party"), text(document, "contact")].join(" · ");
    let mut frame = Frame::new(web, visit, title);
    frame.mark(text(document, "label"));
    let (sent, wrong) = sent.map_or((None, None), |(sent, wrong)| (Some(sent), Some(wrong)));
    let ours = document.get("ours") == Some(&json!(true));
    let open = document.get("answered").is_none_or(Value::is_null);
    let mut forms = Vec::new();
    if visit.may(Permission::Work) && open {
        let fields = if ours {
            ("answer", ANSWER)
        } else {
            ("escalate", ESCALATE)
        };
        forms.push(form(&frame, fields, sent));
    }
    let told = [
        "id", "party", "contact", "ours", "state", "label", "steps", "void", "disputed",
    ];
    let steps = document.get("steps").map_or(&[][..], rows).iter();
    let steps = steps.map(|step| {
        (
            frame.time(text(step, "sent")),
            some(step, "received").map(|at| frame.time(&at)),
            frame.word("event", text(step, "event")),
            text(step, "officer").to_owned(),
        )
    });
    let steps = steps.collect();
    let shown = One {
        id: text(document, "id").to_owned(),
        state: frame.state(text(document, "state")),
        label: text(document, "label").to_owned(),
        party: text(document, "party").to_owned(),
        wrong,
        facts: facts::of(&frame, document, &told),
        steps,
        duty: duty((web, visit), text(document, "party")).await?,
        forms,
        frame,
    };
    page(visit, &shown)
}

/// `POST /checks/{id}/{act}`: answers a check, or tries another way.
pub(crate) async fn act(web: Web, visit: Visit, typed: Fields) -> Shown {
    let document = load(&web, &visit).await?;
    let word = visit.argument("act").to_owned();
    let (operation, fields) = match word.as_str() {
        "answer" => ("answer_check", ANSWER),
        "escalate" => ("escalate_check", ESCALATE),
        _ => return Err(Fault::Missing),
    };
    let mut sent = Sent {
        event: word,
        typed,
        ..Sent::default()
    };
    let id = text(&document, "id");
    let done = match read::read(fields, &sent.typed, (visit.words, &visit.zone)) {
        Ok(mut said) => {
            said.insert("id".to_owned(), json!(id));
            if operation == "answer_check" {
                said.entry("note").or_insert_with(|| json!(""));
            }
            visit.ask(&web, operation, Value::Object(said)).await
        }
        Err(wrong) => {
            sent.wrong = wrong;
            Err(Fault::Form)
        }
    };
    let Err(fault) = done else {
        return to(&format!("/checks/{id}"));
    };
    let (status, what, hint) = refused(&visit, fault)?;
    let shown = shown(&web, &visit, &document, Some((&sent, (what, hint)))).await;
    shown.map(|mut page| {
        *page.status_mut() = status;
        page
    })
}
