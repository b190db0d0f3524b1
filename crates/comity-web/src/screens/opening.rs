//! Opening a request, a case, an incident, a call or an exercise with a party.
//!
//! In scope: their forms, with what was typed kept where something is wrong. Out of scope: what follows (`thread`).

use askama::Template;
use comity_case::request::content::{Content, RequestType};
use comity_case::table::Word as _;
use comity_node::operation::rights::Permission;
use comity_stix::marking::Tlp;
use serde_json::{Map, Value, json};

use crate::acts::input::{Input, Option_, Sent, input};
use crate::acts::read::read;
use crate::acts::{CONTENT, Field, Kind, may, need};
use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, key, page, to};
use crate::screens::threads::place;
use crate::screens::{party_choices, refused, text};
use crate::visit::{Visit, Web};

const URGENCY: Field = need("urgency", Kind::Choice(&["routine", "urgent", "emergency"]));
/// By which rules an incident is reported, by their words.
const REGIMES: &[&str] = &["nis2", "dora", "gdpr", "cra", "cra-vulnerability", "other"];
const PRIORITY: Kind = Kind::Choice(&["low", "normal", "high", "top"]);

/// What can be opened.
struct Spec {
    subject: &'static str,
    path: &'static str,
    /// The key of its title.
    title: &'static str,
    fields: &'static [Field],
}

const REQUEST: Spec = Spec {
    subject: "request",
    path: "/requests/new",
    title: key("request-new"),
    fields: &[need("title", Kind::Line), URGENCY],
};
const CASE: Spec = Spec {
    subject: "case",
    path: "/cases/new",
    title: key("case-new"),
    fields: &[
        need("title", Kind::Line),
        need("summary", Kind::Text),
        may("number", Kind::Line),
        may("legal_basis", Kind::Line),
        may("priority", PRIORITY),
    ],
};
const CALL: Spec = Spec {
    subject: "call",
    path: "/calls/new",
    title: key("call-new"),
    fields: &[
        need("line", Kind::Line),
        URGENCY,
        need("channel", Kind::Line),
        may("contact", Kind::Line),
        may("related", Kind::Lines),
        may("test", Kind::Flag),
    ],
};
const INCIDENT: Spec = Spec {
    subject: "incident",
    path: "/incidents/new",
    title: key("incident-new"),
    fields: &[
        need("title", Kind::Line),
        need("regime", Kind::Choice(REGIMES)),
        need("aware", Kind::Time),
        may("classified_at", Kind::Time),
    ],
};
const EXERCISE: Spec = Spec {
    subject: "exercise",
    path: "/exercises/new",
    title: key("exercise-new"),
    fields: &[
        need("scenario", Kind::Text),
        need("starts", Kind::Time),
        need("ends", Kind::Time),
    ],
};

