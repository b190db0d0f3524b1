//! The first page: what needs this person now, then how the exchange with each party stands.
//!
//! Each part is asked for by itself: one that fails says so and hides no other.
//!
//! In scope: gathering what waits, the most urgent first. Out of scope: doing anything about it.

use askama::Template;
use comity_node::operation::rights::Permission;
use serde_json::{Value, json};

use crate::frame::{Fault, Frame, Shown, key, page};
use crate::screens::{number, rows, some, text};
use crate::visit::{Visit, Web};

/// Threads that are looked at: nobody works through more at once, and what is due first comes first.
const SHOWN_MAX: usize = 200;

/// Threads to go on with.
const RECENT_MAX: usize = 5;

/// Something that waits for the person.
struct Item {
    state: &'static str,
    what: String,
    from: String,
    href: String,
    when: Option<String>,
}

struct PartyLine {
    name: String,
    state: String,
    waiting: u64,
    heard: Option<String>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    items: Vec<Item>,
    failures: Vec<String>,
    /// There is more of something than is looked at here.
    more: bool,
    /// Where the person did something last.
    recent: Vec<Item>,
    parties: Vec<PartyLine>,
    first: bool,
}

/// `GET /`.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    visit.person()?;
    let mut frame = Frame::new(&web, &visit, visit.words.say("place-home"));
    if Permission::Look.is_of(visit.person()?.role) {
        frame.follows = Some("list_threads");
    }
    let mut items = Vec::new();
    let mut failures = Vec::new();
    let mut more = false;
    let parts = [
        ("list_threads", key("home-threads")),
        ("list_approvals", key("home-approvals")),
        ("list_held_acts", key("home-approvals")),
        ("list_outbox", key("home-outbox")),
        ("list_recalls_received", key("home-recalls")),
    ];
    for (operation, name) in parts {
        let asked = match operation {
            "list_threads" => json!({ "owed": true, "limit": SHOWN_MAX }),
            "list_outbox" => json!({ "undelivered": true, "limit": SHOWN_MAX }),
            _ => json!({ "limit": 1000 }),
        };
        match visit.ask_if(&web, operation, asked).await {
            Ok(found) => {
                more |= matches!(operation, "list_threads" | "list_outbox")
                    && some(&found, "next").is_some();
                let lines = rows(&found)
                    .iter()
                    .filter_map(|row| item(&visit, operation, row));
                items.extend(lines);
                for row in rows(&found) {
                    if operation == "list_threads" {
                        frame.mark(text(row, "label"));
                    }
                }
            }
            Err(Fault::SignIn) => return Err(Fault::SignIn),
            Err(_) => failures.push(visit.words.say(name)),
        }
    }
    // What is late first, then by its time; what has none comes last.
    items.sort_by_key(|item| (item.state != "late", item.when.is_none(), item.when.clone()));
    let recent = visit
        .ask_if(&web, "list_recent_threads", Value::Null)
        .await?;
    let recent: Vec<Item> = rows(&recent)
        .iter()
        .take(RECENT_MAX)
        .map(|row| again(&mut frame, &visit, row))
        .collect();
    let parties = visit.ask(&web, "list_parties", Value::Null).await?;
    let parties: Vec<PartyLine> = rows(&parties).iter().map(party).collect();
    let first = parties.is_empty();
    page(
        &visit,
        &Home {
            frame,
            items,
            failures,
            more,
            recent,
            parties,
            first,
        },
    )
}

fn party(row: &Value) -> PartyLine {
    PartyLine {
        name: text(row, "name").to_owned(),
        state: text(row, "state").to_owned(),
        waiting: number(row, "waiting"),
        heard: row
            .get("link_standing")
            .and_then(|link| some(link, "heard")),
    }
}

/// A thread in which the person did something.
fn again(frame: &mut Frame, visit: &Visit, row: &Value) -> Item {
    frame.mark(text(row, "label"));
    let subject = visit.words.word("kind", text(row, "subject"));
    Item {
        state: "",
        what: format!("{subject}: {}", text(row, "title")),
        from: text(row, "party").to_owned(),
        href: format!("/threads/{}", text(row, "id")),
        when: some(row, "changed"),
    }
}

/// What a row asks of the person; nothing where it asks nothing.
fn item(visit: &Visit, operation: &str, row: &Value) -> Option<Item> {
    let words = visit.words;
    let party = || text(row, "party").to_owned();
    let flag = |name: &str| row.get(name).and_then(Value::as_bool).unwrap_or(false);
    match operation {
        "list_threads" if flag("ours") => {
            let subject = words.word("kind", text(row, "subject"));
            let owed = some(row, "our_what").map_or_else(String::new, |what| format!(" · {what}"));
            Some(Item {
                state: if flag("our_overdue") { "late" } else { "due" },
                what: format!("{subject}: {}{owed}", text(row, "title")),
                from: party(),
                href: format!("/threads/{}", text(row, "id")),
                when: some(row, "our_due"),
            })
        }
        "list_approvals" if text(row, "state") == "waiting" => Some(Item {
            state: "due",
            what: words.say_of("home-approval", "who", text(row, "asked_by").to_owned()),
            from: party(),
            href: "/review".to_owned(),
            when: some(row, "asked"),
        }),
        // What this person asked for waits for another.
        "list_held_acts"
            if text(row, "state") == "waiting"
                && visit
                    .person
                    .as_ref()
                    .is_some_and(|person| person.account != text(row, "asked_by")) =>
        {
            Some(Item {
                state: "due",
                what: words.say_of("home-held", "who", text(row, "asked_by").to_owned()),
                from: String::new(),
                href: "/review".to_owned(),
                when: some(row, "until"),
            })
        }
        "list_outbox" if text(row, "state") == "refused" => Some(Item {
            state: "failed",
            what: words.say_with(
                "home-undelivered",
                &[
                    ("kind", &words.word("envelope", text(row, "kind"))),
                    ("reason", text(row, "reason")),
                ],
            ),
            from: party(),
            href: "/outbox?undelivered=on".to_owned(),
            when: some(row, "changed"),
        }),
        "list_recalls_received" if text(row, "state") == "asked" => Some(Item {
            state: "due",
            what: words.say_of("home-recall", "reason", text(row, "reason").to_owned()),
            from: party(),
            href: "/recalls".to_owned(),
            when: some(row, "due"),
        }),
        _ => None,
    }
}
