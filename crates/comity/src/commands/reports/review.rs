//! The paper for a review, cut into tables that a page or a text shows.
//!
//! In scope: words and columns. Out of scope: the figures (`comity_case::paper`), markup (`html`).

use comity_case::history::stamp;
use serde_json::Value;

use crate::commands::parties::text;
use crate::commands::reports::{Document, Section};
use crate::commands::threads::each;

/// A figure of both sides: what it is, and where it stands in a side; a share is two places.
type Figure = (&'static str, &'static str);

const ANSWERING: &[Figure] = &[
    ("Requests received", "/answering/requests"),
    ("of these emergencies", "/answering/emergency"),
    ("of these urgent", "/answering/urgent"),
    ("Acknowledged by a person", "/answering/acknowledged/count"),
    (
        "Time to acknowledge, median",
        "/answering/acknowledged/median_seconds",
    ),
    (
        "Time to acknowledge, longest",
        "/answering/acknowledged/longest_seconds",
    ),
    ("Answered", "/answering/answered/count"),
    (
        "Time to answer, median",
        "/answering/answered/median_seconds",
    ),
    (
        "Time to answer, longest",
        "/answering/answered/longest_seconds",
    ),
    (
        "Declined, of all that were concluded",
        "/answering/declined",
    ),
    ("Reasons for declining", "/answering/declined/reasons"),
    ("Referred to a third party", "/answering/referred"),
    ("Returned as incomplete", "/answering/returned"),
    ("Requests with a later date", "/answering/extended/requests"),
    (
        "of these answered by the last date",
        "/answering/extended/kept",
    ),
];
const MARKS: &[Figure] = &[
    ("Feedback received, of answered requests", "/marks/given"),
    ("Useful", "/marks/useful"),
    ("Quality, marks 1 to 5", "/marks/quality"),
    ("Acted upon", "/marks/acted"),
];
const ASKING: &[Figure] = &[
    ("Requests sent", "/asking/requests"),
    ("Urgent or emergency, of all", "/asking/urgent"),
    ("Came back as incomplete, of all", "/asking/incomplete"),
    ("Taken back", "/asking/withdrawn"),
    ("Answers received", "/feedback/answers"),
    ("Feedback given", "/feedback/given/count"),
    ("Time to feedback, median", "/feedback/given/median_seconds"),
];
const HOTLINE: &[Figure] = &[
    ("Calls made", "/hotline/made"),
    ("of these tests", "/hotline/tests_made"),
    ("Calls received", "/hotline/got"),
    ("of these tests", "/hotline/tests_got"),
    ("Not answered", "/hotline/unanswered"),
    ("Time to answer, median", "/hotline/answered/median_seconds"),
    (
        "Time to answer, longest",
        "/hotline/answered/longest_seconds",
    ),
    ("Actions agreed", "/hotline/actions_agreed"),
];
const CHECKS: &[Figure] = &[
    ("Checks of its contacts", "/checks/got"),
    ("of these unannounced", "/checks/unannounced"),
    ("Answered in time", "/checks/in_time"),
    ("Not answered", "/checks/unanswered"),
    ("Tried by another way", "/checks/escalated"),
    ("Time to answer, median", "/checks/answered/median_seconds"),
    (
        "Time to answer, longest",
        "/checks/answered/longest_seconds",
    ),
    ("By contact", "/checks/contacts"),
];
const SHARED: &[Figure] = &[
    ("Deliveries", "/shared/deliveries"),
    ("Indicators", "/shared/indicators"),
    ("Reports", "/shared/reports"),
    ("Samples", "/shared/samples"),
    ("Sightings", "/shared/sightings"),
    ("Recalls received", "/recalls/got"),
    ("Recalls answered", "/recalls/answered"),
];

