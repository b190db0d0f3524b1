//! Items of evidence: which there are, and the custody of one.
//!
//! In scope: the list, an item with its chain, what may be done with it. Out of scope: taking bytes in and out (`files`).

use askama::Template;
use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::acts::input::{Form, Sent, form, input};
use crate::acts::{self, Field, Kind, may, need, read};
use crate::facts::{self, Fact};
use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, page, to};
use crate::html::Html;
use crate::screens::{flag, number, refused, rows, some, text};
use crate::visit::{Visit, Web};

/// An item in a list.
struct Line {
    id: String,
    source: String,
    kind: String,
    size: u64,
    custody: Html,
    holder: String,
    party: String,
    gaps: usize,
    label: String,
    added: Html,
}

#[derive(Template)]
#[template(path = "evidence.html")]
struct List {
    frame: Frame,
    lines: Vec<Line>,
    next: Option<String>,
    /// The person may take files in.
    takes: bool,
}

/// `GET /evidence`.
pub(crate) async fn list(web: Web, visit: Visit) -> Shown {
    let mut frame = Frame::new(&web, &visit, visit.words.say("place-evidence"));
    frame.follows = Some("list_evidence").filter(|_| visit.query.get("after").is_none());
    let asked = json!({ "cursor": visit.query.get("after"), "limit": 100 });
    let found = visit.ask(&web, "list_evidence", asked).await?;
    for row in rows(&found) {
        frame.mark(text(row, "label"));
    }
    let line = |row: &Value| Line {
        id: text(row, "id").to_owned(),
        source: text(row, "source").to_owned(),
        kind: text(row, "media_type").to_owned(),
        size: number(row, "size"),
        custody: frame.state(text(row, "custody")),
        holder: text(row, "holder").to_owned(),
        party: text(row, "party").to_owned(),
        gaps: row.get("gaps").map_or(0, |gaps| rows(gaps).len()),
        label: text(row, "label").to_owned(),
        added: frame.time(text(row, "added")),
    };
    let lines = rows(&found).iter().map(line).collect();
    let next = some(&found, "next").map(|next| format!("/evidence?after={next}"));
    let takes = visit.may(Permission::Work);
    page(
        &visit,
        &List {
            frame,
            lines,
            next,
            takes,
        },
    )
}

/// A link of the chain.
struct Step {
    at: Html,
    received: Option<Html>,
    event: String,
    by: String,
    place: String,
    house: bool,
    facts: Vec<Fact>,
}

#[derive(Template)]
#[template(path = "evidence_item.html")]
struct One {
    frame: Frame,
    id: String,
    label: String,
    custody: Html,
    wrong: Option<(String, String)>,
    gaps: Vec<String>,
    facts: Vec<Fact>,
    crossing: Vec<Fact>,
    steps: Vec<Step>,
    forms: Vec<Form>,
    thread: Option<String>,
    /// The person may get a copy: its bytes are here.
    gives: bool,
}

/// `GET /evidence/{item}`.
pub(crate) async fn one(web: Web, visit: Visit) -> Shown {
    let document = load(&web, &visit).await?;
    shown(&web, &visit, &document, None)
}

async fn load(web: &Web, visit: &Visit) -> Result<Value, Fault> {
    let item = visit.argument("item");
    visit
        .ask(web, "show_evidence", json!({ "item": item }))
        .await
}

fn shown(
    web: &Web,
    visit: &Visit,
    document: &Value,
    sent: Option<(&Sent, (String, String))>,
) -> Shown {
    let mut frame = Frame::new(web, visit, text(document, "source").to_owned());
    frame.mark(text(document, "label"));
    let (sent, wrong) = sent.map_or((None, None), |(sent, wrong)| (Some(sent), Some(wrong)));
    let gaps = document.get("gaps").map_or(&[][..], rows).iter();
    let told = json!({
        "holder": document.get("holder"), "party": document.get("party"), "holds": document.get("holds"),
        "origin": document.get("origin"), "due": document.get("due"),
    });
    let item = document.get("item").unwrap_or(&Value::Null);
    let mut facts = facts::of(&frame, &told, &[]);
    facts.extend(facts::of(&frame, item, &["label"]));
    let events = document.get("events").map_or(&[][..], rows).iter();
    let step = |one: &Value| Step {
        at: frame.time(text(one, "at")),
        received: some(one, "received").map(|at| frame.time(&at)),
        event: frame.word("event", text(one, "event")),
        by: format!("{} {}", text(one, "party"), text(one, "officer")),
        place: text(one, "place").to_owned(),
        house: text(one, "where") == "house",
        facts: facts::of(
            &frame,
            one.get("content").unwrap_or(&Value::Null),
            &["before"],
        ),
    };
    let crossing = document.get("crossing").unwrap_or(&Value::Null);
    let shown = One {
        id: text(document, "id").to_owned(),
        label: text(document, "label").to_owned(),
        custody: frame.state(text(document, "custody")),
        wrong,
        gaps: gaps.filter_map(Value::as_str).map(str::to_owned).collect(),
        facts,
        crossing: facts::of(&frame, crossing, &[]),
        steps: events.map(step).collect(),
        forms: forms(&frame, visit, document, sent),
        thread: some(document, "thread"),
        gives: visit.may(Permission::Work) && flag(document, "here"),
        frame,
    };
    page(visit, &shown)
}

