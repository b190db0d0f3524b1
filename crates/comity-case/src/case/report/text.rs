//! The status report as plain text.
//!
//! In scope: its lines. Out of scope: what they say.

use std::fmt::Write as _;

use crate::case::report::{OfCase, OwnPart, Report, TaskLine, TimeLine};

/// The whole report.
pub(super) fn write(report: &Report, own: &[OwnPart]) -> String {
    let mut out = String::new();
    // Writing into a text does not fail.
    let _ = head(&mut out, report);
    for case in &report.cases {
        let _ = of_case(&mut out, case);
    }
    if !own.is_empty() {
        let _ = writeln!(out, "\nOWN RECORD: not shared, and not part of the hash");
    }
    for part in own {
        let _ = of_own(&mut out, part);
    }
    let _ = writeln!(
        out,
        "\n{} | status report | hash {}",
        report.label,
        report.hash()
    );
    out
}

fn head(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "{}", report.label)?;
    writeln!(
        out,
        "STATUS REPORT on cases of {}, {}",
        report.parties.join(" and "),
        report.period
    )?;
    writeln!(out, "accord: {}", report.accord)?;
    writeln!(out, "period: {} to {} (UTC)", report.from, report.until)?;
    writeln!(
        out,
        "made from {} messages received by {}; their root {}",
        report.messages, report.as_of, report.root
    )?;
    writeln!(
        out,
        "open at the start: {}; opened: {}; ended: {}; open at the end: {}",
        report.open_at_start, report.opened, report.ended, report.open_at_end
    )
}

fn of_case(out: &mut String, case: &OfCase) -> std::fmt::Result {
    let priority = case.priority.as_deref().unwrap_or("not agreed");
    writeln!(out, "\n{}  [{}]  {}", case.title, case.state, case.label)?;
    writeln!(out, "  {}", case.id)?;
    writeln!(
        out,
        "  opened {} by {}; priority {priority}{}{}",
        case.opened,
        case.opener,
        case.ended
            .as_ref()
            .map_or_else(String::new, |at| format!("; ended {at}")),
        if case.disputed { "; DISPUTED" } else { "" },
    )?;
    writeln!(out, "  {}", case.summary)?;
    if let Some(into) = &case.merged_into {
        writeln!(out, "  merged into {into}")?;
    }
    if let Some(word) = &case.determination {
        let degree = case
            .criticality
            .map(|degree| format!(", criticality {degree} of 100"));
        writeln!(out, "  assessed: {word}{}", degree.unwrap_or_default())?;
    }
    for side in &case.sides {
        let said = side.status.as_deref().unwrap_or("no status was given");
        let at = side.status_at.as_deref().unwrap_or("-");
        let own = side.priority.as_deref().unwrap_or("-");
        writeln!(
            out,
            "  {} (number {}, priority {own}): {said} ({at})",
            side.party,
            if side.number.is_empty() {
                "-"
            } else {
                &side.number
            },
        )?;
        if let Some(outcome) = &side.outcome {
            writeln!(out, "  {} closed it: {outcome}", side.party)?;
        }
    }
    for task in &case.tasks {
        task_line(out, task)?;
    }
    for line in &case.timeline {
        time_line(out, line)?;
    }
    for thread in &case.threads {
        let title = if thread.title.is_empty() {
            &thread.why
        } else {
            &thread.title
        };
        writeln!(out, "  linked  {}  [{}]  {title}", thread.id, thread.state)?;
    }
    writeln!(
        out,
        "  {} values and objects; {} acts in the period",
        case.values,
        case.steps.len()
    )
}

fn of_own(out: &mut String, part: &OwnPart) -> std::fmt::Result {
    writeln!(out, "\n{}", part.case)?;
    for note in &part.notes {
        writeln!(out, "  note  {note}")?;
    }
    for task in &part.tasks {
        task_line(out, task)?;
    }
    for line in &part.timeline {
        time_line(out, line)?;
    }
    Ok(())
}

fn task_line(out: &mut String, task: &TaskLine) -> std::fmt::Result {
    let due = task.due.as_deref().unwrap_or("no date");
    writeln!(
        out,
        "  task  {}  {} [{}], {}'s, {due}{}",
        task.place,
        task.text,
        task.state,
        task.owner,
        if task.result.is_empty() {
            String::new()
        } else {
            format!(": {}", task.result)
        },
    )
}

fn time_line(out: &mut String, line: &TimeLine) -> std::fmt::Result {
    writeln!(
        out,
        "  happened {}, learned {} by {}: {}",
        line.happened, line.learned, line.by, line.text
    )
}