#[derive(Template)]
#[template(path = "opening.html")]
struct Page {
    frame: Frame,
    path: &'static str,
    wrong: Option<(String, String)>,
    exercise: Option<String>,
    /// The kinds of requests to choose from, where none is chosen yet.
    kinds: Vec<(String, String)>,
    /// What the way here filled in, to be carried on.
    carried: Vec<(&'static str, String)>,
    kind: Option<(String, String)>,
    inputs: Vec<Input>,
    needed: Vec<Input>,
    more: Vec<Input>,
    /// The other side may return it as incomplete.
    lacks: bool,
    parties: bool,
}

/// `GET /requests/new`.
pub(crate) async fn request(web: Web, visit: Visit) -> Shown {
    form(&web, &visit, &REQUEST, None).await
}

/// `GET /cases/new`.
pub(crate) async fn case(web: Web, visit: Visit) -> Shown {
    form(&web, &visit, &CASE, None).await
}

/// `GET /incidents/new`.
pub(crate) async fn incident(web: Web, visit: Visit) -> Shown {
    form(&web, &visit, &INCIDENT, None).await
}

/// `GET /calls/new`.
pub(crate) async fn call(web: Web, visit: Visit) -> Shown {
    form(&web, &visit, &CALL, None).await
}

/// `GET /exercises/new`.
pub(crate) async fn exercise(web: Web, visit: Visit) -> Shown {
    form(&web, &visit, &EXERCISE, None).await
}

/// `POST /requests/new`.
pub(crate) async fn send(web: Web, visit: Visit, typed: Fields) -> Shown {
    open(&web, &visit, &REQUEST, typed).await
}

/// `POST /cases/new`.
pub(crate) async fn begin(web: Web, visit: Visit, typed: Fields) -> Shown {
    open(&web, &visit, &CASE, typed).await
}

/// `POST /incidents/new`.
pub(crate) async fn report(web: Web, visit: Visit, typed: Fields) -> Shown {
    open(&web, &visit, &INCIDENT, typed).await
}

/// `POST /calls/new`.
pub(crate) async fn ring(web: Web, visit: Visit, typed: Fields) -> Shown {
    open(&web, &visit, &CALL, typed).await
}

/// `POST /exercises/new`.
pub(crate) async fn propose(web: Web, visit: Visit, typed: Fields) -> Shown {
    open(&web, &visit, &EXERCISE, typed).await
}

/// The type of a request that a form or an address names.
fn chosen(visit: &Visit, sent: Option<&Sent>) -> Option<RequestType> {
    let typed = sent.and_then(|sent| sent.typed.get("request_type"));
    let word = typed.or_else(|| visit.query.get("request_type"))?;
    RequestType::of(word)
}

/// The fields that a request of a type needs, besides those of every form.
fn of_type(of: RequestType, urgency: &str) -> Vec<&'static str> {
    let urgency = if urgency == "emergency" {
        urgency
    } else {
        "routine"
    };
    let bare = json!({ "request_type": of.word(), "urgency": urgency, "title": "" });
    let needed = Content::read(&bare).map(|content| content.missing());
    needed.unwrap_or_default()
}

async fn form(
    web: &Web,
    visit: &Visit,
    spec: &Spec,
    sent: Option<(&Sent, Option<(String, String)>)>,
) -> Shown {
    visit.needs(Permission::Work)?;
    let (sent, wrong) = sent.map_or((None, None), |(sent, wrong)| (Some(sent), wrong));
    // A way here may fill in what it is about.
    let filled = Sent {
        typed: visit.query.clone(),
        ..Sent::default()
    };
    let carried = ["party", "observables", "title"].into_iter();
    let carried = carried.filter_map(|name| Some((name, visit.query.get(name)?.to_owned())));
    let carried: Vec<(&'static str, String)> = carried.collect();
    let sent = sent.or((!carried.is_empty()).then_some(&filled));
    let mut frame = Frame::new(web, visit, visit.words.say(spec.title));
    let parties = party_choices(web, visit, |_| true).await?;
    let from = |name: &str| {
        let typed = sent.and_then(|sent| sent.typed.get(name));
        typed.or_else(|| visit.query.get(name)).map(str::to_owned)
    };
    let exercise = from("exercise");
    frame.exercise = exercise.is_some() || spec.subject == "exercise";
    let kind = chosen(visit, sent).filter(|_| spec.subject == "request");
    let needs_kind = spec.subject == "request" && kind.is_none();
    let mut shown = Page {
        path: spec.path,
        wrong,
        exercise,
        kinds: Vec::new(),
        carried,
        kind: kind.map(|kind| (kind.word().to_owned(), frame.word("choice", kind.word()))),
        inputs: heads(&frame, &parties, &from, sent),
        needed: Vec::new(),
        more: Vec::new(),
        lacks: sent.is_some_and(|sent| !sent.wrong.is_empty()),
        parties: !parties.is_empty(),
        frame,
    };
    let frame = &shown.frame;
    let make = |field: &Field| input(frame, (spec.subject, field), &Value::Null, sent);
    if needs_kind {
        let words = RequestType::WORDS.iter().map(|(_, word)| *word);
        shown.kinds = words
            .map(|word| (word.to_owned(), frame.word("choice", word)))
            .collect();
    }
    shown.inputs.extend(spec.fields.iter().map(make));
    if let Some(kind) = kind {
        let names = of_type(kind, &from("urgency").unwrap_or_default());
        let (needed, more): (Vec<&Field>, Vec<&Field>) = CONTENT
            .iter()
            .partition(|field| names.contains(&field.name));
        shown.needed = needed.into_iter().map(make).map(asked).collect();
        shown.more = more.into_iter().map(make).map(left_open).collect();
    }
    page(visit, &shown)
}

/// A field that the type needs, though a request can go without it.
fn asked(input: Input) -> Input {
    Input {
        needed: true,
        strict: false,
        ..input
    }
}

fn left_open(input: Input) -> Input {
    Input {
        needed: false,
        strict: false,
        ..input
    }
}

/// With whom, under which label, and for whom alone.
fn heads(
    frame: &Frame,
    parties: &[(String, String)],
    from: &dyn Fn(&str) -> Option<String>,
    sent: Option<&Sent>,
) -> Vec<Input> {
    let named = parties.iter().map(|(name, _)| name.clone());
    let choice = |name: &'static str, all: Vec<String>| {
        let field = need(name, Kind::Choice(&[]));
        let mut made = input(frame, ("new", &field), &Value::Null, sent);
        let from = from(name);
        let option = |value: String| Option_ {
            chosen: from.as_ref() == Some(&value),
            label: value.clone(),
            value,
        };
        made.options = all.into_iter().map(option).collect();
        made
    };
    let person = may("person", Kind::Line);
    let mut person = input(frame, ("new", &person), &Value::Null, sent);
    person.hint = Some(frame.say("form-person-hint"));
    vec![
        choice("party", named.collect()),
        choice("label", Tlp::ALL.map(|label| label.to_string()).to_vec()),
        person,
    ]
}

