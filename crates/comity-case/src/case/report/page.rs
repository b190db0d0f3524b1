//! The status report as a page to print or to mail: it stands alone, and nothing in it is anything but text.
//!
//! In scope: its form. Out of scope: what it says, escaping (`html`).

use std::fmt::Write as _;

use crate::case::report::{OfCase, OwnPart, Report, TaskLine, TimeLine};
use crate::html::escaped;

/// Marking and hash on every printed page; tables that break between rows.
const STYLE: &str = "body{font:11pt/1.4 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#111;\
background:#fff}h1{font-size:1.4rem}h2{font-size:1.1rem;margin:2rem 0 .3rem;border-top:1px solid #999;padding-top:.8rem}\
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;\
border-bottom:1px solid #ddd}th{font-weight:600}.label{font-weight:700}.id,.hash{font-family:ui-monospace,monospace;\
font-size:.85em;overflow-wrap:anywhere}.own{border-left:4px solid #b58900;padding-left:1rem}footer{margin-top:2rem}\
@media print{body{margin:0;max-width:none}footer{position:fixed;bottom:0}tr{break-inside:avoid}@page{margin:18mm 16mm 22mm}}";

/// The whole page.
pub(super) fn write(report: &Report, own: &[OwnPart]) -> String {
    let mut out = String::new();
    // Writing into a text does not fail.
    let _ = page(&mut out, report, own);
    out
}

fn page(out: &mut String, report: &Report, own: &[OwnPart]) -> std::fmt::Result {
    let title = format!(
        "Status report on cases of {}, {}",
        report.parties.join(" and "),
        report.period
    );
    let (title, label) = (escaped(&title), escaped(&report.label));
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{label} {title}</title><style>{STYLE}</style></head><body>\n\
         <p class=\"label\">{label}</p><h1>{title}</h1>\n"
    )?;
    rows(
        out,
        &[
            ("Accord", report.accord.clone()),
            (
                "Period",
                format!("{} to {} (UTC)", report.from, report.until),
            ),
            (
                "Made from",
                format!("{} messages received by {}", report.messages, report.as_of),
            ),
            ("Their root", report.root.clone()),
            (
                "Cases",
                format!(
                    "{} open at the start, {} opened, {} ended, {} open at the end",
                    report.open_at_start, report.opened, report.ended, report.open_at_end
                ),
            ),
        ],
    )?;
    for case in &report.cases {
        of_case(out, case)?;
    }
    if !own.is_empty() {
        out.push_str(
            "<div class=\"own\"><h2>Own record: not shared, and not part of the hash</h2>\n",
        );
        for part in own {
            write!(out, "<p class=\"id\">{}</p>", escaped(&part.case))?;
            for note in &part.notes {
                write!(out, "<p>{}</p>", escaped(note))?;
            }
            tasks(out, &part.tasks)?;
            timeline(out, &part.timeline)?;
        }
        out.push_str("</div>\n");
    }
    writeln!(
        out,
        "<footer><p>{label} &middot; <span class=\"hash\">hash {}</span></p></footer></body></html>",
        report.hash()
    )
}

fn of_case(out: &mut String, case: &OfCase) -> std::fmt::Result {
    writeln!(
        out,
        "<h2>{}</h2><p class=\"id\">{}</p><p>{}</p>",
        escaped(&case.title),
        escaped(&case.id),
        escaped(&case.summary)
    )?;
    let mut facts = vec![
        ("State", case.state.clone()),
        ("Label", case.label.clone()),
        ("Opened", format!("{} by {}", case.opened, case.opener)),
        (
            "Priority",
            case.priority
                .clone()
                .unwrap_or_else(|| "not agreed".to_owned()),
        ),
    ];
    let more = [
        ("Ended", &case.ended),
        ("Assessed", &case.determination),
        ("Merged into", &case.merged_into),
    ];
    for (name, value) in more {
        facts.extend(value.clone().map(|value| (name, value)));
    }
    if case.disputed {
        facts.push(("Disputed", "yes".to_owned()));
    }
    for side in &case.sides {
        let status = side.status.as_deref().unwrap_or("no status was given");
        let said = format!(
            "number {}, priority {}: {status} ({})",
            if side.number.is_empty() {
                "-"
            } else {
                &side.number
            },
            side.priority.as_deref().unwrap_or("-"),
            side.status_at.as_deref().unwrap_or("-"),
        );
        facts.push((&side.party, said));
    }
    rows(out, &facts)?;
    tasks(out, &case.tasks)?;
    timeline(out, &case.timeline)?;
    let threads = case.threads.iter().map(|thread| {
        let title = if thread.title.is_empty() {
            &thread.why
        } else {
            &thread.title
        };
        vec![thread.id.clone(), title.clone(), thread.state.clone()]
    });
    table(out, &["Thread", "About", "State"], threads)
}

fn tasks(out: &mut String, all: &[TaskLine]) -> std::fmt::Result {
    let lines = all.iter().map(|task| {
        vec![
            task.place.clone(),
            task.text.clone(),
            task.owner.clone(),
            task.due.clone().unwrap_or_default(),
            task.state.clone(),
            task.result.clone(),
        ]
    });
    table(
        out,
        &["Task", "What", "Whose", "Due", "State", "Result"],
        lines,
    )
}

fn timeline(out: &mut String, all: &[TimeLine]) -> std::fmt::Result {
    let lines = all.iter().map(|line| {
        vec![
            line.happened.clone(),
            line.learned.clone(),
            line.by.clone(),
            line.text.clone(),
        ]
    });
    table(out, &["Happened", "Learned", "By", "What"], lines)
}

fn rows(out: &mut String, facts: &[(&str, String)]) -> std::fmt::Result {
    out.push_str("<table>\n");
    for (name, value) in facts {
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            escaped(name),
            escaped(value)
        )?;
    }
    out.push_str("</table>\n");
    Ok(())
}

/// A table, where there is a line to show.
fn table(
    out: &mut String,
    heads: &[&str],
    lines: impl ExactSizeIterator<Item = Vec<String>>,
) -> std::fmt::Result {
    if lines.len() == 0 {
        return Ok(());
    }
    out.push_str("<table><thead><tr>");
    for head in heads {
        write!(out, "<th scope=\"col\">{head}</th>")?;
    }
    out.push_str("</tr></thead><tbody>\n");
    for line in lines {
        out.push_str("<tr>");
        for cell in line {
            write!(out, "<td>{}</td>", escaped(&cell))?;
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
    Ok(())
}
