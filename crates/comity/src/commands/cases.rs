//! `comity case`.
//!
//! In scope: one call of the node for each act, files in and out. Out of scope: what may be done when.
//! Limits: [`FILE_BYTES_MAX`].

mod shown;

use std::path::Path;

use comity_case::case::event::Seen;
use comity_node::case::command::CaseCommand as Door;
use comity_node::case::joint::JointCommand;
use comity_stix::admission::{ObservableValue, ValueKind};
use serde_json::{Value, json};

use crate::backend::{Backend, data_folder};
use crate::cli::act::{Act, Dispute};
use crate::cli::case::{ActCommand, CaseCommand, Item, With};
use crate::commands::parties::text;
use crate::commands::requests::{acting, message_named, tell, told};
use crate::commands::threads::read_limited;
use crate::failure::Failure;
use crate::output;

/// The longest bundle or list of values that is read.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// `comity case …`
pub(crate) fn run(command: CaseCommand) -> Result<(), Failure> {
    match command {
        CaseCommand::Open {
            with,
            title,
            summary,
            number,
            legal_basis,
            priority,
        } => {
            let content = json!({
                "title": title, "summary": summary, "number": number, "legal_basis": legal_basis, "priority": priority,
            });
            opened(with, content)
        }
        CaseCommand::Import {
            with,
            file,
            incident,
        } => imported(with, &file, incident),
        CaseCommand::Export { data, id, out } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let bundle = backend.case(Door::Joint(JointCommand::Export { thread: id }))?;
            exported(&bundle, out.as_deref())?;
            backend.close()
        }
        CaseCommand::List {
            list,
            exercise,
            priority,
        } => {
            let command = Door::List {
                subject: Some("case".to_owned()),
                party: list.party,
                exercise,
                owed: list.ours,
                before: None,
                limit: None,
            };
            let mut backend = Backend::open(&data_folder(list.data.data)?)?;
            let rows = backend.case(command)?;
            let order = match (list.ours, priority) {
                (true, _) => shown::Order::Ours,
                (false, true) => shown::Order::Priority,
                (false, false) => shown::Order::Changed,
            };
            shown::list(&rows, order, list.json)?;
            backend.close()
        }
        CaseCommand::Show {
            data,
            id,
            by_learned,
            json,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let case = backend.case(Door::Joint(JointCommand::Show { thread: id }))?;
            let clock = if by_learned { "learned" } else { "happened" };
            shown::whole(&case, clock, json)?;
            backend.close()
        }
        CaseCommand::Act(act) => perform(act),
    }
}

fn opened(with: With, content: Value) -> Result<(), Failure> {
    let command = Door::Open {
        subject: "case".to_owned(),
        party: with.to,
        label: with.tlp.to_string(),
        exercise: with.exercise,
        event: "open".to_owned(),
        content,
        acting: acting(with.officer),
    };
    told(with.data.data, with.json.json, command)
}

fn imported(with: With, file: &Path, incident: Option<String>) -> Result<(), Failure> {
    let text_of = read(file)?;
    let bundle: Value = serde_json::from_str(&text_of).map_err(|error| {
        Failure::usage(
            format!("{} is no JSON: {error}", file.display()),
            "give a STIX 2.1 bundle with an incident",
        )
    })?;
    let command = JointCommand::Import {
        party: with.to,
        label: with.tlp.to_string(),
        exercise: with.exercise,
        bundle,
        incident,
        acting: acting(with.officer),
    };
    let mut backend = Backend::open(&data_folder(with.data.data)?)?;
    let line = backend.case(Door::Joint(command))?;
    tell(&line, with.json.json)?;
    let left_out = line.get("left_out").and_then(Value::as_array);
    for one in left_out.into_iter().flatten().filter_map(Value::as_str) {
        output::say(&format!("left out: {one}"));
    }
    backend.close()
}

fn exported(bundle: &Value, out: Option<&Path>) -> Result<(), Failure> {
    if out.is_none() {
        return output::json(bundle);
    }
    let whole = serde_json::to_string_pretty(bundle).map_err(|error| Failure::defect(&error))?;
    output::text(&whole, out)
}

/// Where an act is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Record {
    Shared,
    Own,
}

impl Record {
    const fn of(own: bool) -> Self {
        if own { Self::Own } else { Self::Shared }
    }
}

/// Does an act in a case.
fn perform(command: ActCommand) -> Result<(), Failure> {
    if let ActCommand::Split {
        act,
        items,
        into: None,
        title: Some(title),
        summary: Some(summary),
    } = command
    {
        return split_off(act, items, (title, summary));
    }
    let (act, record, event, content) = event(command)?;
    let mut backend = Backend::open(&data_folder(act.data.data.clone())?)?;
    let content = resolved(&mut backend, &act.id, content)?;
    if record == Record::Own {
        let command = JointCommand::Own {
            thread: act.id,
            officer: act.officer.name,
            event: event.to_owned(),
            content,
        };
        let written = backend.case(Door::Joint(command))?;
        if act.json.json {
            output::json(&written)?;
        } else {
            output::data(text(&written, "place"))?;
            output::say("written down; it stays in the house");
        }
    } else {
        let command = Door::Say {
            thread: act.id,
            event: event.to_owned(),
            content,
            acting: acting(act.officer),
        };
        tell(&backend.case(command)?, act.json.json)?;
    }
    backend.close()
}

fn split_off(
    act: Act,
    items: Vec<String>,
    (title, summary): (String, String),
) -> Result<(), Failure> {
    let command = JointCommand::Split {
        thread: act.id,
        items,
        title,
        summary,
        acting: acting(act.officer),
    };
    told(act.data.data, act.json.json, Door::Joint(command))
}

