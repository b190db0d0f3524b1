//! A thread: where it stands against what was promised, what was said by both clocks, and what may be said now.
//!
//! Requests, cases, calls, exercises and incidents share the page; each adds a part of its own.
//!
//! In scope: the page, saying something, notes of the house. Out of scope: lists (`threads`), opening one (`opening`).

mod call;
mod case;
mod exercise;

use askama::Template;
use comity_node::operation::rights::Permission;
use serde_json::{Map, Value, json};

use crate::acts::input::{Form, Sent, form};
use crate::acts::{self, read};
use crate::facts::{self, Fact};
use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, page, to};
use crate::html::Html;
use crate::screens::threads::place;
use crate::screens::{refused, rows, some, text};
use crate::visit::{Visit, Web};

/// What a subject says of its own clocks, in the order in which a page shows it.
const CLOCKS: &[&str] = &[
    "regime",
    "aware",
    "classified",
    "measure",
    "sent",
    "delivered",
    "acknowledged",
    "answer_due",
    "expected",
    "declined",
    "confirmed",
    "purged",
    "preservation",
];

/// What a side owes.
struct Due {
    what: String,
    by: String,
    at: Html,
    late: bool,
}

/// A message.
struct Message {
    place: String,
    event: String,
    officer: String,
    role: String,
    second: Option<String>,
    sent: Html,
    received: Option<Html>,
    state: Option<Html>,
    void: Option<String>,
    facts: Vec<Fact>,
}

/// What stays in the house.
struct Note {
    officer: String,
    at: Html,
    text: String,
}

#[derive(Template)]
#[template(path = "thread.html")]
struct Page {
    frame: Frame,
    id: String,
    kind: String,
    state: String,
    party: String,
    urgency: Option<String>,
    label: String,
    exercise: Option<String>,
    wrong: Option<(String, String)>,
    warnings: Vec<String>,
    dues: Vec<Due>,
    clocks: Vec<Fact>,
    content: Vec<Fact>,
    missing: Vec<String>,
    messages: Vec<Message>,
    notes: Vec<Note>,
    forms: Vec<Form>,
    case: Option<case::CasePart>,
    call: Option<call::CallPart>,
    exercise_part: Option<exercise::ExercisePart>,
    may_note: bool,
    /// The person may write letters.
    letters: bool,
    noted: String,
}

/// `GET /threads/{id}` and the places of its subjects.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    let document = load(&web, &visit).await?;
    shown(&web, &visit, &document, None).await
}

/// The thread of the path, with all that is known of it.
async fn load(web: &Web, visit: &Visit) -> Result<Value, Fault> {
    let asked = json!({ "thread": visit.argument("id") });
    if visit.argument("id").starts_with("case--") {
        return visit.ask(web, "show_case", asked).await;
    }
    let document = visit.ask(web, "show_thread", asked.clone()).await?;
    // The beginning of a name says nothing of its subject.
    if text(&document, "subject") == "case" {
        return visit.ask(web, "show_case", asked).await;
    }
    Ok(document)
}

/// What a subject shows of itself.
pub(crate) fn part(document: &Value) -> &Value {
    let name = match text(document, "subject") {
        "exercise" => "exercise_thread",
        other => other,
    };
    document.get(name).unwrap_or(&Value::Null)
}

