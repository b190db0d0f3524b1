//! What a case adds to its thread: the shared record beside the own one, and the timeline by both clocks.
//!
//! In scope: the parts, forms for the own record. Out of scope: what was said (`thread`).

use comity_node::operation::rights::Permission;
use comity_stix::timestamp::Timestamp;
use serde_json::Value;

use crate::acts::OWN;
use crate::acts::input::{Form, Sent, form};
use crate::draw::timeline::{self, Event, Moment, Timeline, Words};
use crate::facts::{self, Fact};
use crate::frame::Frame;
use crate::html::Html;
use crate::screens::threads::place;
use crate::screens::{rows, some, text};
use crate::sheet::path;
use crate::visit::Visit;

/// Something to be done.
pub(crate) struct Task {
    pub(crate) text: String,
    pub(crate) owner: String,
    pub(crate) state: Html,
    pub(crate) due: Option<Html>,
    pub(crate) result: Option<String>,
}

/// Values and objects that were seen.
pub(crate) struct Seen {
    pub(crate) values: Vec<(String, String)>,
    pub(crate) objects: Vec<String>,
    pub(crate) context: String,
    pub(crate) by: String,
}

/// Another thread that belongs to the case.
pub(crate) struct Linked {
    pub(crate) href: String,
    pub(crate) title: String,
    pub(crate) state: Option<Html>,
    pub(crate) why: String,
}

/// What one record says.
pub(crate) struct Board {
    /// The case that has it, where it is another one that was merged.
    pub(crate) from: Option<String>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) notes: Vec<(String, String, Html)>,
    pub(crate) linked: Vec<Linked>,
}

impl Board {
    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
            && self.seen.is_empty()
            && self.notes.is_empty()
            && self.linked.is_empty()
    }
}

/// The part of a case.
pub(crate) struct CasePart {
    pub(crate) facts: Vec<Fact>,
    pub(crate) sides: Vec<(String, Vec<Fact>)>,
    pub(crate) shared: Vec<Board>,
    pub(crate) own: Board,
    pub(crate) drawing: Option<Timeline>,
    pub(crate) forms: Vec<Form>,
    pub(crate) report: String,
}

/// What a case says of itself.
pub(super) fn of(
    frame: &Frame,
    visit: &Visit,
    document: &Value,
    sent: Option<&Sent>,
) -> Option<CasePart> {
    let case = document.get("case")?;
    let id = text(document, "id");
    let told = [
        "summary",
        "legal_basis",
        "agreed_priority",
        "assessment",
        "split_from",
        "merged_into",
    ];
    let sides = case.get("sides").and_then(Value::as_object);
    let sides = sides.into_iter().flatten();
    let items = case.get("items").map_or(&[][..], rows);
    let own = case.get("own").unwrap_or(&Value::Null);
    let forms = if visit.may(Permission::Add) {
        let one = |event: &&'static str| form(frame, ("case", event, true), document, sent);
        OWN.iter().filter_map(one).collect()
    } else {
        Vec::new()
    };
    let month = frame.now.strftime("%Y-%m").to_string();
    let party = text(document, "party");
    Some(CasePart {
        facts: facts::of(frame, &super::picked(case, &told), &[]),
        sides: sides
            .map(|(party, said)| (party.clone(), facts::of(frame, said, &[])))
            .collect(),
        shared: items.iter().map(|one| board(frame, one, id)).collect(),
        own: board(frame, own, id),
        drawing: drawing(frame, items.iter().chain([own])),
        forms,
        report: path(&["parties", party, "reports", &month]),
    })
}

fn board(frame: &Frame, board: &Value, own: &str) -> Board {
    let all = |name: &str| board.get(name).map_or(&[][..], rows).iter();
    let task = |task: &Value| Task {
        text: text(task, "text").to_owned(),
        owner: text(task, "owner").to_owned(),
        state: frame.state(text(task, "state")),
        due: some(task, "due").map(|at| frame.time(&at)),
        result: some(task, "result"),
    };
    let seen = |seen: &Value| {
        let values = seen.get("values").map_or(&[][..], rows).iter();
        let objects = seen.get("objects").map_or(&[][..], rows).iter();
        Seen {
            values: values
                .map(|one| (text(one, "field").to_owned(), text(one, "value").to_owned()))
                .collect(),
            objects: objects
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            context: text(seen, "context").to_owned(),
            by: text(seen, "by").to_owned(),
        }
    };
    let note = |note: &Value| {
        let by = format!("{} {}", text(note, "by"), text(note, "officer"));
        (
            text(note, "text").to_owned(),
            by,
            frame.time(text(note, "at")),
        )
    };
    let linked = |link: &Value| {
        let id = text(link, "thread");
        let subject = id.split("--").next().unwrap_or_default();
        Linked {
            href: place(subject, id),
            title: some(link, "title").unwrap_or_else(|| id.to_owned()),
            state: some(link, "state").map(|state| frame.state(&state)),
            why: text(link, "why").to_owned(),
        }
    };
    Board {
        from: some(board, "case").filter(|case| case != own),
        tasks: all("tasks").map(task).collect(),
        seen: all("observations").map(seen).collect(),
        notes: all("notes").map(note).collect(),
        linked: all("links").map(linked).collect(),
    }
}

/// An event of a timeline, with its times as the person reads them.
struct Happened {
    at: (i64, String),
    learned: (i64, String),
    text: String,
}

/// What happened, by when it happened and when it was learned; nothing where nobody said anything.
fn drawing<'b>(frame: &Frame, boards: impl Iterator<Item = &'b Value>) -> Option<Timeline> {
    let all = boards.flat_map(|board| board.get("timeline").map_or(&[][..], rows));
    let mut events: Vec<Happened> = all
        .filter_map(|one| {
            let said: String = text(one, "text").chars().take(300).collect();
            Some(Happened {
                at: moment(frame, text(one, "happened"))?,
                learned: moment(frame, text(one, "learned"))?,
                text: format!("{said} ({})", text(one, "by")),
            })
        })
        .collect();
    if events.is_empty() {
        return None;
    }
    events.sort_by_key(|event| event.at.0);
    let drawn: Vec<Event<'_>> = events
        .iter()
        .map(|event| Event {
            happened: Some(Moment {
                seconds: event.at.0,
                text: &event.at.1,
            }),
            learned: Moment {
                seconds: event.learned.0,
                text: &event.learned.1,
            },
            label: &event.text,
            href: "",
            late: false,
        })
        .collect();
    let words = [
        frame.say("case-timeline"),
        frame.say("happened-at"),
        frame.say("learned-at"),
    ];
    let [name, happened, learned] = words.each_ref().map(String::as_str);
    let words = Words {
        name,
        happened,
        learned,
    };
    Some(timeline::draw(words, &drawn))
}

fn moment(frame: &Frame, text: &str) -> Option<(i64, String)> {
    let at = Timestamp::parse(text).ok()?;
    let seconds = at.micros().div_euclid(1_000_000);
    Some((seconds, frame.time_text(text)))
}
