//! `comity contact`.
//!
//! In scope: reading files, one call of the node each, and tables for people. Out of scope: what counts as an answer.
//! Limits: [`FILE_BYTES_MAX`].

mod shown;

use std::path::Path;

use comity_node::case::threads::Acting;
use comity_node::contact::command::ContactCommand as Asked;
use serde_json::Value;

use crate::backend::{Backend, data_folder};
use crate::cli::contact::{ContactCommand, ProfileCommand};
use crate::cli::{Data, Json};
use crate::commands::parties::text;
use crate::commands::requests::acting;
use crate::commands::threads::read_limited;
use crate::failure::Failure;
use crate::output;

/// The longest file that is read: a profile, a `security.txt`.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// `comity contact …`
#[expect(clippy::too_many_lines, reason = "a table of acts, a line or two each")]
pub(crate) fn run(command: ContactCommand) -> Result<(), Failure> {
    use ContactCommand as C;
    match command {
        C::Profile(command) => profile(command),
        C::List { data, party, json } => told(data, Asked::List { party }, json, shown::contacts),
        C::Ping {
            data,
            party,
            contact,
            minutes,
            hotline,
            unannounced,
            tlp,
            officer,
            json,
        } => {
            let asked = Asked::Ping {
                party,
                contact,
                minutes,
                hotline,
                unannounced,
                label: tlp.to_string(),
                acting: acting(officer),
            };
            told(data, asked, json, shown::opened)
        }
        C::Pings {
            data,
            party,
            open,
            json,
        } => told(data, Asked::Pings { party, open }, json, shown::checks),
        C::Show { data, id, json } => told(data, Asked::Show { id }, json, shown::check),
        C::Answer {
            data,
            id,
            code,
            note,
            present,
            json,
        } => {
            let acting = Acting {
                officer: present.name,
                role: present.role,
                second: None,
                person: None,
            };
            let asked = Asked::Answer {
                id,
                code,
                note,
                acting,
            };
            told(data, asked, json, |said| {
                shown::answered(said);
                Ok(())
            })
        }
        C::Escalate {
            data,
            id,
            channel,
            minutes,
            officer,
            json,
        } => {
            let asked = Asked::Escalate {
                id,
                channel,
                minutes,
                acting: acting(officer),
            };
            told(data, asked, json, shown::escalated)
        }
        C::Plan { data, json } => told(data, Asked::Plan, json, shown::plan),
        C::Import {
            data,
            file,
            party,
            officer,
            json,
            ..
        } => {
            let asked = Asked::ImportSecurityTxt {
                text: read(&file)?,
                source: file.display().to_string(),
                party,
                officer,
            };
            told(data, asked, json, shown::candidates)
        }
        C::Candidates { data, json } => told(data, Asked::Candidates, json, shown::candidates),
        C::Challenge {
            data,
            id,
            mail,
            officer,
            json,
        } => told(
            data,
            Asked::Challenge { id, mail, officer },
            json,
            shown::challenged,
        ),
        C::Confirm {
            data,
            id,
            code,
            officer,
            json,
        } => {
            let asked = Asked::Confirm { id, code, officer };
            told(data, asked, json, |said| {
                shown::confirmed(said);
                Ok(())
            })
        }
    }
}

fn profile(command: ProfileCommand) -> Result<(), Failure> {
    use ProfileCommand as P;
    match command {
        P::Template { data } => {
            let said = asked(data, Asked::Template)?;
            output::data(text(&said, "text").trim_end())
        }
        P::Check { data, file, json } => {
            let text = read(&file)?;
            told(
                data,
                Asked::CheckProfile { text },
                json,
                shown::profile_checked,
            )
        }
        P::Import {
            data,
            file,
            officer,
            json,
        } => {
            let text = read(&file)?;
            let acting = acting(officer);
            told(
                data,
                Asked::ImportProfile { text, acting },
                json,
                shown::profile_sent,
            )
        }
        P::Send {
            data,
            to,
            officer,
            json,
        } => {
            let acting = acting(officer);
            let asked = Asked::SendProfile { party: to, acting };
            told(data, asked, json, |said| {
                output::say(&format!(
                    "{}: {}",
                    text(said, "party"),
                    text(said, "outcome")
                ));
                Ok(())
            })
        }
        P::Show { data, party, json } => told(data, Asked::Profile { party }, json, shown::profile),
        P::Export { data, party, out } => {
            let said = asked(data, Asked::Profile { party })?;
            export(text(&said, "page"), out.as_deref())
        }
    }
}

fn export(page: &str, out: Option<&Path>) -> Result<(), Failure> {
    match out {
        Some(path) => output::file(path, page),
        None => output::data(page.trim_end()),
    }
}

fn asked(data: Data, command: Asked) -> Result<Value, Failure> {
    let mut backend = Backend::open(&data_folder(data.data)?)?;
    let said = backend.contact(command)?;
    backend.close()?;
    Ok(said)
}

fn told(
    data: Data,
    command: Asked,
    json: Json,
    show: impl Fn(&Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    output::shown(&asked(data, command)?, json, show)
}

fn read(path: &Path) -> Result<String, Failure> {
    read_limited(path, FILE_BYTES_MAX, "name a text file in UTF-8")
}
