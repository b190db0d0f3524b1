//! `comity collection`.

use comity_node::command::{Answer, CollectionAnswer, Command};

use crate::backend::{Backend, data_folder};
use crate::cli::CollectionCommand;
use crate::commands::accounts::unexpected;
use crate::failure::Failure;
use crate::output;

/// `comity collection …`
pub(crate) fn run(command: CollectionCommand) -> Result<(), Failure> {
    match command {
        CollectionCommand::Create {
            data,
            title,
            alias,
            description,
            json,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let made = backend.execute(Command::CreateCollection {
                title,
                description,
                alias,
            })?;
            let Answer::Collection(made) = made else {
                return Err(unexpected());
            };
            if json.json {
                output::json(&made)?;
            } else {
                output::data(&made.id)?;
            }
            backend.close()
        }
        CollectionCommand::List { data, json } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let all = list(&mut backend)?;
            if json.json {
                output::json(&all)?;
            } else if all.is_empty() {
                output::say(
                    "there is no collection yet; make one with `comity collection create --title TITLE`",
                );
            } else {
                all.iter()
                    .try_for_each(|collection| output::data(&line(collection)))?;
            }
            backend.close()
        }
        CollectionCommand::Grant {
            data,
            collection,
            user,
            read,
            write,
        } => {
            let mut backend = Backend::open(&data_folder(data.data)?)?;
            let command = Command::Grant {
                collection: collection.clone(),
                user: user.clone(),
                read,
                write,
                by: String::new(),
            };
            backend.execute(command)?;
            let may = match (read, write) {
                (true, true) => "read and write",
                (true, false) => "read",
                (false, true) => "write",
                (false, false) => "no longer use",
            };
            output::say(&format!("{user} may {may} {collection}"));
            backend.close()
        }
    }
}

fn line(collection: &CollectionAnswer) -> String {
    let alias = collection
        .alias
        .as_deref()
        .map(|alias| format!(" ({alias})"))
        .unwrap_or_default();
    let objects = output::thousands(collection.objects);
    format!(
        "{}  {}{alias}  {objects} objects",
        collection.id, collection.title
    )
}

/// All collections.
pub(crate) fn list(backend: &mut Backend) -> Result<Vec<CollectionAnswer>, Failure> {
    let Answer::Collections(all) = backend.execute(Command::ListCollections)? else {
        return Err(unexpected());
    };
    Ok(all)
}

/// The collection that is meant: the one named, or the only one.
pub(crate) fn choose(
    backend: &mut Backend,
    named: Option<&str>,
) -> Result<CollectionAnswer, Failure> {
    let all = list(backend)?;
    if let Some(name) = named {
        let found = all
            .into_iter()
            .find(|c| c.id == name || c.alias.as_deref() == Some(name));
        return found.ok_or_else(|| {
            Failure::no(
                format!("there is no collection {name:?}"),
                "`comity collection list` shows them, `comity collection create --title TITLE` makes one",
            )
        });
    }
    match all.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::no(
            "there is no collection yet",
            "make one with `comity collection create --title TITLE`",
        )),
        _ => {
            let ids: Vec<String> = all.iter().map(line).collect();
            Err(Failure::usage(
                format!("which collection?\n  {}", ids.join("\n  ")),
                "name one of them, by id or alias, with --collection",
            ))
        }
    }
}
