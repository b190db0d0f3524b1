//! `comity evidence`.
//!
//! In scope: one call of the node for each act, and tables for people. Out of scope: what custody allows.

mod shown;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use comity_node::case::command::CaseCommand;
use comity_node::case::evidence::Facts;
use comity_node::case::evidence::command::EvidenceCommand;
use serde_json::{Value, json};

use crate::backend::{Backend, data_folder};
use crate::cli::evidence::{AddArgs, EventCommand, EvidenceVerb};
use crate::cli::request::Act;
use crate::commands::parties::text;
use crate::commands::requests::acting;
use crate::failure::Failure;
use crate::output;

/// `comity evidence …`
#[expect(clippy::too_many_lines, reason = "a table of verbs, a call each")]
pub(crate) fn run(command: EvidenceVerb) -> Result<(), Failure> {
    match command {
        EvidenceVerb::Add(args) => add(args),
        EvidenceVerb::List { data, party, json } => {
            let rows = listed(data.data, party, false)?;
            shown::list(&rows, json)
        }
        EvidenceVerb::Show { data, id, json } => {
            let item = ask(data.data, EvidenceCommand::Show { item: id })?;
            shown::whole(&item, json)
        }
        EvidenceVerb::Gaps { data, json } => {
            let rows = listed(data.data, None, true)?;
            shown::gaps(&rows, json)?;
            if rows.as_array().is_none_or(Vec::is_empty) {
                return Ok(());
            }
            Err(Failure::no(
                "the custody of these items has gaps",
                "`comity evidence show ID` shows where; `comity evidence verify ID` looks at the bytes again",
            ))
        }
        EvidenceVerb::Verify { act } => verify(act),
        EvidenceVerb::Get { act, out } => {
            let path = absolute(&out)?;
            let item = act.id.clone();
            did(act, |acting| EvidenceCommand::TakeOut {
                item,
                path,
                acting,
            })
        }
        EvidenceVerb::Transfer { act, to, note } => {
            let (item, party) = (act.id.clone(), Some(to));
            did(act, |acting| EvidenceCommand::Offer {
                item,
                party,
                note,
                acting,
            })
        }
        EvidenceVerb::Return { act, note } => {
            let (item, party) = (act.id.clone(), None);
            did(act, |acting| EvidenceCommand::Offer {
                item,
                party,
                note,
                acting,
            })
        }
        EvidenceVerb::Accept { act } => {
            let item = act.id.clone();
            did(act, |acting| EvidenceCommand::Accept { item, acting })
        }
        EvidenceVerb::Refuse { act, reason } => {
            let item = act.id.clone();
            did(act, |acting| EvidenceCommand::Refuse {
                item,
                reason,
                acting,
            })
        }
        EvidenceVerb::Export {
            data,
            id,
            format: _,
            out,
        } => {
            let custody = ask(data.data, EvidenceCommand::Export { item: id })?;
            match out {
                Some(out) => written(&out, &custody),
                None => output::json(&custody),
            }
        }
        EvidenceVerb::Event(event) => record(event),
    }
}

fn add(args: AddArgs) -> Result<(), Failure> {
    let derived = args.derived_from.map(|from| {
        (
            from,
            args.tool.clone(),
            args.tool_version.unwrap_or_default(),
        )
    });
    let facts = Facts {
        media_type: args.media_type,
        acquired_at: args.acquired,
        acquired_by: args.by.unwrap_or_else(|| args.officer.name.clone()),
        acquired_how: args.how,
        tool: args.tool,
        source: args.source,
        legal_basis: args.legal_basis,
        label: args.tlp.to_string(),
        seal: args.seal,
        sample: args.sample,
        derived,
    };
    let acting = acting(args.officer);
    let mut backend = Backend::open(&data_folder(args.data.data)?)?;
    let mut lines = Vec::new();
    for file in &args.files {
        let line = backend.case(CaseCommand::Evidence(Box::new(EvidenceCommand::Add {
            path: absolute(file)?,
            facts: Box::new(facts.clone()),
            acting: acting.clone(),
        })))?;
        if !args.json.json {
            output::data(text(&line, "id"))?;
            output::say(&format!(
                "{}: SHA-256 {}",
                file.display(),
                text(&line, "sha256")
            ));
        }
        lines.push(line);
    }
    if args.json.json {
        output::json(&lines)?;
    }
    backend.close()
}

fn verify(act: Act) -> Result<(), Failure> {
    let (data, json) = (act.data.data.clone(), act.json.json);
    let command = EvidenceCommand::Verify {
        item: act.id,
        acting: acting(act.officer),
    };
    let line = ask(data, command)?;
    tell(&line, json)?;
    if line.get("ok").and_then(Value::as_bool) == Some(true) {
        return Ok(());
    }
    Err(Failure::verification(
        format!(
            "{} is no longer what it was: its SHA-256 is another now",
            text(&line, "id")
        ),
        "the custody shows it as a gap; restore the node's attachments from a backup, or have it handed over again",
    ))
}

/// The event of an act and what it says.
fn record(command: EventCommand) -> Result<(), Failure> {
    use EventCommand as C;
    let (act, event, content) = match command {
        C::Open { act, purpose } => (act, "opened", json!({ "purpose": purpose })),
        C::Copy { act, note } => (act, "copied", json!({ "note": note })),
        C::Derive {
            act,
            sha256,
            tool,
            tool_version,
        } => (
            act,
            "derived",
            json!({ "sha256": sha256, "tool": tool, "version": tool_version }),
        ),
        C::Seal { act, seal } => (act, "sealed", json!({ "seal": seal })),
        C::Hold { act, reason } => (act, "hold", json!({ "reason": reason })),
        C::Release { act, note } => (act, "release", json!({ "note": note })),
        C::Destroy { act, witness } => (act, "destroyed", json!({ "witness": witness })),
        C::Report { act, text, objects } => (
            act,
            "analysis-report",
            json!({ "text": text, "objects": objects }),
        ),
    };
    let item = act.id.clone();
    let event = event.to_owned();
    did(act, |acting| EvidenceCommand::Act {
        item,
        event,
        content,
        acting,
    })
}

fn did(
    act: Act,
    command: impl FnOnce(comity_node::case::threads::Acting) -> EvidenceCommand,
) -> Result<(), Failure> {
    let (data, json) = (act.data.data.clone(), act.json.json);
    let line = ask(data, command(acting(act.officer)))?;
    tell(&line, json)
}

fn tell(line: &Value, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(line);
    }
    output::data(text(line, "id"))?;
    output::say(text(line, "custody"));
    Ok(())
}

fn listed(data: Option<PathBuf>, party: Option<String>, gaps: bool) -> Result<Value, Failure> {
    ask(data, EvidenceCommand::List { party, gaps })
}

fn ask(data: Option<PathBuf>, command: EvidenceCommand) -> Result<Value, Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let answer = backend.case(CaseCommand::Evidence(Box::new(command)))?;
    backend.close()?;
    Ok(answer)
}

/// The node may have another folder to work in.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        Failure::usage(
            format!("{} is no path: {error}", path.display()),
            "name the file by its path",
        )
    })
}

fn written(out: &Path, custody: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(custody).unwrap_or_default();
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(out);
    let done = made.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    done.map_err(|error| {
        Failure::unknown(
            format!("cannot write {}: {error}", out.display()),
            "name a file that is not there yet, in a folder that you may write to",
        )
    })
}
