//! Search: one box for anything, and many values at once.
//!
//! In scope: telling what was typed, asking for it, a table of what many values came to. Out of scope: finding (`comity_node`).
//! Limits: [`VALUES_MAX`] values at once.

mod groups;

use std::collections::BTreeMap;

use askama::Template;
use comity_node::operation::rights::Permission;
use comity_stix::id::ObjectId;
use serde_json::{Value, json};

use self::groups::{Group, groups};
use crate::fields::Fields;
use crate::frame::{Fault, Frame, Shown, file, page, to};
use crate::screens::objects::{Line, line};
use crate::screens::{rows, some, text, value};
use crate::sheet::asking;
use crate::visit::{Visit, Web};

/// Objects that are looked for of each of many values.
const EACH_SHOWN: usize = 2;
/// Values that are looked up at once.
const VALUES_MAX: usize = 50_000;
/// Values in one question to the node.
const VALUES_AT_ONCE: usize = 5_000;
/// Objects found by words that a page shows; the next ones stand on the next page.
const WORDS_SHOWN: usize = 50;
/// Rows of many values that a page shows; the file has all.
const SHOWN_MAX: usize = 1_000;

#[derive(Template)]
#[template(path = "search.html")]
struct Search {
    frame: Frame,
    by_value: Vec<Line>,
    by_words: Vec<Line>,
    /// The next objects that are found by words.
    next: Option<String>,
    groups: Vec<Group>,
    asked: bool,
    /// It goes on from another page.
    further: bool,
}

impl Search {
    /// Whether what is found by words is not all on this page.
    fn is_cut(&self) -> bool {
        self.further || self.next.is_some()
    }
}

/// `GET /search`.
pub(crate) async fn show(web: Web, visit: Visit) -> Shown {
    visit.person()?;
    let asked = visit.query.text("q");
    if is_object_id(&asked) {
        return to(&format!("/objects/{asked}"));
    }
    let is_value = value::is_one(&asked) && visit.may(Permission::Look);
    let leads = is_value && !visit.query.is_on("words");
    // The name of an envelope is hexadecimal, as hashes are; nothing else that is a value is looked for elsewhere first.
    let may_name = asked.chars().all(|each| each.is_ascii_hexdigit());
    if leads && !may_name {
        return to(&value::place(&asked));
    }
    let after = visit.query.get("after");
    let others = match asked.as_str() {
        // Further pages are of what is found by words alone.
        _ if after.is_some() => Value::Null,
        "" => Value::Null,
        text => {
            visit
                .ask_if(&web, "search", json!({ "text": text }))
                .await?
        }
    };
    let envelopes = others.get("envelopes").map_or(&[][..], rows);
    if leads && envelopes.is_empty() {
        return to(&value::place(&asked));
    }
    let mut frame = Frame::new(&web, &visit, visit.words.say("place-search"));
    let (mut by_value, mut by_words, mut next) = (Vec::new(), Vec::new(), None);
    if !asked.is_empty() {
        if after.is_none() {
            let found = visit
                .ask_if(&web, "find_values", json!({ "values": [asked] }))
                .await?;
            by_value = lines(&mut frame, &found);
        }
        let wanted = json!({ "text": asked, "cursor": after, "limit": WORDS_SHOWN });
        let found = visit.ask_if(&web, "search_objects", wanted).await?;
        next = some(&found, "next")
            .map(|next| asking("/search", [("q", asked.as_str()), ("after", next.as_str())]));
        by_words = lines(&mut frame, &found);
        let known: Vec<String> = by_value.iter().map(|line| line.id.clone()).collect();
        by_words.retain(|line| !known.contains(&line.id));
    }
    let groups = groups(&mut frame, &others);
    let shown = Search {
        frame,
        by_value,
        by_words,
        next,
        groups,
        asked: !asked.is_empty(),
        further: after.is_some(),
    };
    page(&visit, &shown)
}

/// Whether this is the identity of a STIX object.
fn is_object_id(text: &str) -> bool {
    ObjectId::parse(text).is_ok()
}

