//! `comity object`.

use comity_node::command::{Answer, Command, FoundAnswer};
use comity_stix::validate::validate;
use serde_json::json;

use crate::backend::{Backend, data_folder};
use crate::cli::{Json, ObjectCommand};
use crate::commands::accounts::unexpected;
use crate::failure::Failure;
use crate::output;

/// `comity object …`
pub(crate) fn run(command: ObjectCommand) -> Result<(), Failure> {
    match command {
        ObjectCommand::Show { data, id, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let found = find(&mut backend, Command::Show { id: id.clone() })?;
            if found.is_empty() {
                return Err(Failure::no(format!("no collection holds {id}")));
            }
            show(&found, json)?;
            backend.close()
        }
        ObjectCommand::Find { data, values, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let found = find(
                &mut backend,
                Command::FindValues {
                    values: values.clone(),
                },
            )?;
            if found.is_empty() {
                return Err(Failure::no(format!(
                    "no object carries {}",
                    values.join(" or ")
                )));
            }
            show(&found, json)?;
            backend.close()
        }
        ObjectCommand::Search { data, words, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let text = words.join(" ");
            let found = find(&mut backend, Command::Search { text: text.clone() })?;
            if found.is_empty() {
                return Err(Failure::no(format!(
                    "no object's text holds all of: {text}"
                )));
            }
            show(&found, json)?;
            backend.close()
        }
        ObjectCommand::Neighbours { data, id, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let found = find(&mut backend, Command::Neighbours { id: id.clone() })?;
            if found.is_empty() {
                return Err(Failure::no(format!("no object refers to {id}")));
            }
            show(&found, json)?;
            backend.close()
        }
        ObjectCommand::Validate { data, id, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let found = find(&mut backend, Command::Show { id: id.clone() })?;
            let first = found
                .first()
                .ok_or_else(|| Failure::no(format!("no collection holds {id}")))?;
            check(&first.object, json)?;
            backend.close()
        }
        ObjectCommand::Revoke { data, id } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let Answer::Count(count) = backend.execute(Command::Revoke { id: id.clone() })? else {
                return Err(unexpected());
            };
            output::say(&match count {
                0 => format!("{id} was revoked before"),
                1 => format!("revoked {id} in 1 collection"),
                count => format!("revoked {id} in {count} collections"),
            });
            backend.close()
        }
    }
}

fn find(backend: &mut Backend, command: Command) -> Result<Vec<FoundAnswer>, Failure> {
    match backend.execute(command)? {
        Answer::Found(found) => Ok(found),
        _ => Err(unexpected()),
    }
}

/// Objects as they were received, one a line; with `--json` also where they are.
fn show(found: &[FoundAnswer], json: Json) -> Result<(), Failure> {
    for one in found {
        if json.json {
            let object: serde_json::Value = serde_json::from_str(&one.object).unwrap_or_default();
            output::json(&json!({
                "collection": one.collection, "date_added": one.date_added, "object": object,
            }))?;
        } else {
            output::data(&one.object)?;
        }
    }
    Ok(())
}

fn check(object: &str, json: Json) -> Result<(), Failure> {
    let problems = validate(object);
    for problem in &problems {
        if json.json {
            output::json(&json!({
                "path": problem.path.clone(), "rule": problem.rule, "message": problem.message.clone(),
                "severity": format!("{:?}", problem.severity).to_lowercase(),
            }))?;
        } else {
            output::data(&problem.to_string())?;
        }
    }
    let musts = problems
        .iter()
        .filter(|p| p.severity == comity_stix::validate::Severity::Must)
        .count();
    if musts > 0 {
        return Err(Failure::no(format!("{musts} rules of STIX 2.1 are broken")));
    }
    output::say("every rule of STIX 2.1 is kept");
    Ok(())
}
