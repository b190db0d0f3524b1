//! `comity mail send`, `outgoing`, `retry` and `cancel`.
//!
//! In scope: one call of the node for each act, and tables for people. Out of scope: mail that came (`mail`).

use comity_node::exchange::share::ShareLine;
use comity_node::mail::command::MailCommand;
use comity_node::mail::letter::LetterOrder;
use serde_json::Value;

use crate::cli::Json;
use crate::cli::mail::out::{OutVerb, SendArgs};
use crate::commands::evidence::absolute;
use crate::commands::mail::ask;
use crate::commands::parties::text;
use crate::commands::requests::acting;
use crate::commands::threads::{each, read_text};
use crate::failure::Failure;
use crate::output;

/// What `comity mail …` does about mail that leaves.
pub(crate) fn run(verb: OutVerb) -> Result<(), Failure> {
    match verb {
        OutVerb::Send(args) if args.envelopes => envelopes(*args),
        OutVerb::Send(args) => letter(*args),
        OutVerb::Outgoing {
            data,
            id: Some(id),
            json,
            ..
        } => one(&ask(data.data, MailCommand::OutgoingShow { id })?, json),
        OutVerb::Outgoing {
            data,
            id: None,
            state,
            party,
            before,
            limit,
            json,
        } => {
            let command = MailCommand::Outgoing {
                state,
                party,
                before,
                limit,
            };
            list(&ask(data.data, command)?, json)
        }
        OutVerb::Retry(act) => {
            let (id, officer) = (act.id, act.officer);
            let mail = ask(act.data.data, MailCommand::Retry { id, officer })?;
            acted(
                &mail,
                act.json,
                "it is sent as soon as the node runs: `comity serve`",
            )
        }
        OutVerb::Cancel(act) => {
            let (id, officer) = (act.id, act.officer);
            let mail = ask(act.data.data, MailCommand::Cancel { id, officer })?;
            acted(&mail, act.json, "nobody gets it")
        }
    }
}

fn letter(args: SendArgs) -> Result<(), Failure> {
    const HINT: &str = "name a file with the words, or give them with --text";
    let words = match (args.text, args.text_file) {
        (Some(words), _) => words,
        (None, Some(path)) => read_text(&path, HINT)?,
        (None, None) => return Err(Failure::usage("there are no words", HINT)),
    };
    let attachments = args.attach.iter().map(|path| absolute(path));
    let order = LetterOrder {
        party: args.party,
        to: args.to,
        contact: args.contact,
        subject: args.subject.unwrap_or_default(),
        text: words,
        attachments: attachments.collect::<Result<_, _>>()?,
        objects: args.objects,
        thread: args.thread,
        label: args.tlp,
        acting: acting(args.officer),
        dry_run: false,
    };
    let sent = ask(args.data.data, MailCommand::Send(Box::new(order)))?;
    let lines = sent.get("lines").cloned().unwrap_or_default();
    let lines: Vec<ShareLine> = serde_json::from_value(lines).unwrap_or_default();
    if args.json.json {
        output::json(&sent)?;
    } else {
        shown(&sent, &lines)?;
    }
    let stays = |line: &&ShareLine| matches!(line.verdict.as_str(), "refused" | "waiting");
    match lines.iter().filter(stays).count() {
        0 => Ok(()),
        count => {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            Err(Failure::release(
                format!(
                    "nothing was sent: {} of the letter may not go",
                    output::counted(count, "part", "parts")
                ),
                "leave out what is refused, name a second officer with --second where one must look at it, or amend the accord; \
                 `comity release list` shows each decision",
            ))
        }
    }
}

fn shown(sent: &Value, lines: &[ShareLine]) -> Result<(), Failure> {
    let mail = text(sent, "mail");
    if !mail.is_empty() {
        output::data(mail)?;
        let how = if sent.get("encrypted").and_then(Value::as_bool) == Some(true) {
            "encrypted"
        } else {
            "not encrypted"
        };
        output::say(&format!(
            "{} to {} ({}), {how}; `comity mail outgoing {mail}` shows what becomes of it",
            text(sent, "label"),
            text(sent, "to"),
            text(sent, "address_from"),
        ));
    }
    for line in lines {
        let reason = if line.reason.is_empty() { "" } else { "\t" };
        let said = format!(
            "{}\t{}\t{}\t{}{reason}{}",
            line.object, line.verdict, line.label, line.rule, line.reason
        );
        if mail.is_empty() {
            output::data(&said)?;
        } else {
            output::say(&said);
        }
        for cut in &line.cuts {
            output::say(&format!("\tcut: {cut}"));
        }
    }
    Ok(())
}

fn envelopes(args: SendArgs) -> Result<(), Failure> {
    let command = MailCommand::SendEnvelopes {
        party: args.party,
        to: args.to,
        officer: args.officer.name,
    };
    let sent = ask(args.data.data, command)?;
    if args.json.json {
        return output::json(&sent);
    }
    for mail in each(&sent, "mails") {
        output::data(mail.as_str().unwrap_or_default())?;
    }
    output::say(&format!("to {}", text(&sent, "to")));
    Ok(())
}

fn list(found: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(found);
    }
    let mut none = true;
    for mail in each(found, "mails") {
        none = false;
        output::data(&format!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}",
            text(mail, "id"),
            text(mail, "made"),
            stands(mail),
            text(mail, "party"),
            text(mail, "to"),
            text(mail, "label"),
            text(mail, "subject"),
        ))?;
        let reason = text(mail, "reason");
        if !reason.is_empty() {
            output::data(&format!("\t{reason}"))?;
        }
    }
    if none {
        output::say("no mail");
    }
    alarms(found);
    Ok(())
}

/// Where it stands, and that a receipt is overdue.
fn stands(mail: &Value) -> String {
    let state = text(mail, "state");
    if mail.get("overdue").and_then(Value::as_bool) == Some(true) {
        format!("{state}, overdue")
    } else {
        state.to_owned()
    }
}

fn alarms(found: &Value) {
    for alarm in each(found, "alarms") {
        output::say(&format!(
            "attention: {}",
            alarm.as_str().unwrap_or_default()
        ));
    }
}

fn one(mail: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(mail);
    }
    output::data(&format!("{}\t{}", text(mail, "id"), stands(mail)))?;
    for key in [
        "reason",
        "next",
        "next_attempt",
        "party",
        "to",
        "kind",
        "subject",
        "label",
        "protection",
        "officer",
        "made",
        "message_id",
        "sha256",
        "sender",
        "reply_to",
        "thread",
        "answers",
        "sent",
        "host",
        "tls",
        "verified",
        "answer",
        "receipted",
        "receipt_level",
    ] {
        let said = text(mail, key);
        if !said.is_empty() {
            output::data(&format!("{}: {said}", key.replace('_', " ")))?;
        }
    }
    for event in each(mail, "events") {
        output::data(&format!(
            "{}\t{}\t{}",
            text(event, "at"),
            text(event, "event"),
            text(event, "detail")
        ))?;
    }
    Ok(())
}

fn acted(mail: &Value, json: Json, then: &str) -> Result<(), Failure> {
    if json.json {
        return output::json(mail);
    }
    output::data(&format!("{}\t{}", text(mail, "id"), text(mail, "state")))?;
    output::say(then);
    Ok(())
}
