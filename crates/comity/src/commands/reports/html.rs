//! A paper as one HTML page that needs nothing else: no script, no picture, no address; with a style for printing.
//!
//! In scope: the page. Out of scope: what it says (`review`).

use std::fmt::Write as _;

use comity_case::html::escaped;

use crate::commands::reports::{Document, Section};

const STYLE: &str = "body{font:11pt/1.4 serif;margin:2em auto;max-width:60em;padding:0 1em;color:#111;background:#fff}\
h1{font-size:1.5em;margin:.2em 0}h2{font-size:1.1em;margin:1.6em 0 .4em;border-bottom:1px solid #888}\
table{border-collapse:collapse;width:100%;margin:.3em 0}th,td{border:1px solid #bbb;padding:.2em .5em;text-align:left;vertical-align:top}\
th{background:#eee}td{overflow-wrap:anywhere}.mark{font-weight:bold;text-align:center;letter-spacing:.1em}\
@media print{body{margin:0;max-width:none;font-size:9pt}h2{break-after:avoid}tr{break-inside:avoid}thead{display:table-header-group}\
@page{margin:18mm}}";

/// The page.
pub(super) fn page(document: &Document) -> String {
    let mut page =
        String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Nothing is loaded and nothing runs, whatever a title may hold.
    page.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n");
    let title = escaped(&document.title);
    // Writing into a text does not fail.
    let _ = write!(
        page,
        "<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    );
    let marking = format!("<p class=\"mark\">{}</p>\n", escaped(&document.marking));
    page.push_str(&marking);
    let _ = write!(page, "<h1>{title}</h1>\n<table>\n");
    for (name, value) in &document.facts {
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            escaped(name),
            escaped(value)
        );
    }
    page.push_str("</table>\n");
    for section in &document.sections {
        page.push_str(&table(section));
    }
    page.push_str(&marking);
    page.push_str("</body>\n</html>\n");
    page
}

fn table(section: &Section) -> String {
    let mut text = format!("<h2>{}</h2>\n", escaped(&section.title));
    if section.rows.is_empty() {
        let _ = writeln!(text, "<p>{}</p>", escaped(section.empty));
        return text;
    }
    text.push_str("<table>\n<thead><tr>");
    for head in &section.heads {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escaped(head));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for row in &section.rows {
        text.push_str("<tr>");
        for cell in row {
            let _ = write!(text, "<td>{}</td>", escaped(cell));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody>\n</table>\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_become_markup() {
        let document = Document {
            title: "<script>alert(1)</script>".to_owned(),
            marking: "TLP:AMBER".to_owned(),
            facts: vec![("a & b".to_owned(), "\"'".to_owned())],
            sections: vec![Section {
                title: "Open".to_owned(),
                heads: vec!["title".to_owned()],
                rows: vec![vec!["<img src=x onerror=alert(1)>".to_owned()]],
                empty: "nothing",
            }],
        };
        let page = page(&document);
        assert!(
            !page.contains("<script") && !page.contains("<img"),
            "{page}"
        );
        assert!(
            page.contains("&lt;img src=x onerror=alert(1)&gt;") && page.contains("a &amp; b"),
            "{page}"
        );
        assert!(page.contains("default-src 'none'") && page.contains("@media print"));
        assert_eq!(
            page.matches("TLP:AMBER").count(),
            2,
            "on top and at the end"
        );
    }
}
