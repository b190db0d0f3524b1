//! `comity accord`.

use std::io::Read as _;
use std::path::Path;

use comity_accord::text::TEXT_BYTES_MAX;
use comity_node::exchange::command::ExchangeCommand;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::AccordCommand;
use crate::commands::parties::text;
use crate::failure::Failure;
use crate::output;

/// `comity accord …`
pub(crate) fn run(command: AccordCommand) -> Result<(), Failure> {
    match command {
        AccordCommand::Draft {
            data,
            party,
            template,
        } => draft(data.data, party, template),
        AccordCommand::Propose { data, file, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let text = read_text(&file)?;
            let accord = backend.exchange(ExchangeCommand::Propose { text })?;
            show(&accord, json.json)?;
            backend.close()
        }
        AccordCommand::Sign {
            data,
            name,
            version,
            json,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let version = newest(&mut backend, &name, version)?;
            let accord = backend.exchange(ExchangeCommand::Sign { name, version })?;
            show(&accord, json.json)?;
            backend.close()
        }
        AccordCommand::List { data, json } => list(data.data, json.json),
        AccordCommand::Show {
            data,
            name,
            version,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let version = newest(&mut backend, &name, version)?;
            let accord = find(&mut backend, &name, version)?;
            output::data(text(&accord, "text").trim_end_matches('\n'))?;
            backend.close()
        }
        AccordCommand::Diff {
            data,
            name,
            before,
            after,
            json,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let after = newest(&mut backend, &name, after)?;
            let before = before.unwrap_or(after.saturating_sub(1));
            let compare = ExchangeCommand::Compare {
                name,
                before,
                after,
            };
            let found = backend.exchange(compare)?;
            if json.json {
                output::json(&found)?;
            } else {
                output::data(text(&found, "summary").trim_end())?;
            }
            backend.close()
        }
    }
}

fn list(data: Option<std::path::PathBuf>, json: bool) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let accords = backend.exchange(ExchangeCommand::Accords)?;
    if json {
        output::json(&accords)?;
    } else {
        for accord in accords.as_array().into_iter().flatten() {
            output::data(&line(accord))?;
        }
    }
    backend.close()
}

fn draft(data: Option<std::path::PathBuf>, party: String, template: String) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(data)?)?;
    let draft = backend.exchange(ExchangeCommand::Draft { party, template })?;
    let written = text(&draft, "text");
    output::data(written.trim_end_matches('\n'))?;
    output::say("edit this text, then: comity accord propose FILE");
    backend.close()
}

fn newest(backend: &mut Backend, name: &str, version: Option<u64>) -> Result<u64, Failure> {
    if let Some(version) = version {
        return Ok(version);
    }
    let accords = backend.exchange(ExchangeCommand::Accords)?;
    let versions = accords
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| text(one, "name") == name)
        .filter_map(|one| one.get("version")?.as_u64());
    versions.max().ok_or_else(|| unknown(name))
}

fn find(backend: &mut Backend, name: &str, version: u64) -> Result<Value, Failure> {
    let accords = backend.exchange(ExchangeCommand::Accords)?;
    let found = accords.as_array().into_iter().flatten().find(|one| {
        text(one, "name") == name && one.get("version").and_then(Value::as_u64) == Some(version)
    });
    found.cloned().ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Failure {
    Failure::no(
        format!("there is no accord {name:?} of that version"),
        "`comity accord list` shows the accords",
    )
}

fn show(accord: &Value, json: bool) -> Result<(), Failure> {
    if json {
        output::json(accord)
    } else {
        output::data(&line(accord))
    }
}

fn line(accord: &Value) -> String {
    let names = |key: &str| {
        let names = accord
            .get(key)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let names: Vec<&str> = names.filter_map(Value::as_str).collect();
        names.join(" and ")
    };
    let missing = names("missing");
    let waits = if missing.is_empty() {
        String::new()
    } else {
        format!(", waits for {missing}")
    };
    format!(
        "{}\tversion {}\t{}\tsigned by {}{waits}",
        text(accord, "name"),
        accord.get("version").and_then(Value::as_u64).unwrap_or(0),
        text(accord, "standing"),
        names("signed"),
    )
}

fn read_text(path: &Path) -> Result<String, Failure> {
    let most = u64::try_from(TEXT_BYTES_MAX)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut read = String::new();
    let done = std::fs::File::open(path).and_then(|file| file.take(most).read_to_string(&mut read));
    done.map_err(|error| {
        Failure::no(
            format!("cannot read {}: {error}", path.display()),
            "`comity accord draft PARTY` writes a text to begin with",
        )
    })?;
    Ok(read)
}
