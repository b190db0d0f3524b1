//! Addresses as people read them.
//!
//! In scope: lines. Out of scope: asking the node.

use serde_json::Value;

use crate::commands::parties::text;
use crate::commands::threads::{each, is};
use crate::failure::Failure;
use crate::output;

/// Characters of a name that a list shows: the subject and eight digits of the number.
const NAME_CHARS: usize = 17;

fn number(value: &Value, name: &str) -> Option<u64> {
    value.get(name).and_then(Value::as_u64)
}

/// An address that was made: it is the data.
pub(super) fn created(one: &Value) -> Result<(), Failure> {
    output::data(text(one, "address"))?;
    let party = text(one, "party");
    let told = if is(one, "told") {
        format!("{party} is told by the node link")
    } else {
        format!(
            "tell {party} yourself; `comity address tell {}` does it once there is an accord",
            text(one, "id")
        )
    };
    output::say(&format!(
        "{} takes mail from {party} until {}; {told}",
        short(one),
        text(one, "expires")
    ));
    Ok(())
}

/// A line for each address.
pub(super) fn addresses(all: &Value) -> Result<(), Failure> {
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        output::say("no addresses; `comity address create PARTY` makes one");
    }
    for one in all {
        output::data(&line(one))?;
    }
    Ok(())
}

fn short(one: &Value) -> String {
    text(one, "id").chars().take(NAME_CHARS).collect()
}

fn line(one: &Value) -> String {
    let whose = if is(one, "ours") { "for" } else { "of" };
    let uses = match (number(one, "uses"), number(one, "uses_allowed")) {
        (Some(used), Some(most)) => format!("{used} of {most} mails"),
        (Some(used), None) => output::counted(used, "mail", "mails"),
        (None, Some(most)) => format!("takes {}", output::counted(most, "mail", "mails")),
        (None, None) => String::new(),
    };
    let until = match (text(one, "state"), text(one, "expires")) {
        ("revoked", _) => format!("since {}", text(one, "revoked")),
        (_, "") => "for good".to_owned(),
        (_, until) => format!("until {until}"),
    };
    let columns = [
        short(one),
        text(one, "state").to_owned(),
        format!("{whose} {}", text(one, "party")),
        text(one, "purpose").to_owned(),
        text(one, "address").to_owned(),
        until,
        uses,
        next(one),
    ];
    columns.join("\t").trim_end().to_owned()
}

/// What is to be done next, by whom.
fn next(one: &Value) -> String {
    let waits = is(one, "waits_for_second");
    match (text(one, "next"), text(one, "state")) {
        ("approve", _) if waits => format!(
            "next: another person than {} approves",
            text(one, "asked_by")
        ),
        ("approve", _) => "next: promote".to_owned(),
        ("", "challenged") => format!("waits for the answer of {}", text(one, "party")),
        ("", "proposed") => format!("waits for {} to confirm", text(one, "party")),
        ("", "answered") => format!("waits for a second person of {}", text(one, "party")),
        ("", _) => String::new(),
        (verb, _) => format!("next: {verb}"),
    }
}

/// Where an address stands after an act, and what is next.
pub(super) fn stands(one: &Value) -> Result<(), Failure> {
    output::data(&line(one))
}

/// One address, whole.
pub(super) fn address(one: &Value) -> Result<(), Failure> {
    output::data(text(one, "id"))?;
    output::data(&line(one))?;
    for (name, said) in [
        ("about", "about"),
        ("remark", "remark"),
        ("reason", "revoked because"),
    ] {
        if !text(one, name).is_empty() {
            output::data(&format!("{said}\t{}", text(one, name)))?;
        }
    }
    for alias in each(one, "aliases") {
        let (address, until) = (text(alias, "address"), text(alias, "until"));
        output::data(&format!("alias\t{address}\tuntil {until}"))?;
    }
    if let Some(challenge) = one.get("challenge").filter(|found| found.is_object()) {
        let answer = match text(one, "answered") {
            "" => format!("due {}", text(challenge, "due")),
            at => format!("answered {at} by {}", text(one, "answered_by")),
        };
        output::data(&format!("number\t{}\t{answer}", text(challenge, "number")))?;
    }
    for step in each(one, "steps") {
        let received = match text(step, "received") {
            "" => "-",
            at => at,
        };
        output::data(&format!(
            "{}\t{}\t{}\tsent {}\treceived {received}\t{}",
            text(step, "place"),
            text(step, "event"),
            text(step, "officer"),
            text(step, "sent"),
            text(step, "state"),
        ))?;
    }
    for void in each(one, "void") {
        let (place, event, reason) = (
            text(void, "place"),
            text(void, "event"),
            text(void, "reason"),
        );
        output::data(&format!("{place}\t{event}\tcounts for nothing: {reason}"))?;
    }
    if let Some(statement) = one.get("statement") {
        output::data(text(statement, "note").trim_end())?;
        let both = is(statement, "signed_by_owner") && is(statement, "signed_by_other");
        output::say(if both {
            "signed by keys of both parties' cards"
        } else {
            "NOT SIGNED by keys of both parties' cards"
        });
    }
    Ok(())
}
