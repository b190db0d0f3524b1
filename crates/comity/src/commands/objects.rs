//! `comity object`.

use comity_node::command::{AccountCommand, Answer, Command, FoundAnswer, Look};
use comity_stix::validate::validate;
use serde_json::json;

use crate::backend::{Backend, data_folder};
use crate::cli::{Data, Json, ObjectCommand};
use crate::commands::accounts::unexpected;
use crate::failure::Failure;
use crate::output::{self, counted};

const SEARCH: &str =
    "`comity object find VALUE` and `comity object search WORD` show what is held, with ids";
const WORDS: &str = "`comity object search WORD` looks into all text";
const FEWER: &str =
    "try fewer words, or `comity object find VALUE` for an address, name, URL or hash";
const SHOW: &str = "`comity object show ID` says whether it is held at all";

/// `comity object …`
pub(crate) fn run(command: ObjectCommand) -> Result<(), Failure> {
    match command {
        ObjectCommand::Show { data, id, json } => {
            let none = format!("no collection holds {id}");
            look(data, Look::Show { id }, (&none, SEARCH), json)
        }
        ObjectCommand::Find { data, values, json } => {
            let none = format!("no object carries {}", values.join(" or "));
            look(data, Look::FindValues { values }, (&none, WORDS), json)
        }
        ObjectCommand::Search { data, words, json } => {
            let text = words.join(" ");
            let none = format!("no object's text holds all of: {text}");
            look(
                data,
                Look::Search { text, limit: None },
                (&none, FEWER),
                json,
            )
        }
        ObjectCommand::Neighbours { data, id, json } => {
            let none = format!("no object refers to {id}");
            look(data, Look::Neighbours { id }, (&none, SHOW), json)
        }
        ObjectCommand::Validate { data, id, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let found = find(&mut backend, Look::Show { id: id.clone() })?;
            backend.close()?;
            let first = found
                .first()
                .ok_or_else(|| Failure::no(format!("no collection holds {id}"), SEARCH))?;
            check(&first.object, json)
        }
        ObjectCommand::Name { data, id, user } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let command = AccountCommand::NameReader {
                id: id.clone(),
                user: user.clone(),
            };
            backend.execute(Command::Account(command))?;
            output::say(&format!(
                "{user} is named for {id}, and reads it where it may read the collection"
            ));
            backend.close()
        }
        ObjectCommand::Revoke { data, id } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let Answer::Count(count) = backend.execute(Command::Revoke { id: id.clone() })? else {
                return Err(unexpected());
            };
            backend.close()?;
            output::say(&match count {
                0 => format!("{id} was revoked before"),
                1 => format!("revoked {id} in 1 collection"),
                count => format!("revoked {id} in {count} collections"),
            });
            Ok(())
        }
    }
}

/// Shows what is found; `none` tells that nothing is, and what to try.
fn look(data: Data, what: Look, none: (&str, &str), json: Json) -> Result<(), Failure> {
    let mut backend = Backend::open(&data_folder(data.data)?)?;
    let found = find(&mut backend, what)?;
    backend.close()?;
    if found.is_empty() {
        return Err(Failure::no(none.0, none.1));
    }
    show(&found, json)
}

fn find(backend: &mut Backend, what: Look) -> Result<Vec<FoundAnswer>, Failure> {
    let Answer::Found(found) = backend.execute(Command::Look(what))? else {
        return Err(unexpected());
    };
    Ok(found)
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
    let musts = u64::try_from(musts).unwrap_or(u64::MAX);
    if musts > 0 {
        return Err(Failure::no(
            counted(
                musts,
                "rule of STIX 2.1 is broken",
                "rules of STIX 2.1 are broken",
            ),
            "only its creator can mend it: send them the lines above",
        ));
    }
    output::say("every rule of STIX 2.1 is kept");
    Ok(())
}