/// Each object once, the newest first as the node gave them.
fn lines(frame: &mut Frame, found: &Value) -> Vec<Line> {
    let mut seen = std::collections::HashSet::new();
    let mut lines = Vec::new();
    for row in rows(found) {
        let line = line(row);
        if seen.insert(line.id.clone()) {
            frame.mark(&line.label);
            lines.push(line);
        }
    }
    lines
}

/// What one of many values came to.
struct Checked {
    value: String,
    /// Its page.
    href: String,
    /// How many carry it, or that there are at least [`EACH_SHOWN`].
    objects: String,
    first: Option<Line>,
}

#[derive(Template)]
#[template(path = "bulk.html")]
struct Bulk {
    frame: Frame,
    checked: Vec<Checked>,
    all: usize,
    known: usize,
    values: String,
}

impl Bulk {
    /// Whether the page shows less than all.
    fn is_cut(&self) -> bool {
        self.all > self.checked.len()
    }
}

/// `POST /search`: many values, one a line, as a table or as a file.
pub(crate) async fn bulk(web: Web, visit: Visit, fields: Fields) -> Shown {
    visit.person()?;
    let pasted = fields.raw("values").unwrap_or_default().to_owned();
    let values: Vec<String> = pasted
        .split(['\n', ',', ';', '\t'])
        .map(str::trim)
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
        .collect();
    if values.len() > VALUES_MAX {
        return Err(Fault::TooLarge);
    }
    // A table says of what is known much that it is much; a file has as much as the node tells.
    let each = (!fields.is_on("file")).then_some(EACH_SHOWN);
    let mut found: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for some in values.chunks(VALUES_AT_ONCE) {
        let answer = visit
            .ask(
                &web,
                "match_values",
                json!({ "values": some, "each": each }),
            )
            .await?;
        for row in rows(&answer) {
            let objects = row
                .get("objects")
                .map_or_else(Vec::new, |objects| rows(objects).iter().map(line).collect());
            found.insert(text(row, "value").to_owned(), objects);
        }
    }
    if fields.is_on("file") {
        return csv(&values, &found);
    }
    let mut frame = Frame::new(&web, &visit, visit.words.say("bulk-title"));
    let known = values
        .iter()
        .filter(|value| found.get(*value).is_some_and(|lines| !lines.is_empty()))
        .count();
    let mut checked: Vec<Checked> = Vec::new();
    // What is known stands first: of thousands of values that is what is looked for.
    let is_known = |value: &&String| found.get(*value).is_some_and(|lines| !lines.is_empty());
    let ordered = values
        .iter()
        .filter(|value| is_known(value))
        .chain(values.iter().filter(|value| !is_known(value)));
    for value in ordered.take(SHOWN_MAX) {
        let lines = found.get(value);
        let first = lines.and_then(|lines| lines.first()).cloned();
        if let Some(line) = &first {
            frame.mark(&line.label);
        }
        checked.push(Checked {
            value: value.clone(),
            href: value::place(value),
            objects: match lines.map_or(0, Vec::len) {
                EACH_SHOWN => format!("{EACH_SHOWN}+"),
                few => few.to_string(),
            },
            first,
        });
    }
    let shown = Bulk {
        frame,
        checked,
        all: values.len(),
        known,
        values: pasted,
    };
    page(&visit, &shown)
}

/// The same as CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets an apostrophe in front.
fn csv(values: &[String], found: &BTreeMap<String, Vec<Line>>) -> Shown {
    let mut text = String::from("value,objects,first,label\r\n");
    for value in values {
        let lines = found.get(value).map_or(&[][..], Vec::as_slice);
        let first = lines.first();
        let cells = [
            value.clone(),
            lines.len().to_string(),
            first.map_or_else(String::new, |line| line.id.clone()),
            first.map_or_else(String::new, |line| line.label.clone()),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    let name = "attachment; filename=\"values.csv\"";
    file("text/csv; charset=utf-8", name, text)
}

fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@']);
    let cell = if formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    format!("\"{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_told_from_words() {
        assert!(is_object_id(
            "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f"
        ));
        assert!(!is_object_id("a--b"));
        assert!(!is_object_id(
            "x--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f/../../a"
        ));
    }

    #[test]
    fn no_cell_of_a_file_is_a_formula() {
        assert_eq!(quoted("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(quoted("198.51.100.7"), "\"198.51.100.7\"");
    }
}