/// The acts that are operations of their own: their words here, the words by which a shared thread allows them, and their fields.
const HANDING: &[(&str, &[&str], Permission, &[Field])] = &[
    ("verify", &["verified"], Permission::Work, &[]),
    (
        "offer",
        &["transfer-offer", "returned"],
        Permission::Release,
        &[may("party", Kind::Line), may("note", Kind::Text)],
    ),
    ("take", &["transfer-accept"], Permission::Work, &[]),
    (
        "refuse",
        &["transfer-decline"],
        Permission::Work,
        &[need("reason", Kind::Text)],
    ),
];

/// What an item allows: what both parties may say of it; what the house records where no other party knows it.
fn allowed(document: &Value) -> String {
    some(document, "possible")
        .unwrap_or_else(|| format!("{}, verified, transfer-offer", acts::HOUSE))
}

fn forms(frame: &Frame, visit: &Visit, document: &Value, sent: Option<&Sent>) -> Vec<Form> {
    let Some(person) = visit.person.as_ref() else {
        return Vec::new();
    };
    if !visit.may(Permission::Work) {
        return Vec::new();
    }
    let told = allowed(document);
    let named: Vec<&str> = told.split(", ").collect();
    let of_chain = HANDING.iter().filter(|(_, words, needs, _)| {
        visit.may(*needs) && words.iter().any(|word| named.contains(word))
    });
    let handing = of_chain.map(|(word, _, _, fields)| {
        let sent = sent.filter(|sent| sent.event == *word);
        let inputs = fields
            .iter()
            .map(|field| input(frame, (word, field), document, sent));
        Form {
            event: word,
            name: frame.word("act", word),
            inputs: inputs.collect(),
            open: sent.is_some(),
        }
    });
    let noted = acts::possible("evidence", &told, person);
    // The messages that can be disputed are those of the chain.
    let mut of_chain = document.clone();
    if let Some(members) = of_chain.as_object_mut() {
        let events = document.get("events").cloned().unwrap_or_default();
        members.insert("messages".to_owned(), events);
        // An item goes to a party; which person of it reads it is not said.
        members.remove("label");
    }
    let noted = noted
        .into_iter()
        .filter_map(|event| form(frame, ("evidence", event, false), &of_chain, sent));
    handing.chain(noted).collect()
}

/// `POST /evidence/{item}/{act}`.
pub(crate) async fn act(web: Web, visit: Visit, typed: Fields) -> Shown {
    let document = load(&web, &visit).await?;
    let word = visit.argument("act").to_owned();
    let handing = HANDING.iter().find(|(each, _, _, _)| *each == word);
    let fields = match handing {
        Some((_, _, _, fields)) => fields.to_vec(),
        None => acts::fields("evidence", &word, &Value::Null).ok_or(Fault::Missing)?,
    };
    let mut sent = Sent {
        event: word,
        typed,
        ..Sent::default()
    };
    let id = text(&document, "id");
    let done = match read::read(&fields, &sent.typed, (visit.words, &visit.zone)) {
        Ok(said) => {
            let (operation, arguments) = asked(&sent.event, id, &Value::Object(said));
            visit.ask(&web, operation, arguments).await
        }
        Err(wrong) => {
            sent.wrong = wrong;
            Err(Fault::Form)
        }
    };
    let Err(fault) = done else {
        return to(&format!("/evidence/{id}"));
    };
    let (status, what, hint) = refused(&visit, fault)?;
    let shown = shown(&web, &visit, &document, Some((&sent, (what, hint))));
    shown.map(|mut page| {
        *page.status_mut() = status;
        page
    })
}

fn asked(word: &str, item: &str, said: &Value) -> (&'static str, Value) {
    match word {
        "verify" => ("verify_evidence", json!({ "item": item })),
        "offer" => (
            "offer_evidence",
            json!({ "item": item, "party": said.get("party"), "note": text(said, "note") }),
        ),
        "take" => ("accept_evidence", json!({ "item": item })),
        "refuse" => (
            "refuse_evidence",
            json!({ "item": item, "reason": text(said, "reason") }),
        ),
        event => (
            "act_on_evidence",
            json!({ "item": item, "event": event, "content": said }),
        ),
    }
}
