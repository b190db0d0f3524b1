//! Lists of what two parties work on: requests, cases, incidents, calls, exercises.
//!
//! In scope: a page of a list, what is late in front. Out of scope: one of them (`thread`).

use askama::Template;
use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::frame::{Frame, Shown, page};
use crate::html::Html;
use crate::screens::{rows, some, text};
use crate::visit::{Visit, Web};

/// Rows of one page.
const ROWS: usize = 100;

/// Something in a list.
pub(crate) struct Line {
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) kind: String,
    pub(crate) state: Html,
    pub(crate) urgency: Option<String>,
    pub(crate) party: String,
    pub(crate) ours: Option<Due>,
    pub(crate) theirs: Option<Due>,
    pub(crate) label: String,
    pub(crate) changed: Html,
    pub(crate) disputed: bool,
}

/// What a side owes.
pub(crate) struct Due {
    pub(crate) what: String,
    pub(crate) at: Html,
    pub(crate) late: bool,
}

/// The page of a thread.
pub(crate) fn place(subject: &str, id: &str) -> String {
    let folder = match subject {
        "case" => "cases",
        "call" => "calls",
        "incident" => "incidents",
        "exercise" => "exercises",
        "check" => "checks",
        _ => "threads",
    };
    format!("/{folder}/{id}")
}

/// The line of a thread.
pub(crate) fn line(frame: &Frame, row: &Value) -> Line {
    let flag = |name: &str| row.get(name).and_then(Value::as_bool).unwrap_or(false);
    let due = |at: &str, what: &str, late: bool| {
        Some(Due {
            what: frame.word("due", text(row, what)),
            at: frame.time(&some(row, at)?),
            late,
        })
    };
    let theirs = some(row, "due_by").filter(|by| by != text(row, "own"));
    Line {
        href: place(text(row, "subject"), text(row, "id")),
        title: text(row, "title").to_owned(),
        kind: frame.word("kind", text(row, "subject")),
        state: frame.state(text(row, "state")),
        urgency: some(row, "urgency").map(|word| frame.word("choice", &word)),
        party: text(row, "party").to_owned(),
        ours: due("our_due", "our_what", flag("our_overdue")),
        theirs: theirs.and_then(|_| due("due", "due_what", flag("overdue"))),
        label: text(row, "label").to_owned(),
        changed: frame.time(text(row, "changed")),
        disputed: flag("disputed"),
    }
}

/// The lines of a list, what is late in front: ours, then theirs; the rest as the node gave it.
pub(crate) fn lines(frame: &mut Frame, found: &Value) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows(found) {
        frame.mark(text(row, "label"));
        lines.push(line(frame, row));
    }
    let late = |due: &Option<Due>| due.as_ref().is_some_and(|due| due.late);
    lines.sort_by_key(|line| (!late(&line.ours), !late(&line.theirs)));
    lines
}

#[derive(Template)]
#[template(path = "threads.html")]
struct Threads {
    frame: Frame,
    lines: Vec<Line>,
    next: Option<String>,
    first: bool,
    empty: (String, String),
    /// Where a new one is begun, and how that is called.
    new: Option<(&'static str, String)>,
}

/// `GET /requests`.
pub(crate) async fn requests(web: Web, visit: Visit) -> Shown {
    let frame = Frame::new(&web, &visit, visit.words.say("place-requests"));
    let empty = (frame.say("requests-none"), frame.say("requests-none-hint"));
    let new = ("/requests/new", frame.say("request-new"));
    list(
        &web,
        &visit,
        (frame, "list_requests", "/requests"),
        empty,
        Some(new),
    )
    .await
}

/// `GET /cases`.
pub(crate) async fn cases(web: Web, visit: Visit) -> Shown {
    let frame = Frame::new(&web, &visit, visit.words.say("place-cases"));
    let empty = (frame.say("cases-none"), frame.say("cases-none-hint"));
    let new = ("/cases/new", frame.say("case-new"));
    list(
        &web,
        &visit,
        (frame, "list_cases", "/cases"),
        empty,
        Some(new),
    )
    .await
}

/// `GET /incidents`.
pub(crate) async fn incidents(web: Web, visit: Visit) -> Shown {
    let frame = Frame::new(&web, &visit, visit.words.say("place-incidents"));
    let empty = (
        frame.say("incidents-none"),
        frame.say("incidents-none-hint"),
    );
    let new = ("/incidents/new", frame.say("incident-new"));
    list(
        &web,
        &visit,
        (frame, "list_incidents", "/incidents"),
        empty,
        Some(new),
    )
    .await
}

/// `GET /calls`.
pub(crate) async fn calls(web: Web, visit: Visit) -> Shown {
    let frame = Frame::new(&web, &visit, visit.words.say("place-calls"));
    let empty = (frame.say("calls-none"), frame.say("calls-none-hint"));
    let new = ("/calls/new", frame.say("call-new"));
    list(
        &web,
        &visit,
        (frame, "list_calls", "/calls"),
        empty,
        Some(new),
    )
    .await
}

/// `GET /exercises`.
pub(crate) async fn exercises(web: Web, visit: Visit) -> Shown {
    let frame = Frame::new(&web, &visit, visit.words.say("place-exercises"));
    let empty = (
        frame.say("exercises-none"),
        frame.say("exercises-none-hint"),
    );
    let new = ("/exercises/new", frame.say("exercise-new"));
    list(
        &web,
        &visit,
        (frame, "list_exercises", "/exercises"),
        empty,
        Some(new),
    )
    .await
}

async fn list(
    web: &Web,
    visit: &Visit,
    (mut frame, operation, path): (Frame, &'static str, &str),
    empty: (String, String),
    new: Option<(&'static str, String)>,
) -> Shown {
    let after = visit.query.get("after");
    let party = visit.query.get("party");
    // What is new stands at the head of a list.
    frame.follows = Some(operation).filter(|_| after.is_none());
    let asked = json!({ "cursor": after, "limit": ROWS, "party": party });
    let found = visit.ask(web, operation, asked).await?;
    let lines = lines(&mut frame, &found);
    let party = party.map_or_else(String::new, |party| {
        let party =
            percent_encoding::utf8_percent_encode(party, percent_encoding::NON_ALPHANUMERIC);
        format!("party={party}&")
    });
    let next = some(&found, "next").map(|next| format!("{path}?{party}after={next}"));
    page(
        visit,
        &Threads {
            frame,
            lines,
            next,
            first: after.is_none(),
            empty,
            new: new.filter(|_| visit.may(Permission::Work)),
        },
    )
}