/// The paper in parts.
pub(super) fn sections(paper: &Value) -> Document {
    let content = paper.get("content").cloned().unwrap_or_default();
    let parties: Vec<&str> = each(&content, "parties")
        .filter_map(Value::as_str)
        .collect();
    let period = text(&content, "period");
    let mut sections = Vec::new();
    let figures = [
        ("Answering requests", ANSWERING),
        ("What the other side said of the answers", MARKS),
        ("Asking, and feedback on answers", ASKING),
        ("Hotline", HOTLINE),
        ("Checks of points of contact", CHECKS),
        ("Sharing and recalls", SHARED),
    ];
    for (title, figures) in figures {
        sections.push(sides(title, figures, &content, &parties));
    }
    sections.push(commitments(&content));
    sections.push(rows(&content));
    sections.push(open(&content));
    sections.push(preservation(&content));
    sections.push(exercises(&content));
    sections.push(disputed(&content));
    Document {
        title: format!("Review of {period} between {}", parties.join(" and ")),
        marking: text(&content, "marking").to_owned(),
        facts: facts(paper, &content),
        sections,
    }
}

/// What the paper is about, and by what it can be compared.
fn facts(paper: &Value, content: &Value) -> Vec<(String, String)> {
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_i64).unwrap_or(0);
    let accord = content.get("accord").cloned().unwrap_or_default();
    let set = content.get("set").cloned().unwrap_or_default();
    let mut facts = vec![
        (
            "Content hash, equal on both sides",
            text(paper, "hash").to_owned(),
        ),
        (
            "Period",
            format!(
                "{} from {} to {}, without the last moment; zone {}",
                text(content, "period"),
                moment(number(content, "from")),
                moment(number(content, "until")),
                text(content, "zone")
            ),
        ),
        ("Messages counted until", moment(number(content, "as_of"))),
        (
            "Accord",
            format!(
                "{}, version {}, {}",
                text(&accord, "name"),
                number(&accord, "version"),
                text(&accord, "sha256")
            ),
        ),
        (
            "Made from",
            format!(
                "{} messages with receipts, root {}",
                number(&set, "messages"),
                text(&set, "root")
            ),
        ),
        ("Scorecard", text(content, "scorecard").to_owned()),
        (
            "Printed",
            format!(
                "by {} on {}",
                text(paper, "printed_by"),
                text(paper, "printed")
            ),
        ),
        (
            "The two sides' word on the result",
            match text(paper, "review") {
                "agreed" => "both say the same".to_owned(),
                "differing" => "they differ".to_owned(),
                _ => "not said by both yet".to_owned(),
            },
        ),
    ];
    for head in each(paper, "checkpoints") {
        let said = format!(
            "{}, {} entries, root {}",
            text(head, "origin"),
            number(head, "size"),
            text(head, "root")
        );
        facts.push(("Ledger's checkpoint when this was printed", said));
    }
    facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A table of figures, a column for each side.
fn sides(title: &str, figures: &[Figure], content: &Value, parties: &[&str]) -> Section {
    let mut heads = vec![String::new()];
    heads.extend(parties.iter().map(|party| (*party).to_owned()));
    let rows = figures.iter().map(|(name, place)| {
        let mut row = vec![(*name).to_owned()];
        row.extend(each(content, "sides").map(|side| figure(side, place)));
        row
    });
    Section {
        title: title.to_owned(),
        heads,
        rows: rows.collect(),
        empty: "",
    }
}

/// A figure as people read it: a number, a time, a share, a list of words with numbers.
fn figure(side: &Value, place: &str) -> String {
    let Some(value) = side.pointer(place) else {
        return "-".to_owned();
    };
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64);
    if place.ends_with("_seconds") {
        return value.as_i64().map_or_else(|| "-".to_owned(), lasting);
    }
    if place == "/marks/given" {
        let of = side
            .pointer("/marks/of")
            .and_then(Value::as_u64)
            .unwrap_or(0);
        return share(value.as_u64().unwrap_or(0), of);
    }
    if let (Some(count), Some(of)) = (number(value, "count"), number(value, "of")) {
        return share(count, of);
    }
    match value.as_object() {
        Some(members) => {
            let listed = members
                .iter()
                .filter(|(_, count)| count.as_u64() != Some(0));
            let listed: Vec<String> = listed
                .map(|(name, count)| format!("{name}: {count}"))
                .collect();
            if listed.is_empty() {
                "-".to_owned()
            } else {
                listed.join(", ")
            }
        }
        None => value.to_string(),
    }
}