async fn open(web: &Web, visit: &Visit, spec: &Spec, typed: Fields) -> Shown {
    let head = [
        need("party", Kind::Line),
        need("label", Kind::Line),
        may("person", Kind::Line),
        may("exercise", Kind::Line),
    ];
    let mut fields = [&head[..], spec.fields].concat();
    let mut sent = Sent {
        typed,
        ..Sent::default()
    };
    let kind = chosen(visit, Some(&sent)).filter(|_| spec.subject == "request");
    if spec.subject == "request" {
        let Some(kind) = kind else {
            return form(web, visit, spec, None).await;
        };
        let complete = !sent.typed.is_on("incomplete");
        let names = of_type(kind, &sent.typed.text("urgency"));
        let content = CONTENT.iter().map(|field| Field {
            needed: complete && names.contains(&field.name),
            ..*field
        });
        fields.extend(content);
    }
    let done = match read(&fields, &sent.typed, (visit.words, &visit.zone)) {
        Ok(said) => {
            let (operation, arguments) = arguments(spec, kind, said);
            visit.ask(web, operation, arguments).await
        }
        Err(wrong) => {
            sent.wrong = wrong;
            Err(Fault::Form)
        }
    };
    let fault = match done {
        Ok(opened) => return to(&place(spec.subject, text(&opened, "id"))),
        Err(fault) => fault,
    };
    let (status, what, hint) = refused(visit, fault)?;
    let shown = form(web, visit, spec, Some((&sent, Some((what, hint))))).await;
    shown.map(|mut page| {
        *page.status_mut() = status;
        page
    })
}

/// The operation that opens it, and what it takes.
fn arguments(
    spec: &Spec,
    kind: Option<RequestType>,
    mut said: Map<String, Value>,
) -> (&'static str, Value) {
    let operation = match spec.subject {
        "call" => "ring",
        "exercise" => "propose_exercise",
        _ => "open_thread",
    };
    if operation != "open_thread" {
        if spec.subject == "exercise" {
            said.remove("exercise");
        }
        return (operation, Value::Object(said));
    }
    let mut arguments = Map::new();
    for name in ["party", "label", "person", "exercise"] {
        if let Some(value) = said.remove(name) {
            arguments.insert(name.to_owned(), value);
        }
    }
    let event = match spec.subject {
        "request" => "send",
        "incident" => "aware",
        _ => "open",
    };
    if let Some(at) = said.remove("aware") {
        said.insert("at".to_owned(), at);
    }
    if let Some(kind) = kind {
        said.insert("request_type".to_owned(), json!(kind.word()));
    }
    arguments.insert("subject".to_owned(), json!(spec.subject));
    arguments.insert("event".to_owned(), json!(event));
    arguments.insert("content".to_owned(), Value::Object(said));
    (operation, Value::Object(arguments))
}
