//! `comity share`, `recall`, `release`, `outbox` and `inbox`.

use std::path::PathBuf;

use comity_node::exchange::command::ExchangeCommand;
use comity_node::exchange::share::{ShareRequest, Shared};
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::{InboxCommand, OutboxCommand, RecallArgs, ReleaseCommand, ShareArgs};
use crate::commands::carried;
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output::{self, counted};

/// `comity share …`: exit code 6 when the rules refuse any of the objects.
pub(crate) fn share(args: ShareArgs) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(args.data.data)?)?;
    if let Some(collection) = args.collection {
        let by = if args.taxii {
            "over TAXII"
        } else {
            "by the node link"
        };
        let said = format!(
            "{collection} is shared with {} {by}, as it is and as it grows",
            args.to
        );
        backend.exchange(ExchangeCommand::ShareCollection {
            collection,
            party: args.to,
            taxii: args.taxii,
        })?;
        output::say(&said);
        return backend.close();
    }
    let request = ShareRequest {
        objects: args.objects,
        party: args.to,
        person: args.person,
        asked_by: args.by.unwrap_or_else(|| "operator".to_owned()),
        dry_run: args.dry_run,
        undo_seconds: args.undo,
    };
    let document = backend.exchange(ExchangeCommand::Share(request))?;
    backend.close()?;
    show_share(&document, args.json.json)
}

fn show_share(document: &Value, json: bool) -> Result<(), Failure> {
    let shared: Shared = serde_json::from_value(document.clone()).unwrap_or_default();
    if json {
        output::json(document)?;
    } else {
        for line in &shared.lines {
            let reason = if line.reason.is_empty() { "" } else { "\t" };
            output::data(&format!(
                "{}\t{}\t{}\t{}{reason}{}",
                line.object, line.verdict, line.label, line.rule, line.reason
            ))?;
            for cut in &line.cuts {
                output::data(&format!("\tcut: {cut}"))?;
            }
        }
    }
    if let Some(approval) = &shared.approval {
        output::say(&format!(
            "some of it waits for a second person: comity release approve {approval} --by NAME"
        ));
    }
    if let Some(leaving) = &shared.leaving {
        output::say(&format!(
            "it leaves in a while; until then it is taken back with: comity release decline {leaving} --by NAME"
        ));
    }
    let refused = shared
        .lines
        .iter()
        .filter(|line| line.verdict == "refused")
        .count();
    if refused == 0 {
        return Ok(());
    }
    let refused = u64::try_from(refused).unwrap_or(u64::MAX);
    Err(Failure::release(
        format!(
            "{} not released",
            counted(refused, "object was", "objects were")
        ),
        "`comity release list` shows each decision with its rule",
    ))
}

/// `comity recall …`
pub(crate) fn recall(args: RecallArgs) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(args.data.data)?)?;
    let command = if args.objects.is_empty() {
        ExchangeCommand::Recalls {
            received: args.received,
        }
    } else {
        ExchangeCommand::Recall {
            objects: args.objects,
            from: args.from,
            reason: args.reason,
        }
    };
    let rows = backend.exchange(command)?;
    show(&rows, args.json.json, |row| {
        let objects = row
            .get("objects")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let objects = counted(u64::try_from(objects).unwrap_or(0), "object", "objects");
        let due = row.get("due").and_then(Value::as_str);
        let due = due.map_or_else(String::new, |due| format!(", answer due {due}"));
        format!(
            "{}\t{}\t{}\t{objects}{due}",
            text(row, "recall"),
            text(row, "party"),
            text(row, "state")
        )
    })?;
    backend.close()
}

/// `comity release …`
pub(crate) fn run(command: ReleaseCommand) -> Result<(), Failure> {
    match command {
        ReleaseCommand::List {
            data,
            object,
            party,
            json,
        } => list(
            data.data,
            json.json,
            ExchangeCommand::Decisions {
                object,
                party,
                before: None,
                limit: None,
            },
            |row| {
                let names = [
                    "decided", "party", "object", "verdict", "label", "rule", "outlet", "reason",
                ];
                columns(row, &names)
            },
        ),
        ReleaseCommand::Waiting { data, json } => {
            list(data.data, json.json, ExchangeCommand::Approvals, |row| {
                columns(
                    row,
                    &["id", "party", "state", "asked_by", "asked", "leaves"],
                )
            })
        }
        ReleaseCommand::Approve { data, id, by, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let document = backend.exchange(ExchangeCommand::Approve { id, by, yes: true })?;
            backend.close()?;
            show_share(&document, json.json)
        }
        ReleaseCommand::Decline { data, id, by } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            backend.exchange(ExchangeCommand::Approve { id, by, yes: false })?;
            output::say("nothing of it goes out");
            backend.close()
        }
    }
}

/// `comity outbox …`
pub(crate) fn outbox(command: OutboxCommand) -> Result<(), Failure> {
    let (data, party, json) = match command {
        OutboxCommand::Export { data, party, out } => {
            return carried::export(data.data, &party, out);
        }
        OutboxCommand::List { data, party, json } => (data, party, json),
    };
    let command = ExchangeCommand::Outbox {
        party,
        undelivered: false,
        before: None,
        limit: None,
    };
    list(data.data, json.json, command, |row| {
        let names = ["created", "party", "kind", "state", "envelope", "reason"];
        let shown = columns(row, &names);
        format!("{}{}", shown.trim_end(), missing(row))
    })
}

/// What a receipted envelope still lacks before it counts.
fn missing(row: &Value) -> String {
    let count = row.get("cosignatures_missing").and_then(Value::as_u64);
    match count.filter(|_| text(row, "state") == "receipted") {
        None | Some(0) => String::new(),
        Some(count) => {
            let words = output::counted(count, "cosignature is", "cosignatures are");
            format!("\t{words} missing")
        }
    }
}

/// `comity inbox …`
pub(crate) fn inbox(command: InboxCommand) -> Result<(), Failure> {
    let InboxCommand::List { data, party, json } = command;
    let command = ExchangeCommand::Inbox {
        party,
        before: None,
        limit: None,
    };
    list(data.data, json.json, command, |row| {
        let names = ["received", "party", "kind", "state", "envelope", "outcome"];
        columns(row, &names).trim_end().to_owned()
    })
}

/// Asks for rows and shows them.
fn list(
    data: Option<PathBuf>,
    json: bool,
    command: ExchangeCommand,
    line: impl Fn(&Value) -> String,
) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let rows = backend.exchange(command)?;
    show(&rows, json, line)?;
    backend.close()
}

fn columns(row: &Value, names: &[&str]) -> String {
    let texts: Vec<&str> = names.iter().map(|name| text(row, name)).collect();
    texts.join("\t")
}

fn show(rows: &Value, json: bool, line: impl Fn(&Value) -> String) -> Result<(), Failure> {
    if json {
        return output::json(rows);
    }
    for row in rows.as_array().into_iter().flatten() {
        output::data(&line(row))?;
    }
    Ok(())
}