/// A share, with percent as whole numbers rounded down.
fn share(count: u64, of: u64) -> String {
    match (count * 100).checked_div(of) {
        Some(percent) => format!("{count} of {of} ({percent} %)"),
        None => "-".to_owned(),
    }
}

/// How long, in the two largest units.
fn lasting(seconds: i64) -> String {
    let (days, hours) = (seconds / 86_400, seconds % 86_400 / 3_600);
    let (minutes, rest) = (seconds % 3_600 / 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => format!("{minutes} min {rest} s"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

fn commitments(content: &Value) -> Section {
    let number = |result: &Value, name: &str| result.get(name).and_then(Value::as_u64).unwrap_or(0);
    let rows = each(content, "commitments").map(|result| {
        let (kept, missed) = (number(result, "kept"), number(result, "missed"));
        let exercise = result.get("exercise").and_then(Value::as_bool) == Some(true);
        let exercise = if exercise { "EXERCISE " } else { "" };
        vec![
            format!("{exercise}{}", text(result, "commitment")),
            text(result, "kind").to_owned(),
            format!("{} to {}", text(result, "by"), text(result, "to")),
            text(result, "period").to_owned(),
            text(result, "outcome").to_owned(),
            share(kept, kept + missed),
            format!("{} %", number(result, "required_percent")),
            number(result, "disputed").to_string(),
            text(result, "basis").to_owned(),
        ]
    });
    let heads = [
        "commitment",
        "kind",
        "by",
        "period",
        "result",
        "kept",
        "promised",
        "disputed",
        "basis",
    ];
    section(
        "Commitments",
        &heads,
        rows.collect(),
        "the accord has none for this period",
    )
}

/// The rows behind the results: all that was missed or is disputed; what was kept is counted above and listed with `--json`.
fn rows(content: &Value) -> Section {
    let mut rows = Vec::new();
    for result in each(content, "commitments") {
        for row in each(result, "rows").filter(|row| text(row, "verdict") != "kept") {
            let at = |name: &str| row.get(name).and_then(Value::as_i64).map(moment);
            let skewed = row.get("skewed").and_then(Value::as_bool) == Some(true);
            rows.push(vec![
                text(result, "commitment").to_owned(),
                text(result, "by").to_owned(),
                text(row, "verdict").to_owned(),
                text(row, "subject").to_owned(),
                at("due").unwrap_or_default(),
                at("done").unwrap_or_else(|| "-".to_owned()),
                if skewed {
                    "clocks differed".to_owned()
                } else {
                    String::new()
                },
            ]);
        }
    }
    let heads = ["commitment", "by", "verdict", "about", "due", "done", ""];
    section(
        "Rows that were missed or are disputed",
        &heads,
        rows,
        "none",
    )
}

fn open(content: &Value) -> Section {
    let rows = each(content, "open").map(|one| {
        let at = |name: &str| {
            one.get(name)
                .and_then(Value::as_i64)
                .map_or_else(|| "-".to_owned(), moment)
        };
        vec![
            text(one, "title").to_owned(),
            text(one, "urgency").to_owned(),
            format!("{} of {}", text(one, "by"), text(one, "of")),
            text(one, "state").to_owned(),
            at("delivered"),
            at("due"),
            text(one, "id").to_owned(),
        ]
    });
    let heads = [
        "request",
        "urgency",
        "by",
        "state",
        "received",
        "answer due",
        "name",
    ];
    section("Open requests", &heads, rows.collect(), "none")
}

fn preservation(content: &Value) -> Section {
    let rows = each(content, "preservation").map(|one| {
        let at = |name: &str| {
            one.get(name)
                .and_then(Value::as_i64)
                .map_or_else(|| "-".to_owned(), moment)
        };
        vec![
            text(one, "title").to_owned(),
            text(one, "by").to_owned(),
            text(one, "state").to_owned(),
            at("from"),
            at("until"),
            at("ended"),
        ]
    });
    let heads = ["data of", "held by", "state", "since", "until", "ended"];
    section("Preserved data", &heads, rows.collect(), "none was held")
}

fn exercises(content: &Value) -> Section {
    let rows = each(content, "exercises").map(|one| {
        let at = |name: &str| {
            one.get(name)
                .and_then(Value::as_i64)
                .map_or_else(|| "-".to_owned(), moment)
        };
        let reports: Vec<&str> = each(one, "reports").filter_map(Value::as_str).collect();
        vec![
            text(one, "title").to_owned(),
            text(one, "state").to_owned(),
            at("started"),
            at("completed"),
            one.get("injects")
                .map_or_else(String::new, ToString::to_string),
            reports.join(", "),
        ]
    });
    let heads = [
        "exercise",
        "state",
        "started",
        "completed",
        "injects",
        "reports by",
    ];
    section("Exercises", &heads, rows.collect(), "none")
}

fn disputed(content: &Value) -> Section {
    let rows = each(content, "disputed").map(|one| {
        let what = match one.get("contradicting") {
            Some(place) => format!("wrote two messages in place {place}"),
            None => format!("disputes {}", text(one, "message")),
        };
        vec![
            text(one, "thread").to_owned(),
            text(one, "by").to_owned(),
            what,
        ]
    });
    section(
        "What is disputed",
        &["thread", "by", "what"],
        rows.collect(),
        "nothing",
    )
}

fn section(title: &str, heads: &[&str], rows: Vec<Vec<String>>, empty: &'static str) -> Section {
    Section {
        title: title.to_owned(),
        heads: heads.iter().map(|head| (*head).to_owned()).collect(),
        rows,
        empty,
    }
}

fn moment(seconds: i64) -> String {
    stamp(seconds).replace(".000Z", "Z")
}

/// The paper as text, a line for each row.
pub(super) fn plain(document: &Document) -> String {
    let mut lines = vec![document.marking.clone(), document.title.clone()];
    lines.extend(
        document
            .facts
            .iter()
            .map(|(name, value)| format!("{name}: {value}")),
    );
    for section in &document.sections {
        lines.push(String::new());
        lines.push(section.title.clone());
        if section.rows.is_empty() {
            lines.push(format!("  {}", section.empty));
            continue;
        }
        let heads: Vec<&str> = section.heads.iter().map(String::as_str).collect();
        lines.push(format!("  {}", heads.join("\t")));
        lines.extend(
            section
                .rows
                .iter()
                .map(|row| format!("  {}", row.join("\t"))),
        );
    }
    lines.push(document.marking.clone());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_read_as_numbers_times_shares_and_lists() {
        let side = json!({
            "answering": {
                "requests": 12, "declined": {"count": 1, "of": 8, "reasons": {"resources": 1, "format": 0}},
                "answered": {"median_seconds": 93_784},
            },
            "marks": {"given": 3, "of": 4},
        });
        let check =
            |place: &str, expected: &str| assert_eq!(figure(&side, place), expected, "{place}");
        check("/answering/requests", "12");
        check("/answering/declined", "1 of 8 (12 %)");
        check("/answering/declined/reasons", "resources: 1");
        check("/answering/answered/median_seconds", "1 d 2 h");
        check("/answering/answered/longest_seconds", "-");
        check("/marks/given", "3 of 4 (75 %)");
        assert_eq!(share(0, 0), "-");
        for (seconds, said) in [
            (5, "5 s"),
            (65, "1 min 5 s"),
            (3_700, "1 h 1 min"),
            (86_400, "1 d 0 h"),
        ] {
            assert_eq!(lasting(seconds), said);
        }
    }
}
