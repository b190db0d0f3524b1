//! Points of contact, checks and candidates as people read them.
//!
//! In scope: lines. Out of scope: asking the node.

use serde_json::Value;

use crate::commands::parties::text;
use crate::commands::threads::is;
use crate::failure::Failure;
use crate::output;

/// Characters of a check's name that a list shows: the subject and eight digits of the number.
const NAME_CHARS: usize = 15;
/// Characters of a candidate's number that a list shows.
const NUMBER_CHARS: usize = 8;

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn short(value: &Value, chars: usize) -> String {
    text(value, "id").chars().take(chars).collect()
}

fn or_dash<'a>(value: &'a Value, name: &str) -> &'a str {
    match text(value, name) {
        "" => "-",
        said => said,
    }
}

/// How long an answer took, in whole minutes from the second minute on.
fn took(value: &Value) -> String {
    match value.get("answer_seconds").and_then(Value::as_i64) {
        Some(seconds) if seconds.abs() < 120 => format!("{seconds} s"),
        Some(seconds) => format!("{} min", seconds / 60),
        None => "-".to_owned(),
    }
}

/// A line for each point of contact.
pub(super) fn contacts(all: &Value) -> Result<(), Failure> {
    if each(all).next().is_none() {
        output::say("no points of contact: an accord in force names them");
    }
    for one in each(all) {
        let ways = [text(one, "email"), text(one, "phone")];
        let ways: Vec<&str> = ways.into_iter().filter(|way| !way.is_empty()).collect();
        let days = one.get("days_left").and_then(Value::as_i64).unwrap_or(0);
        let left = if days < 0 {
            format!("overdue {} days", -days)
        } else {
            format!("{days} days left")
        };
        let columns = [
            text(one, "colour").to_owned(),
            text(one, "party").to_owned(),
            text(one, "contact").to_owned(),
            ways.join(", "),
            format!("{} {}", text(one, "hours"), text(one, "time_zone")),
            format!("valid until {}", or_dash(one, "valid_until")),
            format!("verified {}, {left}", or_dash(one, "verified")),
            format!("answered {} in {}", or_dash(one, "answered"), took(one)),
            text(one, "reason").to_owned(),
        ];
        output::data(columns.join("\t").trim_end())?;
    }
    designated(all)
}

/// The addresses by which parties gave mail to each other, once for each.
fn designated(all: &Value) -> Result<(), Failure> {
    let mut told = Vec::new();
    for one in each(all) {
        for address in each(one.get("designated").unwrap_or(&Value::Null)) {
            let line = ["purpose", "address", "standing"].map(|name| text(address, name));
            let line = format!("mail\t{}\t{}", text(one, "party"), line.join("\t"));
            if !told.contains(&line) {
                output::data(&line)?;
                told.push(line);
            }
        }
    }
    Ok(())
}

/// A line for each check.
pub(super) fn checks(all: &Value) -> Result<(), Failure> {
    if each(all).next().is_none() {
        output::say("no checks; `comity contact ping --party PARTY --contact ROLE` makes one");
    }
    for one in each(all) {
        output::data(&line(one))?;
    }
    Ok(())
}

fn line(one: &Value) -> String {
    let kind = [("hotline", "hotline test"), ("unannounced", "unannounced")];
    let kind: Vec<&str> = kind
        .into_iter()
        .filter(|(name, _)| is(one, name))
        .map(|(_, said)| said)
        .collect();
    let whose = if is(one, "ours") { "for us" } else { "from us" };
    let answer = if text(one, "answered").is_empty() {
        format!("answer due {}", text(one, "due"))
    } else {
        let late = if is(one, "late") { ", late" } else { "" };
        format!(
            "answered by {} in {}{late}",
            text(one, "answered_by"),
            took(one)
        )
    };
    let columns = [
        short(one, NAME_CHARS),
        text(one, "state").to_owned(),
        text(one, "party").to_owned(),
        format!("{whose}: {}", text(one, "contact")),
        kind.join(", "),
        format!("sent {}", text(one, "sent")),
        answer,
    ];
    columns.join("\t")
}

/// A check that was opened: its name is the data.
pub(super) fn opened(one: &Value) -> Result<(), Failure> {
    output::data(text(one, "id"))?;
    output::say(&format!(
        "an answer is due {}; its code is {}, for whoever tries another way",
        text(one, "due"),
        text(one, "code")
    ));
    Ok(())
}

