//! `comity mail`.
//!
//! In scope: one call of the node for each act, and tables for people. Out of scope: what a mail says.

use std::path::PathBuf;

use comity_node::mail::command::MailCommand;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::Json;
use crate::cli::mail::MailVerb;
use crate::commands::evidence::absolute;
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output;

/// `comity mail …`
pub(crate) fn run(verb: MailVerb) -> Result<(), Failure> {
    match verb {
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
        MailVerb::Raw {
            data,
            id,
            out,
            json,
        } => {
            let path = absolute(&out)?;
            let written = ask(data.data, MailCommand::Raw { id, path })?;
            if json.json {
                return output::json(&written);
            }
            output::data(text(&written, "id"))?;
            output::say(&format!(
                "written to {}, SHA-256 {}",
                out.display(),
                text(&written, "sha256")
            ));
            Ok(())
        }
    }
}

fn list(mails: &Value, json: Json) -> Result<(), Failure> {
    if json.json {
        return output::json(mails);
    }
    let rows = mails.as_array().map(Vec::as_slice).unwrap_or_default();
    for row in rows {
        output::data(&format!(
            "{}\t{}\t{}\t{}\t{}\t{}",
            text(row, "id"),
            text(row, "received"),
            text(row, "state"),
            row.get("size").map(ToString::to_string).unwrap_or_default(),
            sender(row),
            to(row),
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
    for to in mail
        .get("to")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
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
    let here = mail.get("raw_here").and_then(Value::as_bool) == Some(true);
    let here = if here {
        "on this node"
    } else {
        "not on this node"
    };
    let size = mail.get("size").map(ToString::to_string);
    output::data(&format!("bytes: {}, {here}", size.unwrap_or_default()))
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

fn ask(data: Option<PathBuf>, command: MailCommand) -> Result<Value, Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let answer = backend.mail(command)?;
    backend.close()?;
    Ok(answer)
}
