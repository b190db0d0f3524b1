//! The report of an exercise as a page of HTML that stands alone: no script, nothing loaded from elsewhere.
//!
//! In scope: the page. Out of scope: what it says, which the node puts together.

use std::fmt::Write as _;

use comity_case::html::escaped;
use serde_json::Value;

use super::shown::meanwhile;
use crate::commands::parties::text;
use crate::commands::threads::each;

const STYLE: &str = "body{font:1rem/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;width:100%}th,td{border:1px solid;padding:.3rem .5rem;text-align:left;vertical-align:top}\
.label{font-weight:bold}pre{white-space:pre-wrap;font:inherit}";

/// The page.
pub(super) fn page(report: &Value) -> String {
    let exercise = report.get("exercise_thread").cloned().unwrap_or_default();
    let title = escaped(text(report, "title"));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Exercise: {title}</title>\n\
         <style>{STYLE}</style></head>\n<body>\n<p class=\"label\">EXERCISE, {}</p>\n<h1>{title}</h1>\n",
        escaped(text(report, "label"))
    );
    // Writing into a text does not fail.
    let _ = writeln!(
        page,
        "<p>{} between {} and {}; {}. Planned {} to {}. Started {}, stopped {}.</p>\n<p>Scenario, by SHA-256: <code>{}</code></p>",
        escaped(text(report, "id")),
        escaped(text(report, "opener")),
        escaped(text(report, "party")),
        escaped(text(report, "state")),
        escaped(text(&exercise, "starts")),
        escaped(text(&exercise, "ends")),
        or_dash(text(&exercise, "started")),
        or_dash(text(&exercise, "stopped")),
        escaped(text(&exercise, "scenario")),
    );
    injects(&mut page, report);
    threads(&mut page, report);
    page.push_str("<h2>What each side learned</h2>\n");
    for report in each(&exercise, "reports") {
        let _ = writeln!(
            page,
            "<h3>{}, {}</h3>\n<pre>{}</pre>",
            escaped(text(report, "by")),
            escaped(text(report, "at")),
            escaped(text(report, "text"))
        );
    }
    scorecard(&mut page, report);
    page.push_str("</body>\n</html>\n");
    page
}

fn injects(page: &mut String, report: &Value) {
    page.push_str("<h2>What was given</h2>\n<table><tr><th>Inject</th><th>Simulated</th><th>Given</th><th>What</th><th>Expected, and what was done meanwhile</th></tr>\n");
    for inject in each(report, "given") {
        let expected = each(inject, "expected").map(|one| {
            format!(
                "{} until {}: {}<br>{}",
                escaped(text(one, "by")),
                or_dash(text(one, "until")),
                escaped(text(one, "text")),
                escaped(&meanwhile(one))
            )
        });
        let expected: Vec<String> = expected.collect();
        let number = inject.get("number").and_then(Value::as_u64).unwrap_or(0);
        let _ = writeln!(
            page,
            "<tr><td>{number}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(text(inject, "simulated")),
            escaped(text(inject, "at")),
            escaped(text(inject, "text")),
            expected.join("<br>")
        );
    }
    page.push_str("</table>\n");
}

fn threads(page: &mut String, report: &Value) {
    page.push_str("<h2>What was done</h2>\n<table><tr><th>Thread</th><th>State</th><th>About</th><th>From</th></tr>\n");
    for row in each(report, "threads") {
        let cells = ["id", "state", "title", "opener"].map(|name| escaped(text(row, name)));
        let _ = writeln!(page, "<tr><td>{}</td></tr>", cells.join("</td><td>"));
    }
    page.push_str("</table>\n");
}

fn scorecard(page: &mut String, report: &Value) {
    let Some(card) = report.get("scorecard").filter(|card| card.is_object()) else {
        return;
    };
    page.push_str("<h2>What the promises of the accord came to</h2>\n<table><tr><th>Outcome</th><th>Commitment</th><th>By</th><th>To</th><th>Kept</th><th>Missed</th></tr>\n");
    let results = card.pointer("/card/results").and_then(Value::as_array);
    for result in results.into_iter().flatten() {
        let count = |name: &str| result.get(name).and_then(Value::as_u64).unwrap_or(0);
        let cells = ["outcome", "commitment", "by", "to"].map(|name| escaped(text(result, name)));
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            cells.join("</td><td>"),
            count("kept"),
            count("missed")
        );
    }
    let _ = writeln!(
        page,
        "</table>\n<p>Hash <code>{}</code>, as of {}.</p>",
        escaped(text(card, "hash")),
        escaped(text(card, "as_of"))
    );
}

fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        escaped(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_others_wrote_is_text_and_never_markup() {
        let evil = "<script>alert('x')</script> \"&";
        let report = json!({
            "id": evil, "title": evil, "label": evil, "opener": evil, "party": evil, "state": evil,
            "given": [{"number": 1, "text": evil, "simulated": evil, "at": evil, "expected": [
                {"by": evil, "text": evil, "until": evil, "done": [{"event": evil, "thread": evil, "at": evil}]},
            ]}],
            "threads": [{"id": evil, "state": evil, "title": evil, "opener": evil}],
            "exercise_thread": {"reports": [{"by": evil, "at": evil, "text": evil}], "starts": evil, "scenario": evil},
            "scorecard": {"hash": evil, "card": {"results": [{"outcome": evil, "commitment": evil}]}},
        });
        let page = page(&report);
        assert!(!page.contains("<script"), "{page}");
        assert!(page.matches("&lt;script&gt;").count() > 15);
    }
}
