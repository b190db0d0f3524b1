//! `comity mail`.
//!
//! In scope: one call of the node for each act, and tables for people. Out of scope: reading a mail (`comity-mail`).

use std::path::{Path, PathBuf};

use comity_node::mail::command::MailCommand;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::Json;
use crate::cli::mail::MailVerb;
use crate::commands::addresses::acting;
use crate::commands::evidence::absolute;
use crate::commands::parties::text;
use crate::commands::threads::each;
use crate::failure::Failure;
use crate::output;

/// `comity mail …`
pub(crate) fn run(verb: MailVerb) -> Result<(), Failure> {
    match verb {
        MailVerb::Out(verb) => super::mail_out::run(verb),
        MailVerb::List {
            data,
            state,
            party,
            before,
            limit,
            json,
        } => {
            let command = MailCommand::List {
                state,
                party,
                before,
                limit,
            };
            list(&ask(data.data, command)?, json)
        }
        MailVerb::Show { data, id, json } => show(&ask(data.data, MailCommand::Show { id })?, json),
        MailVerb::Read { data, id, json } => read(&ask(data.data, MailCommand::Read { id })?, json),
        MailVerb::Raw {
            data,
            id,
            out,
            json,
        } => {
            let path = absolute(&out)?;
            let written = ask(data.data, MailCommand::Raw { id, path })?;
            wrote(&written, &out, json)
        }
        MailVerb::Confirm {
            data,
            id,
            officer,
            json,
        } => {
            let acting = acting(officer);
            let done = ask(data.data, MailCommand::Confirm { id, acting })?;
            settled(&done, json)
        }
        MailVerb::Dismiss {
            data,
            id,
            reason,
            officer,
            json,
        } => {
            let acting = acting(officer);
            let command = MailCommand::Dismiss { id, reason, acting };
            settled(&ask(data.data, command)?, json)
        }
        MailVerb::Again { data, id, json } => {
            let shown = ask(data.data, MailCommand::Again { id })?;
            if json.json {
                return output::json(&shown);
            }
            output::data(text(&shown, "id"))?;
            output::say(
                "it is judged anew by the running node; `comity mail show` tells what came of it",
            );
            Ok(())
        }
    }
}

/// The raw bytes of a mail in a file.
fn wrote(written: &Value, out: &Path, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(written);
    }
    output::data(text(written, "id"))?;
    output::say(&format!(
        "written to {}, SHA-256 {}",
        out.display(),
        text(written, "sha256")
    ));
    Ok(())
}

/// A proposal that a person settled.
fn settled(proposal: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(proposal);
    }
    output::data(&format!(
        "{}\t{}\t{}",
        text(proposal, "id"),
        text(proposal, "state"),
        text(proposal, "outcome")
    ))
}

fn list(mails: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(mails);
    }
    let rows = mails.as_array().map(Vec::as_slice).unwrap_or_default();
    for row in rows {
        output::data(&format!(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
            text(row, "id"),
            text(row, "received"),
            text(row, "state"),
            level(row),
            row.get("size").map(ToString::to_string).unwrap_or_default(),
            sender(row),
            to(row),
            waits(row),
        ))?;
    }
    if rows.is_empty() {
        output::say("no mail");
    }
    Ok(())
}

fn show(mail: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(mail);
    }
    output::data(&format!("{}\t{}", text(mail, "id"), text(mail, "state")))?;
    for key in [
        "reason", "received", "protocol", "client", "helo", "options", "sha256", "copy_of",
        "changed",
    ] {
        let said = text(mail, key);
        if !said.is_empty() {
            output::data(&format!("{key}: {said}"))?;
        }
    }
    output::data(&format!("from: {}", sender(mail)))?;
    for to in each(mail, "to") {
        let party = text(to, "party");
        let given = if party.is_empty() {
            String::new()
        } else {
            format!(", given to {party}")
        };
        output::data(&format!("to: {}{given}", text(to, "address")))?;
    }
    let tls = mail.get("tls").filter(|tls| !tls.is_null());
    let tls = tls.map_or_else(
        || "no TLS".to_owned(),
        |tls| format!("{} {}", text(tls, "version"), text(tls, "cipher")),
    );
    output::data(&format!("tls: {tls}"))?;
    judged(mail)?;
    let here = mail.get("raw_here").and_then(Value::as_bool) == Some(true);
    let here = if here {
        "on this node"
    } else {
        "not on this node"
    };
    let size = mail.get("size").map(ToString::to_string);
    output::data(&format!("bytes: {}, {here}", size.unwrap_or_default()))
}