/// The event of an act, where it is written down, and what it says.
#[expect(clippy::too_many_lines, reason = "a table of acts, a line or two each")]
fn event(command: ActCommand) -> Result<(Act, Record, &'static str, Value), Failure> {
    use ActCommand as C;
    let shared = |act, event, content| (act, Record::Shared, event, content);
    let item = |item: Item, event, content| (item.act, Record::of(item.own), event, content);
    let by_place = |task: &str| Record::of(task.starts_with("own/"));
    Ok(match command {
        C::Join { act, number, note } => {
            shared(act, "join", json!({ "number": number, "note": note }))
        }
        C::Decline { act, reason } => shared(act, "decline", json!({ "reason": reason })),
        C::Withdraw { act, reason } => shared(act, "withdraw", json!({ "reason": reason })),
        C::Status { act, text } => shared(act, "status", json!({ "text": text })),
        C::Note { item: of, text } => item(of, "note", json!({ "text": text })),
        C::Task {
            item: of,
            text,
            owner,
            due,
        } => item(
            of,
            "task",
            json!({ "text": text, "owner": owner, "due": due }),
        ),
        C::Done { act, task, result } => {
            let record = by_place(&task);
            (
                act,
                record,
                "done",
                json!({ "task": task, "result": result }),
            )
        }
        C::Drop { act, task, reason } => {
            let record = by_place(&task);
            (
                act,
                record,
                "drop",
                json!({ "task": task, "reason": reason }),
            )
        }
        C::Observe {
            item: of,
            values,
            file,
            field,
            objects,
            context,
        } => {
            let values = seen(values, file.as_deref(), field.as_deref())?;
            item(
                of,
                "observe",
                json!({ "values": values, "objects": objects, "context": context }),
            )
        }
        C::Happened {
            item: of,
            text,
            at,
            until,
            learned,
        } => item(
            of,
            "happened",
            json!({ "at": at, "until": until, "learned": learned, "text": text }),
        ),
        C::Link {
            item: of,
            thread,
            why,
        } => item(of, "link", json!({ "thread": thread, "why": why })),
        C::Unlink { item: of, thread } => item(of, "unlink", json!({ "thread": thread })),
        C::Prioritise { act, priority, why } => shared(
            act,
            "prioritise",
            json!({ "priority": priority, "why": why }),
        ),
        C::Assess {
            act,
            determination,
            criticality,
            types,
            note,
        } => shared(
            act,
            "assess",
            json!({
                "determination": determination, "criticality": criticality, "types": types, "note": note,
            }),
        ),
        C::Merge { act, into, reason } => {
            shared(act, "merge", json!({ "into": into, "reason": reason }))
        }
        C::Unmerge { act, reason } => shared(act, "unmerge", json!({ "reason": reason })),
        C::Split {
            act, items, into, ..
        } => shared(act, "split", json!({ "into": into, "items": items })),
        C::Unsplit { act, into, reason } => {
            shared(act, "unsplit", json!({ "into": into, "reason": reason }))
        }
        C::Close { act, outcome } => shared(act, "close", json!({ "outcome": outcome })),
        C::KeepOpen { act, reason } => shared(act, "keep-open", json!({ "reason": reason })),
        C::Reopen { act, reason } => shared(act, "reopen", json!({ "reason": reason })),
        C::Dispute(Dispute::Dispute { act, message, text }) => {
            shared(act, "dispute", json!({ "message": message, "text": text }))
        }
        C::Dispute(Dispute::Settle { act, message, text }) => {
            shared(act, "settle", json!({ "message": message, "text": text }))
        }
    })
}

/// What the short names of an act stand for: threads by the beginning of their names, messages by their places, and the own
/// party where no owner is named.
fn resolved(backend: &mut Backend, id: &str, mut content: Value) -> Result<Value, Failure> {
    let said = |content: &Value, name: &str| {
        let text = content.get(name).and_then(Value::as_str);
        text.map(ToOwned::to_owned)
    };
    let mut changes = Vec::new();
    for name in ["thread", "into"] {
        if let Some(short) = said(&content, name) {
            let shown = backend.case(Door::Show { thread: short })?;
            changes.push((name, text(&shown, "id").to_owned()));
        }
    }
    if let Some(place) = said(&content, "message") {
        changes.push(("message", message_named(backend, id, &place)?));
    }
    if content.get("owner").is_some_and(Value::is_null) {
        let shown = backend.case(Door::Show {
            thread: id.to_owned(),
        })?;
        changes.push(("owner", text(&shown, "own").to_owned()));
    }
    for (name, value) in changes {
        if let Some(members) = content.as_object_mut() {
            members.insert(name.to_owned(), Value::from(value));
        }
    }
    Ok(content)
}

/// Values with what each one is: as it is said for all, or as its form tells.
fn seen(
    mut values: Vec<String>,
    file: Option<&Path>,
    field: Option<&str>,
) -> Result<Vec<Seen>, Failure> {
    if let Some(file) = file {
        let lines = read(file)?;
        let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
        values.extend(lines.map(ToOwned::to_owned));
    }
    values
        .into_iter()
        .map(|value| match field {
            Some(field) => Ok(Seen {
                field: field.to_owned(),
                value,
            }),
            None => detected(&value),
        })
        .collect()
}

fn detected(value: &str) -> Result<Seen, Failure> {
    let found = ObservableValue::detect(value).into_iter().next();
    let found = found.ok_or_else(|| {
        Failure::usage(
            format!("cannot tell what {value:?} is"),
            format!(
                "say it for all values with --field, such as --field {}",
                ValueKind::FileName.field()
            ),
        )
    })?;
    Ok(Seen {
        field: found.kind.field().to_owned(),
        value: found.value,
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    let hint = "name a file of text that can be read";
    read_limited(path, FILE_BYTES_MAX, hint)
}