async fn shown(
    web: &Web,
    visit: &Visit,
    document: &Value,
    sent: Option<(&Sent, Option<(String, String)>)>,
) -> Shown {
    let mut frame = Frame::new(web, visit, text(document, "title").to_owned());
    frame.mark(text(document, "label"));
    let subject = text(document, "subject");
    frame.exercise = subject == "exercise" || some(document, "exercise").is_some();
    let part = part(document);
    let (sent, wrong) = sent.map_or((None, None), |(sent, wrong)| (Some(sent), wrong));
    let noted = sent.filter(|sent| sent.event == "house");
    let content = part.get("content").unwrap_or(&Value::Null);
    let exercise_part = exercise::of(&mut frame, (web, visit), document).await?;
    let shown = Page {
        id: text(document, "id").to_owned(),
        kind: frame.word("kind", subject),
        state: text(document, "state").to_owned(),
        party: text(document, "party").to_owned(),
        urgency: some(document, "urgency").map(|word| frame.word("choice", &word)),
        label: text(document, "label").to_owned(),
        exercise: some(document, "exercise").filter(|_| subject != "exercise"),
        warnings: warnings(&frame, part),
        dues: dues(&frame, part),
        clocks: facts::of(&frame, &picked(part, CLOCKS), &[]),
        content: facts::of(&frame, content, &[]),
        missing: names(&frame, part.get("missing")),
        messages: messages(&frame, document, part),
        notes: notes(&frame, document),
        forms: forms(&frame, visit, document, sent),
        case: case::of(&frame, visit, document, sent),
        call: call::of(&frame, (web, visit), document).await?,
        exercise_part,
        letters: visit.may(Permission::Release),
        may_note: visit.may(Permission::Add),
        noted: noted.map_or_else(String::new, |sent| sent.typed.text("text")),
        wrong,
        frame,
    };
    page(visit, &shown)
}

/// Some members of a document, in this order.
pub(crate) fn picked(document: &Value, names: &[&str]) -> Value {
    let members = names.iter().filter_map(|name| {
        let value = document.get(*name)?;
        Some(((*name).to_owned(), value.clone()))
    });
    Value::Object(members.collect::<Map<_, _>>())
}

fn names(frame: &Frame, listed: Option<&Value>) -> Vec<String> {
    let names = listed.map_or(&[][..], rows).iter();
    let names = names.filter_map(Value::as_str);
    names.map(|name| frame.word("field", name)).collect()
}

/// What is odd about a thread: messages that are not here, that contradict others, that are disputed.
fn warnings(frame: &Frame, part: &Value) -> Vec<String> {
    let all = |name: &str| part.get(name).map_or(&[][..], rows).iter();
    let lacking = all("lacking").map(|one| {
        let (author, number) = (text(one, "author"), one.get("seq"));
        let number = number.map(ToString::to_string).unwrap_or_default();
        frame.say_with("thread-lacking", &[("author", author), ("number", &number)])
    });
    let contradicting = all("contradicting")
        .map(|one| frame.say_of("thread-contradicting", "author", text(one, "author")));
    let disputes = all("disputes").map(|one| {
        let (by, message) = (text(one, "by"), text(one, "message"));
        let message: String = message.chars().take(12).collect();
        frame.say_with("thread-disputed", &[("by", by), ("message", &message)])
    });
    lacking.chain(contradicting).chain(disputes).collect()
}

fn dues(frame: &Frame, part: &Value) -> Vec<Due> {
    let dues = part.get("due").map_or(&[][..], rows).iter();
    let due = dues.map(|due| Due {
        what: frame.word("due", text(due, "what")),
        by: text(due, "by").to_owned(),
        at: frame.time(text(due, "at")),
        late: due.get("overdue").and_then(Value::as_bool) == Some(true),
    });
    due.collect()
}

fn messages(frame: &Frame, document: &Value, part: &Value) -> Vec<Message> {
    let all = |of: &Value, name: &str| of.get(name).map_or(&[][..], rows).to_vec();
    let (steps, voided) = (all(part, "steps"), all(part, "void"));
    let at = |rows: &[Value], place: &str| {
        let found = rows.iter().find(|row| text(row, "place") == place);
        found.cloned()
    };
    let messages = all(document, "messages");
    let message = messages.iter().map(|one| {
        let place = text(one, "place").to_owned();
        let event = text(one, "event");
        let void = at(&voided, &place).filter(|void| text(void, "event") == event);
        let step = at(&steps, &place).filter(|_| void.is_none());
        Message {
            event: frame.word("event", event),
            officer: text(one, "officer").to_owned(),
            role: frame.word("role", text(one, "role")),
            second: some(one, "second"),
            sent: frame.time(text(one, "sent")),
            received: some(one, "received").map(|at| frame.time(&at)),
            state: step.map(|step| frame.state(text(&step, "state"))),
            void: void.map(|void| text(&void, "reason").to_owned()),
            facts: facts::of(frame, one.get("content").unwrap_or(&Value::Null), &[]),
            place,
        }
    });
    message.collect()
}