/// How sure it is who sent a mail, why, and what became of what it carries.
fn judged(mail: &Value) -> Result<(), Failure> {
    if text(mail, "level").is_empty() {
        return Ok(());
    }
    let by = text(mail, "sent_by");
    let by = if by.is_empty() {
        String::new()
    } else {
        format!(", sent by {by}")
    };
    output::data(&format!("level: {}{by}", level(mail)))?;
    for reason in each(mail, "reasons") {
        output::data(&format!("why: {}", reason.as_str().unwrap_or_default()))?;
    }
    for one in each(mail, "carries") {
        let (what, name) = (text(one, "what"), text(one, "name"));
        let (act, outcome) = (text(one, "act"), text(one, "outcome"));
        output::data(&format!("carries: {what} ({name}), {act}: {outcome}"))?;
    }
    for one in each(mail, "proposals") {
        let officer = text(one, "officer");
        let by = if officer.is_empty() {
            String::new()
        } else {
            format!(" by {officer}")
        };
        output::data(&format!(
            "proposal: {}\t{}\t{}{by}",
            text(one, "id"),
            text(one, "kind"),
            text(one, "state")
        ))?;
    }
    let answered = text(mail, "answered");
    if !answered.is_empty() {
        output::data(&format!("answered: {answered}"))?;
    }
    Ok(())
}

/// How sure it is who sent a mail; an address that leaked is told beside it.
fn level(row: &Value) -> String {
    let leaked = row.get("address_leaked").and_then(Value::as_bool) == Some(true);
    match (text(row, "level"), leaked) {
        ("", _) => "-".to_owned(),
        (level, false) => level.to_owned(),
        (level, true) => format!("{level}, address leaked?"),
    }
}

/// What waits for a person.
fn waits(row: &Value) -> String {
    let ids: Vec<&str> = each(row, "waits").filter_map(Value::as_str).collect();
    if ids.is_empty() {
        String::new()
    } else {
        format!("confirm: {}", ids.join(" "))
    }
}

fn read(mail: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(mail);
    }
    output::data(&format!("{}\t{}", text(mail, "id"), text(mail, "guard")))?;
    for key in [
        "why",
        "subject",
        "date",
        "tlp",
        "message_id",
        "auto_submitted",
    ] {
        let said = text(mail, key);
        if !said.is_empty() {
            output::data(&format!("{key}: {said}"))?;
        }
    }
    if let Some(from) = mail.get("from") {
        output::data(&format!("says it is from: {}", mailbox(from)))?;
    }
    for (key, name) in [("to", "to"), ("cc", "cc"), ("reply_to", "answers to")] {
        for one in each(mail, key) {
            output::data(&format!("{name}: {}", mailbox(one)))?;
        }
    }
    for one in each(mail, "protections") {
        let (act, scheme, covers) = (text(one, "act"), text(one, "scheme"), text(one, "covers"));
        output::data(&format!("{act}: {scheme}, covers {covers}, not verified"))?;
    }
    for one in each(mail, "carries") {
        let detail = one.get("detail").filter(|detail| !detail.is_null());
        let detail = detail.map_or_else(String::new, |detail| format!(" {detail}"));
        output::data(&format!("carries: {}{detail}", text(one, "what")))?;
    }
    for one in each(mail, "attachments") {
        let bytes = one.get("bytes").map(ToString::to_string);
        output::data(&format!(
            "attached: {}, {}, {} bytes, SHA-256 {}",
            text(one, "name"),
            text(one, "kind"),
            bytes.unwrap_or_default(),
            text(one, "sha256"),
        ))?;
    }
    for one in each(mail, "warnings") {
        output::data(&format!("odd: {}", one.as_str().unwrap_or_default()))?;
    }
    for one in each(mail, "texts") {
        output::data(&format!("\n{}", text(one, "text").trim_end()))?;
    }
    Ok(())
}

/// The address, and apart from it the name that the sender claims.
fn mailbox(one: &Value) -> String {
    let (address, name) = (text(one, "address"), text(one, "claimed_name"));
    if name.is_empty() {
        address.to_owned()
    } else {
        format!("{address} (calls itself {name:?})")
    }
}

/// MAIL FROM as people read it.
fn sender(row: &Value) -> &str {
    match row.get("from").and_then(Value::as_str) {
        Some("") => "<>",
        Some(sender) => sender,
        None => "unknown",
    }
}

/// The first recipient, and how many more there are.
fn to(row: &Value) -> String {
    let first = row
        .get("to")
        .and_then(|to| to.get(0))
        .and_then(Value::as_str);
    let all = row.get("recipients").and_then(Value::as_u64).unwrap_or(0);
    match (first, all) {
        (None, _) => "nobody".to_owned(),
        (Some(first), 0 | 1) => first.to_owned(),
        (Some(first), all) => format!("{first} and {} more", all - 1),
    }
}

/// Asks the node of a folder.
pub(super) fn ask(data: Option<PathBuf>, command: MailCommand) -> Result<Value, Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let answer = backend.mail(command)?;
    backend.close()?;
    Ok(answer)
}
