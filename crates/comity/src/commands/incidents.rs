//! `comity incident`.
//!
//! In scope: one call of the node for each act, and the clocks as people read them. Out of scope: when clocks end
//! (`comity-case`).

use comity_case::incident::clock;
use comity_node::case::command::CaseCommand;
use serde_json::{Value, json};

use crate::cli::Json;
use crate::cli::act::Act;
use crate::cli::incident::{IncidentAct, IncidentCommand, OpenIncident};
use crate::commands::parties::text;
use crate::commands::requests::acting;
use crate::commands::threads::{self, Noun, each, head, steps};
use crate::failure::Failure;
use crate::output;

const NOUN: Noun = Noun {
    subject: "incident",
    nothing: "no incidents; `comity incident open --to PARTY --tlp LABEL --title TEXT --regime WORD --aware TIME` reports one",
};

/// `comity incident …`
pub(crate) fn run(command: IncidentCommand) -> Result<(), Failure> {
    match command {
        IncidentCommand::Clocks { .. } => output::data(clock::markdown().trim_end()),
        IncidentCommand::Open(args) => open(*args),
        IncidentCommand::List { list, exercise } => threads::list(NOUN, list, exercise),
        IncidentCommand::Show { one } => {
            let mut backend = threads::backend(one.data.data)?;
            let incident = backend.case(CaseCommand::Show { thread: one.id })?;
            whole(&incident, one.json)?;
            backend.close()
        }
        IncidentCommand::Act(act) => perform(act),
        IncidentCommand::Dispute(command) => {
            let mut backend = threads::backend(command.act().data.data.clone())?;
            let (json, incident) = threads::dispute(&mut backend, command)?;
            told(&incident, json)?;
            backend.close()
        }
    }
}

fn open(args: OpenIncident) -> Result<(), Failure> {
    let mut backend = threads::backend(args.data.data)?;
    let line = backend.case(CaseCommand::Open {
        subject: "incident".to_owned(),
        party: args.to,
        label: args.tlp.to_string(),
        exercise: args.exercise,
        event: "aware".to_owned(),
        content: json!({
            "title": args.title, "at": args.aware, "regime": args.regime, "classified_at": args.classified,
        }),
        acting: acting(args.officer),
    })?;
    let thread = text(&line, "id").to_owned();
    let incident = backend.case(CaseCommand::Show { thread })?;
    told(&incident, args.json)?;
    backend.close()
}

fn perform(act: IncidentAct) -> Result<(), Failure> {
    let (act, event, content) = event(act)?;
    let mut backend = threads::backend(act.data.data.clone())?;
    let json = act.json;
    let incident = threads::say(&mut backend, act, event, content)?;
    told(&incident, json)?;
    backend.close()
}

/// The event of an act and what it says.
fn event(act: IncidentAct) -> Result<(Act, &'static str, Value), Failure> {
    use IncidentAct as A;
    Ok(match act {
        A::EarlyWarning { act, said } => {
            let text = threads::said(said)?;
            (act, "early-warning", json!({ "text": text }))
        }
        A::Notification { act, said, objects } => {
            let text = threads::said(said)?;
            (
                act,
                "notification",
                json!({ "text": text, "objects": objects }),
            )
        }
        A::Intermediate { act, said, objects } => {
            let text = threads::said(said)?;
            (
                act,
                "intermediate",
                json!({ "text": text, "objects": objects }),
            )
        }
        A::Progress {
            act,
            said,
            classified,
            measure,
        } => {
            let text = threads::said(said)?;
            let content =
                json!({ "text": text, "classified_at": classified, "measure_at": measure });
            (act, "progress", content)
        }
        A::Final { act, said, objects } => {
            let text = threads::said(said)?;
            (act, "final", json!({ "text": text, "objects": objects }))
        }
        A::Acknowledge { act, number, note } => (
            act,
            "acknowledge",
            json!({ "number": number, "note": note }),
        ),
    })
}

/// After an act: the incident's name, where it stands, and the time that is left.
fn told(shown: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(shown);
    }
    output::data(text(shown, "id"))?;
    let incident = shown.get("incident").cloned().unwrap_or_default();
    output::say(&format!(
        "{}; {}",
        text(shown, "state"),
        threads::owed(shown)
    ));
    for clock in each(&incident, "clocks").filter(|clock| runs(clock)) {
        output::say(&clock_line(clock));
    }
    Ok(())
}

fn runs(clock: &Value) -> bool {
    clock.get("left_seconds").and_then(Value::as_i64).is_some()
}

/// One incident, whole.
fn whole(shown: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(shown);
    }
    let incident = shown.get("incident").cloned().unwrap_or_default();
    head(shown, &incident)?;
    output::data(&format!(
        "by {}, known since {}",
        text(&incident, "regime"),
        text(&incident, "aware")
    ))?;
    for (name, key) in [
        ("classified", "classified"),
        ("a measure available", "measure"),
    ] {
        if !text(&incident, key).is_empty() {
            output::data(&format!("{name} {}", text(&incident, key)))?;
        }
    }
    for clock in each(&incident, "clocks") {
        output::data(&clock_line(clock))?;
    }
    output::data("")?;
    for report in each(&incident, "reports") {
        output::data(&format!(
            "{}, {}: {}",
            text(report, "stage"),
            text(report, "at"),
            text(report, "text")
        ))?;
        for object in each(report, "objects").filter_map(Value::as_str) {
            output::data(&format!("  {object}"))?;
        }
    }
    for one in each(&incident, "acknowledged") {
        let note = text(one, "note");
        let note = if note.is_empty() {
            String::new()
        } else {
            format!(": {note}")
        };
        output::data(&format!(
            "acknowledged {} as {}{note}",
            text(one, "at"),
            text(one, "number")
        ))?;
    }
    output::data("")?;
    steps(&incident)?;
    output::say(&format!("possible now: {}", text(&incident, "possible")));
    Ok(())
}

/// A clock: what it is, when it ends, and how much time is left by which calendar.
fn clock_line(clock: &Value) -> String {
    let stands = match (text(clock, "sent"), text(clock, "due")) {
        ("", "") => format!("starts with {}", text(clock, "from")),
        ("", due) => {
            let left = clock.get("left_seconds").and_then(Value::as_i64);
            let left = left.map_or_else(|| "no longer asked for".to_owned(), left_of);
            format!("due {due}, {left}, counting {}", text(clock, "calendar"))
        }
        (sent, due) if due.is_empty() || sent <= due => format!("sent {sent}"),
        (sent, due) => format!("sent {sent}, LATE: it was due {due}"),
    };
    format!(
        "{} ({} from {}): {stands}",
        text(clock, "called"),
        text(clock, "within"),
        text(clock, "from"),
    )
}

/// An amount of time for people.
fn left_of(seconds: i64) -> String {
    let minutes = seconds.unsigned_abs().div_euclid(60);
    let (days, hours, minutes) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    let amount = match (days, hours) {
        (0, 0) => format!("{minutes} min"),
        (0, hours) => format!("{hours} h {minutes} min"),
        (days, hours) => format!("{days} d {hours} h"),
    };
    if seconds < 0 {
        format!("OVERDUE by {amount}")
    } else {
        format!("{amount} left")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_time_are_told_for_people() {
        let check = |seconds, expected: &str| assert_eq!(left_of(seconds), expected);
        check(59, "0 min left");
        check(3_600 * 23 + 60 * 14, "23 h 14 min left");
        check(86_400 * 30 + 3_600, "30 d 1 h left");
        check(-7_200, "OVERDUE by 2 h 0 min");
    }
}