fn notes(frame: &Frame, document: &Value) -> Vec<Note> {
    let notes = document.get("notes").map_or(&[][..], rows).iter();
    let note = notes.map(|note| Note {
        officer: text(note, "officer").to_owned(),
        at: frame.time(text(note, "recorded")),
        text: text(note, "text").to_owned(),
    });
    note.collect()
}

/// A form for each event that is possible now and that the person's role may say.
fn forms(frame: &Frame, visit: &Visit, document: &Value, sent: Option<&Sent>) -> Vec<Form> {
    let Some(person) = visit.person.as_ref() else {
        return Vec::new();
    };
    if !visit.may(Permission::Work) {
        return Vec::new();
    }
    let subject = text(document, "subject");
    let told = text(part(document), "possible");
    let possible = acts::possible(subject, told, person);
    let form = |event| form(frame, (subject, event, false), document, sent);
    possible.into_iter().filter_map(form).collect()
}

pub(crate) use call::{Duty, duty};
pub(crate) use exercise::report;

/// `POST /threads/{id}/say/{event}`.
pub(crate) async fn say(web: Web, visit: Visit, typed: Fields) -> Shown {
    done(&web, &visit, typed, false).await
}

/// `POST /threads/{id}/own/{event}`: into the own record of a case.
pub(crate) async fn own(web: Web, visit: Visit, typed: Fields) -> Shown {
    done(&web, &visit, typed, true).await
}

async fn done(web: &Web, visit: &Visit, typed: Fields, own: bool) -> Shown {
    let document = load(web, visit).await?;
    let (subject, id) = (text(&document, "subject"), text(&document, "id"));
    let event = visit.argument("event").to_owned();
    let fields = acts::fields(subject, &event, &document);
    let mut fields = fields.ok_or(Fault::Missing)?;
    if own {
        fields.retain(|field| field.name != "person");
    }
    let read = read::read(&fields, &typed, (visit.words, &visit.zone));
    let mut sent = Sent {
        event,
        own,
        typed,
        wrong: Vec::new(),
    };
    let content = match read {
        Ok(content) => content,
        Err(wrong) => {
            sent.wrong = wrong;
            return again(web, visit, &document, &sent, Err(Fault::Form)).await;
        }
    };
    let (operation, arguments) = if own {
        let entry = json!({ "thread": id, "event": sent.event, "content": content });
        ("note_case", entry)
    } else {
        acts::asked((subject, &sent.event, id), content)
    };
    let done = visit.ask(web, operation, arguments).await;
    again(web, visit, &document, &sent, done).await
}

/// `POST /threads/{id}/notes`.
pub(crate) async fn note(web: Web, visit: Visit, typed: Fields) -> Shown {
    let document = load(&web, &visit).await?;
    let asked = json!({ "thread": text(&document, "id"), "text": typed.text("text") });
    let sent = Sent {
        event: "house".to_owned(),
        typed,
        ..Sent::default()
    };
    let done = if sent.typed.get("text").is_some() {
        visit.ask(&web, "note_thread", asked).await
    } else {
        Err(Fault::Form)
    };
    again(&web, &visit, &document, &sent, done).await
}

/// The thread as it is now; the same page with what was typed where it was not done.
async fn again(
    web: &Web,
    visit: &Visit,
    document: &Value,
    sent: &Sent,
    done: Result<Value, Fault>,
) -> Shown {
    let Err(fault) = done else {
        return to(&place(text(document, "subject"), text(document, "id")));
    };
    let (status, what, hint) = refused(visit, fault)?;
    let shown = shown(web, visit, document, Some((sent, Some((what, hint))))).await;
    shown.map(|mut page| {
        *page.status_mut() = status;
        page
    })
}
