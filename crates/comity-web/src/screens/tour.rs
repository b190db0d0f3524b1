//! A tour of the node: what there is to see, in the order in which it makes sense, with what of it this node has.
//!
//! `comity demo --stay` leads here: its story left something at each stop.
//!
//! In scope: the stops. Out of scope: the pages that they lead to.

use askama::Template;
use serde_json::json;

use crate::frame::{Fault, Frame, Shown, key, page};
use crate::screens::rows;
use crate::visit::{Visit, Web};

/// A stop: where it leads, what it is called, what to look at there, and the list whose length says how much there is.
struct Stop {
    path: &'static str,
    title: &'static str,
    text: &'static str,
    list: Option<&'static str>,
}

const fn stop(
    path: &'static str,
    title: &'static str,
    text: &'static str,
    list: Option<&'static str>,
) -> Stop {
    Stop {
        path,
        title,
        text,
        list,
    }
}

const STOPS: &[Stop] = &[
    stop("/", key("place-home"), key("tour-home"), None),
    stop("/search", key("place-search"), key("tour-search"), None),
    stop("/objects", key("place-objects"), key("tour-objects"), None),
    stop(
        "/parties",
        key("place-parties"),
        key("tour-parties"),
        Some("list_parties"),
    ),
    stop(
        "/accords",
        key("place-accords"),
        key("tour-accords"),
        Some("list_accords"),
    ),
    stop(
        "/outbox",
        key("place-outbox"),
        key("tour-outbox"),
        Some("list_outbox"),
    ),
    stop(
        "/recalls",
        key("place-recalls"),
        key("tour-recalls"),
        Some("list_recalls_received"),
    ),
    stop("/cases", key("place-cases"), key("tour-cases"), None),
    stop("/calls", key("place-calls"), key("tour-calls"), None),
    stop(
        "/evidence",
        key("place-evidence"),
        key("tour-evidence"),
        Some("list_evidence"),
    ),
    stop(
        "/mail",
        key("place-mail"),
        key("tour-mail"),
        Some("list_mail"),
    ),
    stop("/ledger", key("place-ledger"), key("tour-ledger"), None),
    stop("/book", key("place-book"), key("tour-book"), None),
];

struct Line {
    path: &'static str,
    title: String,
    text: String,
    /// How much of it this node has; none where that is not counted.
    there: Option<String>,
}

#[derive(Template)]
#[template(path = "tour.html")]
struct Tour {
    frame: Frame,
    lines: Vec<Line>,
}

/// A stop with more than so many says that it has more.
const COUNTED_MAX: usize = 1_000;

/// `GET /tour`.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    visit.person()?;
    let words = visit.words;
    let mut lines = Vec::new();
    for stop in STOPS {
        let there = match stop.list {
            None => None,
            Some(list) => match visit.ask(&web, list, json!({ "limit": COUNTED_MAX })).await {
                Ok(found) => Some(match rows(&found).len() {
                    COUNTED_MAX => words.say_of("tour-there-many", "count", COUNTED_MAX),
                    count => words.say_of("tour-there", "count", count),
                }),
                Err(Fault::SignIn) => return Err(Fault::SignIn),
                // A stop that this role does not see, or that cannot be read now, is named without a number.
                Err(_) => None,
            },
        };
        lines.push(Line {
            path: stop.path,
            title: words.say(stop.title),
            text: words.say(stop.text),
            there,
        });
    }
    let frame = Frame::new(&web, &visit, words.say("place-tour"));
    page(&visit, &Tour { frame, lines })
}
