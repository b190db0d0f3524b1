//! What is found besides objects, in groups: threads, mails, parties, envelopes, entries of the ledger.
//!
//! In scope: a row of each. Out of scope: finding (`comity_node`), who sees what.

use serde_json::Value;

use crate::frame::Frame;
use crate::html::Html;
use crate::screens::{number, rows, some, text, threads};
use crate::sheet::{asking, path, plain, way};

/// Rows of each kind that the node gives.
const GROUP_ROWS: usize = 50;

/// What was found of one kind that is no object.
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) heads: Vec<String>,
    pub(crate) rows: Vec<Vec<Html>>,
    /// There may be more than is shown.
    pub(crate) cut: bool,
}

impl Group {
    /// What stands over a column.
    pub(crate) fn head(&self, at: impl std::borrow::Borrow<usize>) -> &str {
        self.heads.get(*at.borrow()).map_or("", String::as_str)
    }
}

/// The groups in which something was found.
pub(super) fn groups(frame: &mut Frame, found: &Value) -> Vec<Group> {
    let of = |name: &str| found.get(name).map_or(&[][..], rows);
    for row in of("threads").iter().chain(of("mails")) {
        frame.mark(text(row, "label"));
    }
    let f = &*frame;
    let group = |title: String, heads: Vec<String>, rows: Vec<Vec<Html>>| Group {
        title,
        heads,
        cut: rows.len() >= GROUP_ROWS,
        rows,
    };
    let [kind, standing, party] = [f.say("kind"), f.say("standing"), f.say("party")];
    let [marking, changed] = [f.say("marking"), f.say("changed")];
    let of_threads = vec![
        f.say("thread-title"),
        kind.clone(),
        standing.clone(),
        party.clone(),
        marking.clone(),
        changed.clone(),
    ];
    let of_mails = vec![
        f.say("subject"),
        standing.clone(),
        party.clone(),
        marking,
        changed.clone(),
    ];
    let of_parties = vec![party.clone(), standing.clone()];
    let of_envelopes = vec![f.say("envelope"), kind, party, standing, changed];
    let made = |name: &str, row: fn(&Frame, &Value) -> Vec<Html>| {
        of(name).iter().map(|one| row(f, one)).collect::<Vec<_>>()
    };
    let all = [
        group(f.say("search-threads"), of_threads, made("threads", thread)),
        group(f.say("search-mails"), of_mails, made("mails", mail)),
        group(f.say("search-parties"), of_parties, made("parties", named)),
        group(
            f.say("search-envelopes"),
            of_envelopes,
            made("envelopes", envelope),
        ),
        group(
            f.say("search-entries"),
            vec![f.say("ledger-entry")],
            made("entries", entry),
        ),
    ];
    all.into_iter()
        .filter(|group| !group.rows.is_empty())
        .collect()
}

fn thread(f: &Frame, row: &Value) -> Vec<Html> {
    let line = threads::line(f, row);
    vec![
        way(&line.href, &line.title),
        plain(&line.kind),
        line.state,
        plain(&line.party),
        f.label(&line.label),
        line.changed,
    ]
}

fn mail(f: &Frame, row: &Value) -> Vec<Html> {
    let (folder, who) = match text(row, "way") {
        "out" => ("/mail/outgoing", text(row, "party")),
        _ => ("/mail", text(row, "sent_by")),
    };
    let mut subject = text(row, "subject");
    if subject.is_empty() {
        subject = text(row, "id");
    }
    vec![
        way(&format!("{folder}{}", path(&[text(row, "id")])), subject),
        f.state(text(row, "state")),
        plain(who),
        some(row, "label").map_or_else(Html::default, |label| f.label(&label)),
        f.time(text(row, "when")),
    ]
}

fn named(f: &Frame, row: &Value) -> Vec<Html> {
    let name = text(row, "name");
    vec![
        way(&path(&["parties", name]), name),
        f.state(text(row, "state")),
    ]
}

fn envelope(f: &Frame, row: &Value) -> Vec<Html> {
    let list = match text(row, "way") {
        "out" => "/outbox",
        _ => "/inbox",
    };
    let party = text(row, "party");
    vec![
        way(&asking(list, [("party", party)]), text(row, "envelope")),
        plain(&f.word("envelope", text(row, "kind"))),
        plain(party),
        f.state(text(row, "state")),
        f.time(text(row, "when")),
    ]
}

fn entry(_: &Frame, row: &Value) -> Vec<Html> {
    let at = number(row, "entry").to_string();
    vec![way(&format!("/ledger?entry={at}"), &at)]
}