/// One check, whole.
pub(super) fn check(one: &Value) -> Result<(), Failure> {
    output::data(text(one, "id"))?;
    output::data(&line(one))?;
    if is(one, "ours") && text(one, "answered").is_empty() {
        output::data(&format!("code\t{}", text(one, "code")))?;
    }
    for step in each(one.get("steps").unwrap_or(&Value::Null)) {
        output::data(&format!(
            "{}\t{}\t{}\tsent {}\treceived {}\t{}",
            text(step, "place"),
            text(step, "event"),
            text(step, "officer"),
            text(step, "sent"),
            or_dash(step, "received"),
            text(step, "state"),
        ))?;
    }
    for void in each(one.get("void").unwrap_or(&Value::Null)) {
        let (place, event, reason) = (
            text(void, "place"),
            text(void, "event"),
            text(void, "reason"),
        );
        output::data(&format!("{place}\t{event}\tcounts for nothing: {reason}"))?;
    }
    if is(one, "ours") && text(one, "answered").is_empty() {
        output::say("a person answers: `comity contact answer ID --code CODE --officer NAME`");
    } else if !text(one, "next_way").is_empty() {
        output::say(&format!(
            "nobody answered in time; next: {}, and `comity contact escalate ID` once it is tried",
            text(one, "next_way")
        ));
    }
    Ok(())
}

/// A check that was answered.
pub(super) fn answered(one: &Value) {
    let late = if is(one, "late") {
        ", after its time"
    } else {
        ""
    };
    output::say(&format!("answered in {}{late}", took(one)));
}

/// A line for each plan.
pub(super) fn plan(all: &Value) -> Result<(), Failure> {
    if each(all).next().is_none() {
        output::say(
            "nothing is planned; contact.check_days and contact.unannounced_days in comity.toml say how often, for a node that \
             serves",
        );
    }
    for one in each(all) {
        let columns = ["at", "state", "kind", "party", "contact"].map(|name| text(one, name));
        output::data(&columns.join("\t"))?;
    }
    Ok(())
}

/// A line for each candidate.
pub(super) fn candidates(all: &Value) -> Result<(), Failure> {
    if each(all).next().is_none() {
        output::say("no candidates; `comity contact import security.txt FILE` takes some");
    }
    for one in each(all) {
        let ended = if is(one, "ended") { ", ENDED" } else { "" };
        let columns = [
            short(one, NUMBER_CHARS),
            text(one, "state").to_owned(),
            text(one, "address").to_owned(),
            format!("said to be of {}", or_dash(one, "party")),
            format!("from {}", text(one, "source")),
            format!("until {}{ended}", text(one, "expires")),
            text(one, "remarks").to_owned(),
        ];
        output::data(columns.join("\t").trim_end())?;
    }
    if each(all).any(|one| text(one, "state") == "candidate") {
        output::say(
            "nobody is behind a candidate before `comity contact challenge ID` and `comity contact confirm ID --code CODE`; it \
             becomes a point of contact when both sides sign an accord that names it",
        );
    }
    Ok(())
}

/// What to send to a candidate's address.
pub(super) fn challenged(one: &Value) -> Result<(), Failure> {
    output::data(text(one, "text"))?;
    let address = text(one, "address");
    output::say(&match text(one, "mailed") {
        "" => format!("send this to {address}; the code is not shown again"),
        to => format!(
            "mailed to {to}: `comity mail outgoing` shows whether it was taken; the code is not shown again"
        ),
    });
    Ok(())
}

/// A check that goes another way from now on.
pub(super) fn escalated(one: &Value) -> Result<(), Failure> {
    check(one)?;
    match text(one, "mailed") {
        "" => {}
        to => output::say(&format!(
            "its number was mailed to {to}; an answer counts under the party's registered key"
        )),
    }
    Ok(())
}

/// A candidate that is confirmed.
pub(super) fn confirmed(one: &Value) {
    output::say(&format!(
        "whoever reads {} sent the code back; whose address it is, an accord says",
        text(one, "address")
    ));
}

/// What a profile says that was only read.
pub(super) fn profile_checked(said: &Value) -> Result<(), Failure> {
    output::data(text(said, "page").trim_end())?;
    output::say(&format!(
        "it is a profile; it would end on {}. `comity contact profile import FILE` signs and sends it",
        text(said, "expires")
    ));
    Ok(())
}

/// To whom a profile went.
pub(super) fn profile_sent(said: &Value) -> Result<(), Failure> {
    for one in each(said.get("sent").unwrap_or(&Value::Null)) {
        output::data(&format!("{}\t{}", text(one, "party"), text(one, "outcome")))?;
    }
    let version = said.get("version").and_then(Value::as_u64).unwrap_or(0);
    output::say(&format!(
        "signed version {version}, which ends on {}",
        text(said, "expires")
    ));
    Ok(())
}

/// A profile as RFC 2350 orders it.
pub(super) fn profile(said: &Value) -> Result<(), Failure> {
    output::data(text(said, "page").trim_end())?;
    let signed = if is(said, "signed") {
        "signed by a key of the party's card"
    } else {
        "NOT SIGNED by a key that the party's card names"
    };
    output::say(&format!(
        "{}, since {}, until {}; {signed}",
        text(said, "state"),
        text(said, "since"),
        text(said, "expires")
    ));
    Ok(())
}
